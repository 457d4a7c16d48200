"""Another table against what a fit predicts: losses, coverage, and a bridge between markings."""

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from bayes_frontier.model.likelihood import pinball_loss
from tests.draws import BASES, FLOPS, TASKS, make_frontier, small_table


@pytest.fixture(scope="module")
def frontier() -> bf.Frontier:
    return make_frontier(draws=100)


def other_table(n_new: int = 60, shift: dict[str, float] | None = None, n_shared: int = 30) -> bf.Evaluations:
    """Models of the fit, marked otherwise by a constant, and new ones, some on a base model it does not know."""
    rng = np.random.default_rng(5)
    shared = small_table().iloc[:n_shared].copy()
    bases = [*BASES, "gemma-2-9b"]
    new = pd.DataFrame(
        {
            "model": [f"new/m{i}" for i in range(n_new)],
            "base_model": [bases[i % 4] for i in range(n_new)],
            "flops": [FLOPS.get(bases[i % 4], 4.4e23) for i in range(n_new)],
            "released": "2025-03-01",
            **{task: rng.uniform(0.2, 0.8, n_new) for task in TASKS},
        }
    )
    table = pd.concat([shared, new], ignore_index=True)
    for task, value in (shift or {}).items():
        table[task] = (table[task] + value).clip(0, 1)
    return bf.read(table)


def test_raw_numbers_are_those_of_the_predictions(frontier):
    found = bf.score(frontier, other_table(), bridge="none")
    assert found.left_out == 30
    assert set(found.table["scores"]) == {"raw"}
    models = other_table().models.iloc[30:].reset_index(drop=True)
    level = frontier.predict(models).to_numpy()
    known = models["base_model"].isin(BASES).to_numpy()
    scores = models[list(TASKS)].to_numpy()
    for group, mask in (("all", known | True), ("known", known), ("new", ~known)):
        for k, task in enumerate(TASKS):
            row = found.table[(found.table["group"] == group) & (found.table["task"] == task)].iloc[0]
            u = scores[mask, k] - level[mask, k]
            assert row["n"] == mask.sum()
            assert row["pinball"] == pytest.approx(pinball_loss(u, frontier.tau).mean())
            assert row["error"] == pytest.approx((u <= 0).mean() - frontier.tau)
            assert row["error_lower"] <= row["error"] <= row["error_upper"]
    means = found.table.query("group == 'all'").set_index("task")["pinball"]
    assert means["all"] == pytest.approx(means[list(TASKS)].mean())
    last = frontier.evaluations.models.query("period == 1")
    constant = pinball_loss(scores[:, 0] - last[TASKS[0]].quantile(frontier.tau), frontier.tau).mean()
    assert found.table.query("group == 'all' and task == @TASKS[0]")["constant"].item() == pytest.approx(constant)


def test_a_shift_is_measured_and_taken_off(frontier):
    plain = bf.score(frontier, other_table())
    moved = bf.score(frontier, other_table(shift={"reading": 0.08}))
    bridge = moved.bridge.set_index("task")
    assert bridge["shift"].to_dict() == pytest.approx({"maths": 0.0, "reading": 0.08})
    assert (bridge["kind"] == "mean").all()
    assert bridge.loc["reading", ["lower", "upper"]].tolist() == pytest.approx([0.08, 0.08])
    keys = ["group", "task"]
    raw, bridged = (moved.table[moved.table["scores"] == kind].set_index(keys) for kind in ("raw", "bridged"))
    before = plain.table[plain.table["scores"] == "raw"].set_index(keys)
    assert raw.loc[("all", "reading"), "error"] < before.loc[("all", "reading"), "error"]
    pd.testing.assert_series_equal(bridged["pinball"], before["pinball"])
    pd.testing.assert_series_equal(bridged["error"], before["error"])


def test_an_uncertain_bridge_widens_intervals(frontier):
    table = other_table().models.drop(columns=["period", "cost", "source_row"])
    noise = np.random.default_rng(1).normal(0, 0.15, 30)
    # whole base models differ, so that resampling them shows it
    noise += table["base_model"].iloc[:30].map({BASES[0]: 0.1, BASES[1]: -0.1, BASES[2]: 0.0}).to_numpy(float)
    table.loc[:29, "maths"] = (table.loc[:29, "maths"] + noise).clip(0, 1)
    found = bf.score(frontier, bf.read(table)).table.query("task == 'maths' and group == 'known'").set_index("scores")
    widths = found["pinball_upper"] - found["pinball_lower"]
    assert widths["bridged"] > 1.1 * widths["raw"]


def test_the_upper_half_measures_the_shift_of_good_models(frontier):
    table = other_table().models.drop(columns=["period", "cost", "source_row"])
    high = (table["maths"] >= table["maths"].iloc[:30].median()) & (table.index < 30)
    table.loc[high, "maths"] -= 0.05
    found = {kind: bf.score(frontier, bf.read(table), bridge=kind).bridge.iloc[0] for kind in ("mean", "upper")}
    assert found["mean"]["shift"] == pytest.approx(-0.025)
    assert found["upper"]["shift"] < -0.035
    assert found["upper"]["shared"] in (15, 16)


def test_few_shared_models_build_no_bridge(frontier):
    found = bf.score(frontier, other_table(n_shared=9))
    assert (found.bridge["kind"] == "none").all()
    assert (found.bridge["shared"] == 9).all()
    assert set(found.table["scores"]) == {"raw"}
    assert bf.score(frontier, other_table(n_shared=0)).bridge["shift"].isna().all()


def test_the_same_seed_repeats_and_another_does_not(frontier):
    one, same, other = (bf.score(frontier, other_table(), seed=seed).table for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert (one["pinball_upper"] != other["pinball_upper"]).any()


def test_what_cannot_be_scored(frontier):
    table = other_table()
    with pytest.raises(QueryError, match="no task of this fit"):
        bf.score(
            frontier,
            bf.read(
                table.models.rename(columns={"maths": "a", "reading": "b"})[["model", "base_model", "flops", "a", "b"]]
            ),
        )
    with pytest.raises(QueryError, match="none is new"):
        bf.score(frontier, table.subset(lambda models: models["model"].str.startswith("org/").to_numpy(bool)))
    with pytest.raises(QueryError, match=r"bridge.*mean"):
        bf.score(frontier, table, bridge="maen")
