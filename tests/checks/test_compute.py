"""Uncertain compute: how far it would move answers, from nothing to what flattens a curve."""

from types import SimpleNamespace

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.checks import compute as module
from bayes_frontier.checks.run import check
from tests.checks.posteriors import diagnosed, true_frontier


@pytest.fixture(scope="module")
def frontier() -> bf.Frontier:
    return diagnosed(true_frontier())


@pytest.fixture
def uncertain(monkeypatch):
    known = SimpleNamespace(get=lambda name: name)
    monkeypatch.setattr(module, "given_registry", lambda registry: known)

    def by(decades: float) -> None:
        monkeypatch.setattr(module, "uncertainties", lambda names, registry: np.full(len(names), decades))

    return by


def test_certain_compute_moves_nothing_and_uncertain_more_the_more(frontier, uncertain):
    sizes = []
    for decades in (0.0, 0.1, 0.4):
        uncertain(decades)
        sizes.append(module.moved(frontier)["in_sd"].max())
    assert sizes[0] == pytest.approx(0.0, abs=1e-9)
    assert sizes[0] < sizes[1] < sizes[2]


def test_errors_in_compute_flatten_a_line_as_they_should():
    rng = np.random.default_rng(4)
    z, noise = rng.uniform(22, 26, 4000), 0.3
    at, flat = np.array([22.5, 24.0, 25.5]), np.ones(4000)
    stated = module._through(z, z, flat, at)
    drawn = np.mean([module._through(z + noise * rng.standard_normal(4000), z, flat, at) for _ in range(20)], axis=0)
    np.testing.assert_allclose(stated, at)
    # reliability is var(z) / (var(z) + noise^2) = 0.937 for a line; inside the range a cubic is flattened less
    assert 0.937 < (drawn[2] - drawn[0]) / (stated[2] - stated[0]) < 0.99


def test_what_would_move_is_said_with_what_to_do(frontier, uncertain):
    uncertain(1.5)
    (_, far) = check(frontier, only=["compute"])
    assert far.verdict == "warn", far.sentence
    assert "--compute-uncertainty 10" in far.sentence
    uncertain(0.001)
    (_, near) = check(frontier, only=["compute"])
    assert near.verdict == "pass"
    assert "at most half a posterior SD" in near.sentence


def test_nothing_is_said_of_base_models_that_no_registry_has(frontier):
    (_, found) = check(frontier, only=["compute"])
    assert found.verdict == "unknown"
    assert "knows none of the base models" in found.sentence


def test_a_fit_that_has_it_already_is_not_asked(frontier):
    with_it = bf.Frontier(
        frontier.evaluations, frontier.spec, frontier.tau, frontier.posterior, {"compute_uncertainty": {"tables": 10}}
    )
    (_, found) = check(diagnosed(with_it), only=["compute"])
    assert (found.verdict, found.numbers.empty) == ("unknown", True)
