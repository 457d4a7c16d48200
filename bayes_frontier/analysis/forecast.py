"""Draws of where the boundaries of new models stand: what the gate and the watch compare scores with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit

from bayes_frontier.model.data import Stretches, reference_compute
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.posterior.ahead import Vintage, appeared, horizons, vintage_of

if TYPE_CHECKING:
    from bayes_frontier.posterior.frontier import Frontier

# Draws that stand for the posterior.
DRAWS = 500
# Known base models whose effects stand for that of a new one, in each draw.
STAND_INS = 24


@dataclass(frozen=True)
class Asked:
    """New models as a fit sees them.

    Attributes
    ----------
    base : ndarray of int, shape (n_models,)
        Place among the fitted base models; -1 for a new one.
    z : ndarray, shape (n_models,)
        log10 FLOPs: of a fitted base model those it was fitted at.
    ahead : ndarray, shape (n_models,)
        Time since the last fitted scores, in quarters of a year.
    appeared : ndarray, shape (n_models,)
        When their base models did, in years since 2024-01-01.
    """

    base: IntArray
    z: FloatArray
    ahead: FloatArray
    appeared: FloatArray

    @classmethod
    def of(cls, frontier: Frontier, models: pd.DataFrame) -> Asked:
        """Place models in a fit."""
        fitted = frontier.evaluations
        base = np.full(len(models), -1, dtype=np.int64)
        z = np.log10(models["flops"].to_numpy(float))
        if frontier.curves.has_base_models:
            names = list(frontier.base_model_names)
            base = pd.Index(names).get_indexer(pd.Index(models["base_model"])).astype(np.int64)
            z = np.where(base >= 0, reference_compute(fitted.models, names)[base], z)
        stretches = Stretches.of(fitted, within_periods=frontier.spec.structure.periods == "random-walk")
        closed = fitted.models["released"].max()
        ahead = horizons(models["released"], len(models), stretches, closed)
        return cls(base, z, ahead, appeared(models["base_model"], models["released"], closed))

    def part(self, rows: npt.NDArray[np.bool_] | IntArray) -> Asked:
        """Take some of the models."""
        return Asked(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whether the base model of each was fitted."""
        return self.base >= 0


@dataclass(frozen=True)
class Draws:
    """Random parts of a forecast, the same for all models.

    Attributes
    ----------
    samples : ndarray of int, shape (n_samples,)
        Which draws of the posterior.
    drift : ndarray, shape (n_samples, n_tasks)
        Standard normal values of the drift to come.
    own : ndarray, shape (n_samples, n_tasks)
        What a base model moves on its own: on all tasks together, as its fine-tunes get better at all, but much on some
        tasks and little on others. A normal value common to the tasks times a half-normal one of each.
    stand_in : ndarray of int, shape (n_samples, n_stand_ins)
        Fitted base models in whose place a new one is put.
    trend : ndarray, shape (n_samples, n_tasks)
        Standard normal values of what later base models are better by.
    vintage : Vintage or None
        That trend; None where the model has no base-model effects.
    """

    samples: IntArray
    drift: FloatArray
    own: FloatArray
    stand_in: IntArray
    trend: FloatArray
    vintage: Vintage | None

    @classmethod
    def of(cls, frontier: Frontier, rng: np.random.Generator, n: int = DRAWS) -> Draws:
        """Choose draws."""
        curves = frontier.curves
        size = min(n, curves.n_samples)
        return cls(
            samples=np.sort(rng.choice(curves.n_samples, size=size, replace=False)),
            drift=rng.standard_normal((size, len(frontier.tasks))),
            own=rng.standard_normal((size, 1)) * np.abs(rng.standard_normal((size, len(frontier.tasks)))),
            stand_in=rng.integers(0, max(len(frontier.base_model_names), 1), (size, STAND_INS)),
            trend=rng.standard_normal((size, len(frontier.tasks))),
            vintage=vintage_of(frontier),
        )


def typical_logit(frontier: Frontier, asked: Asked, task: int, draws: Draws, *, drift: bool = True) -> FloatArray:
    """Logit of the boundary at the models' time, without the effect of their base model.

    Shapes: returns (n_samples, n_models).
    """
    curves = frontier.curves
    level = np.asarray(logit(curves.typical(asked.z, task, -1, draws.samples)))
    if drift and curves.drift is not None:
        level += (curves.drift[draws.samples, task] * draws.drift[:, task])[:, None] * np.sqrt(asked.ahead)
    if drift and curves.velocity is not None:
        level += curves.velocity[draws.samples, task][:, None] * asked.ahead
    return level


def known_effect(frontier: Frontier, asked: Asked, task: int, draws: Draws) -> FloatArray:
    """Effects of fitted base models, each moved on its own since they were fitted.

    Shapes: returns (n_samples, n_models).
    """
    curves, samples = frontier.curves, draws.samples
    if curves.effects is None or curves.scales is None:
        return np.zeros((len(samples), len(asked.z)))
    step = frontier.spec.priors.base_model_innovation * curves.scales[samples, task] * draws.own[:, task]
    return np.asarray(curves.effects[samples][:, asked.base, task] + step[:, None] * np.sqrt(asked.ahead))


def new_effect(frontier: Frontier, asked: Asked, task: int, draws: Draws) -> FloatArray:
    """Effects that new base models may have: those of the same fitted ones on every task, moved on along their trend.

    Shapes: returns (n_samples, n_stand_ins, n_models).
    """
    curves, samples = frontier.curves, draws.samples
    if curves.effects is None:
        return np.zeros((len(samples), 1, len(asked.z)))
    trend = np.zeros((len(samples), len(asked.z)))
    if draws.vintage is not None:
        trend += draws.vintage.effect(task, asked.appeared, draws.trend[:, task])
    return np.asarray(curves.effects[samples[:, None], draws.stand_in, task, None] + trend[:, None, :])
