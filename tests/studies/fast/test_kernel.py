"""The marginal likelihood against brute force."""

import numpy as np
import pytest

from bayes_frontier.model.likelihood import GroupedScores, LossPieces, smooth_pinball_loss
from studies.fast.kernel import POINTS, marginal

LEVEL, HALF, S = 0.97, 0.02, 0.004
RNG = np.random.default_rng(1)
# Four base models in two periods; the last one has no scores, the third one scores far below its curve.
CELLS = np.array([0, 1, 2, 3, 4, 5])
FIRST = np.array([0, 2, 3, 5, 6])
PERIOD = np.array([0, 1, 1, 0, 1, 0])
SIZES = [200, 40, 3, 1, 2, 0]
MEANS = [0.4, 0.45, 0.5, 0.1, 0.15, 0.0]
SCORES = [np.clip(RNG.normal(m, 0.05, n), 0, 1) for m, n in zip(MEANS, SIZES, strict=True)]
LOGIT, DRIFT, OMEGA = np.array([0.1, -0.2, 0.3, 0.0]), np.array([0.0, 0.15]), 0.5


def losses() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores = GroupedScores.from_scores(np.concatenate(SCORES), np.repeat(np.arange(6), SIZES), 6)
    found = LossPieces.from_scores(scores, np.full(6, LEVEL), np.full(6, HALF), np.full(6, S))
    return found.pieces, found.buckets, found.cells


def run(logit=LOGIT, drift=DRIFT, omega=OMEGA, cache=None):
    cache = np.zeros((4, 3)) if cache is None else cache
    return marginal(logit, drift, omega, *losses(), CELLS, FIRST, PERIOD, cache)


def brute_force(base: int) -> tuple[float, float]:
    """Log integral and posterior mean of one effect, on a fine grid."""
    u = np.linspace(-5, 5, 40_001)
    height = -0.5 * (u / OMEGA) ** 2 - np.log(OMEGA * np.sqrt(2 * np.pi))
    for cell in range(FIRST[base], FIRST[base + 1]):
        q = 1 / (1 + np.exp(-(LOGIT[base] + DRIFT[PERIOD[cell]] + u)))
        for score in SCORES[cell]:
            height -= smooth_pinball_loss(score - q, LEVEL, HALF) / S
    density = np.exp(height - height.max())
    total = density.sum() * (u[1] - u[0])
    return float(height.max() + np.log(total)), float(density @ u / density.sum())


def test_the_integral_is_that_of_a_fine_grid():
    found = run()
    expected = [brute_force(b) for b in range(3)]
    # Hundredths of a nat do not matter to a posterior; three base models are good to a few thousandths.
    assert found[0] == pytest.approx(sum(value for value, _ in expected), abs=6e-3)
    assert found[4][:3] == pytest.approx([mean for _, mean in expected], abs=3e-3)
    assert found[4][3] == 0.0


def test_a_call_that_starts_where_another_ended_gives_the_same():
    cache = np.zeros((4, 3))
    cold = run(cache=cache)
    warm = run(cache=cache)
    assert warm[0] == pytest.approx(cold[0], abs=6e-3)
    assert warm[4] == pytest.approx(cold[4], abs=1e-3)


def test_derivatives_are_those_of_finite_differences():
    # Quadrature is good to a few thousandths of a nat: under 0.1 of slope with a step of 0.05, whose own error is 3 %.
    # A posterior deviation is 0.1 to 0.5, so that moves a mode by a twentieth of it.
    found, e = run(), 5e-2
    for b in range(3):
        step = np.eye(4)[b] * e
        slope = (run(logit=LOGIT + step)[0] - run(logit=LOGIT - step)[0]) / (2 * e)
        assert found[1][b] == pytest.approx(slope, abs=0.1 + 0.03 * abs(slope))
    for t in range(2):
        step = np.eye(2)[t] * e
        slope = (run(drift=DRIFT + step)[0] - run(drift=DRIFT - step)[0]) / (2 * e)
        assert found[2][t] == pytest.approx(slope, abs=0.1 + 0.03 * abs(slope))
    slope = (run(omega=OMEGA * np.exp(e))[0] - run(omega=OMEGA * np.exp(-e))[0]) / (2 * e)
    assert found[3] == pytest.approx(slope, abs=0.1 + 0.03 * abs(slope))


def test_effects_react_to_drift_as_finite_differences_say():
    found, e = run(), 5e-2
    for t in range(2):
        step = np.eye(2)[t] * e
        moved = (run(drift=DRIFT + step)[4] - run(drift=DRIFT - step)[4]) / (2 * e)
        assert found[5][:, t] == pytest.approx(moved, abs=0.03)


def test_conditional_distributions_are_whole_and_ordered():
    *_, node, weight = run()
    assert node.shape == weight.shape == (4, POINTS)
    assert weight.sum(axis=1) == pytest.approx(np.ones(4))
    assert (np.diff(node, axis=1) > 0).all()
    # Without scores the prior is left.
    assert np.sqrt(weight[3] @ node[3] ** 2) == pytest.approx(OMEGA, rel=0.01)
