"""How scores scatter around the boundary of their base model: what a percentile of a new score is read from.

The scores of a base model have a distribution of their own around its boundary, of which a few scores say little. It is
taken to be a Dirichlet process around the distribution that all base models share, so its posterior mean is the mixture
``(n F_own + m F_all) / (n + m)`` of the base model's n residuals and those of all. How alike base models are, m, is
estimated from how their residuals fall into the tenths of the shared distribution (Dirichlet-multinomial likelihood).
The shared distribution is itself uncertain: it is drawn by the Bayesian bootstrap with base models as its units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from bayes_frontier.model.pinball import FloatArray, IntArray

_TENTHS = 10
# Values of m tried: from "each base model for itself" to "all alike".
_ALIKE: FloatArray = np.geomspace(2.0, 5000.0, 80)
_GRID = 400


@dataclass(frozen=True)
class Residuals:
    """Distribution of one task's residuals, in all base models and in each.

    Attributes
    ----------
    grid : ndarray, shape (n_grid,)
        Residuals (scores minus boundary) at which distributions are kept, increasing.
    own : ndarray, shape (n_base_models, n_grid)
        Share of each base model's residuals at or below; 0 for one without scores.
    sizes : ndarray, shape (n_base_models,)
        Scores of each base model.
    alike : float
        How many scores the shared distribution is worth in that of a base model (m).
    """

    grid: FloatArray
    own: FloatArray
    sizes: FloatArray
    alike: float

    @classmethod
    def of(cls, residuals: FloatArray, base: IntArray, n_bases: int) -> Residuals:
        """Summarise the residuals of one task.

        Parameters
        ----------
        residuals : ndarray, shape (n_scores,)
            Scores minus the boundary of their base model.
        base : ndarray of int, shape (n_scores,)
            Base model of each.
        n_bases : int
            Number of base models.

        Returns
        -------
        Residuals
            Their distributions.
        """
        levels = np.linspace(0.0, 1.0, _GRID)
        # the middle by even levels, both tails by every residual there is: flags are decided there
        tail = max(1, len(residuals) // 100)
        ordered = np.sort(residuals)
        grid = np.unique(np.concatenate([np.quantile(residuals, levels), ordered[:tail], ordered[-tail:]]))
        own = np.zeros((n_bases, len(grid)))
        sizes = np.bincount(base, minlength=n_bases).astype(float)
        for b in np.flatnonzero(sizes):
            mine = np.sort(residuals[base == b])
            below, at = (np.searchsorted(mine, grid, side=side) for side in ("left", "right"))
            own[b] = 0.5 * (below + at) / len(mine)
        tenth = np.searchsorted(np.quantile(residuals, np.arange(1, _TENTHS) / _TENTHS), residuals, side="right")
        counts = np.zeros((n_bases, _TENTHS))
        np.add.at(counts, (base, tenth), 1.0)
        return cls(grid, own, sizes, _alike(counts[sizes > 0]))

    @property
    def least(self) -> float:
        """Smallest share that so many scores can tell from none."""
        return float(0.5 / (self.sizes.sum() + 1.0))

    def shared(self, rng: np.random.Generator, n_samples: int) -> FloatArray:
        """Draw the distribution that all base models share.

        Parameters
        ----------
        rng : numpy.random.Generator
            Random numbers.
        n_samples : int
            Number of draws.

        Returns
        -------
        ndarray, shape (n_samples, n_grid)
            Distribution function at `grid`, each draw with other weights of the base models.
        """
        weight = rng.standard_exponential((n_samples, len(self.sizes))) * self.sizes
        return np.asarray((weight / weight.sum(axis=1, keepdims=True)) @ self.own)

    def cdf(self, residual: FloatArray, shared: FloatArray, sample: IntArray, base: IntArray) -> FloatArray:
        """Distribution function of a base model's residuals.

        Parameters
        ----------
        residual : ndarray, shape (n_rows, n_models)
            Where.
        shared : ndarray, shape (n_samples, n_grid)
            From `shared`.
        sample : ndarray of int, shape (n_rows,)
            The draw of `shared` that each row goes with.
        base : ndarray of int, shape (n_models,)
            Base model of each column; -1: one without scores.

        Returns
        -------
        ndarray, shape (n_rows, n_models)
            In (0, 1): beyond all residuals there is half a score's share.
        """
        place = np.clip(np.searchsorted(self.grid, residual, side="right") - 1, 0, len(self.grid) - 2)
        width = self.grid[place + 1] - self.grid[place]
        part = np.clip((residual - self.grid[place]) / width, 0.0, 1.0)
        rows = sample[:, None]
        found = (1.0 - part) * shared[rows, place] + part * shared[rows, place + 1]
        size = self.weight(base)
        own = (1.0 - part) * self.own[base, place] + part * self.own[base, place + 1]
        found = (size * own + self.alike * found) / (size + self.alike)
        return np.asarray(np.clip(found, self.least, 1.0 - self.least))

    def weight(self, base: IntArray) -> FloatArray:
        """Scores of base models; 0 for one without.

        Parameters
        ----------
        base : ndarray of int
            Base models, -1 for an unknown one.

        Returns
        -------
        ndarray
            Same shape.
        """
        return np.where(base >= 0, self.sizes[base], 0.0)


def _alike(counts: FloatArray) -> float:
    """Concentration m that is most likely for counts by base model and tenth, shape (n_base_models, 10)."""
    n = counts.sum(axis=1)
    mean = counts.sum(axis=0) / counts.sum()
    alpha = _ALIKE[:, None, None] * np.maximum(mean, 1e-6)
    value = (gammaln(alpha + counts) - gammaln(alpha)).sum(axis=(1, 2))
    value += (gammaln(_ALIKE)[:, None] - gammaln(_ALIKE[:, None] + n)).sum(axis=1)
    return float(_ALIKE[int(np.argmax(value))])
