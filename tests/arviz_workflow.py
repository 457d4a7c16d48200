"""What a user of ArviZ does with a saved fit, without this package: run with warnings as errors by test_install.py."""

import sys

import arviz as az
import matplotlib as mpl
import numpy as np
import xarray as xr

mpl.use("Agg")


def main(path: str) -> None:
    """Look at a fit in the usual ways."""
    fit = az.from_netcdf(path)
    posterior, stats = fit["posterior"].dataset, fit["sample_stats"].dataset
    for group in ("posterior", "prior", "posterior_predictive", "observed_data", "sample_stats", "constant_data"):
        dataset = fit[group].dataset
        assert all("long_name" in values.attrs and "units" in values.attrs for values in dataset.data_vars.values())
    assert int(stats["diverging"].sum()) <= 0.001 * stats["diverging"].size
    assert int(stats["reached_max_treedepth"].sum()) == 0
    assert not (posterior.std(("chain", "draw")) == 0).any().to_array().any(), "a variable that does not vary"
    names = ["high_mean", "high_spread", "drift_typical", "base_model_typical"]
    table = az.summary(fit, var_names=[*names, "ceiling", "drift", "drift_velocity"])
    assert np.isfinite(table.select_dtypes("number").to_numpy()).all()
    assert (az.rhat(fit, var_names=names).dataset.to_array() < 1.02).all()
    assert (az.ess(fit, var_names=names).dataset.to_array() > 300).all()
    az.mcse(fit, var_names=names)
    az.hdi(fit, var_names=["ceiling"])
    az.eti(fit, var_names=["drift"])
    az.bfmi(fit)
    az.extract(fit, var_names=["base_model_effect"], num_samples=100, random_seed=1)
    az.plot_forest(fit, var_names=["drift"], combined=True)
    az.plot_forest(fit, var_names=["base_model_effect"], coords={"base_model": posterior["base_model"].to_numpy()[:8]})
    az.plot_ridge(fit, var_names=["drift_velocity"])
    az.plot_rank_dist(fit, var_names=names)
    az.plot_rank(fit, var_names=["ceiling"])
    az.plot_trace(fit, var_names=names)
    az.plot_trace_dist(fit, var_names=names)
    az.plot_dist(fit, var_names=["drift_scale"])
    az.plot_ess(fit, var_names=names)
    az.plot_autocorr(fit, var_names=names)
    az.plot_energy(fit)
    az.plot_pair(fit, var_names=["drift_typical", "drift_spread"], visuals={"divergence": True})
    az.plot_prior_posterior(fit, var_names=["drift_typical", "base_model_typical"])
    az.plot_ppc_dist(fit, num_samples=40)
    az.plot_ppc_pit(fit)
    coverage = (fit["observed_data"]["score"] <= fit["posterior_predictive"]["score"]).mean()
    assert 0.4 < float(coverage) < 0.6
    assert isinstance(fit["posterior"].dataset.sel(task=fit["posterior"]["task"][0]), xr.Dataset)


if __name__ == "__main__":
    main(sys.argv[1])
