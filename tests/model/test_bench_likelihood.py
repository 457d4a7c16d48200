"""The benchmark's stock model: the same likelihood as ours, up to a constant."""

import importlib.util
from pathlib import Path

import numpy as np
import pymc as pm
import pytest

from bayes_frontier.model.pinball import pinball_loss


@pytest.fixture(scope="module")
def bench():
    path = Path(__file__).parents[2] / "scripts" / "bench_likelihood.py"
    spec = importlib.util.spec_from_file_location("bench_likelihood", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("tau", "s"), [(0.98, 0.01), (0.5, 0.2), (0.1, 1.0)])
def test_pymcs_parameters_give_the_pinball_loss_over_the_scale(bench, tau, s):
    b, kappa = bench.asymmetric_laplace(tau, s)
    y, q = np.linspace(0, 1, 41), 0.4
    density = pm.logp(pm.AsymmetricLaplace.dist(b=b, kappa=kappa, mu=q), y).eval()
    constant = np.log(tau * (1 - tau) / s)
    assert density == pytest.approx(constant - pinball_loss(y - q, tau) / s)


def test_the_stock_model_has_the_same_likelihood_per_score(bench, build):
    built = build("hierarchical")
    e, data = built.evaluations, built.data
    stock = bench.stock_model(
        bench.read_spec("hierarchical"), data, e.table["score"], data.cell_of_score, 0.9, built.scale
    )
    names = ("floor", "ceiling", "slope", "midpoint", "drift", "base_model_effect_raw", "base_model_scale")
    outputs = stock.replace_rvs_by_values([*(stock[name] for name in names)])
    compiled = stock.compile_fn(
        [*outputs, stock.logp(vars=[stock["score"]], sum=True)],
        inputs=stock.value_vars,
        point_fn=True,
        mode="FAST_COMPILE",
        on_unused_input="ignore",
    )
    rng = np.random.default_rng(0)
    point = {k: np.asarray(v + 0.3 * rng.standard_normal(np.shape(v))) for k, v in stock.initial_point().items()}
    *values, density = compiled(point)
    floor, ceiling, slope, midpoint, drift, raw, base_scale = values
    cells = data.cells.iloc[data.cell_of_score]
    task, period, base, z = (cells[name].to_numpy() for name in ("task", "period", "base", "z"))
    q = bench.boundary_at(z, floor[task], ceiling[task], slope[task], midpoint[task])
    q = bench.expit(bench.logit(q) + drift[task, period] + (base_scale * raw)[base, task])
    s = built.scale.scale[task]
    loss = pinball_loss(e.table["score"].to_numpy() - q, 0.9)
    assert density == pytest.approx((np.log(0.09 / s) - loss / s).sum(), rel=1e-8)


def test_replicated_scores_keep_the_cells(bench, build):
    built = build()
    many = bench.replicated(built.evaluations, built.data, 5 * built.evaluations.n_scores)
    assert np.diff(many.start).tolist() == (5 * np.diff(built.data.scores.start)).tolist()
    assert many.records[:, 0].min() >= 0
    assert many.records[:, 0].max() <= 1
