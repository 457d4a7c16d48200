"""Small models, built but not sampled."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pymc as pm
import pytest

from bayes_frontier.evaluations import Evaluations, simulate
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine import fast_model
from bayes_frontier.model.spec import ModelSpec, read_spec

TAU = 0.9


class Built(NamedTuple):
    evaluations: Evaluations
    data: FrontierData
    scale: Scale
    spec: ModelSpec
    model: pm.Model


@pytest.fixture
def build() -> Callable[..., Built]:
    """Simulate, group, set a scale that differs by task, and build."""

    def _build(spec="hierarchical", seed=4, **options) -> Built:
        settings = {"n_models": 150, "n_base_models": 7, "tasks": 2, "periods": 2, "drift": 0.01} | options
        evaluations, _ = simulate(seed, **settings)
        spec = read_spec(spec)
        data = FrontierData.from_evaluations(evaluations, TAU, base_models=spec.structure.base_models)
        n = 1.0 + np.arange(len(data.tasks))
        scale = Scale(density=4.0 / n, scale=0.02 * n, half_width=0.01 * n, level=TAU - 0.01 * n)
        return Built(evaluations, data, scale, spec, fast_model(spec, data, scale))

    return _build
