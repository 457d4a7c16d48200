"""What Epoch AI's tables are: score columns and scales, by its metadata table or ours; and what they say of models."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.measures import lower_is_better, normal, not_a_score
from bayes_frontier.evaluations.metrics import Metric
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.sheet import PERCENT_FROM, Sheet
from bayes_frontier.text import listed

MODEL, SCORE, RELEASED, COMPUTE = "Model version", "mean_score", "Release date", "Training compute (FLOP)"
SCORES = (SCORE, "Best score (across scorers)", "Score")
OTHER_NAME, SHOTS, ERROR, GRADE, GROUP = "Name", "Shots", "stderr", "Confidence", "Model name"
NAME, PUBLISHED, PARAMETERS, BASE = "Model", "Publication date", "Parameters", "Base model"
FACTORS = {"confident": 3.0, "likely": 10.0, "speculative": 30.0}
"""Of compute, by Epoch's grade: with probability 0.9 it lies within this factor of the estimate, after its documentation."""
EVALUATED = (
    *("Date added", "Evaluation date", "Date of evaluation", "Date run", "Run date", "Date", "Started at", "Created"),
    "Last updated",
)
"""Columns that say when a model was evaluated, or its score listed: never before it was there."""
# How hard a model was asked to think: "gpt-5_high", "claude-3-7-sonnet_16K".
EFFORT = re.compile(r"_(?:x?high|low|medium|minimal|none|max|unknown|thinking|[0-9]+[kK])$")
_ORGANISATION = re.compile(r"^(?:[\w.-]+/)+(?=[\w.:-]+$)")
# A year alone is the benchmark's; a day or a month is that of the snapshot.
_FILE = re.compile(r"^bench_|(?:_[0-9]{4}(?:-[0-9]{2}){1,2})?\.(?:csv|tsv|parquet)$", re.IGNORECASE)
STEM = re.compile(r"\.(?:csv|tsv|parquet)$", re.IGNORECASE)
_PERCENT = re.compile(r"%|percent", re.IGNORECASE)
_SCALES = {"fraction": 1.0, "share": 1.0, "proportion": 1.0, "percent": 100.0, "percentage": 100.0}


def is_benchmark(sheet: Sheet, said: Mapping[str, object] | None = None) -> bool:
    """Tell whether a table is one of benchmark runs, by columns or Epoch's metadata; any column may be its scores."""
    columns = set(sheet.frame.columns)
    return {MODEL, RELEASED, COMPUTE} <= columns or (MODEL in columns and task_of(sheet.source) in (said or {}))


def is_models(sheet: Sheet) -> bool:
    """Tell whether a table is one of models."""
    return {NAME, PUBLISHED, COMPUTE, "Domain"} <= set(sheet.frame.columns)


def is_metadata(sheet: Sheet) -> bool:
    """Tell whether a table says of the others which column holds their scores."""
    return {"source_file", "score_column"} <= set(sheet.frame.columns)


def is_versions(sheet: Sheet) -> bool:
    """Tell whether a table says which model a version is of, and its date."""
    return {"model_version", "model_group"} <= set(sheet.frame.columns)


def task_of(source: str) -> str:
    """Return the task a file of benchmark runs is about."""
    name = _FILE.sub("", source).strip()
    return "benchmark" if name in ("", "DataFrame") else name


@dataclass(frozen=True)
class Described:
    """How one table is to be read.

    * score: column of its scores, "" where there is none to be read
    * metric: their scale, None for shares of 1 as they stand
    * error, error_width: column of standard errors, "" for none, and the width of the scale they are on
    * name: column that names what was evaluated where there is no model version
    * why: why it is not read, "" where it is
    """

    score: str = ""
    metric: Metric | None = None
    error: str = ""
    error_width: float = 1.0
    name: str = OTHER_NAME
    why: str = ""


@cache
def _ours() -> dict[str, Any]:
    text = resources.files("bayes_frontier.evaluations.sources").joinpath("epoch_tables.toml").read_text("utf-8")
    return tomllib.loads(text)


