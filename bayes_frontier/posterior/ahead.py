"""Looking ahead of a fit: where the boundaries of models stand that come after its scores.

One account of what is to come, for all who ask (`predict`, `score`, `gate`, `watch` and `plan` of the next period). On
the logit scale, a time t (in quarters of a year) after the last fitted stretch,

    boundary = typical boundary at the end of the last period          (a base model without effect, at its FLOPs)
             + velocity t + drift_scale sqrt(t) e_1                    (`drift_ahead`: what all base models move by)
             + effect + innovation base_model_scale sqrt(t) e_2 |e_3|  (`known_effect`: a fitted base model's)
               or the effect of another + trend of vintage             (`new_effect`: one not fitted)

with standard normal e. What differs between those who ask is only the draws that stand for it (`Draws`): predictions
are made task by task, from values that divide the distributions evenly, so that few draws will do; what compares a
model with its boundary on several tasks at once needs draws that keep tasks together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.registry.placement import resolve_bases
from bayes_frontier.evaluations.registry.registry import Registry, given_registry
from bayes_frontier.model.curve import inverse_logit, log_flops, log_odds
from bayes_frontier.model.data import QUARTER, Stretches, reference_compute
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.posterior.draws import Curves, distinct_rows, mixture_quantile
from bayes_frontier.posterior.population import residual_cdf
from bayes_frontier.posterior.query import Fit, check_flops

_EPOCH, _DAYS = pd.Timestamp("2024-01-01"), 365.25
# A line is not followed further than this beyond the newest base model fitted, in years.
_FARTHEST = 1.0
# Models are placed two years after the last fitted stretch at most, in quarters of a year.
_FARTHEST_AHEAD = 8.0
# A base model whose effect is known no better than from the prior says nothing; its variance is kept below omega's.
_MOST_OF_PRIOR = 0.98


def years(dates: pd.Series) -> FloatArray:
    """Years since 2024-01-01."""
    return np.asarray((pd.to_datetime(dates) - _EPOCH).dt.total_seconds() / 86400.0 / _DAYS, dtype=float)


def base_model_years(names: pd.Series, seen: pd.Series, registry: Registry) -> FloatArray:
    """When base models appeared: their release where the registry has it, else when they were first seen."""
    entries = {name: registry.get(name) for name in names.unique()}
    releases = {name: entry.released for name, entry in entries.items() if entry is not None}
    released = pd.to_datetime(names.map(releases).astype(object))
    return years(released.fillna(pd.Series(seen.to_numpy(), index=names.index)))


@dataclass(frozen=True)
class Vintage:
    """Lines through base-model effects over release dates, one per task."""

    slope: FloatArray  # slope, error (n_tasks,): mean and standard deviation of the trend, on the logit scale a year
    error: FloatArray
    # (n_tasks,): mean release of the base models, in years since 2024-01-01, weighted by what their scores tell
    centre: FloatArray
    latest: float  # latest year that the lines are followed to

    @classmethod
    def from_curves(cls, curves: Curves, released: FloatArray, prior: float) -> "Vintage | None":
        """Estimate the lines. Shapes: released (n_base_models,)."""
        dated = np.isfinite(released)
        if curves.effects is None or curves.scales is None or prior == 0.0:
            return None
        if not dated.any() or np.ptp(released[dated]) == 0.0:
            return None
        t = released[dated, None]
        alone, weight = (values[dated] for values in effects_alone(curves))
        centre = (weight * t).sum(axis=0) / weight.sum(axis=0)
        level = (weight * alone).sum(axis=0) / weight.sum(axis=0)
        precision = (weight * (t - centre) ** 2).sum(axis=0)
        slope = (weight * (t - centre) * (alone - level)).sum(axis=0) / precision
        variance = 1.0 / (precision + 1.0 / prior**2)
        return cls(variance * precision * slope, np.sqrt(variance), centre, float(t.max()) + _FARTHEST)

    def effect(self, task: int, released: FloatArray, normal: FloatArray) -> FloatArray:
        """Draw what their vintage gives to new base models. Shapes: released (n,), returns (n_draws, n)."""
        age = np.nan_to_num(np.minimum(released, self.latest) - self.centre[task])
        return np.asarray((self.slope[task] + self.error[task] * normal)[:, None] * age)


def effects_alone(curves: Curves) -> tuple[FloatArray, FloatArray]:
    """Give what the scores of each base model alone say of its effect, and the precision of that about the curve.

    It is the posterior of the effect without its prior, normal around zero. Shapes: returns (n_base_models, n_tasks).
    """
    assert curves.effects is not None
    assert curves.scales is not None
    between = (curves.scales**2).mean(axis=0)
    within = np.minimum(curves.effects.var(axis=0), _MOST_OF_PRIOR * between)
    alone = curves.effects.mean(axis=0) / (1.0 - within / between)
    return np.asarray(alone), np.asarray(1.0 / (between + within * between / (between - within)))


def vintage_of(fit: Fit) -> Vintage | None:
    """Estimate the trend of the fitted base models' effects over their releases."""
    if not fit.curves.has_base_models:
        return None
    names = pd.Series(fit.base_model_names)
    seen = fit.evaluations.models.groupby("base_model")["released"].min().reindex(names)
    released = base_model_years(names, seen, given_registry(fit.evaluations.registry))
    return Vintage.from_curves(fit.curves, released, fit.spec.priors.base_model_vintage)


