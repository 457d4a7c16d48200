"""Boundaries of given models: fitted ones, and those of the period to come."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats
from scipy.special import expit, logit

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.bases import resolve_bases
from bayes_frontier.evaluations.registry import default_registry
from bayes_frontier.model.pinball import FloatArray, IntArray
from bayes_frontier.posterior.curves import Curves
from bayes_frontier.posterior.population import mixture_quantile
from bayes_frontier.posterior.query import check_flops

# Distinct (base model, compute, period) combinations evaluated at a time, and draws mixed over in predictions.
_BLOCK = 500
_MIXED = 600


def labelled(values: FloatArray, models: pd.Series, tasks: Sequence[str]) -> xr.DataArray:
    """Attach names.

    Parameters
    ----------
    values : ndarray, shape (n_models, n_tasks)
        Boundaries.
    models : pandas.Series
        Model names.
    tasks : sequence of str
        Task names.

    Returns
    -------
    xarray.DataArray
        Dims (model, task).
    """
    coords = {"model": models.to_numpy(dtype=object), "task": list(tasks)}
    return xr.DataArray(values, dims=("model", "task"), coords=coords, name="boundary", attrs={"units": "score"})


def fitted_means(curves: Curves, models: pd.DataFrame, base_models: Sequence[str]) -> FloatArray:
    """Posterior mean boundary of each record, its base-model effect included.

    Parameters
    ----------
    curves : Curves
        Draws.
    models : pandas.DataFrame
        Columns base_model, flops, period.
    base_models : sequence of str
        Fitted base models.

    Returns
    -------
    ndarray, shape (n_models, n_tasks)
        Scores.
    """
    code, unique = _distinct(models[["base_model", "flops", "period"]])
    base = pd.Index(base_models).get_indexer(pd.Index(unique["base_model"]))
    z, period = np.log10(unique["flops"].to_numpy(float)), unique["period"].to_numpy()
    task = np.arange(len(curves.residuals))
    means = np.empty((len(unique), len(task)))
    for start in range(0, len(unique), _BLOCK):
        rows = slice(start, start + _BLOCK)
        drawn = curves.known(z[rows, None], base[rows, None], task[None, :], period[rows, None])
        means[rows] = drawn.mean(axis=0)
    return np.asarray(means[code])


def check_models(models: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Names and base models of models to predict.

    Parameters
    ----------
    models : pandas.DataFrame
        Columns base_model and flops; optional released and model.

    Returns
    -------
    tuple of pandas.Series
        Model names (the index where there are none) and base models as the fit names them.

    Raises
    ------
    QueryError
        If a column is missing.
    DataError
        If a date cannot be read.
    """
    for column in ("base_model", "flops"):
        if column not in models:
            raise QueryError(
                f"predict: column {column!r} is missing, found {', '.join(map(str, models.columns)) or 'none'}."
            )
    bases = resolve_bases(models["base_model"], models.get("released"), default_registry())
    names = models["model"] if "model" in models else pd.Series(models.index, index=models.index)
    return names, bases


def predictive_levels(
    curves: Curves, bases: pd.Series, flops: pd.Series, base_models: Sequence[str], seed: int
) -> FloatArray:
    """Levels exceeded with probability 1 - tau in the period after the last.

    Parameters
    ----------
    curves : Curves
        Draws.
    bases : pandas.Series
        Base model of each model.
    flops : pandas.Series
        Compute of each model.
    base_models : sequence of str
        Fitted base models.
    seed : int
        Seeds the drift to come.

    Returns
    -------
    ndarray, shape (n_models, n_tasks)
        Scores in [0, 1].
    """
    code, unique = _distinct(pd.DataFrame({"base": bases.to_numpy(), "flops": check_flops(flops)}))
    base = pd.Index(base_models).get_indexer(pd.Index(unique["base"]))
    z = np.log10(unique["flops"].to_numpy(float))
    rng = np.random.default_rng(seed)
    size = min(_MIXED, curves.n_samples)
    samples = np.sort(rng.choice(curves.n_samples, size=size, replace=False))
    levels = np.empty((len(unique), len(curves.residuals)))
    for k, residuals in enumerate(curves.residuals):
        effect = np.zeros((size, len(unique)))
        if curves.drift is not None:
            effect += (curves.drift[samples, k] * _spread(rng, size))[:, None]
        if curves.effects is not None and curves.scales is not None:
            unseen = (curves.scales[samples, k] * _spread(rng, size))[:, None]
            effect += np.where(base >= 0, curves.effects[samples][:, base, k], unseen)
        q = expit(logit(curves.typical(z, k, -1, samples)) + effect)
        levels[:, k] = mixture_quantile(q.T, residuals, curves.tau)
    return np.asarray(np.clip(levels, 0.0, 1.0)[code])


def _spread(rng: np.random.Generator, size: int) -> FloatArray:
    """Return standard normal values in random order, one from each slice of equal probability."""
    return np.asarray(stats.norm.ppf((rng.permutation(size) + 0.5) / size))


def _distinct(frame: pd.DataFrame) -> tuple[IntArray, pd.DataFrame]:
    """Code of each row, and the distinct rows the codes point at."""
    code = frame.groupby(list(frame.columns), sort=True, dropna=False).ngroup().to_numpy()
    first = pd.Series(np.arange(len(frame))).groupby(code).first().to_numpy()
    return np.asarray(code, dtype=np.int64), frame.iloc[first].reset_index(drop=True)
