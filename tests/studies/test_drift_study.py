"""The drift study: scenarios as described, verdicts counted right, runs resumed. Nothing is sampled."""

import json

import numpy as np
import pytest

from studies import drift_study
from studies.drift_study import MODELS, SCENARIOS, TASKS, page, replicate, run, tally
from tests.checks.posteriors import diagnosed, true_tree

NAMES = [one.name for one in SCENARIOS]


def knows(calls: list[int]):
    """Stand in for the fit: a posterior around the truth of the simulation it is given."""

    def fit(evaluations, *, seed, **settings):
        import bayes_frontier as bf

        calls.append(seed)
        scenario = SCENARIOS[seed // 10_000 - 1]
        drift = np.zeros((TASKS, scenario.periods))
        drift[0, -1] = scenario.shift
        n = MODELS * scenario.periods
        same, truth = bf.simulate(
            seed, n_models=n, tasks=TASKS, periods=scenario.periods, drift=drift, **scenario.options
        )
        assert same.fingerprint == evaluations.fingerprint
        tree = true_tree(evaluations, truth, width=0.001)
        for name in ("floor", "ceiling"):
            tree["posterior"][name] = tree["posterior"][name] + truth.shift
        spec, provenance = bf.read_spec("hierarchical"), {"sampling": {"seed": seed}}
        return diagnosed(bf.Frontier(evaluations, spec, truth.tau, tree, provenance))

    return fit


@pytest.mark.parametrize("name", ["still", "down"])
def test_a_fit_that_knows_the_truth_is_right(name):
    scenario = SCENARIOS[NAMES.index(name)]
    calls: list[int] = []
    line = replicate(scenario, 3, knows(calls))
    assert calls == [10_000 * (1 + NAMES.index(name)) + 3]
    assert line["replication"] == 3
    expected = {"still": "stable", "down": "retreating"}[name]
    assert line["verdict"] == [expected, *["stable"] * 5]
    # the population boundary differs from the truth by its own approximation, well within this
    assert line["median"][0] == pytest.approx(scenario.shift, abs=0.01)
    json.dumps(line, allow_nan=False)


def test_scenarios_have_600_models_a_period_on_average_and_one_task_that_moves():
    evaluations = SCENARIOS[NAMES.index("up-turnover")].simulate(1)
    counts = evaluations.models["period"].value_counts()
    assert evaluations.n_models == 3 * MODELS
    assert counts.between(0.6 * MODELS, 1.4 * MODELS).all()
    spans = evaluations.models.groupby("base_model")["period"].nunique()
    assert (spans == 1).mean() > 0.4


def lines(*verdicts: list[str]) -> list[dict]:
    return [{"replication": i, "verdict": v} for i, v in enumerate(verdicts)]


def test_verdicts_are_counted():
    up = SCENARIOS[NAMES.index("up")]
    found = tally(
        lines(
            ["advancing", "stable", "stable", "stable", "unknown", "stable"],
            ["unknown", "retreating", "stable", "stable", "advancing", "stable"],
        ),
        up,
    )
    assert found["detected"] == 0.5
    assert found["alarms"] == pytest.approx(0.2)
    assert found["alarms_any"] == 0.5
    assert found["stable"] == pytest.approx(0.7)
    assert found["unknown"] == pytest.approx(0.1)
    # 1 of 2: the exact 90% interval is 0.025 to 0.975
    assert found["detected_lower"] == pytest.approx(0.0253, abs=1e-3)
    assert found["alarms_any_upper"] == pytest.approx(0.9747, abs=1e-3)
    still = tally(lines(["advancing", *["stable"] * 5]), SCENARIOS[0])
    assert still["detected"] is None
    assert still["alarms"] == pytest.approx(1 / 6)


def test_a_run_goes_on_where_it_stopped_and_reports(tmp_path, monkeypatch, capsys):
    asked = []

    def replicate_fast(scenario, replication, fit):
        asked.append((scenario.name, replication))
        first = "advancing" if scenario.shift > 0 else "stable"
        return {"replication": replication, "seconds": 1.0, "verdict": [first, *["stable"] * 5]}

    monkeypatch.setattr(drift_study, "replicate", replicate_fast)
    run(["still"], 2, tmp_path)
    table = run(["still", "up"], 3, tmp_path)
    assert asked == [("still", 0), ("still", 1), ("still", 2), ("up", 0), ("up", 1), ("up", 2)]
    assert table["replications"].tolist() == [3, 3]
    text = (tmp_path / "README.md").read_text()
    assert "| no drift, 2 periods | 3 | 0.0%" in text
    assert "| one task up by 0.08, 2 periods | 3 | 0.0% " in text
    assert "100% (37%)" in text
    assert (tmp_path / "verdicts.csv").read_text().startswith("scenario,replications,alarms")
    assert "of 6 replications: still 2" in capsys.readouterr().out


def test_the_page_names_every_scenario_run():
    import pandas as pd

    table = pd.DataFrame([tally(lines(["stable"] * 6), one) for one in SCENARIOS])
    text = page(table, 1)
    assert all(one.words in text for one in SCENARIOS)
    assert "make drift-study ARGS='--replications 1'" in text
