"""The sigmoid boundary and the geometry in which its posterior is easy to sample.

``q(z) = floor + (ceiling - floor) * sigmoid(slope * (z - midpoint))`` with z = log10 FLOPs (arXiv 2602.15327,
section 3).

Floor, ceiling, slope and midpoint are nearly confounded where data cover part of the rise. The
data do fix the boundary at a high and at a low compute (the 84th and 16th percentile of the models), the high
one best. The free quantities are

* ``high``: the boundary at z_high;
* ``start_share``: the boundary at z_low as a share of ``high``;
* ``floor_share``: the floor as a share of the boundary at z_low;
* ``ceiling_share``: the share of the headroom above ``high`` that lies below the ceiling.

Any four numbers in (0, 1) give an increasing curve with 0 <= floor <= ceiling <= 1: the constraints hold by
construction. The functions work on NumPy arrays and on PyTensor variables alike.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

# Arrays and PyTensor's untyped tensors alike.
type Tensor = Any


def log_flops(flops: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Compute z = log10 FLOPs, the coordinate of every boundary."""
    return np.asarray(np.log10(np.asarray(flops, dtype=np.float64)))


# Shares stay this far from 0 and 1, where the slope would be infinite.
MARGIN = 0.005


@dataclass(frozen=True)
class ComputeRange:
    """The two computes at which a boundary is parametrised.

    * low, high: log10 FLOPs; the 16th and 84th percentile of the fitted models
    * nodes: log10 FLOPs at which boundaries have a steepness beside that of their sigmoid
    """

    low: float
    high: float
    nodes: tuple[float, ...]

    def position(self, z: Tensor) -> Tensor:
        """Place log10 FLOPs on a scale that is 0 at `low` and 1 at `high`."""
        return (z - self.low) / (self.high - self.low)

    def parts(self, z: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Divide `position` into a part for each node, of which it is the sum. Shapes: returns (..., n_nodes)."""
        parts = hat_integrals(z, self.nodes) - hat_integrals(self.low, self.nodes)
        return np.asarray(parts / (self.high - self.low))


def bend(z: npt.ArrayLike, steepness: npt.ArrayLike, nodes: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Bend log10 FLOPs: they grow as steeply as said at the nodes, linearly between them and evenly beyond.

    Where every steepness is 1, this is z itself; at the first node it is z in any case.

    Shapes: z (...), steepness (..., n_nodes), nodes (n_nodes,); returns what z and steepness but its last axis make.
    """
    parts, steepness, first = hat_integrals(z, nodes), np.asarray(steepness, dtype=float), np.asarray(nodes)[0]
    if steepness.ndim == parts.ndim + 1 and steepness.shape[1:-1] == (1,) * (steepness.ndim - 2):
        # a steepness for each draw, the same for every z: one product of matrices
        return np.asarray(first + np.tensordot(steepness.reshape(len(steepness), -1), parts, axes=(1, -1)))
    # node by node, not to have as many times the numbers at once
    return np.asarray(first + sum(parts[..., j] * steepness[..., j] for j in range(parts.shape[-1])))


def hat_integrals(z: npt.ArrayLike, nodes: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Integrals from the first node to z of functions 1 at one node, 0 at others, linear between, even beyond.

    Shapes: z (...), nodes (n_nodes,), returns (..., n_nodes).
    """
    z, nodes = np.asarray(z, dtype=float)[..., None], np.asarray(nodes, dtype=float)
    gaps = np.diff(nodes)
    within = np.clip((z - nodes[:-1]) / gaps, 0.0, 1.0)
    made = np.zeros((*z.shape[:-1], len(nodes)))
    made[..., :-1] += gaps * (within - 0.5 * within**2)
    made[..., 1:] += gaps * 0.5 * within**2
    made[..., :1] += np.minimum(z - nodes[:1], 0.0)
    made[..., -1:] += np.maximum(z - nodes[-1:], 0.0)
    return made


class Sigmoid(NamedTuple):
    """A boundary as floor, ceiling, and the sigmoid's argument at the two ends of the compute range."""

    floor: Any
    ceiling: Any
    at_low: Any
    at_high: Any


def sigmoid_from_shares(
    high: Tensor, start_share: Tensor, floor_share: Tensor, ceiling_share: Tensor, log: Tensor = np.log
) -> Sigmoid:
    """Turn the sampled shares into a sigmoid."""
    low = high * (MARGIN + (1.0 - 2.0 * MARGIN) * start_share)
    floor = low * (MARGIN + (1.0 - 2.0 * MARGIN) * floor_share)
    ceiling = high + (1.0 - high) * (MARGIN + (1.0 - 2.0 * MARGIN) * ceiling_share)
    at_low = log((low - floor) / (ceiling - low))
    at_high = log((high - floor) / (ceiling - high))
    return Sigmoid(floor, ceiling, at_low, at_high)


def shift_logit(curve: Sigmoid, effect: Any, log: Any = np.log, exp: Any = np.exp) -> Sigmoid:  # noqa: ANN401
    """Add a constant to the logit of a boundary, for all computes.

    Sigmoids are closed under this: floor and ceiling shift on the logit scale, the sigmoid's argument by a constant,
    because ``(floor + ceiling e**x) / (1 + e**x)`` is a ratio of two linear functions of ``e**x`` before and after.
    """
    odds_ratio = exp(effect)
    low = 1.0 - curve.floor + curve.floor * odds_ratio
    high = 1.0 - curve.ceiling + curve.ceiling * odds_ratio
    argument = log(high / low)
    return Sigmoid(
        floor=curve.floor * odds_ratio / low,
        ceiling=curve.ceiling * odds_ratio / high,
        at_low=curve.at_low + argument,
        at_high=curve.at_high + argument,
    )


def inverse_logit(x: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Evaluate ``1 / (1 + exp(-x))`` by NumPy's vectorised exponential, several times as fast as SciPy's `expit`."""
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-np.asarray(x, dtype=float))))


def log_odds(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Evaluate ``log(p / (1 - p))`` by NumPy's vectorised logarithm, several times as fast as SciPy's `logit`."""
    p = np.asarray(p, dtype=float)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p / (1.0 - p)))


def boundary_at(
    z: npt.ArrayLike, floor: npt.ArrayLike, ceiling: npt.ArrayLike, slope: npt.ArrayLike, midpoint: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Evaluate the boundary."""
    z, floor, ceiling = np.asarray(z, float), np.asarray(floor, float), np.asarray(ceiling, float)
    return np.asarray(floor + (ceiling - floor) * inverse_logit(np.asarray(slope) * (z - np.asarray(midpoint))))
