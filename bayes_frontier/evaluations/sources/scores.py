"""Scores found in JSON documents, one a line, and `Lines` made of them."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.fields import place
from bayes_frontier.evaluations.frames import FIELDS
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.measures import FILTERS, MAIN, Measure, shots_words
from bayes_frontier.evaluations.metrics import Metric, filled_items, note_scale, unit_scores
from bayes_frontier.evaluations.tables.sheet import EARLIEST, Sheet
from bayes_frontier.evaluations.uncertainty import stated
from bayes_frontier.text import count, listed

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Score:
    """One score of one model, or the reason why there is none.

    * file: where it stands
    * model, task: of which model, on what: the benchmark as the source calls it, before measures are told apart
    * value: as the source states it, NaN missing
    * metric: how to read it as the source says; none: the user has to say
    * n_items: items behind it, NaN unknown
    * standard_error: its standard error, on the scale of the value; NaN (or 0) unknown
    * base_field, architecture, kind: what the source says of the base model, the architecture and the kind of the
      model
    * params_b: its parameters, 1e9
    * released: when it was released, or evaluated
    * reason, detail: why it cannot be used; "" where it can
    * measure: metric, filter, shots and detail, as far as the source says
    * parts: what tells measures of the benchmark apart and becomes part of the task's name where the source has
      several: kind and value
    * mark: what always is part of the name
    * pick: whether the file has further metrics of the same run, of which one is read
    * revision: revision of the model's weights
    * headline: whether the source names its metric as the main one
    * run, moment: which run it is of, where a source may have several logs of one, and when this one was made
    """

    file: str
    model: str
    task: str = ""
    value: float = math.nan
    metric: Metric | None = None
    n_items: float = math.nan
    standard_error: float = math.nan
    base_field: str = ""
    architecture: str = ""
    kind: str = ""
    params_b: float = math.nan
    released: dt.date | None = None
    reason: str = ""
    detail: str = ""
    measure: Measure = field(default_factory=Measure)
    parts: tuple[tuple[str, str], ...] = ()
    mark: str = ""
    pick: bool = False
    revision: str = ""
    headline: bool = False
    run: str = ""
    moment: str = ""


# A standard error by another bootstrap does not make another result of a run.
_NO_COLUMNS = (
    *("file", "metric", "measure", "parts", "mark", "pick", "standard_error"),
    *("headline", "run", "moment"),
)
_COLUMNS = tuple(f.name for f in fields(Score) if f.name not in _NO_COLUMNS)


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
    """Make `Lines` of scores: measures told apart, tasks chosen, metrics brought to [0, 1], base models identified."""
    if not scores:
        raise DataError(f"{source} is a {source_format} source without any result: nothing to read.")
    scores, measures = named(scores, request.named)
    frame = pd.DataFrame({name: [getattr(s, name) for s in scores] for name in _COLUMNS})
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
        measures={name: measures[name] for name in chosen if name in measures},
        uploads=True,
    )
    lines.standard_errors = np.array([s.standard_error for s in scores], dtype=np.float64)
    lines.scores = _scaled(lines, scores, task, request)
    lines.n_items = filled_items(n_items, lines.scores, lines.tasks, request.metrics, task)
    lines.leave_out(np.isnan(lines.scores), "no score")
    placed.leave_out(lines)
    return lines


def named(scores: Sequence[Score], asked: Sequence[str]) -> tuple[list[Score], dict[str, Measure]]:
    """Tell measures apart, whatever the order of the results, and say what each task is.

    A benchmark keeps its name where the source has one measure of it. Shots, scorers and the like of which it has
    several are part of the names. Of several metrics of a run the one read is that which the source names as the main
    one, else that which most runs have, shares first, then by `MAIN`; runs that lack it stand as
    ``benchmark/metric``, and other metrics are read on request.
    """
    plain = _plain_parts([s for s in scores if s.measure.metric or not s.reason])
    groups: dict[str, list[Score]] = {}
    for s in scores:
        shown = [
            value
            for kind, value in _told_apart(s)
            if value and (value != plain.get((s.task, kind), value) or (s.mark and kind == "scorer"))
        ]
        groups.setdefault("/".join(part for part in (s.task, *shown, s.mark) if part), []).append(s)
    names: dict[int, list[str]] = {}
    others: dict[str, Counter[str]] = {}
    for name, group in groups.items():
        for s in group:
            names[id(s)] = [] if s.pick else [name]
        _pick([s for s in group if s.pick], name, set(asked), names, others)
    made, measures = [], {}
    of: dict[str, list[Score]] = {}
    for s in scores:
        for name in names[id(s)]:
            made.append(replace(s, task=name))
            of.setdefault(name, []).append(s)
    for name, group in of.items():
        rest = tuple(f"{other} ({n:,})" for other, n in sorted(others.get(name, Counter()).items()))
        measures[name] = replace(_common([s for s in group if not s.reason] or group), others=rest)
    return made, measures


def _plain_parts(scores: Sequence[Score]) -> dict[tuple[str, str], str]:
    """Return by benchmark and kind of part the value that is not part of names; "" where several are, so all are.

    Of several scorers that is the one whose metric is a share, or that most runs have, if there is one such.
    """
    seen: dict[tuple[str, str], dict[str, list[Score]]] = {}
    for s in scores:
        for kind, value in _told_apart(s):
            # one run may have a metric without a name beside others
            if value or kind == "metric":
                seen.setdefault((s.task, kind), {}).setdefault(value, []).append(s)
    plain = {}
    for (task, kind), values in seen.items():
        if len(values) == 1:
            continue
        worth = {
            value: (
                any(s.headline for s in found),
                any(s.metric is not None for s in found),
                len({(s.file, s.model) for s in found}),
            )
            for value, found in values.items()
        }
        best = [value for value in values if worth[value] == max(worth.values())]
        plain[task, kind] = best[0] if kind == "scorer" and len(best) == 1 else ""
    return plain


def _told_apart(score: Score) -> tuple[tuple[str, str], ...]:
    return (*score.parts, ("shots", shots_words(score.measure.shots)))


def _pick(
    group: list[Score], name: str, asked: set[str], names: dict[int, list[str]], others: dict[str, Counter[str]]
) -> None:
    """Give one metric of each run the benchmark's name, and those asked for their own."""
    runs: dict[tuple[str, str], dict[tuple[str, str], Score]] = {}
    for s in group:
        runs.setdefault((s.file, s.model), {})[s.measure.metric, s.measure.filter] = s
    shares = {(s.measure.metric, s.measure.filter) for s in group if s.metric is not None}
    main = {(s.measure.metric, s.measure.filter) for s in group if s.headline}
    left, read = list(runs.values()), dict[tuple[str, str], str]()
    while left:
        has = Counter(key for run in left for key in run)
        best = min(has, key=lambda key: (key not in main, key not in shares, -has[key], *_rank(key)))
        metric, filtered = best
        own = name
        if read:
            own = f"{name}/{metric}" + (f"/{filtered}" if metric in {m for m, _ in read} else "")
        read[best] = own
        for run in left:
            if best in run:
                names[id(run[best])].append(own)
        left = [run for run in left if best not in run]
    unread: Counter[str] = Counter()
    for run in runs.values():
        for (metric, filtered), s in run.items():
            alone = min((key for key in run if key[0] == metric), key=_rank) == (metric, filtered)
            for own in (*([f"{name}/{metric}"] if alone else []), f"{name}/{metric}/{filtered}"):
                if own in asked and own not in names[id(s)]:
                    names[id(s)].append(own)
            if not names[id(s)]:
                unread[f"{metric}/{filtered}" if filtered not in ("", "none") else metric] += 1
    if unread:
        others[name] = unread


