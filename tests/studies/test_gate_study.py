"""The study of gate and watch: halves, counts, and a run whose fits know the truth."""

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from studies.fast.frontier import quick_fit
from studies.gate_page import TABLES, page
from studies.gate_study import Fits, gated, halves, powers, run
from studies.questions.releases import with_scale
from tests.checks.posteriors import diagnosed, true_frontier


@pytest.fixture(scope="module")
def fitted() -> bf.Frontier:
    return diagnosed(true_frontier())


def test_halves_divide_the_last_period_and_new_base_models_whole():
    evaluations, _ = bf.simulate(4, n_models=600, n_base_models=30, tasks=1, periods=3, share_single_period=0.5)
    first = halves(evaluations, seed=1)
    models = evaluations.models
    last = (models["period"] == 2).to_numpy()
    assert not first[~last].any()
    assert 0.25 < first[last].mean() < 0.75
    old = set(models.loc[~last, "base_model"])
    new = last & ~models["base_model"].isin(old).to_numpy()
    assert new.any()
    parts = pd.crosstab(models.loc[new, "base_model"], first[new])
    assert ((parts > 0).sum(axis=1) == 1).all()
    assert not np.array_equal(first, halves(evaluations, seed=2))


def test_flags_are_counted_by_known_and_new_base_models(fitted):
    some = fitted.evaluations.subset(np.arange(fitted.evaluations.n_models) < 90)
    frame = some.models.drop(columns=["period", "cost"])
    frame.loc[:29, "base_model"] = "lab/new"
    frame.loc[60:, list(some.tasks)] = 0.0
    table = gated(bf.gate(fitted, bf.Evaluations.from_models(frame, some.tasks)), "now").set_index("base_model")
    assert table["models"].to_dict() == {"known": 60, "new": 30}
    assert 0.5 <= table.loc["known", "flagged"] < 0.6
    assert table.loc["known", "below"] >= 0.5
    assert table.loc["new", "base_models"] == 1
    assert 0.4 < table.loc["known", "task_1"] < 0.7


def test_faults_are_flagged_more_the_larger_they_are(fitted):
    some = fitted.evaluations.subset(np.arange(fitted.evaluations.n_models) < 100)
    table = powers(fitted, some, "now").set_index("fault")["flagged"]
    assert table["every score -0.10"] > table["every score -0.05"]
    assert table["every score +0.10"] > 0.3


@pytest.mark.slow
def test_a_run_writes_tables_and_a_page_and_keeps_its_fits(tmp_path, monkeypatch):
    closing = ["2024-06-30", "2024-09-30"]
    evaluations, _ = bf.simulate(5, n_models=900, n_base_models=25, tasks=3, periods=closing)
    columns = ["model", "base_model", "flops", "released", *evaluations.tasks]
    evaluations.models[columns].to_csv(tmp_path / "board.csv", index=False)
    made = {}

    class Kept:
        def __init__(self, frontier):
            self.frontier = frontier

        def save(self, path):
            path.write_text("a fit")
            made[path] = self.frontier

    monkeypatch.setitem(vars(bf), "load", made.__getitem__)
    monkeypatch.setattr("studies.gate_study.DIVISIONS", 1)

    def fit(given, *, seed, progress):
        return Kept(with_scale(quick_fit(given, tau=0.98, seed=seed)))

    tables = run(tmp_path / "board.csv", ",".join(closing), tmp_path / "out", fit)
    assert set(tables) == set(TABLES)
    # everything, and what is before each of two periods
    assert len(made) == 3
    assert tables["placebo"].groupby("period")["held_back"].nunique().tolist() == [1, 1]
    text = (tmp_path / "out" / "README.md").read_text()
    assert "## Gate" in text
    assert "false alarms" in text
    assert {path.stem for path in (tmp_path / "out").glob("*.csv")} == set(TABLES)
    Fits(tmp_path / "out" / "cache", fit).of("all", bf.read(tmp_path / "board.csv", periods=closing))
    assert len(made) == 3


def test_the_page_counts_false_alarms_and_agreement():
    gate = pd.DataFrame(
        {
            "period": ["p"] * 2,
            "base_model": ["known", "new"],
            "base_models": [9, 3],
            "models": [100, 50],
            "flagged": [0.06, 0.1],
            "error": [0.01, 0.02],
            "below": [0.04, 0.1],
            "above": [0.02, 0.0],
            "bbh": [0.05, 0.07],
        }
    )
    power = pd.DataFrame({"fault": ["every score -0.10"], "flagged": [0.5], "period": ["p"]})
    common = {"task": ["bbh", "ifeval"], "median": [0.05, 0.001], "lower": [0.03, -0.01], "upper": [0.07, 0.01]}
    words = {"verdict": ["advanced", "unmoved"], "period": "p"}
    watch = pd.DataFrame(common | words | {"forecast": 0.0, "refit": [0.04, 0.03]})
    placebo = pd.DataFrame(common | words | {"held_back": "first"})
    nothing = dict.fromkeys(("loss", "change", "lower", "upper"), 0.0)
    factors = pd.DataFrame({"rank": [0, 1], **nothing, "period": "p"})
    made = page(dict(zip(TABLES, (gate, power, watch, placebo, factors), strict=True)))
    assert "Of 1 established drifts 1 are drifts of more than 0.02 in the fit of everything too" in made
    assert "of 1 tasks called unmoved 0 are so there" in made
    assert "holds the other fit's mean change in 50% of the cases" in made
    assert "1 of 2 verdicts by task are false alarms (50.0%" in made
    assert "| **all** | known | | 100 | **6.0%** |" in made
