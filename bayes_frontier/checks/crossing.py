"""Whether boundaries at several levels, fitted apart, keep their order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayes_frontier.errors import QueryError

if TYPE_CHECKING:
    from bayes_frontier.posterior.frontier import Frontier

_GRID = 25


def crossing(frontiers: Sequence[Frontier]) -> pd.DataFrame:
    """Compare the boundaries of fits of the same scores at several levels."""
    ordered = comparable(frontiers)
    rows = [row for pair in pairwise(ordered) for row in (*_population(*pair), *_records(*pair))]
    return pd.DataFrame(rows)


def comparable(frontiers: Sequence[Frontier]) -> list[Frontier]:
    """Order fits by level, if they are of the same evaluations."""
    ordered = sorted(frontiers, key=lambda one: one.tau)
    first = ordered[0]
    for low, high in pairwise(ordered):
        if low.tau == high.tau:
            raise QueryError(f"Two fits have tau = {low.tau:g}; crossing needs fits at different levels.")
        if high.evaluations.fingerprint != first.evaluations.fingerprint:
            raise QueryError(
                f"The fit at tau = {high.tau:g} is of other scores ({high.evaluations.source}, fingerprint "
                f"{high.evaluations.fingerprint[:12]}) than the one at {first.tau:g} ({first.evaluations.source}, "
                f"{first.evaluations.fingerprint[:12]}); fit the same table with another --tau."
            )
        if high.period_labels != first.period_labels:
            raise QueryError(f"The fits at tau = {first.tau:g} and {high.tau:g} have different periods.")
    return ordered


def _population(low: Frontier, high: Frontier) -> list[dict[str, object]]:
    known = low.evaluations.models["flops"].to_numpy(float)
    flops = np.geomspace(known.min(), known.max(), _GRID)
    rows: list[dict[str, object]] = []
    for task in low.tasks:
        below, above = (
            one.boundary(flops, task=task, period="all").stack(sample=("chain", "draw"))  # noqa: PD013 - xarray
            for one in (low, high)
        )
        excess = (below.mean("sample") - above.mean("sample")).transpose("period", "flops").to_numpy()
        t, z = np.unravel_index(int(excess.argmax()), excess.shape)
        place = {"period": int(t), "flops": int(z)}
        n = min(below.sizes["sample"], above.sizes["sample"])
        drawn = (below.isel(place).to_numpy()[:n], above.isel(place).to_numpy()[:n])
        rows.append(
            {
                "tau_low": low.tau,
                "tau_high": high.tau,
                "task": task,
                "boundary": "population",
                "depth": float(excess[t, z]),
                "flops": float(flops[z]),
                "period": low.period_labels[t],
                "share": float((excess > 0.0).mean()),
                "probability": float((drawn[0] > drawn[1]).mean()),
            }
        )
    return rows


def _records(low: Frontier, high: Frontier) -> list[dict[str, object]]:
    excess = low.fitted().to_numpy() - high.fitted().to_numpy()
    models = low.evaluations.models
    rows: list[dict[str, object]] = []
    for k, task in enumerate(low.tasks):
        own = excess[:, k]
        at = int(own.argmax())
        rows.append(
            {
                "tau_low": low.tau,
                "tau_high": high.tau,
                "task": task,
                "boundary": "base model",
                "depth": float(own[at]),
                "flops": float(models["flops"].iloc[at]),
                "period": low.period_labels[int(models["period"].iloc[at])],
                "share": float((own > 0.0).mean()),
                "probability": float("nan"),
            }
        )
    return rows
