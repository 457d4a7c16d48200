"""A fit in seconds: the fast posterior of `studies.fast.quick`, completed, in the form that analyses take."""

from __future__ import annotations

import numpy as np
import xarray as xr

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.calibration import RESIDUAL_LEVELS
from bayes_frontier.posterior.frontier import Frontier
from studies.fast import hierarchy, sigmoid_spec
from studies.fast.calibration import calibrated

CHAINS = 4


class QuickFrontier(Frontier):
    """A frontier whose draws are independent: there is no chain that could fail to converge."""

    @property
    def converged(self) -> bool:
        """Always."""
        return True


def quick_fit(evaluations: Evaluations, *, tau: float, seed: int) -> QuickFrontier:
    """Fit by the fast posterior: base-model effects integrated out, what tasks share included."""
    known = np.ones(evaluations.n_models, dtype=bool)
    model, fitted = calibrated(evaluations, known, tau)
    spec = sigmoid_spec()
    parameters = hierarchy.draw(model, fitted, known, spec.priors, np.random.default_rng(seed))
    curves = model.draws(fitted, known, hierarchy.SWEEPS, seed, parameters)
    tasks = list(evaluations.tasks)
    assert curves.effects is not None
    assert curves.scales is not None
    assert curves.drift is not None
    own = {
        **{name: (("task", "period"), values) for name, values in curves.parts.items()},
        "base_model_effect": (("base_model", "task"), curves.effects),
        "base_model_scale": (("task",), curves.scales),
        "drift_scale": (("task",), curves.drift),
    }
    shape = (CHAINS, hierarchy.SWEEPS // CHAINS)
    draws = xr.Dataset(
        {
            name: (("chain", "draw", *dims), values.reshape(*shape, *values.shape[1:]))
            for name, (dims, values) in own.items()
        },
        coords={"task": tasks, "period": list(evaluations.period_labels)},
    )
    constant = xr.Dataset(
        {"residual_quantiles": (("task", "level"), curves.residuals)}, coords={"task": tasks, "level": RESIDUAL_LEVELS}
    )
    tree = xr.DataTree.from_dict({"posterior": draws, "constant_data": constant})
    return QuickFrontier(evaluations, spec, tau, tree, {"sampling": {"seed": seed}})
