"""The grouped likelihood against one term per score, in value and gradient."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_frontier.model.grouped import GroupedPinball, grouped_losses
from bayes_frontier.model.pinball import GroupedScores, smooth_pinball_loss


def plain(q, level, half_width, y, cell):
    """Loss and derivative of each cell, score by score."""
    u, h, tau = y - q[cell], half_width[cell], level[cell]
    loss = np.array([smooth_pinball_loss(*args) for args in zip(u, tau, h, strict=True)])
    slope = np.where(np.abs(u) < h, 0.5 - tau - u / (2 * h), np.where(u > 0, -tau, 1 - tau))
    return np.bincount(cell, loss), np.bincount(cell, slope)


def grouped(q, level, half_width, y, cell):
    g = GroupedScores.from_scores(y, cell, len(q))
    return grouped_losses(q, level, half_width, g.records, g.start, g.total)


def assert_same(got, expected, cell):
    # A derivative may cancel to zero: its size is that of the terms, one per score.
    assert got[0] == pytest.approx(expected[0], rel=1e-8)
    assert np.max(np.abs(got[1] - expected[1]) / np.bincount(cell)) < 1e-8


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(0, 60), st.sampled_from([1, 2, 3, 15]))
def test_random_cells(seed, n_cells, extra, digits):
    rng = np.random.default_rng(seed)
    cell = np.append(np.arange(n_cells), rng.integers(0, n_cells, extra))
    y = rng.random(len(cell)).round(digits)
    q = rng.uniform(-0.2, 1.2, n_cells)
    level, h = rng.uniform(0.01, 0.99, n_cells), 10 ** rng.uniform(-3, 0, n_cells)
    args = (q, level, h, y, cell)
    assert_same(grouped(*args), plain(*args), cell)


@pytest.mark.parametrize("q", [-5.0, 0.0, 0.25, 0.5, 0.75, 1.0, 6.0])
@pytest.mark.parametrize("y", [[0.5], [0.5, 0.5, 0.5], [0.25, 0.5, 0.75], [0.0, 1.0]])
def test_boundaries_beyond_all_scores_and_exactly_a_half_width_away(q, y):
    args = (np.array([q]), np.array([0.98]), np.array([0.25]), np.array(y), np.zeros(len(y), int))
    assert_same(grouped(*args), plain(*args), args[-1])


def test_a_cell_of_one_score_after_a_very_large_one():
    rng = np.random.default_rng(5)
    y, cell = rng.beta(2, 2, 100_000), np.append(np.zeros(99_999, int), 1)
    args = (np.array([0.9, y[-1] + 2e-4]), np.array([0.98, 0.98]), np.array([0.001, 0.001]), y, cell)
    assert_same(grouped(*args), plain(*args), cell)


def test_the_order_of_the_scores_does_not_matter():
    rng = np.random.default_rng(6)
    y, cell = rng.random(300), np.append(np.arange(5), rng.integers(0, 5, 295))
    settings_ = (rng.random(5), np.full(5, 0.9), np.full(5, 0.05))
    order = rng.permutation(300)
    for a, b in zip(grouped(*settings_, y, cell), grouped(*settings_, y[order], cell[order]), strict=True):
        assert np.array_equal(a, b)


def operation(mode):
    q, names = pt.vector("q"), ["level", "half_width", "start", "total"]
    level, half_width, start, total = (pt.vector(n, dtype="int64" if n == "start" else "float64") for n in names)
    records = pt.matrix("records")
    losses, _ = GroupedPinball()(q, level, half_width, records, start, total)
    weighted = (losses * pt.arange(1, q.shape[0] + 1)).sum()
    inputs = [q, level, half_width, records, start, total]
    return pytensor.function(inputs, [weighted, pytensor.grad(weighted, q), losses.shape[0]], mode=mode)


@pytest.mark.parametrize("mode", ["NUMBA", "FAST_COMPILE"])
def test_the_operation_differentiates_compiled_or_not(mode):
    rng = np.random.default_rng(7)
    cell = np.append(np.arange(4), rng.integers(0, 4, 40))
    args = (rng.random(4), np.array([0.5, 0.9, 0.95, 0.98]), np.array([0.3, 0.1, 0.05, 0.02]))
    y = rng.random(44)
    g = GroupedScores.from_scores(y, cell, 4)
    value, gradient, n = operation(mode)(*args, g.records, g.start, g.total)
    loss, slope = plain(*args, y, cell)
    weights = np.arange(1, 5)
    assert n == 4
    assert value == pytest.approx(loss @ weights, rel=1e-8)
    assert gradient == pytest.approx(slope * weights, rel=1e-8)


def test_nothing_but_the_boundary_can_be_differentiated():
    q, level = pt.vector("q"), pt.vector("level")
    rest = [pt.vector("h"), pt.matrix("records"), pt.vector("start", dtype="int64"), pt.vector("total")]
    losses, _ = GroupedPinball()(q, level, *rest)
    with pytest.raises(pytensor.gradient.DisconnectedInputError):
        pytensor.grad(losses.sum(), level)
