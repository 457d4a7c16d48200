"""The fits the study asks: the real one, short chains and all."""

from typing import Any

import arviz_stats
import numpy as np

from bayes_frontier.evaluations import Evaluations
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.model.spec import ModelSpec
from studies.calibration.scoring import Answers

_stats: Any = arviz_stats
DRAWS, TUNE, CHAINS = 300, 300, 2
"""Lengths of the study's chains: enough for the ends of a 90% interval to be off by a tenth of its width."""


class Sampler:
    """Fits with the sampler; the process keeps the compiled model for the next data set of its shape.

    Parameters
    ----------
    spec : ModelSpec
        The model.
    draws, tune, chains : int
        Lengths of the chains, and their number.
    """

    def __init__(self, spec: ModelSpec, draws: int = DRAWS, tune: int = TUNE, chains: int = CHAINS) -> None:
        self.spec = spec
        self.draws, self.tune, self.chains = draws, tune, chains

    def __call__(self, evaluations: Evaluations, tau: float, seed: int, z: FloatArray) -> Answers:
        """Fit and answer.

        Shapes: z (n_points,).
        """
        from bayes_frontier.posterior.fitting import fit

        frontier = fit(
            evaluations,
            self.spec,
            tau=tau,
            draws=self.draws,
            tune=self.tune,
            chains=self.chains,
            cores=1,
            seed=seed,
            progress=False,
            allow_unconverged=True,
        )
        drawn = frontier.boundary(10.0**z).transpose("chain", "draw", "task", "flops")
        names = frontier.base_model_names
        at = reference_compute(evaluations.models, names)
        own = frontier.curves.known(at[:, None], np.arange(len(names))[:, None], np.arange(len(frontier.tasks)), -1)
        divergences = frontier.posterior["sample_stats"].dataset["diverging"].sum()
        return Answers(
            population=drawn.to_numpy().reshape(-1, *drawn.shape[2:]),
            own=own,
            notes={"rhat": float(_stats.rhat(drawn).max()), "divergences": float(divergences)},
        )
