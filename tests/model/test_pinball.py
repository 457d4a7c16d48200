"""The pinball loss, its smoothed form and the grouped layout of scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from bayes_frontier.errors import DataError
from bayes_frontier.model.likelihood import GroupedScores, LossPieces, pinball_loss, smooth_pinball_loss

LEVELS = st.floats(0.01, 0.99)


def test_the_loss_weighs_what_is_above_by_tau_and_what_is_below_by_the_rest():
    assert pinball_loss([2.0, -2.0, 0.0], 0.9) == pytest.approx([1.8, 0.2, 0.0])
    assert pinball_loss(np.ones((2, 3)), 0.5).shape == (2, 3)


@pytest.mark.parametrize("tau", [0.1, 0.5, 0.98])
def test_the_tau_quantile_minimises_the_loss(tau):
    y = np.random.default_rng(0).exponential(size=2001)
    grid = np.linspace(0, 6, 2001)
    best = grid[np.argmin([pinball_loss(y - q, tau).sum() for q in grid])]
    assert best == pytest.approx(np.quantile(y, tau), abs=0.01)


@given(st.floats(-3, 3), LEVELS, st.floats(0.05, 2))
def test_the_smooth_loss_is_the_convolution_with_a_uniform_kernel(u, tau, h):
    def blurred(shift):
        return float(pinball_loss(u - shift, tau)) / (2 * h)

    kink = [u] if abs(u) < h else None
    expected, _ = integrate.quad(blurred, -h, h, points=kink, epsabs=1e-12)
    assert float(smooth_pinball_loss(u, tau, h)) == pytest.approx(expected, rel=1e-8, abs=1e-10)


@given(LEVELS, st.floats(1e-4, 0.5))
def test_the_smooth_loss_meets_the_exact_one_at_the_kernels_edge(tau, h):
    u = np.array([-3 * h, -h, h, 3 * h])
    assert smooth_pinball_loss(u, tau, h) == pytest.approx(pinball_loss(u, tau), rel=1e-12)
    just_inside = np.array([-h, h]) * (1 - 1e-9)
    assert smooth_pinball_loss(just_inside, tau, h) == pytest.approx(pinball_loss(just_inside, tau), rel=1e-6)


def test_half_widths_broadcast():
    u = np.zeros((3, 1))
    assert smooth_pinball_loss(u, 0.5, [0.1, 0.2]) == pytest.approx(np.tile([0.025, 0.05], (3, 1)))


def test_scores_are_sorted_within_their_cells():
    grouped = GroupedScores.from_scores([0.5, 0.1, 0.9, 0.3], [2, 0, 2, 2], 4)
    assert grouped.n_cells == 4
    assert grouped.start.tolist() == [0, 1, 1, 4, 4]
    assert grouped.values.tolist() == [0.1, 0.3, 0.5, 0.9]
    assert [grouped.of(cell)[0].tolist() for cell in range(4)] == [[0.1], [], [0.3, 0.5, 0.9], []]


def test_the_order_of_the_scores_does_not_matter():
    rng = np.random.default_rng(1)
    y, cell = rng.random(500).round(2), np.append(rng.integers(0, 9, 491), np.arange(9))
    first = GroupedScores.from_scores(y, cell, 9)
    order = rng.permutation(500)
    second = GroupedScores.from_scores(y[order], cell[order], 9)
    assert np.array_equal(first.values, second.values)
    assert np.array_equal(first.start, second.start)
    assert np.array_equal(y[first.order], first.values)


def test_a_score_needs_a_cell():
    with pytest.raises(DataError, match="a score is in cell 3, and there are 3 cells"):
        GroupedScores.from_scores([0.1, 0.2], [0, 3], 3)


LEVEL, HALF, SCALE = np.array([0.98, 0.9, 0.7]), np.array([0.1, 0.02, 0.3]), np.array([0.5, 2.0, 1.0])


def test_pieces_are_the_loss_and_its_slope_at_each_breakpoint():
    y = [np.array([0.2, 0.25, 0.25, 0.8]), np.array([]), np.array([0.6])]
    scores = GroupedScores.from_scores(np.concatenate(y), np.repeat([0, 1, 2], [4, 0, 1]), 3)
    found = LossPieces.from_scores(scores, LEVEL, HALF, SCALE)
    first = [0, 9, 10, 13]
    assert len(found.pieces) == first[-1]
    assert not found.pieces[9].any()
    for g in (0, 2):
        line, *pieces = found.pieces[first[g] : first[g + 1]]
        at = np.array([piece[0] for piece in pieces])
        assert at == pytest.approx(np.sort(np.concatenate([y[g] - HALF[g], y[g] + HALF[g]])))
        for here, loss, slope, curvature in pieces:
            u = y[g] - here
            assert loss == pytest.approx(smooth_pinball_loss(u, LEVEL[g], HALF[g]).sum() / SCALE[g])
            below, above = (smooth_pinball_loss(u - step, LEVEL[g], HALF[g]).sum() / SCALE[g] for step in (-1e-6, 1e-6))
            # one-sided differences: the curvature jumps at a breakpoint
            assert (above - below) / 2e-6 == pytest.approx(slope, abs=1e-4)
            assert curvature >= 0
        assert line[:3].tolist() == pieces[0][:3].tolist()
        assert line[3] == 0
        assert pieces[-1][3] == 0


def test_buckets_lead_to_the_piece_a_boundary_lies_in():
    rng = np.random.default_rng(3)
    size = [50, 0, 1, 7]
    scores = GroupedScores.from_scores(rng.random(58).round(2), np.repeat(np.arange(4), size), 4)
    found = LossPieces.from_scores(scores, np.full(4, 0.9), np.full(4, 0.01), np.ones(4))
    end = np.cumsum(2 * np.array(size) + 1)
    assert found.cells[:, 3].tolist() == [100, 1, 2, 14]
    for g, (low, per_unit, first, count) in enumerate(found.cells):
        begin = end[g] - 2 * size[g]
        at = found.pieces[begin : end[g], 0]
        for bucket in range(int(count)):
            inside = found.buckets[int(first) + bucket : int(first) + bucket + 2] + 1
            # each bucket's breakpoints, and no others, lie between two entries
            own = np.minimum(np.floor((at - low) * per_unit), count - 1) == bucket
            assert np.flatnonzero(own).tolist() == list(range(inside[0] - begin, inside[1] - begin))


@pytest.mark.parametrize("n", [1, 100_000])
def test_losses_of_a_cell_keep_their_digits_beside_any_other(n):
    rng = np.random.default_rng(4)
    y = np.append(rng.beta(2, 2, n), 0.123456789)
    scores = GroupedScores.from_scores(y, np.append(np.zeros(n, int), 1), 2)
    found = LossPieces.from_scores(scores, np.full(2, 0.98), np.full(2, 1e-3), np.ones(2))
    beginning = found.pieces[[0, -2]]
    # the first piece of the large cell is where nothing was added up yet, the last one where everything was
    last = found.pieces[-4]
    assert last[1] == pytest.approx(0.02 * (last[0] - y[:-1]).sum(), rel=1e-10)
    assert last[2] == pytest.approx(0.02 * n, rel=1e-10)
    assert beginning[:, 2] == pytest.approx([-0.98 * n, -0.98], rel=1e-12)
    assert found.pieces[-1, 1] == pytest.approx(0.02 * 1e-3, rel=1e-10)
