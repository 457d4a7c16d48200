"""Plans as a user makes them."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.design.planning import plan
from bayes_frontier.design.targets import Question
from bayes_frontier.errors import DataError, QueryError


def test_the_table_says_what_is_bought_in_order(frontier, candidates):
    found = plan(frontier, candidates, budget="50%")
    table = found.table
    assert table["order"].tolist() == list(range(1, len(table) + 1))
    assert table["cumulative_cost"].tolist() == pytest.approx(table["cost"].cumsum().tolist())
    assert table["cumulative_cost"].iloc[-1] <= found.budget == pytest.approx(0.5 * candidates["params_b"].sum())
    assert np.diff(table["information"]).min() > 0
    assert np.diff(table["interval_width"]).max() < 0
    assert set(table["model"]) <= set(candidates["model"])
    assert table["model"].is_unique
    assert found.curve["interval_width"].iloc[0] > table["interval_width"].iloc[0]
    assert found.curve["cost"].iloc[0] == 0.0


def test_widths_are_those_of_the_fit_now_and_narrower_afterwards(frontier, candidates):
    found = plan(frontier, candidates, n=10, focus="maths", flops=(1e23, 1e24))
    deviation = frontier.boundary([1e23, 1e24], task="maths").std(("chain", "draw"), ddof=1).to_numpy()
    assert found.widths["now"].iloc[[0, -1]].to_numpy() == pytest.approx(2 * 1.6449 * deviation, rel=1e-3)
    assert (found.widths["planned"] < found.widths["now"]).all()
    assert set(found.widths["task"]) == {"maths"}
    # The table's width after the last one is the mean over the targets.
    assert found.table["interval_width"].iloc[-1] == pytest.approx(found.widths["planned"].mean())


def test_expected_information_is_at_least_that_of_other_choices_of_the_same_size(frontier, candidates):
    best = plan(frontier, candidates, n=4, objective="information").table["information"].iloc[-1]
    rng = np.random.default_rng(0)
    for _ in range(5):
        others = rng.choice(candidates["model"], 4, replace=False).tolist()
        forced = plan(frontier, candidates, n=4, objective="information", include=others)
        assert sorted(forced.table["model"]) == sorted(others)
        assert forced.table["information"].iloc[-1] <= best + 1e-9


def test_popular_base_models_come_first_where_base_models_are_to_be_known(frontier):
    # two base models alike but for their number of candidates, and evaluated never before
    rows = [(f"lab/many-{i}", "unheard-0", 1e23, 7.0) for i in range(9)] + [("lab/one", "unheard-1", 1e23, 7.0)]
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rows, columns=["model", "base_model", "flops", "params_b"]).sample(frac=1.0, random_state=rng)
    for seed in range(5):
        bought = plan(frontier, frame, n=9, seed=seed).table["base_model"].tolist()
        assert bought[0] == "unheard-0"
        assert "unheard-1" in bought


def test_base_models_outside_the_range_of_compute_are_not_what_a_plan_is_for(frontier):
    rows = [(f"lab/small-{i}", "unheard-0", 1e22, 7.0) for i in range(9)] + [("lab/large", "unheard-1", 1e24, 7.0)]
    frame = pd.DataFrame(rows, columns=["model", "base_model", "flops", "params_b"])
    assert plan(frontier, frame, n=1).table["base_model"].tolist() == ["unheard-0"]
    assert plan(frontier, frame, n=1, flops=(5e23, 5e24)).table["base_model"].tolist() == ["unheard-1"]
    with pytest.raises(
        QueryError, match="no candidate's compute, 1e\\+22 to 1e\\+24, lies in this range.*interval-width"
    ):
        plan(frontier, frame, n=1, flops=(1e25, 1e26))
    assert len(plan(frontier, frame, n=1, flops=(1e25, 1e26), objective="interval-width").table) == 1


def test_a_question_is_settled_more_and_more_likely(frontier, candidates):
    mean = float(frontier.boundary(1e24, task="maths").mean())
    question = Question("maths", 1e24, round(mean - 0.05, 3))
    table = plan(frontier, candidates, n=8, objective="question", question=question).table
    assert np.diff(table["settled"]).min() > 0
    assert table["settled"].between(0, 1).all()
    assert "settled" not in plan(frontier, candidates, n=2).table


def test_forced_in_and_out(frontier, candidates):
    found = plan(frontier, candidates, n=5, include=["lab/new-7"], exclude=["lab/other-0", "lab/other-1"])
    assert found.table["model"].iloc[0] == "lab/new-7"
    assert not found.table["model"].isin(["lab/other-0", "lab/other-1"]).any()
    assert found.left_out["reason"].tolist() == ["excluded", "excluded"]


def test_candidates_dearer_than_the_budget_are_listed(frontier, candidates):
    frame = candidates.assign(params_b=candidates["params_b"].where(candidates["model"] != "lab/new-0", 400.0))
    found = plan(frontier, frame, budget=20)
    assert found.left_out[["model", "reason"]].to_numpy().tolist() == [
        ["lab/new-0", "costs more than the whole budget"]
    ]


def test_batches_cut_the_order_into_equal_costs(frontier, candidates):
    table = plan(frontier, candidates, budget="100%", batches=3).table
    assert len(table) == len(candidates)
    costs = table.groupby("batch")["cost"].sum()
    assert costs.index.tolist() == [1, 2, 3]
    assert costs.max() - costs.min() <= 2 * candidates["params_b"].max()
    assert table["batch"].is_monotonic_increasing


def test_the_same_seed_gives_the_same_plan_and_another_only_swaps_what_is_alike(frontier, candidates):
    one, same, other = (plan(frontier, candidates, n=9, seed=seed).table for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert one["base_model"].tolist() == other["base_model"].tolist()
    assert one["interval_width"].to_numpy() == pytest.approx(other["interval_width"].to_numpy())


def test_reasons_tell_new_base_models_from_fitted_ones(frontier, candidates):
    table = plan(frontier, candidates, budget="100%").table
    first = table.groupby("base_model").first()["reason"]
    assert "new to the fit" in first["unheard-0"]
    assert "new to the fit" not in first["mistral-7b"]
    assert first["mistral-7b"].startswith("first on mistral-7b")
    assert table[table["base_model"] == "mistral-7b"]["reason"].iloc[1].startswith("no. 2")


def test_before_any_fit_priors_are_planned_with(candidates):
    found = plan(None, candidates, n=6, tasks=["maths", "bbh"])
    assert len(found.table) == 6
    # With nothing known, different base models say more than siblings.
    assert found.table["base_model"].nunique() == candidates["base_model"].nunique()
    assert found.widths["now"].min() > 0.3
    with pytest.raises(QueryError, match="name the tasks"):
        plan(None, candidates, n=6)
    with pytest.raises(QueryError, match="same compute"):
        plan(None, candidates.assign(flops=1e23), n=6, tasks=["maths"])


def test_models_already_evaluated_are_refused(frontier, candidates):
    known = frontier.evaluations.models["model"].iloc[0]
    frame = candidates.assign(model=[known, *candidates["model"].iloc[1:]])
    with pytest.raises(DataError, match=f"already evaluated: row 1 .{known}"):
        plan(frontier, frame, n=2)
    found = plan(frontier, frame, n=2, skip=True)
    assert found.left_out["reason"].tolist() == ["already evaluated"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "budget: give"),
        ({"budget": 1.0}, "the cheapest costs 3"),
        ({"budget": 20, "include": ["lab/new-0", "lab/new-1", "lab/new-2"]}, "more than the budget"),
        ({"n": 1, "include": ["lab/new-0", "lab/new-1"]}, "at most 1 models"),
        ({"n": 1, "include": ["lab/neu-0"]}, "Did you mean 'lab/new-0'"),
        ({"n": 1, "exclude": ["nobody"]}, "exclude: not among"),
        ({"n": 1, "batches": 0}, "batches"),
        ({"n": 1, "prob": 90}, "pass 0.9"),
        ({"n": 1, "period": "2031-01-01"}, None),
        ({"n": 1, "tasks": ["maths"]}, "a fit has its own tasks"),
        ({"n": 1, "period": 7}, "There is no period 7"),
    ],
)
def test_arguments_out_of_range(frontier, candidates, arguments, words):
    if words is None:
        # The last period is open: any later date lies in it.
        assert len(plan(frontier, candidates, **arguments).table) == 1
        return
    with pytest.raises(QueryError, match=words):
        plan(frontier, candidates, **arguments)


def test_excluding_all_leaves_nothing(frontier, candidates):
    with pytest.raises(QueryError, match="no candidate is left"):
        plan(frontier, candidates, n=1, exclude=candidates["model"].tolist())


def test_ten_thousand_candidates_take_seconds(frontier):
    n, rng = 10_000, np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "model": [f"x/m{i}" for i in range(n)],
            "base_model": [f"base-{i % 4000}" for i in range(n)],
            "flops": 10.0 ** rng.uniform(21, 25, 4000)[np.arange(n) % 4000],
            "params_b": rng.lognormal(2, 1, n),
        }
    )
    assert len(plan(frontier, frame, n=60).table) == 60


def test_a_plan_says_what_it_buys(frontier, candidates):
    made = plan(frontier, candidates.replace({"model": {"lab/new-0": "lab/<b>new</b>"}}), budget="50%")
    worth, first, second = made.sentences
    narrower = 1 - made.table["interval_width"].iloc[-1] / made.widths["now"].mean()
    assert worth.startswith("Worth it" if narrower >= 0.05 else "Not worth it")
    assert f"by {100 * narrower:.0f}%." in worth
    assert first.startswith(f"{len(made.table)} evaluations for ")
    assert f"{made.table['interval_width'].iloc[-1]:.4f} afterwards" in second
    assert first in repr(made)
    assert "<b>new" not in made._repr_html_()


def test_a_plan_for_the_next_period_is_a_wider_one(frontier, candidates):
    now, ahead = (plan(frontier, candidates, n=3, period=period).widths["now"].mean() for period in (None, "next"))
    assert ahead > now
