"""Convergence of the boundaries, and divergences of the sampler: without it, no other check is run."""

import pandas as pd

from bayes_frontier.checks.records import CheckInput
from bayes_frontier.checks.result import Check, Limits, Verdict, graded
from bayes_frontier.posterior.diagnostics import passes

# Divergent transitions as a share of draws.
DIVERGENT = Limits(0.001, 0.02)


def check(given: CheckInput) -> Check:
    """Check that chains agree on every boundary quantity, and that few transitions diverge."""
    diagnostics = given.frontier.diagnostics
    numbers = diagnostics.assign(passes=passes(diagnostics))
    divergent = float(given.frontier.posterior["sample_stats"].dataset["diverging"].mean())
    words = sentence(numbers, divergent, given.frontier.convergence_text())
    return Check("convergence", verdict(numbers, divergent), numbers, words, "convergence")


def verdict(numbers: pd.DataFrame, divergent: float) -> Verdict:
    """Grade convergence: every quantity passes the gate, and few transitions diverge."""
    return graded(divergent, DIVERGENT) if numbers["passes"].all() else "fail"


def sentence(numbers: pd.DataFrame, divergent: float, convergence_text: str) -> str:
    """Say how the chains agree, and how many transitions diverged."""
    if not numbers["passes"].all():
        return convergence_text
    more = "" if divergent <= DIVERGENT.warn else " More than a few: raise --tune, or look at the model's priors."
    return f"{convergence_text} {100 * divergent:.2g}% of transitions diverged.{more}"
