"""Wiring: from a specification and grouped scores to a PyMC model."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayes_frontier.model.cells import FrontierData
from bayes_frontier.model.curve import Sigmoid, sigmoid_from_shares
from bayes_frontier.model.grouped import GroupedPinball
from bayes_frontier.model.priors import hierarchical_share, task_scales
from bayes_frontier.model.scale import Scale
from bayes_frontier.model.spec import ModelSpec

# A base model's level is centred on its own scores in proportion n / (n + CENTRING) and on the curve otherwise: with
# many scores the data pin the level, with few the prior does, and each wants its own geometry (Papaspiliopoulos et al.
# 2003, doi 10.1214/088342307000000014).
CENTRING = 5.0


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
        "base_model": list(data.base_models),
    }
    cells = data.cells
    task = cells["task"].to_numpy()
    with pm.Model(coords=coords) as model:
        curve = _curves(spec, data)
        at_cell = task * data.n_periods + cells["period"].to_numpy()
        q = _evaluate(curve, at_cell, data.compute.position(cells["z"].to_numpy()))
        if spec.structure.base_models:
            effect = _base_model_effects(spec, data, curve)
            at_base = cells["base"].to_numpy() * len(data.tasks) + task
            q = pt.sigmoid(pt.log(q) - pt.log1p(-q) + effect.ravel()[at_base])
        scores = data.scores
        given = {name: pm.Data(name, value) for name, value in scale.by_cell(task).items()}
        losses, _ = GroupedPinball()(
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
    """Sigmoids of all tasks and periods, shape (task, period)."""
    priors, structure = spec.priors, spec.structure
    pooled = structure.tasks == "pooled" and len(data.tasks) > 1
    dims = ("task", "period") if structure.periods == "separate" else ("task",)

    def share(name: str) -> Any:  # noqa: ANN401
        centre, spread = getattr(priors, name), getattr(priors, f"{name}_spread")
        fixed_by_data = name in ("high", "start_share")
        logit = hierarchical_share(name, centre, spread, dims, pooled=pooled, centred=fixed_by_data)
        return logit if len(dims) == 2 else logit[:, None]

    if structure.periods == "random-walk":
        scales = task_scales("drift", priors.drift, priors.drift_spread, len(data.tasks))
        high, start = (_random_walk(name, share(name), scales, data) for name in ("high", "start_share"))
    else:
        high, start = share("high"), share("start_share")
    curve = sigmoid_from_shares(
        *(pt.sigmoid(logit) for logit in (high, start, share("floor_share"), share("ceiling_share"))), log=pt.log
    )
    shape = (len(data.tasks), data.n_periods)
    curve = Sigmoid(*(pt.broadcast_to(part, shape) for part in curve))
    decades = data.compute.high - data.compute.low
    slope = (curve.at_high - curve.at_low) / decades
    pm.Deterministic("floor", curve.floor, dims=("task", "period"))
    pm.Deterministic("ceiling", curve.ceiling, dims=("task", "period"))
    pm.Deterministic("slope", slope, dims=("task", "period"))
    pm.Deterministic("midpoint", data.compute.low - curve.at_low / slope, dims=("task", "period"))
    return curve


def _random_walk(name: str, first: Any, scales: Any, data: FrontierData) -> Any:  # noqa: ANN401
    """Logits that start at `first` and move by normal steps; shape (task, period).

    Centred: each period's level is a variable of its own, because the data fix levels better than steps.
    """
    levels = [first]
    for t in range(1, data.n_periods):
        levels.append(pm.Normal(f"{name}_{t}", levels[-1][:, 0], scales, dims="task")[:, None])
    return pt.concatenate(levels, axis=1)


def _evaluate(curve: Sigmoid, index: Any, position: Any) -> Any:  # noqa: ANN401
    """Boundary at flat (task, period) indices and positions on the compute range."""
    floor, ceiling, at_low, at_high = (part.ravel()[index] for part in curve)
    return floor + (ceiling - floor) * pt.sigmoid(at_low + (at_high - at_low) * position)


def _base_model_effects(spec: ModelSpec, data: FrontierData, curve: Sigmoid) -> Any:  # noqa: ANN401
    """Effects on the logit scale, shape (base_model, task), partly centred on the base models' own levels."""
    scale = task_scales("base_model", spec.priors.base_model, spec.priors.base_model_spread, len(data.tasks))
    index = np.arange(len(data.tasks))[None, :] * data.n_periods + data.reference_period[:, None]
    position = np.broadcast_to(data.compute.position(data.reference_z)[:, None], index.shape)
    expected = _evaluate(curve, index.ravel(), position.ravel()).reshape(index.shape)
    logit = pt.log(expected) - pt.log1p(-expected)
    weight = data.counts / (data.counts + CENTRING)
    level = pm.Normal("base_model_level", weight * logit, scale[None, :] ** weight, dims=("base_model", "task"))
    effect = scale[None, :] ** (1.0 - weight) * (level - weight * logit)
    return pm.Deterministic("base_model_effect", effect, dims=("base_model", "task"))
