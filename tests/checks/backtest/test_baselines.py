"""Baselines: what each must give by definition, where libraries are wired in, and sigmoid curves that are known."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.special import expit
from sklearn.preprocessing import SplineTransformer

from bayes_frontier.checks.backtest import baselines
from bayes_frontier.checks.backtest.baselines import (
    BASELINES,
    DEFAULT,
    Rows,
    Sigmoid,
    best_sigmoid,
    choose,
    smoothed_sigmoid,
)
from bayes_frontier.errors import QueryError
from bayes_frontier.model.likelihood import pinball_loss

TAU = 0.9
TRUE = Sigmoid(0.2, 0.8, 1.5, 23.5)


def rows(n: int = 600, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    z = rng.uniform(21, 25, n)
    base = np.array([f"base {i}" for i in rng.integers(0, 6, n)], dtype=object)
    lift = 0.05 * np.array([float(name[-1]) for name in base])
    return Rows(z, base, np.clip(0.1 + 0.1 * (z - 21) + lift - rng.exponential(0.05, n), 0, 1))


FITTED, ASKED = rows(), rows(80, 1)


@pytest.mark.parametrize("name", BASELINES)
def test_levels_are_scores_one_a_record(name):
    fitted = ASKED if name == "oracle" else FITTED
    levels = BASELINES[name].levels(fitted, ASKED, TAU)
    assert levels.shape == (80,)
    assert (levels >= 0).all()
    assert (levels <= 1).all()


@pytest.mark.parametrize("name", [name for name in BASELINES if name not in ("paper", "paper-all")])
def test_scores_fitted_are_covered_at_about_tau(name):
    levels = BASELINES[name].levels(FITTED, FITTED, TAU)
    # quantile fits with few parameters are within parameters / n; bins, bases and trees have tens of them
    assert np.mean(FITTED.score <= levels) == pytest.approx(TAU, abs=0.04)


@pytest.mark.parametrize("name", BASELINES)
def test_scores_asked_for_are_not_looked_at(name):
    blind = Rows(ASKED.z, ASKED.base_model, np.full(len(ASKED.z), np.nan))
    one = BASELINES[name].levels(FITTED, ASKED, TAU)
    np.testing.assert_array_equal(one, BASELINES[name].levels(FITTED, blind, TAU))


@pytest.mark.parametrize("name", ["constant", "bins", "ispline", "linear", "paper", "exact", "oracle", "base-model"])
def test_one_compute_only(name):
    fitted = Rows(np.full(40, 23.0), FITTED.base_model[:40], FITTED.score[:40])
    levels = BASELINES[name].levels(fitted, ASKED, TAU)
    assert np.isfinite(levels).all()


def test_constant():
    np.testing.assert_allclose(baselines.constant(FITTED, ASKED, TAU), np.quantile(FITTED.score, TAU))


def test_bins_hold_equal_numbers_and_their_own_quantiles():
    z = np.arange(100.0)
    fitted = Rows(z, np.array(["a"] * 100, dtype=object), z / 100)
    asked = Rows(np.array([-50.0, 5.0, 55.0, 500.0]), np.array(["a"] * 4, dtype=object), np.zeros(4))
    expected = [np.quantile(z[lo : lo + 10] / 100, TAU) for lo in (0, 0, 50, 90)]
    np.testing.assert_allclose(baselines.bins(fitted, asked, TAU), expected)


def test_bins_with_ties_leave_none_empty():
    z = np.repeat([22.0, 23.0, 24.0], [200, 20, 80])
    fitted = Rows(z, FITTED.base_model[:300], FITTED.score[:300])
    levels = baselines.bins(fitted, Rows(np.array([21.0, 22.0, 22.5, 23.0, 25.0]), FITTED.base_model[:5], z[:5]), TAU)
    assert np.isfinite(levels).all()
    assert levels[0] == levels[1] == np.quantile(FITTED.score[:200], TAU)


def test_the_spline_increases_and_ends_flat():
    z = np.linspace(18, 28, 200)
    levels = baselines.ispline(FITTED, Rows(z, np.array([""] * 200, dtype=object), z), TAU)
    assert (np.diff(levels) >= -1e-9).all()
    beyond = (z > FITTED.z.max()) | (z < FITTED.z.min())
    assert len(np.unique(levels[beyond].round(9))) == 2
    assert levels[-1] - levels[0] > 0.2


def test_the_spline_is_the_solution_of_the_primal_problem():
    n = 60
    fitted = Rows(FITTED.z[:n], FITTED.base_model[:n], FITTED.score[:n])
    knots = np.quantile(fitted.z, np.linspace(0, 1, baselines.N_KNOTS))[:, None]
    spline = SplineTransformer(degree=3, knots=knots).fit_transform(fitted.z[:, None])
    basis = spline[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    design = np.hstack([np.ones((n, 1)), basis, np.eye(n), -np.eye(n)])
    price = np.concatenate([np.zeros(1 + basis.shape[1]), np.full(n, TAU), np.full(n, 1 - TAU)])
    limits = [(None, None)] + [(0, None)] * (basis.shape[1] + 2 * n)
    least = linprog(price, A_eq=design, b_eq=fitted.score, bounds=limits, method="highs").fun
    loss = pinball_loss(fitted.score - baselines.ispline(fitted, fitted, TAU), TAU).sum()
    assert loss == pytest.approx(least, rel=1e-6)


def test_a_line_is_found():
    fitted = Rows(FITTED.z, FITTED.base_model, 0.1 * (FITTED.z - 20))
    np.testing.assert_allclose(baselines.linear(fitted, ASKED, TAU), 0.1 * (ASKED.z - 20), atol=1e-6)


def test_a_line_is_cut_at_one():
    fitted = Rows(FITTED.z, FITTED.base_model, 0.2 * (FITTED.z - 20.5))
    beyond = Rows(np.array([30.0]), np.array(["a"], dtype=object), np.zeros(1))
    assert baselines.linear(fitted, beyond, TAU).tolist() == [1.0]


def test_base_models_have_their_own_quantile_and_new_ones_the_pooled():
    asked = Rows(np.zeros(2), np.array(["base 3", "never seen"], dtype=object), np.zeros(2))
    own = np.quantile(FITTED.score[FITTED.base_model == "base 3"], TAU)
    np.testing.assert_allclose(baselines.base_models(FITTED, asked, TAU), [own, np.quantile(FITTED.score, TAU)])


def test_boosted_trees_know_the_base_model():
    strong, weak = (Rows(np.full(1, 23.0), np.array([b], dtype=object), np.zeros(1)) for b in ("base 5", "base 0"))
    gap = baselines.boosted_base(FITTED, strong, TAU) - baselines.boosted_base(FITTED, weak, TAU)
    # 0.25 apart by construction; 50 scores a base leave an error of a few hundredths
    assert gap[0] > 0.1
    assert baselines.boosted(FITTED, strong, TAU) == baselines.boosted(FITTED, weak, TAU)


def test_boosted_trees_increase_with_compute():
    z = np.linspace(21, 25, 50)
    levels = baselines.boosted_base(FITTED, Rows(z, np.array(["base 2"] * 50, dtype=object), z), TAU)
    # not exactly: scikit-learn sets the leaves to quantiles after its constrained splits
    down = -np.diff(levels).clip(max=0.0).sum()
    assert down < 0.2 * (levels[-1] - levels[0])


def test_base_models_with_one_score_each_are_no_obstacle():
    many = Rows(FITTED.z, np.array([f"b{i}" for i in range(600)], dtype=object), FITTED.score)
    assert np.isfinite(baselines.boosted_base(many, many, TAU)).all()


def test_names():
    assert [one.name for one in choose()] == list(DEFAULT)
    assert [one.name for one in choose("bins")] == ["bins"]
    assert [one.name for one in choose(["linear", "oracle", "linear"])] == ["linear", "oracle"]
    assert len(choose("all")) == len(BASELINES) == 19
    windows = pd.Series({name: one.window for name, one in BASELINES.items()})
    assert (windows[windows.index.str.endswith("-all")] == "past").all()
    assert windows["oracle"] == "next"
    assert windows["paper"] == "last"


@pytest.mark.parametrize(("name", "hint"), [("papre", "'paper'"), ("oracle-all", "'oracle'"), ("xyz", "'constant'")])
def test_an_unknown_name(name, hint):
    with pytest.raises(QueryError, match=hint):
        choose([name])


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
