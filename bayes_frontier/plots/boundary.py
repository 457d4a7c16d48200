"""Posterior boundaries over the scores they bound, one panel per task, at one quantile level or several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import PercentFormatter
from matplotlib.transforms import Bbox
from scipy.interpolate import PchipInterpolator

from bayes_frontier.analysis.headline import Headline, record_holders, supported_range
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Truth
from bayes_frontier.plots import style
from bayes_frontier.plots.style import period_colours
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import one_in, percent_range, share_words

Floats = npt.NDArray[np.float64]
_GRID, _BEYOND, _MARGIN = 80, 3.0, 1.3
# Earlier periods, of which there may be many, are evaluated at one in so many computes.
_STEP = 4


@dataclass(frozen=True)
class BoundaryCurves:
    """Curves and points of the picture; mappings are by task."""

    tasks: tuple[str, ...]  # panels, in order
    periods: tuple[str, ...]  # labels of the periods shown, the one with the band last
    flops: Floats  # where curves are known, shape (n_flops,)
    median: Mapping[str, Floats]  # median, lower, upper: boundary of the last of `periods`, each (n_flops,)
    lower: Mapping[str, Floats]
    upper: Mapping[str, Floats]
    past: Mapping[str, list[Floats]]  # medians of the earlier periods
    # scores of these periods: flops, score, period; in an order that hides none of the periods
    points: Mapping[str, pd.DataFrame]
    truth: Mapping[str, Floats]  # known boundary, shape (n_flops,); tasks without one are left out
    prob: float  # probability of the band
    title: str  # what the picture shows


def boundary_curves(
    frontier: Frontier,
    tasks: Sequence[str] | str | None,
    period: int | str | None,
    base_model: str | None,
    prob: float,
    flops: npt.ArrayLike | None,
    truth: Truth | None,
    *,
    with_past: bool = True,
) -> BoundaryCurves:
    """Ask a fit for everything the picture shows."""
    names = (tasks,) if isinstance(tasks, str) else tuple(frontier.tasks if tasks is None else tasks)
    if not names:
        raise QueryError("tasks: none is given; name at least one, or leave the argument out for all.")
    grid = _grid(frontier, flops)
    # the last period's picture has every period's curve
    period = None if period == "all" else period
    table = frontier.evaluations.table
    median, lower, upper, points, known = {}, {}, {}, {}, {}
    past: dict[str, list[Floats]] = {}
    number = 0
    for task in names:
        shown = frontier.attainable(grid, prob=prob, task=task, period=period, base_model=base_model)
        number = frontier.period_labels.index(str(shown["period"].item()))
        median[task], lower[task], upper[task] = (shown[v].to_numpy() for v in ("median", "lower", "upper"))
        past[task] = []
        if number and with_past:
            coarse = np.append(grid[:-1:_STEP], grid[-1])
            every = frontier.attainable(coarse, prob=prob, task=task, period="all", base_model=base_model)["median"]
            between = PchipInterpolator(np.log(coarse), every.transpose("flops", "period").to_numpy()[:, :number])
            past[task] = list(between(np.log(grid)).T)
        rows = table[(table["task"] == task) & (table["period"] <= number)]
        if base_model is not None:
            rows = rows[rows["base_model"] == base_model]
        points[task] = rows[["flops", "score", "period"]].sample(frac=1.0, random_state=0)
        if truth is not None and task in truth.tasks:
            known[task] = truth.boundary(grid, task=task, period=number, base_model=base_model).to_numpy()
    whose = "models on a new base model" if base_model is None else f"models on {base_model}"
    return BoundaryCurves(
        tasks=names,
        periods=frontier.period_labels[: number + 1],
        flops=grid,
        median=median,
        lower=lower,
        upper=upper,
        past=past,
        points=points,
        truth=known,
        prob=prob,
        title=f"The score that {share_words(frontier.tau)} of {whose} do not exceed",
    )


def _grid(frontier: Frontier, flops: npt.ArrayLike | None) -> Floats:
    if flops is None:
        known = frontier.evaluations.models["flops"]
        return np.geomspace(known.min() / _MARGIN, known.max() * _BEYOND, _GRID)
    grid = np.unique(np.asarray(flops, dtype=np.float64))
    if grid.ndim != 1 or len(grid) < 2 or not (np.isfinite(grid).all() and grid[0] > 0):
        raise QueryError("flops: give at least two positive numbers to draw a curve.")
    return grid


def legend_handles(curves: BoundaryCurves, elements: style.Settled) -> list[Any]:
    """Make the legend's handles for the elements that are drawn."""
    colours = period_colours(len(curves.periods))
    share = share_words(curves.prob)
    handles: list[Any] = []
    if (line := elements["line"]) is not None:
        look = {"color": colours[-1], "linewidth": line.get("linewidth", 2.0), **_colour(line)}
        handles.append(Line2D([], [], label="boundary, median", **look))
    if (band := elements["band"]) is not None:
        handles.append(
            Patch(**{"color": colours[-1], **_colour(band)}, alpha=0.35, linewidth=0, label=f"{share} credible band")
        )
    if curves.truth:
        handles.append(elements.draw("truth", Line2D, [], [], label="truth"))
    for colour, label in zip(colours, curves.periods, strict=True):
        with_line = elements["past"] is not None and label != curves.periods[-1]
        if elements["points"] is not None or with_line:
            marker = "" if elements["points"] is None else "o"
            words, width = "models" if label == "all" else label, 1.3 if with_line else 0.0
            handles.append(Line2D([], [], color=colour, linewidth=width, marker=marker, markersize=4.5, label=words))
    return handles


