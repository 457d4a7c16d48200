"""The explorer's data: every answer it can show, computed here and only looked up in the page."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.interpolate import CubicSpline

from bayes_frontier.errors import QueryError
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import flops_words

Floats = npt.NDArray[np.float64]
# What `compute-for` searches, on its grid: 0.01 decades.
SEARCHED = (1e18, 1e28)
_FINE: Floats = np.linspace(math.log10(SEARCHED[0]), math.log10(SEARCHED[1]), 1001)
TARGETS: Floats = np.round(np.linspace(0.0, 1.0, 101), 2)
# Steps a decade of the compute slider, the finest that the budget of values (task x period x compute x draw) allows;
# a million take about a quarter of a second, and a series (task x period) by itself as long as 20,000 values.
_STEPS = (20, 10, 5)
_MOST_VALUES, _A_SERIES = 16e6, 20_000
_BASE_SHARE, _BASE_STEPS, _OUTER_STEPS = 0.6, 4, 4
_STEPS_TO_CROSSING = 3


@dataclass(frozen=True)
class Series:
    """Answers of one boundary: one task, period and base model."""

    median: Floats  # median, lower, upper: attainable scores at the budgets of the explorer, shape (n_budgets,)
    lower: Floats
    upper: Floats
    reached: Floats  # probability that the boundary is at least a target, shape (n_budgets, 101)
    # median, lower and upper compute needed for a target, FLOPs, shape (3, 101); infinite beyond the range searched
    needed: Floats
    missing: Floats  # probability that a target is not reached within that range, shape (101,)


@dataclass(frozen=True)
class BaseModel:
    """A known base model that the explorer offers."""

    name: str
    own: float  # its compute, FLOPs, with three digits
    budgets: list[float]  # budgets it can be asked at, its own among them


@dataclass(frozen=True)
class Offer:
    """What the explorer can be asked."""

    budgets: list[float]  # budgets for a new base model, FLOPs
    periods: list[int]  # numbers of the periods
    base_models: list[BaseModel]


def budgets_between(low: float, high: float, steps: int) -> list[float]:
    """Give budgets evenly spaced in log FLOPs, with three digits, so that they can be typed."""
    first, last = round(math.log10(low)) * steps, round(math.log10(high)) * steps
    return [float(flops_words(10.0 ** (k / steps))) for k in range(first, last + 1)]


def explorer_range(frontier: Frontier) -> tuple[float, float]:
    """Return the powers of ten that the compute slider runs over: the models' range, and up to two decades beyond."""
    flops = frontier.evaluations.models["flops"]
    low = math.floor(math.log10(flops.min()) + 1e-9)
    high = math.ceil(math.log10(flops.max()) - 1e-9) + 1
    return 10.0 ** max(low, 18), 10.0 ** min(max(high, low + 2), 28)


def choose_offer(frontier: Frontier, share: float = 1.0) -> Offer:
    """Choose what the explorer offers, so that a page is made in seconds whatever the size of the fit."""
    low, high = explorer_range(frontier)
    one = frontier.boundary(low, frontier.tasks[0])
    n_draws = one.sizes["chain"] * one.sizes["draw"]
    most = _MOST_VALUES * share / len(frontier.tasks)
    n_periods = len(frontier.period_labels)
    budgets = {steps: budgets_between(low, high, steps) for steps in _STEPS}
    sizes = {steps: len(_with_outer(budgets[steps])) * n_draws + _A_SERIES for steps in _STEPS}
    steps = next((steps for steps in _STEPS if sizes[steps] * n_periods <= most), _STEPS[-1])
    shown = min(n_periods, max(1, int(most / sizes[steps])))
    base_models = _base_models(frontier, _BASE_SHARE * most / shown, n_draws)
    return Offer(budgets[steps], list(range(n_periods))[-shown:], base_models)


def _base_models(frontier: Frontier, most: float, n_draws: int) -> list[BaseModel]:
    """Choose known base models, the ones with the most models first; none where the model has no effects for them."""
    models = frontier.evaluations.models
    counts = models["base_model"].value_counts()
    try:
        frontier.boundary(float(models["flops"].iloc[0]), frontier.tasks[0], base_model=str(counts.index[0]))
    except QueryError:
        return []
    coarse = budgets_between(*explorer_range(frontier), _BASE_STEPS)
    log_flops = np.log10(models["flops"]).groupby(models["base_model"]).median()
    found = []
    for name in counts.index[: int(most / ((len(_with_outer(coarse)) + 1) * n_draws + _A_SERIES))]:
        own = float(flops_words(10.0 ** log_flops[name]))
        found.append(BaseModel(str(name), own, sorted({*coarse, own})))
    return found


