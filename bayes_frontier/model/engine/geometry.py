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
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key
from pytensor.tensor import TensorType, as_tensor

from bayes_frontier.model import curve as of_curve
from bayes_frontier.model.curve import MARGIN, sigmoid_from_shares
from bayes_frontier.model.likelihood import FloatArray

_WIDTH = 1.0 - 2.0 * MARGIN


def code_version(*files: str) -> int:
    """Make a number of the source, for PyTensor's key to compiled code."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(Path(file).read_bytes())
    return int.from_bytes(digest.digest()[:6], "big")


# Of everything compiled here.
VERSION = code_version(__file__, of_curve.__file__)


def compiled_part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that compiled functions call, and nothing else; divisions by zero are infinite as in NumPy."""
    # fastmath: as written, see `bayes_frontier.model.model.exact`
    return numba_njit(function, fastmath=False, error_model="numpy")


_curve = compiled_part(sigmoid_from_shares)


def _share_of(logit: float) -> float:
    return 1.0 / (1.0 + np.exp(-logit))  # type: ignore[no-any-return]


_share = compiled_part(_share_of)


def _curves(logits: FloatArray) -> FloatArray:
    """Find floor, ceiling and the argument at the two ends of the range, (4, task, column), from the shares' logits."""
    curve = np.empty_like(logits)
    for k in range(logits.shape[1]):
        for c in range(logits.shape[2]):
            high, start = _share(logits[0, k, c]), _share(logits[1, k, c])
            bottom, top = _share(logits[2, k, c]), _share(logits[3, k, c])
            floor, ceiling, at_low, at_high = _curve(high, start, bottom, top, np.log)
            curve[0, k, c], curve[1, k, c], curve[2, k, c], curve[3, k, c] = floor, ceiling, at_low, at_high
    return curve


curves = compiled_part(_curves)


def _pull_curves(logits: FloatArray, slope: FloatArray) -> FloatArray:
    """Find the derivatives in the logits of the shares from derivatives in the curves, both (4, task, column)."""
    found = np.empty_like(logits)
    for k in range(logits.shape[1]):
        for c in range(logits.shape[2]):
            high, start = _share(logits[0, k, c]), _share(logits[1, k, c])
            bottom, top = _share(logits[2, k, c]), _share(logits[3, k, c])
            part, floor_part, ceiling_part = MARGIN + _WIDTH * start, MARGIN + _WIDTH * bottom, MARGIN + _WIDTH * top
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
            found[0, k, c] = in_high * high * (1.0 - high)
            found[1, k, c] = in_low * high * _WIDTH * start * (1.0 - start)
            found[2, k, c] = in_floor * low * _WIDTH * bottom * (1.0 - bottom)
            found[3, k, c] = in_ceiling * (1.0 - high) * _WIDTH * top * (1.0 - top)
    return found


pull_curves = compiled_part(_pull_curves)


def _walk(steps: FloatArray) -> FloatArray:
    """Drift since the first stretch, (task, stretch), from the steps between stretches."""
    drift = np.zeros((steps.shape[0], steps.shape[1] + 1))
    for k in range(steps.shape[0]):
        for t in range(steps.shape[1]):
            drift[k, t + 1] = drift[k, t] + steps[k, t]
    return drift


walk = compiled_part(_walk)


def _pull_walk(slope: FloatArray) -> FloatArray:
    """Find the derivatives in the steps from derivatives in the drift."""
    found = np.empty((slope.shape[0], slope.shape[1] - 1))
    for k in range(slope.shape[0]):
        total = 0.0
        for t in range(slope.shape[1] - 1, 0, -1):
            total += slope[k, t]
            found[k, t - 1] = total
    return found


pull_walk = compiled_part(_pull_walk)


def _odds(floor: float, ceiling: float, rise: float) -> tuple[float, float]:
    """Over and under: the odds of ``floor + (ceiling - floor) * rise / (1 + rise)`` are their ratio."""
    return floor + ceiling * rise, (1.0 - floor) + (1.0 - ceiling) * rise


odds_at = compiled_part(_odds)


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


add_slopes = compiled_part(_add_slopes)


def like(source: int, ndim: int) -> tuple[tuple[int, int], ...]:
    """Name the axes of an input, for an output of the same shape."""
    return tuple((source, axis) for axis in range(ndim))


class CompiledOp(Op):
    """An operation evaluated by one compiled function, in PyTensor's graphs and outside them.

    Notes
    -----
    Subclasses name the function (``kernel``; compiled, ``evaluate``), which returns a tuple of arrays of floats; its
    version for PyTensor's cache of compiled code; for each axis of each output the input and the axis of it that has
    the same length; and how many of the first outputs may be differentiated in how many of the first inputs.
    """

    __props__ = ()
    kernel: Callable[..., Any]
    evaluate: Callable[..., Any]
    version: int
    axes: tuple[tuple[tuple[int, int], ...], ...]
    n_smooth: int = 0
    n_smooth_outputs: int = 1

    def __init_subclass__(cls) -> None:
        """Tell PyTensor how to compile the subclass."""
        cls.evaluate = staticmethod(numba.njit(error_model="numpy")(cls.kernel))

        def compiled(op: Op, **_: object) -> tuple[Callable[..., Any], int]:
            return compiled_part(cls.kernel), cls.version

        register_funcify_default_op_cache_key(cls)(compiled)  # type: ignore[no-untyped-call]

    def make_node(self, *inputs: Any) -> Apply[Any]:  # noqa: ANN401 - PyTensor's own signature
        """Apply the operation."""
        given = [as_tensor(value) for value in inputs]
        # a length that is known here need not be looked at when the function runs
        shapes = [tuple(given[source].type.shape[axis] for source, axis in output) for output in self.axes]
        return Apply(self, given, [TensorType("float64", shape=shape)() for shape in shapes])

    def perform(self, node: Apply[Any], inputs: Sequence[Any], output_storage: list[list[Any]]) -> None:
        """Evaluate outside compiled graphs."""
        for storage, value in zip(output_storage, self.evaluate(*inputs), strict=True):
            storage[0] = np.asarray(value)

    def infer_shape(self, node: Apply[Any], shapes: list[Any]) -> list[Any]:
        """Give the shapes of the outputs."""
        return [tuple(shapes[source][axis] for source, axis in output) for output in self.axes]

    def connection_pattern(self, node: Apply[Any]) -> list[list[bool]]:
        """Say what depends differentiably on what: the first outputs on the first inputs, nothing else."""
        smooth = [o < self.n_smooth_outputs for o in range(len(self.axes))]
        return [[i < self.n_smooth and output for output in smooth] for i in range(len(node.inputs))]
