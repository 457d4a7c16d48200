"""The check of the shape of boundaries: effects dealt at random pass, effects in a pattern along compute do not."""

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.checks import shape
from bayes_frontier.model.data import reference_compute
from tests.checks.posteriors import change, diagnosed, true_frontier


def with_effects(make, width=0.02):
    """Replace mean effects of the first task by a function of the rank of compute, from 0 to 1."""
    frontier = true_frontier(width=width)
    rank = reference_compute(frontier.evaluations.models, frontier.base_model_names).argsort().argsort()
    effect = make(rank / (len(rank) - 1.0))

    def replaced(values):
        centred = values - values.mean(("chain", "draw"))
        moved = centred.transpose(..., "base_model", "task").copy()
        moved[..., 0] += effect
        return moved

    return diagnosed(true_frontier(lambda tree: change(tree, base_model_effect=replaced), width=width))


def of(frontier):
    return shape.along_compute(frontier)


def test_effects_that_fall_along_compute_fail():
    frontier = with_effects(lambda place: 0.6 * (0.5 - place))
    (found,) = [one for one in bf.check(frontier, only=["shape"]) if one.name == "shape"]
    assert found.verdict == "fail"
    assert found.table.set_index("task")["verdict"].to_dict() == {"task_1": "fail", "task_2": "pass"}
    assert "in a pattern along compute, on 'task_1'" in found.sentence


def test_effects_dealt_at_random_are_seldom_called_a_pattern(monkeypatch):
    monkeypatch.setattr(shape, "_PERMUTATIONS", 400)
    rng = np.random.default_rng(3)
    chances = np.array(
        [of(with_effects(lambda place: rng.normal(0.0, 0.2, len(place))))["chance"][0] for _ in range(20)]
    )
    # uniform, if the order is chance: of 20, more than 4 at or below 0.05 would come once in 400 times
    assert (chances <= 0.05).sum() <= 4
    assert chances.max() > 0.5


@pytest.mark.parametrize(("chance", "in_sd", "verdict"), [
    (0.001, 2.0, "fail"), (0.001, 0.7, "warn"), (0.001, 0.2, "pass"), (0.02, -2.0, "warn"), (0.3, 9.0, "pass"),
])  # fmt: skip
def test_a_pattern_must_matter_and_not_be_chance(chance, in_sd, verdict):
    numbers = shape.pd.DataFrame({"chance": [chance], "in_sd": [in_sd]})
    assert shape.verdicts(numbers).tolist() == [verdict]


def test_without_effects_or_with_few_base_models_there_is_nothing_to_tell():
    few = diagnosed(true_frontier(n_base_models=8))
    (found,) = [one for one in bf.check(few, only=["shape"]) if one.name == "shape"]
    assert found.verdict == "unknown"
    assert "fewer than 12 base models" in found.sentence
