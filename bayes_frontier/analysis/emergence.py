"""Emergence: over how many decades of compute a boundary does most of its rise, and which task is more abrupt.

The width of a rise is z90 - z10, with z10 and z90 the log10 FLOPs at which the boundary has done 10 and 90% of the
way from its floor to its ceiling. A sigmoid of slope b a decade has width 2 ln 9 / b; the population boundary is nearly
one. Floor and ceiling often lie beyond the data: then the width is known only as far as the sigmoid is right.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.analysis.surface import OVER, Surface, flat, intervals, one_period, statistics
from bayes_frontier.display import Display, Drawn
from bayes_frontier.errors import QueryError
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior import query
from bayes_frontier.posterior.drift import PROB, choose_statement, sure
from bayes_frontier.posterior.frontier import Frontier

# Decades from 10 to 90% of a rise that separate abrupt from gradual: a hundredfold of compute, one generation of models
# to the next but one.
ABRUPT = 2.0
VERDICTS = ("abrupt", "gradual", "cannot tell")
_LOW, _HIGH = 0.1, 0.9
# log10 FLOPs at which curves are looked at: 0.05 apart where models are, ever wider apart beyond, so that even a slope
# of a tenth a decade is followed to its ends.
_NEAR: FloatArray = np.linspace(15.0, 35.0, 401)
_FAR: FloatArray = 0.05 * (np.geomspace(1.0, 4000.0, 200))
_GRID: FloatArray = np.concatenate([15.0 - _FAR[::-1], _NEAR, 35.0 + _FAR])


@dataclass(frozen=True, repr=False)
class Emergence(Drawn):
    """How abruptly boundaries rise with compute, and which task more than which.

    Attributes
    ----------
    draws : xarray.Dataset
        Dims chain, draw and task: width in decades, start and end (log10 FLOPs at 10 and 90% of the rise), observed
        (share of the rise that lies within the compute of the fitted models).
    summary : xarray.Dataset
        By task: width, start, end and observed with the dim statistic (median, lower, upper); abrupt, P(width <
        decades); rank_probability, dims task and rank, 1 the most abrupt; more, P(task is more abrupt than other), dims
        task and other; order, "more", "less", "cannot tell" or "same"; verdict, "abrupt", "gradual" or "cannot tell".
        Tasks are sorted by their median width.
    period : str
        Label of the period.
    decades : float
        Width that separates abrupt from gradual.
    prob : float
        Probability of the intervals.
    """

    _picture = "plot_emergence"
    draws: xr.Dataset
    summary: xr.Dataset
    period: str
    decades: float
    prob: float

    @property
    def table(self) -> pd.DataFrame:
        """One row per task: every number of the summary, those with an interval in three columns."""
        return flat(self.summary, ("task",))

    @property
    def sentences(self) -> list[str]:
        """What can be told of the order of tasks, and for which the sigmoid's form speaks."""
        numbers, said = self.summary, []
        names = [str(task) for task in numbers["task"].to_numpy()]
        for i, name in enumerate(names):
            behind = [other for other in names[i + 1 :] if numbers["order"].sel(task=name, other=other) == "more"]
            if behind:
                said.append(f"{name} rises more abruptly than {', '.join(behind)} (each P >= {sure(self.prob):g}).")
        if not said:
            said.append("Which task rises more abruptly than which cannot be told from this fit.")
        hidden = [name for name in names if float(numbers["observed"].sel(task=name, statistic="lower")) < 0.8]
        if hidden:
            said.append(
                f"For {', '.join(hidden)} less than 80% of the rise may lie within the compute fitted: the width there "
                "is the sigmoid's form and its prior as much as data."
            )
        return said

    def _display(self) -> Display:
        table = self.table
        shown = pd.DataFrame({"task": table["task"], "decades": intervals(table, "width", "{:.1f}")})
        shown["observed"] = intervals(table, "observed", "{:.0%}")
        shown[f"P(< {self.decades:g})"], shown["verdict"] = table["abrupt"], table["verdict"]
        return Display(f"Abruptness of boundaries in the period '{self.period}'", self.sentences, shown)


