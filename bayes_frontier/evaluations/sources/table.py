"""Plain tables: wide (a row per model, a column per task) or long (a row per score)."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import remedy
from bayes_frontier.evaluations.fields import leave_out_unusable, read_fields
from bayes_frontier.evaluations.frames import FIELDS, Matrix
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.measures import (
    Measure,
    lower_is_better,
    normal,
    not_a_score,
    shots_of,
    shots_words,
    told_apart,
)
from bayes_frontier.evaluations.metrics import Metric, filled_items, unit_scores
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.columns import ALIASES, Columns, as_run, resolve, with_fixed
from bayes_frontier.evaluations.tables.sheet import LONGEST_NAME, Sheet, quote
from bayes_frontier.evaluations.uncertainty import NAMES, read_column
from bayes_frontier.text import count, listed


def parse(sheet: Sheet, request: Request, shape: str | None = None) -> Lines:
    """Parse a plain table."""
    lines = _parse(sheet, request, shape)
    if lines.sheet.about:
        lines.notes.insert(0, lines.sheet.about)
    return lines


def _parse(sheet: Sheet, request: Request, shape: str | None) -> Lines:
    sheet = as_run(with_fixed(sheet, request.columns), request.columns)
    columns = resolve(sheet, request.columns)
    if shape == "wide" and columns.is_long:
        pair = listed([columns.fields["task"], columns.fields["score"]])
        raise DataError(f"{sheet.source} is a long table: it has the columns {pair}. Leave the format out.")
    if shape == "long" or (shape is None and "task" in columns.fields):
        return _long(sheet, request, columns)
    return _wide(sheet, request, columns)


def _fields(
    sheet: Sheet, request: Request, columns: Columns, notes: list[str]
) -> tuple[pd.DataFrame, npt.NDArray[np.object_]]:
    """Read the fields of the lines, and why a line cannot be used ("" if it can)."""
    fields = read_fields(
        sheet,
        columns.fields,
        request.registry,
        dated=request.dated,
        today=request.today,
        notes=notes,
        relabel=request.relabel,
        compute=request.compute,
    )
    return fields.drop(columns="unusable"), fields["unusable"].to_numpy(dtype=object)


_MEASURE_FIELDS = ("metric", "filter", "split", "shots")
LOWER = "lower is better by its name"


def _wide(sheet: Sheet, request: Request, columns: Columns) -> Lines:
    notes: list[str] = []
    fields, unusable = _fields(sheet, request, columns, notes)
    lone = columns.fields.get("score")
    candidates = {c: c for c in columns.others} if lone is None else {"score": lone}
    errors = _error_columns(columns, candidates, request)
    candidates = {task: column for task, column in candidates.items() if column not in errors.values()}
    shares = {task: cells.share_of_numbers(sheet, column) for task, column in candidates.items()}
    wanted = request.choose(sheet, list(candidates))
    no_scores = _no_scores(sheet, wanted, candidates, shares, request)
    chosen = [t for t in wanted if (request.tasks or shares[t] >= 0.5) and t not in no_scores]
    if not chosen:
        why = f"; {_said(no_scores)}" if no_scores else ""
        raise DataError(
            f"{sheet.source} has no task column: no numeric column is left beside "
            f"{listed(columns.fields.values(), 20)}{_texts(sheet, columns.others)}{why}. "
            "A wide table has one column of scores per task, a long one a task and a score column "
            f"(recognised: {', '.join(ALIASES['task'])}; {', '.join(ALIASES['score'])})."
        )
    if "standard_error" in columns.fields and len(chosen) > 1:
        notes.append(f"column {columns.fields['standard_error']!r} not used: one standard error for several tasks")
    elif "standard_error" in columns.fields:
        errors.setdefault(chosen[0], columns.fields["standard_error"])
    used = {candidates[t] for t in chosen} | {errors[t] for t in chosen if t in errors}
    notes += _unused(columns, used, {c for t, c in candidates.items() if 0 < shares[t] < 0.5})
    if no_scores:
        notes.append(f"not read as scores: {_said(no_scores)}; name them (tasks) or declare them (metrics) if they are")
    for field in _MEASURE_FIELDS:
        if field in columns.fields:
            words = cells.text(sheet, columns.fields[field])
            several = words[words != ""].value_counts()
            if len(several) > 1:
                shown = ", ".join(f"{value} ({n:,})" for value, n in several.head(5).items())
                notes.append(
                    f"column {columns.fields[field]!r} differs between rows ({shown}): a wide table does not say for "
                    "which tasks, so that each task holds all of them"
                )
    columns_of = [(task, candidates[task], _numbers(sheet, candidates[task], task, chosen)) for task in chosen]
    try:
        scores = np.column_stack(
            [unit_scores(sheet, column, values, task, request.metrics, notes) for task, column, values in columns_of]
        )
    except DataError as error:
        there = {task: values for task, _, values in columns_of if not request.metrics.get(task)}
        raise DataError(str(error), remedy.scales(there, asked=request.tasks is not None)) from error
    n_items = _spread(sheet, columns, "n_items", scores, share=False)
    lines = Lines(
        sheet=sheet,
        fields=fields,
        tasks=tuple(chosen),
        scores=scores,
        source_format="wide",
        n_items=filled_items(n_items, scores, tuple(chosen), request.metrics, None),
        costs=_spread(sheet, columns, "cost", scores, share=True),
        standard_errors=_standard_errors(sheet, chosen, errors, scores, request),
        notes=notes,
        measures={
            task: Measure(f"column {candidates[task]!r}", scale=(request.metrics.get(task) or Metric()).scale)
            for task in chosen
        },
    )
    leave_out_unusable(lines, unusable)
    return lines


def _numbers(sheet: Sheet, column: str, task: str, tasks: Sequence[str]) -> Matrix:
    try:
        return cells.numbers(sheet, column)
    except DataError as error:
        raise DataError(str(error), {"tasks": [other for other in tasks if other != task]}) from error


def _error_columns(columns: Columns, tasks: Mapping[str, str], request: Request) -> dict[str, str]:
    """Return by task the column of its standard errors: gsm8k_stderr beside gsm8k, unless asked for as a task."""
    by_name = {normal(column): column for column in columns.others if column not in request.named}
    ends = [(task, f"{normal(column)}_{end}") for task, column in tasks.items() for end in NAMES]
    return {task: by_name[name] for task, name in reversed(ends) if name in by_name}


def _standard_errors(
    sheet: Sheet, tasks: Sequence[str], columns: Mapping[str, str], scores: Matrix, request: Request
) -> Matrix | None:
    """Read the standard errors of the scores of a wide table, NaN where there are none."""
    if not any(task in columns for task in tasks):
        return None
    errors = np.full(scores.shape, np.nan)
    for k, task in enumerate(tasks):
        if task in columns:
            errors[:, k] = read_column(sheet, columns[task], (request.metrics.get(task) or Metric()).width)
    return np.where(np.isnan(scores), np.nan, errors)


def _no_scores(
    sheet: Sheet, tasks: Sequence[str], columns: Mapping[str, str], shares: Mapping[str, float], request: Request
) -> dict[str, str]:
    """Say of the columns that are no scores what they are, unless the user names or declares them."""
    others = {normal(column) for column in sheet.frame.columns}
    found: dict[str, str] = {}
    for task in tasks:
        if shares[task] < 0.5 or task in request.metrics.by_task:
            continue
        kind = not_a_score(task, others - {normal(task)})
        # LiveBench keeps the costs of its tasks under their names, beside the numbers of questions
        if "cost_per_question" in others and f"nq_{normal(task).removeprefix('out_')}" in others:
            kind = "cost or tokens"
        if lower_is_better(task):
            if request.tasks:
                raise DataError(
                    f"{sheet.source}, column {columns[task]!r}: {LOWER}, and not declared. Declare its direction, and "
                    "its bounds if they are not 0 and 1 (metrics)."
                )
            kind = kind or LOWER
        elif not kind and not request.tasks and len(tasks) > 1 and _is_flag(sheet, columns[task]):
            kind = "only 0 and 1, as of a flag"
        if kind and not request.tasks:
            found[task] = kind
    return found


def _is_flag(sheet: Sheet, column: str) -> bool:
    """Say whether a column holds both 0 and 1, as whole numbers, and nothing else."""
    values = sheet.frame[column]
    if pd.api.types.is_numeric_dtype(values.dtype):
        start = values.head(50).dropna()
        return bool(start.isin([0, 1]).all()) and set(values.dropna().unique().tolist()) == {0, 1}
    # scores are seen at once, without looking through a long column
    if not set(cells.text(sheet.head(50), column).unique()) <= {"", "0", "1"}:
        return False
    return set(cells.text(sheet, column).unique()) - {""} == {"0", "1"}


def _said(no_scores: Mapping[str, str]) -> str:
    kinds: dict[str, list[str]] = {}
    for name, kind in no_scores.items():
        kinds.setdefault(kind, []).append(name)
    return "; ".join(f"{listed(names)} ({kind})" for kind, names in kinds.items())


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
    parts = {f: cells.text(sheet, columns.fields[f]) for f in _MEASURE_FIELDS if f in columns.fields}
    if "shots" in parts:
        parts["shots"] = parts["shots"].map(lambda words: shots_words(shots_of(words)) or words)
    no_scores = _no_score_lines(names, parts.get("metric"), request)
    usable = names.where(no_scores == "", "")
    names = told_apart(usable, list(parts.values())).where(no_scores == "", names)
    present = [t for t in pd.unique(names[no_scores == ""]) if t]
    chosen = request.choose(sheet, present)
    if len(chosen) < len(present):
        wanted = (names.isin([*chosen, ""]) & (no_scores == "")).to_numpy(dtype=bool)
        notes.append(
            f"{count(int((~wanted).sum()), 'row')} of tasks not asked for: "
            f"{listed(t for t in present if t not in chosen)}"
        )
        sheet, names, no_scores = sheet.take(wanted), names[wanted], no_scores[wanted]
        parts = {part: values[wanted].reset_index(drop=True) for part, values in parts.items()}
        names, no_scores = names.reset_index(drop=True), no_scores.reset_index(drop=True)
    fields, unusable = _fields(sheet, request, columns, notes)
    scores = cells.numbers(sheet, columns.fields["score"])
    task = pd.Index(chosen, dtype=object).get_indexer(pd.Index(names, dtype=object)).astype(np.int64)
    out = (no_scores != "").to_numpy(dtype=bool)
    task[out], scores[out] = -1, np.nan
    scores = _by_task(sheet, columns.fields["score"], scores, chosen, task, request, notes)
    notes += _unused(columns, set(), set())
    n_items = _amounts(sheet, columns.fields["n_items"], "n_items") if "n_items" in columns.fields else None
    widths = np.array([*((request.metrics.get(name) or Metric()).width for name in chosen), 1.0])
    errors = (
        read_column(sheet, columns.fields["standard_error"], widths[task])
        if "standard_error" in columns.fields
        else None
    )
    lines = Lines(
        sheet=sheet,
        fields=fields,
        tasks=tuple(chosen),
        scores=scores,
        source_format="long",
        n_items=filled_items(n_items, scores, tuple(chosen), request.metrics, task),
        costs=_amounts(sheet, columns.fields["cost"], "cost") if "cost" in columns.fields else None,
        standard_errors=None if errors is None else np.where(np.isnan(scores), np.nan, errors),
        task=task,
        notes=notes,
        measures={
            name: _long_measure(columns.fields["score"], parts, task == k).scaled_as(
                (request.metrics.get(name) or Metric()).scale
            )
            for k, name in enumerate(chosen)
        },
    )
    if out.any():
        lines.leave_out(out, "not a score", no_scores.to_numpy(dtype=object))
    if unnamed:
        lines.leave_out(task < 0, "no task name")
    leave_out_unusable(lines, unusable)
    return lines


def _no_score_lines(names: pd.Series, metrics: pd.Series | None, request: Request) -> pd.Series:
    """Say of each line what its value is if it is no score, by the name of its metric and task; "" for scores."""

    def kind(name: str) -> str:
        return not_a_score(name) or (f"{LOWER}: declare it (metrics)" if lower_is_better(name) else "")

    declared = set(request.named)
    by_task = {name: kind(name) for name in pd.unique(names) if name and name not in declared}
    found = names.map(by_task).astype("str").where(names.isin(list(by_task)), "")
    if metrics is not None:
        by_metric = {name: kind(name) for name in pd.unique(metrics) if name}
        mine = metrics.map(by_metric).astype("str").where(metrics.isin(list(by_metric)), "")
        asked = names.isin(declared) | (names + "/" + metrics).isin(declared)
        found = found.mask((found == "") & ~asked, mine)
    return found.astype("str")


def _long_measure(column: str, parts: Mapping[str, pd.Series], here: np.ndarray) -> Measure:
    """Return what the lines of a task are, by the columns that tell measures apart."""

    def words(part: str) -> str:
        given = parts[part][here] if part in parts else pd.Series(dtype="str")
        return " or ".join(sorted(set(given) - {""})[:5])

    detail = f"split {words('split')}" if words("split") else ""
    return Measure(
        words("metric") or f"column {column!r}", words("filter"), words("shots").replace("-shot", ""), detail
    )


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
        try:
            scores[here] = unit_scores(sheet, column, found, name, request.metrics, notes, long=True)[here]
        except DataError as error:
            raise DataError(
                str(error), remedy.scales({name: values[task == k] for k, name in enumerate(tasks)}, asked=True)
            ) from error
    return scores
