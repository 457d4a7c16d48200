"""Which models a simulation has: their bases, compute and release dates."""

import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations import periods as _periods
from bayes_frontier.wording import count, listed

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
    """Draw models: Zipf sizes of bases, compute spread evenly over the decades, dates within periods.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    n_models, n_base_models : int
        How many; not fewer models than bases.
    size_exponent : float
        Zipf exponent of the bases' numbers of models.
    flops_range : tuple of float
        Lowest and highest FLOPs.
    share_single_period : float
        Share of bases with all their models in one period.
    periods : int or sequence of str or date
        Number of periods, or closing dates before an open one.

    Returns
    -------
    models : pandas.DataFrame
        model, base_model, flops, released and stage; one row a model.
    closing : tuple of date
        Closing dates.

    Raises
    ------
    QueryError
        If the range or the number of periods cannot be used.
    DataError
        If closing dates cannot be read or do not increase.
    """
    low, high = _range(flops_range)
    closing = _quarters(_number(periods)) if _is_number(periods) else _periods.closing_dates(periods)  # type: ignore[arg-type]
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
    """Take models from a real table.

    Parameters
    ----------
    grid : pandas.DataFrame
        base_model, flops and, for more than one period, released; model where there is one.
    periods : int or sequence of str or date
        Number of periods of about equal numbers of models, or closing dates.

    Returns
    -------
    models : pandas.DataFrame
        model, base_model, flops, released and stage; one row a model, in the grid's order.
    closing : tuple of date
        Closing dates.

    Raises
    ------
    DataError
        If a column is missing or holds what it cannot, or there are too few dates for the periods.
    """
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
        return models, _periods.closing_dates(periods)  # type: ignore[arg-type]
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
