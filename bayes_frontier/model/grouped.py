"""The pinball loss of groups of scores as a PyTensor operation of their boundaries, for any PyMC model."""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key
from pytensor.tensor import TensorType, as_tensor

from bayes_frontier.errors import DataError
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.likelihood import FloatArray, GroupedScores, IntArray, LossPieces


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
        cls.evaluate = staticmethod(numba.njit(error_model="numpy", cache=True)(cls.kernel))

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


# The pinball loss of groups of scores as a PyTensor operation of their boundaries, for any PyMC model.


def grouped_pinball(q: Any, scores: GroupedScores, tau: npt.ArrayLike, half_width: npt.ArrayLike) -> Any:  # noqa: ANN401
    """Smoothed pinball loss of groups of scores, as a PyTensor operation of one boundary per group.

    The tau-quantile of a group's scores minimises its pinball loss, so that ``pm.Potential("scores",
    -(bf.grouped_pinball(q, scores, tau, h) / s).sum())`` makes a PyMC model of that quantile: an asymmetric-Laplace
    working likelihood of scale s, up to a constant that depends on s and tau only. One evaluation costs a search per
    group, whatever the number of scores, and agrees with the sum over scores to rounding.

    Parameters
    ----------
    q : tensor, shape (n_groups,)
        Boundary of each group, in units of the scores.
    scores : GroupedScores
        Scores by group, from `GroupedScores.from_scores`.
    tau : float or array of shape (n_groups,)
        Quantile level, above 0 and below 1.
    half_width : float or array of shape (n_groups,)
        The loss is a parabola, and so has a gradient that varies smoothly, where q is closer than this to a score. In
        units of the scores, positive; a tenth of their spread about the boundary does little to the quantile.

    Returns
    -------
    tensor, shape (n_groups,)
        Loss of each group, zero for a group without scores. Differentiable once, in q.

    Raises
    ------
    DataError
        If `tau` or `half_width` is out of its range or has another length than there are groups.

    Notes
    -----
    With u = score - q, the loss of a score is ``(u**2 + h**2) / (4 h) + (tau - 1/2) u`` for ``|u| < h`` and
    ``max(tau u, (tau - 1) u)`` elsewhere: the pinball loss convolved with a uniform distribution on (-h, h).
    """
    n = scores.n_cells
    level, width = np.asarray(tau, dtype=float), np.asarray(half_width, dtype=float)
    for name, value in (("tau", level), ("half_width", width)):
        if value.shape not in ((), (n,)):
            raise DataError(f"{name}: expected one number, or one for each of {n} groups, found shape {value.shape}.")
    if not np.all((level > 0.0) & (level < 1.0)):
        raise DataError(f"tau must lie between 0 and 1, found {_offender(level, (level > 0.0) & (level < 1.0))!r}.")
    if not np.all((width > 0.0) & np.isfinite(width)):
        raise DataError(f"half_width must be positive, found {_offender(width, (width > 0.0) & np.isfinite(width))!r}.")
    layout = LossPieces.from_scores(scores, np.broadcast_to(level, n), np.broadcast_to(width, n), np.ones(n))
    boundary = pt.as_tensor(q)
    if boundary.ndim != 1 or boundary.type.shape[0] not in (None, n):
        raise DataError(f"q must be a vector with one boundary for each of {n} groups, found {boundary.type}.")
    if "jax" in sys.modules:
        # who will sample by it has imported it; to do so here would cost everybody else seconds
        tell_jax()
    losses: Any = GroupedLoss()(boundary, layout.cells, layout.pieces, layout.buckets)
    return losses[0]


def frontier_likelihood(
    name: str,
    q: Any,  # noqa: ANN401 - a tensor
    scale: Scale,
    observed: npt.ArrayLike,
    *,
    task: npt.ArrayLike = 0,
    dims: str | None = None,
) -> Any:  # noqa: ANN401 - PyMC is untyped
    """Observe scores in a PyMC model of a high quantile: the smoothed asymmetric Laplace with a calibrated scale.

    A working likelihood: the posterior of q is as wide as the quantile is uncertain, and scores are not distributed as
    it says. For many scores that share few values of q, `grouped_pinball` is faster.

    Parameters
    ----------
    name : str
        Name of the variable.
    q : tensor, shape (n_scores,)
        The quantile that each score is held against, in units of the scores.
    scale : Scale
        From `Scale.calibrated`, on residuals of a first, rough fit: scores minus their quantile, by task.
    observed : array, shape (n_scores,)
        Scores.
    task : int or array of int, shape (n_scores,)
        Which task of `scale` each score is of.
    dims : str, optional
        Dimension of the scores.

    Returns
    -------
    tensor
        The observed variable, in the model of the context. It has no draws: to predict scores, draw residuals about q.

    Raises
    ------
    DataError
        If a score is not a finite number, or `task` is not a task of the scale.
    """
    import pymc as pm

    y, which = np.asarray(observed, dtype=float), np.asarray(task)
    if y.ndim != 1 or not np.isfinite(y).all():
        raise DataError("observed: expected a vector of finite scores; leave out those that are missing.")
    if which.shape not in ((), y.shape) or which.min() < 0 or which.max() >= len(scale.scale):
        raise DataError(f"task: expected numbers from 0 to {len(scale.scale) - 1}, one for all scores or one for each.")
    parts = (scale.level[which], scale.scale[which], scale.half_width[which])
    return pm.CustomDist(name, q, *parts, logp=_smooth_laplace, random=_no_scores, observed=y, dims=dims)


