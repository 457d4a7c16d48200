"""The frames inside `Evaluations`, as its documentation promises them, and periods closed by dates."""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.text import listed

FIELDS = (
    *("model", "base_model", "flops", "flops_factor", "released", "stage", "period", "params_b", "tokens_t", "cost"),
    "source_row",
)
COLUMNS = [
    *("model", "base_model", "task", "score", "flops", "released"),
    *("stage", "period", "n_items", "standard_error", "cost", "row"),
]
DROPPED = ("source_row", "model", "reason", "detail")
Matrix = npt.NDArray[np.float64]


def no_rows() -> pd.DataFrame:
    """Return an empty `dropped` frame."""
    return pd.DataFrame(
        {
            "source_row": np.array([], dtype=np.int64),
            "model": _strings([]),
            "reason": _strings([]),
            "detail": _strings([]),
        }
    )


def _strings(values: npt.ArrayLike | pd.Series) -> pd.Series:
    if isinstance(values, pd.Series):
        if values.dtype == "str":
            return values.reset_index(drop=True)
        values = values.to_numpy(dtype=object)
    return pd.Series(values, dtype="str")


def check(models: pd.DataFrame, tasks: tuple[str, ...]) -> None:
    """Require a wide frame of models to be clean.

    Parameters
    ----------
    models : pandas.DataFrame
        One row per model.
    tasks : tuple of str
        Its task columns.

    Raises
    ------
    DataError
        If a column is missing, a task is named like a field or twice, a name holds a NUL character, a model has no
        score, or scores or FLOPs are out of range.
    """
    missing = [name for name in ("model", "base_model", "flops", *tasks) if name not in models]
    if missing:
        raise DataError(f"models: no column {listed(missing)}.")
    clash = [t for t in tasks if t in FIELDS]
    if clash or not tasks or len(set(tasks)) < len(tasks):
        raise DataError(
            f"tasks: {listed(clash) if clash else list(tasks)} cannot be used as task names; give at least "
            "one, each once, and none named like a field."
        )
    if models.empty:
        raise DataError("models: no rows.")
    texts = {name: models[name].astype(str) for name in ("model", "base_model", "stage") if name in models}
    for where, names in {"tasks": pd.Series(tasks), **texts}.items():
        # a saved fit could not hold them
        bad = names[names.str.contains("\x00", regex=False, na=False)]
        if len(bad):
            raise DataError(f"{where}: {listed(bad.unique())} with a NUL character, which no name has; rename it.")
    scores = models[list(tasks)].to_numpy(dtype=np.float64)
    if np.isnan(scores).all(axis=1).any() or np.nanmin(scores) < 0 or np.nanmax(scores) > 1:
        raise DataError("models: every model needs a score, and scores must lie in [0, 1].")
    flops = models["flops"].to_numpy(dtype=np.float64)
    if not (np.isfinite(flops) & (flops > 0)).all():
        raise DataError("models: flops must be positive and finite.")


def wide_frame(models: pd.DataFrame, tasks: tuple[str, ...], scores: Matrix, costs: Matrix | None) -> pd.DataFrame:
    """Return the `models` frame of `Evaluations`, every model in period 0."""
    n = len(models)
    unknown = np.full(n, np.nan)

    def floats(name: str) -> Matrix:
        return models[name].to_numpy(dtype=np.float64) if name in models else unknown

    try:
        released = pd.to_datetime(models["released"]) if "released" in models else pd.Series([pd.NaT] * n)
    except ValueError as error:
        raise DataError(f"models: release dates cannot be read ({error}).") from error
    costed = costs is not None and ~np.isnan(costs).all(axis=1)
    wide = {
        "model": _strings(models["model"]),
        "base_model": _strings(models["base_model"]),
        "flops": floats("flops"),
        "flops_factor": floats("flops_factor"),
        "released": released.to_numpy(dtype="datetime64[ns]"),
        "stage": _strings(models["stage"] if "stage" in models else ["unknown"] * n),
        "period": np.zeros(n, dtype=np.int64),
        "params_b": floats("params_b"),
        "tokens_t": floats("tokens_t"),
        "cost": unknown if costs is None else np.where(costed, np.nansum(costs, axis=1), np.nan),
        "source_row": models["source_row"].to_numpy(dtype=np.int64) if "source_row" in models else np.arange(1, n + 1),
    }
    return pd.DataFrame(wide | {task: scores[:, k] for k, task in enumerate(tasks)})


def long_frame(
    wide: pd.DataFrame, tasks: tuple[str, ...], scores: Matrix, beside: Mapping[str, Matrix | None]
) -> pd.DataFrame:
    """Return the `table` frame of `Evaluations`; `beside` has n_items, standard_error and cost of each score."""
    row, task = np.nonzero(~np.isnan(scores))
    names = _strings(np.array(tasks, dtype=object))

    def column(name: str) -> pd.Series | Matrix | npt.NDArray[np.int64]:
        if name == "row":
            return row
        if name == "score":
            return scores[row, task]
        if name in beside:
            values = beside[name]
            return np.full(len(row), np.nan) if values is None else values[row, task]
        taken = names.take(task) if name == "task" else wide[name].take(row)
        return taken.reset_index(drop=True)

    # Column by column, each handed over as it is: a large table is never held twice.
    return pd.DataFrame({name: column(name) for name in COLUMNS}, copy=False)


# Periods closed by dates: reading the dates, assigning models, naming the periods.


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
