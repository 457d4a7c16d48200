"""Priors of a specification as PyMC variables; those of one kind are one variable, which compiles faster."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayes_frontier.model.spec import HalfNormal, LogNormal, Normal, Priors

SHARES = ("high", "start_share", "floor_share", "ceiling_share")
# The data fix the boundary at the two ends of the range better than tasks agree on it: these shares are variables
# themselves, the others deviations from their mean.
CENTRED = (1.0, 1.0, 0.0, 0.0)


def prior_variables(name: str, priors: Sequence[Normal | HalfNormal | LogNormal], dim: str) -> Any:  # noqa: ANN401 - PyMC is untyped
    """Add a vector of independent priors to the model in context."""
    kinds = {type(prior) for prior in priors}
    if len(kinds) > 1:
        return pt.stack([_variable(f"{name}_{i}", [prior], None)[0] for i, prior in enumerate(priors)])
    return _variable(name, priors, dim)


def _variable(name: str, priors: Sequence[Normal | HalfNormal | LogNormal], dim: str | None) -> Any:  # noqa: ANN401
    sigma = np.array([prior.sigma for prior in priors])
    where = {"dims": dim} if dim else {"shape": len(priors)}
    if isinstance(priors[0], HalfNormal):
        return pm.HalfNormal(name, sigma, **where)
    mu = np.array([prior.mu for prior in priors if not isinstance(prior, HalfNormal)])
    return (pm.Normal if isinstance(priors[0], Normal) else pm.LogNormal)(name, mu, sigma, **where)


def share_logits(priors: Priors, dims: Sequence[str], *, pooled: bool, centred: Sequence[float] = CENTRED) -> Any:  # noqa: ANN401
    """Logits of the shares that make a curve, drawn around common means or each from the prior of that mean."""
    centres = [getattr(priors, name) for name in SHARES]
    wide = (slice(None), *(None for _ in dims))
    if not pooled:
        mu, sigma = (np.array([getattr(c, part) for c in centres])[wide] for part in ("mu", "sigma"))
        return pm.Normal("share_logit", mu, sigma, dims=("share", *dims))
    mean = prior_variables("share_mean", centres, "share")[wide]
    spread = prior_variables("share_spread", [getattr(priors, f"{name}_spread") for name in SHARES], "share")[wide]
    itself = np.array(centred)[wide]
    free = pm.Normal("share_logit", itself * mean, itself * spread + (1.0 - itself), dims=("share", *dims))
    return (1.0 - itself) * mean + (itself + (1.0 - itself) * spread) * free


def task_scales(priors: Priors, names: Sequence[str], n_tasks: int) -> list[Any]:
    """Positive scales, one per task, log-normal around a typical one."""
    if not names:
        return []
    log_scale = pt.log(prior_variables("scale_typical", [getattr(priors, name) for name in names], "effect"))[:, None]
    if n_tasks > 1:
        spread = prior_variables("scale_spread", [getattr(priors, f"{name}_spread") for name in names], "effect")
        log_scale = log_scale + spread[:, None] * pm.Normal("scale_raw", 0.0, 1.0, dims=("effect", "task"))
    scale = pt.exp(log_scale)
    return [pm.Deterministic(f"{name}_scale", scale[i], dims="task") for i, name in enumerate(names)]