def task_series(
    frontier: Frontier,
    task: str,
    budgets: Sequence[float],
    periods: Sequence[int],
    prob: float,
    base_model: str | None = None,
) -> Iterator[Series]:
    """Answer everything the explorer can ask of a task."""
    grid = _with_outer(budgets)
    shown = np.searchsorted(grid, budgets)
    for period in periods:
        drawn = frontier.boundary(grid, task=task, period=period, base_model=base_model)
        values = drawn.transpose("flops", "chain", "draw").to_numpy()
        yield _series(values.reshape(len(grid), -1), np.log10(grid), shown, prob)


def _with_outer(budgets: Sequence[float]) -> Floats:
    """Add, coarsely, what lies between the budgets and the ends of the range searched."""
    outer = 10.0 ** np.linspace(_FINE[0], _FINE[-1], _OUTER_STEPS * round(_FINE[-1] - _FINE[0]) + 1)
    outer[[0, -1]] = SEARCHED
    apart = (outer < budgets[0] * 0.999) | (outer > budgets[-1] * 1.001)
    return np.sort(np.concatenate([np.asarray(budgets, dtype=float), outer[apart]]))


def _series(values: Floats, z: Floats, shown: npt.NDArray[np.int64], prob: float) -> Series:
    """Read all answers from draws on a grid, shape (n_grid, n_draws)."""
    ordered = np.sort(values, axis=1)
    n = ordered.shape[1]
    at = np.array([0.5, 0.5 - prob / 2.0, 0.5 + prob / 2.0]) * (n - 1)
    below = np.floor(at).astype(int)
    part = at - below
    above = np.minimum(below + 1, n - 1)
    at_budgets = ordered[shown]
    median, lower, upper = ((1.0 - part) * at_budgets[:, below] + part * at_budgets[:, above]).T
    reached = np.stack([1.0 - np.searchsorted(row, TARGETS, side="left") / n for row in at_budgets])
    # compute-for takes quantiles of the compute needed by rank; the k-th smallest is where the k-th largest boundary
    # reaches the target
    ranks = n - 1 - below
    curves = ordered[:, ranks].T
    needed = _refined(values, z, curves, ranks, np.stack([_crossing(z, curve) for curve in curves]))
    missing = np.searchsorted(ordered[-1], TARGETS, side="left") / n
    return Series(median, lower, upper, reached, 10.0**needed, missing)


def _crossing(z: Floats, curve: Floats) -> Floats:
    """log10 FLOPs at which a non-decreasing curve reaches each target: the lowest, or infinite, where outside."""
    fine = np.maximum.accumulate(np.clip(CubicSpline(z, curve)(_FINE), curve[0], curve[-1]))
    j = np.searchsorted(fine, TARGETS, side="left")
    inside = np.clip(j, 1, len(fine) - 1)
    y0, y1 = fine[inside - 1], fine[inside]
    part = np.divide(TARGETS - y0, y1 - y0, out=np.ones_like(y0), where=y1 > y0)
    found = _FINE[inside - 1] + part * (_FINE[inside] - _FINE[inside - 1])
    return np.where(j == 0, _FINE[0], np.where(j == len(fine), np.inf, found))


def _refined(values: Floats, z: Floats, curves: Floats, ranks: npt.NDArray[np.int64], found: Floats) -> Floats:
    """Find crossings of order statistics, shape (3, n_targets), within the steps of the grid where they must lie."""
    # draws cross each other between the points of the grid, so that order statistics have corners there: an estimate
    # from the grid alone is a start, which false position improves
    rows, columns = np.nonzero(np.isfinite(found) & (found > _FINE[0]))
    if not len(rows):
        return found
    target = TARGETS[columns]
    above = np.array([np.searchsorted(curves[row], at) for row, at in zip(rows, target, strict=True)])
    above = np.clip(above, 1, len(z) - 1)
    low, high = z[above - 1], z[above]
    short, over = curves[rows, above - 1] - target, curves[rows, above] - target
    at = np.clip(found[rows, columns], low, high)
    for _ in range(_STEPS_TO_CROSSING):
        gap = _order_statistic(values, z, at, ranks[rows]) - target
        below = gap < 0.0
        low, short = np.where(below, at, low), np.where(below, gap, short)
        high, over = np.where(below, high, at), np.where(below, over, gap)
        part = np.divide(-short, over - short, out=np.ones_like(gap), where=over > short)
        at = low + np.clip(part, 0.0, 1.0) * (high - low)
    refined = found.copy()
    refined[rows, columns] = at
    return refined


