"""Portfolios: the probability that several targets are attainable at once, from joint draws, and what that takes."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.analysis.surface import OVER, Surface, flat, one_period, statistics
from bayes_frontier.display import Display, Drawn
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.metrics import Metrics, given_metrics
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior import query
from bayes_frontier.posterior.drift import PROB, choose_statement
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import Numbers
from bayes_frontier.text import flops_words, listed, suggestion

_TOP, _KEYS = ("targets", "price"), ("score", "value", "weight", "cost")
_LARGEST = 1_000_000
_EXAMPLE = 'a table [targets."task"] each, with score = 0.6'


@dataclass(frozen=True)
class Target:
    """What is wanted of one task."""

    task: str
    score: float
    weight: float = 1.0  # importance, relative to other targets
    cost: float = 0.0  # what it costs to miss the target, in a unit of the user's


@dataclass(frozen=True)
class Goals:
    """Targets of several tasks."""

    targets: tuple[Target, ...]  # at least one, a task each
    price: float = 0.0  # price of a FLOP in the unit of the costs; 0: compute is free

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


VERDICTS = ("attainable", "not attainable", "open")
FLOPS_SEARCHED = (1e18, 1e28)
_POINTS, _SHOWN, _CORNERS = 1001, 501, 60


@dataclass(frozen=True, repr=False)
class Portfolio(Drawn):
    """Whether several targets are attainable at once, and the compute that takes.

    Attributes
    ----------
    draws : xarray.Dataset
        needed, FLOPs at which a target is met (infinite: not in the range), dims chain, draw, task; needed_all, at
        which all are.
    summary : xarray.Dataset
        At the computes asked for (dim flops): all_met, P(all targets are met); met, the same by task; independent, the
        product of met; share, expected share of targets met, by weight; miss_cost, expected cost of targets missed;
        total_cost, with the compute's price; verdict, "attainable", "not attainable" or "open"; outside, whether a
        compute lies outside those fitted. And: needed and needed_all with the dim statistic (median, lower, upper);
        last, P(this target is the last to be met), by task; unattainable, P(no compute in the range meets them all).
    curve : xarray.Dataset
        all_met, met and total_cost over the range of compute, dim flops.
    least_flops : float
        Smallest compute at which all targets are met with probability `prob`; infinite where none is in the range.
    cheapest_flops : float
        Compute of the smallest total cost; NaN where neither price nor costs are given.
    goals : Goals
        The targets.
    period : str
        Label of the period.
    prob : float
        Probability asked for, also of the intervals.
    flops_range : tuple of float
        Where compute was looked for.
    """

    _picture = "plot_portfolio"
    draws: xr.Dataset
    summary: xr.Dataset
    curve: xr.Dataset
    least_flops: float
    cheapest_flops: float
    goals: Goals
    period: str
    prob: float
    flops_range: tuple[float, float]

    @property
    def table(self) -> pd.DataFrame:
        """One row per compute asked about: probabilities, costs, verdict; met_TASK is the probability of one target."""
        summary = self.summary
        met = {f"met_{task}": summary["met"].sel(task=task, drop=True) for task in self.goals.tasks}
        return flat(summary.drop_vars("met").assign(met), ("flops",))

    @property
    def sentences(self) -> list[str]:
        """What meeting the targets takes."""
        numbers, high = self.summary, f"{self.flops_range[1]:.3g}"
        if np.isfinite(self.least_flops):
            bound = "at most " if self.least_flops <= self.flops_range[0] * 1.001 else ""
            said = [f"All targets are met with probability {self.prob:g} from {bound}{self.least_flops:.3g} FLOPs on."]
        else:
            missing = float(numbers["unattainable"])
            said = [
                f"No compute up to {high} FLOPs meets all targets with probability {self.prob:g}: with probability "
                f"{missing:.3f} none at all does."
            ]
        last = numbers["last"]
        if last.sizes["task"] > 1:
            slowest = str(last["task"].to_numpy()[int(np.argmax(last.to_numpy()))])
            said.append(f"The last target to be met is {slowest} with probability {float(last.max()):.2f}.")
        if np.isfinite(self.cheapest_flops):
            said.append(f"Compute and missed targets together cost least at {self.cheapest_flops:.3g} FLOPs.")
        if bool(numbers["outside"].any()):
            said.append("Computes marked * lie outside those of the models fitted: there the curve's form speaks.")
        said.append("Boundaries are of tasks one by one: that one and the same model meets all targets is not implied.")
        return said

    def _display(self) -> Display:
        table = self.table
        shown = pd.DataFrame({"FLOPs": [flops_words(value) for value in table["flops"]]})
        for target in self.goals.targets:
            shown[f"P({target.task} >= {target.score:g})"] = table[f"met_{target.task}"]
        shown["P(all)"], shown["verdict"] = table["all_met"], table["verdict"]
        return Display(f"Targets within the boundary in the period '{self.period}'", self.sentences, shown)


def portfolio(
    frontier: Frontier,
    targets: Goals | Mapping[str, object] | str | Path,
    flops: Numbers | None = None,
    *,
    prob: float = PROB,
    period: int | str | None = None,
    base_model: str | None = None,
    metrics: Metrics | Mapping[str, object] | str | Path | None = None,
    flops_range: tuple[float, float] = FLOPS_SEARCHED,
) -> Portfolio:
    """Probability that all targets are attainable, and the compute it takes.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    targets : Goals, mapping, str or Path
        As `bayes_frontier.analysis.portfolio.given_goals` takes them: a mapping of task to score, or a TOML file.
    flops : float or array_like, optional
        Compute asked about (default: the least that meets all targets with probability `prob`, or the top of the range
        where none does).
    prob : float
        Probability with which targets are to be met, above 0.5; also that of the intervals.
    period, base_model : optional
        As in `Frontier.boundary`; one period.
    metrics : optional
        Declarations of metrics, for targets stated on their own scale.
    flops_range : tuple of float
        Where compute is looked for. A draw that meets a target below the range counts at its lower end.

    Returns
    -------
    Portfolio
        Draws, probabilities, verdicts.

    Raises
    ------
    QueryError
        If targets cannot be used, something was not fitted, or an argument is out of range.
    """
    query.check_prob(prob)
    if prob <= 0.5:
        raise QueryError(f"prob must exceed 0.5, found {prob:g}: targets that are more likely missed are not met.")
    goals = given_goals(targets, frontier.tasks, metrics)
    surface, now = _surface(frontier, goals.tasks, base_model), one_period(frontier, period)
    low, high = query.check_range(flops_range)
    z = np.linspace(low, high, _POINTS)
    values = np.moveaxis(surface.at(z, now), -1, 0)
    needed = np.stack(
        [query.first_reaching(values[..., k], z, target.score) for k, target in enumerate(goals.targets)], axis=1
    )
    slowest = needed.max(axis=1)
    least = float(np.sort(slowest)[int(np.ceil(prob * len(slowest) - 1e-9)) - 1])
    grid = np.linspace(low, high, _SHOWN)
    curve = _at(surface, goals, needed, grid)
    priced = goals.price > 0.0 or any(target.cost for target in goals.targets)
    fine = _at(surface, goals, needed, z)["total_cost"]
    if flops is None:
        flops = 10.0 ** (least if np.isfinite(least) else high)
    asked = log_flops(query.check_flops(flops))
    summary = _at(surface, goals, needed, asked)
    by_task = surface.labelled(10.0**needed)
    draws = xr.Dataset({"needed": by_task, "needed_all": by_task.max("task")})
    for name in draws:
        summary[name] = statistics(draws[name], prob, finite=False)
    # targets that are met together, at the ends of the range, share the last place
    last = by_task == draws["needed_all"]
    shares: xr.DataArray = last / last.sum("task")
    summary["last"] = shares.mean(OVER)
    summary["unattainable"] = (draws["needed_all"] == np.inf).mean(OVER)
    ends = surface.compute_range()
    inside = (asked >= ends[:, 0].max() - 1e-3) & (asked <= ends[:, 1].min() + 1e-3)
    summary["outside"] = ("flops", ~inside)
    # at `prob` itself: a decision maker names the risk to be taken
    said = {"attainable": summary["all_met"], "not attainable": 1.0 - summary["all_met"]}
    summary["verdict"] = choose_statement(said, prob if frontier.converged else None, "open")
    return Portfolio(
        draws=draws,
        summary=summary if np.ndim(flops) else summary.isel(flops=0),
        curve=curve,
        least_flops=10.0**least,
        cheapest_flops=float(10.0 ** z[int(np.argmin(fine.to_numpy()))]) if priced else float("nan"),
        goals=goals,
        period=frontier.period_labels[now],
        prob=prob,
        flops_range=(10.0**low, 10.0**high),
    )


def trade_off(
    frontier: Frontier,
    first: str,
    second: str,
    flops: Numbers,
    *,
    prob: float = PROB,
    period: int | str | None = None,
    base_model: str | None = None,
) -> xr.Dataset:
    """Pairs of targets on two tasks that are met together with a given probability.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    first, second : str
        Two tasks.
    flops : float or array_like
        Compute in FLOPs, a curve each.
    prob : float
        Probability of meeting both.
    period, base_model : optional
        As in `portfolio`.

    Returns
    -------
    xarray.Dataset
        first and second, scores, dims flops and point: the more is asked of the first task, the less can be asked of
        the second. The ends are what each attains alone, beside nothing of the other.

    Raises
    ------
    QueryError
        If the tasks are the same, something was not fitted, or an argument is out of range.
    """
    query.check_prob(prob)
    if first == second:
        raise QueryError(f"A trade-off is between two tasks; {first!r} is named twice.")
    surface = _surface(frontier, (first, second), base_model)
    z = log_flops(query.check_flops(flops))
    values = surface.at(z, one_period(frontier, period))
    curves = np.array([pairs_met(values[:, 0, i], values[:, 1, i], prob) for i in range(len(z))])
    pairs = xr.Dataset(
        {"first": (("flops", "point"), curves[:, 0]), "second": (("flops", "point"), curves[:, 1])},
        coords={"flops": 10.0**z},
        attrs={"first": first, "second": second, "prob": prob},
    )
    return pairs if np.ndim(flops) else pairs.isel(flops=0)


def pairs_met(a: FloatArray, b: FloatArray, prob: float) -> tuple[FloatArray, FloatArray]:
    """Pairs of levels that two variables exceed together. Shapes: a, b (n_draws,), returns (n_points,)."""
    wanted = int(np.ceil(prob * len(a) - 1e-9))
    order = np.argsort(a)[::-1]
    # with the k highest draws of a kept, the level of b is the wanted-th highest among them
    kept = np.unique(np.linspace(wanted, len(a), _CORNERS).round().astype(int))[::-1]
    kept = np.resize(np.append(kept, np.full(_CORNERS - len(kept), wanted)), _CORNERS)
    levels_a = np.concatenate([[0.0], a[order[kept - 1]], [a[order[wanted - 1]]]])
    levels_b = [float(np.partition(b[order[:k]], k - wanted)[k - wanted]) for k in kept]
    return levels_a, np.array([levels_b[0], *levels_b, 0.0])


def _surface(frontier: Frontier, tasks: tuple[str, ...], base_model: str | None) -> Surface:
    for task in tasks:
        query.task_indices(task, frontier.tasks)
    return Surface(frontier, tasks, Surface.of(frontier, None, base_model).base)


def _at(surface: Surface, goals: Goals, needed: FloatArray, z: FloatArray) -> xr.Dataset:
    """Probabilities and costs at log10 FLOPs."""
    met = np.stack([(needed <= point + 1e-12).mean(axis=0) for point in z], axis=-1)
    together = np.array([(needed.max(axis=1) <= point + 1e-12).mean() for point in z])
    weight = np.array([target.weight for target in goals.targets])
    cost = np.array([target.cost for target in goals.targets]) @ (1.0 - met)
    return xr.Dataset(
        {
            "all_met": ("flops", together),
            "met": (("task", "flops"), met),
            "independent": ("flops", met.prod(axis=0)),
            "share": ("flops", weight @ met / weight.sum()),
            "miss_cost": ("flops", cost),
            "total_cost": ("flops", cost + goals.price * 10.0**z),
        },
        coords={"task": list(surface.tasks), "flops": 10.0**z},
    )
