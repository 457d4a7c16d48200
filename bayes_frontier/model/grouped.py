"""The grouped asymmetric-Laplace likelihood as a PyTensor Op with an exact gradient.

One pass over the cells evaluates the boundary of a cell, the smoothed pinball loss of all its scores, and the
derivative in everything the boundary is made of: curves, drift and base-model effects. The cost grows with the number
of cells and only with the logarithm of the number of scores.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Variable
from pytensor.tensor import dmatrix, dtensor3, dvector

from bayes_frontier.model.geometry import (
    VERSION,
    CompiledOp,
    add_slopes,
    code_version,
    curves,
    odds_at,
    pull_curves,
    pull_walk,
    walk,
)
from bayes_frontier.model.pinball import FloatArray, IntArray


def _first_at_least(records: FloatArray, target: float, low: int, high: int, hint: int) -> int:
    """First record in [low, high) whose score is at least `target`, or `high`; searched from `hint`."""
    a, b, step = low, high, 1
    if records[hint, 0] < target:
        a = hint + 1
        probe = a
        while probe < high and records[probe, 0] < target:
            a = probe + 1
            probe += step
            step *= 2
        b = min(probe, high)
    else:
        b = hint
        probe = hint - 1
        while probe >= low and records[probe, 0] >= target:
            b = probe
            probe -= step
            step *= 2
        a = max(probe + 1, low)
    while a < b:
        middle = (a + b) // 2
        if records[middle, 0] < target:
            a = middle + 1
        else:
            b = middle
    return a


_search: Callable[..., Any] = numba.njit(_first_at_least)


def _one_cell(
    q: float, tau: float, h: float, records: FloatArray, low: int, high: int, total: float
) -> tuple[float, float]:
    """Smoothed pinball loss of the scores in records [low, high) at boundary `q`, and its derivative in `q`."""
    hint = min(low + int(tau * (high - low)), high - 1)
    i = _search(records, q - h, low, high, hint)
    j = i if i == high else _search(records, q + h, i, high, i)
    above1 = above2 = top1 = top2 = 0.0
    if i < high:
        above1, above2 = records[i, 1], records[i, 2]
    if j < high:
        top1, top2 = records[j, 1], records[j, 2]
    n_below, n_near, n_top = i - low, j - i, high - j
    near1, near2 = above1 - top1, above2 - top2
    loss = (
        (tau - 1.0) * (total - above1 - n_below * q)
        + tau * (top1 - n_top * q)
        + (near2 - 2.0 * q * near1 + n_near * (q * q + h * h)) / (4.0 * h)
        + (tau - 0.5) * (near1 - n_near * q)
    )
    slope = (1.0 - tau) * n_below - tau * n_top + (n_near * q - near1) / (2.0 * h) - (tau - 0.5) * n_near
    return loss, slope


cell_loss: Callable[..., Any] = numba.njit(_one_cell)


def _all_cells(
    q: FloatArray,
    level: FloatArray,
    half_width: FloatArray,
    records: FloatArray,
    start: IntArray,
    total: FloatArray,
) -> FloatArray:
    """Loss of each cell at each of some boundaries, (cell, boundary)."""
    found = np.empty_like(q)
    for g in range(q.shape[0]):
        for i in range(q.shape[1]):
            found[g, i], _ = cell_loss(q[g, i], level[g], half_width[g], records, start[g], start[g + 1], total[g])
    return found


cell_losses: Callable[..., Any] = numba.njit(_all_cells)


def _losses(
    logits: FloatArray,
    steps: FloatArray,
    effect: FloatArray,
    cells: FloatArray,
    records: FloatArray,
    likelihood: FloatArray,
) -> tuple[FloatArray, ...]:
    """Loss of each task over its scale, and its derivatives in the first three arguments."""
    curve, drift = curves(logits), walk(steps)
    loss, slopes = np.zeros(curve.shape[1]), np.zeros_like(curve)
    in_drift, in_effect = np.zeros_like(drift), np.zeros_like(effect)
    drift_odds, effect_odds = np.exp(drift), np.exp(effect)
    for g in range(cells.shape[0]):
        k, c, t, b = int(cells[g, 0]), int(cells[g, 1]), int(cells[g, 2]), int(cells[g, 3])
        x = cells[g, 4]
        rise = np.exp(curve[2, k, c] + (curve[3, k, c] - curve[2, k, c]) * x)
        over, under = odds_at(curve[0, k, c], curve[1, k, c], rise)
        # Drift and effect are on the logit scale: they multiply the odds.
        odds = over / under * drift_odds[k, t] * effect_odds[b, k]
        q = odds / (1.0 + odds)
        level, half_width, scale = likelihood[0, k], likelihood[1, k], likelihood[2, k]
        value, slope = cell_loss(q, level, half_width, records, int(cells[g, 5]), int(cells[g, 6]), cells[g, 7])
        loss[k] += value / scale
        in_logit = slope * q * (1.0 - q) / scale
        in_drift[k, t] += in_logit
        in_effect[b, k] += in_logit
        add_slopes(slopes, curve, k, c, (x, rise, over, under), in_logit)
    return loss, pull_curves(logits, slopes), pull_walk(in_drift), in_effect


class BoundaryLosses(CompiledOp):
    """Smoothed pinball loss of all scores of each task over its scale, as a function of curves, drift and effects.

    Notes
    -----
    Inputs: ``logits`` (4, n_tasks, n_columns), of high, start_share, floor_share and ceiling_share, with one column or
    one a period; ``steps`` (n_tasks, n_stretches - 1), of the drift, and ``effect`` (n_base_models, n_tasks), both on
    the logit scale; ``cells`` (n_cells, 8), the task, column, stretch and base model of each cell, its place on the
    compute range, its first record and the one after its last, and the sum of its scores; the ``records`` of a
    `GroupedScores`; and ``likelihood`` (3, n_tasks), quantile levels in (0, 1), smoothing half-widths and scales in
    score units. Outputs: the losses (n_tasks,), then their derivatives in the first three inputs, each of that input's
    shape. Only the losses may be differentiated, in the first three inputs.
    """

    kernel = staticmethod(_losses)
    version = VERSION ^ code_version(__file__)
    outputs = (dvector, dtensor3, dmatrix, dmatrix)
    n_smooth = 3

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        """Give the losses one entry a task and each derivative the shape of its input.

        Parameters
        ----------
        node : Apply
            Node; not used.
        shapes : list
            Shapes of the inputs.

        Returns
        -------
        list
            Shapes of the outputs.
        """
        return [(shapes[0][1],), *shapes[: self.n_smooth]]

    def pullback(
        self,
        inputs: Sequence[Variable[Any, Any]],
        outputs: Sequence[Any],
        cotangents: Sequence[Any],
    ) -> list[Variable[Any, Any]]:
        """Apply the chain rule: the later outputs are derivatives of the first.

        Parameters
        ----------
        inputs : sequence of Variable
            The inputs.
        outputs : sequence of Variable
            The losses and their derivatives.
        cotangents : sequence of Variable
            Derivatives of the whole in the outputs; only the first enters.

        Returns
        -------
        list of Variable
            Derivatives of the whole in the first three inputs; the others are disconnected.
        """
        by_task = cotangents[0]
        of_logits, of_steps, of_effect = outputs[1:]
        return [
            by_task[None, :, None] * of_logits,
            by_task[:, None] * of_steps,
            by_task[None, :] * of_effect,
            *(DisconnectedType()() for _ in inputs[self.n_smooth :]),
        ]
