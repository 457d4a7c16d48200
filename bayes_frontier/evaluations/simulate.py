"""Simulated evaluations with known boundaries: clustered by base model, noisy, drifting as one asks for."""

import datetime as dt
import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations import frames
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.frames import FIELDS
from bayes_frontier.evaluations.truth import NOISES, Floats, Truth, quantile_of_sum
from bayes_frontier.text import count, listed, suggestion

_LAST_QUARTER = (2025, 1)
_MOST_PERIODS = 60
_DAYS = 90


def draw(
    rng: np.random.Generator,
    n_models: int,
    n_base_models: int,
    size_exponent: float,
    flops_range: tuple[float, float],
    share_single_period: float,
    periods: int | Sequence[str | dt.date],
) -> tuple[pd.DataFrame, tuple[dt.date, ...]]:
    """Draw models: Zipf sizes of bases, compute spread evenly over the decades, dates within periods."""
    low, high = _range(flops_range)
    closing = _quarters(_number(periods)) if _is_number(periods) else frames.closing_dates(periods)  # type: ignore[arg-type]
    n_periods = len(closing) + 1
    sizes = _sizes(n_models, n_base_models, size_exponent)
    steps = (np.arange(n_base_models) + rng.random(n_base_models)) / n_base_models
    flops = 10 ** (low + rng.permutation(steps) * (high - low))
    period = _periods_of(rng, sizes, n_periods, share_single_period)
    missing = n_periods - len(np.unique(period))
    if missing:
        raise QueryError(
            f"periods: {n_periods} periods cannot all have models when there are {n_models:,} models of "
            f"{n_base_models:,} bases, {share_single_period:.0%} of which are in one period only; ask for "
            "fewer."
        )
    base = np.repeat(np.arange(n_base_models), sizes)
    width = len(str(n_base_models))
    names = np.array([f"base-{g + 1:0{width}d}" for g in range(n_base_models)], dtype=object)
    number = np.concatenate([np.arange(size) for size in sizes]) + 1
    models = pd.DataFrame(
        {
            "model": [f"{names[g]}-tuned-{i}" for g, i in zip(base, number, strict=True)],
            "base_model": names[base],
            "flops": flops[base],
            "released": _dates(rng, period, closing),
            "stage": "post-trained",
        }
    )
    return models.sort_values("released", kind="stable", ignore_index=True), closing


