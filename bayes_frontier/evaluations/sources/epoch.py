"""Epoch AI's tables: benchmark runs (one benchmark a file) and models with their training compute.

A benchmark is named by its file. Where a model is on a base model of the registry, compute is the registry's; other
models are their own base, with the compute Epoch states, where it does. A table of models holds no scores: beside a
benchmark, in a folder, it adds compute by model name. What one table says of a model counts for it in all of them.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.fields import place
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.measures import Measure, lower_is_better, not_a_score, shots_of, shots_words, told_apart
from bayes_frontier.evaluations.metrics import Metric, filled_items, unit_scores
from bayes_frontier.evaluations.sources import epoch_tables as hub
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.evaluations.tables.source import Source
from bayes_frontier.evaluations.uncertainty import stated
from bayes_frontier.text import count, listed

SAID = ["key", "released", "flops", "factor", "group"]


def recognises(source: Source) -> bool:
    """Tell whether a table, or one of a folder, is one of benchmark runs, or a lone one of models."""
    several, sheets = len(source.sheets) > 1, source.sheets
    return any(hub.is_benchmark(sheet) or (several and hub.is_metadata(sheet)) for sheet in sheets) or (
        not several and any(map(hub.is_models, sheets))
    )


def parse(source: Source, request: Request) -> Lines:
    """Parse benchmark runs, or a table of models."""
    models = [sheet for sheet in source.sheets if hub.is_models(sheet)]
    said = hub.metadata([sheet for sheet in source.sheets if hub.is_metadata(sheet)])
    tables = [sheet for sheet in source.sheets if hub.is_benchmark(sheet, said)]
    beside = [sheet for sheet in source.sheets if hub.is_metadata(sheet) or hub.is_versions(sheet)]
    known = [*models, *tables, *beside]
    wrong = [sheet.source for sheet in source.sheets if not any(sheet is one for one in known)]
    if not tables and not (len(models) == 1 and len(source.sheets) == 1):
        raise DataError(
            f"{source.name} is not of Epoch AI's tables ({listed(wrong)}): expected columns such as {hub.MODEL!r}, "
            f"{hub.RELEASED!r} and {hub.COMPUTE!r}."
        )
    if len(models) > 1:
        raise DataError(f"{source.name} holds several tables of models ({listed(m.source for m in models)}): keep one.")
    if set(request.columns) - {"score"}:
        raise DataError(
            "columns: Epoch AI's tables have their own but for the score; leave the rest of the mapping out."
        )
    notes: list[str] = []
    if not tables:
        return _models_alone(models[0], request, notes)
    _note_metadata(said, [hub.task_of(sheet.source) for sheet in tables], notes)
    runs, described, skipped = [], [], []
    left_out = [f"{name} ({hub.about(name) or 'not a table of benchmark runs'})" for name in wrong]
    for sheet in tables:
        table = hub.describe(sheet, request, said, alone=len(tables) == 1)
        if table.why and len(tables) == 1:
            raise DataError(f"{sheet.source} is one of Epoch AI's tables, but {table.why}.{_call(sheet, table)}")
        if table.why:
            left_out.append(f"{sheet.source} ({table.why})")
            skipped.append((sheet, table))
        else:
            runs.append(sheet)
            described.append(table)
    if not runs:
        raise DataError(f"{source.name}: no table of it can be read: {'; '.join(left_out[:5])}.")
    if left_out:
        more = f" and {len(left_out) - 10:,} more" if len(left_out) > 10 else ""
        notes.append(f"{count(len(left_out), 'table')} not read: {'; '.join(left_out[:10])}{more}")
    names = _task_names([sheet.source for sheet in runs], notes)
    frames = [_runs(sheet, table, name, request) for sheet, table, name in zip(runs, described, names, strict=True)]
    frames += [_runs(sheet, table, "", request) for sheet, table in skipped]
    given = pd.concat(frames, ignore_index=True)
    shots = given["shots"].map({words: shots_words(shots_of(words)) for words in given["shots"].unique()}).astype("str")
    benchmarks = given["task"]
    given["task"] = told_apart(benchmarks, [shots])
    given["key"] = hub.key(given["model"])
    versions = [hub.said_of_models(sheet, request) for sheet in beside if hub.is_versions(sheet)]
    _fill(given, hub.first_said([given[SAID], *versions]), "other tables of the model's version", notes)
    for sheet in models:
        _fill(given, hub.first_said([hub.said_of_models(sheet, request)]), sheet.source, notes)
    there = [name for name in given["task"].unique() if name]
    tasks = tuple(request.choose(runs[0], there))
    wanted = given["task"].isin([*tasks, ""] if len(tasks) == len(there) else tasks).to_numpy(dtype=bool)
    if len(tasks) < len(there):
        notes.append(f"{count(int((~wanted).sum()), 'row')} of tasks not asked for")
    rows = np.concatenate([sheet.rows for sheet in [*runs, *(sheet for sheet, _ in skipped)]])[wanted]
    given = given[wanted].reset_index(drop=True)
    benchmarks, shots = (part[wanted].reset_index(drop=True) for part in (benchmarks, shots))
    sheet = Sheet(given, rows, runs[0].unit, source.name if len(runs) > 1 else runs[0].source)
    task = pd.Index(tasks, dtype=object).get_indexer(pd.Index(given["task"].to_numpy(dtype=object))).astype(np.int64)
    values = given["score"].to_numpy(dtype=np.float64)
    scores = np.full(len(values), np.nan)
    errors = np.full(len(values), np.nan)
    measures = {}
    of_file = dict(zip(names, zip(runs, described, strict=True), strict=True))
    others = {name: _others(table, one.score) for name, (table, one) in of_file.items()}
    for k, name in enumerate(tasks):
        here = task == k
        benchmark = benchmarks[here].iloc[0]
        one = of_file[benchmark][1]
        found, usual = np.where(here, values, np.nan), one.metric
        made = unit_scores(sheet, one.score, found, name, request.metrics, notes, usual=usual, long=True)
        scores[here] = made[here]
        errors[here] = stated(given["standard_error"][here], one.error_width)
        metric = request.metrics.get(name) or usual
        measures[name] = _measure(one.score, others[benchmark], shots[here], metric)
    placed = place(_evidence(given), request, notes)
    fields = placed.fields.assign(
        released=_dated(placed.fields["released"], given, notes),
        flops_factor=given["factor"].where(placed.fields["flops"] == given["flops"]),
    )
    lines = Lines(
        sheet=sheet,
        fields=fields,
        tasks=tasks,
        scores=scores,
        source_format="epoch",
        n_items=filled_items(None, scores, tasks, request.metrics, task),
        standard_errors=np.where(np.isnan(scores), np.nan, errors),
        task=task,
        notes=notes,
        placed=placed.table,
        measures=measures,
        uploads=True,
    )
    lines.leave_out((given["left_out"] != "").to_numpy(dtype=bool), "table not read", given["left_out"].to_numpy())
    lines.leave_out((lines.fields["model"] == "").to_numpy(dtype=bool), "no model name")
    placed.leave_out(lines)
    return lines


def _call(sheet: Sheet, table: hub.Described) -> str:
    """Write the declaration that makes a table readable whose scale is not known."""
    if not table.score:
        return ""
    values = cells.numbers(sheet, table.score)
    low, top = np.nanmin(values, initial=0.0), np.nanmax(values, initial=1.0)
    declared = f'[tasks."{hub.task_of(sheet.source)}"] floor = {np.floor(low):g}, ceiling = {np.ceil(top):g}'
    return f" In a TOML file for --metrics, on lines of their own: {declared} (those of the values here)"


def _note_metadata(said: dict[str, dict[str, str]], tasks: Sequence[str], notes: list[str]) -> None:
    """Note what Epoch's metadata says of the benchmarks read: superseded ones, and further scores of their files."""
    for what, field, word in (
        ("superseded, as Epoch's metadata says", "superseded_by", "by"),
        ("further benchmarks in these files, not read", "others", "with"),
    ):
        found = [f"{task} {word} {said[task][field]}" for task in tasks if said.get(task, {}).get(field)]
        if found:
            notes.append(f"{what}: {'; '.join(found[:10])}")


