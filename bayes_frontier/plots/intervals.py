"""Rows of credible intervals: attainable scores, and compute needed, for all tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import share_words, task_title

Floats = npt.NDArray[np.float64]
INTERVAL_ELEMENTS: dict[str, dict[str, object]] = {
    "interval": {"color": style.OKABE_ITO[0], "linewidth": 2.0, "zorder": 3.0, "solid_capstyle": "round"},
    "inner": {"color": style.OKABE_ITO[0], "linewidth": 5.0, "zorder": 3.5, "solid_capstyle": "round"},
    "median": {"s": 46.0, "color": style.PAPER, "edgecolor": style.OKABE_ITO[0], "linewidth": 1.8, "zorder": 4.0},
    "values": {"fontsize": 9, "color": style.SOFT, "horizontalalignment": "left", "verticalalignment": "center"},
    "grid": style.GRID,
    "title": style.TITLE,
    "labels": style.LABELS,
    "names": {"fontsize": 10, "color": style.INK},
}
# Of rows without an interval within the interval.
ROW_ELEMENTS = {name: options for name, options in INTERVAL_ELEMENTS.items() if name != "inner"}
# Changes too small to matter, and no change.
ZONE: dict[str, dict[str, object]] = {
    "zone": {"color": style.FAINT, "alpha": 0.7, "linewidth": 0.0, "zorder": 0.5},
    "zero": {"color": style.INK, "linewidth": 1.0, "zorder": 2.0},
}
_ROW, _AROUND, _WIDTH = 0.34, 1.2, 7.4


@dataclass(frozen=True)
class Rows:
    """Intervals to draw, the first row on top."""

    names: tuple[str, ...]  # what each row is of
    median: Floats  # median, lower, upper: centre and ends, shape (n,)
    lower: Floats
    upper: Floats
    inner: tuple[Floats, Floats] | None  # ends of a narrower interval within
    texts: tuple[str, ...]  # what stands at the right of each row


def row_axes(axes: Axes | None, n: int) -> tuple[Axes, bool]:
    """Return the panel for rows of intervals: the caller's, or one of a new figure as high as they need."""
    if axes is None:
        figure = Figure(figsize=(_WIDTH, _AROUND + _ROW * max(n, 2)), layout="constrained", facecolor=style.PAPER)
        return figure.subplots(), True
    if not isinstance(axes, Axes):
        raise QueryError("axes: this picture has one panel; give one.")
    return axes, False


def draw_rows(panel: Axes, rows: Rows, elements: style.Settled) -> None:
    """Draw rows of intervals on a panel whose horizontal axis is set up already."""
    height = np.arange(len(rows.names))

    def bars(low: Floats, high: Floats, **options: Any) -> None:  # noqa: ANN401 - Matplotlib's
        # hlines makes a collection, which calls this capstyle
        given = {("capstyle" if key == "solid_capstyle" else key): value for key, value in options.items()}
        panel.hlines(height, low, high, **given)

    elements.draw("interval", bars, rows.lower, rows.upper)
    if rows.inner is not None:
        elements.draw("inner", bars, *rows.inner)
    inside = np.isfinite(rows.median)
    elements.draw("median", panel.scatter, rows.median[inside], height[inside])
    write_values(panel, rows.texts, elements)
    style.tidy(panel, elements["grid"], axis="x")
    if panel.get_xscale() == "linear":
        # room for numbers of four decimals
        panel.locator_params(axis="x", nbins=5)
    name_rows(panel, rows.names, elements["names"])


def write_values(panel: Axes, texts: Sequence[str], elements: style.Settled) -> None:
    """Write a text at the right of each row."""
    place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
    for y, text in enumerate(texts):
        if (note := elements.draw("values", panel.annotate, text, (1.02, float(y)), **place)) is not None:
            style.literal(note)


def name_rows(panel: Axes, names: Sequence[str], options: Mapping[str, Any] | None) -> None:
    """Name the rows of a panel, the first on top; tasks as people write them."""
    panel.set_yticks(np.arange(len(names)), [style.shorten(task_title(name), 32) for name in names])
    style.literal(*panel.get_yticklabels())
    if options is None:
        panel.set_yticklabels([])
    else:
        for label in panel.get_yticklabels():
            label.set(**options)
    panel.set_ylim(len(names) - 0.4, -0.6)


