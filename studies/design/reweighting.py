"""A batch checked without Gaussian assumptions: simulate its scores, reweight the draws by them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bayes_frontier.design.beliefs import Beliefs, information
from bayes_frontier.design.select import Problem, greedy
from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale
from bayes_frontier.model.likelihood import FloatArray, smooth_pinball_loss

# Simulations whose weights rest on fewer draws than this are left out, and counted.
_LEAST = 25.0


def simulated_variance(
    targets: FloatArray, boundaries: FloatArray, residuals: FloatArray, scale: Scale, n: int, seed: int
) -> tuple[float, float, float]:
    """Mean variance of targets after a batch, over simulated scores.

    One draw is taken for the truth, scores are its boundaries plus residuals, and every draw is weighted by the
    likelihood that a fit would use. Draws are finite: with large batches few of them carry the weight.

    Shapes: targets (n_tasks, n_draws, n_targets), boundaries (n_tasks, n_draws, n_batch),
    residuals (n_tasks, n_levels).
    """
    rng = np.random.default_rng(seed)
    n_tasks, n_draws, _ = targets.shape
    left, used = [], 0
    for k in range(n_tasks):
        kept: list[float] = []
        for _ in range(n):
            truth = int(rng.integers(n_draws))
            levels = rng.random(boundaries.shape[2])
            scores = boundaries[k, truth] + np.interp(levels, RESIDUAL_LEVELS, residuals[k])
            loss = smooth_pinball_loss(scores - boundaries[k], scale.level[k], scale.half_width[k]).sum(axis=1)
            weight = np.exp(-(loss - loss.min()) / scale.scale[k])
            weight /= weight.sum()
            if 1.0 / float(weight @ weight) < _LEAST:
                continue
            mean = weight @ targets[k]
            kept.append(float((weight @ targets[k] ** 2 - mean**2).mean()))
        used += len(kept)
        left.append(np.mean(kept) if kept else np.nan)
    before = float(targets.var(axis=1).mean())
    return before, float(np.mean(left)), used / (n * n_tasks)


def check_batches(
    beliefs: Beliefs,
    base_model: Sequence[str],
    cost: FloatArray,
    z: FloatArray,
    scale: Scale,
    *,
    sizes: Sequence[int],
    n: int,
    seed: int,
) -> list[dict[str, float]]:
    """Compare predicted with simulated variance for the first evaluations of a plan.

    Shapes: cost (n_candidates,), z (n_targets,).
    """
    names, site = np.unique(np.asarray(base_model, dtype=str), return_inverse=True)
    tasks = np.arange(len(beliefs.tasks))
    beliefs = replace(beliefs, innovation=0.0)  # draws of the fit are reweighted, and there base models stay
    sites = beliefs.sites([str(name) for name in names], np.zeros(len(names)), tasks)
    weights = np.full((len(tasks), len(z)), 1.0 / (len(tasks) * len(z)))
    problem = Problem(
        make=lambda: information(beliefs, sites, z, tasks, weights),
        by_information=False,
        site=site,
        cost=cost,
        budget=float(cost.sum()),
        most=max(sizes),
        ties=np.zeros(len(cost)),
    )
    chosen, targets = greedy(problem), beliefs.population(z, tasks)
    rows = []
    for size in sizes:
        boundaries = sites.columns[:, :, sites.index[site[chosen.order[:size]]]]
        before, after, used = simulated_variance(targets, boundaries, beliefs.curves.residuals, scale, n, seed)
        predicted = 1.0 - float((weights * chosen.variance[size - 1]).sum()) / before
        rows.append({"size": float(size), "predicted": predicted, "simulated": 1.0 - after / before, "used": used})
    return rows
