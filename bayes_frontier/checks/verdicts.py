"""Numbers to verdicts, by the limits in `bayes_frontier.checks.thresholds`."""

import numpy as np
import pandas as pd

from bayes_frontier.checks import thresholds as limit
from bayes_frontier.checks.result import Verdict, worst
from bayes_frontier.checks.thresholds import Limits


def graded(value: float, limits: Limits) -> Verdict:
    """Grade a number that should be small."""
    if np.isnan(value):
        return "unknown"
    return "fail" if value > limits.fail else "warn" if value > limits.warn else "pass"


def convergence(numbers: pd.DataFrame, divergent: float) -> Verdict:
    """Grade convergence: every quantity passes the gate, and few transitions diverge."""
    return graded(divergent, limit.DIVERGENT) if numbers["passes"].all() else "fail"


def coverage(numbers: pd.DataFrame, tau: float, limits: Limits) -> pd.Series:
    """Grade the coverage of groups: an error must matter and be outside the noise."""
    share = numbers["counted"].abs() / (1.0 - tau)
    found = pd.Series("pass", index=numbers.index)
    found[(share > limits.warn) & numbers["outside_warn"]] = "warn"
    found[(share > limits.fail) & numbers["outside_fail"]] = "fail"
    return found


def dispersion(numbers: pd.DataFrame) -> pd.Series:
    """Grade the dispersion of exceedances over base models: it must matter and not be chance."""
    found = pd.Series("pass", index=numbers.index)
    for verdict in ("warn", "fail"):
        large = numbers["dispersion"] > getattr(limit.DISPERSION, verdict)
        # as many tests as tasks
        found[large & (numbers["chance"] * len(numbers) <= getattr(limit.DISPERSION_CHANCE, verdict))] = verdict
    return found


def pinball(numbers: pd.DataFrame) -> pd.Series:
    """Grade the loss: below a constant's, and not improved by shifting the boundary."""
    excess = numbers["loss"] - numbers["constant"]
    # a constant that does better warns at once, and fails beyond two standard errors of the difference
    rows = zip(excess, 2.0 * numbers["difference_error"], numbers["gain"], strict=True)
    found = [worst([graded(more, Limits(0.0, beyond)), graded(gain, limit.SHIFT_GAIN)]) for more, beyond, gain in rows]
    return pd.Series(found, index=numbers.index, dtype=object)


def scale(numbers: pd.DataFrame) -> pd.Series:
    """Grade the likelihood's scale, as a factor either way."""
    factor = np.exp(np.abs(np.log(numbers["factor"].to_numpy(float))))
    return pd.Series([graded(value, limit.SCALE_FACTOR) for value in factor], index=numbers.index, dtype=object)


def crossing(numbers: pd.DataFrame) -> pd.Series:
    """Grade the order of boundaries at several levels."""
    return numbers["depth"].map(lambda value: graded(value, limit.CROSSING))


def prior(numbers: pd.DataFrame) -> pd.Series:
    """Grade the priors: boundaries are scores, leave room, and do not rule the data out."""
    # small is bad for both: graded with the signs turned
    tail, width = (Limits(-limits.warn, -limits.fail) for limits in (limit.PRIOR_TAIL, limit.PRIOR_WIDTH))
    graded_rows = [
        worst([graded(-t, tail), graded(-w, width), "fail" if out > 0.0 else "pass"])
        for t, w, out in numbers[["tail", "width", "outside"]].to_numpy(float)
    ]
    return pd.Series(graded_rows, index=numbers.index, dtype=object)


def influence(numbers: pd.DataFrame) -> pd.Series:
    """Grade the change that leaving one base model out makes."""
    size = numbers["in_sd"].abs().where(numbers["change"].abs() > limit.MIN_SHIFT, 0.0)
    found = size.map(lambda value: graded(value, limit.INFLUENCE))
    # unreliable weights miss part of a change: one that is large all the same is not in doubt
    return found.where((numbers["pareto_k"] <= limit.PARETO_K) | (found == "fail"), "unknown")
