"""Scores beside their boundaries: the same boundaries as the fit's own, draw by draw."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayes_frontier.checks.records import DRAWS, Records, binomial_band, cluster_error, data_of, effective_clusters
from tests.checks.posteriors import CHAINS, change, simulated, true_frontier
from tests.checks.posteriors import DRAWS as SAMPLED


@pytest.fixture
def divided(monkeypatch):
    """Divide the simulated quarters too."""
    monkeypatch.setattr("bayes_frontier.model.data.STRETCH_DAYS", 40.0)


def walking(tree: xr.DataTree) -> xr.DataTree:
    """Add drift within periods: a step of 0.1 logit to every stretch of time."""
    n = data_of(true_frontier()).stretches.n
    assert n > 2
    walk = np.broadcast_to(0.1 * np.arange(n), (CHAINS, SAMPLED, 2, n))
    draws = tree["posterior"].to_dataset().assign(drift=(("chain", "draw", "task", "stretch"), walk))
    return xr.DataTree.from_dict({**{k: tree[k].to_dataset() for k in tree.children}, "posterior": draws})


@pytest.mark.usefixtures("divided")
@pytest.mark.parametrize("edit", [None, walking], ids=["periods", "stretches"])
def test_draws_are_those_whose_mean_is_the_fitted_boundary(edit):
    frontier = true_frontier(edit)
    records = Records.from_frontier(frontier)
    assert records.draws.shape == (DRAWS, len(records.data.cells))
    mean = records.draws.mean(axis=0)[records.data.cell_of_score]
    # the mean of 200 draws out of 1,200 with a standard deviation of about 0.02 logit
    np.testing.assert_allclose(mean, records.table["boundary"], atol=0.004)


@pytest.mark.usefixtures("divided")
def test_stretches_move_boundaries_within_a_period():
    still, moving = (Records.from_frontier(true_frontier(edit)).table for edit in (None, walking))
    gap = still["boundary"] - moving["boundary"]
    assert gap.min() == pytest.approx(0.0, abs=1e-9)
    assert gap.max() > 0.015


def test_rows_are_the_scores_of_the_table_in_its_order():
    frontier = true_frontier()
    records, table = Records.from_frontier(frontier).table, frontier.evaluations.table
    assert records["score"].tolist() == table["score"].tolist()
    assert records["task"].tolist() == table["task"].tolist()
    assert records["size"].tolist() == table.groupby(["base_model", "task"])["score"].transform("size").tolist()
    fitted = frontier.fitted()
    at = table.iloc[777]
    assert records.loc[777, "boundary"] == fitted[int(at["row"])].sel(task=at["task"]).item()
    np.testing.assert_array_equal(records["above"], (records["score"] > records["boundary"]).astype(float))


def test_drawn_is_the_share_of_draws_a_score_lies_above():
    records = Records.from_frontier(true_frontier())
    cell = records.data.cell_of_score
    for row in (0, 1234, 4799):
        share = (records.table.loc[row, "score"] > records.draws[:, cell[row]]).mean()
        assert records.table.loc[row, "drawn"] == pytest.approx(share)


def test_residuals_are_scores_minus_some_of_the_draws():
    records = Records.from_frontier(true_frontier())
    assert records.residuals.shape == (4800, DRAWS // 5)
    expected = records.table["score"] - records.draws[15, records.data.cell_of_score]
    np.testing.assert_allclose(records.residuals[:, 3], expected)


def test_without_base_model_effects_boundaries_are_the_curves():
    def bare(tree: xr.DataTree) -> xr.DataTree:
        draws = tree["posterior"].to_dataset().drop_vars(["base_model_effect", "base_model_scale"])
        return xr.DataTree.from_dict({**{k: tree[k].to_dataset() for k in tree.children}, "posterior": draws})

    frontier = true_frontier(bare, model="pooled")
    records = Records.from_frontier(frontier)
    flat = Records.from_frontier(true_frontier(lambda tree: change(tree, base_model_effect=lambda e: 0.0 * e)))
    np.testing.assert_allclose(records.table["boundary"], flat.table["boundary"], atol=1e-6)
    assert len(simulated()[0].table) == len(records.table)


@pytest.mark.parametrize(("n", "tail"), [(50, 0.02), (400, 0.1), (3000, 0.02)])
def test_binomial_bands_are_left_by_at_most_the_chance_given(n, tail):
    low, high = binomial_band(n, tail, 0.05)
    counts = np.random.default_rng(0).binomial(n, tail, 200_000)
    # 200,000 draws: standard error 0.0005
    assert ((counts < low) | (counts > high)).mean() <= 0.05 + 0.002
    assert ((counts <= low) | (counts >= high)).mean() >= 0.02


def test_the_cluster_error_is_that_of_means_of_clusters():
    rng = np.random.default_rng(0)
    cluster = pd.Series(np.repeat(np.arange(400), 25))
    shared = rng.random(400) < 0.1
    exceeds = pd.Series(np.repeat(shared, 25).astype(float))
    error, n = cluster_error(exceeds, cluster)
    assert n == 400
    # every cluster is one draw of a probability of 0.1
    assert error == pytest.approx(np.sqrt(0.09 / 400), rel=0.1)
    independent, _ = cluster_error(pd.Series((rng.random(10_000) < 0.1).astype(float)), cluster)
    assert independent == pytest.approx(np.sqrt(0.09 / 10_000), rel=0.15)
    assert cluster_error(exceeds, pd.Series(0, index=exceeds.index)) == (np.inf, 1)


def test_effective_clusters_are_kishs():
    assert effective_clusters(pd.Series(["a"] * 5 + ["b"] * 5), pd.Series(np.ones(10))) == pytest.approx(2.0)
    assert effective_clusters(pd.Series(["a"] * 98 + ["b", "c"]), pd.Series(np.ones(100))) == pytest.approx(
        100**2 / (98**2 + 2)
    )
