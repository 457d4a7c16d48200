"""Sampling: calibrate the scale by short fits, then draw the posterior with nutpie; draws from the priors alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pymc as pm
import xarray as xr
from scipy.special import expit, logit

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.calibration import Scale, clustered_scale, residual_quantiles, rough_residuals
from bayes_frontier.model.curve import bend, boundary_at
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine import Compiled, Levels, fast_model
from bayes_frontier.model.engine.coordinates import typical_levels
from bayes_frontier.model.engine.fast import CENTRED, SHARES
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.model.spec import ModelSpec

POINTS = 16
# Of the sampler's variables: raise it when these become others. Points of another form say nothing to this sampler.
FORM = 5
CURVE = ("floor", "ceiling", "slope", "midpoint")
_DETERMINED = (*CURVE, "steepness", "drift", "base_model_scale", "base_model_effect")
_LEVEL = "base_model_position"
_FREE = "free_"


def ending(compiled: Compiled, statistics: xr.Dataset, posterior: xr.Dataset) -> xr.Dataset:
    """Points at which another fit can start: some draws of a fit, dim ``point``."""
    unconstrained = statistics["unconstrained_draw"].to_numpy()
    chains, draws = unconstrained.shape[:2]
    each = -(-POINTS // chains)
    # the later half: the sampler has had time to come from where it started
    draw = np.unique(np.linspace(draws // 2, draws - 1, each).astype(int))
    at = [(c, d) for d in draw for c in range(chains)]
    free = {
        f"{_FREE}{v.name}": (
            ("point", *(f"{v.name}_{i}" for i in range(len(v.shape)))),
            np.stack([unconstrained[c, d, v.part].reshape(v.shape) for c, d in at]),
        )
        for v in compiled.variables
        if v.name != _LEVEL
    }
    kept = posterior[[name for name in _DETERMINED if name in posterior]]
    points = [kept.isel(chain=c, draw=d).drop_vars(("chain", "draw"), errors="ignore") for c, d in at]
    # sizes of the sampler's dimensions change from fit to fit; names of tasks and base models do not
    kept = xr.concat(points, "point").drop_vars(("period", "stretch"), errors="ignore").assign(free).drop_attrs()
    return kept.assign_attrs(form=FORM)


@dataclass(frozen=True)
class Start:
    """Where a fit ended and another can start."""

    ending: xr.Dataset  # points, from `ending`
    scale: Scale  # what that fit was drawn with, without the tails of its base models

    @classmethod
    def of(cls, posterior: xr.DataTree) -> "Start | None":
        """Take the starting points kept with a fit."""
        if "ending" not in posterior.children or int(posterior["ending"].attrs.get("form", 0)) != FORM:
            return None
        return cls(posterior["ending"].to_dataset(), replace(Scale.from_posterior(posterior), tails=None))

    @property
    def draws(self) -> xr.Dataset:
        """Kept variables at the points, dim ``sample``."""
        return self.ending[[name for name in _DETERMINED if name in self.ending]].rename(point="sample")

    def points(self, compiled: Compiled, data: FrontierData, levels: Levels) -> FloatArray:
        """Give starting points in the coordinates of another fit's sampler.

        Base models are matched by name, and those that are new start on the curve. What the fit before did not have (a
        stretch of time, say) starts in the middle of its prior.

        Shapes: returns (n_points, n_variables).
        """
        n = self.ending.sizes["point"]
        points = np.tile(compiled.middle, (n, 1))
        for variable in compiled.variables:
            name, part, shape = variable.name, variable.part, variable.shape
            if name == _LEVEL:
                points[:, part] = levels.from_effects(self.draws, data).reshape(n, -1)
            elif f"{_FREE}{name}" in self.ending:
                old = self.ending[f"{_FREE}{name}"].to_numpy()
                if old.ndim == 1 + len(shape):
                    new = points[:, part].reshape(n, *shape)
                    both = (slice(None), *(slice(min(a, b)) for a, b in zip(shape, old.shape[1:], strict=True)))
                    new[both] = old[both]
                    points[:, part] = new.reshape(n, -1)
        return points


# The fits that calibrate the scale: a rough idea of the residuals is all they give. Far from the posterior, scales of
# the sampler's coordinates come sooner from gradients than from draws, and long trajectories are wasted. Each starts
# where the one before it ended, and so does the fit that is kept.
PASS_CHAINS = 2
PASS: dict[str, Any] = {"chains": PASS_CHAINS, "tune": 110, "draws": 30, "adaptation": "diag", "maxdepth": 8}
# The first fit starts this far from the middle of the prior, in unconstrained units: where some gradients are zero the
# sampler cannot start, and far out it may not come back.
FIRST_JITTER = 0.1
# Draws whose residuals stand for the residual distribution.
RESIDUAL_DRAWS = 40
# Statistics of the sampler by the names that ArviZ has for them.
KEPT_STATISTICS = {
    **{name: name for name in ("diverging", "energy", "energy_error", "n_steps", "step_size")},
    "logp": "lp",
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "mean_tree_accept": "acceptance_rate",
}
# Smaller steps than the sampler's usual 0.8 cost more gradients and have next to no transition diverge.
TARGET_ACCEPT = 0.8


@dataclass(frozen=True)
class Sampled:
    """A sampled posterior."""

    posterior: xr.Dataset  # draws of the kept variables, dims (chain, draw, ...)
    sample_stats: xr.Dataset  # statistics of the sampler, dims (chain, draw)
    scale: Scale  # what the posterior was drawn with
    # residual distribution around the boundary, given base-model effects, at RESIDUAL_LEVELS; (n_tasks, n_levels)
    residual_quantiles: FloatArray
    ending: xr.Dataset | None = None  # where another fit can start; see `Start`


def sample(
    spec: ModelSpec,
    evaluations: Evaluations,
    data: FrontierData,
    *,
    tau: float,
    settings: Mapping[str, Any],
    chains: int,
    cores: int,
    seed: int | list[int],
    progress: bool,
    start: Start | None = None,
) -> Sampled:
    """Calibrate the scale and draw the posterior, with draws, tune and target_accept as set."""
    scores = evaluations.table["score"].to_numpy(float)
    clusters = data.clusters if spec.structure.base_models else data.clusters.without_base_models()
    fixed = None if spec.likelihood.scale == "calibrated" else float(spec.likelihood.scale)
    seeds = np.random.SeedSequence(seed).generate_state(spec.likelihood.passes + 2)
    rng = np.random.default_rng(seeds[-1])

    def rescaled(residuals: FloatArray) -> Scale:
        return clustered_scale(residuals, clusters, tau, spec.likelihood.smoothing, fixed)

    scale = rescaled(rough_residuals(evaluations, tau)) if start is None else start.scale
    compiled = Compiled.from_spec(spec, data, scale)
    middle = compiled.middle
    starts = first = middle + FIRST_JITTER * rng.standard_normal((PASS_CHAINS, len(middle)))
    levels = Levels.before(data)
    if start is not None:
        if spec.structure.base_models:
            levels = Levels.after(data, scale, start.draws)
        starts = start.points(compiled, data, levels)
    for i in range(0 if start is None else 1, spec.likelihood.passes):
        compiled = compiled.given(spec, data, scale, levels)
        cores_now = min(cores, PASS_CHAINS)
        draws_now, statistics = compiled.sample(starts, int(seeds[i]), progress=False, cores=cores_now, **PASS)
        draws_now = _named(draws_now, data)
        starts = np.concatenate(statistics["unconstrained_draw"].to_numpy())
        scale = rescaled(_residuals(draws_now, data, scores, rng))
        if i == 0 and spec.structure.base_models:
            # In other coordinates the draws are other points, so the next pass starts where this one did.
            levels, starts = Levels.after(data, scale, draws_now.stack(sample=("chain", "draw"))), first
    compiled = compiled.given(spec, data, scale, levels)
    posterior, statistics = compiled.sample(
        starts,
        int(seeds[-2]),
        **settings,
        chains=chains,
        cores=cores,
        progress=progress,
        # Scales from the draws' variances: a third more effective draws a gradient here than from gradients too.
        adaptation="draw_diag",
    )
    posterior = _named(posterior, data)
    free = free_variables(compiled, statistics, posterior, data)
    residuals = _residuals(posterior, data, scores, rng)
    weights = np.ones(len(scores)) if scale.correlation is None else clusters.weights(scale.correlation)
    parts = [clusters.task == k for k in range(len(data.tasks))]
    quantiles = np.stack([residual_quantiles(residuals[part], tau, weights[part]) for part in parts])
    return Sampled(
        posterior=posterior.assign(free),
        sample_stats=statistics[list(KEPT_STATISTICS)].rename(KEPT_STATISTICS),
        scale=scale,
        residual_quantiles=quantiles,
        ending=ending(compiled, statistics, posterior),
    )


# Variables of the engine that hold one of each share or scale, and which shares are sampled as such.
_OF_SHARES, _OF_SCALES = ("share_mean", "share_spread", "share_logit"), ("scale_typical", "scale_spread", "scale_raw")
# Digits of the binary fraction kept of levels, which are as many numbers as all the rest of a fit.
_FRACTION_BITS = 12


def free_variables(
    compiled: Compiled, statistics: xr.Dataset, posterior: xr.Dataset, data: FrontierData
) -> dict[str, Any]:
    """Variables of the definition that are not kept anyway: with them PyMC can take a fit's draws for its own."""
    unconstrained = statistics["unconstrained_draw"].to_numpy()
    drawn = {}
    for variable in compiled.variables:
        values = unconstrained[..., variable.part].reshape(*unconstrained.shape[:2], *variable.shape)
        name = variable.name.removesuffix("_log__")
        drawn[name] = values if name == variable.name else np.exp(values)
    pooled = any(name.startswith("share_mean") for name in drawn)
    made: dict[str, Any] = {}
    scales = [name for name in ("drift", "base_model", "steepness") if f"{name}_scale" in posterior]
    for group, kinds in ((_OF_SHARES, SHARES), (_OF_SCALES, scales)):
        for whole, (i, kind) in product(group, enumerate(kinds)):
            # priors of several families are variables of their own
            if whole not in drawn and f"{whole}_{i}" not in drawn:
                continue
            values = drawn[whole][:, :, i] if whole in drawn else drawn[f"{whole}_{i}"][:, :, 0]
            part = whole.split("_")[1]
            if part == "logit" and pooled and not CENTRED[i]:
                part = "raw"
            made[f"{kind}_{part}"] = (("chain", "draw", "task", "period")[: values.ndim], values)
    if "steepness_node" in drawn:
        made["steepness_node"] = (("chain", "draw", "task", "node"), drawn["steepness_node"])
    if "drift_velocity" in posterior:
        raw = posterior["drift_velocity"] / posterior["drift_scale"]
        made["drift_velocity_raw"] = (raw.dims, raw.to_numpy())
        if data.stretches.n > 1:
            steps = np.diff(posterior["drift"].transpose("chain", "draw", "task", "stretch").to_numpy())
            made["drift_step"] = (("chain", "draw", "task", "step"), steps)
    if "base_model_effect" in posterior:
        effect = posterior["base_model_effect"].transpose("chain", "draw", "base_model", "task")
        # a chain at a time: in a large table all at once would not fit into memory
        chains = [posterior.isel(chain=c).rename(draw="sample") for c in range(posterior.sizes["chain"])]
        typical = np.stack([rounded(typical_levels(chain, data) + effect[c]) for c, chain in enumerate(chains)])
        made["base_model_level"] = (effect.dims, typical)
    # single precision is more than draws tell
    return {name: (dims, values.astype(np.float32)) for name, (dims, values) in made.items()}


