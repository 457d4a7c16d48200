"""Pictures of emergence, shared factors, portfolios and saturation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import INTERVAL_ELEMENTS as ROWS
from bayes_frontier.plots.intervals import Rows, draw_rows, row_axes, title_and_label

if TYPE_CHECKING:
    import xarray as xr

    from bayes_frontier.analysis.emergence import Emergence
    from bayes_frontier.analysis.portfolio import Portfolio
    from bayes_frontier.analysis.saturation import Saturation
    from bayes_frontier.posterior.frontier import Frontier

EMERGENCE_ELEMENTS: dict[str, dict[str, object]] = {
    **{name: options for name, options in ROWS.items() if name != "inner"},
    "border": {"color": style.INK, "linewidth": 1.0, "linestyle": (0, (5, 1.5)), "zorder": 2.0},
}


def plot_emergence(found: Emergence, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw the decades of compute over which each boundary rises, the most abrupt on top.

    Parameters
    ----------
    found : Emergence
        Of `bayes_frontier.emergence`.
    axes : Axes, optional
        Where to draw; none: a new figure.
    visuals : mapping, optional
        By element (interval, median, border, values, grid, title, labels, names): False leaves it out, a mapping
        changes the options of the Matplotlib artist.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If an element is unknown.
    """
    chosen = style.settle(visuals, EMERGENCE_ELEMENTS)
    numbers = found.summary
    names = tuple(str(task) for task in numbers["task"].to_numpy())
    median, lower, upper = (numbers["width"].sel(statistic=part).to_numpy() for part in ("median", "lower", "upper"))
    first = numbers["rank_probability"].sel(rank=1).to_numpy()
    texts = tuple(f"{v}  (P first {p:.2f})" for v, p in zip(numbers["verdict"].to_numpy(), first, strict=True))
    panel, own = row_axes(axes, len(names))
    if (options := chosen["border"]) is not None:
        panel.axvline(found.decades, **options)
    draw_rows(panel, Rows(names, median, lower, upper, None, texts), chosen | {"inner": None})
    panel.set_xlim(0.0, 1.05 * max(float(upper.max()), 2.0 * found.decades))
    share = f"{100 * found.prob:.4g}%"
    label = f"decades of compute from 10 to 90% of the rise: median, {share} interval; dashed: {found.decades:g}"
    title_and_label(panel, f"How abruptly boundaries rise, period “{found.period}”", label, chosen, own)
    return panel


# How much of each task's base-model effects is shared with others.

FACTORS_ELEMENTS: dict[str, dict[str, object]] = {name: options for name, options in ROWS.items() if name != "inner"}


