"""What a reader is asked for, the lines it returns, and `Evaluations` made of these lines."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.frames import Matrix, no_rows
from bayes_frontier.evaluations.metrics import Metrics
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.text import count, listed, suggestion


@dataclass(frozen=True)
class Request:
    """Options of `read` that a source needs.

    Attributes
    ----------
    registry : Registry
        Base models.
    today : date
        Release dates after it are errors.
    dated : bool
        Whether release dates are needed.
    tasks : tuple of str, optional
        Tasks wanted; none: all.
    columns : mapping of str to str
        Column by field, overruling recognition.
    metrics : Metrics
        How the values of tasks are to be read, as declared by the user.
    limited : bool
        Whether runs on a part of a benchmark's items are wanted.
    relabel : bool
        Whether rows of a table that contradict their stated base model count for another.
    """

    registry: Registry
    today: dt.date
    dated: bool
    tasks: tuple[str, ...] | None
    columns: Mapping[str, str]
    metrics: Metrics = field(default_factory=Metrics)
    limited: bool = False
    relabel: bool = False

    def choose(self, sheet: Sheet, tasks: Sequence[str]) -> list[str]:
        """Return the wanted ones of `tasks`, in their order."""
        if self.tasks is None:
            return list(tasks)
        for name in self.tasks:
            if name not in tasks:
                raise DataError(
                    f"{sheet.source} has no task {name!r}.{suggestion(name, tasks)} Its tasks are {listed(tasks, 20)}."
                )
        return [t for t in tasks if t in self.tasks]


# From parsed lines to `Evaluations`: leave out what cannot be used, counted by reason; treat duplicates.

Duplicates = Literal["keep", "first", "best", "error"]
KEY = ["model", "base_model", "flops", "released", "stage"]
MAX_CELLS = 50_000_000


@dataclass
class Lines:
    """What a source says, line by line.

    Attributes
    ----------
    sheet : Sheet
        Where the lines come from.
    fields : pandas.DataFrame
        One row per line: model, base_model, stage ("" unknown), flops, params_b, tokens_t (NaN unknown),
        released (NaT unknown).
    tasks : tuple of str
        Task names.
    scores : numpy.ndarray
        Scores, shape (n_lines, n_tasks); or (n_lines,) when each line holds one score, of the task numbered
        in `task`.
    n_items, costs : numpy.ndarray, optional
        Items behind, and cost of, each score; same shape.
    task : numpy.ndarray, optional
        Task number of each line of a long table, shape (n_lines,).
    reason, detail : numpy.ndarray
        Why a line cannot be used ("" if it can), as far as the source knows; shape (n_lines,), of str.
    notes : list of str
        Observations.
    placed : pandas.DataFrame, optional
        What `identify` found for each line, where the source asked it.
    """

    sheet: Sheet
    fields: pd.DataFrame
    tasks: tuple[str, ...]
    scores: Matrix
    source_format: str
    n_items: Matrix | None = None
    costs: Matrix | None = None
    task: npt.NDArray[np.int64] | None = None
    reason: npt.NDArray[np.object_] = field(default_factory=lambda: np.array([], dtype=object))
    detail: npt.NDArray[np.object_] = field(default_factory=lambda: np.array([], dtype=object))
    notes: list[str] = field(default_factory=list)
    placed: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        """Start with no reasons where the source gives none."""
        if len(self.reason) != len(self.fields):
            self.reason = np.full(len(self.fields), "", dtype=object)
        if len(self.detail) != len(self.fields):
            self.detail = np.full(len(self.fields), "", dtype=object)

    def leave_out(self, mask: npt.NDArray[np.bool_], reason: str, detail: str | npt.NDArray[np.object_] = "") -> None:
        """Give `reason` to the lines where `mask` holds and that have none yet."""
        new = mask & (self.reason == "")
        self.reason[new] = reason
        self.detail[new] = detail[new] if isinstance(detail, np.ndarray) else detail


def assemble(
    lines: Lines, *, periods: Sequence[str | dt.date] | str | None, duplicates: Duplicates, spend: bool = False
) -> Evaluations:
    """Turn lines into `Evaluations`."""
    _leave_out_incomplete(lines, dated=bool(periods))
    _leave_out_repeated(lines)
    record = _records(lines)
    n_records = int(record.max(initial=-1)) + 1
    if n_records * max(len(lines.tasks), 1) > MAX_CELLS:
        raise DataError(
            f"{lines.sheet.source}: {n_records:,} models x {len(lines.tasks):,} tasks is too much: is the "
            "task column right?"
        )
    scores = _matrix(lines, record, n_records, lines.scores)
    first = _first(record, n_records)
    models = lines.fields.take(first).reset_index(drop=True)
    keep = _duplicated(lines, models, scores, duplicates, record)
    if not keep.any():
        raise DataError(_nothing_left(lines))
    tasks = _scored_tasks(lines, scores[keep])
    chosen = [lines.tasks.index(t) for t in tasks]
    models = models[keep].reset_index(drop=True).assign(source_row=lines.sheet.rows[first[keep]])
    models["stage"] = models["stage"].mask(models["stage"] == "", "unknown")
    models[list(tasks)] = scores[np.ix_(keep, chosen)]
    _note_flops(lines, models)

    def extra(values: Matrix | None) -> Matrix | None:
        return None if values is None else _matrix(lines, record, n_records, values)[np.ix_(keep, chosen)]

    n_items, costs, dropped = extra(lines.n_items), extra(lines.costs), _dropped(lines)
    del scores
    # A large table would be held twice while the container is made.
    lines.sheet = replace(lines.sheet, frame=pd.DataFrame())
    if spend:
        lines.fields, lines.scores, lines.n_items, lines.costs = pd.DataFrame(), np.zeros(0), None, None
    pa.default_memory_pool().release_unused()
    made = Evaluations.from_models(
        models,
        tasks,
        periods=periods,
        n_items=n_items,
        costs=costs,
        dropped=dropped,
        notes=lines.notes,
        source=lines.sheet.source,
        source_format=lines.source_format,
    )
    pa.default_memory_pool().release_unused()
    return made


def _leave_out_incomplete(lines: Lines, *, dated: bool) -> None:
    fields = lines.fields
    scored = ~np.isnan(lines.scores)
    no_score = ~(scored if scored.ndim == 1 else scored.any(axis=1))
    nameless = (fields["model"] == "").to_numpy(dtype=bool)
    baseless = (fields["base_model"] == "").to_numpy(dtype=bool)
    unknown_flops = fields["flops"].isna().to_numpy(dtype=bool)
    lines.leave_out(nameless & baseless & unknown_flops & no_score, "empty row")
    lines.leave_out(nameless, "no model name")
    lines.leave_out(baseless, "no base model")
    if dated:
        lines.leave_out(fields["released"].isna().to_numpy(dtype=bool), "no release date")
    lines.leave_out(
        unknown_flops,
        "no FLOPs",
        np.array([f"base model {b}" for b in fields["base_model"]], dtype=object) if unknown_flops.any() else "",
    )
    lines.leave_out(no_score, "no score")


def _leave_out_repeated(lines: Lines) -> None:
    used = lines.fields[KEY].copy()
    for name, values in (
        ("score", lines.scores),
        ("n_items", lines.n_items),
        ("cost", lines.costs),
        ("task", lines.task),
    ):
        if values is not None:
            for k, column in enumerate(np.atleast_2d(values.T)):
                used[f"{name} {k}"] = column
    usable = np.flatnonzero(lines.reason == "")
    used = used.iloc[usable]
    again = used.duplicated(keep=False).to_numpy()
    if not again.any():
        return
    group = used[again].groupby(list(used.columns), dropna=False, sort=False).ngroup().to_numpy()
    places = usable[again]
    _, head = np.unique(group, return_index=True)
    origin = places[head[group]]
    later = places[places != origin]
    detail = np.full(len(lines.fields), "", dtype=object)
    detail[later] = [f"of {lines.sheet.unit} {row}" for row in lines.sheet.rows[origin[places != origin]]]
    mask = np.zeros(len(lines.fields), dtype=bool)
    mask[later] = True
    lines.leave_out(mask, "exact duplicate", detail)


def _records(lines: Lines) -> npt.NDArray[np.int64]:
    """Return the number of the record each usable line belongs to, by first appearance; -1 if left out."""
    usable = lines.reason == ""
    record = np.full(len(usable), -1, dtype=np.int64)
    if lines.task is None:
        record[usable] = np.arange(int(usable.sum()))
        return record
    key = lines.fields.loc[usable, KEY].groupby(KEY, dropna=False, sort=False).ngroup()
    frame = pd.DataFrame({"key": key.to_numpy(), "task": lines.task[usable]})
    frame["turn"] = frame.groupby(["key", "task"]).cumcount()
    record[usable] = frame.groupby(["key", "turn"], sort=False).ngroup().to_numpy()
    return record


def _first(record: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    first = np.zeros(n, dtype=np.int64)
    used = np.flatnonzero(record >= 0)[::-1]
    first[record[used]] = used
    return first


def _matrix(lines: Lines, record: npt.NDArray[np.int64], n: int, values: Matrix) -> Matrix:
    usable = record >= 0
    if lines.task is None:
        return values[usable]
    matrix = np.full((n, len(lines.tasks)), np.nan)
    matrix[record[usable], lines.task[usable]] = values[usable]
    return matrix


def _duplicated(
    lines: Lines,
    models: pd.DataFrame,
    scores: Matrix,
    how: Duplicates,
    record: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    """Apply `how` to models with several records; return the records kept, shape (n_records,)."""
    keep = np.ones(len(models), dtype=bool)
    repeated = models["model"].duplicated(keep=False).to_numpy()
    if not repeated.any():
        return keep
    names = models["model"][repeated].drop_duplicates()
    said = f"{count(len(names), 'model')} with more than one record, {int(repeated.sum()):,} together"
    said += f" ({listed(names, 3)})"
    if how == "error":
        raise DataError(
            f"{lines.sheet.source}: {said}. Remove the repetitions, or choose duplicates 'keep', 'first' or 'best'."
        )
    if how == "keep":
        lines.notes.append(f"{said}: all are kept")
        return keep
    order = models.assign(mean=np.nanmean(scores, axis=1) if how == "best" else 0.0).sort_values(
        "mean", ascending=False, kind="stable"
    )
    keep[order.index[order["model"].duplicated()]] = False
    lines.notes.append(
        f"{said}: only the {how} of each is kept"
        + ("; choosing the best scores biases a boundary upward" if how == "best" else "")
    )
    gone = (record >= 0) & ~keep[record]
    lines.leave_out(gone, f"another record of the model is kept ({how})")
    return keep


def _scored_tasks(lines: Lines, scores: Matrix) -> tuple[str, ...]:
    has = ~np.isnan(scores).all(axis=0)
    empty = [t for t, any_score in zip(lines.tasks, has, strict=True) if not any_score]
    if empty:
        lines.notes.append(f"tasks without any score among the rows kept are left out: {listed(empty)}")
    return tuple(t for t in lines.tasks if t not in empty)


def _note_flops(lines: Lines, models: pd.DataFrame) -> None:
    several = models.groupby("base_model")["flops"].nunique()
    several = several[several > 1].sort_values(ascending=False, kind="stable")
    if len(several):
        lines.notes.append(
            f"{count(len(several), 'base model')} with different FLOPs in different rows ({listed(several.index, 3)})"
        )


def _dropped(lines: Lines) -> pd.DataFrame:
    out = lines.reason != ""
    if not out.any():
        return no_rows()
    return pd.DataFrame(
        {
            "source_row": lines.sheet.rows[out],
            "model": lines.fields["model"][out].to_numpy(),
            "reason": pd.Series(lines.reason[out], dtype="str"),
            "detail": pd.Series(lines.detail[out], dtype="str"),
        }
    )


def _nothing_left(lines: Lines) -> str:
    counts = pd.Series(lines.reason).value_counts()
    reasons = ", ".join(f"{reason}: {n:,}" for reason, n in counts.items())
    return (
        f"{lines.sheet.source}: none of {count(len(lines.reason), 'row')} can be used ({reasons}). "
        "Each row needs a model, a base model, FLOPs (or a base model the registry knows), a score, and a "
        "date where periods are asked for."
    )
