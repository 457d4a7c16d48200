"""What all pictures share: colours, figures and panels, the compute axis, options of visual elements.

Helpers here are stable: pictures elsewhere in the package are written with them. A picture takes ``axes`` (drawn into
when given) and ``visuals`` (see `settle`), makes its own figure with `panel_grid` otherwise, and returns axes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from bayes_frontier.errors import QueryError
from bayes_frontier.text import suggestion, task_title

Visuals = Mapping[str, Mapping[str, object] | bool]


class Settled(dict[str, dict[str, Any] | None]):
    """Options of a picture's elements; None: left out."""

    def draw(self, element: str, artist: Callable[..., Any], *what: Any, **usual: Any) -> Any:  # noqa: ANN401 - Matplotlib's
        """Call what draws an element with its options over the usual ones, unless it is left out."""
        options = self[element]
        return None if options is None else artist(*what, **{**usual, **options})


# Okabe & Ito (2008), "Color Universal Design": told apart with every common colour vision. Without
# black, which is text and truth, and yellow, which is too light for lines on white.
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
INK, SOFT, FAINT, PAPER = "#1a1a1a", "#404040", "#e6e6e6", "#ffffff"
# Told apart also where colours are not; the first are solid.
DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P")
COMPUTE_LABEL = "pre-training compute (FLOPs)"
# Options of the elements that most pictures have, for a picture's own table of elements.
GRID: dict[str, object] = {"color": FAINT, "linewidth": 0.7}
NAME: dict[str, object] = {"loc": "left", "fontsize": 11, "fontweight": "bold", "color": INK}
TITLE: dict[str, object] = {"fontsize": 12.5, "color": INK, "x": 0.01, "horizontalalignment": "left"}
LABELS: dict[str, object] = {"fontsize": 10, "color": SOFT}
LEGEND: dict[str, object] = {"frameon": False, "fontsize": 9.5}
# What panels over compute have around them, the last of their elements.
AROUND = {"grid": GRID, "name": NAME, "title": TITLE, "labels": LABELS, "legend": LEGEND}
_WIDTHS = {1: 6.4, 2: 8.6}


def period_colours(n: int) -> list[str]:
    """Return a colour for each period; the last one is always the strongest."""
    if n <= len(OKABE_ITO):
        return [*OKABE_ITO[1:n], OKABE_ITO[0]]
    scale = mpl.colormaps["viridis_r"]
    return [mpl.colors.to_hex(scale(0.15 + 0.85 * i / (n - 1))) for i in range(n)]


def settle(visuals: Visuals | None, defaults: Mapping[str, Mapping[str, object]]) -> Settled:
    """Put a caller's options over the defaults."""
    settled = Settled({name: dict(options) for name, options in defaults.items()})
    for name, options in (visuals or {}).items():
        if name not in defaults:
            hint = suggestion(str(name), list(defaults))
            raise QueryError(f"visuals: no element {name!r}.{hint} The elements are {', '.join(defaults)}.")
        if not isinstance(options, bool | Mapping):
            raise QueryError(f"visuals: {name} is {options!r}; give False, True or a mapping of options.")
        if options is False:
            settled[name] = None
        elif options is not True:
            settled[name] = {**defaults[name], **options}
    return settled


def columns_for(n: int) -> int:
    """Return how many columns `n` panels are laid out in."""
    return n if n <= 3 else 2 if n == 4 else 3


def panel_grid(n: int, *, height: float = 3.0, columns: int | None = None) -> npt.NDArray[Any]:
    """Make a figure of `n` panels that belongs to no pyplot state, so nothing needs to be closed."""
    columns = columns or columns_for(n)
    rows = -(-n // columns)
    figure = Figure(figsize=(_WIDTHS.get(columns, 11.5), 1.1 + height * rows), layout="constrained", facecolor=PAPER)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for spare in grid[n:]:
        spare.remove()
    return np.asarray(grid[:n], dtype=object)


def take_axes(axes: npt.ArrayLike | Axes | None, n: int, *, height: float = 3.0) -> tuple[npt.NDArray[Any], bool]:
    """Return the panels to draw into: the caller's, or new ones."""
    if axes is None:
        return panel_grid(n, height=height), True
    given = np.atleast_1d(np.asarray(axes, dtype=object)).ravel()
    if len(given) < n:
        raise QueryError(f"axes: {len(given)} for {n} panels; give one a panel.")
    return given[:n], False


def tidy(panel: Axes, grid: Mapping[str, Any] | None, *, axis: str = "both") -> None:
    """Give a panel the common look: no frame, no tick marks, a faint grid below everything."""
    panel.minorticks_off()
    panel.tick_params(labelsize=9, length=0, colors=SOFT)
    # labels of the lowest score and of the least compute meet in the corner
    panel.tick_params(axis="x", pad=7)
    panel.set_axisbelow(True)
    for side in panel.spines.values():
        side.set_visible(False)
    if grid is not None:
        panel.grid(True, axis=cast(Any, axis), **grid)


def compute_axis(panel: Axes, low: float, high: float) -> None:
    """Make the horizontal axis one of compute: logarithmic, from `low` to `high` FLOPs, labelled in powers of ten."""
    panel.set_xscale("log")
    panel.set_xlim(low, high)
    panel.xaxis.set_major_locator(FixedLocator(compute_ticks(low, high)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))


def compute_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Choose where a compute axis is labelled."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, -(-(last - first + 1) // most))
    powers = [float(f"1e{k}") for k in range(first, last + 1, step)]
    if len(powers) >= 2:
        return powers
    finer = [float(f"{m}e{k}") for k in range(first - 1, last + 1) for m in (1, 2, 5)]
    return [value for value in finer if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)] or [low, high]


