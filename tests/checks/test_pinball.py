"""Pinball loss: by hand, and verdicts at the limits."""

import pandas as pd
import pytest

from bayes_frontier.checks import pinball
from bayes_frontier.model.likelihood import pinball_loss
from tests.checks.posteriors import TAU, uniform_records


def test_pinball_is_exact_and_a_shift_of_the_boundary_is_found():
    made = uniform_records(boundary=TAU + 0.05)
    found = pinball.losses(made).set_index("task")
    part = made.table[made.table["task"] == "maths"]
    assert found.loc["maths", "loss"] == pytest.approx(pinball_loss(part["score"] - part["boundary"], TAU).mean())
    # uniform scores: the boundary is 0.05 too high, with the noise of 2,000 scores
    assert found.loc["maths", "shift"] == pytest.approx(-0.05, abs=0.02)
    assert (found["gain"] > 0.01).all()
    assert (found["skill"] < 0).all()
    assert (pinball.losses(uniform_records())["gain"] < 0.01).all()


def test_a_loss_above_a_constants_warns_and_beyond_two_errors_fails():
    numbers = pd.DataFrame({"loss": [1.0, 1.1, 1.5], "constant": 1.05, "difference_error": 0.1, "gain": 0.0})
    assert pinball.verdicts(numbers).tolist() == ["pass", "warn", "fail"]
    assert pinball.verdicts(numbers.assign(loss=0.5, gain=[0.0, 0.05, 0.2])).tolist() == ["pass", "warn", "fail"]
