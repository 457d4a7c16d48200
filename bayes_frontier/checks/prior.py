"""Prior predictive sanity: what boundaries the priors alone expect, and where the data lie among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import Records
from bayes_frontier.model.curve import boundary_at
from bayes_frontier.model.sample import CURVE, prior_curves

if TYPE_CHECKING:
    from bayes_frontier.model.spec import ModelSpec

_DRAWS = 1200
_PARTS = ("low", "middle", "high")


def prior_predictive(spec: ModelSpec, records: Records, seed: int) -> pd.DataFrame:
    """Compare the prior of the boundary, for a typical base model, to the scores' own quantile."""
    draws = prior_curves(spec, records.data, _DRAWS, seed)
    z = records.table["z"]
    third = np.searchsorted(np.unique(np.quantile(z, [1 / 3, 2 / 3])), z.to_numpy(), side="left")
    rows = []
    for k, task in enumerate(records.data.tasks):
        curve = [draws[name][:, k, -1] for name in CURVE]
        of_task = (records.table["task"] == task).to_numpy()
        for i, part in enumerate(_PARTS):
            chosen = of_task & (third == i)
            if not chosen.any():
                continue
            at = float(z[chosen].median())
            prior = boundary_at(at, *curve)
            lower, median, upper = np.nanquantile(prior, [0.05, 0.5, 0.95])
            observed = float(records.table.loc[chosen, "score"].quantile(records.tau))
            beyond = (1.0 + min((prior <= observed).sum(), (prior >= observed).sum())) / (1.0 + len(prior))
            rows.append(
                {
                    "task": task,
                    "part": part,
                    "flops": 10.0**at,
                    "lower": lower,
                    "median": median,
                    "upper": upper,
                    "width": upper - lower,
                    "outside": float(np.mean(~((prior >= 0.0) & (prior <= 1.0)))),
                    "observed": observed,
                    "tail": min(1.0, 2.0 * float(beyond)),
                }
            )
    return pd.DataFrame(rows)
