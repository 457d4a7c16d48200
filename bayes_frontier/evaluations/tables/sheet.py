"""A `Sheet`: a table as it was found, its cells read strictly as text, numbers and dates, with messages that point."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError

LISTED = 5
LONGEST_NAME = 300


@dataclass(frozen=True)
class Sheet:
    """A table as it was found.

    * frame: the cells; column names are stripped strings without repetition, the index is 0..n-1
    * rows: place of each row in its source, shape (n,): the line in a text file (the header is line 1), else the
      row from 1
    * unit: what `rows` counts: "line" or "row"
    * source: file name, or "DataFrame"
    * about: what was found in it, where a reader laid it out as a table
    """

    frame: pd.DataFrame
    rows: npt.NDArray[np.int64]
    unit: str
    source: str
    about: str = ""

    def places(self, mask: npt.NDArray[np.bool_], values: pd.Series | npt.NDArray[Any] | None = None) -> str:
        """Say where a mask holds, and the values there: ``line 3 ('x'), line 9 ('y') and 4 more``."""
        found = np.flatnonzero(mask)
        words = []
        for i in found[:LISTED]:
            value = (
                "" if values is None else f" ({quote(values.iloc[i] if isinstance(values, pd.Series) else values[i])})"
            )
            words.append(f"{self.unit} {self.rows[i]}{value}")
        more = f" and {len(found) - LISTED:,} more" if len(found) > LISTED else ""
        return ", ".join(words) + more

    def head(self, n: int) -> "Sheet":
        """Return the first rows."""
        return replace(self, frame=self.frame.head(n), rows=self.rows[:n])

    def take(self, keep: npt.NDArray[np.bool_]) -> "Sheet":
        """Return some of the rows."""
        return replace(self, frame=self.frame[keep].reset_index(drop=True), rows=self.rows[keep])


def make_sheet(frame: pd.DataFrame, unit: str, source: str) -> Sheet:
    """Return a frame as a `Sheet` with rows counted from 1; columns without a name are left out.

    A first one that holds text is the models', as an index written without its name is.
    """
    names = [_name(name) for name in frame.columns]
    if names and names[0] in ("", "Unnamed: 0") and "model" not in [name.casefold() for name in names]:
        start = frame.iloc[:50, 0].dropna().astype("str").str.strip()
        if len(start) and (start != "").any() and not start.str.fullmatch(rf"{_NUMBER}|").any():
            names[0] = "model"
    unique(names, source)
    frame = frame.reset_index(drop=True)
    frame.columns = pd.Index(names, dtype=object)
    longest = max(names, key=len, default="")
    if len(longest) > LONGEST_NAME:
        raise DataError(f"{source} has a column name of {len(longest):,} characters ({quote(longest)}): rename it.")
    blank = np.array([not name for name in names], dtype=bool)
    frame = frame.loc[:, ~blank]
    if frame.shape[1] < 2:
        raise DataError(
            f"{source} has {frame.shape[1]} column(s): expected columns such as model, base_model, flops and "
            "one a task."
        )
    if frame.empty:
        raise DataError(f"{source} has columns but no rows: nothing to read.")
    return Sheet(frame, np.arange(1, len(frame) + 1, dtype=np.int64), unit, source)


def _name(value: object) -> str:
    """Give the name of a column; pandas turns a missing one into NaN."""
    return "" if value is None or value is pd.NA or value != value else str(value).strip()


def unique(names: list[str], shown: str) -> None:
    """Require column names that differ."""
    repeated = (
        sorted({name for name in names if name and names.count(name) > 1}) if len(set(names)) < len(names) else []
    )
    if repeated:
        raise DataError(
            f"{shown} has more than one column named {', '.join(map(quote, repeated[:LISTED]))}: rename or "
            "remove one of them."
        )


def quote(value: object) -> str:
    """Return a cell as messages show it: numbers plain, text quoted, at most 60 characters."""
    shown = str(value) if isinstance(value, int | float | np.number) else repr(str(value))
    return shown if len(shown) <= 60 else shown[:57] + "..."


def first_line(error: BaseException) -> str:
    """Return the first line of an error of another library, at most 200 characters."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


# Read text, numbers and dates from the cells of a `Sheet`, column by column and strictly.

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "<na>", "nat", "null", "none", "-", "--", "?"})
EARLIEST = dt.date(1990, 1, 1)
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?i:inf|infinity)"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)? ?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_DATE = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_TIME})?"


