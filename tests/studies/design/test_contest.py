"""The contest on a small simulated leaderboard: fast posterior, arms, kept races."""

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from bayes_frontier.parallel import Workers
from studies.design import arms
from studies.design.contest import Contest
from studies.design.retrospective import CHECKED, run_contest
from studies.design.verdicts import bars, by_arm, paired_gain


@pytest.fixture(scope="module")
def evaluations() -> bf.Evaluations:
    simulated, _ = bf.simulate(5, n_models=260, n_base_models=14, tasks=2, periods=3)
    models = simulated.models.copy()
    models["params_b"] = np.random.default_rng(0).choice([1.0, 3.0, 8.0, 30.0], len(models))
    return bf.Evaluations.from_models(models, simulated.tasks, periods=[day for day in simulated.period_ends if day])


@pytest.fixture(scope="module")
def contest(evaluations) -> Contest:
    return Contest(evaluations, 1)


def test_knowing_more_narrows_the_boundary_and_ends_at_the_full_one(contest):
    nothing, everything = contest.score(contest.prior), contest.score(contest.full)
    assert everything["distance"] == everything["published_distance"] == 0.0
    assert everything["coverage"] == 1.0
    assert everything["variance"] < nothing["variance"]
    assert nothing["n"] == 0.0
    assert everything["cost"] == pytest.approx(contest.total)
    assert 0.0 < everything["pinball"] < 0.05
    assert "published_distance" not in nothing


def test_fits_from_different_starts_agree(contest):
    chosen = np.arange(0, len(contest.cost), 3)
    one = contest.learn(chosen, contest.prior)
    two = contest.learn(chosen, contest.full)
    deviation = one.boundary.std(axis=1)
    # A fit ends within 0.002 nats of its mode: 0.06 standard deviations.
    assert (np.abs(one.boundary.mean(axis=1) - two.boundary.mean(axis=1)) < 0.15 * deviation).all()


@pytest.mark.parametrize("objective", ["interval-width", "base-models", "information"])
def test_plans_keep_to_the_budget_and_to_what_is_bought(contest, objective):
    rng = np.random.default_rng(0)
    first, before, after = contest.plan(contest.prior, 0.1 * contest.total, rng, objective=objective)
    assert after < before == pytest.approx(contest.prior.boundary.var(axis=1, ddof=1).mean(), rel=1e-6)
    state = contest.learn(first, contest.prior)
    second, *_ = contest.plan(state, 0.2 * contest.total, rng, objective=objective)
    assert second[: len(first)].tolist() == first.tolist()
    assert contest.cost[second].sum() <= 0.2 * contest.total
    assert len(set(second.tolist())) == len(second)


@pytest.mark.parametrize("order", [*arms.RANDOM.values(), arms.cheapest])
def test_orders_hold_the_whole_pool_once(contest, order):
    found = order(contest, np.random.default_rng(2))
    assert sorted(found.tolist()) == list(range(len(contest.cost)))


def test_orders_are_what_they_are_called(contest):
    rng = np.random.default_rng(2)
    n_bases = len(np.unique(contest.base))
    assert len(np.unique(contest.base[arms.by_base_model(contest, rng)[:n_bases]])) == n_bases
    assert np.diff(contest.cost[arms.cheapest(contest, rng)]).min() >= 0
    edges = np.quantile(contest.z, [0.2, 0.4, 0.6, 0.8])
    stratum = np.searchsorted(edges, contest.z, side="right")
    strata = np.unique(stratum)
    assert set(stratum[arms.stratified(contest, rng)[: len(strata)]]) == set(strata)


def test_filling_skips_what_does_not_fit():
    assert arms.filled(np.array([4.0, 3.0, 1.0, 2.0]), np.array([0, 1, 2, 3]), 6.0) == [0, 2]


def test_a_pool_needs_a_past_and_prices(evaluations):
    with pytest.raises(QueryError, match="no pool 0"):
        Contest(evaluations, 0)
    free = evaluations.models.assign(params_b=0.0)
    priceless = bf.Evaluations.from_models(free, evaluations.tasks, periods=[d for d in evaluations.period_ends if d])
    with pytest.raises(QueryError, match="params_b above 0"):
        Contest(priceless, 1)


@pytest.mark.slow
def test_races_are_kept_and_resumed(evaluations, tmp_path):
    told: list[tuple[int, int]] = []

    def tell(done, total):
        told.append((done, total))

    settings = {"fixed_seeds": 1, "workers": Workers(1), "progress": tell}
    first = run_contest(evaluations, tmp_path, seeds=1, **settings)
    assert told[-1] == (2, 2)
    again = run_contest(evaluations, tmp_path, seeds=1, **settings)
    assert told[-1] == (2, 2)
    pd.testing.assert_frame_equal(first, again)
    both = run_contest(evaluations, tmp_path, seeds=2, **settings)
    assert set(first["arm"]) == {
        *(
            "ours",
            "ours, interval width",
            "ours, information",
            "random",
            "stratified",
            "one per base model",
            "cheapest first",
        ),
        *arms.DESIGNS,
        *("nothing", "everything", CHECKED),
    }
    bought = both[(both["budget"] < 1) & (both["arm"] != CHECKED)]
    assert (bought["distance"] > 0).all()
    table = by_arm(both, "distance")
    assert list(table.columns) == list(arms.BUDGETS)
    assert paired_gain(both, 0.05)["rival"] in arms.RANDOM
    assert len(bars(both)) == 5