def _smooth_laplace(value: Any, q: Any, level: Any, scale: Any, half_width: Any) -> Any:  # noqa: ANN401 - tensors
    u = value - q
    inside = (u**2 + half_width**2) / (4.0 * half_width) + (level - 0.5) * u
    loss = pt.switch(pt.lt(abs(u), half_width), inside, pt.maximum(level * u, (level - 1.0) * u))
    # the constant is that of the loss before it is smoothed
    return pt.log(level * (1.0 - level) / scale) - loss / scale


def _no_scores(*_: Any, **__: Any) -> Any:  # noqa: ANN401
    raise NotImplementedError("The working likelihood is no model of scores: draw residuals about q to predict them.")


def _offender(values: FloatArray, fine: npt.NDArray[np.bool_]) -> float:
    return float(values[~fine].flat[0])


def _one_cell(
    q: float, low: float, per_unit: float, first: int, count: int, pieces: FloatArray, buckets: IntArray
) -> tuple[float, float]:
    """Loss of a cell at boundary `q`, and its derivative in `q`; the rest as in `LossPieces`."""
    place = (q - low) * per_unit
    # not "<": a boundary that is not a number stops here, and makes the loss not a number
    if not place >= 0.0:
        piece = buckets[first]
    else:
        bucket = first + int(min(place, count - 1.0))
        piece, last = buckets[bucket], buckets[bucket + 1]
        # bisected while many pieces begin in the bucket, then one by one
        while last - piece > 4:
            middle = (piece + last + 1) // 2
            if pieces[middle, 0] <= q:
                piece = middle
            else:
                last = middle - 1
        while piece < last and pieces[piece + 1, 0] <= q:
            piece += 1
    d = q - pieces[piece, 0]
    bent = pieces[piece, 3] * d
    return pieces[piece, 1] + d * (pieces[piece, 2] + 0.5 * bent), pieces[piece, 2] + bent


cell_loss: Callable[..., Any] = numba.njit(error_model="numpy", cache=True)(_one_cell)


def _all_cells(q: FloatArray, pieces: FloatArray, buckets: IntArray, cells: FloatArray) -> FloatArray:
    """Loss of each cell at each of some boundaries, (cell, boundary)."""
    losses = np.empty_like(q)
    for g in range(q.shape[0]):
        low, per_unit, first, count = cells[g]
        for i in range(q.shape[1]):
            losses[g, i], _ = cell_loss(q[g, i], low, per_unit, int(first), int(count), pieces, buckets)
    return losses


cell_losses: Callable[..., Any] = numba.njit(error_model="numpy", cache=True)(_all_cells)


def _grouped(q: FloatArray, cells: FloatArray, pieces: FloatArray, buckets: IntArray) -> tuple[FloatArray, FloatArray]:
    """Loss of each cell at its boundary, and its derivative there."""
    if q.shape[0] != cells.shape[0]:
        raise ValueError("q has another length than there are groups of scores")
    loss, slope = np.empty_like(q), np.empty_like(q)
    for g in range(cells.shape[0]):
        first, count = int(cells[g, 2]), int(cells[g, 3])
        loss[g], slope[g] = cell_loss(q[g], cells[g, 0], cells[g, 1], first, count, pieces, buckets)
    return loss, slope


class GroupedLoss(CompiledOp):
    """Loss of each cell and its derivative, elementwise in the boundaries; other inputs as in `LossPieces`."""

    kernel = staticmethod(_grouped)
    version = code_version(__file__)
    axes = (like(0, 1), like(0, 1))
    n_smooth = 1

    def pullback(
        self, inputs: Sequence[Variable[Any, Any]], outputs: Sequence[Any], cotangents: Sequence[Any]
    ) -> list[Variable[Any, Any]]:
        """Apply the chain rule: the second output is the derivative of the first."""
        return [cotangents[0] * outputs[1], *(DisconnectedType()() for _ in inputs[self.n_smooth :])]


@cache
def tell_jax() -> None:
    """Give JAX, where it is installed, a form of `GroupedLoss`: what samples a model by NumPyro and BlackJAX."""
    if importlib.util.find_spec("jax") is None:
        return
    import jax
    import jax.numpy as jnp
    from pytensor.link.jax.dispatch.basic import jax_funcify

    def loss(q: Any, cells: Any, pieces: Any, buckets: Any) -> tuple[Any, Any]:  # noqa: ANN401 - arrays of JAX's
        at = jax.lax.stop_gradient(q)
        low, per_unit, first, count = cells.T
        place = jnp.nan_to_num((at - low) * per_unit, nan=-1.0)
        before = first.astype(buckets.dtype)
        bucket = before + jnp.clip(jnp.minimum(place, count - 1.0), 0.0).astype(buckets.dtype)
        below = place < 0.0
        ends = buckets[jnp.where(below, before, bucket)], buckets[jnp.where(below, before, bucket + 1)]

        def bisected(_: Any, ends: tuple[Any, Any]) -> tuple[Any, Any]:  # noqa: ANN401
            piece, last = ends
            middle = (piece + last + 1) // 2
            reached = pieces[middle, 0] <= at
            return jnp.where(reached, middle, piece), jnp.where(reached, last, jnp.maximum(middle - 1, piece))

        # as often as halves the pieces of all cells down to one
        piece, _ = jax.lax.fori_loop(0, int(pieces.shape[0]).bit_length(), bisected, ends)
        start, value, slope, curvature = pieces[piece].T
        bent = curvature * (q - start)
        return value + (q - start) * (slope + 0.5 * bent), slope + bent

    jax_funcify.register(GroupedLoss)(lambda op, **_: loss)
