"""Operations of PyTensor that one compiled function evaluates."""

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


def code_version(*files: str) -> int:
    """Make a number of the source, for PyTensor's key to compiled code."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(Path(file).read_bytes())
    return int.from_bytes(digest.digest()[:6], "big")


def compiled_part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that compiled functions call, and nothing else; divisions by zero are infinite as in NumPy."""
    # fastmath: as written, see `bayes_frontier.model.engine.fast.exact`
    return numba_njit(function, fastmath=False, error_model="numpy")


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
