"""Posterior draws as arrays, and the one place that evaluates boundaries from them."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats
from scipy.optimize import elementwise

from bayes_frontier.model.calibration import RESIDUAL_LEVELS
from bayes_frontier.model.curve import Sigmoid, boundary_at, inverse_logit, log_flops, log_odds, shift_logit
from bayes_frontier.model.data import Stretches
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.model.spec import Misfit

# Equally probable slices of the base-model effect.
_SLICES = 101
# Boundaries at which the population's is worked out for every draw, uniform on the logit scale; and the slices that the
# effects of a draw are summed up in: narrow at the top, which a high quantile over models hangs on.
_GRID_LOGIT: FloatArray = np.linspace(-7.0, 7.0, 29)
_EDGES: FloatArray = np.concatenate(
    [np.linspace(0.0, 0.7, 15), np.linspace(0.7, 0.95, 15)[1:], np.linspace(0.95, 1.0, 12)[1:]]
)
# Base models that the normal prior of effects counts for beside those that were seen.
PRIOR_BASE_MODELS = 5.0
_POPULATION_SEED = 20261130
_TOLERANCES = {"xatol": 1e-10, "xrtol": 0.0, "fatol": 0.0, "frtol": 0.0}


def effect_shape(effects: FloatArray, scales: FloatArray) -> FloatArray:
    """Summarise the distribution of base-model effects in units of their scale.

    Shapes: effects (n_samples, n_base_models), scales (n_samples,), returns (101,).
    """
    return np.asarray(np.quantile(effects / scales[:, None], (np.arange(_SLICES) + 0.5) / _SLICES))


def residual_cdf(residual: npt.ArrayLike, quantiles: FloatArray) -> FloatArray:
    """Distribution function of residuals given by its quantiles. Shapes: quantiles (len(RESIDUAL_LEVELS),)."""
    # np.interp needs increasing nodes: ties (benchmarks with few items) are spread by less than any score's resolution.
    nodes = quantiles + 1e-12 * np.arange(len(quantiles))
    return np.asarray(np.interp(np.asarray(residual, dtype=float), nodes, RESIDUAL_LEVELS, left=0.0, right=1.0))


def mixture_quantile(levels: FloatArray, quantiles: FloatArray, tau: float) -> FloatArray:
    """Level whose exceedance probability is 1 - tau when the boundary itself is uncertain.

    Shapes: levels (n_points, n_mix), returns (n_points,).
    """
    low = levels.min(axis=1) + quantiles[0]
    high = levels.max(axis=1) + quantiles[-1]

    def short(level: FloatArray, point: FloatArray) -> FloatArray:
        mixed = levels[np.asarray(point).astype(int)]
        return np.asarray(residual_cdf(level[..., None] - mixed, quantiles).mean(axis=-1) - tau)

    root = elementwise.find_root(short, (low, high), args=(np.arange(len(levels)),), tolerances=_TOLERANCES)
    return np.asarray(root.x)


def drawn_effects(effects: FloatArray, scales: FloatArray, votes: FloatArray, seed: int) -> FloatArray:
    """Draw the distribution of the effects of new base models: one for each draw of the posterior.

    A Dirichlet process given the base models seen: each has a random share of the population, and the normal prior of
    effects has the rest. So a population of few base models is uncertain, and has the shape of those there are.

    Shapes: effects (n_samples, n_base_models), scales (n_samples,), votes (n_base_models,), returns (n_samples,
    n_slices): quantiles at the middles of slices.
    """
    rng = np.random.default_rng(seed)
    normal = stats.norm.ppf((np.arange(_SLICES) + 0.5) / _SLICES)
    prior = rng.standard_gamma(PRIOR_BASE_MODELS / _SLICES, (len(effects), _SLICES))
    # without a correction the slices of a normal distribution would be narrower than the distribution
    values = np.concatenate([effects, scales[:, None] * normal / normal.std()], axis=1)
    shares = np.concatenate([rng.standard_exponential(effects.shape) * votes, prior], axis=1)
    order = np.argsort(values, axis=1)
    values, shares = np.take_along_axis(values, order, 1), np.take_along_axis(shares, order, 1)
    reached = np.cumsum(shares, axis=1)
    reached = (reached - 0.5 * shares) / reached[:, -1:]
    middles = 0.5 * (_EDGES[1:] + _EDGES[:-1])
    return np.stack([np.interp(middles, at, value) for at, value in zip(reached, values, strict=True)])


def _mixture_levels(
    grid: FloatArray, effects: FloatArray, shares: FloatArray, residual: FloatArray, cdf: FloatArray, tau: float
) -> FloatArray:
    """Level with exceedance 1 - tau among models whose boundaries are a logit plus each effect, by bisection.

    Shapes: grid (n_grid,), effects (n_samples, n_slices), shares (n_slices,), residual and cdf (n,), residuals evenly
    spaced; returns (n_samples, n_grid).
    """
    n, per_unit = len(residual) - 1, (len(residual) - 1) / (residual[-1] - residual[0])
    levels, boundary = np.empty((len(effects), len(grid))), np.empty(effects.shape[1])
    for s in range(len(effects)):
        for g in range(len(grid)):
            for j in range(len(shares)):
                boundary[j] = 1.0 / (1.0 + np.exp(-grid[g] - effects[s, j]))
            low, high = boundary[0] + residual[0], boundary[-1] + residual[-1]
            while high - low > 1e-6:
                level, below = 0.5 * (low + high), 0.0
                for j in range(len(shares)):
                    place = (level - boundary[j] - residual[0]) * per_unit
                    if place >= n:
                        below += shares[j]
                    elif place > 0.0:
                        i = int(place)
                        below += shares[j] * (cdf[i] + (place - i) * (cdf[i + 1] - cdf[i]))
                if below < tau:
                    low = level
                else:
                    high = level
            levels[s, g] = 0.5 * (low + high)
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

    * quantiles: residual distribution of the task; see `residual_cdf`
    * effects (n_samples, n_slices): distribution of effects in each draw; see `drawn_effects`
    * tau: quantile level
    """

    def __init__(self, quantiles: FloatArray, effects: FloatArray, tau: float) -> None:
        residual = np.linspace(quantiles[0], quantiles[-1], 4096)
        levels = _solver()(_GRID_LOGIT, effects, np.diff(_EDGES), residual, residual_cdf(residual, quantiles), tau)
        self._table = log_odds(np.maximum.accumulate(np.clip(levels, 0.0, 1.0), axis=1))

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


