"""`update`: evaluations come in, the fit is made anew from where it ended, and what changed is said."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.checks.score import expectations
from bayes_frontier.design.beliefs import Beliefs, information
from bayes_frontier.design.planning import Plan
from bayes_frontier.design.targets import Targets
from bayes_frontier.display import Display, Displayed, from_cell
from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.combine import combine
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.frames import closing_dates
from bayes_frontier.evaluations.lines import Compute, Copies, Duplicates
from bayes_frontier.evaluations.metrics import Metrics
from bayes_frontier.evaluations.read import read
from bayes_frontier.evaluations.registry.registry import Registry, given_registry
from bayes_frontier.evaluations.tables.sheet import first_line
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.model.sample import Start
from bayes_frontier.posterior import fitting
from bayes_frontier.posterior.drift import movement, same_period
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import check_flops, check_prob, check_range, task_indices
from bayes_frontier.text import check_choice, count, flops_words, listed, printable, share_words, without_controls

# One period that every date falls in: rows without a date are left out as they are read, periods come later.
_ANY_DAY = (dt.date(2200, 1, 1),)
_RESCORED = ("error", "first", "mix")


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
                # names as they are spelt: a model may be called NA
                names = dict.fromkeys(("model", "focus"), from_cell)
                table = pd.read_csv(table, converters=names, keep_default_na=False, na_values=[""])
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


@dataclass(frozen=True, eq=False, repr=False)
class Update(Displayed):
    """A fit made anew with the scores that came in, and what these changed.

    Attributes
    ----------
    frontier : Frontier
        The new fit, of all scores.
    before : Frontier
        The fit it started from.
    models : pandas.DataFrame
        New evaluations: model, base_model, flops, released, added ("model", or "scores" where the fit had the model
        without them) and one column per task with the new scores.
    boundaries : pandas.DataFrame
        How population boundaries moved; see `bayes_frontier.posterior.drift.movement`.
    scores : pandas.DataFrame
        Every new score beside what the fit before expected of it; see `bayes_frontier.checks.score.expectations`.
    promise : Promise
        Promised against realised information.
    planned : pandas.DataFrame or None
        The plan followed: its columns, and arrived, whether the model is among the new evaluations.
    warm : bool
        Whether the new fit started where the one before ended; fits of earlier versions do not say where that was.
    """

    frontier: Frontier
    before: Frontier
    models: pd.DataFrame
    boundaries: pd.DataFrame
    scores: pd.DataFrame
    promise: Promise
    planned: pd.DataFrame | None
    warm: bool

    @property
    def surprises(self) -> pd.DataFrame:
        """New scores above their predictive boundary, the least likely first; a share 1 - tau of them is expected."""
        return self.scores[self.scores["score"] > self.scores["boundary"]].reset_index(drop=True)

    @property
    def table(self) -> pd.DataFrame:
        """How population boundaries moved: `boundaries`."""
        return self.boundaries

    @property
    def sentences(self) -> tuple[str, str, str, str]:
        """What came in, how it was fitted, how many scores surprise, and what was promised and came of it."""
        n, new = len(self.scores), int((self.models["added"] == "model").sum())
        filled = len(self.models) - new
        also = f", and new scores of {count(filled, 'model')} that it had" if filled else ""
        unseen = set(self.models["base_model"]) - set(self.before.base_model_names)
        warm, cold = "from where the fit before ended", "from the start: the fit before keeps no starting points"
        low, high = (flops_words(value) for value in self.promise.flops)
        return (
            f"{count(n, 'new score')}: {count(new, 'new model')}{also}; "
            f"{count(len(unseen), 'base model')} not fitted before.",
            f"Fitted {warm if self.warm else cold} in {self.frontier.provenance['seconds']:g} s.",
            f"Surprises: {len(self.surprises):,} of {n:,} new scores lie above what the fit before predicted as their "
            f"boundary; {(1.0 - self.frontier.tau) * n:.1f} were expected.",
            f"Promised and realised: mean variance of boundaries over {low} to {high} FLOPs, and mean width of "
            f"{share_words(self.promise.prob)} intervals, by the {self.promise.n:,} evaluations that came in "
            f"({self.promise.nats:.1f} nats).",
        )

    def _display(self) -> Display:
        shown = self.boundaries[["task", "flops", "before", "after", "change", "lower", "upper", "higher"]]
        source = printable(self.frontier.evaluations.source)
        return Display(f"Update of a fit: {source}", self.sentences, shown)


def update(
    frontier: Frontier,
    results: object,
    *,
    plan: Plan | pd.DataFrame | str | Path | None = None,
    periods: Sequence[str | dt.date] | str | None = None,
    repeated: str = "fill",
    rescored: str = "error",
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    duplicates: Duplicates = "keep",
    copies: Copies = "auto",
    compute: Compute = "stated",
    metrics: Metrics | Mapping[str, object] | str | Path | None = None,
    limited: bool = False,
    registry: Registry | str | Path | None = None,
    flops: Sequence[float] | None = None,
    target_range: tuple[float, float] | None = None,
    prob: float = 0.9,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    cores: int | None = None,
    seed: int | None = None,
    progress: bool | None = None,
    allow_unconverged: bool = False,
) -> Update:
    """Add evaluations to a fit: combine them with its own, fit again from where it ended, and say what changed.

    Parameters
    ----------
    frontier : Frontier
        The fit; it is not changed.
    results : Evaluations, str, Path, data frame, or a list of these
        New evaluations, anything that `bayes_frontier.read` takes: a folder of results of lm-evaluation-harness, say.
        Tasks that the fit does not have are left out, which a note of the new table says.
    plan : Plan, pandas.DataFrame, str or Path, optional
        The plan that was followed, or the file it was written to.
    periods : sequence of str or date, optional
        Closing dates of the whole (default: those of the fit; newer models fall into its open period, or open one).
    repeated : {"fill", "first", "error"}
        A model that the fit has too: fill the tasks it lacks there, leave the new record out, or stop.
    rescored : {"error", "first", "mix"}
        A task that the new results score otherwise than the fit's, as the models of both show: stop; leave its new
        scores out; or mix both scorings, which looks like drift.
    format, columns, duplicates, copies, compute, metrics, limited : optional
        How to read the results; see `bayes_frontier.read`.
    registry : Registry or path, optional
        Base models of the results and of the new fit (default: the registry that the fit's table was read with).
    flops : sequence of float, optional
        Where boundaries are compared (default: three computes across the table).
    target_range : tuple of float, optional
        Range of compute for promised and realised information (default: the plan's, or that of the new evaluations).
    prob : float
        Probability of the intervals.
    draws, tune, chains : int, optional
        As in `bayes_frontier.fit` (default: as the fit before).
    cores : int, optional
        Chains at a time.
    seed : int, optional
        As in `bayes_frontier.fit` (default: that of the fit before).
    progress : bool, optional
        Show progress on standard error (default: only on a terminal).
    allow_unconverged : bool
        Return a posterior that fails the convergence gate instead of raising.

    Returns
    -------
    Update
        The new fit and what changed.

    Raises
    ------
    DataError
        If results or plan cannot be read, or a task was re-scored and `rescored` is "error".
    QueryError
        If an argument is out of range, or nothing new came in.
    ConvergenceError
        If the new fit does not converge.
    """
    check_prob(prob)
    if flops is not None:
        flops = [float(value) for value in check_flops(flops)]
    if target_range is not None:
        check_range(target_range)
    check_choice(rescored, _RESCORED, "rescored")
    planned = None if plan is None else Planned.from_plan(plan)
    old = frontier.evaluations
    closing = [end for end in old.period_ends if end is not None]
    ends = closing if periods is None else list(closing_dates(periods))
    given = results if isinstance(results, list | tuple) else [results]
    entries = old.registry if registry is None else given_registry(registry)
    options = {
        "format": format,
        "columns": columns,
        "duplicates": duplicates,
        "copies": copies,
        "compute": compute,
        "registry": entries,
        "metrics": metrics,
        "limited": limited,
    }
    new = [
        one if isinstance(one, Evaluations) else read(one, periods=_ANY_DAY if ends else None, **options)  # type: ignore[arg-type]
        for one in given
    ]
    whole = _combined(old, new, repeated, rescored, ends)
    if registry is not None:
        whole = replace(whole, registry=entries)
    models = _new_scores(old, whole)
    if planned is not None:
        # control characters of a name stand in a file as their codes
        names = {without_controls(name): name for name in (*models["model"], *frontier.tasks)}
        table = planned.table.assign(model=planned.table["model"].map(lambda name: names.get(name, name)))
        tasks = None if planned.tasks is None else tuple(names.get(task, task) for task in planned.tasks)
        planned = replace(planned, table=table, tasks=tasks)
    before = frontier.provenance["sampling"]
    start = Start.of(frontier.posterior)
    after = fitting.fit(
        whole,
        frontier.spec,
        tau=frontier.tau,
        draws=int(before.get("draws", 1000)) if draws is None else draws,
        tune=int(before.get("tune", 300)) if tune is None else tune,
        chains=int(before.get("chains", 4)) if chains is None else chains,
        cores=cores,
        seed=int(before["seed"]) if seed is None else seed,
        progress=progress,
        allow_unconverged=allow_unconverged,
        start=start,
        compute_uncertainty=int(frontier.provenance.get("compute_uncertainty", {}).get("tables", 0)),
    )
    after.provenance["updated"] = {
        "from": frontier.provenance.get("data", {}),
        "new_models": int((models["added"] == "model").sum()),
        "new_scores": int(models[list(frontier.tasks)].notna().to_numpy().sum()),
    }
    return Update(
        frontier=after,
        before=frontier,
        models=models,
        boundaries=movement(frontier, after, flops, prob=prob),
        scores=expectations(frontier, models),
        promise=promise(frontier, after, models, planned, flops=target_range, prob=prob),
        planned=None if planned is None else planned.table.assign(arrived=planned.table["model"].isin(models["model"])),
        warm=after.provenance["sampling"].get("start") == "warm",
    )


def _combined(
    old: Evaluations, new: Sequence[Evaluations], repeated: str, rescored: str, ends: Sequence[dt.date]
) -> Evaluations:
    """Combine a fit's table with new ones, in its own tasks and closing dates."""
    if not new:
        raise QueryError("No results were given: name a file or a folder.")
    parts = []
    for table in new:
        shared = [task for task in table.tasks if task in old.tasks]
        if not shared:
            raise QueryError(
                f"{table.source} has no task of the fit: its tasks are {listed(table.tasks)}, the fit's "
                f"{listed(old.tasks)}. Rename them, or fit them on their own."
            )
        other = [task for task in table.tasks if task not in old.tasks]
        said = f"not a task of the fit, left out: {listed(other)}"
        parts.append(replace(table.select(tasks=shared), notes=(*table.notes, said)) if other else table)
    try:
        return combine(old, *parts, repeated=repeated, rescored=rescored, periods=ends or None)  # type: ignore[arg-type]
    except DataError as error:
        # a task apart is no task of the fit
        raise DataError(str(error).replace(", 'separate' (two tasks)", "")) from None


def _new_scores(old: Evaluations, whole: Evaluations) -> pd.DataFrame:
    """Give the records of a combined table that have new scores, with these only."""
    tasks = list(old.tasks)
    scores = whole.models[tasks].to_numpy(dtype=np.float64).copy()
    # the fit's own records come first, and none of them was left out
    had = ~np.isnan(old.models[tasks].to_numpy(dtype=np.float64))
    scores[: len(had)][had] = np.nan
    fresh = ~np.isnan(scores).all(axis=1)
    if not fresh.any():
        reasons = whole.dropped_by_reason().get("model in an earlier table", 0)
        raise QueryError(f"Nothing new: the fit has every score of these results ({count(int(reasons), 'record')}).")
    models = whole.models[["model", "base_model", "flops", "released"]].copy()
    models["added"] = np.where(np.arange(len(models)) < len(had), "scores", "model")
    models[tasks] = scores
    return models[fresh].reset_index(drop=True)
