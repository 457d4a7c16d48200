"""Scores found in JSON documents, one a line, and `Lines` made of them."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.fields import place
from bayes_frontier.evaluations.frames import FIELDS
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.metrics import Metric, filled_items, note_scale, unit_scores
from bayes_frontier.evaluations.tables.sheet import EARLIEST, Sheet
from bayes_frontier.text import count, listed

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Score:
    """One score of one model, or the reason why there is none.

    Attributes
    ----------
    file : str
        Where it stands.
    model, task : str
        Of which model, on what.
    value : float
        As the source states it, NaN missing.
    metric : Metric, optional
        How to read it as the source says; none: the user has to say.
    n_items : float
        Items behind it, NaN unknown.
    base_field, architecture, kind : str
        What the source says of the base model, the architecture and the kind of the model.
    params_b : float
        Its parameters, 1e9.
    released : date, optional
        When it was released, or evaluated.
    reason, detail : str
        Why it cannot be used; "" where it can.
    """

    file: str
    model: str
    task: str = ""
    value: float = math.nan
    metric: Metric | None = None
    n_items: float = math.nan
    base_field: str = ""
    architecture: str = ""
    kind: str = ""
    params_b: float = math.nan
    released: dt.date | None = None
    reason: str = ""
    detail: str = ""


def text(value: object) -> str:
    """Return a value as a name: a stripped string of at most 300 characters that can be written as UTF-8."""
    return value.encode("utf-8", "replace").decode().strip()[:LONGEST] if isinstance(value, str) else ""


def number(value: object) -> float:
    """Return a value as a finite float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value) if math.isfinite(value) else math.nan
    except OverflowError:
        return math.nan


def table(value: object) -> dict[str, object]:
    """Return a value as a mapping."""
    return value if isinstance(value, dict) else {}


def day(value: object, today: dt.date) -> dt.date | None:
    """Return the UTC day of a time stamp."""
    try:
        if isinstance(value, str) and value.count("-") >= 2 and len(value) < 40:
            stamp = dt.datetime.fromisoformat(value.strip())
            found = (stamp.astimezone(dt.UTC) if stamp.tzinfo else stamp).date()
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found = dt.datetime.fromtimestamp(float(value), dt.UTC).date()
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found if EARLIEST <= found <= today else None


def scores_to_lines(
    scores: Sequence[Score], source: str, source_format: str, request: Request, notes: list[str], *, dates: str
) -> Lines:
    """Make `Lines` of scores: tasks chosen, metrics brought to [0, 1], base models identified."""
    if not scores:
        raise DataError(f"{source} is a {source_format} source without any result: nothing to read.")
    frame = pd.DataFrame({f.name: [getattr(s, f.name) for s in scores] for f in fields(Score) if f.name != "metric"})
    sheet = Sheet(frame, np.arange(1, len(frame) + 1, dtype=np.int64), "result", source)
    there = list(dict.fromkeys(s.task for s in scores if s.task))
    chosen = request.choose(sheet, there)
    if clash := [t for t in chosen if t in FIELDS]:
        raise DataError(f"{source}: a task cannot be called {listed(clash)}, as a field is; rename it.")
    if len(chosen) < len(there):
        wanted = frame["task"].isin([*chosen, ""]).to_numpy(dtype=bool)
        gone = [t for t in there if t not in chosen]
        notes.append(f"{count(int((~wanted).sum()), 'result')} of tasks not asked for: {listed(gone)}")
        sheet, scores = sheet.take(wanted), [s for s, kept in zip(scores, wanted, strict=True) if kept]
        frame = sheet.frame
    task = pd.Index(chosen, dtype=object).get_indexer(pd.Index(frame["task"].to_numpy(dtype=object)))
    task = task.astype(np.int64)
    earliest = pd.to_datetime(pd.Series([s.released for s in scores], dtype=object), errors="coerce")
    earliest = earliest.groupby(frame["model"].to_numpy(dtype=object)).transform("min")
    placed = place(frame.rename(columns={"kind": "type"}).assign(released=earliest), request, notes, dates=dates)
    values, n_items = frame["value"].to_numpy(dtype=np.float64), frame["n_items"].to_numpy(dtype=np.float64)
    lines = Lines(
        sheet=sheet,
        fields=placed.fields,
        tasks=tuple(chosen),
        scores=values,
        source_format=source_format,
        task=task,
        reason=frame["reason"].to_numpy(dtype=object).copy(),
        detail=frame["detail"].to_numpy(dtype=object).copy(),
        notes=notes,
        placed=placed.table,
    )
    lines.scores = _scaled(lines, scores, task, request)
    lines.n_items = filled_items(n_items, lines.scores, lines.tasks, request.metrics, task)
    lines.leave_out(np.isnan(lines.scores), "no score")
    placed.leave_out(lines)
    return lines


def _scaled(lines: Lines, scores: Sequence[Score], task: np.ndarray, request: Request) -> np.ndarray:
    """Bring each value to [0, 1] by the user's declaration, else by the source's; what neither can is left out."""
    values = lines.scores
    scaled = np.full(len(values), np.nan)
    kept = (lines.reason == "") & ~np.isnan(values)
    kinds: dict[Metric | None, int] = {}
    kind = np.array([kinds.setdefault(s.metric, len(kinds)) for s in scores], dtype=np.int64)
    for k, name in enumerate(lines.tasks):
        here = kept & (task == k)
        if request.metrics.get(name):
            found = np.where(here, values, np.nan)
            made = unit_scores(lines.sheet, "value", found, name, request.metrics, lines.notes)
            scaled[here] = made[here]
            continue
        for metric, code in kinds.items():
            mask = here & (kind == code)
            if not mask.any():
                continue
            if metric is None:
                lines.leave_out(mask, "metric without known bounds", f"task {name!r}: declare it (metrics)")
                continue
            outside = mask & ((values < metric.floor) | (values > metric.ceiling))
            lines.leave_out(outside, "value outside the metric's bounds", f"{metric.floor:g} to {metric.ceiling:g}")
            mask &= ~outside
            scaled[mask] = metric.scaled(values[mask])
            if mask.any():
                note_scale(name, metric, lines.notes)
    return scaled


def unreadable(name: str, problem: str) -> Score:
    """Return the line of a document that cannot be read."""
    return Score(text(name), "", reason="file cannot be read", detail=text(problem))


def refused(scores: Sequence[Score], reason: str, detail: str = "") -> list[Score]:
    """Return scores with a reason not to use them."""
    return [s if s.reason else replace(s, reason=reason, detail=text(detail)) for s in scores]
