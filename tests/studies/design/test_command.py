"""`python -m studies design`."""

import numpy as np
import pytest

from studies.design import retrospective
from studies.runner import read_lines
from tests.studies.design.test_verdicts import results


@pytest.fixture
def raced(monkeypatch):
    """Replace the races by results made by hand; holds what they were asked for."""
    asked: dict = {"periods": set(), "loss": 1.0}

    def run_race(evaluations, period, seed, fixed):
        asked["periods"].add(period)
        asked.setdefault("fixed", []).append(fixed)
        columns = {"n": 1.0, "cost": 5.0, "width": 0.06, "coverage": 0.9, "variance": 1e-3, "published_distance": 0.02}
        own = results(loss=asked["loss"]).assign(**columns).query("seed == @seed")
        return {"rows": own.replace({np.nan: None}).to_dict("records")}

    monkeypatch.setattr(retrospective, "run_race", run_race)
    return asked


def test_the_page_is_written_and_the_bars_shown(run, table, raced, tmp_path):
    out = tmp_path / "design"
    arguments = ("design", table, "--periods", "2024-12-31", "--out", out, "--seeds", "6", "--cores", "1")
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("holds ") == 5
    assert "6 of 6 races" in done.stderr
    assert (out / "README.md").is_file()
    assert raced["periods"] == {1}
    assert raced["fixed"] == [True] * 3 + [False] * 3
    (kept,) = (out / "replications").glob("*/period-1.jsonl")
    assert [line["replication"] for line in read_lines(kept)] == list(range(6))
    assert str(tmp_path) not in (out / "README.md").read_text(encoding="utf-8")


def test_a_missed_bar_is_exit_status_1(run, table, raced, tmp_path):
    raced["loss"] = 1.3
    done = run("design", table, "--periods", "2024-12-31", "--out", tmp_path / "d", "--cores", "1", "-q")
    assert done.exit_code == 1
    assert "MISSED  pinball" in done.stdout


def test_one_period_is_refused(run, table, tmp_path):
    done = run("design", table, "--out", tmp_path / "d")
    assert done.exit_code == 2
    assert "needs at least two" in done.stderr