def _rank(key: tuple[str, str]) -> tuple[int, int, str, str]:
    metric, filtered = key
    return (
        MAIN.index(metric) if metric in MAIN else len(MAIN),
        FILTERS.index(filtered) if filtered in FILTERS else len(FILTERS),
        metric,
        filtered,
    )


def _common(group: Sequence[Score]) -> Measure:
    """Return what the scores of a task have in common; what only some of them state counts for all."""
    stated = {
        part: sorted({getattr(s.measure, part) for s in group} - {""})
        for part in ("metric", "filter", "shots", "detail")
    }
    silent = sum(not s.measure.shots for s in group)
    if stated["shots"] and silent:
        stated["detail"].append(f"shots of {silent:,} of {len(group):,} not stated")
    metric, filtered, shots, detail = (" or ".join(stated[part]) for part in ("metric", "filter", "shots", "detail"))
    scale = " or ".join(dict.fromkeys(s.metric.scale for s in group if s.metric is not None))
    return Measure(metric, filtered, shots, detail, scale)


def _scaled(lines: Lines, scores: Sequence[Score], task: np.ndarray, request: Request) -> np.ndarray:
    """Bring each value to [0, 1] by the user's declaration, else by the source's; what neither can is left out."""
    values, errors = lines.scores, lines.standard_errors
    assert errors is not None
    scaled = np.full(len(values), np.nan)
    kept = (lines.reason == "") & ~np.isnan(values)
    kinds: dict[Metric | None, int] = {}
    kind = np.array([kinds.setdefault(s.metric, len(kinds)) for s in scores], dtype=np.int64)
    for k, name in enumerate(lines.tasks):
        here = kept & (task == k)
        declared = request.metrics.get(name)
        if declared:
            found = np.where(here, values, np.nan)
            made = unit_scores(lines.sheet, "value", found, name, request.metrics, lines.notes)
            scaled[here] = made[here]
            errors[here] = stated(errors[here], declared.width)
            lines.measures[name] = lines.measures[name].scaled_as(declared.scale)
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
            errors[mask] = stated(errors[mask], metric.width)
            if mask.any():
                note_scale(name, metric, lines.notes)
    errors[np.isnan(scaled)] = np.nan
    return scaled


def latest(scores: Sequence[Score]) -> list[Score]:
    """Keep one log of each run that was logged several times: the last that can be used."""
    usable: dict[tuple[str, str], tuple[str, str]] = {}
    for s in scores:
        if s.run and not s.reason:
            usable[s.run, s.model] = max(usable.get((s.run, s.model), ("", "")), (s.moment, s.file))
    kept = [usable.get((s.run, s.model), ("", s.file))[1] == s.file or bool(s.reason) for s in scores]
    return [s if k else replace(s, reason="logged again later") for s, k in zip(scores, kept, strict=True)]


def unreadable(name: str, problem: str) -> Score:
    """Return the line of a document that cannot be read."""
    return Score(text(name), "", reason="file cannot be read", detail=text(problem))


def refused(scores: Sequence[Score], reason: str, detail: str = "") -> list[Score]:
    """Return scores with a reason not to use them."""
    return [s if s.reason else replace(s, reason=reason, detail=text(detail)) for s in scores]
