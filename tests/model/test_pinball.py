"""The pinball loss, its smoothed form and the grouped layout of scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from bayes_frontier.model.pinball import GroupedScores, pinball_loss, smooth_pinball_loss

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


def test_records_hold_the_sorted_scores_and_the_sums_from_each_up():
    grouped = GroupedScores.from_scores([0.5, 0.1, 0.9, 0.3], [1, 0, 1, 1], 2)
    assert grouped.n_cells == 2
    assert grouped.start.tolist() == [0, 1, 4]
    assert grouped.total == pytest.approx([0.1, 1.7])
    assert grouped.records[:, 0].tolist() == [0.1, 0.3, 0.5, 0.9]
    assert grouped.records[:, 1] == pytest.approx([0.1, 1.7, 1.4, 0.9])
    assert grouped.records[:, 2] == pytest.approx([0.01, 1.15, 1.06, 0.81])


def test_the_order_of_the_scores_does_not_matter():
    rng = np.random.default_rng(1)
    y, cell = rng.random(500).round(2), np.append(rng.integers(0, 9, 491), np.arange(9))
    first = GroupedScores.from_scores(y, cell, 9)
    order = rng.permutation(500)
    second = GroupedScores.from_scores(y[order], cell[order], 9)
    for a, b in zip(vars(first).values(), vars(second).values(), strict=True):
        assert np.array_equal(a, b)


def test_a_small_cell_keeps_its_digits_beside_large_ones():
    y = np.append(np.random.default_rng(2).random(300_000), 0.123456789)
    grouped = GroupedScores.from_scores(y, np.append(np.zeros(300_000, int), 1), 2)
    assert grouped.records[-1, :3].tolist() == [y[-1], y[-1], y[-1] ** 2]
    assert grouped.total[1] == y[-1]


@pytest.mark.parametrize(("cell", "n_cells"), [([0, 0, 2], 3), ([0, 1, 3], 3), ([0, 1, 1], 4)])
def test_every_cell_needs_a_score(cell, n_cells):
    with pytest.raises(ValueError, match="every cell needs at least one score"):
        GroupedScores.from_scores([0.1, 0.2, 0.3], cell, n_cells)
