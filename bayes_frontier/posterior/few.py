"""Effects of base models that have few scores, as all of these tell them.

The working likelihood of a high quantile says next to nothing from above about a base model with few scores: that they
all lie below its boundary is what most boundaries expect. Taken from there, its effect is hardly more than the prior,
truncated from below, and a population of many such base models lies too high. Where single scores lie says more:
around their boundary, scores of all base models have about one distribution, that of the residuals. Here the effects of
small base models are drawn given that; the population is made of them.
"""

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.model.calibration import LARGE_BASE, RESIDUAL_LEVELS, Scale
from bayes_frontier.model.clusters import Clusters
from bayes_frontier.model.curve import inverse_logit, log_flops
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior.ahead import compute_fitted_at
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.posterior.query import Fit

# Effects are looked at on this grid, in units of their scale, under a prior with tails: base models can be far worse
# than others. Scores may lie where no residual does, with so small a probability, spread over all scores.
_GRID = np.linspace(-12.0, 8.0, 201)
_FREEDOM, _ELSEWHERE = 4.0, 0.01
# Draws of the posterior whose mean stands for the curve.
_DRAWS = 100
_SEED = 20261202


def effects_of_all(fit: Fit, curves: Curves) -> FloatArray | None:
    """Draws of the effects, those of small base models given all of their scores. Shapes: as ``curves.effects``."""
    if curves.effects is None or curves.scales is None:
        return None
    evaluations = fit.evaluations
    table, models, names = evaluations.table, evaluations.models, fit.base_model_names
    clusters, scale = Clusters.from_evaluations(evaluations), Scale.from_posterior(fit.posterior)
    weights = np.ones(len(table)) if scale.correlation is None else clusters.weights(scale.correlation)
    base = pd.Index(names).get_indexer(pd.Index(models["base_model"]))
    z = log_flops(compute_fitted_at(fit, models["base_model"], models["flops"]))
    period, stretch = models["period"].to_numpy(), fit.stretches.of_model
    some, rng, effects = curves.evenly(_DRAWS), np.random.default_rng(_SEED), curves.effects.copy()
    reference = pd.Series(z).groupby(base).first().to_numpy()
    row, scores = table["row"].to_numpy(np.int64), table["score"].to_numpy(float)
    for k in range(len(fit.tasks)):
        of_task = clusters.task == k
        counts = np.bincount(clusters.base[of_task], minlength=len(names))
        chosen = np.flatnonzero(of_task & (counts[clusters.base] < LARGE_BASE))
        if not len(chosen):
            continue
        rows = row[chosen]
        typical = curves.logits(
            z[rows], k, period[rows], stretch=(stretch[rows], fit.stretches.last[period[rows]]), samples=some
        ).mean(axis=0)
        unit = float(curves.scales[:, k].mean())
        density = _density(curves.residuals[k])
        residual = scores[chosen, None] - inverse_logit(typical[:, None] + unit * _GRID)
        told = weights[chosen, None] * np.log(density(residual))
        log_density = np.zeros((len(names), len(_GRID)))
        np.add.at(log_density, clusters.base[chosen], told)
        log_density += stats.t.logpdf(_GRID, _FREEDOM)
        # what is told is a level: where a draw's curve is higher, its effect is smaller
        at_reference = curves.logits(reference, k)
        higher = at_reference - at_reference[some].mean(axis=0)
        for b in np.flatnonzero((counts > 0) & (counts < LARGE_BASE)):
            mass = np.cumsum(np.exp(log_density[b] - log_density[b].max()))
            drawn = np.interp(rng.random(curves.n_samples), mass / mass[-1], _GRID)
            effects[:, b, k] = unit * drawn - higher[:, b]
    return effects


def _density(quantiles: FloatArray):  # noqa: ANN202
    """Density of residuals with these quantiles, smoothed, as a function."""
    weights = np.gradient(RESIDUAL_LEVELS)
    middle = stats.norm.ppf(0.75) - stats.norm.ppf(0.25)
    spread = float(np.diff(np.interp([0.25, 0.75], RESIDUAL_LEVELS, quantiles))[0]) / middle
    width = max(0.25 * spread, 1e-4)
    grid = np.linspace(quantiles[0] - 4.0 * width, quantiles[-1] + 4.0 * width, 1024)
    made = stats.norm.pdf((grid[:, None] - quantiles) / width) @ weights / width / weights.sum()

    def density(residual: FloatArray) -> FloatArray:
        return np.asarray((1.0 - _ELSEWHERE) * np.interp(residual, grid, made, left=0.0, right=0.0) + _ELSEWHERE)

    return density