def from_grid(grid: pd.DataFrame, periods: int | Sequence[str | dt.date]) -> tuple[pd.DataFrame, tuple[dt.date, ...]]:
    """Take models from a real table."""
    if not isinstance(grid, pd.DataFrame):
        raise DataError(f"grid: a {type(grid).__name__} given; give a data frame with base_model, flops and released.")
    several = not _is_number(periods) or _number(periods) > 1
    missing = [c for c in ("base_model", "flops", *(["released"] if several else [])) if c not in grid.columns]
    if missing or grid.empty:
        lack = f" without a column {listed(missing)}" if missing else ""
        raise DataError(f"grid: {count(len(grid), 'row')}{lack}; give base_model, flops and, for periods, released.")
    base, flops = grid["base_model"], pd.to_numeric(grid["flops"], errors="coerce").to_numpy(dtype=np.float64)
    if base.isna().any() or (base.astype("str").str.strip() == "").any():
        raise DataError("grid: rows without a base_model; leave them out.")
    if not (np.isfinite(flops) & (flops > 0)).all():
        raise DataError("grid: flops that are not positive numbers; leave these rows out.")
    released = pd.Series(pd.NaT, index=grid.index)
    if "released" in grid.columns:
        released = pd.to_datetime(grid["released"], errors="coerce", utc=True, format="ISO8601")
        released = released.dt.tz_localize(None)
    if several and released.isna().any():
        raise DataError(
            f"grid: {count(int(released.isna().sum()), 'row')} without a release date that can be read; "
            "leave them out, or ask for one period."
        )
    models = pd.DataFrame(
        {
            "model": grid["model"].astype("str").to_numpy()
            if "model" in grid.columns
            else [f"model-{i + 1}" for i in range(len(grid))],
            "base_model": base.astype("str").str.strip().to_numpy(),
            "flops": flops,
            "released": released.to_numpy(dtype="datetime64[ns]"),
            "stage": "post-trained",
        }
    )
    if not _is_number(periods):
        return models, frames.closing_dates(periods)  # type: ignore[arg-type]
    n = _number(periods)
    days = np.sort(models["released"].to_numpy(dtype="datetime64[D]"))
    closing = tuple(day.item() for day in np.unique(days[(np.arange(1, n) * len(days)) // n - 1]))
    if len(closing) < n - 1 or (closing and np.datetime64(closing[-1]) == days[-1]):
        raise DataError(f"grid: too few different release dates for {n} periods; ask for fewer.")
    return models, closing


def _is_number(periods: object) -> bool:
    return isinstance(periods, int | np.integer) and not isinstance(periods, bool)


def _number(periods: object) -> int:
    n = int(periods)  # type: ignore[call-overload]
    if not 1 <= n <= _MOST_PERIODS:
        raise QueryError(f"periods: {n} given; give a number from 1 to {_MOST_PERIODS}, or closing dates.")
    return int(n)


def _quarters(n: int) -> tuple[dt.date, ...]:
    """Return the last days of the n - 1 quarters before the last one."""
    last = _LAST_QUARTER[0] * 4 + _LAST_QUARTER[1] - 1
    firsts = [dt.date(q // 4, 3 * (q % 4) + 1, 1) for q in range(last - n + 2, last + 1)]
    return tuple(first - dt.timedelta(days=1) for first in firsts)


def _range(flops_range: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = (float(value) for value in flops_range)
    except (TypeError, ValueError):
        low = high = np.nan
    if not 0 < low < high < np.inf:
        raise QueryError(
            f"flops_range: {flops_range!r} given; give the lowest and the highest FLOPs, such as (1e21, 1e25)."
        )
    return float(np.log10(low)), float(np.log10(high))


def _sizes(n_models: int, n_base_models: int, exponent: float) -> npt.NDArray[np.int64]:
    """Share models out by Zipf's law, one at least to each base; largest remainders get what is left over."""
    weights = np.arange(1, n_base_models + 1, dtype=np.float64) ** -exponent
    shares = (n_models - n_base_models) * weights / weights.sum()
    sizes = np.floor(shares).astype(np.int64)
    rest = n_models - n_base_models - int(sizes.sum())
    sizes[np.argsort(sizes - shares, kind="stable")[:rest]] += 1
    return sizes + 1


def _periods_of(
    rng: np.random.Generator, sizes: npt.NDArray[np.int64], n_periods: int, share: float
) -> npt.NDArray[np.int64]:
    """Return each model's period: those of some bases in one, the others evenly in all; shape (n_models,)."""
    n_bases = len(sizes)
    single = rng.permutation(n_bases) < round(share * n_bases)
    own = np.zeros(n_bases, dtype=np.int64)
    own[single] = rng.permutation(np.arange(int(single.sum())) % n_periods)
    base = np.repeat(np.arange(n_bases), sizes)
    free = ~single[base]
    period = own[base]
    period[free] = rng.permutation(np.arange(int(free.sum())) % n_periods)
    return period


def _dates(
    rng: np.random.Generator, period: npt.NDArray[np.int64], closing: tuple[dt.date, ...]
) -> npt.NDArray[np.datetime64]:
    """Draw a day in each model's period; the first and the open one are as long as a quarter."""
    day = dt.timedelta(days=1)
    ends = list(closing) or [_quarters(2)[0]]
    edges = [*([ends[0] - _DAYS * day] if closing else []), *ends, ends[-1] + _DAYS * day]
    spans = [(a, (b - a).days) for a, b in itertools.pairwise(edges)]
    first = np.array([np.datetime64(a + day) for a, _ in spans])
    length = np.array([n for _, n in spans])
    offset = np.floor(rng.random(len(period)) * length[period]).astype(np.int64)
    return np.asarray((first[period] + offset).astype("datetime64[ns]"))


# Evaluations with known boundaries: clustered by base model, unequal, noisy, drifting as one asks for.

# Curves lie in these ranges, their midpoints in this part of the range of log10 FLOPs; a chance level well
# above 0 and ceilings well below 1 keep clipped scores few.
_FLOOR, _RISE, _SLOPE, _MIDDLE = (0.22, 0.34), (0.33, 0.51), (1.0, 2.5), (0.35, 0.75)


def simulate(
    seed: int,
    *,
    n_models: int = 1200,
    n_base_models: int = 40,
    tasks: int | Sequence[str] = 6,
    periods: int | Sequence[str | dt.date] = 3,
    tau: float = 0.98,
    noise: str = "gaussian",
    spread: float = 0.06,
    spread_slope: float = 0.0,
    correlation: float = 0.2,
    base_effects: str = "gaussian",
    size_exponent: float = 1.0,
    drift: float | npt.ArrayLike = 0.0,
    flops_range: tuple[float, float] = (1e21, 1e25),
    grid: pd.DataFrame | None = None,
    share_single_period: float = 0.0,
    n_items: int | None = None,
    name: str = "simulated",
) -> tuple[Evaluations, Truth]:
    """Simulate evaluations whose boundaries are known exactly.

    The population boundary of every task is a sigmoid of log10 FLOPs, drawn by `seed`; scores scatter around
    it as `Truth` says. Curves, models, effects of bases and noise have random numbers of their own, so that
    an option that concerns one of these leaves the others as they were.

    Parameters
    ----------
    seed : int
        Not negative; the same call gives the same result.
    n_models, n_base_models : int
        Models, and the bases they descend from; every base has one at least.
    tasks : int or sequence of str
        Number of tasks, called ``task_1`` and so on, or their names.
    periods : int or sequence of str or date
        Number of periods, quarters up to the first of 2025 (with `grid`, of about equal numbers of models),
        or closing dates after which comes an open period.
    tau : float
        Quantile of the boundary.
    noise : {"gaussian", "skewed", "student"}
        Distribution within a base: normal, Gumbel with its long tail to low scores, or Student's t with three
        degrees of freedom.
    spread : float
        Standard deviation of scores at given compute, in the middle of the range of log10 FLOPs.
    spread_slope : float
        Relative change of `spread` per decade of compute.
    correlation : float
        Share of that variance that models of one base have in common, in [0, 1).
    base_effects : {"gaussian", "skewed", "student"}
        Distribution of what they have in common.
    size_exponent : float
        Zipf exponent of the bases' numbers of models; 0: equal.
    drift : float or array
        Change of the boundary, in scores, from one period to the next, or in each, shape
        (n_tasks, n_periods).
    flops_range : tuple of float
        Lowest and highest FLOPs of a base.
    grid : pandas.DataFrame, optional
        A real table's base_model, flops and released, one row a model, to simulate scores on; it replaces
        `n_models`, `n_base_models`, `size_exponent`, `flops_range` and `share_single_period`.
    share_single_period : float
        Share of the bases whose models are all of one period.
    n_items : int, optional
        Items of each benchmark: a score is then the share of them solved, each with the probability
        simulated.
    name : str
        Source of the evaluations.

    Returns
    -------
    evaluations : Evaluations
        The scores.
    truth : Truth
        Their boundaries.

    Raises
    ------
    QueryError
        If an argument cannot be used.
    DataError
        If the grid, or closing dates, cannot be used.
    """
    _check_numbers(
        seed=(seed, 0, math.inf, int),
        n_models=(n_models, 1, 10_000_000, int),
        n_base_models=(n_base_models, 1, n_models if grid is None else math.inf, int),
        spread=(spread, 1e-6, 0.5, float),
        spread_slope=(spread_slope, -0.9, 10.0, float),
        correlation=(correlation, 0.0, 0.9999, float),
        size_exponent=(size_exponent, 0.0, 10.0, float),
        share_single_period=(share_single_period, 0.0, 1.0, float),
        tau=(tau, 0.001, 0.999, float),
        n_items=(1 if n_items is None else n_items, 1, 10_000_000, int),
    )
    _check_choice("noise", noise)
    _check_choice("base_effects", base_effects)
    names = _tasks(tasks)
    streams = np.random.SeedSequence(seed).spawn(5)
    curves, models, shared, own, items = (np.random.default_rng(stream) for stream in streams)
    if grid is None:
        frame, closing = draw(models, n_models, n_base_models, size_exponent, flops_range, share_single_period, periods)
    else:
        frame, closing = from_grid(grid, periods)
    bases = tuple(sorted(set(frame["base_model"])))
    z = np.log10(frame["flops"].to_numpy(dtype=np.float64))
    low, high = float(z.min()), float(z.max())
    draws = curves.random((4, len(names)))
    floor = np.interp(draws[0], (0, 1), _FLOOR)
    middle = np.interp(draws[3], (0, 1), _MIDDLE)
    shape = Evaluations.from_models(frame.assign(**{names[0]: 0.0}), names[:1], periods=closing)
    effects = NOISES[base_effects].quantile(_open(shared.random((len(bases), len(names)))))
    truth = Truth(
        tasks=names,
        period_labels=shape.period_labels,
        base_model_names=bases,
        period_ends=shape.period_ends,
        tau=float(tau),
        floor=floor,
        ceiling=floor + np.interp(draws[1], (0, 1), _RISE),
        slope=np.interp(draws[2], (0, 1), _SLOPE),
        midpoint=low + middle * (high - low),
        shift=_shift(drift, len(names), shape.n_periods),
        effects=effects,
        spread=float(spread),
        spread_slope=float(spread_slope),
        center=(low + high) / 2,
        correlation=float(correlation),
        noise=noise,
        base_effects=base_effects,
        clipped_below=np.zeros(len(names), dtype=np.int64),
        clipped_above=np.zeros(len(names), dtype=np.int64),
    )
    _check_range(truth)
    base = pd.Index(bases).get_indexer(pd.Index(frame["base_model"]))
    period = shape.models["period"].to_numpy()
    scores = _scores(truth, z, base, period, NOISES[noise].quantile(_open(own.random((len(z), len(names))))))
    truth.clipped_below[:] = (scores < 0).sum(axis=0)
    truth.clipped_above[:] = (scores > 1).sum(axis=0)
    scores = np.clip(scores, 0.0, 1.0)
    if n_items is not None:
        scores = items.binomial(n_items, scores) / n_items
    evaluations = Evaluations.from_models(
        frame.assign(**{task: scores[:, k] for k, task in enumerate(names)}),
        names,
        periods=closing,
        n_items=None if n_items is None else np.full(scores.shape, float(n_items)),
        notes=(f"simulated with seed {seed}: the boundaries are known",),
        source=name,
        source_format="simulated",
    )
    return evaluations, truth


def _scores(truth: Truth, z: Floats, base: npt.NDArray[np.intp], period: npt.NDArray[np.int64], e: Floats) -> Floats:
    """Return scores before clipping, shape (n_models, n_tasks)."""
    rise = expit(truth.slope * (z[:, None] - truth.midpoint))
    curve = truth.floor + (truth.ceiling - truth.floor) * rise + truth.shift[:, period].T
    x = np.sqrt(truth.correlation) * truth.effects[base] + np.sqrt(1 - truth.correlation) * e
    top = quantile_of_sum(truth.tau, truth.correlation, truth.base_effects, truth.noise)
    return np.asarray(curve + truth.scale(z)[:, None] * (x - top))


def _open(uniform: Floats) -> Floats:
    """Move the probability 0, which a generator may return, to where quantiles are finite."""
    return np.maximum(uniform, 2.0**-54)


def _check_numbers(**arguments: tuple[object, float, float, type]) -> None:
    for name, (value, low, high, kind) in arguments.items():
        allowed = (int, np.integer) if kind is int else (int, float, np.integer, np.floating)
        good = isinstance(value, allowed) and not isinstance(value, bool)
        if not good or not low <= value <= high:  # type: ignore[operator]
            top = f" to {high:,g}" if math.isfinite(high) else ""
            what = "a whole number" if kind is int else "a number"
            raise QueryError(f"{name}: {value!r} given; give {what} from {low:g}{top or ' up'}.")


def _check_choice(name: str, value: str) -> None:
    if value not in NOISES:
        hint = suggestion(str(value), tuple(NOISES))
        raise QueryError(f"{name}: {value!r} is not one of {listed(NOISES)}.{hint}")


def _tasks(tasks: int | Sequence[str]) -> tuple[str, ...]:
    if isinstance(tasks, int | np.integer) and not isinstance(tasks, bool) and 1 <= tasks <= 1000:
        return tuple(f"task_{k + 1}" for k in range(int(tasks)))
    names = tuple(map(str, tasks)) if isinstance(tasks, Sequence) and not isinstance(tasks, str) else ()
    unfit = [n for n in names if not n.strip() or n in FIELDS or names.count(n) > 1]
    if not names or unfit:
        raise QueryError(
            f"tasks: {tasks!r} given; give a number of tasks, or names, each once and none of {listed(FIELDS, 20)}."
        )
    return names


def _shift(drift: float | npt.ArrayLike, n_tasks: int, n_periods: int) -> Floats:
    try:
        values = np.asarray(drift, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.array([np.nan])
    if values.ndim == 0 and np.isfinite(values):
        values = np.tile(values * np.arange(n_periods), (n_tasks, 1))
    if values.shape != (n_tasks, n_periods) or not np.isfinite(values).all():
        raise QueryError(
            f"drift: {drift!r} given; give one number, the change per period, or an array of shape "
            f"{(n_tasks, n_periods)} (tasks, periods)."
        )
    return values


def _check_range(truth: Truth) -> None:
    """Require boundaries in [0, 1] with every shift."""
    low = truth.floor + truth.shift.min(axis=1)
    high = truth.ceiling + truth.shift.max(axis=1)
    for task, a, b in zip(truth.tasks, low, high, strict=True):
        if a < 0 or b > 1:
            raise QueryError(
                f"drift: the boundary of {task!r} would run from {a:.3f} to {b:.3f}; give shifts that keep "
                f"it in [0, 1], with any seed from -{_FLOOR[0]:g} to {1 - _FLOOR[1] - _RISE[1]:.2g}."
            )
