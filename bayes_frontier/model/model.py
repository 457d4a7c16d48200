"""The model in plain PyMC: boundaries of tasks over compute and time, and base models around them.

This is the definition; read it from top to bottom. (1) to (11) are the lines of mathematics in docs/model.md. The fused
operations of `bayes_frontier.model.engine` give the same density faster, and tests keep the two equal. To try another
model, copy this file and edit it: docs/recipes/add-a-covariate.md adds a term.
"""
# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.grouped import grouped_pinball
from bayes_frontier.model.spec import LEAST_SCALE, LEAST_SPREAD, ModelSpec

type Tensor = Any
FAMILIES = {"normal": pm.Normal, "half-normal": pm.HalfNormal, "log-normal": pm.LogNormal}


def frontier_model(spec: ModelSpec, data: FrontierData, scale: Scale, transform: object = None) -> pm.Model:
    """Write the model; a transform gives levels of base models other coordinates for the sampler, not another prior."""
    structure, time, n_tasks = spec.structure, data.stretches, len(data.tasks)
    separate = structure.periods == "separate"  # a curve for each period; otherwise all periods share one
    # Cell: the scores of one task, period, base model and compute; they share a boundary. Stretch: about a quarter.
    task, period, stretch, base = (data.cells[name].to_numpy() for name in ("task", "period", "stretch", "base"))
    names = {"task": data.tasks, "period": data.period_labels, "base_model": data.base_models}
    coords = {**names, "stretch": range(time.n), "step": range(1, time.n), "node": data.compute.nodes}

    def prior(name: str, parameter: str, **dims: object) -> Tensor:
        """Draw from a prior of the specification: a family and its parameters, as in models/hierarchical.toml."""
        parameters = getattr(spec.priors, parameter).model_dump()
        return FAMILIES[parameters.pop("dist")](name, **parameters, **dims)

    def share(name: str, *, centred: bool = False) -> Tensor:
        """(1) Share between 0 and 1 for each task, around what tasks have in common; shape (task, period or 1)."""
        dims = ("task", "period") if separate else ("task",)
        if structure.tasks == "separate" or n_tasks == 1:
            logit = prior(f"{name}_logit", name, dims=dims)
        else:
            mean, sd = prior(f"{name}_mean", name), LEAST_SPREAD + prior(f"{name}_spread", f"{name}_spread")
            if centred:
                logit = pm.Normal(f"{name}_logit", mean, sd, dims=dims)
            else:
                logit = mean + sd * pm.Normal(f"{name}_raw", dims=dims)
        return pt.sigmoid(logit if separate else logit[:, None])

    def task_scale(name: str) -> Tensor:
        """(2) Standard deviation for each task, log-normal around a typical one, over the least; shape (task,)."""
        sd = prior(f"{name}_typical", name) * np.ones(n_tasks)
        if n_tasks > 1:
            sd = sd * pt.exp(prior(f"{name}_spread", f"{name}_spread") * pm.Normal(f"{name}_raw", dims="task"))
        return pm.Deterministic(f"{name}_scale", LEAST_SCALE + sd, dims="task")

    with pm.Model(coords=coords, check_bounds=False) as model:
        # (3) Curves: sigmoids with 0 <= floor <= low <= high <= ceiling <= 1 whatever the shares. Scores fix a task's
        # boundary at the two ends of the compute range better than other tasks do, hence centred.
        high, start = share("high", centred=True), share("start_share", centred=True)
        low = high * (0.005 + 0.99 * start)  # a share of 0 or 1 would make the slope infinite
        floor = low * (0.005 + 0.99 * share("floor_share"))
        ceiling = high + (1 - high) * (0.005 + 0.99 * share("ceiling_share"))
        at_low, at_high = pt.log((low - floor) / (ceiling - low)), pt.log((high - floor) / (ceiling - high))

        # (4) Drift: a random walk over the stretches, with a velocity; centred, as scores fix steps well
        drift = pt.zeros((n_tasks, time.n))
        if structure.periods == "random-walk":
            drift_scale = task_scale("drift")
            velocity = drift_scale * pm.Normal("drift_velocity_raw", dims="task")
            pm.Deterministic("drift_velocity", velocity, dims="task")
            if time.n > 1:
                mean, sd = velocity[:, None] * time.gaps, drift_scale[:, None] * np.sqrt(time.gaps)
                step = pm.Normal("drift_step", mean, sd, dims=("task", "step"))
                drift = pt.concatenate([drift[:, :1], pt.cumsum(step, axis=1)], axis=1)
        pm.Deterministic("drift", drift, dims=("task", "stretch"))

        # (5) Bends: steepness beside that of the sigmoid, at nodes, linear between; both ends of the range stay put
        steepness = pt.ones((n_tasks, len(data.compute.nodes)))
        if structure.curve == "bent":
            steepness = pt.exp(task_scale("steepness")[:, None] * pm.Normal("steepness_node", dims=("task", "node")))
        steepness /= steepness @ data.compute.parts(data.compute.high)[:, None]
        pm.Deterministic("steepness", steepness, dims=("task", "node"))

        def logit_boundary(task: Tensor, period: Tensor, stretch: Tensor, z: Tensor) -> Tensor:
            """(6) Logit of the boundary at z = log10 FLOPs, for a base model no better and no worse than others."""
            at = (task, period if separate else 0)
            position = (data.compute.parts(z) * steepness[task]).sum(axis=-1)  # 0 is low, 1 high
            rise = pt.exp(pt.clip(at_low[at] + (at_high - at_low)[at] * position, -300, 300))  # short of overflow
            odds = (floor[at] + ceiling[at] * rise) / ((1 - floor[at]) + (1 - ceiling[at]) * rise)
            return pt.log(odds) + drift[task, stretch]

        logit_q = logit_boundary(task, period, stretch, data.cells["z"].to_numpy())
        if structure.base_models:
            # (7) Base models: a level each, normal around the boundary at the base model's median compute and date
            when = data.reference_stretch[:, None]  # without drift, stretches are periods
            typical = logit_boundary(np.arange(n_tasks), when, when, data.reference_z[:, None])
            dims = ("base_model", "task")
            level = pm.Normal("base_model_level", typical, task_scale("base_model"), transform=transform, dims=dims)
            # (8) ... and an effect, by which they are above or below it at any compute and date
            effect = pm.Deterministic("base_model_effect", level - typical, dims=dims)
            logit_q += effect[base, task]
        q = pt.sigmoid(logit_q)  # (9)

        # (10) Likelihood: asymmetric Laplace, as the loss of all scores of a cell; scale, weights, tails calibrated
        level, half_width, s = scale.of_cells(data.cells)
        loss = grouped_pinball(q, data.weighted(scale), level, half_width)
        pm.Potential("scores", -(loss / s).sum())

        # (11) Reported: the sigmoid of each period at its last stretch, over compute bent by `curve.bend`
        factor = pt.exp(pt.clip(drift[:, time.last], -300, 300))  # of the odds
        over_floor, over_ceiling = 1 - floor + floor * factor, 1 - ceiling + ceiling * factor
        x = (steepness @ data.compute.parts(data.compute.nodes[0]))[:, None]  # position of the first node
        slope = (at_high - at_low) / (data.compute.high - data.compute.low) * pt.ones_like(factor)
        midpoint = data.compute.nodes[0] - (at_low + (at_high - at_low) * x + pt.log(over_ceiling / over_floor)) / slope
        curve = {"floor": floor * factor / over_floor, "ceiling": ceiling * factor / over_ceiling}
        for name, value in {**curve, "slope": slope, "midpoint": midpoint}.items():
            pm.Deterministic(name, value, dims=("task", "period"))
    return model
