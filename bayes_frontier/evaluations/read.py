"""Read evaluations from a file or a frame: find the format, parse, validate, count what is left out."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import get_args

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.files import load
from bayes_frontier.evaluations.lines import Duplicates, Lines, assemble
from bayes_frontier.evaluations.metrics import Metrics, given_metrics
from bayes_frontier.evaluations.periods import closing_dates
from bayes_frontier.evaluations.registry import Registry, given_registry
from bayes_frontier.evaluations.request import Request
from bayes_frontier.evaluations.sheet import Sheet
from bayes_frontier.evaluations.source import Source
from bayes_frontier.evaluations.sources import documents, epoch, open_llm_v1, open_llm_v2, proteus, table
from bayes_frontier.wording import listed, suggestion


def _of_sheet(parse: Callable[[Sheet, Request], Lines]) -> Callable[[Source, Request], Lines]:
    """Make a reader of one table a reader of sources."""

    def read_one(source: Source, request: Request) -> Lines:
        if len(source.sheets) == 1:
            return parse(source.sheets[0], request)
        if source.sheets:
            names = listed(sheet.source for sheet in source.sheets)
            raise DataError(f"{source.name} is a directory with several tables ({names}): give one of them.")
        raise DataError(f"{source.name} holds JSON documents, not a table: leave the format out.")

    return read_one


def _of_documents(name: str | None) -> Callable[[Source, Request], Lines]:
    def read_all(source: Source, request: Request) -> Lines:
        if not source.files:
            raise DataError(f"{source.name} holds no JSON document or log: leave the format out.")
        if request.columns:
            raise DataError("columns: JSON documents have none; leave the mapping out.")
        return documents.parse(source, request, name)

    return read_all


FORMATS: dict[str, Callable[[Source, Request], Lines]] = {
    "table": _of_sheet(table.parse),
    "wide": _of_sheet(lambda sheet, request: table.parse(sheet, request, "wide")),
    "long": _of_sheet(lambda sheet, request: table.parse(sheet, request, "long")),
    "open_llm_v2": _of_sheet(open_llm_v2.parse),
    "open_llm_v1": _of_sheet(open_llm_v1.parse),
    "proteus_2k": proteus.parse,
    "epoch": epoch.parse,
    **{name: _of_documents(name) for name in documents.KINDS},
}


def _recognised(source: Source) -> Callable[[Source, Request], Lines]:
    """Return the reader of a source, by what it holds."""
    if source.files:
        return _of_documents(None)
    if len(source.sheets) == 1 and open_llm_v2.recognises(source.sheets[0]):
        return FORMATS["open_llm_v2"]
    if len(source.sheets) == 1 and open_llm_v1.recognises(source.sheets[0]):
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
    today: dt.date | None = None,
) -> Evaluations:
    """Read evaluations from a file, a folder of result files, or a data frame.

    Parameters
    ----------
    source : str, pathlib.Path or data frame
        A CSV or Parquet table; a result file of lm-evaluation-harness, an Every Eval Ever record or an Inspect log,
        or a folder of one kind of these; or a frame (pandas, or polars and others that hand over Arrow columns).
    periods : sequence of str or date, optional
        Closing dates of the periods, increasing; none: one period. A model released on a closing date belongs
        to the period it closes; what comes after the last date forms an open period, if there is any.
    tasks : sequence of str, optional
        Tasks wanted; none: every one. In a wide table these are columns.
    format : str, optional
        Format of the source, one of `FORMATS`; found by its content if not given.
    columns : mapping of str to str, optional
        Column by field (model, base_model, flops, params_b, tokens_t, released, stage, task, score, n_items,
        cost) where names are not recognised.
    duplicates : {"keep", "first", "best", "error"}
        Several different records of one model (precisions, say): keep all, the first, the one with the best
        mean score (which biases a boundary upward), or stop. Rows equal in every used field are always left
        out but one.
    registry : Registry or path, optional
        Base models: a registry, or a TOML file whose base models are put over those shipped with the package;
        by default the latter.
    metrics : Metrics, mapping or path, optional
        How the values of tasks are to be read where they are no scores in [0, 1]: by task, the keys direction
        ("higher" or "lower" is better), floor, ceiling, n_items and outside, or a TOML file with a table
        ``[tasks."name"]`` for each; see `bayes_frontier.evaluations.metrics`.
    limited : bool
        Whether to take also runs on a part of a benchmark's items (``--limit``), which are refused otherwise.
    relabel : bool
        Whether rows of a table whose own name, or size and date, contradicts the base model that the table states
        count for the one these say, with its FLOPs; see `bayes_frontier.evaluations.relabelling`. How many do is noted.
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
    if duplicates not in get_args(Duplicates):
        raise DataError(
            f"duplicates: unknown choice {duplicates!r}.{suggestion(str(duplicates), get_args(Duplicates))} "
            f"Choose one of {listed(get_args(Duplicates))}."
        )
    lines = parse(
        source,
        dated=bool(closing_dates(periods)),
        tasks=tasks,
        format=format,
        columns=columns,
        registry=registry,
        metrics=metrics,
        limited=limited,
        relabel=relabel,
        today=today,
    )
    return assemble(lines, periods=periods or None, duplicates=duplicates, spend=True)


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
    today: dt.date | None = None,
) -> Lines:
    """Find the format of a source and parse it, up to where records are made of its lines.

    Parameters
    ----------
    source : str, pathlib.Path or data frame
        As in `read`.
    dated : bool
        Whether release dates are needed.
    tasks, format, columns, registry, metrics, limited, relabel, today : optional
        As in `read`.

    Returns
    -------
    Lines
        The lines, with reasons for those that the source itself cannot use.

    Raises
    ------
    DataError
        If the source cannot be read as it is.
    """
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
    )
    reader = FORMATS[format] if format else _recognised(loaded)
    if relabel and reader not in [FORMATS[name] for name in ("table", "wide", "long")]:
        raise DataError(
            f"relabel: {loaded.name} is no plain table that states base models; those of its format are identified "
            "anyway. Leave relabel out."
        )
    lines = reader(loaded, request)
    request.metrics.note_unused(lines.tasks, lines.notes)
    return lines
