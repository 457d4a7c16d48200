"""Coordinates in which base-model effects are easy to sample, and their prior as a function of these."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytensor.tensor as pt
import xarray as xr
from pymc.logprob.transforms import Transform
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Variable
from scipy.special import expit, logit
from scipy.stats import norm

from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.curve import bend, boundary_at
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine.geometry import (
    VERSION,
    add_slopes,
    curves,
    odds_at,
    pull_curves,
    pull_walk,
    rise_at,
    walk,
)
from bayes_frontier.model.grouped import CompiledOp, cell_losses, code_version, like
from bayes_frontier.model.likelihood import FloatArray

# Before the spread omega of the effects is known, the sampling variance of a base model's boundary is taken to be this
# share of omega**2 over its scores.
FIRST_VARIANCE = 0.5
# Width of the bend, in units of x: as round as the smoothed loss makes the lower bound.
ROUND = 0.7
# Levels are looked at on this grid, in standard deviations of the effects, and bent to match these quantiles.
_GRID = np.linspace(-5.0, 5.0, 401)
_LOWER, _UPPER = 0.05, 0.95
_REACH = float(norm.ppf(_UPPER))
# A level is never taken to be known better than this, in the same units.
_NARROWEST = 0.01
# ... and slopes on the two sides never differ by more than this, relative to their sum.
_STEEPEST = 0.95
_CURVE = ("floor", "ceiling", "slope", "midpoint")


@dataclass(frozen=True)
class Levels:
    """Coordinates x of the levels of base models, ``level = middle + a x + b sqrt(x**2 + ROUND**2)``.

    Where a base model has few scores near its boundary, these bound it from below and hardly from above. In x, its
    level is about standard normal.

    * centring (n_base_models, n_tasks): degree to which levels are centred on their own scores: 0 (deviations from
      the curve) to 1 (levels themselves), ``omega**2 / (omega**2 + v)`` with v the sampling variance of a base
      model's boundary (Papaspiliopoulos et al. 2007, doi 10.1214/088342307000000014)
    * bend (3, n_base_models, n_tasks): middle, a and b
    """

    centring: FloatArray
    bend: FloatArray

    @classmethod
    def before(cls, data: FrontierData) -> "Levels":
        """Give coordinates before anything has been fitted: centred by the number of scores, and straight."""
        zero = np.zeros_like(data.counts)
        return cls(data.counts / (data.counts + FIRST_VARIANCE), np.stack([zero, zero + 1.0, zero]))

    @classmethod
    def after(cls, data: FrontierData, scale: Scale, draws: xr.Dataset) -> "Levels":
        """Give coordinates from a rough idea of the posterior."""
        omega = draws["base_model_scale"].mean("sample").to_numpy()
        typical = typical_levels(draws, data).mean(axis=0)
        q = expit(typical)
        # A score tells f / s about the boundary, f the density of scores there (see `model.calibration`).
        tails = 1.0 if scale.tails is None else scale.tails
        variance = tails**2 * scale.scale / scale.density / (omega * q * (1.0 - q)) ** 2
        centring = data.counts / (data.counts + variance)
        low, middle, high = _quantiles(data, scale, draws, typical, omega)
        left, right = (np.maximum(part, _NARROWEST) for part in (middle - low, high - middle))
        a = 0.5 * (left + right) / _REACH
        b = np.clip(0.5 * (right - left) / (np.hypot(_REACH, ROUND) - ROUND), -_STEEPEST * a, _STEEPEST * a)
        spread = omega**centring
        return cls(centring, np.stack([centring * typical + spread * (middle - b * ROUND), spread * a, spread * b]))

    def unbent(self, level: FloatArray) -> FloatArray:
        """Give the sampler's coordinate of levels. Shapes: level (..., n_base_models, n_tasks)."""
        return np.asarray(unbend(level, self.bend, np.sqrt))

    def from_effects(self, draws: xr.Dataset, data: FrontierData) -> FloatArray:
        """Sampler's coordinates at draws of the effects; base models that are not among the draws start on the curve.

        Shapes: returns (n_samples, n_base_models, n_tasks).
        """
        effect = draws["base_model_effect"].reindex(base_model=list(data.base_models), fill_value=0.0)
        scale = draws["base_model_scale"].transpose("sample", "task").to_numpy()[:, None, :]
        above = effect.transpose("sample", "base_model", "task").to_numpy() * scale ** (self.centring - 1.0)
        return self.unbent(self.centring * typical_levels(draws, data) + above)

    def transform(self) -> "LevelTransform":
        """Give the coordinates as a transform for PyMC."""
        return LevelTransform(self.centring, self.bend)


