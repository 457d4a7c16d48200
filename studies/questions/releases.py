"""Gate, watch and stages on simulated leaderboards whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bayes_frontier.analysis.gate import gate
from bayes_frontier.analysis.stages import STAGES, joint_name, stages
from bayes_frontier.analysis.watch import established, watch
from bayes_frontier.checks.records import Records
from bayes_frontier.evaluations import Evaluations, Truth
from bayes_frontier.evaluations.truth import NOISES
from bayes_frontier.model.calibration import clustered_scale
from bayes_frontier.posterior.frontier import Frontier
from studies.calibration.scenarios import Scenario
from studies.fast.frontier import quick_fit
from studies.questions.scores import Scores, Study

# Three tasks stand still in the last period, or move by this much, in scores.
_SHIFTS = (0.0, 0.03, -0.06)
_FOUR = {"tasks": 3, "drift": tuple((0.0, 0.0, 0.0, shift) for shift in _SHIFTS)}
LEADERBOARDS: dict[str, tuple[str, dict[str, Any]]] = {
    "releases-still": (
        "gate: models of the last of four periods, held back from the fit; watch: the fourth after three; no drift",
        {"tasks": 3, "correlation": 0.2},
    ),
    "releases-moving": (
        "the same; in the fourth period the tasks move by 0, 0.03 and -0.06 (watch only)",
        {**_FOUR, "correlation": 0.2},
    ),
    "releases-skewed": (
        "no drift; scores and base models with a long tail down, correlation 0.3",
        {"tasks": 3, "correlation": 0.3, "noise": "skewed", "base_effects": "skewed"},
    ),
}
# Models gated of a data set, beside those of base models held back altogether, and how much worse a third are made.
_GATED, _HELD_BACK, _FAULT = 120, 15, 0.15
_SOURCES = (
    "studies/questions/scores.py",
    "studies/questions/releases.py",
    "studies/fast",
    "bayes_frontier/posterior/draws.py",
    "bayes_frontier/posterior/drift.py",
)


def studies() -> tuple[Study, ...]:
    """Return the studies of this module."""
    gates = (*_SOURCES, "bayes_frontier/analysis/gate.py", "bayes_frontier/posterior/ahead.py")
    watches = (*gates, "bayes_frontier/analysis/watch.py")
    return (
        *(
            Study(name, about, partial(leaderboard, name, options), watches)
            for name, (about, options) in LEADERBOARDS.items()
        ),
        Study(
            "stages",
            "three tasks, pretrained models (two a base model) and post-trained ones, with boundaries of their own",
            two_stages,
            (*_SOURCES, "bayes_frontier/analysis/stages.py"),
        ),
    )


def leaderboard(name: str, options: Mapping[str, Any], replication: int) -> Scores:
    """Fit three periods, then gate and watch the fourth."""
    scenario = Scenario(name, "", clusters="all", options=options)
    evaluations, truth = scenario.simulate(replication)
    seed = scenario.seed(replication)
    scores = Scores()
    if not np.any(truth.shift):
        _gate(evaluations, truth, scores, seed)
    past, later = evaluations.select(periods=[0, 1, 2]), evaluations.select(periods=3)
    frontier = with_scale(quick_fit(past, tau=scenario.tau, seed=seed))
    found = watch(frontier, later, prob=0.9, seed=seed)
    at = found.attrs["flops"]
    change = (truth.boundary(at, period=3) - truth.boundary(at, period=2)).to_numpy()
    scores.interval("change since the fit", found["lower"], found["upper"], change)
    said = found["verdict"].to_numpy()
    delta = found.attrs["delta"]
    scores.verdict(
        "drift since the fit", established(said), np.where(said == "advanced", change > delta, change < -delta)
    )
    scores.verdict("unmoved", said == "unmoved", np.abs(change) <= delta)
    return scores


def with_scale(frontier: Frontier) -> Frontier:
    """Add the likelihood's constants, from the residuals, to a fast fit."""
    smoothing = frontier.spec.likelihood.smoothing
    records = Records.from_frontier(frontier)
    scale = clustered_scale(records.residuals, records.data.clusters, frontier.tau, smoothing)
    constant = frontier.posterior["constant_data"].to_dataset()
    frontier.posterior["constant_data"] = constant.assign(
        density=("task", scale.density),
        scale=("task", scale.scale),
        half_width=("task", scale.half_width),
        likelihood_level=("task", scale.level),
    )
    return frontier


