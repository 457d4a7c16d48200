"""The boundary's own arithmetic in compiled code: from what is sampled to curves, to logits at points, and back.

PyTensor could express and differentiate all of it, as dozens of small array operations that take longer to compile than
a table takes to sample. Here each direction is one pass.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key
from pytensor.tensor import as_tensor, dmatrix, dtensor3

from bayes_frontier.model import curve as of_curve
from bayes_frontier.model.curve import MARGIN, Sigmoid, shift_logit, sigmoid_from_shares
from bayes_frontier.model.pinball import FloatArray, IntArray

_WIDTH = 1.0 - 2.0 * MARGIN


def code_version(*files: str) -> int:
    """Make a number of the source, for PyTensor's key to compiled code.

    Parameters
    ----------
    *files : str
        Paths of the modules that the compiled code is made of.

    Returns
    -------
    int
        The same for the same text.
    """
    digest = hashlib.sha256()
    for file in files:
        digest.update(Path(file).read_bytes())
    return int.from_bytes(digest.digest()[:6], "big")


# Of everything compiled here.
VERSION = code_version(__file__, of_curve.__file__)

# Drift beyond which odds overflow; only draws from the prior alone come so far.
_FURTHEST = 300.0

_curve: Callable[..., Any] = numba.njit(sigmoid_from_shares)
_shifted: Callable[..., Any] = numba.njit(shift_logit)


def _curves(logits: FloatArray) -> FloatArray:
    """Find floor, ceiling and the argument at the two ends of the range, (4, task, column), from the shares' logits."""
    curve = np.empty_like(logits)
    for k in range(logits.shape[1]):
        for c in range(logits.shape[2]):
            share = 1.0 / (1.0 + np.exp(-logits[:, k, c]))
            floor, ceiling, at_low, at_high = _curve(share[0], share[1], share[2], share[3], np.log)
            curve[0, k, c], curve[1, k, c], curve[2, k, c], curve[3, k, c] = floor, ceiling, at_low, at_high
    return curve


curves: Callable[..., Any] = numba.njit(_curves)


def _pull_curves(logits: FloatArray, slope: FloatArray) -> FloatArray:
    """Find the derivatives in the logits of the shares from derivatives in the curves, both (4, task, column)."""
    found = np.empty_like(logits)
    for k in range(logits.shape[1]):
        for c in range(logits.shape[2]):
            share = 1.0 / (1.0 + np.exp(-logits[:, k, c]))
            high = share[0]
            part = MARGIN + _WIDTH * share[1]
            floor_part = MARGIN + _WIDTH * share[2]
            ceiling_part = MARGIN + _WIDTH * share[3]
            low = high * part
            floor = low * floor_part
            ceiling = high + (1.0 - high) * ceiling_part
            at_low, at_high = slope[2, k, c], slope[3, k, c]
            in_floor = slope[0, k, c] - at_low / (low - floor) - at_high / (high - floor)
            in_ceiling = slope[1, k, c] - at_low / (ceiling - low) - at_high / (ceiling - high)
            in_low = at_low * (1.0 / (low - floor) + 1.0 / (ceiling - low)) + in_floor * floor_part
            in_high = (
                at_high * (1.0 / (high - floor) + 1.0 / (ceiling - high))
                + in_ceiling * (1.0 - ceiling_part)
                + in_low * part
            )
            found[0, k, c] = in_high
            found[1, k, c] = in_low * high * _WIDTH
            found[2, k, c] = in_floor * low * _WIDTH
            found[3, k, c] = in_ceiling * (1.0 - high) * _WIDTH
            found[:, k, c] *= share * (1.0 - share)
    return found


pull_curves: Callable[..., Any] = numba.njit(_pull_curves)


def _walk(steps: FloatArray) -> FloatArray:
    """Drift since the first stretch, (task, stretch), from the steps between stretches."""
    drift = np.zeros((steps.shape[0], steps.shape[1] + 1))
    for k in range(steps.shape[0]):
        for t in range(steps.shape[1]):
            drift[k, t + 1] = drift[k, t] + steps[k, t]
    return drift


walk: Callable[..., Any] = numba.njit(_walk)


def _pull_walk(slope: FloatArray) -> FloatArray:
    """Find the derivatives in the steps from derivatives in the drift."""
    found = np.empty((slope.shape[0], slope.shape[1] - 1))
    for k in range(slope.shape[0]):
        total = 0.0
        for t in range(slope.shape[1] - 1, 0, -1):
            total += slope[k, t]
            found[k, t - 1] = total
    return found


pull_walk: Callable[..., Any] = numba.njit(_pull_walk)


