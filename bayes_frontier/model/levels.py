"""Coordinates in which the levels of base models are easy to sample: the posterior is the same in all of them.

Two things make a level slow to sample. Given the curve, a level that its scores fix is best sampled itself, one that
they do not as its deviation from the curve: each is centred as far as its scores say more than the prior does. And the
scores push a boundary up hard from below and hardly at all from above: the posterior of a base model with few of them
is a wall at about its best score, with the prior's tail above it, and a sampler's steps must be small enough for the
wall. The coordinate x of ``level = middle + a x + b sqrt(x**2 + ROUND**2)`` has slope a - b on the wall's side and
a + b on the other, so that x is about standard normal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import expit, logit
from scipy.stats import norm

from bayes_frontier.model.cells import FrontierData
from bayes_frontier.model.curve import boundary_at
from bayes_frontier.model.pinball import FloatArray
from bayes_frontier.model.scale import Scale

# Before the spread omega of the effects is known, the sampling variance of a base model's boundary is taken to be this
# share of omega**2 over its scores.
FIRST_VARIANCE = 0.5
# Width of the bend, in units of x: as round as the smoothed loss makes the wall.
ROUND = 0.7
# Levels are looked at on this grid, in standard deviations of the effects, and bent to match these quantiles.
_GRID = np.linspace(-5.0, 5.0, 401)
_LOWER, _UPPER = 0.05, 0.95
_REACH = float(norm.ppf(_UPPER))
# A level is never taken to be known better than this, in the same units.
_NARROWEST = 0.01
# ... and the wall's side never stretched more than to this difference of the two slopes, relative to their sum.
_STEEPEST = 0.95
_CURVE = ("floor", "ceiling", "slope", "midpoint")


@dataclass(frozen=True)
class Levels:
    """Coordinates of the levels of base models.

    Attributes
    ----------
    centring : ndarray, shape (n_base_models, n_tasks)
        Degree to which levels are centred on their own scores: 0 (deviations from the curve) to 1 (levels themselves),
        ``omega**2 / (omega**2 + v)`` with v the sampling variance of a base model's boundary (Papaspiliopoulos et al.
        2007, doi 10.1214/088342307000000014).
    bend : ndarray, shape (3, n_base_models, n_tasks)
        Middle, a and b of the module's formula.
    """

    centring: FloatArray
    bend: FloatArray

    @classmethod
    def before(cls, data: FrontierData) -> "Levels":
        """Give coordinates before anything has been fitted: centred by the number of scores, and straight.

        Parameters
        ----------
        data : FrontierData
            Grouped scores.

        Returns
        -------
        Levels
            Coordinates.
        """
        zero = np.zeros_like(data.counts)
        return cls(data.counts / (data.counts + FIRST_VARIANCE), np.stack([zero, zero + 1.0, zero]))

    @classmethod
    def after(cls, data: FrontierData, scale: Scale, draws: xr.Dataset) -> "Levels":
        """Give coordinates from a rough idea of the posterior.

        Parameters
        ----------
        data : FrontierData
            Grouped scores.
        scale : Scale
            Of the likelihood.
        draws : xarray.Dataset
            Some draws of the curve, drift and base_model_scale, dim ``sample``; of this table or of about the same.

        Returns
        -------
        Levels
            Coordinates.
        """
        omega = draws["base_model_scale"].mean("sample").to_numpy()
        typical = typical_levels(draws, data).mean(axis=0)
        q = expit(typical)
        # A score tells f / s about the boundary, f the density of scores there (see `bayes_frontier.model.scale`).
        variance = scale.scale / scale.density / (omega * q * (1.0 - q)) ** 2
        centring = data.counts / (data.counts + variance)
        low, middle, high = _quantiles(data, scale, draws, typical, omega)
        left, right = (np.maximum(part, _NARROWEST) for part in (middle - low, high - middle))
        a = 0.5 * (left + right) / _REACH
        b = np.clip(0.5 * (right - left) / (np.hypot(_REACH, ROUND) - ROUND), -_STEEPEST * a, _STEEPEST * a)
        spread = omega**centring
        return cls(centring, np.stack([centring * typical + spread * (middle - b * ROUND), spread * a, spread * b]))

    def unbent(self, level: FloatArray) -> FloatArray:
        """Give the sampler's coordinate of levels.

        Parameters
        ----------
        level : ndarray, shape (..., n_base_models, n_tasks)
            Levels, as the model's variable has them.

        Returns
        -------
        ndarray
            Same shape.
        """
        return np.asarray(unbend(level, self.bend, np.sqrt))


def typical_levels(draws: xr.Dataset, data: FrontierData) -> FloatArray:
    """Boundary of base models without effect, at each base model of a table.

    Parameters
    ----------
    draws : xarray.Dataset
        Draws of the curve and drift, dim ``sample``; of this table or of about the same.
    data : FrontierData
        The table.

    Returns
    -------
    ndarray, shape (n_samples, n_base_models, n_tasks)
        On the logit scale, in each base model's own stretch of time as far as there are draws of it.
    """
    parts = [draws[name].transpose("sample", "task", "period").to_numpy()[:, :, -1] for name in _CURVE]
    level = boundary_at(data.reference_z[None, :, None], *(part[:, None, :] for part in parts))
    return np.asarray(logit(np.clip(level, 1e-6, 1.0 - 1e-6)) + _since_last(draws, data.reference_stretch))


def _since_last(draws: xr.Dataset, stretch: Any) -> FloatArray:  # noqa: ANN401 - one stretch an entry
    """Drift from the last stretch to others, (sample, entry, task)."""
    drift = draws["drift"].transpose("sample", "stretch", "task").to_numpy()
    return np.asarray(drift[:, np.minimum(stretch, drift.shape[1] - 1)] - drift[:, -1:])


def _quantiles(
    data: FrontierData, scale: Scale, draws: xr.Dataset, typical: FloatArray, omega: FloatArray
) -> tuple[FloatArray, ...]:
    """Low, middle and high of each effect given the curve, (base model, task), in units of its prior's deviation."""
    # What is compiled loads slowly, and is not needed to start a program.
    from bayes_frontier.model.grouped import cell_losses

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
    """Give the coordinate of levels.

    Parameters
    ----------
    level : array or tensor
        Levels.
    bend : sequence of array or tensor
        Middle, a and b of each.
    sqrt : callable
        Square root for the type given.

    Returns
    -------
    array or tensor
        x of the module's formula.
    """
    middle, a, b = bend
    y, product = level - middle, a**2 - b**2
    return (a * y - b * sqrt(y**2 + product * ROUND**2)) / product
