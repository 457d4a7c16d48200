"""The boundary's own arithmetic in compiled code: from what is sampled to curves, to logits at points, and back.

PyTensor could express and differentiate all of it (`bayes_frontier.model.model` lets it), as dozens of small array
operations that take longer to compile and to run. Here each direction is one pass.
"""

import numpy as np

from bayes_frontier.model import curve as of_curve
from bayes_frontier.model import grouped
from bayes_frontier.model.curve import MARGIN, sigmoid_from_shares
from bayes_frontier.model.grouped import code_version, compiled_part
from bayes_frontier.model.likelihood import FloatArray

_WIDTH = 1.0 - 2.0 * MARGIN
# Logits beyond which odds overflow; only draws from the prior alone come so far.
FURTHEST = 300.0


# Of everything compiled here.
VERSION = code_version(__file__, of_curve.__file__, grouped.__file__)


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
    in_logits = np.empty_like(logits)
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
            in_logits[0, k, c] = in_high * high * (1.0 - high)
            in_logits[1, k, c] = in_low * high * _WIDTH * start * (1.0 - start)
            in_logits[2, k, c] = in_floor * low * _WIDTH * bottom * (1.0 - bottom)
            in_logits[3, k, c] = in_ceiling * (1.0 - high) * _WIDTH * top * (1.0 - top)
    return in_logits


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
    in_steps = np.empty((slope.shape[0], slope.shape[1] - 1))
    for k in range(slope.shape[0]):
        total = 0.0
        for t in range(slope.shape[1] - 1, 0, -1):
            total += slope[k, t]
            in_steps[k, t - 1] = total
    return in_steps


pull_walk = compiled_part(_pull_walk)


def _rise(curve: FloatArray, k: int, c: int, place: float) -> float:
    """Odds of the sigmoid at a place of the compute range."""
    argument = curve[2, k, c] + (curve[3, k, c] - curve[2, k, c]) * place
    return np.exp(min(max(argument, -FURTHEST), FURTHEST))  # type: ignore[no-any-return]


rise_at = compiled_part(_rise)


def _odds(floor: float, ceiling: float, rise: float) -> tuple[float, float]:
    """Over and under: the odds of ``floor + (ceiling - floor) * rise / (1 + rise)`` are their ratio."""
    return floor + ceiling * rise, (1.0 - floor) + (1.0 - ceiling) * rise


odds_at = compiled_part(_odds)


def _add_slopes(
    slope: FloatArray, curve: FloatArray, k: int, c: int, at: tuple[float, float, float, float], in_logit: float
) -> float:
    """Add the derivatives of one point in its curve; `at`: place, rise, over and under. Returns that in its place."""
    x, rise, over, under = at
    in_share = in_logit * (1.0 / over + 1.0 / under)
    in_argument = in_logit * rise * (curve[1, k, c] / over - (1.0 - curve[1, k, c]) / under)
    slope[0, k, c] += in_share
    slope[1, k, c] += in_share * rise
    slope[2, k, c] += in_argument * (1.0 - x)
    slope[3, k, c] += in_argument * x
    return in_argument * (curve[3, k, c] - curve[2, k, c])  # type: ignore[no-any-return]


add_slopes = compiled_part(_add_slopes)
