"""`bayes-frontier demo`, without sampling."""

import pandas as pd
import pytest
from matplotlib.figure import Figure

import bayes_frontier
from bayes_frontier.checks.recovery import Recovery
from bayes_frontier.report.evidence import Picture


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """No drawing: the pictures have tests of their own."""
    made = Picture("base_models", "<svg></svg>")
    monkeypatch.setattr("bayes_frontier.report.page.draw_headline", lambda *arguments: Figure())
    monkeypatch.setattr("bayes_frontier.report.page.pictures", lambda *arguments: iter([made]))


@pytest.fixture
def coarse(monkeypatch, simulated):
    """A small simulation, and a check whose outcome is set by hand."""
    monkeypatch.setitem(vars(bayes_frontier), "simulate", lambda seed: simulated)

    def outcome(covered: list[bool]) -> None:
        points = pd.DataFrame(
            {"task": ["bbh", "bbh", "math_lvl_5", "math_lvl_5", "math_lvl_5"], "flops": 1e24, "truth": 0.5}
        ).assign(median=0.51, lower=0.4, upper=0.6, covered=covered)
        found = Recovery(points, 0.9)
        for module in ("checks.recovery", "report.page"):
            monkeypatch.setattr(f"bayes_frontier.{module}.recovery", lambda *args, **kwargs: found)

    return outcome


def test_it_simulates_fits_checks_and_reports(run, coarse, simulated, tmp_path):
    coarse([True, True, True, True, False])
    out = tmp_path / "made" / "demo"
    done = run("demo", "--out", out, "--seed", "4")
    assert done.exit_code == 0, done.output
    names = {path.name for path in out.iterdir()}
    assert names == {"evaluations.csv", "fit.nc", "recovery.csv", "index.html", "headline.png", "pictures", "tables"}
    assert run.calls == [{"seed": 4}]
    assert "80.0% of 5 points" in done.stdout
    assert "the truth is recovered" in done.stdout
    assert "math_lvl_5: 67% of its intervals hold the truth" in done.stdout
    assert len(pd.read_csv(out / "recovery.csv")) == 5
    written = bayes_frontier.read(out / "evaluations.csv")
    assert written.n_scores == simulated[0].n_scores


def test_missing_the_truth_is_status_1_with_a_report(run, coarse, tmp_path):
    coarse([True, True, True, False, False])
    done = run("demo", "--out", tmp_path)
    assert done.exit_code == 1
    assert "NOT recovered" in done.stdout
    assert "does not recover the truth" in done.stderr
    assert (tmp_path / "index.html").exists()


def test_a_file_in_the_way(run, coarse, tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    done = run("demo", "--out", path)
    assert done.exit_code == 2
    assert "no folder can be made" in done.stderr
    assert run.calls == []
