"""Posterior boundaries over the scores they bound, one panel a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
from matplotlib.axes import Axes

from bayes_frontier.plots import style
from bayes_frontier.plots.curves import BoundaryCurves, boundary_curves
from bayes_frontier.plots.legend import entries

if TYPE_CHECKING:
    from bayes_frontier.evaluations import Truth
    from bayes_frontier.posterior import Frontier

ELEMENTS: dict[str, dict[str, object]] = {
    "points": {"s": 8.0, "alpha": 0.3, "linewidths": 0.0, "zorder": 1.0, "rasterized": True},
    "past": {"linewidth": 1.3, "zorder": 4.5},
    "band": {"alpha": 0.35, "linewidth": 0.0, "zorder": 4.0},
    "line": {"linewidth": 2.2, "zorder": 5.0, "solid_capstyle": "round"},
    "halo": {"linewidth": 2.0, "color": style.PAPER, "zorder": 3.0},
    "truth": {"color": style.INK, "linewidth": 1.4, "linestyle": (0, (4, 2)), "zorder": 6.0},
    "grid": style.GRID,
    "name": style.NAME,
    "title": style.TITLE,
    "labels": style.LABELS,
    "legend": style.LEGEND,
}
# Panels of a picture in which few grid lines are enough.
_MANY = 12


def plot_boundary(
    frontier: Frontier,
    *,
    tasks: Sequence[str] | str | None = None,
    period: int | str | None = None,
    base_model: str | None = None,
    prob: float = 0.9,
    flops: npt.ArrayLike | None = None,
    points: bool = True,
    truth: Truth | None = None,
    axes: npt.ArrayLike | Axes | None = None,
    visuals: style.Visuals | None = None,
) -> npt.NDArray[Any]:
    """Draw posterior boundaries over the scores, one panel a task.

    The period asked for has its median and credible band, drawn above the points with a halo; the periods
    before it have their medians as thin lines.

    Parameters
    ----------
    frontier : Frontier
        A fit.
    tasks : str or sequence of str, optional
        Tasks to draw; none: all.
    period : int or str, optional
        Period whose boundary and band are drawn; none: the last one fitted.
    base_model : str, optional
        Draw the boundary of models on this base model; none: the population boundary, of a new base model.
    prob : float
        Probability of the band (equal tails).
    flops : array of float, optional
        Where the curves are drawn, FLOPs, shape (n,); none: 80 values over the range of the models and a
        factor of 3 beyond its top.
    points : bool
        Whether scores are drawn, those of the period and the ones before it.
    truth : Truth, optional
        Known boundaries of simulated evaluations.
    axes : Axes or array of Axes, optional
        Where to draw, at least one a task; none: a new figure, with legend and title outside the panels.
    visuals : mapping, optional
        By element (points, past, band, line, halo, truth, grid, name, title, labels, legend): False leaves it
        out, a mapping changes the options of the Matplotlib artist.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,). The figure is ``axes[0].figure``; it belongs to no pyplot state, so nothing
        needs to be closed.

    Raises
    ------
    QueryError
        If a task, period, base model or element is unknown, or there are too few axes.
    """
    chosen = style.settle(visuals, ELEMENTS)
    if not points:
        chosen["points"] = None
    curves = boundary_curves(frontier, tasks, period, base_model, prob, flops, truth)
    panels, own = style.take_axes(axes, len(curves.tasks))
    for task, panel in zip(curves.tasks, panels, strict=True):
        _panel(panel, curves, task, chosen)
    style.label_outer(panels, style.COMPUTE_LABEL, "score", chosen["labels"], own)
    style.place_title(panels, curves.title, chosen["title"], own)
    if (options := chosen["legend"]) is not None:
        style.place_legend(panels, entries(curves, chosen), options, own)
    return panels


def _panel(panel: Axes, curves: BoundaryCurves, task: str, chosen: style.Settled) -> None:
    colours = style.period_colours(len(curves.periods))
    x = curves.flops
    halo = chosen["halo"]
    if (options := chosen["points"]) is not None:
        scores = curves.points[task]
        panel.scatter(scores["flops"], scores["score"], c=[colours[p] for p in scores["period"]], **options)
    if (options := chosen["past"]) is not None:
        for colour, median in zip(colours, curves.past[task], strict=False):
            style.halo_line(panel, x, median, {"color": colour, **options}, halo)
    if (options := chosen["band"]) is not None:
        edges = (x, curves.lower[task], curves.upper[task])
        if halo is not None:
            panel.fill_between(*edges, **{**halo, "alpha": 0.8})
        panel.fill_between(*edges, **{"color": colours[-1], **options})
    if (options := chosen["line"]) is not None:
        style.halo_line(panel, x, curves.median[task], {"color": colours[-1], **options}, halo)
    if (options := chosen["truth"]) is not None and task in curves.truth:
        style.halo_line(panel, x, curves.truth[task], options, halo)
    style.compute_axis(panel, x[0], x[-1])
    panel.margins(y=0.04)
    if len(curves.tasks) > _MANY:
        # labels and lines of the grid are what takes time to draw
        panel.locator_params(axis="y", nbins=4)
    style.tidy(panel, chosen["grid"])
    if (options := chosen["name"]) is not None:
        panel.set_title(style.shorten(task), **options, parse_math=False)
