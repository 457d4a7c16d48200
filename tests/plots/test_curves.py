"""What the picture shows, before it is drawn."""

import numpy as np
import pytest

from bayes_frontier.plots.boundary import BoundaryCurves, boundary_curves
from tests.fakes import FakeFrontier, small_evaluations


@pytest.fixture
def ask(frontier):
    def _ask(**options) -> BoundaryCurves:
        defaults = dict.fromkeys(("tasks", "period", "base_model", "flops", "truth")) | {"prob": 0.9}
        return boundary_curves(frontier, **(defaults | options))

    return _ask


def test_the_grid_covers_the_models_and_some_more(ask, frontier):
    flops = ask().flops
    known = frontier.evaluations.models["flops"]
    assert flops[0] < known.min()
    assert flops[-1] == pytest.approx(3 * known.max())
    steps = np.diff(np.log10(flops))
    np.testing.assert_allclose(steps, steps[0])


def test_a_grid_of_the_caller_is_sorted(ask):
    assert ask(flops=[1e24, 1e22, 1e24]).flops.tolist() == [1e22, 1e24]


def test_a_wider_probability_gives_a_wider_band(ask):
    wide, narrow = ask(prob=0.9), ask(prob=0.5)
    for task in wide.tasks:
        assert (wide.lower[task] < narrow.lower[task]).all()
        assert (narrow.upper[task] < wide.upper[task]).all()
        np.testing.assert_array_equal(wide.median[task], narrow.median[task])


@pytest.mark.parametrize(("period", "number"), [(None, 2), (1, 1), ("2024-01-01", 0), ("all", 2)])
def test_the_periods_up_to_the_one_asked_for(ask, frontier, period, number):
    curves = ask(period=period)
    assert curves.periods == frontier.period_labels[: number + 1]
    assert [len(curves.past[task]) for task in curves.tasks] == [number] * 2
    assert set(curves.points["bbh"]["period"]) == set(range(number + 1))


def test_the_order_of_points_mixes_the_periods_and_stays_the_same(ask):
    first, second = ask().points["bbh"], ask().points["bbh"]
    assert first.equals(second)
    assert not first["period"].is_monotonic_increasing


def test_truth_of_tasks_it_does_not_know_is_left_out(ask):
    _, other = small_evaluations(tasks=["bbh"])
    curves = ask(truth=other)
    assert list(curves.truth) == ["bbh"]
    np.testing.assert_allclose(curves.truth["bbh"], other.boundary(curves.flops, task="bbh"))


def test_a_single_period_called_all():
    evaluations, truth = small_evaluations(periods=1)
    frontier = FakeFrontier(evaluations)
    assert frontier.period_labels == ("all",)
    curves = boundary_curves(frontier, None, None, None, 0.9, None, truth)
    assert curves.periods == ("all",)
    assert curves.truth["bbh"].shape == curves.flops.shape


def test_the_title_says_whose_boundary_it_is(ask):
    assert ask().title == "The score that 98% of models on a new base model do not exceed"
    assert ask(base_model="base-2").title == "The score that 98% of models on base-2 do not exceed"
