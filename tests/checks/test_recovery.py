"""The comparison of a fit with the truth."""

import numpy as np
import pytest
import xarray as xr

from bayes_frontier.checks.recovery import recovery
from tests.fakes import FakeFrontier, small_evaluations


@pytest.fixture(scope="module")
def simulated():
    return small_evaluations()


class Shifted:
    """Answers with the truth plus a shift, in intervals of a given half-width."""

    def __init__(self, simulated, shift: float, half: float):
        self.evaluations, self.truth = simulated
        self.tasks, self.shift, self.half = self.evaluations.tasks, shift, half

    def attainable(self, flops, prob, task):
        shift = self.shift if task == "bbh" else 0.0
        median = self.truth.boundary(flops, task=task) + shift
        return xr.Dataset({"median": median, "lower": median - self.half, "upper": median + self.half})


def test_a_fit_at_the_truth_covers_it_everywhere(simulated):
    found = recovery(Shifted(simulated, 0.0, 0.01), simulated[1])
    assert found.share == 1.0
    assert found.passed
    assert found.error == 0.0
    assert len(found.points) == 50
    flops = simulated[0].models["flops"]
    assert found.points["flops"].min() == pytest.approx(flops.min())
    assert found.points["flops"].max() == pytest.approx(flops.max())


def test_a_task_that_is_off_fails_the_check_and_is_named(simulated):
    found = recovery(Shifted(simulated, 0.05, 0.01), simulated[1])
    assert found.share == 0.5
    assert not found.passed
    assert found.by_task().to_dict() == {"bbh": 0.0, "math_lvl_5": 1.0}
    assert found.error == pytest.approx(0.025)
    assert "NOT recovered" in found.sentence()
    assert "50.0% of 50 points" in found.sentence()
    assert repr(found).splitlines()[1].strip() == found.sentence()
    assert len(found.table) == 50


def test_the_grid_can_be_given(simulated):
    found = recovery(Shifted(simulated, 0.0, 0.01), simulated[1], flops=[1e22, 1e23], prob=0.5)
    assert found.points["flops"].tolist() == [1e22, 1e23] * 2
    assert "within the 50% interval" in found.sentence()


def test_truth_is_that_of_the_last_period(simulated):
    evaluations, truth = simulated
    points = recovery(FakeFrontier(evaluations), truth, flops=[1e23]).points
    expected = [truth.boundary(1e23, task=task, period=-1).item() for task in evaluations.tasks]
    np.testing.assert_array_equal(points["truth"], expected)
