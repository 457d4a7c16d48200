"""Arguments of questions: what is taken, and what a mistake is told."""

import datetime as dt

import numpy as np
import pytest
import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.posterior import query
from tests.draws import BASES, HUB_LLAMA, TASKS, small_evaluations, without_bases


def test_good_computes_pass():
    np.testing.assert_array_equal(query.check_flops(1e24), [1e24])
    np.testing.assert_array_equal(query.check_flops([1e12, 1e32]), [1e12, 1e32])


@pytest.mark.parametrize(
    ("flops", "message"),
    [
        (24.5, "looks like log10 FLOPs: pass 1e24.5"),
        (3000.0, "ZFLOPs, multiply by 1e21"),
        (0.5, "ZFLOPs"),
        (-1e24, "-1e\\+24 is not a plausible"),
        (0.0, "not a plausible"),
        (float("nan"), "nan is not a plausible"),
        (float("inf"), "inf is not a plausible"),
        ([1e24, 1e40], "1e\\+40"),
        ([], "No compute was given"),
        ("much", "numbers of FLOPs"),
    ],
)
def test_bad_computes_are_explained(flops, message):
    with pytest.raises(QueryError, match=message):
        query.check_flops(flops)


def test_probability():
    query.check_prob(0.9)
    with pytest.raises(QueryError, match="For 90 % pass 0.9"):
        query.check_prob(90)
    for bad in (0.0, 1.0, -0.1, 200.0, float("nan")):
        with pytest.raises(QueryError, match="prob must lie between 0 and 1, found"):
            query.check_prob(bad)


def test_score():
    for good in (0.0, 0.45, 1.0):
        query.check_score(good)
    with pytest.raises(QueryError, match="For 45 % pass 0.45"):
        query.check_score(45)
    for bad in (-0.1, 101.0, float("nan")):
        with pytest.raises(QueryError, match="score must lie"):
            query.check_score(bad)


def test_tasks():
    assert query.task_indices(None, TASKS) == [0, 1]
    assert query.task_indices("reading", TASKS) == [1]
    with pytest.raises(QueryError, match=r"'readng' is not in this fit.*'?reading'?.*Fitted: maths, reading"):
        query.task_indices("readng", TASKS)


@pytest.mark.parametrize(
    ("period", "index"),
    [
        (None, 1),
        (0, 0),
        (1, 1),
        (-1, 1),
        (-2, 0),
        ("to 2024-12-31", 0),
        ("from 2025-01-01", 1),
        ("2024-12-31", 0),
        ("2025-01-01", 1),
        ("2019-01-01", 0),
        ("2031-01-01", 1),
    ],
)
def test_periods(period, index):
    np.testing.assert_array_equal(query.period_indices(period, small_evaluations()), [index])


def test_all_periods():
    np.testing.assert_array_equal(query.period_indices("all", small_evaluations()), [0, 1])


@pytest.mark.parametrize(
    ("period", "message"),
    [
        (2, "no period 2: this fit has 2, numbered from 0"),
        (-3, "no period -3"),
        ("frm 2025-01-01", "neither a fitted period nor a date.*from 2025-01-01"),
        ("2025-13-01", "neither a fitted period nor a date"),
    ],
)
def test_bad_periods(period, message):
    with pytest.raises(QueryError, match=message):
        query.period_indices(period, small_evaluations())


def test_a_date_after_a_closed_last_period():
    class Closed:
        period_labels = ("to 2024-12-31",)
        period_ends = (dt.date(2024, 12, 31),)
        n_periods = 1

    with pytest.raises(QueryError, match="2025-01-01 lies after the last fitted period"):
        query.period_indices("2025-01-01", Closed())


def test_base_models_by_any_spelling(frontier):
    assert [query.base_index(name, frontier) for name in BASES] == [0, 1, 2]
    assert query.base_index(HUB_LLAMA, frontier) == 0


@pytest.mark.parametrize("name", ["gemma-2-9b", "no-such-model"])
def test_base_model_not_fitted(frontier, name):
    with pytest.raises(QueryError, match=f"'{name}' is not in this fit.*population boundary"):
        query.base_index(name, frontier)


def test_base_model_misspelt(frontier):
    with pytest.raises(QueryError, match="mistral-7b"):
        query.base_index("mistrl-7b", frontier)


def test_model_without_base_models():
    with pytest.raises(QueryError, match="'pooled' has no base-model effects"):
        query.base_index(BASES[0], without_bases())


def test_summary_is_the_quantiles_of_all_draws():
    values = np.random.default_rng(0).random((2, 50, 3))
    found = query.summarise(xr.DataArray(values, dims=("chain", "draw", "task")), 0.8)
    flat = values.reshape(-1, 3)
    for name, level in {"lower": 0.1, "median": 0.5, "upper": 0.9}.items():
        np.testing.assert_allclose(found[name], np.quantile(flat, level, axis=0))
    np.testing.assert_allclose(found["mean"], flat.mean(axis=0))


def test_first_reaching():
    z = np.array([20.0, 21.0, 22.0, 23.0])
    curves = np.array([[0.1, 0.6, 0.1, 0.2], [0.2, 0.7, 0.1, 0.2], [0.4, 0.8, 0.1, 0.3], [0.4, 0.9, 0.1, 0.3]]).T
    found = query.first_reaching(curves.T, z, 0.3)
    np.testing.assert_allclose(found, [21.5, 20.0, np.inf, 22.0])
