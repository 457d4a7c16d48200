"""The report's evidence: what is gathered, which pictures there are, and their colours."""

import pandas as pd
from matplotlib.figure import Figure

from bayes_frontier.checks import run
from bayes_frontier.checks.result import Check
from bayes_frontier.files import svg
from bayes_frontier.plots import style
from bayes_frontier.report import evidence as module
from bayes_frontier.report.evidence import Picture, gather, pictures
from tests.draws import without_bases
from tests.fakes import FakeFrontier, fake_checks, small_evaluations
from tests.report.conftest import make_evidence


def test_checks_with_numbers_are_drawn(simulated, monkeypatch):
    drawn = []
    monkeypatch.setattr(module, "svg", lambda figure: drawn.append(figure) or "<svg>")
    monkeypatch.setattr(module, "plot_check", lambda check: [Figure().subplots()])
    frontier = FakeFrontier(simulated[0])
    evidence = make_evidence(frontier)
    numbers = pd.DataFrame({"x": [1.0]})
    for name, verdict in (("coverage", "pass"), ("scale", "warn"), ("prior", "pass")):
        evidence.checks.append(Check(name, verdict, numbers, "In words.", "picture"))
    found = list(pictures(frontier, evidence, 1e23, 0.9))
    names = [picture.name for picture in found]
    assert names[0] == "drift"
    assert [name for name in names if name.startswith("check-")] == ["check-coverage", "check-scale"]
    assert len(drawn) == len(found)
    assert [picture.check.name for picture in found if picture.check] == ["coverage", "scale"]


def test_on_the_page_a_picture_has_the_pages_colours_and_ids_of_its_own():
    figure = Figure()
    panel = figure.subplots()
    panel.plot([0, 1], color=style.OKABE_ITO[0])
    panel.set_title("<b>$x_1$</b>", parse_math=False, color=style.INK)
    made = Picture("one", svg(figure))
    themed = made.themed
    assert themed.startswith("<svg ")
    assert "var(--accent)" in themed
    assert "#0072b2" not in themed
    assert "&lt;b&gt;$x_1$&lt;/b&gt;" in themed
    assert 'id="figure_1"' not in themed
    assert 'id="one-figure_1"' in themed
    assert svg(figure) == made.svg, "the same figure gives the same text"


def test_evidence_is_gathered_and_what_cannot_be_is_explained(frontier, monkeypatch):
    monkeypatch.setattr(run, "check", lambda frontier, others: fake_checks())
    found = gather(frontier, (), 0.8)
    assert found.drift.attrs["prob"] == 0.8
    assert found.ranking["base_model"].size == 8
    single = gather(FakeFrontier(small_evaluations(periods=1)[0]), (), 0.9)
    assert single.drift is None
    assert single.no_drift.startswith("This fit has one period")
    assert gather(without_bases(), (), 0.9).ranking is None
