"""Parameters or tokens in place of compute."""

from dataclasses import replace

import numpy as np
import pytest

from bayes_frontier.checks.backtest.axis import on_axis
from bayes_frontier.checks.backtest.run import rolling
from bayes_frontier.errors import DataError, QueryError
from tests.backtests import evaluations, small_backtest


def sized(params=None, tokens=None):
    made = evaluations()
    n = made.n_models
    rng = np.random.default_rng(0)
    models = made.models.assign(
        params_b=rng.uniform(0.5, 70, n) if params is None else params,
        tokens_t=rng.uniform(1, 15, n) if tokens is None else tokens,
    )
    return replace(made, models=models)


def test_flops_stay_as_they_are():
    scores = evaluations()
    assert on_axis(scores, "flops") is scores


@pytest.mark.parametrize(
    ("axis", "column", "held"), [("params", "params_b", 1e9 * 1e12), ("tokens", "tokens_t", 1e12 * 1e10)]
)
def test_the_axis_stands_in_the_flops_labelled(axis, column, held):
    scores = sized()
    placed = on_axis(scores, axis)
    np.testing.assert_allclose(placed.models["flops"], 6 * held * scores.models[column])
    rows = placed.table["row"].to_numpy()
    np.testing.assert_array_equal(placed.table["flops"], placed.models["flops"].to_numpy()[rows])
    assert f"axis: {axis}; FLOPs stand for {column}" in placed.notes[-1]
    assert placed.fingerprint != scores.fingerprint
    np.testing.assert_array_equal(placed.table["score"], scores.table["score"])


def test_records_without_a_value_are_left_out_and_counted():
    params = np.full(240, 7.0)
    params[[3, 4]], params[5], params[6:8] = np.nan, 0.0, -1.0
    placed = on_axis(sized(params=params), "params")
    assert placed.n_models == 235
    assert placed.dropped_by_reason().to_dict() == {"no params_b, the axis asked for": 5}
    assert "5 records without it left out" in placed.notes[-1]
    assert rolling(placed)[0].next.n_models > 0


def test_reasons_given_before_stay():
    scores = sized().subset(np.arange(240) > 9)
    scores = replace(scores, models=scores.models.assign(params_b=np.where(np.arange(230) > 4, 7.0, np.nan)))
    assert on_axis(scores, "params").dropped_by_reason().to_dict() == {
        "left out by subset": 10,
        "no params_b, the axis asked for": 5,
    }


def test_an_axis_without_values_is_refused():
    with pytest.raises(DataError, match="no record has a positive tokens_t.*--column tokens_t=NAME"):
        on_axis(sized(tokens=np.full(240, np.nan)), "tokens")


def test_an_unknown_axis():
    with pytest.raises(QueryError, match="Did you mean 'params'"):
        on_axis(evaluations(), "param")


def test_a_backtest_on_parameters_says_so_and_bins_by_them():
    scores = sized()
    made = small_backtest(evaluations=scores, axis="params", baselines=["bins"])
    assert made.about["axis"] == "params"
    assert "axis: params" in made.about["notes"][0]
    by_flops = small_backtest(evaluations=scores, baselines=["bins"])
    assert not np.allclose(made.predictions["level"][1], by_flops.predictions["level"][1])
