"""A task's shift after a date, and what it is at other dates and for other models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import ELEMENTS as ROWS
from bayes_frontier.plots.intervals import Rows, draw_rows, row_axes, title_and_label

if TYPE_CHECKING:
    import xarray as xr

ELEMENTS: dict[str, dict[str, object]] = {
    **{name: options for name, options in ROWS.items() if name != "inner"},
    "zone": {"color": style.FAINT, "alpha": 0.7, "linewidth": 0.0, "zorder": 0.5},
    "zero": {"color": style.INK, "linewidth": 1.0, "zorder": 2.0},
}


def plot_contamination(
    found: xr.Dataset, *, task: str | None = None, axes: Axes | None = None, visuals: style.Visuals | None = None
) -> Axes:
    """Draw the shift: of one task a row an analysis, of several a row a task.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.contamination`.
    task : str, optional
        One task, with the other analyses below it; default: every task, a row each.
    axes : Axes, optional
        Where to draw; none: a new figure.
    visuals : mapping, optional
        By element (interval, median, zone, zero, values, grid, title, labels, names): False leaves it out, a mapping
        changes the options of the Matplotlib artist.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If there is no such task.
    """
    chosen = style.settle(visuals, ELEMENTS)
    tasks = [str(name) for name in found["task"].to_numpy()]
    if task is not None and task not in tasks:
        raise QueryError(f"task: {task!r} is not one of {', '.join(tasks)}.")
    parts = ("median", "lower", "upper", "verdict")
    if task is None:
        names, values = tasks, [found[part].to_numpy() for part in parts]
    else:
        one = found.sel(task=task)
        names, values = [f"date {found.attrs['after']}, as asked"], [one[part].to_numpy()[None] for part in parts]
        if "analysis" in found.dims:
            made = one["other_verdict"].to_numpy() != ""
            names += [str(name) for name in found["analysis"].to_numpy()[made]]
            values = [
                np.concatenate([value, one[f"other_{part}"].to_numpy()[made]])
                for value, part in zip(values, parts, strict=True)
            ]
    median, lower, upper, words = values
    panel, own = row_axes(axes, len(names))
    delta = float(found.attrs["delta"])
    if (options := chosen["zone"]) is not None:
        panel.axvspan(-delta, delta, **options)
    if (options := chosen["zero"]) is not None:
        panel.axvline(0.0, **options)
    texts = tuple(f"{word}  ({value:+.3f})" for word, value in zip(words, median.astype(float), strict=True))
    low, high = lower.astype(float), upper.astype(float)
    draw_rows(panel, Rows(tuple(names), median.astype(float), low, high, None, texts), chosen)
    reach = 1.15 * float(np.nanmax(np.abs(np.concatenate([low, high, [2.0 * delta]]))))
    panel.set_xlim(-reach, reach)
    given = str(found.attrs["references"]).replace("'", "")
    title = f"{task or 'Scores'} after {found.attrs['after']}, given {given}"
    share = f"{100 * float(found.attrs['prob']):.4g}%"
    title_and_label(panel, title, f"shift in score: median, {share} interval; grey: up to {delta:g}", chosen, own)
    return panel