class LevelTransform(Transform):  # type: ignore[misc]
    """Coordinates of the levels of base models as a transform of their normal variable; arguments as in `Levels`."""

    name = "position"
    ndim_supp = 0

    def __init__(self, centring: Any, bend: Any) -> None:  # noqa: ANN401 - arrays or tensors
        self.centring, self.bend = centring, bend

    def forward(self, value: Any, *inputs: Any) -> Any:  # noqa: ANN401 - tensors
        """Give the coordinates of levels; the last two inputs are their mean and standard deviation."""
        mean, sd = inputs[-2:]
        return unbend(self.centring * mean + (value - mean) * sd ** (self.centring - 1.0), self.bend, pt.sqrt)

    def backward(self, value: Any, *inputs: Any) -> Any:  # noqa: ANN401 - tensors
        """Give the levels at coordinates."""
        mean, sd = inputs[-2:]
        level = self.bend[0] + self.bend[1] * value + self.bend[2] * pt.sqrt(value**2 + ROUND**2)
        return mean + (level - self.centring * mean) * sd ** (1.0 - self.centring)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:  # noqa: ANN401 - tensors
        """Give the logarithm of the derivative of the levels in their coordinates."""
        slope = self.bend[1] + self.bend[2] * value / pt.sqrt(value**2 + ROUND**2)
        return pt.log(slope) + (1.0 - self.centring) * pt.log(inputs[-1])


def typical_levels(draws: xr.Dataset, data: FrontierData) -> FloatArray:
    """Boundary of base models without effect, at each base model of a table.

    Shapes: returns (n_samples, n_base_models, n_tasks).
    """
    parts = [draws[name].transpose("sample", "task", "period").to_numpy()[:, :, -1] for name in _CURVE]
    z = data.reference_z[None, :, None]
    if "steepness" in draws:
        steepness = draws["steepness"].transpose("sample", "task", "node")
        z = bend(z, steepness.to_numpy()[:, None], steepness["node"].to_numpy())
    level = boundary_at(z, *(part[:, None, :] for part in parts))
    return np.asarray(logit(np.clip(level, 1e-6, 1.0 - 1e-6)) + _since_last(draws, data.reference_stretch))


def _since_last(draws: xr.Dataset, stretch: Any) -> FloatArray:  # noqa: ANN401 - one stretch an entry
    """Drift from the last stretch to others, (sample, entry, task)."""
    drift = draws["drift"].transpose("sample", "stretch", "task").to_numpy()
    return np.asarray(drift[:, np.minimum(stretch, drift.shape[1] - 1)] - drift[:, -1:])


def _quantiles(
    data: FrontierData, scale: Scale, draws: xr.Dataset, typical: FloatArray, omega: FloatArray
) -> tuple[FloatArray, ...]:
    """Low, middle and high of each effect given the curve, (base model, task), in units of its prior's deviation."""
    grid = typical[..., None] + omega[:, None] * _GRID
    log_density = np.broadcast_to(-0.5 * _GRID**2, grid.shape).copy()
    task, stretch, base = (data.cells[name].to_numpy() for name in ("task", "stretch", "base"))
    drift = (_since_last(draws, stretch) - _since_last(draws, data.reference_stretch[base])).mean(axis=0)
    q = expit(grid[base, task] + drift[np.arange(len(task)), task][:, None])
    losses = data.losses(scale)
    np.add.at(log_density, (base, task), -cell_losses(q, losses.pieces, losses.buckets, losses.cells))
    mass = np.cumsum(np.exp(log_density - log_density.max(axis=-1, keepdims=True)), axis=-1)
    mass /= mass[..., -1:]
    return tuple(_GRID[np.argmax(mass >= p, axis=-1)] for p in (_LOWER, 0.5, _UPPER))


