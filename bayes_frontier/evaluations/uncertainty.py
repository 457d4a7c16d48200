"""Uncertainty of scores: their standard errors, as stated or by the number of items, and how much of a spread they are.

A source that does not know a standard error leaves it empty, says "N/A", or writes 0, which no sample has: each means
missing. The mean of scores in [0, 1] has a standard error of at most 0.5.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.text import count

Floats = npt.NDArray[np.float64]
LARGEST = 0.5
"""Standard error of the mean of scores in [0, 1]: at most this, of two items that differ as much as they can."""
NAMES = ("stderr", "std_err", "std_error", "standard_error")
"""What follows the name of a task in the name of its standard errors' column: gsm8k_stderr."""


def stated(values: npt.ArrayLike, width: float | Floats = 1.0) -> Floats:
    """Return standard errors on a scale so wide as those of scores in [0, 1]; 0 and impossible ones are missing."""
    errors = np.asarray(values, dtype=np.float64) / width
    with np.errstate(invalid="ignore"):
        return np.where((errors > 0) & (errors <= LARGEST), errors, np.nan)


def read_column(sheet: Sheet, column: str, width: float | Floats = 1.0) -> Floats:
    """Return a column of standard errors, those of scores on a scale so wide, as those of scores in [0, 1]."""
    values = cells.numbers(sheet, column)
    with np.errstate(invalid="ignore"):
        bad = (values < 0) | (values > LARGEST * width)
    if bad.any():
        raise DataError(
            f"{sheet.source}, column {column!r}: {int(bad.sum()):,} of {int((~np.isnan(values)).sum()):,} standard "
            f"errors outside 0 to {LARGEST:g} of the scale, as far as those of a mean of scores can go: "
            f"{sheet.places(bad, values)}. Give them on the scale of the scores (percentages divided by 100), or "
            "rename the column."
        )
    return stated(values, width)


def binomial(scores: npt.ArrayLike, n_items: npt.ArrayLike) -> Floats:
    """Return the standard errors of shares of items right: sqrt(p (1 - p) / n), p with one item more right and wrong.

    So that none of n has one too. NaN where the items are unknown.
    """
    n = np.asarray(n_items, dtype=np.float64)
    share = (np.asarray(scores, dtype=np.float64) * n + 1) / (n + 2)
    return np.sqrt(share * (1 - share) / n)


@dataclass(frozen=True)
class Noise:
    """How much of the spread of a task's scores the items account for.

    * n_stated, n_counted: scores whose standard error is stated, and those where it is binomial from the items
    * median: median standard error, NaN where none is known
    * share: mean squared standard error over the variance of the same scores, NaN for less than three
    """

    n_stated: int = 0
    n_counted: int = 0
    median: float = np.nan
    share: float = np.nan

    @property
    def words(self) -> str:
        """Describe it, "" where nothing is known."""
        if not self.n_stated + self.n_counted:
            return ""
        sources = [f"{self.n_stated:,} stated"] if self.n_stated else []
        sources += [f"{self.n_counted:,} binomial from the items"] if self.n_counted else []
        said = f"{count(self.n_stated + self.n_counted, 'standard error')} ({', '.join(sources)}), median "
        said += f"{self.median:.3f}"
        if np.isnan(self.share):
            return said
        ratio = f", signal to noise {1 / self.share - 1:,.3g}" if self.share < 1 else ", no signal beyond it"
        return f"{said}: {self.share:.1%} of the variance of these scores is noise of items{ratio}"


def noise(scores: Floats, errors: Floats | None, n_items: Floats | None) -> Noise:
    """Say how much of the spread of one task's scores is noise of items; shapes (n,), NaN missing."""
    missing = np.full(len(scores), np.nan)
    told = missing if errors is None else np.where(np.isnan(scores), np.nan, errors)
    counted = missing if n_items is None else binomial(scores, n_items)
    both = np.where(np.isnan(told), counted, told)
    known = ~np.isnan(both)
    if not known.any():
        return Noise()
    n_stated = int((~np.isnan(told)).sum())
    spread = float(np.var(scores[known], ddof=1)) if known.sum() >= 3 else 0.0
    share = float(np.mean(both[known] ** 2)) / spread if spread > 0 else np.nan
    return Noise(n_stated, int(known.sum()) - n_stated, float(np.median(both[known])), share)
