"""Priors: verdicts at the limits."""

import pandas as pd

from bayes_frontier.checks import prior


def test_priors_are_judged_by_tail_width_and_range():
    numbers = pd.DataFrame(
        {
            "tail": [0.5, 0.01, 0.001, 0.5, 0.5],
            "width": [0.5, 0.5, 0.5, 0.1, 0.5],
            "outside": [0.0, 0.0, 0.0, 0.0, 0.01],
        }
    )
    assert prior.verdicts(numbers).tolist() == ["pass", "warn", "fail", "warn", "fail"]
