"""Epoch AI's tables: benchmark runs (one benchmark a file) and models with their training compute.

A benchmark is named by its file. Where a model is on a base model of the registry, compute is the registry's; other
models are their own base, with the compute Epoch states, where it does. A table of models holds no scores: beside a
benchmark, in a folder, it adds compute by model name.
"""

import re

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.fields import place
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.measures import Measure, lower_is_better, not_a_score, shots_of, shots_words, told_apart
from bayes_frontier.evaluations.metrics import Metric, filled_items, unit_scores
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.sheet import PERCENT_FROM, Sheet
from bayes_frontier.evaluations.tables.source import Source
from bayes_frontier.evaluations.uncertainty import stated
from bayes_frontier.text import count, listed

MODEL, SCORE, RELEASED, COMPUTE = "Model version", "mean_score", "Release date", "Training compute (FLOP)"
SCORES = (SCORE, "Best score (across scorers)", "Score")
OTHER_NAME, SHOTS, ERROR = "Name", "Shots", "stderr"
NAME, PUBLISHED, PARAMETERS, BASE = "Model", "Publication date", "Parameters", "Base model"
# How hard a model was asked to think: "gpt-5_high", "claude-3-7-sonnet_16K".
_EFFORT = re.compile(r"_(?:x?high|low|medium|minimal|none|max|[0-9]+[kK])$")
# A year alone is the benchmark's; a day or a month is that of the snapshot.
_FILE = re.compile(r"^bench_|(?:_[0-9]{4}(?:-[0-9]{2}){1,2})?\.(?:csv|tsv|parquet)$", re.IGNORECASE)
_STEM = re.compile(r"\.(?:csv|tsv|parquet)$", re.IGNORECASE)
_PERCENT = re.compile(r"%|percent", re.IGNORECASE)


def is_benchmark(sheet: Sheet) -> bool:
    """Tell whether a table is one of benchmark runs: its scores may be called anything."""
    return {MODEL, RELEASED, COMPUTE} <= set(sheet.frame.columns)


def is_models(sheet: Sheet) -> bool:
    """Tell whether a table is one of models."""
    return {NAME, PUBLISHED, COMPUTE, "Domain"} <= set(sheet.frame.columns)


def recognises(source: Source) -> bool:
    """Tell whether a table, or one of a folder, is one of benchmark runs, or a lone one of models."""
    return any(map(is_benchmark, source.sheets)) or (len(source.sheets) == 1 and is_models(source.sheets[0]))


