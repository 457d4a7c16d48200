"""Verdicts of the analyses: a statement needs its interval on one side, anything else is "unknown" or "cannot tell"."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from bayes_frontier.errors import QueryError

# What a tenfold of compute has to buy, in scores, to count as growth: two points are about the standard error of one
# evaluation on a thousand items, so less is not seen in a single model.
GAIN = 0.02
# Smallest change of a boundary that matters, in scores; the same as for drift.
DELTA = 0.02
# Decades from 10 to 90% of a rise that separate abrupt from gradual: a hundredfold of compute, one generation of models
# to the next but one.
ABRUPT = 2.0
# Probability of credible intervals, and by `sure` of verdicts.
PROB = 0.9


def sure(prob: float) -> float:
    """Return the posterior probability that a one-sided statement needs.

    A statement such as "above" is made where the equal-tailed interval of probability `prob` lies wholly on that side,
    hence at (1 + prob) / 2. So where the truth is on the border, one of the two opposite statements is made in a share
    1 - prob of the cases at most, if the interval is honest.
    """
    return 0.5 + prob / 2.0


# Numbers to verdicts: each statement needs its interval on one side, anything else is "unknown" or "cannot tell".

SATURATION = ("saturated", "growing", "not yet rising", "unknown")
PROGRESS = ("scale", "time", "both", "no progress", "decline", "unknown")
ABRUPTNESS = ("abrupt", "gradual", "cannot tell")
PORTFOLIO = ("attainable", "not attainable", "open")


def check_settings(delta: float, prob: float) -> None:
    """Refuse settings out of range."""
    # PyMC comes with it, which a program that only starts does not need.
    from bayes_frontier.posterior.query import check_prob

    check_prob(prob)
    if prob <= 0.5:
        raise QueryError(f"prob must exceed 0.5, found {prob:g}: a verdict less likely than not is none.")
    if not 0.0 <= delta < 1.0:
        hint = f" For {delta:g} points pass {delta / 100:g}." if 1.0 <= delta <= 100.0 else ""
        raise QueryError(f"delta must lie in [0, 1), found {delta:g}.{hint}")


def choose(probabilities: Mapping[str, xr.DataArray], needed: float | None, otherwise: str) -> xr.DataArray:
    """Say what is probable enough."""
    found = xr.full_like(next(iter(probabilities.values())), otherwise, dtype=object)
    if needed is not None:
        for words, probability in probabilities.items():
            found = found.where(probability < needed, words)
    return found.astype(str)


def saturation(numbers: xr.Dataset, prob: float | None) -> xr.DataArray:
    """Say whether more compute still buys something at the compute asked for.

    Parameters
    ----------
    numbers : xarray.Dataset
        saturated, grows and still_to_come, probabilities.
    prob : float or None
        Probability of the intervals; None: the fit did not converge.

    Returns
    -------
    xarray.DataArray
        "saturated", "growing", "not yet rising" or "unknown".
    """
    said = {
        "saturated": numbers["saturated"],
        "growing": numbers["grows"],
        "not yet rising": numbers["still_to_come"],
    }
    return choose(said, None if prob is None else sure(prob), "unknown")


def progress(numbers: xr.Dataset, prob: float | None) -> xr.DataArray:
    """Say what progress is due to."""
    if prob is None:
        return choose({"no progress": numbers["still"]}, None, "unknown")
    larger = choose({"scale": numbers["scale_larger"], "time": 1.0 - numbers["scale_larger"]}, sure(prob), "both")
    said = {"progress": numbers["advance"], "decline": numbers["retreat"], "no progress": numbers["still"]}
    found = choose(said, sure(prob), "unknown")
    return found.where(found != "progress", larger)


def abruptness(numbers: xr.Dataset, prob: float | None) -> xr.DataArray:
    """Say whether a rise is abrupt."""
    said = {"abrupt": numbers["abrupt"], "gradual": 1.0 - numbers["abrupt"]}
    return choose(said, None if prob is None else sure(prob), "cannot tell")


def order(more: xr.DataArray, prob: float | None) -> xr.DataArray:
    """Say which of two tasks rises more abruptly."""
    found = choose({"more": more, "less": 1.0 - more}, None if prob is None else sure(prob), "cannot tell")
    return found.where(xr.DataArray(~np.eye(len(more), dtype=bool), dims=more.dims), "same").astype(str)


def portfolio(all_met: xr.DataArray, prob: float | None) -> xr.DataArray:
    """Say whether all targets are attainable.

    Parameters
    ----------
    all_met : xarray.DataArray
        P(all targets are met).
    prob : float or None
        Probability of a verdict, itself: a decision maker names the risk to be taken; None: the fit did not converge.

    Returns
    -------
    xarray.DataArray
        "attainable", "not attainable" or "open".
    """
    return choose({"attainable": all_met, "not attainable": 1.0 - all_met}, prob, "open")
