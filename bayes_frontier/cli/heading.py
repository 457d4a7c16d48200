"""What an answer is about: the facts in JSON, the lines above the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bayes_frontier.cli.asking import Question
from bayes_frontier.cli.output import Column, Value
from bayes_frontier.report.wording import share_words

if TYPE_CHECKING:
    from bayes_frontier.posterior import Frontier


def about(frontier: Frontier, asked: Question, rows: Sequence[Mapping[str, Value]]) -> dict[str, object]:
    """Gather the facts that hold for a whole answer.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    asked : Question
        What was asked.
    rows : sequence of mapping
        The answer.

    Returns
    -------
    dict
        tau, prob, boundary ("population" or "base model"), base_model, period (a label, or all of
        them), source, fingerprint, converged.
    """
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
    """Say in two lines what a table shows.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    asked : Question
        What was asked.
    facts : mapping
        What `about` returned.
    center : str
        What the table's central value is, such as "score".

    Returns
    -------
    list of str
        The lines.
    """
    whose = f"models on {asked.base_model}" if asked.base_model else "models on a new base model"
    period = facts["period"]
    when = "; every period" if isinstance(period, list) else "" if period == "all" else f"; period {period}"
    return [
        f"Boundary that {share_words(frontier.tau)} of {whose} do not exceed (tau = {frontier.tau:g}){when}.",
        f"{center}: posterior median; lower, upper: {share_words(asked.prob)} credible interval.",
    ]


def several_periods(facts: Mapping[str, object]) -> Column:
    """Return the column of periods, shown to people only where there are several.

    Parameters
    ----------
    facts : mapping
        What `about` returned.

    Returns
    -------
    Column
        The column.
    """
    return Column("period", "period" if isinstance(facts["period"], list) else "")