def appeared(bases: pd.Series, released: pd.Series | None, closed: pd.Timestamp, registry: Registry) -> FloatArray:
    """Say when base models appeared: by the registry, by the date of the model, or just after the last day fitted."""
    usual = closed + pd.Timedelta(days=QUARTER / 2.0)
    unknown = pd.Series(pd.NaT, index=bases.index, dtype="datetime64[ns]")
    dates = unknown if released is None else pd.to_datetime(released, utc=True).dt.tz_localize(None)
    return base_model_years(bases, dates.fillna(usual), registry)


# Models to come, placed in a fit.


@dataclass(frozen=True)
class ModelsAhead:
    """Models to come as a fit sees them."""

    base: IntArray  # (n_models,): place among the fitted base models; -1 for one not fitted
    z: FloatArray  # (n_models,): log10 FLOPs: of a fitted base model those it was fitted at
    quarters: FloatArray  # (n_models,): time since the last fitted stretch, in quarters of a year
    appeared: FloatArray  # (n_models,): when their base models did, in years since 2024-01-01

    @classmethod
    def from_models(
        cls,
        fit: Fit,
        bases: pd.Series,
        flops: pd.Series,
        released: pd.Series | None = None,
        registry: Registry | None = None,
    ) -> "ModelsAhead":
        """Place models whose base models have the fit's names; none: the registry that the fit was read with."""
        base = np.full(len(bases), -1, dtype=np.int64)
        if fit.curves.has_base_models:
            base = pd.Index(fit.base_model_names).get_indexer(pd.Index(bases)).astype(np.int64)
        closed = fit.evaluations.models["released"].max()
        entries = given_registry(fit.evaluations.registry if registry is None else registry)
        return cls(
            base=base,
            z=log_flops(compute_fitted_at(fit, bases, flops)),
            quarters=horizons(released, len(bases), fit.stretches, closed),
            appeared=appeared(bases, released, closed, entries),
        )

    def part(self, rows: npt.NDArray[np.bool_] | IntArray) -> "ModelsAhead":
        """Take some of the models."""
        return ModelsAhead(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def fitted(self) -> npt.NDArray[np.bool_]:
        """Whether the base model of each was fitted."""
        return self.base >= 0


def place(fit: Fit, models: pd.DataFrame, registry: Registry | None = None) -> tuple[pd.Series, pd.Series, ModelsAhead]:
    """Check models to predict; their names, their base models as the fit names them, and their place in it."""
    for column in ("base_model", "flops"):
        if column not in models:
            raise QueryError(
                f"predict: column {column!r} is missing, found {', '.join(map(str, models.columns)) or 'none'}."
            )
    released = models.get("released")
    entries = given_registry(fit.evaluations.registry if registry is None else registry)
    bases = resolve_bases(models["base_model"], released, entries)
    names = models["model"] if "model" in models else pd.Series(models.index, index=models.index)
    flops = pd.Series(check_flops(models["flops"]), index=models.index)
    return names, bases, ModelsAhead.from_models(fit, bases, flops, released, entries)


def compute_fitted_at(fit: Fit, bases: pd.Series, flops: pd.Series) -> pd.Series:
    """FLOPs of models, those of fitted base models replaced by the ones they were fitted at."""
    if not fit.curves.has_base_models:
        return flops
    z = reference_compute(fit.evaluations.models, fit.base_model_names)
    of_base = bases.map(pd.Series(10.0**z, index=list(fit.base_model_names)))
    return of_base.fillna(flops).astype(float)


def horizons(released: pd.Series | None, n: int, stretches: Stretches, closed: pd.Timestamp) -> FloatArray:
    """Quarters from the last fitted stretch to models, shape (n,); undated ones come half a quarter after `closed`."""
    if stretches.middle is None:
        return np.ones(n)
    usual = (closed - stretches.middle) / pd.Timedelta(days=QUARTER) + 0.5
    if released is None:
        return np.full(n, usual)
    dates = pd.to_datetime(released, utc=True).dt.tz_localize(None)
    days = (dates - stretches.middle).dt.total_seconds().to_numpy() / 86400.0
    return np.clip(np.where(np.isnan(days), usual, days / QUARTER), 0.0, _FARTHEST_AHEAD)


# What is to come, drawn.

# Draws mixed over in predictions, and in comparisons over several tasks.
_EVEN, RANDOM = 600, 500
# Fitted base models whose effects stand for that of a new one, in each random draw.
STAND_INS = 24


@dataclass(frozen=True)
class Draws:
    """Random parts of what is to come, the same for all models."""

    samples: IntArray  # (n_samples,): which draws of the posterior
    # drift, own, trend (n_samples, n_tasks): e_1, e_2 |e_3| and the standard normal value behind the trend of vintage,
    # as in the module's description
    drift: FloatArray
    own: FloatArray
    trend: FloatArray
    new: FloatArray  # (n_samples, n_stand_ins, n_tasks): effects of base models not fitted, on the logit scale
    # of a fitted base model's own change in a quarter, in units of base_model_scale: its standard deviation differs
    # from task to task, and is drawn from a half-normal distribution of this scale
    innovation: float
    vintage: Vintage | None  # what later base models are better by

    @classmethod
    def even(cls, curves: Curves, seed: int, innovation: float = 0.0, vintage: Vintage | None = None) -> "Draws":
        """Draws for one task at a time: values that divide each distribution evenly, in random order."""
        rng = np.random.default_rng(seed)
        size, n_tasks = min(_EVEN, curves.n_samples), len(curves.residuals)
        samples = np.sort(rng.choice(curves.n_samples, size=size, replace=False))
        drift, own, trend, new = np.zeros((4, size, n_tasks))
        for k in range(n_tasks):
            if curves.drift is not None:
                drift[:, k] = _normal_scores(rng, size)
            if curves.effects is not None and curves.scales is not None:
                new[:, k] = curves.scales[samples, k] * rng.permutation(_resized(curves.new_effects[k], size))
                trend[:, k] = _normal_scores(rng, size)
                own[:, k] = rng.permutation(_own_moves(size))
        return cls(samples, drift, own, trend, new[:, None], innovation, vintage)

    @classmethod
    def random(cls, fit: Fit, rng: np.random.Generator, n: int = RANDOM) -> "Draws":
        """Draws for all tasks together."""
        # A base model moves on all tasks at once, as its fine-tunes get better at all, but much on some and little on
        # others: a normal value common to the tasks times a half-normal one of each. A new one stands where a fitted
        # one does, on every task.
        curves, n_tasks = fit.curves, len(fit.tasks)
        size = min(n, curves.n_samples)
        samples = np.sort(rng.choice(curves.n_samples, size=size, replace=False))
        drift = rng.standard_normal((size, n_tasks))
        own = rng.standard_normal((size, 1)) * np.abs(rng.standard_normal((size, n_tasks)))
        stand_in = rng.integers(0, max(len(fit.base_model_names), 1), (size, STAND_INS))
        trend = rng.standard_normal((size, n_tasks))
        new = np.zeros((size, 1, n_tasks)) if curves.effects is None else curves.effects[samples[:, None], stand_in]
        return cls(samples, drift, own, trend, new, fit.spec.priors.base_model_innovation, vintage_of(fit))


def drift_ahead(curves: Curves, draws: Draws, task: int, quarters: FloatArray) -> FloatArray:
    """Draw what all boundaries of a task move by, on the logit scale. Shapes: quarters (n,), returns (n_samples, n)."""
    shift = np.zeros((len(draws.samples), len(quarters)))
    if curves.drift is not None:
        shift += (curves.drift[draws.samples, task] * draws.drift[:, task])[:, None] * np.sqrt(quarters)
    if curves.velocity is not None:
        shift += curves.velocity[draws.samples, task][:, None] * quarters
    return shift


def known_effect(curves: Curves, draws: Draws, task: int, models: ModelsAhead, *, moved: bool = True) -> FloatArray:
    """Effects of fitted base models, each moved on its own since. Shapes: returns (n_samples, n_models)."""
    if curves.effects is None or curves.scales is None:
        return np.zeros((len(draws.samples), len(models.z)))
    effect = curves.effects[draws.samples][:, models.base, task]
    if not moved:
        return np.asarray(effect)
    step = draws.innovation * (curves.scales[draws.samples, task] * draws.own[:, task])
    return np.asarray(effect + step[:, None] * np.sqrt(models.quarters))


def new_effect(draws: Draws, task: int, models: ModelsAhead) -> FloatArray:
    """Effects that new base models may have, along their trend. Shapes: returns (n_samples, n_stand_ins, n_models)."""
    effect = draws.new[:, :, task, None]
    if draws.vintage is None:
        return np.repeat(effect, len(models.z), axis=2)
    return np.asarray(effect + draws.vintage.effect(task, models.appeared, draws.trend[:, task])[:, None, :])


def boundaries(curves: Curves, draws: Draws, task: int, models: ModelsAhead) -> FloatArray:
    """Draws of boundaries to come, (n_samples, n_stand_ins, n_models); one stand-in if all base models are fitted."""
    fitted = models.fitted
    if fitted.all():
        effect = known_effect(curves, draws, task, models)[:, None, :]
    else:
        effect = new_effect(draws, task, models)
        if fitted.any():
            effect = np.where(fitted, known_effect(curves, draws, task, models)[:, None, :], effect)
    shift = drift_ahead(curves, draws, task, models.quarters)[:, None, :] + effect
    return inverse_logit(log_odds(curves.typical(models.z, task, -1, draws.samples))[:, None, :] + shift)


def next_period(fit: Fit, curves: Curves, seed: int) -> tuple[Curves, float]:
    """Append the period that `predict` puts undated models in to some draws of a fit, so many quarters ahead."""
    ahead = horizons(None, 1, fit.stretches, fit.evaluations.models["released"].max())
    rng, n, n_tasks = np.random.default_rng(seed), curves.n_samples, len(fit.tasks)
    nothing = np.zeros((n, n_tasks))
    drift = np.stack([_normal_scores(rng, n) for _ in range(n_tasks)], axis=1)
    draws = Draws(np.arange(n), drift, nothing, nothing, nothing[:, None], 0.0, None)
    step = np.concatenate([drift_ahead(curves, draws, k, ahead) for k in range(n_tasks)], axis=1)
    return curves.with_step(step), float(ahead[0])


def _normal_scores(rng: np.random.Generator, size: int) -> FloatArray:
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


# Predictions: the level that scores of models to come exceed with probability 1 - tau, and how unlikely scores are.

# Rows evaluated at a time.
_BLOCK = 500
# Horizons of predictions are told apart to this many quarters of a year (a month), releases of base models to a month.
_HORIZON_STEP, _VINTAGE_STEP = 0.33, 1.0 / 12.0


def even_draws(fit: Fit) -> Draws:
    """Draws that the predictions of a fit are made from, the same whenever it is asked."""
    seed = int(fit.provenance["sampling"]["seed"])
    return Draws.even(fit.curves, seed, fit.spec.priors.base_model_innovation, vintage_of(fit))


def mixtures(curves: Curves, models: ModelsAhead, draws: Draws) -> Iterator[tuple[IntArray, FloatArray]]:
    """Draws of boundaries task by task: the column of each model, and columns of shape (n_samples, n_columns)."""
    quarters = np.round(models.quarters / _HORIZON_STEP) * _HORIZON_STEP
    month = np.round(models.appeared / _VINTAGE_STEP) * _VINTAGE_STEP
    frame = pd.DataFrame({"base": models.base, "z": models.z, "quarters": quarters, "appeared": month})
    code, unique = distinct_rows(frame)
    columns = ModelsAhead(*(unique[name].to_numpy() for name in frame))
    for task in range(len(curves.residuals)):
        yield code, boundaries(curves, draws, task, columns)[:, 0]


def predictive_levels(curves: Curves, models: ModelsAhead, draws: Draws) -> FloatArray:
    """Levels that scores of models to come exceed with probability 1 - tau. Shapes: returns (n_models, n_tasks)."""
    drawn = zip(mixtures(curves, models, draws), curves.residuals, strict=True)
    levels = [mixture_quantile(q.T, residuals, curves.tau)[code] for (code, q), residuals in drawn]
    return np.asarray(np.clip(np.stack(levels, axis=1), 0.0, 1.0))


def chances(curves: Curves, models: ModelsAhead, draws: Draws, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probability that the boundary lies below scores, and that of scores as high, both (n_models, n_tasks)."""
    above, chance = np.full((2, *scores.shape), np.nan)
    for k, (code, q) in enumerate(mixtures(curves, models, draws)):
        for start in range(0, len(scores), _BLOCK):
            rows = slice(start, start + _BLOCK)
            beyond = scores[None, rows, k] - q[:, code[rows]]
            there = ~np.isnan(scores[rows, k])
            above[rows, k] = np.where(there, (beyond > 0.0).mean(axis=0), np.nan)
            higher = 1.0 - residual_cdf(beyond, curves.residuals[k]).mean(axis=0)
            chance[rows, k] = np.where(there, higher, np.nan)
    return above, chance


def labelled(values: FloatArray, models: pd.Series, tasks: Sequence[str]) -> xr.DataArray:
    """Attach names to boundaries. Shapes: values (n_models, n_tasks)."""
    coords = {"model": models.to_numpy(dtype=object), "task": list(tasks)}
    return xr.DataArray(values, dims=("model", "task"), coords=coords, name="boundary", attrs={"units": "score"})
