"""The chart's data: every answer that the page can show, computed here and only looked up there."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayes_frontier.analysis.headline import change_since_first, first_end, supported_range
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Truth
from bayes_frontier.posterior.drift import VERDICTS
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import first_reaching
from bayes_frontier.text import flops_words, task_title

Floats = npt.NDArray[np.float64]
# What `compute-for` searches.
SEARCHED = (1e18, 1e28)
TARGETS: Floats = np.round(np.linspace(0.0, 1.0, 101), 2)
# Steps a decade of the budget, the finest that the budget of values (task x period x compute x draw) allows; a million
# take about a quarter of a second, and a series (task x period) by itself as long as 20,000 values.
_STEPS = (20, 10, 5)
_MOST_VALUES, _A_SERIES = 30e6, 20_000
_OUTER_STEPS = 4
# Room beside the models, in decades: that much is drawn as extrapolation.
_BESIDE = (0.1, 0.8)
NEVER, AT_ONCE = -1, -2


@dataclass(frozen=True)
class Series:
    """Answers of one boundary: one task, period and base model."""

    median: Floats  # median, lower, upper: attainable scores at the budgets, shape (n_budgets,)
    lower: Floats
    upper: Floats
    reached: Floats  # probability that the boundary is at least a target, shape (n_budgets, 101)
    # median, lower and upper compute needed for a target, FLOPs, shape (3, 101); infinite beyond the range searched
    needed: Floats
    missing: Floats  # probability that a target is not reached within that range, shape (101,)
    change: xr.Dataset | None = None  # change since the first period at the budgets, with its verdict


def budgets_between(low: float, high: float, steps: int) -> list[float]:
    """Give budgets evenly spaced in log FLOPs, with three digits, so that they can be typed."""
    first, last = math.floor(math.log10(low) * steps), math.ceil(math.log10(high) * steps)
    return [float(flops_words(10.0 ** (k / steps))) for k in range(first, last + 1)]


def chart_range(frontier: Frontier) -> tuple[float, float]:
    """Return the ends of the compute axis, FLOPs: where models are, and a little beyond."""
    flops = frontier.evaluations.models["flops"]
    low, high = flops.min() / 10 ** _BESIDE[0], flops.max() * 10 ** _BESIDE[1]
    return max(float(low), SEARCHED[0]), min(float(high), SEARCHED[1])


def base_model_computes(frontier: Frontier) -> dict[str, float]:
    """Compute of every base model with three digits, those with the most models first."""
    models = frontier.evaluations.models
    computes = np.log10(models["flops"]).groupby(models["base_model"]).median()
    return {str(name): float(flops_words(10.0 ** computes[name])) for name in models["base_model"].value_counts().index}


def choose_budgets(frontier: Frontier, share: float = 1.0) -> list[float]:
    """Choose the budgets that can be asked for, so that a page is made in seconds whatever the size of the fit."""
    low, high = chart_range(frontier)
    one = frontier.boundary(low, frontier.tasks[0])
    n_draws = one.sizes["chain"] * one.sizes["draw"]
    most = _MOST_VALUES * share / (len(frontier.tasks) * len(frontier.period_labels))
    # where there is time for it, a known model's compute can be asked for to three digits
    own = [value for value in base_model_computes(frontier).values() if low <= value <= high]
    grids = [sorted({*budgets_between(low, high, _STEPS[0]), *own})]
    grids += [budgets_between(low, high, steps) for steps in _STEPS]
    fits = (grid for grid in grids if len(_with_outer(grid)) * n_draws + _A_SERIES <= most)
    return next(fits, grids[-1])


def task_series(frontier: Frontier, task: str, budgets: Sequence[float], prob: float) -> Iterator[Series]:
    """Answer everything the chart can ask of a task, period by period."""
    grid = _with_outer(budgets)
    shown = np.searchsorted(grid, budgets)
    first = None
    for period in range(len(frontier.period_labels)):
        drawn = frontier.boundary(grid, task=task, period=period)
        values = drawn.transpose("flops", "chain", "draw").to_numpy()
        series = _series(values.reshape(len(grid), -1), np.log10(grid), shown, prob)
        here = drawn.isel(flops=shown).drop_vars("period")
        first = here if first is None else first
        yield replace(series, change=change_since_first(frontier, here - first, prob) if period else None)


def _with_outer(budgets: Sequence[float]) -> Floats:
    """Add, coarsely, what lies between the budgets and the ends of the range searched."""
    outer = np.geomspace(*SEARCHED, _OUTER_STEPS * 10 + 1)
    apart = (outer < budgets[0] * 0.999) | (outer > budgets[-1] * 1.001)
    return np.sort(np.concatenate([np.asarray(budgets, dtype=float), outer[apart]]))


def _series(values: Floats, z: Floats, shown: npt.NDArray[np.int64], prob: float) -> Series:
    """Read all answers from draws on a grid, shape (n_grid, n_draws)."""
    ordered = np.sort(values, axis=1)
    levels = [0.5, 0.5 - prob / 2.0, 0.5 + prob / 2.0]
    median, lower, upper = np.quantile(ordered[shown], levels, axis=1)
    reaching = [first_reaching(values, z, target) for target in TARGETS]
    needed = np.quantile(reaching, levels, axis=1, method="lower")
    missing = np.isinf(reaching).mean(axis=1)
    return Series(median, lower, upper, _reached(ordered[shown]), 10.0**needed, missing)


def _reached(ordered: Floats) -> Floats:
    """Share of sorted draws at or above each target, shape (n_rows, 101)."""
    return np.stack([1.0 - np.searchsorted(row, TARGETS, side="left") / ordered.shape[1] for row in ordered])


def chart_document(frontiers: Sequence[Frontier], prob: float, truth: Truth | None = None) -> dict[str, Any]:
    """Gather what the chart shows."""
    first = frontiers[0]
    models = first.evaluations.models
    computes = base_model_computes(first)
    budgets = choose_budgets(first, 1.0 / len(frontiers))
    known = None
    if truth is not None and set(first.tasks) <= set(truth.tasks):
        boundary = truth.boundary(budgets, period="all").sel(task=list(first.tasks))
        known = scaled(boundary.transpose("task", "period", "flops"), 1e6)
    return {
        "truth": known,
        "source": first.evaluations.source,
        "tasks": list(first.tasks),
        "titles": [task_title(task) for task in first.tasks],
        "periods": list(first.period_labels),
        "since": first_end(first),
        "prob": prob,
        "range": chart_range(first),
        "supported": supported_range(models),
        "verdicts": list(VERDICTS),
        "bases": {"name": list(computes), "flops": list(computes.values())},
        "models": _models(models, first.tasks, list(computes)),
        "fits": [_fit(frontier, prob, budgets) for frontier in frontiers],
    }


def _models(models: pd.DataFrame, tasks: Sequence[str], base_models: Sequence[str]) -> dict[str, Any]:
    """Every model with its scores, by increasing compute."""
    models = models.sort_values("flops", kind="stable")
    places = {name: number for number, name in enumerate(base_models)}
    scores = models[list(tasks)].fillna(-1.0).to_numpy(float)
    return {
        "name": models["model"].astype(str).tolist(),
        "base": [places[str(name)] for name in models["base_model"]],
        "released": models["released"].dt.strftime("%Y-%m-%d").fillna("").tolist(),
        "period": models["period"].astype(int).tolist(),
        "flops": [float(flops_words(value)) for value in models["flops"]],
        # in hundredths of a percent, as leaderboards print them; negative: not scored on the task
        "scores": [scaled(column, 1e4) for column in scores.T],
    }


def _fit(frontier: Frontier, prob: float, budgets: list[float]) -> dict[str, Any]:
    return {
        "tau": frontier.tau,
        "budgets": budgets,
        "series": [[_encoded(one) for one in task_series(frontier, task, budgets, prob)] for task in frontier.tasks],
        "bases": _base_models(frontier, prob),
    }


def _base_models(frontier: Frontier, prob: float) -> list[Any]:
    """Answers of every known base model at its own compute: by task and period; none without effects for them."""
    answered = []
    for name, flops in base_model_computes(frontier).items():
        try:
            drawn = frontier.boundary(flops, period="all", base_model=name)
        except QueryError:
            return []
        values = drawn.transpose("task", "period", "chain", "draw").to_numpy()
        ordered = np.sort(values.reshape(*values.shape[:2], -1), axis=-1)
        found = np.quantile(ordered, [0.5, 0.5 - prob / 2.0, 0.5 + prob / 2.0], axis=-1)
        ramps = [[_ramp(row) for row in scaled(_reached(rows), 1e3)] for rows in ordered]
        answered.append({"m": scaled(np.moveaxis(found, 0, -1), 1e6), "p": ramps})
    return answered


def _encoded(series: Series) -> dict[str, Any]:
    change = series.change
    return {
        "m": scaled(series.median, 1e6),
        "l": scaled(series.lower, 1e6),
        "u": scaled(series.upper, 1e6),
        "p": [_ramp(row) for row in scaled(series.reached, 1e3)],
        "n": [two_digits(row) for row in series.needed],
        "x": scaled(series.missing, 1e3),
        "c": None
        if change is None
        else {
            **{part: scaled(change[part], 1e6) for part in ("median", "lower", "upper")},
            "verdict": [VERDICTS.index(str(word)) for word in change["verdict"].to_numpy()],
        },
    }


def scaled(values: npt.ArrayLike, parts: float) -> Any:  # noqa: ANN401 - nested as deep as the array
    """Round to whole parts: a million are so fine that whole percents come out as from the numbers themselves."""
    return np.rint(parts * np.asarray(values)).astype(int).tolist()


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