def parse(source: Source, request: Request) -> Lines:
    """Parse benchmark runs, or a table of models."""
    models = [sheet for sheet in source.sheets if is_models(sheet)]
    tables = [sheet for sheet in source.sheets if is_benchmark(sheet)]
    wrong = [sheet.source for sheet in source.sheets if not (is_benchmark(sheet) or is_models(sheet))]
    if not tables and not (len(models) == 1 and len(source.sheets) == 1):
        raise DataError(
            f"{source.name} is not of Epoch AI's tables ({listed(wrong)}): expected columns such as {MODEL!r}, "
            f"{RELEASED!r} and {COMPUTE!r}."
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
    runs, columns, left_out = [], [], [f"{name} (not a table of benchmark runs)" for name in wrong]
    for sheet in tables:
        column, why = _score_column(sheet, request)
        if why and len(tables) == 1:
            raise DataError(f"{sheet.source} is one of Epoch AI's tables, but {why}.")
        if why:
            left_out.append(f"{sheet.source} ({why})")
        else:
            runs.append(sheet)
            columns.append(column)
    if not runs:
        raise DataError(f"{source.name}: no table of it can be read: {'; '.join(left_out[:5])}.")
    if left_out:
        more = f" and {len(left_out) - 10:,} more" if len(left_out) > 10 else ""
        notes.append(f"{count(len(left_out), 'table')} not read: {'; '.join(left_out[:10])}{more}")
    names = _task_names([sheet.source for sheet in runs], notes)
    frames = [_runs(sheet, column, name, request) for sheet, column, name in zip(runs, columns, names, strict=True)]
    given = pd.concat(frames, ignore_index=True)
    shots = given["shots"].map(lambda words: shots_words(shots_of(words))).astype("str")
    of_file = dict(zip(names, zip(runs, columns, strict=True), strict=True))
    benchmarks = given["task"]
    given["task"] = told_apart(benchmarks, [shots])
    if models:
        _add_compute(given, models[0], notes)
    tasks = tuple(request.choose(runs[0], list(dict.fromkeys(given["task"]))))
    wanted = given["task"].isin(tasks).to_numpy(dtype=bool)
    if not wanted.all():
        notes.append(f"{count(int((~wanted).sum()), 'row')} of tasks not asked for")
    rows = np.concatenate([sheet.rows for sheet in runs])[wanted]
    given = given[wanted].reset_index(drop=True)
    benchmarks, shots = (part[wanted].reset_index(drop=True) for part in (benchmarks, shots))
    sheet = Sheet(given, rows, runs[0].unit, source.name if len(runs) > 1 else runs[0].source)
    task = pd.Index(tasks, dtype=object).get_indexer(pd.Index(given["task"].to_numpy(dtype=object))).astype(np.int64)
    values = given["score"].to_numpy(dtype=np.float64)
    scores = np.full(len(values), np.nan)
    errors = given["standard_error"].to_numpy(dtype=np.float64, copy=True)
    measures = {}
    for k, name in enumerate(tasks):
        here = task == k
        table, column = of_file[benchmarks[here].iloc[0]]
        found, usual = np.where(here, values, np.nan), _scale(column, cells.numbers(table, column))
        made = unit_scores(sheet, column, found, name, request.metrics, notes, usual=usual, long=True)
        scores[here] = made[here]
        errors[here] = stated(errors[here], (request.metrics.get(name) or usual or Metric()).width)
        measures[name] = _measure(table, column, shots[here], request.metrics.get(name) or usual)
    placed = place(_evidence(given), request, notes)
    lines = Lines(
        sheet=sheet,
        fields=placed.fields,
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
    lines.leave_out((lines.fields["model"] == "").to_numpy(dtype=bool), "no model name")
    placed.leave_out(lines)
    return lines


def _score_column(sheet: Sheet, request: Request) -> tuple[str, str]:
    """Return the column of the scores, or why there is none to be read.

    It is the one asked for, one of `SCORES`, or the first number before the release date that is a score by its name.
    """
    asked = request.columns.get("score")
    if asked is not None and asked not in sheet.frame:
        return "", f"it has no column {asked!r}: its columns are {listed(sheet.frame.columns, 20)}"
    names = [str(name) for name in sheet.frame.columns]
    before = names[names.index(MODEL) + 1 : names.index(RELEASED)] if names.index(MODEL) < names.index(RELEASED) else []
    known = [name for name in SCORES if name in names]
    numeric = [n for n in before if not not_a_score(n) and cells.share_of_numbers(sheet, n) >= 0.5]
    column = asked or next(iter([*known, *numeric]), None)
    if column is None:
        say = "which column holds its scores is not known: say it (columns, --column score=NAME); they are"
        return "", f"{say} {listed(names, 20)}"
    name = task_of(sheet.source)
    if request.metrics.get(name) is None:
        values = cells.numbers(sheet, column)
        if lower_is_better(column) or lower_is_better(name):
            return "", f"lower values of {column!r} are better by its name: declare it (metrics)"
        top = np.nanmax(values) if (~np.isnan(values)).any() else np.nan
        if top > 1.5 and _scale(column, values) is None:
            return "", f"{column!r} has values up to {top:g}, on a scale that is not known: declare it (metrics)"
        if top > 1.5 and (inside := int(((values > 0) & (values < 1)).sum())):
            raise DataError(
                f"{sheet.source}, column {column!r}: {inside:,} values between 0 and 1 beside values up to {top:g}: "
                "percentages and fractions in one column. Correct them; if all are percentages, declare the ceiling "
                "100 (metrics)."
            )
    return column, ""


def _task_names(sources: list[str], notes: list[str]) -> list[str]:
    """Name benchmarks by their files; files of one benchmark, as of two days, keep their whole names."""
    names = [task_of(source) for source in sources]
    again = {name for name in names if names.count(name) > 1}
    if again:
        notes.append(f"several tables of one benchmark, kept apart by their whole names: {listed(sorted(again))}")
    return [_STEM.sub("", source) if name in again else name for source, name in zip(sources, names, strict=True)]


def _measure(sheet: Sheet, column: str, shots: pd.Series, metric: Metric | None) -> Measure:
    others = tuple(
        str(name)
        for name in sheet.frame.columns
        if name not in (column, MODEL, COMPUTE)
        and not not_a_score(str(name))
        and not lower_is_better(str(name))
        and cells.share_of_numbers(sheet, name) >= 0.5
    )
    stated = sorted(set(shots) - {""})
    silent = int((shots == "").sum())
    detail = f"shots of {silent:,} of {len(shots):,} not stated" if stated and silent else ""
    return Measure(
        f"column {column!r}",
        shots=" or ".join(words.removesuffix("-shot") for words in stated),
        detail=detail,
        scale=(metric or Metric()).scale,
        others=others[:8],
    )


def task_of(source: str) -> str:
    """Return the task a file of benchmark runs is about."""
    name = _FILE.sub("", source).strip()
    return "benchmark" if name in ("", "DataFrame") else name


def _runs(sheet: Sheet, column: str, task: str, request: Request) -> pd.DataFrame:
    flops = cells.numbers(sheet, COMPUTE)
    cells.check_flops(sheet, COMPUTE, flops)
    model = cells.text(sheet, MODEL)
    if OTHER_NAME in sheet.frame:
        model = model.mask(model == "", cells.text(sheet, OTHER_NAME))
    return pd.DataFrame(
        {
            "model": model,
            "task": task,
            "score": cells.numbers(sheet, column),
            "released": cells.dates(sheet, RELEASED, request.today),
            "flops": flops,
            "standard_error": cells.numbers(sheet, ERROR) if ERROR in sheet.frame else np.nan,
            "shots": cells.text(sheet, SHOTS) if SHOTS in sheet.frame else "",
            # what tells two runs apart that agree in everything used
            "line": pd.util.hash_pandas_object(sheet.frame.astype("str"), index=False).astype("str").to_numpy(),
        }
    )


def _scale(column: str, values: np.ndarray) -> Metric | None:
    """Return percent for a benchmark whose scores are: those taken over from other leaderboards may be."""
    known = values[~np.isnan(values)]
    if not len(known) or not (known.min() >= 0 and 1.5 < known.max() <= 100):
        return None
    return Metric(ceiling=100.0) if known.max() > PERCENT_FROM or _PERCENT.search(column) else None


def _evidence(given: pd.DataFrame) -> pd.DataFrame:
    bare = given["model"].str.replace(_EFFORT, "", regex=True)
    return given.drop(columns=["score", "standard_error", "task", "shots", "line"]).assign(base_field=bare, own=bare)


def _add_compute(given: pd.DataFrame, models: Sheet, notes: list[str]) -> None:
    flops = pd.Series(cells.numbers(models, COMPUTE), index=_key(cells.text(models, NAME)))
    flops = flops[flops.notna() & ~flops.index.duplicated()]
    bare = _key(given["model"].str.replace(_EFFORT, "", regex=True).str.rpartition("/")[2])
    found = given["flops"].isna() & bare.isin(flops.index)
    given["flops"] = given["flops"].mask(found, bare.map(flops).astype(np.float64))
    if found.any():
        notes.append(f"compute of {count(int(found.sum()), 'row')} taken from {models.source}")


def _key(names: pd.Series) -> pd.Series:
    return names.str.casefold().str.replace(r"[^a-z0-9.]+", "-", regex=True).str.strip("-")


def _models_alone(sheet: Sheet, request: Request, notes: list[str]) -> Lines:
    notes.append(
        "a table of models, without scores: put it in a folder with benchmark runs, or give the registry its compute"
    )
    flops = cells.numbers(sheet, COMPUTE)
    flops[~((flops >= cells.FLOPS_RANGE[0]) & (flops <= cells.FLOPS_RANGE[1]))] = np.nan
    base = cells.text(sheet, BASE) if BASE in sheet.frame else ""
    given = pd.DataFrame(
        {
            "model": cells.text(sheet, NAME),
            "base_field": base,
            "params_b": cells.numbers(sheet, PARAMETERS) / 1e9 if PARAMETERS in sheet.frame else np.nan,
            "released": cells.dates(sheet, PUBLISHED, request.today),
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
