"""Medians with their intervals as columns: one for people, three for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bayes_frontier.cli.asking import plain
from bayes_frontier.cli.output import Column, Value

if TYPE_CHECKING:
    import xarray as xr

PARTS = ("median", "lower", "upper")


def rows_of(summary: xr.Dataset, dims: Sequence[str]) -> list[dict[str, Value]]:
    """Flatten a summary: a row for each combination of `dims`, a key for each number.

    Parameters
    ----------
    summary : xarray.Dataset
        Variables of some of `dims`, and of the dim statistic: these become three keys, ``name_median`` and so on.
    dims : sequence of str
        Dims of the rows; one that is no dim of the summary is taken from its coordinate.

    Returns
    -------
    list of dict
        Values by key.
    """
    flat = summary
    for name in summary:
        if "statistic" in summary[name].dims:
            parts = {f"{name}_{part}": summary[name].sel(statistic=part, drop=True) for part in PARTS}
            flat = flat.drop_vars(str(name)).assign(parts)
    kept = [name for name in flat if set(flat[name].dims) <= set(dims)]
    present = [dim for dim in dims if dim in flat.dims]
    frame = flat[kept].expand_dims(row=[0]) if not present else flat[kept]
    records = frame.to_dataframe(dim_order=present or ["row"]).reset_index().to_dict("records")
    return [{str(key): plain(value) for key, value in record.items()} for record in records]


def columns(key: str, title: str, form: str, words: Callable[[float], str] = "{:.3f}".format) -> list[Column]:
    """Return the columns of a quantity with an interval.

    Parameters
    ----------
    key : str
        Its name in the rows.
    title : str
        Heading for people; empty: not shown to them.
    form : str
        "text": one column, which `spelled` fills; otherwise three.
    words : callable
        Writes a number.

    Returns
    -------
    list of Column
        The columns.
    """
    if form == "text":
        return [Column(f"{key}_words", title)]
    return [Column(f"{key}_{part}", title and f"{title} {part}", words) for part in PARTS]


def spelled(rows: Sequence[Mapping[str, Value]], **forms: Callable[[float], str]) -> list[dict[str, Value]]:
    """Add intervals in words: ``0.834 (0.779 to 0.929)``.

    Parameters
    ----------
    rows : sequence of mapping
        Of `rows_of`.
    **forms : callable
        By quantity, what writes a number.

    Returns
    -------
    list of dict
        The rows, each with a key ``name_words`` for each quantity; empty where a median is missing.
    """
    made = []
    for row in rows:
        added: dict[str, Value] = {}
        for key, words in forms.items():
            numbers = [row[f"{key}_{part}"] for part in PARTS]
            known = all(isinstance(value, float) and value == value for value in numbers)
            median, lower, upper = (words(float(value)) if known else "" for value in numbers)  # type: ignore[arg-type]
            added[f"{key}_words"] = f"{median} ({lower} to {upper})" if known else ""
        made.append({**row, **added})
    return made
