"""Fits made by hand, with all that a plan needs."""

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale
from tests.draws import BASES, FLOPS, TASKS, make_frontier


@pytest.fixture(scope="session")
def frontier() -> bf.Frontier:
    """A hand-made posterior of 400 draws whose likelihood's scale belongs to its residuals."""
    made = make_frontier(chains=2, draws=200)
    constant = made.posterior["constant_data"].dataset
    # Residuals as their quantiles at even levels: what the scale was calibrated on.
    levels = (np.arange(4000) + 0.5) / 4000
    residuals = [np.interp(levels, RESIDUAL_LEVELS, q) for q in constant["residual_quantiles"].to_numpy()]
    scale = Scale.calibrated(residuals, made.tau, 1.5)
    made.posterior["constant_data"] = constant.assign(
        density=("task", scale.density),
        scale=("task", scale.scale),
        half_width=("task", scale.half_width),
        likelihood_level=("task", scale.level),
    )
    return made


@pytest.fixture
def candidates() -> pd.DataFrame:
    """Twelve candidates on the three fitted base models, and six on two others."""
    rows = [(f"lab/new-{i}", BASES[i % 3], FLOPS[BASES[i % 3]], 7.0 + i % 3) for i in range(12)]
    rows += [(f"lab/other-{i}", f"unheard-{i % 2}", 10.0 ** (22 + i % 2), 3.0) for i in range(6)]
    return pd.DataFrame(rows, columns=["model", "base_model", "flops", "params_b"])


@pytest.fixture(scope="session")
def tasks() -> tuple[str, ...]:
    return TASKS