def rounded(values: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Keep four decimal digits: the zeros that are left compress well."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    half, dropped = np.uint32(1 << (22 - _FRACTION_BITS)), np.uint32((1 << (23 - _FRACTION_BITS)) - 1)
    return np.asarray(((bits + half) & ~dropped).view(np.float32))


def _named(posterior: xr.Dataset, data: FrontierData) -> xr.Dataset:
    names = {"task": list(data.tasks), "base_model": list(data.base_models), "node": list(data.compute.nodes)}
    if "base_model_effect" in posterior:
        # as many numbers as all the rest of a fit; single precision is more than draws tell
        posterior = posterior.assign(base_model_effect=posterior["base_model_effect"].astype(np.float32))
    return posterior.assign_coords({name: values for name, values in names.items() if name in posterior.dims})


def cell_boundary(posterior: xr.Dataset, data: FrontierData) -> FloatArray:
    """Boundary of every cell, base-model effects included, for given draws. Shapes: returns (n_cells, n_samples)."""
    task, period, stretch = (data.cells[name].to_numpy() for name in ("task", "period", "stretch"))
    parts = [posterior[name].transpose("task", "period", "sample").to_numpy()[task, period] for name in CURVE]
    steepness = posterior["steepness"].transpose("task", "sample", "node").to_numpy()[task]
    q = boundary_at(bend(data.cells["z"].to_numpy()[:, None], steepness, data.compute.nodes), *parts)
    drift = posterior["drift"].transpose("task", "stretch", "sample").to_numpy()
    q = expit(logit(q) + drift[task, stretch] - drift[task, data.stretches.last[period]])
    if "base_model_effect" in posterior:
        effect = posterior["base_model_effect"].transpose("base_model", "task", "sample").to_numpy()
        q = expit(logit(q) + effect[data.cells["base"].to_numpy(), task])
    return np.asarray(q)


def _residuals(posterior: xr.Dataset, data: FrontierData, scores: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Scores minus boundary for some draws, shape (n_scores, n_draws).

    Residuals from draws, not from their mean: draws scatter around the boundary as the truth does, while the mean of
    small base models lies above all of their scores.
    """
    flat = posterior.stack(sample=("chain", "draw"))
    some = rng.choice(flat.sizes["sample"], size=min(RESIDUAL_DRAWS, flat.sizes["sample"]), replace=False)
    q = cell_boundary(flat.isel(sample=np.sort(some)), data)
    return np.asarray(scores[:, None] - q[data.cell_of_score])


def prior_curves(spec: ModelSpec, data: FrontierData, draws: int, seed: int) -> dict[str, FloatArray]:
    """Draw the curves of a typical base model, and their steepness, from the priors alone."""
    # The likelihood is not drawn from: its scale does not enter.
    filler = np.full(len(data.tasks), 0.01)
    model = fast_model(spec, data, Scale(filler, filler, filler, filler))
    names = (*CURVE, "steepness")
    curve: list[Any] = [model[name] for name in names]
    # Compiling for speed would take longer than these few draws do.
    drawn = pm.draw(curve, draws=draws, random_seed=seed, mode="FAST_COMPILE")
    return dict(zip(names, map(np.asarray, drawn), strict=True))
