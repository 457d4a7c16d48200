"""Intervals from the textbook, to compare with: each task's last period on its own, no base-model effects.

A sigmoid is fitted by its asymmetric-Laplace posterior mode under the model's own priors of the curve, and its
uncertainty comes in three ways:

* ``uncalibrated``: the Bayesian posterior with the scale estimated by maximum likelihood, in its Gaussian
  approximation at the mode (Yu & Moyeed 2001);
* ``sandwich``: the covariance of the mode when base models are drawn, with the factor G / (G - 1) (Parente & Santos
  Silva 2016, doi 10.1515/jem-2014-0011);
* ``bootstrap``: the spread of refits to base models drawn with replacement, times Student quantiles with the
  effective number of base models (Kish) less one as degrees of freedom.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats
from scipy.special import expit

from bayes_frontier.evaluations import Evaluations
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.curve import ComputeRange, sigmoid_from_shares
from bayes_frontier.model.likelihood import FloatArray, IntArray, pinball_loss
from bayes_frontier.model.spec import Priors

METHODS = ("uncalibrated", "sandwich", "bootstrap")
_SHARES = ("high", "start_share", "floor_share", "ceiling_share")
_REFITS = 80
_DRAWS = 400
_STEP = 1e-4
# Smoothing in tail scales: enough for a minimiser that climbs by gradients, with the level that undoes it.
_SMOOTHING = 0.5


@dataclass(frozen=True)
class Interval:
    """Boundaries by one method.

    Attributes
    ----------
    mean : ndarray, shape (n_points,)
        Point estimate, in scores.
    lower, upper : ndarray, shape (n_probs, n_points)
        Ends of equal-tailed intervals, in scores.
    """

    mean: FloatArray
    lower: FloatArray
    upper: FloatArray

    @classmethod
    def of_draws(cls, draws: FloatArray, probs: Sequence[float]) -> "Interval":
        """Summarise draws.

        Shapes: draws (n_draws, n_points).
        """
        tails = (1.0 - np.asarray(probs)) / 2.0
        return cls(draws.mean(axis=0), np.quantile(draws, tails, axis=0), np.quantile(draws, 1.0 - tails, axis=0))


def alternatives(
    evaluations: Evaluations, task: str, tau: float, z: FloatArray, probs: Sequence[float], seed: int
) -> dict[str, Interval]:
    """Fit one task's last period in the three ways.

    Shapes: z (n_points,).
    """
    table = evaluations.table
    table = table[(table["task"] == task) & (table["period"] == table["period"].max())]
    curve = _Curve.of_table(table["score"], np.log10(table["flops"]), table["base_model"], tau)
    rng = np.random.default_rng(seed)
    mode = curve.fit(np.ones(curve.n_bases), curve.centre)
    calibrated = curve.scaled(mode)
    mode = calibrated.fit(np.ones(curve.n_bases), mode)
    gradient, information = calibrated.derivatives(mode)

    estimated = float(pinball_loss(calibrated.y - calibrated.at(mode), tau).mean())
    precision = calibrated.precision + information / estimated
    plain = _draws(rng, mode, np.linalg.inv(precision))

    scale = float(calibrated.scale.scale[0])
    bread = np.linalg.inv(calibrated.precision + information / scale)
    centred = gradient - gradient.mean(axis=0)
    meat = centred.T @ centred / scale**2 * calibrated.n_bases / max(calibrated.n_bases - 1, 1)
    robust = _draws(rng, mode, bread @ meat @ bread)

    weights = rng.multinomial(curve.n_bases, np.full(curve.n_bases, 1 / curve.n_bases), size=_REFITS)
    refits = np.stack([calibrated.at(calibrated.fit(w.astype(float), mode), z) for w in weights])
    size = np.bincount(calibrated.base).astype(float)
    freedom = max(float(size.sum() ** 2 / (size**2).sum()) - 1.0, 1.0)
    reach = stats.t.ppf(0.5 + np.asarray(probs)[:, None] / 2.0, freedom) * refits.std(axis=0, ddof=1)
    centre = calibrated.at(mode, z)
    return {
        "uncalibrated": Interval.of_draws(calibrated.at(plain, z), probs),
        "sandwich": Interval.of_draws(calibrated.at(robust, z), probs),
        "bootstrap": Interval(centre, np.clip(centre - reach, 0, 1), np.clip(centre + reach, 0, 1)),
    }


@dataclass(frozen=True)
class _Curve:
    """Penalised quantile regression of scores on a sigmoid of z."""

    y: FloatArray
    z: FloatArray
    base: IntArray
    tau: float
    compute: ComputeRange
    scale: Scale
    centre: FloatArray
    precision: FloatArray

    @classmethod
    def of_table(cls, y: npt.ArrayLike, z: npt.ArrayLike, base: Sequence[str], tau: float) -> "_Curve":
        scores, compute = np.asarray(y, dtype=float), np.asarray(z, dtype=float)
        low, high = np.quantile(compute, [0.16, 0.84])
        if high - low < 1e-6:
            low, high = compute.min(), compute.max()
        priors = Priors()
        normals = [getattr(priors, name) for name in _SHARES]
        # a task's share is its mean over tasks plus its own deviation: both variances
        spreads = [getattr(priors, f"{name}_spread") for name in _SHARES]
        variances = [a.sigma**2 + getattr(b, "sigma", 1.0) ** 2 for a, b in zip(normals, spreads, strict=True)]
        return cls(
            scores,
            compute,
            np.unique(np.asarray(base, dtype=object), return_inverse=True)[1].astype(np.int64),
            tau,
            ComputeRange(float(low), float(high), (float(low), float(high))),
            Scale.calibrated([scores - np.quantile(scores, tau)], tau, _SMOOTHING),
            np.array([prior.mu for prior in normals]),
            np.diag(1.0 / np.array(variances)),
        )

    @property
    def n_bases(self) -> int:
        return int(self.base.max()) + 1

    def scaled(self, theta: FloatArray) -> "_Curve":
        """Calibrate the scale on the residuals of a fit."""
        scale = Scale.calibrated([self.y - self.at(theta)], self.tau, _SMOOTHING)
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _Curve(**{**fields, "scale": scale})

    def at(self, theta: FloatArray, z: FloatArray | None = None) -> FloatArray:
        """Boundary of parameters (..., 4) at the records' compute or at `z`; shape (..., n)."""
        position = self.compute.position(self.z if z is None else z)
        floor, ceiling, at_low, at_high = (
            np.asarray(part)[..., None] for part in sigmoid_from_shares(*np.moveaxis(expit(theta), -1, 0))
        )
        return np.asarray(floor + (ceiling - floor) * expit(at_low + (at_high - at_low) * position))

    def _slopes(self, theta: FloatArray) -> FloatArray:
        steps = _STEP * np.eye(len(theta))
        return (self.at(theta + steps) - self.at(theta - steps)) / (2.0 * _STEP)

    def _psi(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Differentiate the smoothed loss in q, once and twice; shape (n,) each."""
        h, level = self.scale.half_width[0], self.scale.level[0]
        u = (self.y - self.at(theta)) / h
        return 1.0 - level - np.clip(0.5 * (u + 1.0), 0.0, 1.0), (np.abs(u) < 1.0) / (2.0 * h)

    def derivatives(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Gradient by base model (n_bases, 4) and Gauss-Newton information (4, 4) of the unscaled loss."""
        psi, curvature = self._psi(theta)
        slopes = self._slopes(theta)
        gradient = np.stack([np.bincount(self.base, psi * row, minlength=self.n_bases) for row in slopes], axis=1)
        return gradient, (slopes * curvature) @ slopes.T

    def fit(self, weights: FloatArray, start: FloatArray) -> FloatArray:
        """Mode when base models count `weights` times."""
        w, s = weights[self.base], self.scale.scale[0]
        h, level = self.scale.half_width[0], self.scale.level[0]

        def objective(theta: FloatArray) -> tuple[float, FloatArray]:
            residual = self.y - self.at(theta)
            inside = np.clip(residual, -h, h)
            loss = (inside**2 + h * h) / (4.0 * h) + np.maximum(np.abs(residual) - h, 0.0) / 2.0
            loss += (level - 0.5) * residual
            away = theta - self.centre
            psi, _ = self._psi(theta)
            pull = self.precision @ away
            return float(w @ loss / s + away @ pull / 2.0), self._slopes(theta) @ (w * psi) / s + pull

        found = optimize.minimize(objective, start, jac=True, method="BFGS", options={"maxiter": 60, "gtol": 1e-3})
        # Beyond this a share is 0 or 1 to the last digit, and the curve's derivatives are not finite.
        return np.asarray(np.clip(found.x, -12.0, 12.0))


def _draws(rng: np.random.Generator, mean: FloatArray, covariance: FloatArray) -> FloatArray:
    return rng.multivariate_normal(mean, covariance, size=_DRAWS, method="eigh")
