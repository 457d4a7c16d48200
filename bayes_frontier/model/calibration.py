"""The calibrated scale of the working likelihood, and the level that smoothing asks for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.likelihood import FloatArray

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
    """

    density: FloatArray
    scale: FloatArray
    half_width: FloatArray
    level: FloatArray

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
        density = np.array([boundary_density(r, tau, n=len(r)) for r in residuals])
        half_width = smoothing * (1.0 - tau) / density
        level, s = np.empty_like(density), np.empty_like(density)
        for k, (r, h) in enumerate(zip(residuals, half_width, strict=True)):
            u = (r.ravel() - np.quantile(r, tau)) / h
            above = np.clip(0.5 * (u + 1.0), 0.0, 1.0)
            level[k] = 1.0 - above.mean()
            s[k] = above.var() / (np.mean(np.abs(u) < 1.0) / (2.0 * h)) if scale is None else scale
        return cls(density=density, scale=s, half_width=half_width, level=level)

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
        residuals, task = rough_residuals(evaluations, tau), evaluations.table["task"].to_numpy()
        return cls.calibrated([residuals[task == name] for name in evaluations.tasks], tau, smoothing, scale)

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
        names = ("density", "scale", "half_width", "likelihood_level")
        return cls(*(constant[name].to_numpy() for name in names))


def rough_residuals(evaluations: Evaluations, tau: float) -> FloatArray:
    """Scores minus their base model's tau-quantile, or their task's where base models are small; shape (n_scores,)."""
    table = evaluations.table
    by_base = table.groupby(["task", "base_model"])["score"]
    quantile = by_base.transform("quantile", tau)
    large = by_base.transform("size") >= LARGE_BASE
    if large.groupby(table["task"]).sum().min() >= 0.5 * large.groupby(table["task"]).size().min():
        return np.asarray((table["score"] - quantile).to_numpy())
    return np.asarray((table["score"] - table.groupby("task")["score"].transform("quantile", tau)).to_numpy())


def boundary_density(residuals: npt.ArrayLike, tau: float, n: int | None = None) -> float:
    """Density of residuals at their tau-quantile, by the difference quotient of quantiles."""
    r = np.asarray(residuals, dtype=float).ravel()
    n = len(r) if n is None else n
    x = stats.norm.ppf(tau)
    hall_sheather = n ** (-1 / 3) * stats.norm.ppf(0.975) ** (2 / 3)
    hall_sheather *= (1.5 * stats.norm.pdf(x) ** 2 / (2.0 * x**2 + 1.0)) ** (1 / 3)
    width = min(float(hall_sheather), 0.9 * (1.0 - tau), 0.9 * tau)
    low, high = np.quantile(r, [tau - width, tau + width])
    # Ties (a benchmark with few items) can make the quotient infinite: a thousandth of a point is the
    # resolution.
    return float(2.0 * width / max(high - low, 1e-3 * 2.0 * width))


def residual_quantiles(residuals: npt.ArrayLike, tau: float) -> FloatArray:
    """Quantiles of the residual distribution, shifted to be zero at tau. Shapes: returns (len(RESIDUAL_LEVELS),)."""
    r = np.asarray(residuals, dtype=float).ravel()
    return np.asarray(np.quantile(r, RESIDUAL_LEVELS) - np.quantile(r, tau))