def plot_factors(found: xr.Dataset, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw the shared part of each task's variance, with its loadings.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.factors`.
    axes : Axes, optional
        Where to draw; none: a new figure.
    visuals : mapping, optional
        By element (interval, median, values, grid, title, labels, names): False leaves it out, a mapping changes the
        options of the Matplotlib artist.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.
    """
    chosen = style.settle(visuals, FACTORS_ELEMENTS)
    values = [100.0 * found[name].to_numpy() for name in ("shared", "shared_lower", "shared_upper")]
    loadings = found["loading"].to_numpy()
    texts = tuple("  ".join(f"{value:+.2f}" for value in row) for row in loadings)
    names = tuple(str(task) for task in found["task"].to_numpy())
    panel, own = row_axes(axes, len(names))
    draw_rows(panel, Rows(names, values[0], values[1], values[2], None, texts), chosen)
    panel.set_xlim(-2.0, 102.0)
    rank = int(found.attrs["rank"])
    title = f"What {rank} factor{'s' * (rank > 1)} behind {found.attrs['base_models']} base models explain"
    title = title if rank > 1 else title.replace("explain", "explains")
    share = f"{100 * float(found.attrs['prob']):.4g}%"
    title_and_label(panel, title, f"% of a task's variance, {share} interval; right: loadings", chosen, own)
    return panel


# Portfolios: the probability of meeting targets against compute, and trade-offs between two tasks.

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
PAIRS: dict[str, dict[str, object]] = {
    "curve": {"linewidth": 2.0, "zorder": 3.0},
    **{name: PORTFOLIO_ELEMENTS[name] for name in ("grid", "title", "labels", "legend")},
}


def plot_portfolio(found: Portfolio, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw the probability that targets are met against compute: each alone, and all together.

    Parameters
    ----------
    found : Portfolio
        Of `bayes_frontier.portfolio`.
    axes : Axes, optional
        Where to draw; none: a new figure.
    visuals : mapping, optional
        By element (task, together, wanted, least, grid, title, labels, legend): False leaves it out, a mapping changes
        the options of the Matplotlib artist.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If an element is unknown.
    """
    chosen = style.settle(visuals, PORTFOLIO_ELEMENTS)
    panels, own = style.take_axes(axes, 1, height=3.4)
    panel: Axes = panels[0]
    flops = found.curve["flops"].to_numpy()
    together = found.curve["all_met"].to_numpy()
    handles: list[Any] = []
    for i, target in enumerate(found.goals.targets):
        if (options := chosen["task"]) is not None:
            look = {
                "color": style.OKABE_ITO[i % len(style.OKABE_ITO)],
                "linestyle": style.DASHES[i // 6 % 4],
                **options,
            }
            panel.plot(flops, found.curve["met"].sel(task=target.task), **look)
            handles.append(Line2D([], [], label=f"{style.shorten(target.task, 24)} at {target.score:g}", **look))
    if (options := chosen["together"]) is not None:
        panel.plot(flops, together, **options)
        handles.append(Line2D([], [], label="all together", **options))
    if (options := chosen["wanted"]) is not None:
        panel.axhline(found.prob, **options)
    if np.isfinite(found.least_flops) and (options := chosen["least"]) is not None:
        panel.axvline(found.least_flops, **options)
    style.compute_axis(panel, *_shown(flops, found))
    panel.set_ylim(-0.03, 1.03)
    style.tidy(panel, chosen["grid"])
    style.label_outer(panels, style.COMPUTE_LABEL, "probability that the target is met", chosen["labels"], own)
    style.place_title(panels, f"Targets within the boundary, period “{found.period}”", chosen["title"], own)
    if (options := chosen["legend"]) is not None:
        style.place_legend(panels, handles, {**options, "ncols": 2} if own else options, own)
    return panel


def _shown(flops: Any, found: Portfolio) -> tuple[float, float]:  # noqa: ANN401 - array
    """Range of compute within which something happens."""
    met = found.curve["met"].to_numpy()
    moving = np.flatnonzero(((met > 0.001) & (met < 0.999)).any(axis=0))
    if not moving.size:
        return float(flops[0]), float(flops[-1])
    low, high = flops[max(moving[0] - 4, 0)], flops[min(moving[-1] + 4, len(flops) - 1)]
    return float(low), float(high)


def plot_trade_off(found: xr.Dataset, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw pairs of targets that are met together, a curve a compute.

    Parameters
    ----------
    found : xarray.Dataset
        Of `bayes_frontier.trade_off`.
    axes : Axes, optional
        Where to draw; none: a new figure.
    visuals : mapping, optional
        By element (curve, grid, title, labels, legend): False leaves it out, a mapping changes the options of the
        Matplotlib artist.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If an element is unknown or there is no compute.
    """
    chosen = style.settle(visuals, PAIRS)
    curves = found if "flops" in found.dims else found.expand_dims("flops")
    if not curves.sizes["flops"]:
        raise QueryError("trade-off: there is no compute to draw.")
    panels, own = style.take_axes(axes, 1, height=3.6)
    panel: Axes = panels[0]
    handles: list[Any] = []
    colours = style.period_colours(curves.sizes["flops"])
    for i, flops in enumerate(curves["flops"].to_numpy()):
        if (options := chosen["curve"]) is not None:
            look = {"color": colours[i], **options}
            panel.plot(curves["first"].isel(flops=i), curves["second"].isel(flops=i), **look)
            handles.append(Line2D([], [], label=f"{style.flops_text(float(flops))} FLOPs", **look))
    first, second = (style.shorten(str(found.attrs[name])) for name in ("first", "second"))
    panel.set_xlim(0.0, 1.0)
    panel.set_ylim(0.0, 1.0)
    style.tidy(panel, chosen["grid"])
    if (options := chosen["labels"]) is not None:
        style.literal(
            panel.set_xlabel(f"target of {first}", **options), panel.set_ylabel(f"target of {second}", **options)
        )
    share = f"{100 * float(found.attrs['prob']):.4g}%"
    style.place_title(panels, f"Pairs of targets met together with probability {share}", chosen["title"], own)
    if (options := chosen["legend"]) is not None:
        style.place_legend(panels, handles, {**options, "ncols": 2} if own else options, own)
    return panel


# Saturation: boundaries up to their ceilings, and what progress came from.

SATURATION_ELEMENTS: dict[str, dict[str, object]] = {
    "beyond": {"color": style.FAINT, "alpha": 0.6, "linewidth": 0.0, "zorder": 0.5},
    "ceiling": {"color": style.OKABE_ITO[1], "alpha": 0.25, "linewidth": 0.0, "zorder": 1.0},
    "ceiling_line": {"color": style.OKABE_ITO[1], "linewidth": 1.5, "linestyle": (0, (5, 1.5)), "zorder": 2.0},
    "past": {"color": style.OKABE_ITO[4], "linewidth": 1.4, "zorder": 2.5},
    "band": {"color": style.OKABE_ITO[0], "alpha": 0.25, "linewidth": 0.0, "zorder": 2.6},
    "line": {"color": style.OKABE_ITO[0], "linewidth": 2.0, "zorder": 3.0},
    "point": {"color": style.INK, "linewidth": 2.0, "zorder": 4.0},
    "grid": style.GRID,
    "name": style.NAME,
    "title": style.TITLE,
    "labels": style.LABELS,
    "legend": style.LEGEND,
}
PARTS: dict[str, dict[str, object]] = {
    **{name: options for name, options in ROWS.items() if name not in ("inner", "median", "interval")},
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
    axes : Axes or array of Axes, optional
        Where to draw, at least one a task; none: a new figure.
    visuals : mapping, optional
        By element (beyond, ceiling, ceiling_line, past, band, line, point, grid, name, title, labels, legend): False
        leaves it out, a mapping changes the options of the Matplotlib artist.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,); the figure is ``axes[0].figure``.

    Raises
    ------
    QueryError
        If an element is unknown, or there are too few axes.
    """
    chosen = style.settle(visuals, SATURATION_ELEMENTS)
    tasks = [str(task) for task in found.summary["task"].to_numpy()]
    panels, own = style.take_axes(axes, len(tasks))
    low, high = found.flops_range
    flops = np.geomspace(low, high * _BEYOND, _POINTS)
    for task, panel in zip(tasks, panels, strict=True):
        answers = frontier.attainable(flops, found.prob, task, found.period, base_model)
        past = frontier.attainable(flops, found.prob, task, found.settings[0][0], base_model)["median"]
        _panel(
            panel, found.summary.sel(task=task), answers, past if found.settings[0][0] != found.period else None, chosen
        )
        if (options := chosen["beyond"]) is not None:
            panel.axvspan(high, flops[-1], **options)
        style.compute_axis(panel, flops[0], flops[-1])
        panel.margins(y=0.04)
        style.tidy(panel, chosen["grid"])
        if (options := chosen["name"]) is not None:
            panel.set_title(style.shorten(task), **options, parse_math=False)
    style.label_outer(panels, style.COMPUTE_LABEL, "score", chosen["labels"], own)
    style.place_title(panels, f"Boundaries up to their ceilings, period “{found.period}”", chosen["title"], own)
    if (options := chosen["legend"]) is not None:
        style.place_legend(panels, _entries(found, chosen), options, own)
    return panels


def _panel(panel: Axes, numbers: Any, answers: Any, past: Any, chosen: style.Settled) -> None:  # noqa: ANN401 - xarray
    flops = answers["flops"].to_numpy()
    median, lower, upper = (float(numbers["ceiling"].sel(statistic=part)) for part in ("median", "lower", "upper"))
    if (options := chosen["ceiling"]) is not None:
        panel.axhspan(lower, upper, **options)
    if (options := chosen["ceiling_line"]) is not None:
        panel.axhline(median, **options)
    if past is not None and (options := chosen["past"]) is not None:
        panel.plot(flops, past, **options)
    if (options := chosen["band"]) is not None:
        panel.fill_between(flops, answers["lower"], answers["upper"], **options)
    if (options := chosen["line"]) is not None:
        panel.plot(flops, answers["median"], **options)
    if (options := chosen["point"]) is not None:
        ends = [float(numbers["saturation"].sel(statistic=part)) for part in ("lower", "upper")]
        # beyond the range it is not known where
        start, end = np.clip(ends, flops[0], flops[-1])
        if ends[0] < np.inf and ends[1] > 0.0:
            place = {"transform": panel.get_xaxis_transform(), "solid_capstyle": "butt"}
            panel.plot([start, end], [0.02, 0.02], **{**place, **options})


def _entries(found: Saturation, chosen: style.Settled) -> list[Any]:
    share = f"{100 * found.prob:.4g}%"
    labels = {
        "line": f"boundary, {share} interval",
        "past": f"in the period “{found.settings[0][0]}”",
        "ceiling_line": f"ceiling, {share} interval",
        "point": f"where a tenfold starts to buy less than {found.gain:g}",
    }
    made: list[Any] = [
        Line2D([], [], label=text, **options)
        for name, text in labels.items()
        if (options := chosen[name]) is not None and (name != "past" or found.settings[0][0] != found.period)
    ]
    if (options := chosen["beyond"]) is not None:
        made.append(Patch(label="beyond the models fitted", **options))
    return made


def plot_progress(found: Saturation, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw progress between two settings, divided into scale and time, a row a task.

    Parameters
    ----------
    found : Saturation
        Of `bayes_frontier.saturation`.
    axes : Axes, optional
        Where to draw; none: a new figure.
    visuals : mapping, optional
        By element (scale, time, interval, zero, values, grid, title, labels, names, legend): False leaves it out, a
        mapping changes the options of the Matplotlib artist.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If an element is unknown.
    """
    chosen = style.settle(visuals, PARTS)
    numbers = found.summary
    names = [str(task) for task in numbers["task"].to_numpy()]
    panel, own = row_axes(axes, 2 * len(names))
    height = np.arange(len(names), dtype=float)
    for name, offset in (("scale", -0.19), ("time", 0.19)):
        values = numbers[name].transpose("statistic", "task")
        median, lower, upper = (values.sel(statistic=part).to_numpy() for part in ("median", "lower", "upper"))
        if (options := chosen[name]) is not None:
            panel.barh(height + offset, median, height=_HEIGHT, **options)
        if (options := chosen["interval"]) is not None:
            panel.hlines(height + offset, lower, upper, **options)
    if (options := chosen["zero"]) is not None:
        panel.axvline(0.0, **options)
    if (options := chosen["values"]) is not None:
        for y, (total, source) in enumerate(
            zip(_medians(numbers["progress"]), numbers["source"].to_numpy(), strict=True)
        ):
            place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
            style.literal(panel.annotate(f"{total:+.3f}  {source}", (1.02, float(y)), **place, **options))
    style.tidy(panel, chosen["grid"], axis="x")
    panel.set_yticks(
        height, [style.shorten(name, 32) for name in names] if chosen["names"] is not None else [""] * len(names)
    )
    style.literal(*panel.get_yticklabels())
    if (options := chosen["names"]) is not None:
        for label in panel.get_yticklabels():
            label.set(**options)
    panel.set_ylim(len(names) - 0.4, -0.6)
    (before, low), (after, high) = found.settings
    title = f"Progress from “{before}” at {style.flops_text(low)} FLOPs\nto “{after}” at {style.flops_text(high)} FLOPs"
    share = f"{100 * found.prob:.4g}%"
    title_and_label(panel, title, f"change in score: median, {share} interval; right: total, verdict", chosen, own)
    if own and (options := chosen["legend"]) is not None:
        labels = {"scale": "by scale (compute)", "time": "by time (at the same compute)"}
        handles = [
            Patch(label=text, color=(chosen[key] or {}).get("color")) for key, text in labels.items() if chosen[key]
        ]
        panel.figure.legend(handles=handles, **options)
    return panel


def _medians(values: Any) -> list[float]:  # noqa: ANN401 - xarray
    return [float(value) for value in values.sel(statistic="median").to_numpy()]
