"""Budgets as people write them."""

import math

import pytest

from bayes_frontier.design.candidates import read_budget
from bayes_frontier.errors import QueryError


@pytest.mark.parametrize(
    ("budget", "n", "cost", "count"),
    [
        ("20%", None, 40.0, 10),
        ("100 %", None, 200.0, 10),
        (50, None, 50.0, 10),
        ("5e1", 3, 50.0, 3),
        (None, 4, math.inf, 4),
        (None, 99, math.inf, 10),
    ],
)
def test_amounts_shares_and_numbers(budget, n, cost, count):
    read = read_budget(budget, n, 200.0, 10)
    assert (read.cost, read.count) == (pytest.approx(cost), count)


@pytest.mark.parametrize(
    ("budget", "n", "words"),
    [
        (None, None, "n models"),
        ("a lot", None, "'a lot'"),
        ("-5", None, "positive"),
        (0, None, "positive"),
        ("nan", None, "'nan'"),
        ("inf", None, "'inf'"),
        ("120%", None, "more than all"),
        (None, 0, "at least one"),
    ],
)
def test_what_cannot_be_read_is_refused(budget, n, words):
    with pytest.raises(QueryError, match=words):
        read_budget(budget, n, 200.0, 10)
