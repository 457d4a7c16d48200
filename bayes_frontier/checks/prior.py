"""Prior predictive sanity: what boundaries the priors alone expect, and where the data lie among them."""

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import CheckInput, Records
from bayes_frontier.checks.result import Check, Limits, graded, rows_off, task_names, worst
from bayes_frontier.model.curve import bend, boundary_at
from bayes_frontier.model.sample import CURVE, prior_curves
from bayes_frontier.model.spec import ModelSpec

# Prior tail probability of the boundary that the data ask for, and width of the prior's central 90% in scores: small is
# bad for both.
TAIL = Limits(0.02, 0.002)
WIDTH = Limits(0.2, 0.05)
_DRAWS = 1200
_PARTS = ("low", "middle", "high")


def check(given: CheckInput) -> Check:
    """Check that the priors leave room and do not rule the scores out."""
    numbers = prior_predictive(given.frontier.spec, given.records, given.seed)
    numbers = numbers.assign(verdict=verdicts(numbers))
    return Check.from_rows("prior", numbers, sentence(numbers))


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
            rows_of_part = of_task & (third == i)
            if not rows_of_part.any():
                continue
            at = float(z[rows_of_part].median())
            prior = boundary_at(bend(at, draws["steepness"][:, k], records.data.compute.nodes), *curve)
            lower, median, upper = np.nanquantile(prior, [0.05, 0.5, 0.95])
            observed = float(records.table.loc[rows_of_part, "score"].quantile(records.tau))
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


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """Grade the priors: boundaries are scores, leave room, and do not rule the data out."""
    # small is bad for both: graded with the signs turned
    tail, width = (Limits(-limits.warn, -limits.fail) for limits in (TAIL, WIDTH))
    grades = [
        worst([graded(-t, tail), graded(-w, width), "fail" if out > 0.0 else "pass"])
        for t, w, out in numbers[["tail", "width", "outside"]].to_numpy(float)
    ]
    return pd.Series(grades, index=numbers.index, dtype=object)


def sentence(numbers: pd.DataFrame) -> str:
    """Say what the priors expect."""
    off = rows_off(numbers)
    if off.empty:
        return (
            f"Prior boundaries lie in [0, 1] and leave room ({numbers['width'].min():.2f} or more between 5% and 95%); "
            f"the scores' own quantiles have prior tail probabilities of {numbers['tail'].min():.2f} or more."
        )
    row = off.sort_values(["outside", "tail", "width"], ascending=[False, True, True]).iloc[0]
    reason = f"tail probability {row['tail']:.2g}"
    if row["outside"] > 0.0:
        reason = f"{row['outside']:.2g} of prior boundaries are no scores from 0 to 1"
    return (
        f"The priors do not fit {task_names(off)}: at {row['flops']:.2g} FLOPs they expect a boundary of "
        f"{row['lower']:.2f} to {row['upper']:.2f} (90%) on {row['task']}, where the scores' own quantile is "
        f"{row['observed']:.2f} ({reason}). Widen or move the priors in the model file."
    )