def text(sheet: Sheet, column: str) -> pd.Series:
    """Return a column as stripped strings, "" where the cell is missing."""
    cells = sheet.frame[column]
    try:
        words = cells.astype("str").where(cells.notna(), "").str.strip()
        return words.mask(words.str.casefold().isin(MISSING), "")
    except (UnicodeError, ValueError, TypeError) as error:
        raise DataError(f"{sheet.source}, column {column!r} holds cells that are not text ({error}).") from error


def share_of_numbers(sheet: Sheet, column: str) -> float:
    """Return the share of a column's filled cells that are numbers; 1 for a numeric type, even if empty."""
    cells = sheet.frame[column]
    if pd.api.types.is_bool_dtype(cells.dtype):
        return 0.0
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return 0.0 if pd.api.types.is_complex_dtype(cells.dtype) else 1.0
    if not (pd.api.types.is_string_dtype(cells.dtype) or pd.api.types.is_object_dtype(cells.dtype)):
        return 0.0
    words = text(sheet, column)
    words = words[words != ""]
    return float(words.str.fullmatch(_NUMBER).mean()) if len(words) else 0.0


def numbers(sheet: Sheet, column: str) -> npt.NDArray[np.float64]:
    """Return a column as floats, NaN where the cell is missing."""
    cells = sheet.frame[column]
    if pd.api.types.is_numeric_dtype(cells.dtype) and not (
        pd.api.types.is_bool_dtype(cells.dtype) or pd.api.types.is_complex_dtype(cells.dtype)
    ):
        return cells.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    words = text(sheet, column)
    given = (words != "").to_numpy(dtype=bool)
    good = words.str.fullmatch(_NUMBER).to_numpy(dtype=bool)
    bad = given & ~good
    if bad.any():
        hint = ""
        if words[bad].str.fullmatch(r"[+-]?[0-9]+,[0-9]+").any():
            hint = " Write decimal commas as points."
        elif words[bad].str.endswith("%").any():
            hint = " Write percentages as fractions, 0.45 for 45%."
        raise DataError(
            f"{sheet.source}, column {column!r}: text where a number is expected in {int(bad.sum()):,} of "
            f"{len(words):,} rows: "
            f"{sheet.places(bad, words)}.{hint} Correct these cells or leave them empty; if the column is "
            "not a task, name the tasks wanted (tasks)."
        )
    values = np.full(len(words), np.nan)
    values[good] = words[good].to_numpy(dtype=object).astype(np.float64)
    return values


def dates(sheet: Sheet, column: str, today: dt.date) -> pd.Series:
    """Return a column of ISO dates as midnights, ``datetime64[ns]``, NaT where missing.

    Dates are yyyy-mm-dd, optionally with a time. A time with an offset counts as the day it is in UTC.
    """
    cells = sheet.frame[column]
    if pd.api.types.is_datetime64_any_dtype(cells.dtype):
        words = cells.astype("str").where(cells.notna(), "")
        days = pd.to_datetime(cells, utc=True)
    else:
        words = text(sheet, column)
        iso = words.str.fullmatch(_DATE).to_numpy(dtype=bool)
        days = pd.to_datetime(words.where(iso), format="ISO8601", utc=True, errors="coerce")
        bad = (words != "").to_numpy(dtype=bool) & days.isna().to_numpy()
        if bad.any():
            raise DataError(
                f"{sheet.source}, column {column!r}: {int(bad.sum()):,} of {len(words):,} dates cannot be "
                f"read: {sheet.places(bad, words)}. "
                "Write dates as yyyy-mm-dd and leave unknown ones empty."
            )
    days = days.dt.tz_localize(None).dt.floor("D")
    late = (days > pd.Timestamp(today)).to_numpy(dtype=bool)
    if late.any():
        raise DataError(
            f"{sheet.source}, column {column!r}: {int(late.sum()):,} of {len(words):,} dates in the future "
            "(after "
            f"{today}): {sheet.places(late, words)}. "
            "Correct them, or leave the cells empty."
        )
    early = (days < pd.Timestamp(EARLIEST)).to_numpy(dtype=bool)
    if early.any():
        raise DataError(
            f"{sheet.source}, column {column!r}: {int(early.sum()):,} of {len(words):,} dates before "
            f"{EARLIEST.year}: "
            f"{sheet.places(early, words)}. "
            "These look like empty time stamps: leave the cells empty."
        )
    return days.dt.as_unit("ns")


# Plausibility of scores, FLOPs, parameters and tokens: what is wrong, where, and what to do about it.

