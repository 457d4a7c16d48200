"""Looking ahead: all who do it see the boundary of one model at one date in the same place."""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

import bayes_frontier as bf
from bayes_frontier.analysis import gate, watch
from bayes_frontier.design import planning
from bayes_frontier.model.data import QUARTER
from bayes_frontier.posterior import ahead
from tests.draws import BASES, FLOPS, TASKS, TAU, posterior_tree, small_table

BASE, TASK = BASES[0], TASKS[0]
LEVELS = (0.05, 0.5, 0.95)
# Quarters from the median date of the last scores to half a quarter after the last of them, 45 days later: what an
# undated model is predicted at. Predictions tell horizons apart to 0.33 quarters, and this is three of them.
T = 45 / QUARTER + 0.5


@pytest.fixture(scope="module")
def frontier() -> bf.Frontier:
    """A fit of 4,000 draws whose boundary moves by more than its uncertainty until the model comes."""
    table = small_table(60)
    table.loc[0, "released"] = "2025-03-18"
    rng = np.random.default_rng(1)
    n, k = (4, 1000), len(TASKS)
    tree = posterior_tree(
        chains=4,
        draws=1000,
        floor=0.1,
        ceiling=0.9,
        slope=1.2,
        midpoint=23.6 + 0.05 * rng.standard_normal((*n, k, 2)),
        drift_scale=rng.uniform(0.1, 0.2, (*n, k)),
        drift_velocity=rng.normal(0.5, 0.05, (*n, k)),
        drift=rng.normal(0.0, 0.1, (*n, k, 2)),
        base_model_scale=rng.uniform(0.3, 0.4, (*n, k)),
        base_model_effect=rng.normal(0.2, 0.05, (*n, len(BASES), k)),
    )
    constant = tree["constant_data"].dataset
    numbers = {"scale": 0.01, "half_width": 0.02, "likelihood_level": 0.97, "density": 2.0}
    tree["constant_data"] = constant.assign({name: ("task", np.full(k, value)) for name, value in numbers.items()})
    spec = bf.read_spec("hierarchical")
    return bf.Frontier(bf.read(table, periods=["2024-12-31"]), spec, TAU, tree, {"sampling": {"seed": 1}})


@pytest.fixture(scope="module")
def model(frontier) -> pd.DataFrame:
    """One model on a fitted base model, half a quarter after the last one fitted."""
    day = frontier.evaluations.models["released"].max() + pd.Timedelta(days=QUARTER / 2.0)
    return pd.DataFrame(
        {"model": ["lab/next"], "base_model": BASE, "flops": FLOPS[BASE], "released": day, **dict.fromkeys(TASKS, 0.5)}
    )


@pytest.fixture(scope="module")
def truth(frontier) -> np.ndarray:
    """Where the boundary will stand, on the logit scale, written down from the model; 100,000 draws."""
    draws, rng = frontier.posterior["posterior"].dataset.isel(task=0), np.random.default_rng(7)
    part = {str(name): np.tile(draws[name].to_numpy().reshape(4000, -1), (25, 1)) for name in draws}
    z, last = np.log10(FLOPS[BASE]), -1
    argument = part["slope"][:, last] * (z - part["midpoint"][:, last])
    level = logit(part["floor"][:, last] + (part["ceiling"] - part["floor"])[:, last] * expit(argument))
    e = rng.standard_normal((3, len(level)))
    moves = part["drift_velocity"][:, 0] * T + part["drift_scale"][:, 0] * np.sqrt(T) * e[0]
    alone = frontier.spec.priors.base_model_innovation * part["base_model_scale"][:, 0] * np.sqrt(T) * e[1] * abs(e[2])
    return level + moves + part["base_model_effect"][:, BASES.index(BASE)] + alone


