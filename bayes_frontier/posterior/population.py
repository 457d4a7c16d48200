"""The population boundary: a high quantile over models whose base model is one of many, known and unknown."""

import copy
import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from bayes_frontier.model.calibration import RESIDUAL_LEVELS
from bayes_frontier.model.curve import inverse_logit, log_odds
from bayes_frontier.model.likelihood import FloatArray

# Base models that the normal prior of effects counts for beside those that were seen, and the slices it is cut into.
PRIOR_BASE_MODELS, _PRIOR_SLICES = 5.0, 101
# Effects of a draw are summed up in slices, narrow at the top, which a high quantile over models hangs on.
_EDGES: FloatArray = np.unique(
    np.concatenate([np.linspace(0.0, 0.7, 15), np.linspace(0.7, 0.95, 15), np.linspace(0.95, 1.0, 12)]).round(6)
)
SLICES: FloatArray = 0.5 * (_EDGES[1:] + _EDGES[:-1])
# Boundaries at which the population's is worked out for every draw, uniform on the logit scale.
_GRID_LOGIT: FloatArray = np.linspace(-7.0, 7.0, 29)
# Scores are told apart from 0 and 1 by so much, where logits are taken.
_LEAST = 1e-9
# Of the random shares of base models: no part of the posterior, and the same whenever a fit is read.
_SEED = 20261130


def drawn_effects(effects: FloatArray, scales: FloatArray, task: int, *, drawn: bool = True) -> FloatArray:
    """Distribution of the effects that a base model not seen may have, one for each draw of the posterior.

    A Dirichlet process given the base models seen: each has a random share of the population, and the normal prior of
    effects has the rest (Ferguson 1973, doi 10.1214/aos/1176342360; without the prior this is the Bayesian bootstrap of
    Rubin 1981, doi 10.1214/aos/1176345338). So the population of few base models is uncertain, and has the shape of
    those there are. Shares that are not drawn are what is expected, in every draw.

    Shapes: effects (n_samples, n_base_models), scales (n_samples,), returns (n_samples, n_slices): quantiles at SLICES.
    """
    rng = np.random.default_rng([_SEED, task])
    normal = stats.norm.ppf((np.arange(_PRIOR_SLICES) + 0.5) / _PRIOR_SLICES)
    values = np.concatenate([effects, scales[:, None] * normal / normal.std()], axis=1)
    expected = np.r_[np.ones(effects.shape[1]), np.full(_PRIOR_SLICES, PRIOR_BASE_MODELS / _PRIOR_SLICES)]
    shares = rng.standard_gamma(expected, values.shape) if drawn else np.broadcast_to(expected, values.shape)
    order = np.argsort(values, axis=1)
    values, shares = np.take_along_axis(values, order, 1), np.take_along_axis(shares, order, 1)
    reached = np.cumsum(shares, axis=1)
    reached = (reached - 0.5 * shares) / reached[:, -1:]
    return np.stack([np.interp(SLICES, at, value) for at, value in zip(reached, values, strict=True)])


def expected_shares[F: Any](frontier: F) -> F:
    """Take what is expected for the shares of base models, where drawing them would hide what draws differ by."""
    still = copy.copy(frontier)
    still.curves = frontier.curves.with_expected_shares
    return still


def residual_cdf(residual: npt.ArrayLike, quantiles: FloatArray) -> FloatArray:
    """Distribution function of residuals given by its quantiles. Shapes: quantiles (len(RESIDUAL_LEVELS),)."""
    # np.interp needs increasing nodes: ties (benchmarks with few items) are spread by less than any score's resolution.
    nodes = quantiles + 1e-12 * np.arange(len(quantiles))
    return np.asarray(np.interp(np.asarray(residual, dtype=float), nodes, RESIDUAL_LEVELS, left=0.0, right=1.0))


def _mixture_levels(
    grid: FloatArray, effects: FloatArray, shares: FloatArray, residual: FloatArray, cdf: FloatArray, tau: float
) -> FloatArray:
    """Level with exceedance 1 - tau among models whose boundaries are a logit plus each effect.

    By Newton's steps from the level of the boundary before; where one leaves the bracket, the bracket is halved.

    Shapes: grid (n_grid,), effects (n_samples, n_slices), shares (n_slices,), residual and cdf (n,), residuals evenly
    spaced; returns (n_samples, n_grid).
    """
    n, per_unit = len(residual) - 1, (len(residual) - 1) / (residual[-1] - residual[0])
    levels, boundary = np.empty((len(effects), len(grid))), np.empty(effects.shape[1])
    for s in range(len(effects)):
        level = 0.0
        for g in range(len(grid)):
            for j in range(len(shares)):
                boundary[j] = 1.0 / (1.0 + np.exp(-grid[g] - effects[s, j]))
            low, high, step = boundary[0] + residual[0], boundary[-1] + residual[-1], 1.0
            while high - low > 1e-6 and abs(step) > 1e-7:
                if not low < level < high:
                    level = 0.5 * (low + high)
                below, slope = 0.0, 0.0
                for j in range(len(shares)):
                    place = (level - boundary[j] - residual[0]) * per_unit
                    if place >= n:
                        below += shares[j]
                    elif place > 0.0:
                        i = int(place)
                        density = shares[j] * (cdf[i + 1] - cdf[i])
                        below += shares[j] * cdf[i] + (place - i) * density
                        slope += density
                if below < tau:
                    low = level
                else:
                    high = level
                step = (tau - below) / max(slope * per_unit, 1e-9)
                level += step
            levels[s, g] = min(max(level, low), high)
    return levels


@cache
def _solver() -> Callable[..., FloatArray]:
    """Compile it when it is first needed: Numba takes longer to load than most questions take to answer."""
    numba = importlib.import_module("numba")
    compiled: Callable[..., FloatArray] = numba.njit(cache=True)(_mixture_levels)
    return compiled


class PopulationBoundary:
    """Turns a typical base model's boundary into the population boundary, for one task.

    The solution depends on the boundary and on the effects of the draw only, so it is tabulated once for each draw and
    interpolated. The table is non-decreasing in the boundary, hence so is the result in compute.
    """

    def __init__(self, quantiles: FloatArray, effects: FloatArray, tau: float) -> None:
        """Tabulate it. Shapes: quantiles as in `residual_cdf`, effects as `drawn_effects` returns them."""
        residual = np.linspace(quantiles[0], quantiles[-1], 4096)
        levels = _solver()(_GRID_LOGIT, effects, np.diff(_EDGES), residual, residual_cdf(residual, quantiles), tau)
        self._table = log_odds(np.maximum.accumulate(np.clip(levels, _LEAST, 1.0 - _LEAST), axis=1))

    def __call__(self, q: FloatArray, samples: slice) -> FloatArray:
        """Return the population boundary. Shapes: q (n_draws, ...)."""
        table = self._table[samples]
        position = (log_odds(q) - _GRID_LOGIT[0]) / (_GRID_LOGIT[1] - _GRID_LOGIT[0])
        position = np.clip(position, 0.0, len(_GRID_LOGIT) - 1.0)
        i = np.minimum(position.astype(int), len(_GRID_LOGIT) - 2)
        part = position - i
        # one index into the flat table is quicker than one a row and one a column
        i += len(_GRID_LOGIT) * np.arange(len(q)).reshape((-1,) + (1,) * (q.ndim - 1))
        start = table.take(i)
        return np.asarray(inverse_logit(start + part * (table.take(i + 1) - start)))
