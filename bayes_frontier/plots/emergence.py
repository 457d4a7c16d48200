"""How abruptly boundaries rise, a row a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import ELEMENTS as ROWS
from bayes_frontier.plots.intervals import Rows, draw_rows, row_axes, title_and_label

if TYPE_CHECKING:
    from bayes_frontier.analysis.emergence import Emergence

ELEMENTS: dict[str, dict[str, object]] = {
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
    chosen = style.settle(visuals, ELEMENTS)
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
