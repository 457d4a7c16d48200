"""The fast engine: the same model, with losses and base-model effects as compiled operations with exact gradients."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
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
from bayes_frontier.model.engine.geometry import (
    FURTHEST,
    VERSION,
    add_slopes,
    curves,
    odds_at,
    pull_curves,
    pull_walk,
    rise_at,
    walk,
)
from bayes_frontier.model.grouped import CompiledOp, cell_loss, code_version, like
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.model.spec import LEAST_SCALE, LEAST_SPREAD, HalfNormal, LogNormal, ModelSpec, Normal, Priors


def _losses(
    logits: FloatArray,
    steps: FloatArray,
    effect: FloatArray,
    place: FloatArray,
    cells: FloatArray,
    pieces: FloatArray,
    buckets: IntArray,
) -> tuple[FloatArray, ...]:
    """Loss of each task over its scale, and its derivatives in the first four arguments."""
    curve, drift = curves(logits), walk(steps)
    loss, slopes = np.zeros(curve.shape[1]), np.zeros_like(curve)
    in_drift, in_effect, in_place = np.zeros_like(drift), np.zeros_like(effect), np.zeros_like(place)
    drift_odds, effect_odds = np.exp(drift), np.exp(effect)
    for g in range(cells.shape[0]):
        k, c, t, b = int(cells[g, 0]), int(cells[g, 1]), int(cells[g, 2]), int(cells[g, 3])
        p = int(cells[g, 4])
        x = place[p, k]
        rise = rise_at(curve, k, c, x)
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
        in_place[p, k] += add_slopes(slopes, curve, k, c, (x, rise, over, under), in_logit)
    return loss, pull_curves(logits, slopes), pull_walk(in_drift), in_effect, in_place


class BoundaryLosses(CompiledOp):
    """Smoothed pinball loss of all scores of each task over its scale, by curves, drift, effects and places.

    Notes
    -----
    Inputs: ``logits`` (4, n_tasks, n_columns), of high, start_share, floor_share and ceiling_share, with one column or
    one a period; ``steps`` (n_tasks, n_stretches - 1), of the drift, and ``effect`` (n_base_models, n_tasks), both on
    the logit scale; ``place`` (n_points, n_tasks), where points are on the compute range, bent; ``cells`` (n_cells, 9),
    the task, column, stretch, base model and point of each cell, and what `LossPieces` has of it; and the ``pieces``
    and ``buckets`` of that. Outputs: the losses (n_tasks,), then their derivatives in the first four inputs, each of
    that input's shape. Only the losses may be differentiated, in the first four inputs.
    """

    kernel = staticmethod(_losses)
    version = VERSION ^ code_version(__file__, grouped.__file__)
    axes = (((0, 1),), like(0, 3), like(1, 2), like(2, 2), like(3, 2))
    n_smooth = 4

    def pullback(
        self, inputs: Sequence[Variable[Any, Any]], outputs: Sequence[Any], cotangents: Sequence[Any]
    ) -> list[Variable[Any, Any]]:
        """Apply the chain rule: the later outputs are derivatives of the first."""
        by_task = cotangents[0]
        of_logits, of_steps, of_effect, of_place = outputs[1:]
        return [
            by_task[None, :, None] * of_logits,
            by_task[:, None] * of_steps,
            by_task[None, :] * of_effect,
            by_task[None, :] * of_place,
            *(DisconnectedType()() for _ in inputs[self.n_smooth :]),
        ]


# The model as a few long variables and fused operations: the density of `bayes_frontier.model.model`, faster.

SHARES = ("high", "start_share", "floor_share", "ceiling_share")
# The data fix the boundary at the two ends of the range better than tasks agree on it: these shares are variables
# themselves, the others deviations from their mean.
CENTRED = (1.0, 1.0, 0.0, 0.0)
# Data with as many rows as a table happens to need.
OF_ANY_LENGTH = ("points", "cells", "pieces", "buckets")


def model_inputs(spec: ModelSpec, data: FrontierData, scale: Scale, levels: Levels) -> dict[str, npt.NDArray[Any]]:
    """Give the data of the model by name: all in which tables of as many tasks, periods and base models differ."""
    compute, losses = data.compute, data.losses(scale)
    names = ("task", "period", "stretch", "base", "z")
    task, period, stretch, base, z = (data.cells[name].to_numpy() for name in names)
    column = period if spec.structure.periods == "separate" else np.zeros_like(period)
    # scores are at the compute of their base model, if there are base models in the model
    points, point = (data.reference_z, base) if spec.structure.base_models else np.unique(z, return_inverse=True)
    row = base if spec.structure.base_models else np.zeros_like(base)
    cells = [task, column, stretch, row, point, *losses.cells.T]
    return {
        "cells": np.stack(cells, axis=1).astype(float),
        "pieces": losses.pieces,
        "buckets": losses.buckets,
        "points": compute.parts(points),
        "ends": compute.parts([compute.high, compute.nodes[0]]),
        "reference": data.reference_stretch.astype(float),
        "centring": levels.centring,
        "bend": levels.bend,
        "compute": np.array([compute.high - compute.low, compute.nodes[0]]),
        "gaps": data.stretches.gaps,
        "last_stretch": data.stretches.last,
    }


def exact() -> AbstractContextManager[Any]:
    """Have PyTensor compile arithmetic as it is written, and keep its sources beside its cache.

    By default it lets the compiler reorder sums and products. How, depends on whether code is compiled or was found
    in the cache of an earlier process; last bits then differ, and after a few steps of a sampler so do draws: the
    first fit on a machine would not be the one that follows with the same seed. Sources it would else leave in the
    temporary folder, four a fit, for good.
    """
    sources = config.generated_src_dir or str(Path(config.compiledir) / "sources")
    return cast(AbstractContextManager[Any], config.change_flags(numba__fastmath=False, generated_src_dir=sources))


def fast_model(spec: ModelSpec, data: FrontierData, scale: Scale, levels: Levels | None = None) -> pm.Model:
    """Build the model: variables of its own, deterministics and dims of `bayes_frontier.model.model.frontier_model`.

    Base-model effects are sampled as ``base_model_position``, in the coordinates `levels` (default: before a fit).
    """
    structure, n_tasks = spec.structure, len(data.tasks)
    n_bases = len(data.base_models) if structure.base_models else 0
    walks = structure.periods == "random-walk"
    bends = structure.curve == "bent"
    scaled = [n for n, wanted in (("drift", walks), ("base_model", bool(n_bases)), ("steepness", bends)) if wanted]
    coords = {
        "share": SHARES,
        "effect": scaled,
        "task": data.tasks,
        "period": data.period_labels,
        "stretch": range(data.stretches.n),
        "step": range(1, data.stretches.n),
        "base_model": data.base_models[:n_bases],
        "node": data.compute.nodes,
    }
    with pm.Model(coords=coords, check_bounds=False) as model:
        inputs = model_inputs(spec, data, scale, levels or Levels.before(data))
        given = {name: pm.Data(name, value, shape=_known_shape(name, value)) for name, value in inputs.items()}
        dims = ("task", "period") if structure.periods == "separate" else ("task",)
        logits = share_logits(spec.priors, dims, pooled=structure.tasks == "pooled" and n_tasks > 1)
        logits = logits if len(dims) == 2 else logits[:, :, None]
        scales = dict(zip(scaled, task_scales(spec.priors, scaled, n_tasks), strict=True))
        steps = _steps(scales.get("drift"), data, given["gaps"])
        place, start = _places(scales.get("steepness"), n_tasks, given)
        _report(logits, steps, start, given)
        effects = pt.zeros((1, n_tasks))
        if n_bases:
            effects = _base_model_effects(scales["base_model"], logits, steps, place, given)
        names = ("cells", "pieces", "buckets")
        losses: Any = BoundaryLosses()(logits, steps, effects, place, *(given[name] for name in names))
        pm.Potential("scores", -losses[0].sum())
    return model


def _known_shape(name: str, value: npt.NDArray[Any]) -> tuple[int | None, ...]:
    """Shape that the data of all tables of one structure have: a length known here need not be checked at run time."""
    return (None, *value.shape[1:]) if name in OF_ANY_LENGTH else value.shape


def _steps(scale: Any, data: FrontierData, gaps: Any) -> Any:  # noqa: ANN401
    """Let each task's boundary step from stretch to stretch, on the logit scale; shape (task, step)."""
    steps = pt.zeros((len(data.tasks), data.stretches.n - 1))
    if scale is not None:
        velocity = scale * pm.Normal("drift_velocity_raw", 0.0, 1.0, dims="task")
        pm.Deterministic("drift_velocity", velocity, dims="task")
        if data.stretches.n > 1:
            mean, spread = velocity[:, None] * gaps[None, :], scale[:, None] * pt.sqrt(gaps)[None, :]
            steps = pm.Normal("drift_step", mean, spread, dims=("task", "step"))
    return steps


