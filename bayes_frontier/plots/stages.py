"""Boundaries of pretrained and of post-trained models, a panel a task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import style

if TYPE_CHECKING:
    import xarray as xr

ELEMENTS: dict[str, dict[str, object]] = {
    "band": {"alpha": 0.25, "linewidth": 0.0, "zorder": 1.5},
    "line": {"linewidth": 2.0, "zorder": 3.0},
    "halo": {"linewidth": 1.2, "color": style.PAPER, "zorder": 1.4},
    "grid": style.GRID,
    "name": style.NAME,
    "title": style.TITLE,
    "labels": style.LABELS,
    "legend": style.LEGEND,
}
_PARTS = (("pretrained", "pretrained", 1), ("post_trained", "post-trained", 0))


def plot_stages(
    found: xr.Dataset, *, axes: npt.ArrayLike | Axes | None = None, visuals: style.Visuals | None = None
) -> npt.NDArray[Any]:
    """Draw both stages' boundaries over compute.

    Parameters
    ----------
    found : xarray.Dataset
        From `bayes_frontier.stages`, at several computes.
    axes : Axes or array of Axes, optional
        Where to draw, at least one a task; none: a new figure.
    visuals : mapping, optional
        By element (band, line, halo, grid, name, title, labels, legend): False leaves it out, a mapping changes the
        options of the Matplotlib artist.

    Returns
    -------
    numpy.ndarray
        Axes, shape (n_tasks,).

    Raises
    ------
    QueryError
        If there are fewer than two computes.
    """
    chosen = style.settle(visuals, ELEMENTS)
    flops = found["flops"].to_numpy().astype(float)
    if flops.size < 2:
        raise QueryError("stages: one compute makes no curve; ask for several.")
    tasks = [str(name) for name in found["task"].to_numpy()]
    panels, own = style.take_axes(axes, len(tasks))
    for task, panel in zip(tasks, panels, strict=False):
        one = found.sel(task=task)
        for name, _, number in _PARTS:
            look: dict[str, Any] = {"color": style.OKABE_ITO[number], "linestyle": style.DASHES[number]}
            median, lower, upper = (one[key].to_numpy() for key in (name, f"{name}_lower", f"{name}_upper"))
            if (options := chosen["band"]) is not None:
                panel.fill_between(flops, lower, upper, **{"color": look["color"], **options})
            if (options := chosen["line"]) is not None:
                style.halo_line(panel, flops, median, {**look, **options}, chosen["halo"])
        style.compute_axis(panel, float(flops[0]), float(flops[-1]))
        panel.margins(y=0.04)
        style.tidy(panel, chosen["grid"])
        if (options := chosen["name"]) is not None:
            panel.set_title(style.shorten(task), **options, parse_math=False)
    style.label_outer(panels, style.COMPUTE_LABEL, "score", chosen["labels"], own)
    tau = float(found.attrs["tau"])
    style.place_title(
        panels, f"What {100 * tau:.4g}% of models on a new base model do not exceed", chosen["title"], own
    )
    if (options := chosen["legend"]) is not None:
        handles: list[Any] = []
        for _, label, number in _PARTS:
            look = {"color": style.OKABE_ITO[number], "linestyle": style.DASHES[number], "linewidth": 2.0}
            handles.append(Line2D([], [], label=label, **look))
        handles.append(Patch(color=style.SOFT, alpha=0.25, label=f"{100 * float(found.attrs['prob']):.4g}% band"))
        style.place_legend(panels, handles, options, own)
    return np.asarray(panels)
