"""Pinball loss, exact and smoothed, and scores laid out so that a whole cell is summed at once.

The asymmetric-Laplace working likelihood of a tau-quantile q is ``exp(-rho_tau(y - q) / s)`` with the pinball
loss ``rho_tau(u) = max(tau * u, (tau - 1) * u)`` (Koenker & Bassett 1978; Yu & Moyeed 2001). Convolving the
loss with a uniform kernel of half-width h removes its kink and leaves it unchanged for ``|u| >= h``.

Models that share base model, compute, task and period share q. `GroupedScores` sorts the scores of each such
cell once and keeps running sums, so that the loss of a cell costs two searches whatever its number of scores.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def pinball_loss(residual: npt.ArrayLike, tau: float) -> FloatArray:
    """Exact pinball (quantile) loss.

    Parameters
    ----------
    residual : array_like
        Scores minus boundary, ``y - q``, in score units; any shape.
    tau : float
        Quantile level, in (0, 1).

    Returns
    -------
    ndarray
        Loss in score units, same shape as `residual`.
    """
    u = np.asarray(residual, dtype=float)
    return np.maximum(tau * u, (tau - 1.0) * u)


def smooth_pinball_loss(residual: npt.ArrayLike, tau: float, half_width: npt.ArrayLike) -> FloatArray:
    """Pinball loss convolved with a uniform kernel on [-h, h].

    Parameters
    ----------
    residual : array_like
        Scores minus boundary in score units; any shape.
    tau : float
        Quantile level, in (0, 1).
    half_width : array_like
        Kernel half-width h > 0 in score units; broadcasts against `residual`.

    Returns
    -------
    ndarray
        ``(u**2 + h**2) / (4 h) + (tau - 1/2) u`` where ``|u| < h``, the exact loss elsewhere.
    """
    u, h = np.broadcast_arrays(np.asarray(residual, dtype=float), np.asarray(half_width, dtype=float))
    inside = (u * u + h * h) / (4.0 * h) + (tau - 0.5) * u
    return np.where(np.abs(u) < h, inside, pinball_loss(u, tau))


@dataclass(frozen=True)
class GroupedScores:
    """Scores sorted within cells, with the sums needed to price a cell in closed form.

    Attributes
    ----------
    records : ndarray, shape (n_scores, 4)
        Per score, ascending within its cell: the score, and the sums of y and y**2 over it and all larger
        scores of the cell. The fourth column pads a record to half a cache line.
    start : ndarray, shape (n_cells + 1,)
        First record of each cell; the last entry is n_scores.
    total : ndarray, shape (n_cells,)
        Sum of the scores of each cell.
    """

    records: FloatArray
    start: IntArray
    total: FloatArray

    @classmethod
    def from_scores(cls, scores: npt.ArrayLike, cell: npt.ArrayLike, n_cells: int) -> "GroupedScores":
        """Sort and sum scores by cell.

        Parameters
        ----------
        scores : array_like, shape (n_scores,)
            Scores, in score units.
        cell : array_like of int, shape (n_scores,)
            Cell of each score, 0 to ``n_cells - 1``; every cell has at least one score.
        n_cells : int
            Number of cells.

        Returns
        -------
        GroupedScores
            The layout used by `bayes_frontier.model.grouped`.

        Raises
        ------
        ValueError
            If a cell has no score.
        """
        y = np.asarray(scores, dtype=float)
        g = np.asarray(cell, dtype=np.int64)
        count = np.bincount(g, minlength=n_cells)
        if len(count) != n_cells or (count == 0).any():
            raise ValueError("every cell needs at least one score")
        start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        # Small integers are sorted by counting, and cells one by one: a third of the time of sorting by both.
        y = y[np.argsort(g.astype(np.uint16) if n_cells < 2**16 else g, kind="stable")]
        for low, high in pairwise(start):
            y[low:high].sort()
        records = np.zeros((len(y), 4))
        records[:, 0] = y
        for column, power in ((1, 1), (2, 2)):
            records[:, column] = _suffix_sums(y**power, start)
        return cls(records=records, start=start, total=records[start[:-1], 1].copy())

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.total)


def _suffix_sums(values: FloatArray, start: IntArray) -> FloatArray:
    """Sum of each value and all later ones of its cell.

    Cell by cell: differences of one running sum over all scores would cost small cells most of their digits.
    """
    sums = np.empty_like(values)
    for low, high in pairwise(start):
        sums[low:high] = values[low:high][::-1].cumsum()[::-1]
    return sums
