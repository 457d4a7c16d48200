"""Coverage by groups: counts by hand, merged classes, bands that hold, and verdicts at the limits."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.checks import coverage
from bayes_frontier.checks.coverage import EVERY_TASK
from bayes_frontier.checks.records import Records
from tests.checks.posteriors import TAU, uniform_records


def test_rows_count_exceedances_of_every_task_and_each():
    made = uniform_records()
    found = coverage.by_task(made).set_index("task")
    assert list(found.index) == [EVERY_TASK, "reading", "maths"]
    above = made.table["score"] > TAU
    assert found.loc[EVERY_TASK, "exceedances"] == above.sum()
    assert found.loc["maths", "exceedances"] == above[made.table["task"] == "maths"].sum()
    assert found.loc[EVERY_TASK, "coverage"] == pytest.approx(1 - above.mean())
    assert found.loc[EVERY_TASK, "error"] == pytest.approx(1 - above.mean() - TAU)
    assert found.loc["maths", "expected"] == pytest.approx(200.0)
    assert found.loc["maths", "base_models"] == 20


def test_errors_on_which_the_mean_boundary_and_draws_disagree_do_not_count():
    made = uniform_records()
    opposite = made.table.assign(drawn=0.13)
    found = coverage.by_task(Records(None, opposite.assign(above=0.0), TAU, None))
    assert (found["error"] > 0.09).all()
    assert (found["drawn_error"] < 0).all()
    assert (found["counted"] == 0.0).all()
    agreed = coverage.by_task(Records(None, opposite.assign(above=0.2), TAU, None))
    np.testing.assert_allclose(agreed["counted"], -0.03)


def test_siblings_of_one_uploader_count_by_their_weight():
    made = uniform_records()
    # a tenth of the scores are one uploader's, all above the boundary, and weigh a hundredth each
    many = np.arange(4000) % 10 == 3
    score = np.where(many, 0.99, made.table["score"] * TAU)
    found = coverage.by_task(uniform_records(score=score, weight=np.where(many, 0.01, 1.0))).iloc[0]
    assert found["scores"] == 4000
    assert found["n"] == pytest.approx(3604.0)
    assert found["coverage"] == pytest.approx(3600 / 3604)
    assert coverage.by_task(uniform_records(score=score)).iloc[0]["coverage"] == pytest.approx(0.9)


def test_periods_have_their_labels_and_a_lowered_one_is_outside():
    made = uniform_records()
    late = made.table["period"] == 1
    lowered = uniform_records(boundary=TAU - 0.06 * late)
    found = coverage.by_period(lowered, ["early", "late"]).set_index(["task", "group"])
    assert len(found) == 6
    assert found.loc[(EVERY_TASK, "late"), "outside_fail"]
    assert found.loc[(EVERY_TASK, "late"), "counted"] == pytest.approx(-0.06, abs=0.02)
    assert not found.loc[(EVERY_TASK, "early"), "outside_warn"]


def test_classes_are_merged_until_five_exceedances_are_expected_in_each_task():
    made = uniform_records()
    found = coverage.by_compute(made)
    assert found["expected"].min() >= 5.0
    whole = found[found["task"] == EVERY_TASK]
    assert whole["n"].sum() == len(made.table)
    assert len(whole) == 10
    few = coverage.by_compute(uniform_records(n=400))
    assert few["expected"].min() >= 5.0
    assert 2 <= few["group"].nunique() < 5
    assert few.loc[few["task"] == EVERY_TASK, "n"].sum() == 400


@pytest.mark.parametrize(
    ("code", "needed", "expected"),
    [
        ([0, 0, 1, 1, 2, 2], 2, [0, 0, 1, 1, 2, 2]),
        ([0, 1, 2, 3], 2, [0, 0, 1, 1]),
        ([0, 0, 1], 2, [0, 0, 0]),
        ([0, 1, 2], 5, [0, 0, 0]),
        ([0, 2, 2], 1, [0, 1, 1]),
    ],
)
def test_merging(code, needed, expected):
    assert coverage._merged(np.array(code), needed).tolist() == expected


def test_size_classes_are_named_by_the_sizes_in_them():
    sizes = np.where(np.arange(4000) % 20 < 10, 12, 300)
    found = coverage.by_size(uniform_records(size=sizes))
    assert list(found["group"].unique()) == ["12", "300"]


def coverage_row(error: float, outside_warn: bool, outside_fail: bool) -> pd.DataFrame:
    return pd.DataFrame({"counted": [error], "outside_warn": [outside_warn], "outside_fail": [outside_fail]})


@pytest.mark.parametrize(
    ("error", "outside_warn", "outside_fail", "verdict"),
    [
        # at tau = 0.9 the limits are 0.0125 and 0.025
        (-0.03, True, True, "fail"),
        (0.03, True, False, "warn"),
        (-0.02, True, True, "warn"),
        (-0.03, False, False, "pass"),
        (0.01, True, True, "pass"),
    ],
)
def test_coverage_must_be_off_and_outside_the_noise(error, outside_warn, outside_fail, verdict):
    numbers = coverage_row(error, outside_warn, outside_fail)
    assert coverage.verdicts(numbers, 0.9, coverage.WHOLE).tolist() == [verdict]
