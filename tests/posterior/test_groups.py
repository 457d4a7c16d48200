"""Groups of a fit: variables that are the model's own, predictions that exceed the boundary as often as they should."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pymc as pm
import pytest
import xarray as xr
from arviz_plots.plots.utils_ppc import get_ppc_pit
from scipy import stats

import bayes_frontier as bf
from bayes_frontier.checks.records import cluster_error
from bayes_frontier.model.sample import rounded
from bayes_frontier.posterior import groups
from tests.draws import make_frontier

pytestmark = pytest.mark.mcmc


@pytest.fixture(scope="module")
def tree(small_fit) -> xr.DataTree:
    return small_fit.datatree


def test_the_models_variables_give_the_kept_ones(small_fit):
    draws = small_fit.posterior["posterior"].dataset.isel(draw=slice(0, None, 50))
    model = small_fit.model()
    free = [v.name for v in model.free_RVs]
    assert set(free) <= set(draws.data_vars)
    names = ["floor", "ceiling", "slope", "midpoint", "drift", "base_model_effect"]
    outputs = [model[name] for name in names]
    with model:
        inputs = [model[name] for name in free]
        compute = pm.pytensorf.compile(inputs, outputs, mode="FAST_COMPILE", on_unused_input="ignore")
    for chain, draw in ((0, 0), (1, -1)):
        one = draws.isel(chain=chain, draw=draw)
        point = [one[name].transpose(*model.named_vars_to_dims.get(name, ())).to_numpy() for name in free]
        for name, value in zip(names, compute(*(p.astype(float) for p in point)), strict=True):
            kept = one[name].transpose(*model.named_vars_to_dims[name]).to_numpy()
            # a fit that was saved is without the first stretch, in which drift is zero
            value = value[..., -kept.shape[-1] :] if name == "drift" else value
            # variables are kept in single precision, levels to four digits of a logit of a few units
            np.testing.assert_allclose(value, kept, rtol=1e-4, atol=2e-3, err_msg=name)


def test_every_variable_has_a_name_and_a_unit_and_varies(tree):
    for group in ("posterior", "prior", "posterior_predictive", "observed_data", "sample_stats", "constant_data"):
        for name, values in tree[group].data_vars.items():
            assert str(name) in groups.NAMES, f"{group}/{name}"
            assert {"long_name", "units"} <= values.attrs.keys()
    spread = tree["posterior"].dataset.std(("chain", "draw"))
    assert all((values > 0).all() for values in spread.data_vars.values())
    assert {"tree_depth", "reached_max_treedepth", "energy_error", "lp"} <= set(tree["sample_stats"].data_vars)


def test_predictions_exceed_the_boundary_with_the_right_probability(small_fit, tree):
    predicted = tree["posterior_predictive"]["score"]
    q, record, task, _ = groups.boundaries(small_fit)
    assert predicted.shape == q.shape
    share = float((predicted.to_numpy() > q).mean())
    # tens of thousands of independent draws: four standard errors are below 0.01; rounding is to 1e-4
    assert share == pytest.approx(1.0 - small_fit.tau, abs=0.01)
    table = small_fit.evaluations.table
    np.testing.assert_array_equal(tree["observed_data"]["score"], table["score"])
    assert (np.array(small_fit.tasks)[task] == table["task"].to_numpy()).all()
    assert (record == table["row"].to_numpy()).all()


def pit_values(predicted: xr.DataArray, scores: xr.DataArray) -> np.ndarray:
    """Where scores are among their predictions, as `plot_ppc_pit` has it: (0, 1), uniform without misfit."""
    drawn = predicted.transpose("chain", "draw", "observation").to_numpy().reshape(-1, scores.size)
    below, equal = (drawn < scores.to_numpy()).mean(axis=0), (drawn == scores.to_numpy()).mean(axis=0)
    return below + np.random.default_rng(0).random(scores.size) * equal


def test_scores_exceed_the_boundary_as_often_as_they_should_and_are_where_predicted(small_fit, tree):
    seen, predicted = tree["observed_data"]["score"], tree["posterior_predictive"]["score"]
    q, record, task, _ = groups.boundaries(small_fit)
    models = small_fit.evaluations.models.iloc[record].reset_index(drop=True)
    uploader = models["model"].str.split("/").str[0]
    for k in range(len(small_fit.tasks)):
        own = task == k
        exceeds = pd.Series((seen.to_numpy() > q).mean(axis=(0, 1))[own])
        for cluster in (models["base_model"], uploader):
            error, _ = cluster_error(exceeds, cluster[own].reset_index(drop=True))
            assert abs(exceeds.mean() - (1.0 - small_fit.tau)) < 3.0 * error + 1e-9
        pit = pit_values(predicted[..., own], seen[own])
        # for independent scores: base models of this table have next to nothing in common but their boundary
        assert stats.kstest(pit, "uniform").pvalue > 0.01
        # scores that are not as they were fitted, by a third of their spread
        assert stats.kstest(pit_values(predicted[..., own], seen[own] + 0.02), "uniform").pvalue < 0.001


def test_arvizs_test_of_pit_values_sees_misfit_and_no_other(tree):
    groups_ = {name: tree[name].to_dataset() for name in ("posterior_predictive", "observed_data")}
    moved = {**groups_, "observed_data": groups_["observed_data"] + 0.02}
    found = {}
    for name, one in (("fitted", groups_), ("moved", moved)):
        made = get_ppc_pit(one["posterior_predictive"], one["observed_data"], ["chain", "draw"], "pot_c")
        values = made["ecdf_pit"].to_dataset()
        found[name] = float(values.azstats.uniformity_test(dim=values.dims, method="pot_c")[0]["score"])
    assert found["fitted"] > 0.01
    assert found["moved"] < 0.001


def test_low_boundaries_leave_no_heap_of_zeros(small_fit):
    """Residuals of high boundaries are longer than a low one; scores below it are shares of it."""
    low = deepcopy(small_fit.posterior)
    quantiles = low["constant_data"]["residual_quantiles"]
    low["constant_data"]["residual_quantiles"] = quantiles.where(quantiles > 0, 8.0 * quantiles)
    drawn = groups.predictive(bf.Frontier(small_fit.evaluations, small_fit.spec, small_fit.tau, low, {}))["score"]
    q = groups.boundaries(small_fit)[0]
    assert float((drawn == 0).mean()) < 0.001
    # how often scores exceed the boundary is not touched
    assert float((drawn.to_numpy() > q).mean()) == pytest.approx(1.0 - small_fit.tau, abs=0.01)


def test_the_working_density_says_what_it_is(small_fit):
    density = small_fit.working_log_density()
    assert np.isfinite(density["score"]).all()
    assert "no model of single scores" in density.attrs["comment"]


def test_a_saved_fit_answers_alike(small_fit, tmp_path):
    small_fit.save(tmp_path / "fit.nc")
    back = bf.load(tmp_path / "fit.nc")
    xr.testing.assert_equal(back.boundary(1e24), small_fit.boundary(1e24))
    xr.testing.assert_allclose(back.fitted(), small_fit.fitted())
    assert {"prior", "posterior_predictive", "observed_data"} <= set(back.posterior.children)
    assert back.datatree is back.posterior


def test_fits_of_before_stay_as_they_are():
    frontier = make_frontier()
    assert frontier.datatree is frontier.posterior


def test_rounding_keeps_four_digits():
    values = np.random.default_rng(0).normal(size=1000)
    np.testing.assert_allclose(rounded(values), values, rtol=2.0**-13)
    assert np.isnan(rounded([np.nan]))[0]
