"""The sigmoid and the shares it is made from."""

import numpy as np
import pytensor.tensor as pt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_frontier.model.curve import MARGIN, ComputeRange, bend, boundary_at, sigmoid_from_shares

SHARE = st.floats(1e-6, 1 - 1e-6)
RANGE = ComputeRange(21.5, 24.0, (21.0, 22.0, 23.5, 25.0))


def boundary(sigmoid, z):
    """Evaluate as the model reports it: by slope and midpoint."""
    slope = (sigmoid.at_high - sigmoid.at_low) / (RANGE.high - RANGE.low)
    return boundary_at(z, sigmoid.floor, sigmoid.ceiling, slope, RANGE.low - sigmoid.at_low / slope)


@given(SHARE, SHARE, SHARE, SHARE)
def test_any_shares_give_an_increasing_curve_in_the_unit_interval(high, start, floor, ceiling):
    sigmoid = sigmoid_from_shares(high, start, floor, ceiling)
    assert 0 <= sigmoid.floor <= sigmoid.ceiling <= 1
    assert sigmoid.at_low < sigmoid.at_high
    curve = boundary(sigmoid, np.linspace(18, 28, 400))
    assert (np.diff(curve) >= -1e-12).all()
    assert curve.min() >= sigmoid.floor - 1e-12
    assert curve.max() <= sigmoid.ceiling + 1e-12


STEEPNESS = st.lists(st.floats(1e-4, 1e4), min_size=4, max_size=4)


def test_compute_is_itself_where_every_steepness_is_one():
    z = np.linspace(18, 28, 400)
    np.testing.assert_allclose(bend(z, np.ones(4), RANGE.nodes), z, rtol=1e-13)


@given(STEEPNESS)
def test_any_steepness_bends_upwards_and_starts_at_the_first_node(steepness):
    z = np.linspace(18, 28, 400)
    bent = bend(z, steepness, RANGE.nodes)
    assert (np.diff(bent) > 0).all()
    assert bend(RANGE.nodes[0], steepness, RANGE.nodes) == RANGE.nodes[0]


@given(STEEPNESS)
def test_the_derivative_is_the_steepness_at_nodes_linear_between_and_even_beyond(steepness):
    nodes = np.array(RANGE.nodes)
    z = np.concatenate([nodes, 0.5 * (nodes[1:] + nodes[:-1]), [nodes[0] - 2, nodes[-1] + 2]])
    step = 1e-5
    slope = (bend(z + step, steepness, nodes) - bend(z - step, steepness, nodes)) / (2 * step)
    # central differences average over 2e-5 decades, in which the steepness may change by 2e-5 of its largest; rounding
    # of numbers of order 1e5 is 1e-11, over 2e-5
    assert slope == pytest.approx(np.interp(z, nodes, steepness), abs=2e-5 * max(steepness) + 1e-5)


@given(STEEPNESS)
def test_parts_of_a_position_are_what_bends_it(steepness):
    z = np.linspace(20, 26, 7)
    np.testing.assert_allclose(RANGE.parts(z).sum(axis=-1), RANGE.position(z), atol=1e-12)
    start, bent = bend(RANGE.low, steepness, RANGE.nodes), bend(z, steepness, RANGE.nodes)
    of_parts = RANGE.parts(z) @ np.array(steepness)
    np.testing.assert_allclose(of_parts, (bent - start) / (RANGE.high - RANGE.low), atol=1e-8)


def test_draws_tasks_and_computes_broadcast():
    steepness = np.random.default_rng(1).uniform(0.5, 2.0, (6, 1, 4))
    found = bend(np.array([22.0, 23.0, 24.5]), steepness, RANGE.nodes)
    assert found.shape == (6, 3)
    assert found[2, 1] == bend(23.0, steepness[2, 0], RANGE.nodes)


@given(SHARE, SHARE, SHARE, SHARE)
def test_the_curve_passes_through_its_two_anchors(high, start, floor, ceiling):
    at_low, at_high = boundary(sigmoid_from_shares(high, start, floor, ceiling), [RANGE.low, RANGE.high])
    assert at_high == pytest.approx(high, rel=1e-8)
    assert at_low == pytest.approx(high * (MARGIN + (1 - 2 * MARGIN) * start), rel=1e-8)


def test_shares_mean_what_they_say():
    sigmoid = sigmoid_from_shares(0.6, 0.5, 0.5, 0.5)
    assert sigmoid.floor == pytest.approx(0.15)
    assert sigmoid.ceiling == pytest.approx(0.8)


def test_arrays_and_tensors_give_the_same():
    shares = np.random.default_rng(0).random((4, 3, 2))
    of_arrays = sigmoid_from_shares(*shares)
    of_tensors = sigmoid_from_shares(*map(pt.as_tensor, shares), log=pt.log)
    for a, b in zip(of_arrays, of_tensors, strict=True):
        assert b.eval() == pytest.approx(a)


def test_the_position_is_zero_at_low_and_one_at_high():
    assert RANGE.position(np.array([21.5, 24.0, 22.75])) == pytest.approx([0, 1, 0.5])


def test_the_boundary_is_halfway_at_the_midpoint_and_broadcasts():
    assert boundary_at(23.0, 0.2, 0.8, 1.5, 23.0) == pytest.approx(0.5)
    assert boundary_at(np.zeros((5, 1)), np.zeros(3), np.ones(3), 1.0, 23.0).shape == (5, 3)
    assert boundary_at([-1e6, 1e6], 0.2, 0.8, 1.5, 23.0) == pytest.approx([0.2, 0.8])
