"""Rows of credible intervals, one a name: the form that several pictures share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style

Floats = npt.NDArray[np.float64]
ELEMENTS: dict[str, dict[str, object]] = {
    "interval": {"color": style.OKABE_ITO[0], "linewidth": 2.0, "zorder": 3.0, "solid_capstyle": "round"},
    "inner": {"color": style.OKABE_ITO[0], "linewidth": 5.0, "zorder": 3.5, "solid_capstyle": "round"},
    "median": {"s": 46.0, "color": style.PAPER, "edgecolor": style.OKABE_ITO[0], "linewidth": 1.8, "zorder": 4.0},
    "values": {"fontsize": 9, "color": style.SOFT, "horizontalalignment": "left", "verticalalignment": "center"},
    "grid": style.GRID,
    "title": style.TITLE,
    "labels": style.LABELS,
    "names": {"fontsize": 10, "color": style.INK},
}
_ROW, _AROUND, _WIDTH = 0.34, 1.2, 7.4


@dataclass(frozen=True)
class Rows:
    """Intervals to draw, the first row on top.

    Attributes
    ----------
    names : tuple of str
        What each row is of.
    median, lower, upper : numpy.ndarray
        Centre and ends, shape (n,).
    inner : tuple of numpy.ndarray or None
        Ends of a narrower interval within.
    texts : tuple of str
        What stands at the right of each row.
    """

    names: tuple[str, ...]
    median: Floats
    lower: Floats
    upper: Floats
    inner: tuple[Floats, Floats] | None
    texts: tuple[str, ...]


def row_axes(axes: Axes | None, n: int) -> tuple[Axes, bool]:
    """Return the panel for rows of intervals: the caller's, or one of a new figure as high as they need.

    Parameters
    ----------
    axes : Axes or None
        What the caller gave.
    n : int
        Number of rows.

    Returns
    -------
    tuple
        The panel, and whether its figure is new.

    Raises
    ------
    QueryError
        If it is no single panel.
    """
    if axes is None:
        figure = Figure(figsize=(_WIDTH, _AROUND + _ROW * max(n, 2)), layout="constrained", facecolor=style.PAPER)
        return figure.subplots(), True
    if not isinstance(axes, Axes):
        raise QueryError("axes: this picture has one panel; give one.")
    return axes, False


def draw_rows(panel: Axes, rows: Rows, chosen: style.Settled) -> None:
    """Draw rows of intervals on a panel whose horizontal axis is set up already.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
        The panel.
    rows : Rows
        What to draw.
    chosen : dict
        Options of `ELEMENTS`, settled.
    """
    height = np.arange(len(rows.names))
    if (options := chosen["interval"]) is not None:
        panel.hlines(height, rows.lower, rows.upper, **_lines(options))
    if rows.inner is not None and (options := chosen["inner"]) is not None:
        panel.hlines(height, *rows.inner, **_lines(options))
    if (options := chosen["median"]) is not None:
        inside = np.isfinite(rows.median)
        panel.scatter(rows.median[inside], height[inside], **options)
    if (options := chosen["values"]) is not None:
        for y, text in zip(height, rows.texts, strict=True):
            place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
            style.literal(panel.annotate(text, (1.02, float(y)), **place, **options))
    style.tidy(panel, chosen["grid"], axis="x")
    if panel.get_xscale() == "linear":
        # room for numbers of four decimals
        panel.locator_params(axis="x", nbins=5)
    panel.set_yticks(height, [style.shorten(name, 32) for name in rows.names])
    style.literal(*panel.get_yticklabels())
    if (options := chosen["names"]) is not None:
        for label in panel.get_yticklabels():
            label.set(**options)
    else:
        panel.set_yticklabels([])
    panel.set_ylim(len(rows.names) - 0.4, -0.6)


def title_and_label(panel: Axes, title: str, xlabel: str, chosen: style.Settled, own: bool) -> None:
    """Put title and axis label on a picture of rows.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
        The panel.
    title : str
        What the picture shows.
    xlabel : str
        Quantity with its unit.
    chosen : dict
        Options, settled.
    own : bool
        Whether the figure is new.
    """
    panels = np.array([panel], dtype=object)
    style.place_title(panels, title, chosen["title"], own)
    style.label_outer(panels, xlabel, "", chosen["labels"], own)


def pick_names(asked: Sequence[str] | str | None, known: Sequence[str], what: str) -> tuple[str, ...]:
    """Return the names asked for, or all.

    Parameters
    ----------
    asked : str, sequence of str or None
        Names.
    known : sequence of str
        All names.
    what : str
        The argument's name, for messages.

    Returns
    -------
    tuple of str
        At least one name; whether each is known is for the fit to say.

    Raises
    ------
    QueryError
        If none is given.
    """
    names = (asked,) if isinstance(asked, str) else tuple(known if asked is None else asked)
    if not names:
        raise QueryError(f"{what}: none is given; name at least one, or leave the argument out for all.")
    return names


def _lines(options: Mapping[str, Any]) -> dict[str, Any]:
    # hlines makes a collection, which calls this capstyle
    return {("capstyle" if key == "solid_capstyle" else key): value for key, value in options.items()}
