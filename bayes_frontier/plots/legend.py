"""The legend of the picture of boundaries."""

from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from bayes_frontier.plots.curves import BoundaryCurves
from bayes_frontier.plots.style import period_colours


def entries(curves: BoundaryCurves, chosen: dict[str, dict[str, Any] | None]) -> list[Any]:
    """Make the legend's handles for the elements that are drawn.

    Parameters
    ----------
    curves : BoundaryCurves
        What is shown.
    chosen : dict
        Options by element, None where it is left out.

    Returns
    -------
    list of matplotlib.artist.Artist
        Labelled handles: the boundary and its band, the truth, then the periods.
    """
    colours = period_colours(len(curves.periods))
    share = f"{100 * curves.prob:.4g}%"
    handles: list[Any] = []
    if (line := chosen["line"]) is not None:
        style = {"color": colours[-1], "linewidth": line.get("linewidth", 2.0), **_colour(line)}
        handles.append(Line2D([], [], label="boundary, median", **style))
    if (band := chosen["band"]) is not None:
        handles.append(
            Patch(
                **{"color": colours[-1], **_colour(band)},
                alpha=0.35,
                linewidth=0,
                label=f"{share} credible band",
            )
        )
    if (truth := chosen["truth"]) is not None and curves.truth:
        options = {key: value for key, value in truth.items() if key != "zorder"}
        handles.append(Line2D([], [], label="truth", **options))
    for colour, label in zip(colours, curves.periods, strict=True):
        handles += _period(colour, label, chosen, is_last=label == curves.periods[-1])
    return handles


def _period(colour: str, label: str, chosen: dict[str, dict[str, Any] | None], is_last: bool) -> list[Any]:
    with_points, with_line = chosen["points"] is not None, chosen["past"] is not None and not is_last
    if not (with_points or with_line):
        return []
    words = "models" if label == "all" else label
    return [
        Line2D(
            [],
            [],
            color=colour,
            linewidth=1.3 if with_line else 0.0,
            marker="o" if with_points else "",
            markersize=4.5,
            label=words,
        )
    ]


def _colour(options: dict[str, Any]) -> dict[str, Any]:
    return {"color": options["color"]} if "color" in options else {}
