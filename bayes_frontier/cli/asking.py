"""What commands on a saved fit share: loading it, asking it task by task, saying what is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_frontier.cli.options import names_list, period_of, probability
from bayes_frontier.cli.output import Column, Value, note, plain
from bayes_frontier.errors import QueryError
from bayes_frontier.text import share_words

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayes_frontier.posterior.frontier import Frontier


@dataclass(frozen=True)
class Question:
    """Options common to questions about a fit, read and checked.

    Attributes
    ----------
    tasks : list of str or None
        Tasks asked for; None: every task.
    period : str, int or None
        Period asked for; None: the last one.
    base_model : str or None
        Base model asked for; None: the population boundary.
    prob : float
        Probability of the credible interval.
    """

    tasks: list[str] | None
    period: str | int | None
    base_model: str | None
    prob: float


def question(task: list[str] | None, period: str | None, base_model: str | None, prob: str) -> Question:
    """Read and check the common options."""
    return Question(names_list(task), period_of(period), base_model, probability(prob, "--prob"))


def load(path: Path) -> Frontier:
    """Load a fit, warning on standard error when it did not converge.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Frontier
        The fit.

    Raises
    ------
    StoreError
        If the file is no fit.
    """
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


def records(found: pd.DataFrame | xr.Dataset, dims: Sequence[str] = ()) -> list[dict[str, Value]]:
    """Turn a table into rows of an answer."""
    import xarray as xr

    if isinstance(found, xr.Dataset):
        if dims:
            found = found[[name for name, values in found.data_vars.items() if set(values.dims) == set(dims)]]
            found = found.transpose(*dims)
        found = found.to_dataframe().reset_index()
    return [{str(key): plain(value) for key, value in row.items()} for row in found.to_dict("records")]


# What an answer is about: the facts in JSON, the lines above the table.


def about(frontier: Frontier, asked: Question, rows: Sequence[Mapping[str, Value]]) -> dict[str, object]:
    """Gather the facts that hold for a whole answer."""
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
    whose = f"models on {asked.base_model}" if asked.base_model else "models on a new base model"
    period = facts["period"]
    when = "; every period" if isinstance(period, list) else "" if period == "all" else f"; period {period}"
    return [
        f"Boundary that {share_words(frontier.tau)} of {whose} do not exceed (tau = {frontier.tau:g}){when}.",
        f"{center}: posterior median; lower, upper: {share_words(asked.prob)} credible interval.",
    ]


def several_periods(facts: Mapping[str, object]) -> Column:
    """Return the column of periods, shown to people only where there are several."""
    return Column("period", "period" if isinstance(facts["period"], list) else "")
