"""What users of PyMC do with the plain model and with the draws of a fit; every sampler that docs/arviz.md names."""

import warnings

import arviz as az
import numpy as np
import pymc as pm
import pytest
import xarray as xr

import bayes_frontier as bf

FAST = {"mode": "FAST_COMPILE"}


@pytest.fixture(scope="module")
def model(small_simulated) -> pm.Model:
    return bf.build_model(small_simulated[0], tau=0.9)


def test_the_model_is_drawn_with_its_coordinates(model):
    source = pm.model_to_graphviz(model).source
    for name in ("drift_step", "base_model_level", "ceiling", "scores"):
        assert name in source
    for dim in ("task (2)", "base_model (12)", "period (2)"):
        assert dim in source


def test_parts_of_the_model_are_set_and_observed(model):
    still = pm.do(model, {"drift_step": np.zeros((2, len(model.coords["step"])))})
    assert "drift_step" not in {v.name for v in still.free_RVs}
    drift = pm.draw(still["drift"], draws=2, random_seed=1, **FAST)
    # a walk without steps stays where it is
    np.testing.assert_array_equal(drift, 0.0)
    known = pm.observe(model, {"high_mean": 0.2})
    assert [v.name for v in known.observed_RVs] == ["high_mean"]


@pytest.mark.slow
def test_the_prior_is_drawn_by_pymc(model):
    with warnings.catch_warnings():
        # PyMC says that potentials are left out: they are the scores
        warnings.filterwarnings("ignore", "The effect of Potentials")
        drawn = pm.sample_prior_predictive(100, model=model, random_seed=1)["prior"]
    assert ((drawn["floor"] >= 0) & (drawn["floor"] < drawn["ceiling"]) & (drawn["ceiling"] <= 1)).all()


@pytest.mark.slow
@pytest.mark.mcmc
def test_a_mode_is_found_near_the_posterior(small_fit):
    best = pm.find_MAP(
        model=small_fit.model(), jitter=False, progressbar=False, return_inferencedata=True, include_transformed=False
    )
    ceiling = small_fit.posterior["posterior"]["ceiling"]
    found = best["posterior"]["ceiling"].squeeze(("chain", "draw")).transpose("task", "period")
    # modes of hierarchical models are no means: within the draws is what can be asked
    flat = ceiling.transpose("task", "period", "chain", "draw").to_numpy().reshape(*found.shape, -1)
    assert ((flat.min(axis=-1) - 0.1 < found) & (found < flat.max(axis=-1) + 0.1)).all()


@pytest.mark.slow
@pytest.mark.mcmc
def test_pymc_takes_a_fits_draws_for_its_own(small_fit):
    posterior = small_fit.datatree["posterior"].to_dataset().isel(draw=slice(0, 20))
    model = small_fit.model()
    made = pm.compute_deterministics(posterior, model=model, var_names=["ceiling"], progressbar=False)
    kept = posterior["ceiling"]
    # variables are kept in single precision
    np.testing.assert_allclose(made["ceiling"].transpose(*kept.dims), kept, atol=1e-5)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The effect of Potentials")
        warnings.filterwarnings("ignore", "The following trace variables were implicitly frozen")
        tree = xr.DataTree.from_dict({"posterior": posterior})
        drawn = pm.sample_posterior_predictive(tree, model=model, var_names=["ceiling"], progressbar=False)
    # not from the prior: each draw is the posterior's own
    np.testing.assert_allclose(drawn["posterior_predictive"]["ceiling"].transpose(*kept.dims), kept, atol=1e-5)


@pytest.mark.slow
@pytest.mark.mcmc
@pytest.mark.parametrize("sampler", ["nutpie", "pymc", "numpyro", "blackjax"])
def test_every_sampler_takes_the_plain_model(sampler):
    if sampler in ("numpyro", "blackjax"):
        pytest.importorskip(sampler)
    evaluations, _ = bf.simulate(3, n_models=80, n_base_models=6, tasks=1, periods=1, tau=0.9)
    with warnings.catch_warnings(), bf.build_model(evaluations, tau=0.9):
        # so few draws diverge, and JAX warns of devices that are not there
        warnings.simplefilter("ignore")
        tree = pm.sample(
            draws=20,
            tune=20,
            chains=2,
            cores=1,
            nuts_sampler=sampler,
            progressbar=False,
            random_seed=1,
            compute_convergence_checks=False,
        )
    assert np.isfinite(tree["posterior"]["ceiling"]).all()
    assert tree["posterior"]["base_model_effect"].dims[2:] == ("base_model", "task")


@pytest.mark.slow
@pytest.mark.mcmc
def test_numpyro_finds_the_boundaries_of_nutpie():
    pytest.importorskip("numpyro")
    evaluations, _ = bf.simulate(3, n_models=300, n_base_models=12, tasks=2, periods=2, tau=0.9)
    ours = bf.fit(evaluations, tau=0.9, seed=1, progress=False)
    with warnings.catch_warnings(), ours.model() as model:
        warnings.simplefilter("ignore")
        theirs = pm.sample(
            draws=1000,
            tune=500,
            chains=4,
            nuts_sampler="numpyro",
            progressbar=False,
            random_seed=2,
            target_accept=0.9,
            nuts_sampler_kwargs={"chain_method": "vectorized"},
        )
    assert {v.name for v in model.free_RVs} <= set(theirs["posterior"].data_vars)
    other = with_draws(ours, theirs)
    z = np.concatenate([apart(one(ours), one(other)).ravel() for one in (population, of_base_models)])
    # means of the same posterior differ by as many Monte Carlo errors as standard normal numbers are large
    assert (np.abs(z) > 3.0).mean() <= 0.01
    assert np.abs(z).max() < 4.5


def population(frontier: bf.Frontier) -> xr.DataArray:
    return frontier.boundary(np.geomspace(1e21, 1e25, 5), period="all")


def of_base_models(frontier: bf.Frontier) -> xr.DataArray:
    return xr.concat([frontier.boundary(1e23, base_model=name) for name in frontier.base_model_names], "base_model")


def with_draws(frontier: bf.Frontier, tree: xr.DataTree) -> bf.Frontier:
    """Give a fit the draws of another sampler."""
    groups = {name: tree[name].to_dataset() for name in ("posterior", "sample_stats")}
    groups["constant_data"] = frontier.posterior["constant_data"].to_dataset()
    return bf.Frontier(frontier.evaluations, frontier.spec, frontier.tau, xr.DataTree.from_dict(groups), {})


def apart(one: xr.DataArray, other: xr.DataArray) -> np.ndarray:
    """Differences of means, in Monte Carlo errors."""
    means = [values.mean(("chain", "draw")) for values in (one, other)]
    errors = [az.mcse(values.to_dataset(name="boundary"))["boundary"] for values in (one, other)]
    return ((means[0] - means[1]) / np.hypot(*errors)).to_numpy()
