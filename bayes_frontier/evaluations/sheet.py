"""A `Sheet`: a table as it was found, with where each row stands, for messages that quote and point."""

from dataclasses import dataclass
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

    Attributes
    ----------
    frame : pandas.DataFrame
        The cells; column names are stripped strings without repetition, the index is 0..n-1.
    rows : numpy.ndarray
        Place of each row in its source, shape (n,): the line in a text file (the header is line 1), else the
        row from 1.
    unit : str
        What `rows` counts: "line" or "row".
    source : str
        File name, or "DataFrame".
    """

    frame: pd.DataFrame
    rows: npt.NDArray[np.int64]
    unit: str
    source: str

    def places(self, mask: npt.NDArray[np.bool_], values: pd.Series | npt.NDArray[Any] | None = None) -> str:
        """Say where a mask holds, and the values there: ``line 3 ('x'), line 9 ('y') and 4 more``.

        Parameters
        ----------
        mask : numpy.ndarray
            Rows to point at, shape (n,).
        values : pandas.Series or numpy.ndarray, optional
            What to quote, shape (n,).

        Returns
        -------
        str
            At most five places, and how many more.
        """
        found = np.flatnonzero(mask)
        words = []
        for i in found[:LISTED]:
            value = (
                "" if values is None else f" ({quote(values.iloc[i] if isinstance(values, pd.Series) else values[i])})"
            )
            words.append(f"{self.unit} {self.rows[i]}{value}")
        more = f" and {len(found) - LISTED:,} more" if len(found) > LISTED else ""
        return ", ".join(words) + more

    def take(self, keep: npt.NDArray[np.bool_]) -> "Sheet":
        """Return some of the rows.

        Parameters
        ----------
        keep : numpy.ndarray
            Mask of the rows to keep, shape (n,).

        Returns
        -------
        Sheet
            The rows kept, with their places.
        """
        return Sheet(self.frame[keep].reset_index(drop=True), self.rows[keep], self.unit, self.source)


def make_sheet(frame: pd.DataFrame, unit: str, source: str) -> Sheet:
    """Return a frame as a `Sheet` with rows counted from 1; columns without a name are left out.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any frame.
    unit : str
        "line" or "row".
    source : str
        Name for messages.

    Returns
    -------
    Sheet
        The sheet.

    Raises
    ------
    DataError
        If a name is repeated or longer than `LONGEST_NAME`, there are fewer than two named columns, or no rows.
    """
    names = [_name(name) for name in frame.columns]
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
    """Require column names that differ.

    Parameters
    ----------
    names : list of str
        Column names.
    shown : str
        Name of the source for the message.

    Raises
    ------
    DataError
        If a name is repeated.
    """
    repeated = (
        sorted({name for name in names if name and names.count(name) > 1}) if len(set(names)) < len(names) else []
    )
    if repeated:
        raise DataError(
            f"{shown} has more than one column named {', '.join(map(quote, repeated[:LISTED]))}: rename or "
            "remove one of them."
        )


def quote(value: object) -> str:
    """Return a cell as messages show it: numbers plain, text quoted, at most 60 characters.

    Parameters
    ----------
    value : object
        A cell.

    Returns
    -------
    str
        Its words.
    """
    shown = str(value) if isinstance(value, int | float | np.number) else repr(str(value))
    return shown if len(shown) <= 60 else shown[:57] + "..."


def first_line(error: BaseException) -> str:
    """Return the first line of an error of another library, at most 200 characters.

    Parameters
    ----------
    error : BaseException
        The error.

    Returns
    -------
    str
        Its first line, or its type where it says nothing.
    """
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
