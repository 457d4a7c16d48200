"""Base models: above and below what their compute predicts, beside a new one, and the factors behind them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayes_frontier.errors import QueryError
from bayes_frontier.model.curve import log_flops
from bayes_frontier.plots import style
from bayes_frontier.plots.boundary import BoundaryCurves, boundary_curves
from bayes_frontier.plots.intervals import ROW_ELEMENTS, Rows, draw_rows, pick_names, row_axes, title_and_label
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import share_words, task_title

RANKING_ELEMENTS: dict[str, dict[str, object]] = {
    **ROW_ELEMENTS,
    "zero": {"color": style.INK, "linewidth": 1.0, "zorder": 2.0},
}


def plot_base_models(
    ranking: xr.Dataset,
    *,
    task: str | None = None,
    most: int = 25,
    at_least: int = 1,
    axes: Axes | None = None,
    visuals: style.Visuals | None = None,
) -> Axes:
    """Draw how far base models sit above or below a typical one of their compute, one row per base model.

    Parameters
    ----------
    ranking : xarray.Dataset
        From `Frontier.base_models`.
    task : str, optional
        A task; none: the mean over tasks.
    most : int
        At most this many rows: those with the most models fitted.
    at_least : int
        Base models with fewer models fitted than this are left out.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: interval, median, zero, values, grid, title, labels, names. "median"
        is the marker, at the posterior mean.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.

    Raises
    ------
    QueryError
        If the task is unknown or no base model is left.
    """
    elements = style.settle(visuals, RANKING_ELEMENTS)
    tasks = [str(name) for name in ranking["task"].to_numpy()]
    if task is not None and task not in tasks:
        raise QueryError(f"Task {task!r} is not in this ranking: it has {', '.join(tasks)}.")
    enough = ranking["n_models"].to_numpy() >= at_least
    if not enough.any() or most < 1:
        raise QueryError(f"No base model has {at_least} models; lower at_least.")
    ranking = ranking.isel(base_model=np.flatnonzero(enough))
    largest = np.argsort(-ranking["n_models"].to_numpy(), kind="stable")[:most]
    ranking = ranking.isel(base_model=np.sort(largest))
    if task is None:
        mean, lower, upper = (ranking[f"overall_{part}"].to_numpy() for part in ("mean", "lower", "upper"))
    else:
        mean, lower, upper = (ranking[part].sel(task=task).to_numpy() for part in ("mean", "lower", "upper"))
    order = np.argsort(-mean, kind="stable")
    names = tuple(str(name) for name in ranking["base_model"].to_numpy()[order])
    counts = ranking["n_models"].to_numpy()[order]
    texts = tuple(f"{m:+.3f}  ({n:,} model{'' if n == 1 else 's'})" for m, n in zip(mean[order], counts, strict=True))
    panel, new_figure = row_axes(axes, len(names))
    draw_rows(panel, Rows(names, mean[order], lower[order], upper[order], None, texts), elements)
    panel.margins(x=0.05)
    elements.draw("zero", panel.axvline, 0.0)
    what = "mean over all tasks" if task is None else style.shorten(task_title(task))
    title = f"Base models against a typical one of the same compute: {what}"
    title_and_label(panel, title, "score difference: mean, credible interval", elements, new_figure)
    return panel


_SHOWN = 4
POPULATION_ELEMENTS: dict[str, dict[str, object]] = {
    "points": {"s": 8.0, "alpha": 0.3, "linewidths": 0.0, "color": "#8c8c8c", "zorder": 1.0, "rasterized": True},
    "band": {"color": style.OKABE_ITO[0], "alpha": 0.25, "linewidth": 0.0, "zorder": 3.0},
    "line": {"color": style.OKABE_ITO[0], "linewidth": 2.2, "zorder": 4.0},
    "base": {"linewidth": 1.4, "alpha": 0.9, "zorder": 4.5},
    "own": {"markersize": 7.0, "markeredgecolor": style.PAPER, "linewidth": 2.0, "zorder": 6.0},
    "halo": {"linewidth": 1.6, "color": style.PAPER, "zorder": 2.5},
    **style.AROUND,
}


def plot_population(
    frontier: Frontier,
    *,
    base_models: Sequence[str] | str | None = None,
    tasks: Sequence[str] | str | None = None,
    period: int | str | None = None,
    prob: float = 0.9,
    flops: npt.ArrayLike | None = None,
    axes: npt.ArrayLike | Axes | None = None,
    visuals: style.Visuals | None = None,
) -> npt.NDArray[Any]:
    """Draw the boundary of a new base model and those of known ones, one panel per task.

    The population boundary has its band. A known base model has its median as a thin line and, at its own compute, a
    marker with the credible interval; that point is what the data speak of, the line is what its lead would be worth at
    other computes.

    Parameters
    ----------
    frontier : Frontier
        A fit with base-model effects.
    base_models : str or sequence of str, optional
        Known base models; none: the four with the most models.
    tasks, period, prob, flops, axes : optional
        As in `plot_boundary`.
    visuals : mapping, optional
        By element (points, band, line, base, own, halo, grid, name, title, labels, legend), as in `plot_boundary`.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,).

    Raises
    ------
    QueryError
        If a name is unknown or the model has no base-model effects.
    """
    elements = style.settle(visuals, POPULATION_ELEMENTS)
    models = frontier.evaluations.models
    counts = models["base_model"].value_counts()
    names = pick_names(base_models, [str(name) for name in counts.index[:_SHOWN]], "base_models")
    curves = boundary_curves(frontier, tasks, period, None, prob, flops, None, with_past=False)
    panels, new_figure = style.take_axes(axes, len(curves.tasks))
    for task, panel in zip(curves.tasks, panels, strict=True):
        scores = curves.points[task]
        scores = scores[scores["period"] == len(curves.periods) - 1]
        elements.draw("points", panel.scatter, scores["flops"], scores["score"])
        elements.draw("band", panel.fill_between, curves.flops, curves.lower[task], curves.upper[task])
        elements.draw("line", style.halo_line, panel, curves.flops, curves.median[task], halo=elements["halo"])
        for number, name in enumerate(names):
            # the compute a base model was fitted at is the median over its records
            at = float(10.0 ** np.median(log_flops(models.loc[models["base_model"] == name, "flops"])))
            _base_curve(panel, frontier, (curves, task, name, period, at), number, elements)
        style.finish_panel(panel, task, curves.flops, elements)
    when = "" if curves.periods[-1] == "all" else f", {curves.periods[-1]}"
    title = f"Boundary of a new base model and of known ones{when}"
    handles = [
        elements.draw("line", Line2D, [], [], label="new base model, median"),
        elements.draw("band", Patch, label=f"{share_words(prob)} credible band"),
    ]
    for number, name in enumerate(names):
        look: dict[str, Any] = {"color": _colour(number)}
        look |= {"linewidth": 0.0} if elements["base"] is None else {"linestyle": style.DASHES[1 + number % 3]}
        if elements["own"] is not None:
            look |= {"marker": style.MARKERS[number % len(style.MARKERS)]}
        if elements["base"] is not None or elements["own"] is not None:
            handles.append(Line2D([], [], label=style.shorten(name, 28), **look))
    style.finish_figure(panels, title, handles, elements, new_figure)
    return panels


def _base_curve(
    panel: Axes,
    frontier: Frontier,
    what: tuple[BoundaryCurves, str, str, int | str | None, float],
    number: int,
    elements: style.Settled,
) -> None:
    curves, task, name, period, at = what
    colour = {"color": _colour(number)}
    # a thin line needs fewer points than the band
    x = curves.flops[::3]
    known = frontier.attainable(x, curves.prob, task, period, name)["median"]
    elements.draw("base", panel.plot, x, known, linestyle=style.DASHES[1 + number % 3], **colour)
    if (options := elements["own"]) is not None:
        there = frontier.attainable(at, curves.prob, task, period, name)
        middle = there["median"].item()
        ends = [[middle - there["lower"].item()], [there["upper"].item() - middle]]
        marker = {"fmt": style.MARKERS[number % len(style.MARKERS)], "elinewidth": options.get("linewidth", 2.0)}
        rest = {key: value for key, value in options.items() if key != "linewidth"}
        panel.errorbar([at], [middle], yerr=ends, **{**colour, **marker, **rest})


def _colour(number: int) -> str:
    return style.OKABE_ITO[1:][(4, 1, 2, 0, 3)[number % 5]]


def plot_factors(found: xr.Dataset, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw the shared part of each task's variance, with its loadings.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.factors`.
    axes, visuals : optional
        As in `plot_boundary`, one panel; elements: interval, median, values, grid, title, labels, names.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.
    """
    elements = style.settle(visuals, ROW_ELEMENTS)
    values = [100.0 * found[name].to_numpy() for name in ("shared", "shared_lower", "shared_upper")]
    loadings = found["loading"].to_numpy()
    texts = tuple("  ".join(f"{value:+.2f}" for value in row) for row in loadings)
    names = tuple(str(task) for task in found["task"].to_numpy())
    panel, new_figure = row_axes(axes, len(names))
    draw_rows(panel, Rows(names, values[0], values[1], values[2], None, texts), elements)
    panel.set_xlim(-2.0, 102.0)
    rank = int(found.attrs["rank"])
    title = f"What {rank} factor{'s' * (rank > 1)} behind {found.attrs['base_models']} base models explain"
    title = title if rank > 1 else title.replace("explain", "explains")
    share = share_words(float(found.attrs["prob"]))
    title_and_label(panel, title, f"% of a task's variance, {share} interval; right: loadings", elements, new_figure)
    return panel
