"""Factors: planted ones are found, absent ones are not, and a fit learns across tasks."""

import numpy as np
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.analysis.factors import _fit, _gain, _shared, compare, with_factors
from tests.checks.posteriors import change, diagnosed, true_frontier

TASKS = 4


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    """Intervals need more; that they are there does not."""
    monkeypatch.setattr("bayes_frontier.analysis.factors._BOOTSTRAP", 20)


def posterior(common: float, width: float = 0.15, seed: int = 2) -> bf.Frontier:
    """A fit of four tasks whose base-model effects share a factor with loading `common` (of 1)."""

    def correlate(tree):
        draws = tree["posterior"].dataset
        n = draws.sizes["base_model"]
        rng = np.random.default_rng(seed)
        effect = common * rng.standard_normal(n)[:, None] + np.sqrt(1 - common**2) * rng.standard_normal((n, TASKS))
        noise = rng.standard_normal((draws.sizes["chain"], draws.sizes["draw"], n, TASKS))
        # the posterior mean of an effect known with this error, and its spread
        shrunk = (effect + width * rng.standard_normal((n, TASKS))) / (1 + width**2)
        values = 0.3 * (shrunk + noise * width / np.sqrt(1 + width**2))
        return change(
            tree,
            base_model_effect=lambda one: one.copy(data=values),
            base_model_scale=lambda one: xr.full_like(one, 0.3),
        )

    return diagnosed(true_frontier(correlate, tasks=TASKS, n_base_models=60, n_models=600))


@pytest.fixture(scope="module")
def together() -> bf.Frontier:
    return posterior(0.9)


def test_a_common_factor_is_found_and_foretells(together):
    found = bf.factors(together, 1)
    # loadings of 0.9 have a share of 0.81; 60 base models leave a standard error below 0.06
    assert found["explained"].item() == pytest.approx(0.81, abs=0.12)
    assert (found["loading"] > 0.6).all()
    assert (found["gain"] > 0.4).all()
    assert (found["shared_lower"] <= found["shared_upper"]).all()
    assert found["correlation"].sel(task="task_1", other="task_2").item() > 0.6


def test_without_a_common_factor_nothing_is_foretold():
    found = bf.factors(posterior(0.0), 1)
    assert (found["gain"] < 0.2).all()
    assert found["explained"].item() < 0.5


def test_em_finds_two_planted_factors():
    rng = np.random.default_rng(1)
    loading = np.array([[0.9, 0.0], [0.8, 0.1], [0.1, 0.9], [0.0, 0.8], [0.6, 0.6]])
    value = rng.standard_normal((3000, 2)) @ loading.T + 0.4 * rng.standard_normal((3000, 5))
    found, own = _fit(value, np.full((3000, 5), 200.0), 2)
    # up to a rotation: the covariance is what is identified
    np.testing.assert_allclose(found @ found.T + np.diag(own), loading @ loading.T + 0.16 * np.eye(5), atol=0.08)
    assert (_shared(found, own) > 0.6).all()
    assert (_gain(value, np.full((3000, 5), 200.0), found, own) > 0.4).all()


def test_what_is_measured_badly_learns_from_the_other_tasks(together):
    before, after = together.curves, with_factors(together, 1)
    assert after.effects.shape == before.effects.shape
    # known effects narrow, and move towards what the other tasks say
    assert after.effects.std(axis=0).mean() < before.effects.std(axis=0).mean()
    np.testing.assert_array_equal(after.scales, before.scales)
    shift = (after.effects - before.effects).mean(axis=0)
    assert 0.0 < np.abs(shift).max() < 0.3


def test_comparison_on_later_scores(together):
    models = together.evaluations.models.drop(columns=["period", "cost"])
    later = bf.Evaluations.from_models(models.assign(model="new/" + models["model"]), together.tasks, source="later")
    found = compare(together, later, ranks=(1, 2))
    assert found["rank"].to_numpy().tolist() == [0, 1, 2]
    assert found.attrs["records"] == 600
    assert ((found["coverage"] > 0.5) & (found["coverage"] <= 1.0)).all()
    assert (found["loss"] > 0).all()
    assert found["change"].sel(rank=0).item() == 0.0
    assert (found["lower"] <= found["change"]).all()
    assert (found["change"] <= found["upper"]).all()
    np.testing.assert_allclose(found["change"], found["loss"].mean("task") - found["loss"].mean("task")[0], atol=1e-12)
    with pytest.raises(bf.DataError, match="no new record on a fitted base model"):
        compare(together, together.evaluations)


def test_same_seed_same_intervals(together):
    one, same = bf.factors(together, 1, seed=3), bf.factors(together, 1, seed=3)
    np.testing.assert_array_equal(one["shared_lower"], same["shared_lower"])


@pytest.mark.parametrize("rank", [0, 4])
def test_ranks_that_cannot_be_told_apart_are_refused(together, rank):
    with pytest.raises(bf.QueryError, match="1 to 3 can be told apart"):
        bf.factors(together, rank)


def test_two_tasks_and_no_effects_are_refused():
    with pytest.raises(bf.QueryError, match="it takes three tasks at least"):
        bf.factors(diagnosed(true_frontier()), 1)

    def without(tree):
        draws = tree["posterior"].to_dataset().drop_vars(["base_model_effect", "base_model_scale"])
        return xr.DataTree.from_dict({**{name: tree[name] for name in tree.children}, "posterior": draws})

    with pytest.raises(bf.QueryError, match="has no base-model effects"):
        bf.factors(diagnosed(true_frontier(without, model="pooled")), 1)
