"""The studies of gate, watch and stages: truths that are true, and scores in the right places."""

import numpy as np
import pytest

from studies.calibration.scenarios import Scenario
from studies.questions import releases
from studies.questions.releases import percentiles, with_scale
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


def test_constants_are_those_of_the_residuals():
    frontier = true_frontier()
    before = frontier.posterior["constant_data"].dataset["density"].to_numpy().copy()
    after = with_scale(frontier).posterior["constant_data"].dataset
    np.testing.assert_allclose(after["density"], before, rtol=0.2)
    assert (after["half_width"] > 0).all()


@pytest.mark.slow
def test_a_leaderboard_and_two_stages_are_scored():
    still = releases.leaderboard("releases-still", {"tasks": 3, "correlation": 0.2}, 0)
    assert {"percentile, known base model", "change since the fit"} <= set(still.places)
    models, said, wrong = still.verdicts["a model at no fault"]
    # nominally 5%, and base models are clusters
    assert said == models >= 120 > 4 * wrong
    assert still.verdicts["flag among many models"][0] == models
    lifts = releases.two_stages(0)
    assert len(lifts.places["lift"]) == 9
