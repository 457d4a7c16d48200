"""Plausibility of scores, FLOPs, parameters and tokens: what is wrong, where, and what to do about it."""

import numpy as np
import numpy.typing as npt

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.sheet import Sheet

FLOPS_RANGE = (1e15, 1e30)
_LOG10_RANGE = (15.0, 30.0)
_ZFLOPS_RANGE = (1e-3, 1e7)
_NOT_A_TASK = " If the column is not a task, name the tasks wanted (tasks)."
_CORRECT = "Scores must lie in [0, 1]: correct them or leave the cells empty."
Floats = npt.NDArray[np.float64]


def check_scores(sheet: Sheet, column: str, values: Floats, task: str | None = None) -> None:
    """Require scores in [0, 1], NaN allowed.

    Parameters
    ----------
    sheet : Sheet
        Where the scores come from.
    column : str
        Their column.
    values : numpy.ndarray
        The scores, shape (n_lines,).
    task : str, optional
        Their task, in a long table.

    Raises
    ------
    DataError
        If a score is negative, infinite or above 1; values from 1.5 to 100 are taken for percentages.
    """
    where = f"{sheet.source}, column {column!r}" + ("" if task is None else f", task {task!r}")
    hint = _NOT_A_TASK if task is None else ""
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
    if top > 100:
        found = f"values up to {top:g} are not scores: {sheet.places(above, values)}"
        raise DataError(f"{where}: {found}. {_CORRECT}{hint}")
    if top > 1.5:
        found = f"{_share(above, values)} scores above 1, up to {top:g}"
        advice = "These look like percentages: divide by 100."
        raise DataError(f"{where}: {found}: {sheet.places(above, values)}. {advice}{hint}")
    found = f"{_share(above, values)} scores above 1: {sheet.places(above, values)}"
    raise DataError(f"{where}: {found}. {_CORRECT}")


def _share(mask: npt.NDArray[np.bool_], values: Floats) -> str:
    return f"{int(mask.sum()):,} of {int((~np.isnan(values)).sum()):,}"


def check_flops(sheet: Sheet, column: str, values: Floats) -> None:
    """Require FLOPs between 1e15 and 1e30, NaN allowed.

    Parameters
    ----------
    sheet : Sheet
        Where they come from.
    column : str
        Their column.
    values : numpy.ndarray
        FLOPs, shape (n_lines,).

    Raises
    ------
    DataError
        If values are not positive and finite, or look like log10 FLOPs or ZFLOPs.
    """
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
    """Return parameter or token counts, NaN where a count means "unknown" (zero or negative).

    Parameters
    ----------
    sheet : Sheet
        Where they come from.
    column : str
        Their column.
    values : numpy.ndarray
        Counts in multiples of `unit`, shape (n_lines,).
    unit : float
        The unit expected.
    largest : float
        Counts above it, in that unit, were given in single ones.
    words : str
        What is expected, for the message.

    Returns
    -------
    numpy.ndarray
        The counts, shape (n_lines,).

    Raises
    ------
    DataError
        If a count is above `largest`.
    """
    over = values > largest
    if over.any():
        found = f"{_share(over, values)} values too large: {sheet.places(over, values)}"
        raise DataError(f"{sheet.source}, column {column!r}: {found}. Give {words}: divide by {unit:g}.")
    return np.where(values > 0, values, np.nan)
