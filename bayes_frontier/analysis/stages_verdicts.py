"""What a lift is called."""

from __future__ import annotations

import xarray as xr

VERDICTS = ("lifts", "lowers", "no lift", "unknown")
"""Post-training lifts, lowers: by more than delta, with probability prob; no lift: by less; unknown: none is sure."""


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
