"""Wiring: from a specification and grouped scores to a PyMC model."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayes_frontier.model.cells import FrontierData
from bayes_frontier.model.curve import Sigmoid, shift_logit, sigmoid_from_shares
from bayes_frontier.model.grouped import GroupedPinball
from bayes_frontier.model.pinball import IntArray
from bayes_frontier.model.priors import hierarchical_share, task_scales
from bayes_frontier.model.scale import Scale
from bayes_frontier.model.spec import ModelSpec

# A base model's level is centred on its own scores in proportion n / (n + CENTRING) and on the curve otherwise: with
# many scores the data pin the level, with few the prior does, and each wants its own geometry (Papaspiliopoulos et al.
# 2007, doi 10.1214/088342307000000014). Even one score says much: measured on the leaderboard, 0.5 mixes best.
CENTRING = 0.5


def build_model(spec: ModelSpec, data: FrontierData, scale: Scale) -> pm.Model:
    """Build the PyMC model of the boundaries.

    Parameters
    ----------
    spec : ModelSpec
        Structure and priors.
    data : FrontierData
        Grouped scores.
    scale : Scale
        Level, scale and smoothing of the likelihood; `Scale.by_cell` gives the data to replace them without compiling
        again.

    Returns
    -------
    pymc.Model
        With deterministics floor, ceiling, slope (per decade) and midpoint (log10 FLOPs), dims (task, period); where
        the specification has them drift_scale (task), base_model_scale (task) and base_model_effect
        (base_model, task), on the logit scale; and the potential ``scores``.
    """
    coords = {
        "task": list(data.tasks),
        "period": np.arange(data.n_periods),
        "step": np.arange(1, data.n_periods),
        "base_model": list(data.base_models),
    }
    cells = data.cells
    task, period = cells["task"].to_numpy(), cells["period"].to_numpy()
    with pm.Model(coords=coords) as model:
        curve = _curves(spec, data)
        drift = _drift(spec, data)
        _record(curve, drift, data)
        q = _evaluate(curve, task, period, data.compute.position(cells["z"].to_numpy()))
        effect = drift[task, period]
        if spec.structure.base_models:
            effects = _base_model_effects(spec, data, curve, drift)
            effect = effect + effects.ravel()[cells["base"].to_numpy() * len(data.tasks) + task]
        # sigmoid(logit(q) + effect), written in odds: one exponential a cell instead of two and two logarithms.
        odds_ratio = pt.exp(effect)
        q = q * odds_ratio / (1.0 - q + q * odds_ratio)
        scores = data.scores
        given = {name: pm.Data(name, value) for name, value in scale.by_cell(task).items()}
        op: Any = GroupedPinball()
        losses, _ = op(
            q,
            given["level"],
            given["half_width"],
            pm.Data("records", scores.records),
            pm.Data("start", scores.start),
            pm.Data("total", scores.total),
        )
        pm.Potential("scores", -(losses / given["scale"]).sum())
    return model


def _curves(spec: ModelSpec, data: FrontierData) -> Sigmoid:
    """Sigmoids of all tasks, in the first period or in each; shape (task, 1) or (task, period)."""
    priors, structure = spec.priors, spec.structure
    pooled = structure.tasks == "pooled" and len(data.tasks) > 1
    dims = ("task", "period") if structure.periods == "separate" else ("task",)

    def share(name: str) -> Any:  # noqa: ANN401
        centre, spread = getattr(priors, name), getattr(priors, f"{name}_spread")
        fixed_by_data = name in ("high", "start_share")
        logit = hierarchical_share(name, centre, spread, dims, pooled=pooled, centred=fixed_by_data)
        return pt.sigmoid(logit if len(dims) == 2 else logit[:, None])

    names = ("high", "start_share", "floor_share", "ceiling_share")
    high, start, floor, ceiling = (share(name) for name in names)
    return sigmoid_from_shares(high, start, floor, ceiling, pt.log)


def _drift(spec: ModelSpec, data: FrontierData) -> Any:  # noqa: ANN401
    """Shift of each task's boundary since the first period, on the logit scale; shape (task, period)."""
    zero = pt.zeros((len(data.tasks), data.n_periods))
    if spec.structure.periods != "random-walk":
        return zero
    scales = task_scales("drift", spec.priors.drift, spec.priors.drift_spread, len(data.tasks))
    if data.n_periods == 1:
        return zero
    # Steps are in units of the logit: the data fix them better than their common scale does.
    steps = pm.Normal("drift_step", 0.0, scales[:, None], dims=("task", "step"))
    walked = pt.cumsum(steps, axis=1)  # type: ignore[no-untyped-call]
    return pt.concatenate([zero[:, :1], walked], axis=1)  # type: ignore[no-untyped-call]


def _record(curve: Sigmoid, drift: Any, data: FrontierData) -> None:  # noqa: ANN401
    """Keep the four parameters of every task and period."""
    curve = shift_logit(curve, drift, log=pt.log, exp=pt.exp)
    slope = (curve.at_high - curve.at_low) / (data.compute.high - data.compute.low)
    kept = {
        "floor": curve.floor,
        "ceiling": curve.ceiling,
        "slope": slope,
        "midpoint": data.compute.low - curve.at_low / slope,
    }
    shape = (len(data.tasks), data.n_periods)
    for name, value in kept.items():
        pm.Deterministic(name, pt.broadcast_to(value, shape), dims=("task", "period"))


def _evaluate(curve: Sigmoid, task: IntArray, period: IntArray, position: Any) -> Any:  # noqa: ANN401
    """Undrifted boundary of tasks in periods at positions on the compute range."""
    column = period if curve.floor.type.shape[1] != 1 else np.zeros_like(period)
    floor, ceiling, at_low, at_high = (part[task, column] for part in curve)
    return floor + (ceiling - floor) * pt.sigmoid(at_low + (at_high - at_low) * position)


def _base_model_effects(
    spec: ModelSpec,
    data: FrontierData,
    curve: Sigmoid,
    drift: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Effects on the logit scale, shape (base_model, task), partly centred on the base models' own levels."""
    scale = task_scales("base_model", spec.priors.base_model, spec.priors.base_model_spread, len(data.tasks))
    task = np.tile(np.arange(len(data.tasks)), len(data.base_models))
    period = np.repeat(data.reference_period, len(data.tasks))
    z = np.repeat(data.reference_z, len(data.tasks))
    expected = _evaluate(curve, task, period, data.compute.position(z))
    logit = pt.log(expected) - pt.log1p(-expected) + drift[task, period]
    logit = logit.reshape((len(data.base_models), len(data.tasks)))
    weight = data.counts / (data.counts + CENTRING)
    level = pm.Normal("base_model_level", weight * logit, scale[None, :] ** weight, dims=("base_model", "task"))
    effect = scale[None, :] ** (1.0 - weight) * (level - weight * logit)
    return pm.Deterministic("base_model_effect", effect, dims=("base_model", "task"))
