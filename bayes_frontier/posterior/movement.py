"""How boundaries moved from one fit to the next, when scores came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.posterior.query import check_prob, summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bayes_frontier.posterior.frontier import Frontier

# Shares of models below the computes looked at unless others are asked for.
_PLACES = (0.1, 0.5, 0.9)


def usual_flops(evaluations: Evaluations) -> list[float]:
    """Give three computes across a table: its 10, 50 and 90% quantiles, to two digits.

    Parameters
    ----------
    evaluations : Evaluations
        The table.

    Returns
    -------
    list of float
        FLOPs, each once.
    """
    z = np.quantile(np.log10(evaluations.models["flops"].to_numpy(float)), _PLACES)
    return list(dict.fromkeys(float(f"{10.0**value:.1e}") for value in z))


def same_period(before: Evaluations, after: Evaluations) -> int:
    """Find the period of a table that the last one of an earlier table became.

    Parameters
    ----------
    before, after : Evaluations
        The tables.

    Returns
    -------
    int
        Its number in `after`: the one with the same closing date, and the last one where that was open or is gone.
    """
    end = before.period_ends[-1]
    return after.period_ends.index(end) if end in after.period_ends else after.n_periods - 1


def movement(
    before: Frontier, after: Frontier, flops: Sequence[float] | None = None, *, prob: float = 0.9
) -> pd.DataFrame:
    """Compare the population boundaries of two fits, in the last period of the first.

    Parameters
    ----------
    before, after : Frontier
        The fits; tasks that only one of them has are left out.
    flops : sequence of float, optional
        Where to look (default: `usual_flops` of the second fit's table).
    prob : float
        Probability of the equal-tailed intervals.

    Returns
    -------
    pandas.DataFrame
        task, flops; before, before_lower, before_upper and after, lower, upper (posterior means and intervals); change
        (of the mean); higher (probability, after, that the boundary lies above the mean before: near 0 or 1 the
        boundary surely moved, near 0.5 it did not); width_before and width.

    Raises
    ------
    QueryError
        If a compute or the probability is out of range.
    """
    check_prob(prob)
    flops = usual_flops(after.evaluations) if flops is None else list(flops)
    period = same_period(before.evaluations, after.evaluations)
    parts = []
    for task in (name for name in before.tasks if name in after.tasks):
        old = summarise(before.boundary(flops, task), prob)
        drawn = after.boundary(flops, task, period)
        new = summarise(drawn, prob)
        parts.append(
            pd.DataFrame(
                {
                    "task": task,
                    "flops": flops,
                    "before": old["mean"].to_numpy(),
                    "before_lower": old["lower"].to_numpy(),
                    "before_upper": old["upper"].to_numpy(),
                    "after": new["mean"].to_numpy(),
                    "lower": new["lower"].to_numpy(),
                    "upper": new["upper"].to_numpy(),
                    "change": (new["mean"] - old["mean"]).to_numpy(),
                    "higher": (drawn > old["mean"]).mean(("chain", "draw")).to_numpy(),
                    "width_before": (old["upper"] - old["lower"]).to_numpy(),
                    "width": (new["upper"] - new["lower"]).to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
