"""The probability of meeting targets against compute, and trade-offs between two tasks."""

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bayes_frontier.analysis.portfolio import Portfolio
from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style
from bayes_frontier.text import share_words, task_title

PORTFOLIO_ELEMENTS: dict[str, dict[str, object]] = {
    "task": {"linewidth": 1.3, "zorder": 2.5},
    "together": {"color": style.INK, "linewidth": 2.4, "zorder": 3.0},
    "wanted": {"color": style.SOFT, "linewidth": 1.0, "linestyle": (0, (1.5, 1.2)), "zorder": 2.0},
    "least": {"color": style.SOFT, "linewidth": 1.0, "linestyle": (0, (5, 1.5)), "zorder": 2.0},
    "grid": style.GRID,
    "title": style.TITLE,
    "labels": style.LABELS,
    "legend": style.LEGEND,
}
TRADE_OFF_ELEMENTS: dict[str, dict[str, object]] = {
    "curve": {"linewidth": 2.0, "zorder": 3.0},
    **{name: PORTFOLIO_ELEMENTS[name] for name in ("grid", "title", "labels", "legend")},
}


def plot_portfolio(found: Portfolio, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw the probability that targets are met against compute: each alone, and all together.

    Parameters
    ----------
    found : Portfolio
        Of `bayes_frontier.portfolio`.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: task, together, wanted, least, grid, title, labels, legend.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If an element is unknown.
    """
    elements = style.settle(visuals, PORTFOLIO_ELEMENTS)
    panels, new_figure = style.take_axes(axes, 1, height=3.4)
    panel: Axes = panels[0]
    flops = found.curve["flops"].to_numpy()
    together = found.curve["all_met"].to_numpy()
    handles: list[Any] = []
    for i, target in enumerate(found.goals.targets):
        look: dict[str, Any] = {"color": style.OKABE_ITO[i % 6], "linestyle": style.DASHES[i // 6 % 4]}
        elements.draw("task", panel.plot, flops, found.curve["met"].sel(task=target.task), **look)
        label = f"{style.shorten(task_title(target.task), 24)} at {target.score:g}"
        handles.append(elements.draw("task", Line2D, [], [], label=label, **look))
    elements.draw("together", panel.plot, flops, together)
    handles.append(elements.draw("together", Line2D, [], [], label="all together"))
    elements.draw("wanted", panel.axhline, found.prob)
    if np.isfinite(found.least_flops):
        elements.draw("least", panel.axvline, found.least_flops)
    style.compute_axis(panel, *_moving_range(flops, found))
    panel.set_ylim(-0.03, 1.03)
    style.tidy(panel, elements["grid"])
    style.label_outer(panels, style.COMPUTE_LABEL, "probability that the target is met", elements["labels"], new_figure)
    style.place_title(panels, f"Targets within the boundary, period “{found.period}”", elements["title"], new_figure)
    if (options := elements["legend"]) is not None:
        style.place_legend(panels, handles, {**options, "ncols": 2} if new_figure else options, new_figure)
    return panel


def _moving_range(flops: Any, found: Portfolio) -> tuple[float, float]:  # noqa: ANN401 - array
    """Range of compute within which something happens."""
    met = found.curve["met"].to_numpy()
    moving = np.flatnonzero(((met > 0.001) & (met < 0.999)).any(axis=0))
    if not moving.size:
        return float(flops[0]), float(flops[-1])
    low, high = flops[max(moving[0] - 4, 0)], flops[min(moving[-1] + 4, len(flops) - 1)]
    return float(low), float(high)


def plot_trade_off(found: xr.Dataset, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw pairs of targets that are met together, one curve per compute.

    Parameters
    ----------
    found : xarray.Dataset
        Of `bayes_frontier.trade_off`.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: curve, grid, title, labels, legend.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If an element is unknown or there is no compute.
    """
    elements = style.settle(visuals, TRADE_OFF_ELEMENTS)
    curves = found if "flops" in found.dims else found.expand_dims("flops")
    if not curves.sizes["flops"]:
        raise QueryError("trade-off: there is no compute to draw.")
    panels, new_figure = style.take_axes(axes, 1, height=3.6)
    panel: Axes = panels[0]
    handles: list[Any] = []
    colours = style.period_colours(curves.sizes["flops"])
    for i, flops in enumerate(curves["flops"].to_numpy()):
        first, second = curves["first"].isel(flops=i), curves["second"].isel(flops=i)
        elements.draw("curve", panel.plot, first, second, color=colours[i])
        label = f"{style.flops_text(float(flops))} FLOPs"
        handles.append(elements.draw("curve", Line2D, [], [], label=label, color=colours[i]))
    panel.set_xlim(0.0, 1.0)
    panel.set_ylim(0.0, 1.0)
    style.tidy(panel, elements["grid"])
    for name, label_axis in (("first", panel.set_xlabel), ("second", panel.set_ylabel)):
        words = f"target of {style.shorten(str(found.attrs[name]))}"
        elements.draw("labels", label_axis, words, parse_math=False)
    share = share_words(float(found.attrs["prob"]))
    style.place_title(panels, f"Pairs of targets met together with probability {share}", elements["title"], new_figure)
    if (options := elements["legend"]) is not None:
        style.place_legend(panels, handles, {**options, "ncols": 2} if new_figure else options, new_figure)
    return panel
