"""Whether the likelihood's scale, and with it the width of every interval, is the one its residuals ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bayes_frontier.checks.records import Records
from bayes_frontier.model.calibration import Scale

if TYPE_CHECKING:
    from bayes_frontier.posterior.frontier import Frontier


def scale_used(frontier: Frontier, records: Records) -> pd.DataFrame:
    """Compare the scale a posterior was drawn with to the calibrated one."""
    used = frontier.posterior["constant_data"].dataset["scale"].to_series()
    asked = Scale.calibrated(records.residuals, records.tau, frontier.spec.likelihood.smoothing)
    found = pd.DataFrame({"task": list(frontier.tasks), "calibrated": asked.scale})
    found.insert(1, "scale", used.loc[list(frontier.tasks)].to_numpy())
    return found.assign(factor=found["scale"] / found["calibrated"])
