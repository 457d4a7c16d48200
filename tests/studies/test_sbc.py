import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.model.likelihood import smooth_pinball_loss
from studies import sbc


def test_residual_draws_have_the_density_of_the_likelihood():
    uniform = (np.arange(200_000) + 0.5) / 200_000
    drawn = sbc.residual_draws(uniform)
    scale = sbc.own_scale()
    edges = np.linspace(-0.15, 0.02, 18)
    counts, _ = np.histogram(drawn, edges)
    fine = (edges[:-1, None] + np.diff(edges)[:, None] * (np.arange(50) + 0.5) / 50).reshape(-1)
    density = np.exp(-smooth_pinball_loss(fine, sbc.TAU, scale.half_width[0]) / scale.scale[0])
    ratio = counts / density.reshape(-1, 50).sum(axis=1)
    np.testing.assert_allclose(ratio / ratio.mean(), 1.0, atol=0.02)


def test_the_loss_has_mean_slope_zero_at_the_draws():
    # the score identity of a location family, which holds for the density of the loss and for no other
    h = sbc.own_scale().half_width[0]
    drawn = sbc.residual_draws((np.arange(200_000) + 0.5) / 200_000)
    slope = np.clip(0.5 * (drawn / h + 1.0), 0.0, 1.0) - (1.0 - sbc.TAU)
    assert slope.mean() == pytest.approx(0.0, abs=1e-4)


def test_the_layout_has_small_and_large_base_models():
    data = sbc.layout()
    assert data.counts[:, 0].min() < 12
    assert data.counts[:, 0].max() > 60
    assert (len(data.tasks), data.n_periods) == (2, 2)


def test_quantities_are_boundaries_drift_effects_and_scales():
    data = sbc.layout()
    dims = ("task", "period", "sample")
    shape = (2, 2, 5)
    draws = xr.Dataset(
        {
            "floor": (dims, np.full(shape, 0.2)),
            "ceiling": (dims, np.full(shape, 0.8)),
            "slope": (dims, np.full(shape, 1.0)),
            "midpoint": (dims, np.stack([np.full((2, 5), data.compute.low), np.full((2, 5), data.compute.low - 1)], 1)),
            "steepness": (("task", "node", "sample"), np.ones((2, len(data.compute.nodes), 5))),
            "steepness_scale": (("task", "sample"), np.full((2, 5), 0.5)),
            "base_model_scale": (("task", "sample"), np.full((2, 5), 0.3)),
            "base_model_effect": (("base_model", "task", "sample"), np.arange(120.0).reshape(12, 2, 5)),
        }
    )
    found = sbc.quantities(draws, data)
    assert len(found) == 2 * 10
    assert {values.shape for values in found.values()} == {(5,)}
    later = 0.2 + 0.6 / (1 + np.exp(-1.0))
    assert found["boundary at low compute, task 1"] == pytest.approx(later)
    assert found["drift at low compute, task 1"] == pytest.approx(later - 0.5)
    assert found["scale of base models, task 2"] == pytest.approx(0.3)
    assert found["scale of steepness, task 2"] == pytest.approx(0.5)
    # twice as steep everywhere: as far again from the first node, where compute is itself
    first = data.compute.nodes[0]
    bent = sbc.quantities(draws.assign(steepness=2.0 * draws["steepness"]), data)
    z = first + 2.0 * (data.compute.high - first)
    assert bent["boundary at high compute, task 1"] == pytest.approx(0.2 + 0.6 / (1 + np.exp(data.compute.low - 1 - z)))


def ranks(spread: float, shift: float = 0.0) -> pd.DataFrame:
    """Ranks of a posterior that is as wide as it should be, times `spread`, and off by `shift` deviations."""
    rng = np.random.default_rng(5)
    truth, draws = rng.normal(shift, 1, 200), spread * rng.normal(size=(200, 99))
    return pd.DataFrame({"x": ((draws < truth[:, None]).sum(axis=1) + rng.random(200)) / 100, "y": rng.random(200)})


def test_uniform_ranks_pass():
    table = sbc.uniformity(ranks(1.0))
    assert sbc.is_uniform(table["p_value"].to_list())
    assert table.loc["x", "spread"] == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("wrong", [ranks(0.6), ranks(1.9), ranks(1.0, 0.5)], ids=["narrow", "wide", "shifted"])
def test_wrong_posteriors_are_caught(wrong):
    assert not sbc.is_uniform(sbc.uniformity(wrong)["p_value"].to_list())


def test_a_narrow_posterior_spreads_the_ranks():
    assert sbc.uniformity(ranks(0.6)).loc["x", "spread"] > 1.15


@pytest.mark.slow
@pytest.mark.mcmc
def test_the_sampler_is_calibrated_under_its_own_likelihood():
    table = sbc.uniformity(sbc.ranks(bf.read_spec("hierarchical"), 60, 3, lambda *_: None))
    assert sbc.is_uniform(table["p_value"].to_list())
