"""Surfaces: labels, limits, where curves fall below a level."""

import numpy as np
import pytest
import xarray as xr

from bayes_frontier.analysis.surface import Surface, crossing, one_period, statistics
from bayes_frontier.errors import QueryError
from tests.draws import make_frontier


def test_values_are_the_boundaries_draws_and_their_limits():
    frontier = make_frontier()
    surface = Surface.of(frontier, None, None)
    values = surface.at(np.array([-np.inf, 24.0, np.inf]), 1)
    drawn = frontier.boundary(1e24).to_numpy().reshape(-1, 2)
    np.testing.assert_allclose(values[..., 1], drawn)
    assert (values[..., 0] < values[..., 1]).all()
    far = frontier.boundary([1e12, 1e32]).to_numpy().reshape(-1, 2, 2)
    # slopes of the fake draws are at least 0.5 a decade: eight decades on, little is left
    np.testing.assert_allclose(values[..., [0, 2]], far, atol=0.02)


def test_a_base_model_and_a_task_are_looked_up():
    frontier = make_frontier()
    surface = Surface.of(frontier, "reading", "qwen2.5-14b")
    own = surface.labelled(surface.at(np.array([24.0]), 0)[..., 0])
    expected = frontier.boundary(1e24, "reading", 0, "qwen2.5-14b")
    xr.testing.assert_allclose(own.sel(task="reading", drop=True), expected.drop_vars(["task", "period", "flops"]))
    with pytest.raises(QueryError, match="Did you mean 'reading'"):
        Surface.of(frontier, "readin", None)
    with pytest.raises(QueryError, match="not in this fit"):
        Surface.of(frontier, None, "gpt-9")


def test_range_of_compute_is_each_tasks_own():
    ends = Surface.of(make_frontier(), None, None).compute_range()
    np.testing.assert_allclose(10.0**ends, [[3e23, 1.6e24]] * 2)


def test_statistics_take_draws_where_infinity_may_be():
    drawn = xr.DataArray([[1.0, 2.0, np.inf, np.inf]], dims=("chain", "draw"))
    found = statistics(drawn, 0.5, finite=False)
    assert found.sel(statistic="median").item() == 2.0
    assert np.isinf(found.sel(statistic="upper").item())
    with pytest.raises(QueryError, match="one period"):
        one_period(make_frontier(), "all", "since")


def test_crossing_is_the_last_fall_or_an_infinity():
    z = np.array([20.0, 21.0, 22.0, 23.0])
    values = np.array(
        [
            [0.01, 0.05, 0.03, 0.01],  # rises above and falls between 22 and 23
            [0.01, 0.01, 0.01, 0.01],  # below everywhere
            [0.01, 0.01, 0.03, 0.04],  # still above at the end
            [0.05, 0.01, 0.05, 0.02],  # the last fall counts; equal is not below
        ]
    )
    np.testing.assert_allclose(crossing(values, z, 0.02), [22.5, -np.inf, np.inf, np.inf])
    np.testing.assert_allclose(crossing(values[3:], z, 0.025), [22.0 + 0.025 / 0.03])
