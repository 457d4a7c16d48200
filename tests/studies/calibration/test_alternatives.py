import numpy as np
import pytest

from studies.calibration.alternatives import METHODS, alternatives
from studies.calibration.scenarios import Scenario, chosen
from studies.calibration.scoring import PROBS, points, replicate, true_population
from tests.studies.fakes import Fake

INDEPENDENT, CORRELATED = chosen(["independent", "correlated-0.4"])


def intervals(scenario: Scenario, replication: int):
    evaluations, truth = scenario.simulate(replication)
    z = points(evaluations)
    found = alternatives(evaluations, "task_1", scenario.tau, z, PROBS, 1)
    return found, true_population(truth, z)[0]


@pytest.fixture(scope="module")
def independent():
    return intervals(INDEPENDENT, 0)


def test_every_method_gives_nested_intervals_around_its_mean_within_scores(independent):
    found, _ = independent
    assert tuple(found) == METHODS
    for interval in found.values():
        assert interval.lower.shape == interval.upper.shape == (len(PROBS), 9)
        assert (np.diff(interval.lower, axis=0) <= 0).all()
        assert (np.diff(interval.upper, axis=0) >= 0).all()
        assert (interval.lower >= 0).all()
        assert (interval.upper <= 1).all()
        assert ((interval.lower[-1] < interval.mean) & (interval.mean < interval.upper[-1])).all()


def test_the_point_estimate_is_near_the_truth_where_the_models_are(independent):
    found, truth = independent
    # 1,370 independent scores: the 98% quantile is known to about 0.01 in the middle of the range
    assert np.abs(found["sandwich"].mean - truth)[4:7].max() < 0.04


def test_ignoring_clusters_is_narrow_and_clusters_widen(independent):
    width = {m: (i.upper - i.lower)[2].mean() for m, i in independent[0].items()}
    clustered = {m: (i.upper - i.lower)[2].mean() for m, i in intervals(CORRELATED, 0)[0].items()}
    assert width["uncalibrated"] < 0.8 * width["sandwich"]
    assert min(clustered["bootstrap"], clustered["sandwich"]) > 1.5 * clustered["uncalibrated"]


def test_the_same_seed_gives_the_same_intervals():
    small = chosen(["small"])[0]
    first, second = intervals(small, 1)[0], intervals(small, 1)[0]
    for method in METHODS:
        np.testing.assert_array_equal(first[method].upper, second[method].upper)


def test_a_replication_holds_all_methods():
    small = chosen(["small"])[0]
    line = replicate(small, 0, Fake(small))
    assert set(line["population"]) == {"model", *METHODS}
    assert np.shape(line["population"]["bootstrap"]["covered"]) == (9, 4)
    assert sum(line["own"]["model"]["n"]) == small.n_base_models
