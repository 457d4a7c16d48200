"""Read text, numbers and dates from the cells of a `Sheet`, column by column and strictly.

A cell that says nothing (empty, "NA", "null", ...) is missing; a cell that says something else than what is
asked for is an error.
"""

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.sheet import Sheet

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "<na>", "nat", "null", "none", "-", "--", "?"})
EARLIEST = dt.date(1990, 1, 1)
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?i:inf|infinity)"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)? ?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_DATE = rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_TIME})?"


def text(sheet: Sheet, column: str) -> pd.Series:
    """Return a column as stripped strings, "" where the cell is missing.

    Parameters
    ----------
    sheet : Sheet
        The table.
    column : str
        Name of a column.

    Returns
    -------
    pandas.Series
        Strings, shape (n_lines,).

    Raises
    ------
    DataError
        If a cell cannot be held as Unicode text.
    """
    cells = sheet.frame[column]
    try:
        words = cells.astype("str").where(cells.notna(), "").str.strip()
        return words.mask(words.str.casefold().isin(MISSING), "")
    except (UnicodeError, ValueError, TypeError) as error:
        raise DataError(f"{sheet.source}, column {column!r} holds cells that are not text ({error}).") from error


def share_of_numbers(sheet: Sheet, column: str) -> float:
    """Return the share of a column's filled cells that are numbers; 1 for a numeric type, even if empty.

    Parameters
    ----------
    sheet : Sheet
        The table.
    column : str
        Name of a column.

    Returns
    -------
    float
        Between 0 and 1; 0 for truth values, complex numbers and dates.
    """
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
    """Return a column as floats, NaN where the cell is missing.

    Parameters
    ----------
    sheet : Sheet
        The table.
    column : str
        Name of a column.

    Returns
    -------
    numpy.ndarray
        Floats, shape (n_lines,).

    Raises
    ------
    DataError
        If a cell holds text, naming the first few rows.
    """
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

    Parameters
    ----------
    sheet : Sheet
        The table.
    column : str
        Name of a column.
    today : date
        Dates after it are errors.

    Returns
    -------
    pandas.Series
        Days, shape (n_lines,).

    Raises
    ------
    DataError
        If a cell is not such a date, lies after `today`, or before 1990 (an empty time stamp written as
        1970-01-01).
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
