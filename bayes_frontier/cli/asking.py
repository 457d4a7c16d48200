"""What `attain` and `compute-for` share: loading a fit, asking it task by task, saying what is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_frontier.cli.output import Value, note
from bayes_frontier.cli.values import names_list, period_of, probability
from bayes_frontier.errors import QueryError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from bayes_frontier.posterior import Frontier


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
    """Read and check the common options.

    Parameters
    ----------
    task, period, base_model, prob : str or list of str or None
        As given on the command line.

    Returns
    -------
    Question
        The options.

    Raises
    ------
    QueryError
        If the probability is not one.
    """
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
    """Warn on standard error of a fit that did not converge; of others say nothing.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    words : str
        What to say before the numbers.
    """
    if not frontier.converged:
        for line in f"Warning: {words} {frontier.convergence_text()}".splitlines():
            note(line)


def load_converged(path: Path) -> Frontier:
    """Load a fit that new scores are compared with.

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
    QueryError
        If the fit did not converge.
    """
    frontier = load(path)
    if not frontier.converged:
        raise QueryError(f"{path}: this fit did not converge, so there is nothing to compare with. Fit again.")
    return frontier


def ask(frontier: Frontier, asked: Question, answer: Callable[[str], xr.Dataset]) -> list[dict[str, Value]]:
    """Ask task by task and gather the answers as rows.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    asked : Question
        Which tasks.
    answer : callable
        Gives the dataset for one task; dims among period, base_model, flops and score.

    Returns
    -------
    list of dict
        One row a task and point, with the dataset's variables and coordinates; "period" is a label.
    """
    rows: list[dict[str, Value]] = []
    for task in asked.tasks or frontier.tasks:
        rows += [row | {"task": task} for row in records(answer(task))]
    return rows


def records(found: pd.DataFrame | xr.Dataset, dims: Sequence[str] = ()) -> list[dict[str, Value]]:
    """Turn a table into rows of an answer.

    Parameters
    ----------
    found : pandas.DataFrame or xarray.Dataset
        A table, or a dataset, whose coordinates become columns.
    dims : sequence of str
        Of a dataset only the variables with these dims, the last running fastest; none: all variables.

    Returns
    -------
    list of dict
        Values by column.
    """
    import xarray as xr

    if isinstance(found, xr.Dataset):
        if dims:
            found = found[[name for name, values in found.data_vars.items() if set(values.dims) == set(dims)]]
            found = found.transpose(*dims)
        found = found.to_dataframe().reset_index()
    return [{str(key): plain(value) for key, value in row.items()} for row in found.to_dict("records")]


def plain(value: object) -> Value:
    """Turn a NumPy scalar into Python's own.

    Parameters
    ----------
    value : object
        A number or a name.

    Returns
    -------
    value
        The same as float, int, bool or str; None stays.
    """
    item = getattr(value, "item", None)
    made = item() if callable(item) else value
    return made if made is None or isinstance(made, float | int | bool) else str(made)
