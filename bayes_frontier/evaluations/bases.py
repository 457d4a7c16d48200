"""Base names made one through the registry, and set apart where a model is older than its stated base."""

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.registry import Registry
from bayes_frontier.wording import count

LEAD = dt.timedelta(days=14)
"""Hub repositories are often created, and shared with partners, this long before a release."""

EARLY = " (dated before its release)"
"""Ending of the name under which models older than their stated base are kept."""

_NO_BASE = frozenset({"unknown", "removed"})


def resolve_bases(names: pd.Series, released: pd.Series | None, registry: Registry) -> pd.Series:
    """Return the base each model counts for: canonical, and possible at its date.

    A model dated more than `LEAD` before the release of its base cannot descend from it: another generation
    of that size is meant (``qwen2.5-14b`` of a model of May 2024 is Qwen1.5 14B), or the date is wrong. Its
    base becomes ``"<base> (dated before its release)"``, so that it does not inform the base.

    Parameters
    ----------
    names : pandas.Series
        Base names in any spelling, "" or missing where unknown.
    released : pandas.Series, optional
        Release dates of the models, in the same order, missing where unknown; none: only names are resolved.
    registry : Registry
        Base models known.

    Returns
    -------
    pandas.Series
        Strings, indexed as `names`: canonical names, a base the registry does not know under its own name, ""
        where missing. Resolving them again changes nothing.

    Raises
    ------
    DataError
        If there are not as many dates as names, or a date cannot be read.
    """
    bases = canonical_names(names, registry)
    if released is None or not (mask := early(bases, released, registry)).any():
        return bases
    return bases.mask(mask, bases + EARLY)


def canonical_names(names: pd.Series, registry: Registry) -> pd.Series:
    """Return base names made canonical through the registry.

    Parameters
    ----------
    names : pandas.Series
        Base names in any spelling.
    registry : Registry
        Base models known.

    Returns
    -------
    pandas.Series
        Strings, indexed as `names`: canonical names, a base the registry does not know under its own name, ""
        where missing or said to be unknown.
    """
    codes, values = pd.factorize(names)
    # the code of a missing name, -1, finds the last entry
    table = np.array([*(_canonical(str(name).strip(), registry) for name in values), ""], dtype=object)
    return pd.Series(table[codes], index=names.index, dtype="str", name=names.name)


def _canonical(name: str, registry: Registry) -> str:
    if name.casefold() in _NO_BASE:
        return ""
    return (registry.canonical(name) or name) if name else ""


def early(bases: pd.Series, released: pd.Series, registry: Registry) -> npt.NDArray[np.bool_]:
    """Tell which models are dated more than `LEAD` before the release of their base.

    Parameters
    ----------
    bases : pandas.Series
        Canonical base names.
    released : pandas.Series
        Release dates of the models, in the same order, missing where unknown.
    registry : Registry
        Base models known; one without a date is older than everything.

    Returns
    -------
    numpy.ndarray
        Booleans, shape (n_models,); False where either date is unknown.

    Raises
    ------
    DataError
        If there are not as many dates as bases, or a date cannot be read.
    """
    if len(bases) != len(released):
        raise DataError(f"released: {len(released):,} dates for {len(bases):,} base names; give one date a model.")
    try:
        days = pd.to_datetime(released, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
    except (ValueError, TypeError) as error:
        raise DataError(f"released: a date cannot be read ({error}). Write dates as yyyy-mm-dd.") from None
    codes, values = pd.factorize(bases)
    known = [registry.get(name) for name in values]
    first = np.array([base.released if base else None for base in known], dtype="datetime64[D]")
    return np.asarray(first[codes] - days > np.timedelta64(LEAD), dtype=bool)


def note_early(bases: pd.Series, mask: npt.NDArray[np.bool_]) -> str:
    """Describe the models set apart.

    Parameters
    ----------
    bases : pandas.Series
        Canonical base names.
    mask : numpy.ndarray
        What `early` returned, somewhere true; shape (n_models,).

    Returns
    -------
    str
        How many, of which bases, and what became of them.
    """
    counts = bases[mask].value_counts()
    which = ", ".join(f"{base} ({n:,})" for base, n in counts.items())
    return (
        f"{count(int(mask.sum()), 'row')} dated more than {LEAD.days} days before the release of the stated "
        f"base model, so of another base or date: {which}; kept apart as '<base>{EARLY}'"
    )