def emergence(
    frontier: Frontier,
    *,
    decades: float = ABRUPT,
    prob: float = PROB,
    period: int | str | None = None,
    base_model: str | None = None,
) -> Emergence:
    """How abruptly boundaries rise with compute, and in which order.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    decades : float
        A rise over fewer decades of compute than this is called abrupt.
    prob : float
        Probability of the equal-tailed intervals; a verdict asks for an interval on one side.
    period, base_model : optional
        As in `Frontier.boundary`; one period.

    Returns
    -------
    Emergence
        Draws, their summary, verdicts.

    Raises
    ------
    QueryError
        If something was not fitted or an argument is out of range.
    """
    query.check_prob(prob)
    if not 0.0 < decades < 100.0:
        raise QueryError(f"decades must lie between 0 and 100, found {decades:g}; 2 is a hundredfold of compute.")
    surface, now = Surface.of(frontier, None, base_model), one_period(frontier, period)
    values = surface.at(np.concatenate([[-np.inf], _GRID, [np.inf]]), now)
    floor, ceiling = values[..., 0], values[..., -1]
    levels = [floor + share * (ceiling - floor) for share in (_LOW, _HIGH)]
    start, end = (first_above(values[..., 1:-1], _GRID, level) for level in levels)
    ends = surface.compute_range()
    inside = np.stack([np.diff(surface.at(ends[k], now)[:, k])[:, 0] for k in range(len(surface.tasks))], axis=1)
    observed = np.divide(inside, ceiling - floor, out=np.ones_like(inside), where=ceiling > floor)
    parts = {"width": end - start, "start": start, "end": end, "observed": observed}
    draws = xr.Dataset({name: surface.labelled(part) for name, part in parts.items()})
    draws = draws.isel(task=np.argsort(draws["width"].median(OVER).to_numpy(), kind="stable"))
    return Emergence(
        draws, _summary(draws, decades, prob, frontier.converged), frontier.period_labels[now], decades, prob
    )


def first_above(values: FloatArray, z: FloatArray, level: FloatArray) -> FloatArray:
    """Where non-decreasing curves (..., n) over z (n,) reach a level of their own (...). Shapes: returns (...)."""
    j = np.clip((values < level[..., None]).sum(axis=-1), 1, values.shape[-1] - 1)
    y0 = np.take_along_axis(values, j[..., None] - 1, axis=-1)[..., 0]
    y1 = np.take_along_axis(values, j[..., None], axis=-1)[..., 0]
    part = np.divide(level - y0, y1 - y0, out=np.zeros_like(y0), where=y1 > y0)
    return np.asarray(z[j - 1] + np.clip(part, 0.0, 1.0) * (z[j] - z[j - 1]))


def _summary(draws: xr.Dataset, decades: float, prob: float, converged: bool) -> xr.Dataset:
    width, names = draws["width"], draws["task"].to_numpy()
    summary = xr.Dataset({name: statistics(draws[name], prob) for name in draws})
    summary["abrupt"] = (width < decades).mean(OVER)
    axis = width.get_axis_num("task")
    place = width.copy(data=1 + np.argsort(np.argsort(width.to_numpy(), axis, kind="stable"), axis, kind="stable"))
    ranks = np.arange(1, len(names) + 1)
    summary["rank_probability"] = (place == xr.DataArray(ranks, dims="rank", coords={"rank": ranks})).mean(OVER)
    other = width.rename(task="other")
    # a draw in which two tasks are equal speaks for neither
    summary["more"] = ((width < other) + 0.5 * (width == other)).mean(OVER)
    needed = sure(prob) if converged else None
    said = {"abrupt": summary["abrupt"], "gradual": 1.0 - summary["abrupt"]}
    return summary.assign(verdict=choose_statement(said, needed, "cannot tell"), order=order(summary["more"], needed))


def order(more: xr.DataArray, needed: float | None) -> xr.DataArray:
    """Say which of two tasks rises more abruptly, where a probability reaches `needed` (None: not converged)."""
    words = choose_statement({"more": more, "less": 1.0 - more}, needed, "cannot tell")
    return words.where(xr.DataArray(~np.eye(len(more), dtype=bool), dims=more.dims), "same").astype(str)
