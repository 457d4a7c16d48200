"""The likelihood's scale: verdicts at the limits."""

import pandas as pd

from bayes_frontier.checks import scale


def test_scales_are_judged_as_factors_either_way():
    numbers = pd.DataFrame({"factor": [1.2, 1 / 1.2, 1.5, 1 / 1.5, 2.5, 1 / 2.5]})
    assert scale.verdicts(numbers).tolist() == ["pass", "pass", "warn", "warn", "fail", "fail"]
