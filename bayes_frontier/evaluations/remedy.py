"""The call that would work, for the message of one that did not: tried before it is printed.

An error says which options may help (`DataError.remedy`); what they lead to is tried, further ones are added, and only
what reads at least one score is recommended.
"""

import itertools
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.measures import normal
from bayes_frontier.evaluations.metrics import ANY, Metric, Metrics, in_words
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.parse import files_below
from bayes_frontier.evaluations.tables.sheet import Sheet

_NAMES = ("model", "system", "agent", "llm", "engine", "name", "method", "entry", "submission")
_SCORES = frozenset(
    ("rate", "score", "scores", "acc", "accuracy", "percent", "pct", "pass", "solved", "resolved", "correct", "success")
)


def call(error: DataError, source: object, request: Request, attempt: Callable[[Request], Lines], kind: str) -> str:
    """Return the call that reads a source as it is, "" where none is found; `kind` is the format asked for or ""."""
    for _ in range(5):
        changed = _merged(request, error.remedy)
        if changed == request:
            return ""
        request = changed
        try:
            lines = attempt(request)
        except DataError as further:
            error = further
            continue
        return "" if np.isnan(lines.scores).all() else _written(source, request, kind)
    return ""


def of_one(folder: Path, attempt: Callable[[Path], Lines]) -> str:
    """Return the call that reads a file of a folder that cannot be read whole, "" if none of the first can be."""
    for path in itertools.islice(files_below(folder, str(folder)), 10):
        try:
            if not np.isnan(attempt(path).scores).all():
                return shlex.join(["bayes-frontier", "data", "show", str(path)])
        except DataError as error:
            if "This call reads it: " in str(error):
                return str(error).partition("This call reads it: ")[2]
    return ""


def _merged(request: Request, remedy: Mapping[str, object]) -> Request:
    columns, tasks, metrics = (remedy.get(name) for name in ("columns", "tasks", "metrics"))
    if isinstance(columns, Mapping):
        request = replace(request, columns={**request.columns, **columns})
    if isinstance(tasks, Sequence) and request.tasks is None:
        request = replace(request, tasks=tuple(tasks))
    if isinstance(metrics, Mapping):
        request = replace(request, metrics=Metrics({**request.metrics.by_task, **metrics}))
    return request


def _written(source: object, request: Request, kind: str) -> str:
    scales, tasks = in_words(request.metrics), request.tasks
    if scales is None or any("," in name for name in tasks or ()):
        return ""
    if not isinstance(source, str | Path):
        options = {"columns": dict(request.columns), "tasks": list(tasks or ()), "metrics": scales, "format": kind}
        return f"read(frame, {', '.join(f'{name}={value!r}' for name, value in options.items() if value)})"
    words = ["bayes-frontier", "data", "show", str(source)]
    words += [word for field, column in request.columns.items() for word in ("--column", f"{field}={column}")]
    for option, value in (("--tasks", ",".join(tasks or ())), ("--metrics", scales), ("--format", kind)):
        words += [option, value] if value else []
    return shlex.join(words)


def column_of_models(sheet: Sheet) -> str:
    """Return the column that may hold the models' names, "" if none does: by its name, else that of most values."""
    best: tuple[float, str] = (0.0, "")
    for column in sheet.frame.columns:
        words = cells.text(sheet, column)
        words = words[words != ""]
        if not len(words) or cells.share_of_numbers(sheet, column) > 0 or "," in column or "=" in column:
            continue
        if words.str.contains(r"://|^[0-9]{4}-[0-9]{2}-[0-9]{2}|.{200}", regex=True).mean() > 0.5:
            continue
        named = any(word in _NAMES for word in normal(column).split("_"))
        worth = words.nunique() / len(sheet.frame) + 2 * named
        if 2 * words.nunique() > len(words) and worth > best[0]:
            best = (worth, column)
    return best[1]


def scales(values: Mapping[str, np.ndarray], asked: bool) -> dict[str, object]:
    """Return which of some columns may be tasks, and on which scales, as a remedy; NaN missing.

    Of columns on several scales those that are shares, percentages or called so are meant, unless the user asked.
    """
    found = {name: _scale(column[~np.isnan(column)]) for name, column in values.items()}
    tasks = [name for name, metric in found.items() if metric is not None]
    usual = [name for name in tasks if found[name] in (Metric(), Metric(ceiling=100.0))]
    if not asked and 0 < len(usual) < len(values):
        tasks = [name for name in usual if set(normal(name).split("_")) & _SCORES] or usual
    metrics = {name: found[name] for name in tasks if found[name] != Metric()}
    if len(set(metrics.values())) == 1 and len(metrics) == len(tasks):
        metrics = {ANY: next(iter(metrics.values()))}
    return {"metrics": metrics, **({} if asked or len(tasks) == len(values) else {"tasks": tasks})}


def _scale(values: np.ndarray) -> Metric | None:
    """Return the scale on which values may be: shares, percentages, or to the next power of ten; None if on several."""
    if not len(values) or not np.isfinite(values).all():
        return None
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return Metric()
    # a few values beyond 1 are mistakes, and so are negative ones of shares
    slips = high <= cells.PERCENT_FROM and (np.abs(values) <= 1).mean() >= 0.5
    if slips or cells.mixes_scales(values) or max(-low, high) > 1e4:
        return None
    bound = max(10.0 ** np.ceil(np.log10(max(-low, high))), 10.0)
    return Metric(floor=-float(bound) if low < 0 else 0.0, ceiling=float(bound))
