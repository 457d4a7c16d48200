"""Scores that come in clusters: by uploader within base models, and base models with tails of their own."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.likelihood import FloatArray, IntArray, smooth_pinball_loss

# The most that is believed of the correlation of exceedances within uploaders.
_MOST_CORRELATED = 0.9
# A base model's tail is told by its scores in this upper part; below so many of them, by those of other base models.
_TAIL, _FEWEST_IN_TAIL = 0.15, 4
# Half samples: each half of a base model's uploaders has to have this many scores; so many splits of each base model;
# and their spread counts as if so many base models had been seen whose halves differ by as much as they should.
_FEWEST_IN_HALF, _SPLITS, _ASSUMED = 20, 8, 10.0
# Shifts of a boundary at which half samples are compared, dense about zero, as a share of the largest.
_SHIFTS: FloatArray = np.sinh(np.linspace(-6.0, 6.0, 241)) / np.sinh(6.0)


@dataclass(frozen=True)
class Clusters:
    """Which scores belong together: those of a task that one uploader's models of one base model have."""

    base: IntArray  # (n_scores,): number of the base model, in the order of its name
    task: IntArray  # (n_scores,): number of the task
    uploader: IntArray  # (n_scores,): number of the cluster; see `siblings`
    shape: tuple[int, int]  # number of base models and of tasks

    @classmethod
    def from_evaluations(cls, evaluations: Evaluations) -> "Clusters":
        """Find the clusters."""
        models, table = evaluations.models, evaluations.table
        row = table["row"].to_numpy(np.int64)
        names = sorted(models["base_model"].unique())
        base = pd.Categorical(models["base_model"], names).codes.astype(np.int64)
        record = siblings(models)
        task = pd.Index(evaluations.tasks).get_indexer(pd.Index(table["task"])).astype(np.int64)
        number = pd.factorize(record[row] * len(evaluations.tasks) + task)[0].astype(np.int64)
        return cls(base[row], task, number, (len(names), len(evaluations.tasks)))

    def of_task(self, task: int) -> "Clusters":
        """Keep the scores of one task."""
        kept = self.task == task
        return replace(self, base=self.base[kept], task=self.task[kept], uploader=self.uploader[kept])

    def without_base_models(self) -> "Clusters":
        """Take all scores for those of one base model: without effects of base models, tails are not told apart."""
        return replace(self, base=np.zeros_like(self.base))

    def weights(self, correlation: npt.ArrayLike) -> FloatArray:
        """Weight of every score: what one of n correlated siblings tells, of what a score alone does.

        Shapes: correlation (n_tasks,), returns (n_scores,).
        """
        return sibling_weights(self.uploader, np.asarray(correlation)[self.task])

    def correlation(self, residuals: FloatArray, half_width: float) -> float:
        """Correlation of smoothed exceedances within clusters, averaged over draws; of the scores of one task.

        Pairs within a cluster of n count 1 / (n - 1) each: by its number of scores it counts as it does in the loss.

        Shapes: residuals (n_scores, n_draws), zero at the boundary.
        """
        above = np.clip(0.5 * (residuals / half_width + 1.0), 0.0, 1.0)
        above -= above.mean(axis=0)
        _, number, size = np.unique(self.uploader, return_inverse=True, return_counts=True)
        many = size > 1
        if not many.any():
            return 0.0
        sums = np.stack([np.bincount(number, one) for one in above.T], axis=1)
        squares = np.stack([np.bincount(number, one**2) for one in above.T], axis=1)
        pairs = ((sums**2 - squares)[many] / (size[many] - 1.0)[:, None]).sum(axis=0)
        variance = (above**2).mean(axis=0)
        # a draw above or below all scores, where they are next to equal, says nothing
        tells = variance > 0.0
        if not tells.any():
            return 0.0
        return float(np.clip(np.mean(pairs[tells] / (size[many].sum() * variance[tells])), 0.0, _MOST_CORRELATED))

    def tails(self, residuals: FloatArray, weights: FloatArray) -> FloatArray:
        """How long the upper tail of each base model's scores is, of what is usual; of the scores of one task.

        The mean distance from the boundary in the upper part of a base model's scores, on a logarithmic scale shrunk
        towards the others' by empirical Bayes; as many uploaders as tell of it count.

        Shapes: residuals (n_scores,), weights (n_scores,), returns (n_base_models,).
        """
        log_tail, variance = np.full(self.shape[0], np.nan), np.zeros(self.shape[0])
        order = np.lexsort((residuals, self.base))
        ends = np.cumsum(np.bincount(self.base, minlength=self.shape[0]))
        for b, rows in enumerate(np.split(order, ends[:-1])):
            if len(rows) < _FEWEST_IN_TAIL:
                continue
            upper = rows[np.cumsum(weights[rows]) >= (1.0 - _TAIL) * weights[rows].sum()]
            by_uploader = np.bincount(np.unique(self.uploader[upper], return_inverse=True)[1], weights[upper])
            tail = np.average(np.abs(residuals[upper]), weights=weights[upper])
            if tail > 0.0:
                log_tail[b] = np.log(tail)
                variance[b] = (by_uploader**2).sum() / by_uploader.sum() ** 2  # of an exponential's: 1 / n
        known = np.isfinite(log_tail)
        if known.sum() < 3:
            return np.ones(self.shape[0])
        between, seen = 0.1, log_tail[known]
        for _ in range(50):
            precision = 1.0 / (variance[known] + between)
            mean = np.average(seen, weights=precision)
            between = max(1e-4, between * float((precision**2 * (seen - mean) ** 2).sum() / precision.sum()))
        log_tail = np.where(known, between / (between + variance) * (log_tail - mean), 0.0)
        counted = np.bincount(self.base, weights, minlength=self.shape[0])
        log_tail -= np.average(log_tail, weights=counted)
        return np.asarray(np.exp(log_tail))

    def half_samples(
        self, residuals: FloatArray, weights: FloatArray, level: float, half_width: FloatArray, scale: FloatArray
    ) -> float:
        """By what factor the scale has to grow for half samples to differ as much as they should; of one task.

        The uploaders of each large base model are split into two halves at random, and the boundary is shifted by what
        each half says, whose posteriors are those of the likelihood; the squared difference over the summed variances
        is one on average where the scale is right (half-sample replication: McCarthy 1969, doi 10.2307/1402116).

        Shapes: residuals, weights, half_width, scale (n_scores,).
        """
        rng = np.random.default_rng(0)
        squares = [_ASSUMED]
        for b in np.flatnonzero(np.bincount(self.base) >= 2 * _FEWEST_IN_HALF):
            rows = np.flatnonzero(self.base == b)
            r, w, h, s = residuals[rows], weights[rows], half_width[rows], scale[rows]
            upper = np.abs(r[r >= np.quantile(r, 1.0 - _TAIL)]).max()
            if upper == 0.0:
                # all of them at the boundary, as at a task's ceiling
                continue
            shifts = _SHIFTS * 3.0 * upper
            number, size = np.unique(self.uploader[rows], return_inverse=True, return_counts=True)[1:]
            loss = (w / s)[:, None] * smooth_pinball_loss(r[:, None] - shifts, level, h[:, None])
            by_uploader = np.stack([np.bincount(number, one) for one in loss.T], axis=1)
            first = rng.random((_SPLITS, len(size))) < 0.5
            first = first[np.minimum(first @ size, ~first @ size) >= _FEWEST_IN_HALF]
            if not len(first):
                continue
            means, variances = _shifted(np.stack([first, ~first]).astype(float) @ by_uploader, shifts)
            squares.append(float(np.mean((means[0] - means[1]) ** 2 / variances.sum(axis=0))))
        return sum(squares) / (_ASSUMED + len(squares) - 1.0)


