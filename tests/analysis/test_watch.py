"""The watch: a shift is found where there is one, and nowhere else."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

import bayes_frontier as bf
from bayes_frontier.analysis.watch import Levels, established, shift_draws, verdicts
from bayes_frontier.model.calibration import Scale, scale_of_scores
from tests.checks.posteriors import diagnosed, true_frontier

TAU, SPREAD = 0.9, 0.05


@pytest.fixture(scope="module")
def fitted() -> bf.Frontier:
    return diagnosed(true_frontier())


def later(frontier: bf.Frontier, n: int = 240, **change) -> bf.Evaluations:
    """New records of the same base models; `change` of a task on the logit scale."""
    models = frontier.evaluations.models.sample(n, random_state=4).drop(columns=["period", "cost"])
    models = models.assign(model=[f"new/{i}" for i in range(n)], released=pd.Timestamp("2025-06-01"))
    for task, shift in change.items():
        models[task] = expit(logit(models[task].clip(0.01, 0.99)) + shift)
    return bf.Evaluations.from_models(models, frontier.tasks, source="later.csv")


def test_without_a_shift_nothing_is_established(fitted):
    found = bf.watch(fitted, later(fitted))
    assert set(found["verdict"].to_numpy()) == {"unmoved"}
    assert (found["lower"] < found["upper"]).all()
    assert np.abs(found["median"]).max() < 0.02
    assert (found.attrs["new"], found.attrs["shared"]) == (240, 0)


def test_a_shift_of_one_task_is_found_there_only(fitted):
    found = bf.watch(fitted, later(fitted, task_2=0.4))
    assert found["verdict"].to_numpy().tolist() == ["unmoved", "advanced"]
    change = found.sel(task="task_2")
    # 0.4 on the logit scale of a boundary between 0.4 and 0.8 is 0.06 to 0.1
    assert 0.04 < change["median"].item() < 0.12
    assert change["surprise"].item() < 0.1
    assert bf.watch(fitted, later(fitted, task_2=-0.4))["verdict"].sel(task="task_2").item() == "retreated"


def test_a_forecast_shift_is_no_change_against_the_forecast(fitted):
    def faster(tree):
        draws = tree["posterior"]
        draws["drift_velocity"] = draws["drift_scale"] * 0.0 + 0.2
        return tree

    frontier = diagnosed(true_frontier(faster))
    # half a quarter beyond the last day at least: a shift of 0.2 a quarter
    table = later(frontier, task_1=0.2 * 1.0, task_2=0.2 * 1.0)
    since = bf.watch(frontier, table)
    assert (since["forecast"] > 0.0).all()
    ahead = bf.watch(frontier, table, against="forecast")
    assert (ahead["median"] < since["median"]).all()
    np.testing.assert_allclose(ahead["forecast"], since["forecast"])


def test_new_base_models_say_less_than_known_ones(fitted):
    table = later(fitted)
    frame = table.models.drop(columns=["period", "cost"])
    strange = bf.Evaluations.from_models(frame.assign(base_model="lab/" + frame["base_model"]), fitted.tasks)
    known, new = bf.watch(fitted, table), bf.watch(fitted, strange)
    assert (new["n_known"] == 0).all()
    assert ((new["upper"] - new["lower"]) > 1.5 * (known["upper"] - known["lower"])).all()


def test_a_rescored_task_is_no_drift(fitted):
    frame = fitted.evaluations.models.drop(columns=["period", "cost"])
    frame["task_1"] = (frame["task_1"] + 0.1).clip(upper=1.0)
    marked = bf.Evaluations.from_models(frame, fitted.tasks)
    alone = bf.watch(fitted, marked)
    assert alone["verdict"].to_numpy().tolist() == ["re-scored", "unknown"]
    both = pd.concat([frame, later(fitted, task_1=0.5).models.drop(columns=["period", "cost"])], ignore_index=True)
    found = bf.watch(fitted, bf.Evaluations.from_models(both, fitted.tasks))
    assert found["verdict"].to_numpy().tolist() == ["re-scored", "unmoved"]


def test_nothing_new_is_an_error(fitted):
    with pytest.raises(bf.DataError, match=r"all of its 2,400 records are in the fit"):
        bf.watch(fitted, fitted.evaluations)


def test_same_seed_same_answer(fitted):
    table = later(fitted, n=100)
    one, same, other = (bf.watch(fitted, table, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one["median"], same["median"])
    assert np.abs(one["median"] - other["median"]).max() > 0


def test_without_convergence_nothing_is_established(fitted):
    frontier = diagnosed(true_frontier(), r_hat=1.2)
    found = bf.watch(frontier, later(fitted, task_1=1.0))
    assert set(found["verdict"].to_numpy()) == {"unknown"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"delta": 2.0}, "For 2 points pass 0.02"),
        ({"prob": 0.4}, "prob must exceed 0.5"),
        ({"against": "forcast"}, "Did you mean 'forecast'"),
        ({"tasks": ["task_5"]}, "Task 'task_5' is not in this fit"),
        ({"flops": 23.0}, "looks like log10"),
    ],
)
def test_settings_out_of_range_are_refused(fitted, settings, words):
    with pytest.raises(bf.QueryError, match=words):
        bf.watch(fitted, later(fitted, n=50), **settings)


def test_shift_draws_agree_with_a_direct_integral():
    """One base model: the posterior of the shift on a grid, by brute force."""
    rng = np.random.default_rng(3)
    residual = SPREAD * (rng.standard_normal(20_000) - 1.2816)
    scale = Scale.calibrated([residual], TAU, 1.5)
    likelihood = scale_of_scores(scale, 0, np.full(40, -1), np.arange(40))
    scores = expit(0.3) + residual[:40]
    draws = shift_draws(scores, np.zeros(40, dtype=int), Levels(np.array([0.2]), np.array([[0.04]])), likelihood, rng)
    from bayes_frontier.model.likelihood import smooth_pinball_loss

    w = np.linspace(-1.5, 2.5, 1601)
    q = expit(w)
    loss = smooth_pinball_loss(scores[:, None] - q, scale.level, scale.half_width).sum(axis=0)
    # w is normal around 0.2 with variance 0.04 + 0.25; given w, the shift takes its share of what w is above 0.2
    weight = np.exp(-(loss - loss.min()) / scale.scale - 0.5 * (w - 0.2) ** 2 / 0.29)
    weight /= weight.sum()
    mean = float(weight @ (w - 0.2)) * 0.25 / 0.29
    spread = weight @ (w - 0.2) ** 2 - (weight @ (w - 0.2)) ** 2
    sd = float(np.sqrt(spread * (0.25 / 0.29) ** 2 + 0.25 * 0.04 / 0.29))
    # 3,600 draws, autocorrelated: standard errors below 0.01
    assert draws.mean() == pytest.approx(mean, abs=0.03)
    assert draws.std() == pytest.approx(sd, rel=0.12)


@pytest.mark.slow
def test_intervals_of_the_shift_hold_it():
    """30 leaderboards with the structure assumed: 90% intervals hold the shift in 27 of 30, give or take 1.6."""
    rng = np.random.default_rng(8)
    residual = SPREAD * (rng.standard_normal(20_000) - 1.2816)
    scale = Scale.calibrated([residual], TAU, 1.5)
    likelihood = scale_of_scores(scale, 0, np.full(40, -1), np.arange(40))
    held = 0
    for _ in range(30):
        level, base = rng.normal(0.0, 0.4, 12), np.repeat(np.arange(12), rng.integers(8, 50, 12))
        shift = rng.normal(0.0, 0.2)
        scores = expit(level + 0.1 * rng.standard_normal(12) + shift)[base] + rng.choice(residual, len(base))
        draws = shift_draws(scores, base, Levels(level, 0.01 * np.eye(12)), likelihood, rng)
        low, high = np.quantile(draws, [0.05, 0.95])
        held += low <= shift <= high
    assert held >= 22


def test_verdicts_say_what_is_sure_enough():
    found = {
        "advance": np.array([0.96, 0.0, 0.1, np.nan, 0.99]),
        "retreat": np.array([0.0, 0.97, 0.1, np.nan, 0.0]),
        "still": np.array([0.04, 0.03, 0.8, np.nan, 0.01]),
    }
    rescored = np.array([False] * 4 + [True])
    words = verdicts(found, rescored, 0.95)
    assert words.tolist() == ["advanced", "retreated", "unknown", "unknown", "re-scored"]
    assert established(words).tolist() == [True, True, False, False, False]
    assert verdicts(found, rescored, None).tolist() == ["unknown"] * 4 + ["re-scored"]