def _colour(options: dict[str, Any]) -> dict[str, Any]:
    return {"color": options["color"]} if "color" in options else {}


BOUNDARY_ELEMENTS: dict[str, dict[str, object]] = {
    "points": {"s": 8.0, "alpha": 0.3, "linewidths": 0.0, "zorder": 1.0, "rasterized": True},
    "past": {"linewidth": 1.3, "zorder": 4.5},
    "band": {"alpha": 0.35, "linewidth": 0.0, "zorder": 4.0},
    "line": {"linewidth": 2.2, "zorder": 5.0, "solid_capstyle": "round"},
    "halo": {"linewidth": 2.0, "color": style.PAPER, "zorder": 3.0},
    "truth": {"color": style.INK, "linewidth": 1.4, "linestyle": (0, (4, 2)), "zorder": 6.0},
    **style.AROUND,
}
# Panels of a picture in which few grid lines are enough.
_MANY = 12


def plot_boundary(
    frontier: Frontier,
    *,
    tasks: Sequence[str] | str | None = None,
    period: int | str | None = None,
    base_model: str | None = None,
    prob: float = 0.9,
    flops: npt.ArrayLike | None = None,
    points: bool = True,
    truth: Truth | None = None,
    axes: npt.ArrayLike | Axes | None = None,
    visuals: style.Visuals | None = None,
) -> npt.NDArray[Any]:
    """Draw posterior boundaries over the scores, one panel per task.

    The period asked for has its median and credible band, drawn above the points with a halo; the periods
    before it have their medians as thin lines.

    Parameters
    ----------
    frontier : Frontier
        A fit.
    tasks : str or sequence of str, optional
        Tasks to draw; none: all.
    period : int or str, optional
        Period whose boundary and band are drawn; none: the last one fitted.
    base_model : str, optional
        Draw the boundary of models on this base model; none: the population boundary, of a new base model.
    prob : float
        Probability of the band (equal tails).
    flops : array of float, optional
        Where the curves are drawn, FLOPs, shape (n,); none: 80 values over the range of the models and a
        factor of 3 beyond its top.
    points : bool
        Whether scores are drawn, those of the period and the ones before it.
    truth : Truth, optional
        Known boundaries of simulated evaluations.
    axes : Axes or array of Axes, optional
        Where to draw, at least one per task; none: a new figure, with legend and title outside the panels.
    visuals : mapping, optional
        By element (points, past, band, line, halo, truth, grid, name, title, labels, legend): False leaves it
        out, a mapping changes the options of the Matplotlib artist.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,). The figure is ``axes[0].figure``; it belongs to no pyplot state, so nothing
        needs to be closed.

    Raises
    ------
    QueryError
        If a task, period, base model or element is unknown, or there are too few axes.
    """
    elements = style.settle(visuals, BOUNDARY_ELEMENTS)
    if not points:
        elements["points"] = None
    curves = boundary_curves(frontier, tasks, period, base_model, prob, flops, truth)
    panels, new_figure = style.take_axes(axes, len(curves.tasks))
    for task, panel in zip(curves.tasks, panels, strict=True):
        _boundary_panel(panel, curves, task, elements)
    style.finish_figure(panels, curves.title, legend_handles(curves, elements), elements, new_figure)
    return panels


