"""Targets of a portfolio, read from a file or a mapping and checked against a fit."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.metrics import Metrics, given_metrics
from bayes_frontier.posterior import query
from bayes_frontier.wording import listed, suggestion

_TOP, _KEYS = ("targets", "price"), ("score", "value", "weight", "cost")
_LARGEST = 1_000_000
_EXAMPLE = 'a table [targets."task"] each, with score = 0.6'


@dataclass(frozen=True)
class Target:
    """What is wanted of one task.

    Attributes
    ----------
    task : str
        The task.
    score : float
        Score to attain, in [0, 1].
    weight : float
        Importance, relative to other targets.
    cost : float
        What it costs to miss the target, in a unit of the user's.
    """

    task: str
    score: float
    weight: float = 1.0
    cost: float = 0.0


@dataclass(frozen=True)
class Goals:
    """Targets of several tasks.

    Attributes
    ----------
    targets : tuple of Target
        At least one, a task each.
    price : float
        Price of a FLOP in the unit of the costs; 0: compute is free.
    """

    targets: tuple[Target, ...]
    price: float = 0.0

    @property
    def tasks(self) -> tuple[str, ...]:
        """Task names, in the order given."""
        return tuple(target.task for target in self.targets)


def given_goals(
    given: Goals | Mapping[str, object] | str | Path,
    tasks: tuple[str, ...],
    metrics: Metrics | Mapping[str, object] | str | Path | None = None,
) -> Goals:
    """Return the goals that a caller means.

    Parameters
    ----------
    given : Goals, mapping, str or pathlib.Path
        Goals; a mapping of task to score, or to a mapping of keys score (or value), weight and cost; or a TOML file
        with such a table ``[targets."task"]`` each and, on top, ``price``.
    tasks : tuple of str
        Tasks of the fit.
    metrics : optional
        Declarations of metrics, as `bayes_frontier.read` takes them, for targets stated as ``value`` on their own
        scale.

    Returns
    -------
    Goals
        Checked.

    Raises
    ------
    QueryError
        If the file cannot be read, has no target, an unknown key, a task not fitted or a number out of range; the
        message names the task and the key.
    DataError
        If the metrics cannot be used.
    """
    if isinstance(given, Goals):
        for task in given.tasks:
            query.task_indices(task, tasks)
        return given
    if isinstance(given, Mapping):
        return _goals(given, 0.0, "targets", tasks, given_metrics(metrics))
    if not isinstance(given, str | Path):
        raise QueryError(f"targets: expected a TOML file or a mapping of tasks, not {type(given).__name__}.")
    path = Path(given)
    try:
        if path.stat().st_size > _LARGEST:
            raise QueryError(f"{path}: too large for targets; give the path of a small TOML file.")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise QueryError(f"{path}: targets cannot be read ({error}). Give a TOML file: {_EXAMPLE}.") from None
    _known(content, _TOP, str(path))
    named = content.get("targets", {})
    if not isinstance(named, Mapping):
        raise QueryError(f"{path}: targets is {named!r}; write {_EXAMPLE}.")
    price = _number(content, "price", 0.0, str(path), least=0.0)
    return _goals(named, price, str(path), tasks, given_metrics(metrics))


def _goals(named: Mapping[str, object], price: float, source: str, tasks: tuple[str, ...], metrics: Metrics) -> Goals:
    if not named:
        raise QueryError(f"{source}: there is no target. Write {_EXAMPLE}.")
    made = []
    for task, keys in named.items():
        where = f"{source}, task {str(task)!r}"
        if task not in tasks:
            raise QueryError(f"{where}: not in this fit.{suggestion(str(task), tasks)} Fitted: {listed(tasks)}.")
        # a plain number is a score
        stated = keys if isinstance(keys, Mapping) else {"score": keys}
        _known(stated, _KEYS, where)
        weight = _number(stated, "weight", 1.0, where, least=0.0)
        cost = _number(stated, "cost", 0.0, where, least=0.0)
        made.append(Target(str(task), _score(stated, str(task), metrics, where), weight, cost))
    if not any(target.weight for target in made):
        raise QueryError(f"{source}: every weight is 0; give one target a weight.")
    return Goals(tuple(made), price)


def _score(keys: Mapping[str, object], task: str, metrics: Metrics, where: str) -> float:
    if ("score" in keys) == ("value" in keys):
        raise QueryError(f"{where}: give either score, between 0 and 1, or value, on the metric's own scale.")
    metric = metrics.get(task)
    if "value" in keys:
        if metric is None:
            raise QueryError(
                f"{where}: value needs the metric's declaration; give the file that the fit was made with (metrics)."
            )
        value = _number(keys, "value", math.nan, where)
        if not metric.floor <= value <= metric.ceiling:
            raise QueryError(f"{where}: value {value:g} is outside {metric.floor:g} to {metric.ceiling:g}.")
        return float(metric.scaled(np.array(value)))
    score = _number(keys, "score", math.nan, where)
    try:
        query.check_score(score)
    except QueryError as error:
        raise QueryError(f"{where}: {error}") from None
    return score


def _known(keys: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
    for key in keys:
        if key not in known:
            raise QueryError(
                f"{where}: unknown key {str(key)!r}.{suggestion(str(key), known)} The keys are {listed(known)}."
            )


def _number(keys: Mapping[str, object], key: str, usual: float, where: str, least: float = -math.inf) -> float:
    value = keys.get(key, usual)
    good = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
    if not good and key in keys:
        raise QueryError(f"{where}: {key} is {value!r}; give a finite number.")
    number = float(value)  # type: ignore[arg-type]
    if number < least:
        raise QueryError(f"{where}: {key} is {number:g}; give a number from {least:g} up.")
    return number