FLOPS_RANGE = (1e15, 1e30)
_LOG10_RANGE = (15.0, 30.0)
_ZFLOPS_RANGE = (1e-3, 1e7)
PERCENT_FROM = 10.0
"""Values up to this are no percentages: a benchmark whose best model solves a tenth is rarely published."""
_REMEDY = " Name the tasks wanted (tasks) if {}; or declare its floor and ceiling (metrics)."
_CORRECT = "Scores must lie in [0, 1]: correct them or leave the cells empty."
Floats = npt.NDArray[np.float64]


def check_scores(sheet: Sheet, column: str, values: Floats, task: str | None = None) -> None:
    """Require scores in [0, 1], NaN allowed."""
    where = f"{sheet.source}, column {column!r}" + ("" if task is None else f", task {task!r}")
    hint = _REMEDY.format("the column is not a task" if task is None else "this is none")
    negative, infinite, above = values < 0, np.isinf(values), values > 1
    if infinite.any():
        found = f"{_share(infinite, values)} scores not finite: {sheet.places(infinite, values)}"
        raise DataError(f"{where}: {found}. Leave unknown scores empty.")
    if negative.any():
        found = f"{_share(negative, values)} scores negative: {sheet.places(negative, values)}"
        raise DataError(f"{where}: {found}. {_CORRECT}{hint}")
    if not above.any():
        return
    top = float(values[above].max())
    places = sheet.places(above, values)
    if top > 100:
        raise DataError(f"{where}: values up to {top:g} are not scores: {places}. {_CORRECT}{hint}")
    if top > 1.5:
        looks = _CORRECT
        if top > PERCENT_FROM:
            below = (values > 0) & (values < 1)
            mixed = (
                f"; {int(below.sum()):,} others lie between 0 and 1, so that the column mixes both"
                if below.any()
                else ""
            )
            where_mixed = f": {sheet.places(below, values)}. Bring it to one scale" if mixes_scales(values) else ""
            looks = f"These look like percentages: divide by 100{mixed}{where_mixed}."
        raise DataError(f"{where}: {_share(above, values)} scores above 1, up to {top:g}: {places}. {looks}{hint}")
    raise DataError(f"{where}: {_share(above, values)} scores above 1: {places}. {_CORRECT}")


def mixes_scales(values: Floats) -> bool:
    """Say whether values are on two scales: some percentages, and a fifth or more of the rest shares."""
    known = values[np.isfinite(values) & (values != 0)]
    below = int((np.abs(known) < 1).sum())
    return bool(len(known)) and known.max() > PERCENT_FROM and 5 * below >= len(known)


def _share(mask: npt.NDArray[np.bool_], values: Floats) -> str:
    return f"{int(mask.sum()):,} of {int((~np.isnan(values)).sum()):,}"


def check_flops(sheet: Sheet, column: str, values: Floats) -> None:
    """Require FLOPs between 1e15 and 1e30, NaN allowed."""
    where = f"{sheet.source}, column {column!r}"
    bad = (values <= 0) | np.isinf(values)
    if bad.any():
        found = f"{_share(bad, values)} FLOPs not positive and finite: {sheet.places(bad, values)}"
        raise DataError(f"{where}: {found}. Leave the cell empty where FLOPs are unknown.")
    low, high = FLOPS_RANGE
    out = (values < low) | (values > high)
    if not out.any():
        return
    known = values[np.isfinite(values)]
    span = f"values from {known.min():g} to {known.max():g}"
    if _LOG10_RANGE[0] <= known.min() and known.max() <= _LOG10_RANGE[1]:
        raise DataError(f"{where}: {span} look like log10 of FLOPs: pass 10**x, or name the column log10_flops.")
    if _ZFLOPS_RANGE[0] <= known.min() and known.max() <= _ZFLOPS_RANGE[1]:
        raise DataError(f"{where}: {span} look like ZFLOPs (1e21 FLOPs): multiply by 1e21, or name the column zflops.")
    found = f"{_share(out, values)} FLOPs outside {low:g} to {high:g}: {sheet.places(out, values)}"
    raise DataError(f"{where}: {found}. Give pre-training FLOPs (6 x parameters x tokens).")


def check_size(sheet: Sheet, column: str, values: Floats, unit: float, largest: float, words: str) -> Floats:
    """Return parameter or token counts, NaN where a count means "unknown" (zero or negative)."""
    over = values > largest
    if over.any():
        found = f"{_share(over, values)} values too large: {sheet.places(over, values)}"
        raise DataError(f"{sheet.source}, column {column!r}: {found}. Give {words}: divide by {unit:g}.")
    return np.where(values > 0, values, np.nan)
