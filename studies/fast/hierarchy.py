"""The fast posterior made whole: not Gaussian, and with what tasks share unknown.

The Gaussian of `studies.fast.quick` is exact enough for boundaries, but the shares that say where a ceiling
lies are known poorly: their posterior is skew and depends on the spread between tasks. Here each task gets candidates
from a wide Student distribution around its mode, with their exact marginal likelihoods; a Gibbs sampler then moves over
candidates, the mean and spread of shares over tasks, and each task's scale of drift, under the priors of the default
model, a velocity of drift included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.model.spec import Priors
from studies.fast.quick import SHARES, Mask, QuickModel, TaskFit
from studies.fast.scales import log_scale

CANDIDATES, SWEEPS, BURN_IN = 600, 1000, 200
_FREEDOM, _WIDER = 6.0, 1.35
_SPREADS: FloatArray = np.geomspace(0.02, 5.0, 120)
_LOG_SCALES: FloatArray = np.linspace(-7.0, 1.0, 160)


@dataclass(frozen=True)
class Candidates:
    """Parameters of one task.

    Attributes
    ----------
    x : ndarray, shape (n, n_parameters)
        Logits of the shares, drift steps, log omega.
    weight : ndarray, shape (n,)
        Log likelihood less log density of the proposal.
    """

    x: FloatArray
    weight: FloatArray


def draw(
    model: QuickModel, fitted: Sequence[TaskFit], known: Mask, priors: Priors, rng: np.random.Generator
) -> list[FloatArray]:
    """Draw the parameters of all tasks together.

    Shapes: known (n_models,), returns (n_draws, n_parameters).
    """
    losses = model.known_losses(known)
    tasks = []
    for k, task in enumerate(fitted):
        x, density = _proposals(task, rng)
        likelihood = np.array([model.log_likelihood(k, one, losses) for one in x])
        omega = -0.5 * ((x[:, -1] - model.held.omega[0]) / model.held.omega[1]) ** 2
        tasks.append(Candidates(x, likelihood + omega - density))
    return gibbs(tasks, priors, model.data.stretches.gaps, rng)


def _proposals(task: TaskFit, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Student draws around the mode, and their log density up to a constant."""
    n = len(task.mode)
    root = _WIDER * np.linalg.cholesky(task.covariance)
    z = rng.standard_normal((CANDIDATES, n)) / np.sqrt(rng.chisquare(_FREEDOM, CANDIDATES) / _FREEDOM)[:, None]
    return task.mode + z @ root.T, -0.5 * (_FREEDOM + n) * np.log1p((z**2).sum(axis=1) / _FREEDOM)


def gibbs(tasks: Sequence[Candidates], priors: Priors, gaps: FloatArray, rng: np.random.Generator) -> list[FloatArray]:
    """Sample candidates of all tasks together with what tasks share.

    Shapes: gaps (n_steps,), returns (SWEEPS, n_parameters).
    """
    means = [priors.high, priors.start_share, priors.floor_share, priors.ceiling_share]
    spreads = [priors.high_spread, priors.start_share_spread, priors.floor_share_spread, priors.ceiling_share_spread]
    centre, width = (np.array([getattr(p, part) for p in means]) for part in ("mu", "sigma"))
    reach = np.array([p.sigma for p in spreads])
    drift = log_scale(priors.drift, priors.drift_spread)
    mean, spread = centre.copy(), 0.674 * reach
    scale = np.full(len(tasks), np.exp(drift[0]))
    shares = np.array([task.x[task.weight.argmax(), :SHARES] for task in tasks])
    kept: list[list[FloatArray]] = [[] for _ in tasks]
    for sweep in range(BURN_IN + SWEEPS):
        for k, task in enumerate(tasks):
            steps = task.x[:, SHARES:-1]
            log = task.weight - 0.5 * (((task.x[:, :SHARES] - mean) / spread) ** 2).sum(axis=1)
            log -= 0.5 * _walk(steps, gaps) / scale[k] ** 2
            i = int((log + rng.gumbel(size=len(log))).argmax())
            shares[k] = task.x[i, :SHARES]
            if steps.shape[1]:
                scale[k] = _scale(float(_walk(steps[[i]], gaps)[0]), steps.shape[1], drift, rng)
            if sweep >= BURN_IN:
                kept[k].append(task.x[i])
        precision = 1.0 / width**2 + len(tasks) / spread**2
        mean = (centre / width**2 + shares.sum(axis=0) / spread**2) / precision
        mean = mean + rng.standard_normal(SHARES) / np.sqrt(precision)
        square = ((shares - mean) ** 2).sum(axis=0)
        # on a logarithmic grid, whose points are as far apart as the spread is large
        log_spread = (
            (1 - len(tasks)) * np.log(_SPREADS)[:, None]
            - 0.5 * square / _SPREADS[:, None] ** 2
            - 0.5 * (_SPREADS[:, None] / reach) ** 2
        )
        spread = _SPREADS[(log_spread + rng.gumbel(size=log_spread.shape)).argmax(axis=0)]
    return [np.array(draws) for draws in kept]


def _walk(steps: FloatArray, gaps: FloatArray) -> FloatArray:
    """Squared length of drift steps in units of their scale, a common velocity of that scale integrated out."""
    return np.asarray((steps**2 / gaps).sum(axis=1) - steps.sum(axis=1) ** 2 / (1.0 + gaps.sum()))


def _scale(square: float, n: int, prior: tuple[float, float], rng: np.random.Generator) -> float:
    log = -0.5 * ((_LOG_SCALES - prior[0]) / prior[1]) ** 2 - n * _LOG_SCALES
    log -= 0.5 * square * np.exp(-2.0 * _LOG_SCALES)
    return float(np.exp(_LOG_SCALES[int((log + rng.gumbel(size=len(log))).argmax())]))
