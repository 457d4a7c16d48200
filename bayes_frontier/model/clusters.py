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
# Share of base models whose tail may be unlike the others', and by how much: variance of its logarithm.
_UNLIKE_SHARE, _UNLIKE = 0.1, 1.0
# Half samples: a base model has to have this many scores in each half; so many splits; factors of the scale that are
# tried; and so many base models are assumed whose halves differ by as much as they should.
_FEWEST_IN_HALF, _SPLITS, _ASSUMED = 20, 4, 3.0
_FACTORS: FloatArray = np.array([1.0, 0.7, 1.4, 2.0, 2.8, 4.0])
# Shifts of a boundary at which half samples are compared, dense about zero, as a share of the largest.
_SHIFTS: FloatArray = np.sinh(np.linspace(-6.0, 6.0, 121)) / np.sinh(6.0)


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

    def of(self, kept: npt.NDArray[np.bool_]) -> "Clusters":
        """Keep some scores."""
        return replace(self, base=self.base[kept], task=self.task[kept], uploader=self.uploader[kept])

    def of_task(self, task: int) -> "Clusters":
        """Keep the scores of one task."""
        return self.of(self.task == task)

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
        towards the others' by empirical Bayes, where it is like them; as many uploaders as tell of it count.

        Shapes: residuals (n_scores,), weights (n_scores,), returns (n_base_models,).
        """
        n_base_models = self.shape[0]
        order = np.lexsort((residuals, self.base))
        base, w = self.base[order], weights[order]
        total = np.bincount(base, w, n_base_models)
        before = np.cumsum(total) - total
        # Rounding aside, the scores from the one on that reaches the share of its base model's weight
        upper = np.cumsum(w) - before[base] >= (1.0 - _TAIL) * total[base] - 1e-9
        base, w, size = base[upper], w[upper], np.abs(residuals[order][upper])
        uploader = np.unique(self.uploader[order][upper], return_inverse=True)[1]
        of_uploader = np.bincount(uploader, w)[uploader]
        weight = np.bincount(base, w, n_base_models)
        with np.errstate(divide="ignore", invalid="ignore"):
            tail = np.bincount(base, w * size, n_base_models) / weight
            variance = np.bincount(base, w * of_uploader, n_base_models) / weight**2  # of an exponential's: 1 / n
        enough = (np.bincount(self.base, minlength=n_base_models) >= _FEWEST_IN_TAIL) & (tail > 0.0)
        log_tail = np.log(tail, where=enough, out=np.full(n_base_models, np.nan))
        known = np.isfinite(log_tail)
        if known.sum() < 3:
            return np.ones(n_base_models)
        # most tails are alike, some are not: a normal distribution and, for one in ten, a wider one about the same mean
        seen, variance = log_tail[known], variance[known]
        between, alike = 0.1, np.ones(len(seen))
        for _ in range(50):
            narrow, wide = variance + between, variance + between + _UNLIKE
            mean = np.average(seen, weights=alike / narrow + (1.0 - alike) / wide)
            away = (seen - mean) ** 2
            ratio = _UNLIKE_SHARE / (1.0 - _UNLIKE_SHARE) * np.sqrt(narrow / wide)
            alike = 1.0 / (1.0 + ratio * np.exp(0.5 * away * (1.0 / narrow - 1.0 / wide)))
            between = max(1e-4, between * float((alike * away / narrow**2).sum() / (alike / narrow).sum()))
        kept = alike * between / (between + variance) + (1.0 - alike) * (1.0 - variance / wide)
        log_tail = np.zeros(n_base_models)
        log_tail[known] = kept * (seen - mean)
        log_tail -= np.average(log_tail, weights=total)
        return np.asarray(np.exp(log_tail))

    def half_samples(
        self, residuals: FloatArray, weights: FloatArray, level: FloatArray, half_width: FloatArray, scale: FloatArray
    ) -> FloatArray:
        """By what factor the scale of each task has to grow for half samples to differ as much as they should.

        Uploaders are split into two halves at random, the tails of base models and the boundaries of large ones are
        worked out from each half, and their squared difference over the summed variances is one on average where the
        scale is right (half-sample replication: McCarthy 1969, doi 10.2307/1402116). Tasks differ by what their base
        models say against what all do.

        Shapes: residuals, weights (n_scores,), level, half_width, scale (n_tasks,), returns (n_tasks,).
        """
        rng, splits = np.random.default_rng(0), []
        for _ in range(_SPLITS):
            first = (rng.random(self.uploader.max() + 1) < 0.5)[self.uploader]
            halves = [(self.of(part), residuals[part], weights[part]) for part in (first, ~first)]
            (mean, variance), (other, others) = (
                clusters.boundaries(r, w, level, half_width, scale) for clusters, r, w in halves
            )
            splits.append((mean - other) ** 2 / (variance + others))
        compared = np.isfinite(splits).any(axis=(0, 1))
        squares = np.nanmean(np.array(splits)[..., compared], axis=0)
        task = np.nonzero(compared)[1]
        common = _solved(squares, 1.0)
        return np.array([_solved(squares[:, task == k], common) for k in range(self.shape[1])])

    def boundaries(
        self, residuals: FloatArray, weights: FloatArray, level: FloatArray, half_width: FloatArray, scale: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and variance of the boundaries of large base models at each factor of the scale, NaN for small ones.

        Shapes: as in `half_samples`, returns (n_factors, n_base_models, n_tasks).
        """
        made = np.full((2, len(_FACTORS), *self.shape), np.nan)
        for k in range(self.shape[1]):
            of_task, r, w = self.of_task(k), residuals[self.task == k], weights[self.task == k]
            counts = np.bincount(of_task.base, minlength=self.shape[0])
            large = {b: np.flatnonzero(of_task.base == b) for b in np.flatnonzero(counts >= _FEWEST_IN_HALF)}
            around, reach = r.copy(), {}  # a half knows no boundary but its own: tails are those about it
            for b, here in large.items():
                low, own = np.quantile(r[here], [1.0 - _TAIL, level[k]])
                around[here] -= own
                reach[b] = 3.0 * max(np.abs(r[here][r[here] >= low]).max(), 1e-6)
            for factors in ([1.0], [1.0], _FACTORS):
                tails = of_task.tails(around, w)
                for b, here in large.items():
                    shifts = _SHIFTS * reach[b]
                    loss = w[here] @ smooth_pinball_loss(r[here, None] - shifts, level[k], half_width[k] * tails[b])
                    width = scale[k] * tails[b] * np.asarray(factors)[:, None]
                    mean, variance = _shifted(loss / width, shifts)
                    around[here] = r[here] - mean[0]
                    if len(factors) > 1:
                        made[:, :, b, k] = mean, variance
        return made[0], made[1]


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


def _solved(squares: FloatArray, expected: float) -> float:
    """Factor at which squares are 1 on average, those of base models assumed at the expected one among them.

    Shapes: squares (n_factors, n).
    """
    n = squares.shape[1]
    mean = (_ASSUMED * (expected / _FACTORS) ** 2 + squares.sum(axis=1)) / (_ASSUMED + n)
    order = np.argsort(_FACTORS)
    log_mean = np.minimum.accumulate(np.log(mean[order]))  # falls: a wider posterior is farther from nothing
    return float(np.exp(np.interp(0.0, -log_mean, np.log(_FACTORS[order]))))