def _period_curves(
    logits: FloatArray, steps: FloatArray, last: IntArray, compute: FloatArray
) -> tuple[FloatArray, ...]:
    """Floor, ceiling, slope and midpoint of each task and period, (task, period), and the drift (task, stretch)."""
    curve, drift = curves(logits), walk(steps)
    shape = (curve.shape[1], last.shape[0])
    floor, ceiling, slope, midpoint = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    for k in range(shape[0]):
        for t in range(shape[1]):
            c = t if curve.shape[2] > 1 else 0
            first = Sigmoid(curve[0, k, c], curve[1, k, c], curve[2, k, c], curve[3, k, c])
            moved = _shifted(first, min(max(drift[k, last[t]], -_FURTHEST), _FURTHEST), np.log, np.exp)
            floor[k, t], ceiling[k, t] = moved.floor, moved.ceiling
            slope[k, t] = (moved.at_high - moved.at_low) / (compute[1] - compute[0])
            midpoint[k, t] = compute[0] - moved.at_low / slope[k, t]
    return floor, ceiling, slope, midpoint, drift


def _odds(floor: float, ceiling: float, rise: float) -> tuple[float, float]:
    """Over and under: the odds of ``floor + (ceiling - floor) * rise / (1 + rise)`` are their ratio."""
    return floor + ceiling * rise, (1.0 - floor) + (1.0 - ceiling) * rise


odds_at: Callable[..., Any] = numba.njit(_odds)


def _add_slopes(
    slope: FloatArray, curve: FloatArray, k: int, c: int, at: tuple[float, float, float, float], in_logit: float
) -> None:
    """Add the derivatives of one point in its curve; `at` is its place, rise, over and under."""
    x, rise, over, under = at
    in_share = in_logit * (1.0 / over + 1.0 / under)
    in_argument = in_logit * rise * (curve[1, k, c] / over - (1.0 - curve[1, k, c]) / under)
    slope[0, k, c] += in_share
    slope[1, k, c] += in_share * rise
    slope[2, k, c] += in_argument * (1.0 - x)
    slope[3, k, c] += in_argument * x


add_slopes: Callable[..., Any] = numba.njit(_add_slopes)


def _reference_logits(logits: FloatArray, steps: FloatArray, reference: FloatArray) -> FloatArray:
    """Logit of every task's boundary at the reference of every base model, (base model, task)."""
    curve, drift = curves(logits), walk(steps)
    n_columns = curve.shape[2]
    found = np.empty((reference.shape[0], curve.shape[1]))
    for b in range(reference.shape[0]):
        x, t = reference[b, 0], int(reference[b, 1])
        c = t if n_columns > 1 else 0
        for k in range(curve.shape[1]):
            rise = np.exp(curve[2, k, c] + (curve[3, k, c] - curve[2, k, c]) * x)
            over, under = odds_at(curve[0, k, c], curve[1, k, c], rise)
            found[b, k] = np.log(over / under) + drift[k, t]
    return found


