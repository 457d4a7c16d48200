"""Pictures of a backtest: all boundaries compared, and task by task."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from bayes_frontier.checks.backtest.comparison import ORACLE, OURS, Backtest
from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style
from bayes_frontier.plots.style import OKABE_ITO, Settled, Visuals, settle
from bayes_frontier.text import check_choice

_QUIET = "#8a8a8a"
_BETTER, _WORSE = OKABE_ITO[0], OKABE_ITO[5]
_GROUPS = {"all": "all models", "known": "models on a base model already seen", "new": "models on a new base model"}
_SHOWN = (OURS, "paper", "constant", ORACLE)
_LABELS = {OURS: "ours", ORACLE: "oracle (fitted to the period itself)"}
ELEMENTS: dict[str, dict[str, object]] = {
    "cells": {"s": 9.0, "alpha": 0.45, "linewidths": 0.0, "zorder": 2.0},
    "mean": {"s": 46.0, "linewidths": 0.0, "zorder": 4.0},
    "interval": {"linewidth": 2.0, "zorder": 3.0, "solid_capstyle": "round"},
    "zero": {"color": style.INK, "linewidth": 1.0, "zorder": 1.5},
    **{name: look for name, look in style.AROUND.items() if name != "legend"},
}
TASK_ELEMENTS: dict[str, dict[str, object]] = {
    "line": {"linewidth": 1.8, "marker": "o", "markersize": 5.0},
    **style.AROUND,
}


def plot_backtest(
    result: Backtest,
    *,
    group: str = "all",
    prob: float = 0.9,
    axes: npt.ArrayLike | None = None,
    visuals: Visuals | None = None,
) -> npt.NDArray[Any]:
    """Draw every boundary's loss, its difference to ours with an interval, and its signed coverage error.

    Small points are cells (a task in a split), large ones means over cells. Boundaries are in order of their loss.

    Parameters
    ----------
    result : Backtest
        A backtest.
    group : {"all", "known", "new"}
        All records, or those on base models that were fitted or not.
    prob : float
        Probability of the intervals (cluster bootstrap by base model).
    axes : array of Axes, optional
        Three places to draw; none: a new figure.
    visuals : mapping, optional
        By element (cells, mean, interval, zero, grid, name, title, labels), as in `plot_boundary`.

    Returns
    -------
    numpy.ndarray
        Axes, shape (3,): loss, difference, coverage. The figure is ``axes[0].figure``; it belongs to no pyplot state.

    Raises
    ------
    QueryError
        If the group or an element is unknown, or there are too few axes.
    """
    elements = settle(visuals, ELEMENTS)
    table = result.summary(group, prob=prob).iloc[::-1]
    names = list(table.index)
    new_figure = axes is None
    panels = (
        style.panel_grid(3, height=0.5 + 0.3 * len(names)) if axes is None else np.asarray(axes, dtype=object).ravel()
    )
    if len(panels) < 3:
        raise QueryError(f"axes: {len(panels)} given; a backtest needs three: loss, difference, coverage.")
    loss, difference, coverage = panels = panels[:3]
    cells = result.scores.sel(group=group, boundary=names)
    colours = [_colour(name) for name in names]
    _scatter(loss, 1e3 * cells["pinball"].to_numpy(), 1e3 * table["pinball"].to_numpy(float), colours, elements)
    _scatter(coverage, (cells["coverage"] - result.tau).to_numpy(), table["signed_error"].to_numpy(), colours, elements)
    _intervals(difference, table, elements)
    # a few cells lose ten times as much as most
    loss.set_xscale("log")
    low, high = loss.get_xlim()
    ticks = [value for value in (0.5, 1, 2, 5, 10, 20, 50, 100) if low <= value <= high]
    loss.set_xticks(ticks, [f"{value:g}" for value in ticks])
    for panel in (difference, coverage):
        elements.draw("zero", panel.axvline, 0.0)
    titles = ("pinball loss, x 1000", f"ours minus it, x 1000, {100 * prob:g}%", "coverage error, signed")
    for panel, title in zip(panels, titles, strict=True):
        _settle_panel(panel, elements, title, "x")
        panel.set_ylim(-0.7, len(names) - 0.3)
        panel.set_yticks(range(len(names)), names if panel is loss or not new_figure else [])
        for label in panel.get_yticklabels():
            if label.get_text() == OURS:
                label.set(fontweight="bold", color=style.INK)
    for panel, words in zip(panels, ("lower is better", "left: ours is better", "left: too low"), strict=True):
        elements.draw("labels", panel.set_xlabel, words)
    if new_figure:
        title = f"The next period predicted, {_GROUPS[group]} (tau = {result.tau:g})"
        elements.draw("title", loss.figure.suptitle, title)
    return panels


def plot_backtest_tasks(
    result: Backtest,
    *,
    group: str = "all",
    boundaries: Sequence[str] | None = None,
    axes: npt.ArrayLike | None = None,
    visuals: Visuals | None = None,
) -> npt.NDArray[Any]:
    """Draw pinball loss by split, one panel per task.

    Parameters
    ----------
    result : Backtest
        A backtest.
    group : {"all", "known", "new"}
        As in `plot_backtest`.
    boundaries : sequence of str, optional
        Which to draw; none: ours, the published fit, the constant and the oracle, where they are there.
    axes : array of Axes, optional
        Where to draw, one per task; none: a new figure.
    visuals : mapping, optional
        By element (line, legend, grid, name, title, labels), as for `plot_backtest`.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,).

    Raises
    ------
    QueryError
        If a boundary, group or element is unknown, or there are too few axes.
    """
    elements = settle(visuals, TASK_ELEMENTS)
    names = [n for n in _SHOWN if n in result.boundaries] if boundaries is None else list(boundaries)
    for name in names:
        check_choice(name, result.boundaries, "boundaries")
    new_figure = axes is None
    panels = style.panel_grid(len(result.tasks), height=2.5) if axes is None else np.asarray(axes, dtype=object).ravel()
    if len(panels) < len(result.tasks):
        raise QueryError(f"axes: {len(panels)} for {len(result.tasks)} tasks; give one a task.")
    panels = panels[: len(result.tasks)]
    result.summary(group)  # refuses an unknown group
    losses = 1e3 * result.scores["pinball"].sel(group=group)
    at = np.arange(len(result.splits))
    colours = dict(zip([n for n in names if n not in (OURS, ORACLE)], [*OKABE_ITO[1:], *[_QUIET] * 99], strict=False))
    for task, panel in zip(result.tasks, panels, strict=True):
        for name in names:
            look: dict[str, Any] = {"color": colours.get(name, _colour(name)), "label": _LABELS.get(name, name)}
            look |= {"linestyle": (0, (4, 2)), "zorder": 3.0} if name == ORACLE else {}
            look |= {"zorder": 4.0} if name == OURS else {}
            elements.draw("line", panel.plot, at, losses.sel(boundary=name, task=task), **look)
        _settle_panel(panel, elements, task, "y")
        panel.set_ylim(bottom=0.0)
        panel.set_xlim(-0.3, len(at) - 0.7)
        panel.set_xticks(at, [_short(label) for label in result.splits])
        if not new_figure or panel in panels[::3]:
            elements.draw("labels", panel.set_ylabel, "pinball loss, x 1000")
    figure = panels[0].figure
    if new_figure:
        elements.draw("title", figure.suptitle, f"Loss in the period predicted (tau = {result.tau:g})")
    if (options := elements["legend"]) is not None and elements["line"] is not None:
        handles, labels = panels[0].get_legend_handles_labels()
        place = {"loc": "outside lower center", "ncols": len(names)} if new_figure else {"loc": "best"}
        (figure if new_figure else panels[-1]).legend(handles, labels, **{**place, **options})
    return panels


def _scatter(
    panel: Axes, cells: npt.NDArray[np.float64], means: npt.NDArray[np.float64], colours: list[str], elements: Settled
) -> None:
    for row, (values, mean, colour) in enumerate(zip(cells, means, colours, strict=True)):
        elements.draw("cells", panel.scatter, values, np.full(values.shape, row), color=colour)
        elements.draw("mean", panel.scatter, [mean], [row], color=colour)


def _intervals(panel: Axes, table: pd.DataFrame, elements: Settled) -> None:
    compared = table[["difference", "lower", "upper"]].to_numpy(dtype=float) * 1e3
    for row, (mean, lower, upper) in enumerate(compared):
        if np.isnan(mean):
            continue
        colour = _BETTER if upper < 0 else _WORSE if lower > 0 else _QUIET
        elements.draw("interval", panel.plot, [lower, upper], [row, row], color=colour)
        elements.draw("mean", panel.scatter, [mean], [row], color=colour)


def _settle_panel(panel: Axes, elements: Settled, title: str, grid: Literal["x", "y"]) -> None:
    style.tidy(panel, elements["grid"], axis=grid)
    style.name_panel(panel, title, elements["name"])


def _colour(name: str) -> str:
    return OKABE_ITO[0] if name == OURS else style.INK if name == ORACLE else _QUIET


def _short(label: str) -> str:
    """Write "2024-07-01 to 2024-09-30" as "to 2024-09", which fits below a panel."""
    words = label.split(" to ")[-1].removeprefix("to ")
    return f"from {words[5:12]}" if words.startswith("from ") else f"to {words[:7]}"
