"""The gate: percentiles that are right, flags at their nominal rate, and what is refused."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import bayes_frontier as bf
from bayes_frontier.analysis.gate import ALL_TASKS, Residuals, adjust, flagged, verdicts
from bayes_frontier.posterior.ahead import STAND_INS, Draws, ModelsAhead, new_effect
from tests.checks.posteriors import diagnosed, true_frontier
from tests.draws import BASES, make_frontier


@pytest.fixture(scope="module")
def fitted() -> bf.Frontier:
    return diagnosed(true_frontier())


@pytest.fixture(scope="module")
def fresh(fitted) -> bf.Evaluations:
    """Every second fitted model: what is expected, when the fit is right."""
    return fitted.evaluations.subset(np.arange(fitted.evaluations.n_models) % 4 == 0)


@pytest.fixture(scope="module")
def found(fitted, fresh):
    return bf.gate(fitted, fresh)


def moved(evaluations: bf.Evaluations, **columns) -> bf.Evaluations:
    """The same models with other columns."""
    frame = evaluations.models.assign(**columns)
    return bf.Evaluations.from_models(frame.drop(columns=["period", "cost"]), evaluations.tasks)


def test_percentiles_of_expected_models_are_uniform(found):
    # 600 models on 24 base models: a share of 5% has a standard error below 0.012 even if half of them count
    for task in ("task_1", "task_2", ALL_TASKS):
        share = found["percentile"].sel(task=task).to_numpy()
        assert abs((share < 0.05).mean() - 0.05) < 0.03
        assert abs((share < 0.5).mean() - 0.5) < 0.08
        assert abs((share > 0.95).mean() - 0.05) < 0.03


def test_flags_stay_near_alpha_and_holm_keeps_them_below_the_unadjusted(fitted, fresh, found):
    rate = (found["model_verdict"] != "as expected").to_numpy().mean()
    assert rate < 0.08
    bare = bf.gate(fitted, fresh, correction="none")
    assert (bare["model_verdict"] != "as expected").to_numpy().mean() > rate
    np.testing.assert_allclose(bare["p_value"], found["p_value"])


def test_worse_and_better_scores_are_told_apart(fitted, fresh):
    few = fresh.subset(np.arange(fresh.n_models) < 12)
    worse = bf.gate(fitted, moved(few, task_1=0.001, task_2=0.001))
    assert set(worse["model_verdict"].to_numpy()) == {"below"}
    better = bf.gate(fitted, moved(few, task_1=0.999, task_2=0.999))
    assert set(better["model_verdict"].to_numpy()) == {"above"}
    mixed = bf.gate(fitted, moved(few, task_1=0.001, task_2=0.999))
    assert set(mixed["model_verdict"].to_numpy()) == {"mixed"}


def test_percentile_rises_with_the_score_and_lies_in_its_interval(fitted, fresh):
    one = fresh.subset(np.arange(fresh.n_models) == 3)
    rows = pd.concat([one.models] * 9, ignore_index=True).drop(columns=["period", "cost"])
    rows["task_1"] = np.linspace(0.05, 0.95, 9)
    found = bf.gate(fitted, bf.Evaluations.from_models(rows, ["task_1", "task_2"]))
    share = found.sel(task="task_1")
    assert (np.diff(share["percentile"].to_numpy()) >= 0).all()
    assert (share["lower"] <= share["upper"]).all()
    assert (share["lower"] - 1e-9 <= share["percentile"]).mean() > 0.7
    assert (share["expected_lower"] < share["expected_median"]).all()
    assert (share["expected_median"] < share["expected_upper"]).all()
    # what is expected does not look at the score
    assert np.ptp(share["expected_median"].to_numpy()) < 0.05


def test_a_new_base_model_has_a_wider_expectation_than_a_known_one(fitted, fresh):
    few = fresh.subset(np.arange(fresh.n_models) < 40)
    known = bf.gate(fitted, few)
    new = bf.gate(fitted, moved(few, base_model=[f"lab/new-{i}" for i in range(few.n_models)]))
    assert bool(known["known"].all())
    assert not bool(new["known"].any())
    width = [(one["expected_upper"] - one["expected_lower"]).mean().item() for one in (known, new)]
    assert width[1] > 1.05 * width[0]


def test_same_seed_same_answer(fitted, fresh, found):
    again = bf.gate(fitted, fresh, seed=1)
    np.testing.assert_array_equal(again["percentile"], found["percentile"])
    other = bf.gate(fitted, fresh, seed=2)
    assert np.nanmax(np.abs((other["percentile"] - found["percentile"]).to_numpy())) > 0
    assert np.nanmax(np.abs((other["percentile"] - found["percentile"]).to_numpy())) < 0.1


def test_a_missing_score_has_no_verdict_and_one_task_no_sum(fitted, fresh):
    few = fresh.subset(np.arange(fresh.n_models) < 5)
    scores = few.models["task_1"].where(np.arange(5) != 2)
    found = bf.gate(fitted, moved(few, task_1=scores))
    gap = found.isel(model=2)
    assert gap["verdict"].sel(task="task_1").item() == "unknown"
    assert gap["verdict"].sel(task=ALL_TASKS).item() == "unknown"
    assert gap["model_verdict"].item() == "as expected"
    one = bf.gate(fitted, few, tasks=["task_2"])
    assert list(one["task"].to_numpy()) == ["task_2"]


def test_a_later_new_base_model_is_expected_where_the_trend_of_releases_leads():
    # Mistral 7B of September 2023, Llama 3.1 of July 2024 and Qwen2.5 of September 2024: later ones are far better
    frontier = make_frontier(base_model_scale=0.3, base_model_effect=np.array([0.3, -0.6, 0.4])[:, None])
    rows = pd.DataFrame(
        {
            "base_model": ["new-one", "new-one", BASES[0]],
            "flops": 1e24,
            "released": pd.to_datetime(["2023-09-15", "2025-06-15", "2025-06-15"]),
        }
    )
    drawn = Draws.random(frontier, np.random.default_rng(0))
    still = replace(drawn, vintage=None)
    asked = ModelsAhead.from_models(frontier, rows["base_model"], rows["flops"], rows["released"])
    assert asked.fitted.tolist() == [False, False, True]
    new = asked.part(~asked.fitted)
    moved = new_effect(drawn, 0, new) - new_effect(still, 0, new)
    assert moved.shape == (len(drawn.samples), STAND_INS, 2)
    early, late = moved.mean(axis=(0, 1))
    assert early < -0.05 < 0.2 < late
    # a trend known so roughly leads less surely the farther it leads
    assert moved[:, 0, 1].std() > moved[:, 0, 0].std() > 0


def test_without_convergence_every_verdict_is_unknown(fresh):
    frontier = diagnosed(true_frontier(), r_hat=1.3)
    found = bf.gate(frontier, fresh.subset(np.arange(fresh.n_models) < 3))
    assert set(found["verdict"].to_numpy().ravel()) == {"unknown"}
    assert set(found["model_verdict"].to_numpy()) == {"unknown"}


def test_a_model_without_base_model_effects_can_be_asked():
    def without_effects(tree):
        draws = tree["posterior"].to_dataset().drop_vars(["base_model_effect", "base_model_scale", "drift_scale"])
        return xr.DataTree.from_dict({**{name: tree[name] for name in tree.children}, "posterior": draws})

    frontier = diagnosed(true_frontier(without_effects, model="pooled"))
    found = bf.gate(frontier, frontier.evaluations.subset(np.arange(frontier.evaluations.n_models) < 20))
    assert np.isfinite(found["percentile"].to_numpy()).all()
    assert not bool(found["known"].any())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"alpha": 5.0}, "For 5% pass 0.05"),
        ({"alpha": 0.0}, "alpha must lie in"),
        ({"prob": 90.0}, "For 90 % pass 0.9"),
        ({"correction": "holms"}, "Did you mean 'holm'"),
        ({"tasks": ["task_3"]}, "Task 'task_3' is not in this fit"),
    ],
)
def test_settings_out_of_range_are_refused(fitted, fresh, settings, words):
    with pytest.raises(bf.QueryError, match=words):
        bf.gate(fitted, fresh, **settings)


def test_results_without_a_task_of_the_fit_are_refused(fitted, fresh):
    other = bf.Evaluations.from_models(
        fresh.models.rename(columns={"task_1": "poetry"}).drop(columns=["task_2", "period", "cost"]), ["poetry"]
    )
    with pytest.raises(bf.QueryError, match="has no task of this fit: it has 'poetry'"):
        bf.gate(fitted, other)


def test_holm_and_benjamini_hochberg_agree_with_their_definitions():
    p = np.array([[0.01, 0.04, 0.03, np.nan], [0.2, 0.001, 0.9, 0.5]])
    holm = adjust(p, "holm")
    np.testing.assert_allclose(holm[0, :3], [0.03, 0.06, 0.06])
    assert np.isnan(holm[0, 3])
    np.testing.assert_allclose(holm[1], [0.6, 0.004, 1.0, 1.0])
    there = ~np.isnan(p)
    np.testing.assert_allclose(adjust(p, "bh")[there], stats.false_discovery_control(p[there]))


def test_verdicts_name_the_side():
    by_task, by_model = verdicts(
        np.array([[0.001, 0.5], [0.999, 0.4], [0.01, 0.99]]), np.array([[0.01, 1], [0.02, 1], [0.3, 0.4]]), 0.05
    )
    assert by_task.tolist() == [["below", "as expected"], ["above", "as expected"], ["as expected"] * 2]
    assert by_model.tolist() == ["below", "above", "as expected"]
    assert flagged(by_model, "below").tolist() == [True, False, False]
    assert flagged(["mixed", "above"], "below").tolist() == [True, False]
    with pytest.raises(bf.QueryError, match="Choose one of 'either', 'below', 'above'"):
        flagged([], "beneath")


def test_base_models_alike_share_their_residuals_and_others_do_not():
    rng = np.random.default_rng(1)
    base = np.repeat(np.arange(20), 60)
    alike = Residuals.of(rng.normal(size=1200), base, 20)
    apart = Residuals.of(rng.normal(size=1200) + rng.normal(size=20)[base] * 2, base, 20)
    assert alike.alike > 100
    assert apart.alike < 20


def test_the_distribution_of_a_base_model_is_between_its_own_and_that_of_all():
    rng = np.random.default_rng(2)
    base = np.repeat(np.arange(10), 50)
    values = rng.normal(size=500) + 3.0 * (base == 4)
    residuals = Residuals.of(values, base, 10)
    shared = residuals.shared(rng, 200)
    assert shared.std(axis=0).max() > 0.02
    at = np.array([[1.0, 1.0, -50.0, 50.0]])
    share = residuals.cdf(at, shared.mean(axis=0)[None, :], np.array([0]), np.array([4, -1, 4, -1]))[0]
    own, everyone = (values[base == 4] < 1.0).mean(), (values < 1.0).mean()
    assert own < share[0] < everyone
    assert abs(share[1] - everyone) < 0.02
    # beyond all residuals: half a score's share
    np.testing.assert_allclose(share[2:], [0.5 / 501, 1 - 0.5 / 501])
