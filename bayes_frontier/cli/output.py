"""Answers on standard output: a table for people, JSON and CSV for programs. Notes go to standard error."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from bayes_frontier.errors import QueryError
from bayes_frontier.text import printable

if TYPE_CHECKING:
    import xarray as xr

Value = str | float | int | bool | None


@dataclass(frozen=True)
class Column:
    """A column of an answer.

    Attributes
    ----------
    key : str
        Its name in JSON and CSV.
    title : str
        Its heading for people; empty: not shown to them.
    words : callable
        Turns a value into text for people.
    """

    key: str
    title: str
    words: Callable[..., str] = str


@dataclass(frozen=True)
class Answer:
    """A table with what it is about.

    Attributes
    ----------
    about : mapping of str to value
        Facts that hold for the whole table; the head of the JSON document.
    columns : sequence of Column
        Its columns.
    rows : sequence of mapping
        Values by column key; infinite and missing numbers are null in JSON.
    header, footer : sequence of str
        Lines for people above and below the table.
    """

    about: Mapping[str, object]
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Value]]
    header: Sequence[str] = ()
    footer: Sequence[str] = field(default=())


def form_of(as_json: bool, as_csv: bool) -> str:
    """Return the form asked for."""
    if as_json and as_csv:
        raise QueryError("--json and --csv: standard output holds one of them; leave one out.")
    return "json" if as_json else "csv" if as_csv else "text"


def show(answer: Answer, form: str) -> None:
    """Write an answer to standard output."""
    if form == "json":
        rows = [{column.key: row.get(column.key) for column in answer.columns} for row in answer.rows]
        show_json({**answer.about, "rows": rows})
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([column.key for column in answer.columns])
        writer.writerows(
            ["" if _missing(row.get(c.key)) else row.get(c.key) for c in answer.columns] for row in answer.rows
        )
    else:
        for line in answer.header:
            typer.echo(printable(line))
        if answer.header:
            typer.echo()
        _show_table(answer)
        for line in answer.footer:
            typer.echo(printable(line))


def show_json(document: Mapping[str, object]) -> None:
    """Write one JSON document to standard output; what is not finite becomes null."""
    typer.echo(json.dumps(_finite(document), indent=2, ensure_ascii=False, allow_nan=False, default=str))


def note(text: str) -> None:
    """Write a line to standard error."""
    typer.echo(printable(text), err=True)


def _show_table(answer: Answer) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    table = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, show_edge=False)
    shown = [column for column in answer.columns if column.title]
    for column in shown:
        numeric = any(isinstance(row.get(column.key), int | float) for row in answer.rows)
        table.add_column(Text(column.title), justify="right" if numeric else "left", overflow="fold")
    for row in answer.rows:
        values = [row.get(column.key) for column in shown]
        words = ["" if _missing(value) else c.words(value) for c, value in zip(shown, values, strict=True)]
        table.add_row(*(Text(printable(word)) for word in words))
    if terminal:
        Console(highlight=False).print(table)
        return
    console = Console(file=None, width=10_000, color_system=None, highlight=False)
    with console.capture() as captured:
        console.print(table)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _missing(value: Value) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


# Medians with their intervals as columns: one for people, three for programs.

PARTS = ("median", "lower", "upper")


def rows_of(summary: xr.Dataset, dims: Sequence[str]) -> list[dict[str, Value]]:
    """Flatten a summary: a row for each combination of `dims`, a key for each number."""
    # xarray comes with it, which a program that only starts does not need
    from bayes_frontier.analysis.surface import flat

    records = flat(summary, dims).to_dict("records")
    return [{str(key): plain(value) for key, value in record.items()} for record in records]


def columns(key: str, title: str, form: str, words: Callable[[float], str] = "{:.3f}".format) -> list[Column]:
    """Return the columns of a quantity with an interval."""
    if form == "text":
        return [Column(f"{key}_words", title)]
    return [Column(f"{key}_{part}", title and f"{title} {part}", words) for part in PARTS]


def spelled(rows: Sequence[Mapping[str, Value]], **forms: Callable[[float], str]) -> list[dict[str, Value]]:
    """Add intervals in words: ``0.834 (0.779 to 0.929)``."""
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


def plain(value: object) -> Value:
    """Turn a NumPy scalar into Python's own."""
    item = getattr(value, "item", None)
    made = item() if callable(item) else value
    return made if made is None or isinstance(made, float | int | bool) else str(made)
