"""The likelihood as a building block: against PyMC's asymmetric Laplace, quantile regression, and JAX."""

import warnings

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor import function
from pytensor.graph.fg import FunctionGraph
from sklearn.linear_model import QuantileRegressor

import bayes_frontier as bf
from bayes_frontier.errors import DataError

TAU, N = 0.9, 400
TRUTH = (0.3, 0.2)


@pytest.fixture(scope="module")
def scores() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 1, N)
    return x, TRUTH[0] + TRUTH[1] * x + 0.1 * (rng.gumbel(size=N) + np.log(-np.log(TAU)))


def linear(x, y, scale) -> pm.Model:
    with pm.Model() as model:
        a, b = pm.Normal("a", 0, 10), pm.Normal("b", 0, 10)
        bf.frontier_likelihood("score", a + b * x, scale, y)
    return model


def test_far_from_a_score_it_is_pymcs_asymmetric_laplace(scores):
    x, y = scores
    one = np.ones(1)
    scale = bf.Scale(one, 0.05 * one, 1e-9 * one, TAU * one)
    with pm.Model() as theirs:
        a, b = pm.Normal("a", 0, 10), pm.Normal("b", 0, 10)
        pm.AsymmetricLaplace("score", q=TAU, b=np.sqrt(TAU * (1 - TAU)) / 0.05, mu=a + b * x, observed=y)
    ours = linear(x, y, scale)
    for point in ({"a": 0.3, "b": 0.2}, {"a": -1.0, "b": 0.7}, {"a": 2.0, "b": -0.1}):
        ours_at, theirs_at = (m.compile_logp(sum=False, mode="FAST_COMPILE")(point)[-1] for m in (ours, theirs))
        np.testing.assert_allclose(ours_at, theirs_at, rtol=1e-9)


def test_the_mode_is_the_quantile_regression(scores):
    x, y = scores
    regression = QuantileRegressor(quantile=TAU, alpha=0.0).fit(x[:, None], y)
    scale = bf.Scale.calibrated([y - regression.predict(x[:, None])], TAU, smoothing=0.2)
    model = linear(x, y, scale)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mode = pm.find_MAP(model=model, start={"a": 0.0, "b": 0.0}, progressbar=False)
    # smoothing moves the minimum by a part of the half-width; the line's own error is sqrt(tau (1 - tau) / n) / density
    apart = [mode["a"] + mode["b"] * at - regression.predict([[at]])[0] for at in (0.0, 0.5, 1.0)]
    assert np.abs(apart).max() < float(scale.half_width[0])
    error = np.sqrt(TAU * (1 - TAU) / N) / float(scale.density[0])
    assert np.abs([mode["a"] - TRUTH[0], mode["b"] - TRUTH[1]]).max() < 8 * error


def test_what_is_no_score_or_task_is_refused(scores):
    x, y = scores
    scale = bf.Scale.calibrated([y - np.quantile(y, TAU)], TAU, smoothing=1.5)
    with pm.Model():
        with pytest.raises(DataError, match="finite scores"):
            bf.frontier_likelihood("score", x, scale, np.where(y > 0, y, np.nan) * np.nan)
        with pytest.raises(DataError, match="numbers from 0 to 0"):
            bf.frontier_likelihood("score", x, scale, y, task=1)
    model = linear(x, y, scale)
    with pytest.raises(NotImplementedError, match="no model of scores"):
        pm.draw(model["score"], mode="FAST_COMPILE")


def test_jax_has_the_grouped_loss_and_its_slope():
    pytest.importorskip("jax", reason="jax is not installed: the loss is not compared in JAX")
    import jax
    from pytensor.link.jax.dispatch import jax_funcify

    rng = np.random.default_rng(5)
    cell = rng.integers(0, 30, 600)
    cell[cell == 7] = 8  # a cell without scores, and one of two in a row
    scores = bf.GroupedScores.from_scores(rng.normal(0.5, 0.1, 600).round(2), cell, 30)
    scores = scores.weighted(rng.uniform(0.2, 1.0, 600))
    q = pt.dvector("q")
    loss = bf.grouped_pinball(q, scores, rng.uniform(0.5, 0.98, 30), rng.uniform(0.001, 0.2, 30))
    expected = function([q], [loss, pytensor.grad(loss.sum(), q)], mode="FAST_COMPILE")
    in_jax = jax_funcify(FunctionGraph([q], [loss], clone=True))
    pulled = jax.grad(lambda at: in_jax(at)[0].sum())
    # among the scores, at breakpoints, below all and above all
    for at in (rng.normal(0.5, 0.1, 30), np.full(30, 0.5), np.full(30, -3.0), np.full(30, 4.0)):
        value, slope = expected(at)
        np.testing.assert_allclose(in_jax(at)[0], value, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(pulled(at), slope, rtol=1e-12, atol=1e-12)
    assert np.isnan(in_jax(np.full(30, np.nan))[0][0])
