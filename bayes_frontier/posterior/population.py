"""The population boundary: what a model on a base model not yet seen attains.

A conditional quantile with a random effect is not a marginal quantile. If a base model shifts the logit of
the boundary q by u, and scores scatter around a base model's boundary with distribution F0 (zero at tau), then
the tau-quantile over new base models is the level L that solves ``E_u[F0(L - q_u)] = tau`` with logit q_u =
logit q + u.

The prior of u is Normal(0, omega), but real base models have a long lower tail, and a normal distribution as wide as
that would put the level too high. So u is omega, of each draw, times a shape that is common to all draws: the
distribution of the base models' effects in units of omega, over base models and draws. What the data know little
about is drawn from the prior, so the shape is as far from normal as the data say it is.
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import elementwise

from bayes_frontier.model.curve import inverse_logit, log_odds
from bayes_frontier.model.pinball import FloatArray
from bayes_frontier.model.scale import RESIDUAL_LEVELS

# Equally probable slices of the base-model effect, and a grid of boundaries (uniform on the logit scale).
_SLICES = 101
_GRID_LOGIT: FloatArray = np.linspace(-9.0, 9.0, 181)
_N_SCALES = 13
_TOLERANCES = {"xatol": 1e-10, "xrtol": 0.0, "fatol": 0.0, "frtol": 0.0}


def effect_shape(effects: FloatArray, scales: FloatArray) -> FloatArray:
    """Summarise the distribution of base-model effects in units of their scale.

    Parameters
    ----------
    effects : ndarray, shape (n_samples, n_base_models)
        Draws of the effects of one task, on the logit scale.
    scales : ndarray, shape (n_samples,)
        Draws of their standard deviation.

    Returns
    -------
    ndarray, shape (101,)
        Midpoints of equally probable slices, increasing.
    """
    return np.asarray(np.quantile(effects / scales[:, None], (np.arange(_SLICES) + 0.5) / _SLICES))


def residual_cdf(residual: npt.ArrayLike, quantiles: FloatArray) -> FloatArray:
    """Distribution function of residuals given by its quantiles.

    Parameters
    ----------
    residual : array_like
        Where to evaluate, in score units.
    quantiles : ndarray, shape (len(RESIDUAL_LEVELS),)
        Quantiles at `bayes_frontier.model.scale.RESIDUAL_LEVELS`.

    Returns
    -------
    ndarray
        Probabilities, same shape as `residual`.
    """
    # np.interp needs increasing nodes: ties (benchmarks with few items) are spread by less than any score's resolution.
    nodes = quantiles + 1e-12 * np.arange(len(quantiles))
    return np.asarray(np.interp(np.asarray(residual, dtype=float), nodes, RESIDUAL_LEVELS, left=0.0, right=1.0))


def mixture_quantile(levels: FloatArray, quantiles: FloatArray, tau: float) -> FloatArray:
    """Level whose exceedance probability is 1 - tau when the boundary itself is uncertain.

    Parameters
    ----------
    levels : ndarray, shape (n_points, n_mix)
        Possible boundaries of each point, equally probable, in score units.
    quantiles : ndarray
        Residual distribution around a boundary; see `residual_cdf`.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_points,)
        Solution L of ``mean(F0(L - levels)) = tau``, to below 1e-9 (Chandrupatla's method).
    """
    low = levels.min(axis=1) + quantiles[0]
    high = levels.max(axis=1) + quantiles[-1]

    def short(level: FloatArray, point: FloatArray) -> FloatArray:
        mixed = levels[np.asarray(point).astype(int)]
        return np.asarray(residual_cdf(level[..., None] - mixed, quantiles).mean(axis=-1) - tau)

    found = elementwise.find_root(short, (low, high), args=(np.arange(len(levels)),), tolerances=_TOLERANCES)
    return np.asarray(found.x)


class PopulationBoundary:
    """Turns a typical base model's boundary into the population boundary, for one task.

    The solution depends on the boundary and on omega only, so it is tabulated once and interpolated. The table is
    non-decreasing in the boundary, hence so is the result in compute.

    Parameters
    ----------
    quantiles : ndarray
        Residual distribution of the task; see `residual_cdf`.
    scales : ndarray
        Draws of omega, the standard deviation of base-model effects on the logit scale.
    shape : ndarray, shape (n_mix,)
        Equally probable values of the effect in units of omega; see `effect_shape`.
    tau : float
        Quantile level.
    """

    def __init__(self, quantiles: FloatArray, scales: FloatArray, shape: FloatArray, tau: float) -> None:
        low, high = float(scales.min()), float(scales.max())
        self._scales = np.linspace(low, max(high, low + 1e-6), _N_SCALES)
        shifted = inverse_logit(_GRID_LOGIT[:, None, None] + self._scales[None, :, None] * shape[None, None, :])
        table = mixture_quantile(shifted.reshape(-1, len(shape)), quantiles, tau)
        table = np.clip(table.reshape(len(_GRID_LOGIT), _N_SCALES), 0.0, 1.0)
        self._table = np.maximum.accumulate(table, axis=0)

    def __call__(self, q: FloatArray, scales: FloatArray) -> FloatArray:
        """Return the population boundary.

        Parameters
        ----------
        q : ndarray, shape (n_draws, ...)
            Boundary of a typical base model, in score units.
        scales : ndarray, shape (n_draws,)
            omega of each draw.

        Returns
        -------
        ndarray
            Same shape as `q`, in [0, 1].
        """
        step = self._scales[1] - self._scales[0]
        j = np.clip(((scales - self._scales[0]) / step).astype(int), 0, _N_SCALES - 2)
        weight = np.clip((scales - self._scales[j]) / step, 0.0, 1.0)
        column = (1.0 - weight)[:, None] * self._table[:, j].T + weight[:, None] * self._table[:, j + 1].T
        position = (log_odds(q) - _GRID_LOGIT[0]) / (_GRID_LOGIT[1] - _GRID_LOGIT[0])
        position = np.clip(position, 0.0, len(_GRID_LOGIT) - 1.0)
        i = np.minimum(position.astype(int), len(_GRID_LOGIT) - 2)
        part = position - i
        # one index into the flat table is quicker than one a row and one a column
        i += len(_GRID_LOGIT) * np.arange(len(q)).reshape((-1,) + (1,) * (q.ndim - 1))
        start = column.take(i)
        return np.asarray(start + part * (column.take(i + 1) - start))
