"""Sigmoid quantile curves: known curves found, losses at their minimum."""

import numpy as np
import pytest
from scipy.special import expit

from bayes_frontier.checks.backtest.baselines import Sigmoid, best_sigmoid, smoothed_sigmoid
from bayes_frontier.model.likelihood import pinball_loss

TRUE = Sigmoid(0.2, 0.8, 1.5, 23.5)


def noisy(n: int = 2000, tau: float = 0.9, seed: int = 0):
    """Scores whose tau-quantile is TRUE: uniform below and above it."""
    rng = np.random.default_rng(seed)
    z, p = rng.uniform(21.5, 25.5, n), rng.uniform(size=n)
    return z, TRUE(z) + np.where(p < tau, -0.15 * (1 - p / tau), 0.03 * (p - tau) / (1 - tau))


def smoothed_loss(curve: Sigmoid, z, y, tau, kappa, ridge):
    u = y - curve(z)
    return (np.logaddexp(0, kappa * u) / kappa + (tau - 1) * u).mean() + ridge * curve.slope**2


def test_a_curve_is_the_formula():
    z = np.array([20.0, 23.5, 30.0])
    np.testing.assert_allclose(TRUE(z), 0.2 + 0.6 * expit(1.5 * (z - 23.5)))


def test_scores_on_a_curve_give_it_back():
    z = np.linspace(21, 26, 80)
    found = best_sigmoid(z, TRUE(z), 0.9)
    # the sharpest loss still rounds the corner by about 1 / kappa = 2e-4
    np.testing.assert_allclose(found(z), TRUE(z), atol=1e-3)


def test_the_quantile_of_noisy_scores_is_found():
    z, y = noisy()
    found = best_sigmoid(z, y, 0.9)
    # 200 scores above the curve: its level is good to about 0.01, here at 5 computes
    at = np.linspace(22, 25, 5)
    np.testing.assert_allclose(found(at), TRUE(at), atol=0.02)
    assert pinball_loss(y - found(z), 0.9).mean() <= pinball_loss(y - TRUE(z), 0.9).mean()
    # four parameters: at most 4 scores lie on the curve, so coverage is tau to 4 / n
    assert np.mean(y <= found(z)) == pytest.approx(0.9, abs=4 / len(y) + 1e-3)


def test_no_neighbour_of_the_best_is_better():
    z, y = noisy(400)
    found = best_sigmoid(z, y, 0.9)
    least = pinball_loss(y - found(z), 0.9).mean()
    for name, step in (("floor", 0.01), ("ceiling", 0.01), ("slope", 0.1), ("midpoint", 0.05)):
        for sign in (-1, 1):
            other = Sigmoid(**{**vars(found), name: getattr(found, name) + sign * step})
            assert pinball_loss(y - other(z), 0.9).mean() >= least - 1e-6


@pytest.mark.parametrize("kappa", [50.0, 1000.0])
def test_the_smoothed_loss_is_at_its_minimum(kappa):
    z, y = noisy(400)
    found = smoothed_sigmoid(z, y, 0.9, kappa=kappa, ridge=1e-3)
    least = smoothed_loss(found, z, y, 0.9, kappa, 1e-3)
    assert least <= smoothed_loss(TRUE, z, y, 0.9, kappa, 1e-3)
    for name, step in (("floor", 0.005), ("ceiling", 0.005), ("slope", 0.05), ("midpoint", 0.02)):
        for sign in (-1, 1):
            other = Sigmoid(**{**vars(found), name: getattr(found, name) + sign * step})
            assert smoothed_loss(other, z, y, 0.9, kappa, 1e-3) >= least - 1e-8


def test_smoothing_raises_the_curve():
    z, y = noisy(tau=0.98)
    covered = [np.mean(y <= smoothed_sigmoid(z, y, 0.98, kappa=k, ridge=1e-3)(z)) for k in (50.0, 1000.0)]
    # with 40 scores above, the exact fit's coverage is 0.98 to 0.002; logistic noise of SD 0.036 lifts the other
    assert covered[0] > 0.99 > covered[1]


def test_a_ridge_flattens():
    z, y = noisy(400)
    slopes = [smoothed_sigmoid(z, y, 0.9, kappa=50.0, ridge=r).slope for r in (0.0, 1e-3, 1e-1)]
    assert slopes[0] > slopes[1] > slopes[2]


@pytest.mark.parametrize("fit", [best_sigmoid, lambda z, y, tau: smoothed_sigmoid(z, y, tau, kappa=50.0, ridge=1e-3)])
@pytest.mark.parametrize("score", ["zeros", "falling", "one compute"])
def test_hard_cases_stay_scores(fit, score):
    z = np.full(30, 23.0) if score == "one compute" else np.linspace(22, 25, 30)
    y = {"zeros": np.zeros(30), "falling": np.linspace(0.9, 0.1, 30)}.get(score, np.linspace(0, 1, 30))
    curve = fit(z, y, 0.9)
    values = curve(np.linspace(15, 32, 50))
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (values <= 1).all()
    assert (np.diff(values) >= 0).all()
