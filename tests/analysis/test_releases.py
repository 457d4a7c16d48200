"""The studies of gate, watch, stages and contamination: truths that are true, and scores in the right places."""

from pathlib import Path

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.analysis.study import releases
from bayes_frontier.analysis.study.releases import percentiles, simulate_table, studies, table, with_scale
from bayes_frontier.checks.study.scenarios import Scenario
from tests.checks.posteriors import true_frontier


@pytest.mark.parametrize("options", [{"correlation": 0.2}, {"correlation": 0.3, "noise": "skewed"}])
def test_true_percentiles_of_simulated_scores_are_uniform(options):
    scenario = Scenario("any", "", n_models=400, tau=0.9, options={"tasks": 2, **options})
    evaluations, truth = scenario.simulate(1)
    known = percentiles(evaluations.models, truth, np.ones(400, dtype=bool))
    # 800 independent percentiles: the standard error of each share is below 0.018
    for level in (0.1, 0.5, 0.9):
        assert (known < level).mean() == pytest.approx(level, abs=0.045)
    new = percentiles(evaluations.models, truth, np.zeros(400, dtype=bool))
    # base models are clusters here: a few dozen of them count
    assert (new < 0.5).mean() == pytest.approx(0.5, abs=0.2)
    assert np.corrcoef(known.ravel(), new.ravel())[0, 1] > 0.6


def test_tables_have_the_shift_they_state():
    none, moved = simulate_table(3, shift=0.0), simulate_table(3, shift=0.3)
    assert none[1] == 0.0
    # 0.3 on the logit scale of scores around 0.4 to 0.6
    assert 0.05 < moved[1] < 0.08
    late = (moved[0].models["released"] > "2024-07-01").to_numpy()
    gained = (moved[0].models["task"] - none[0].models["task"]).to_numpy()
    assert gained[late].mean() == pytest.approx(moved[1], abs=0.005)
    assert (gained[~late] == 0).all()


def test_a_table_is_scored(monkeypatch):
    monkeypatch.setattr("bayes_frontier.analysis.contamination_model.BURN", 40)
    monkeypatch.setattr("bayes_frontier.analysis.contamination_model.KEPT", 60)
    scores = table("contamination-shift", {"shift": 0.3}, 0)
    assert [len(places) for places in scores.places.values()] == [1]
    assert set(scores.verdicts) == {"shift (not fragile)", "no shift"}
    again = table("contamination-shift", {"shift": 0.3}, 0)
    assert scores.places == again.places


def test_constants_are_those_of_the_residuals():
    frontier = true_frontier()
    before = frontier.posterior["constant_data"].dataset["density"].to_numpy().copy()
    after = with_scale(frontier).posterior["constant_data"].dataset
    np.testing.assert_allclose(after["density"], before, rtol=0.2)
    assert (after["half_width"] > 0).all()


def test_studies_have_names_and_sources_that_exist():
    names = [study.name for study in studies()]
    assert len(set(names)) == len(names)
    package = Path(bf.__path__[0])
    for study in studies():
        assert [source for source in study.sources if not (package / source).exists()] == []


@pytest.mark.slow
def test_a_leaderboard_and_two_stages_are_scored():
    still = releases.leaderboard("releases-still", {"tasks": 3, "correlation": 0.2}, 0)
    assert {"percentile, known base model", "change since the fit"} <= set(still.places)
    assert still.verdicts["flag of a model"][0] >= 120
    lifts = releases.two_stages(0)
    assert len(lifts.places["lift"]) == 9
