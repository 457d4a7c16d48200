"""The study of divergent transitions: which tables, what is counted, and a report of what went wrong."""

import json

import numpy as np
import pytest
import xarray as xr

from bayes_frontier.errors import ConvergenceError
from studies import divergence_study
from studies.calibration.scenarios import SCENARIOS
from tests.checks.posteriors import diagnosed, true_frontier


def test_tables_are_the_demo_and_every_scenario_in_turn():
    names = [divergence_study.simulated(number)[0] for number in range(31)]
    assert names[0] == "demo"
    assert names[1] == f"{SCENARIOS[0].name}, 0"
    assert names[1 + len(SCENARIOS)] == f"{SCENARIOS[0].name}, 1"
    assert len(set(names)) == 31
    assert divergence_study.simulated(1)[3] != divergence_study.simulated(1 + len(SCENARIOS))[3]


@pytest.fixture
def fit(monkeypatch):
    frontier = diagnosed(true_frontier())
    shape = (4, 250)
    counts = iter([0, 2])

    def one(evaluations, *, tau, seed, progress):
        number = next(counts, None)
        if number is None:
            raise ConvergenceError("Not converged: chains disagree.")
        diverging = np.arange(1000).reshape(shape) < number
        frontier.posterior["sample_stats"] = xr.Dataset(
            dict.fromkeys(("diverging", "reached_max_treedepth"), (("chain", "draw"), diverging))
        )
        frontier.provenance["sampling"] = {"target_accept": 0.8}
        return frontier

    table = frontier.evaluations
    monkeypatch.setattr(divergence_study, "simulated", lambda n: (f"table {n}" if n else "demo", lambda: table, 0.9, n))
    monkeypatch.setattr(
        divergence_study, "fit_simulated", lambda n: divergence_study.fitted(*divergence_study.simulated(n), one)
    )
    return one


def test_a_run_counts_and_names_what_is_over_the_bar(fit, tmp_path):
    assert divergence_study.main(["--simulated", "2", "--out", str(tmp_path)]) == 1
    fits = (tmp_path / "fits.csv").read_text().splitlines()
    assert fits[1].startswith("demo,1000,0,0,")
    assert fits[2].startswith("table 1,1000,2,2,")
    assert "Not converged" in fits[3]
    text = (tmp_path / "README.md").read_text()
    assert "Over the bar: table 1, table 2." in text
    # a fit that gave no draws is over any bar
    assert "at most 100.000%" in text
    # what is there is not fitted again
    lines = next((tmp_path / "replications").iterdir())
    assert len([json.loads(line) for line in lines.read_text().splitlines()]) == 3
    before = lines.read_bytes()
    divergence_study.run(tmp_path, 2)
    assert lines.read_bytes() == before
