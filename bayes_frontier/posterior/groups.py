"""What ArviZ and PyMC look for beside the draws: prior, prediction and data of a fit, with names, units and dates."""

import datetime as dt

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale, scale_of_scores
from bayes_frontier.model.clusters import Clusters
from bayes_frontier.model.curve import inverse_logit, log_flops
from bayes_frontier.model.data import FrontierData, Stretches
from bayes_frontier.model.engine import Levels
from bayes_frontier.model.likelihood import FloatArray, IntArray, smooth_pinball_loss
from bayes_frontier.model.model import frontier_model
from bayes_frontier.posterior.ahead import compute_fitted_at
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.posterior.query import Fit
from bayes_frontier.provenance import __version__

# Draws kept of what is large, and can be drawn again; and of the prior, which is small.
PREDICTIVE_DRAWS, PRIOR_DRAWS = 100, 500
# Fewer where so many scores would come of them.
_MOST_SCORES = 20_000_000
# Variables that have a value for every base model are left out of the prior: thousands of normal numbers.
_BY_BASE_MODEL = "base_model"
_SHARES = {
    "high": "boundary at the 84th percentile of compute",
    "start_share": "boundary at the 16th percentile of compute, as a share of that at the 84th",
    "floor_share": "floor as a share of the boundary at the 16th percentile of compute",
    "ceiling_share": "share of the room above the boundary at the 84th percentile that lies below the ceiling",
}
_OF_SHARES = {
    "mean": "mean over tasks",
    "spread": "standard deviation over tasks",
    "logit": "of each task",
    "raw": "deviation of each task from the mean, in standard deviations",
}
_SCALES = {
    "drift": "standard deviation of a quarter's drift",
    "base_model": "standard deviation of base-model effects",
    "steepness": "standard deviation of the logarithm of steepness",
}
_OF_SCALES = {
    "scale": ("of each task", "logit"),
    "typical": ("of a typical task", "logit"),
    "spread": ("standard deviation of its logarithm over tasks", "1"),
    "raw": ("deviation of its logarithm from a typical task's, in standard deviations", "1"),
}
# Long name and unit of every variable; "logit" is the logarithm of the odds of a score.
NAMES: dict[str, tuple[str, str]] = {
    "floor": ("lower asymptote of the boundary at the end of a period", "score"),
    "ceiling": ("upper asymptote of the boundary at the end of a period", "score"),
    "slope": ("steepness of the boundary", "1 / decade of FLOPs"),
    "midpoint": ("log10 FLOPs at which the boundary is half-way up", "log10 FLOPs"),
    "drift": ("drift of the boundary since the first stretch of time", "logit"),
    "drift_velocity": ("mean drift of a quarter of a year", "logit"),
    "drift_velocity_raw": ("mean drift of a quarter in units of its standard deviation", "1"),
    "drift_step": ("drift from one stretch of time to the next", "logit"),
    "steepness": ("steepness of the boundary at a compute, in units of its sigmoid's", "1"),
    "steepness_node": ("logarithm of steepness, in standard deviations", "1"),
    "base_model_effect": ("boundary of a base model above the typical one", "logit"),
    "base_model_level": ("boundary of a base model at its median compute and date, to four digits", "logit"),
    **{
        f"{s}_{p}": (f"{a}: {b}", "1" if p == "raw" else "logit of a share")
        for s, a in _SHARES.items()
        for p, b in _OF_SHARES.items()
    },
    **{f"{s}_{p}": (f"{a}, {b}", unit) for s, a in _SCALES.items() for p, (b, unit) in _OF_SCALES.items()},
    "score": ("score of a model on a task", "share of the range from 0 to 1"),
    "flops": ("pre-training compute of a record's base model", "FLOPs"),
    "residual_quantiles": ("quantiles of scores about the boundary", "score"),
    "density": ("density of scores at the boundary", "1 / score"),
    "scale": ("scale of the working likelihood", "score"),
    "half_width": ("half-width of the smoothed pinball loss", "score"),
    "likelihood_level": ("level of the smoothed pinball loss", "1"),
    "uploader_correlation": ("correlation of exceedances of one uploader's models", "1"),
    "tails": ("length of the upper tail of a base model's scores, in units of the usual", "1"),
    "diverging": ("whether a transition diverged", "1"),
    "energy": ("energy of the Hamiltonian", "1"),
    "energy_error": ("error of the energy", "1"),
    "n_steps": ("leapfrog steps of a transition", "1"),
    "step_size": ("size of leapfrog steps", "1"),
    "lp": ("log density of a draw, up to a constant", "1"),
    "tree_depth": ("depth of a transition's tree", "1"),
    "reached_max_treedepth": ("whether a transition reached the greatest depth", "1"),
    "acceptance_rate": ("mean acceptance rate of a transition", "1"),
}
# Coordinates of scores: name, column of the table of evaluations, and kind.
_COORDS = (("task", "task", object), ("record", "row", np.int64))
_PREDICTIVE = (
    "Scores drawn from the distribution of scores about the boundary (constant_data/residual_quantiles) around the "
    "boundary of each record's base model, or as shares of a boundary too low for these; not from the working "
    "likelihood, which is no model of scores."
)
_WORKING = (
    "Log density of a working likelihood, which is calibrated for the boundary and no model of single scores: "
    "leave-one-out scores (LOO) and power-scaling by it say nothing of prediction."
)


