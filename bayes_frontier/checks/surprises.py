"""New scores against what a fit expected of them, before it saw them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayes_frontier.posterior.prediction import chances, place, predictive_levels

if TYPE_CHECKING:
    from bayes_frontier.posterior.frontier import Frontier


def expectations(frontier: Frontier, models: pd.DataFrame) -> pd.DataFrame:
    """Set scores of models beside their predictive boundaries.

    Parameters
    ----------
    frontier : Frontier
        A fit that has not seen the scores.
    models : pandas.DataFrame
        Columns model, base_model, flops and one a task of the fit, NaN where not scored; optional released.

    Returns
    -------
    pandas.DataFrame
        One row a score: model, base_model, known (whether the base model was fitted), flops, task, score, boundary (the
        predictive one, exceeded with probability 1 - tau), above (probability that the boundary lies below the score)
        and chance (that a model like this one scores as high or higher). The least likely come first.

    Raises
    ------
    QueryError
        If a compute is not plausible.
    """
    names, asked = place(frontier, models)
    scores = models.reindex(columns=list(frontier.tasks)).to_numpy(dtype=np.float64)
    row, task = np.nonzero(~np.isnan(scores))
    level = predictive_levels(frontier.curves, *asked)
    above, chance = chances(frontier.curves, asked, scores)
    bases = asked.bases.to_numpy(dtype=object)[row]
    found = pd.DataFrame(
        {
            "model": names.to_numpy(dtype=object)[row],
            "base_model": bases,
            "known": np.isin(bases.astype(str), frontier.base_model_names),
            "flops": asked.flops.to_numpy(dtype=np.float64)[row],
            "task": np.array(frontier.tasks, dtype=object)[task],
            "score": scores[row, task],
            "boundary": level[row, task],
            "above": above[row, task],
            "chance": chance[row, task],
        }
    )
    return found.sort_values(["chance", "score"], ascending=[True, False], kind="stable", ignore_index=True)
