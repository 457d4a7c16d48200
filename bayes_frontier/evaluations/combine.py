"""Several tables of evaluations made one: which of them counts where they disagree, and what is left out.

Tables are given in the order in which they count. What a model is (base model, FLOPs, date) says the first table
that has it, and so each of its scores. Tasks that a table scores in another way than one before it are not mixed
in silently: that is an error, or the caller says what to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.diff import Difference, diff, pair
from bayes_frontier.evaluations.frames import FIELDS, Matrix
from bayes_frontier.evaluations.measures import Measure
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.text import count, listed, suggestion

Repeated = Literal["fill", "first", "error"]
Rescored = Literal["error", "first", "separate", "mix"]
_VALUES = ("score", "n_items", "cost", "standard_error")


@dataclass
class _Part:
    """One table on the way into the whole: values by record and task, and what is left out of it."""

    evaluations: Evaluations
    values: dict[str, Matrix]
    keep: np.ndarray
    left_out: list[pd.DataFrame] = field(default_factory=list)

    def leave_out(self, rows: np.ndarray, reason: str, detail: str) -> None:
        """Leave out records, shape (n,) of int."""
        if len(rows):
            models = self.evaluations.models.iloc[rows]
            frame = models[["source_row", "model"]].assign(reason=reason, detail=detail)
            self.left_out.append(frame)
            self.keep[rows] = False


def combine(
    *tables: Evaluations,
    repeated: Repeated = "fill",
    rescored: Rescored = "error",
    periods: Sequence[str | date] | str | None = None,
) -> Evaluations:
    """Make one table of several.

    Parameters
    ----------
    *tables : Evaluations
        Two or more, the one that counts most first.
    repeated : {"fill", "first", "error"}
        A model that several tables have: fill the tasks that its record in the first of them lacks from the others;
        take the first's record as it is; or stop.
    rescored : {"error", "first", "separate", "mix"}
        A task that two tables score differently, as `diff` finds on the models they share: stop; take that task
        from the first table that has it only; make it another task in the others, named ``task [table]``; or mix
        both scorings, which looks like drift.
    periods : sequence of str or date, optional
        Closing dates of the periods of the whole; none: one period.

    Returns
    -------
    Evaluations
        The whole. ``dropped`` has what the tables left out and the records left out here; notes say what was
        filled, decided and could not be told.

    Raises
    ------
    DataError
        If fewer than two tables are given, a choice is unknown, or a choice "error" applies.
    """
    for name, choice, kind in (("repeated", repeated, Repeated), ("rescored", rescored, Rescored)):
        if choice not in get_args(kind):
            raise DataError(
                f"{name}: unknown choice {choice!r}.{suggestion(str(choice), get_args(kind))} Choose one of "
                f"{listed(get_args(kind))}."
            )
    if len(tables) < 2:
        raise DataError("combine: give two tables or more, the one that counts most first.")
    names = _names(tables)
    notes = [f"{name}: {note}" for name, table in zip(names, tables, strict=True) for note in table.notes]
    renamed = _rescored(tables, names, rescored, notes)
    tasks = list(dict.fromkeys(new for table in renamed for new in table.values() if new is not None))
    parts = [_part(table, tasks, new) for table, new in zip(tables, renamed, strict=True)]
    for part, name in zip(parts, names, strict=True):
        empty = np.isnan(part.values["score"]).all(axis=1)
        part.leave_out(np.flatnonzero(empty), "only scores of tasks taken from another table", name)
    _repeated(parts, names, repeated, notes)
    whole = _whole(parts, names, renamed, tasks, periods, notes)
    return replace(whole, registry=_registry(tables))


def _names(tables: Sequence[Evaluations]) -> list[str]:
    names: list[str] = []
    for table in tables:
        again = sum(name == table.source or name.startswith(f"{table.source} (") for name in names)
        names.append(f"{table.source} ({again + 1})" if again else table.source)
    return names


def _part(table: Evaluations, tasks: list[str], renamed: dict[str, str | None]) -> _Part:
    rows = table.table
    column = pd.Index(tasks).get_indexer(pd.Index(rows["task"].map(renamed), dtype=object))
    taken = column >= 0
    at = (rows["row"].to_numpy()[taken], column[taken])
    values = {name: np.full((table.n_models, len(tasks)), np.nan) for name in _VALUES}
    for name in _VALUES:
        values[name][at] = rows[name].to_numpy(dtype=np.float64)[taken]
    return _Part(table, values, np.ones(table.n_models, dtype=bool))


def _rescored(
    tables: Sequence[Evaluations], names: list[str], how: Rescored, notes: list[str]
) -> list[dict[str, str | None]]:
    """Return, for each table, the name of each of its tasks in the whole, None where it does not enter."""
    renamed: list[dict[str, str | None]] = [{task: task for task in table.tasks} for table in tables]
    for i, j in combinations(range(len(tables)), 2):
        both = [task for task in tables[i].tasks if task in tables[j].tasks]
        if not both:
            continue
        found = diff(tables[i], tables[j])
        _note_unknown(found, both, names[i], names[j], notes)
        otherwise = {task: why for task in both if (why := _measured_otherwise(tables[i], tables[j], task))}
        for task in dict.fromkeys([*found.rescored, *otherwise]):
            if renamed[i][task] != renamed[j][task]:
                continue
            if how == "error":
                said = otherwise.get(task) or next(line for line in found.warnings() if line.startswith(f"{task} "))
                raise DataError(
                    f"{names[i]} and {names[j]} do not score {task} alike. {said.partition(' Fitted')[0]} Choose "
                    "rescored 'first' (of this task only the first table's scores), 'separate' (two tasks) or 'mix'."
                )
            if how == "mix":
                notes.append(f"{task} mixes the scorings of {names[i]} and {names[j]}, as asked: it looks like drift")
                continue
            renamed[j][task] = None if how == "first" else f"{task} [{names[j]}]"
            n = int(tables[j].models[task].notna().sum())
            what = "left out" if how == "first" else f"named {renamed[j][task]!r}"
            notes.append(f"{task} is scored otherwise in {names[j]} than in {names[i]}: {count(n, 'score')} {what}")
    return renamed


def _measured_otherwise(a: Evaluations, b: Evaluations, task: str) -> str:
    """Say in what two tables state that they measured a task differently, "" where they do not."""
    first, second = a.measures.get(task), b.measures.get(task)
    why = first.differs(second) if first is not None and second is not None else ""
    return f"They are other measures: {why}." if why else ""


def _note_unknown(found: Difference, tasks: list[str], a: str, b: str, notes: list[str]) -> None:
    few = [task for task in tasks if int(found.tasks["shared"].sel(task=task)) < 3]
    if few:
        notes.append(
            f"{a} and {b} share fewer than 3 scores of {listed(few)}: whether they are scored alike is unknown"
        )
    noisy = [task for task in tasks if str(found.tasks["kind"].sel(task=task).item()) in ("noisy", "corrected")]
    if noisy:
        n = int(found.tasks["changed"].sel(task=noisy).sum())
        notes.append(f"{count(n, 'score')} of {listed(noisy)} differ between {a} and {b}, without a common direction")


def _repeated(parts: list[_Part], names: list[str], how: Repeated, notes: list[str]) -> None:
    """Leave out the records of models that an earlier table has; fill what its own lack."""
    for j in range(1, len(parts)):
        later = parts[j]
        models = later.evaluations.models["model"]
        for i in range(j):
            first = parts[i]
            known = set(first.evaluations.models["model"][first.keep])
            rows = np.flatnonzero(later.keep & models.isin(known).to_numpy(dtype=bool))
            if not len(rows):
                continue
            if how == "error":
                some = listed(pd.unique(models.iloc[rows]), 3)
                raise DataError(
                    f"{count(int(models.iloc[rows].nunique()), 'model')} of {names[i]} also in {names[j]} ({some}). "
                    "Choose repeated 'fill' or 'first'."
                )
            if how == "fill":
                filled = _fill(first, later)
                if filled:
                    notes.append(f"{count(filled, 'score')} of {names[j]} fill records of {names[i]}")
            later.leave_out(rows, "model in an earlier table", f"{names[j]}; kept: {names[i]}")


def _fill(first: _Part, later: _Part) -> int:
    """Give the records of one table the scores they lack and those of another have; return how many."""
    in_first, in_later = pair(first.evaluations, later.evaluations)
    usable = first.keep[in_first] & later.keep[in_later]
    in_first, in_later = in_first[usable], in_later[usable]
    lacking = np.isnan(first.values["score"][in_first]) & ~np.isnan(later.values["score"][in_later])
    row, task = np.nonzero(lacking)
    for name in _VALUES:
        first.values[name][in_first[row], task] = later.values[name][in_later[row], task]
    return len(row)


def _whole(
    parts: list[_Part],
    names: list[str],
    renamed: list[dict[str, str | None]],
    tasks: list[str],
    periods: Sequence[str | date] | str | None,
    notes: list[str],
) -> Evaluations:
    fields = [name for name in FIELDS if name not in ("period", "cost")]
    models = pd.concat([part.evaluations.models.loc[part.keep, fields] for part in parts], ignore_index=True)
    values = {name: np.concatenate([part.values[name][part.keep] for part in parts]) for name in _VALUES}
    used = ~np.isnan(values["score"]).all(axis=0)
    tasks = [task for task, any_score in zip(tasks, used, strict=True) if any_score]
    values = {name: matrix[:, used] for name, matrix in values.items()}
    models = pd.concat([models, pd.DataFrame(values["score"], columns=tasks)], axis=1)
    measures: dict[str, Measure] = {}
    for part, new in zip(parts, renamed, strict=True):
        for task, measure in part.evaluations.measures.items():
            name = new[task]
            if name in tasks:
                measures.setdefault(name, measure)
    dropped = []
    for part, name in zip(parts, names, strict=True):
        before = part.evaluations.dropped
        detail = before["detail"].where(before["detail"] == "", before["detail"] + "; ") + name
        dropped += [before.assign(detail=detail), *part.left_out]
    kept = [f"{name} {int(part.keep.sum()):,}" for part, name in zip(parts, names, strict=True)]
    return Evaluations.from_models(
        models,
        tasks,
        periods=periods,
        n_items=None if np.isnan(values["n_items"]).all() else values["n_items"],
        costs=None if np.isnan(values["cost"]).all() else values["cost"],
        standard_errors=None if np.isnan(values["standard_error"]).all() else values["standard_error"],
        dropped=pd.concat(dropped, ignore_index=True).astype({"reason": "str", "detail": "str", "model": "str"}),
        notes=[f"combined, records kept: {', '.join(kept)}", *notes],
        source=" + ".join(names),
        source_format="combined",
        measures=measures,
    )


def _registry(tables: Sequence[Evaluations]) -> Registry | None:
    """Registry of the whole: the files of all tables' registries, those of the first on top."""
    registries = [table.registry for table in reversed(tables) if table.registry is not None]
    files = tuple(dict.fromkeys(file for registry in registries for file in registry.files))
    return next((one for one in registries if one.files == files), Registry.from_files(files)) if files else None
