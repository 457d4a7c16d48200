"""How far base models sit above or below what their compute predicts."""

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.model.data import reference_compute
from bayes_frontier.posterior import query
from bayes_frontier.posterior.query import Fit

# Base models evaluated at a time: 50 x 6 tasks x 4,000 draws are 10 MB.
_BLOCK = 50


def base_model_lead(frontier: Fit, period: int | str | None = None) -> xr.DataArray:
    """Draws of the boundary of each base model less that of one without an effect of its own, at the same compute."""
    # the population boundary lies higher: it is a quantile over base models as well
    curves, names = frontier.curves, frontier.base_model_names
    if not curves.has_base_models:
        raise QueryError(
            f"The model {frontier.spec.name!r} has no base-model effects, so there is nothing to rank. Fit with a "
            "model that has them, such as hierarchical."
        )
    numbers = query.period_indices(period, frontier.evaluations)
    if len(numbers) != 1:
        raise QueryError("period: base models are ranked in one period; name it, or leave it out for the last.")
    number = int(numbers[0])
    z = reference_compute(frontier.evaluations.models, names)
    task = np.arange(len(frontier.tasks))
    lead = np.empty((curves.n_samples, len(names), len(task)))
    for start in range(0, len(names), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(names)))
        boundary = curves.known(z[rows, None], rows[:, None], task, number)
        lead[:, rows] = boundary - curves.typical(z[rows, None], task, number)
    coords = {"base_model": list(names), "task": list(frontier.tasks)}
    return xr.DataArray(
        curves.by_chain(lead), dims=("chain", "draw", "base_model", "task"), coords=coords, attrs={"units": "score"}
    ).assign_coords(flops=("base_model", 10.0**z), period=frontier.period_labels[number])


def rank_base_models(frontier: Fit, period: int | str | None = None, prob: float = 0.9) -> xr.Dataset:
    """Rank base models by how far they sit above or below what their compute predicts.

    Parameters
    ----------
    frontier : Frontier
        A fit with base-model effects.
    period : int, str or None
        One period; default: the last.
    prob : float
        Probability of the intervals (equal tails).

    Returns
    -------
    xarray.Dataset
        mean, median, lower, upper (score differences, base_model x task) and above, the probability that the base
        model sits above; the same over all tasks as overall_mean, overall_lower, overall_upper, overall_above
        (base_model), by whose mean the base models are ordered. Coordinates flops, n_models (models fitted),
        period.

    Raises
    ------
    QueryError
        As in `base_model_lead`, or for a probability out of range.
    """
    query.check_prob(prob)
    lead = base_model_lead(frontier, period)
    over = ("chain", "draw")
    summary = query.summarise(lead, prob)
    summary["above"] = (lead > 0).mean(over)
    overall = lead.mean("task")
    whole = query.summarise(overall, prob).drop_vars("median")
    whole["above"] = (overall > 0).mean(over)
    summary = summary.merge(whole.rename({str(name): f"overall_{name}" for name in whole}))
    counts: pd.Series = frontier.evaluations.models["base_model"].value_counts()
    names = list(frontier.base_model_names)
    summary = summary.assign_coords(n_models=("base_model", counts.reindex(names).to_numpy()))
    order = np.argsort(-summary["overall_mean"].to_numpy(), kind="stable")
    return summary.isel(base_model=order)
