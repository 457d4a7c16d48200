"""What the fast posterior holds, estimated from the evaluations known at the start."""

import numpy as np

from bayes_frontier.design.quick import SHARES, Held, Mask, QuickModel, TaskFit
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.pinball import FloatArray
from bayes_frontier.model.scale import RESIDUAL_LEVELS, Scale, residual_quantiles
from bayes_frontier.model.spec import HalfNormal, LogNormal, ModelSpec, read_spec

_PASSES, _DRAWS, _RESIDUAL_DRAWS = 3, 200, 40
# A base model's own quantile is a first guess of its boundary where it has this many scores.
_LARGE = 10
# Grid of log drift scales.
_LOG_SCALES: FloatArray = np.linspace(-6.0, 1.0, 400)


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
    prior_mean = np.array([share.mu for share in shares])
    # The median of the half-normal prior of the spread between tasks.
    spread = np.full(SHARES, 0.674)
    drift, drift_sd = log_scale(priors.drift, priors.drift_spread)
    n_tasks = len(evaluations.tasks)
    residuals = _first_residuals(evaluations, known, tau)
    held = Held(
        scale=Scale.calibrated(residuals, tau, smoothing),
        residuals=np.zeros((n_tasks, len(RESIDUAL_LEVELS))),
        share_mean=prior_mean,
        share_spread=np.ones(SHARES),
        drift=np.full(n_tasks, np.exp(drift)),
        omega=log_scale(priors.base_model, priors.base_model_spread),
    )
    model, fitted = QuickModel(evaluations, tau, held), None
    for _ in range(_PASSES):
        fitted = model.fit(known, fitted)
        residuals = _residuals(model, fitted, known)
        modes = np.array([task.mode for task in fitted])
        variances = np.array([np.diag(task.covariance) for task in fitted])
        precision = 1.0 / (variances[:, :SHARES] + spread**2)
        mean = (prior_mean + (precision * modes[:, :SHARES]).sum(axis=0)) / (1.0 + precision.sum(axis=0))
        observed = len(np.unique(evaluations.models["period"].to_numpy()[known])) - 1
        steps = slice(SHARES, SHARES + observed)
        held = Held(
            scale=Scale.calibrated(residuals, tau, smoothing),
            residuals=np.stack([residual_quantiles(r, tau) for r in residuals]),
            share_mean=mean,
            share_spread=spread,
            drift=np.array(
                [
                    _drift_scale(mode[steps], variance[steps], drift, drift_sd)
                    for mode, variance in zip(modes, variances, strict=True)
                ]
            ),
            omega=held.omega,
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
    # The logarithm of a half-normal variable has mean log(sigma) - 0.635 and standard deviation 1.11.
    mean, sd = (
        (typical.mu, typical.sigma) if isinstance(typical, LogNormal) else (float(np.log(typical.sigma)) - 0.635, 1.11)
    )
    return mean, float(np.hypot(sd, between.sigma))


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


def _drift_scale(steps: FloatArray, variances: FloatArray, mean: float, sd: float) -> float:
    """Posterior geometric mean of a drift scale given estimated steps; of its prior where there is none."""
    log_posterior = -0.5 * ((_LOG_SCALES - mean) / sd) ** 2
    for step, variance in zip(steps, variances, strict=True):
        log_posterior -= _LOG_SCALES + 0.5 * (step**2 + variance) * np.exp(-2.0 * _LOG_SCALES)
    weight = np.exp(log_posterior - log_posterior.max())
    return float(np.exp(weight @ _LOG_SCALES / weight.sum()))
