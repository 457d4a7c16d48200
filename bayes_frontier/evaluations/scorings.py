"""Whether one table holds two scorings of a task."""

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.pairing import SAME, matrix
from bayes_frontier.wording import count, listed

_FEWEST, _MANY = 3, 0.05


def mixed_scorings(evaluations: Evaluations, tolerance: float = SAME) -> dict[str, int]:
    """Find tasks on which one table holds two scorings: copies of a record that agree but for that task.

    That is what two versions of a leaderboard look like when one is appended to the other. Records of one model that
    are other runs (precisions) disagree on most tasks and do not count.

    Parameters
    ----------
    evaluations : Evaluations
        A table.
    tolerance : float
        Scores this close are equal.

    Returns
    -------
    dict of str to int
        Tasks, with the number of models whose records disagree on them, for those with three or more and at least
        5% of all such copies.
    """
    models = evaluations.models
    again = models["model"].duplicated(keep=False).to_numpy()
    if not again.any():
        return {}
    tasks = list(evaluations.tasks)
    scores = matrix(evaluations, tasks)[again]
    codes = pd.factorize(models["model"][again])[0]
    order = np.argsort(codes, kind="stable")
    scores, codes = scores[order], codes[order]
    next_to = np.flatnonzero(codes[1:] == codes[:-1])
    apart = np.abs(scores[next_to + 1] - scores[next_to])
    equal, other = apart <= tolerance, apart > tolerance
    copies = (equal.sum(axis=1) >= 1) & (other.sum(axis=1) >= 1) & (equal.sum(axis=1) >= other.sum(axis=1))
    counts = other[copies].sum(axis=0)
    fewest = max(_FEWEST, _MANY * copies.sum())
    return {task: int(n) for task, n in zip(tasks, counts, strict=True) if n >= fewest}


def require_one_scoring(evaluations: Evaluations) -> None:
    """Refuse a table that holds two scorings of a task.

    Parameters
    ----------
    evaluations : Evaluations
        A table to fit.

    Raises
    ------
    DataError
        If `mixed_scorings` finds any.
    """
    found = mixed_scorings(evaluations)
    if found:
        which = ", ".join(f"{task} ({count(n, 'model')})" for task, n in found.items())
        raise DataError(
            f"{evaluations.source} mixes scorings: records of one model agree on other tasks and differ on {which}, as "
            f"when versions of a leaderboard are appended to each other. Leave {listed(found)} out, keep one record a "
            "model (duplicates first), or combine the versions and say which scoring counts."
        )
