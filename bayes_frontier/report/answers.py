"""The first screen of the report: facts and evidence of a fit, and the four questions answered from them in words."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import xarray as xr

from bayes_frontier.checks.result import Check
from bayes_frontier.errors import QueryError
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import count, flops_typeset, listed, share_words

PROB = 0.9
_MOST_BUDGETS, _MOST_BASES, _MOST_ROWS = 5, 10, 8
_LONG = 160
# A budget this close to the smallest or largest model is not called an extrapolation.
_EDGE = 1.1


@dataclass(frozen=True)
class Cell:
    """An attainable score: posterior median and credible interval."""

    median: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Facts:
    """Facts of the page."""

    frontier: Frontier  # the fit itself, for what it states already
    prob: float
    budgets: list[float]  # FLOPs of the table of attainable scores
    beyond: set[float]  # those of them outside the range of the models fitted
    attainable: dict[str, list[Cell]]  # by task, in the order of `budgets`
    headline: float  # the budget stated in words: the largest within the data
    bases: pd.DataFrame  # base models with the most models: base_model, models, flops
    n_bases: int  # number of base models
    dropped: dict[str, int]  # rows left out by reason
    examples: list[dict[str, object]]  # some rows left out: source_row, model, reason, detail
    worst: pd.DataFrame  # diagnostics of the quantities with the largest R-hat: quantity, r_hat, ess_bulk, ess_tail
    # provenance, documents: short and long entries of the fit's provenance: name and text
    provenance: list[tuple[str, str]]
    documents: list[tuple[str, str]]


def facts(frontier: Frontier) -> Facts:
    """Gather the facts of a fit."""
    evaluations = frontier.evaluations
    models = evaluations.models
    low, high = float(models["flops"].min()), float(models["flops"].max())
    budgets = choose_budgets(low, high)
    inside = [budget for budget in budgets if low / _EDGE <= budget <= high * _EDGE]
    by_base = models.groupby("base_model")[["flops"]]
    groups: pd.DataFrame = by_base.agg(models=("flops", "size"), flops=("flops", "median"))
    bases = groups.sort_values("models", ascending=False, kind="stable").reset_index()
    entries = [(name.replace("_", " "), _text(value)) for name, value in frontier.provenance.items()]
    worst = frontier.diagnostics.sort_values(by="r_hat", ascending=False, kind="stable", na_position="first")
    attainable = {}
    for task in frontier.tasks:
        answer = frontier.attainable(budgets, prob=PROB, task=task)
        columns = (answer[name].to_numpy().tolist() for name in ("median", "lower", "upper"))
        attainable[task] = [Cell(*values) for values in zip(*columns, strict=True)]
    return Facts(
        frontier=frontier,
        prob=PROB,
        budgets=budgets,
        beyond=set(budgets) - set(inside),
        attainable=attainable,
        headline=max(inside, default=budgets[len(budgets) // 2]),
        bases=bases.head(_MOST_BASES),
        n_bases=len(bases),
        dropped={str(reason): int(n) for reason, n in evaluations.dropped_by_reason().items()},
        examples=[
            {str(key): value for key, value in row.items()}
            for row in evaluations.dropped.head(_MOST_ROWS).to_dict("records")
        ],
        worst=worst.head(_MOST_ROWS),
        provenance=[(name, text) for name, text in entries if len(text) <= _LONG and "\n" not in text],
        documents=[(name, text) for name, text in entries if len(text) > _LONG or "\n" in text],
    )


def choose_budgets(low: float, high: float) -> list[float]:
    """Choose round budgets that cover a range of compute."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return [float(f"1e{power}") for power in range(first, max(last, first) + 1)][-_MOST_BUDGETS:]


def _text(value: object) -> str:
    if isinstance(value, Mapping) and all(not isinstance(v, Mapping | list) for v in value.values()):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, indent=1, default=str) if isinstance(value, Mapping | list | tuple) else str(value)


@dataclass(frozen=True)
class Evidence:
    """Results beside the boundaries themselves."""

    checks: list[Check]  # what was checked, convergence first
    # change between periods, at the median compute of the models; None where the fit cannot have one
    drift: xr.Dataset | None
    no_drift: str  # why there is none; empty where there is
    # base models above and below what their compute predicts; None where the model has no effects for them
    ranking: xr.Dataset | None


def gather(frontier: Frontier, others: Sequence[Frontier], prob: float) -> Evidence:
    """Run the checks, compare the periods and rank the base models of a fit."""
    from bayes_frontier.checks import run
    from bayes_frontier.posterior.drift import drift_between_periods

    drift, no_drift = None, ""
    try:
        drift = drift_between_periods(frontier, prob=prob)
    except QueryError as error:
        no_drift = str(error)
    try:
        ranking = frontier.base_models(prob=prob)
    except QueryError:
        ranking = None
    return Evidence(run.check(frontier, others=others), drift, no_drift, ranking)


# Most tasks named in a sentence.
_MOST = 8
_WORDS = {"advancing": "Advancing", "retreating": "Falling", "stable": "Stable", "unknown": "Cannot tell yet"}


@dataclass(frozen=True)
class Answer:
    """One card of the first screen."""

    question: str
    short: str  # the answer in a few words
    lines: list[str]  # what stands behind it
    tone: str = ""  # good, bad, care, or empty where there is nothing to judge


def answers(facts: Facts, evidence: Evidence) -> list[Answer]:
    """Answer the four questions a reader comes with."""
    return [_attainable(facts), _sure(facts), _moving(facts, evidence), _trust(facts, evidence)]


def alarms(facts: Facts, evidence: Evidence) -> list[tuple[str, str]]:
    """Say what has to be known before any number is read."""
    banners = []
    if not facts.frontier.converged:
        text = facts.frontier.convergence_text()
        banners.append(("Not converged: the numbers on this page can be wrong.", text))
    for check in evidence.checks:
        if check.verdict == "fail" and (check.name != "convergence" or not banners):
            banners.append((f"Check failed: {check.name}.", check.sentence))
    return banners


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
            f"models on a new base model score at most this. {_more(rows)}"
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
    lines = []
    for name, rows in groups.items():
        more = f", and {len(rows) - _MOST} more" if len(rows) > _MOST else ""
        lines += [f"{_WORDS[name]}: {', '.join(rows[:_MOST])}{more}."] if rows else []
    lines.append(
        f"Change of the boundary from “{since}” to “{until}”, at {flops_typeset(float(last['flops']))} FLOPs; a "
        f"verdict asks for a change of {delta:g} with probability {share_words(prob)}."
    )
    return Answer(question, short, lines)


def _trust(facts: Facts, evidence: Evidence) -> Answer:
    question = "Can I trust this?"
    failed, warned, unknown, passed = (
        [check for check in evidence.checks if check.verdict == verdict]
        for verdict in ("fail", "warn", "unknown", "pass")
    )
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
    whole = [check for check in passed if check.name == "coverage"]
    lines += [f"{_capital(check.name)}: {check.sentence}" for check in whole]
    not_run = f"{len(unknown)} could not be run"
    lines.append(f"{count(len(passed), 'check')} passed, {len(warned)} warned, {len(failed)} failed, {not_run}.")
    return Answer(question, short, lines, tone)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
