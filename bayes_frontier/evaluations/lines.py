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
from bayes_frontier.evaluations.frames import FIELDS, Matrix, no_rows
from bayes_frontier.evaluations.measures import Measure, match_task, normal
from bayes_frontier.evaluations.metrics import Metrics
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.evaluations.tables.columns import IGNORED
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.text import count, listed, suggestion

Compute = Literal["stated", "registry"]
Duplicates = Literal["keep", "first", "best", "error"]
Copies = Literal["auto", "once", "keep"]


@dataclass(frozen=True)
class Request:
    """Options of `read` that a source needs.

    * registry: base models
    * today: release dates after it are errors
    * dated: whether release dates are needed
    * tasks: tasks wanted; none: all
    * columns: column by field, overruling recognition
    * metrics: how the values of tasks are to be read, as declared by the user
    * limited: whether runs on a part of a benchmark's items are wanted
    * relabel: whether rows of a table that contradict their stated base model count for another
    * compute: which FLOPs count where a source states some
    """

    registry: Registry
    today: dt.date
    dated: bool
    tasks: tuple[str, ...] | None
    columns: Mapping[str, str]
    metrics: Metrics = field(default_factory=Metrics)
    limited: bool = False
    relabel: bool = False
    compute: Compute = "stated"

    @property
    def named(self) -> tuple[str, ...]:
        """Tasks that the user names: asked for, or declared."""
        return tuple(dict.fromkeys([*(self.tasks or ()), *self.metrics.by_task]))

    def choose(self, sheet: Sheet, tasks: Sequence[str]) -> list[str]:
        """Return the wanted ones of `tasks`, in their order; names match as in `measures.match_task`."""
        if self.tasks is None:
            return list(tasks)
        wanted = set()
        for name in self.tasks:
            meant = match_task(name, tasks) or next((t for t in tasks if self.metrics.renamed(t) == name), None)
            if meant is None:
                raise DataError(
                    f"{sheet.source} has no task {name!r}.{suggestion(name, tasks)} Its tasks are {listed(tasks, 20)}."
                )
            wanted.add(meant)
        return [t for t in tasks if t in wanted]


# From parsed lines to `Evaluations`: leave out what cannot be used, counted by reason; treat duplicates.

KEY = ["model", "base_model", "flops", "released", "stage"]
MAX_CELLS = 50_000_000
FEWEST_ALIKE = 3
"""Tasks on which copies must agree: fewer agree by chance."""