def draw_zone(panel: Axes, delta: float, elements: style.Settled) -> None:
    """Shade changes of at most delta either way, and draw a line at no change."""
    elements.draw("zone", panel.axvspan, -delta, delta)
    elements.draw("zero", panel.axvline, 0.0)


def plot_changes(
    found: xr.Dataset,
    rows: Rows,
    title: str,
    words: str,
    elements: style.Settled,
    axes: Axes | None,
    forecast: tuple[Floats, Floats] | None = None,
) -> Axes:
    """Draw rows of changes over the zone of those too small to matter, with what a forecast expected."""
    panel, new_figure = row_axes(axes, len(rows.names))
    delta = float(found.attrs["delta"])
    draw_zone(panel, delta, elements)
    if forecast is not None:
        elements.draw("forecast", panel.hlines, np.arange(len(rows.names)), *forecast)
    draw_rows(panel, rows, elements)
    reach = 1.15 * float(np.nanmax(np.abs(np.concatenate([rows.lower, rows.upper, *(forecast or ()), [2.0 * delta]]))))
    panel.set_xlim(-reach, reach)
    orange = "" if forecast is None else "; orange: forecast"
    label = f"{words}: median, {share_words(float(found.attrs['prob']))} interval{orange}; grey: up to {delta:g}"
    title_and_label(panel, title, label, elements, new_figure)
    return panel


def title_and_label(panel: Axes, title: str, xlabel: str, elements: style.Settled, new_figure: bool) -> None:
    """Put title and axis label on a picture of rows."""
    panels = np.array([panel], dtype=object)
    style.place_title(panels, title, elements["title"], new_figure)
    style.label_outer(panels, xlabel, "", elements["labels"], new_figure)


def pick_names(asked: Sequence[str] | str | None, known: Sequence[str], what: str) -> tuple[str, ...]:
    """Return the names asked for, or all."""
    names = (asked,) if isinstance(asked, str) else tuple(known if asked is None else asked)
    if not names:
        raise QueryError(f"{what}: none is given; name at least one, or leave the argument out for all.")
    return names


def plot_attainable(
    frontier: Frontier,
    flops: float,
    *,
    tasks: Sequence[str] | str | None = None,
    period: int | str | None = None,
    base_model: str | None = None,
    prob: float = 0.9,
    inner_prob: float | None = 0.5,
    sort: bool = True,
    axes: Axes | None = None,
    visuals: style.Visuals | None = None,
) -> Axes:
    """Draw what is attainable at one compute budget: one row per task, median and credible intervals.

    Parameters
    ----------
    frontier : Frontier
        A fit.
    flops : float
        The budget, FLOPs.
    tasks, period, base_model, prob : optional
        As in `plot_boundary`, a row a task.
    inner_prob : float or None
        Probability of the thicker interval within; None: not drawn.
    sort : bool
        Whether rows go from the highest median to the lowest; otherwise as given.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: interval, inner, median, values, grid, title, labels, names.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If a name, a probability or the budget cannot be.
    """
    elements = style.settle(visuals, INTERVAL_ELEMENTS)
    names = pick_names(tasks, frontier.tasks, "tasks")
    found = [frontier.attainable(flops, prob, name, period, base_model) for name in names]
    rows = np.array([[one[part].item() for part in ("median", "lower", "upper")] for one in found])
    order = np.argsort(-rows[:, 0], kind="stable") if sort else np.arange(len(names))
    inner = None
    if inner_prob is not None:
        narrow = [frontier.attainable(flops, inner_prob, names[i], period, base_model) for i in order]
        low, high = (np.array([one[part].item() for one in narrow]) for part in ("lower", "upper"))
        inner = (low, high)
    median, lower, upper = rows[order].T
    panel, new_figure = row_axes(axes, len(names))
    texts = tuple(f"{m:.3f}  ({a:.3f} to {b:.3f})" for m, a, b in rows[order])
    draw_rows(panel, Rows(tuple(names[i] for i in order), median, lower, upper, inner, texts), elements)
    panel.margins(x=0.05)
    whose = "a new base model" if base_model is None else style.shorten(base_model, 24)
    when = found[0]["period"].item()
    title = f"Attainable with {style.flops_text(flops)} FLOPs on {whose}" + ("" if when == "all" else f", {when}")
    shares = "" if inner_prob is None or elements["inner"] is None else f"{share_words(inner_prob)} and "
    label = f"score: median, {shares}{share_words(prob)} credible intervals"
    title_and_label(panel, title, label, elements, new_figure)
    return panel