def _boundary_panel(panel: Axes, curves: BoundaryCurves, task: str, elements: style.Settled) -> None:
    colours = style.period_colours(len(curves.periods))
    x = curves.flops
    halo = elements["halo"]
    scores = curves.points[task]
    dots = [colours[p] for p in scores["period"]]
    elements.draw("points", panel.scatter, scores["flops"], scores["score"], c=dots)
    for colour, median in zip(colours, curves.past[task], strict=False):
        elements.draw("past", style.halo_line, panel, x, median, halo=halo, color=colour)
    edges = (x, curves.lower[task], curves.upper[task])
    if halo is not None and elements["band"] is not None:
        panel.fill_between(*edges, **{**halo, "alpha": 0.8})
    elements.draw("band", panel.fill_between, *edges, color=colours[-1])
    elements.draw("line", style.halo_line, panel, x, curves.median[task], halo=halo, color=colours[-1])
    if task in curves.truth:
        elements.draw("truth", style.halo_line, panel, x, curves.truth[task], halo=halo)
    if len(curves.tasks) > _MANY:
        # labels and lines of the grid are what takes time to draw
        panel.locator_params(axis="y", nbins=4)
    style.finish_panel(panel, task, x, elements)


TAUS_ELEMENTS: dict[str, dict[str, object]] = {
    "points": {"s": 8.0, "alpha": 0.35, "linewidths": 0.0, "color": "#8c8c8c", "zorder": 1.0, "rasterized": True},
    "band": {"alpha": 0.25, "linewidth": 0.0, "zorder": 4.0},
    "line": {"linewidth": 2.0, "zorder": 5.0},
    "halo": {"linewidth": 1.6, "color": style.PAPER, "zorder": 3.0},
    **style.AROUND,
}


def plot_taus(
    frontiers: Sequence[Frontier],
    *,
    tasks: Sequence[str] | str | None = None,
    period: int | str | None = None,
    base_model: str | None = None,
    prob: float = 0.9,
    flops: npt.ArrayLike | None = None,
    axes: npt.ArrayLike | Axes | None = None,
    visuals: style.Visuals | None = None,
) -> npt.NDArray[Any]:
    """Draw boundaries at several quantile levels, one panel per task.

    Parameters
    ----------
    frontiers : sequence of Frontier
        Fits of the same evaluations at different tau.
    tasks, period, base_model, prob, flops, axes : optional
        As in `plot_boundary`.
    visuals : mapping, optional
        By element (points, band, line, halo, grid, name, title, labels, legend), as in `plot_boundary`.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,).

    Raises
    ------
    QueryError
        If the fits are of different evaluations or of the same tau, or a name is unknown.
    """
    elements = style.settle(visuals, TAUS_ELEMENTS)
    ordered = check_taus(frontiers)
    shown = [boundary_curves(one, tasks, period, base_model, prob, flops, None, with_past=False) for one in ordered]
    first = shown[0]
    panels, new_figure = style.take_axes(axes, len(first.tasks))
    for task, panel in zip(first.tasks, panels, strict=True):
        _levels_panel(panel, shown, task, elements)
    whose = "models on a new base model" if base_model is None else f"models on {base_model}"
    when = "" if first.periods[-1] == "all" else f", {first.periods[-1]}"
    title = f"Scores that a share tau of {whose} do not exceed{when}"
    band = "" if elements["band"] is None else f", {share_words(prob)} band"
    handles = [
        elements.draw("line", Line2D, [], [], label=f"tau = {one.tau:g}, median{band}", **_level_look(number))
        for number, one in enumerate(ordered)
    ]
    style.finish_figure(panels, title, handles, elements, new_figure)
    return panels


