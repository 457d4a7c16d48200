"""New scores against a fit (gate, watch), later models against earlier ones (contamination), and the two stages."""

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import ROW_ELEMENTS, ZONE, Rows, draw_rows, plot_changes, row_axes, title_and_label
from bayes_frontier.text import check_choice, count, share_words, task_title

GATE_ELEMENTS: dict[str, dict[str, object]] = {
    **ROW_ELEMENTS,
    "zone": ZONE["zone"],
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
    """Draw percentiles with intervals: one row per task for one model, one row per model for several.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.gate`.
    model : str, optional
        One model, one row per task; default: the only one there is.
    task : str, optional
        With several models: the task whose percentiles are drawn; default: the last, over all tasks. At most 40 models
        are drawn, those with the smallest p-values.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: interval, median, zone, half, values, grid, title, labels, names.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If there is no such model or task.
    """
    elements = style.settle(visuals, GATE_ELEMENTS)
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
        if task is not None:
            check_choice(task, tasks, "task")
        one = found.isel(task=tasks.index(task) if task is not None else -1)
        order = np.argsort(one["p_value"].to_numpy(), kind="stable")[:_MOST]
        one = one.isel(model=np.sort(order))
        labels = [str(name) for name in one["model"].to_numpy()]
        most = f" ({len(labels)} of {len(names):,}, the least expected)" if len(names) > len(labels) else ""
        what = f"{task_title(one['task'].item())}: models among those like them{most}"
    percentile, lower, upper = (100.0 * one[name].to_numpy() for name in ("percentile", "lower", "upper"))
    texts = tuple(
        f"{verdict}  ({value:.1f})" if np.isfinite(value) else "no score"
        for verdict, value in zip(one["verdict"].to_numpy(), percentile, strict=True)
    )
    panel, new_figure = row_axes(axes, len(labels))
    alpha = 100.0 * float(found.attrs["alpha"])
    elements.draw("zone", panel.axvspan, alpha / 2.0, 100.0 - alpha / 2.0)
    elements.draw("half", panel.axvline, 50.0)
    draw_rows(panel, Rows(tuple(labels), percentile, lower, upper, None, texts), elements)
    panel.set_xlim(-2.0, 102.0)
    share = share_words(float(found.attrs["prob"]))
    label = f"percentile, {share} interval; grey: within {alpha:g}%, one task by itself"
    title_and_label(panel, what, label, elements, new_figure)
    return panel


WATCH_ELEMENTS: dict[str, dict[str, object]] = {
    **ROW_ELEMENTS,
    **ZONE,
    "forecast": {"color": style.OKABE_ITO[1], "alpha": 0.45, "linewidth": 7.0, "zorder": 1.5},
}


def plot_watch(found: xr.Dataset, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw the change of each task's boundary over what the fit forecast.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.watch`.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: interval, median, forecast, zone, zero, values, grid, title, labels,
        names.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.
    """
    elements = style.settle(visuals, WATCH_ELEMENTS)
    median, lower, upper = (found[part].to_numpy() for part in ("median", "lower", "upper"))
    early, late = (found[f"forecast_{part}"].to_numpy() for part in ("lower", "upper"))
    chances = zip(found["verdict"].to_numpy(), found["advance"].to_numpy(), found["retreat"].to_numpy(), strict=True)
    texts = tuple(f"{word}  (P up {up:.2f}, down {down:.2f})" for word, up, down in chances)
    rows = Rows(tuple(map(str, found["task"].to_numpy())), median, lower, upper, None, texts)
    from_fit = found.attrs["against"] == "fit"
    since = "the last fitted scores" if from_fit else "what the fit forecast"
    title = f"Change since {since}, at {style.flops_text(float(found.attrs['flops']))} FLOPs"
    return plot_changes(found, rows, title, "change in score", elements, axes, (early, late) if from_fit else None)


CONTAMINATION_ELEMENTS: dict[str, dict[str, object]] = {**ROW_ELEMENTS, **ZONE}


def plot_contamination(
    found: xr.Dataset, *, task: str | None = None, axes: Axes | None = None, visuals: style.Visuals | None = None
) -> Axes:
    """Draw the shift: of one task a row an analysis, of several one row per task.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.contamination`.
    task : str, optional
        One task, with the other analyses below it; default: every task, a row each.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: interval, median, zone, zero, values, grid, title, labels, names.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If there is no such task.
    """
    elements = style.settle(visuals, CONTAMINATION_ELEMENTS)
    tasks = [str(name) for name in found["task"].to_numpy()]
    if task is not None:
        check_choice(task, tasks, "task")
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
    median, lower, upper = (value.astype(float) for value in values[:3])
    texts = tuple(f"{word}  ({value:+.3f})" for word, value in zip(values[3], median, strict=True))
    given = str(found.attrs["references"]).replace("'", "")
    title = f"{task_title(task or 'Scores')} after {found.attrs['after']}, given {given}"
    rows = Rows(tuple(names), median, lower, upper, None, texts)
    return plot_changes(found, rows, title, "shift in score", elements, axes)


STAGES_ELEMENTS: dict[str, dict[str, object]] = {
    "band": {"alpha": 0.25, "linewidth": 0.0, "zorder": 1.5},
    "line": {"linewidth": 2.0, "zorder": 3.0},
    "halo": {"linewidth": 1.2, "color": style.PAPER, "zorder": 1.4},
    **style.AROUND,
}
_PARTS = (("pretrained", "pretrained", 1), ("post_trained", "post-trained", 0))


def plot_stages(
    found: xr.Dataset, *, axes: npt.ArrayLike | Axes | None = None, visuals: style.Visuals | None = None
) -> npt.NDArray[Any]:
    """Draw both stages' boundaries over compute.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.stages`, at several computes.
    axes, visuals : optional
        As in `plot_boundary`, one panel per task; elements: band, line, halo, grid, name, title, labels, legend.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,).

    Raises
    ------
    QueryError
        If there are fewer than two computes.
    """
    elements = style.settle(visuals, STAGES_ELEMENTS)
    flops = found["flops"].to_numpy().astype(float)
    if flops.size < 2:
        raise QueryError("stages: one compute makes no curve; ask for several.")
    tasks = [str(name) for name in found["task"].to_numpy()]
    panels, new_figure = style.take_axes(axes, len(tasks))
    for task, panel in zip(tasks, panels, strict=False):
        one = found.sel(task=task)
        for name, _, number in _PARTS:
            look: dict[str, Any] = {"color": style.OKABE_ITO[number], "linestyle": style.DASHES[number]}
            median, lower, upper = (one[key].to_numpy() for key in (name, f"{name}_lower", f"{name}_upper"))
            elements.draw("band", panel.fill_between, flops, lower, upper, color=look["color"])
            elements.draw("line", style.halo_line, panel, flops, median, halo=elements["halo"], **look)
        style.finish_panel(panel, task, flops, elements)
    handles: list[Any] = []
    for _, label, number in _PARTS:
        look = {"color": style.OKABE_ITO[number], "linestyle": style.DASHES[number], "linewidth": 2.0}
        handles.append(Line2D([], [], label=label, **look))
    handles.append(Patch(color=style.SOFT, alpha=0.25, label=f"{share_words(float(found.attrs['prob']))} band"))
    title = f"What {share_words(float(found.attrs['tau']))} of models on a new base model do not exceed"
    style.finish_figure(panels, title, handles, elements, new_figure)
    return np.asarray(panels)
