"""The shipped hierarchy as one would write it in PyMC: a term per score, nothing centred, sigmoids unbent."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.curve import boundary_at, shift_logit, sigmoid_from_shares
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine.fast import SHARES, share_logits, task_scales
from bayes_frontier.model.spec import ModelSpec

Floats = npt.NDArray[np.float64]
CURVE = ("floor", "ceiling", "slope", "midpoint")


def asymmetric_laplace(tau: float, scale: npt.ArrayLike) -> tuple[Floats, float]:
    """Translate level and scale into PyMC's parameters of the asymmetric Laplace."""
    return math.sqrt(tau * (1.0 - tau)) / np.asarray(scale, dtype=float), math.sqrt(tau / (1.0 - tau))


def stock_model(
    spec: ModelSpec, data: FrontierData, scores: npt.ArrayLike, cell: npt.ArrayLike, tau: float, scale: Scale
) -> pm.Model:
    """Write the hierarchy with PyMC's own asymmetric Laplace, for a specification whose boundaries are sigmoids.

    Shapes: scores, cell (n_scores,).
    """
    index = np.asarray(cell, dtype=np.int64)
    task, stretch, base = (data.cells[name].to_numpy()[index] for name in ("task", "stretch", "base"))
    position = data.compute.position(data.cells["z"].to_numpy()[index])
    n_tasks, stretches, priors = len(data.tasks), data.stretches, spec.priors
    coords = {
        "share": SHARES,
        "effect": ("drift", "base_model"),
        "task": range(n_tasks),
        "period": range(data.n_periods),
        "step": range(stretches.n - 1),
        "base_model": range(len(data.base_models)),
    }
    with pm.Model(coords=coords) as model:
        logits = share_logits(priors, ("task",), pooled=n_tasks > 1, centred=[0.0] * len(SHARES))
        high, start, floor, ceiling = (pt.sigmoid(logits[i]) for i in range(len(SHARES)))
        curve = sigmoid_from_shares(high, start, floor, ceiling, log=pt.log)
        drift_scale, base_scale = task_scales(priors, ("drift", "base_model"), n_tasks)
        drift = pt.zeros((n_tasks, stretches.n))
        if stretches.n > 1:
            velocity = drift_scale * pm.Normal("velocity_raw", dims="task")
            steps = drift_scale[:, None] * np.sqrt(stretches.gaps) * pm.Normal("step_raw", dims=("task", "step"))
            walk: Any = pt.cumsum(velocity[:, None] * stretches.gaps + steps, axis=1)  # type: ignore[no-untyped-call]
            drift = drift[:, 1:].set(walk)
        effect = base_scale[None, :] * pm.Normal("base_model_effect_raw", dims=("base_model", "task"))
        rise = pt.sigmoid(curve.at_low[task] + (curve.at_high - curve.at_low)[task] * position)
        q = curve.floor[task] + (curve.ceiling - curve.floor)[task] * rise
        boundary = pt.sigmoid(pt.log(q) - pt.log1p(-q) + drift[task, stretch] + effect[base, task])
        b, kappa = asymmetric_laplace(tau, scale.scale[task])
        pm.AsymmetricLaplace("score", kappa=kappa, mu=boundary, b=b, observed=np.asarray(scores, dtype=float))
        by_period = [part[:, None] for part in curve]
        moved = shift_logit(type(curve)(*by_period), drift[:, stretches.last], log=pt.log, exp=pt.exp)
        slope = (moved.at_high - moved.at_low) / (data.compute.high - data.compute.low)
        kept = (moved.floor, moved.ceiling, slope, data.compute.low - moved.at_low / slope)
        for name, value in zip(CURVE, kept, strict=True):
            wide = pt.broadcast_to(value, (n_tasks, data.n_periods))
            pm.Deterministic(name, wide, dims=("task", "period"))
    return model


def boundaries(posterior: xr.Dataset, z: Floats) -> xr.DataArray:
    """Evaluate the boundaries of typical base models."""
    parts = [posterior[name].transpose("chain", "draw", "task", "period").to_numpy()[..., None] for name in CURVE]
    return xr.DataArray(boundary_at(z, *parts), dims=("chain", "draw", "task", "period", "z"))
