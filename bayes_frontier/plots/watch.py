"""How far boundaries moved since a fit, beside what it forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import ELEMENTS as ROWS
from bayes_frontier.plots.intervals import Rows, draw_rows, row_axes, title_and_label

if TYPE_CHECKING:
    import xarray as xr

ELEMENTS: dict[str, dict[str, object]] = {
    **{name: options for name, options in ROWS.items() if name != "inner"},
    "zone": {"color": style.FAINT, "alpha": 0.7, "linewidth": 0.0, "zorder": 0.5},
    "zero": {"color": style.INK, "linewidth": 1.0, "zorder": 2.0},
    "forecast": {"color": style.OKABE_ITO[1], "alpha": 0.45, "linewidth": 7.0, "zorder": 1.5},
}


def plot_watch(found: xr.Dataset, *, axes: Axes | None = None, visuals: style.Visuals | None = None) -> Axes:
    """Draw the change of each task's boundary over what the fit forecast.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.watch`.
    axes : Axes, optional
        Where to draw; none: a new figure.
    visuals : mapping, optional
        By element (interval, median, forecast, zone, zero, values, grid, title, labels, names): False leaves it out, a
        mapping changes the options of the Matplotlib artist.

    Returns
    -------
    matplotlib.axes.Axes
        The panel; its figure is ``axes.figure``.
    """
    chosen = style.settle(visuals, ELEMENTS)
    median, lower, upper = (found[part].to_numpy() for part in ("median", "lower", "upper"))
    early, late = (found[f"forecast_{part}"].to_numpy() for part in ("lower", "upper"))
    chances = zip(found["verdict"].to_numpy(), found["advance"].to_numpy(), found["retreat"].to_numpy(), strict=True)
    texts = tuple(f"{word}  (P up {up:.2f}, down {down:.2f})" for word, up, down in chances)
    panel, own = row_axes(axes, len(median))
    delta = float(found.attrs["delta"])
    if (options := chosen["zone"]) is not None:
        panel.axvspan(-delta, delta, **options)
    if (options := chosen["zero"]) is not None:
        panel.axvline(0.0, **options)
    from_fit = found.attrs["against"] == "fit"
    if from_fit and (options := chosen["forecast"]) is not None:
        panel.hlines(np.arange(len(median)), early, late, **options)
    draw_rows(panel, Rows(tuple(map(str, found["task"].to_numpy())), median, lower, upper, None, texts), chosen)
    ends = np.concatenate([lower, upper, *([early, late] if from_fit else []), [2.0 * delta]])
    reach = 1.15 * float(np.nanmax(np.abs(ends)))
    panel.set_xlim(-reach, reach)
    since = "the last fitted scores" if from_fit else "what the fit forecast"
    title = f"Change since {since}, at {style.flops_text(float(found.attrs['flops']))} FLOPs"
    share = f"{100 * float(found.attrs['prob']):.4g}%"
    orange = "; orange: forecast" if from_fit else ""
    title_and_label(
        panel, title, f"change in score: median, {share} interval{orange}; grey: up to {delta:g}", chosen, own
    )
    return panel
