"""Answers on standard output as a table, JSON or CSV; notes on standard error; and fits, loaded and asked for them."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bayes_frontier.cli.options import period_of
from bayes_frontier.display import csv_rows
from bayes_frontier.errors import QueryError
from bayes_frontier.files import write_picture
from bayes_frontier.text import ODD, flops_words, printable, share_words

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayes_frontier.posterior.frontier import Frontier

Value = str | float | int | bool | None


@dataclass(frozen=True)
class Column:
    """A column of an answer."""

    key: str  # its name in JSON and CSV
    title: str  # its heading for people; empty: not shown to them
    words: Callable[..., str] = str  # turns a value into text for people


@dataclass(frozen=True)
class Answer:
    """A table with what it is about."""

    about: Mapping[str, object]  # facts that hold for the whole table; the head of the JSON document
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Value]]  # values by column key; infinite and missing numbers are null in JSON
    header: Sequence[str] = ()  # header, footer: lines for people above and below the table
    footer: Sequence[str] = ()


def titled(words: Callable[..., str], **titles: str) -> list[Column]:
    """Return columns whose values are written alike: their titles by key."""
    return [Column(key, title, words) for key, title in titles.items()]


def draw(out: Path | None, name: str, plot: Callable[[Any], Any]) -> None:
    """Write a picture into the folder asked for, if one was: a figure by `bayes_frontier.plots`, loaded only then."""
    if out is not None:
        from bayes_frontier import plots

        write_picture(plot(plots), out / name, "--out")
        note(f"Wrote {out / name}")


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
        known = ({key: "" if _missing(value) else value for key, value in row.items()} for row in answer.rows)
        sys.stdout.write(csv_rows([column.key for column in answer.columns], known))
    else:
        for line in answer.header:
            echo(line)
        if answer.header:
            echo()
        _show_table(answer)
        for line in answer.footer:
            echo(line)


def show_json(document: Mapping[str, object]) -> None:
    """Write one JSON document to standard output; what is not finite becomes null."""
    text = json.dumps(_finite(document), indent=2, ensure_ascii=False, allow_nan=False, default=str)
    # JSON itself escapes the first 32 characters only
    echo(ODD.sub(lambda odd: odd[0] if odd[0].isprintable() or odd[0] == "\n" else json.dumps(odd[0])[1:-1], text))


def echo(text: str = "", *, err: bool = False) -> None:
    """Write lines to standard output: the one way to it, since names may hold what would act on a terminal."""
    typer.echo(printable(text, "\n\t"), err=err)


def note(text: str) -> None:
    """Write lines to standard error."""
    echo(text, err=True)


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
    echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


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


# Saved fits on the command line: loading one, asking it task by task, and what an answer is about.


@dataclass(frozen=True)
class Question:
    """What a fit is asked: None stands for every task, the last period, and the population boundary."""

    tasks: list[str] | None
    period: str | int | None
    base_model: str | None
    prob: float
    population: str = "bases"
    ability: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """What every question takes, whatever the task."""
        return {"period": self.period, "base_model": self.base_model, "prob": self.prob}

    @property
    def boundary_options(self) -> dict[str, Any]:
        """What questions to boundaries take, whatever the task."""
        return {**self.options, "population": self.population, "of": "ability" if self.ability else "scores"}


def question(tasks: list[str] | None, period: str | None, base_model: str | None, prob: float) -> Question:
    """Gather the common options."""
    return Question(tasks, period_of(period), base_model, prob)


def load(path: Path) -> Frontier:
    """Load a fit, warning on standard error when it did not converge."""
    import bayes_frontier as bf

    frontier = bf.load(path)
    warn_unconverged(frontier, "this fit did not converge; its answers can be wrong.")
    return frontier


def warn_unconverged(frontier: Frontier, words: str) -> None:
    """Warn on standard error of a fit that did not converge; of others say nothing."""
    if not frontier.converged:
        note(f"Warning: {words} {frontier.convergence_text()}")


def load_converged(path: Path) -> Frontier:
    """Load a fit that new scores are compared with."""
    frontier = load(path)
    if not frontier.converged:
        raise QueryError(f"{path}: this fit did not converge, so there is nothing to compare with. Fit again.")
    return frontier


def ask(frontier: Frontier, asked: Question, answer: Callable[[str], xr.Dataset]) -> list[dict[str, Value]]:
    """Ask task by task and gather the answers as rows."""
    rows: list[dict[str, Value]] = []
    for task in asked.tasks or frontier.tasks:
        rows += [row | {"task": task} for row in records(answer(task))]
    return rows


def records(table: pd.DataFrame | xr.Dataset, dims: Sequence[str] = ()) -> list[dict[str, Value]]:
    """Turn a table into rows of an answer."""
    import xarray as xr

    if isinstance(table, xr.Dataset):
        if dims:
            table = table[[name for name, values in table.data_vars.items() if set(values.dims) == set(dims)]]
            table = table.transpose(*dims)
        table = table.to_dataframe().reset_index()
    return [{str(key): plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def about(frontier: Frontier, asked: Question, rows: Sequence[Mapping[str, Value]]) -> dict[str, object]:
    """Gather the facts that hold for a whole answer: the head of the JSON document."""
    periods = list(dict.fromkeys(str(row["period"]) for row in rows))
    return {
        "tau": frontier.tau,
        "prob": asked.prob,
        "boundary": "base model" if asked.base_model else "population",
        "base_model": asked.base_model,
        "population": None if asked.base_model else asked.population,
        "of": "ability" if asked.ability else "scores",
        "period": periods[0] if len(periods) == 1 else periods,
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "converged": frontier.converged,
    }


def header(frontier: Frontier, asked: Question, facts: Mapping[str, object], center: str) -> list[str]:
    """Say in two lines what a table shows."""
    whose = whose_models(asked.base_model, asked.population)
    period = facts["period"]
    when = "; every period" if isinstance(period, list) else "" if period == "all" else f"; period {period}"
    return [
        f"Boundary that {share_words(frontier.tau)} of {whose} do not exceed (tau = {frontier.tau:g}){when}"
        + (", of what they can do on very many such items." if asked.ability else "."),
        f"{center}: posterior median; lower, upper: {share_words(asked.prob)} credible interval.",
    ]


_POPULATIONS = {
    "bases": "models on a new base model",
    "models": "models such as those of the last period",
    "recent": "models on a new base model like those of the last year",
    "new-family": "models on a base model of a new family",
}


def whose_models(base_model: object, population: str = "bases") -> str:
    """Say whose boundary an answer is about."""
    return f"models on {base_model}" if base_model else _POPULATIONS[population]


def searched_words(low: float, high: float) -> Callable[[float], str]:
    """Write FLOPs that were looked for between two ends."""

    def words(value: float) -> str:
        if math.isinf(value):
            return f"> {flops_words(high)}"
        return f"< {flops_words(low)}" if value <= low else flops_words(value)

    return words


def several_periods(facts: Mapping[str, object]) -> Column:
    """Return the column of periods, shown to people only where there are several."""
    return Column("period", "period" if isinstance(facts["period"], list) else "")
