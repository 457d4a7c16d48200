"""What the report page states, gathered before any of it is put into words."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from bayes_frontier.posterior import Frontier

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
    """Facts of the page.

    Attributes
    ----------
    frontier : Frontier
        The fit itself, for what it states already.
    prob : float
        Probability of the intervals.
    budgets : list of float
        FLOPs of the table of attainable scores.
    beyond : set of float
        Those of them outside the range of the models fitted.
    attainable : dict of str to list of Cell
        By task, in the order of `budgets`.
    headline : float
        The budget stated in words: the largest within the data.
    bases : pandas.DataFrame
        Base models with the most models: base_model, models, flops.
    n_bases : int
        Number of base models.
    dropped : dict of str to int
        Rows left out by reason.
    examples : list of dict
        Some rows left out: source_row, model, reason, detail.
    worst : pandas.DataFrame
        Diagnostics of the quantities with the largest R-hat: quantity, r_hat, ess_bulk, ess_tail.
    provenance, documents : list of tuple of str
        Short and long entries of the fit's provenance: name and text.
    """

    frontier: Frontier
    prob: float
    budgets: list[float]
    beyond: set[float]
    attainable: dict[str, list[Cell]]
    headline: float
    bases: pd.DataFrame
    n_bases: int
    dropped: dict[str, int]
    examples: list[dict[str, object]]
    worst: pd.DataFrame
    provenance: list[tuple[str, str]]
    documents: list[tuple[str, str]]


def facts(frontier: Frontier) -> Facts:
    """Gather the facts of a fit.

    Parameters
    ----------
    frontier : Frontier
        The fit.

    Returns
    -------
    Facts
        The facts.
    """
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
    return Facts(
        frontier=frontier,
        prob=PROB,
        budgets=budgets,
        beyond=set(budgets) - set(inside),
        attainable={task: _attainable(frontier, task, budgets) for task in frontier.tasks},
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
    """Choose round budgets that cover a range of compute.

    Parameters
    ----------
    low, high : float
        FLOPs of the smallest and the largest model.

    Returns
    -------
    list of float
        Increasing powers of ten, the last one at or above `high`; at most the 5 largest.
    """
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return [float(f"1e{power}") for power in range(first, max(last, first) + 1)][-_MOST_BUDGETS:]


def _attainable(frontier: Frontier, task: str, budgets: list[float]) -> list[Cell]:
    found = frontier.attainable(budgets, prob=PROB, task=task)
    columns = (found[name].to_numpy().tolist() for name in ("median", "lower", "upper"))
    return [Cell(*values) for values in zip(*columns, strict=True)]


def _text(value: object) -> str:
    if isinstance(value, Mapping) and all(not isinstance(v, Mapping | list) for v in value.values()):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, indent=1, default=str) if isinstance(value, Mapping | list | tuple) else str(value)