def power_of_ten(value: float) -> str:
    """Write FLOPs as mathematics for Matplotlib: ``$10^{24}$``, ``$2×10^{23}$``."""
    mantissa, exponent = f"{value:.1e}".split("e")
    mantissa = mantissa.removesuffix(".0")
    return f"$10^{{{int(exponent)}}}$" if mantissa == "1" else f"${mantissa}×10^{{{int(exponent)}}}$"


def shorten(name: str, most: int = 40) -> str:
    """Cut a long name, so that it fits its place."""
    name = " ".join(name.split())
    return name if len(name) <= most else name[: most - 1] + "…"


def literal(*texts: Text) -> None:
    """Show texts as they are, dollar signs included: names from data are not mathematics."""
    for text in texts:
        text.set_parse_math(False)


def place_legend(
    panels: npt.NDArray[Any], handles: Sequence[Any], options: Mapping[str, Any] | None, new_figure: bool
) -> None:
    """Put the legend below a new figure's panels, or in the last of the caller's; handles of None are left out."""
    handles = [handle for handle in handles if handle is not None]
    if options is None or not handles:
        return
    place = {"loc": "outside lower center", "ncols": columns_for(len(panels)) + 1} if new_figure else {"loc": "best"}
    holder = panels[0].figure if new_figure else panels[-1]
    literal(*holder.legend(handles=handles, **{**place, **options}).get_texts())


def place_title(panels: npt.NDArray[Any], title: str, options: Mapping[str, Any] | None, new_figure: bool) -> None:
    """Put the title over a new figure's panels; the caller's figure gets none."""
    if new_figure and options is not None:
        literal(panels[0].figure.suptitle(title, **options))


def label_outer(
    panels: npt.NDArray[Any], xlabel: str, ylabel: str, options: Mapping[str, Any] | None, new_figure: bool
) -> None:
    """Label the axes: of a new figure the outer ones only, of the caller's panels all."""
    if options is None:
        return
    columns = columns_for(len(panels))
    for number, panel in enumerate(panels):
        if not new_figure or number + columns >= len(panels):
            panel.set_xlabel(xlabel, **options)
        if not new_figure or number % columns == 0:
            panel.set_ylabel(ylabel, **options)


def halo_line(
    panel: Axes,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    halo: Mapping[str, Any] | None,
    **options: Any,  # noqa: ANN401 - Matplotlib's
) -> None:
    """Draw a line with a light rim below it, which keeps it readable over a thousand points."""
    if halo is not None:
        wide = options.get("linewidth", 1.5) + 2 * halo.get("linewidth", 2.0)
        panel.plot(x, y, **{**halo, "linewidth": wide})
    panel.plot(x, y, **options)


def name_panel(panel: Axes, name: str, options: Mapping[str, Any] | None) -> None:
    """Put a name over a panel, a task's as people write it, cut to its place."""
    if options is not None:
        panel.set_title(shorten(task_title(name)), **options, parse_math=False)


def finish_panel(panel: Axes, name: str, flops: npt.NDArray[np.float64], elements: Settled) -> None:
    """Finish a panel of curves over compute: its axis from the first to the last of `flops`, grid, name."""
    compute_axis(panel, float(flops[0]), float(flops[-1]))
    panel.margins(y=0.04)
    tidy(panel, elements["grid"])
    name_panel(panel, name, elements["name"])


def finish_figure(
    panels: npt.NDArray[Any], title: str, handles: Sequence[Any], elements: Settled, new_figure: bool
) -> None:
    """Label the axes of scores over compute, put the title over the panels and the legend below them."""
    label_outer(panels, COMPUTE_LABEL, "score", elements["labels"], new_figure)
    place_title(panels, title, elements["title"], new_figure)
    place_legend(panels, handles, elements["legend"], new_figure)


def flops_text(value: float) -> str:
    """Write FLOPs for a text that is not mathematics: ``1e24``, ``7.2e23``."""
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
