"""Scores of predicted boundaries against counting by hand, and the bootstrap of means over cells."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.checks.backtest.comparison import CellSums
from bayes_frontier.errors import QueryError
from bayes_frontier.model.likelihood import pinball_loss
from tests.backtests import by_hand

SCORE = np.array([[0.5, 0.2], [0.7, np.nan], [0.4, 0.6], [0.9, 0.1]])
LEVELS = {
    "frontier": np.full((4, 2), 0.6),
    "constant": np.full((4, 2), 0.8),
    "oracle": np.where(np.isnan(SCORE), 0.0, SCORE),
}


@pytest.fixture
def result():
    return by_hand(LEVELS, SCORE, [0, 0, 1, 1], ["a", "b", "a", "c"], [True, False, True, False])


def test_pinball_and_coverage_by_hand(result):
    scores = result.scores
    assert scores.sizes == {"boundary": 3, "split": 2, "task": 2, "group": 3}
    first = scores.sel(boundary="frontier", split="period 0", task="task 0")
    assert first["pinball"].sel(group="all").item() == pytest.approx((0.1 * 0.1 + 0.9 * 0.1) / 2)
    assert first["coverage"].to_series().to_dict() == pytest.approx({"all": 0.5, "known": 1.0, "new": 0.0})
    assert first["n"].to_series().to_dict() == {"all": 2, "known": 1, "new": 1}


def test_scores_that_are_missing_do_not_count(result):
    cell = result.scores.sel(boundary="constant", split="period 0", task="task 1")
    assert cell["n"].to_series().to_dict() == {"all": 1, "known": 1, "new": 0}
    assert np.isnan(cell["pinball"].sel(group="new"))


def test_a_level_equal_to_the_score_covers_it(result):
    oracle = result.scores.sel(boundary="oracle", group="all")
    assert (oracle["coverage"] == 1.0).all()
    assert (oracle["pinball"] == 0.0).all()


def test_a_summary_weighs_cells_alike(result):
    table = result.summary()
    cells = result.scores.sel(group="all")
    assert table.index.tolist() == ["oracle", "constant", "frontier"]
    for name in table.index:
        one = cells.sel(boundary=name)
        assert table["pinball"][name] == pytest.approx(one["pinball"].mean().item())
        assert table["abs_error"][name] == pytest.approx(abs(one["coverage"] - 0.9).mean().item())
        assert table["signed_error"][name] == pytest.approx((one["coverage"] - 0.9).mean().item())
    assert table["n"].tolist() == [7, 7, 7]
    # frontier: of task 0 one of 2 and one of 2 covered; of task 1 all 3
    assert table["task_error"]["frontier"] == pytest.approx((abs(0.5 - 0.9) + 0.1) / 2)


def test_differences_are_ours_minus_theirs(result):
    table = result.summary()
    assert table["difference"]["constant"] == pytest.approx(table["pinball"]["frontier"] - table["pinball"]["constant"])
    assert np.isnan(table["difference"]["frontier"])
    assert np.isnan(table["won"]["frontier"])
    assert table["difference"]["oracle"] > 0
    assert table["won"]["oracle"] == 0
    ours, theirs = (pinball_loss(SCORE - LEVELS[name], 0.9) for name in ("frontier", "constant"))
    by_cell = result.differences()["cell_difference"].sel(baseline="constant")
    np.testing.assert_allclose(by_cell[1], (ours - theirs)[2:].mean(axis=0))


def test_cells_won_of_all_leave_the_oracle_out(result):
    won, cells = result.best_of_all()
    losses = result.scores["pinball"].sel(group="all")
    assert cells == 4
    assert won == int((losses.sel(boundary="frontier") < losses.sel(boundary="constant")).sum()) == 2


def test_groups_split_the_records(result):
    n = result.scores["n"].sel(boundary="frontier")
    np.testing.assert_array_equal(n.sel(group="all"), n.sel(group="known") + n.sel(group="new"))


def test_a_boundary_without_a_prediction_is_compared_where_it_has_one():
    levels = {name: values.copy() for name, values in LEVELS.items()}
    levels["constant"][:, 1] = np.nan
    table = by_hand(levels, SCORE, [0, 0, 1, 1], ["a", "b", "a", "c"], [True] * 4).summary()
    assert table["cells"]["constant"] == 2
    assert table["cells"]["frontier"] == 4
    ours = pinball_loss(SCORE - 0.6, 0.9)[:, 0]
    theirs = pinball_loss(SCORE - 0.8, 0.9)[:, 0]
    assert table["difference"]["constant"] == pytest.approx((ours - theirs).mean())


def test_an_interval_of_a_constant_difference_is_a_point():
    score = np.tile(np.linspace(0.1, 0.4, 30)[:, None], (1, 2))
    levels = {"frontier": np.full((30, 2), 0.5), "constant": np.full((30, 2), 0.6)}
    made = by_hand(levels, score, [0] * 30, [f"b{i % 5}" for i in range(30)], [True] * 30).differences()
    for name in ("difference", "lower", "upper"):
        assert made[name].item() == pytest.approx(-0.01)  # (1 - tau) * 0.1, whatever the score below both


def test_coverage_errors_have_intervals(result):
    errors = result.coverage_errors("known", prob=0.5, draws=100)
    assert errors.sizes == {"boundary": 3, "split": 2, "task": 2}
    assert (errors["lower"] <= errors["error"]).all()
    assert (errors["error"] <= errors["upper"]).all()


def test_no_new_base_model():
    made = by_hand(LEVELS, SCORE, [0, 0, 1, 1], ["a", "b", "a", "c"], [True] * 4)
    table = made.summary("new")
    assert table["n"].tolist() == [0, 0, 0]
    assert table["pinball"].isna().all()
    assert made.best_of_all("new") == (0, 0)


@pytest.mark.parametrize("method", ["summary", "differences", "coverage_errors", "best_of_all"])
def test_an_unknown_group(result, method):
    with pytest.raises(QueryError, match="Did you mean 'known'"):
        getattr(result, method)("knwon")


def test_a_backtest_shows_its_sentences_and_how_every_boundary_did():
    levels = {"frontier": np.full((4, 1), 0.6), "constant": np.full((4, 1), 0.9)}
    made = by_hand(levels, np.array([[0.5], [0.7], [0.4], [0.6]]), [0, 0, 1, 1], ["a", "b", "a", "b"], [True] * 4)
    lines = repr(made).splitlines()
    assert lines[0] == "Backtest: 2 periods predicted, tau = 0.9"
    assert [line.strip() for line in lines[1 : 1 + len(made.sentences)]] == made.sentences
    assert made.sentences[-1] == "No model predicted is on a new base model."
    assert made.groups == ("all", "known")
    assert set(made.table["group"]) == {"all", "known"}
    assert "frontier" in repr(made)
    assert len(made.plot()) == 3


def sums(values, split, cluster):
    return CellSums.of(
        np.asarray(values, float), np.asarray(split), np.asarray(cluster), max(split) + 1, max(cluster) + 1
    )


def test_means_and_counts_by_cell():
    values = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, np.nan]])
    cells = sums(values, [0, 0, 1], [0, 1, 1])
    np.testing.assert_array_equal(cells.counts(), [[2, 1], [1, 0]])
    np.testing.assert_array_equal(cells.means(), [[2.0, 2.0], [5.0, np.nan]])
    (mean, *_), (_, cell_lower, _) = cells.bootstrap(0.9, 50, 1)
    assert mean == pytest.approx(3.0)  # of the three cells that are there
    assert np.isnan(cell_lower[1, 1])


def test_means_agree_with_pandas():
    rng = np.random.default_rng(0)
    values, split, cluster = rng.normal(size=(200, 3)), rng.integers(0, 2, 200), rng.integers(0, 9, 200)
    expected = pd.DataFrame(values).groupby(split).mean().to_numpy()
    np.testing.assert_allclose(sums(values, split, cluster).means(), expected)


def test_one_cluster_leaves_no_spread():
    overall, _ = sums([[1.0], [2.0]], [0, 0], [0, 0]).bootstrap(0.9, 100, 1)
    assert overall.tolist() == [1.5, 1.5, 1.5]


def test_clusters_widen_the_interval():
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(20), 25)
    values = (rng.normal(size=20)[cluster] + 0.1 * rng.normal(size=500))[:, None]
    split = np.zeros(500, dtype=int)
    by_cluster, _ = sums(values, split, cluster).bootstrap(0.9, 1000, 1)
    by_record, _ = sums(values, split, np.arange(500)).bootstrap(0.9, 1000, 1)
    # the effective number of values is 20, not 500: five times wider
    assert by_cluster[2] - by_cluster[1] > 3 * (by_record[2] - by_record[1])


def test_intervals_hold_the_mean_about_as_often_as_they_say():
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        cluster = np.repeat(np.arange(30), 5)
        values = (rng.normal(size=30)[cluster] + rng.normal(size=150))[:, None]
        (_, lower, upper), _ = sums(values, np.zeros(150, dtype=int), cluster).bootstrap(0.9, 300, seed)
        held += lower <= 0.0 <= upper
    # 90% nominal; 30 clusters cost the percentile interval about 3 points, 200 runs have a standard error of 2
    assert 0.81 <= held / 200 <= 0.95


def test_the_same_seed_repeats():
    rng = np.random.default_rng(2)
    cells = sums(rng.normal(size=(60, 2)), rng.integers(0, 2, 60), rng.integers(0, 6, 60))
    one, same, other = (cells.bootstrap(0.8, 200, seed) for seed in (1, 1, 2))
    assert one[0].tolist() == same[0].tolist()
    assert one[0][1:].tolist() != other[0][1:].tolist()
    np.testing.assert_array_equal(one[1], same[1])


def test_nothing_there():
    overall, cells = sums([[np.nan]], [0], [0]).bootstrap(0.9, 10, 1)
    assert np.isnan(overall).all()
    assert np.isnan(cells).all()
