"""Boundaries up to their ceilings, what progress came from, and how abruptly boundaries rise."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayes_frontier.analysis.emergence import Emergence
from bayes_frontier.analysis.saturation import Saturation
from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import (
    ROW_ELEMENTS,
    Rows,
    draw_rows,
    name_rows,
    row_axes,
    title_and_label,
    write_values,
)
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import share_words

SATURATION_ELEMENTS: dict[str, dict[str, object]] = {
    "beyond": {"color": style.FAINT, "alpha": 0.6, "linewidth": 0.0, "zorder": 0.5},
    "ceiling": {"color": style.OKABE_ITO[1], "alpha": 0.25, "linewidth": 0.0, "zorder": 1.0},
    "ceiling_line": {"color": style.OKABE_ITO[1], "linewidth": 1.5, "linestyle": (0, (5, 1.5)), "zorder": 2.0},
    "past": {"color": style.OKABE_ITO[4], "linewidth": 1.4, "zorder": 2.5},
    "band": {"color": style.OKABE_ITO[0], "alpha": 0.25, "linewidth": 0.0, "zorder": 2.6},
    "line": {"color": style.OKABE_ITO[0], "linewidth": 2.0, "zorder": 3.0},
    "point": {"color": style.INK, "linewidth": 2.0, "zorder": 4.0},
    **style.AROUND,
}
PROGRESS_ELEMENTS: dict[str, dict[str, object]] = {
    **{name: options for name, options in ROW_ELEMENTS.items() if name not in ("median", "interval")},
    "scale": {"color": style.OKABE_ITO[0], "zorder": 2.0},
    "time": {"color": style.OKABE_ITO[1], "zorder": 2.0},
    "interval": {"color": style.INK, "linewidth": 1.4, "zorder": 3.0},
    "zero": {"color": style.INK, "linewidth": 1.0, "zorder": 2.5},
    "legend": {**style.LEGEND, "loc": "outside lower center", "ncols": 3},
}
_POINTS, _BEYOND, _HEIGHT = 90, 10.0, 0.34


def plot_saturation(
    frontier: Frontier,
    found: Saturation,
    *,
    base_model: str | None = None,
    axes: npt.ArrayLike | Axes | None = None,
    visuals: style.Visuals | None = None,
) -> npt.NDArray[Any]:
    """Draw each task's boundary now and then, its ceiling, and where a tenfold of compute buys little.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    found : Saturation
        Of `bayes_frontier.saturation` on it.
    base_model : str, optional
        The one that `found` is about.
    axes, visuals : optional
        As in `plot_boundary`, one panel per task; elements: beyond, ceiling, ceiling_line, past, band, line, point,
        grid, name, title, labels, legend.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,); the figure is ``axes[0].figure``.

    Raises
    ------
    QueryError
        If an element is unknown, or there are too few axes.
    """
    elements = style.settle(visuals, SATURATION_ELEMENTS)
    tasks = [str(task) for task in found.summary["task"].to_numpy()]
    panels, new_figure = style.take_axes(axes, len(tasks))
    low, high = found.flops_range
    flops = np.geomspace(low, high * _BEYOND, _POINTS)
    for task, panel in zip(tasks, panels, strict=True):
        answers = frontier.attainable(flops, found.prob, task, found.period, base_model)
        past = frontier.attainable(flops, found.prob, task, found.settings[0][0], base_model)["median"]
        before = past if found.settings[0][0] != found.period else None
        _boundary_panel(panel, found.summary.sel(task=task), answers, before, elements)
        elements.draw("beyond", panel.axvspan, high, flops[-1])
        style.finish_panel(panel, task, flops, elements)
    title = f"Boundaries up to their ceilings, period “{found.period}”"
    share = share_words(found.prob)
    labels = {
        "line": f"boundary, {share} interval",
        "past": f"in the period “{found.settings[0][0]}”",
        "ceiling_line": f"ceiling, {share} interval",
        "point": f"where a tenfold starts to buy less than {found.gain:g}",
    }
    if found.settings[0][0] == found.period:
        del labels["past"]
    lines = [elements.draw(name, Line2D, [], [], label=text) for name, text in labels.items()]
    handles = [*lines, elements.draw("beyond", Patch, label="beyond the models fitted")]
    style.finish_figure(panels, title, handles, elements, new_figure)
    return panels


def _boundary_panel(panel: Axes, numbers: Any, answers: Any, past: Any, elements: style.Settled) -> None:  # noqa: ANN401 - xarray
    flops = answers["flops"].to_numpy()
    median, lower, upper = (float(numbers["ceiling"].sel(statistic=part)) for part in ("median", "lower", "upper"))
    elements.draw("ceiling", panel.axhspan, lower, upper)
    elements.draw("ceiling_line", panel.axhline, median)
    if past is not None:
        elements.draw("past", panel.plot, flops, past)
    elements.draw("band", panel.fill_between, flops, answers["lower"], answers["upper"])
    elements.draw("line", panel.plot, flops, answers["median"])
    ends = [float(numbers["saturation"].sel(statistic=part)) for part in ("lower", "upper")]
    # beyond the range it is not known where
    start, end = np.clip(ends, flops[0], flops[-1])
    if ends[0] < np.inf and ends[1] > 0.0:
        place = {"transform": panel.get_xaxis_transform(), "solid_capstyle": "butt"}
        elements.draw("point", panel.plot, [start, end], [0.02, 0.02], **place)


def plot_progress(found: Saturation, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw progress between two settings, divided into scale and time, one row per task.

    Parameters
    ----------
    found : Saturation
        Of `bayes_frontier.saturation`.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: scale, time, interval, zero, values, grid, title, labels, names,
        legend.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If an element is unknown.
    """
    elements = style.settle(visuals, PROGRESS_ELEMENTS)
    numbers = found.summary
    names = [str(task) for task in numbers["task"].to_numpy()]
    panel, new_figure = row_axes(axes, 2 * len(names))
    height = np.arange(len(names), dtype=float)
    for name, offset in (("scale", -0.19), ("time", 0.19)):
        values = numbers[name].transpose("statistic", "task")
        median, lower, upper = (values.sel(statistic=part).to_numpy() for part in ("median", "lower", "upper"))
        elements.draw(name, panel.barh, height + offset, median, height=_HEIGHT)
        elements.draw("interval", panel.hlines, height + offset, lower, upper)
    elements.draw("zero", panel.axvline, 0.0)
    totals = numbers["progress"].sel(statistic="median").to_numpy().tolist()
    sources = numbers["source"].to_numpy()
    write_values(panel, [f"{total:+.3f}  {one}" for total, one in zip(totals, sources, strict=True)], elements)
    style.tidy(panel, elements["grid"], axis="x")
    name_rows(panel, names, elements["names"])
    (before, low), (after, high) = found.settings
    title = f"Progress from “{before}” at {style.flops_text(low)} FLOPs\nto “{after}” at {style.flops_text(high)} FLOPs"
    share = share_words(found.prob)
    label = f"change in score: median, {share} interval; right: total, verdict"
    title_and_label(panel, title, label, elements, new_figure)
    if new_figure and (options := elements["legend"]) is not None:
        labels = {"scale": "by scale (compute)", "time": "by time (at the same compute)"}
        handles = [
            Patch(label=text, color=(elements[key] or {}).get("color")) for key, text in labels.items() if elements[key]
        ]
        panel.figure.legend(handles=handles, **options)
    return panel


