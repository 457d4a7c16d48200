"""The analyses' answers computed from a known truth, in closed form where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bayes_frontier.analysis.surface import crossing
from bayes_frontier.evaluations import Truth
from bayes_frontier.model.likelihood import FloatArray

if TYPE_CHECKING:
    from bayes_frontier.analysis.portfolio import Goals
    from bayes_frontier.analysis.saturation import Saturation

_GRID = 2001


def true_saturation(truth: Truth, found: Saturation) -> dict[str, FloatArray]:
    """Ceiling, headroom and the rest of known boundaries, at what an answer was asked at."""
    period = truth.period_labels.index(found.period)
    flops = np.atleast_1d(found.summary["flops"].to_numpy())
    ceiling = truth.ceiling + truth.shift[:, period]
    here = truth.boundary(flops, period=period).to_numpy()
    low, high = found.flops_range
    z = np.linspace(np.log10(low), np.log10(high), _GRID)
    bought = (
        truth.boundary(10.0 ** (z + 1.0), period=period).to_numpy() - truth.boundary(10.0**z, period=period).to_numpy()
    )
    before, after = ((truth.period_labels.index(label), compute) for label, compute in found.settings)
    corner = {
        (i, j): truth.boundary(compute, period=when).to_numpy()
        for i, (when, _) in enumerate((before, after))
        for j, (_, compute) in enumerate((before, after))
    }
    scale = 0.5 * (corner[0, 1] - corner[0, 0] + corner[1, 1] - corner[1, 0])
    time = 0.5 * (corner[1, 0] - corner[0, 0] + corner[1, 1] - corner[0, 1])
    return {
        "ceiling": ceiling,
        "beyond": ceiling - truth.boundary(found.flops_range[1], period=period).to_numpy(),
        "saturation": 10.0 ** crossing(bought, z, found.gain),
        "headroom": ceiling[:, None] - here,
        "gain": truth.boundary(10.0 * flops, period=period).to_numpy() - here,
        "scale": scale,
        "time": time,
        "progress": scale + time,
    }


def true_width(truth: Truth) -> FloatArray:
    """Decades from 10 to 90% of each rise.

    Shapes: returns (n_tasks,).
    """
    return np.asarray(2.0 * np.log(9.0) / truth.slope)


def true_needed(truth: Truth, goals: Goals, period: int) -> FloatArray:
    """Compute at which targets are met.

    Shapes: returns (n_targets,).
    """
    k = [truth.tasks.index(task) for task in goals.tasks]
    score = np.array([target.score for target in goals.targets]) - truth.shift[k, period]
    share = np.clip((score - truth.floor[k]) / (truth.ceiling - truth.floor)[k], 0.0, 1.0)
    with np.errstate(divide="ignore"):
        z = truth.midpoint[k] + (np.log(share) - np.log1p(-share)) / truth.slope[k]
    return np.asarray(10.0**z)
