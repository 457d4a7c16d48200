"""Colours, and options of visual elements."""

import difflib
from collections.abc import Mapping

import matplotlib as mpl

from bayes_frontier.errors import QueryError

Visuals = Mapping[str, Mapping[str, object] | bool]

# Okabe & Ito (2008), "Color Universal Design": told apart with every common colour vision. Without
# black, which is text and truth, and yellow, which is too light for lines on white.
OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")


def period_colours(n: int) -> list[str]:
    """Return a colour for each period; the last one is always the strongest.

    Parameters
    ----------
    n : int
        Number of periods.

    Returns
    -------
    list of str
        Hexadecimal colours, shape (n,). Beyond 6 periods they follow a perceptual scale.
    """
    if n <= len(OKABE_ITO):
        return [*OKABE_ITO[1:n], OKABE_ITO[0]]
    scale = mpl.colormaps["viridis_r"]
    return [mpl.colors.to_hex(scale(0.15 + 0.85 * i / (n - 1))) for i in range(n)]


def settle(
    visuals: Visuals | None, defaults: Mapping[str, Mapping[str, object]]
) -> dict[str, dict[str, object] | None]:
    """Put a caller's options over the defaults.

    Parameters
    ----------
    visuals : mapping, optional
        By element: False leaves it out, True draws it as it is, a mapping changes options of Matplotlib.
    defaults : mapping
        Options of every element there is.

    Returns
    -------
    dict
        Options by element; None: not drawn.

    Raises
    ------
    QueryError
        If an element is unknown, or its options are neither a mapping nor a bool.
    """
    settled: dict[str, dict[str, object] | None] = {name: dict(options) for name, options in defaults.items()}
    for name, options in (visuals or {}).items():
        if name not in defaults:
            close = difflib.get_close_matches(str(name), list(defaults), n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise QueryError(f"visuals: no element {name!r}.{hint} The elements are {', '.join(defaults)}.")
        if not isinstance(options, bool | Mapping):
            raise QueryError(f"visuals: {name} is {options!r}; give False, True or a mapping of options.")
        if options is False:
            settled[name] = None
        elif options is not True:
            settled[name] = {**defaults[name], **options}
    return settled
