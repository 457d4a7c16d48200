"""Batches checked by reweighting."""

import numpy as np
import pytest

from bayes_frontier.design.beliefs import Beliefs
from bayes_frontier.model.calibration import Scale
from studies.design.reweighting import check_batches, simulated_variance
from tests.draws import BASES, normal_residuals

H, LEVEL = 0.03, 0.97


def test_a_score_rules_boundaries_below_it_out():
    rng = np.random.default_rng(0)
    draws = 0.5 + 0.1 * rng.standard_normal((1, 4000, 1))
    scale = Scale(np.array([2.0]), np.array([0.008]), np.array([H]), np.array([LEVEL]))
    residuals = normal_residuals(0.05)[None]
    before, one, used = simulated_variance(draws, draws, residuals, scale, 200, 1)
    _, many, _ = simulated_variance(draws, np.repeat(draws, 8, axis=2), residuals, scale, 200, 1)
    assert before == pytest.approx(0.01, rel=0.1)
    assert 0.2 * before < one < 0.95 * before
    assert many < 0.7 * one
    assert used == 1.0


def test_draws_that_run_short_are_counted():
    rng = np.random.default_rng(0)
    draws = 0.5 + 0.1 * rng.standard_normal((1, 60, 1))
    scale = Scale(np.array([2.0]), np.array([0.001]), np.array([H]), np.array([LEVEL]))
    _, after, used = simulated_variance(draws, np.repeat(draws, 50, axis=2), normal_residuals(0.05)[None], scale, 20, 1)
    assert used == 0.0
    assert np.isnan(after)


def test_the_rows_belong_to_the_first_evaluations_of_a_plan(frontier):
    constant = frontier.posterior["constant_data"].dataset
    scale = Scale(*(constant[k].to_numpy() for k in ("density", "scale", "half_width", "likelihood_level")))
    rows = check_batches(
        Beliefs.from_frontier(frontier),
        list(BASES) * 4,
        np.ones(12),
        np.linspace(22.5, 24.5, 5),
        scale,
        sizes=(1, 4),
        n=60,
        seed=0,
    )
    assert [row["size"] for row in rows] == [1.0, 4.0]
    assert 0 < rows[0]["predicted"] < rows[1]["predicted"] < 1
    # A hand-made posterior is far from Gaussian, and 60 simulations are few: the same size, not the same number.
    assert rows[0]["simulated"] == pytest.approx(rows[0]["predicted"], abs=0.1)
