"""What models can do on items such as a benchmark's, beside what they scored on these: the noise of finite benchmarks.

A score is a share of n items. Were others drawn of their kind, a model of ability a would score a with variance
a (1 - a) / n, and a high quantile of scores lies above that of abilities. Residuals about the boundary are therefore
freed of this noise: their distribution before it is taken to have a smooth density, the exponential of a spline, whose
coefficients are those under which residuals with the noise are most likely (Efron 2016, doi 10.1093/biomet/asv068).
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import optimize, stats
from scipy.interpolate import BSpline

from bayes_frontier.errors import QueryError
from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale
from bayes_frontier.model.clusters import Clusters
from bayes_frontier.model.curve import inverse_logit, log_flops
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior.ahead import compute_fitted_at
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.posterior.query import Fit
from bayes_frontier.text import listed

# Cells of the grid of residuals, coefficients of the density's logarithm, and what keeps these near those of a normal
# density where residuals say nothing.
_CELLS, _COEFFICIENTS, _RIDGE = 240, 6, 0.05
# Draws whose residuals stand for all.
_DRAWS = 40
_SEED = 20261201


def item_noise(fit: Fit) -> pd.DataFrame:
    """How much of what scores differ by, within base models, is the noise of finite benchmarks; a row a task.

    Columns: task, n_items (median), noise (standard deviation, in scores), spread (that of scores about their base
    model's boundary), share (of the variance; at most 1).
    """
    rows = []
    residuals = _residuals(fit)
    for k, task in enumerate(fit.tasks):
        scores, r, weights = residuals[k]
        noise = np.sqrt(np.average(_variance(scores), weights=weights))
        spread = np.sqrt(np.cov(r.mean(axis=1), aweights=weights))
        items = float(scores["n_items"].median())
        rows.append((task, items, float(noise), float(spread), float(min(1.0, (noise / spread) ** 2))))
    return pd.DataFrame(rows, columns=["task", "n_items", "noise", "spread", "share"])


def ability_curves(fit: Fit, curves: Curves) -> Curves:
    """Return draws whose residuals are free of the noise of items, and as uncertain as that leaves them."""
    rng = np.random.default_rng(_SEED)
    quantiles, wobble = np.empty_like(curves.residuals), np.empty((curves.n_samples, len(fit.tasks)))
    for k, (scores, r, weights) in enumerate(_residuals(fit)):
        noise = float(np.sqrt(np.average(_variance(scores), weights=weights)))
        quantiles[k], error = denoised(r, weights, noise, curves.tau)
        wobble[:, k] = error * rng.standard_normal(curves.n_samples)
    return replace(curves, residuals=quantiles, wobble=wobble)


def denoised(residuals: FloatArray, weights: FloatArray, noise: float, tau: float) -> tuple[FloatArray, float]:
    """Quantiles of residuals before normal noise, at RESIDUAL_LEVELS, and the standard error of the one at tau.

    Shapes: residuals (n_scores, n_draws), weights (n_scores,).
    """
    low, high = residuals.min() - noise, residuals.max() + noise
    edges = np.linspace(low, high, _CELLS + 1)
    grid = 0.5 * (edges[1:] + edges[:-1])
    each = np.broadcast_to(weights[:, None] / residuals.shape[1], residuals.shape)
    counts, _ = np.histogram(residuals, edges, weights=each)
    kernel = stats.norm.cdf((edges[1:, None] - grid) / noise) - stats.norm.cdf((edges[:-1, None] - grid) / noise)
    centre, spread = _moments(grid, counts)
    spread = np.sqrt(max(spread**2 - noise**2, (0.1 * spread) ** 2))
    basis = _basis((grid - centre) / spread)

    def density(coefficients: FloatArray) -> FloatArray:
        log_density = basis @ coefficients
        made = np.exp(log_density - log_density.max())
        return np.asarray(made / made.sum())

    def objective(coefficients: FloatArray) -> tuple[float, FloatArray]:
        g = density(coefficients)
        f = np.maximum(kernel @ g, 1e-300)
        pulled = g * (kernel.T @ (counts / f) - counts.sum())
        away = coefficients[2:]
        gradient = -basis.T @ pulled
        gradient[2:] += _RIDGE * away
        return float(-(counts * np.log(f)).sum() + 0.5 * _RIDGE * (away**2).sum()), gradient

    start = np.zeros(basis.shape[1])
    start[1] = -0.5
    best = optimize.minimize(objective, start, jac=True, method="BFGS")

    def quantile(coefficients: FloatArray, level: float) -> float:
        return float(np.interp(level, np.cumsum(density(coefficients)) - 0.5 * density(coefficients), grid))

    steps = 1e-3 * np.eye(len(best.x))
    slope = np.array([quantile(best.x + s, tau) - quantile(best.x - s, tau) for s in steps]) / 2e-3
    g = density(best.x)
    return np.interp(RESIDUAL_LEVELS, np.cumsum(g) - 0.5 * g, grid), float(np.sqrt(slope @ best.hess_inv @ slope))


def _moments(grid: FloatArray, counts: FloatArray) -> tuple[float, float]:
    mean = float(np.average(grid, weights=counts))
    return mean, float(np.sqrt(np.average((grid - mean) ** 2, weights=counts)))


def _basis(x: FloatArray) -> FloatArray:
    """Functions that make the logarithm of a density: a line, a parabola, and what bends it; shape (n, 2 + k)."""
    knots = np.linspace(-4.0, 4.0, _COEFFICIENTS)
    padded = np.r_[[knots[0]] * 3, knots, [knots[-1]] * 3]
    bends = BSpline.design_matrix(np.clip(x, -4.0, 4.0), padded, 3).toarray()
    bends = bends - bends.mean(axis=0)
    return np.column_stack([x, x**2, bends])


def _variance(scores: pd.DataFrame) -> FloatArray:
    y = scores["score"].to_numpy()
    n = scores["n_items"].to_numpy()
    # of a score's own share, one item of each kind added: none solved is not the same as none that can be
    share = (y * n + 1.0) / (n + 2.0)
    return np.asarray(share * (1.0 - share) / n)


def _residuals(fit: Fit) -> list[tuple[pd.DataFrame, FloatArray, FloatArray]]:
    """Scores of each task, their distances from the boundary, (n_scores, n_draws), and their weights."""
    evaluations, curves = fit.evaluations, fit.curves
    table, models = evaluations.table, evaluations.models
    unknown = table.loc[table["n_items"].isna(), "task"].unique()
    if len(unknown):
        raise QueryError(
            f"The numbers of items of {listed(unknown)} are not known, and with them the noise of scores. Give them "
            "when the table is read: n_items of a task, or a column n_items."
        )
    clusters, scale = Clusters.from_evaluations(evaluations), Scale.from_posterior(fit.posterior)
    weights = np.ones(len(table)) if scale.correlation is None else clusters.weights(scale.correlation)
    row, samples = table["row"].to_numpy(np.int64), curves.evenly(_DRAWS)
    base = pd.Index(fit.base_model_names).get_indexer(pd.Index(models["base_model"]))
    z = log_flops(compute_fitted_at(fit, models["base_model"], models["flops"]))
    period, stretch = models["period"].to_numpy(), fit.stretches.of_model
    parts = []
    for k in range(len(fit.tasks)):
        here = clusters.task == k
        rows = row[here]
        level = curves.take(samples).logits(
            z[rows], k, period[rows], base=base[rows], stretch=(stretch[rows], fit.stretches.last[period[rows]])
        )
        scores = table.loc[here, ["score", "n_items"]]
        r = scores["score"].to_numpy()[:, None] - inverse_logit(level).T
        parts.append((scores, r, weights[here]))
    return parts
