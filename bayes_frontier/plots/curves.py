"""What the picture of boundaries shows, computed before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.interpolate import PchipInterpolator

from bayes_frontier.errors import QueryError

if TYPE_CHECKING:
    from bayes_frontier.evaluations import Truth
    from bayes_frontier.posterior import Frontier

Floats = npt.NDArray[np.float64]
_GRID, _BEYOND, _MARGIN = 80, 3.0, 1.3
# Earlier periods, of which there may be many, are evaluated at one in so many computes.
_STEP = 4


@dataclass(frozen=True)
class BoundaryCurves:
    """Curves and points of the picture; mappings are by task.

    Attributes
    ----------
    tasks : tuple of str
        Panels, in order.
    periods : tuple of str
        Labels of the periods shown, the one with the band last.
    flops : numpy.ndarray
        Where curves are known, shape (n_flops,).
    median, lower, upper : mapping of str to numpy.ndarray
        Boundary of the last of `periods`, each (n_flops,).
    past : mapping of str to list of numpy.ndarray
        Medians of the earlier periods.
    points : mapping of str to pandas.DataFrame
        Scores of these periods: flops, score, period; in an order that hides none of the periods.
    truth : mapping of str to numpy.ndarray
        Known boundary, shape (n_flops,); tasks without one are left out.
    prob : float
        Probability of the band.
    title : str
        What the picture shows.
    """

    tasks: tuple[str, ...]
    periods: tuple[str, ...]
    flops: Floats
    median: Mapping[str, Floats]
    lower: Mapping[str, Floats]
    upper: Mapping[str, Floats]
    past: Mapping[str, list[Floats]]
    points: Mapping[str, pd.DataFrame]
    truth: Mapping[str, Floats]
    prob: float
    title: str


def boundary_curves(
    frontier: Frontier,
    tasks: Sequence[str] | str | None,
    period: int | str | None,
    base_model: str | None,
    prob: float,
    flops: npt.ArrayLike | None,
    truth: Truth | None,
    *,
    with_past: bool = True,
) -> BoundaryCurves:
    """Ask a fit for everything the picture shows.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    tasks : str, sequence of str or None
        Panels.
    period : int, str or None
        Period with the band.
    base_model : str or None
        Whose boundary.
    prob : float
        Probability of the band.
    flops : array of float or None
        Where curves are drawn.
    truth : Truth or None
        Known boundaries.
    with_past : bool
        Whether medians of earlier periods are wanted.

    Returns
    -------
    BoundaryCurves
        The curves.

    Raises
    ------
    QueryError
        If a task, period or base model is unknown, or `flops` is no range.
    """
    names = (tasks,) if isinstance(tasks, str) else tuple(frontier.tasks if tasks is None else tasks)
    if not names:
        raise QueryError("tasks: none is given; name at least one, or leave the argument out for all.")
    grid = _grid(frontier, flops)
    # the last period's picture has every period's curve
    period = None if period == "all" else period
    table = frontier.evaluations.table
    median, lower, upper, points, known = {}, {}, {}, {}, {}
    past: dict[str, list[Floats]] = {}
    number = 0
    for task in names:
        shown = frontier.attainable(grid, prob=prob, task=task, period=period, base_model=base_model)
        number = frontier.period_labels.index(str(shown["period"].item()))
        median[task], lower[task], upper[task] = (shown[v].to_numpy() for v in ("median", "lower", "upper"))
        past[task] = []
        if number and with_past:
            coarse = np.append(grid[:-1:_STEP], grid[-1])
            every = frontier.attainable(coarse, prob=prob, task=task, period="all", base_model=base_model)["median"]
            between = PchipInterpolator(np.log(coarse), every.transpose("flops", "period").to_numpy()[:, :number])
            past[task] = list(between(np.log(grid)).T)
        rows = table[(table["task"] == task) & (table["period"] <= number)]
        if base_model is not None:
            rows = rows[rows["base_model"] == base_model]
        points[task] = rows[["flops", "score", "period"]].sample(frac=1.0, random_state=0)
        if truth is not None and task in truth.tasks:
            known[task] = truth.boundary(grid, task=task, period=number, base_model=base_model).to_numpy()
    whose = "models on a new base model" if base_model is None else f"models on {base_model}"
    return BoundaryCurves(
        tasks=names,
        periods=frontier.period_labels[: number + 1],
        flops=grid,
        median=median,
        lower=lower,
        upper=upper,
        past=past,
        points=points,
        truth=known,
        prob=prob,
        title=f"The score that {100 * frontier.tau:.4g}% of {whose} do not exceed",
    )


def _grid(frontier: Frontier, flops: npt.ArrayLike | None) -> Floats:
    if flops is None:
        known = frontier.evaluations.models["flops"]
        return np.geomspace(known.min() / _MARGIN, known.max() * _BEYOND, _GRID)
    grid = np.unique(np.asarray(flops, dtype=np.float64))
    if grid.ndim != 1 or len(grid) < 2 or not (np.isfinite(grid).all() and grid[0] > 0):
        raise QueryError("flops: give at least two positive numbers to draw a curve.")
    return grid
