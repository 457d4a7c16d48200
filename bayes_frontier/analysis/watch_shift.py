"""How far a task's boundary has moved since a fit, from scores that came later.

Each base model has its own boundary, known from the fit with an uncertainty that base models share in part (the curve)
and in part do not (effects; what each moved on its own since). All of this is a Gaussian on the logit scale, taken from
the fit's draws; a common shift d, with a wide prior, is added to it. New scores enter by the fit's own likelihood with
its calibrated scale. So a base model with a thousand new scores counts for little more than one with fifty: what it
moved on its own is not drift. Sampling is by generalised elliptical slices (Nishihara, Murray & Adams 2014, JMLR 15,
2087) around a Gaussian found by Fisher scoring, many chains at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from bayes_frontier.model.pinball import FloatArray, IntArray, smooth_pinball_loss

# Prior standard deviation of the shift on the logit scale: at a score of 0.5, 0.12.
PRIOR_SHIFT = 0.5
CHAINS, BURN, KEPT = 24, 80, 150
_SCORING_STEPS = 30
# The reference Gaussian is widened, so that its tails cover the posterior's.
_WIDER = 1.3
Function = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Likelihood:
    """The fit's working likelihood for one task.

    Attributes
    ----------
    level, half_width, scale : float
        Of the smoothed pinball loss; see `model.scale`.
    density : float
        Density of scores at the boundary.
    """

    level: float
    half_width: float
    scale: float
    density: float


@dataclass(frozen=True)
class Levels:
    """Where the base models of the new scores stood.

    Attributes
    ----------
    mean : ndarray, shape (n_base_models,)
        Logit of each boundary.
    covariance : ndarray, shape (n_base_models, n_base_models)
        Its uncertainty.
    """

    mean: FloatArray
    covariance: FloatArray


def shift_draws(
    scores: FloatArray,
    base: IntArray,
    levels: Levels,
    likelihood: Likelihood,
    rng: np.random.Generator,
    prior: float = PRIOR_SHIFT,
) -> FloatArray:
    """Draw the common shift given new scores.

    Parameters
    ----------
    scores : ndarray, shape (n_scores,)
        New scores.
    base : ndarray of int, shape (n_scores,)
        Base model of each, a place in `levels`.
    levels : Levels
        Where the base models stood.
    likelihood : Likelihood
        Of the task.
    rng : numpy.random.Generator
        Random numbers.
    prior : float
        Prior standard deviation of the shift.

    Returns
    -------
    ndarray, shape (CHAINS, KEPT)
        Shifts on the logit scale.
    """
    n = len(levels.mean)
    # unknowns: the shifted boundary of each base model, and the shift; their prior is joint Gaussian
    mean = np.append(levels.mean, 0.0)
    covariance = np.zeros((n + 1, n + 1))
    covariance[:n, :n] = levels.covariance + prior**2
    covariance[:n, n] = covariance[n, :n] = covariance[n, n] = prior**2
    covariance += 1e-8 * np.eye(n + 1)
    precision = np.linalg.inv(covariance)

    def loss(x: FloatArray) -> FloatArray:
        q = expit(x[:, :n])
        found = smooth_pinball_loss(scores - q[:, base], likelihood.level, likelihood.half_width)
        return np.asarray(found.sum(axis=1) / likelihood.scale)

    def target(x: FloatArray) -> FloatArray:
        away = x - mean
        return np.asarray(-loss(x) - 0.5 * np.einsum("ci,ij,cj->c", away, precision, away))

    centre, curvature = _scoring(mean, precision, scores, base, likelihood, target)
    reference = np.linalg.inv(curvature) * _WIDER**2
    root, weight = np.linalg.cholesky(reference), curvature / _WIDER**2

    def surplus(x: FloatArray) -> FloatArray:
        away = x - centre
        return np.asarray(target(x) + 0.5 * np.einsum("ci,ij,cj->c", away, weight, away))

    x = centre + rng.standard_normal((CHAINS, n + 1)) @ root.T
    value = surplus(x)
    kept = np.empty((CHAINS, KEPT))
    for step in range(BURN + KEPT):
        x, value = _slice(x, value, centre, root, surplus, rng)
        if step >= BURN:
            kept[:, step - BURN] = x[:, n]
    return kept


def _scoring(
    mean: FloatArray,
    precision: FloatArray,
    scores: FloatArray,
    base: IntArray,
    likelihood: Likelihood,
    target: Function,
) -> tuple[FloatArray, FloatArray]:
    """Mode and expected curvature, by Fisher scoring with a line search."""
    n = len(mean) - 1
    curvature = precision
    counts = np.bincount(base, minlength=n)
    x, value = mean.copy(), float(target(mean[None, :])[0])
    for _ in range(_SCORING_STEPS):
        q = expit(x[:n])
        slope = q * (1.0 - q)
        residual = scores - q[base]
        pull = np.clip(0.5 * (residual / likelihood.half_width + 1.0), 0.0, 1.0) - (1.0 - likelihood.level)
        gradient = -precision @ (x - mean)
        gradient[:n] += np.bincount(base, pull / likelihood.scale, n) * slope
        curvature = precision.copy()
        curvature[np.arange(n), np.arange(n)] += counts * likelihood.density / likelihood.scale * slope**2
        move, part = np.linalg.solve(curvature, gradient), 1.0
        while part > 1e-3:
            new = x + part * move
            risen = float(target(new[None, :])[0])
            if risen >= value:
                break
            part *= 0.5
        else:
            break
        x, done, value = new, risen - value < 1e-3, risen
        if done:
            break
    return x, curvature


def _slice(
    x: FloatArray,
    value: FloatArray,
    centre: FloatArray,
    root: FloatArray,
    surplus: Function,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Move every chain once along its own ellipse."""
    other = rng.standard_normal(x.shape) @ root.T
    floor = value - rng.standard_exponential(len(x))
    angle = rng.uniform(0.0, 2.0 * np.pi, len(x))
    low, high = angle - 2.0 * np.pi, angle.copy()
    moved, height = x.copy(), value.copy()
    open_ = np.arange(len(x))
    while len(open_):
        a = angle[open_, None]
        tried = centre + (x[open_] - centre) * np.cos(a) + other[open_] * np.sin(a)
        found = surplus(tried)
        good = found > floor[open_]
        moved[open_[good]], height[open_[good]] = tried[good], found[good]
        open_ = open_[~good]
        below = angle[open_] < 0.0
        low[open_[below]] = angle[open_[below]]
        high[open_[~below]] = angle[open_[~below]]
        angle[open_] = rng.uniform(low[open_], high[open_])
    return moved, height
