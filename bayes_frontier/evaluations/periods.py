"""Periods closed by dates: reading the dates, assigning models, naming the periods."""

import datetime as dt
import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError


def closing_dates(periods: Sequence[str | dt.date] | str | None) -> tuple[dt.date, ...]:
    """Read the dates that close the periods; a single string may list them with commas."""
    if periods is None:
        return ()
    given: Sequence[object] = (
        [p for p in periods.split(",") if p.strip()] if isinstance(periods, str) else list(periods)
    )
    ends = tuple(_day(p) for p in given)
    for before, after in itertools.pairwise(ends):
        if before == after:
            raise DataError(f"periods: {after} closes two periods; give each closing date once.")
        if before > after:
            raise DataError(
                f"periods: {after} comes after {before} in the list but before it in time; give closing "
                "dates in increasing order."
            )
    return ends


def _day(value: object) -> dt.date:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    words = str(value).strip()
    try:
        if len(words) != 10:
            raise ValueError
        return dt.date.fromisoformat(words)
    except ValueError:
        raise DataError(
            f"periods: cannot read {words[:60]!r} as a date; give closing dates as yyyy-mm-dd, such as 2024-06-30."
        ) from None


def assign(
    released: pd.Series, ends: tuple[dt.date, ...]
) -> tuple[npt.NDArray[np.int64], tuple[dt.date | None, ...], tuple[str, ...]]:
    """Assign each model to a period."""
    if not ends:
        return np.zeros(len(released), dtype=np.int64), (None,), ("all",)
    bounds = np.array([np.datetime64(end) for end in ends], dtype="datetime64[ns]")
    period = np.searchsorted(bounds, released.to_numpy(dtype="datetime64[ns]"), side="left").astype(np.int64)
    counts = np.bincount(period, minlength=len(ends) + 1)
    labels = _labels(ends)
    for label, count in zip(labels[:-1], counts[:-1], strict=True):
        if count == 0:
            span = f"the models kept were released from {released.min():%Y-%m-%d} to {released.max():%Y-%m-%d}"
            raise DataError(f"periods: no model falls in the period '{label}' ({span}); move or remove a closing date.")
    n = len(ends) + bool(counts[-1])
    return period, (*ends, None)[:n], labels[:n]


def _labels(ends: tuple[dt.date, ...]) -> tuple[str, ...]:
    starts = [end + dt.timedelta(days=1) for end in ends]
    middle = [f"{start} to {end}" for start, end in zip(starts, ends[1:], strict=False)]
    return (f"to {ends[0]}", *middle, f"from {starts[-1]}")
