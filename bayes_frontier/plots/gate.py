"""Where new models stand among those their compute and base model predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import ELEMENTS as ROWS
from bayes_frontier.plots.intervals import Rows, draw_rows, row_axes, title_and_label
from bayes_frontier.wording import count

if TYPE_CHECKING:
    import xarray as xr

ELEMENTS: dict[str, dict[str, object]] = {
    **{name: options for name, options in ROWS.items() if name != "inner"},
    "zone": {"color": style.FAINT, "alpha": 0.7, "linewidth": 0.0, "zorder": 0.5},
    "half": {"color": style.INK, "linewidth": 1.0, "zorder": 2.0},
}
_MOST = 40


def plot_gate(
    found: xr.Dataset,
    *,
    model: str | None = None,
    task: str | None = None,
    axes: Axes | None = None,
    visuals: style.Visuals | None = None,
) -> Axes:
    """Draw percentiles with intervals: a row a task for one model, a row a model for several.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.gate`.
    model : str, optional
        One model, a row a task; default: the only one there is.
    task : str, optional
        With several models: the task whose percentiles are drawn; default: the last, over all tasks. At most 40 models
        are drawn, those with the smallest p-values.
    axes : Axes, optional
        Where to draw; none: a new figure.
    visuals : mapping, optional
        By element (interval, median, zone, half, values, grid, title, labels, names): False leaves it out, a mapping
        changes the options of the Matplotlib artist.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If there is no such model or task.
    """
    chosen = style.settle(visuals, ELEMENTS)
    names = [str(name) for name in found["model"].to_numpy()]
    if model is not None and model not in names:
        raise QueryError(f"model: {model!r} is not among the {count(len(names), 'model')}.")
    if model is not None or len(names) == 1:
        one = found.isel(model=names.index(model) if model is not None else 0)
        labels = [str(name) for name in one["task"].to_numpy()]
        what = f"{style.shorten(str(one['model'].item()), 60)}\namong models " + (
            f"on {one['base_model'].item()}" if bool(one["known"]) else "on new base models of its compute"
        )
    else:
        tasks = [str(name) for name in found["task"].to_numpy()]
        if task is not None and task not in tasks:
            raise QueryError(f"task: {task!r} is not one of {', '.join(tasks)}.")
        one = found.isel(task=tasks.index(task) if task is not None else -1)
        order = np.argsort(one["p_value"].to_numpy(), kind="stable")[:_MOST]
        one = one.isel(model=np.sort(order))
        labels = [str(name) for name in one["model"].to_numpy()]
        most = f" ({len(labels)} of {len(names):,}, the least expected)" if len(names) > len(labels) else ""
        what = f"{one['task'].item()}: models among those like them{most}"
    percentile, lower, upper = (100.0 * one[name].to_numpy() for name in ("percentile", "lower", "upper"))
    texts = tuple(
        f"{verdict}  ({value:.1f})" if np.isfinite(value) else "no score"
        for verdict, value in zip(one["verdict"].to_numpy(), percentile, strict=True)
    )
    panel, own = row_axes(axes, len(labels))
    alpha = 100.0 * float(found.attrs["alpha"])
    if (options := chosen["zone"]) is not None:
        panel.axvspan(alpha / 2.0, 100.0 - alpha / 2.0, **options)
    if (options := chosen["half"]) is not None:
        panel.axvline(50.0, **options)
    draw_rows(panel, Rows(tuple(labels), percentile, lower, upper, None, texts), chosen)
    panel.set_xlim(-2.0, 102.0)
    share = f"{100 * float(found.attrs['prob']):.4g}%"
    title_and_label(
        panel, what, f"percentile, {share} interval; grey: within {alpha:g}%, one task by itself", chosen, own
    )
    return panel
