"""The population boundary against closed forms and brute force."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.registry.registry import default_registry
from bayes_frontier.model.calibration import RESIDUAL_LEVELS
from bayes_frontier.posterior.draws import effect_shape, mixture_quantile
from bayes_frontier.posterior.population import (
    _EDGES,
    POPULATIONS,
    PRIOR_BASE_MODELS,
    SLICES,
    Population,
    PopulationBoundary,
    drawn_effects,
    residual_cdf,
)
from tests.draws import TAU, make_frontier, normal_residuals

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
        effects = drawn_effects(one, np.ones(1000), 0, Population(np.ones(n)))
        assert effects.shape == (1000, len(SLICES))
        assert (np.diff(effects, axis=1) >= 0.0).all()
        # the mean over a Dirichlet process of concentration c varies by the variance over c + 1; 1,000 draws fix a
        # standard deviation to 2.2%, and slices leave out some of the tails
        means = effects @ np.diff(_EDGES)
        assert means.std() == pytest.approx(1.0 / np.sqrt(n + PRIOR_BASE_MODELS + 1.0), rel=0.15)
    # the last one's base models are a normal distribution's
    assert np.median(effects, axis=0) == pytest.approx(NORMAL, abs=0.06)


def test_a_population_without_random_shares_is_the_same_in_every_draw():
    one, even = np.tile([-1.0, 0.0, 2.0], (5, 1)), Population(np.ones(3))
    still = drawn_effects(one, np.ones(5), 0, even, drawn=False)
    assert np.ptp(still, axis=0).max() == 0.0
    assert np.ptp(drawn_effects(one, np.ones(5), 0, even), axis=0).max() > 0.1


MODELS = pd.DataFrame(
    {
        "base_model": ["llama-3.1-8b"] * 6 + ["mistral-7b"] * 3 + ["llama-3.1-11b", "qwen2.5-14b"],
        "period": [0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1],
        "released": pd.to_datetime(["2025-02-01"] * 11),
    }
)
# in the order of votes: base models by name
NAMES = ["llama-3.1-11b", "llama-3.1-8b", "mistral-7b", "qwen2.5-14b"]


def votes(name, models=MODELS):
    return Population.named(name, models, default_registry())


def test_sizes_that_no_base_model_has_are_set_aside():
    assert dict(zip(NAMES, votes("bases").votes, strict=True)) == dict(zip(NAMES, [0.0, 1.0, 1.0, 1.0], strict=True))
    merges = MODELS[MODELS["base_model"] == "llama-3.1-11b"]
    # where there is nothing else they are what there is
    assert votes("bases", merges).votes.tolist() == [1.0]


def test_models_of_the_last_period_vote_as_if_so_many_base_models_were_seen_as_kish_says():
    found = votes("models").votes
    assert found / found.sum() == pytest.approx([1 / 8, 4 / 8, 2 / 8, 1 / 8])
    assert found.sum() == pytest.approx(8**2 / (1 + 16 + 4 + 1))


def test_recent_base_models_are_those_of_the_last_year():
    # llama 3.1 and qwen 2.5 are of July and September 2024, mistral 7b of 2023
    assert votes("recent").votes.tolist() == [0.0, 1.0, 0.0, 1.0]
    late = MODELS.assign(released=pd.to_datetime("2030-01-01"))
    late = late[late["base_model"] != "llama-3.1-11b"]
    with pytest.raises(QueryError, match="population 'recent': no base model of this fit is known to have appeared"):
        votes("recent", late)


def test_families_of_a_new_developers_base_model_count_the_same():
    found = votes("new-family")
    assert found.family.tolist() == [0, 0, 1, 2]
    one = MODELS[MODELS["base_model"].str.startswith("llama")]
    with pytest.raises(QueryError, match=r"all base models of this fit are of one family \('llama'\)"):
        votes("new-family", one)


def test_populations_have_names():
    with pytest.raises(QueryError, match="population: unknown choice 'best'"):
        votes("best")


@pytest.mark.parametrize("name", POPULATIONS)
def test_shares_have_the_mean_of_the_votes(name):
    population, n = votes(name), 20_000
    shares = population.shares(np.random.default_rng(5), n, drawn=True)
    assert shares.shape[1] > len(NAMES)
    shares /= shares.sum(axis=1, keepdims=True)
    assert (shares >= 0.0).all()
    there = population.votes
    if population.family is not None:
        # one vote a family, divided among its base models as they vote
        of_family = np.bincount(population.family, there)
        there = there / of_family[population.family]
    total = there.sum() + PRIOR_BASE_MODELS
    mean = there / total
    # shares of a Dirichlet distribution have the variance m (1 - m) / (total + 1); four standard errors of 20,000
    error = 4 * np.sqrt(mean * (1 - mean) / (total + 1) / n)
    assert (abs(shares[:, : len(NAMES)].mean(axis=0) - mean) <= error + 1e-12).all()
    still = population.shares(np.random.default_rng(5), 2, drawn=False)
    assert (still / still.sum(axis=1, keepdims=True))[:, : len(NAMES)] == pytest.approx(np.stack([mean, mean]))


def test_a_population_of_the_best_base_model_has_the_higher_boundary():
    frontier = make_frontier(base_model_effect=np.array([1.0, -1.0, -1.0])[:, None], base_model_scale=0.3)
    curves = frontier.curves
    low, high = (
        replace(curves, population=Population(np.array(v))).at(np.array([23.5]), 0, np.array([1]), None).mean()
        for v in ([0.0, 9.0, 9.0], [18.0, 0.0, 0.0])
    )
    assert high > low + 0.1
