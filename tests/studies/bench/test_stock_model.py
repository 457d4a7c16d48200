"""The benchmark's stock model: the same likelihood as ours, up to a constant."""

import numpy as np
import pymc as pm
import pytest
from scipy.special import expit, logit

from bayes_frontier.model.curve import boundary_at
from bayes_frontier.model.likelihood import pinball_loss
from studies.bench.bench_likelihood import replicated
from studies.bench.stock_model import CURVE, asymmetric_laplace, stock_model


@pytest.mark.parametrize(("tau", "s"), [(0.98, 0.01), (0.5, 0.2), (0.1, 1.0)])
def test_pymcs_parameters_give_the_pinball_loss_over_the_scale(tau, s):
    b, kappa = asymmetric_laplace(tau, s)
    y, q = np.linspace(0, 1, 41), 0.4
    density = pm.logp(pm.AsymmetricLaplace.dist(b=b, kappa=kappa, mu=q), y).eval()
    constant = np.log(tau * (1 - tau) / s)
    assert density == pytest.approx(constant - pinball_loss(y - q, tau) / s)


def test_the_stock_model_has_the_same_likelihood_per_score(build):
    built = build("hierarchical")
    e, data = built.evaluations, built.data
    stock = stock_model(built.spec, data, e.table["score"], data.cell_of_score, 0.9, built.scale)
    names = (*CURVE, "base_model_effect_raw", "base_model_scale")
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
    *curve, raw, base_scale, density = compiled(point)
    cells = data.cells.iloc[data.cell_of_score]
    task, period, base, z = (cells[name].to_numpy() for name in ("task", "period", "base", "z"))
    # Every period here is one stretch, so its curve is that of all its scores.
    assert data.stretches.n == data.n_periods
    q = boundary_at(z, *(part[task, period] for part in curve))
    q = expit(logit(q) + (base_scale * raw)[base, task])
    s = built.scale.scale[task]
    loss = pinball_loss(e.table["score"].to_numpy() - q, 0.9)
    assert density == pytest.approx((np.log(0.09 / s) - loss / s).sum(), rel=1e-8)


def test_replicated_scores_keep_the_cells(build):
    built = build()
    many = replicated(built.evaluations, built.data, 5 * built.evaluations.n_scores)
    assert np.diff(many.start).tolist() == (5 * np.diff(built.data.scores.start)).tolist()
    assert many.values.min() >= 0
    assert many.values.max() <= 1
