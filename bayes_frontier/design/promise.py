"""What evaluations were expected to say about the boundaries, and what they said."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.design.beliefs import Beliefs, information
from bayes_frontier.design.planning import Plan
from bayes_frontier.design.targets import Targets
from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.tables.sheet import first_line
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior.drift import same_period
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import check_flops, task_indices
from bayes_frontier.text import listed

_POINTS = 15


@dataclass(frozen=True, eq=False)
class Planned:
    """A plan that evaluations followed."""

    table: pd.DataFrame  # model, and of the plan's columns order, cost and interval_width where it has them
    tasks: tuple[str, ...] | None  # tasks it was made for; None where it does not say
    flops: tuple[float, float] | None  # range of compute it was made for
    prob: float  # probability of its intervals

    @classmethod
    def from_plan(cls, plan: Plan | pd.DataFrame | str | Path) -> "Planned":
        """Read a plan."""
        name, table = "the plan", plan.sheet() if isinstance(plan, Plan) else plan
        if not isinstance(table, pd.DataFrame):
            name = str(table)
            try:
                table = pd.read_csv(table)
            except (OSError, ValueError) as error:
                raise DataError(f"{name}: cannot be read as a plan ({first_line(error)}).") from None
        if "model" not in table or not len(table):
            raise DataError(
                f"{name}: no plan; a table with a column model is needed, as `bayes-frontier plan --out plan.csv` "
                f"writes it. Found: {listed(map(str, table.columns)) or 'nothing'}."
            )
        kept = [column for column in ("order", "model", "cost", "interval_width") if column in table]
        targets = {"focus", "flops_low", "flops_high", "prob"} <= set(table.columns)
        try:
            first = table.iloc[0]
            low, high = check_flops([first["flops_low"], first["flops_high"]]) if targets else (0.0, 0.0)
            return cls(
                table=table[kept].assign(model=table["model"].astype(str)),
                tasks=tuple(str(first["focus"]).split(";")) if targets else None,
                flops=(float(low), float(high)) if targets else None,
                prob=float(first["prob"]) if targets else 0.9,
            )
        except (QueryError, ValueError) as error:
            raise DataError(f"{name}: its targets cannot be read ({error}). Make the plan again.") from None


@dataclass(frozen=True, eq=False)
class Promise:
    """Promised against realised information of the evaluations that came in.

    Attributes
    ----------
    tasks : pandas.DataFrame
        One row per task, and "all": variance (mean over the targets, before), promised and realised (its expected and
        actual reduction, as shares), error (Monte Carlo standard error of the latter), width, width_promised and
        width_realised (mean widths of intervals, of a normal distribution with these variances).
    nats : float
        Expected information about the boundaries of the evaluated models themselves.
    n : int
        Evaluations counted.
    flops : tuple of float
        Range of compute over which the boundaries were looked at.
    prob : float
        Probability of the intervals.
    """

    tasks: pd.DataFrame
    nats: float
    n: int
    flops: tuple[float, float]
    prob: float


def promise(
    before: Frontier,
    after: Frontier,
    models: pd.DataFrame,
    planned: Planned | None = None,
    *,
    flops: tuple[float, float] | None = None,
    prob: float = 0.9,
) -> Promise:
    """Compare what the evaluations that came in were expected to say, as `plan` does, with what they said."""
    # the reduction realised may be negative: scores that contradict a fit also make it wider
    wanted = before.tasks
    if planned is not None and planned.tasks is not None:
        wanted, prob = planned.tasks, planned.prob
        flops = planned.flops if flops is None else flops
    z = log_flops(models["flops"])
    low, high = (float(z.min()), float(z.max())) if flops is None else log_flops(flops)
    grid = np.linspace(low, high, _POINTS) if high > low else np.array([low])
    beliefs = Beliefs.from_frontier(before)
    asked = Targets(np.array([task_indices(name, before.tasks)[0] for name in wanted]), grid)
    by_base = pd.Series(z).groupby(models["base_model"].to_numpy(dtype=object)).median()
    sites = beliefs.sites([str(name) for name in by_base.index], np.asarray(by_base, dtype=np.float64), asked.tasks)
    state = information(beliefs, sites, grid, asked.tasks, asked.weights)
    now = state.target_variance
    for site in by_base.index.get_indexer(pd.Index(models["base_model"])):
        state.observe(int(site))
    period = same_period(before.evaluations, after.evaluations)
    realised = np.stack(
        [
            after.boundary(10.0**grid, name, period).transpose("flops", "chain", "draw").to_numpy().var(axis=(1, 2))
            for name in wanted
        ]
    )
    rows = _rows(wanted, {"now": now, "promised": state.target_variance, "realised": realised}, prob)
    # A variance from n independent normal draws has the relative standard error sqrt(2 / n).
    relative = np.sqrt(sum(2.0 / float(fit.diagnostics["ess_bulk"].median()) for fit in (before, after)))
    # targets of one task move together, those of different tasks hardly
    for row in rows:
        tasks = len(wanted) if row["task"] == "all" else 1
        row["error"] = (1.0 - float(str(row["realised"]))) * float(relative) / np.sqrt(tasks)
    return Promise(pd.DataFrame(rows), state.nats, len(models), (10.0**low, 10.0**high), prob)


def _rows(tasks: tuple[str, ...], variance: Mapping[str, FloatArray], prob: float) -> list[dict[str, object]]:
    """One row per task and one of all, from variances of shape (n_tasks, n_targets)."""
    factor = 2.0 * float(stats.norm.ppf(0.5 + 0.5 * prob))
    rows = []
    for name, part in [*((task, slice(i, i + 1)) for i, task in enumerate(tasks)), ("all", slice(None))]:
        mean = {key: float(value[part].mean()) for key, value in variance.items()}
        width = {key: factor * float(np.sqrt(value[part]).mean()) for key, value in variance.items()}
        rows.append(
            {
                "task": name,
                "variance": mean["now"],
                "promised": 1.0 - mean["promised"] / mean["now"],
                "realised": 1.0 - mean["realised"] / mean["now"],
                "width": width["now"],
                "width_promised": width["promised"],
                "width_realised": width["realised"],
            }
        )
    return rows
