"""Verdicts from posterior probabilities: a statement is made where it is probable enough, anything else stays open."""

from __future__ import annotations

from collections.abc import Mapping

import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.posterior.query import check_prob

# Smallest change of a boundary that matters, in scores: two points are about the standard error of one evaluation on a
# thousand items, so less is not seen in a single model.
DELTA = 0.02
# Probability of credible intervals, and by `sure` of verdicts.
PROB = 0.9


def sure(prob: float) -> float:
    """Return the posterior probability that a one-sided statement needs.

    A statement such as "above" is made where the equal-tailed interval of probability `prob` lies wholly on that side,
    hence at (1 + prob) / 2. So where the truth is on the border, one of the two opposite statements is made in a share
    1 - prob of the cases at most, if the interval is honest.
    """
    return 0.5 + prob / 2.0


def check_settings(delta: float, prob: float) -> None:
    """Refuse a smallest change, or a probability of verdicts, that is out of range."""
    check_prob(prob)
    if prob <= 0.5:
        raise QueryError(f"prob must exceed 0.5, found {prob:g}: a verdict less likely than not is none.")
    if not 0.0 <= delta < 1.0:
        hint = f" For {delta:g} points pass {delta / 100:g}." if 1.0 <= delta <= 100.0 else ""
        raise QueryError(f"delta must lie in [0, 1), found {delta:g}.{hint}")


def chances_of_change(change: xr.DataArray, delta: float) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Probabilities that a change exceeds delta, lies below -delta, or neither, over the dims chain and draw."""
    over = [dim for dim in ("chain", "draw") if dim in change.dims]
    return (change > delta).mean(over), (change < -delta).mean(over), (abs(change) <= delta).mean(over)


def choose_statement(probabilities: Mapping[str, xr.DataArray], needed: float | None, otherwise: str) -> xr.DataArray:
    """Make the statement whose probability is at least `needed`, above 0.5; None, of a fit not converged, makes none.

    A missing probability makes no statement either.
    """
    words = xr.full_like(next(iter(probabilities.values())), otherwise, dtype=object)
    if needed is not None:
        for statement, probability in probabilities.items():
            words = words.where(~(probability >= needed), statement)
    return words.astype(str)