def _report(logits: Any, steps: Any, start: Any, given: dict[str, Any]) -> None:  # noqa: ANN401
    """Add the curve of every period, which is that of its last stretch, and the drift since the first stretch."""
    drift = pt.concatenate([pt.zeros((steps.shape[0], 1)), steps.cumsum(axis=1)], axis=1)  # type: ignore[no-untyped-call]
    moved = pt.clip(drift, -FURTHEST, FURTHEST)[:, given["last_stretch"]]
    shares = pt.sigmoid(logits)
    curve = sigmoid_from_shares(shares[0], shares[1], shares[2], shares[3], pt.log)
    curve = shift_logit(curve, moved, pt.log, pt.exp)
    width, first_node = given["compute"][0], given["compute"][1]
    slope = (curve.at_high - curve.at_low) / width
    midpoint = first_node - start[:, None] * width - curve.at_low / slope
    curves = {"floor": curve.floor, "ceiling": curve.ceiling, "slope": slope}
    for name, value in {**curves, "midpoint": midpoint}.items():
        pm.Deterministic(name, value, dims=("task", "period"))
    pm.Deterministic("drift", drift, dims=("task", "stretch"))


def _places(scale: Any, n_tasks: int, given: dict[str, Any]) -> tuple[Any, Any]:  # noqa: ANN401
    """Bend the compute range: where points are on it for each task, (point, task), and the first node, (task,)."""
    ends = given["ends"]
    steepness = pt.ones((n_tasks, ends.type.shape[1]))
    if scale is not None:
        steepness = pt.exp(scale[:, None] * pm.Normal("steepness_node", 0.0, 1.0, dims=("task", "node")))
    steepness = steepness / (steepness @ ends[0])[:, None]
    pm.Deterministic("steepness", steepness, dims=("task", "node"))
    return given["points"] @ steepness.T, steepness @ ends[1]


