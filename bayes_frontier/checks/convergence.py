"""Convergence of the boundaries, and divergences of the sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from bayes_frontier.posterior.diagnostics import passes

if TYPE_CHECKING:
    from bayes_frontier.posterior.frontier import Frontier


def convergence(frontier: Frontier) -> pd.DataFrame:
    """Diagnostics of all boundary quantities, and whether each passes the gate."""
    table = frontier.diagnostics
    return table.assign(passes=passes(table))


def divergent_share(frontier: Frontier) -> float:
    """Share of draws that are divergent transitions."""
    return float(frontier.posterior["sample_stats"].dataset["diverging"].mean())
