"""Whether boundaries at several levels, fitted apart, keep their order."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import CheckInput
from bayes_frontier.checks.result import Check, Limits, graded, row_with_largest, rows_off, task_names
from bayes_frontier.errors import QueryError
from bayes_frontier.posterior.frontier import Frontier

# Depth of a crossing, in scores. A thousandth of a point is what is printed.
DEPTH = Limits(0.001, 0.01)
_GRID = 25
_COLUMNS = ["tau_low", "tau_high", "task", "boundary", "depth", "flops", "period", "share", "probability"]
_NO_OTHER_FIT = (
    "Not run: the order of boundaries at several levels needs a second fit of the same table at another tau; give it "
    "with --with."
)


def check(given: CheckInput) -> Check:
    """Check that boundaries at several levels keep their order, where fits at other levels are given."""
    if not given.others:
        return Check.not_run("crossing", _NO_OTHER_FIT)
    unconverged = [one.tau for one in given.others if not one.converged]
    if unconverged:
        return Check.not_run("crossing", f"Not run: the fit at tau = {unconverged[0]:g} did not converge.")
    numbers = crossing([given.frontier, *given.others])
    numbers = numbers.assign(verdict=verdicts(numbers))
    return Check.from_rows("crossing", numbers, sentence(numbers))


def crossing(frontiers: Sequence[Frontier]) -> pd.DataFrame:
    """Compare the boundaries of fits of the same scores at several levels."""
    ordered = comparable(frontiers)
    rows = [row for pair in pairwise(ordered) for row in (*_population(*pair), *_records(*pair))]
    return pd.DataFrame(rows, columns=_COLUMNS)


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


def _population(low: Frontier, high: Frontier) -> list[tuple[object, ...]]:
    fitted = low.evaluations.models["flops"].to_numpy(float)
    flops = np.geomspace(fitted.min(), fitted.max(), _GRID)
    rows: list[tuple[object, ...]] = []
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
        probability = float((drawn[0] > drawn[1]).mean())
        share = float((excess > 0.0).mean())
        depth, at = float(excess[t, z]), float(flops[z])
        rows.append((low.tau, high.tau, task, "population", depth, at, low.period_labels[t], share, probability))
    return rows


def _records(low: Frontier, high: Frontier) -> list[tuple[object, ...]]:
    excess = low.fitted().to_numpy() - high.fitted().to_numpy()
    models = low.evaluations.models
    rows: list[tuple[object, ...]] = []
    for k, task in enumerate(low.tasks):
        of_task = excess[:, k]
        at = int(of_task.argmax())
        period, share = low.period_labels[int(models["period"].iloc[at])], float((of_task > 0.0).mean())
        depth, flops = float(of_task[at]), float(models["flops"].iloc[at])
        rows.append((low.tau, high.tau, task, "base model", depth, flops, period, share, float("nan")))
    return rows


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """Grade the order of boundaries at several levels."""
    return numbers["depth"].map(lambda value: graded(value, DEPTH))


def sentence(numbers: pd.DataFrame) -> str:
    """Say whether boundaries at several levels keep their order."""
    row = row_with_largest(numbers, numbers["depth"])
    off = rows_off(numbers)
    if len(off):
        return (
            f"Boundaries cross on {task_names(off)}: the {row['boundary']} boundary at tau = {row['tau_low']:g} is "
            f"{row['depth']:.3f} above the one at {row['tau_high']:g} on {row['task']}, {row['flops']:.2g} FLOPs, "
            f"period {row['period']}. Do not read two levels side by side there."
        )
    levels = sorted({*numbers["tau_low"], *numbers["tau_high"]})
    gap = f"least gap {-row['depth']:.3f}" if row["depth"] < 0 else f"at most {row['depth']:.4f} the wrong way"
    return f"Boundaries at tau = {', '.join(f'{level:g}' for level in levels)} keep their order ({gap})."