EMERGENCE_ELEMENTS: dict[str, dict[str, object]] = {
    **ROW_ELEMENTS,
    "border": {"color": style.INK, "linewidth": 1.0, "linestyle": (0, (5, 1.5)), "zorder": 2.0},
}


def plot_emergence(found: Emergence, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw the decades of compute over which each boundary rises, the most abrupt on top.

    Parameters
    ----------
    found : Emergence
        Of `bayes_frontier.emergence`.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: interval, median, border, values, grid, title, labels, names.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If an element is unknown.
    """
    elements = style.settle(visuals, EMERGENCE_ELEMENTS)
    numbers = found.summary
    names = tuple(str(task) for task in numbers["task"].to_numpy())
    median, lower, upper = (numbers["width"].sel(statistic=part).to_numpy() for part in ("median", "lower", "upper"))
    first = numbers["rank_probability"].sel(rank=1).to_numpy()
    texts = tuple(f"{v}  (P most abrupt {p:.2f})" for v, p in zip(numbers["verdict"].to_numpy(), first, strict=True))
    panel, new_figure = row_axes(axes, len(names))
    elements.draw("border", panel.axvline, found.decades)
    draw_rows(panel, Rows(names, median, lower, upper, None, texts), elements)
    panel.set_xlim(0.0, 1.05 * max(float(upper.max()), 2.0 * found.decades))
    share = share_words(found.prob)
    label = f"decades of compute from 10 to 90% of the rise: median, {share} interval; dashed: {found.decades:g}"
    title_and_label(panel, f"How abruptly boundaries rise, period “{found.period}”", label, elements, new_figure)
    return panel
