"""Convergence of the boundaries, and divergences of the sampler: without it, no other check is run."""

import pandas as pd

from bayes_frontier.checks.records import CheckInput
from bayes_frontier.checks.result import Check, Limits, Verdict, graded
from bayes_frontier.posterior.diagnostics import FEW_DIVERGENT, MOST_DIVERGENT, divergent_share, passes

# Divergent transitions as a share of draws; a fit above the second has not converged.
DIVERGENT = Limits(FEW_DIVERGENT, MOST_DIVERGENT)
# Transitions that end where the sampler's steps are used up, as a share of draws: slow, and no sign of a wrong answer.
DEEPEST = 0.01


def check(given: CheckInput) -> Check:
    """Check that chains agree on every boundary quantity, and that few transitions diverge or use up their steps."""
    table, stats = given.frontier.diagnostics, given.frontier.posterior["sample_stats"].dataset
    numbers, divergent = table.assign(passes=passes(table)), divergent_share(stats)
    deepest = float(stats["reached_max_treedepth"].mean()) if "reached_max_treedepth" in stats else 0.0
    words = sentence(numbers, divergent, given.frontier.convergence_text())
    if deepest > DEEPEST:
        words += f" {100 * deepest:.2g}% of transitions reached the greatest tree depth: look at the model's priors."
    return Check("convergence", verdict(numbers, divergent, deepest), numbers, words, "convergence")


def verdict(numbers: pd.DataFrame, divergent: float, deepest: float = 0.0) -> Verdict:
    """Grade convergence: every quantity passes the gate, few transitions diverge, few use up their steps."""
    if not numbers["passes"].all():
        return "fail"
    grade = graded(divergent, DIVERGENT)
    return "warn" if grade == "pass" and deepest > DEEPEST else grade


def sentence(numbers: pd.DataFrame, divergent: float, convergence_text: str) -> str:
    """Say how the chains agree, and what helps where more than a few transitions diverged."""
    # a fit that fails says by itself what helps
    if divergent <= DIVERGENT.warn or verdict(numbers, divergent) == "fail":
        return convergence_text
    more = (
        "More than a few diverged: fit again with smaller steps (--target-accept 0.95), or look at the model's priors."
    )
    return f"{convergence_text} {more}"
