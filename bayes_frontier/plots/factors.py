"""How much of each task's base-model effects is shared with others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import ELEMENTS as ROWS
from bayes_frontier.plots.intervals import Rows, draw_rows, row_axes, title_and_label

if TYPE_CHECKING:
    import xarray as xr

ELEMENTS: dict[str, dict[str, object]] = {name: options for name, options in ROWS.items() if name != "inner"}


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
    chosen = style.settle(visuals, ELEMENTS)
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
