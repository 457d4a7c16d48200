"""The model: from a specification and grouped scores to PyMC."""

from contextlib import AbstractContextManager
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
from pytensor.configdefaults import config

from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.curve import shift_logit, sigmoid_from_shares
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine import coordinates
from bayes_frontier.model.engine.coordinates import Levels
from bayes_frontier.model.engine.losses import BoundaryLosses
from bayes_frontier.model.priors import SHARES, share_logits, task_scales
from bayes_frontier.model.spec import ModelSpec

# Data with as many rows as a table happens to need.
OF_ANY_LENGTH = ("cells", "pieces", "buckets")
# Drift beyond which odds overflow; only draws from the prior alone come so far.
FURTHEST = 300.0


def model_inputs(spec: ModelSpec, data: FrontierData, scale: Scale, levels: Levels) -> dict[str, npt.NDArray[Any]]:
    """Give the data of a model, by name: all in which tables of as many tasks, periods and base models differ."""
    compute, losses = data.compute, data.losses(scale)
    names = ("task", "period", "stretch", "base", "z")
    task, period, stretch, base, z = (data.cells[name].to_numpy() for name in names)
    column = period if spec.structure.periods == "separate" else np.zeros_like(period)
    own = base if spec.structure.base_models else np.zeros_like(base)
    cells = [task, column, stretch, own, compute.position(z), *losses.cells.T]
    return {
        "cells": np.stack(cells, axis=1).astype(float),
        "pieces": losses.pieces,
        "buckets": losses.buckets,
        "reference": np.stack([compute.position(data.reference_z), data.reference_stretch.astype(float)], axis=1),
        "centring": levels.centring,
        "bend": levels.bend,
        "compute": np.array([compute.low, compute.high]),
        "gaps": data.stretches.gaps,
        "last_stretch": data.stretches.last,
    }


def exact() -> AbstractContextManager[Any]:
    """Have PyTensor compile arithmetic as it is written.

    By default it lets the compiler reorder sums and products. How, depends on whether code is compiled or was found
    in the cache of an earlier process; last bits then differ, and after a few steps of a sampler so do draws: the
    first fit on a machine would not be the one that follows with the same seed.
    """
    return cast(AbstractContextManager[Any], config.change_flags(numba__fastmath=False))


def build_model(spec: ModelSpec, data: FrontierData, scale: Scale) -> pm.Model:
    """Build the PyMC model of the boundaries.

    Parameters
    ----------
    spec : ModelSpec
        Structure and priors.
    data : FrontierData
        Grouped scores.
    scale : Scale
        Level, scale and smoothing of the likelihood.

    Returns
    -------
    pymc.Model
        With deterministics floor, ceiling, slope (per decade) and midpoint (log10 FLOPs), dims (task, period), those of
        each period's last stretch; drift (task, stretch) since the first stretch, and where the specification has them
        drift_scale (task; of a quarter), drift_velocity (task; a quarter), base_model_scale (task) and
        base_model_effect (base_model, task), on the logit scale; and the potentials ``scores`` and, for the density of
        ``base_model_position``, ``base_model_prior``. Tasks, periods and base models are numbered, and everything that
        depends on the table is data: see `model_inputs`.
    """
    structure, n_tasks = spec.structure, len(data.tasks)
    n_bases = len(data.base_models) if structure.base_models else 0
    walks = structure.periods == "random-walk"
    scaled = [name for name, wanted in (("drift", walks), ("base_model", bool(n_bases))) if wanted]
    coords = {
        "share": SHARES,
        "effect": scaled,
        "task": range(n_tasks),
        "period": range(data.n_periods),
        "stretch": range(data.stretches.n),
        "step": range(1, data.stretches.n),
        "base_model": range(n_bases),
    }
    with pm.Model(coords=coords, check_bounds=False) as model:
        inputs = model_inputs(spec, data, scale, Levels.before(data))
        given = {name: pm.Data(name, value, shape=_known_shape(name, value)) for name, value in inputs.items()}
        dims = ("task", "period") if structure.periods == "separate" else ("task",)
        logits = share_logits(spec.priors, dims, pooled=structure.tasks == "pooled" and n_tasks > 1)
        logits = logits if len(dims) == 2 else logits[:, :, None]
        scales = dict(zip(scaled, task_scales(spec.priors, scaled, n_tasks), strict=True))
        steps = _steps(scales.get("drift"), data, given["gaps"])
        _report(logits, steps, given["last_stretch"], given["compute"])
        own = pt.zeros((1, n_tasks))
        if n_bases:
            own = _base_model_effects(scales["base_model"], logits, steps, given)
        names = ("cells", "pieces", "buckets")
        losses: Any = BoundaryLosses()(logits, steps, own, *(given[name] for name in names))
        pm.Potential("scores", -losses[0].sum())
    return model


