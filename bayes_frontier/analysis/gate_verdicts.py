"""The gate's words and limits, apart from its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_frontier.errors import QueryError
from bayes_frontier.model.pinball import FloatArray
from bayes_frontier.wording import listed, suggestion

VERDICTS = ("as expected", "below", "above", "unknown")
"""By task: within what is expected, worse, better; unknown: no score, or the fit did not converge."""
MODEL_VERDICTS = ("as expected", "below", "above", "mixed", "unknown")
"""By model; mixed: below on some tasks and above on others."""
CORRECTIONS = ("holm", "bh", "none")
ALL_TASKS = "all tasks"
Words = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Said:
    """Verdicts.

    Attributes
    ----------
    by_task : ndarray of str, shape (n_models, n_tasks)
        One of `VERDICTS`.
    by_model : ndarray of str, shape (n_models,)
        One of `MODEL_VERDICTS`.
    """

    by_task: Words
    by_model: Words


def check_settings(alpha: float, prob: float, correction: str) -> None:
    """Refuse settings out of range.

    Parameters
    ----------
    alpha : float
        Probability of a false flag, in (0, 0.5].
    prob : float
        Probability of intervals, in (0, 1).
    correction : str
        One of `CORRECTIONS`.

    Raises
    ------
    QueryError
        With what was found.
    """
    # PyMC comes with it, which a program that only starts does not need.
    from bayes_frontier.posterior.query import check_prob

    check_prob(prob)
    if not 0.0 < alpha <= 0.5:
        hint = f" For {alpha:g}% pass {alpha / 100:g}." if 1.0 <= alpha <= 50.0 else ""
        raise QueryError(f"alpha must lie in (0, 0.5], found {alpha:g}.{hint}")
    if correction not in CORRECTIONS:
        raise QueryError(
            f"correction: unknown {correction!r}.{suggestion(correction, CORRECTIONS)} Known: {listed(CORRECTIONS)}."
        )


def adjust(p: FloatArray, correction: str) -> FloatArray:
    """Adjust p-values for their number.

    Parameters
    ----------
    p : ndarray, shape (n_models, n_tasks)
        P-values; NaN where there is no score.
    correction : {"holm", "bh", "none"}
        Holm (1979, Scand. J. Statist. 6, 65) within each row; Benjamini & Hochberg (1995, JRSS B 57, 289) over all.

    Returns
    -------
    ndarray, shape (n_models, n_tasks)
        At least `p`, at most 1.
    """
    if correction == "none":
        return np.minimum(p, 1.0)
    if correction == "holm":
        return np.stack([_holm(row) for row in p])
    found = np.full(p.shape, np.nan)
    there = ~np.isnan(p)
    found[there] = _step_up(p[there])
    return found


def _holm(p: FloatArray) -> FloatArray:
    found = np.full(p.shape, np.nan)
    there = np.flatnonzero(~np.isnan(p))
    order = there[np.argsort(p[there], kind="stable")]
    found[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1)), 1.0)
    return found


def _step_up(p: FloatArray) -> FloatArray:
    order = np.argsort(p, kind="stable")
    n = len(p)
    stepped = np.minimum.accumulate((p[order] * n / np.arange(1, n + 1))[::-1])[::-1]
    found = np.empty(n)
    found[order] = np.minimum(stepped, 1.0)
    return found


def verdicts(percentile: FloatArray, adjusted: FloatArray, alpha: float | None) -> Said:
    """Turn adjusted p-values into words.

    Parameters
    ----------
    percentile, adjusted : ndarray, shape (n_models, n_tasks)
        Percentiles and adjusted p-values.
    alpha : float or None
        Flags are at or below; None: every verdict is unknown.

    Returns
    -------
    Said
        Words by task and by model.
    """
    words: Words = np.full(percentile.shape, "as expected", dtype=object)
    if alpha is None:
        words[:] = "unknown"
        return Said(words, np.full(len(words), "unknown", dtype=object))
    flagged = adjusted <= alpha
    words[flagged & (percentile < 0.5)] = "below"
    words[flagged & (percentile >= 0.5)] = "above"
    words[np.isnan(percentile)] = "unknown"
    below, above = ((words == name).any(axis=1) for name in ("below", "above"))
    whole = np.select([below & above, below, above], ["mixed", "below", "above"], "as expected").astype(object)
    whole[(words == "unknown").all(axis=1)] = "unknown"
    return Said(words, whole)


def flagged(verdict: Any, fail_on: str) -> npt.NDArray[np.bool_]:  # noqa: ANN401 - array of words
    """Tell which models stop a release.

    Parameters
    ----------
    verdict : array of str
        Verdicts by model.
    fail_on : {"either", "below", "above"}
        Which flags count; a mixed model counts for each.

    Returns
    -------
    ndarray of bool
        Same shape.

    Raises
    ------
    QueryError
        If `fail_on` is unknown.
    """
    counts = {"either": ("below", "above", "mixed"), "below": ("below", "mixed"), "above": ("above", "mixed")}
    if fail_on not in counts:
        raise QueryError(f"--fail-on: unknown {fail_on!r}.{suggestion(fail_on, list(counts))} Known: {listed(counts)}.")
    return np.isin(np.asarray(verdict, dtype=str), counts[fail_on])
