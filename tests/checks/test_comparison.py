"""Scores of predicted boundaries against counting by hand."""

import numpy as np
import pytest

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