def _known_shape(name: str, value: npt.NDArray[Any]) -> tuple[int | None, ...]:
    """Give the shape that data of all tables of one structure have: what is known need not be checked at run time."""
    return (None, *value.shape[1:]) if name in OF_ANY_LENGTH else value.shape


def _steps(scale: Any, data: FrontierData, gaps: Any) -> Any:  # noqa: ANN401
    """Let each task's boundary step from stretch to stretch, on the logit scale; shape (task, step)."""
    steps = pt.zeros((len(data.tasks), data.stretches.n - 1))
    if scale is not None:
        # A task that moves, moves on: its velocity is of the size of a quarter's steps.
        velocity = scale * pm.Normal("drift_velocity_raw", 0.0, 1.0, dims="task")
        pm.Deterministic("drift_velocity", velocity, dims="task")
        if data.stretches.n > 1:
            # The data fix a step better than the scale of steps does, hence centred.
            mean, spread = velocity[:, None] * gaps[None, :], scale[:, None] * pt.sqrt(gaps)[None, :]
            steps = pm.Normal("drift_step", mean, spread, dims=("task", "step"))
    return steps


def _report(logits: Any, steps: Any, last: Any, compute: Any) -> None:  # noqa: ANN401
    """Add the curve of every period, which is that of its last stretch, and the drift since the first stretch."""
    drift = pt.concatenate([pt.zeros((steps.shape[0], 1)), steps.cumsum(axis=1)], axis=1)  # type: ignore[no-untyped-call]
    moved = pt.clip(drift, -FURTHEST, FURTHEST)[:, last]
    shares = pt.sigmoid(logits)
    curve = sigmoid_from_shares(shares[0], shares[1], shares[2], shares[3], pt.log)
    curve = shift_logit(curve, moved, pt.log, pt.exp)
    slope = (curve.at_high - curve.at_low) / (compute[1] - compute[0])
    curves = {"floor": curve.floor, "ceiling": curve.ceiling, "slope": slope}
    for name, value in {**curves, "midpoint": compute[0] - curve.at_low / slope}.items():
        pm.Deterministic(name, value, dims=("task", "period"))
    pm.Deterministic("drift", drift, dims=("task", "stretch"))


def _base_model_effects(scale: Any, logits: Any, steps: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401
    """Effects on the logit scale, shape (base_model, task), sampled in coordinates of their own."""
    inputs = (logits, steps, scale, *(given[name] for name in ("reference", "centring", "bend")))
    # One operation gives effects and the density of their prior. The density enters as a potential: for that of a
    # variable PyMC would evaluate, and differentiate, the operation once more.
    position = pm.CustomDist(
        "base_model_position",
        *inputs,
        logp=coordinates.density_elsewhere,
        random=coordinates.draw,
        support_point=coordinates.middle,
        signature="(share,task,column),(task,step),(task),(base,at),(base,task),(part,base,task)->(base,task)",
        dims=("base_model", "task"),
    )
    found: Any = coordinates.LevelEffects()(position, *inputs)
    pm.Potential("base_model_prior", found[0].sum())
    return pm.Deterministic("base_model_effect", found[1], dims=("base_model", "task"))
