"""`build_model`: evaluations and a specification to a PyMC model, by the definition or the fast engine."""

from pathlib import Path
from typing import Literal

import pymc as pm

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.diff import require_one_scoring
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine import Levels, fast_model
from bayes_frontier.model.grouped import tell_jax
from bayes_frontier.model.model import frontier_model
from bayes_frontier.model.spec import ModelSpec, read_spec

ENGINES = ("plain", "fast")


def build_model(
    evaluations: Evaluations,
    spec: str | Path | ModelSpec = "hierarchical",
    *,
    tau: float = 0.98,
    engine: Literal["plain", "fast"] = "plain",
    scale: Scale | None = None,
) -> pm.Model:
    """Build the model of capability boundaries in PyMC, to look at, to change or to sample.

    `bayes_frontier.fit` does more: it calibrates the scale of the likelihood by short fits, adapts the coordinates of
    base-model effects, and checks convergence.

    Parameters
    ----------
    evaluations : Evaluations
        Scores, from `bayes_frontier.read` or `bayes_frontier.simulate`.
    spec : str, Path or ModelSpec
        A model under models/ by name, or the path of a TOML file.
    tau : float
        Quantile level of the boundary.
    engine : {"plain", "fast"}
        ``"plain"``: the definition, bayes_frontier/model/model.py, by PyMC's own variables and gradients; ``"fast"``:
        the same density by fused operations, as `bayes_frontier.fit` samples it.
    scale : Scale, optional
        Level, scale and smoothing of the likelihood for each task. Default: ``Scale.from_scores``, rough and without
        sampling. ``Scale.from_posterior(frontier.posterior)`` has the calibrated one of a fit. Both are in
        `bayes_frontier.model.calibration`.

    Returns
    -------
    pymc.Model
        Coordinates are the names of tasks, periods and base models. Deterministics with dims (task, period): floor,
        ceiling, slope (per decade) and midpoint (log10 FLOPs) of each period's last stretch of time. With dims (task,
        stretch): drift since the first stretch, on the logit scale. Where the specification has them, drift_scale and
        drift_velocity (task; of a quarter), base_model_scale (task) and base_model_effect (base_model, task), on the
        logit scale. The likelihood is the potential ``scores``.

    Raises
    ------
    QueryError
        If `tau`, `engine` or the length of `scale` is not one of those above.
    DataError
        If the scores cannot identify a boundary, or mix two scorings of a task.
    SpecError
        If the model cannot be read.
    """
    if engine not in ENGINES:
        raise QueryError(f"engine must be 'plain' or 'fast', found {engine!r}.")
    if not 0.5 <= tau <= 0.999:
        raise QueryError(f"tau must be between 0.5 and 0.999, found {tau!r}: the boundary is a high quantile (0.98).")
    require_one_scoring(evaluations)
    if engine == "plain":
        tell_jax()
    spec = read_spec(spec)
    structure, likelihood = spec.structure, spec.likelihood
    drift = structure.periods == "random-walk"
    data = FrontierData.from_evaluations(evaluations, tau, base_models=structure.base_models, drift=drift)
    if scale is None:
        fixed = None if likelihood.scale == "calibrated" else float(likelihood.scale)
        scale = Scale.from_scores(evaluations, tau, likelihood.smoothing, fixed)
    if len(scale.scale) != len(data.tasks):
        raise QueryError(f"scale is for {len(scale.scale)} tasks, and the evaluations have {len(data.tasks)}.")
    if engine == "fast":
        return fast_model(spec, data, scale)
    return frontier_model(spec, data, scale, Levels.before(data).transform() if structure.base_models else None)