@dataclass
class Lines:
    """What a source says, line by line.

    * sheet: where the lines come from
    * fields: one row per line: model, base_model, stage ("" unknown), flops, params_b, tokens_t (NaN unknown),
      released (NaT unknown)
    * tasks: task names
    * scores: scores, shape (n_lines, n_tasks); or (n_lines,) when each line holds one score, of the task numbered
      in `task`
    * n_items, costs, standard_errors: items behind, cost of, and standard error of, each score; same shape
    * task: task number of each line of a long table, shape (n_lines,)
    * reason, detail: why a line cannot be used ("" if it can), as far as the source knows; shape (n_lines,), of str
    * notes: observations
    * placed: what `identify` found for each line, where the source asked it
    * measures: what was read for each task
    * uploads: whether the rows are what anyone uploaded or ran, so that the same weights may be there under several
      names; a table that states base models is taken as it is
    """

    sheet: Sheet
    fields: pd.DataFrame
    tasks: tuple[str, ...]
    scores: Matrix
    source_format: str
    n_items: Matrix | None = None
    costs: Matrix | None = None
    standard_errors: Matrix | None = None
    task: npt.NDArray[np.int64] | None = None
    reason: npt.NDArray[np.object_] = field(default_factory=lambda: np.array([], dtype=object))
    detail: npt.NDArray[np.object_] = field(default_factory=lambda: np.array([], dtype=object))
    notes: list[str] = field(default_factory=list)
    placed: pd.DataFrame | None = None
    measures: dict[str, Measure] = field(default_factory=dict)
    uploads: bool = False

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

    def rename(self, metrics: Metrics) -> None:
        """Give tasks the names that their declarations say; two of one name become one task, if no line has both."""
        names = [metrics.renamed(task) for task in self.tasks]
        if names == list(self.tasks):
            return
        made = tuple(dict.fromkeys(names))
        where = np.array([made.index(name) for name in names], dtype=np.int64)
        if clash := [name for name in made if name in FIELDS]:
            raise DataError(f"{metrics.source}: a task cannot be called {listed(clash)}, as a field is.")
        if self.task is not None:
            self.task = np.where(self.task >= 0, where[self.task], self.task)
        else:
            for name in [name for name in made if names.count(name) > 1]:
                both = (~np.isnan(self.scores[:, where == made.index(name)])).sum(axis=1) > 1
                if both.any():
                    joined = [task for task, other in zip(self.tasks, names, strict=True) if other == name]
                    raise DataError(
                        f"{self.sheet.source}: {listed(joined)} cannot both be {name!r}: "
                        f"{self.sheet.places(both)} has scores of several. Leave all but one out (tasks)."
                    )
            self.scores = _joined(self.scores, where, len(made))
            self.n_items = None if self.n_items is None else _joined(self.n_items, where, len(made))
            self.costs = None if self.costs is None else _joined(self.costs, where, len(made))
            errors = self.standard_errors
            self.standard_errors = None if errors is None else _joined(errors, where, len(made))
        said = [f"{a!r} as {b!r}" for a, b in zip(self.tasks, names, strict=True) if a != b]
        self.notes.append(f"tasks renamed as declared: {', '.join(said)}")
        self.measures = {
            name: self.measures[task]
            for task, name in reversed(list(zip(self.tasks, names, strict=True)))
            if task in self.measures
        }
        self.tasks = made


def _joined(values: Matrix, where: npt.NDArray[np.int64], n: int) -> Matrix:
    """Move columns to their new places; of several for one place the value that is there counts."""
    out = np.full((len(values), n), np.nan)
    for old, new in enumerate(where):
        out[:, new] = np.where(np.isnan(values[:, old]), out[:, new], values[:, old])
    return out


