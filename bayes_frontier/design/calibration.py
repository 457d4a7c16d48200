"""What the fast posterior holds, estimated from the evaluations known at the start."""

import numpy as np

from bayes_frontier.design.quick import SHARES, Held, Mask, QuickModel, TaskFit, typical_scale
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.pinball import FloatArray
from bayes_frontier.model.scale import RESIDUAL_LEVELS, Scale, residual_quantiles
from bayes_frontier.model.spec import HalfNormal, LogNormal, ModelSpec, read_spec

_PASSES, _DRAWS, _RESIDUAL_DRAWS = 3, 200, 40
# A base model's own quantile is a first guess of its boundary where it has this many scores.
_LARGE = 10


def calibrated(
    evaluations: Evaluations, known: Mask, tau: float, spec: ModelSpec | None = None
) -> tuple[QuickModel, list[TaskFit]]:
    """Make the fast model of evaluations, calibrated on those known.

    Parameters
    ----------
    evaluations : Evaluations
        All evaluations.
    known : ndarray of bool, shape (n_models,)
        Those known.
    tau : float
        Quantile level.
    spec : ModelSpec, optional
        Where priors and smoothing come from (default: hierarchical).

    Returns
    -------
    QuickModel
        The model.
    list of TaskFit
        Its posterior given what is known.
    """
    spec = read_spec("hierarchical") if spec is None else spec
    priors, smoothing = spec.priors, spec.likelihood.smoothing
    shares = (priors.high, priors.start_share, priors.floor_share, priors.ceiling_share)
    spreads = (priors.high_spread, priors.start_share_spread, priors.floor_share_spread, priors.ceiling_share_spread)
    prior_mean = np.array([share.mu for share in shares])
    n_tasks = len(evaluations.tasks)
    residuals = _first_residuals(evaluations, known, tau)
    held = Held(
        scale=Scale.calibrated(residuals, tau, smoothing),
        residuals=np.zeros((n_tasks, len(RESIDUAL_LEVELS))),
        share_mean=prior_mean,
        share_spread=np.ones(SHARES),
        drift=log_scale(priors.drift, priors.drift_spread),
        omega=log_scale(priors.base_model, priors.base_model_spread),
    )
    model, fitted = QuickModel(evaluations, tau, held), None
    for _ in range(_PASSES):
        fitted = model.fit(known, fitted)
        residuals = _residuals(model, fitted, known)
        modes = np.array([task.mode for task in fitted])
        variances = np.array([np.diag(task.covariance) for task in fitted])
        pooled = [
            _pooled(modes[:, i], variances[:, i], (share.mu, share.sigma), spread)
            for i, (share, spread) in enumerate(zip(shares, spreads, strict=True))
        ]
        drifts = np.array([np.log(task.drift) for task in fitted])
        # the logarithm of a standard deviation found from n values has the variance 1 / (2 n)
        drift_errors = np.full(n_tasks, 0.5 / max(modes.shape[1] - SHARES - 1, 1))
        held = Held(
            scale=Scale.calibrated(residuals, tau, smoothing),
            residuals=np.stack([residual_quantiles(r, tau) for r in residuals]),
            share_mean=np.array([mean for mean, _ in pooled]),
            share_spread=np.array([sd for _, sd in pooled]),
            drift=_pooled(drifts, drift_errors, _log_typical(priors.drift), priors.drift_spread),
            omega=_pooled(modes[:, -1], variances[:, -1], _log_typical(priors.base_model), priors.base_model_spread),
        )
        model = model.holding(held)
    return model, model.fit(known, fitted)


def log_scale(typical: HalfNormal | LogNormal, between: HalfNormal | LogNormal) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithm of a task's scale.

    Parameters
    ----------
    typical : HalfNormal or LogNormal
        Prior of the typical scale; a half-normal one is matched to a log-normal.
    between : HalfNormal or LogNormal
        Prior of the spread of its logarithm between tasks.

    Returns
    -------
    tuple of float
        Mean and standard deviation.
    """
    mean, sd = _log_typical(typical)
    return mean, float(np.hypot(sd, between.sigma))


def _log_typical(typical: HalfNormal | LogNormal) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of a typical scale."""
    # The logarithm of a half-normal variable has mean log(sigma) - 0.635 and standard deviation 1.11.
    return (typical.mu, typical.sigma) if isinstance(typical, LogNormal) else (np.log(typical.sigma) - 0.635, 1.11)


def _pooled(
    values: FloatArray, variances: FloatArray, typical: tuple[float, float], between: HalfNormal | LogNormal
) -> tuple[float, float]:
    """Mean and standard deviation of a task's value, from what those of all tasks are known to be.

    `typical` is the normal prior of the mean over tasks, `between` the prior of the spread.
    """

    def log_prior(log_spread: FloatArray) -> FloatArray:
        if isinstance(between, LogNormal):
            return -0.5 * ((log_spread - between.mu) / between.sigma) ** 2
        return log_spread - 0.5 * np.exp(2.0 * log_spread) / between.sigma**2

    mean, error, spread = float(values.mean()), 0.0, between.sigma
    for _ in range(_PASSES):
        spread = typical_scale(values - mean, variances + error**2, log_prior)
        precision = 1.0 / typical[1] ** 2 + len(values) / spread**2
        mean = (typical[0] / typical[1] ** 2 + float(values.sum()) / spread**2) / precision
        error = precision**-0.5
    return mean, float(np.hypot(error, spread))


def _first_residuals(evaluations: Evaluations, known: Mask, tau: float) -> list[FloatArray]:
    table = evaluations.table[known[evaluations.table["row"].to_numpy()]]
    by_base = table.groupby(["task", "base_model"])["score"]
    residual, large = table["score"] - by_base.transform("quantile", tau), by_base.transform("size") >= _LARGE
    found = []
    for task in evaluations.tasks:
        own = (table["task"] == task).to_numpy()
        score = table["score"][own]
        chosen = residual[own & large.to_numpy()]
        found.append(np.asarray(chosen if len(chosen) >= 0.5 * len(score) else score - score.quantile(tau)))
    return found


def _residuals(model: QuickModel, fitted: list[TaskFit], known: Mask) -> list[FloatArray]:
    """Scores minus drawn boundaries, one array a task, shape (n_scores, n_draws)."""
    curves, data, table = model.draws(fitted, known, _DRAWS, 0), model.data, model.evaluations.table
    cells = data.cells
    chosen = known[table["row"].to_numpy()]
    cell, code = np.unique(data.cell_of_score[chosen], return_inverse=True)
    z, base, task, period = (cells[name].to_numpy()[cell] for name in ("z", "base", "task", "period"))
    base = np.searchsorted(model.seen(known), base)
    boundary = curves.known(z, base, task, period, slice(0, _RESIDUAL_DRAWS))
    residual = table["score"].to_numpy(float)[chosen][:, None] - boundary[:, code].T
    return [residual[task[code] == k] for k in range(len(data.tasks))]

