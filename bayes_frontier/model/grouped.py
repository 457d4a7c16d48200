"""The grouped asymmetric-Laplace likelihood as a PyTensor Op with an exact gradient.

One pass over the cells gives the smoothed pinball loss of all scores of a cell and its derivative with
respect to the cell's boundary. The cost grows with the number of cells and only with the logarithm of the
number of scores.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key
from pytensor.tensor import as_tensor

from bayes_frontier.model.pinball import FloatArray, IntArray

# Part of PyTensor's key for compiled code: raise it with every edit of the functions below.
KERNEL_VERSION = 4


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


def _losses(
    q: FloatArray,
    level: FloatArray,
    half_width: FloatArray,
    records: FloatArray,
    start: IntArray,
    total: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Smoothed pinball loss of each cell and its derivative in q."""
    n_cells = q.shape[0]
    loss = np.empty(n_cells)
    slope = np.empty(n_cells)
    for g in range(n_cells):
        low, high, at, tau, h = start[g], start[g + 1], q[g], level[g], half_width[g]
        hint = min(low + int(tau * (high - low)), high - 1)
        i = _search(records, at - h, low, high, hint)
        j = i if i == high else _search(records, at + h, i, high, i)
        above1 = above2 = top1 = top2 = 0.0
        if i < high:
            above1, above2 = records[i, 1], records[i, 2]
        if j < high:
            top1, top2 = records[j, 1], records[j, 2]
        n_below, n_near, n_top = i - low, j - i, high - j
        near1, near2 = above1 - top1, above2 - top2
        loss[g] = (
            (tau - 1.0) * (total[g] - above1 - n_below * at)
            + tau * (top1 - n_top * at)
            + (near2 - 2.0 * at * near1 + n_near * (at * at + h * h)) / (4.0 * h)
            + (tau - 0.5) * (near1 - n_near * at)
        )
        slope[g] = (1.0 - tau) * n_below - tau * n_top + (n_near * at - near1) / (2.0 * h) - (tau - 0.5) * n_near
    return loss, slope


grouped_losses: Callable[..., Any] = numba.njit(_losses)


class GroupedPinball(Op):
    """Smoothed pinball loss of every cell as a function of its boundary.

    Notes
    -----
    Inputs: ``q`` (n_cells,), the boundaries; ``level`` (n_cells,), quantile levels in (0, 1); ``half_width``
    (n_cells,), smoothing half-widths in score units; and the ``records``, ``start`` and ``total`` of a
    `GroupedScores`. Outputs: the losses and their derivatives in ``q``, both (n_cells,). Only the losses may
    be differentiated.
    """

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply[Any]:  # noqa: ANN401 - PyTensor's own signature
        """Apply the operation.

        Parameters
        ----------
        *inputs : tensor or array
            The six inputs, in the order of the class's notes.

        Returns
        -------
        Apply
            Node with two outputs of the type of ``q``.
        """
        tensors = [as_tensor(value) for value in inputs]
        return Apply(self, tensors, [tensors[0].type(), tensors[0].type()])

    def perform(self, node: Apply[Any], inputs: Sequence[Any], output_storage: list[list[Any]]) -> None:
        """Evaluate outside compiled graphs.

        Parameters
        ----------
        node : Apply
            Node evaluated.
        inputs : sequence of ndarray
            Values of the six inputs.
        output_storage : list of list
            Where the two outputs go.
        """
        output_storage[0][0], output_storage[1][0] = grouped_losses(*inputs)

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        """Give both outputs the shape of ``q``.

        Parameters
        ----------
        node : Apply
            Node; not used.
        shapes : list
            Shapes of the six inputs.

        Returns
        -------
        list
            Shapes of the two outputs.
        """
        return [shapes[0], shapes[0]]

    def connection_pattern(self, node: Apply[Any]) -> list[list[bool]]:
        """Say what depends differentiably on what: the losses on ``q``, nothing else.

        Parameters
        ----------
        node : Apply
            Node; not used.

        Returns
        -------
        list of list of bool
            One row per input, one entry per output.
        """
        return [[True, False], *([False, False] for _ in range(5))]

    def pullback(
        self,
        inputs: Sequence[Variable[Any, Any]],
        outputs: Sequence[Any],
        cotangents: Sequence[Any],
    ) -> list[Variable[Any, Any]]:
        """Apply the chain rule: the second output is the derivative of the first.

        Parameters
        ----------
        inputs : sequence of Variable
            The six inputs.
        outputs : sequence of Variable
            The losses and their derivatives.
        cotangents : sequence of Variable
            Derivatives of the whole in the two outputs; only the first enters.

        Returns
        -------
        list of Variable
            Derivative of the whole in ``q``; the other inputs are disconnected.
        """
        return [cotangents[0] * outputs[1], *(DisconnectedType()() for _ in range(5))]


@register_funcify_default_op_cache_key(GroupedPinball)  # type: ignore[no-untyped-call, untyped-decorator]
def _compile(op: GroupedPinball, **_: object) -> tuple[Callable[..., Any], int]:
    return numba_njit(_losses), KERNEL_VERSION
