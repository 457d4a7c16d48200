"""A fast posterior for studies that need a thousand fits: effects integrated out, the rest Gaussian.

The model is the default one (`models/hierarchical.toml`), with five simplifications. Boundaries are sigmoids that
scores do not bend (`curve = "sigmoid"`, see `studies.fast.sigmoid_spec`). Base-model effects are integrated out
numerically (`kernel`), which leaves per task four curve shares, a drift step a stretch of time and log omega;
their posterior is taken as Gaussian at its mode. A task's drift scale is the geometric mean of its posterior given the
steps, found together with them. What tasks share (mean and spread of the shares) and the likelihood's scale are
estimated from the evaluations known at the start (`calibration`), and then held.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.curve import Sigmoid, shift_logit, sigmoid_from_shares
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.likelihood import FloatArray, GroupedScores, IntArray, LossPieces
from bayes_frontier.posterior.draws import Curves
from studies.fast.kernel import marginal
from studies.fast.scales import typical_scale

# Parameters of a task before its drift steps: the logits of the curve's shares, see `model.curve`.
SHARES = 4
# A fit ends when a Newton step promises less than this many nats.
_TOLERANCE = 2e-3
_MOST_STEPS = 60
# The drift scale is found in so many rounds at most, or until it changes by less than this, as a logarithm.
_ROUNDS, _SAME_SCALE = 4, 0.05
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Held:
    """What is estimated once and held.

    Attributes
    ----------
    scale : Scale
        Of the likelihood.
    residuals : ndarray, shape (n_tasks, n_levels)
        Residual quantiles; see `model.scale.RESIDUAL_LEVELS`.
    share_mean, share_spread : ndarray, shape (4,)
        Normal distribution of the logits of curve shares over tasks.
    drift, omega : tuple of float
        Mean and standard deviation over tasks of the logarithm of a quarter's drift scale, and of log omega.
    """

    scale: Scale
    residuals: FloatArray
    share_mean: FloatArray
    share_spread: FloatArray
    drift: tuple[float, float]
    omega: tuple[float, float]


@dataclass(frozen=True)
class TaskFit:
    """Gaussian posterior of one task.

    Attributes
    ----------
    mode : ndarray, shape (n,)
        Logits of the shares, drift steps, log omega.
    covariance : ndarray, shape (n, n)
        Inverse of the Hessian at the mode.
    drift : float
        Standard deviation of a quarter's drift.
    """

    mode: FloatArray
    covariance: FloatArray
    drift: float


class QuickModel:
    """The model of one set of evaluations, any part of which may be taken as known.

    Parameters
    ----------
    evaluations : Evaluations
        All evaluations, hidden ones included; only the compute, base model and period of those enter before they are
        known.
    tau : float
        Quantile level.
    held : Held
        What is held.
    """

    def __init__(self, evaluations: Evaluations, tau: float, held: Held) -> None:
        self.evaluations, self.tau, self.held = evaluations, tau, held
        self.data = FrontierData.from_evaluations(evaluations, tau)
        self._position = self.data.compute.position(self.data.reference_z)
        self._row = evaluations.table["row"].to_numpy()
        self._score = evaluations.table["score"].to_numpy(float)
        # Root of the covariance of steps in units of a quarter's drift scale; a velocity of its size is integrated out.
        gaps = self.data.stretches.gaps
        self._stride: FloatArray = np.linalg.cholesky(np.diag(gaps) + np.outer(gaps, gaps))
        cells = self.data.cells
        self._cells = []
        for k in range(len(self.data.tasks)):
            chosen = np.flatnonzero(cells["task"].to_numpy() == k)
            base = cells["base"].to_numpy()[chosen]
            order = np.argsort(base, kind="stable")
            first = np.searchsorted(base[order], np.arange(len(self.data.base_models) + 1))
            chosen = chosen[order]
            self._cells.append((chosen.astype(np.int64), first.astype(np.int64), cells["stretch"].to_numpy()[chosen]))
        self._cache = np.zeros((len(self.data.tasks), len(self.data.base_models), 3))

    def holding(self, held: Held) -> "QuickModel":
        """Return the same model with other values held."""
        return QuickModel(self.evaluations, self.tau, held)

    def known_losses(self, known: Mask) -> LossPieces:
        """Losses of the records known, in the cells of all.

        Shapes: known (n_models,).
        """
        chosen = known[self._row]
        scores = GroupedScores.from_scores(
            self._score[chosen], self.data.cell_of_score[chosen], self.data.scores.n_cells
        )
        return replace(self.data, scores=scores).losses(self.held.scale)

    def fit(self, known: Mask, start: Sequence[TaskFit] | None = None) -> list[TaskFit]:
        """Posterior given the scores of the records known.

        Shapes: known (n_models,).
        """
        losses = self.known_losses(known)
        return [self._fit_task(k, losses, None if start is None else start[k]) for k in range(len(self.data.tasks))]

    def _fit_task(self, task: int, losses: LossPieces, start: TaskFit | None) -> TaskFit:
        if start is None:
            x, drift = self._prior_mean, float(np.exp(self.held.drift[0]))
            hessian = self._hessian(task, x, losses, np.linalg.norm(self._prior_root(drift), axis=1), drift)
        else:
            x, hessian, drift = start.mode, np.linalg.inv(start.covariance), start.drift
        for _ in range(_ROUNDS):
            x, hessian = self._climb(task, x, hessian, losses, drift)
            covariance = np.linalg.inv(hessian)
            last, drift = drift, self._drift(x, covariance)
            if abs(np.log(drift / last)) < _SAME_SCALE:
                break
        hessian = self._hessian(task, x, losses, np.sqrt(np.diag(covariance)), drift)
        return TaskFit(x, np.linalg.inv(hessian), drift)

    def _drift(self, x: FloatArray, covariance: FloatArray) -> float:
        """Drift scale given the mode and covariance of the parameters."""
        mean, sd = self.held.drift
        steps = np.linalg.solve(self._stride, x[SHARES:-1])
        errors = np.linalg.solve(self._stride, np.linalg.cholesky(covariance)[SHARES:-1])
        return typical_scale(steps, (errors**2).sum(axis=1), lambda log: -0.5 * ((log - mean) / sd) ** 2)

    def _climb(
        self, task: int, x: FloatArray, hessian: FloatArray, losses: LossPieces, drift: float
    ) -> tuple[FloatArray, FloatArray]:
        """Go to the mode given a drift scale; the Hessian is updated on the way."""
        value, gradient, *_ = self._log_posterior(task, x, losses, drift)
        for _ in range(_MOST_STEPS):
            step = np.linalg.solve(hessian, gradient)
            promised = float(gradient @ step)
            if promised < _TOLERANCE:
                break
            # No step of more than 2 in any coordinate: logits and log scales.
            part = min(1.0, 2.0 / float(np.abs(step).max()))
            for _ in range(12):
                new = x + part * step
                new_value, new_gradient, *_ = self._log_posterior(task, new, losses, drift)
                if new_value >= value + 1e-4 * part * promised:
                    break
                part *= 0.4
            else:
                break
            hessian = _updated(hessian, new - x, gradient - new_gradient)
            x, value, gradient = new, new_value, new_gradient
        return x, hessian

    def log_likelihood(self, task: int, x: FloatArray, losses: LossPieces) -> float:
        """Log likelihood with the effects integrated out.

        Shapes: x (n_parameters,).
        """
        return float(self._marginal(task, x, losses)[0])

    def _marginal(self, task: int, x: FloatArray, losses: LossPieces) -> Any:  # noqa: ANN401 - what the kernel returns
        cells, first, stretch = self._cells[task]
        return marginal(
            self._levels(x),
            np.concatenate([[0.0], np.cumsum(x[SHARES:-1])]),
            float(np.exp(x[-1])),
            losses.pieces,
            losses.buckets,
            losses.cells,
            cells,
            first,
            stretch,
            self._cache[task],
        )

    @property
    def _prior_mean(self) -> FloatArray:
        return np.concatenate([self.held.share_mean, np.zeros(len(self._stride)), [self.held.omega[0]]])

    def _prior_root(self, drift: float) -> FloatArray:
        """Lower root of the prior covariance."""
        root = np.diag([*self.held.share_spread, *np.zeros(len(self._stride)), self.held.omega[1]])
        root[SHARES:-1, SHARES:-1] = drift * self._stride
        return root

    def _log_posterior(
        self, task: int, x: FloatArray, losses: LossPieces, drift: float
    ) -> tuple[float, FloatArray, Any]:
        found = self._marginal(task, x, losses)
        moved = np.repeat(x[None, :], 2 * SHARES, axis=0)
        for i in range(SHARES):
            moved[2 * i, i] += 1e-5
            moved[2 * i + 1, i] -= 1e-5
        levels = self._levels(moved)
        gradient = np.empty_like(x)
        gradient[:SHARES] = (levels[::2] - levels[1::2]) / 2e-5 @ found[1]
        gradient[SHARES:-1] = np.cumsum(found[2][::-1])[::-1][1:]
        gradient[-1] = found[3]
        root = self._prior_root(drift)
        pull = np.linalg.solve(root, x - self._prior_mean)
        return float(found[0] - 0.5 * pull @ pull), gradient - np.linalg.solve(root.T, pull), found

    def _levels(self, x: FloatArray) -> FloatArray:
        """Logit of the undrifted curve at each base model's compute, shape (..., n_base_models)."""
        curve = _curve(x)
        low, high = curve.at_low[..., None], curve.at_high[..., None]
        rise = expit(low + (high - low) * self._position)
        return np.asarray(logit(curve.floor[..., None] + (curve.ceiling - curve.floor)[..., None] * rise))

    def _hessian(self, task: int, x: FloatArray, losses: LossPieces, sd: FloatArray, drift: float) -> FloatArray:
        """Minus the Hessian of the log posterior by central differences, made positive definite."""
        found = np.empty((len(x), len(x)))
        for i, width in enumerate(0.3 * np.clip(sd, 1e-3, 0.5)):
            e = np.zeros(len(x))
            e[i] = width
            above, below = (self._log_posterior(task, x + sign * e, losses, drift)[1] for sign in (1, -1))
            found[i] = (below - above) / (2.0 * width)
        root = self._prior_root(drift)
        values, vectors = np.linalg.eigh(0.5 * root.T @ (found + found.T) @ root)
        # In units of the prior no direction is known less well than a priori, up to curvature of the likelihood.
        half = np.linalg.solve(root.T, vectors * np.sqrt(np.maximum(values, 0.25)))
        return np.asarray(half @ half.T)

    def seen(self, known: Mask) -> IntArray:
        """Find the base models with a record among those known.

        Shapes: known (n_models,).
        """
        names = self.evaluations.models["base_model"].to_numpy(dtype=str)
        return np.searchsorted(self.data.base_models, np.unique(names[known]))

    def draws(
        self, fitted: Sequence[TaskFit], known: Mask, n: int, seed: int, parameters: Sequence[FloatArray] | None = None
    ) -> Curves:
        """Draw from the posterior.

        Shapes: known (n_models,).
        """
        rng = np.random.default_rng(seed)
        losses, data = self.known_losses(known), self.data
        shape = (n, len(data.tasks), data.n_periods)
        parts = {name: np.empty(shape) for name in ("floor", "ceiling", "slope", "midpoint")}
        effects = np.empty((n, len(data.base_models), len(data.tasks)))
        omega, velocity = np.empty((2, n, len(data.tasks)))
        span = float(data.stretches.gaps.sum())
        for k, task in enumerate(fitted):
            z = rng.standard_normal((n // 2, len(task.mode)))
            gaussian = task.mode + np.concatenate([z, -z]) @ np.linalg.cholesky(task.covariance).T
            x = gaussian if parameters is None else parameters[k]
            drift = np.concatenate([np.zeros((n, 1)), np.cumsum(x[:, SHARES:-1], axis=1)], axis=1)
            last = drift[:, self.data.stretches.last]
            curve = shift_logit(Sigmoid(*(part[:, None] for part in _curve(x))), last)
            slope = (curve.at_high - curve.at_low) / (data.compute.high - data.compute.low)
            parts["floor"][:, k], parts["ceiling"][:, k] = curve.floor, curve.ceiling
            parts["slope"][:, k], parts["midpoint"][:, k] = slope, data.compute.low - curve.at_low / slope
            omega[:, k] = np.exp(x[:, -1])
            _, _, found = self._log_posterior(k, task.mode, losses, task.drift)
            normal = rng.standard_normal(n // 2)
            velocity[:, k] = (drift[:, -1] + task.drift * np.sqrt(1.0 + span) * np.r_[normal, -normal]) / (1.0 + span)
            effects[:, :, k] = self._effects(task.mode, x, drift, found, rng.random((n, len(data.base_models))))
        return Curves(
            shape=(1, n),
            parts=parts,
            effects=effects[:, self.seen(known)],
            scales=omega,
            drift=np.tile([task.drift for task in fitted], (n, 1)),
            residuals=self.held.residuals,
            tau=self.tau,
            velocity=velocity,
        )

    def _effects(
        self,
        mode: FloatArray,
        x: FloatArray,
        drift: FloatArray,
        found: Any,  # noqa: ANN401 - what the kernel returned
        u: FloatArray,
    ) -> FloatArray:
        """Effects given the other parameters: their distribution at the mode, shifted to first order."""
        _, reaction, node, weight = found[4:]
        below = np.cumsum(weight, axis=1) - 0.5 * weight
        effects = np.column_stack([np.interp(u[:, b], below[b], node[b]) for b in range(len(node))])
        at_mode = np.concatenate([[0.0], np.cumsum(mode[SHARES:-1])])
        effects += (self._levels(x) - self._levels(mode)) * reaction.sum(axis=1) + (drift - at_mode) @ reaction.T
        unseen = (reaction == 0.0).all(axis=1)
        effects[:, unseen] *= np.exp(x[:, [-1]] - mode[-1])
        return np.asarray(effects)


def _curve(x: FloatArray) -> Sigmoid:
    return sigmoid_from_shares(*np.moveaxis(expit(x[..., :SHARES]), -1, 0))


def _updated(hessian: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """BFGS update of minus the Hessian, skipped where curvature is not positive."""
    curvature = float(step @ change)
    if curvature <= 1e-10:
        return hessian
    pushed = hessian @ step
    return np.asarray(hessian - np.outer(pushed, pushed) / float(step @ pushed) + np.outer(change, change) / curvature)
