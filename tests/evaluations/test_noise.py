"""Distributions of unit variance, and quantiles of sums of two of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtri

from bayes_frontier.evaluations.truth import NOISES, quantile_of_sum

names = pytest.mark.parametrize("name", list(NOISES))
probabilities = st.floats(1e-6, 1 - 1e-6)


@names
def test_mean_is_zero_and_variance_one(name):
    """Integrate the tails: E[x] and E[x^2] in terms of F alone."""
    cdf = NOISES[name].cdf
    mean, _ = quad(lambda x: 1 - cdf(x) - cdf(-x), 0, np.inf)
    square, _ = quad(lambda x: 2 * x * (1 - cdf(x) + cdf(-x)), 0, np.inf, limit=200)
    assert mean == pytest.approx(0, abs=1e-7)
    assert square == pytest.approx(1, abs=1e-6)


@names
@given(p=probabilities)
def test_quantile_inverts_the_distribution_function(name, p):
    noise = NOISES[name]
    assert float(noise.cdf(noise.quantile(p))) == pytest.approx(p, rel=1e-9)


def test_skewed_noise_has_its_long_tail_below():
    low, high = NOISES["skewed"].quantile([0.01, 0.99])
    assert low == pytest.approx(-3.13, abs=0.01)
    assert high == pytest.approx(1.64, abs=0.01)
    wide = NOISES["student"].quantile(0.999)
    assert wide == pytest.approx(10.2145 / np.sqrt(3), rel=1e-4)


def test_distribution_functions_reach_their_ends_without_a_warning():
    for noise in NOISES.values():
        assert noise.cdf(np.array([-1e6, 1e6])).tolist() == pytest.approx([0, 1], abs=1e-12)


@given(tau=probabilities, share=st.floats(0, 0.9999))
def test_two_gaussians_make_a_gaussian(tau, share):
    assert quantile_of_sum.__wrapped__(tau, share, "gaussian", "gaussian") == pytest.approx(float(ndtri(tau)))


@names
def test_without_a_shared_part_the_own_quantile_is_left(name):
    assert quantile_of_sum(0.98, 0.0, "student", name) == float(NOISES[name].quantile(0.98))


@pytest.mark.parametrize("share", [1e-6, 0.2, 0.7, 0.9999])
@pytest.mark.parametrize(("common", "own"), list(itertools.product(NOISES, NOISES)))
def test_sums_have_that_probability_below_their_quantile(common, own, share):
    """Midpoint rule on 400,000 probabilities, whose own error is about 1e-6, in place of quadrature."""
    tau = 0.98
    top = quantile_of_sum(tau, share, common, own)
    u = (np.arange(400_000) + 0.5) / 400_000
    b, e = NOISES[common], NOISES[own]
    below = e.cdf((top - np.sqrt(share) * b.quantile(u)) / np.sqrt(1 - share)).mean()
    assert below == pytest.approx(tau, abs=2e-6)


def test_a_sample_agrees():
    """Four standard errors of a proportion in 1,000,000 draws."""
    u = np.random.default_rng(1).random((2, 1_000_000))
    x = np.sqrt(0.4) * NOISES["student"].quantile(u[0]) + np.sqrt(0.6) * NOISES["skewed"].quantile(u[1])
    below = (x <= quantile_of_sum(0.9, 0.4, "student", "skewed")).mean()
    assert below == pytest.approx(0.9, abs=4 * np.sqrt(0.9 * 0.1 / 1e6))


@settings(deadline=None, max_examples=30)
@given(
    pair=st.sampled_from(list(itertools.product(NOISES, NOISES))),
    share=st.floats(0.0, 0.9999),
    taus=st.tuples(st.floats(0.001, 0.999), st.floats(0.001, 0.999)).filter(lambda t: abs(t[0] - t[1]) > 1e-4),
)
def test_quantiles_of_sums_increase_with_the_probability(pair, share, taus):
    low, high = sorted(taus)
    assert quantile_of_sum(low, share, *pair) < quantile_of_sum(high, share, *pair)
