"""Change of boundaries between periods and the verdicts on it, along compute, as a forest and as a ridge."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style
from bayes_frontier.plots.diagnostics import arviz_options, picture_figure
from bayes_frontier.plots.intervals import ROW_ELEMENTS, ZONE, Rows, draw_zone, plot_changes
from bayes_frontier.text import share_words, task_title

DRIFT_ELEMENTS: dict[str, dict[str, object]] = {**ROW_ELEMENTS, **ZONE}


def plot_drift(
    found: xr.Dataset, *, step: int | str = -1, axes: Axes | None = None, visuals: style.Visuals | None = None
) -> Axes:
    """Draw how much boundaries changed, one row per task, over the zone of changes too small to matter.

    Parameters
    ----------
    found : xarray.Dataset
        From `Frontier.drift`, at one compute.
    step : int or str
        Step by number or label; default: the last, from the first period to the last one.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: interval, median, zone, zero, values, grid, title, labels, names.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If there is no such step, or several computes.
    """
    elements = style.settle(visuals, DRIFT_ELEMENTS)
    one = at_one_compute(found).drop_vars("change").isel(step=step_number(found, step))
    one = one.expand_dims("task") if "task" not in one.dims else one
    median, lower, upper = (one[part].to_numpy() for part in ("median", "lower", "upper"))
    rows = zip(one["verdict"].to_numpy(), one["advance"].to_numpy(), one["retreat"].to_numpy(), strict=True)
    texts = tuple(f"{verdict}  (P up {up:.2f}, down {down:.2f})" for verdict, up, down in rows)
    names = tuple(str(task) for task in one["task"].to_numpy())
    title = (
        f"Change of the boundary at {style.flops_text(float(one['flops']))} FLOPs\nbetween the periods "
        f"“{one['since'].item()}” and “{one['until'].item()}”"
    )
    return plot_changes(found, Rows(names, median, lower, upper, None, texts), title, "change in score", elements, axes)


def at_one_compute(found: xr.Dataset) -> xr.Dataset:
    """Return changes that are at one compute."""
    if "flops" in found.dims:
        raise QueryError(f"drift: {found.sizes['flops']} computes; draw one at a time, as .isel(flops=0).")
    return found


def step_number(found: xr.Dataset, step: int | str) -> int:
    """Find a step between periods."""
    labels = [str(label) for label in found["step"].to_numpy()]
    number = labels.index(step) if step in labels else step
    if not isinstance(number, int) or not -len(labels) <= number < len(labels):
        raise QueryError(f"step: {step!r} is not one of the {len(labels)}: {', '.join(labels)}.")
    return number


CHANGE_ELEMENTS: dict[str, dict[str, object]] = {
    **ZONE,
    "steps": {"linewidth": 1.2, "zorder": 3.0},
    "band": {"alpha": 0.25, "linewidth": 0.0, "color": style.OKABE_ITO[0], "zorder": 2.5},
    "line": {"linewidth": 2.2, "color": style.OKABE_ITO[0], "zorder": 4.0},
    **style.AROUND,
}
# Height in inches of a row of ArviZ's forest, and of what surrounds the rows.
_ROW, _AROUND, _WIDTH = 0.34, 1.1, 7.4
# Steps whose lines have a look of their own.
_TOLD_APART = 3


def plot_drift_curves(
    found: xr.Dataset,
    *,
    step: int | str = -1,
    axes: npt.ArrayLike | Axes | None = None,
    visuals: style.Visuals | None = None,
) -> npt.NDArray[Any]:
    """Draw how much boundaries changed along compute, one panel per task.

    The step asked for has its median and credible band; the other steps, from each period to the next, their medians as
    thin lines.

    Parameters
    ----------
    found : xarray.Dataset
        From `Frontier.drift`, at several computes.
    step : int or str
        As in `plot_drift`.
    axes, visuals : optional
        As in `plot_boundary`, one panel per task; elements: zone, zero, steps, band, line, grid, name, title, labels,
        legend.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,).

    Raises
    ------
    QueryError
        If there is no such step, or fewer than two computes.
    """
    elements = style.settle(visuals, CHANGE_ELEMENTS)
    if found.sizes.get("flops", 1) < 2:
        raise QueryError("drift: one compute is no curve; ask for several, as frontier.drift([1e22, 1e23, 1e24]).")
    number = step_number(found, step)
    shown = found.drop_vars("change")
    shown = shown if "task" in shown.dims else shown.expand_dims("task")
    tasks = [str(task) for task in shown["task"].to_numpy()]
    flops = shown["flops"].to_numpy().astype(float)
    delta = float(found.attrs["delta"])
    panels, new_figure = style.take_axes(axes, len(tasks))
    low, high = float(shown["lower"].isel(step=number).min()), float(shown["upper"].isel(step=number).max())
    low, high = min(low, -2.0 * delta), max(high, 2.0 * delta)
    for task, panel in zip(tasks, panels, strict=True):
        one = shown.sel(task=task)
        elements.draw("zone", panel.axhspan, -delta, delta)
        elements.draw("zero", panel.axhline, 0.0)
        for other in _others(found, number):
            elements.draw("steps", panel.plot, flops, one["median"].isel(step=other), **_thin(found, other))
        last = one.isel(step=number)
        elements.draw("band", panel.fill_between, flops, last["lower"], last["upper"])
        elements.draw("line", panel.plot, flops, last["median"])
        style.compute_axis(panel, flops[0], flops[-1])
        panel.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        style.tidy(panel, elements["grid"])
        style.name_panel(panel, task, elements["name"])
    style.label_outer(panels, style.COMPUTE_LABEL, "change in score", elements["labels"], new_figure)
    style.place_title(panels, f"Change of boundaries {_between(found, number)}", elements["title"], new_figure)
    if (options := elements["legend"]) is not None:
        handles = [
            elements.draw("line", Line2D, [], [], label="median"),
            elements.draw("band", Patch, label=f"{share_words(float(found.attrs['prob']))} credible band"),
        ]
        every = _others(found, number)
        told = found.sizes["step"] - 1 <= _TOLD_APART
        for other in every if told else every[:1]:
            words = f"into “{found['until'].to_numpy()[other]}”" if told else "from each period to the next"
            handles.append(elements.draw("steps", Line2D, [], [], label=words, **_thin(found, other)))
        handles.append(elements.draw("zone", Patch, label=f"at most ±{delta:g}"))
        style.place_legend(panels, handles, {"ncols": 3, **options}, new_figure)
    return panels


def plot_drift_forest(found: xr.Dataset, *, step: int | str = -1, **options: Any) -> Any:  # noqa: ANN401 - passed on
    """Draw the change of each task as a row of credible intervals, by ArviZ.

    `plot_drift` draws the same with verdicts; this one takes whatever `arviz_plots.plot_forest` does.

    Parameters
    ----------
    found : xarray.Dataset
        From `Frontier.drift`, at one compute.
    step : int or str
        As in `plot_drift`.
    **options
        Passed to `arviz_plots.plot_forest`; ``visuals`` also takes "zone" and "zero", as in `plot_drift`.

    Returns
    -------
    arviz_plots.PlotCollection
        The picture, on a pyplot figure of Matplotlib's.

    Raises
    ------
    QueryError
        If there is no such step, or several computes.
    """
    import arviz_plots

    given = {"combined": True, "point_estimate": "median", "ci_kind": "eti", "ci_probs": (0.5, found.attrs["prob"])}
    return _rows(arviz_plots.plot_forest, found, step, {**given, **options})


def plot_drift_ridge(found: xr.Dataset, *, step: int | str = -1, **options: Any) -> Any:  # noqa: ANN401 - passed on
    """Draw the posterior of the change of each task as a ridge of densities, by ArviZ.

    Parameters
    ----------
    found : xarray.Dataset
        From `Frontier.drift`, at one compute.
    step : int or str
        As in `plot_drift`.
    **options
        Passed to `arviz_plots.plot_ridge`; ``visuals`` also takes "zone" and "zero", as in `plot_drift`.

    Returns
    -------
    arviz_plots.PlotCollection
        The picture, on a pyplot figure of Matplotlib's.

    Raises
    ------
    QueryError
        If there is no such step, or several computes.
    """
    import arviz_plots

    return _rows(arviz_plots.plot_ridge, found, step, {"ridge_height": 0.95, "kind": "kde", **options})


def _rows(draw: Any, found: xr.Dataset, step: int | str, options: dict[str, Any]) -> Any:  # noqa: ANN401
    one, number = at_one_compute(found), step_number(found, step)
    changes = one["change"].isel(step=number, drop=True).reset_coords(drop=True)
    changes = changes if "task" in changes.dims else changes.expand_dims(task=[str(one["task"].item())])
    visuals = dict(options.pop("visuals", {}))
    zone = style.settle({name: visuals.pop(name) for name in ZONE if name in visuals}, ZONE)
    labels = [style.shorten(task_title(str(task)), 32) for task in changes["task"].to_numpy()]
    numbered = {dim: np.arange(changes.sizes[dim]) for dim in ("chain", "draw")}
    changes = changes.transpose("chain", "draw", "task").assign_coords({"task": labels, **numbered})
    tree = xr.DataTree.from_dict({"posterior": changes.rename("change").to_dataset()})
    figure_options: Mapping[str, Any] = {
        "layout": "constrained",
        "figsize": (_WIDTH, _AROUND + _ROW * max(len(labels), 2)),
        "figsize_units": "inches",
        **options.pop("figure_kwargs", {}),
    }
    given = arviz_options({"labels": ["task"], "figure_kwargs": figure_options, **options}, colours=False)
    collection = draw(tree, visuals=visuals, **given)
    names, panel = picture_figure(collection).axes
    names.set_axis_off()
    names.set_xticks([])
    delta = float(found.attrs["delta"])
    draw_zone(panel, delta, zone)
    panel.set_xlabel(f"change in score at {style.flops_text(float(one['flops']))} FLOPs, {_between(found, number)}")
    style.literal(*names.texts)
    return collection


def _between(found: xr.Dataset, number: int) -> str:
    since, until = (found[name].to_numpy()[number] for name in ("since", "until"))
    return f"from “{since}” to “{until}”"


def _others(found: xr.Dataset, number: int) -> list[int]:
    n = found.sizes["step"]
    return [other for other in range(n - 1 if n > 1 else 0) if other != number % n]


def _thin(found: xr.Dataset, number: int) -> dict[str, Any]:
    if found.sizes["step"] - 1 > _TOLD_APART:
        return {"color": "#8c8c8c"}
    return {"color": style.OKABE_ITO[1 + number], "linestyle": style.DASHES[1 + number]}