COMPUTE_ELEMENTS: dict[str, dict[str, object]] = {
    **ROW_ELEMENTS,
    "beyond": {"s": 40.0, "color": style.OKABE_ITO[0], "zorder": 4.0, "clip_on": False},
    "data": {"color": style.FAINT, "alpha": 0.6, "linewidth": 0.0, "zorder": 0.5},
}


def plot_compute_for(
    frontier: Frontier,
    score: float,
    *,
    tasks: Sequence[str] | str | None = None,
    period: int | str | None = None,
    base_model: str | None = None,
    prob: float = 0.9,
    flops_range: tuple[float, float] = (1e18, 1e28),
    sort: bool = True,
    axes: Axes | None = None,
    visuals: style.Visuals | None = None,
) -> Axes:
    """Draw the compute at which a score becomes attainable: one row per task, median and credible interval.

    An interval that has no end within the range runs to its edge and ends in an arrow.

    Parameters
    ----------
    frontier : Frontier
        A fit.
    score : float
        The target, in [0, 1].
    tasks, period, base_model, prob : optional
        As in `plot_attainable`.
    flops_range : tuple of float
        Where to look, FLOPs, and the ends of the axis.
    sort : bool
        Whether rows go from the least compute to the most; otherwise as given.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: interval, median, beyond, data, values, grid, title, labels, names.
        "data" shades the range of the models fitted.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If a name, the score, a probability or the range cannot be.
    """
    elements = style.settle(visuals, COMPUTE_ELEMENTS)
    names = pick_names(tasks, frontier.tasks, "tasks")
    found = [frontier.compute_for(score, name, period, base_model, prob, flops_range) for name in names]
    parts = ("median", "lower", "upper", "not_attainable")
    rows = np.array([[one[part].item() for part in parts] for one in found])
    order = np.lexsort((rows[:, 3], rows[:, 1], rows[:, 0])) if sort else np.arange(len(names))
    median, lower, upper, missing = rows[order].T
    low, high = flops_range
    panel, new_figure = row_axes(axes, len(names))
    style.compute_axis(panel, low, high)
    texts = tuple(_text(m, p, flops_range) for m, p in zip(median, missing, strict=True))
    shown = Rows(tuple(names[i] for i in order), median, np.minimum(lower, high), np.minimum(upper, high), None, texts)
    if (options := elements["data"]) is not None:
        known = frontier.evaluations.models["flops"]
        # an edge line would hang over the range
        faces = {("facecolor" if key == "color" else key): value for key, value in options.items()}
        panel.axvspan(known.min(), known.max(), **{"edgecolor": "none", **faces})
    draw_rows(panel, shown, elements)
    for marker, edge, open_ended in (("<", low, lower <= low), (">", high, np.isinf(upper))):
        (ends,) = np.nonzero(open_ended)
        elements.draw("beyond", panel.scatter, np.full(len(ends), edge), ends, marker=marker)
    whose = "a new base model" if base_model is None else style.shorten(base_model, 24)
    title = f"Compute that makes a score of {score:g} attainable on {whose}"
    label = f"{style.COMPUTE_LABEL}: median, {share_words(prob)} credible interval"
    title_and_label(
        panel, title, label + ("" if elements["data"] is None else "; shaded: models fitted"), elements, new_figure
    )
    return panel


def _text(median: float, missing: float, flops_range: tuple[float, float]) -> str:
    low, high = flops_range
    if np.isinf(median):
        return f"> {style.flops_text(high)}  ({100 * missing:.0f}% not attainable)"
    words = f"< {style.flops_text(low)}" if median <= low else style.flops_text(median)
    return words if missing < 0.005 else f"{words}  ({100 * missing:.0f}% not attainable)"
