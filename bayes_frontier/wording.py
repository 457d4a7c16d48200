"""Words shared by messages: short lists and "did you mean"."""

import difflib
from collections.abc import Iterable, Sequence

LONGEST = 100


def listed(names: Iterable[object], limit: int = 8) -> str:
    """Join quoted names, the first `limit` of them and at most 100 characters of each: ``'a', 'b' and 3 more``.

    Parameters
    ----------
    names : iterable
        What to list.
    limit : int
        How many to write out.

    Returns
    -------
    str
        The list in words.
    """
    words = [_short(repr(str(name))) for name in names]
    more = f" and {len(words) - limit:,} more" if len(words) > limit else ""
    return ", ".join(words[:limit]) + more


def _short(word: str) -> str:
    return word if len(word) <= LONGEST else word[: LONGEST - 3] + "..."


def suggestion(name: str, known: Sequence[str]) -> str:
    """Return `` Did you mean 'x'?`` if a known name is close, else an empty string.

    Parameters
    ----------
    name : str
        What was asked for.
    known : sequence of str
        What there is.

    Returns
    -------
    str
        A sentence after a blank, or nothing.
    """
    lower = {k.casefold(): k for k in known if len(k) <= LONGEST}
    close = difflib.get_close_matches(name.casefold(), list(lower), n=1) if len(name) <= LONGEST else []
    return f" Did you mean {lower[close[0]]!r}?" if close else ""


def count(n: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural: ``1 row``, ``1,200 rows``.

    Parameters
    ----------
    n : int
        How many.
    noun : str
        Of what, in the singular.

    Returns
    -------
    str
        Number and noun.
    """
    return f"{n:,} {noun}" + ("" if n == 1 else "s")
