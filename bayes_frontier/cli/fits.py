"""Saved fits on the command line: loading one, asking it task by task, and what an answer is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_frontier.cli.options import period_of
from bayes_frontier.cli.output import Column, Value, note, plain
from bayes_frontier.errors import QueryError
from bayes_frontier.text import share_words

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayes_frontier.posterior.frontier import Frontier


@dataclass(frozen=True)
class Question:
    """What a fit is asked: None stands for every task, the last period, and the population boundary."""

    tasks: list[str] | None
    period: str | int | None
    base_model: str | None
    prob: float


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
        for line in f"Warning: {words} {frontier.convergence_text()}".splitlines():
            note(line)


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
        "period": periods[0] if len(periods) == 1 else periods,
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "converged": frontier.converged,
    }


def header(frontier: Frontier, asked: Question, facts: Mapping[str, object], center: str) -> list[str]:
    """Say in two lines what a table shows."""
    whose = whose_models(asked.base_model)
    period = facts["period"]
    when = "; every period" if isinstance(period, list) else "" if period == "all" else f"; period {period}"
    return [
        f"Boundary that {share_words(frontier.tau)} of {whose} do not exceed (tau = {frontier.tau:g}){when}.",
        f"{center}: posterior median; lower, upper: {share_words(asked.prob)} credible interval.",
    ]


def whose_models(base_model: object) -> str:
    """Say whose boundary an answer is about."""
    return f"models on {base_model}" if base_model else "models on a new base model"


def several_periods(facts: Mapping[str, object]) -> Column:
    """Return the column of periods, shown to people only where there are several."""
    return Column("period", "period" if isinstance(facts["period"], list) else "")
