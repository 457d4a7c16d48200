"""Agreement of the fast posterior of the studies with the sampler."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.analysis.emergence import emergence
from bayes_frontier.analysis.saturation import saturation
from bayes_frontier.analysis.surface import OVER
from bayes_frontier.posterior.frontier import Frontier
from studies.fast.frontier import quick_fit
from studies.questions.boundaries import FLOPS


def agreement(sampled: Frontier, seed: int) -> pd.DataFrame:
    """Compare the fast posterior with a sampled one, on the sampled one's evaluations."""
    fast = quick_fit(sampled.evaluations, tau=sampled.tau, seed=seed)
    slow, quick, rows = _quantities(sampled), _quantities(fast), []
    for name, one in slow.items():
        other = quick[name]
        one, other = xr.align(one, other, exclude=OVER)
        spread = one.std(OVER)
        shift = abs(other.mean(OVER) - one.mean(OVER)) / spread
        ratio = np.log(other.std(OVER) / spread)
        rows.append({"quantity": name, "shift": float(shift.mean()), "width": float(np.exp(ratio.mean()))})
    return pd.DataFrame(rows)


def _quantities(frontier: Frontier) -> dict[str, xr.DataArray]:
    draws = saturation(frontier, FLOPS).draws
    width = emergence(frontier).draws["width"].sel(task=list(frontier.tasks))
    found = {"boundary": frontier.boundary([1e22, *FLOPS, 5e24])}
    found |= {name: draws[name] for name in ("ceiling", "headroom", "gain", "scale", "time", "progress")}
    return found | {"log width of the rise": xr.DataArray(np.log(width))}
