"""Looking ahead of the fit: boundaries of models to come, and the trend of newer base models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.registry.placement import resolve_bases
from bayes_frontier.evaluations.registry.registry import Registry, default_registry
from bayes_frontier.model.curve import inverse_logit, log_odds
from bayes_frontier.model.data import QUARTER, Stretches, reference_compute
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.posterior.draws import Curves, mixture_quantile, residual_cdf
from bayes_frontier.posterior.query import check_flops

if TYPE_CHECKING:
    from bayes_frontier.posterior.frontier import Frontier

_EPOCH, _DAYS = pd.Timestamp("2024-01-01"), 365.25
# A line is not followed further than this beyond the newest base model fitted, in years.
_FARTHEST = 1.0
# A base model whose effect is known no better than from the prior says nothing; its variance is kept below omega's.
_MOST_OF_PRIOR = 0.98


def years(dates: pd.Series) -> FloatArray:
    """Convert dates."""
    return np.asarray((pd.to_datetime(dates) - _EPOCH).dt.total_seconds() / 86400.0 / _DAYS, dtype=float)


def base_model_years(names: pd.Series, seen: pd.Series, registry: Registry) -> FloatArray:
    """When base models appeared: their release where the registry has it, else when they were first seen."""
    known = {name: registry.get(name) for name in names.unique()}
    listed = {name: model.released for name, model in known.items() if model is not None}
    released = pd.to_datetime(names.map(listed).astype(object))
    return years(released.fillna(pd.Series(seen.to_numpy(), index=names.index)))


@dataclass(frozen=True)
class Vintage:
    """Lines through base-model effects over release dates, one a task.

    Attributes
    ----------
    slope, error : ndarray, shape (n_tasks,)
        Mean and standard deviation of the trend, on the logit scale a year.
    centre : ndarray, shape (n_tasks,)
        Mean release of the base models, in years since 2024-01-01, weighted by what their scores tell.
    latest : float
        Latest year that the lines are followed to.
    """

    slope: FloatArray
    error: FloatArray
    centre: FloatArray
    latest: float

    @classmethod
    def of(cls, curves: Curves, released: FloatArray, prior: float) -> "Vintage | None":
        """Estimate the lines.

        Shapes: released (n_base_models,).
        """
        dated = np.isfinite(released)
        if curves.effects is None or curves.scales is None or prior == 0.0:
            return None
        if not dated.any() or np.ptp(released[dated]) == 0.0:
            return None
        t, effects = released[dated, None], curves.effects[:, dated]
        between = (curves.scales**2).mean(axis=0)
        within = np.minimum(effects.var(axis=0), _MOST_OF_PRIOR * between)
        # What the scores of a base model alone say: its posterior without the prior N(0, between).
        alone = effects.mean(axis=0) / (1.0 - within / between)
        weight = 1.0 / (between + within * between / (between - within))
        centre = (weight * t).sum(axis=0) / weight.sum(axis=0)
        level = (weight * alone).sum(axis=0) / weight.sum(axis=0)
        precision = (weight * (t - centre) ** 2).sum(axis=0)
        slope = (weight * (t - centre) * (alone - level)).sum(axis=0) / precision
        variance = 1.0 / (precision + 1.0 / prior**2)
        return cls(variance * precision * slope, np.sqrt(variance), centre, float(t.max()) + _FARTHEST)

    def effect(self, task: int, released: FloatArray, normal: FloatArray) -> FloatArray:
        """Draw what their vintage gives to new base models.

        Shapes: released (n,), normal (n_draws,), returns (n_draws, n).
        """
        age = np.nan_to_num(np.minimum(released, self.latest) - self.centre[task])
        return np.asarray((self.slope[task] + self.error[task] * normal)[:, None] * age)


def vintage_of(frontier: "Frontier") -> Vintage | None:
    """Estimate the trend of the fitted base models' effects over their releases."""
    if not frontier.curves.has_base_models:
        return None
    names = pd.Series(frontier.base_model_names)
    seen = frontier.evaluations.models.groupby("base_model")["released"].min().reindex(names)
    released = base_model_years(names, seen, default_registry())
    return Vintage.of(frontier.curves, released, frontier.spec.priors.base_model_vintage)


def appeared(bases: pd.Series, released: pd.Series | None, closed: pd.Timestamp) -> FloatArray:
    """Say when base models appeared: by the registry, by the date of the model, or just after the last day fitted."""
    usual = closed + pd.Timedelta(days=QUARTER / 2.0)
    unknown = pd.Series(pd.NaT, index=bases.index, dtype="datetime64[ns]")
    dates = unknown if released is None else pd.to_datetime(released, utc=True).dt.tz_localize(None)
    return base_model_years(bases, dates.fillna(usual), default_registry())


# Boundaries of given models: fitted ones, and those of the period to come.

# Rows evaluated at a time, values that stay in the processor's cache, and draws mixed over in predictions.
_BLOCK = 500
_AT_A_TIME = 65536
_MIXED = 600
# Horizons of predictions are told apart to this many quarters of a year (a month), and reach to two years at most.
_HORIZON_STEP, _FARTHEST_AHEAD = 0.33, 8.0
# Releases of new base models, in years, are told apart to a month too.
_VINTAGE_STEP = 1.0 / 12.0


