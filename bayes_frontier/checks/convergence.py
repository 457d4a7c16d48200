"""Convergence of the boundaries, and divergences of the sampler: without it, no other check is run."""

import pandas as pd

from bayes_frontier.checks.records import CheckInput
from bayes_frontier.checks.result import Check, Limits, Verdict, graded
from bayes_frontier.posterior.diagnostics import passes
from bayes_frontier.posterior.frontier import Frontier

# Divergent transitions as a share of draws.
DIVERGENT = Limits(0.001, 0.02)


def check(given: CheckInput) -> Check:
    """Check that chains agree on every boundary quantity, and that few transitions diverge."""
    numbers, divergent = diagnostics(given.frontier), divergent_share(given.frontier)
    words = sentence(numbers, divergent, given.frontier.convergence_text())
    return Check("convergence", verdict(numbers, divergent), numbers, words, "convergence")


def diagnostics(frontier: Frontier) -> pd.DataFrame:
    """Diagnostics of all boundary quantities, and whether each passes the gate."""
    table = frontier.diagnostics
    return table.assign(passes=passes(table))


def divergent_share(frontier: Frontier) -> float:
    """Share of draws that are divergent transitions."""
    return float(frontier.posterior["sample_stats"].dataset["diverging"].mean())


def verdict(numbers: pd.DataFrame, divergent: float) -> Verdict:
    """Grade convergence: every quantity passes the gate, and few transitions diverge."""
    return graded(divergent, DIVERGENT) if numbers["passes"].all() else "fail"


def sentence(numbers: pd.DataFrame, divergent: float, convergence_text: str) -> str:
    """Say how the chains agree, and how many transitions diverged."""
    if not numbers["passes"].all():
        return convergence_text
    more = "" if divergent <= DIVERGENT.warn else " More than a few: raise --tune, or look at the model's priors."
    return f"{convergence_text} {100 * divergent:.2g}% of transitions diverged.{more}"
