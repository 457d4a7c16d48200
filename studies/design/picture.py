"""The picture of the contest of designs."""

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from bayes_frontier.plots.style import OKABE_ITO
from studies.design.arms import RANDOM
from studies.design.verdicts import OURS, by_arm

_TITLES = {"distance": "our model", "published_distance": "fit of arXiv 2602.15327"}


def plot_contest(results: pd.DataFrame) -> Figure:
    """Draw mean distance to the full-data boundary against budget, for every arm."""
    figure, panels = plt.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained", sharex=True)
    arms = [OURS, *RANDOM, *sorted(set(by_arm(results, "distance").index) - {OURS, *RANDOM})]
    for ax, (measure, title) in zip(panels, _TITLES.items(), strict=True):
        table = by_arm(results, measure)
        budgets = 100.0 * table.columns.to_numpy(dtype=float)
        for place, arm in enumerate(arms):
            if arm in table.index:
                ax.plot(budgets, 1000.0 * table.loc[arm], label=arm, **_style(arm, place))
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks(budgets, [f"{b:.0f}%" for b in budgets])
        ax.minorticks_off()
        ticks = [t for t in (1, 2, 5, 10, 20, 50, 100) if ax.get_ylim()[0] <= t <= ax.get_ylim()[1]]
        ax.set_yticks(ticks, [str(t) for t in ticks])
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("budget, share of all parameters", fontsize=9)
    panels[0].set_ylabel("distance to the full-data boundary, score x 1000", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=8, frameon=False)
    return figure


def _style(arm: str, place: int) -> dict[str, Any]:
    if arm == OURS:
        return {"color": OKABE_ITO[0], "linewidth": 2.6, "marker": "o", "zorder": 5}
    if arm in RANDOM:
        return {"color": OKABE_ITO[1 + place % 3], "linewidth": 1.6, "marker": "o", "markersize": 4}
    return {
        "color": OKABE_ITO[place % len(OKABE_ITO)],
        "linewidth": 1.1,
        "linestyle": "--",
        "marker": "s",
        "markersize": 3,
    }
