"""What the fast posterior holds, estimated from the evaluations known at the start."""

import numpy as np

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale, residual_quantiles
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.model.spec import ModelSpec
from studies.fast import sigmoid_spec
from studies.fast.quick import SHARES, Held, Mask, QuickModel, TaskFit
from studies.fast.scales import log_scale, log_typical, pooled

_PASSES, _DRAWS, _RESIDUAL_DRAWS = 3, 200, 40
# A base model's own quantile is a first guess of its boundary where it has this many scores.
_LARGE = 10


def calibrated(
    evaluations: Evaluations, known: Mask, tau: float, spec: ModelSpec | None = None
) -> tuple[QuickModel, list[TaskFit]]:
    """Make the fast model of evaluations, calibrated on those known.

    Shapes: known (n_models,).
    """
    spec = sigmoid_spec() if spec is None else spec
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
        shared = [
            pooled(modes[:, i], variances[:, i], (share.mu, share.sigma), spread)
            for i, (share, spread) in enumerate(zip(shares, spreads, strict=True))
        ]
        drifts = np.array([np.log(task.drift) for task in fitted])
        # the logarithm of a standard deviation found from n values has the variance 1 / (2 n)
        drift_errors = np.full(n_tasks, 0.5 / max(modes.shape[1] - SHARES - 1, 1))
        held = Held(
            scale=Scale.calibrated(residuals, tau, smoothing),
            residuals=np.stack([residual_quantiles(r, tau) for r in residuals]),
            share_mean=np.array([mean for mean, _ in shared]),
            share_spread=np.array([sd for _, sd in shared]),
            drift=pooled(drifts, drift_errors, log_typical(priors.drift), priors.drift_spread),
            omega=pooled(modes[:, -1], variances[:, -1], log_typical(priors.base_model), priors.base_model_spread),
        )
        model = model.holding(held)
    return model, model.fit(known, fitted)


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
