"""Whether base models that were left out lie above the population boundary as often as it says."""

from dataclasses import replace

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import CheckInput
from bayes_frontier.checks.result import Check, Limits, row_with_largest, rows_off
from bayes_frontier.model.curve import inverse_logit, log_odds
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.population import Population, residual_cdf
from bayes_frontier.text import count

# Share of scores above the boundary over what it should be, as a factor either way: twice as many, or half ...
FACTOR = Limits(1.5, 2.0)
# ... and so far off seldom by chance, all groups together.
CHANCE = Limits(0.05, 0.01)
# Parts of the compute range, with as many base models in each; fewer base models than this say nothing.
_PARTS, _FEWEST = ("low", "middle", "high"), 8
# Draws of the posterior that stand for it, and populations that are drawn to tell chance.
_DRAWS, _CHANCES = 40, 4000


def check(given: CheckInput) -> Check:
    """Check that base models left out of the population are above its boundary as often as it says."""
    if not given.frontier.curves.has_base_models:
        return Check.not_run("population", "The model has no base-model effects: its boundary is that of all models.")
    numbers = left_out(given.frontier, given.records.table, given.seed)
    if numbers.empty:
        return Check.not_run("population", f"With fewer than {_FEWEST} base models there is nothing to tell.")
    numbers = numbers.assign(verdict=verdicts(numbers))
    return Check.from_rows("population", numbers, sentence(numbers, given.frontier.tau))


def left_out(frontier: Frontier, table: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Share of scores above the boundary of a population that their base model is left out of, by compute.

    Base models count as in the population. What chance does: base models with the effects that this population has,
    and as many scores. Its columns: task, compute (low, middle, high, or all), base_models, share, expected, chance
    (probability that chance is as far off, on that side, twice).
    """
    curves, names = frontier.curves.take(frontier.curves.evenly(_DRAWS)), frontier.base_model_names
    votes = curves.population.votes if curves.population else np.ones(len(names))
    z = reference_compute(frontier.evaluations.models, names)
    there = np.flatnonzero(votes > 0.0)
    if len(there) < _FEWEST:
        return pd.DataFrame()
    part = np.full(len(names), -1)
    part[there] = np.argsort(np.argsort(z[there], kind="stable"), kind="stable") * len(_PARTS) // len(there)
    rng, rows = np.random.default_rng(seed), []
    for k, task in enumerate(frontier.tasks):
        of_task = table[table["task"] == task]
        scores = dict(list(of_task.groupby("base_model", sort=False)))
        seen = np.array([b for b in there if names[b] in scores])
        share, chance = np.empty(len(seen)), np.empty((len(seen), _CHANCES))
        for i, b in enumerate(seen):
            of_base = scores[names[b]]
            share[i], chance[i] = _of_base(curves, votes, (int(b), k, float(z[b])), of_base, rng)
        for name in ("all", *_PARTS):
            here = np.ones(len(seen), dtype=bool) if name == "all" else part[seen] == _PARTS.index(name)
            if here.sum() < _FEWEST:
                continue
            weight = votes[seen][here]
            found, drawn = np.average(share[here], weights=weight), weight @ chance[here] / weight.sum()
            beyond = min((drawn >= found).mean(), (drawn <= found).mean())
            rows.append((task, name, int(here.sum()), found, 1.0 - frontier.tau, min(1.0, 2.0 * beyond)))
    return pd.DataFrame(rows, columns=["task", "compute", "base_models", "share", "expected", "chance"])


def _of_base(
    curves: Curves, votes: FloatArray, at: tuple[int, int, float], scores: pd.DataFrame, rng: np.random.Generator
) -> tuple[float, FloatArray]:
    """Share of a base model's scores above the boundary of the others, and shares that chance gives; (n_chances,)."""
    base, task, z = at
    expected = np.where(np.arange(len(votes)) == base, 0.0, votes)
    others = replace(curves, population=Population(expected), drawn_shares=False)
    period = scores["period"].to_numpy()
    periods, index = np.unique(period, return_inverse=True)
    level = others.at(np.array([z]), task, periods, None)[:, :, 0]
    weight = scores["weight"].to_numpy()
    above = (scores["score"].to_numpy() > level.mean(axis=0)[index]).astype(float)
    # one of the others' effects each, from one draw of the posterior each, at the last period
    sample = rng.integers(0, curves.n_samples, _CHANCES)
    effect = curves.effects[sample, rng.choice(len(votes), _CHANCES, p=expected / expected.sum()), task]  # type: ignore[index]
    typical = log_odds(curves.typical(np.array(z), task, -1)[sample])
    exceeds = 1.0 - residual_cdf(level[sample, -1] - inverse_logit(typical + effect), curves.residuals[task])
    n = max(1, round(weight.sum() ** 2 / (weight**2).sum()))
    return float(np.average(above, weights=weight)), rng.binomial(n, np.clip(exceeds, 0.0, 1.0)) / n


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """Grade each group: the share must be off by a factor that matters, and not by chance."""
    factor = np.exp(np.abs(np.log(np.maximum(numbers["share"], 1e-6) / numbers["expected"])))
    grades = pd.Series("pass", index=numbers.index)
    for verdict in ("warn", "fail"):
        seldom = numbers["chance"] * len(numbers) <= getattr(CHANCE, verdict)
        grades[seldom & (factor > getattr(FACTOR, verdict))] = verdict
    return grades


def sentence(numbers: pd.DataFrame, tau: float) -> str:
    """Say whether the population boundary holds for base models it has not seen."""
    off = rows_off(numbers)
    if off.empty:
        ends = numbers.loc[numbers["compute"] == "all", "share"]
        return (
            f"Of base models left out of the population, {100 * ends.min():.1f}% to {100 * ends.max():.1f}% of scores "
            f"lie above its boundary, task by task; {100 * (1 - tau):.2g}% should, and no group is further off than "
            "chance takes it. Few base models cannot tell a boundary that is too high."
        )
    row = row_with_largest(off, -off["chance"])
    where = "" if row["compute"] == "all" else f" at {row['compute']} compute"
    wrong = "too low" if row["share"] > row["expected"] else "too high"
    return (
        f"{len(off)} of {count(len(numbers), 'group')} off: worst {row['task']}{where}, where "
        f"{100 * row['share']:.1f}% of the scores of {row['base_models']} base models left out lie above the "
        f"population boundary and {100 * row['expected']:.2g}% should. Answers for new base models are {wrong}."
    )
