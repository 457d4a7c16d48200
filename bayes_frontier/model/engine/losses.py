"""The likelihood of all scores and its exact gradient, as one operation of curves, drift and base-model effects.

One pass over the cells evaluates the boundary of a cell, the smoothed pinball loss of all its scores, and the
derivative in everything the boundary is made of. The cost is that of the cells, whatever their number of scores.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Variable

from bayes_frontier.model import grouped
from bayes_frontier.model.compiled_op import CompiledOp, code_version, like
from bayes_frontier.model.engine.geometry import VERSION, add_slopes, curves, odds_at, pull_curves, pull_walk, walk
from bayes_frontier.model.grouped import cell_loss
from bayes_frontier.model.likelihood import FloatArray, IntArray


def _losses(
    logits: FloatArray,
    steps: FloatArray,
    effect: FloatArray,
    cells: FloatArray,
    pieces: FloatArray,
    buckets: IntArray,
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
        first, count = int(cells[g, 7]), int(cells[g, 8])
        value, slope = cell_loss(q, cells[g, 5], cells[g, 6], first, count, pieces, buckets)
        loss[k] += value
        in_logit = slope * q * (1.0 - q)
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
    the logit scale; ``cells`` (n_cells, 9), the task, column, stretch and base model of each cell, its place on the
    compute range, and what `LossPieces` has of it; and the ``pieces`` and ``buckets`` of that. Outputs: the losses
    (n_tasks,), then their derivatives in the first three inputs, each of that input's shape. Only the losses may be
    differentiated, in the first three inputs.
    """

    kernel = staticmethod(_losses)
    version = VERSION ^ code_version(__file__, grouped.__file__)
    axes = (((0, 1),), like(0, 3), like(1, 2), like(2, 2))
    n_smooth = 3

    def pullback(
        self,
        inputs: Sequence[Variable[Any, Any]],
        outputs: Sequence[Any],
        cotangents: Sequence[Any],
    ) -> list[Variable[Any, Any]]:
        """Apply the chain rule: the later outputs are derivatives of the first."""
        by_task = cotangents[0]
        of_logits, of_steps, of_effect = outputs[1:]
        return [
            by_task[None, :, None] * of_logits,
            by_task[:, None] * of_steps,
            by_task[None, :] * of_effect,
            *(DisconnectedType()() for _ in inputs[self.n_smooth :]),
        ]
