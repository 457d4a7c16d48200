"""Metric declarations: which way a metric runs and between what bounds, so that it becomes a score in [0, 1].

A score of the model is a share: 0 the worst, 1 the best. A metric on another scale is brought there linearly,

    score = (value - floor) / (ceiling - floor),    or 1 minus that where lower values are better.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pydantic

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.measures import SHARE
from bayes_frontier.evaluations.tables.sheet import LONGEST_NAME, Sheet, check_scores
from bayes_frontier.text import count, listed, suggestion

ANY = "*"
_FAR = 1e300
_LARGEST = 1_000_000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """How the values of one task are to be read.

    * direction: which values are better
    * floor, ceiling: the lowest and the highest value the metric can take; not chance level, which the model finds
      itself
    * n_items: items of the benchmark, where the source does not say; None unknown
    * outside: what becomes of values beyond the bounds: an error, or the bound itself (a word error rate above 1 is
      no better than 1)
    * name: what the task is to be called, so that two sources call it alike; "" as the source does
    """

    direction: str = "higher"
    floor: float = 0.0
    ceiling: float = 1.0
    n_items: float | None = None
    outside: str = "error"
    name: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether values are scores in [0, 1] already."""
        return self.direction == "higher" and self.floor == 0 and self.ceiling == 1

    def scaled(self, values: Floats) -> Floats:
        """Bring values to [0, 1], 1 the best."""
        share = (np.clip(values, self.floor, self.ceiling) - self.floor) / (self.ceiling - self.floor)
        return 1.0 - share if self.direction == "lower" else share

    @property
    def width(self) -> float:
        """Return how wide the scale is: a standard error on it, divided by this, is one of a score in [0, 1]."""
        return self.ceiling - self.floor

    @property
    def scale(self) -> str:
        """Describe how values become scores, as `data show` says it."""
        return SHARE if self.is_plain else self.words()

    def words(self) -> str:
        """Describe it."""
        return f"{self.direction} is better, {self.floor:g} to {self.ceiling:g}"


@dataclass(frozen=True)
class Metrics:
    """Declared metrics by task; the task "*" stands for every other one.

    * by_task: the declarations
    * source: where they come from, for messages
    """

    by_task: Mapping[str, Metric] = field(default_factory=dict)
    source: str = "metrics"

    def get(self, task: str) -> Metric | None:
        """Return the declaration of a task."""
        return self.by_task.get(task, self.by_task.get(ANY))

    def renamed(self, task: str) -> str:
        """Return the name that a task is to have."""
        declared = self.by_task.get(task)
        return declared.name if declared is not None and declared.name else task

    def note_unused(self, tasks: tuple[str, ...], notes: list[str]) -> None:
        """Note declarations of tasks that are not there, which a misspelt name is."""
        spare = [name for name in self.by_task if name != ANY and name not in tasks]
        if spare:
            hint = suggestion(spare[0], tasks)
            notes.append(f"{self.source}: declared for tasks that are not there: {listed(spare)}.{hint}")


def given_metrics(given: "Metrics | Mapping[str, object] | str | Path | None") -> Metrics:
    """Return the declarations a caller means."""
    if given is None or isinstance(given, Metrics):
        return given or Metrics()
    if isinstance(given, Mapping):
        return _parse(given, "metrics")
    if not isinstance(given, str | Path):
        raise DataError(f"metrics: expected a TOML file or a mapping of tasks, not {type(given).__name__}.")
    if _INLINE.fullmatch(str(given)):
        return _inline(str(given))
    path = Path(given)
    try:
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path}: too large for metric declarations; give the path of a small TOML file.")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: metric declarations cannot be read ({error}). Give a TOML file.") from None
    tasks = content.get("tasks")
    if set(content) != {"tasks"} or not isinstance(tasks, dict):
        raise DataError(
            f'{path}: expected one table [tasks."name"] a task, with the keys {", ".join(_KEYS)}; '
            f"found {listed(content)}."
        )
    return _parse(tasks, str(path))


_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
_INLINE = re.compile(rf".{{1,{LONGEST_NAME}}}={_NUMBER}\.\.{_NUMBER}(?:,.{{1,{LONGEST_NAME}}}={_NUMBER}\.\.{_NUMBER})*")
_SCALE = re.compile(rf"(?:^|,)([^,=][^=]*?)=({_NUMBER})\.\.({_NUMBER})(?=,|$)")


def _inline(given: str) -> Metrics:
    """Read scales from words, ``TASK=WORST..BEST`` each, as ``*=0..100,wer=1..0``."""
    declared: dict[str, object] = {}
    for task, worst, best in _SCALE.findall(given):
        low, high = sorted((float(worst), float(best)))
        direction = "lower" if float(worst) > float(best) else "higher"
        declared[task.strip()] = {"direction": direction, "floor": low, "ceiling": high}
    return _parse(declared, "metrics")


