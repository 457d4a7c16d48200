"""Plausibility of numbers, at and around its limits."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables.sheet import check_flops, check_scores, check_size, make_sheet


def sheet(values):
    return make_sheet(pd.DataFrame({"x": values, "y": 0}), "line", "t.csv")


def found(check, values, *args, **options):
    values = np.asarray(values, dtype=float)
    with pytest.raises(DataError) as caught:
        check(sheet(values), "x", values, *args, **options)
    return str(caught.value)


def test_scores_at_the_limits_pass():
    values = np.array([0.0, 1.0, np.nan])
    assert check_scores(sheet(values), "x", values) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.5, 1.5, np.nan], "1 of 2 scores above 1: line 2 (1.5). Scores must lie in [0, 1]"),
        ([0.5, 1.51], "up to 1.51: line 2 (1.51). Scores must lie in [0, 1]"),
        ([0.5, 100.0], "percentages: divide by 100; 1 others lie between 0 and 1, so that the column mixes both"),
        ([0.5, 100.5], "values up to 100.5 are not scores"),
        ([0.5, -1e-12], "1 of 2 scores negative: line 2 (-1e-12)"),
        ([-np.inf, 0.5], "not finite: line 1 (-inf)"),
    ],
)
def test_scores_past_the_limits(values, words):
    assert words in found(check_scores, values)


def test_the_task_of_a_long_table_is_named_and_no_advice_on_columns_given():
    message = found(check_scores, [0.5, 55.0], task="bbh")
    assert "column 'x', task 'bbh'" in message
    assert "not a task" not in message
    assert "not a task" in found(check_scores, [0.5, 55.0])


def test_flops_at_the_limits_pass():
    values = np.array([1e15, 1e30, np.nan])
    assert check_flops(sheet(values), "x", values) is None
    nothing = np.array([np.nan, np.nan])
    assert check_flops(sheet(nothing), "x", nothing) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([15.0, 30.0], "log10"),
        ([15.0, 30.1], "ZFLOPs"),
        ([14.9, 20.0], "ZFLOPs"),
        ([1e-3, 1e7], "ZFLOPs"),
        ([1e-4, 1e3], "2 of 2 FLOPs outside 1e+15 to 1e+30"),
        ([1e14, 1e22], "1 of 2 FLOPs outside 1e+15 to 1e+30: line 1 (100000000000000.0)"),
        ([np.nan, 0.0], "1 of 1 FLOPs not positive"),
    ],
)
def test_flops_past_the_limits(values, words):
    assert words in found(check_flops, values)


def test_sizes():
    values = np.array([7.0, 0.0, -1.0, np.nan])
    kept = check_size(sheet(values), "x", values, 1e9, 1e5, "parameters in billions")
    np.testing.assert_array_equal(kept, [7.0, np.nan, np.nan, np.nan])
    message = found(check_size, [7.0, 7e9], 1e9, 1e5, "parameters in billions")
    assert "1 of 2 values too large: line 2 (7000000000.0). Give parameters in billions: divide by 1e+09." in message
