"""Values of documents, and lines made of scores."""

import datetime as dt
import math

import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.metrics import Metric, given_metrics
from bayes_frontier.evaluations.registry.registry import default_registry
from bayes_frontier.evaluations.sources.scores import Score, day, number, refused, scores_to_lines, text

TODAY = dt.date(2025, 6, 1)


def lines(scores, tasks=None, metrics=None, notes=None):
    request = Request(default_registry(), TODAY, False, tasks, {}, given_metrics(metrics))
    return scores_to_lines(scores, "folder", "kind", request, [] if notes is None else notes, dates="evaluation")


@pytest.mark.parametrize(
    ("value", "words"), [(" a b ", "a b"), ("x" * 999, "x" * 300), ("\ud800", "?"), (None, ""), (3, ""), (["a"], "")]
)
def test_names(value, words):
    assert text(value) == words


@pytest.mark.parametrize("value", [None, "0.5", True, [], math.nan, math.inf, 10**400])
def test_what_is_no_number(value):
    assert math.isnan(number(value))


def test_numbers():
    assert number(3) == 3.0
    assert number(-0.25) == -0.25


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2024-06-19T03:56:15Z", dt.date(2024, 6, 19)),
        ("2024-06-19T23:56:15-05:00", dt.date(2024, 6, 20)),
        ("2024-06-19", dt.date(2024, 6, 19)),
        (1741884380.5, dt.date(2025, 3, 13)),
        ("1741884380.5", dt.date(2025, 3, 13)),
        ("2031-01-01", None),
        ("1970-01-01", None),
        (0, None),
        (1e300, None),
        (True, None),
        ("soon", None),
        ("9999-12-31T23:59:59-23:59", None),
        (None, None),
    ],
)
def test_days(value, found):
    assert day(value, TODAY) == found


def test_a_model_is_as_old_as_its_first_result():
    made = lines(
        [
            Score("a", "me/x", "t", 0.5, Metric(), released=dt.date(2025, 2, 1)),
            Score("b", "me/x", "u", 0.25, Metric(), released=dt.date(2025, 1, 1)),
            Score("b", "me/y", "u", 0.25, Metric()),
        ]
    )
    days = made.fields["released"].dt.date
    assert days[:2].tolist() == [dt.date(2025, 1, 1)] * 2
    assert days.isna().tolist() == [False, False, True]


def test_metrics_of_one_task_may_differ_by_result():
    made = lines(
        [
            Score("a", "m", "t", 50.0, Metric(ceiling=100.0)),
            Score("b", "n", "t", 0.25, Metric("lower")),
            Score("c", "o", "t", 7.0),
            Score("d", "p", "t", 1.5, Metric()),
        ]
    )
    assert made.scores[:2].tolist() == [0.5, 0.75]
    assert made.reason[2:].tolist() == ["metric without known bounds", "value outside the metric's bounds"]
    assert lines([Score("c", "o", "t", 7.0)], metrics={"t": {"ceiling": 10}}).scores.tolist() == [0.7]


def test_tasks_not_asked_for_are_counted():
    notes: list[str] = []
    made = lines([Score("a", "m", "t", 0.5, Metric()), Score("a", "m", "u", 0.5, Metric())], tasks=("u",), notes=notes)
    assert made.tasks == ("u",)
    assert "1 result of tasks not asked for: 't'" in notes
    with pytest.raises(DataError, match="no task 'v'"):
        lines([Score("a", "m", "t", 0.5, Metric())], tasks=("v",))


def test_what_is_refused():
    with pytest.raises(DataError, match="cannot be called 'period'"):
        lines([Score("a", "m", "period", 0.5, Metric())])
    with pytest.raises(DataError, match="without any result"):
        lines([])


def test_reasons_that_are_there_stay():
    one, other = refused([Score("a", "m", "t", 0.5), Score("a", "m", "u", reason="no score")], "limited", "1 of 2")
    assert (one.reason, one.detail) == ("limited", "1 of 2")
    assert other.reason == "no score"
