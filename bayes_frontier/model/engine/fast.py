"""The fast engine: the same model, with losses and base-model effects as compiled operations with exact gradients."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pymc as pm
import pytensor.tensor as pt
from pytensor.configdefaults import config
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Variable

from bayes_frontier.model import grouped
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.curve import shift_logit, sigmoid_from_shares
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine import coordinates
from bayes_frontier.model.engine.coordinates import Levels
from bayes_frontier.model.engine.geometry import VERSION, add_slopes, curves, odds_at, pull_curves, pull_walk, walk
from bayes_frontier.model.grouped import CompiledOp, cell_loss, code_version, like
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.model.spec import HalfNormal, LogNormal, ModelSpec, Normal, Priors


def _losses(
    logits: FloatArray, steps: FloatArray, effect: FloatArray, cells: FloatArray, pieces: FloatArray, buckets: IntArray
) -> tuple[FloatArray, ...]:
    """Loss of each task over its scale, and its derivatives in the first three arguments."""
    curve, drift = curves(logits), walk(steps)
    loss, slopes = np.zeros(curve.shape[1]), np.zeros_like(curve)
    in_drift, in_effect = np.zeros_like(drift), np.zeros_like(effect)
    drift_odds, effect_odds = np.exp(drift), np.exp(effect)
    for g in range(cells.shape[0]):
        k, c, t, b = int(cells[g, 0]), int(cells[g, 1]), int(cells[g, 2]), int(cells[g, 3])
        x = cells[g, 4]
        rise = np.exp(curve[2, k, c] + (curve[3, k, c] - curve[2, k, c]) * x)
        over, under = odds_at(curve[0, k, c], curve[1, k, c], rise)
        # Drift and effect are on the logit scale: they multiply the odds.
        odds = over / under * drift_odds[k, t] * effect_odds[b, k]
        q = odds / (1.0 + odds)
        first, count = int(cells[g, 7]), int(cells[g, 8])
        value, slope = cell_loss(q, cells[g, 5], cells[g, 6], first, count, pieces, buckets)
        loss[k] += value
        in_logit = slope * q * (1.0 - q)
        in_drift[k, t] += in_logit
        in_effect[b, k] += in_logit
        add_slopes(slopes, curve, k, c, (x, rise, over, under), in_logit)
    return loss, pull_curves(logits, slopes), pull_walk(in_drift), in_effect


class BoundaryLosses(CompiledOp):
    """Smoothed pinball loss of all scores of each task over its scale, as a function of curves, drift and effects.

    Notes
    -----
    Inputs: ``logits`` (4, n_tasks, n_columns), of high, start_share, floor_share and ceiling_share, with one column or
    one a period; ``steps`` (n_tasks, n_stretches - 1), of the drift, and ``effect`` (n_base_models, n_tasks), both on
    the logit scale; ``cells`` (n_cells, 9), the task, column, stretch and base model of each cell, its place on the
    compute range, and what `LossPieces` has of it; and the ``pieces`` and ``buckets`` of that. Outputs: the losses
    (n_tasks,), then their derivatives in the first three inputs, each of that input's shape. Only the losses may be
    differentiated, in the first three inputs.
    """

    kernel = staticmethod(_losses)
    version = VERSION ^ code_version(__file__, grouped.__file__)
    axes = (((0, 1),), like(0, 3), like(1, 2), like(2, 2))
    n_smooth = 3

    def pullback(
        self, inputs: Sequence[Variable[Any, Any]], outputs: Sequence[Any], cotangents: Sequence[Any]
    ) -> list[Variable[Any, Any]]:
        """Apply the chain rule: the later outputs are derivatives of the first."""
        by_task = cotangents[0]
        of_logits, of_steps, of_effect = outputs[1:]
        return [
            by_task[None, :, None] * of_logits,
            by_task[:, None] * of_steps,
            by_task[None, :] * of_effect,
            *(DisconnectedType()() for _ in inputs[self.n_smooth :]),
        ]


# The model as a few long variables and fused operations: the density of `bayes_frontier.model.model`, faster.

SHARES = ("high", "start_share", "floor_share", "ceiling_share")
# The data fix the boundary at the two ends of the range better than tasks agree on it: these shares are variables
# themselves, the others deviations from their mean.
CENTRED = (1.0, 1.0, 0.0, 0.0)
# Data with as many rows as a table happens to need.
OF_ANY_LENGTH = ("cells", "pieces", "buckets")
# Drift beyond which odds overflow; only draws from the prior alone come so far.
FURTHEST = 300.0


def model_inputs(spec: ModelSpec, data: FrontierData, scale: Scale, levels: Levels) -> dict[str, npt.NDArray[Any]]:
    """Give the data of the model by name: all in which tables of as many tasks, periods and base models differ."""
    compute, losses = data.compute, data.losses(scale)
    factor, noise, place = levels.walk or coordinates.first_walk(data)
    names = ("task", "period", "stretch", "base", "z")
    task, period, stretch, base, z = (data.cells[name].to_numpy() for name in names)
    column = period if spec.structure.periods == "separate" else np.zeros_like(period)
    row = base if spec.structure.base_models else np.zeros_like(base)
    cells = [task, column, stretch, row, compute.position(z), *losses.cells.T]
    return {
        "cells": np.stack(cells, axis=1).astype(float),
        "pieces": losses.pieces,
        "buckets": losses.buckets,
        "reference": np.stack([compute.position(data.reference_z), data.reference_stretch.astype(float)], axis=1),
        "centring": levels.centring,
        "bend": levels.bend,
        "compute": np.array([compute.low, compute.high]),
        "gaps": data.stretches.gaps,
        "step_factor": factor,
        "step_noise": noise,
        "step_place": place,
        "last_stretch": data.stretches.last,
    }


def exact() -> AbstractContextManager[Any]:
    """Have PyTensor compile arithmetic as it is written.

    By default it lets the compiler reorder sums and products. How, depends on whether code is compiled or was found
    in the cache of an earlier process; last bits then differ, and after a few steps of a sampler so do draws: the
    first fit on a machine would not be the one that follows with the same seed.
    """
    return cast(AbstractContextManager[Any], config.change_flags(numba__fastmath=False))


def fast_model(spec: ModelSpec, data: FrontierData, scale: Scale, levels: Levels | None = None) -> pm.Model:
    """Build the model: variables of its own, deterministics and dims of `bayes_frontier.model.model.frontier_model`.

    Base-model effects are sampled as ``base_model_position``, in the coordinates `levels` (default: before a fit).
    """
    structure, n_tasks = spec.structure, len(data.tasks)
    n_bases = len(data.base_models) if structure.base_models else 0
    walks = structure.periods == "random-walk"
    scaled = [name for name, wanted in (("drift", walks), ("base_model", bool(n_bases))) if wanted]
    coords = {
        "share": SHARES,
        "effect": scaled,
        "task": data.tasks,
        "period": data.period_labels,
        "stretch": range(data.stretches.n),
        "step": range(1, data.stretches.n),
        "base_model": data.base_models[:n_bases],
    }
    with pm.Model(coords=coords, check_bounds=False) as model:
        inputs = model_inputs(spec, data, scale, levels or Levels.before(data))
        given = {name: pm.Data(name, value, shape=_known_shape(name, value)) for name, value in inputs.items()}
        dims = ("task", "period") if structure.periods == "separate" else ("task",)
        logits = share_logits(spec.priors, dims, pooled=structure.tasks == "pooled" and n_tasks > 1)
        logits = logits if len(dims) == 2 else logits[:, :, None]
        scales = dict(zip(scaled, task_scales(spec.priors, scaled, n_tasks), strict=True))
        steps = _steps(scales.get("drift"), data, given)
        _report(logits, steps, given["last_stretch"], given["compute"])
        effects = pt.zeros((1, n_tasks))
        if n_bases:
            effects = _base_model_effects(scales["base_model"], logits, steps, given)
        names = ("cells", "pieces", "buckets")
        losses: Any = BoundaryLosses()(logits, steps, effects, *(given[name] for name in names))
        pm.Potential("scores", -losses[0].sum())
    return model


def _known_shape(name: str, value: npt.NDArray[Any]) -> tuple[int | None, ...]:
    """Shape that the data of all tables of one structure have: a length known here need not be checked at run time."""
    return (None, *value.shape[1:]) if name in OF_ANY_LENGTH else value.shape


def _steps(scale: Any, data: FrontierData, given: dict[str, Any]) -> Any:  # noqa: ANN401
    """Let each task's boundary step from stretch to stretch, on the logit scale; shape (task, step).

    In the definition steps are normal around the velocity, and both in units of the scale. Here steps come first, with
    the velocity integrated out, in coordinates of about the same posterior whatever the scale: centred coordinates make
    a funnel where it is small, deviations from the velocity one where it is large. Then comes the velocity given the
    steps: no score says more of it.
    """
    steps = pt.zeros((len(data.tasks), data.stretches.n - 1))
    if scale is not None:
        whole = 1.0 + given["gaps"].sum()
        if data.stretches.n > 1:
            # were each column of the factor observed at its place with its noise, positions would be standard normal
            wide, noise = scale[:, None], given["step_noise"]
            shrunk = pt.sqrt(1.0 + (wide / noise) ** 2)
            expected, sd = given["step_place"] * (1.0 - shrunk**-2), wide / shrunk
            position = pm.Normal("drift_position", -expected / sd, shrunk, dims=("task", "step"))
            steps = pt.sum(given["step_factor"] * (expected + sd * position)[:, None, :], axis=2)  # type: ignore[no-untyped-call]
        mean = pt.sum(steps, axis=1) / whole  # type: ignore[no-untyped-call]
        velocity = mean + scale / pt.sqrt(whole) * pm.Normal("drift_velocity_raw", dims="task")
        pm.Deterministic("drift_velocity", velocity, dims="task")
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
    outputs: Any = coordinates.LevelEffects()(position, *inputs)
    log_density, effects, _ = outputs
    pm.Potential("base_model_prior", log_density.sum())
    return pm.Deterministic("base_model_effect", effects, dims=("base_model", "task"))


# Priors of a specification.


def prior_variables(name: str, priors: Sequence[Normal | HalfNormal | LogNormal], dim: str) -> Any:  # noqa: ANN401 - PyMC is untyped
    """Add a vector of independent priors to the model in context."""
    kinds = {type(prior) for prior in priors}
    if len(kinds) > 1:
        return pt.stack([_variable(f"{name}_{i}", [prior], None)[0] for i, prior in enumerate(priors)])
    return _variable(name, priors, dim)


def _variable(name: str, priors: Sequence[Normal | HalfNormal | LogNormal], dim: str | None) -> Any:  # noqa: ANN401
    sigma = np.array([prior.sigma for prior in priors])
    where = {"dims": dim} if dim else {"shape": len(priors)}
    if isinstance(priors[0], HalfNormal):
        return pm.HalfNormal(name, sigma, **where)
    mu = np.array([prior.mu for prior in priors if not isinstance(prior, HalfNormal)])
    return (pm.Normal if isinstance(priors[0], Normal) else pm.LogNormal)(name, mu, sigma, **where)


def share_logits(priors: Priors, dims: Sequence[str], *, pooled: bool, centred: Sequence[float] = CENTRED) -> Any:  # noqa: ANN401
    """Logits of the shares that make a curve, drawn around common means or each from the prior of that mean."""
    centres = [getattr(priors, name) for name in SHARES]
    wide = (slice(None), *(None for _ in dims))
    if not pooled:
        mu, sigma = (np.array([getattr(c, part) for c in centres])[wide] for part in ("mu", "sigma"))
        return pm.Normal("share_logit", mu, sigma, dims=("share", *dims))
    mean = prior_variables("share_mean", centres, "share")[wide]
    spread = prior_variables("share_spread", [getattr(priors, f"{name}_spread") for name in SHARES], "share")[wide]
    itself = np.array(centred)[wide]
    free = pm.Normal("share_logit", itself * mean, itself * spread + (1.0 - itself), dims=("share", *dims))
    return (1.0 - itself) * mean + (itself + (1.0 - itself) * spread) * free


def task_scales(priors: Priors, names: Sequence[str], n_tasks: int) -> list[Any]:
    """Positive scales, one per task, log-normal around a typical one."""
    if not names:
        return []
    log_scale = pt.log(prior_variables("scale_typical", [getattr(priors, name) for name in names], "effect"))[:, None]
    if n_tasks > 1:
        spread = prior_variables("scale_spread", [getattr(priors, f"{name}_spread") for name in names], "effect")
        log_scale = log_scale + spread[:, None] * pm.Normal("scale_raw", 0.0, 1.0, dims=("effect", "task"))
    scale = pt.exp(log_scale)
    return [pm.Deterministic(f"{name}_scale", scale[i], dims="task") for i, name in enumerate(names)]
