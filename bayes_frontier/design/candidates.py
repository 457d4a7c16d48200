"""Models that could be evaluated and the budget for them: read, checked and priced; nothing left out in silence."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.fields import read_fields
from bayes_frontier.evaluations.registry.registry import Registry, given_registry
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.columns import Columns, resolve
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.evaluations.tables.source import load
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.text import check_choice, count, listed


@dataclass(frozen=True)
class Budget:
    """Limits of a choice."""

    cost: float  # sum of costs not exceeded; infinite where only the number is limited
    count: int  # number of models not exceeded


def read_budget(budget: float | str | None, n: int | None, total: float, n_candidates: int) -> Budget:
    """Read a budget: an amount, a share of all candidates' cost such as "20%", a number of models, or both."""
    if budget is None and n is None:
        raise QueryError('budget: give an amount, a share of the cost of all candidates such as "20%", or n models.')
    if n is not None and n < 1:
        raise QueryError(f"n: at least one model must be chosen, found {n}.")
    count = n_candidates if n is None else min(n, n_candidates)
    if budget is None:
        return Budget(math.inf, count)
    words = str(budget).strip()
    share = words.endswith("%")
    try:
        amount = float(words.removesuffix("%"))
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount > 0.0):
        raise QueryError(
            f'budget: cannot read {words[:40]!r}; write a positive amount, such as 5000, or a share, "20%".'
        )
    if share and amount > 100.0:
        raise QueryError(f"budget: {words} is more than all candidates; give at most 100%.")
    return Budget(total * amount / 100.0 if share else amount, count)


Costs = Literal["parameters", "column", "tokens"]
UNITS = {"parameters": "billion parameters", "column": "cost", "tokens": "quadrillion FLOPs of inference"}
"""What each cost model counts in."""

TOKENS_PER_ITEM = "tokens_per_item"
"""Column of the mean number of tokens, prompt and answer, that an item takes."""


@dataclass(frozen=True)
class Candidates:
    """Candidates that can be chosen, and those that cannot."""

    frame: pd.DataFrame  # model, base_model, flops, cost (positive); one row per candidate
    unit: str  # what cost counts in
    left_out: pd.DataFrame  # place, model, reason; one row per candidate that cannot be chosen

    def leave_out(self, mask: npt.NDArray[np.bool_], reason: str) -> "Candidates":
        """Move candidates to those left out. Shapes: mask (n_candidates,)."""
        gone = self.frame.loc[mask, ["place", "model"]].assign(reason=reason)
        return Candidates(
            self.frame[~mask].reset_index(drop=True), self.unit, pd.concat([self.left_out, gone], ignore_index=True)
        )


def read_candidates(
    source: object,
    *,
    evaluated: frozenset[str] = frozenset(),
    cost: str = "parameters",
    columns: Mapping[str, str] | None = None,
    skip: bool = False,
    today: dt.date | None = None,
    registry: Registry | None = None,
) -> Candidates:
    """Read candidates from a table: model, base_model and flops (or what gives it), and what their cost needs."""
    check_choice(cost, get_args(Costs), "cost")
    if isinstance(source, pd.DataFrame) and source.empty:
        raise DataError("candidates: the table has no rows; there is nothing to choose from.")
    sheets = load(source).sheets
    if len(sheets) != 1:
        raise DataError(f"candidates: expected one CSV or Parquet table, found {count(len(sheets), 'table')}.")
    sheet = sheets[0]
    if not len(sheet.frame):
        raise DataError(f"{sheet.source} has no candidates: the table has no rows.")
    day = dt.datetime.now(dt.UTC).date() if today is None else today
    resolved, entries = resolve(sheet, columns), given_registry(registry)
    late = np.zeros(len(sheet.frame), dtype=bool)
    if "released" in resolved.fields:
        days = cells.dates(sheet, resolved.fields["released"], dt.date.max)
        late = (days > pd.Timestamp(day)).to_numpy(dtype=bool)
    fields = read_fields(
        sheet, resolved.fields, entries, dated=False, today=dt.date.max if late.any() else day, notes=[]
    )
    price = _price(sheet, resolved, fields, cost, entries)
    twice = fields["model"].duplicated(keep="first").to_numpy() & (fields["model"] != "").to_numpy()
    problems = {
        "no model name": (fields["model"] == "").to_numpy(),
        "no base model": (fields["base_model"] == "").to_numpy(),
        "without compute: no FLOPs, parameters with tokens, or base model in the registry": fields["flops"]
        .isna()
        .to_numpy(),
        "listed twice": twice,
        "released in the future": late,
        "already evaluated": fields["model"].isin(evaluated).to_numpy(dtype=bool),
        f"cost ({cost}) unknown": np.isnan(price),
        f"cost ({cost}) zero or negative": price <= 0,
        f"cost ({cost}) infinite": np.isinf(price),
    }
    frame = pd.DataFrame(
        {
            "place": [f"{sheet.unit} {row}" for row in sheet.rows],
            **{name: fields[name] for name in ("model", "base_model", "flops")},
            "cost": price,
        }
    )
    return _without(frame, problems, sheet.source, UNITS[cost], skip)


