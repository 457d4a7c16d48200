"""The grouped likelihood against one term per score, in value and gradient."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from bayes_frontier.model.curve import boundary_at, sigmoid_from_shares
from bayes_frontier.model.engine.fast import BoundaryLosses
from bayes_frontier.model.grouped import cell_loss, cell_losses
from bayes_frontier.model.likelihood import GroupedScores, LossPieces, smooth_pinball_loss


def plain(q, level, half_width, y, cell):
    """Loss and derivative of each cell, score by score."""
    u, h, tau = y - q[cell], half_width[cell], level[cell]
    loss = np.array([smooth_pinball_loss(*args) for args in zip(u, tau, h, strict=True)])
    slope = np.where(np.abs(u) < h, 0.5 - tau - u / (2 * h), np.where(u > 0, -tau, 1 - tau))
    return np.bincount(cell, loss), np.bincount(cell, slope)


def grouped(q, level, half_width, y, cell):
    losses = LossPieces.from_scores(GroupedScores.from_scores(y, cell, len(q)), level, half_width, np.ones(len(q)))
    each = [at_one(losses, g, value) for g, value in enumerate(q)]
    return tuple(np.array(values) for values in zip(*each, strict=True))


def at_one(losses, cell, q):
    low, per_unit, first, count = losses.cells[cell]
    return cell_loss(q, low, per_unit, int(first), int(count), losses.pieces, losses.buckets)


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


def test_many_scores_in_a_bucket():
    y = np.append(np.linspace(0.1, 0.1001, 500), 1.0)
    q = np.linspace(0.0999, 0.1002, 301)
    losses = LossPieces.from_scores(
        GroupedScores.from_scores(y, np.zeros(501, int), 1), np.array([0.9]), np.array([1e-5]), np.array([1.0])
    )
    for value in q:
        expected = plain(np.array([value]), np.array([0.9]), np.array([1e-5]), y, np.zeros(501, int))
        assert_same(at_one(losses, 0, value), [part[0] for part in expected], np.zeros(501, int))


@pytest.mark.parametrize("q", [-np.inf, np.inf, np.nan])
def test_the_loss_at_no_number_is_none(q):
    losses = LossPieces.from_scores(
        GroupedScores.from_scores([0.1, 0.4], [0, 0], 1), np.array([0.9]), np.array([0.1]), np.array([1.0])
    )
    assert not np.isfinite(at_one(losses, 0, q)[0])


def test_a_cell_without_scores_loses_nothing():
    losses = LossPieces.from_scores(
        GroupedScores.from_scores([0.1, 0.4], [0, 2], 4), np.full(4, 0.9), np.full(4, 0.1), np.ones(4)
    )
    for cell in (1, 3):
        assert [at_one(losses, cell, q) for q in (-1.0, 0.0, 0.3, 1.0, 2.0)] == [(0.0, 0.0)] * 5


SMOOTH = ("logits", "steps", "effect", "place")
N_TASKS, N_PERIODS, N_BASES, N_POINTS, N_CELLS = 3, 2, 4, 6, 20
# Level, half-width and scale of each task.
LIKELIHOOD = np.array([[0.5, 0.9, 0.97], [0.3, 0.1, 0.02], [0.1, 0.2, 0.05]])


def arguments(columns, seed=7):
    """Scores and their cells; and values of the operation's inputs, in order."""
    rng = np.random.default_rng(seed)
    period, task = rng.integers(0, N_PERIODS, N_CELLS), rng.integers(0, N_TASKS, N_CELLS)
    cell = np.append(np.arange(N_CELLS), rng.integers(0, N_CELLS, 200))
    y = rng.random(len(cell)).round(3)
    losses = LossPieces.from_scores(GroupedScores.from_scores(y, cell, N_CELLS), *LIKELIHOOD[:, task])
    base, point = rng.integers(0, N_BASES, N_CELLS), rng.integers(0, N_POINTS, N_CELLS)
    cells = [task, period % columns, period, base, point, *losses.cells.T]
    return (y, cell), [
        rng.normal(0, 0.8, (4, N_TASKS, columns)),
        rng.normal(0, 0.3, (N_TASKS, N_PERIODS - 1)),
        rng.normal(0, 0.3, (N_BASES, N_TASKS)),
        rng.uniform(-0.5, 1.5, (N_POINTS, N_TASKS)),
        np.stack(cells, axis=1).astype(float),
        losses.pieces,
        losses.buckets,
    ]


