"""Pictures of checks: what each verdict rests on, with the limits it is judged by."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes

from bayes_frontier.checks import compute, crossing, exceedances, influence, population, scale, shape
from bayes_frontier.checks.result import Check
from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import ROW_ELEMENTS, Rows, draw_rows, row_axes, title_and_label
from bayes_frontier.posterior.diagnostics import ESS_MIN, R_HAT_MAX
from bayes_frontier.text import flops_words, task_title

# Colours of verdicts differ in lightness too; the verdict is also in the title.
COLOURS = {"pass": style.OKABE_ITO[0], "warn": style.OKABE_ITO[1], "fail": style.OKABE_ITO[5], "unknown": "#8c8c8c"}
ELEMENTS: dict[str, dict[str, object]] = {
    **ROW_ELEMENTS,
    "points": {"s": 30.0, "zorder": 4.0},
    "band": {"color": style.FAINT, "linewidth": 0.0, "zorder": 0.5},
    "error": {"color": style.SOFT, "linewidth": 1.2, "zorder": 3.0},
    "limits": {"color": style.INK, "linewidth": 1.0, "zorder": 2.0},
    "name": style.NAME,
}
_MOST_NAMED, _MOST_SLANTED = 8, 14
# Of the picture of the prior, three a task.
_MOST_ROWS = 36
# Lines of limits: the centre solid, then warn dashed and fail dotted, on one side or both.
_LINES = (0, 1, 2, 1, 2)


def plot_check(
    check: Check, *, axes: npt.ArrayLike | Axes | None = None, visuals: style.Visuals | None = None
) -> npt.NDArray[Any]:
    """Draw a check.

    Parameters
    ----------
    check : Check
        With numbers.
    axes : Axes or array of Axes, optional
        Where to draw; none: a new figure.
    visuals : mapping, optional
        By element of `ELEMENTS`: False leaves it out, a mapping changes the options of the Matplotlib artist.

    Returns
    -------
    numpy.ndarray
        Axes; the figure is ``axes[0].figure``.

    Raises
    ------
    QueryError
        If the check was not run: there is nothing to draw.
    """
    if check.picture not in _PICTURES or check.numbers.empty:
        raise QueryError(f"The check {check.name!r} was not run: there is nothing to draw.")
    elements = style.settle(visuals, ELEMENTS)
    return np.atleast_1d(np.asarray(_PICTURES[check.picture](check, elements, axes), dtype=object))


def _title(check: Check) -> str:
    return f"{check.name}: {check.verdict}"


def _coverage(check: Check, elements: style.Settled, axes: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    numbers = check.numbers
    if (numbers["group"] == "all").all():
        panel, new_figure = row_axes(axes, 10)
        panels = np.array([panel], dtype=object)
        _groups(panel, numbers.assign(group=numbers["task"].map(task_title)), elements)
    else:
        tasks = list(numbers["task"].unique())
        panels, new_figure = style.take_axes(axes, len(tasks), height=2.9)
        for panel, task in zip(panels, tasks, strict=True):
            _groups(panel, numbers[numbers["task"] == task], elements)
            style.name_panel(panel, task, elements["name"])
    reach = 1.1 * max(np.abs(panel.get_ylim()).max() for panel in panels)
    for panel in panels:
        panel.set_ylim(-reach, reach)
    style.label_outer(panels, "", "coverage error", elements["labels"], new_figure)
    words = "Grey: binomial noise; bars: ± 2 cluster errors; rings: averaged over draws"
    style.place_title(panels, f"{_title(check)}\n{words}", elements["title"], new_figure)
    return panels


def _groups(panel: Axes, rows: pd.DataFrame, elements: style.Settled) -> None:
    x = np.arange(len(rows))
    low, high = rows["binomial_low"].to_numpy(), rows["binomial_high"].to_numpy()
    elements.draw("band", panel.bar, x, high - low, bottom=low, width=0.8)
    elements.draw("limits", panel.axhline, 0.0)
    error, twice = rows["error"], 2 * rows["cluster_error"]
    elements.draw("error", panel.vlines, x, error - twice, error + twice)
    if (options := elements["points"]) is not None:
        colours = rows["verdict"].map(COLOURS).tolist()
        panel.scatter(x, rows["drawn_error"], **{**options, "facecolors": "none", "edgecolors": colours})
        panel.scatter(x, rows["error"], **{**options, "c": colours})
    style.tidy(panel, elements["grid"], axis="y")
    slant: dict[str, Any] = {"rotation": 90} if len(rows) > _MOST_SLANTED else {"rotation": 30, "ha": "right"}
    panel.set_xticks(x, [style.shorten(str(name), 26) for name in rows["group"]], **slant)
    style.literal(*panel.get_xticklabels())


def _dots(
    check: Check,
    elements: style.Settled,
    axes: Any,  # noqa: ANN401
    values: str,
    texts: pd.Series,
    lines: list[float],
    xlabel: str,
    *,
    log: bool = False,
    bar: str = "",
) -> Axes:
    """Draw one row per task: a dot, the limits as lines, and a text."""
    numbers = check.numbers
    panel, new_figure = row_axes(axes, len(numbers))
    for at, line in enumerate(lines):
        elements.draw("limits", panel.axvline, line, linestyle=style.DASHES[_LINES[at]])
    middle = numbers[values].to_numpy(float)
    other = numbers[bar].to_numpy(float) if bar else middle
    named = numbers["task"].map(task_title)
    names = tuple(named if "boundary" not in numbers else named + ", " + numbers["boundary"])
    rows = Rows(names, middle, np.minimum(middle, other), np.maximum(middle, other), None, tuple(texts))
    verdict = numbers["verdict"].map(COLOURS).tolist()
    if elements["median"] is not None:
        elements["median"]["edgecolor"] = verdict
    draw_rows(panel, rows, elements)
    if log:
        panel.set_xscale("log")
        panel.set_xticks(lines, [f"{line:g}" for line in lines])
        panel.minorticks_off()
    title_and_label(panel, _title(check), xlabel, elements, new_figure)
    return panel


def _exceedances(check: Check, elements: style.Settled, axes: Any) -> Axes:  # noqa: ANN401
    numbers = check.numbers
    texts = numbers["top"].map(lambda name: style.shorten(name, 24)) + numbers.apply(
        lambda row: f": {row['top_exceedances']} above, {row['top_expected']:.1f} expected", axis=1
    )
    limits = [1.0, exceedances.DISPERSION.warn, exceedances.DISPERSION.fail]
    label = "dispersion of exceedances over base models (1: binomial)"
    return _dots(check, elements, axes, "dispersion", texts, limits, label)


def _pinball(check: Check, elements: style.Settled, axes: Any) -> Axes:  # noqa: ANN401
    texts = check.numbers.apply(
        lambda row: f"{100 * row['skill']:.0f}% below; a shift saves {100 * row['gain']:.1f}%", axis=1
    )
    return _dots(
        check, elements, axes, "loss", texts, [0.0], "pinball loss: ring; line: to a constant's", bar="constant"
    )


def _scale(check: Check, elements: style.Settled, axes: Any) -> Axes:  # noqa: ANN401
    low, high = scale.FACTOR.warn, scale.FACTOR.fail
    texts = check.numbers["factor"].map("{:.2f}".format)
    lines = [1.0, low, high, 1 / low, 1 / high]
    return _dots(check, elements, axes, "factor", texts, lines, "scale over what the residuals ask for", log=True)


def _shape(check: Check, elements: style.Settled, axes: Any) -> Axes:  # noqa: ANN401
    texts = check.numbers.apply(
        lambda row: f"{row['change']:+.3f} at {flops_words(row['flops'])} FLOPs; chance {row['chance']:.2f}", axis=1
    )
    lines = [0.0, shape.IN_SD.warn, shape.IN_SD.fail, -shape.IN_SD.warn, -shape.IN_SD.fail]
    label = "base models about the boundary, in posterior standard deviations"
    return _dots(check, elements, axes, "in_sd", texts, lines, label)


def _population(check: Check, elements: style.Settled, axes: Any) -> Axes:  # noqa: ANN401
    numbers = check.numbers
    texts = numbers.apply(lambda row: f"{row['base_models']} base models; chance {row['chance']:.2f}", axis=1)
    named = numbers.assign(task=numbers["task"].map(task_title) + ", " + numbers["compute"] + " compute")
    one = Check(check.name, check.verdict, named, check.sentence, check.picture)
    expected = float(numbers["expected"].iloc[0])
    factors = [1.0, population.FACTOR.warn, population.FACTOR.fail]
    lines = [expected * factor for factor in factors] + [expected / factor for factor in factors[1:]]
    label = "share of left-out base models' scores above the boundary"
    return _dots(one, elements, axes, "share", texts, lines, label)


def _compute(check: Check, elements: style.Settled, axes: Any) -> Axes:  # noqa: ANN401
    numbers = check.numbers.loc[check.numbers.groupby("task", sort=False)["in_sd"].idxmax()].reset_index(drop=True)
    texts = numbers.apply(lambda row: f"{row['change']:.3f} at {flops_words(row['flops'])} FLOPs", axis=1)
    one = Check(check.name, check.verdict, numbers, check.sentence, check.picture)
    label = "change by uncertain compute, in posterior standard deviations"
    return _dots(one, elements, axes, "in_sd", texts, [0.0, compute.SAID, compute.IN_SD.warn], label)


def _crossing(check: Check, elements: style.Settled, axes: Any) -> Axes:  # noqa: ANN401
    numbers = check.numbers
    texts = numbers.apply(lambda row: f"tau {row['tau_low']:g} under {row['tau_high']:g}", axis=1)
    lines = [0.0, crossing.DEPTH.warn, crossing.DEPTH.fail]
    label = "largest excess of the lower level's boundary, in scores (above 0: they cross)"
    return _dots(check, elements, axes, "depth", texts, lines, label)


def _prior(check: Check, elements: style.Settled, axes: Any) -> Axes:  # noqa: ANN401
    n = len(check.numbers)
    furthest = check.numbers["tail"].sort_values(kind="stable").index[:_MOST_ROWS]
    numbers = check.numbers.loc[furthest.sort_values()]
    panel, new_figure = row_axes(axes, len(numbers))
    names = tuple(numbers["task"].map(task_title) + ", " + numbers["part"] + " compute")
    texts = tuple(numbers["tail"].map("tail probability {:.2f}".format))
    middle, lower, upper = (numbers[part].to_numpy(float) for part in ("median", "lower", "upper"))
    draw_rows(panel, Rows(names, middle, lower, upper, None, texts), elements)
    if (options := elements["points"]) is not None:
        colours = numbers["verdict"].map(COLOURS).tolist()
        panel.scatter(numbers["observed"], np.arange(len(numbers)), **{**options, "c": colours, "marker": "D"})
    panel.set_xlim(-0.02, 1.02)
    title = _title(check) + (f" (the {_MOST_ROWS} of {n} furthest out)" if n > _MOST_ROWS else "")
    label = "boundary: prior median and 90% interval; diamonds: the scores' own quantile"
    title_and_label(panel, title, label, elements, new_figure)
    return panel


def _convergence(check: Check, elements: style.Settled, axes: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    numbers = check.numbers
    panels, new_figure = style.take_axes(axes, 1, height=3.6)
    panel: Axes = panels[0]
    elements.draw("limits", panel.axvline, ESS_MIN, linestyle=style.DASHES[1])
    elements.draw("limits", panel.axhline, R_HAT_MAX, linestyle=style.DASHES[1])
    if (options := elements["points"]) is not None:
        colours = np.where(numbers["passes"], COLOURS["pass"], COLOURS["fail"]).tolist()
        panel.scatter(numbers["ess_bulk"], numbers["r_hat"], **{**options, "s": 14.0, "c": colours, "alpha": 0.7})
    if (options := elements["values"]) is not None:
        # the table has the worst first
        for _, row in numbers[~numbers["passes"]].head(_MOST_NAMED // 2).iterrows():
            place: dict[str, Any] = {"xytext": (5, 3), "textcoords": "offset points"}
            what = style.shorten(row["quantity"].split("[")[-1].rstrip("]"), 34)
            text = panel.annotate(what, (row["ess_bulk"], row["r_hat"]), fontsize=8, color=style.SOFT, **place)
            style.literal(text)
    panel.set_xscale("log")
    style.tidy(panel, elements["grid"])
    style.label_outer(panels, "bulk effective sample size", "R-hat", elements["labels"], new_figure)
    style.place_title(panels, f"{_title(check)} (dashed: the gate)", elements["title"], new_figure)
    return panels


def _influence(check: Check, elements: style.Settled, axes: Any) -> Axes:  # noqa: ANN401
    shown = check.numbers["in_sd"].abs().sort_values(ascending=False, kind="stable").index[:_MOST_NAMED]
    unsure = check.numbers.index[check.numbers["verdict"] == "unknown"]
    numbers = check.numbers.loc[shown.union(unsure[:_MOST_NAMED])]
    numbers = numbers.sort_values("in_sd", key=lambda values: -values.abs(), kind="stable").reset_index(drop=True)
    texts = numbers.apply(
        lambda row: (
            f"{row['n']:,} scores, {row['change']:+.3f}"
            + (f", unreliable (k {row['pareto_k']:.1f})" if row["verdict"] == "unknown" else "")
        ),
        axis=1,
    )
    named = numbers.assign(
        task=numbers["base_model"].map(lambda name: style.shorten(name, 20)) + ", " + numbers["task"].map(task_title)
    )
    one = Check(check.name, check.verdict, named.assign(zero=0.0), check.sentence, check.picture)
    lines = [0.0, influence.IN_SD.warn, influence.IN_SD.fail]
    label = "change of the boundary without it, in posterior standard deviations"
    return _dots(one, elements, axes, "in_sd", texts, [*lines, *(-line for line in lines[1:])], label, bar="zero")


_PICTURES: dict[str, Callable[[Check, style.Settled, Any], Any]] = {
    "convergence": _convergence,
    "coverage": _coverage,
    "exceedances": _exceedances,
    "pinball": _pinball,
    "scale": _scale,
    "shape": _shape,
    "population": _population,
    "compute": _compute,
    "crossing": _crossing,
    "prior": _prior,
    "influence": _influence,
}
