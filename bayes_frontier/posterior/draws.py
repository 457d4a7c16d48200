"""Posterior draws as arrays, and the one place that evaluates boundaries from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.optimize import elementwise

from bayes_frontier.model.calibration import RESIDUAL_LEVELS
from bayes_frontier.model.curve import Sigmoid, bend, boundary_at, inverse_logit, log_flops, log_odds, shift_logit
from bayes_frontier.model.data import Stretches
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.posterior.population import Population, PopulationBoundary, drawn_effects, residual_cdf

# Equally probable slices of the base-model effect.
_SLICES = 101
_TOLERANCES = {"xatol": 1e-10, "xrtol": 0.0, "fatol": 0.0, "frtol": 0.0}


def effect_shape(effects: FloatArray, scales: FloatArray) -> FloatArray:
    """Distribution of effects (n_samples, n_base_models) in units of their scales (n_samples,); returns (101,)."""
    return np.asarray(np.quantile(effects / scales[:, None], (np.arange(_SLICES) + 0.5) / _SLICES))


def mixture_quantile(levels: FloatArray, quantiles: FloatArray, tau: float) -> FloatArray:
    """Level exceeded with probability 1 - tau under levels (n_points, n_mix) of an uncertain boundary."""
    low = levels.min(axis=1) + quantiles[0]
    high = levels.max(axis=1) + quantiles[-1]

    def short(level: FloatArray, point: FloatArray) -> FloatArray:
        mixed = levels[np.asarray(point).astype(int)]
        return np.asarray(residual_cdf(level[..., None] - mixed, quantiles).mean(axis=-1) - tau)

    root = elementwise.find_root(short, (low, high), args=(np.arange(len(levels)),), tolerances=_TOLERANCES)
    return np.asarray(root.x)


# The draws, and boundaries evaluated from them.

_CURVE = ("floor", "ceiling", "slope", "midpoint")
# Values computed together.
_AT_A_TIME = 65536


@dataclass(frozen=True)
class Curves:
    """Draws with chain and draw in one first axis."""

    shape: tuple[int, int]  # number of chains and of draws per chain
    parts: dict[str, FloatArray]  # floor, ceiling, slope and midpoint, each (n_samples, n_tasks, n_periods)
    effects: FloatArray | None  # base-model effects on the logit scale, (n_samples, n_base_models, n_tasks)
    scales: FloatArray | None  # their standard deviations, (n_samples, n_tasks)
    drift: FloatArray | None  # standard deviation of a quarter's drift on the logit scale, (n_samples, n_tasks)
    residuals: FloatArray  # residual quantiles of each task, (n_tasks, n_levels)
    tau: float  # level that is asked for; that of the fit, or a lower one
    velocity: FloatArray | None = None  # mean drift of a quarter on the logit scale, (n_samples, n_tasks)
    # drift since the first stretch of time on the logit scale, (n_samples, n_tasks, n_stretches); see
    # `bayes_frontier.model.data`
    walk: FloatArray | None = None
    # how steep boundaries are beside their sigmoid, (n_samples, n_tasks, n_nodes), at these log10 FLOPs, (n_nodes,);
    # none: sigmoids as they are
    steepness: FloatArray | None = None
    nodes: FloatArray | None = None
    population: Population | None = None  # what base models count in the population; none: all the same
    # of boundaries of abilities, what is added to those of each draw and task for what is not known of their noise
    wobble: FloatArray | None = None
    drawn_shares: bool = True  # whether shares of base models in the population are random, or as expected

    @classmethod
    def from_tree(cls, tree: xr.DataTree, tau: float) -> "Curves":
        """Read the draws."""
        draws = tree["posterior"].dataset

        def flat(name: str, *dims: str) -> FloatArray | None:
            if name not in draws:
                return None
            values = draws[name].transpose("chain", "draw", *dims).to_numpy()
            return np.asarray(values.reshape(-1, *values.shape[2:]), dtype=float)

        walk = flat("drift", "task", "stretch")
        if walk is not None and "since" in draws["drift"].attrs:
            # saved without the first stretch, since which it is
            walk = np.pad(walk, ((0, 0), (0, 0), (1, 0)))
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
            walk=walk,
            steepness=flat("steepness", "task", "node"),
            nodes=draws["node"].to_numpy() if "steepness" in draws else None,
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
        """Split the first axis: values (n_samples, ...), returns (n_chains, n_draws, ...)."""
        return values.reshape(*self.shape, *values.shape[1:])

    def typical(self, z: npt.ArrayLike, task: Any, period: Any, samples: Any = slice(None)) -> FloatArray:  # noqa: ANN401
        """Boundary of a base model without effect. Shapes: returns (n_samples, ...)."""
        at, own, when = np.broadcast_arrays(z, task, period)
        if np.ndim(task) == 0:
            # whatever the period, a task bends as one
            at, own = np.reshape(z, (1,) * (at.ndim - np.ndim(z)) + np.shape(z)), task
        curves = (self.parts[name][samples][:, task, when] for name in _CURVE)
        return boundary_at(self.bent(at, own, samples), *curves)

    def bent(self, z: FloatArray, task: Any, samples: Any = slice(None)) -> FloatArray:  # noqa: ANN401 - int or array
        """Bend log10 FLOPs as a task's boundaries are. Shapes: task as z or one, returns (n_samples or 1, ...)."""
        if self.steepness is None or self.nodes is None:
            return z[None]
        steepness = self.steepness[samples][:, task]
        if np.ndim(task) == 0:
            steepness = steepness.reshape(len(steepness), *(1,) * np.ndim(z), -1)
        return bend(z, steepness, self.nodes)

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
        """Logit of boundaries (n_samples, ...), without `base` those of a base model without effect."""
        # `stretch` is the stretch of time of each and the last one of its period; without it, the end of the period
        level = log_odds(self.typical(z, task, period, samples))
        if stretch is not None and self.walk is not None:
            walk, (now, last) = self.walk[samples], stretch
            level = level + (walk[:, task, now] - walk[:, task, last])
        if base is not None and self.effects is not None:
            level = level + self.effects[samples][:, base, task]
        return level

    def of_records(self, models: pd.DataFrame, base_models: Sequence[str], stretches: Stretches) -> FloatArray:
        """Posterior mean boundary of records of the fit, effects included. Shapes: returns (n_models, n_tasks)."""
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
        parts = {name: values[samples] for name, values in self.parts.items()}
        names = ("effects", "scales", "drift", "velocity", "walk", "steepness", "wobble")
        drawn = {name: getattr(self, name) for name in names}
        kept: dict[str, Any] = {name: None if values is None else values[samples] for name, values in drawn.items()}
        return replace(self, shape=(1, len(samples)), parts=parts, **kept)

    def evenly(self, n: int) -> IntArray:
        """At most `n` draws, evenly spaced over all of them."""
        return np.unique(np.linspace(0, self.n_samples - 1, min(n, self.n_samples)).round().astype(int))

    def with_step(self, step: FloatArray) -> "Curves":
        """Append a period that is the last one moved on the logit scale. Shapes: step (n_samples, n_tasks)."""
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
                values = values + float(np.interp(self.tau, RESIDUAL_LEVELS, self.residuals[task]))
            if self.wobble is not None:
                values = values + self.wobble[samples, task, None, None]
            # Rounding can undo the order of neighbours in the flat parts of a curve by one unit in the last place.
            drawn[samples][..., order] = np.maximum.accumulate(np.clip(values, 0.0, 1.0), axis=-1)
        return drawn

    def _new(self, z: FloatArray, task: int, periods: IntArray, samples: slice) -> FloatArray:
        """Evaluate the population boundary, shape (n_samples, n_periods, n)."""
        values = self.typical(z, task, periods[:, None], samples)
        return values if self.scales is None else self._population(task)(values, samples)

    @cached_property
    def new_effects(self) -> FloatArray:
        """Equally probable effects of a new base model in units of their scale, shape (n_tasks, n_values)."""
        assert self.effects is not None
        assert self.scales is not None
        pairs = zip(np.moveaxis(self.effects, -1, 0), self.scales.T, strict=True)
        return np.stack([effect_shape(effects, scales) for effects, scales in pairs])

    def _population(self, task: int) -> PopulationBoundary:
        """Make the table of one task when it is first asked for."""
        if task not in self._tables:
            assert self.effects is not None
            assert self.scales is not None
            population = self.population or Population(np.ones(self.effects.shape[1]))
            effects = drawn_effects(
                self.effects[:, :, task], self.scales[:, task], task, population, drawn=self.drawn_shares
            )
            self._tables[task] = PopulationBoundary(self.residuals[task], effects, self.tau)
        return self._tables[task]

    @cached_property
    def _tables(self) -> dict[int, PopulationBoundary]:
        return {}

    @cached_property
    def with_expected_shares(self) -> "Curves":
        """The same draws, base models having the shares of the population that are expected; tables made once."""
        return replace(self, drawn_shares=False)


def distinct_rows(frame: pd.DataFrame) -> tuple[IntArray, pd.DataFrame]:
    """Code of each row, and the distinct rows the codes point at: what is alike is evaluated once."""
    code = frame.groupby(list(frame.columns), sort=True, dropna=False).ngroup().to_numpy()
    first = pd.Series(np.arange(len(frame))).groupby(code).first().to_numpy()
    return np.asarray(code, dtype=np.int64), frame.iloc[first].reset_index(drop=True)
