"""A posterior that is right passes; one that is wrong on purpose is caught, each by what it spoils."""

from functools import cache

import numpy as np
import pytest

from studies.calibration.scenarios import Scenario
from studies.calibration.scoring import MODEL, replicate
from studies.calibration.summary import MOST_ERROR, bars, own_table, point_table, population_table, size_labels, wanting
from tests.studies.fakes import Fake

OPTIONS = {"n_base_models": 20, "tasks": 3, "correlation": 0.3}


PLAIN = Scenario("three-tasks", "for tests", clusters="free", n_models=240, options=OPTIONS)


@cache
def simulated(replication):
    return PLAIN.simulate(replication)


class Kept(Scenario):
    """A scenario whose data sets are simulated once."""

    def simulate(self, replication):
        return simulated(replication)


SCENARIO = Kept(**vars(PLAIN))
N = 36


def lines(**spoilt) -> list[dict]:
    ask = Fake(SCENARIO, **spoilt)
    return [replicate(SCENARIO, r, ask, compare=False) for r in range(N)]


def missed(**spoilt) -> list[str]:
    return [bar.name for bar in bars(lines(**spoilt), [SCENARIO]) if not bar.passed]


@pytest.fixture(scope="module")
def right() -> list[dict]:
    return lines()


def test_a_right_posterior_passes(right):
    assert [bar.name for bar in bars(right, [SCENARIO]) if not bar.passed] == []


def test_coverage_of_a_right_posterior_is_nominal(right):
    row = population_table(right).iloc[0]
    assert row["replications"] == N
    for column, nominal in (("covered50", 0.5), ("covered80", 0.8), ("covered90", 0.9), ("covered95", 0.95)):
        # 36 replications of 3 tasks and 2 independent halves of a curve: 216 outcomes, four standard errors
        assert row[column] == pytest.approx(nominal, abs=4 * np.sqrt(nominal * (1 - nominal) / 216))
    assert row["width"] == pytest.approx(2 * 1.645 * 0.02, rel=0.05)
    assert abs(row["bias"]) < 4 * 0.02 / np.sqrt(360)


def test_the_monte_carlo_error_counts_replications_not_points(right):
    row = population_table(right).iloc[0]
    # six independent outcomes a replication, of which nine points a task are copies
    assert row["covered90_se"] == pytest.approx(np.sqrt(0.09 / 216), rel=0.4)


@pytest.mark.parametrize(
    ("spoilt", "expected"),
    [
        ({"shrink": 0.4}, "coverage of 90% intervals, averaged over scenarios"),
        ({"shrink": 2.0}, "coverage of 50% intervals, averaged over scenarios"),
        ({"effects": False}, "coverage of 90% intervals for base-model boundaries"),
        ({"swap": True}, "coverage of 90% intervals of every task"),
        ({"shift": 0.012}, "absolute bias of the posterior mean, averaged over scenarios"),
    ],
    ids=["scale too small", "scale too large", "effects removed", "one task swapped", "shifted"],
)
def test_a_wrong_posterior_is_caught(spoilt, expected):
    assert expected in missed(**spoilt)


def test_effects_removed_leave_the_population_bars_alone():
    assert missed(effects=False) == ["coverage of 90% intervals for base-model boundaries"]


def test_base_models_are_told_apart_by_their_size(right):
    table = own_table(right).set_index("models")
    assert [*size_labels(), "all"] == ["1 to 4", "5 to 19", "20 and more", "all"]
    assert set(table.index) <= {*size_labels(), "all"}
    assert table.loc["all", "covered90"] == pytest.approx(0.9, abs=0.03)


def test_points_are_placed_from_lowest_to_highest_compute(right):
    points = point_table(right)
    assert points["position"].tolist() == pytest.approx(np.linspace(0, 1, 9))
    assert set(points["method"]) == {MODEL}


def with_coverage(name: str, shares: list[float]) -> list[dict]:
    """Replications of one scenario, whose 90% intervals cover these shares of the points."""
    part = {"width": [0.1], "bias": [0.0]}
    return [
        {"scenario": name, "population": {MODEL: {"covered": [[0.5, 0.8, share, 0.95]], **part}}} for share in shares
    ]


def test_scenarios_not_known_well_enough_get_more_replications():
    # standard deviations of 0.3 and 0.06: errors of 0.075 and 0.015 with 16 replications
    rough, fine = with_coverage("rough", [0.6, 1.2] * 8), with_coverage("fine", [0.84, 0.96] * 8)
    error = 0.3 * np.sqrt(16 / 15) / 4
    needed = int(np.ceil(16 * (error / MOST_ERROR) ** 2))
    assert needed > 32
    # never more than twice as many at once: an error of few replications is not well known itself
    assert wanting(rough + fine, most=1000) == {"rough": 32}
    assert wanting(rough + fine, most=20) == {"rough": 20}
    assert wanting(rough + fine, most=16) == {}
    assert wanting(fine, most=1000) == {}
    many = with_coverage("rough", [0.8, 1.0] * 10)
    error = 0.1 * np.sqrt(20 / 19) / np.sqrt(20)
    assert error < MOST_ERROR
    assert wanting(many, most=1000) == {}