def _order_statistic(values: Floats, z: Floats, at: Floats, ranks: npt.NDArray[np.int64]) -> Floats:
    """Order statistics of the draws at some computes, each draw interpolated by a cubic through four grid points."""
    first = np.clip(np.searchsorted(z, at) - 2, 0, len(z) - 4)
    nodes = z[first[:, None] + np.arange(4)]
    weights = np.ones((len(at), 4))
    for k in range(4):
        for other in range(4):
            if other != k:
                weights[:, k] *= (at - nodes[:, other]) / (nodes[:, k] - nodes[:, other])
    drawn = sum(weights[:, k, None] * values[first + k] for k in range(4))
    return np.take_along_axis(np.sort(np.asarray(drawn), axis=1), ranks[:, None], axis=1)[:, 0]


# Points of a task beyond this many are a sample: more cannot be told apart in the chart.
_MOST_POINTS = 4_000
NEVER, AT_ONCE = -1, -2


def explorer_document(frontiers: Sequence[Frontier], prob: float) -> dict[str, Any]:
    """Gather what the explorer shows."""
    first = frontiers[0]
    models = first.evaluations.models
    offer = choose_offer(first, 1.0 / len(frontiers))
    fits = [_fit(frontier, offer, prob) for frontier in frontiers]
    offered = [base.name for base in offer.base_models]
    return {
        "tasks": list(first.tasks),
        "periods": list(first.period_labels),
        "prob": prob,
        "flops": [float(models["flops"].min()), float(models["flops"].max())],
        "searched": list(SEARCHED),
        "points": [_points(first.evaluations.table, task, offered) for task in first.tasks],
        "fits": fits,
    }


def _fit(frontier: Frontier, offer: Offer, prob: float) -> dict[str, Any]:
    groups: list[tuple[str | None, Sequence[float]]] = [(None, offer.budgets)]
    groups += [(base.name, base.budgets) for base in offer.base_models]
    return {
        "tau": frontier.tau,
        "periods": offer.periods,
        "budgets": offer.budgets,
        "bases": [asdict(base) for base in offer.base_models],
        "series": [
            [
                [_encoded(one) for one in task_series(frontier, task, budgets, offer.periods, prob, name)]
                for task in frontier.tasks
            ]
            for name, budgets in groups
        ],
    }


def _encoded(series: Series) -> dict[str, Any]:
    return {
        "m": thousandths(series.median),
        "l": thousandths(series.lower),
        "u": thousandths(series.upper),
        "p": [_ramp(row) for row in thousandths(series.reached)],
        "n": [two_digits(row) for row in series.needed],
        "x": thousandths(series.missing),
    }


def thousandths(values: Floats) -> Any:  # noqa: ANN401 - nested as deep as the array
    """Round as the command line does when it prints three decimals."""
    unique, place = np.unique(values, return_inverse=True)
    words = np.array([int(f"{value:.3f}".replace(".", "")) for value in unique])
    return words[place].tolist()


def two_digits(flops: Floats) -> list[int]:
    """Write FLOPs with two digits as integers: 1.4e24 is 1424; a third is below the Monte Carlo error."""
    digits = [f"{value:.1e}".replace(".", "").split("e+") if np.isfinite(value) else ("0", "0") for value in flops]
    codes = [int(mantissa) * 100 + int(exponent) for mantissa, exponent in digits]
    coded: list[int] = np.where(np.isinf(flops), NEVER, np.where(flops <= SEARCHED[0], AT_ONCE, codes)).tolist()
    return coded


def _ramp(reached: list[int]) -> list[int]:
    """Cut a falling row of thousandths: how many are 1000 at its start, then the rest up to the last that is not 0."""
    ones = next((i for i, value in enumerate(reached) if value < 1000), len(reached))
    end = next((i for i in range(len(reached), ones, -1) if reached[i - 1]), ones)
    return [ones, *reached[ones:end]]


def _points(table: pd.DataFrame, task: str, offered: Sequence[str]) -> dict[str, Any]:
    rows = table[table["task"] == task]
    total = len(rows)
    if total > _MOST_POINTS:
        rows = rows.sample(_MOST_POINTS, random_state=0)
    rows = rows.sort_values(["flops", "score"], kind="stable")
    codes = {name: number for number, name in enumerate(offered)}
    return {
        "total": total,
        "z": np.rint(1000 * np.log10(rows["flops"].to_numpy(float))).astype(int).tolist(),
        "y": thousandths(rows["score"].to_numpy(float)),
        "period": rows["period"].astype(int).tolist(),
        "base": [codes.get(name, -1) for name in rows["base_model"]],
    }