def _without(
    frame: pd.DataFrame, problems: dict[str, npt.NDArray[np.bool_]], source: str, unit: str, skip: bool
) -> Candidates:
    reason = pd.Series("", index=frame.index, dtype="str")
    for words, mask in problems.items():
        reason[mask & (reason == "").to_numpy()] = words
    bad = (reason != "").to_numpy()
    if bad.any() and not skip:
        lines = []
        for words in dict.fromkeys(reason[bad]):
            rows = frame[reason == words]
            where = [
                f"{place} ({model or 'no name'})" for place, model in zip(rows["place"], rows["model"], strict=True)
            ]
            more = f" and {len(rows) - 5:,} more" if len(rows) > 5 else ""
            lines.append(f"{words}: {', '.join(where[:5])}{more}")
        raise DataError(
            f"{source}: {count(int(bad.sum()), 'candidate')} of {len(frame):,} cannot be planned with. "
            f"{'; '.join(lines)}. Correct the table, or have them left out and listed (--skip, skip=True)."
        )
    left_out = frame.loc[bad, ["place", "model"]].assign(reason=reason[bad]).reset_index(drop=True)
    kept = frame[~bad].reset_index(drop=True)
    if not len(kept):
        raise DataError(f"{source}: none of {count(len(frame), 'candidate')} can be planned with: {reason.iloc[0]}.")
    return Candidates(kept, unit, left_out)


def _price(sheet: Sheet, columns: Columns, fields: pd.DataFrame, cost: str, registry: Registry) -> FloatArray:
    if cost == "column":
        return _column(sheet, columns, "cost")
    size = {name: entry.params_b for name in pd.unique(fields["base_model"]) if (entry := registry.get(name))}
    params = fields["params_b"].fillna(fields["base_model"].map(size).astype(float)).to_numpy(dtype=float)
    if cost == "parameters":
        return params
    items = _column(sheet, columns, "n_items")
    named = [name for name in sheet.frame.columns if str(name).strip().casefold() == TOKENS_PER_ITEM]
    if not named:
        raise DataError(f"{sheet.source}: the cost model tokens needs a column {TOKENS_PER_ITEM}.")
    return np.asarray(2.0 * params * 1e9 * items * cells.numbers(sheet, named[0]) / 1e15)


def _column(sheet: Sheet, columns: Columns, field: str) -> FloatArray:
    if field not in columns.fields:
        raise DataError(
            f"{sheet.source} has no column {field}, which the cost model needs; its columns are "
            f"{listed(sheet.frame.columns, 20)}. Map one (--column {field}=NAME), or choose another cost model."
        )
    return cells.numbers(sheet, columns.fields[field])