def _pull_reference(
    logits: FloatArray, steps: FloatArray, reference: FloatArray, in_logit: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Find the derivatives in `logits` and `steps` from derivatives in the reference logits."""
    curve = curves(logits)
    n_columns = curve.shape[2]
    slope, in_drift = np.zeros_like(curve), np.zeros((steps.shape[0], steps.shape[1] + 1))
    for b in range(reference.shape[0]):
        x, t = reference[b, 0], int(reference[b, 1])
        c = t if n_columns > 1 else 0
        for k in range(curve.shape[1]):
            rise = np.exp(curve[2, k, c] + (curve[3, k, c] - curve[2, k, c]) * x)
            over, under = odds_at(curve[0, k, c], curve[1, k, c], rise)
            add_slopes(slope, curve, k, c, (x, rise, over, under), in_logit[b, k])
            in_drift[k, t] += in_logit[b, k]
    return pull_curves(logits, slope), pull_walk(in_drift)


class CompiledOp(Op):
    """An operation evaluated by one compiled function, in PyTensor's graphs and outside them.

    Notes
    -----
    Subclasses name the function (``kernel``; compiled, ``evaluate``), its version for PyTensor's cache of compiled
    code, the types of its outputs, for each output the input whose shape it has, and the number of first inputs that
    the first output may be differentiated in.
    """

    __props__ = ()
    kernel: Callable[..., Any]
    evaluate: Callable[..., Any]
    version: int
    outputs: tuple[Any, ...]
    shaped_as: tuple[int, ...]
    n_smooth: int = 0

    def __init_subclass__(cls) -> None:
        """Tell PyTensor how to compile the subclass."""
        cls.evaluate = staticmethod(numba.njit(cls.kernel))

        def compiled(op: Op, **_: object) -> tuple[Callable[..., Any], int]:
            # as written: see `bayes_frontier.model.build.exact`
            return numba_njit(cls.kernel, fastmath=False), cls.version

        register_funcify_default_op_cache_key(cls)(compiled)  # type: ignore[no-untyped-call]

    def make_node(self, *inputs: Any) -> Apply[Any]:  # noqa: ANN401 - PyTensor's own signature
        """Apply the operation.

        Parameters
        ----------
        *inputs : tensor or array
            The inputs, in the order of the class's notes.

        Returns
        -------
        Apply
            Node with the outputs.
        """
        return Apply(self, [as_tensor(value) for value in inputs], [kind() for kind in self.outputs])

    def perform(self, node: Apply[Any], inputs: Sequence[Any], output_storage: list[list[Any]]) -> None:
        """Evaluate outside compiled graphs.

        Parameters
        ----------
        node : Apply
            Node evaluated.
        inputs : sequence of ndarray
            Values of the inputs.
        output_storage : list of list
            Where the outputs go.
        """
        found = self.evaluate(*inputs)
        for storage, value in zip(output_storage, found if len(self.outputs) > 1 else (found,), strict=True):
            storage[0] = np.asarray(value)

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        """Give the shapes of the outputs.

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
        return [shapes[source] for source in self.shaped_as]

    def connection_pattern(self, node: Apply[Any]) -> list[list[bool]]:
        """Say what depends differentiably on what: the first output on the first inputs, nothing else.

        Parameters
        ----------
        node : Apply
            Node; tells the number of inputs.

        Returns
        -------
        list of list of bool
            One row per input, one entry per output.
        """
        others = [False] * (len(self.outputs) - 1)
        return [[i < self.n_smooth, *others] for i in range(len(node.inputs))]


class _ReferencePull(CompiledOp):
    """Chain rule of `ReferenceLogits`: its inputs and derivatives in its output give those in logits and steps."""

    kernel = staticmethod(_pull_reference)
    version = VERSION
    outputs = (dtensor3, dmatrix)
    shaped_as = (0, 1)


class PeriodCurves(CompiledOp):
    """Parameters of the boundary of every task and period, and the drift.

    Notes
    -----
    Inputs: ``logits`` and ``steps`` as in `ReferenceLogits`, ``last`` (n_periods,), the last stretch of each period,
    and ``compute`` (2,), log10 FLOPs at the ends of the range. Outputs: floor, ceiling, slope (per decade) and midpoint
    (log10 FLOPs), each (n_tasks, n_periods), and drift (n_tasks, n_stretches). Reported, not differentiated.
    """

    kernel = staticmethod(_period_curves)
    version = VERSION
    outputs = (dmatrix,) * 5

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        """Give one row per task, and one column per period or stretch.

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
        n_tasks = shapes[0][1]
        return [*([(n_tasks, shapes[2][0])] * 4), (n_tasks, shapes[1][1] + 1)]


class ReferenceLogits(CompiledOp):
    """Logit of the boundary of every task at each base model's reference compute and stretch of time.

    Notes
    -----
    Inputs: ``logits`` (4, n_tasks, n_columns), of high, start_share, floor_share and ceiling_share, with one column or
    one a period; ``steps`` (n_tasks, n_stretches - 1), of the drift on the logit scale; ``reference`` (n_base_models,
    2), place on the compute range and stretch. Output: (n_base_models, n_tasks). Differentiable in the first two.
    """

    kernel = staticmethod(_reference_logits)
    version = VERSION
    outputs = (dmatrix,)
    n_smooth = 2

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        """Give one row per base model and one column per task.

        Parameters
        ----------
        node : Apply
            Node; not used.
        shapes : list
            Shapes of the inputs.

        Returns
        -------
        list
            Shape of the output.
        """
        return [(shapes[2][0], shapes[0][1])]

    def pullback(
        self,
        inputs: Sequence[Variable[Any, Any]],
        outputs: Sequence[Any],
        cotangents: Sequence[Any],
    ) -> list[Variable[Any, Any]]:
        """Apply the chain rule.

        Parameters
        ----------
        inputs : sequence of Variable
            The inputs.
        outputs : sequence of Variable
            The logits; not used.
        cotangents : sequence of Variable
            Derivatives of the whole in the output.

        Returns
        -------
        list of Variable
            Derivatives of the whole in logits and steps; the reference is disconnected.
        """
        pulled: Any = _ReferencePull()(*inputs, *cotangents)
        return [*pulled, DisconnectedType()()]
