"""Change of boundaries between periods, and the verdicts on it."""

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

# Changes too small to matter, and no change.
ZONE: dict[str, dict[str, object]] = {
    "zone": {"color": style.FAINT, "alpha": 0.7, "linewidth": 0.0, "zorder": 0.5},
    "zero": {"color": style.INK, "linewidth": 1.0, "zorder": 2.0},
}
ELEMENTS: dict[str, dict[str, object]] = {
    **{name: options for name, options in ROWS.items() if name != "inner"},
    **ZONE,
}


def plot_drift(
    found: xr.Dataset,
    *,
    step: int | str = -1,
    axes: Axes | None = None,
    visuals: style.Visuals | None = None,
) -> Axes:
    """Draw how much boundaries changed, a row a task, over the zone of changes too small to matter.

    Parameters
    ----------
    found : xarray.Dataset
        From `Frontier.drift`, at one compute.
    step : int or str
        Step by number or label; default: the last, from the first period to the last one.
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
        If there is no such step, or several computes.
    """
    chosen = style.settle(visuals, ELEMENTS)
    one = at_one_compute(found).drop_vars("change").isel(step=step_number(found, step))
    one = one.expand_dims("task") if "task" not in one.dims else one
    median, lower, upper = (one[part].to_numpy() for part in ("median", "lower", "upper"))
    rows = zip(one["verdict"].to_numpy(), one["advance"].to_numpy(), one["retreat"].to_numpy(), strict=True)
    texts = tuple(f"{verdict}  (P up {up:.2f}, down {down:.2f})" for verdict, up, down in rows)
    panel, own = row_axes(axes, len(median))
    delta = float(found.attrs["delta"])
    if (options := chosen["zone"]) is not None:
        panel.axvspan(-delta, delta, **options)
    if (options := chosen["zero"]) is not None:
        panel.axvline(0.0, **options)
    names = tuple(str(task) for task in one["task"].to_numpy())
    draw_rows(panel, Rows(names, median, lower, upper, None, texts), chosen)
    reach = 1.15 * max(float(np.abs([lower, upper]).max()), 2.0 * delta)
    panel.set_xlim(-reach, reach)
    title = (
        f"Change of the boundary at {style.flops_text(float(one['flops']))} FLOPs\nbetween the periods "
        f"“{one['since'].item()}” and “{one['until'].item()}”"
    )
    share = f"{100 * float(found.attrs['prob']):.4g}%"
    title_and_label(panel, title, f"change in score: median, {share} interval; grey: up to {delta:g}", chosen, own)
    return panel


def at_one_compute(found: xr.Dataset) -> xr.Dataset:
    """Return changes that are at one compute.

    Parameters
    ----------
    found : xarray.Dataset
        From `Frontier.drift`.

    Returns
    -------
    xarray.Dataset
        The same.

    Raises
    ------
    QueryError
        If it has several computes.
    """
    if "flops" in found.dims:
        raise QueryError(f"drift: {found.sizes['flops']} computes; draw one at a time, as .isel(flops=0).")
    return found


def step_number(found: xr.Dataset, step: int | str) -> int:
    """Find a step between periods.

    Parameters
    ----------
    found : xarray.Dataset
        From `Frontier.drift`.
    step : int or str
        Number or label.

    Returns
    -------
    int
        Its number, as given where it is one.

    Raises
    ------
    QueryError
        If there is no such step.
    """
    labels = [str(label) for label in found["step"].to_numpy()]
    number = labels.index(step) if step in labels else step
    if not isinstance(number, int) or not -len(labels) <= number < len(labels):
        raise QueryError(f"step: {step!r} is not one of the {len(labels)}: {', '.join(labels)}.")
    return number
