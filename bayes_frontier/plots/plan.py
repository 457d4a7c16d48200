"""The picture of a plan: what a budget buys, and where boundaries narrow."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bayes_frontier.design.planning import Plan
from bayes_frontier.plots import style
from bayes_frontier.text import share_words, task_title

ELEMENTS: dict[str, dict[str, object]] = {
    "line": {"color": style.OKABE_ITO[0], "linewidth": 2.0, "drawstyle": "steps-post"},
    "batches": {"color": "#999999", "linewidth": 0.9, "linestyle": ":"},
    "now": {"color": "#7f7f7f", "linewidth": 1.6, "linestyle": (0, (5, 1.5))},
    "planned": {"color": style.OKABE_ITO[0], "linewidth": 2.0},
    **style.AROUND,
}


def plot_plan(
    plan: Plan, *, axes: npt.ArrayLike | Axes | None = None, visuals: style.Visuals | None = None
) -> npt.NDArray[Any]:
    """Draw cost against expected interval width, and the widths by task over compute before and after.

    Parameters
    ----------
    plan : Plan
        The plan.
    axes : Axes or array of Axes, optional
        Where to draw, one and one more a task; none: a new figure.
    visuals : mapping, optional
        By element (line, batches, now, planned, grid, name, title, labels, legend), as in `plot_boundary`.

    Returns
    -------
    numpy.ndarray
        Axes, shape (1 + n_tasks,): cost against width, then one panel per task.

    Raises
    ------
    QueryError
        If an element is unknown, or there are too few axes.
    """
    elements = style.settle(visuals, ELEMENTS)
    tasks = list(dict.fromkeys(plan.widths["task"]))
    panels, new_figure = style.take_axes(axes, 1 + len(tasks), height=2.7)
    _spending(panels[0], plan, elements)
    top = 1.08 * float(plan.widths[["now", "planned"]].to_numpy().max())
    for task, panel in zip(tasks, panels[1:], strict=True):
        _task(panel, plan.widths[plan.widths["task"] == task], elements)
        panel.set_ylim(0.0, top)
        elements.draw("name", panel.set_title, style.shorten(task_title(str(task)), 28), parse_math=False)
    width = f"width of {share_words(plan.prob)} intervals"
    if (options := elements["labels"]) is not None:
        panels[0].set(xlabel=f"cost ({plan.unit})", ylabel=f"expected mean {width}")
        for panel in panels[1:]:
            panel.set(xlabel=style.COMPUTE_LABEL, ylabel=width)
        for panel in panels:
            for label in (panel.xaxis.label, panel.yaxis.label):
                label.set(**options)
    title = f"What {len(plan.table):,} evaluations are expected to buy"
    style.place_title(panels, title, elements["title"], new_figure)
    words = (("now", "width now"), ("planned", "after the plan"))
    handles = [elements.draw(name, Line2D, [], [], label=text) for name, text in words]
    style.place_legend(panels, handles, elements["legend"], new_figure)
    return panels


def _spending(panel: Axes, plan: Plan, elements: style.Settled) -> None:
    curve = plan.curve
    elements.draw("line", panel.plot, curve["cost"], curve["interval_width"])
    # the last batch ends with the curve
    for cost in plan.table.groupby("batch")["cumulative_cost"].max().iloc[:-1]:
        elements.draw("batches", panel.axvline, cost)
    panel.set_xlim(0.0, float(curve["cost"].max()))
    panel.set_ylim(0.0, 1.08 * float(curve["interval_width"].max()))
    panel.locator_params(axis="x", nbins=5)
    style.tidy(panel, elements["grid"])
    elements.draw("name", panel.set_title, "All tasks")


def _task(panel: Axes, widths: pd.DataFrame, elements: style.Settled) -> None:
    flops = widths["flops"].to_numpy(float)
    for name in ("now", "planned"):
        elements.draw(name, panel.plot, flops, widths[name], marker="o" if len(widths) == 1 else "")
    # one budget has no range of its own
    low, high = (flops.min(), flops.max()) if len(np.unique(flops)) > 1 else (flops.min() / 3.0, flops.max() * 3.0)
    style.compute_axis(panel, low, high)
    style.tidy(panel, elements["grid"])
