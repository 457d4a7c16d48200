"""What a lift is called."""

from __future__ import annotations

import xarray as xr

from bayes_frontier.errors import QueryError

VERDICTS = ("lifts", "lowers", "no lift", "unknown")
"""Post-training lifts, lowers: by more than delta, with probability prob; no lift: by less; unknown: none is sure."""


def check_settings(delta: float, prob: float) -> None:
    """Refuse settings out of range.

    Parameters
    ----------
    delta : float
        Smallest lift that matters, in [0, 1).
    prob : float
        Probability of a verdict, above 0.5.

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


def verdicts(found: xr.Dataset, prob: float | None) -> xr.DataArray:
    """Turn probabilities into words.

    Parameters
    ----------
    found : xarray.Dataset
        With above, below and still.
    prob : float or None
        Probability a verdict asks for; None: every verdict is unknown.

    Returns
    -------
    xarray.DataArray
        One of `VERDICTS` each.
    """
    words = xr.full_like(found["above"], "unknown", dtype=object)
    if prob is not None:
        for name, word in (("above", "lifts"), ("below", "lowers"), ("still", "no lift")):
            words = words.where(found[name] < prob, word)
    return words.astype(str)