# The draws, and boundaries evaluated from them.

_CURVE = ("floor", "ceiling", "slope", "midpoint")
# Of the normal numbers behind the misfit of each draw: no part of the posterior, and the same whenever a fit is read.
_MISFIT_SEED = 20260217
# Values computed together.
_AT_A_TIME = 65536


@dataclass(frozen=True)
class Curves:
    """Draws with chain and draw in one first axis.

    * shape: number of chains and of draws per chain
    * parts: floor, ceiling, slope and midpoint, each (n_samples, n_tasks, n_periods)
    * effects: base-model effects on the logit scale, (n_samples, n_base_models, n_tasks)
    * scales: their standard deviations, (n_samples, n_tasks)
    * drift: standard deviation of a quarter's drift on the logit scale, (n_samples, n_tasks)
    * residuals: residual quantiles of each task, (n_tasks, n_levels)
    * tau: quantile level
    * velocity: mean drift of a quarter on the logit scale, (n_samples, n_tasks)
    * walk: drift since the first stretch of time on the logit scale, (n_samples, n_tasks, n_stretches); see
      `bayes_frontier.model.data`
    * misfit: how far the population boundary may be off for what the model leaves out; none: not at all
    * pivot: log10 FLOPs about which its steepness may be off
    """

    shape: tuple[int, int]
    parts: dict[str, FloatArray]
    effects: FloatArray | None
    scales: FloatArray | None
    drift: FloatArray | None
    residuals: FloatArray
    tau: float
    velocity: FloatArray | None = None
    walk: FloatArray | None = None
    misfit: Misfit | None = None
    pivot: float = 0.0

    @classmethod
    def from_tree(cls, tree: xr.DataTree, tau: float, misfit: Misfit | None = None, pivot: float = 0.0) -> "Curves":
        """Read the draws."""
        draws = tree["posterior"].dataset

        def flat(name: str, *dims: str) -> FloatArray | None:
            if name not in draws:
                return None
            values = draws[name].transpose("chain", "draw", *dims).to_numpy()
            return np.asarray(values.reshape(-1, *values.shape[2:]), dtype=float)

        parts: dict[str, Any] = {name: flat(name, "task", "period") for name in _CURVE}
        return cls(
            shape=(draws.sizes["chain"], draws.sizes["draw"]),
            parts=parts,
            effects=flat("base_model_effect", "base_model", "task"),
            scales=flat("base_model_scale", "task"),
            drift=flat("drift_scale", "task"),
            residuals=tree["constant_data"].dataset["residual_quantiles"].transpose("task", "level").to_numpy(),
            tau=tau,
            velocity=flat("drift_velocity", "task"),
            walk=flat("drift", "task", "stretch"),
            misfit=misfit,
            pivot=pivot,
        )

    @property
    def n_samples(self) -> int:
        """Number of draws over all chains."""
        return self.shape[0] * self.shape[1]

    @property
    def has_base_models(self) -> bool:
        """Whether the model has base-model effects."""
        return self.effects is not None

    def by_chain(self, values: FloatArray) -> FloatArray:
        """Split the first axis into chain and draw.

        Shapes: values (n_samples, ...), returns (n_chains, n_draws, ...).
        """
        return values.reshape(*self.shape, *values.shape[1:])

    def typical(self, z: npt.ArrayLike, task: Any, period: Any, samples: Any = slice(None)) -> FloatArray:  # noqa: ANN401
        """Boundary of a base model without effect. Shapes: returns (n_samples, ...)."""
        z, task, period = np.broadcast_arrays(z, task, period)
        return boundary_at(z, *(self.parts[name][samples][:, task, period] for name in _CURVE))

    def known(
        self,
        z: npt.ArrayLike,
        base: IntArray,
        task: Any,  # noqa: ANN401 - int or array
        period: Any = -1,  # noqa: ANN401
        samples: Any = slice(None),  # noqa: ANN401
    ) -> FloatArray:
        """Boundary of fitted base models at the end of a period. Shapes: returns (n_samples, ...)."""
        z, base, task, period = np.broadcast_arrays(z, base, task, period)
        q = self.typical(z, task, period, samples)
        return q if self.effects is None else inverse_logit(log_odds(q) + self.effects[samples][:, base, task])

    def logits(
        self,
        z: npt.ArrayLike,
        task: Any,  # noqa: ANN401 - int or array
        period: Any = -1,  # noqa: ANN401
        *,
        base: IntArray | None = None,
        stretch: tuple[IntArray, IntArray] | None = None,
        samples: Any = slice(None),  # noqa: ANN401
    ) -> FloatArray:
        """Logit of boundaries: without `base` those of a base model without effect.

        `stretch` is the stretch of time of each and the last one of its period; without it, boundaries are those at
        the end of the period.

        Shapes: returns (n_samples, ...).
        """
        level = log_odds(self.typical(z, task, period, samples))
        if stretch is not None and self.walk is not None:
            walk, (now, last) = self.walk[samples], stretch
            level = level + (walk[:, task, now] - walk[:, task, last])
        if base is not None and self.effects is not None:
            level = level + self.effects[samples][:, base, task]
        return level

    def of_records(self, models: pd.DataFrame, base_models: Sequence[str], stretches: Stretches) -> FloatArray:
        """Posterior mean boundary of records of the fit at their FLOPs, base-model effect and stretch of time included.

        Shapes: returns (n_models, n_tasks).
        """
        code, unique = distinct_rows(models[["base_model", "flops", "period"]].assign(stretch=stretches.of_model))
        base = pd.Index(base_models).get_indexer(pd.Index(unique["base_model"]))
        z, period = log_flops(unique["flops"]), unique["period"].to_numpy()
        now, task = unique["stretch"].to_numpy(), np.arange(len(self.residuals))
        means = np.empty((len(unique), len(task)))
        block = max(1, _AT_A_TIME // (self.n_samples * len(task)))
        for start in range(0, len(unique), block):
            rows = slice(start, start + block)
            level = self.logits(
                z[rows, None],
                task[None, :],
                period[rows, None],
                base=base[rows, None],
                stretch=(now[rows, None], stretches.last[period[rows, None]]),
            )
            means[rows] = inverse_logit(level).mean(axis=0)
        return np.asarray(means[code])

    def take(self, samples: IntArray) -> "Curves":
        """Keep some draws, as those of one chain."""

        def some(values: FloatArray | None) -> FloatArray | None:
            return None if values is None else values[samples]

        return replace(
            self,
            shape=(1, len(samples)),
            parts={name: values[samples] for name, values in self.parts.items()},
            effects=some(self.effects),
            scales=some(self.scales),
            drift=some(self.drift),
            velocity=some(self.velocity),
            walk=some(self.walk),
        )

    def evenly(self, n: int) -> IntArray:
        """At most `n` draws, evenly spaced over all of them."""
        return np.unique(np.linspace(0, self.n_samples - 1, min(n, self.n_samples)).round().astype(int))

    def with_step(self, step: FloatArray) -> "Curves":
        """Append a period whose boundary is that of the last one, moved on the logit scale.

        Shapes: step (n_samples, n_tasks).
        """
        floor, ceiling, slope, midpoint = (self.parts[name][:, :, -1:] for name in _CURVE)
        # The argument of the sigmoid at z is slope (z - midpoint); any two places fix the line, 0 and 1 among them.
        at_zero = -slope * midpoint
        moved = shift_logit(Sigmoid(floor, ceiling, at_zero, at_zero + slope), step[:, :, None])
        parts = dict(zip(_CURVE, (moved.floor, moved.ceiling, slope, -moved.at_low / slope), strict=True))
        return replace(
            self, parts={name: np.concatenate([values, parts[name]], axis=2) for name, values in self.parts.items()}
        )

    def at(self, z: FloatArray, task: int, periods: IntArray, base: int | None) -> FloatArray:
        """Boundary of one task, population or of one base model. Shapes: z (n,), returns (n_samples, n_periods, n)."""
        order = np.argsort(z, kind="stable")
        z_sorted = z[order][None, :]
        drawn = np.empty((self.n_samples, len(periods), len(z)))
        # so few draws at a time that what is computed from them stays in the processor's cache
        step = max(1, _AT_A_TIME // max(1, len(periods) * len(z)))
        for start in range(0, self.n_samples, step):
            samples = slice(start, start + step)
            if base is None:
                values = self._new(z_sorted, task, periods, samples)
            else:
                values = self.known(z_sorted, np.asarray(base), task, periods[:, None], samples)
            # Rounding can undo the order of neighbours in the flat parts of a curve by one unit in the last place.
            drawn[samples][..., order] = np.maximum.accumulate(np.clip(values, 0.0, 1.0), axis=-1)
        return drawn

    def _new(self, z: FloatArray, task: int, periods: IntArray, samples: slice) -> FloatArray:
        """Evaluate the population boundary, shape (n_samples, n_periods, n)."""
        height, steepness = (self._misfits[samples, task, i, None, None] for i in range(2))
        # a curve steeper about the pivot is the same curve at computes further from it
        floor, ceiling, slope, midpoint = (self.parts[name][samples, task][:, periods, None] for name in _CURVE)
        midpoint = self.pivot + (midpoint - self.pivot) * np.exp(-steepness)
        values = boundary_at(z, floor, ceiling, slope * np.exp(steepness), midpoint)
        if self.scales is not None:
            values = self._population[task](values, samples)
        if self.misfit is not None and self.misfit.height > 0.0:
            values = inverse_logit(log_odds(values) + height)
        return values

    @cached_property
    def new_effects(self) -> FloatArray:
        """Equally probable effects of a new base model in units of their scale, shape (n_tasks, n_values)."""
        assert self.effects is not None
        assert self.scales is not None
        pairs = zip(np.moveaxis(self.effects, -1, 0), self.scales.T, strict=True)
        return np.stack([effect_shape(effects, scales) for effects, scales in pairs])

    @cached_property
    def _misfits(self) -> FloatArray:
        """Misfit of each draw and task, in height and in the logarithm of steepness; shape (n_samples, n_tasks, 2)."""
        shape = (self.n_samples, self.parts["floor"].shape[1], 2)
        if self.misfit is None:
            return np.zeros(shape)
        normal = np.random.default_rng(_MISFIT_SEED).standard_normal(shape)
        return np.asarray((normal - normal.mean(axis=0)) * [self.misfit.height, self.misfit.steepness])

    @cached_property
    def _population(self) -> list[PopulationBoundary]:
        assert self.effects is not None
        assert self.scales is not None
        votes = np.ones(self.effects.shape[1])
        return [
            PopulationBoundary(
                residuals,
                drawn_effects(self.effects[:, :, k], self.scales[:, k], votes, _POPULATION_SEED + k),
                self.tau,
            )
            for k, residuals in enumerate(self.residuals)
        ]


def distinct_rows(frame: pd.DataFrame) -> tuple[IntArray, pd.DataFrame]:
    """Code of each row, and the distinct rows the codes point at: what is alike is evaluated once."""
    code = frame.groupby(list(frame.columns), sort=True, dropna=False).ngroup().to_numpy()
    first = pd.Series(np.arange(len(frame))).groupby(code).first().to_numpy()
    return np.asarray(code, dtype=np.int64), frame.iloc[first].reset_index(drop=True)