def recorded(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> list[tuple]:
    """Arguments and result of every call of a function of a module."""
    calls: list[tuple] = []
    original: Callable = getattr(module, name)

    def run(*args, **settings):
        made = original(*args, **settings)
        calls.append((args, made))
        return made

    monkeypatch.setattr(module, name, run)
    return calls


def by_prediction(frontier, model, monkeypatch) -> np.ndarray:
    calls = recorded(monkeypatch, ahead, "boundaries")
    frontier.predict(model[["base_model", "flops"]])
    undated = calls[0][1]
    frontier.predict(model)
    np.testing.assert_array_equal(calls[len(TASKS)][1], undated)
    return logit(undated[:, 0, 0])


def by_score(frontier, model, monkeypatch) -> np.ndarray:
    calls = recorded(monkeypatch, ahead, "boundaries")
    bf.score(frontier, bf.Evaluations.from_models(model, TASKS), bridge="none")
    return logit(calls[0][1][:, 0, 0])


def by_gate(frontier, model, monkeypatch) -> np.ndarray:
    calls = recorded(monkeypatch, gate, "boundaries")
    bf.gate(frontier, bf.Evaluations.from_models(model, TASKS))
    return logit(calls[0][1][:, 0, 0])


def by_watch(frontier, model, monkeypatch) -> np.ndarray:
    shifts, forecasts = (recorded(monkeypatch, watch, name) for name in ("shift_draws", "drift_ahead"))
    bf.watch(frontier, bf.Evaluations.from_models(model, TASKS))
    levels = shifts[0][0][2]
    spread = np.sqrt(levels.covariance[0, 0])
    forecast = forecasts[0][1][:, 0]
    return levels.mean[0] + spread * np.random.default_rng(3).standard_normal(len(forecast)) + forecast


def by_plan(frontier, model, monkeypatch) -> np.ndarray:
    calls = recorded(monkeypatch, planning, "information")
    bf.plan(frontier, model.assign(params_b=8.0).drop(columns=[*TASKS, "released"]), n=1, period="next")
    sites = calls[0][0][1]
    column = sites.columns[0, :, sites.index[0]]
    moved = sites.spread[0, 0] * np.random.default_rng(3).standard_normal(len(column))
    return logit(column + moved)


# With n draws the mean is known to 1 / sqrt(n) of a standard deviation and the 5% quantile of a normal distribution to
# 2.1 / sqrt(n); four of these are allowed, of the fewest draws that a reader takes. `predict` and `score` draw 600 that
# divide the distributions evenly, `gate` 500, `watch` all 4,000, `plan` 2,000. Tails get 0.1 more where a sum is taken
# for normal (`watch`, `plan`) though what a base model moves on its own has heavier tails than that.
@pytest.mark.parametrize(
    ("look", "n", "tails"),
    [(by_prediction, 600, 0.0), (by_score, 600, 0.0), (by_gate, 500, 0.0), (by_watch, 4000, 0.1), (by_plan, 2000, 0.1)],
)
def test_all_see_the_boundary_in_the_same_place(frontier, model, truth, look, n, tails, monkeypatch):
    seen = look(frontier, model, monkeypatch)
    assert len(seen) == n
    spread = truth.std()
    assert seen.mean() == pytest.approx(truth.mean(), abs=4 * spread / np.sqrt(n))
    allowed = spread * (4 * 2.1 / np.sqrt(n) + tails)
    np.testing.assert_allclose(np.quantile(seen, LEVELS), np.quantile(truth, LEVELS), atol=allowed)
    # neither what all move by nor what one moves on its own is left out
    assert seen.std() == pytest.approx(spread, rel=4 / np.sqrt(2 * n) + tails)


def test_the_move_that_is_looked_for_is_larger_than_what_is_allowed(truth):
    # half a unit a quarter, for about one quarter: leaving the velocity out would be seen by every one of the five
    assert 4 * truth.std() / np.sqrt(500) + 0.3 < 0.5 * T


def test_thinning_keeps_all_of_a_draw_together(frontier):
    kept = frontier.curves.evenly(2000)
    few = frontier.curves.take(kept)
    assert few.shape == (1, 2000)
    for name in ("effects", "scales", "drift", "velocity", "walk"):
        np.testing.assert_array_equal(getattr(few, name), getattr(frontier.curves, name)[kept])


def test_a_period_appended_is_the_last_one_moved(frontier):
    step = np.random.default_rng(2).normal(size=(4000, len(TASKS)))
    longer = frontier.curves.with_step(step)
    for z in (22.0, 24.0):
        moved = logit(longer.typical(z, 1, 2)) - logit(longer.typical(z, 1, 1))
        np.testing.assert_allclose(moved, step[:, 1], atol=1e-9)