def check_taus(frontiers: Sequence[Frontier]) -> list[Frontier]:
    """Return fits by falling tau, if they can stand in one picture."""
    if not frontiers:
        raise QueryError("frontiers: none is given; give a fit for each tau.")
    ordered = sorted(frontiers, key=lambda one: -one.tau)
    taus = [one.tau for one in ordered]
    if len(set(taus)) < len(taus):
        raise QueryError(f"frontiers: two fits have the same tau ({', '.join(f'{tau:g}' for tau in taus)}).")
    if len({(one.evaluations.fingerprint, one.period_labels) for one in ordered}) > 1:
        raise QueryError("frontiers: these are fits of different evaluations or periods; fit one table at every tau.")
    return ordered


def _levels_panel(panel: Axes, shown: list[BoundaryCurves], task: str, elements: style.Settled) -> None:
    first, halo = shown[0], elements["halo"]
    scores = first.points[task]
    scores = scores[scores["period"] == len(first.periods) - 1]
    elements.draw("points", panel.scatter, scores["flops"], scores["score"])
    for number, curves in enumerate(shown):
        look = _level_look(number)
        edges = (curves.flops, curves.lower[task], curves.upper[task])
        elements.draw("band", panel.fill_between, *edges, color=look["color"])
        elements.draw("line", style.halo_line, panel, curves.flops, curves.median[task], halo=halo, **look)
    style.finish_panel(panel, task, first.flops, elements)


def _level_look(number: int) -> dict[str, Any]:
    colour = style.OKABE_ITO[(0, 5, 2, 3, 1, 4)[number % 6]]
    return {"color": colour, "linestyle": style.DASHES[number % len(style.DASHES)]}


_RIM = [withStroke(linewidth=4.0, foreground=style.PAPER)]
_BLUE, _AMBER, _EARLIER, _GROUND = style.OKABE_ITO[0], "#b26a00", "#b4b8c0", "#eeede6"


