"""Groups of a fit: variables that are the model's own, predictions that exceed the boundary as often as they should."""

import numpy as np
import pymc as pm
import pytest
import xarray as xr

import bayes_frontier as bf
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
