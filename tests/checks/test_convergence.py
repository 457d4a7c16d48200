"""Convergence: what is said and judged of divergences."""

import pandas as pd

from bayes_frontier.checks import convergence


def test_divergences_are_said_and_judged():
    numbers = pd.DataFrame({"passes": [True]})
    assert [convergence.verdict(numbers, share) for share in (0.0, 0.01, 0.05)] == ["pass", "warn", "fail"]
    assert convergence.sentence(numbers, 0.01, "Converged.").startswith("Converged. More than a few diverged")
    assert convergence.verdict(pd.DataFrame({"passes": [True, False]}), 0.0) == "fail"


def test_transitions_that_use_up_their_steps_are_said():
    numbers = pd.DataFrame({"passes": [True]})
    grades = [
        convergence.verdict(numbers, share, deepest) for share, deepest in ((0.0, 0.02), (0.05, 0.02), (0.0, 0.005))
    ]
    assert grades == ["warn", "fail", "pass"]
