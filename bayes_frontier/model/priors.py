"""Priors of a specification as PyMC variables."""

from collections.abc import Sequence
from typing import Any

import pymc as pm
import pytensor.tensor as pt

from bayes_frontier.model.spec import HalfNormal, LogNormal, Normal


def prior_variable(name: str, prior: Normal | HalfNormal | LogNormal) -> Any:  # noqa: ANN401 - PyMC is untyped
    """Add a scalar prior to the model in context.

    Parameters
    ----------
    name : str
        Variable name.
    prior : Normal, HalfNormal or LogNormal
        Distribution.

    Returns
    -------
    TensorVariable
        The variable.
    """
    if isinstance(prior, Normal):
        return pm.Normal(name, prior.mu, prior.sigma)
    if isinstance(prior, HalfNormal):
        return pm.HalfNormal(name, prior.sigma)
    return pm.LogNormal(name, prior.mu, prior.sigma)


def hierarchical_share(
    name: str,
    centre: Normal,
    spread: HalfNormal | LogNormal,
    dims: Sequence[str],
    *,
    pooled: bool,
    centred: bool,
) -> Any:  # noqa: ANN401
    """Logits drawn around a common mean, or each from the prior of that mean.

    Parameters
    ----------
    name : str
        Name of the variable; adds ``name_mean`` and ``name_spread`` where pooled.
    centre : Normal
        Prior of the mean.
    spread : HalfNormal or LogNormal
        Prior of the standard deviation around it.
    dims : sequence of str
        Dimensions of the result.
    pooled : bool
        Whether the mean and spread are learnt.
    centred : bool
        Whether the logits are variables themselves, right where the data fix them, or deviations from the
        mean.

    Returns
    -------
    TensorVariable
        Logits.
    """
    if not pooled:
        return pm.Normal(name, centre.mu, centre.sigma, dims=dims)
    mean, deviation = prior_variable(f"{name}_mean", centre), prior_variable(f"{name}_spread", spread)
    if centred:
        return pm.Normal(name, mean, deviation, dims=dims)
    return mean + deviation * pm.Normal(f"{name}_raw", 0.0, 1.0, dims=dims)


def task_scales(name: str, typical: HalfNormal | LogNormal, spread: HalfNormal | LogNormal, n_tasks: int) -> Any:  # noqa: ANN401
    """Positive scales, one per task, log-normal around a typical one.

    Parameters
    ----------
    name : str
        Name stem: adds ``name_typical``, ``name_spread``, ``name_raw`` and the deterministic ``name_scale``
        (task).
    typical : HalfNormal or LogNormal
        Prior of the typical scale.
    spread : HalfNormal or LogNormal
        Prior of the standard deviation of the log scales; not used with a single task.
    n_tasks : int
        Number of tasks.

    Returns
    -------
    TensorVariable
        Shape (task,).
    """
    log_typical = pt.log(prior_variable(f"{name}_typical", typical))
    if n_tasks == 1:
        return pm.Deterministic(f"{name}_scale", pt.exp(log_typical)[None], dims="task")
    raw = pm.Normal(f"{name}_raw", 0.0, 1.0, dims="task")
    deviation = prior_variable(f"{name}_spread", spread) * raw
    return pm.Deterministic(f"{name}_scale", pt.exp(log_typical + deviation), dims="task")
