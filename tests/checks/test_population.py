"""The check of the population: base models left out lie above its boundary as often as it says, or not."""

import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.checks import population
from tests.checks.posteriors import change, diagnosed, moved, true_frontier


def found(edit=None, **options) -> bf.Check:
    checks = bf.check(diagnosed(true_frontier(edit, **options)), only=["population"])
    return next(one for one in checks if one.name == "population")


def test_the_truth_passes_and_groups_are_parts_of_the_compute_range():
    one = found()
    assert one.verdict == "pass"
    assert one.table.groupby("task")["compute"].apply(list).tolist() == [["all", "low", "middle", "high"]] * 2
    assert (one.table["expected"].round(9) == 0.1).all()
    assert one.table["share"].between(0.02, 0.3).all()


def test_a_population_boundary_far_too_low_is_found():
    # effects of nearly nothing about a curve 0.1 too low: what base models have over it is no chance
    one = found(lambda tree: change(moved(-0.1)(tree), base_model_effect=lambda e: 0.01 * e))
    assert one.verdict == "fail"
    assert "Answers for new base models are too low." in one.sentence


def test_few_base_models_cannot_tell():
    assert found(n_base_models=6).verdict == "unknown"


@pytest.mark.parametrize(
    ("share", "chance", "verdict"),
    [(0.25, 0.001, "fail"), (0.16, 0.001, "warn"), (0.25, 0.3, "pass"), (0.12, 0.001, "pass"), (0.04, 0.001, "fail")],
)
def test_a_share_must_be_off_by_a_factor_and_not_by_chance(share, chance, verdict):
    numbers = pd.DataFrame({"share": [share], "expected": [0.1], "chance": [chance]})
    assert population.verdicts(numbers).tolist() == [verdict]
