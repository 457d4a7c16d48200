"""Convergence of the boundaries, and divergences of the sampler: without it, no other check is run."""

import pandas as pd

from bayes_frontier.checks.records import CheckInput
from bayes_frontier.checks.result import Check, Limits, Verdict, graded
from bayes_frontier.posterior.diagnostics import FEW_DIVERGENT, MOST_DIVERGENT, divergent_share, passes

# Divergent transitions as a share of draws; a fit above the second has not converged.
DIVERGENT = Limits(FEW_DIVERGENT, MOST_DIVERGENT)


def check(given: CheckInput) -> Check:
    """Check that chains agree on every boundary quantity, and that few transitions diverge."""
    table, divergent = given.frontier.diagnostics, divergent_share(given.frontier.posterior["sample_stats"].dataset)
    numbers = table.assign(passes=passes(table))
    words = sentence(numbers, divergent, given.frontier.convergence_text())
    return Check("convergence", verdict(numbers, divergent), numbers, words, "convergence")


def verdict(numbers: pd.DataFrame, divergent: float) -> Verdict:
    """Grade convergence: every quantity passes the gate, and few transitions diverge."""
    return graded(divergent, DIVERGENT) if numbers["passes"].all() else "fail"


def sentence(numbers: pd.DataFrame, divergent: float, convergence_text: str) -> str:
    """Say how the chains agree, and what helps where more than a few transitions diverged."""
    # a fit that fails says by itself what helps
    if divergent <= DIVERGENT.warn or verdict(numbers, divergent) == "fail":
        return convergence_text
    more = (
        "More than a few diverged: fit again with smaller steps (--target-accept 0.95), or look at the model's priors."
    )
    return f"{convergence_text} {more}"
