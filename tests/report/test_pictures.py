"""The report's pictures: which there are, and their size."""

import pandas as pd
from matplotlib.figure import Figure

from bayes_frontier.checks.result import Check
from bayes_frontier.report import pictures as module
from bayes_frontier.report.answers import facts
from bayes_frontier.report.pictures import pictures
from tests.fakes import FakeFrontier
from tests.report.conftest import make_evidence


def test_other_levels_and_checks_with_numbers_are_drawn(simulated, monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "png", lambda figure, dpi: drawn.append(figure) or b"")
    monkeypatch.setattr(module, "plot_check", lambda check: [Figure().subplots()])
    frontier = FakeFrontier(simulated[0])
    evidence = make_evidence(frontier)
    numbers = pd.DataFrame({"x": [1.0]})
    for name, verdict in (("coverage", "pass"), ("scale", "warn"), ("prior", "pass")):
        evidence.checks.append(Check(name, verdict, numbers, "In words.", "picture"))
    found = list(pictures(facts(frontier), evidence, [FakeFrontier(simulated[0], tau=0.9)], None))
    names = [picture.name for picture in found]
    assert "taus" in names
    assert [name for name in names if name.startswith("check-")] == ["check-coverage", "check-scale"]
    assert len(drawn) == len(found)
    assert all(picture.alt and picture.caption and picture.heading for picture in found)


def test_a_tall_picture_is_drawn_coarser(simulated, monkeypatch):
    seen = {}
    monkeypatch.setattr(
        module, "png", lambda figure, dpi: seen.setdefault(tuple(figure.get_size_inches()), dpi) and b""
    )
    module._made("x", "", "", "", Figure(figsize=(6, 4)))
    module._made("x", "", "", "", Figure(figsize=(11.5, 43)))
    assert seen[6, 4] == 150
    assert 70 <= seen[11.5, 43] < 115
