"""Base-model effects and their prior, as functions of the coordinates that the sampler sees.

The level of a base model is sampled in the coordinates of `bayes_frontier.model.levels`: its prior is normal whatever
they are, and the effect is what the level has over the curve.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Variable

from bayes_frontier.model import levels as of_levels
from bayes_frontier.model.geometry import (
    VERSION,
    CompiledOp,
    add_slopes,
    code_version,
    curves,
    like,
    odds_at,
    pull_curves,
    pull_walk,
    walk,
)
from bayes_frontier.model.levels import ROUND, unbend
from bayes_frontier.model.pinball import FloatArray

_ROUND_SQUARED = ROUND**2
_LOG_NORMAL = 0.5 * np.log(2.0 * np.pi)


def _level_effects(
    x: FloatArray,
    logits: FloatArray,
    steps: FloatArray,
    scale: FloatArray,
    reference: FloatArray,
    centring: FloatArray,
    bend: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log density of each task's levels at `x`, (task,), the effects there, (base model, task), and parts of both."""
    curve, drift, log_scale = curves(logits), walk(steps), np.log(scale)
    density, effect, parts = np.zeros_like(scale), np.empty_like(x), np.empty_like(bend)
    for b in range(x.shape[0]):
        z, t = reference[b, 0], int(reference[b, 1])
        c = t if curve.shape[2] > 1 else 0
        for k in range(x.shape[1]):
            rise = np.exp(curve[2, k, c] + (curve[3, k, c] - curve[2, k, c]) * z)
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
    reference: FloatArray,
    centring: FloatArray,
    bend: FloatArray,
    effect: FloatArray,
    parts: FloatArray,
    in_density: FloatArray,
    in_effect: FloatArray,
) -> tuple[FloatArray, ...]:
    """Find the derivatives in x, logits, steps and scale from those in densities and effects."""
    curve = curves(logits)
    slopes, in_drift = np.zeros_like(curve), np.zeros((steps.shape[0], steps.shape[1] + 1))
    in_x, in_scale = np.empty_like(x), np.zeros_like(scale)
    for b in range(x.shape[0]):
        z, t = reference[b, 0], int(reference[b, 1])
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
            add_slopes(slopes, curve, k, c, (z, rise, over, under), in_logit)
            in_drift[k, t] += in_logit
    return in_x, pull_curves(logits, slopes), pull_walk(in_drift), in_scale


class _LevelEffectsPull(CompiledOp):
    """Chain rule of `LevelEffects`: from inputs, later outputs and derivatives in the first to those in inputs."""

    kernel = staticmethod(_pull_level_effects)
    version = VERSION ^ code_version(__file__, of_levels.__file__)
    axes = (like(0, 2), like(1, 3), like(2, 2), like(3, 1))


class LevelEffects(CompiledOp):
    """Prior of the base models' levels, and their effects.

    Notes
    -----
    Inputs: ``x`` (n_base_models, n_tasks), coordinates of the levels; ``logits`` and ``steps`` as in `BoundaryLosses`;
    ``scale`` (n_tasks,), standard deviation of the effects; ``reference`` (n_base_models, 2), the place of each base
    model on the compute range, and its stretch of time; ``centring`` and ``bend`` as in `Levels`. Outputs: log density
    of the levels of each task, in terms of x, (n_tasks,), and the effects on the logit scale (n_base_models, n_tasks),
    both differentiable in the first four inputs; and parts of them that their derivatives need again.

    With r the logit of the boundary at the reference and w the centring, a level is normal with mean w r and deviation
    scale**w, and the effect is what it has over w r, times scale**(1 - w): normal with deviation scale for any w.
    """

    kernel = staticmethod(_level_effects)
    version = VERSION ^ code_version(__file__, of_levels.__file__)
    axes = (like(3, 1), like(0, 2), like(6, 3))
    n_smooth = 4
    n_smooth_outputs = 2

    def pullback(
        self,
        inputs: Sequence[Variable[Any, Any]],
        outputs: Sequence[Any],
        cotangents: Sequence[Any],
    ) -> list[Variable[Any, Any]]:
        """Apply the chain rule.

        Parameters
        ----------
        inputs : sequence of Variable
            The inputs.
        outputs : sequence of Variable
            Densities, effects and parts.
        cotangents : sequence of Variable
            Derivatives of the whole in the outputs.

        Returns
        -------
        list of Variable
            Derivatives of the whole in the first four inputs; the others are disconnected.
        """
        known = [
            0.0 * output if isinstance(cotangent.type, DisconnectedType) else cotangent
            for output, cotangent in zip(outputs[:2], cotangents[:2], strict=True)
        ]
        pulled: Any = _LevelEffectsPull()(*inputs, *outputs[1:], *known)
        return [*pulled, *(DisconnectedType()() for _ in inputs[self.n_smooth :])]


def density_elsewhere(*_: Any) -> Any:  # noqa: ANN401 - tensors
    """Leave the density of coordinates to a potential of the model.

    Parameters
    ----------
    *_ : tensor
        The inputs of `LevelEffects`: not used.

    Returns
    -------
    tensor, shape ()
        Zero.
    """
    return pt.zeros(())


def middle(variable: Any, size: Any, *given: Any) -> Any:  # noqa: ANN401 - tensors
    """Give the coordinates at which a sampler may start.

    Parameters
    ----------
    variable : tensor
        The variable; not used.
    size : tensor
        Not used: one of it.
    *given : tensor
        The inputs of `LevelEffects` but the first.

    Returns
    -------
    tensor, shape (n_base_models, n_tasks)
        Zeros, near the middle of the prior.
    """
    return pt.zeros_like(given[4])  # type: ignore[no-untyped-call]


def draw(*given: FloatArray, rng: np.random.Generator, size: tuple[int, ...] | None = None) -> FloatArray:
    """Draw coordinates of levels from their prior.

    Parameters
    ----------
    *given : ndarray
        The inputs of `LevelEffects` but the first.
    rng : numpy.random.Generator
        Source of randomness.
    size : tuple of int, optional
        Not used: one draw.

    Returns
    -------
    ndarray, shape (n_base_models, n_tasks)
        Coordinates.
    """
    scale, centring, bend = given[2], given[4], given[5]
    # an effect is the level's distance from its mean times a known factor: at level zero it gives that mean
    at_zero = unbend(np.zeros_like(centring), bend, np.sqrt)
    _, effect, _ = LevelEffects.evaluate(at_zero, *given)
    spread = scale**centring
    level = spread * (rng.standard_normal(centring.shape) - effect / scale)
    return np.asarray(unbend(level, bend, np.sqrt))
