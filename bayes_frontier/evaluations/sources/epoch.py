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
from bayes_frontier.evaluations.metrics import Metric, filled_items, unit_scores
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.evaluations.tables.source import Source
from bayes_frontier.text import count, listed

MODEL, SCORE, RELEASED, COMPUTE = "Model version", "mean_score", "Release date", "Training compute (FLOP)"
SCORES = (SCORE, "Best score (across scorers)", "Score")
NAME, PUBLISHED, PARAMETERS, BASE = "Model", "Publication date", "Parameters", "Base model"
# How hard a model was asked to think: "gpt-5_high", "claude-3-7-sonnet_16K".
_EFFORT = re.compile(r"_(?:x?high|low|medium|minimal|none|max|[0-9]+[kK])$")
_FILE = re.compile(r"^bench_|(?:_[0-9]{4}(?:-[0-9]{2}){0,2})?\.(?:csv|tsv|parquet)$", re.IGNORECASE)


def is_benchmark(sheet: Sheet) -> bool:
    """Tell whether a table is one of benchmark runs."""
    names = set(sheet.frame.columns)
    return {MODEL, RELEASED, COMPUTE} <= names and any(score in names for score in SCORES)


def is_models(sheet: Sheet) -> bool:
    """Tell whether a table is one of models."""
    return {NAME, PUBLISHED, COMPUTE, "Domain"} <= set(sheet.frame.columns)


def recognises(source: Source) -> bool:
    """Tell whether all tables are Epoch AI's."""
    return bool(source.sheets) and all(is_benchmark(sheet) or is_models(sheet) for sheet in source.sheets)


def parse(source: Source, request: Request) -> Lines:
    """Parse benchmark runs, or a table of models."""
    wrong = [sheet.source for sheet in source.sheets if not (is_benchmark(sheet) or is_models(sheet))]
    models = [sheet for sheet in source.sheets if is_models(sheet)]
    runs = [sheet for sheet in source.sheets if is_benchmark(sheet)]
    if wrong or not source.sheets:
        raise DataError(
            f"{source.name} is not of Epoch AI's tables ({listed(wrong)}): expected columns such as {MODEL!r}, "
            f"{RELEASED!r} and {COMPUTE!r}."
        )
    if len(models) > 1:
        raise DataError(f"{source.name} holds several tables of models ({listed(m.source for m in models)}): keep one.")
    if request.columns:
        raise DataError("columns: Epoch AI's tables have their own; leave the mapping out.")
    notes: list[str] = []
    if not runs:
        return _models_alone(models[0], request, notes)
    frames = [_runs(sheet, request) for sheet in runs]
    given = pd.concat(frames, ignore_index=True)
    if models:
        _add_compute(given, models[0], notes)
    tasks = tuple(request.choose(runs[0], list(dict.fromkeys(given["task"]))))
    wanted = given["task"].isin(tasks).to_numpy(dtype=bool)
    if not wanted.all():
        notes.append(f"{count(int((~wanted).sum()), 'row')} of tasks not asked for")
    rows = np.concatenate([sheet.rows for sheet in runs])[wanted]
    given = given[wanted].reset_index(drop=True)
    sheet = Sheet(given, rows, runs[0].unit, source.name if len(runs) > 1 else runs[0].source)
    task = pd.Index(tasks, dtype=object).get_indexer(pd.Index(given["task"].to_numpy(dtype=object))).astype(np.int64)
    values = given["score"].to_numpy(dtype=np.float64)
    scores = np.full(len(values), np.nan)
    for k, name in enumerate(tasks):
        here = task == k
        found = np.where(here, values, np.nan)
        made = unit_scores(sheet, "score", found, name, request.metrics, notes, usual=_scale(found), long=True)
        scores[here] = made[here]
    placed = place(_evidence(given), request, notes)
    lines = Lines(
        sheet=sheet,
        fields=placed.fields,
        tasks=tasks,
        scores=scores,
        source_format="epoch",
        n_items=filled_items(None, scores, tasks, request.metrics, task),
        task=task,
        notes=notes,
        placed=placed.table,
    )
    placed.leave_out(lines)
    return lines


def task_of(source: str) -> str:
    """Return the task a file of benchmark runs is about."""
    name = _FILE.sub("", source).strip()
    return "benchmark" if name in ("", "DataFrame") else name


def _runs(sheet: Sheet, request: Request) -> pd.DataFrame:
    column = next(score for score in SCORES if score in sheet.frame)
    flops = cells.numbers(sheet, COMPUTE)
    cells.check_flops(sheet, COMPUTE, flops)
    return pd.DataFrame(
        {
            "model": cells.text(sheet, MODEL),
            "task": task_of(sheet.source),
            "score": cells.numbers(sheet, column),
            "released": cells.dates(sheet, RELEASED, request.today),
            "flops": flops,
        }
    )


def _scale(values: np.ndarray) -> Metric | None:
    """Return percent for a benchmark whose scores are, as those taken over from other leaderboards may be."""
    known = values[~np.isnan(values)]
    return Metric(ceiling=100.0) if len(known) and 1.5 < known.max() <= 100 and known.min() >= 0 else None


def _evidence(given: pd.DataFrame) -> pd.DataFrame:
    bare = given["model"].str.replace(_EFFORT, "", regex=True)
    return given.drop(columns=["score", "task"]).assign(base_field=bare, own=bare)


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
