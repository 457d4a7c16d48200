"""The first screen: what is attainable, how sure, is it moving, can I trust this; in words with numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bayes_frontier.report.evidence import Evidence
from bayes_frontier.report.facts import Facts
from bayes_frontier.report.wording import flops_typeset, share_words
from bayes_frontier.wording import count, listed

if TYPE_CHECKING:
    import xarray as xr

    from bayes_frontier.checks.result import Check

_MOST = 8
_WORDS = {"advancing": "Advancing", "retreating": "Falling", "stable": "Stable", "unknown": "Cannot tell yet"}


@dataclass(frozen=True)
class Answer:
    """One card of the first screen.

    Attributes
    ----------
    question : str
        Its heading.
    short : str
        The answer in a few words.
    lines : list of str
        What stands behind it.
    tone : str
        good, bad, care, or empty where there is nothing to judge.
    """

    question: str
    short: str
    lines: list[str]
    tone: str = ""


def answers(facts: Facts, evidence: Evidence) -> list[Answer]:
    """Answer the four questions a reader comes with.

    Parameters
    ----------
    facts : Facts
        Facts of the fit.
    evidence : Evidence
        Checks and drift.

    Returns
    -------
    list of Answer
        In the order a reader asks.
    """
    return [_attainable(facts), _sure(facts), _moving(facts, evidence), _trust(facts, evidence)]


def alarms(facts: Facts, evidence: Evidence) -> list[tuple[str, str]]:
    """Say what has to be known before any number is read.

    Parameters
    ----------
    facts : Facts
        Facts of the fit.
    evidence : Evidence
        Checks.

    Returns
    -------
    list of tuple of str
        Heading and sentence of each failure, convergence first; empty where nothing failed.
    """
    found = []
    if not facts.frontier.converged:
        text = facts.frontier.convergence_text()
        found.append(("Not converged: the numbers on this page can be wrong.", text))
    for check in evidence.checks:
        if check.verdict == "fail" and (check.name != "convergence" or not found):
            found.append((f"Check failed: {check.name}.", check.sentence))
    return found


def _at_headline(facts: Facts) -> list[tuple[str, float, float, float]]:
    i = facts.budgets.index(facts.headline)
    rows = [(task, cells[i].median, cells[i].lower, cells[i].upper) for task, cells in facts.attainable.items()]
    return sorted(rows, key=lambda row: -row[1])


def _attainable(facts: Facts) -> Answer:
    rows = _at_headline(facts)
    (task, best, *_), (last, least, *_) = rows[0], rows[-1]
    short = f"{best:.2f} on {task}" + (f" down to {least:.2f} on {last}" if len(rows) > 1 else "")
    return Answer(
        "What is attainable?",
        short,
        [
            f"With {flops_typeset(facts.headline)} FLOPs of pre-training, {share_words(facts.frontier.tau)} of the "
            f"models on a new base model score at most this. {_more(rows)}",
        ],
    )


def _more(rows: Sequence[tuple[str, float, float, float]]) -> str:
    inner = rows[1:-1]
    if not inner:
        return "The table has other budgets."
    words = ", ".join(f"{task} {median:.2f}" for task, median, *_ in inner[:_MOST])
    rest = len(inner) - _MOST
    return f"Between them: {words}{f', and {rest} more in the table' if rest > 0 else ''}."


def _sure(facts: Facts) -> Answer:
    widths = sorted((upper - lower, task) for task, _, lower, upper in _at_headline(facts))
    (narrow, first), (wide, last) = widths[0], widths[-1]
    half = sum(width for width, _ in widths) / len(widths) / 2.0
    spread = f" From ±{narrow / 2:.3f} on {first} to ±{wide / 2:.3f} on {last}." if len(widths) > 1 else ""
    models = facts.frontier.evaluations.models["flops"]
    return Answer(
        "How sure are we?",
        f"±{half:.3f}" + (" on average" if len(widths) > 1 else ""),
        [
            f"Half the {share_words(facts.prob)} credible interval at {flops_typeset(facts.headline)} FLOPs.{spread}",
            f"The models span {flops_typeset(models.min())} to {flops_typeset(models.max())} FLOPs; beyond, the answer "
            "is an extrapolation.",
        ],
    )


def _moving(facts: Facts, evidence: Evidence) -> Answer:
    question = "Is it moving?"
    if evidence.drift is None:
        return Answer(question, "Cannot be said", [evidence.no_drift])
    last = evidence.drift.isel(step=-1)
    groups: dict[str, list[str]] = {name: [] for name in _WORDS}
    for task in facts.frontier.tasks:
        one = last.sel(task=task)
        change, low, high = (float(one[part]) for part in ("median", "lower", "upper"))
        words = f"{change:+.3f} ({low:+.3f} to {high:+.3f})".replace("-", "−")
        groups[str(one["verdict"].item())].append(f"{task} {words}")
    n, moving = len(facts.frontier.tasks), len(groups["advancing"]) + len(groups["retreating"])
    short = f"{moving} of {count(n, 'task')} moved" if moving else "No task has clearly moved"
    since, until = str(last["since"].item()), str(last["until"].item())
    prob, delta = evidence.drift.attrs["prob"], evidence.drift.attrs["delta"]
    lines = [f"{_WORDS[name]}: {_few(rows)}." for name, rows in groups.items() if rows]
    lines.append(
        f"Change of the boundary from “{since}” to “{until}”, at {flops_typeset(_compute(last))} FLOPs; a verdict asks "
        f"for a change of {delta:g} with probability {share_words(prob)}."
    )
    return Answer(question, short, lines)


def _compute(drift: xr.Dataset) -> float:
    return float(drift["flops"])


def _few(rows: list[str]) -> str:
    rest = len(rows) - _MOST
    return ", ".join(rows[:_MOST]) + (f", and {rest} more" if rest > 0 else "")


def _trust(facts: Facts, evidence: Evidence) -> Answer:
    question = "Can I trust this?"
    by_verdict = {
        verdict: [check for check in evidence.checks if check.verdict == verdict]
        for verdict in ("fail", "warn", "unknown", "pass")
    }
    failed, warned, unknown, passed = by_verdict.values()
    if failed or not facts.frontier.converged:
        names = listed([check.name for check in failed]) if failed else "convergence"
        short, tone = "Not as it stands", "bad"
        lines = [f"Failed: {names}. See the top of this page."]
    elif warned:
        short, tone = "With care", "care"
        lines = [f"{_capital(check.name)}: {check.sentence}" for check in warned[:3]]
    elif passed:
        short, tone, lines = "Yes, as far as it was checked", "good", []
    else:
        short, tone, lines = "It was not checked", "care", []
    lines += [f"{_capital(check.name)}: {check.sentence}" for check in _whole_coverage(passed)]
    not_run = f"{len(unknown)} could not be run"
    lines.append(f"{count(len(passed), 'check')} passed, {len(warned)} warned, {len(failed)} failed, {not_run}.")
    return Answer(question, short, lines, tone)


def _whole_coverage(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.name == "coverage"]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