def _gate(evaluations: Evaluations, truth: Truth, scores: Scores, seed: int) -> None:
    """Hold models of the last period back, some base models altogether, and gate them against a fit of the rest.

    They are of the time of the last fitted scores, so that nothing that the fit expects to happen later widens
    the intervals.
    """
    rng = np.random.default_rng(seed)
    models = evaluations.models
    last = (models["period"] == evaluations.n_periods - 1).to_numpy()
    names = models["base_model"].unique()
    whole = models["base_model"].isin(rng.choice(names, _HELD_BACK, replace=False)).to_numpy()
    held = whole.copy()
    held[rng.choice(np.flatnonzero(last & ~whole), _GATED, replace=False)] = True
    frontier = quick_fit(evaluations.subset(~held), tau=truth.tau, seed=seed)
    some = evaluations.subset(held & last)
    found = gate(frontier, some, seed=seed)
    models, known = some.models, found["known"].to_numpy()
    true = percentiles(models, truth, known)
    for group, mask in (("known", known), ("new", ~known)):
        if mask.any():
            low, high = (found[key].to_numpy()[mask, : len(truth.tasks)] for key in ("lower", "upper"))
            scores.interval(f"percentile, {group} base model", low, high, true[mask])
    fault = rng.random(len(models)) < 1.0 / 3.0
    worse = models.drop(columns=["period", "cost"])
    for task in truth.tasks:
        worse[task] = np.where(fault, np.maximum(worse[task] - _FAULT, 0.0), worse[task])
    # each correction by its own promise: flags of models at no fault, and the share of flags that are wrong
    right = found["model_verdict"].to_numpy() == "as expected"
    scores.verdict("a model at no fault", np.ones(len(models), dtype=bool), right)
    many = gate(frontier, Evaluations.from_models(worse, truth.tasks), correction="bh", seed=seed)
    scores.verdict("flag among many models", many["model_verdict"].to_numpy() != "as expected", fault)


def percentiles(models: pd.DataFrame, truth: Truth, known: np.ndarray) -> np.ndarray:
    """Return the true percentile of each score: among models on its base model, or among models on new ones.

    Shapes: known (n_models,), returns (n_models, n_tasks).
    """
    levels = np.concatenate(
        [np.geomspace(0.001, 0.1, 15), np.linspace(0.12, 0.88, 20), 1 - np.geomspace(0.1, 0.001, 15)]
    )
    total = np.array([truth.total_quantile(float(level)) for level in levels])
    own = NOISES[truth.noise]
    found = np.empty((len(models), len(truth.tasks)))
    for i, (base, flops) in enumerate(zip(models["base_model"], models["flops"], strict=True)):
        score = models.iloc[i][list(truth.tasks)].to_numpy(dtype=float)
        spread = float(truth.scale(np.log10(flops)))
        if known[i]:
            away = (score - truth.boundary(flops, base_model=base).to_numpy()) / spread
            found[i] = own.cdf(away / np.sqrt(1.0 - truth.correlation) + own.quantile(truth.tau))
        else:
            away = (score - truth.boundary(flops).to_numpy()) / spread
            found[i] = np.interp(away + truth.total_quantile(truth.tau), total, levels)
    return found


def two_stages(replication: int) -> Scores:
    """Fit pretrained and post-trained models with known boundaries."""
    scenario = Scenario("stages", "", options={"tasks": 6, "correlation": 0.3, "spread": 0.06})
    whole, truth = scenario.simulate(replication)
    tasks = ("one", "two", "three")
    names = [joint_name(task, stage) for stage in STAGES for task in tasks]
    frame = whole.models.drop(columns=["period", "cost"]).rename(columns=dict(zip(truth.tasks, names, strict=True)))
    # the first two records of a base model are those of the pretrained model itself
    first = (frame.groupby("base_model").cumcount() < 2).to_numpy()
    for name in names:
        frame[name] = frame[name].where(first == name.endswith(f"({STAGES[0]})"))
    frontier = quick_fit(Evaluations.from_models(frame, names), tau=scenario.tau, seed=scenario.seed(replication))
    computes = [1e22, 1e23, 1e24]
    found = stages(frontier, flops=computes, prob=0.9)
    boundary = truth.boundary(computes).to_numpy()
    lift = boundary[3:] - boundary[:3]
    scores = Scores()
    low, high = (found[f"lift_{end}"].transpose("task", "flops").to_numpy() for end in ("lower", "upper"))
    scores.interval("lift", low, high, lift)
    said, delta = found["verdict"].transpose("task", "flops").to_numpy(), found.attrs["delta"]
    right = np.select([said == "lifts", said == "lowers"], [lift > delta, lift < -delta], np.abs(lift) <= delta)
    scores.verdict("lift", said != "unknown", right)
    larger = found["larger"].transpose("task", "other", "flops").to_numpy()
    above = lift[:, None, :] > lift[None, :, :]
    scores.verdict("order of two lifts", larger >= 0.9, above)
    return scores