def draw_headline(frontier: Frontier, answer: Headline) -> Figure:
    """Draw an answer under its sentence: record holders named, extrapolation shaded; the picture that links show."""
    table = frontier.evaluations.table
    scores = table[table["task"] == answer.task]
    low, high = supported_range(frontier.evaluations.models)
    ends = min(float(scores["flops"].min()), low) / 1.2, max(float(scores["flops"].max()), high) * 10**0.6
    x = np.geomspace(*ends, _GRID)
    found = frontier.attainable(x, prob=answer.prob, task=answer.task)
    median, lower, upper = (found[part].to_numpy() for part in ("median", "lower", "upper"))
    inside = (x >= low) & (x <= high)
    figure = Figure(figsize=(13.6, 7.0), facecolor=style.PAPER)
    panel = figure.add_axes((0.05, 0.115, 0.93, 0.685))
    last = scores["period"] == len(frontier.period_labels) - 1
    for colour, rows in ((_EARLIER, scores[~last]), (_BLUE, scores[last])):
        panel.scatter(rows["flops"], rows["score"], s=9.0, alpha=0.6, linewidths=0.0, color=colour, zorder=2.0)
    panel.fill_between(x, lower, upper, color=_BLUE, alpha=0.18, linewidth=0.0, zorder=3.0)
    line: dict[str, Any] = {"color": _BLUE, "linewidth": 2.6, "zorder": 5.0}
    panel.plot(x[inside], median[inside], **line)
    for outside, ground in ((x <= low, (x[0], low)), (x >= high, (high, x[-1]))):
        panel.axvspan(*ground, color=_GROUND, zorder=0.0)
        panel.plot(x[outside], median[outside], linestyle=(0, (1, 2)), **line)
    beside: dict[str, Any] = {"textcoords": "offset points", "path_effects": _RIM, "zorder": 7.0}
    said = [panel.annotate("now", (low, median[inside][0]), xytext=(4, 10), color=_BLUE, fontweight="bold", **beside)]
    if answer.change is not None:
        first = frontier.attainable(x[inside], task=answer.task, period=0)["median"].to_numpy()
        panel.plot(x[inside], first, color=_AMBER, linewidth=1.7, zorder=4.0)
        words = f"by {answer.since}"
        said += [panel.annotate(words, (low, first[0]), xytext=(4, -14), color=_AMBER, fontweight="bold", **beside)]
    records = record_holders(scores)
    ringed: dict[str, Any] = {"facecolor": style.PAPER, "edgecolor": style.INK, "linewidths": 1.4}
    panel.scatter(records["flops"], records["score"], s=34.0, zorder=6.0, **ringed)
    style.compute_axis(panel, float(x[0]), float(x[-1]))
    panel.set_ylim(0.0, min(1.0, 1.08 * max(float(upper[inside].max()), float(scores["score"].max()))))
    panel.vlines(answer.flops, 0.0, answer.median, color=style.INK, linestyle=(0, (4, 3)), linewidth=1.2, zorder=5.0)
    words = f"{100 * answer.median:.0f}% ({percent_range(answer.lower, answer.upper)})"
    look: dict[str, Any] = {"fontsize": 15, "fontweight": "bold", "color": _BLUE}
    said += [panel.annotate(words, (answer.flops, answer.median), xytext=(14, -28), **look, **beside)]
    _name_records(panel, records, beside, [text.get_window_extent() for text in said])
    panel.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    style.tidy(panel, style.GRID, axis="y")
    panel.set_xlabel("pre-training compute of the base model (FLOP, log scale)", fontsize=10.5)
    few = "few base models:\nextrapolated"
    panel.text(high * 1.06, 0.03, few, transform=panel.get_xaxis_transform(), color=style.SOFT, fontsize=10.5)
    _headline_words(panel, frontier, answer, len(scores))
    return figure


def _headline_words(panel: Axes, frontier: Frontier, answer: Headline, n_models: int) -> None:
    """Put the sentence over the picture, how to read it below that, and its source under the axis."""
    best = ""
    if answer.best_model is not None and answer.best_score is not None:
        best = f"Best seen near: {style.shorten(answer.best_model.split('/')[-1])}, {100 * answer.best_score:.0f}%."
    how = (
        f"Blue line: the score about {one_in(1 - answer.tau)} models on a new base model exceeds (shaded: "
        f"{share_words(answer.prob)} interval). Dots: {n_models:,} models, record holders named.\n{best}"
    )
    until = frontier.evaluations.models["released"].max()
    when = "" if pd.isna(until) else f", to {until:%B %Y}"
    source = f"{style.shorten(frontier.evaluations.source, 60)}{when} · bayes_frontier"
    for height, text in ((1.06, how), (-0.15, source)):
        style.literal(panel.text(0.0, height, text, transform=panel.transAxes, color=style.SOFT, fontsize=10.5))
    style.literal(panel.text(0.0, 1.19, answer.title, transform=panel.transAxes, fontsize=16, fontweight="bold"))


def _name_records(panel: Axes, records: pd.DataFrame, beside: Mapping[str, Any], taken: list[Bbox]) -> None:
    """Name record holders, the highest first, where there is room for the name."""
    for row in records.sort_values("score", ascending=False).itertuples():
        name = style.shorten(str(row.model).split("/")[-1], 28)
        text = panel.annotate(
            name, (row.flops, row.score), xytext=(-8, 8), ha="right", fontsize=9, parse_math=False, **beside
        )
        box = text.get_window_extent().padded(4.0)
        if any(box.overlaps(other) for other in taken) or box.x0 < panel.bbox.x0:
            text.remove()
        else:
            taken.append(box)
