"""What is to be known."""

import numpy as np
import pytest

from bayes_frontier.design.beliefs import Beliefs
from bayes_frontier.design.targets import Question, settled, targets
from bayes_frontier.errors import QueryError

Z = np.array([22.0, 23.0, 24.5])


def ask(frontier, objective="interval-width", question=None, focus=None, flops=None):
    return targets(Beliefs.from_frontier(frontier), objective, question, focus, flops, Z)


def test_by_default_all_tasks_over_the_candidates_compute(frontier):
    found = ask(frontier)
    assert found.tasks.tolist() == [0, 1]
    assert (found.z[0], found.z[-1]) == (22.0, 24.5)
    assert found.weights.shape == (2, len(found.z))
    assert found.weights.sum() == pytest.approx(1.0)


def test_focus_and_range(frontier):
    found = ask(frontier, focus="reading", flops=(1e23, 1e25))
    assert found.tasks.tolist() == [1]
    assert (found.z[0], found.z[-1]) == (pytest.approx(23.0), pytest.approx(25.0))
    assert ask(frontier, focus=["reading", "maths", "reading"]).tasks.tolist() == [1, 0]


def test_a_question_is_one_point(frontier):
    found = ask(frontier, "question", Question("reading", 1e24, 0.5))
    assert found.tasks.tolist() == [1]
    assert found.z == pytest.approx([24.0])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"objective": "informations"}, "Did you mean 'information'"),
        ({"objective": "question"}, "needs one"),
        ({"question": Question("maths", 1e24, 0.5)}, "only this objective"),
        ({"objective": "question", "question": Question("maths", 1e24, 0.5), "focus": "maths"}, "leave these out"),
        ({"objective": "question", "question": Question("maths", 1e24, 50.0)}, "score must lie between 0 and 1"),
        ({"objective": "question", "question": Question("maths", 24.0, 0.5)}, "looks like log10"),
        ({"objective": "question", "question": Question("maths", 1e24, 0.5, 0.4)}, "above 0.5"),
        ({"focus": "math"}, "Did you mean 'maths'"),
        ({"focus": []}, "no task is named"),
        ({"flops": (1e25, 1e23)}, "the lower first"),
    ],
)
def test_what_cannot_be_asked(frontier, arguments, words):
    with pytest.raises(QueryError, match=words):
        ask(frontier, **arguments)


def test_the_probability_of_settling_is_that_of_simulated_futures():
    mean, before, after = 0.52, 0.03**2, np.array([0.029**2, 0.015**2, 0.005**2])
    question = Question("maths", 1e24, 0.5, 0.9)
    rng = np.random.default_rng(0)
    futures = mean + np.sqrt(before - after)[:, None] * rng.standard_normal((3, 200_000))
    needed = 1.2816 * np.sqrt(after)[:, None]
    simulated = (np.abs(futures - question.score) > needed).mean(axis=1)
    found = settled(mean, before, after, question)
    # 200,000 futures give a probability to 0.001.
    assert found == pytest.approx(simulated, abs=0.005)
    assert np.diff(found).min() > 0


def test_before_anything_is_learnt_the_question_is_settled_or_not():
    question = Question("maths", 1e24, 0.5)
    assert settled(0.6, 0.02**2, np.array([0.02**2]), question)[0] == pytest.approx(1.0)
    assert settled(0.51, 0.02**2, np.array([0.02**2]), question)[0] == pytest.approx(0.0)