def about(source: str) -> str:
    """Say what a table without rows of models is, "" where it is not known."""
    return str(_ours()["about"].get(task_of(source), ""))


def dated() -> pd.Series:
    """Return the dates of models known by name that Epoch's tables leave undated, by key."""
    listed = _ours()["released"]
    days = pd.to_datetime(pd.Series(list(listed.values()), dtype=object)).astype("datetime64[ns]")
    days.index = pd.Index(key(pd.Series(list(listed), dtype="str")))
    return days


def metadata(sheets: Sequence[Sheet]) -> dict[str, dict[str, str]]:
    """Return by task what the tables of metadata say of its file.

    Of several benchmarks in one file the first counts that nothing superseded; "others" names the rest.
    """
    found: dict[str, list[dict[str, str]]] = {}
    for sheet in sheets:
        columns = {str(name): cells.text(sheet, name).tolist() for name in sheet.frame.columns}
        for values in zip(*columns.values(), strict=True):
            row = dict(zip(columns, values, strict=True))
            if row["source_file"] and row["score_column"]:
                found.setdefault(task_of(re.split(r"[/\\]", row["source_file"])[-1]), []).append(row)
    chosen = {}
    for task, rows in found.items():
        first = next((row for row in rows if not row.get("superseded_by")), rows[0])
        others = [row["score_column"] for row in rows if row["score_column"] != first["score_column"]]
        chosen[task] = first | {"others": ", ".join(dict.fromkeys(others))}
    return chosen


def describe(sheet: Sheet, request: Request, stated: Mapping[str, Mapping[str, str]], *, alone: bool) -> Described:
    """Say how a table is read.

    Its scores are in the column asked for, else that of Epoch's metadata, of our table, one of `SCORES`, or the first
    number before the release date that is a score by its name.
    """
    task, names = task_of(sheet.source), [str(name) for name in sheet.frame.columns]
    known, said = _ours()["tables"].get(task, {}), stated.get(task, {})
    asked = request.columns.get("score")
    if asked is not None and asked not in names and (alone or not (known or said)):
        return Described(why=f"it has no column {asked!r}: its columns are {listed(names, 20)}")
    column = next((name for name in (asked, said.get("score_column"), known.get("score")) if name in names), None)
    column = column or _found(sheet, names)
    name = known.get("name", OTHER_NAME)
    if column is None:
        say = "which column holds its scores is not known: say it (columns, --column score=NAME); they are"
        return Described(name=name, why=f"{say} {listed(names, 20)}")
    values = cells.numbers(sheet, column)
    ours = known if column == known.get("score") else {}
    metric, why = _scale(column, values, said if column == said.get("score_column") else {}, ours)
    if (declared := request.metrics.get(task)) is not None:
        metric, why = declared, ""
    elif lower_is_better(column) or lower_is_better(task):
        why = f"lower values of {column!r} are better by its name: declare it (metrics)"
    elif metric is not None and metric.ceiling == 100 and not said.get("scale"):
        _refuse_mixed(sheet, column, values)
    error = ours.get("standard_error", ERROR if column in SCORES else "")
    width = ours.get("error_width", metric.width if metric else 1.0)
    return Described(column, metric, error if error in names else "", width, name, why)


def _refuse_mixed(sheet: Sheet, column: str, values: np.ndarray) -> None:
    inside = int(((values > 0) & (values < 1)).sum())
    if inside:
        raise DataError(
            f"{sheet.source}, column {column!r}: {inside:,} values between 0 and 1 beside values up to "
            f"{np.nanmax(values):g}: percentages and fractions in one column. Correct them; if all are percentages, "
            "declare the ceiling 100 (metrics)."
        )


def _found(sheet: Sheet, names: list[str]) -> str | None:
    before = names[names.index(MODEL) + 1 : names.index(RELEASED) if RELEASED in names else None]
    numeric = (n for n in before if not not_a_score(n) and cells.share_of_numbers(sheet, n) >= 0.5)
    return next((name for name in SCORES if name in names), None) or next(numeric, None)


