"""Rolling origin: what is fitted, what is predicted, and how both are identified."""

from dataclasses import replace

import numpy as np
import pytest

from bayes_frontier.checks.backtest.baselines import BASELINES
from bayes_frontier.checks.backtest.run import baseline_levels, rolling, split_key
from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import Evaluations
from tests.backtests import evaluations


@pytest.fixture(scope="module")
def scores() -> Evaluations:
    return evaluations()


def test_each_period_but_the_first_is_predicted_from_those_before(scores):
    first, second = rolling(scores)
    counts = np.bincount(scores.models["period"])
    assert [first.label, second.label] == list(scores.period_labels[1:])
    assert [first.number, second.number] == [1, 2]
    assert [first.past.n_models, second.past.n_models] == [counts[0], counts[:2].sum()]
    assert [first.last.n_models, second.last.n_models] == [counts[0], counts[1]]
    assert [first.next.n_models, second.next.n_models] == [counts[1], counts[2]]
    assert second.past.models["released"].max() < second.next.models["released"].min()
    assert second.past.n_periods == 2
    assert second.window("last") is second.last


def test_one_period_cannot_be_predicted(scores):
    with pytest.raises(DataError, match="there is only one.*--periods"):
        rolling(scores.select(periods=0))


def test_a_baseline_is_fitted_to_its_window(scores):
    split = rolling(scores)[1]
    for name, window in (("constant", split.last), ("constant-all", split.past)):
        levels = baseline_levels(BASELINES[name], split, 0.9)
        assert levels.shape == (split.next.n_models, 2)
        np.testing.assert_allclose(
            levels, np.tile([window.models[t].quantile(0.9) for t in scores.tasks], (len(levels), 1))
        )


def test_the_oracle_knows_the_period_itself(scores):
    split = rolling(scores)[1]
    levels = baseline_levels(BASELINES["oracle"], split, 0.9)
    covered = (split.next.models[list(scores.tasks)].to_numpy() <= levels).mean(axis=0)
    # four parameters, about 80 records: at most 4 lie on the curve
    np.testing.assert_allclose(covered, 0.9, atol=5 / len(levels))


def test_a_task_without_scores_before_has_no_level(scores):
    models = scores.models.assign(gpqa=scores.models["gpqa"].where(scores.models["period"] > 0))
    later = Evaluations.from_models(
        models, scores.tasks, periods=[end for end in scores.period_ends if end is not None]
    )
    first, second = rolling(later)
    assert first.past.tasks == ("bbh",)
    levels = baseline_levels(BASELINES["constant"], first, 0.9)
    assert np.isnan(levels[:, 1]).all()
    assert np.isfinite(levels[:, 0]).all()
    assert np.isfinite(baseline_levels(BASELINES["constant"], second, 0.9)).all()


def test_records_without_a_score_are_not_fitted(scores):
    gone = scores.models["gpqa"].where(scores.models.index % 3 > 0)
    ends = [end for end in scores.period_ends if end is not None]
    holes = Evaluations.from_models(scores.models.assign(gpqa=gone), scores.tasks, periods=ends)
    split = rolling(holes)[0]
    expected = split.last.models["gpqa"].dropna().quantile(0.9)
    np.testing.assert_allclose(baseline_levels(BASELINES["constant"], split, 0.9)[:, 1], expected)


def test_a_key_knows_scores_periods_window_and_the_order_of_what_is_predicted(scores):
    split = rolling(scores)[1]
    key = split_key(split, "past")
    assert key == split_key(rolling(evaluations())[1], "past")
    others = {
        "window": split_key(split, "last"),
        "split": split_key(rolling(scores)[0], "past"),
        "periods": split_key(replace(split, past=replace(split.past, period_labels=("a", "b"))), "past"),
        "fitted": split_key(replace(split, past=split.past.subset(split.past.models.index > 0)), "past"),
        "order": split_key(replace(split, next=replace(split.next, models=split.next.models[::-1])), "past"),
        "score": split_key(replace(split, next=replace(split.next, models=split.next.models.assign(bbh=0.5))), "past"),
    }
    assert len({key, *others.values()}) == 1 + len(others)