def assemble(
    lines: Lines,
    *,
    periods: Sequence[str | dt.date] | str | None,
    duplicates: Duplicates,
    copies: Copies = "auto",
    spend: bool = False,
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
    keep = _copied(lines, models, scores, copies, record)
    keep &= _duplicated(lines, models, scores, keep, duplicates, record)
    if not keep.any():
        raise DataError(_nothing_left(lines))
    tasks = _scored_tasks(lines, scores[keep])
    chosen = [lines.tasks.index(t) for t in tasks]
    models = models[keep].reset_index(drop=True).assign(source_row=lines.sheet.rows[first[keep]])
    models["stage"] = models["stage"].mask(models["stage"] == "", "unknown")
    models = pd.concat([models, pd.DataFrame(scores[np.ix_(keep, chosen)], columns=list(tasks))], axis=1)
    _note_flops(lines, models)

    def extra(values: Matrix | None) -> Matrix | None:
        return None if values is None else _matrix(lines, record, n_records, values)[np.ix_(keep, chosen)]

    n_items, costs, dropped = extra(lines.n_items), extra(lines.costs), _dropped(lines)
    errors = extra(lines.standard_errors)
    del scores
    # A large table would be held twice while the container is made.
    lines.sheet = replace(lines.sheet, frame=pd.DataFrame())
    if spend:
        lines.fields, lines.scores = pd.DataFrame(), np.zeros(0)
        lines.n_items = lines.costs = lines.standard_errors = None
    pa.default_memory_pool().release_unused()
    made = Evaluations.from_models(
        models,
        tasks,
        periods=periods,
        n_items=n_items,
        costs=costs,
        standard_errors=errors,
        dropped=dropped,
        notes=lines.notes,
        source=lines.sheet.source,
        source_format=lines.source_format,
        measures={task: lines.measures[task] for task in tasks if task in lines.measures},
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
    """Leave out lines that say nothing new: equal in what is used, and in every other column of the source."""
    used = [lines.fields[KEY]]
    for name, values in (
        ("score", lines.scores),
        ("n_items", lines.n_items),
        ("cost", lines.costs),
        ("task", lines.task),
    ):
        if values is not None:
            columns = np.atleast_2d(values.T)
            used.append(pd.DataFrame(columns.T, columns=[f"{name} {k}" for k in range(len(columns))]))
    usable = np.flatnonzero(lines.reason == "")
    table = pd.concat([part.reset_index(drop=True) for part in used], axis=1).iloc[usable]
    again = table.duplicated(keep=False).to_numpy()
    if not again.any():
        return
    places = usable[again]
    # checkpoints, seeds or prompts may be told apart by a column that is not used
    others = lines.sheet.frame
    others = others[[name for name in others.columns if normal(str(name)) not in IGNORED]].take(places)
    others.columns = pd.Index([f"column {k}" for k in range(others.shape[1])])
    whole = pd.concat([table[again].reset_index(drop=True), others.astype("str").reset_index(drop=True)], axis=1)
    group = whole.groupby(list(whole.columns), dropna=False, sort=False).ngroup().to_numpy()
    _, head = np.unique(group, return_index=True)
    origin = places[head[group]]
    later = places[places != origin]
    if not len(later):
        return
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


def _copied(
    lines: Lines, models: pd.DataFrame, scores: Matrix, how: Copies, record: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Find copies, the same weights uploaded again; return the records kept, shape (n_records,).

    A copy has the base model of an earlier record and its score on every task, on three or more, written with three or
    more decimals. It is no further evidence of what a base model reaches, and at the boundary a copied good model would
    count as often as it was uploaded. The earliest by date counts.
    """
    keep = np.ones(len(models), dtype=bool)
    fine = np.abs(scores - np.round(scores, 2)) > 1e-9
    candidates = ((~np.isnan(scores)).sum(axis=1) >= FEWEST_ALIKE) & fine.any(axis=1)
    if candidates.sum() < 2 or len(lines.tasks) < FEWEST_ALIKE:
        return keep
    at = np.flatnonzero(candidates)
    order = at[np.argsort(models["released"].to_numpy(dtype="datetime64[ns]")[at], kind="stable")]
    rows = pd.DataFrame(scores[order]).round(12)
    rows["base model"] = models["base_model"].to_numpy(dtype=object)[order]
    copy = rows.duplicated().to_numpy()
    if not copy.any():
        return keep
    group = rows.groupby(list(rows.columns), dropna=False, sort=False).ngroup().to_numpy()
    _, head = np.unique(group, return_index=True)
    gone, origin = order[copy], order[head[group]][copy]
    said = f"{count(len(gone), 'record')} with the base model and all scores of another one"
    if how == "keep" or (how == "auto" and not lines.uploads):
        lines.notes.append(f"{said}: kept as the table states them (copies 'once' counts them once)")
        return keep
    keep[gone] = False
    lines.notes.append(f"{said}, the same weights uploaded again: counted once (copies 'keep' counts all)")
    names = models["model"].to_numpy(dtype=object)
    of = np.full(len(models), "", dtype=object)
    of[gone] = [f"of {names[i]}" for i in origin]
    out = (record >= 0) & ~keep[record]
    lines.leave_out(out, "copy of another record", of[np.maximum(record, 0)])
    return keep


def _duplicated(
    lines: Lines,
    models: pd.DataFrame,
    scores: Matrix,
    among: npt.NDArray[np.bool_],
    how: Duplicates,
    record: npt.NDArray[np.int64],
) -> npt.NDArray[np.bool_]:
    """Apply `how` to models with several records; return the records kept, shape (n_records,)."""
    keep = np.ones(len(models), dtype=bool)
    repeated = models["model"].where(among).duplicated(keep=False).to_numpy() & among
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
    order = models.assign(mean=np.nanmean(scores, axis=1) if how == "best" else 0.0)[among].sort_values(
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
