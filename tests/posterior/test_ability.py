"""Abilities: residuals freed of the noise of items, and boundaries of them beside those of scores."""

import numpy as np
import pytest
from scipy import stats

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from bayes_frontier.model.calibration import RESIDUAL_LEVELS
from bayes_frontier.posterior.ability import denoised, item_noise
from tests.checks.posteriors import moved, true_frontier
from tests.draws import TASKS, make_frontier

ITEMS = 60


@pytest.mark.parametrize("tau", [0.9, 0.98])
@pytest.mark.parametrize("noise", [0.02, 0.05])
def test_a_normal_quantile_is_found_beneath_the_noise(tau, noise):
    rng = np.random.default_rng(8)
    n, spread = 4000, 0.05
    residuals = rng.normal(0.0, spread, (n, 1)) + rng.normal(0.0, noise, (n, 1))
    quantiles, error = denoised(residuals, np.ones(n), noise, tau)
    found = np.interp(tau, RESIDUAL_LEVELS, quantiles)
    true, with_noise = (stats.norm.ppf(tau) * sd for sd in (spread, np.hypot(spread, noise)))
    # three of its standard errors
    assert abs(found - true) < 3 * error
    # ... which are those of some thousand scores, and tell it from the quantile of scores
    assert 0.0 < error < 0.01
    assert with_noise - found > 0.4 * (with_noise - true)
    assert (np.diff(quantiles) >= 0.0).all()


@pytest.fixture(scope="module")
def few_items() -> bf.Frontier:
    # as a fit has it: the boundary of scores, which lies above that of abilities
    return true_frontier(moved(0.04), n_items=ITEMS)


def test_the_noise_is_that_of_a_share_of_items(few_items):
    found = item_noise(few_items).set_index("task")
    scores = few_items.evaluations.table.groupby("task")["score"].mean()
    assert (found["n_items"] == ITEMS).all()
    # scores differ about their mean, where p (1 - p) is nearly flat
    assert found["noise"].to_numpy() == pytest.approx(np.sqrt(scores * (1 - scores) / ITEMS).loc[found.index], rel=0.1)
    assert found["share"].between(0.0, 1.0).all()


def test_boundaries_of_abilities_lie_below_those_of_scores(few_items):
    flops = np.quantile(few_items.evaluations.models["flops"], [0.2, 0.5, 0.8])
    scores, ability = (few_items.boundary(flops, of=of).mean(("chain", "draw")) for of in ("scores", "ability"))
    # whatever was added to the boundary, residuals say that it is too high
    assert ((scores - ability) > 0.02).all()
    drawn = few_items.boundary(flops, of="ability")
    assert float(drawn.min()) >= 0.0
    assert float(drawn.max()) <= 1.0
    assert float(drawn.diff("flops").min()) >= 0.0


def test_abilities_at_many_items_are_scores():
    many = true_frontier(n_items=1_000_000)
    flops = float(many.evaluations.models["flops"].median())
    scores, ability = (many.boundary(flops, of=of).mean(("chain", "draw")) for of in ("scores", "ability"))
    # the noise of a million items is 0.0005; what is left is the spline, fitted to 2,400 scores
    np.testing.assert_allclose(ability, scores, atol=0.01)


def test_unknown_numbers_of_items_are_named_by_task():
    with pytest.raises(QueryError, match=f"The numbers of items of '{TASKS[0]}', '{TASKS[1]}' are not known"):
        make_frontier().boundary(1e24, of="ability")
    with pytest.raises(QueryError, match="of: unknown choice 'skill'"):
        make_frontier().boundary(1e24, of="skill")
