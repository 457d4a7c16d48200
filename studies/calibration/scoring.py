"""One replication, scored: which intervals held the truth, how wide they were, how far off their centre."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_frontier.evaluations import Evaluations, Truth
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray
from studies.calibration.alternatives import METHODS, Interval, alternatives
from studies.calibration.scenarios import Scenario

PROBS = (0.5, 0.8, 0.9, 0.95)
"""Probabilities of the intervals scored."""

N_POINTS = 9
"""Computes at which the population boundary is scored, evenly spaced in log FLOPs over the last period's models."""

SIZES = (1, 5, 20)
"""Groups of base models by their number of models: from each of these up to the next."""

MODEL = "model"
"""Name of the model's own intervals beside `studies.calibration.alternatives.METHODS`."""


@dataclass(frozen=True)
class Answers:
    """What a posterior says of one data set.

    Attributes
    ----------
    population : ndarray, shape (n_draws, n_tasks, n_points)
        Draws of the population boundary of the last period.
    own : ndarray, shape (n_draws, n_base_models, n_tasks)
        Draws of the base models' boundaries in the last period, bases in sorted order, each at its compute.
    notes : dict
        Numbers to keep with the result, such as R-hat.
    """

    population: FloatArray
    own: FloatArray
    notes: dict[str, float]


type Ask = Callable[[Evaluations, float, int, FloatArray], Answers]
"""Fits evaluations at a tau with a seed and answers at log10 FLOPs, shape (n_points,)."""


def points(evaluations: Evaluations) -> FloatArray:
    """Return the computes at which the population boundary is scored.

    Shapes: returns (n_points,).
    """
    models = evaluations.models
    z = np.log10(models.loc[models["period"] == models["period"].max(), "flops"].to_numpy(dtype=float))
    return np.linspace(z.min(), z.max(), N_POINTS)


def replicate(scenario: Scenario, replication: int, ask: Ask, *, compare: bool = True) -> dict[str, Any]:
    """Simulate, fit and score one data set."""
    evaluations, truth = scenario.simulate(replication)
    z, seed = points(evaluations), scenario.seed(replication)
    answers = ask(evaluations, scenario.tau, seed, z)
    known = true_population(truth, z)
    population = {MODEL: score(answers.population, known)}
    if compare:
        found = [alternatives(evaluations, task, scenario.tau, z, PROBS, seed) for task in truth.tasks]
        for method in METHODS:
            population[method] = score_intervals([by_task[method] for by_task in found], known)
    own = true_own(evaluations, truth)
    return {
        "scenario": scenario.name,
        "replication": replication,
        "notes": {name: round(float(value), 4) for name, value in answers.notes.items()},
        "population": population,
        "own": {MODEL: score_own(answers.own, own, sizes(evaluations))},
    }


def true_population(truth: Truth, z: FloatArray) -> FloatArray:
    """Return the true population boundary of the last period.

    Shapes: z (n_points,), returns (n_tasks, n_points).
    """
    return truth.boundary(10.0**z).transpose("task", "flops").to_numpy()


def true_own(evaluations: Evaluations, truth: Truth) -> FloatArray:
    """Return the true boundaries of the base models in the last period, each at its compute.

    Shapes: returns (n_base_models, n_tasks).
    """
    names = sorted(evaluations.models["base_model"].unique())
    z = reference_compute(evaluations.models, names)
    by_base = [truth.boundary(10.0**at, base_model=name).to_numpy() for name, at in zip(names, z, strict=True)]
    return np.stack(by_base)


def sizes(evaluations: Evaluations) -> npt.NDArray[np.int64]:
    """Return the number of models of each base model, in sorted order.

    Shapes: returns (n_base_models,).
    """
    counted = evaluations.models["base_model"].value_counts().sort_index()
    return np.asarray(counted.to_numpy(), dtype=np.int64)


def score(draws: FloatArray, truth: FloatArray) -> dict[str, Any]:
    """Score equal-tailed intervals of draws.

    Parameters
    ----------
    draws : ndarray, shape (n_draws, n_tasks, n_points)
        Boundaries.
    truth : ndarray, shape (n_tasks, n_points)
        Known boundaries.

    Returns
    -------
    dict
        As `score_intervals`.
    """
    return score_intervals([Interval.of_draws(draws[:, k], PROBS) for k in range(draws.shape[1])], truth)


def score_intervals(intervals: Sequence[Interval], truth: FloatArray) -> dict[str, Any]:
    """Score intervals.

    Shapes: truth (n_tasks, n_points).
    """
    lower, upper = (np.stack([getattr(i, side) for i in intervals]) for side in ("lower", "upper"))
    covered = (lower <= truth[:, None]) & (truth[:, None] <= upper)
    width = (upper - lower)[:, PROBS.index(0.9)]
    bias = np.stack([i.mean for i in intervals]) - truth
    return {
        "covered": _rounded(covered.mean(axis=0).T),
        "width": _rounded(width.mean(axis=0)),
        "bias": _rounded(bias.mean(axis=0)),
        "task_covered90": _rounded(covered[:, PROBS.index(0.9)].mean(axis=1)),
        "task_bias": _rounded(bias.mean(axis=1)),
    }


def score_own(draws: FloatArray, truth: FloatArray, size: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Score base-model boundaries by the number of models behind them.

    Shapes: draws (n_draws, n_base_models, n_tasks), truth (n_base_models, n_tasks), size (n_base_models,).
    """
    tails = (1.0 - np.asarray(PROBS)) / 2.0
    lower, upper = np.quantile(draws, tails, axis=0), np.quantile(draws, 1.0 - tails, axis=0)
    covered = (lower <= truth) & (truth <= upper)
    width, bias = (upper - lower)[PROBS.index(0.9)], draws.mean(axis=0) - truth
    group = np.searchsorted(SIZES, size, side="right") - 1
    members = [group == i for i in range(len(SIZES))]

    def part(chosen: npt.NDArray[np.bool_]) -> dict[str, Any]:
        if not chosen.any():
            return {"covered": None, "width": None, "bias": None}
        return {
            "covered": _rounded(covered[:, chosen].mean(axis=(1, 2))),
            "width": _rounded(width[chosen].mean()),
            "bias": _rounded(bias[chosen].mean()),
        }

    everyone = np.ones(len(size), dtype=bool)
    return {"n": [int(m.sum()) for m in members], "groups": [part(m) for m in members], "all": part(everyone)}


def _rounded(values: npt.ArrayLike) -> Any:  # noqa: ANN401 - numbers or nested lists of them
    return np.round(np.asarray(values, dtype=float), 5).tolist()
