"""Uncertain compute carried into a posterior: fits of tables whose computes are drawn, their draws pooled.

Parameters and above all tokens of base models are often undisclosed; the registry says how uncertain their FLOPs are.
A fit takes them at their word. Here each base model's true log10 FLOPs are drawn around those stated, log-normal with
the registry's relative standard deviation, all models of a base model together; the model is fitted to each such table
with the same compiled code, and the draws of all fits are pooled with equal weight (multiple imputation, Rubin 1987,
doi 10.1002/9780470316696).

Scores do not speak on compute here: a base model that is strong for its compute is not taken as evidence that it saw
more tokens. Its effect is measured from the curve at the compute drawn. The pooled fit keeps the computes stated, and
base-model effects are told from the curve there, so that a base model's own boundary stays that of its scores.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.registry.listed import WITHIN
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.model.data import reference_compute
from bayes_frontier.posterior.frontier import Frontier

# Relative standard deviation of the FLOPs of base models that no registry lists: their tokens are a table's word.
UNLISTED = 0.5
MOST = 100
# Draws a chain of each fit, and tuning steps from the draws of the fit before: the same posterior but for the computes.
FEWEST_DRAWS, TUNE = 150, 200


def uncertainties(base_models: Sequence[str], registry: Registry) -> npt.NDArray[np.float64]:
    """Give the standard deviation of log10 FLOPs of base models. Shapes: returns (n_base_models,)."""
    entries = [registry.get(name) for name in base_models]
    relative = np.array([UNLISTED if base is None else base.uncertainty for base in entries])
    return np.asarray(np.sqrt(np.log1p(relative**2)) / np.log(10.0))


def spread_of(evaluations: Evaluations, names: Sequence[str], registry: Registry) -> npt.NDArray[np.float64]:
    """Give the same for base models of evaluations, by the factor that their source states for them where it does."""
    stated = evaluations.models.groupby("base_model")["flops_factor"].max().reindex(list(names)).to_numpy(dtype=float)
    return np.where(np.isnan(stated), uncertainties(names, registry), np.log10(stated) / WITHIN)


def imputed(
    evaluations: Evaluations, n: int, registry: Registry, seed: int
) -> tuple[list[Evaluations], npt.NDArray[np.float64]]:
    """Draw the computes of a table. Shapes: returns (n, n_base_models)."""
    if not 2 <= n <= MOST:
        raise QueryError(
            f"compute_uncertainty: the number of tables drawn must be between 2 and {MOST}, found {n}; 10 will do."
        )
    names = sorted(evaluations.models["base_model"].unique())
    spread = spread_of(evaluations, names, registry)
    # half of the tables mirror the others, so that computes are right on average in few tables too
    half = np.random.default_rng(seed).standard_normal((-(-n // 2), len(names)))
    shifts = (np.concatenate([half, -half])[:n]) * spread

    def moved(frame: pd.DataFrame, shift: npt.NDArray[np.float64]) -> pd.DataFrame:
        factor = frame["base_model"].map(pd.Series(10.0**shift, index=names)).astype(float)
        return frame.assign(flops=frame["flops"] * factor)

    tables = [
        replace(evaluations, table=moved(evaluations.table, shift), models=moved(evaluations.models, shift))
        for shift in shifts
    ]
    return tables, shifts


def pooled(
    evaluations: Evaluations, fits: Sequence[Frontier], shifts: npt.NDArray[np.float64], provenance: Mapping[str, Any]
) -> Frontier:
    """Pool the draws of fits of the same scores at drawn computes. Shapes: shifts (n_fits, n_base_models)."""
    trees = [fit.posterior for fit in fits]
    at_stated = [_told_from_stated(fit, evaluations, shift) for fit, shift in zip(fits, shifts, strict=True)]
    constants = [tree["constant_data"].to_dataset() for tree in trees]
    groups: dict[str, xr.Dataset] = {
        "posterior": _in_turn(at_stated),
        "sample_stats": _in_turn([tree["sample_stats"].to_dataset() for tree in trees]),
        "constant_data": xr.concat(constants, "imputation").mean("imputation"),
    }
    if "ending" in trees[0].children:
        groups["ending"] = trees[0]["ending"].to_dataset()
    first = fits[0]
    return Frontier(evaluations, first.spec, first.tau, xr.DataTree.from_dict(groups), dict(provenance))


def _in_turn(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Lay draws of datasets one after the other: the first of each, then the second of each."""
    whole = xr.concat(parts, "imputation", join="override")
    n = whole.sizes["draw"] * whole.sizes["imputation"]
    made = {}
    for name, values in whole.data_vars.items():
        turned = values.transpose("chain", "draw", "imputation", ...)
        dims = ("chain", "draw", *turned.dims[3:])
        made[name] = (dims, turned.to_numpy().reshape(turned.sizes["chain"], n, *turned.shape[3:]))
    coords = {name: c for name, c in parts[0].coords.items() if "draw" not in c.dims}
    return xr.Dataset(made, coords=coords).assign_coords(draw=np.arange(n))


def _told_from_stated(fit: Frontier, evaluations: Evaluations, shift: npt.NDArray[np.float64]) -> xr.Dataset:
    """Tell base-model effects from the curve at the computes stated; the base models' own boundaries stay."""
    draws = fit.posterior["posterior"].to_dataset()
    if "base_model_effect" not in draws:
        return draws
    curves, tasks = fit.curves, np.arange(len(fit.tasks))
    stated = reference_compute(evaluations.models, fit.base_model_names)
    at_drawn, at_stated = (curves.logits(z[:, None], tasks) for z in (stated + shift, stated))
    effect = draws["base_model_effect"]
    dims = ("chain", "draw", "base_model", "task")
    moved = xr.DataArray(curves.by_chain(at_drawn - at_stated), effect.transpose(*dims).coords, dims)
    return draws.assign(base_model_effect=effect + moved.transpose(*effect.dims))


def fit_imputed(
    evaluations: Evaluations,
    fit_one: Callable[[Evaluations, Frontier | None, int], Frontier],
    n: int,
    registry: Registry,
    seed: int,
) -> Frontier:
    """Fit tables with drawn computes one after the other, and pool them."""
    tables, shifts = imputed(evaluations, n, registry, seed)
    fits: list[Frontier] = []
    for number, table in enumerate(tables):
        fits.append(fit_one(table, fits[0] if fits else None, number))
    names = sorted(evaluations.models["base_model"].unique())
    spread = spread_of(evaluations, names, registry)
    unlisted = [name for name in names if registry.get(name) is None]
    provenance = dict(fits[0].provenance)
    provenance["data"] = {
        "source": evaluations.source,
        "format": evaluations.source_format,
        "sha256": evaluations.fingerprint,
    }
    per_fit = int(fits[0].provenance["sampling"]["draws"])
    provenance["sampling"] = {**fits[0].provenance["sampling"], "draws": n * per_fit}
    provenance["seconds"] = round(sum(float(fit.provenance["seconds"]) for fit in fits), 1)
    provenance["compute_uncertainty"] = {
        "tables": n,
        "method": "multiple imputation: log10 FLOPs of base models drawn from the registry's uncertainty, draws pooled",
        "median_decades": round(float(np.median(spread)), 4),
        "largest_decades": round(float(spread.max()), 4),
        "unlisted_base_models": len(unlisted),
        "unlisted_relative_sd": UNLISTED,
    }
    return pooled(evaluations, fits, shifts, provenance)
