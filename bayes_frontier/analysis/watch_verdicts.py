"""The watch's words and limits, apart from its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_frontier.errors import QueryError
from bayes_frontier.model.pinball import FloatArray
from bayes_frontier.wording import listed, suggestion

VERDICTS = ("advanced", "retreated", "unmoved", "unknown", "re-scored")
"""advanced, retreated: by more than delta, with probability prob; unmoved: by less; re-scored: the models that fit and
table share have other scores now."""
ESTABLISHED = ("advanced", "retreated")
AGAINST = ("fit", "forecast")


def check_against(against: str) -> None:
    """Refuse what a change cannot be counted from.

    Parameters
    ----------
    against : str
        One of `AGAINST`.

    Raises
    ------
    QueryError
        With what was found.
    """
    if against not in AGAINST:
        raise QueryError(f"against: unknown {against!r}.{suggestion(against, AGAINST)} Known: {listed(AGAINST)}.")


def verdicts(
    found: Mapping[str, FloatArray], rescored: npt.NDArray[np.bool_], prob: float | None
) -> npt.NDArray[np.object_]:
    """Turn probabilities into words.

    Parameters
    ----------
    found : mapping of str to ndarray, shape (n_tasks,)
        advance, retreat and still; NaN where there is no new score.
    rescored : ndarray of bool, shape (n_tasks,)
        Tasks marked anew.
    prob : float or None
        Probability a verdict asks for; None: the fit did not converge, all are unknown but the re-scored.

    Returns
    -------
    ndarray of str, shape (n_tasks,)
        One of `VERDICTS` each.
    """
    words = np.full(len(rescored), "unknown", dtype=object)
    for name, word in (("advance", "advanced"), ("retreat", "retreated"), ("still", "unmoved")):
        if prob is not None:
            words[found[name] >= prob] = word
    words[rescored] = "re-scored"
    return words


def established(verdict: Any) -> npt.NDArray[np.bool_]:  # noqa: ANN401 - array of words
    """Tell which verdicts are drift.

    Parameters
    ----------
    verdict : array of str
        Verdicts.

    Returns
    -------
    ndarray of bool
        Same shape.
    """
    return np.isin(np.asarray(verdict, dtype=str), ESTABLISHED)
