"""Read evaluations from a file or a frame, and say what was recognised in it."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import remedy
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.frames import closing_dates
from bayes_frontier.evaluations.lines import Compute, Copies, Duplicates, Lines, Request, assemble
from bayes_frontier.evaluations.measures import Measure, shots_words
from bayes_frontier.evaluations.metrics import Metrics, given_metrics
from bayes_frontier.evaluations.registry.identify import contradicted, identify, note_contradicted
from bayes_frontier.evaluations.registry.placement import EARLY
from bayes_frontier.evaluations.registry.registry import Registry, given_registry
from bayes_frontier.evaluations.sources import documents, epoch, open_llm, proteus, table
from bayes_frontier.evaluations.tables.columns import resolve
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.evaluations.tables.source import Source, load
from bayes_frontier.evaluations.uncertainty import noise
from bayes_frontier.text import count, listed, suggestion


def _of_sheet(parse: Callable[[Sheet, Request], Lines]) -> Callable[[Source, Request], Lines]:
    """Make a reader of one table a reader of sources."""

    def read_one(source: Source, request: Request) -> Lines:
        if len(source.sheets) == 1:
            return parse(source.sheets[0], request)
        if source.sheets:
            names = listed(sheet.source for sheet in source.sheets)
            where = "a directory" if source.folder is not None else "an archive"
            raise DataError(f"{source.name} is {where} with several tables ({names}): give one of them.")
        raise DataError(f"{source.name} holds JSON documents, not a table: leave the format out.")

    return read_one


def _of_documents(name: str | None) -> Callable[[Source, Request], Lines]:
    def read_all(source: Source, request: Request) -> Lines:
        if not source.files:
            raise DataError(f"{source.name} holds no JSON document or log: leave the format out.")
        return documents.parse(source, request, name)

    return read_all


FORMATS: dict[str, Callable[[Source, Request], Lines]] = {
    "table": _of_sheet(table.parse),
    "wide": _of_sheet(lambda sheet, request: table.parse(sheet, request, "wide")),
    "long": _of_sheet(lambda sheet, request: table.parse(sheet, request, "long")),
    "open_llm_v2": _of_sheet(open_llm.parse_v2),
    "open_llm_v1": _of_sheet(open_llm.parse_v1),
    "proteus_2k": proteus.parse,
    "epoch": epoch.parse,
    **{name: _of_documents(name) for name in documents.KINDS},
}


def _recognised(source: Source) -> Callable[[Source, Request], Lines]:
    """Return the reader of a source, by what it holds."""
    if source.files:
        return _of_documents(None)
    if len(source.sheets) == 1 and open_llm.recognises_v2(source.sheets[0]):
        return FORMATS["open_llm_v2"]
    if len(source.sheets) == 1 and open_llm.recognises_v1(source.sheets[0]):
        return FORMATS["open_llm_v1"]
    if proteus.recognises(source):
        return FORMATS["proteus_2k"]
    return FORMATS["epoch" if epoch.recognises(source) else "table"]


def read(
    source: object,
    *,
    periods: Sequence[str | dt.date] | str | None = None,
    tasks: Sequence[str] | str | None = None,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    duplicates: Duplicates = "keep",
    registry: Registry | str | Path | None = None,
    metrics: Metrics | Mapping[str, object] | str | Path | None = None,
    limited: bool = False,
    relabel: bool = False,
    copies: Copies = "auto",
    compute: Compute = "stated",
    today: dt.date | None = None,
) -> Evaluations:
    """Read evaluations from a file, a folder of result files, or a data frame.

    Parameters
    ----------
    source : str, pathlib.Path or data frame
        A CSV or Parquet table; a result file of lm-evaluation-harness, lighteval, HELM or EvalScope, an Every Eval Ever
        record or an Inspect log, or a folder of one kind of these; records by model in JSON, YAML or Markdown;
        or a frame (pandas, or polars and others that hand over Arrow columns).
    periods : sequence of str or date, optional
        Closing dates of the periods, increasing; none: one period. A model released on a closing date belongs
        to the period it closes; what comes after the last date forms an open period, if there is any.
    tasks : sequence of str, optional
        Tasks wanted; none: every one. In a wide table these are columns. Names match that read alike
        ("MATH Lvl 5" is math_lvl_5); in result files ``task/metric`` and ``task/metric/filter`` ask for another
        measure than the one read by itself.
    format : str, optional
        Format of the source, one of `FORMATS`; found by its content if not given.
    columns : mapping of str to str, optional
        Column by field (model, base_model, flops, params_b, tokens_t, released, stage, task, score, n_items,
        cost) where names are not recognised; "=name" is the same name in all rows.
    duplicates : {"keep", "first", "best", "error"}
        Several different records of one model (precisions, say): keep all, the first, the one with the best
        mean score (which biases a boundary upward), or stop. Rows equal in every column are always left out but
        one.
    registry : Registry or path, optional
        Base models: a registry, or a TOML file whose base models are put over those shipped with the package;
        by default the latter.
    metrics : Metrics, mapping or path, optional
        How the values of tasks are to be read where they are no scores in [0, 1]: by task, the keys direction
        ("higher" or "lower" is better), floor, ceiling, n_items, outside and name (what the task is to be
        called, so that sources agree), or a TOML file with a table
        ``[tasks."name"]`` for each; or scales from worst to best as ``"*=0..100,wer=1..0"``.
    limited : bool
        Whether to take also runs on a part of a benchmark's items (``--limit``), which are refused otherwise.
    relabel : bool
        Whether rows of a table whose own name, or size and date, contradicts the base model that the table states
        count for the one these say, with its FLOPs. How many do is noted.
    copies : {"auto", "once", "keep"}
        Whether the same weights uploaded again (another name, the same base model, all scores equal on at least three
        tasks) count once. The automatic choice is once where anyone's uploads are read (leaderboards, result files):
        a copy is no further evidence, and copies of a good model would raise the boundary. A plain table is taken as
        its maker states it, and how many copies it has is noted.
    compute : {"stated", "registry"}
        Which FLOPs count where a source states some: those, as it knows its models, or the registry's. Differences
        beyond a factor of 1.5 are noted.
    today : date, optional
        Release dates after it are errors; by default the current day (UTC).

    Returns
    -------
    Evaluations
        The validated scores; rows without a model, base model, FLOPs, score, or date (where periods are asked
        for) are in `dropped`.

    Raises
    ------
    DataError
        If the source cannot be read as it is; the message says where and what to do.
    """
    for name, value, choices in (
        ("duplicates", duplicates, get_args(Duplicates)),
        ("copies", copies, get_args(Copies)),
        ("compute", compute, get_args(Compute)),
    ):
        if value not in choices:
            raise DataError(
                f"{name}: unknown choice {value!r}.{suggestion(str(value), choices)} Choose one of {listed(choices)}."
            )
    given = None if registry is None else given_registry(registry)
    lines = parse(
        source,
        dated=bool(closing_dates(periods)),
        tasks=tasks,
        format=format,
        columns=columns,
        registry=given,
        metrics=metrics,
        limited=limited,
        relabel=relabel,
        compute=compute,
        today=today,
    )
    made = assemble(lines, periods=periods or None, duplicates=duplicates, copies=copies, spend=True)
    return replace(made, registry=given)


def parse(
    source: object,
    *,
    dated: bool = False,
    tasks: Sequence[str] | str | None = None,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    registry: Registry | str | Path | None = None,
    metrics: Metrics | Mapping[str, object] | str | Path | None = None,
    limited: bool = False,
    relabel: bool = False,
    compute: Compute = "stated",
    today: dt.date | None = None,
) -> Lines:
    """Find the format of a source and parse it, up to where records are made of its lines."""
    if format is not None and format not in FORMATS:
        raise DataError(
            f"Unknown format {format!r}.{suggestion(str(format), list(FORMATS))} The formats are {listed(FORMATS)}."
        )
    loaded = load(source)
    names = [t.strip() for t in tasks.split(",") if t.strip()] if isinstance(tasks, str) else tasks
    request = Request(
        registry=given_registry(registry),
        today=dt.datetime.now(dt.UTC).date() if today is None else today,
        dated=dated,
        tasks=None if names is None else tuple(names),
        columns=dict(columns or {}),
        metrics=given_metrics(metrics),
        limited=limited,
        relabel=relabel,
        compute=compute,
    )
    reader = FORMATS[format] if format else _recognised(loaded)
    if relabel and reader not in [FORMATS[name] for name in ("table", "wide", "long")]:
        raise DataError(
            f"relabel: {loaded.name} is no plain table that states base models; those of its format are identified "
            "anyway. Leave relabel out."
        )
    try:
        lines = reader(loaded, request)
    except DataError as error:
        call = remedy.call(error, source, request, lambda changed: reader(loaded, changed), format or "")
        if not call and loaded.folder is not None:
            call = remedy.of_one(loaded.folder, lambda path: parse(path, dated=dated, registry=registry, today=today))
        if call:
            raise DataError(f"{error} This call reads it: {call}") from error
        raise
    request.metrics.note_unused(lines.tasks, lines.notes)
    lines.rename(request.metrics)
    return lines


# What was recognised in a source, whether or not anything of it can be fitted.


@dataclass(frozen=True)
class Survey:
    """What a source holds.

    * source, source_format: name of the source, and the format it was recognised as
    * unit: what a row is: "line", "row" or, in documents, "result"
    * n_rows, n_used: rows of the source, and those that can be used; the others are in `left_out`
    * n_models, n_base_models: different models and base models among all rows
    * tasks: of all rows by task: scores (how many), min, median, max (of those usable as scores; NaN where none
      is), items (fewest and most behind a score, NaN unknown), noise (of these scores), and what was
      read: metric, filter, shots, detail, scale and others, the measures that the source holds besides
    * dated: first and last release date
    * n_dated, n_placed, n_with_flops: rows with a release date, a base model, FLOPs
    * flops: smallest and largest FLOPs
    * left_out: every row that cannot be used, with its reason; as `Evaluations.dropped`
    * notes: observations
    * evaluations: what can be used; None where nothing can
    """

    source: str
    source_format: str
    unit: str
    n_rows: int
    n_used: int
    n_models: int
    n_base_models: int
    tasks: pd.DataFrame
    dated: tuple[dt.date, dt.date] | None
    n_dated: int
    n_placed: int
    n_with_flops: int
    flops: tuple[float, float] | None
    left_out: pd.DataFrame
    notes: tuple[str, ...]
    evaluations: Evaluations | None

    def left_out_by_reason(self) -> pd.Series:
        """Count the rows left out by reason, most frequent first."""
        return self.left_out["reason"].value_counts().rename("rows")

    def summary(self) -> str:
        """Describe what was recognised in a few lines."""
        lines = [
            f"{self.source} ({self.source_format}): {count(self.n_rows, self.unit)}, {self.n_used:,} usable; "
            f"{count(self.n_models, 'model')} on {count(len(self.tasks), 'task')}"
        ]
        if self.evaluations is None:
            lines.append("nothing in it can be fitted")
        else:
            lines.append(f"fingerprint {self.evaluations.fingerprint}")
        span = f", {self.dated[0]} to {self.dated[1]}" if self.dated else ""
        lines.append(f"dates: {_of(self.n_dated, self.n_rows)} {self.unit}s{span}")
        span = f", {self.flops[0]:.2g} to {self.flops[1]:.2g}" if self.flops else ""
        lines.append(
            f"compute: base model of {_of(self.n_placed, self.n_rows)} {self.unit}s "
            f"({count(self.n_base_models, 'base model')}), FLOPs of {_of(self.n_with_flops, self.n_rows)}{span}"
        )
        for task, row in self.tasks.iterrows():
            span = f", {row['min']:.3f} to {row['max']:.3f}" if row["scores"] else ""
            lines.append(f"task {task}: {count(int(row['scores']), 'score')}{span}; {_read_as(row)}")
            if row["noise"].words:
                lines.append(f"noise of {task}: {row['noise'].words}")
        if self.evaluations is not None:
            e = self.evaluations
            sizes = np.bincount(e.models["period"], minlength=e.n_periods)
            lines += [
                f"period {label}: {count(int(n), 'model')}" for label, n in zip(e.period_labels, sizes, strict=True)
            ]
        lines += [f"left out, {reason}: {n:,}" for reason, n in self.left_out_by_reason().items()]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)


def _read_as(row: pd.Series) -> str:
    """Say what was read of a task: metric, filter, shots, items, scale, and what else is there."""
    least, most = row["items_min"], row["items_max"]
    items = "items unknown" if np.isnan(most) else f"{least:,.0f} to {most:,.0f} items"
    if least == most:
        items = count(int(most), "item")
    parts = [
        row["metric"] or "metric not stated",
        f"filter {row['filter']}" if row["filter"] else "",
        shots_words(row["shots"]),
        row["detail"],
        items,
        row["scale"] or "scale unknown",
    ]
    others = f"; not read: {', '.join(row['others'])}" if row["others"] else ""
    return ", ".join(part for part in parts if part) + others


def _of(n: int, total: int) -> str:
    return f"{n:,} of {total:,}"


def survey(
    source: object,
    *,
    periods: Sequence[str | dt.date] | str | None = None,
    duplicates: Duplicates = "keep",
    copies: Copies = "auto",
    **options: Any,  # noqa: ANN401 - as `parse` takes them
) -> Survey:
    """Say what is recognised in a source, also where nothing of it can be used; `options` are those of `parse`."""
    lines = parse(source, dated=bool(closing_dates(periods)), **options)
    if not options.get("relabel"):
        _note_contradicted(lines, given_registry(options.get("registry")), options.get("columns"))
    try:
        evaluations = assemble(lines, periods=periods or None, duplicates=duplicates, copies=copies)
    except DataError:
        if (lines.reason == "").any():
            raise
        evaluations = None
    return _describe(lines, evaluations)


def _describe(lines: Lines, evaluations: Evaluations | None) -> Survey:
    fields, out = lines.fields, lines.reason != ""
    known = fields["released"].notna().to_numpy(dtype=bool)
    flops = fields["flops"].to_numpy(dtype=np.float64)
    finite = flops[~np.isnan(flops)]
    placed = fields["base_model"][fields["base_model"] != ""]
    days = fields["released"][known]
    left = pd.DataFrame(
        {
            "source_row": lines.sheet.rows[out],
            "model": fields["model"][out].to_numpy(),
            "reason": pd.Series(lines.reason[out], dtype="str"),
            "detail": pd.Series(lines.detail[out], dtype="str"),
        }
    )
    return Survey(
        source=lines.sheet.source,
        source_format=lines.source_format,
        unit=lines.sheet.unit,
        n_rows=len(fields),
        n_used=int((~out).sum()),
        n_models=int(fields["model"][fields["model"] != ""].nunique()),
        n_base_models=int(placed.nunique()),
        tasks=_tasks(lines),
        dated=(days.min().date(), days.max().date()) if len(days) else None,
        n_dated=int(known.sum()),
        n_placed=len(placed),
        n_with_flops=len(finite),
        flops=(float(finite.min()), float(finite.max())) if len(finite) else None,
        left_out=left if evaluations is None else evaluations.dropped,
        notes=tuple(lines.notes),
        evaluations=evaluations,
    )


def _tasks(lines: Lines) -> pd.DataFrame:
    rows = []
    for k, name in enumerate(lines.tasks):
        at = (slice(None), k) if lines.task is None else lines.task == k
        values = lines.scores[at]
        known = values[~np.isnan(values)]
        spread = (known.min(), np.median(known), known.max()) if len(known) else (np.nan,) * 3
        items = np.array([]) if lines.n_items is None else lines.n_items[at][~np.isnan(values)]
        items = items[~np.isnan(items)]
        span = (items.min(), items.max()) if len(items) else (np.nan, np.nan)
        m = lines.measures.get(name, Measure())
        errors, n_items = (None if v is None else v[at] for v in (lines.standard_errors, lines.n_items))
        of_items = noise(values, errors, n_items)
        rows.append((len(known), *spread, *span, of_items, m.metric, m.filter, m.shots, m.detail, m.scale, m.others))
    columns = ["scores", "min", "median", "max", "items_min", "items_max", "noise"]
    columns += ["metric", "filter", "shots", "detail", "scale", "others"]
    return pd.DataFrame(rows, columns=columns, index=list(lines.tasks))


# Where the base model of each model of a source comes from: the rule that found it, and how sure it is.

COLUMNS = [
    *("model", "base_model", "rule", "confidence", "flops", "released", "reason", "evidence", "against"),
    "source_row",
]


def identification(
    source: object,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    registry: Registry | str | Path | None = None,
    relabel: bool = False,
) -> pd.DataFrame:
    """Tell for each model of a source its base model, the rule that found it, how sure it is, and what decided."""
    known = given_registry(registry)
    lines = parse(source, format=format, columns=columns, registry=known, relabel=relabel)
    table = _table(lines, known, columns)
    if relabel:
        stated = _table(parse(source, format=format, columns=columns, registry=known), known, columns)["base_model"]
        other = stated != table["base_model"]
        table["rule"] = table["rule"].mask(other, "relabelled")
        table["confidence"] = table["confidence"].mask(other)
        table["reason"] = table["reason"].mask(other, "the source states " + stated)
    return table[table["model"] != ""].drop_duplicates(["model", "base_model", "released"]).reset_index(drop=True)


def _table(lines: Lines, registry: Registry, columns: Mapping[str, str] | None) -> pd.DataFrame:
    fields = lines.fields.reset_index(drop=True)
    base = fields["base_model"].astype("str")
    early = base.str.endswith(EARLY)
    plain = base.str.removesuffix(EARLY)
    reason = pd.Series(np.where(early, "older than its base model: counted apart", ""), dtype="str")
    listed = plain.map({name: registry.canonical(name) is not None for name in plain.unique()}).to_numpy(dtype=bool)
    found = lines.placed
    if found is None and not _states_bases(lines, columns):
        found = identify(fields[["model", "params_b", "released"]], registry)
    if found is not None:
        found = found.reset_index(drop=True)
        placed = (found["base_model"].notna() & (found["base_model"].astype("str") == plain)).to_numpy(dtype=bool)
        rule = found["rule"].astype(object).where(placed, np.where(plain == "", "", np.where(listed, "stated", "own")))
        confidence = np.where(placed, found["confidence"].to_numpy(dtype=np.float64), np.nan)
        why = found["reason"].astype(object).where(found["reason"].notna() & (plain == ""), "")
        reason = reason.mask((why != "").to_numpy(dtype=bool), why.astype("str"))
        evidence, against = (found[name].astype("str").where(placed | (name == "against"), "") for name in COLUMNS[7:9])
    else:
        rule = pd.Series(np.where(plain == "", "", np.where(listed, "stated", "own")))
        reason = reason.mask(plain == "", "no base model stated")
        evidence = pd.Series(np.where(plain == "", "", "stated by the table"), dtype="str")
        other = contradicted(fields.assign(base_model=plain), registry)["base_model"].reset_index(drop=True)
        against = ("its own name, or size and date, says " + other).where(other != "", "")
        # what the table says is taken as it is; how often such labels are right is not measured where rows doubt them
        confidence = np.where(listed & (other == "").to_numpy(dtype=bool), 1.0, np.nan)
    return pd.DataFrame(
        {
            "model": fields["model"],
            "base_model": plain,
            "rule": rule.astype("str"),
            "confidence": confidence,
            "flops": fields["flops"].to_numpy(dtype=np.float64),
            "released": fields["released"],
            "reason": reason,
            "evidence": evidence,
            "against": against,
            "source_row": lines.sheet.rows,
        }
    )[COLUMNS]


def _states_bases(lines: Lines, columns: Mapping[str, str] | None) -> bool:
    """Tell whether a plain table has a column of base models."""
    return "base_model" in resolve(lines.sheet, dict(columns or {})).fields


def _note_contradicted(lines: Lines, registry: Registry, columns: Mapping[str, str] | None) -> None:
    """Note rows that contradict the base model their table states for them."""
    if lines.placed is not None or lines.source_format not in ("wide", "long") or not _states_bases(lines, columns):
        return
    stated = lines.fields["base_model"].astype("str").str.removesuffix(EARLY)
    found = contradicted(lines.fields.assign(base_model=stated), registry)["base_model"]
    if (found != "").any():
        lines.notes.append(note_contradicted(stated, found, relabelled=False))
