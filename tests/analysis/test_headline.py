"""The answer in words: what is said of each verdict, and of checks."""

import numpy as np
import pytest

from bayes_frontier.analysis.headline import FALLING, headline
from tests.fakes import FakeFrontier, small_evaluations


@pytest.fixture(scope="module")
def frontier():
    return FakeFrontier(small_evaluations()[0])


def moved(frontier, shift: float):
    """The answer where every period lies `shift` above the one before."""
    flat = {name: values[..., :1].repeat(3, axis=-1) for name, values in frontier.sigmoids.items()}
    frontier.sigmoids = flat | {"floor": flat["floor"] + shift * np.arange(3)}
    return headline(frontier, 1e23, "bbh")


@pytest.mark.parametrize(
    ("shift", "verdict", "words"),
    [
        (0.03, "advancing", "+6 points (90% interval +6 to +6); a clear rise."),
        (-0.02, "retreating", f"−4 points (90% interval −4 to −4); a clear fall, which means {FALLING}."),
        (0.005, "stable", "+1 point (90% interval +1 to +1); it has hardly moved."),
    ],
)
def test_every_verdict_is_said(frontier, shift, verdict, words):
    found = moved(FakeFrontier(frontier.evaluations), shift)
    assert found.verdict == verdict
    assert any(sentence.endswith(words) for sentence in found.sentences)
    assert ("—" in found.title) == (verdict != "stable")


def test_a_fit_that_did_not_converge_says_nothing_of_movement(frontier):
    found = moved(FakeFrontier(frontier.evaluations, converged=False), 0.1)
    assert "cannot be told yet" in found.sentences[2]
    assert "—" not in found.title


def test_one_period_has_no_change():
    found = headline(FakeFrontier(small_evaluations(periods=1)[0]), 1e23, "bbh")
    assert found.change is None
    assert "—" not in found.title
    assert not any("Change" in sentence for sentence in found.sentences)