def _base_model_effects(scale: Any, logits: Any, steps: Any, place: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401
    """Effects on the logit scale, shape (base_model, task), sampled in coordinates of their own."""
    inputs = (logits, steps, scale, place, *(given[name] for name in ("reference", "centring", "bend")))
    # One operation gives effects and the density of their prior. The density enters as a potential: for that of a
    # variable PyMC would evaluate, and differentiate, the operation once more.
    position = pm.CustomDist(
        "base_model_position",
        *inputs,
        logp=coordinates.density_elsewhere,
        random=coordinates.draw,
        support_point=coordinates.middle,
        signature="(share,task,column),(task,step),(task),(base,task),(base),(base,task),(part,base,task)->(base,task)",
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
    over_least = prior_variables("share_spread", [getattr(priors, f"{name}_spread") for name in SHARES], "share")[wide]
    spread = LEAST_SPREAD + over_least
    itself = np.array(centred)[wide]
    free = pm.Normal("share_logit", itself * mean, itself * spread + (1.0 - itself), dims=("share", *dims))
    return (1.0 - itself) * mean + (itself + (1.0 - itself) * spread) * free


def task_scales(priors: Priors, names: Sequence[str], n_tasks: int) -> list[Any]:
    """Positive scales, one per task: log-normal around a typical one, over the least."""
    if not names:
        return []
    log_scale = pt.log(prior_variables("scale_typical", [getattr(priors, name) for name in names], "effect"))[:, None]
    if n_tasks > 1:
        spread = prior_variables("scale_spread", [getattr(priors, f"{name}_spread") for name in names], "effect")
        log_scale = log_scale + spread[:, None] * pm.Normal("scale_raw", 0.0, 1.0, dims=("effect", "task"))
    scale = LEAST_SCALE + pt.exp(log_scale)
    return [pm.Deterministic(f"{name}_scale", scale[i], dims="task") for i, name in enumerate(names)]
