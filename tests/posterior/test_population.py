"""The population boundary against closed forms and brute force."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, logit

from bayes_frontier.model.calibration import RESIDUAL_LEVELS
from bayes_frontier.posterior.draws import effect_shape, mixture_quantile
from bayes_frontier.posterior.population import (
    _EDGES,
    PRIOR_BASE_MODELS,
    SLICES,
    PopulationBoundary,
    drawn_effects,
    residual_cdf,
)
from tests.draws import TAU, normal_residuals

NORMAL = stats.norm.ppf(SLICES)  # effects without skew or heavy tails
UNIFORM = RESIDUAL_LEVELS - TAU  # residuals uniform on [-tau, 1 - tau]


def test_residual_cdf_inverts_the_quantiles():
    quantiles = normal_residuals(0.05)
    np.testing.assert_allclose(residual_cdf(quantiles, quantiles)[5:-5], RESIDUAL_LEVELS[5:-5], atol=1e-6)
    assert residual_cdf(0.0, quantiles) == pytest.approx(TAU, abs=1e-4)
    np.testing.assert_array_equal(residual_cdf([-9.0, 9.0], quantiles), [0.0, 1.0])


def test_residual_cdf_takes_ties():
    quantiles = np.round(normal_residuals(0.05), 2)
    values = residual_cdf(np.linspace(-0.3, 0.2, 400), quantiles)
    assert (np.diff(values) >= 0).all()
    assert values[0] < 0.01
    assert values[-1] > 0.99


def test_one_possible_boundary_is_its_own_quantile():
    q = np.array([0.1, 0.5, 0.8])
    np.testing.assert_allclose(mixture_quantile(q[:, None], normal_residuals(0.05), TAU), q, atol=2e-4)


def test_mixture_of_uniform_residuals_has_a_closed_form():
    # Uniform residuals are linear in F0: where no component is cut off, L is the mean boundary.
    levels = np.array([[0.50, 0.51], [0.40, 0.41]])
    np.testing.assert_allclose(mixture_quantile(levels, UNIFORM, TAU), levels.mean(axis=1), atol=1e-9)
    # Where the lower one is cut off, (1 + L - b + tau) / 2 = tau gives L = b + tau - 1.
    found = mixture_quantile(np.array([[0.2, 0.6]]), UNIFORM, TAU)
    np.testing.assert_allclose(found, 0.6 + TAU - 1.0, atol=1e-9)


def test_mixture_of_normals_is_normal():
    rng = np.random.default_rng(0)
    spread, between = 0.05, 0.03
    effects = stats.norm.ppf((rng.permutation(4001) + 0.5) / 4001)
    found = mixture_quantile((0.5 + between * effects)[None, :], normal_residuals(spread), TAU)[0]
    z = stats.norm.ppf(TAU)
    assert found == pytest.approx(0.5 - spread * z + np.hypot(spread, between) * z, abs=3e-4)


@pytest.mark.parametrize("omega", [0.1, 0.3, 0.8])
@pytest.mark.parametrize("q", [0.15, 0.5, 0.85])
def test_population_boundary_is_the_quantile_of_brute_force(q, omega):
    rng = np.random.default_rng(1)
    n = 400_000
    quantiles = normal_residuals(0.04)
    scores = expit(logit(q) + omega * rng.standard_normal(n))
    scores += np.interp(rng.random(n), RESIDUAL_LEVELS, quantiles)
    found = PopulationBoundary(quantiles, omega * NORMAL[None], TAU)(np.array([[q]]), slice(None))
    # 39 slices of the effect, a table in steps of half a logit and 400,000 draws: a few thousandths of a score.
    assert found.item() == pytest.approx(np.quantile(scores, TAU), abs=0.004)


def test_no_spread_between_base_models_changes_nothing():
    q = np.linspace(0.02, 0.98, 50)[None, :]
    found = PopulationBoundary(normal_residuals(0.05), np.zeros((1, len(SLICES))), TAU)(q, slice(None))
    np.testing.assert_allclose(found, q, atol=5e-4)


def test_wider_spread_raises_the_boundary():
    scales = np.linspace(0.05, 1.0, 12)
    boundary = PopulationBoundary(normal_residuals(0.03), scales[:, None] * NORMAL, TAU)
    assert (np.diff(boundary(np.full((12, 1), 0.5), slice(None))[:, 0]) > 0).all()


def test_monotone_in_the_typical_boundary_and_bounded():
    scales = np.array([1e-4, 0.2, 5.0])
    q = np.broadcast_to(np.concatenate([[0.0], np.geomspace(1e-9, 0.5, 300), [0.9, 1 - 1e-12, 1.0]]), (3, 304))
    found = PopulationBoundary(normal_residuals(0.1), scales[:, None] * NORMAL, TAU)(q, slice(None))
    assert (np.diff(found, axis=1) >= 0).all()
    assert found.min() >= 0.0
    assert found.max() <= 1.0


def test_the_shape_of_effects_is_free_of_their_scale():
    rng = np.random.default_rng(2)
    scales = rng.uniform(0.1, 0.5, 3000)
    found = effect_shape(scales[:, None] * rng.standard_normal((3000, 20)), scales)
    # 60,000 standard normal values
    np.testing.assert_allclose(found, stats.norm.ppf((np.arange(101) + 0.5) / 101), atol=0.05)


def test_effects_with_a_long_lower_tail_do_not_lift_the_boundary_as_their_width_would():
    skewed = -stats.gumbel_r.ppf(SLICES)
    skewed = (skewed + stats.gumbel_r.mean()) / stats.gumbel_r.std()
    effects = 0.4 * np.stack([skewed, NORMAL])
    levels = PopulationBoundary(normal_residuals(0.03), effects, TAU)(np.full((2, 1), 0.5), slice(None))[:, 0]
    assert levels[0] < levels[1] - 0.03


def test_population_boundary_of_skewed_effects_is_the_quantile_of_brute_force():
    rng = np.random.default_rng(3)
    n, omega, quantiles = 400_000, 0.3, normal_residuals(0.04)
    effects = 1.0 - rng.exponential(size=n)
    scores = expit(omega * effects) + np.interp(rng.random(n), RESIDUAL_LEVELS, quantiles)
    slices = omega * np.quantile(effects, SLICES)[None]
    found = PopulationBoundary(quantiles, slices, TAU)(np.array([[0.5]]), slice(None))
    # as above: slices, a table, and 400,000 draws
    assert found.item() == pytest.approx(np.quantile(scores, TAU), abs=0.004)


def test_many_base_models_leave_their_own_distribution_and_few_an_uncertain_one():
    rng = np.random.default_rng(4)
    for n in (8, 2000):
        one = np.tile(stats.norm.ppf((rng.permutation(n) + 0.5) / n), (1000, 1))
        effects = drawn_effects(one, np.ones(1000), 0)
        assert effects.shape == (1000, len(SLICES))
        assert (np.diff(effects, axis=1) >= 0.0).all()
        # the mean over a Dirichlet process of concentration c varies by the variance over c + 1; 1,000 draws fix a
        # standard deviation to 2.2%, and slices leave out some of the tails
        means = effects @ np.diff(_EDGES)
        assert means.std() == pytest.approx(1.0 / np.sqrt(n + PRIOR_BASE_MODELS + 1.0), rel=0.15)
    # the last one's base models are a normal distribution's
    assert np.median(effects, axis=0) == pytest.approx(NORMAL, abs=0.06)


def test_a_population_without_random_shares_is_the_same_in_every_draw():
    one = np.tile([-1.0, 0.0, 2.0], (5, 1))
    still = drawn_effects(one, np.ones(5), 0, drawn=False)
    assert np.ptp(still, axis=0).max() == 0.0
    assert np.ptp(drawn_effects(one, np.ones(5), 0), axis=0).max() > 0.1