def completed(fit: Fit) -> xr.DataTree:
    """Add prior, posterior predictive and observed data to a fit's draws, with names and units on every variable."""
    tree, evaluations = fit.posterior, fit.evaluations
    groups: dict[str, xr.Dataset] = {name: tree[name].to_dataset() for name in tree.children}
    within = fit.spec.structure.periods == "random-walk"
    stretches = Stretches.of(evaluations, within_periods=within)
    groups["posterior"] = dated(groups["posterior"], stretches)
    groups["prior"] = dated(prior(fit), stretches)
    groups["posterior_predictive"] = predictive(fit)
    groups["observed_data"] = observed(evaluations)
    constant = groups["constant_data"].assign(flops=("record", evaluations.models["flops"].to_numpy()))
    groups["constant_data"] = constant
    sampling, versions = fit.provenance.get("sampling", {}), fit.provenance.get("versions", {})
    made = {
        "created_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "creation_library": "bayes_frontier",
        "creation_library_version": __version__,
        "inference_library": "nutpie",
        "inference_library_version": versions.get("nutpie", ""),
        "tuning_steps": sampling.get("tune", 0),
        "sampling_time": fit.provenance.get("seconds", 0.0),
    }
    for name, group in groups.items():
        if name in ("ending", "diagnostics"):
            continue
        for variable, values in group.data_vars.items():
            long_name, unit = NAMES.get(str(variable), (str(variable), "1"))
            values.attrs |= {"long_name": long_name, "units": unit}
        group.attrs |= made
    return xr.DataTree.from_dict(groups)


def dated(draws: xr.Dataset, stretches: Stretches) -> xr.Dataset:
    """Name stretches of time by their dates, and leave out drift where it is zero by definition."""
    names = list(stretches.labels)
    if "step" in draws.dims:
        draws = draws.assign_coords(step=names[1:])
    if "drift" not in draws or not draws["drift"].any():
        return draws.drop_vars(["drift", "stretch"], errors="ignore")
    draws = draws.assign_coords(stretch=names).isel(stretch=slice(1, None))
    draws["drift"].attrs["since"] = names[0]
    return draws


def prior(fit: Fit) -> xr.Dataset:
    """Draw from the prior: what the posterior has, but for what each base model has."""
    structure = fit.spec.structure
    drift = structure.periods == "random-walk"
    data = FrontierData.from_evaluations(fit.evaluations, fit.tau, base_models=structure.base_models, drift=drift)
    transform = Levels.before(data).transform() if structure.base_models else None
    model = frontier_model(fit.spec, data, Scale.from_posterior(fit.posterior), transform)
    posterior = fit.posterior["posterior"].to_dataset()
    wanted = [str(name) for name in posterior.data_vars if name in model.named_vars]
    dims = {name: posterior[name].dims[2:] for name in wanted}
    dims = {name: kept for name, kept in dims.items() if _BY_BASE_MODEL not in kept}
    seed = int(fit.provenance.get("sampling", {}).get("seed", 1))
    # compiling for speed would take longer than these few draws do
    drawn = pm.draw([model[name] for name in dims], draws=PRIOR_DRAWS, random_seed=seed, mode="FAST_COMPILE")
    found = xr.Dataset(
        {name: (("draw", *dims[name]), np.asarray(values)) for name, values in zip(dims, drawn, strict=True)}
    )
    named = {dim: posterior.coords[dim] for dim in ("task", "period", "node") if dim in found.dims}
    return found.assign_coords({**named, "draw": np.arange(PRIOR_DRAWS)}).expand_dims(chain=[0])


