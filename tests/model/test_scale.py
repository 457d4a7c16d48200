"""The calibrated scale: what it converges to, and that smoothing does not move the boundary."""

import numpy as np
import pytest
from scipy import optimize, stats

from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale, boundary_density, residual_quantiles
from bayes_frontier.model.likelihood import smooth_pinball_loss

DISTRIBUTIONS = {
    "gaussian": stats.norm(0.5, 0.08),
    "exponential": stats.expon(scale=0.05),
    "skewed": stats.gumbel_l(0.5, 0.06),
}


def spaced(distribution, n=200_001):
    """Give a sample without sampling error: its quantiles at evenly spaced levels."""
    return distribution.ppf((np.arange(n) + 0.5) / n)


def minimiser(y, level, h):
    def mean_loss(q):
        return smooth_pinball_loss(y - q, level, h).mean()

    return optimize.minimize_scalar(mean_loss, bounds=np.quantile(y, [0.3, 1.0]), options={"xatol": 1e-9}).x


@pytest.mark.parametrize("tau", [0.9, 0.98])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_the_level_keeps_the_minimiser_at_the_true_quantile(distribution, tau):
    y = spaced(distribution)
    scale = Scale.calibrated([y], tau, smoothing=1.5)
    h, true = scale.half_width[0], distribution.ppf(tau)
    assert scale.level[0] < tau
    assert minimiser(y, scale.level[0], h) == pytest.approx(true, abs=3e-4 * distribution.std())
    # At the level tau itself it would not be there.
    assert minimiser(y, tau, h) - true > 0.02 * distribution.std()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_on_a_random_sample_the_minimiser_is_within_sampling_error(distribution):
    tau, n = 0.98, 20_000
    y = distribution.rvs(n, random_state=3)
    scale = Scale.calibrated([y], tau, smoothing=0.4)
    found = minimiser(y, scale.level[0], scale.half_width[0])
    true = distribution.ppf(tau)
    error = np.sqrt(tau * (1 - tau) / n) / distribution.pdf(true)
    assert found == pytest.approx(np.quantile(y, tau), abs=1e-6)
    assert abs(found - true) < 4 * error


@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_without_smoothing_the_scale_is_the_sandwich_value(distribution):
    tau, y = 0.98, spaced(distribution)
    expected = tau * (1 - tau) / distribution.pdf(distribution.ppf(tau))
    ratio = [Scale.calibrated([y], tau, smoothing=h).scale[0] / expected for h in (1.0, 0.3, 0.02)]
    assert ratio[-1] == pytest.approx(1.0, abs=0.01)
    assert abs(ratio[0] - 1) > abs(ratio[1] - 1) > abs(ratio[2] - 1)
    assert Scale.calibrated([y], tau, smoothing=0.02).level[0] == pytest.approx(tau, abs=1e-4)


def test_the_scale_gives_the_curvature_that_the_estimate_varies_by():
    tau, h, n, distribution = 0.9, 0.03, 2000, DISTRIBUTIONS["gaussian"]
    rng = np.random.default_rng(0)
    estimates = [np.quantile(distribution.rvs(n, random_state=rng), tau) for _ in range(400)]
    y = spaced(distribution)
    scale = Scale.calibrated([y], tau, smoothing=h * distribution.pdf(distribution.ppf(tau)) / (1 - tau))
    near = np.mean(np.abs(y - distribution.ppf(tau)) < scale.half_width[0]) / (2 * scale.half_width[0])
    assert np.sqrt(scale.scale[0] / (n * near)) == pytest.approx(np.std(estimates), rel=0.12)


def test_tasks_are_calibrated_on_their_own_and_draws_count_as_one_score():
    y = spaced(DISTRIBUTIONS["gaussian"], 2001)
    scale = Scale.calibrated([y, 2 * y], 0.9, 0.4)
    for name, factor in (("density", 0.5), ("scale", 2), ("half_width", 2), ("level", 1)):
        first, second = getattr(scale, name)
        assert second == pytest.approx(factor * first)
    repeated = Scale.calibrated([np.repeat(y[:, None], 5, axis=1)], 0.9, 0.4)
    assert repeated.density[0] == pytest.approx(scale.density[0], rel=1e-2)


def test_a_fixed_scale_leaves_level_and_width_calibrated():
    y = spaced(DISTRIBUTIONS["skewed"], 2001)
    free, fixed = Scale.calibrated([y], 0.9, 0.4), Scale.calibrated([y], 0.9, 0.4, scale=0.123)
    assert fixed.scale.tolist() == [0.123]
    assert fixed.level.tolist() == free.level.tolist()
    assert fixed.half_width.tolist() == free.half_width.tolist()


@pytest.mark.parametrize("tau", [0.05, 0.5, 0.98])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_the_density_is_that_of_the_distribution(distribution, tau):
    expected = distribution.pdf(distribution.ppf(tau))
    assert boundary_density(spaced(distribution), tau) == pytest.approx(expected, rel=0.03)


def test_ties_and_few_scores_give_a_finite_density():
    assert boundary_density(np.full(50, 0.3), 0.98) == pytest.approx(1e3)
    assert 0 < boundary_density([0.1, 0.5], 0.98) < 1e3
    scale = Scale.calibrated([np.full(50, 0.3)], 0.98, 0.4)
    assert np.isfinite([scale.scale, scale.half_width, scale.level]).all()


def test_residual_quantiles_rise_and_are_zero_at_tau():
    quantiles = residual_quantiles(spaced(DISTRIBUTIONS["exponential"]), 0.98)
    assert quantiles.shape == RESIDUAL_LEVELS.shape
    assert (np.diff(quantiles) >= 0).all()
    assert quantiles[np.isclose(RESIDUAL_LEVELS, 0.98)] == pytest.approx(0, abs=1e-12)
    assert RESIDUAL_LEVELS[[0, -1]].tolist() == [0, 1]