def unbend(level: Any, bend: Any, sqrt: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - arrays or tensors
    """Give the coordinate of levels."""
    middle, a, b = bend[0], bend[1], bend[2]
    y, product = level - middle, a**2 - b**2
    return (a * y - b * sqrt(y**2 + product * ROUND**2)) / product


# Base-model effects and their prior, as functions of the coordinates that the sampler sees.

_ROUND_SQUARED = ROUND**2
_LOG_NORMAL = 0.5 * np.log(2.0 * np.pi)


def _level_effects(
    x: FloatArray,
    logits: FloatArray,
    steps: FloatArray,
    scale: FloatArray,
    place: FloatArray,
    reference: FloatArray,
    centring: FloatArray,
    bend: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log density of each task's levels at `x`, (task,), the effects there, (base model, task), and parts of both."""
    curve, drift, log_scale = curves(logits), walk(steps), np.log(scale)
    density, effect, parts = np.zeros_like(scale), np.empty_like(x), np.empty_like(bend)
    for b in range(x.shape[0]):
        t = int(reference[b])
        c = t if curve.shape[2] > 1 else 0
        for k in range(x.shape[1]):
            rise = rise_at(curve, k, c, place[b, k])
            over, under = odds_at(curve[0, k, c], curve[1, k, c], rise)
            expected = centring[b, k] * (np.log(over / under) + drift[k, t])
            root = np.sqrt(x[b, k] * x[b, k] + _ROUND_SQUARED)
            level = bend[0, b, k] + bend[1, b, k] * x[b, k] + bend[2, b, k] * root
            log_spread = centring[b, k] * log_scale[k]
            by_spread = np.exp(-log_spread)
            away = (level - expected) * by_spread
            slope = bend[1, b, k] + bend[2, b, k] * x[b, k] / root
            parts[0, b, k], parts[1, b, k], parts[2, b, k] = rise, by_spread, slope
            density[k] += np.log(slope) - 0.5 * away * away - log_spread - _LOG_NORMAL
            effect[b, k] = away * scale[k]
    return density, effect, parts


def _pull_level_effects(
    x: FloatArray,
    logits: FloatArray,
    steps: FloatArray,
    scale: FloatArray,
    place: FloatArray,
    reference: FloatArray,
    centring: FloatArray,
    bend: FloatArray,
    effect: FloatArray,
    parts: FloatArray,
    in_density: FloatArray,
    in_effect: FloatArray,
) -> tuple[FloatArray, ...]:
    """Give the derivatives in x, logits, steps, scale and place from those in densities and effects."""
    curve = curves(logits)
    slopes, in_drift = np.zeros_like(curve), np.zeros((steps.shape[0], steps.shape[1] + 1))
    in_x, in_scale, in_place = np.empty_like(x), np.zeros_like(scale), np.empty_like(place)
    for b in range(x.shape[0]):
        t = int(reference[b])
        c = t if curve.shape[2] > 1 else 0
        for k in range(x.shape[1]):
            rise, by_spread, slope = parts[0, b, k], parts[1, b, k], parts[2, b, k]
            away, weight = effect[b, k] / scale[k], centring[b, k]
            in_away = in_effect[b, k] * scale[k] - in_density[k] * away
            in_level = in_away * by_spread
            squared = x[b, k] * x[b, k] + _ROUND_SQUARED
            bending = bend[2, b, k] * _ROUND_SQUARED / (squared * np.sqrt(squared))
            in_x[b, k] = in_level * slope + in_density[k] * bending / slope
            in_scale[k] += in_effect[b, k] * away - weight * (in_away * away + in_density[k]) / scale[k]
            in_logit = -weight * in_level
            over, under = odds_at(curve[0, k, c], curve[1, k, c], rise)
            in_place[b, k] = add_slopes(slopes, curve, k, c, (place[b, k], rise, over, under), in_logit)
            in_drift[k, t] += in_logit
    return in_x, pull_curves(logits, slopes), pull_walk(in_drift), in_scale, in_place


class _LevelEffectsPull(CompiledOp):
    """Chain rule of `LevelEffects`: from inputs, later outputs and derivatives in the first to those in inputs."""

    kernel = staticmethod(_pull_level_effects)
    version = VERSION ^ code_version(__file__)
    axes = (like(0, 2), like(1, 3), like(2, 2), like(3, 1), like(4, 2))


class LevelEffects(CompiledOp):
    """Prior of the base models' levels, and their effects.

    Notes
    -----
    Inputs: ``x`` (n_base_models, n_tasks), coordinates of the levels; ``logits`` and ``steps`` as in `BoundaryLosses`;
    ``scale`` (n_tasks,), standard deviation of the effects; ``place`` (n_base_models, n_tasks), where each base model
    is on the compute range, bent; ``reference`` (n_base_models,), its stretch of time; ``centring`` and ``bend`` as
    in `Levels`. Outputs: log density of the levels of each task, in terms of x, (n_tasks,), and the effects on the
    logit scale (n_base_models, n_tasks), both differentiable in the first five inputs; and parts of them that their
    derivatives need again.

    With r the logit of the boundary at the reference and w the centring, a level is normal with mean w r and deviation
    scale**w, and the effect is what it has over w r, times scale**(1 - w): normal with deviation scale for any w.
    """

    kernel = staticmethod(_level_effects)
    version = VERSION ^ code_version(__file__)
    axes = (like(3, 1), like(0, 2), like(7, 3))
    n_smooth = 5
    n_smooth_outputs = 2

    def pullback(
        self, inputs: Sequence[Variable[Any, Any]], outputs: Sequence[Any], cotangents: Sequence[Any]
    ) -> list[Variable[Any, Any]]:
        """Apply the chain rule."""
        complete = [
            0.0 * output if isinstance(cotangent.type, DisconnectedType) else cotangent
            for output, cotangent in zip(outputs[:2], cotangents[:2], strict=True)
        ]
        pulled: Any = _LevelEffectsPull()(*inputs, *outputs[1:], *complete)
        return [*pulled, *(DisconnectedType()() for _ in inputs[self.n_smooth :])]


def density_elsewhere(*_: Any) -> Any:  # noqa: ANN401 - tensors
    """Log density of the CustomDist: zero; the real one is the potential ``base_model_prior``."""
    return pt.zeros(())


def middle(variable: Any, size: Any, *given: Any) -> Any:  # noqa: ANN401 - tensors
    """Give the coordinates at which a sampler may start. Shapes: returns (n_base_models, n_tasks)."""
    return pt.zeros_like(given[5])  # type: ignore[no-untyped-call]


def draw(*given: FloatArray, rng: np.random.Generator, size: tuple[int, ...] | None = None) -> FloatArray:
    """Draw coordinates of levels from their prior. Shapes: returns (n_base_models, n_tasks)."""
    scale, centring, bend = given[2], given[5], given[6]
    # an effect is the level's distance from its mean times a known factor: at level zero it gives that mean
    at_zero = unbend(np.zeros_like(centring), bend, np.sqrt)
    _, effect, _ = LevelEffects.evaluate(at_zero, *given)
    spread = scale**centring
    level = spread * (rng.standard_normal(centring.shape) - effect / scale)
    return np.asarray(unbend(level, bend, np.sqrt))