def predictive(fit: Fit) -> xr.Dataset:
    """Draw the fitted scores anew; dims (chain, draw, observation), a few draws of each chain."""
    q, record, task, coords = boundaries(fit)
    constant = fit.posterior["constant_data"].dataset
    rng = np.random.default_rng([int(fit.provenance.get("sampling", {}).get("seed", 1)), PREDICTIVE_DRAWS])
    quantiles, seen = constant["residual_quantiles"].transpose("task", "level").to_numpy(), observed(fit.evaluations)
    tails = np.ones(len(task))
    if "tails" in constant:
        base = _base_of_record(fit.evaluations)[record]
        tails = constant["tails"].transpose("base_model", "task").to_numpy()[base, task]
    for k, task_quantiles in enumerate(quantiles):
        own = task == k
        boundary = q[..., own]
        residual = np.interp(rng.random(boundary.shape), RESIDUAL_LEVELS, task_quantiles)
        # above the boundary, base models have tails of their own
        drawn = boundary + residual * np.where(residual > 0.0, tails[own], 1.0)
        none = drawn < 0.0
        if none.any():
            # a low boundary has no room for the residuals of high ones: shares of it, as scores are of others as low
            shares = seen["score"].to_numpy()[own] / np.maximum(boundary, np.finfo(float).tiny)
            shares = np.append(shares[(shares < 1.0) & (boundary <= np.median(boundary[none]))], 0.0)
            drawn[none] = boundary[none] * rng.choice(shares, int(none.sum()))
        q[..., own] = drawn
    # not rounded: among equal distances of draws ArviZ's test of PIT values divides zero by zero
    scores = np.clip(q, 0.0, 1.0).astype(np.float32)
    return xr.Dataset({"score": (("chain", "draw", "observation"), scores)}, coords, {"comment": _PREDICTIVE})


def observed(evaluations: Evaluations) -> xr.Dataset:
    """Scores as fitted, dim observation, each with its task and the number of its record."""
    table = evaluations.table
    coords = {name: ("observation", table[of].to_numpy(kind)) for name, of, kind in _COORDS}
    return xr.Dataset({"score": ("observation", table["score"].to_numpy(float))}, coords)


def working_log_density(fit: Fit) -> xr.Dataset:
    """Log density of each score under the working likelihood, for the draws that predictions are made of."""
    q, _, task, coords = boundaries(fit)
    evaluations, scale = fit.evaluations, Scale.from_posterior(fit.posterior)
    clusters, scores = Clusters.from_evaluations(evaluations), evaluations.table["score"].to_numpy()
    for k in range(len(fit.tasks)):
        own = task == k
        of_score = scale_of_scores(scale, k, clusters.base[own], clusters.uploader[own])
        level, s = float(scale.level[k]), of_score.scale
        loss = smooth_pinball_loss(scores[own] - q[..., own], level, of_score.half_width)
        q[..., own] = np.log(level * (1.0 - level) / s) - loss / s
    return xr.Dataset({"score": (("chain", "draw", "observation"), q)}, coords, {"comment": _WORKING})


def boundaries(fit: Fit) -> tuple[FloatArray, IntArray, IntArray, dict[str, xr.DataArray]]:
    """Boundary of every score for a few draws of each chain, (chain, draw, score); records, tasks, coordinates."""
    draws, evaluations = fit.posterior["posterior"].dataset, fit.evaluations
    each = int(np.clip(_MOST_SCORES // evaluations.n_scores, 2, PREDICTIVE_DRAWS)) // draws.sizes["chain"]
    at = np.unique(np.linspace(0, draws.sizes["draw"] - 1, max(each, 1)).round().astype(int))
    thinned = draws.isel(draw=at)
    tree = xr.DataTree.from_dict({"posterior": thinned, "constant_data": fit.posterior["constant_data"].dataset})
    models, curves = evaluations.models, Curves.from_tree(tree, fit.tau)
    period = models["period"].to_numpy()
    stretches = Stretches.of(evaluations, within_periods=fit.spec.structure.periods == "random-walk")
    seen = observed(evaluations)
    record, task = seen["record"].to_numpy(), pd.Index(fit.tasks).get_indexer(pd.Index(seen["task"].to_numpy()))
    z, base = log_flops(compute_fitted_at(fit, models["base_model"], models["flops"])), _base_of_record(evaluations)
    stretch = (stretches.of_model[record], stretches.last[period[record]])
    level = curves.logits(z[record], task, period[record], base=base[record], stretch=stretch)
    coords = {"chain": thinned["chain"], "draw": thinned["draw"], "task": seen["task"], "record": seen["record"]}
    return curves.by_chain(inverse_logit(level)), record, task, coords


def _base_of_record(evaluations: Evaluations) -> IntArray:
    names = sorted(evaluations.models["base_model"].unique())
    return np.asarray(pd.Index(names).get_indexer(pd.Index(evaluations.models["base_model"])))
