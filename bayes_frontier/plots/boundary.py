"""Posterior boundaries over the scores they bound, one panel a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_frontier.errors import QueryError
from bayes_frontier.plots.curves import BoundaryCurves, boundary_curves
from bayes_frontier.plots.legend import entries
from bayes_frontier.plots.style import Visuals, period_colours, settle

if TYPE_CHECKING:
    from bayes_frontier.evaluations import Truth
    from bayes_frontier.posterior import Frontier

_INK, _PAPER = "#1a1a1a", "#ffffff"
ELEMENTS: dict[str, dict[str, object]] = {
    "points": {"s": 8.0, "alpha": 0.3, "linewidths": 0.0, "zorder": 1.0, "rasterized": True},
    "past": {"linewidth": 1.3, "zorder": 4.5},
    "band": {"alpha": 0.35, "linewidth": 0.0, "zorder": 4.0},
    "line": {"linewidth": 2.2, "zorder": 5.0, "solid_capstyle": "round"},
    "halo": {"linewidth": 2.0, "color": _PAPER, "zorder": 3.0},
    "truth": {"color": _INK, "linewidth": 1.4, "linestyle": (0, (4, 2)), "zorder": 6.0},
    "grid": {"color": "#e6e6e6", "linewidth": 0.7},
    "name": {"loc": "left", "fontsize": 11, "fontweight": "bold", "color": _INK},
    "title": {"fontsize": 12.5, "color": _INK, "x": 0.01, "horizontalalignment": "left"},
    "labels": {"fontsize": 10, "color": "#404040"},
    "legend": {"frameon": False, "fontsize": 9.5},
}


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
    visuals: Visuals | None = None,
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
    chosen = settle(visuals, ELEMENTS)
    if not points:
        chosen["points"] = None
    curves = boundary_curves(frontier, tasks, period, base_model, prob, flops, truth)
    own = axes is None
    panels = _panels(len(curves.tasks)) if axes is None else np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
    if len(panels) < len(curves.tasks):
        raise QueryError(f"axes: {len(panels)} for {len(curves.tasks)} tasks; give one a task.")
    panels = panels[: len(curves.tasks)]
    for task, panel in zip(curves.tasks, panels, strict=True):
        _panel(panel, curves, task, chosen)
    _around(panels, curves, chosen, own)
    return panels


def _columns(n: int) -> int:
    return n if n <= 3 else 2 if n == 4 else 3


def _panels(n: int) -> npt.NDArray[Any]:
    columns = _columns(n)
    rows = -(-n // columns)
    width = {1: 6.4, 2: 8.6}.get(columns, 11.5)
    figure = Figure(figsize=(width, 1.1 + 3.0 * rows), layout="constrained", facecolor=_PAPER)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for spare in grid[n:]:
        spare.remove()
    return np.asarray(grid[:n], dtype=object)


def _panel(panel: Axes, curves: BoundaryCurves, task: str, chosen: dict[str, dict[str, Any] | None]) -> None:
    colours = period_colours(len(curves.periods))
    x = curves.flops
    halo = chosen["halo"]
    if (options := chosen["points"]) is not None:
        scores = curves.points[task]
        panel.scatter(scores["flops"], scores["score"], c=[colours[p] for p in scores["period"]], **options)
    if (options := chosen["past"]) is not None:
        for colour, median in zip(colours, curves.past[task], strict=False):
            _line(panel, x, median, {"color": colour, **options}, halo)
    if (options := chosen["band"]) is not None:
        edges = (x, curves.lower[task], curves.upper[task])
        if halo is not None:
            panel.fill_between(*edges, **{**halo, "alpha": 0.8})
        panel.fill_between(*edges, **{"color": colours[-1], **options})
    if (options := chosen["line"]) is not None:
        _line(panel, x, curves.median[task], {"color": colours[-1], **options}, halo)
    if (options := chosen["truth"]) is not None and task in curves.truth:
        _line(panel, x, curves.truth[task], options, halo)
    panel.set_xscale("log")
    panel.set_xlim(x[0], x[-1])
    panel.margins(y=0.04)
    panel.minorticks_off()
    panel.tick_params(labelsize=9, length=0, colors="#404040")
    panel.set_axisbelow(True)
    for side in panel.spines.values():
        side.set_visible(False)
    if (options := chosen["grid"]) is not None:
        panel.grid(True, **options)
    if (options := chosen["name"]) is not None:
        panel.set_title(task if len(task) <= 40 else task[:39] + "…", **options, parse_math=False)


def _line(
    panel: Axes, x: npt.ArrayLike, y: npt.ArrayLike, options: dict[str, Any], halo: dict[str, Any] | None
) -> None:
    # a line's halo lies under the band, where it separates from points and does not cut the band
    if halo is not None:
        wide = options.get("linewidth", 1.5) + 2 * halo.get("linewidth", 2.0)
        panel.plot(x, y, **{**halo, "linewidth": wide})
    panel.plot(x, y, **options)


def _around(
    panels: npt.NDArray[Any], curves: BoundaryCurves, chosen: dict[str, dict[str, Any] | None], own: bool
) -> None:
    figure = panels[0].figure
    columns = _columns(len(panels))
    if (options := chosen["labels"]) is not None:
        for number, panel in enumerate(panels):
            if not own or number + columns >= len(panels):
                panel.set_xlabel("pre-training compute (FLOPs)", **options)
            if not own or number % columns == 0:
                panel.set_ylabel("score", **options)
    if own and (options := chosen["title"]) is not None:
        figure.suptitle(curves.title, **options).set_parse_math(False)
    if (options := chosen["legend"]) is not None:
        place = {"loc": "outside lower center", "ncols": columns + 1} if own else {"loc": "best"}
        holder = figure if own else panels[-1]
        legend = holder.legend(handles=entries(curves, chosen), **{**place, **options})
        for text in legend.get_texts():
            text.set_parse_math(False)
