"""`python -m studies questions`."""

import pandas as pd

from studies.questions import agreement
from studies.questions import run as studies
from tests.studies.questions.test_questions import fake


def test_the_study_writes_its_page_and_goes_on(run, monkeypatch, tmp_path):
    ran: list[int] = []
    monkeypatch.setattr(studies, "studies", lambda: (fake("made-up", ran),))
    done = run("questions", "--replications", 3, "--cores", 1, "--out", tmp_path / "s")
    # three of four intervals hold: the bar is missed
    assert done.exit_code == 1, done.output
    page = (tmp_path / "s" / "README.md").read_text()
    assert "| q | 3 | 12 | 75.0% | 0.0% | 0.0% | 25.0% | missed |" in page
    assert "| v | 60 | 50% | 5.0% " in page
    assert "made-up,3" in (tmp_path / "s" / "coverage.csv").read_text() or "made-up" in page
    run("questions", "--replications", 3, "--cores", 1, "--out", tmp_path / "s", "--quiet")
    assert ran == [0, 1, 2]
    assert run("questions", "--study", "mad-up", "--cores", 1, "--out", tmp_path / "s").exit_code == 2


def test_the_fast_posterior_is_compared_with_fits(run, monkeypatch, tmp_path):
    monkeypatch.setattr(studies, "studies", lambda: (fake("made-up", []),))
    table = pd.DataFrame({"quantity": ["ceiling"], "shift": [0.12], "width": [0.97]})
    monkeypatch.setattr(agreement, "agreement", lambda frontier, seed: table)
    command = ("questions", "--replications", 2, "--cores", 1, "--out", tmp_path)
    run(*command, "--against", "a.nc", "--against", "b.nc")
    run(*command)
    page = (tmp_path / "README.md").read_text()
    assert "| quantity | a: shift | width | b: shift | width |" in page
    assert "| ceiling | 0.12 | 0.97 | 0.12 | 0.97 |" in page