def _task_names(sources: list[str], notes: list[str]) -> list[str]:
    """Name benchmarks by their files; files of one benchmark, as of two days, keep their whole names."""
    names = [hub.task_of(source) for source in sources]
    again = {name for name in names if names.count(name) > 1}
    if again:
        notes.append(f"several tables of one benchmark, kept apart by their whole names: {listed(sorted(again))}")
    return [hub.STEM.sub("", source) if name in again else name for source, name in zip(sources, names, strict=True)]


def _others(sheet: Sheet, column: str) -> tuple[str, ...]:
    """Name other numbers of a table that may be scores by their names, judged by its first rows."""
    named = (
        str(name)
        for name in sheet.frame.columns
        if name not in (column, hub.MODEL, hub.COMPUTE)
        and not not_a_score(str(name))
        and not lower_is_better(str(name))
    )
    start = sheet.frame.head(40)
    return tuple(name for name in named if _numbers(start[name].dropna().tolist()))[:8]


def _numbers(values: list[object]) -> bool:
    """Tell whether at least half of some cells are numbers."""
    good = 0
    for value in values:
        try:
            good += bool(str(value).strip()) and math.isfinite(float(str(value)))
        except ValueError:
            continue
    return 2 * good >= len(values) > 0


def _measure(column: str, others: tuple[str, ...], shots: pd.Series, metric: Metric | None) -> Measure:
    words = sorted(set(shots) - {""})
    silent = int((shots == "").sum())
    detail = f"shots of {silent:,} of {len(shots):,} not stated" if words and silent else ""
    return Measure(
        f"column {column!r}",
        shots=" or ".join(word.removesuffix("-shot") for word in words),
        detail=detail,
        scale=(metric or Metric()).scale,
        others=others,
    )


