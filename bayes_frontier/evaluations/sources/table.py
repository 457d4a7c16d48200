"""Plain tables: wide (a row per model, a column per task) or long (a row per score)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.fields import read_fields
from bayes_frontier.evaluations.frames import FIELDS, Matrix
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.metrics import filled_items, unit_scores
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.columns import ALIASES, Columns, resolve
from bayes_frontier.evaluations.tables.sheet import LONGEST_NAME, Sheet, quote
from bayes_frontier.text import count, listed


def parse(sheet: Sheet, request: Request, shape: str | None = None) -> Lines:
    """Parse a plain table."""
    columns = resolve(sheet, request.columns)
    if shape == "wide" and columns.is_long:
        pair = listed([columns.fields["task"], columns.fields["score"]])
        raise DataError(f"{sheet.source} is a long table: it has the columns {pair}. Leave the format out.")
    if shape == "long" or (shape is None and "task" in columns.fields):
        return _long(sheet, request, columns)
    return _wide(sheet, request, columns)


def _fields(sheet: Sheet, request: Request, columns: Columns, notes: list[str]) -> pd.DataFrame:
    return read_fields(
        sheet,
        columns.fields,
        request.registry,
        dated=request.dated,
        today=request.today,
        notes=notes,
        relabel=request.relabel,
    )


def _wide(sheet: Sheet, request: Request, columns: Columns) -> Lines:
    notes: list[str] = []
    fields = _fields(sheet, request, columns, notes)
    lone = columns.fields.get("score")
    candidates = {c: c for c in columns.others} if lone is None else {"score": lone}
    shares = {task: cells.share_of_numbers(sheet, column) for task, column in candidates.items()}
    chosen = [t for t in request.choose(sheet, list(candidates)) if request.tasks or shares[t] >= 0.5]
    if not chosen:
        raise DataError(
            f"{sheet.source} has no task column: no numeric column is left beside "
            f"{listed(columns.fields.values(), 20)}{_texts(sheet, columns.others)}. "
            "A wide table has one column of scores per task, a long one a task and a score column "
            f"(recognised: {', '.join(ALIASES['task'])}; {', '.join(ALIASES['score'])})."
        )
    used = {candidates[t] for t in chosen}
    notes += _unused(columns, used, {c for t, c in candidates.items() if 0 < shares[t] < 0.5})
    columns_of = [(task, candidates[task], cells.numbers(sheet, candidates[task])) for task in chosen]
    scores = np.column_stack(
        [unit_scores(sheet, column, values, task, request.metrics, notes) for task, column, values in columns_of]
    )
    n_items = _spread(sheet, columns, "n_items", scores, share=False)
    return Lines(
        sheet=sheet,
        fields=fields,
        tasks=tuple(chosen),
        scores=scores,
        source_format="wide",
        n_items=filled_items(n_items, scores, tuple(chosen), request.metrics, None),
        costs=_spread(sheet, columns, "cost", scores, share=True),
        notes=notes,
    )


def _texts(sheet: Sheet, others: Sequence[str]) -> str:
    """Show the first filled cell of columns that might have been meant as tasks."""
    filled = {c: words[words != ""] for c in others[:5] if len(words := cells.text(sheet, c))}
    shown = [f"{c} ({quote(words.iloc[0])})" for c, words in filled.items() if len(words)]
    return f"; not numeric: {', '.join(shown)}" if shown else ""


def _unused(columns: Columns, used: set[str], mixed: set[str]) -> list[str]:
    left = [c for c in columns.others if c not in used]
    notes = [f"columns not used: {listed(left)}"] if left else []
    if mixed & set(left):
        notes.append(f"columns not used although some cells are numbers: {listed(sorted(mixed & set(left)))}")
    return notes


def _spread(sheet: Sheet, columns: Columns, field: str, scores: Matrix, *, share: bool) -> Matrix | None:
    """Give a record's number to each of its scores; a cost is shared equally among them."""
    if field not in columns.fields:
        return None
    values = _amounts(sheet, columns.fields[field], field)
    scored = ~np.isnan(scores)
    each = values / np.maximum(scored.sum(axis=1), 1) if share else values
    return np.where(scored, each[:, None], np.nan)


def _amounts(sheet: Sheet, column: str, field: str) -> Matrix:
    values = cells.numbers(sheet, column)
    bad = (values < 0) | np.isinf(values) | ((values == 0) & (field == "n_items"))
    if bad.any():
        raise DataError(
            f"{sheet.source}, column {column!r}: {field} must be positive: {sheet.places(bad, values)}. "
            "Leave the cell empty where it is unknown."
        )
    return values


def _long(sheet: Sheet, request: Request, columns: Columns) -> Lines:
    for field in ("task", "score"):
        if field not in columns.fields:
            raise DataError(
                f"{sheet.source} is not a long table: no column for {field} (recognised: "
                f"{', '.join(ALIASES[field])}). "
                f"Map it (columns); the file's columns are {listed(sheet.frame.columns, 20)}."
            )
    notes: list[str] = []
    names = cells.text(sheet, columns.fields["task"])
    unnamed = int((names == "").sum())
    present = [t for t in pd.unique(names) if t]
    clash = [t for t in present if t in FIELDS]
    if clash:
        raise DataError(f"{sheet.source}: a task cannot be called {listed(clash)}, as a field is; rename it.")
    longest = max(present, key=len, default="")
    if len(longest) > LONGEST_NAME:
        raise DataError(
            f"{sheet.source}: a task name of {len(longest):,} characters ({quote(longest)}): is the task column right?"
        )
    chosen = request.choose(sheet, present)
    if len(chosen) < len(present):
        wanted = names.isin([*chosen, ""]).to_numpy(dtype=bool)
        notes.append(
            f"{count(int((~wanted).sum()), 'row')} of tasks not asked for: "
            f"{listed(t for t in present if t not in chosen)}"
        )
        sheet, names = sheet.take(wanted), names[wanted].reset_index(drop=True)
    fields = _fields(sheet, request, columns, notes)
    scores = cells.numbers(sheet, columns.fields["score"])
    task = pd.Index(chosen, dtype=object).get_indexer(pd.Index(names, dtype=object)).astype(np.int64)
    scores = _by_task(sheet, columns.fields["score"], scores, chosen, task, request, notes)
    notes += _unused(columns, set(), set())
    n_items = _amounts(sheet, columns.fields["n_items"], "n_items") if "n_items" in columns.fields else None
    lines = Lines(
        sheet=sheet,
        fields=fields,
        tasks=tuple(chosen),
        scores=scores,
        source_format="long",
        n_items=filled_items(n_items, scores, tuple(chosen), request.metrics, task),
        costs=_amounts(sheet, columns.fields["cost"], "cost") if "cost" in columns.fields else None,
        task=task,
        notes=notes,
    )
    if unnamed:
        lines.leave_out(task < 0, "no task name")
    return lines


def _by_task(
    sheet: Sheet, column: str, values: Matrix, tasks: list[str], task: np.ndarray, request: Request, notes: list[str]
) -> Matrix:
    """Check a long table's values, and bring those of declared metrics to [0, 1]."""
    scores = values.copy()
    outside = (values < 0) | (values > 1)
    declared = [k for k, name in enumerate(tasks) if request.metrics.get(name)]
    for k in sorted({*np.unique(task[outside]).tolist(), *declared}):
        here = task == k
        found = np.where(here, values, np.nan)
        name = tasks[k] if k >= 0 else ""
        scores[here] = unit_scores(sheet, column, found, name, request.metrics, notes, long=True)[here]
    return scores
