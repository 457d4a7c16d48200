"""`factors`: are base models strong on everything, or on some tasks? One to three factors behind their boundaries.

A fit has a boundary of every base model on every task, and takes what a base model adds to the curve on one task as
saying nothing about another. Here these effects, in units of their spread, follow a factor model across tasks,

    u_b / omega ~ Normal(0, L L' + Psi),   L of 1 to 3 columns, Psi diagonal,

estimated by EM from what the scores themselves say of each effect (its posterior with the independent prior divided
out). A base model's boundary on a task then also learns from its scores on others, and for a task without scores that
is all there is to learn from. Whether that predicts better is measured on later scores (`compare`); it need not.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.checks.backtest.comparison import CellSums
from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.diff import pair
from bayes_frontier.model.likelihood import FloatArray, pinball_loss
from bayes_frontier.posterior.ahead import Draws, ModelsAhead, predictive_levels
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.posterior.frontier import Frontier

MOST = 3
_STEPS = 400
_BOOTSTRAP = 200
# A uniqueness this small says a factor is a task; a likelihood this flat says nothing of an effect.
_LEAST = 0.02
_FLATTEST = 1e-3
# Of the interval of a change in loss, and samples it is from.
_PROB, _RESAMPLED = 0.9, 1000


def factors(frontier: Frontier, rank: int = 1, *, prob: float = 0.9, seed: int = 1) -> xr.Dataset:
    """Estimate the factors behind a fit's base-model effects.

    Parameters
    ----------
    frontier : Frontier
        The fit, with base-model effects on at least three tasks.
    rank : int
        Number of factors, 1 to 3, less than the number of tasks.
    prob : float
        Probability of the intervals.
    seed : int
        Seed of the bootstrap over base models.

    Returns
    -------
    xarray.Dataset
        loading (task, factor), of effects in units of their spread, factors by the variance they explain and with most
        loadings positive; shared (task), the share of a task's variance that the factors explain, with shared_lower and
        shared_upper; explained, explained_lower, explained_upper (mean over tasks); correlation (task, other), implied;
        gain (task), by how much the factors reduce the mean squared error of an effect that is predicted from the other
        tasks' scores alone, as a share (0: no better than the curve), with gain_lower and gain_upper.

    Raises
    ------
    QueryError
        If the fit has no base-model effects, fewer than three tasks, or `rank` is out of range.
    """
    value, weight = _measured(frontier, rank)
    loading, own = _fit(value, weight, rank)
    rng = np.random.default_rng(seed)
    shares, gains = [], []
    for _ in range(_BOOTSTRAP):
        rows = rng.integers(0, len(value), len(value))
        again, apart = _fit(value[rows], weight[rows], rank, start=(loading, own), steps=60)
        shares.append(_shared(again, apart))
        gains.append(_gain(value[rows], weight[rows], loading, own))
    tails = [0.5 - prob / 2.0, 0.5 + prob / 2.0]
    tasks = list(frontier.tasks)
    low, high = np.quantile(shares, tails, axis=0)
    means = np.quantile(np.mean(shares, axis=1), tails)
    worse, better = np.quantile(gains, tails, axis=0)
    covariance = loading @ loading.T + np.diag(own)
    scale = np.sqrt(np.diag(covariance))
    return xr.Dataset(
        {
            "loading": (("task", "factor"), loading),
            "shared": ("task", _shared(loading, own)),
            "shared_lower": ("task", low),
            "shared_upper": ("task", high),
            "explained": float(_shared(loading, own).mean()),
            "explained_lower": float(means[0]),
            "explained_upper": float(means[1]),
            "correlation": (("task", "other"), covariance / np.outer(scale, scale)),
            "gain": ("task", _gain(value, weight, loading, own)),
            "gain_lower": ("task", worse),
            "gain_upper": ("task", better),
        },
        coords={"task": tasks, "other": tasks, "factor": np.arange(1, rank + 1)},
        attrs={"rank": rank, "prob": prob, "base_models": len(value)},
    )


def with_factors(frontier: Frontier, rank: int) -> Curves:
    """Return a fit's draws with base-model effects that learn from each other's tasks."""
    value, weight = _measured(frontier, rank)
    loading, own = _fit(value, weight, rank)
    precision = np.linalg.inv(loading @ loading.T + np.diag(own))
    curves = frontier.curves
    assert curves.effects is not None
    assert curves.scales is not None
    scaled = curves.effects / curves.scales[:, None, :]
    mean, sd = scaled.mean(axis=0), scaled.std(axis=0)
    moved = np.empty_like(scaled)
    for b in range(len(value)):
        covariance = np.linalg.inv(precision + np.diag(weight[b]))
        centre, spread = covariance @ (weight[b] * value[b]), np.sqrt(np.diag(covariance))
        moved[:, b] = centre + (scaled[:, b] - mean[b]) * spread / np.maximum(sd[b], 1e-9)
    return replace(curves, effects=moved * curves.scales[:, None, :])


def compare(frontier: Frontier, newer: Evaluations, ranks: Sequence[int] | None = None) -> xr.Dataset:
    """Compare boundaries with and without factors on scores that the fit has not seen.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    newer : Evaluations
        Later scores; only new records on fitted base models count, since factors change no other's boundary.
    ranks : sequence of int, optional
        Numbers of factors; none: from 1 to as many as can be told apart, 3 at most.

    Returns
    -------
    xarray.Dataset
        Dims rank (0: each task by itself) and task: loss (mean pinball loss), coverage (share at or below the predicted
        boundary); and by rank change (of the mean loss over tasks, against rank 0), lower and upper (90% interval, base
        models resampled). In attrs: records, a number.

    Raises
    ------
    DataError
        If there is no such record, or no task is shared.
    QueryError
        As in `factors`.
    """
    fresh = np.ones(newer.n_models, dtype=bool)
    fresh[pair(frontier.evaluations, newer)[1]] = False
    known = newer.models["base_model"].isin(frontier.base_model_names).to_numpy()
    models = newer.models[fresh & known].reset_index(drop=True)
    tasks = [name for name in frontier.tasks if name in newer.tasks]
    if not len(models) or not tasks:
        raise DataError(f"{newer.source}: no new record on a fitted base model and a fitted task to compare on.")
    ranks = range(1, min(MOST, len(frontier.tasks) - 1) + 1) if ranks is None else ranks
    place = ModelsAhead.from_models(frontier, models["base_model"], models["flops"], models["released"])
    seed, innovation = int(frontier.provenance["sampling"]["seed"]), frontier.spec.priors.base_model_innovation
    losses, coverages = [], []
    for rank in (0, *ranks):
        curves = frontier.curves if rank == 0 else with_factors(frontier, rank)
        levels = predictive_levels(curves, place, Draws.even(curves, seed, innovation))
        residual = models[tasks].to_numpy(float) - levels[:, [frontier.tasks.index(name) for name in tasks]]
        losses.append(pinball_loss(residual, frontier.tau))
        coverages.append(np.nanmean(np.where(np.isnan(residual), np.nan, residual <= 0.0), axis=0))
    cluster, names = pd.factorize(models["base_model"])
    split = np.zeros(len(models), dtype=np.int64)
    change = np.zeros((3, len(losses)))
    for i, each in enumerate(losses):
        sums = CellSums.of(each - losses[0], split, cluster.astype(np.int64), 1, len(names))
        change[:, i], _ = sums.bootstrap(_PROB, _RESAMPLED, seed=1)
    return xr.Dataset(
        {
            "loss": (("rank", "task"), np.stack([np.nanmean(each, axis=0) for each in losses])),
            "coverage": (("rank", "task"), np.stack(coverages)),
            **{name: ("rank", values) for name, values in zip(("change", "lower", "upper"), change, strict=True)},
        },
        coords={"rank": [0, *ranks], "task": tasks},
        attrs={"records": len(models), "source": newer.source, "tau": frontier.tau},
    )


def _measured(frontier: Frontier, rank: int) -> tuple[FloatArray, FloatArray]:
    """Return what the scores say of each effect, in units of its spread, and how precisely; (base models, tasks)."""
    curves = frontier.curves
    if curves.effects is None or curves.scales is None:
        raise QueryError(
            f"The model {frontier.spec.name!r} has no base-model effects; fit one that has, such as hierarchical."
        )
    if len(frontier.tasks) < 3 or not 1 <= rank <= min(MOST, len(frontier.tasks) - 1):
        most = min(MOST, len(frontier.tasks) - 1)
        raise QueryError(
            f"rank: {rank} factors of {len(frontier.tasks)} tasks; 1 to {most} can be told apart, and it takes three "
            "tasks at least."
        )
    scaled = curves.effects / curves.scales[:, None, :]
    mean, variance = scaled.mean(axis=0), scaled.var(axis=0)
    weight = np.maximum(1.0 / np.maximum(variance, 1e-6) - 1.0, _FLATTEST)
    return mean / variance / weight * (weight > _FLATTEST), weight


def _fit(
    value: FloatArray,
    weight: FloatArray,
    rank: int,
    start: tuple[FloatArray, FloatArray] | None = None,
    steps: int = _STEPS,
) -> tuple[FloatArray, FloatArray]:
    """Find loadings and uniquenesses by EM; each effect is measured with precision `weight`."""
    n, k = value.shape
    if start is None:
        values, vectors = np.linalg.eigh(np.corrcoef((value * np.sqrt(weight / (1.0 + weight))).T))
        loading = vectors[:, ::-1][:, :rank] * np.sqrt(np.maximum(values[::-1][:rank] - 0.5, 0.1))
        own = np.full(k, 0.5)
    else:
        loading, own = start
    for _ in range(steps):
        precision = np.linalg.inv(loading @ loading.T + np.diag(own))
        covariance = np.linalg.inv(precision[None] + weight[:, :, None] * np.eye(k))
        centre = np.einsum("bij,bj->bi", covariance, weight * value)
        # factor scores given the effects, averaged over what is not known of these
        project = loading.T @ precision
        second = centre.T @ centre + covariance.sum(axis=0)
        cross = second @ project.T
        inner = n * (np.eye(rank) - project @ loading) + project @ cross
        loading = cross @ np.linalg.inv(inner)
        own = np.maximum(np.diag(second - loading @ cross.T) / n, _LEAST)
    _, _, turn = np.linalg.svd(loading, full_matrices=False)
    loading = loading @ turn.T
    return loading * np.where(loading.sum(axis=0) < 0.0, -1.0, 1.0), own


def _shared(loading: FloatArray, own: FloatArray) -> FloatArray:
    common = (loading**2).sum(axis=1)
    return np.asarray(common / (common + own))


def _gain(value: FloatArray, weight: FloatArray, loading: FloatArray, own: FloatArray) -> FloatArray:
    """Share of an effect's squared size that the other tasks' scores foretell, weighted by how well it is measured."""
    covariance = loading @ loading.T + np.diag(own)
    k = len(own)
    found = np.empty(k)
    for task in range(k):
        rest = np.delete(np.arange(k), task)
        inside = covariance[np.ix_(rest, rest)][None] + np.eye(k - 1) / weight[:, rest][:, :, None]
        foretold = np.linalg.solve(inside, value[:, rest][..., None])[..., 0] @ covariance[rest, task]
        trust = weight[:, task] / (1.0 + weight[:, task])
        left = float(trust @ (value[:, task] - foretold) ** 2)
        found[task] = 1.0 - left / float(trust @ value[:, task] ** 2)
    return found
