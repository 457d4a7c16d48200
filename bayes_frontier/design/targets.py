"""What is to be known better: boundaries of tasks over a range of compute, or the answer to a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import stats

from bayes_frontier.design.beliefs import Beliefs
from bayes_frontier.errors import QueryError
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.posterior.query import check_flops, check_prob, check_range, check_score, task_indices
from bayes_frontier.text import check_choice

Objective = Literal["base-models", "interval-width", "information", "question"]
OBJECTIVE: Objective = "base-models"
"""What a plan is for unless something else is said."""

# Points of log compute at which a boundary counts.
_POINTS = 15


@dataclass(frozen=True)
class Question:
    """Whether the boundary of a task at some compute lies above a score.

    Attributes
    ----------
    task : str
        The task.
    flops : float
        Compute.
    score : float
        Level, in [0, 1].
    prob : float
        The question counts as settled once one answer has this probability.
    """

    task: str
    flops: float
    score: float
    prob: float = 0.95


@dataclass(frozen=True)
class Targets:
    """Points at which boundaries are to be known, equally weighted: tasks (n_tasks,), z (n_targets,) in log10 FLOPs."""

    tasks: IntArray
    z: FloatArray

    @property
    def weights(self) -> FloatArray:
        """Weight of each target's variance, shape (n_tasks, n_targets)."""
        return np.full((len(self.tasks), len(self.z)), 1.0 / (len(self.tasks) * len(self.z)))


def targets(
    beliefs: Beliefs,
    objective: str,
    question: Question | None,
    focus: str | Sequence[str] | None,
    flops: tuple[float, float] | None,
    z: FloatArray,
) -> Targets:
    """Read what is to be known. Shapes: z (n_candidates,)."""
    check_choice(objective, get_args(Objective), "objective")
    if (question is None) == (objective == "question"):
        raise QueryError("question: the objective 'question' needs one, and only this objective takes one.")
    if question is not None:
        if focus is not None or flops is not None:
            raise QueryError("focus, flops: a question names its own task and compute; leave these out.")
        check_score(question.score)
        check_prob(question.prob)
        if question.prob <= 0.5:
            raise QueryError(f"question: settled needs a probability above 0.5, found {question.prob:g}.")
        return Targets(np.array(task_indices(question.task, beliefs.tasks)), log_flops(check_flops(question.flops)))
    wanted = [focus] if isinstance(focus, str) else list(beliefs.tasks if focus is None else focus)
    if not wanted:
        raise QueryError("focus: no task is named; leave the argument out for all.")
    tasks = np.array([task_indices(name, beliefs.tasks)[0] for name in dict.fromkeys(wanted)])
    low, high = check_range(flops) if flops is not None else (float(z.min()), float(z.max()))
    return Targets(tasks, np.linspace(low, high, _POINTS) if high > low else np.array([low]))


def settled(mean: float, before: float, after: FloatArray, question: Question) -> FloatArray:
    """Probability that a question will be settled: the posterior mean then has variance ``before - after``."""
    left = np.sqrt(np.maximum(after, 0.0))
    moves = np.sqrt(np.maximum(before - after, 1e-18))
    needed = stats.norm.ppf(question.prob) * left
    above, below = (mean - question.score - needed) / moves, (question.score - mean - needed) / moves
    return np.asarray(stats.norm.cdf(above) + stats.norm.cdf(below))
