"""Classical designs for a sigmoid, without base models or uncertainty: what plans are compared with.

The balanced I-optimal design follows arXiv 2602.15327 (section on budgets, and the settings of its published program):
a greedy choice by gain per cost, where the gain is the fall of the mean predictive variance over ten bins of compute
with equal numbers of candidates, plus a reward for bins with few models. Compute is log10 of 1e21 FLOPs there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from bayes_frontier.model.likelihood import FloatArray

# log10 of the unit of compute in which the published starting parameters are meant.
_UNIT = 21.0
_BINS, _BALANCE, _BALANCE_FLOOR, _INFORMATION_FLOOR = 10, 1e-3, 1e-6, 1e-9
# Two of the first four evaluations lie where a logistic curve's parameters are learnt best, at its argument +-1.543.
_BEST_ARGUMENT = 1.543


@dataclass(frozen=True)
class Start:
    """Curve at which a design is computed: ``floor + rise * sigmoid(offset + slope * (log10 FLOPs - 21))``.

    Attributes
    ----------
    floor, rise, offset, slope : float
        Its parameters.
    """

    floor: float
    rise: float
    offset: float
    slope: float

    def gradient(self, z: FloatArray) -> FloatArray:
        """Differentiate the curve in its parameters.

        Shapes: z (n,), returns (n, 4).
        """
        x = z - _UNIT
        s = expit(self.offset + self.slope * x)
        bend = self.rise * s * (1.0 - s)
        return np.column_stack([np.ones_like(s), s, bend, bend * x])


PUBLISHED = Start(floor=0.20, rise=0.75, offset=-9.0, slope=1.0)
"""The published default; its midpoint is at 1e30 FLOPs."""


def balanced_i_optimal(
    z: FloatArray, cost: FloatArray, budget: float, start: Start, rng: np.random.Generator
) -> list[int]:
    """Choose by the published design.

    Shapes: z (n,), cost (n,).
    """
    edges = np.quantile(z, np.linspace(0.0, 1.0, _BINS + 1))
    edges = np.unique(edges)
    of = np.clip(np.searchsorted(edges, z, side="right") - 1, 0, len(edges) - 2)
    middle = start.gradient(0.5 * (edges[:-1] + edges[1:]))
    spread = middle.T @ middle / len(middle)
    in_bin = np.zeros(len(edges) - 1)

    def gains(features: FloatArray, inverse: FloatArray) -> FloatArray:
        moved = features @ inverse
        fall = np.einsum("ni,ij,nj->n", moved, spread, moved) / (1.0 + (moved * features).sum(axis=1))
        reward = np.log(in_bin + 1.0 + _BALANCE_FLOOR) - np.log(in_bin + _BALANCE_FLOOR)
        return np.asarray(fall + _BALANCE * reward[of])

    return _greedy(z, cost, budget, start, rng, gains, lambda i: np.add.at(in_bin, of[i], 1.0))


def d_optimal(z: FloatArray, cost: FloatArray, budget: float, start: Start, rng: np.random.Generator) -> list[int]:
    """Choose by the gain of the log determinant of the information matrix, per cost.

    Shapes: z (n,), cost (n,).
    """

    def gains(features: FloatArray, inverse: FloatArray) -> FloatArray:
        return np.asarray(np.log1p(((features @ inverse) * features).sum(axis=1)))

    return _greedy(z, cost, budget, start, rng, gains, lambda i: None)


def _greedy(
    z: FloatArray,
    cost: FloatArray,
    budget: float,
    start: Start,
    rng: np.random.Generator,
    gains: Callable[[FloatArray, FloatArray], FloatArray],
    note: Callable[[int], None],
) -> list[int]:
    features, shuffled = start.gradient(z), rng.permutation(len(z))
    free, left = np.ones(len(z), dtype=bool), budget
    inverse = np.eye(features.shape[1]) / _INFORMATION_FLOOR
    chosen: list[int] = []

    def take(i: int) -> None:
        nonlocal inverse, left
        pushed = inverse @ features[i]
        inverse = inverse - np.outer(pushed, pushed) / (1.0 + pushed @ features[i])
        free[i], left = False, left - float(cost[i])
        chosen.append(i)
        note(i)

    midpoint, reach = _UNIT - start.offset / start.slope, _BEST_ARGUMENT / start.slope
    for target in (z.min(), z.max(), midpoint - reach, midpoint + reach):
        affordable = shuffled[free[shuffled] & (cost[shuffled] <= left)]
        if len(affordable):
            take(int(affordable[np.abs(z[affordable] - target).argmin()]))
    while True:
        affordable = shuffled[free[shuffled] & (cost[shuffled] <= left)]
        if not len(affordable):
            return chosen
        ratio = gains(features, inverse)[affordable] / cost[affordable]
        if ratio.max() <= 0.0:
            return chosen
        take(int(affordable[ratio.argmax()]))
