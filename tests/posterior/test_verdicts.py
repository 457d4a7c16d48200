"""Verdicts from probabilities: what is probable enough is said, anything else stays open."""

import numpy as np
import pytest
import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.posterior.drift import chances_of_change, check_settings, choose_statement, sure


def test_one_sided_statements_need_the_interval_on_one_side():
    assert sure(0.9) == pytest.approx(0.95)


def test_chances_of_a_change_add_up_and_count_its_border_as_still():
    change = xr.DataArray([[0.02, -0.02, 0.05], [0.0, 0.03, -0.5]], dims=("chain", "draw"))
    up, down, still = (float(part) for part in chances_of_change(change, 0.02))
    assert (up, down, still) == (pytest.approx(2 / 6), pytest.approx(1 / 6), pytest.approx(3 / 6))
    by_task = chances_of_change(change.rename(chain="task"), 0.02)[0]
    assert by_task.dims == ("task",)
    np.testing.assert_allclose(by_task, [1 / 3, 1 / 3])


def test_what_is_probable_enough_is_said():
    probabilities = {
        "up": xr.DataArray([0.96, 0.5, 0.0, np.nan], dims="task"),
        "down": xr.DataArray([0.0, 0.5, 0.95, np.nan], dims="task"),
    }
    assert choose_statement(probabilities, 0.95, "open").to_numpy().tolist() == ["up", "open", "down", "open"]
    assert set(choose_statement(probabilities, None, "open").to_numpy()) == {"open"}


def test_statements_are_aligned_by_dimension():
    first = xr.DataArray(np.array([[0.9, 0.1], [0.2, 0.3]]), dims=("task", "flops"))
    words = choose_statement({"a": first, "b": (1.0 - first).transpose("flops", "task")}, 0.75, "open")
    assert words.transpose("task", "flops").to_numpy().tolist() == [["a", "b"], ["b", "open"]]


@pytest.mark.parametrize(
    ("delta", "prob", "words"),
    [
        (0.02, 0.5, "prob must exceed 0.5, found 0.5"),
        (0.02, 90.0, "For 90 % pass 0.9"),
        (2.0, 0.9, "For 2 points pass 0.02"),
        (-0.1, 0.9, "delta must lie in"),
    ],
)
def test_settings_out_of_range_are_refused(delta, prob, words):
    with pytest.raises(QueryError, match=words):
        check_settings(delta, prob)
