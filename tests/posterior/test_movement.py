"""How boundaries moved from one fit to the next."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from bayes_frontier.errors import QueryError
from bayes_frontier.posterior.drift import movement, same_period, usual_flops
from tests.draws import TASKS, make_frontier, small_evaluations


def test_the_same_fit_did_not_move():
    frontier = make_frontier()
    found = movement(frontier, frontier, [1e23, 1e24])
    assert found["task"].tolist() == [task for task in TASKS for _ in range(2)]
    assert (found["change"] == 0).all()
    assert (found["width"] == found["width_before"]).all()
    assert found["higher"].between(0.3, 0.7).all()


def test_a_raised_boundary_is_seen():
    before, after = make_frontier(midpoint=24.0), make_frontier(midpoint=23.0)
    found = movement(before, after, [1e24], prob=0.8)
    assert (found["change"] > 0.02).all()
    assert (found["higher"] > 0.6).all()
    drawn = after.attainable(1e24, prob=0.8)
    assert found["after"].to_numpy() == pytest.approx(drawn["mean"].to_numpy())
    assert found["lower"].to_numpy() == pytest.approx(drawn["lower"].to_numpy())


def test_bad_arguments():
    frontier = make_frontier()
    with pytest.raises(QueryError, match="prob"):
        movement(frontier, frontier, prob=90)
    with pytest.raises(QueryError, match="log10"):
        movement(frontier, frontier, [24.0])


def test_computes_lie_across_the_table():
    found = usual_flops(small_evaluations())
    assert found == sorted(found)
    assert all(value == float(f"{value:.1e}") for value in found)
    z = np.log10(small_evaluations().models["flops"])
    assert z.min() - 0.05 <= np.log10(found[0]) < np.log10(found[-1]) <= z.max() + 0.05


def test_a_period_is_found_again_by_its_closing_date():
    before = small_evaluations()
    assert before.period_ends == (dt.date(2024, 12, 31), None)
    assert same_period(before, before) == 1
    closed = before.select(periods=0)
    assert same_period(closed, before) == 0
    other = replace(before, period_ends=(dt.date(2024, 11, 30), None))
    assert same_period(closed, other) == 1
