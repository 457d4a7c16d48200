"""How much one score says."""

import numpy as np
import pytest
from scipy.optimize import brentq

from bayes_frontier.design.beliefs import evaluation_noise
from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale
from bayes_frontier.model.likelihood import smooth_pinball_loss
from tests.draws import normal_residuals

TAU, SPREAD = 0.98, 0.05
QUANTILES = normal_residuals(SPREAD)
SAMPLE = np.interp((np.arange(20_000) + 0.5) / 20_000, RESIDUAL_LEVELS, QUANTILES)
SCALE = Scale.calibrated([SAMPLE], TAU, 1.5)


def noise(quantiles=QUANTILES, scale=SCALE):
    return evaluation_noise(quantiles[None], scale)


def test_a_boundary_known_well_is_measured_with_the_estimators_own_variance():
    """Simulate the estimator that the likelihood defines, on many scores: its variance times their number."""
    rng, n = np.random.default_rng(3), 2000
    h, level = SCALE.half_width[0], SCALE.level[0]
    found = []
    for _ in range(300):
        scores = np.interp(rng.random(n), RESIDUAL_LEVELS, QUANTILES)

        def excess(q, scores=scores):
            return np.clip(0.5 * ((scores - q) / h + 1.0), 0.0, 1.0).mean() - (1.0 - level)

        found.append(brentq(excess, -0.2, 0.2))
    # 300 replications give a variance to 8 %.
    assert noise().variance[0, 0] == pytest.approx(n * np.var(found), rel=0.25)


def test_without_smoothing_it_is_tau_one_minus_tau_over_f_squared():
    f = 3.0
    scale = Scale(np.array([f]), np.array([0.9 * 0.1 / f]), np.array([1e-3]), np.array([0.9]))
    assert noise((RESIDUAL_LEVELS - 0.9) / f, scale).variance[0, 0] == pytest.approx(0.9 * 0.1 / f**2, rel=0.01)


def test_the_less_is_known_the_less_one_score_says_as_a_measurement():
    found = noise()
    assert np.diff(found.variance[0]).min() >= 0
    assert found.variance[0, -1] > 5 * found.variance[0, 0]


def test_it_leaves_as_much_variance_as_a_score_does():
    """Brute force: draw a boundary and a score, weight a grid of boundaries, average the variance left."""
    rng, deviation = np.random.default_rng(6), 0.08
    q = np.linspace(-4, 4, 401) * deviation
    prior = np.exp(-0.5 * (q / deviation) ** 2)
    left = []
    for _ in range(4000):
        score = rng.normal(0, deviation) + np.interp(rng.random(), RESIDUAL_LEVELS, QUANTILES)
        weight = prior * np.exp(-smooth_pinball_loss(score - q, SCALE.level[0], SCALE.half_width[0]) / SCALE.scale[0])
        weight /= weight.sum()
        left.append(weight @ q**2 - (weight @ q) ** 2)
    found = noise()(np.array([[deviation**2]]))[0, 0]
    # 4,000 replications give the mean to about 1 %; nodes and quadrature of the table are good to a few.
    assert 1.0 / (1.0 / deviation**2 + 1.0 / found) == pytest.approx(np.mean(left), rel=0.06)