def _runs(sheet: Sheet, table: hub.Described, task: str, request: Request) -> pd.DataFrame:
    """Read the rows of one table; of one that is not read, all but scores."""
    flops = np.full(len(sheet.frame), np.nan)
    if hub.COMPUTE in sheet.frame:
        flops = cells.numbers(sheet, hub.COMPUTE)
        cells.check_flops(sheet, hub.COMPUTE, flops)
    model = cells.text(sheet, hub.MODEL)
    if table.name in sheet.frame and (model == "").any():
        model = model.mask(model == "", cells.text(sheet, table.name))
    evaluated = pd.Series(np.full(len(model), np.datetime64("NaT", "ns")))
    released = evaluated if hub.RELEASED not in sheet.frame else cells.dates(sheet, hub.RELEASED, request.today)
    for name in hub.EVALUATED:
        if name in sheet.frame and (released.isna() & evaluated.isna()).any():
            evaluated = evaluated.fillna(cells.dates(sheet, name, request.today))
    return pd.DataFrame(
        {
            "model": model,
            "task": task,
            "score": cells.numbers(sheet, table.score) if task else np.nan,
            "standard_error": cells.numbers(sheet, table.error) if table.error else np.nan,
            "released": released,
            "evaluated": evaluated,
            "flops": flops,
            "factor": np.where(np.isnan(flops), np.nan, hub.factors(sheet)),
            "group": cells.text(sheet, hub.GROUP) if hub.GROUP in sheet.frame else "",
            "shots": cells.text(sheet, hub.SHOTS) if hub.SHOTS in sheet.frame else "",
            "left_out": "" if task else f"{sheet.source}: {table.why}",
            # what tells two runs apart that agree in everything used
            "line": pd.util.hash_pandas_object(sheet.frame.astype("str"), index=False).astype("str").to_numpy(),
        }
    )


def _evidence(given: pd.DataFrame) -> pd.DataFrame:
    bare = given["model"].str.replace(hub.EFFORT, "", regex=True)
    return given[["model", "released", "flops"]].assign(base_field=bare, own=bare, mapped=given["group"])


def _fill(given: pd.DataFrame, said: pd.DataFrame, where: str, notes: list[str]) -> None:
    """Fill in what other tables say of a model's version: its date, compute with its grade, and group."""
    known = said.reindex(given["key"]).reset_index(drop=True)
    for name, what in (("released", "release date"), ("flops", "compute")):
        found = given[name].isna() & known[name].notna()
        given[name] = given[name].mask(found, known[name])
        if found.any():
            notes.append(f"{what} of {count(int(found.sum()), 'row')} taken from {where}")
    given["factor"] = given["factor"].fillna(known["factor"]).where(given["flops"].notna())
    given["group"] = known["group"].astype(object).where(known["group"].notna(), given["group"])


def _dated(released: pd.Series, given: pd.DataFrame, notes: list[str]) -> pd.Series:
    """Date models that nothing else dates: by name, or by their evaluation, before which they were there."""
    for days, how in (
        (given["key"].map(hub.dated()), "by their names, which have no version"),
        (given["evaluated"], "by evaluation or listing: the model may be older"),
    ):
        found = released.isna() & days.notna()
        if found.any():
            notes.append(f"{count(int(found.sum()), 'row')} dated {how}")
        released = released.mask(found, days)
    return released


def _models_alone(sheet: Sheet, request: Request, notes: list[str]) -> Lines:
    notes.append(
        "a table of models, without scores: put it in a folder with benchmark runs, or give the registry its compute"
    )
    flops = cells.numbers(sheet, hub.COMPUTE)
    flops[~((flops >= cells.FLOPS_RANGE[0]) & (flops <= cells.FLOPS_RANGE[1]))] = np.nan
    base = cells.text(sheet, hub.BASE) if hub.BASE in sheet.frame else ""
    given = pd.DataFrame(
        {
            "model": cells.text(sheet, hub.NAME),
            "base_field": base,
            "params_b": cells.numbers(sheet, hub.PARAMETERS) / 1e9 if hub.PARAMETERS in sheet.frame else np.nan,
            "released": cells.dates(sheet, hub.PUBLISHED, request.today),
            "flops": flops,
        }
    )
    placed = place(given, request, notes)
    lines = Lines(
        sheet=sheet,
        fields=placed.fields,
        tasks=(),
        scores=np.full(len(given), np.nan),
        source_format="epoch_models",
        task=np.full(len(given), -1, dtype=np.int64),
        notes=notes,
        placed=placed.table,
    )
    lines.leave_out(np.ones(len(given), dtype=bool), "no score: a table of models")
    return lines
