"""The pinball loss, exact and smoothed, and the layout of scores by which the loss of a whole cell takes one search."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bayes_frontier.errors import DataError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def pinball_loss(residual: npt.ArrayLike, tau: float) -> FloatArray:
    """Exact pinball (quantile) loss."""
    u = np.asarray(residual, dtype=float)
    return np.maximum(tau * u, (tau - 1.0) * u)


def smooth_pinball_loss(residual: npt.ArrayLike, tau: float, half_width: npt.ArrayLike) -> FloatArray:
    """Pinball loss convolved with a uniform kernel on [-h, h]."""
    u, h = np.broadcast_arrays(np.asarray(residual, dtype=float), np.asarray(half_width, dtype=float))
    inside = (u * u + h * h) / (4.0 * h) + (tau - 0.5) * u
    return np.where(np.abs(u) < h, inside, pinball_loss(u, tau))


@dataclass(frozen=True)
class GroupedScores:
    """Scores sorted within groups that share one boundary; the cells of the model are such groups.

    Made by `from_scores`; what `bayes_frontier.grouped_pinball` takes.

    Attributes
    ----------
    values : ndarray, shape (n_scores,)
        Scores, in score units, ascending within their cell.
    start : ndarray, shape (n_cells + 1,)
        First score of each cell; the last entry is n_scores.
    order : ndarray, shape (n_scores,)
        Place that each of them had among the scores as given.
    weights : ndarray, shape (n_scores,), optional
        Weight of each in the loss; without them, one each.
    """

    values: FloatArray
    start: IntArray
    order: IntArray
    weights: FloatArray | None = None

    @classmethod
    def from_scores(cls, scores: npt.ArrayLike, cell: npt.ArrayLike, n_cells: int | None = None) -> "GroupedScores":
        """Sort scores by cell.

        Parameters
        ----------
        scores : array, shape (n_scores,)
            Scores, in any order.
        cell : array of int, shape (n_scores,)
            Cell of each score, counted from 0.
        n_cells : int, optional
            How many cells there are (default: one more than the largest number in `cell`). Cells may be empty.

        Returns
        -------
        GroupedScores
            The same scores.

        Raises
        ------
        DataError
            If a score is not a finite number, a cell is not one of those, or the two differ in length.
        """
        y = np.asarray(scores, dtype=float)
        g = np.asarray(cell)
        if y.ndim != 1 or g.shape != y.shape:
            raise DataError(f"cell: expected a number for each of {y.size} scores, found shape {g.shape}.")
        if g.dtype.kind not in "iu" and not (g == np.floor(g)).all():
            raise DataError(f"cell: expected whole numbers, found {float(g[g != np.floor(g)][0])!r}.")
        g = g.astype(np.int64)
        if not np.isfinite(y).all():
            row = int(np.flatnonzero(~np.isfinite(y))[0])
            raise DataError(f"scores: score {row} (counted from 0) is {float(y[row])!r}; leave it out.")
        size = int(g.max(initial=-1)) + 1 if n_cells is None else n_cells
        if g.min(initial=0) < 0 or g.max(initial=-1) >= size:
            outside = int(g[(g < 0) | (g >= size)][0])
            raise DataError(f"cell: a score is in cell {outside}, and there are {size} cells, counted from 0.")
        start = np.concatenate([[0], np.cumsum(np.bincount(g, minlength=size))]).astype(np.int64)
        # Small integers are sorted by counting, and cells one by one: a third of the time of sorting by both.
        order = np.argsort(g.astype(np.uint16) if size < 2**16 else g, kind="stable")
        y = y[order]
        for low, high in pairwise(start):
            within = np.argsort(y[low:high], kind="stable")
            y[low:high], order[low:high] = y[low:high][within], order[low:high][within]
        return cls(values=y, start=start, order=order)

    def weighted(self, weights: npt.ArrayLike) -> "GroupedScores":
        """Weigh the scores.

        Parameters
        ----------
        weights : array, shape (n_scores,)
            Weight of each score, positive, in the order in which scores were given to `from_scores`.

        Returns
        -------
        GroupedScores
            The same scores.

        Raises
        ------
        DataError
            If there is not one positive, finite weight for each score.
        """
        w = np.asarray(weights, dtype=float)
        if w.shape != self.values.shape or not ((w > 0.0) & np.isfinite(w)).all():
            raise DataError(f"weights: expected a positive number for each of {len(self.values)} scores.")
        return replace(self, weights=None if (w == 1.0).all() else w[self.order])

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.start) - 1

    def of(self, cell: int) -> tuple[FloatArray, FloatArray]:
        """Scores of one cell.

        Parameters
        ----------
        cell : int
            Its number.

        Returns
        -------
        tuple of ndarray, each of shape (n,)
            Scores, ascending, and their weights.
        """
        part = slice(self.start[cell], self.start[cell + 1])
        scores = self.values[part]
        return scores, np.ones(len(scores)) if self.weights is None else self.weights[part]


@dataclass(frozen=True)
class LossPieces:
    """Smoothed pinball loss of every cell over its scale, as a function of the cell's boundary.

    Between half a width below and above its n scores, ``y - h`` and ``y + h``, the loss of a cell is a parabola; below
    all of them it is a line. A table over even buckets of the boundary leads to the parabola: it has as many buckets
    as there are breakpoints, so that there is about one to look at in a bucket, whatever n.

    * pieces (2 n_scores + n_cells, 4): per piece, cell by cell and ascending: the breakpoint it begins at, and
      loss, slope and curvature there. The first piece of a cell, the line, ends at its breakpoint; a cell without
      scores has a piece of zeros
    * buckets (n_buckets + n_cells,): cell by cell, the last piece that begins before each bucket; then the cell's
      last piece
    * cells (n_cells, 4): lower end of each cell's buckets, buckets per unit of score, place of the first one in
      `buckets`, and how many they are; a cell without scores has one
    """

    pieces: FloatArray
    buckets: IntArray
    cells: FloatArray

    @classmethod
    def from_scores(
        cls, scores: GroupedScores, level: FloatArray, half_width: FloatArray, scale: FloatArray
    ) -> "LossPieces":
        """Lay the loss of scores out. Shapes: level, half_width, scale (n_cells,)."""
        n_scores, start, size = len(scores.values), 2 * scores.start, np.diff(scores.start)
        number, filled = np.arange(len(size)), size > 0
        cell = np.repeat(number, size)
        weight = np.ones(n_scores) if scores.weights is None else scores.weights
        weights = np.bincount(cell, weight, minlength=len(size))
        h = half_width[cell]
        at, of_event = np.concatenate([scores.values - h, scores.values + h]), np.concatenate([cell, cell])
        order = np.lexsort((at, of_event))
        at, of_event = at[order], of_event[order]
        # Weight of the scores within a half-width: none before a cell's first breakpoint, and none after its last.
        steps = np.concatenate([weight, -weight])[order]
        near = steps + _summed_up(steps, np.zeros(int(filled.sum())), start)
        curvature = near / (2.0 * half_width * scale)[of_event]
        gap = np.diff(at, append=np.nan)
        first = start[:-1][filled]
        low, high = np.zeros(len(size)), np.ones(len(size))
        low[filled], high[filled] = at[first], at[start[1:][filled] - 1]
        distance = np.bincount(cell, weight * (scores.values - low[cell]), minlength=len(size))
        slope = _summed_up(curvature * gap, (-level * weights / scale)[filled], start)
        loss = _summed_up(gap * (slope + 0.5 * curvature * gap), (level * distance / scale)[filled], start)
        pieces = np.zeros((len(at) + len(size), 4))
        line = (start[:-1] + number)[filled]
        pieces[np.arange(len(at)) + of_event + 1] = np.stack([at, loss, slope, curvature], axis=1)
        pieces[line] = pieces[line + 1]
        pieces[line, 3] = 0.0
        count = np.maximum(2 * size, 1)
        first_bucket = np.cumsum(count + 1) - (count + 1)
        per_unit = count / (high - low)
        bucket = np.minimum(((at - low[of_event]) * per_unit[of_event]).astype(np.int64), count[of_event] - 1)
        begun = np.bincount(first_bucket[of_event] + bucket + 1, minlength=int((count + 1).sum()))
        return cls(
            pieces=pieces,
            buckets=np.cumsum(begun) + np.repeat(number, count + 1),
            cells=np.stack([low, per_unit, first_bucket, count], axis=1),
        )


def _summed_up(steps: FloatArray, begin: FloatArray, start: IntArray) -> FloatArray:
    """Add steps up within cells: each entry is its cell's `begin` and the steps before it.

    Cell by cell: differences of one running sum over all scores would cost small cells most of their digits.
    """
    sums = np.roll(steps, 1)
    bounds = [(low, high) for low, high in pairwise(start) if high > low]
    sums[[low for low, _ in bounds]] = begin
    for low, high in bounds:
        sums[low:high] = sums[low:high].cumsum()
    return sums
