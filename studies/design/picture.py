"""The picture of the contest of designs."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_frontier.plots.style import FAINT, GRID, INK, OKABE_ITO, SOFT, tidy
from studies.design.verdicts import OURS, by_arm

_TITLES = {"distance": "our model", "published_distance": "fit of arXiv 2602.15327"}
# The two arms that ours is judged by; the rest is grey.
NAMED = {"random": OKABE_ITO[5], "one per base model": "#b26a00"}
# Names stand at least this far apart, as a share of the panel's height.
_APART = 0.055


def plot_contest(results: pd.DataFrame) -> Figure:
    """Draw mean distance to the full-data boundary against budget, for every arm, named at the end of its line."""
    figure, panels = plt.subplots(1, 2, figsize=(12.5, 5.2), layout="constrained", sharex=True)
    for ax, (measure, title) in zip(panels, _TITLES.items(), strict=True):
        table = by_arm(results, measure).dropna(how="all")
        budgets = 100.0 * table.columns.to_numpy(dtype=float)
        for arm in table.index:
            ax.plot(budgets, 1000.0 * table.loc[arm], label=arm, solid_capstyle="round", **_style(arm))
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks(budgets, [f"{b:.0f}%" for b in budgets])
        ax.minorticks_off()
        ticks = [t for t in (1, 2, 5, 10, 20, 50, 100) if ax.get_ylim()[0] <= t <= ax.get_ylim()[1]]
        ax.set_yticks(ticks, [str(t) for t in ticks])
        tidy(ax, GRID)
        ax.set_title(title, fontsize=11, fontweight="bold", loc="left", color=INK)
        ax.set_xlabel("budget, share of all parameters", fontsize=10, color=SOFT)
        _name_ends(ax, 1000.0 * table.iloc[:, -1], budgets[-1])
    panels[0].set_ylabel("distance to the full-data boundary, score x 1000", fontsize=10, color=SOFT)
    return figure


def _name_ends(ax: Axes, ends: pd.Series, last: float) -> None:
    """Name every line at its end; names that would meet are moved apart."""
    low, high = np.log10(ax.get_ylim())
    ends = ends.dropna().sort_values()
    # as shares of the height of the panel
    places = (np.log10(ends.to_numpy(dtype=float)) - low) / (high - low)
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + _APART)
    excess = places[-1] - 1.0 if len(places) else 0.0
    places -= max(excess, 0.0)
    for arm, place in zip(ends.index, places, strict=True):
        style = _style(str(arm))
        ax.annotate(
            str(arm),
            (last, ends[arm]),
            xytext=(1.06, place),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            color=style["color"] if arm in NAMED else SOFT,
            fontweight="bold" if arm == OURS else "normal",
            arrowprops={
                "arrowstyle": "-",
                "color": FAINT,
                "linewidth": 0.8,
                "shrinkA": 2,
                "shrinkB": 2,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )


def _style(arm: str) -> dict[str, Any]:
    if arm == OURS:
        return {"color": OKABE_ITO[0], "linewidth": 3.0, "marker": "o", "zorder": 5}
    if arm in NAMED:
        return {"color": NAMED[arm], "linewidth": 1.9, "marker": "o", "markersize": 4, "zorder": 4}
    return {"color": "#b4b8c0", "linewidth": 1.2, "marker": "o", "markersize": 2.5, "zorder": 2}
