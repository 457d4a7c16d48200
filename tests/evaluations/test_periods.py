"""Periods: their dates, who belongs to which, and their names."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.frames import assign, closing_dates

A, B = dt.date(2024, 6, 30), dt.date(2024, 9, 30)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (None, ()),
        ([], ()),
        ("", ()),
        ("2024-06-30", (A,)),
        ("2024-06-30, 2024-09-30", (A, B)),
        (["2024-06-30", B], (A, B)),
        ([pd.Timestamp(A), dt.datetime(2024, 9, 30, 12)], (A, B)),
    ],
)
def test_closing_dates(given_, expected):
    assert closing_dates(given_) == expected


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        (["2024-09-30", "2024-06-30"], "increasing order"),
        ([A, "2024-06-30"], "2024-06-30 closes two periods"),
        (["20240630"], "cannot read '20240630'"),
        ("2024-06-30;2024-09-30", "cannot read"),
        ([20240630], "cannot read '20240630' as a date"),
    ],
)
def test_closing_dates_that_are_none(given_, words):
    with pytest.raises(DataError, match=words):
        closing_dates(given_)


def days(*words):
    return pd.Series(pd.to_datetime(list(words)).as_unit("ns"))


def test_a_model_belongs_to_the_period_its_day_closes():
    period, ends, labels = assign(days("2024-06-30", "2024-07-01", "2024-09-30", "2024-10-01"), (A, B))
    assert period.tolist() == [0, 1, 1, 2]
    assert ends == (A, B, None)
    assert labels == ("to 2024-06-30", "2024-07-01 to 2024-09-30", "from 2024-10-01")


def test_the_open_period_exists_only_with_models():
    period, ends, labels = assign(days("2024-06-30", "2024-07-01"), (A, B))
    assert period.tolist() == [0, 1]
    assert ends == (A, B)
    assert labels == ("to 2024-06-30", "2024-07-01 to 2024-09-30")


def test_no_dates_one_period():
    period, ends, labels = assign(pd.Series([pd.NaT, pd.NaT]), ())
    assert (period.tolist(), ends, labels) == ([0, 0], (None,), ("all",))


def test_an_empty_period_is_named_with_the_span_of_the_models():
    with pytest.raises(DataError, match=r"'2024-07-01 to 2024-09-30'.*from 2024-01-01 to 2024-12-01"):
        assign(days("2024-01-01", "2024-12-01"), (A, B))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.dates(dt.date(2020, 1, 1), dt.date(2025, 1, 1)), min_size=1, max_size=20))
def test_periods_follow_time(released):
    series = pd.Series(pd.to_datetime(released).as_unit("ns"))
    end = sorted(released)[len(released) // 2]
    period, ends, labels = assign(series, (end,))
    np.testing.assert_array_equal(period, [int(day > end) for day in released])
    assert len(ends) == len(labels) == period.max() + 1
