"""The answer one would send: what a budget makes attainable on a task, since when, and what that rests on, in words."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.registry.registry import given_registry
from bayes_frontier.posterior import query
from bayes_frontier.posterior.drift import DELTA, PROB, chances_of_change, verdicts
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import (
    count,
    flops_typeset,
    one_in,
    percent_range,
    points_signed,
    points_words,
    share_words,
    suggestion,
    task_title,
)

# Models are nearby within half a decade of compute: about a generation of base models of one size.
NEARBY = 0.5
# A boundary rests on data where this many base models are nearby: fewer say little of the next one.
SUPPORT = 5
# Shares of scores, the best ones, that may not be real.
UNREAL = (0.01, 0.02)
# Checks that take a second; `check` runs them all.
QUICK = ("convergence", "coverage", "coverage-period", "coverage-compute", "coverage-size")
FALLING = "fewer strong submissions, not worse models"
_JUDGED = {
    "advancing": "a clear rise",
    "retreating": f"a clear fall, which means {FALLING}",
    "stable": "it has hardly moved",
}


@dataclass(frozen=True)
class Headline:
    """What is attainable on one task: numbers, and the sentences that say them."""

    task: str
    name: str  # the task as people write it
    flops: float
    period: str
    tau: float
    prob: float
    median: float
    lower: float
    upper: float
    base_models_nearby: int
    models_nearby: int
    best_model: str | None = None  # best model seen within half a decade; None where there is none
    best_base_model: str | None = None
    best_score: float | None = None
    best_flops: float | None = None
    since: str | None = None  # when the first period ended; change, its interval and verdict, all None with one period
    change: float | None = None
    change_lower: float | None = None
    change_upper: float | None = None
    verdict: str | None = None

    @property
    def title(self) -> str:
        """The answer in one line, with the change where it is clear."""
        reach = (
            f"With {flops_typeset(self.flops)} FLOP, open models reach about {100 * self.median:.0f}% on {self.name}"
        )
        clear = self.change is not None and self.verdict in ("advancing", "retreating")
        return reach + (f" — {points_words(self.change or 0.0)} since {self.since}" if clear else "")

    @property
    def sentences(self) -> list[str]:
        """The whole answer, one statement each."""
        said = [
            f"{self.title}.",
            f"This is the score that about {one_in(1 - self.tau)} models on a new base model exceeds; "
            f"{share_words(self.prob)} interval {percent_range(self.lower, self.upper)}.",
        ]
        if self.change is not None:
            low, high = points_signed(self.change_lower or 0.0), points_signed(self.change_upper or 0.0)
            judged = _JUDGED.get(str(self.verdict), "whether it moved cannot be told yet")
            unit = "point" if abs(round(100 * self.change)) == 1 else "points"
            said.append(
                f"Change since {self.since}: {points_signed(self.change)} {unit} "
                f"({share_words(self.prob)} interval {low} to {high}); {judged}."
            )
        if self.best_model is None:
            return [*said, f"No model within half a decade of {flops_typeset(self.flops)} FLOP: this is extrapolated."]
        return [
            *said,
            f"Best model seen nearby: {self.best_model}, {100 * float(self.best_score or 0):.0f}% "
            f"(on {self.best_base_model}, {flops_typeset(float(self.best_flops or 0))} FLOP).",
            f"The answer rests on {count(self.base_models_nearby, 'base model')} "
            f"({count(self.models_nearby, 'model')}) within half a decade of this compute.",
        ]


def headline(
    frontier: Frontier, flops: float, task: str, period: int | str | None = None, prob: float = PROB
) -> Headline:
    """Answer for one task: what is attainable at one compute, its change since the first period, and what is near."""
    number = int(query.period_indices(period, frontier.evaluations)[0])
    task = frontier.tasks[query.task_indices(task, frontier.tasks)[0]]
    found = frontier.attainable(flops, prob=prob, task=task, period=number)
    optional: dict[str, Any] = {}
    if number:
        drawn = frontier.boundary(flops, task, "all").drop_vars("period")
        change = change_since_first(frontier, drawn.isel(period=number) - drawn.isel(period=0), prob)
        if change is not None:
            optional = {"since": first_end(frontier), "verdict": str(change["verdict"].item())}
            optional |= {"change": float(change["median"])}
            optional |= {f"change_{part}": float(change[part]) for part in ("lower", "upper")}
    near = nearby(frontier, flops, task, number)
    if len(near):
        best = near.iloc[int(near["score"].to_numpy().argmax())]
        optional |= {f"best_{name}": str(best[name]) for name in ("model", "base_model")}
        optional |= {f"best_{name}": float(best[name]) for name in ("score", "flops")}
    return Headline(
        task=task,
        name=task_title(task),
        flops=flops,
        period=frontier.period_labels[number],
        tau=frontier.tau,
        prob=prob,
        median=float(found["median"]),
        lower=float(found["lower"]),
        upper=float(found["upper"]),
        base_models_nearby=int(near["base_model"].nunique()),
        models_nearby=len(near),
        **optional,
    )


def change_since_first(frontier: Frontier, change: xr.DataArray, prob: float) -> xr.Dataset | None:
    """Summarise draws of a change since the first period, with its verdict; None where the model has no drift."""
    if frontier.spec.structure.periods == "constant":
        return None
    summary = query.summarise(change, prob)
    summary["advance"], summary["retreat"], summary["still"] = chances_of_change(change, DELTA)
    return summary.assign(verdict=verdicts(summary, prob if frontier.converged else None))


def first_end(frontier: Frontier) -> str:
    """Say when the first period ended, which changes are counted from."""
    end = frontier.evaluations.period_ends[0]
    return f"{end:%B %Y}" if isinstance(end, dt.date) else frontier.period_labels[0]


def nearby(frontier: Frontier, flops: float, task: str, number: int) -> pd.DataFrame:
    """Scores of a task up to a period, within half a decade of some compute."""
    table = frontier.evaluations.table
    near = np.abs(np.log10(table["flops"].to_numpy(float) / flops)) <= NEARBY
    return table[near & (table["task"] == task).to_numpy() & (table["period"] <= number).to_numpy()]


def record_holders(scores: pd.DataFrame) -> pd.DataFrame:
    """Models whose score no model with as little compute reaches, of the scores of one task."""
    ordered = scores.sort_values(["flops", "score"], ascending=[True, False], kind="stable")
    best = ordered["score"].cummax().shift(1, fill_value=-1.0)
    return ordered[ordered["score"] > best]


def supported_range(models: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of the compute, FLOPs, where boundaries rest on data; beyond, they are extrapolated."""
    z = np.sort(np.log10(models.groupby("base_model")["flops"].median().to_numpy(float)))
    near = (np.abs(z[:, None] - z) <= NEARBY).sum(axis=1)
    rests = z[near >= min(SUPPORT, int(near.max()))]
    return float(10.0 ** rests[0]), float(10.0 ** rests[-1])


def flops_of(frontier: Frontier, name: str) -> float:
    """Return the compute of a base model by any name the registry knows, as the fit has it; or of a fitted model."""
    models = frontier.evaluations.models
    registry = given_registry(frontier.evaluations.registry)
    entry = registry.get(name)
    canonical = (entry.name if entry else name).casefold()
    for column in ("base_model", "model"):
        named = models[models[column].str.casefold().isin([canonical, name.casefold()])]
        if len(named):
            return float(named["flops"].median())
    if entry is None:
        known = suggestion(name, [*frontier.base_model_names, *(one.name for one in registry)])
        raise QueryError(
            f"--flops: {name[:80]!r} is neither a number of FLOPs, such as 1e24 or 10^24, nor a base model "
            f"whose compute is known.{known}"
        )
    return entry.flops