def siblings(models: pd.DataFrame) -> IntArray:
    """Give models that one uploader made of one base model a number in common. Shapes: returns (n_models,).

    The uploader is what stands before the slash of a model's name; a model without one has a number of its own.
    """
    uploader = models["model"].astype(str).str.extract(r"^\s*([^/]+)/", expand=False)
    alone = "/" + pd.Series(np.arange(len(models)).astype(str), index=models.index)
    record = pd.MultiIndex.from_arrays([uploader.fillna(alone), models["base_model"].astype(str)])
    return np.asarray(pd.factorize(record)[0], dtype=np.int64)


def sibling_weights(cluster: IntArray, correlation: npt.ArrayLike) -> FloatArray:
    """Weight of every score: what one of n equally correlated ones tells, of what a score alone does.

    Shapes: cluster (n_scores,), correlation one or (n_scores,), returns (n_scores,).
    """
    _, number, size = np.unique(cluster, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / (1.0 + (size[number] - 1.0) * np.asarray(correlation)))


def _shifted(loss: FloatArray, shifts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of a shift whose log density is minus its loss. Shapes: loss (..., n_shifts)."""
    density = np.exp(loss.min(axis=-1, keepdims=True) - loss) * np.gradient(shifts)
    density /= density.sum(axis=-1, keepdims=True)
    mean = density @ shifts
    return mean, np.maximum(density @ shifts**2 - mean**2, 1e-12)
