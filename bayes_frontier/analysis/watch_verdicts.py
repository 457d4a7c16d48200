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


def check_settings(delta: float, prob: float, against: str) -> None:
    """Refuse settings out of range.

    Parameters
    ----------
    delta : float
        Smallest change that matters, in [0, 1).
    prob : float
        Probability of a verdict, above 0.5.
    against : str
        One of `AGAINST`.

    Raises
    ------
    QueryError
        With what was found.
    """
    # PyMC comes with it, which a program that only starts does not need.
    from bayes_frontier.posterior.query import check_prob

    check_prob(prob)
    if prob <= 0.5:
        raise QueryError(f"prob must exceed 0.5, found {prob:g}: a verdict less likely than not is none.")
    if not 0.0 <= delta < 1.0:
        hint = f" For {delta:g} points pass {delta / 100:g}." if 1.0 <= delta <= 100.0 else ""
        raise QueryError(f"delta must lie in [0, 1), found {delta:g}.{hint}")
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
