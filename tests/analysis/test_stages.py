"""Both stages in one fit: lifts that are there, predictability, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.analysis.stages import STAGES, _decreases, by_stage, joint_name, stages
from bayes_frontier.evaluations import simulate
from studies.fast.frontier import quick_fit
from tests.checks.posteriors import diagnosed, true_frontier


@pytest.fixture(scope="module")
def both() -> bf.Evaluations:
    """Two tasks: post-training lifts the first by 0.15 and leaves the second as it is."""
    rng = np.random.default_rng(6)
    whole, _ = simulate(6, n_models=400, n_base_models=30, tasks=["maths", "facts"], periods=1, tau=0.9)
    frame = whole.models.drop(columns=["period", "cost"])
    first = (frame.groupby("base_model").cumcount() < 3).to_numpy()
    frame["stage"] = np.where(first, "pretrained", "post-trained")
    frame["maths"] = np.clip(frame["maths"] - 0.15 * first + 0.005 * rng.standard_normal(len(frame)), 0.0, 1.0)
    return bf.Evaluations.from_models(frame, whole.tasks, source="both.csv")


@pytest.fixture(scope="module")
def found(both):
    return stages(both, flops=[1e22, 1e23], fit=quick_fit, tau=0.9, seed=1)


def test_each_stage_of_a_task_is_a_task_of_its_own(both):
    made = by_stage(both)
    assert made.tasks == ("maths (pretrained)", "facts (pretrained)", "maths (post-trained)", "facts (post-trained)")
    assert made.n_scores == both.n_scores
    assert made.n_periods == 1
    scored = made.models[joint_name("maths", STAGES[0])].notna()
    assert (scored == (both.models["stage"] == "pretrained")).all()


def test_a_lift_is_found_where_there_is_one(found):
    maths, facts = found.sel(task="maths"), found.sel(task="facts")
    # 0.15 lies within a few posterior standard deviations of some 0.03
    assert (np.abs(maths["lift"] - 0.15) < 0.08).all()
    assert (maths["lift_lower"] < maths["lift"]).all()
    assert set(maths["verdict"].to_numpy()) == {"lifts"}
    assert "lifts" not in set(facts["verdict"].to_numpy())
    assert (found["larger"].sel(task="maths", other="facts") > 0.9).all()
    total = found["above"] + found["below"] + found["still"]
    np.testing.assert_allclose(total, 1.0)
    np.testing.assert_allclose(
        found["lift_draws"].median(("chain", "draw")).transpose("task", "flops"),
        found["lift"].transpose("task", "flops"),
    )


def test_predictability_has_shares_and_ranges(found, both):
    assert found["decreases"].dims == ("task", "stage")
    assert ((found["decreases"] >= 0) & (found["decreases"] <= 1)).all()
    assert (found["models"].sum("stage") == both.n_models).all()
    assert (found["spread_lower"] <= found["spread_upper"]).all()
    assert ((found["steadier"] >= 0) & (found["steadier"] <= 1)).all()
    assert ((found["unlocked"] >= 0) & (found["unlocked"] <= 1)).all()


def test_decreases_count_neighbours_with_clearly_more_compute():
    z = np.array([22.0, 22.01, 22.5, 23.0])
    level = np.array([[0.1, 0.5, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]])
    share, pairs = _decreases(level, z)
    # 22.0 and 22.01 both have 22.5 as their next; 22.5 has 23.0
    assert pairs == 3
    np.testing.assert_allclose(share, [1 / 3, 0.0])
    share, pairs = _decreases(level[:, :2], z[:2])
    assert pairs == 0
    assert np.isnan(share).all()


def test_a_fit_of_both_stages_can_be_asked_again(both):
    fit = quick_fit(by_stage(both), tau=0.9, seed=1)
    again = stages(fit, flops=1e23)
    np.testing.assert_array_equal(again["flops"], [1e23])
    assert again.attrs["tau"] == 0.9


def test_one_stage_only_is_refused(both):
    for stage in STAGES:
        frame = both.models.drop(columns=["period", "cost"]).assign(stage=stage)
        one = bf.Evaluations.from_models(frame, both.tasks, source="one.csv")
        with pytest.raises(bf.DataError, match=f"one.csv: all of its 400 models are {stage}; both stages are needed"):
            stages(one)


def test_a_task_without_scores_of_a_stage_is_named(both):
    frame = both.models.drop(columns=["period", "cost"])
    frame["facts"] = frame["facts"].where(frame["stage"] != "pretrained")
    with pytest.raises(bf.DataError, match=r"no score of 'facts \(pretrained\)'"):
        by_stage(bf.Evaluations.from_models(frame, both.tasks))


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"flops": 22.0}, "looks like log10"), ({"delta": 3}, "For 3 points pass 0.03"), ({"prob": 0.2}, "exceed 0.5")],
)
def test_settings_out_of_range_are_refused(both, settings, words):
    with pytest.raises(bf.QueryError, match=words):
        stages(both, **settings)


def test_another_fit_is_refused_and_one_that_did_not_converge_says_nothing(both):
    with pytest.raises(bf.QueryError, match="This fit is not of both stages: its tasks are 'task_1', 'task_2'"):
        stages(diagnosed(true_frontier()))
    fit = quick_fit(by_stage(both), tau=0.9, seed=1)
    bad = diagnosed(bf.Frontier(fit.evaluations, fit.spec, fit.tau, fit.posterior, fit.provenance), r_hat=1.3)
    assert set(stages(bad)["verdict"].to_numpy().ravel()) == {"unknown"}


def test_models_of_unknown_stage_count_as_post_trained(both):
    frame = both.models.drop(columns=["period", "cost"])
    frame["stage"] = frame["stage"].where(frame["stage"] == "pretrained", "unknown")
    made = by_stage(bf.Evaluations.from_models(frame, both.tasks))
    assert made.models[joint_name("maths", STAGES[1])].notna().sum() == (frame["stage"] == "unknown").sum()
    assert isinstance(made.models, pd.DataFrame)
