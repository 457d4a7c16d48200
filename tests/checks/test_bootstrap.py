"""Means over cells and their cluster bootstrap."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.checks.backtest.comparison import CellSums


def sums(values, split, cluster):
    return CellSums.of(
        np.asarray(values, float), np.asarray(split), np.asarray(cluster), max(split) + 1, max(cluster) + 1
    )


def test_means_and_counts_by_cell():
    values = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, np.nan]])
    cells = sums(values, [0, 0, 1], [0, 1, 1])
    np.testing.assert_array_equal(cells.counts(), [[2, 1], [1, 0]])
    np.testing.assert_array_equal(cells.means(), [[2.0, 2.0], [5.0, np.nan]])
    found = cells.bootstrap(0.9, 50, 1)
    assert found.mean == pytest.approx(3.0)  # of the three cells that are there
    assert np.isnan(found.cell_lower[1, 1])


def test_means_agree_with_pandas():
    rng = np.random.default_rng(0)
    values, split, cluster = rng.normal(size=(200, 3)), rng.integers(0, 2, 200), rng.integers(0, 9, 200)
    expected = pd.DataFrame(values).groupby(split).mean().to_numpy()
    np.testing.assert_allclose(sums(values, split, cluster).means(), expected)


def test_one_cluster_leaves_no_spread():
    found = sums([[1.0], [2.0]], [0, 0], [0, 0]).bootstrap(0.9, 100, 1)
    assert (found.mean, found.lower, found.upper) == (1.5, 1.5, 1.5)


def test_clusters_widen_the_interval():
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(20), 25)
    values = (rng.normal(size=20)[cluster] + 0.1 * rng.normal(size=500))[:, None]
    split = np.zeros(500, dtype=int)
    by_cluster = sums(values, split, cluster).bootstrap(0.9, 1000, 1)
    by_record = sums(values, split, np.arange(500)).bootstrap(0.9, 1000, 1)
    # the effective number of values is 20, not 500: five times wider
    assert by_cluster.upper - by_cluster.lower > 3 * (by_record.upper - by_record.lower)


def test_intervals_hold_the_mean_about_as_often_as_they_say():
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        cluster = np.repeat(np.arange(30), 5)
        values = (rng.normal(size=30)[cluster] + rng.normal(size=150))[:, None]
        found = sums(values, np.zeros(150, dtype=int), cluster).bootstrap(0.9, 300, seed)
        held += found.lower <= 0.0 <= found.upper
    # 90% nominal; 30 clusters cost the percentile interval about 3 points, 200 runs have a standard error of 2
    assert 0.81 <= held / 200 <= 0.95


def test_the_same_seed_repeats():
    rng = np.random.default_rng(2)
    cells = sums(rng.normal(size=(60, 2)), rng.integers(0, 2, 60), rng.integers(0, 6, 60))
    one, same, other = (cells.bootstrap(0.8, 200, seed) for seed in (1, 1, 2))
    assert (one.lower, one.upper) == (same.lower, same.upper)
    assert (one.lower, one.upper) != (other.lower, other.upper)
    np.testing.assert_array_equal(one.cell_upper, same.cell_upper)


def test_nothing_there():
    found = sums([[np.nan]], [0], [0]).bootstrap(0.9, 10, 1)
    assert np.isnan([found.mean, found.lower, found.upper]).all()
    assert np.isnan(found.cell_mean).all()
