"""The calibrated scale of the working likelihood, and the level that smoothing asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.clusters import Clusters, sibling_weights
from bayes_frontier.model.likelihood import FloatArray, IntArray

# Levels at which residual distributions are kept: dense where a high quantile looks.
RESIDUAL_LEVELS: FloatArray = np.unique(
    np.concatenate([np.linspace(0.0, 0.9, 91), np.linspace(0.9, 1.0, 401)]).round(6)
)
# Scores of a base model on a task from which a high quantile of theirs says something.
LARGE_BASE = 20


@dataclass(frozen=True)
class Scale:
    """Level, scale and smoothing of the asymmetric-Laplace working likelihood, by task.

    The log likelihood of a score y of a task is minus its smoothed pinball loss at `level` over `scale`. The scale is
    not a parameter of the model: it is the one number at which the posterior is as wide as the boundary is uncertain,
    s = Var[psi] / E[psi'] with psi the derivative of the loss (see docs/calibration.md). `bayes_frontier.fit` finds it
    by short fits; `from_scores` has the rough one that the first of these starts from, `from_posterior` that of a fit.

    Attributes
    ----------
    density : ndarray, shape (n_tasks,)
        Density f of scores at the boundary, per unit of score.
    scale : ndarray, shape (n_tasks,)
        Scale s of the asymmetric Laplace, in score units.
    half_width : ndarray, shape (n_tasks,)
        Half-width h of the smoothed pinball loss, in score units.
    level : ndarray, shape (n_tasks,)
        Level at which the smoothed loss is taken; tau where h is zero, lower otherwise.
    correlation : ndarray, shape (n_tasks,), optional
        Correlation of exceedances between models that one uploader made of one base model: n of them weigh as much as
        n / (1 + (n - 1) correlation) of different uploaders. Default: none.
    tails : ndarray, shape (n_base_models, n_tasks), optional
        Length of the upper tail of each base model's scores, in units of what is usual: its scale and half-width are
        longer by this factor. Default: all the same.
    """

    density: FloatArray
    scale: FloatArray
    half_width: FloatArray
    level: FloatArray
    correlation: FloatArray | None = None
    tails: FloatArray | None = None

    @classmethod
    def calibrated(
        cls, residuals: Sequence[FloatArray], tau: float, smoothing: float, scale: float | None = None
    ) -> "Scale":
        """Calibrate from residuals.

        Parameters
        ----------
        residuals : sequence of ndarray
            One per task, in score units: scores minus boundary, shape (n_scores,) or (n_scores, n_draws).
        tau : float
            Quantile level of the boundary.
        smoothing : float
            Half-width h in units of the tail scale (1 - tau) / f.
        scale : float, optional
            A fixed scale instead of the calibrated one, in score units.

        Returns
        -------
        Scale
            One value per task.
        """
        found = [_calibrated(r, np.ones(len(r)), tau, smoothing) for r in residuals]
        density, s, half_width, level = np.array(found).T
        return cls(density, s if scale is None else np.full_like(s, scale), half_width, level)

    def of_cells(self, cells: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Level, half-width and scale of cells.

        Parameters
        ----------
        cells : pandas.DataFrame
            ``FrontierData.cells``.

        Returns
        -------
        tuple of ndarray
            Each of shape (n_cells,).
        """
        task = cells["task"].to_numpy()
        tail = np.ones(len(cells)) if self.tails is None else self.tails[cells["base"].to_numpy(), task]
        return self.level[task], self.half_width[task] * tail, self.scale[task] * tail

    @classmethod
    def from_scores(
        cls, evaluations: Evaluations, tau: float, smoothing: float = 1.5, scale: float | None = None
    ) -> "Scale":
        """Calibrate without a fit, from scores minus quantiles of scores.

        Parameters
        ----------
        evaluations : Evaluations
            The scores.
        tau : float
            Quantile level of the boundary.
        smoothing, scale : float, optional
            As in `calibrated`; a specification has them under ``likelihood``.

        Returns
        -------
        Scale
            One value per task of the evaluations. Good to about a factor of two.
        """
        clusters = Clusters.from_evaluations(evaluations)
        return clustered_scale(rough_residuals(evaluations, tau), clusters, tau, smoothing, scale, rough=True)

    @classmethod
    def from_posterior(cls, posterior: xr.DataTree) -> "Scale":
        """Take the scale that a fit was drawn with.

        Parameters
        ----------
        posterior : xarray.DataTree
            ``frontier.posterior``.

        Returns
        -------
        Scale
            One value per task of the fit.
        """
        constant = posterior["constant_data"].dataset
        names = ("density", "scale", "half_width", "likelihood_level", "uploader_correlation", "tails")
        return cls(*(constant[name].to_numpy() for name in names if name in constant))  # older fits have the first four


def clustered_scale(
    residuals: FloatArray,
    clusters: Clusters,
    tau: float,
    smoothing: float,
    scale: float | None = None,
    *,
    rough: bool = False,
) -> Scale:
    """Calibrate on scores that come in clusters; a fixed scale makes nothing of these.

    Half samples correct the scale, but for rough residuals, about which they say nothing yet.

    Shapes: residuals (n_scores,) or (n_scores, n_draws).
    """
    n_base_models, n_tasks = clusters.shape
    parts = [(clusters.of_task(k), residuals[clusters.task == k]) for k in range(n_tasks)]
    if scale is not None:
        return Scale.calibrated([r for _, r in parts], tau, smoothing, scale)
    correlation, tails, found = np.zeros(n_tasks), np.ones((n_base_models, n_tasks)), []
    means, counted = np.empty(len(residuals)), np.empty(len(residuals))
    for k, (of_task, r) in enumerate(parts):
        mean, weights = r.reshape(len(r), -1).mean(axis=1), np.ones(len(r))
        for _ in range(2):
            tails[:, k] = of_task.tails(mean, weights)
            tail = tails[of_task.base, k]
            u = r.reshape(len(r), -1) / tail[:, None]
            half_width = _calibrated(u, weights, tau, smoothing)[2]
            correlation[k] = of_task.correlation(u - weighted_quantile(u, tau, weights), half_width)
            weights = of_task.weights(correlation)
        density, s, half_width, level = _calibrated(u, weights, tau, smoothing)
        found.append((density, s, half_width, level))
        means[clusters.task == k], counted[clusters.task == k] = mean - weighted_quantile(mean, tau, weights), weights
    density, s, half_width, level = np.array(found).T
    if not rough:
        s = s * clusters.half_samples(means, counted, level, half_width, s)
    return Scale(density, s, half_width, level, correlation, tails)


def scale_of_scores(scale: Scale, task: int, base: IntArray, cluster: IntArray) -> Scale:
    """Scale of single scores on a task: one that weighs less, as siblings of one cluster do, has a larger scale.

    Shapes: base (n_scores,), below 0 for base models not fitted, cluster (n_scores,), returns values per score.
    """
    tail = np.ones(len(base)) if scale.tails is None else np.where(base < 0, 1.0, scale.tails[base, task])
    weight = sibling_weights(cluster, 0.0 if scale.correlation is None else scale.correlation[task])
    level = np.full(len(base), scale.level[task])
    return Scale(scale.density[task] / tail, scale.scale[task] * tail / weight, scale.half_width[task] * tail, level)


def rough_residuals(evaluations: Evaluations, tau: float) -> FloatArray:
    """Scores minus their base model's tau-quantile, or their task's where base models are small; shape (n_scores,)."""
    table = evaluations.table
    by_base = table.groupby(["task", "base_model"])["score"]
    quantile = by_base.transform("quantile", tau)
    large = by_base.transform("size") >= LARGE_BASE
    if large.groupby(table["task"]).sum().min() >= 0.5 * large.groupby(table["task"]).size().min():
        return np.asarray((table["score"] - quantile).to_numpy())
    return np.asarray((table["score"] - table.groupby("task")["score"].transform("quantile", tau)).to_numpy())


def _calibrated(
    residuals: FloatArray, weights: FloatArray, tau: float, smoothing: float
) -> tuple[float, float, float, float]:
    """Density, scale, half-width and level that residuals of one task ask for."""
    density = boundary_density(residuals, tau, weights)
    half_width = smoothing * (1.0 - tau) / density
    u = (residuals - weighted_quantile(residuals, tau, weights)) / half_width
    above = np.clip(0.5 * (u + 1.0), 0.0, 1.0)
    mean = _mean(above, weights)
    # a score of weight w varies by a w-th of what one by itself does, and is counted w times
    scale = _mean((above - mean) ** 2, weights) / (_mean(np.abs(u) < 1.0, weights) / (2.0 * half_width))
    return density, scale, half_width, 1.0 - mean


def _mean(values: npt.NDArray[Any], weights: FloatArray) -> float:
    """Weighted mean over scores and draws. Shapes: values (n_scores,) or (n_scores, n_draws), weights (n_scores,)."""
    return float(np.average(values if values.ndim == 1 else values.mean(axis=1), weights=weights))


def weighted_quantile(values: FloatArray, levels: npt.ArrayLike, weights: FloatArray) -> FloatArray:
    """Quantiles of weighted values, interpolated; NumPy's where all weights are one.

    Shapes: values (n_scores,) or (n_scores, n_draws), weights (n_scores,), returns that of levels.
    """
    if (weights == 1.0).all():
        return np.asarray(np.quantile(values, np.asarray(levels, dtype=float)))
    w = np.broadcast_to(weights.reshape(-1, *(1,) * (values.ndim - 1)), values.shape).ravel()
    order = np.argsort(values, axis=None)
    w = w[order]
    at = np.cumsum(w) - 0.5 * (w + w[0])
    return np.asarray(np.interp(np.asarray(levels, dtype=float) * at[-1], at, values.ravel()[order]))


def boundary_density(residuals: npt.ArrayLike, tau: float, weights: FloatArray | None = None) -> float:
    """Density of residuals at their tau-quantile, by the difference quotient of quantiles."""
    r = np.asarray(residuals, dtype=float)
    w = np.ones(len(r)) if weights is None else weights
    n = w.sum() ** 2 / (w**2).sum()
    x = stats.norm.ppf(tau)
    hall_sheather = n ** (-1 / 3) * stats.norm.ppf(0.975) ** (2 / 3)
    hall_sheather *= (1.5 * stats.norm.pdf(x) ** 2 / (2.0 * x**2 + 1.0)) ** (1 / 3)
    width = min(float(hall_sheather), 0.9 * (1.0 - tau), 0.9 * tau)
    low, high = weighted_quantile(r, [tau - width, tau + width], w)
    # Ties (a benchmark with few items) can make the quotient infinite: a thousandth of a point is the
    # resolution.
    return float(2.0 * width / max(high - low, 1e-3 * 2.0 * width))


def residual_quantiles(residuals: npt.ArrayLike, tau: float, weights: FloatArray | None = None) -> FloatArray:
    """Quantiles of the residual distribution, shifted to be zero at tau. Shapes: returns (len(RESIDUAL_LEVELS),)."""
    r = np.asarray(residuals, dtype=float)
    w = np.ones(len(r)) if weights is None else weights
    return weighted_quantile(r, RESIDUAL_LEVELS, w) - weighted_quantile(r, tau, w)
