"""Ways of spending a budget, raced against each other on one period's pool."""

from collections.abc import Callable, Iterator

import numpy as np

from bayes_frontier.checks.backtest.baselines import smoothed_sigmoid
from bayes_frontier.design.targets import OBJECTIVE
from bayes_frontier.model.likelihood import FloatArray, IntArray
from studies.design.classical import PUBLISHED, Start, balanced_i_optimal, d_optimal
from studies.design.contest import KAPPA, RIDGE, TAU, Contest

BUDGETS = (0.05, 0.10, 0.20, 0.50)
# Shares of the budget after which a sequential plan is made anew, from the scores seen.
REPLANS = (0.025, 0.05, 0.075, 0.10, 0.15, 0.20, 0.30, 0.40, 0.50)
_STRATA = 5

Order = Callable[[Contest, np.random.Generator], IntArray]


def ours(contest: Contest, rng: np.random.Generator, objective: str) -> Iterator[dict[str, float]]:
    """Spend by what evaluations are expected to bring, planning anew after every batch."""
    state, predicted, realised = contest.prior, 0.0, 0.0
    for share in REPLANS:
        chosen, before, after = contest.plan(state, share * contest.total, rng, objective=objective)
        last = state
        state = contest.learn(chosen, last)
        predicted += before - after
        realised += before - float(state.boundary.var(axis=1, ddof=1).mean())
        if share in BUDGETS:
            yield {"budget": share, **contest.score(state), "predicted": predicted, "realised": realised}
            predicted, realised = 0.0, 0.0


def in_order(contest: Contest, order: IntArray) -> Iterator[dict[str, float]]:
    """Spend along an order, skipping what no longer fits."""
    state = contest.prior
    for share in BUDGETS:
        state = contest.learn(np.array(filled(contest.cost, order, share * contest.total)), state)
        yield {"budget": share, **contest.score(state)}


def filled(cost: FloatArray, order: IntArray, budget: float) -> list[int]:
    """Take candidates in order as long as they fit.

    Shapes: cost (n,).
    """
    taken, left = [], budget
    for i in order:
        if cost[i] <= left:
            taken.append(int(i))
            left -= cost[i]
    return taken


def random(contest: Contest, rng: np.random.Generator) -> IntArray:
    """Order at random."""
    return rng.permutation(len(contest.cost))


def stratified(contest: Contest, rng: np.random.Generator) -> IntArray:
    """Order at random, drawing in turn from five strata of compute with equal numbers of models."""
    shuffled = rng.permutation(len(contest.cost))
    edges = np.quantile(contest.z, np.linspace(0.0, 1.0, _STRATA + 1))[1:-1]
    return _in_turn(shuffled, np.searchsorted(edges, contest.z[shuffled], side="right"), rng)


def by_base_model(contest: Contest, rng: np.random.Generator) -> IntArray:
    """Order at random, one model of every base model first, then a second of each, and so on."""
    shuffled = rng.permutation(len(contest.cost))
    return _in_turn(shuffled, contest.base[shuffled], rng)


def cheapest(contest: Contest, rng: np.random.Generator) -> IntArray:
    """Order by cost, equal ones at random."""
    return np.lexsort((rng.random(len(contest.cost)), contest.cost))


def designed(contest: Contest, rng: np.random.Generator, name: str) -> Iterator[dict[str, float]]:
    """Spend by a classical design, computed for each budget by itself."""
    start = PUBLISHED if name == "i-optimal" else _sensible(contest)
    choose = d_optimal if name == "d-optimal" else balanced_i_optimal
    state = contest.prior
    for share in BUDGETS:
        chosen = choose(contest.z, contest.cost, share * contest.total, start, rng)
        state = contest.learn(np.array(chosen), state)
        yield {"budget": share, **contest.score(state)}


def _sensible(contest: Contest) -> Start:
    """Sigmoid through the mean over tasks of what is believed before the period."""
    mean = contest.prior.boundary.mean(axis=(0, 1))
    curve = smoothed_sigmoid(contest.grid, mean, TAU, kappa=KAPPA, ridge=RIDGE)
    return Start(curve.floor, curve.ceiling - curve.floor, curve.slope * (21.0 - curve.midpoint), curve.slope)


def _in_turn(shuffled: IntArray, group: IntArray, rng: np.random.Generator) -> IntArray:
    """Reorder so that every group gives one in each round; groups take turns in random order."""
    turn = rng.permutation(int(group.max()) + 1)
    rounds = np.empty(len(group), dtype=np.int64)
    for g in np.unique(group):
        own = np.flatnonzero(group == g)
        rounds[own] = np.arange(len(own))
    return np.asarray(shuffled[np.lexsort((turn[group], rounds))])


RANDOM: dict[str, Order] = {"random": random, "stratified": stratified, "one per base model": by_base_model}
"""Arms that need many seeds."""

DESIGNS = ("i-optimal", "i-optimal, sensible start", "d-optimal")
"""Classical designs, the same for every seed up to ties."""


def race(contest: Contest, seed: int, *, fixed: bool) -> Iterator[dict[str, float | str]]:
    """Run every arm once."""

    def rng() -> np.random.Generator:
        return np.random.default_rng([contest.period, seed])

    runs: dict[str, Iterator[dict[str, float]]] = {
        "ours": ours(contest, rng(), OBJECTIVE),
        **{name: in_order(contest, order(contest, rng())) for name, order in RANDOM.items()},
    }
    if fixed:
        runs["ours, interval width"] = ours(contest, rng(), "interval-width")
        runs["ours, information"] = ours(contest, rng(), "information")
        runs["cheapest first"] = in_order(contest, cheapest(contest, rng()))
        runs |= {name: designed(contest, rng(), name) for name in DESIGNS}
    for arm, rows in runs.items():
        for row in rows:
            yield {"arm": arm, "seed": seed, "period": contest.period, **row}
