"""Whether the likelihood's scale, and with it the width of every interval, is the one its residuals ask for."""

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import CheckInput, Records
from bayes_frontier.checks.result import Check, Limits, graded, rows_off, task_names
from bayes_frontier.model.calibration import clustered_scale
from bayes_frontier.posterior.frontier import Frontier

# The scale used over the scale asked for, as a factor either way: 1.25 moves the width of intervals by 12%, 2 by 40%.
FACTOR = Limits(1.25, 2.0)


def check(given: CheckInput) -> Check:
    """Check the likelihood's scale, task by task."""
    numbers = scale_used(given.frontier, given.records)
    numbers = numbers.assign(verdict=verdicts(numbers))
    return Check.from_rows("scale", numbers, sentence(numbers))


def scale_used(frontier: Frontier, records: Records) -> pd.DataFrame:
    """Compare the scale a posterior was drawn with to the calibrated one."""
    used = frontier.posterior["constant_data"].dataset["scale"].to_series()
    clusters = records.data.clusters if frontier.curves.has_base_models else records.data.clusters.without_base_models()
    calibrated = clustered_scale(records.residuals, clusters, records.tau, frontier.spec.likelihood.smoothing)
    numbers = pd.DataFrame({"task": list(frontier.tasks), "calibrated": calibrated.scale})
    numbers.insert(1, "scale", used.loc[list(frontier.tasks)].to_numpy())
    return numbers.assign(factor=numbers["scale"] / numbers["calibrated"])


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """Grade each task's scale, as a factor either way."""
    factor = np.exp(np.abs(np.log(numbers["factor"].to_numpy(float))))
    return pd.Series([graded(value, FACTOR) for value in factor], index=numbers.index, dtype=object)


def sentence(numbers: pd.DataFrame) -> str:
    """Say whether intervals have the width the residuals ask for."""
    ends = f"{numbers['factor'].min():.2f} to {numbers['factor'].max():.2f}"
    said = f"The likelihood's scale is {ends} times what the residuals ask for"
    off = rows_off(numbers)
    if off.empty:
        return f"{said}."
    return (
        f'{said}; off on {task_names(off)}. Intervals have the wrong width; fit with scale = "calibrated", or fit '
        "again if the data have changed."
    )
