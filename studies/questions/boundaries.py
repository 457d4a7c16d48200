"""Saturation, emergence and portfolios on simulated leaderboards: the clusters are real, the boundaries known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from bayes_frontier.analysis.emergence import emergence
from bayes_frontier.analysis.portfolio import FLOPS_SEARCHED, portfolio
from bayes_frontier.analysis.saturation import saturation
from bayes_frontier.evaluations import Truth
from bayes_frontier.posterior.frontier import Frontier
from studies.calibration.scenarios import Scenario
from studies.fast.frontier import quick_fit
from studies.questions.scores import Scores, Study
from studies.questions.truths import true_needed, true_saturation, true_width

FLOPS = (1e23, 1e24)
TASKS = 6
# What the boundary of each task gains until the last period, in scores: half of the tasks stand still, one declines.
_SHIFTS = (0.0, 0.0, 0.0, 0.04, 0.12, -0.04)
_DRIFT = tuple(tuple(shift * t / 3.0 for t in range(4)) for shift in _SHIFTS)
SCENARIOS: dict[str, tuple[str, dict[str, Any]]] = {
    "boundaries-still": (
        "six tasks, four periods, no drift; normal scores, correlation 0.2 within base models",
        {"correlation": 0.2},
    ),
    "boundaries-moving": (
        "the same; three tasks stand still, two advance by 0.04 and 0.12, one declines by 0.04",
        {"correlation": 0.2, "drift": _DRIFT},
    ),
    "boundaries-skewed": (
        "the same drift; scores and base models with a long tail down, correlation 0.3",
        {"correlation": 0.3, "drift": _DRIFT, "noise": "skewed", "base_effects": "skewed"},
    ),
}
_SOURCES = (
    *(f"bayes_frontier/analysis/{name}.py" for name in ("saturation", "emergence", "portfolio", "surface")),
    *(f"studies/questions/{name}.py" for name in ("boundaries", "truths", "scores")),
    "studies/fast",
    "bayes_frontier/posterior/draws.py",
    "bayes_frontier/posterior/drift.py",
)


def studies() -> tuple[Study, ...]:
    """Return the studies of this module."""
    return tuple(
        Study(name, about, partial(replicate, name, options), _SOURCES) for name, (about, options) in SCENARIOS.items()
    )


def replicate(name: str, options: Mapping[str, Any], replication: int) -> Scores:
    """Simulate a leaderboard, fit it by the fast posterior, and score all answers."""
    scenario = Scenario(name, "", clusters="all", options={"tasks": TASKS, **options})
    evaluations, truth = scenario.simulate(replication)
    frontier = quick_fit(evaluations, tau=scenario.tau, seed=scenario.seed(replication))
    return score(frontier, truth, np.random.default_rng(scenario.seed(replication)))


def score(frontier: Frontier, truth: Truth, rng: np.random.Generator) -> Scores:
    """Ask a fit everything, and compare with the truth.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    truth : Truth
        Known boundaries of its evaluations.
    rng : numpy.random.Generator
        Draws the targets of portfolios.

    Returns
    -------
    Scores
        All of them.
    """
    scores = Scores()
    _saturation(frontier, truth, scores)
    _emergence(frontier, truth, scores)
    _portfolio(frontier, truth, scores, rng)
    return scores


def _ends(summary: Any, name: str, *dims: str) -> tuple[Any, Any]:  # noqa: ANN401 - xarray
    values = summary[name].transpose("statistic", *dims)
    return values.sel(statistic="lower").to_numpy(), values.sel(statistic="upper").to_numpy()


def _saturation(frontier: Frontier, truth: Truth, scores: Scores) -> None:
    found = saturation(frontier, FLOPS)
    known, summary = true_saturation(truth, found), found.summary
    for name in ("ceiling", "headroom", "gain", "saturation", "scale", "time", "progress"):
        dims = ("task", "flops") if name in ("headroom", "gain") else ("task",)
        scores.interval(name, *_ends(summary, name, *dims), known[name])
    point, gain = known["saturation"][:, None], known["gain"]
    true = {
        "saturated": point <= np.array(FLOPS),
        "growing": gain >= found.gain,
        "not yet rising": (gain < found.gain) & (point > np.array(FLOPS)),
    }
    said = summary["verdict"].transpose("task", "flops").to_numpy()
    scores.verdict("saturation", said != "unknown", _chosen(said, true))
    progress = known["progress"]
    true = {
        "scale": (progress > found.delta) & (known["scale"] > known["time"]),
        "time": (progress > found.delta) & (known["time"] > known["scale"]),
        "both": progress > found.delta,
        "no progress": np.abs(progress) <= found.delta,
        "decline": progress < -found.delta,
    }
    said = summary["source"].to_numpy()
    scores.verdict("scale or time", said != "unknown", _chosen(said, true))


def _emergence(frontier: Frontier, truth: Truth, scores: Scores) -> None:
    found = emergence(frontier)
    order = [truth.tasks.index(str(task)) for task in found.summary["task"].to_numpy()]
    width = true_width(truth)[order]
    scores.interval("width of the rise", *_ends(found.summary, "width", "task"), width)
    said = found.summary["verdict"].to_numpy()
    scores.verdict(
        "abruptness",
        said != "cannot tell",
        _chosen(said, {"abrupt": width < found.decades, "gradual": width >= found.decades}),
    )
    pairs = np.triu_indices(len(order), 1)
    said = found.summary["order"].transpose("task", "other").to_numpy()[pairs]
    steeper = (width[:, None] < width)[pairs]
    scores.verdict("order of two tasks", said != "cannot tell", _chosen(said, {"more": steeper, "less": ~steeper}))


def _portfolio(frontier: Frontier, truth: Truth, scores: Scores, rng: np.random.Generator) -> None:
    last = len(truth.period_labels) - 1
    for n in (2, 3):
        chosen = rng.choice(len(truth.tasks), n, replace=False)
        # targets on the rise, between what 1e22 and 1e25 FLOPs make attainable
        low, high = (truth.boundary(c, period=last).to_numpy()[chosen] for c in (1e22, 1e25))
        wanted = {truth.tasks[k]: float(s) for k, s in zip(chosen, rng.uniform(low, high), strict=True)}
        found = portfolio(frontier, wanted, FLOPS)
        needed = np.clip(true_needed(truth, found.goals, last), FLOPS_SEARCHED[0], np.inf)
        scores.interval("compute for all targets", *_ends(found.summary, "needed_all"), needed.max())
        said = found.summary["verdict"].to_numpy()
        met = needed.max() <= np.array(FLOPS)
        scores.verdict("portfolio", said != "open", _chosen(said, {"attainable": met, "not attainable": ~met}))


def _chosen(said: Any, true: Mapping[str, Any]) -> Any:  # noqa: ANN401 - arrays
    """Whether each statement made is true; True where none was made."""
    right = np.ones(np.shape(said), dtype=bool)
    for words, holds in true.items():
        right = np.where(said == words, np.broadcast_to(holds, right.shape), right)
    return right
