"""Boundaries at several levels: where they cross, and fits that cannot be compared."""

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.checks.crossing import comparable, crossing
from bayes_frontier.errors import QueryError
from tests.checks.posteriors import moved, true_frontier


def test_crossing_is_measured_where_it_is_deepest():
    high, low = true_frontier(width=1e-3), true_frontier(moved(0.06, task="task_1"), tau=0.8, width=1e-3)
    found = crossing([high, low]).set_index(["task", "boundary"])
    assert len(found) == 4
    # on the logit scale with the effects of base models, so not the same for each
    assert found.loc[("task_1", "base model"), "depth"] == pytest.approx(0.06, abs=0.01)
    assert found.loc[("task_1", "base model"), "share"] == 1.0
    # the population boundary of the lower level lies lower among the same residuals, which takes a part of it back
    assert 0.01 < found.loc[("task_1", "population"), "depth"] < 0.06
    assert found.loc[("task_2", "population"), "depth"] < 0.0
    assert found.loc[("task_1", "population"), "probability"] > 0.99
    assert np.isnan(found.loc[("task_1", "base model"), "probability"])
    assert (found["tau_low"] == 0.8).all()


def test_three_levels_are_compared_in_order():
    ordered = comparable([true_frontier(tau=tau) for tau in (0.9, 0.5, 0.8)])
    assert [one.tau for one in ordered] == [0.5, 0.8, 0.9]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (lambda: true_frontier(), "Two fits have tau = 0.9"),
        (lambda: true_frontier(tau=0.8, seed=6), "is of other scores"),
        (lambda: relabelled(), "different periods"),
    ],
)
def test_fits_that_cannot_be_compared_are_refused(other, words):
    with pytest.raises(QueryError, match=words):
        bf.check(true_frontier(), others=[other()])


def relabelled() -> bf.Frontier:
    frontier = true_frontier(tau=0.8)
    models = frontier.evaluations.models.drop(columns=["period", "source_row"])
    frontier.evaluations = bf.Evaluations.from_models(models, frontier.tasks, periods=["2024-11-30"])
    return frontier
