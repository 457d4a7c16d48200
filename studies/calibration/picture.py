"""Pictures of the calibration study: coverage and width of every scenario, and coverage along compute."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from bayes_frontier.plots.style import (
    GRID,
    INK,
    LABELS,
    LEGEND,
    MARKERS,
    NAME,
    OKABE_ITO,
    TITLE,
    Visuals,
    panel_grid,
    place_legend,
    place_title,
    settle,
    tidy,
)

NAMES = {
    "model": "this model",
    "bootstrap": "cluster bootstrap",
    "sandwich": "cluster sandwich",
    "uncalibrated": "uncalibrated asymmetric Laplace",
}
ELEMENTS: dict[str, dict[str, object]] = {
    "points": {"linestyle": "none", "markersize": 6.0, "zorder": 3.0},
    "errors": {"linewidth": 1.2, "zorder": 2.5},
    "nominal": {"color": INK, "linewidth": 1.0, "zorder": 1.5},
    "lines": {"linewidth": 1.8, "markersize": 5.0, "zorder": 3.0},
    "grid": GRID,
    "name": NAME,
    "labels": LABELS,
    "title": TITLE,
    "legend": LEGEND,
}


def plot_coverage(table: pd.DataFrame, *, visuals: Visuals | None = None) -> npt.NDArray[Any]:
    """Draw coverage of 50% and 90% intervals and the width of the latter, by scenario and method."""
    chosen = settle(visuals, ELEMENTS)
    scenarios = list(dict.fromkeys(table["scenario"]))[::-1]
    methods = [name for name in NAMES if name in set(table["method"])]
    panels = panel_grid(3, height=1.2 + 0.28 * len(scenarios))
    handles: list[Any] = []
    parts = (
        ("covered50", "50% intervals cover", 0.5),
        ("covered90", "90% intervals cover", 0.9),
        ("width", "width of 90% intervals", None),
    )
    for panel, (column, name, nominal) in zip(panels, parts, strict=True):
        for i, method in enumerate(methods):
            part = table[table["method"] == method].set_index("scenario").reindex(scenarios)
            height = np.arange(len(scenarios)) + 0.12 * (len(methods) / 2 - 0.5 - i)
            look = {"color": OKABE_ITO[i % len(OKABE_ITO)], "marker": MARKERS[i % len(MARKERS)]}
            if (options := chosen["errors"]) is not None:
                reach = 2 * part[f"{column}_se"]
                panel.hlines(height, part[column] - reach, part[column] + reach, color=look["color"], **options)
            if (options := chosen["points"]) is not None:
                (mark,) = panel.plot(part[column], height, **{**look, **options, "label": NAMES[method]})
                handles += [mark] if column == "width" else []
        if nominal is not None and (options := chosen["nominal"]) is not None:
            panel.axvline(nominal, **options)
        tidy(panel, chosen["grid"])
        panel.set_yticks(range(len(scenarios)), scenarios if panel is panels[0] else [])
        panel.set_ylim(-0.6, len(scenarios) - 0.4)
        if nominal is None:
            panel.set_xlim(left=0.0)
        else:
            panel.set_xlim(0.0, 1.02)
            panel.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        if (options := chosen["name"]) is not None:
            panel.set_title(name, **options)
        if (options := chosen["labels"]) is not None:
            panel.set_xlabel("score" if nominal is None else "share of the simulated truths", **options)
    if (options := chosen["legend"]) is not None:
        place_legend(panels, [*handles, _promise(chosen)], {"ncols": 5, **options}, new_figure=True)
    title = "How often intervals for a new base model hold the simulated truth (bars: 2 standard errors)"
    place_title(panels, title, chosen["title"], new_figure=True)
    return panels


def plot_along_compute(points: pd.DataFrame, *, visuals: Visuals | None = None) -> npt.NDArray[Any]:
    """Draw coverage of 90% intervals and bias along the range of compute, averaged over scenarios."""
    chosen = settle(visuals, ELEMENTS)
    mean = points.groupby(["method", "position"])[["covered90", "width", "bias"]].mean()
    panels = panel_grid(3)
    handles: list[Any] = []
    parts = (
        ("covered90", "90% intervals cover", 0.9),
        ("width", "width of 90% intervals, score", None),
        ("bias", "bias, score", 0.0),
    )
    methods = [name for name in NAMES if name in mean.index.get_level_values("method")]
    for panel, (column, name, nominal) in zip(panels, parts, strict=True):
        for i, method in enumerate(methods):
            _line(panel, mean.loc[method][column], i, NAMES[method], chosen, handles if column == "bias" else [])
        if nominal is not None and (options := chosen["nominal"]) is not None:
            panel.axhline(nominal, **options)
        if column == "covered90":
            panel.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        tidy(panel, chosen["grid"])
        if (options := chosen["name"]) is not None:
            panel.set_title(name, **options)
        if (options := chosen["labels"]) is not None:
            panel.set_xlabel("compute: 0 the lowest, 1 the highest", **options)
    if (options := chosen["legend"]) is not None:
        place_legend(panels, [*handles, _promise(chosen)], {"ncols": 5, **options}, new_figure=True)
    place_title(panels, "Along the range of compute, mean of all scenarios", chosen["title"], new_figure=True)
    return panels


def _promise(chosen: dict[str, Any]) -> Line2D | None:
    options = chosen["nominal"]
    return None if options is None else Line2D([], [], **{**options, "label": "what they promise"})


def _line(panel: Axes, values: pd.Series, i: int, label: str, chosen: dict[str, Any], handles: list[Any]) -> None:
    if (options := chosen["lines"]) is None:
        return
    look = {"color": OKABE_ITO[i % len(OKABE_ITO)], "marker": MARKERS[i % len(MARKERS)]}
    (line,) = panel.plot(values.index.to_numpy(float), values.to_numpy(float), **{**look, **options, "label": label})
    handles.append(line)