def summed(given, logits, steps, effect, place, cells, *_):
    """Losses by task, from the sigmoid and one term per score."""
    y, cell = given
    task, column, period, base, point = cells[:, :5].astype(int).T
    curve = sigmoid_from_shares(*expit(logits))
    floor, ceiling, at_low, at_high = (part[task, column] for part in curve)
    q = boundary_at(place[point, task], floor, ceiling, at_high - at_low, -at_low / (at_high - at_low))
    drift = np.concatenate([np.zeros((N_TASKS, 1)), np.cumsum(steps, axis=1)], axis=1)
    q = expit(logit(q) + drift[task, period] + effect[base, task])
    k = task[cell]
    level, half_width, scale = LIKELIHOOD[:, k]
    terms = zip(y - q[cell], level, half_width, strict=True)
    return np.bincount(k, np.array([smooth_pinball_loss(*term) for term in terms]) / scale, minlength=N_TASKS)


def operation(values, mode):
    inputs = [pt.tensor(dtype=v.dtype, shape=(None,) * v.ndim) for v in values]
    losses = BoundaryLosses()(*inputs)[0]
    weighted = (losses * pt.arange(1, losses.shape[0] + 1)).sum()
    gradients = pytensor.grad(weighted, inputs[: len(SMOOTH)])
    return pytensor.function(inputs, [losses, losses.shape[0], *gradients], mode=mode)


@pytest.mark.parametrize("columns", [1, N_PERIODS])
@pytest.mark.parametrize("mode", ["NUMBA", "FAST_COMPILE"])
def test_the_operation_agrees_with_one_term_per_score_compiled_or_not(mode, columns):
    given_scores, values = arguments(columns)
    weights = np.arange(1, N_TASKS + 1)
    losses, n, *gradients = operation(values, mode)(*values)
    assert n == N_TASKS
    assert losses == pytest.approx(summed(given_scores, *values), rel=1e-8)
    for i, gradient in enumerate(gradients):
        step = 1e-6 * np.random.default_rng(i).standard_normal(values[i].shape)
        ahead, behind = (
            summed(given_scores, *(v + sign * step if i == j else v for j, v in enumerate(values))) @ weights
            for sign in (1, -1)
        )
        # Central differences of step 1e-6 are good to about 1e-12 / 1e-6 of a loss of order a hundred.
        assert (gradient * step).sum() == pytest.approx((ahead - behind) / 2, rel=1e-4, abs=1e-9), SMOOTH[i]


def test_nothing_but_the_boundary_can_be_differentiated():
    inputs = [pt.tensor(dtype=v.dtype, shape=(None,) * v.ndim) for v in arguments(1)[1]]
    losses = BoundaryLosses()(*inputs)[0]
    for other in inputs[len(SMOOTH) :]:
        with pytest.raises(pytensor.gradient.DisconnectedInputError):
            pytensor.grad(losses.sum(), other)


def test_losses_at_many_boundaries_are_those_at_each():
    rng = np.random.default_rng(11)
    cell = np.append(np.arange(4), rng.integers(0, 4, 40))
    scores = GroupedScores.from_scores(rng.random(len(cell)), cell, 4)
    losses = LossPieces.from_scores(scores, np.full(4, 0.9), np.full(4, 0.1), np.full(4, 0.3))
    q = rng.random((4, 5))
    found = cell_losses(q, losses.pieces, losses.buckets, losses.cells)
    expected = [[at_one(losses, c, value)[0] for value in q[c]] for c in range(4)]
    assert found.tolist() == expected