def labelled(values: FloatArray, models: pd.Series, tasks: Sequence[str]) -> xr.DataArray:
    """Attach names.

    Shapes: values (n_models, n_tasks).
    """
    coords = {"model": models.to_numpy(dtype=object), "task": list(tasks)}
    return xr.DataArray(values, dims=("model", "task"), coords=coords, name="boundary", attrs={"units": "score"})


def fitted_means(curves: Curves, models: pd.DataFrame, base_models: Sequence[str], stretches: Stretches) -> FloatArray:
    """Posterior mean boundary of each record, its base-model effect included.

    Shapes: returns (n_models, n_tasks).
    """
    code, unique = _distinct(models[["base_model", "flops", "period"]].assign(stretch=stretches.of_model))
    base = pd.Index(base_models).get_indexer(pd.Index(unique["base_model"]))
    z, period = np.log10(unique["flops"].to_numpy(float)), unique["period"].to_numpy()
    stretch = unique["stretch"].to_numpy()
    task = np.arange(len(curves.residuals))
    means = np.empty((len(unique), len(task)))
    block = max(1, _AT_A_TIME // (curves.n_samples * len(task)))
    for start in range(0, len(unique), block):
        rows = slice(start, start + block)
        drawn = curves.known(z[rows, None], base[rows, None], task[None, :], period[rows, None])
        if curves.walk is not None:
            last = stretches.last[period[rows, None]]
            drawn = inverse_logit(log_odds(drawn) + curves.since(last, stretch[rows, None], task[None, :]))
        means[rows] = drawn.mean(axis=0)
    return np.asarray(means[code])


def check_models(models: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Names and base models of models to predict."""
    for column in ("base_model", "flops"):
        if column not in models:
            raise QueryError(
                f"predict: column {column!r} is missing, found {', '.join(map(str, models.columns)) or 'none'}."
            )
    bases = resolve_bases(models["base_model"], models.get("released"), default_registry())
    names = models["model"] if "model" in models else pd.Series(models.index, index=models.index)
    return names, bases


def horizons(released: pd.Series | None, n: int, stretches: Stretches, closed: pd.Timestamp) -> FloatArray:
    """Time from the last fitted stretch to models, in quarters of a year.

    Shapes: returns (n,).
    """
    if stretches.middle is None:
        return np.ones(n)
    usual = (closed - stretches.middle) / pd.Timedelta(days=QUARTER) + 0.5
    if released is None:
        return np.full(n, usual)
    dates = pd.to_datetime(released, utc=True).dt.tz_localize(None)
    days = (dates - stretches.middle).dt.total_seconds().to_numpy() / 86400.0
    return np.clip(np.where(np.isnan(days), usual, days / QUARTER), 0.0, _FARTHEST_AHEAD)


class Asked(NamedTuple):
    """Models to predict, with their place in a fit: the arguments of `predictive_levels` after the draws.

    Attributes
    ----------
    bases, flops : pandas.Series
        Base model as the fit names it, and compute, that of the fit where the base model was fitted.
    base_models : sequence of str
        Fitted base models.
    seed : int
        Seeds the drift to come.
    ahead : float or ndarray, shape (n_models,)
        Time since the last fitted stretch, in quarters of a year.
    innovation : float
        Of a fitted base model's own change in a quarter, in units of base_model_scale: its standard deviation differs
        from task to task, and is drawn from a half-normal distribution of this scale.
    vintage : Vintage, optional
        What later base models are better by.
    released : ndarray, shape (n_models,), optional
        When the base models appeared, in years since 2024-01-01; with `vintage`.
    """

    bases: pd.Series
    flops: pd.Series
    base_models: Sequence[str]
    seed: int
    ahead: float | FloatArray = 1.0
    innovation: float = 0.0
    vintage: Vintage | None = None
    released: FloatArray | None = None


def place(frontier: "Frontier", models: pd.DataFrame) -> tuple[pd.Series, Asked]:
    """Check models to predict, and place them in a fit."""
    names, bases = check_models(models)
    flops = own_compute(frontier, bases, pd.Series(check_flops(models["flops"]), index=models.index))
    dates, priors = frontier.evaluations.models["released"], frontier.spec.priors
    ahead = horizons(models.get("released"), len(models), frontier.stretches, dates.max())
    return names, Asked(
        bases=bases,
        flops=flops,
        base_models=frontier.base_model_names,
        seed=int(frontier.provenance["sampling"]["seed"]),
        ahead=ahead,
        innovation=priors.base_model_innovation,
        vintage=vintage_of(frontier),
        released=appeared(bases, models.get("released"), dates.max()),
    )


def own_compute(frontier: "Frontier", bases: pd.Series, flops: pd.Series) -> pd.Series:
    """Replace the FLOPs of fitted base models by the ones they were fitted at."""
    if not frontier.curves.has_base_models:
        return flops
    z = reference_compute(frontier.evaluations.models, frontier.base_model_names)
    own = bases.map(pd.Series(10.0**z, index=list(frontier.base_model_names)))
    return own.fillna(flops).astype(float)


def mixtures(
    curves: Curves,
    bases: pd.Series,
    flops: pd.Series,
    base_models: Sequence[str],
    seed: int,
    ahead: float | FloatArray = 1.0,
    innovation: float = 0.0,
    vintage: Vintage | None = None,
    released: FloatArray | None = None,
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Draw the boundaries of models some time after the last fitted scores, task by task."""
    ahead = np.round(np.broadcast_to(ahead, len(bases)) / _HORIZON_STEP) * _HORIZON_STEP
    month = np.full(len(bases), np.nan) if released is None else np.round(released / _VINTAGE_STEP) * _VINTAGE_STEP
    asked = {"base": bases.to_numpy(), "flops": check_flops(flops), "ahead": ahead, "released": month}
    code, unique = _distinct(pd.DataFrame(asked))
    time = unique["ahead"].to_numpy(float)
    base = pd.Index(base_models).get_indexer(pd.Index(unique["base"]))
    z = np.log10(unique["flops"].to_numpy(float))
    rng = np.random.default_rng(seed)
    size = min(_MIXED, curves.n_samples)
    samples = np.sort(rng.choice(curves.n_samples, size=size, replace=False))
    for k in range(len(curves.residuals)):
        effect = np.zeros((size, len(unique)))
        if curves.drift is not None:
            effect += (curves.drift[samples, k] * _spread(rng, size))[:, None] * np.sqrt(time)
        if curves.velocity is not None:
            effect += curves.velocity[samples, k][:, None] * time
        if curves.effects is not None and curves.scales is not None:
            unseen = (curves.scales[samples, k] * rng.permutation(_resized(curves.new_effects[k], size)))[:, None]
            trend = _spread(rng, size)
            if vintage is not None:
                unseen = unseen + vintage.effect(k, unique["released"].to_numpy(float), trend)
            own = innovation * (curves.scales[samples, k] * rng.permutation(_own_moves(size)))[:, None] * np.sqrt(time)
            effect += np.where(base >= 0, curves.effects[samples][:, base, k] + own, unseen)
        yield code, inverse_logit(log_odds(curves.typical(z, k, -1, samples)) + effect)


def predictive_levels(
    curves: Curves,
    bases: pd.Series,
    flops: pd.Series,
    base_models: Sequence[str],
    seed: int,
    ahead: float | FloatArray = 1.0,
    innovation: float = 0.0,
    vintage: Vintage | None = None,
    released: FloatArray | None = None,
) -> FloatArray:
    """Levels exceeded with probability 1 - tau some time after the last fitted scores.

    Shapes: returns (n_models, n_tasks).
    """
    drawn = zip(
        mixtures(curves, bases, flops, base_models, seed, ahead, innovation, vintage, released),
        curves.residuals,
        strict=True,
    )
    levels = [mixture_quantile(q.T, residuals, curves.tau)[code] for (code, q), residuals in drawn]
    return np.asarray(np.clip(np.stack(levels, axis=1), 0.0, 1.0))


def chances(curves: Curves, asked: Asked, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Say how unlikely scores of models not fitted are.

    Shapes: scores (n_models, n_tasks), returns (n_models, n_tasks).
    """
    above, chance = np.full((2, *scores.shape), np.nan)
    for k, (code, q) in enumerate(mixtures(curves, *asked)):
        for start in range(0, len(scores), _BLOCK):
            rows = slice(start, start + _BLOCK)
            beyond = scores[None, rows, k] - q[:, code[rows]]
            there = ~np.isnan(scores[rows, k])
            above[rows, k] = np.where(there, (beyond > 0.0).mean(axis=0), np.nan)
            higher = 1.0 - residual_cdf(beyond, curves.residuals[k]).mean(axis=0)
            chance[rows, k] = np.where(there, higher, np.nan)
    return above, chance


def _spread(rng: np.random.Generator, size: int) -> FloatArray:
    """Return standard normal values in random order, one from each slice of equal probability."""
    return np.asarray(stats.norm.ppf((rng.permutation(size) + 0.5) / size))


@cache
def _own_moves(size: int) -> FloatArray:
    """Return equally probable values of a standard normal one times a half-normal one: of steps of unknown size."""
    each = stats.norm.ppf((np.arange(size) + 0.5) / size)
    return np.sort(np.outer(np.abs(each), each), axis=None)[size // 2 :: size]


def _resized(values: FloatArray, size: int) -> FloatArray:
    """Return `size` equally probable values of the distribution that sorted equally probable values stand for."""
    at = (np.arange(len(values)) + 0.5) / len(values)
    return np.asarray(np.interp((np.arange(size) + 0.5) / size, at, values))


def _distinct(frame: pd.DataFrame) -> tuple[IntArray, pd.DataFrame]:
    """Code of each row, and the distinct rows the codes point at."""
    code = frame.groupby(list(frame.columns), sort=True, dropna=False).ngroup().to_numpy()
    first = pd.Series(np.arange(len(frame))).groupby(code).first().to_numpy()
    return np.asarray(code, dtype=np.int64), frame.iloc[first].reset_index(drop=True)