def in_words(metrics: Metrics) -> str | None:
    """Write scales as `_inline` reads them, None where that cannot say them."""
    words = []
    for task, m in metrics.by_task.items():
        if m != Metric(m.direction, m.floor, m.ceiling) or "," in task or "=" in task:
            return None
        ends = (m.ceiling, m.floor) if m.direction == "lower" else (m.floor, m.ceiling)
        words.append(f"{task}={ends[0]:.15g}..{ends[1]:.15g}")
    return ",".join(words)


class _Declaration(pydantic.BaseModel):
    """The keys of a declaration, as they are written."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    direction: Literal["higher", "lower"] = "higher"
    floor: Annotated[float, pydantic.Field(ge=-_FAR, le=_FAR)] = 0.0
    ceiling: Annotated[float, pydantic.Field(ge=-_FAR, le=_FAR)] = 1.0
    n_items: Annotated[float, pydantic.Field(gt=0, le=_FAR)] | None = None
    outside: Literal["error", "clip"] = "error"
    name: Annotated[str, pydantic.Field(max_length=LONGEST_NAME, pattern=r"^(\S(.*\S)?)?$")] = ""


_KEYS = tuple(_Declaration.model_fields)
_REMEDY = {
    "direction": "choose 'higher', 'lower'",
    "outside": "choose 'error', 'clip'",
    "n_items": "give the number of items, or leave it out",
    "name": "give what the task is to be called",
}


def _parse(tasks: Mapping[str, object], source: str) -> Metrics:
    made: dict[str, Metric] = {}
    for task, keys in tasks.items():
        where = f"{source}, task {str(task)!r}"
        if isinstance(keys, Metric):
            made[str(task)] = keys
            continue
        if not isinstance(keys, Mapping):
            raise DataError(f"{where}: expected keys such as floor and ceiling, not {keys!r}.")
        try:
            declared = _Declaration.model_validate(dict(keys))
        except pydantic.ValidationError as error:
            key = str(error.errors()[0]["loc"][0])
            if key not in _KEYS:
                raise DataError(
                    f"{where}: unknown key {key!r}.{suggestion(key, _KEYS)} The keys are {listed(_KEYS)}."
                ) from None
            shown = str(keys[key])[:60] if isinstance(keys[key], float) else repr(keys[key])[:60]
            raise DataError(f"{where}: {key} is {shown}; {_REMEDY.get(key, 'give a finite number')}.") from None
        if not declared.floor < declared.ceiling:
            raise DataError(
                f"{where}: floor {declared.floor:g} is not below ceiling {declared.ceiling:g}; they are the lowest and "
                "the highest value, whichever is better (direction)."
            )
        made[str(task)] = Metric(**declared.model_dump())
    return Metrics(made, source)


def unit_scores(
    sheet: Sheet,
    column: str,
    values: Floats,
    task: str,
    metrics: Metrics,
    notes: list[str],
    *,
    usual: Metric | None = None,
    long: bool = False,
) -> Floats:
    """Return a task's values as scores in [0, 1], checked."""
    metric = metrics.get(task) or usual
    if metric is None:
        check_scores(sheet, column, values, task if long else None)
        return values
    with np.errstate(invalid="ignore"):
        bad = (values < metric.floor) | (values > metric.ceiling)
    wrong = np.isinf(values) if metric.outside == "clip" else bad
    if wrong.any():
        raise DataError(
            f"{sheet.source}, column {column!r}, task {task!r}: {int(wrong.sum()):,} of "
            f"{int((~np.isnan(values)).sum()):,} values outside {metric.floor:g} to {metric.ceiling:g}, the bounds "
            f"of its metric: {sheet.places(wrong, values)}. Correct them, declare wider bounds, or say "
            'outside = "clip" (metrics).'
        )
    if bad.any():
        notes.append(f"task {task!r}: {count(int(bad.sum()), 'value')} beyond the metric's bounds, taken as the bound")
    note_scale(task, metric, notes)
    return metric.scaled(values)


def note_scale(task: str, metric: Metric, notes: list[str]) -> None:
    """Note how a task's values were brought to [0, 1]; tasks of one scale in a row share a note."""
    if metric.is_plain:
        return
    said = f"brought to 0 (worst) to 1 (best): {metric.words()}, "
    if notes and notes[-1].startswith(said):
        notes[-1] += f", {task!r}"
    else:
        notes.append(f"{said}{task!r}")


def filled_items(
    n_items: Floats | None,
    scores: Floats,
    tasks: tuple[str, ...],
    metrics: Metrics,
    task: npt.NDArray[np.int64] | None,
    usual: Mapping[str, int] | None = None,
) -> Floats | None:
    """Return items behind each score, those of the declarations where the source has none."""
    named = [metrics.get(name) for name in tasks]
    known = [math.nan if usual is None else usual.get(name, math.nan) for name in tasks]
    items = [own if m is None or m.n_items is None else m.n_items for m, own in zip(named, known, strict=True)]
    declared = np.array([*items, math.nan])
    if np.isnan(declared).all():
        return n_items
    whole = np.broadcast_to(declared[:-1], scores.shape) if task is None else declared[task]
    filled = whole if n_items is None else np.where(np.isnan(n_items), whole, n_items)
    return np.where(np.isnan(scores), math.nan, filled)