def _scale(
    column: str, values: np.ndarray, said: Mapping[str, str], ours: Mapping[str, Any]
) -> tuple[Metric | None, str]:
    """Return the scale of a column, None for shares as they stand, or why it is not known."""
    known = values[~np.isnan(values)]
    low, top = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    if said.get("scale"):
        ceiling = _highest(said["scale"])
        if low >= 0 and top <= ceiling:
            return (None if ceiling == 1 else Metric(ceiling=ceiling)), ""
        words = f"and its scale is {said['scale']!r}: declare its bounds (metrics)"
        return None, f"{column!r} has values up to {top:g}, {words}"
    if "unscaled" in ours:
        return None, f"{column!r} is {ours['unscaled']} ({low:g} to {top:g}): declare its floor and ceiling (metrics)"
    floor, ceiling = float(ours.get("floor", 0.0)), float(ours.get("ceiling", 1.0))
    # copies differ: one may have fractions where another has percentages
    if ceiling > 1 and floor <= low and 1.5 < top <= ceiling:
        return Metric(floor=floor, ceiling=ceiling), ""
    if top <= 1.5:
        return None, ""
    if low >= 0 and top <= 100 and (top > PERCENT_FROM or _PERCENT.search(column)):
        return Metric(ceiling=100.0), ""
    return None, f"{column!r} has values up to {top:g}, on a scale that is not known: declare it (metrics)"


def _highest(scale: str) -> float:
    """Return the highest score on a scale as Epoch's metadata states it, NaN where that is not understood.

    It says what a value is multiplied by to be a share: 0.01 of percentages.
    """
    try:
        factor = float(scale)
    except ValueError:
        return _SCALES.get(normal(scale), np.nan)
    return 1 / factor if 0 < factor <= 1 else np.nan


def said_of_models(sheet: Sheet, request: Request) -> pd.DataFrame:
    """Read what a table says of models: key of the name, released, flops, factor and group, "" where it says none."""
    if is_versions(sheet):
        names, date, group = "model_version", "date", "model_group"
    else:
        names, date, group = NAME, PUBLISHED, ""
    has, unknown = set(sheet.frame.columns), np.full(len(sheet.frame), np.nan)
    compute = next((name for name in (COMPUTE, "training_compute_flop") if name in has), None)
    flops = unknown if compute is None else _plausible(cells.numbers(sheet, compute))
    return pd.DataFrame(
        {
            "key": key(cells.text(sheet, names)),
            "released": cells.dates(sheet, date, request.today) if date in has else pd.NaT,
            "flops": flops,
            "factor": np.where(np.isnan(flops), np.nan, factors(sheet)),
            "group": cells.text(sheet, group) if group in has else "",
        }
    )


def factors(sheet: Sheet) -> np.ndarray:
    """Return the factor by which compute is uncertain, by its grade, NaN where there is none."""
    if GRADE not in sheet.frame:
        return np.full(len(sheet.frame), np.nan)
    return cells.text(sheet, GRADE).str.casefold().map(FACTORS).to_numpy(dtype=np.float64)


def first_said(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return what is said of each model, by key; what is said first counts."""
    whole = pd.concat(parts, ignore_index=True)
    whole["group"] = whole["group"].astype(object).where(whole["group"] != "", None)
    return whole[whole["key"] != ""].groupby("key", sort=False).first()


def _plausible(flops: np.ndarray) -> np.ndarray:
    return np.where((flops >= cells.FLOPS_RANGE[0]) & (flops <= cells.FLOPS_RANGE[1]), flops, np.nan)


def key(names: pd.Series) -> pd.Series:
    """Write names as they are compared: without effort, organisation and case."""
    bare = names.str.replace(EFFORT, "", regex=True).str.replace(_ORGANISATION, "", regex=True)
    return bare.str.casefold().str.replace(r"[^a-z0-9.]+", "-", regex=True).str.strip("-")
