"""`plan`: which models to evaluate next, in what order, and what that is expected to buy."""

import math
import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.design.beliefs import Beliefs, attention, information, prior_beliefs
from bayes_frontier.design.candidates import Budget, Candidates, read_budget, read_candidates
from bayes_frontier.design.select import Chosen, Problem, greedy
from bayes_frontier.design.targets import OBJECTIVE, Question, Targets, settled, targets
from bayes_frontier.display import Display, Drawn
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.registry.registry import Registry, given_registry
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import check_prob
from bayes_frontier.text import listed, printable, share_words, suggestion

# Tasks of lm-evaluation-harness by the names that Open LLM Leaderboard v2 scores have here.
_HARNESS = {
    "ifeval": "leaderboard_ifeval",
    "bbh": "leaderboard_bbh",
    "math_lvl_5": "leaderboard_math_hard",
    "gpqa": "leaderboard_gpqa",
    "musr": "leaderboard_musr",
    "mmlu_pro": "leaderboard_mmlu_pro",
}
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", flags=re.ASCII)
_TASK_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", flags=re.ASCII)


def reasons(base_model: pd.Series, beliefs: Beliefs, asked: Targets, choice: Chosen) -> list[str]:
    """Say why each model was chosen."""
    seen: Counter[str] = Counter()
    words = []
    for base, (task, target) in zip(base_model, choice.largest, strict=True):
        seen[base] += 1
        kind = "" if base in beliefs.base_models else ", new to the fit"
        number = "first" if seen[base] == 1 else f"no. {seen[base]}"
        place = f"{beliefs.tasks[asked.tasks[task]]} near {10.0 ** asked.z[target]:.1e} FLOPs".replace("e+", "e")
        words.append(f"{number} on {base}{kind}; narrows {place} most")
    return words


def commands(models: pd.Series, tasks: tuple[str, ...]) -> list[str]:
    """Commands of lm-evaluation-harness that evaluate models."""
    names = [_HARNESS.get(task, task) for task in tasks]
    bad = [name for name in names if not _TASK_NAME.fullmatch(name)]
    if bad:
        return [f"# no command: {bad[0]!a} cannot be the name of a task of lm-evaluation-harness"]
    lines = []
    for model in models:
        if not _HUB_NAME.fullmatch(str(model)):
            lines.append(f"# no command: {str(model)!a} is not a name on the hub")
            continue
        parts = ["lm_eval", "--model", "hf", "--model_args", f"pretrained={model},dtype=bfloat16"]
        parts += ["--tasks", ",".join(names), "--batch_size", "auto", "--output_path", "results"]
        lines.append(shlex.join(parts))
    return lines


# A plan that narrows intervals by less than this share buys nothing that a reader would notice.
_WORTH = 0.05


@dataclass(frozen=True, repr=False)
class Plan(Drawn):
    """Models to evaluate, in order.

    Attributes
    ----------
    table : pandas.DataFrame
        order, batch, model, base_model, flops, cost, cumulative_cost, information (nats, of all up to it),
        interval_width (mean over targets, after it), settled (probability, where a question was asked) and reason.
    left_out : pandas.DataFrame
        place, model, reason of candidates that could not be chosen.
    widths : pandas.DataFrame
        task, flops, now, planned: interval width at each target before and after the whole plan.
    prob : float
        Probability of the intervals.
    budget : float
        Not exceeded; infinite where only the number of models was limited.
    total : float
        Cost of all candidates that can be planned with.
    unit : str
        What costs count in.
    objective : str
        What was maximised.
    """

    _picture = "plot_plan"
    table: pd.DataFrame
    left_out: pd.DataFrame
    widths: pd.DataFrame
    prob: float
    budget: float
    total: float
    unit: str
    objective: str

    @property
    def curve(self) -> pd.DataFrame:
        """Cost spent against expected mean interval width: columns cost and interval_width, from nothing on."""
        now = float(self.widths["now"].mean())
        return pd.DataFrame(
            {"cost": [0.0, *self.table["cumulative_cost"]], "interval_width": [now, *self.table["interval_width"]]}
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """Whether the plan is worth it, what it costs, and what it is expected to buy."""
        last, now = self.table.iloc[-1], float(self.widths["now"].mean())
        limit = "" if math.isinf(self.budget) else f" of a budget of {self.budget:,.6g}"
        narrower = 1.0 - last["interval_width"] / now
        worth = (
            "Worth it for population boundaries"
            if narrower >= _WORTH
            else "Not worth it for narrower population boundaries"
        )
        return (
            f"{worth}: together these evaluations are expected to narrow them by {100 * narrower:.0f}%.",
            f"{len(self.table):,} evaluations for {last['cumulative_cost']:,.6g} {self.unit}{limit}; all candidates "
            f"cost {self.total:,.6g}.",
            f"Expected mean width of {share_words(self.prob)} intervals: {now:.4f} now, {last['interval_width']:.4f} "
            f"afterwards; {last['information']:.1f} nats.",
        )

    def _display(self) -> Display:
        columns = ["order", "batch", "model", "flops", "cost", "cumulative_cost", "interval_width"]
        shown = self.table[columns].assign(model=self.table["model"].astype(str).map(printable))
        return Display(f"Plan for the objective {self.objective!r}", self.sentences, shown)

    def sheet(self) -> pd.DataFrame:
        """Give the order as a table for a file, with what `bayes_frontier.update` needs to judge it later.

        Returns
        -------
        pandas.DataFrame
            `table`, with focus (tasks, ``;`` between), flops_low, flops_high and prob: the boundaries that its
            information and widths are about.
        """
        return self.table.assign(
            focus=";".join(dict.fromkeys(self.widths["task"])),
            flops_low=float(self.widths["flops"].min()),
            flops_high=float(self.widths["flops"].max()),
            prob=self.prob,
        )


def plan(
    frontier: Frontier | None,
    candidates: object,
    *,
    budget: float | str | None = None,
    n: int | None = None,
    focus: str | Sequence[str] | None = None,
    flops: tuple[float, float] | None = None,
    objective: str = OBJECTIVE,
    question: Question | None = None,
    period: int | str | None = None,
    cost: str = "parameters",
    columns: Mapping[str, str] | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    batches: int = 1,
    skip: bool = False,
    prob: float = 0.9,
    seed: int = 1,
    model: str = "hierarchical",
    tasks: Sequence[str] | None = None,
    registry: Registry | str | Path | None = None,
) -> Plan:
    """Choose the evaluations that are expected to say most about population boundaries, per cost.

    Parameters
    ----------
    frontier : Frontier or None
        The fit; None before there is one: plans with the priors of `model` for `tasks`.
    candidates : str, pathlib.Path or data frame
        Models that could be evaluated; see `design.candidates.read_candidates`.
    budget : float or str, optional
        Cost not exceeded, or a share of the cost of all candidates, such as "20%".
    n : int, optional
        Number of models not exceeded; a budget, this, or both are needed.
    focus : str or sequence of str, optional
        Tasks whose boundaries are to be known (default: all).
    flops : tuple of float, optional
        Range of compute over which they are (default: that of the candidates).
    objective : {"base-models", "interval-width", "information", "question"}
        Reduce the mean variance of the boundaries of the candidates' base models, each as much as models to come are
        expected to be built on it or on a new one (`beliefs.attention`); that of the population boundaries over tasks
        and log compute; gain most nats about the base models; or settle `question`.
    question : Question, optional
        For the objective of that name.
    period : int, str or None
        Period planned for: a fitted one (default: the last), or "next": where boundaries will be half a quarter of a
        year after the last model fitted, as `Frontier.predict` sees it, with the velocity and the walk of each task
        and what base models move on their own.
    cost : {"parameters", "column", "tokens"}
        Cost model; see `design.candidates.read_candidates`. Among candidates on one base model the cheaper come first
        only where the cost is no number of parameters.
    columns : mapping of str to str, optional
        Column by field of the table of candidates.
    include, exclude : sequence of str
        Candidates forced in and out.
    batches : int
        Parts of about equal cost that the order is cut into; refit and plan again after each.
    skip : bool
        Leave unusable candidates out, listed, instead of raising.
    prob : float
        Probability of the intervals reported.
    seed : int
        Orders candidates that are alike; draws the drift to the next period.
    model : str
        Model whose priors are used without a fit.
    tasks : sequence of str, optional
        Tasks, without a fit.
    registry : Registry or path, optional
        Base models of the candidates (default: the registry that the fit's table was read with).

    Returns
    -------
    Plan
        The order, with what it is expected to buy.

    Raises
    ------
    DataError
        If candidates cannot be read or planned with.
    QueryError
        If an argument is out of range, or nothing can be afforded.
    """
    check_prob(prob)
    if batches < 1:
        raise QueryError(f"batches: at least one is needed, found {batches}.")
    if frontier is not None and tasks is not None:
        raise QueryError("tasks: a fit has its own tasks; focus says which of them matter.")
    evaluated = frozenset() if frontier is None else frozenset(frontier.evaluations.models["model"])
    if registry is None and frontier is not None:
        registry = frontier.evaluations.registry
    pool = read_candidates(
        candidates, evaluated=evaluated, cost=cost, columns=columns, skip=skip, registry=given_registry(registry)
    )
    total = float(pool.frame["cost"].sum())
    limit = read_budget(budget, n, total, len(pool.frame))
    _check_names(pool, exclude, "exclude")
    pool = pool.leave_out(pool.frame["model"].isin(exclude).to_numpy(dtype=bool), "excluded")
    if not len(pool.frame):
        raise QueryError("exclude: no candidate is left.")
    pool, forced = _forced(pool, include, limit)
    z = log_flops(pool.frame["flops"])
    by_base = pd.Series(z).groupby(pool.frame["base_model"].to_numpy()).median()
    beliefs = (
        Beliefs.from_frontier(frontier, period, seed) if frontier is not None else prior_beliefs(model, tasks, z, seed)
    )
    asked = targets(beliefs, objective, question, focus, flops, z)
    names = [str(name) for name in by_base.index]
    sites = beliefs.sites(names, np.asarray(by_base, dtype=np.float64), asked.tasks)
    site = np.asarray(by_base.index.get_indexer(pd.Index(pool.frame["base_model"])), dtype=np.int64)
    by_site = _attention(site, z, asked, len(by_base)) if objective == "base-models" else None
    problem = Problem(
        make=lambda: information(beliefs, sites, asked.z, asked.tasks, asked.weights, by_site),
        by_information=objective == "information",
        site=site,
        cost=pool.frame["cost"].to_numpy(float),
        budget=limit.cost,
        most=limit.count,
        ties=np.random.default_rng(seed).random(len(pool.frame)),
        by_price=cost != "parameters",
    )
    choice = greedy(problem, forced)
    before = problem.make().target_variance
    table = _table(pool, beliefs, asked, choice, batches, prob)
    if question is not None:
        mean = float(beliefs.population(asked.z, asked.tasks).mean())
        after = np.array([variance[0, 0] for variance in choice.variance])
        table.insert(9, "settled", settled(mean, float(before[0, 0]), after, question))
    return Plan(
        table=table,
        left_out=pool.left_out.reset_index(drop=True),
        widths=pd.DataFrame(
            {
                "task": np.repeat([beliefs.tasks[k] for k in asked.tasks], len(asked.z)),
                "flops": np.tile(10.0**asked.z, len(asked.tasks)),
                "now": _interval(prob) * np.sqrt(before).ravel(),
                "planned": _interval(prob) * np.sqrt(choice.variance[-1]).ravel(),
            }
        ),
        prob=prob,
        budget=limit.cost,
        total=total,
        unit=pool.unit,
        objective=objective,
    )


def _attention(site: IntArray, z: FloatArray, asked: Targets, n_sites: int) -> FloatArray:
    """Weights of the base models: of those with candidates in the range of compute asked about."""
    inside = (z >= asked.z.min() - 1e-9) & (z <= asked.z.max() + 1e-9)
    if not inside.any():
        raise QueryError(
            f"flops: no candidate's compute, {10 ** z.min():.3g} to {10 ** z.max():.3g}, lies in this range, so "
            "there is no base model to learn about; ask for the boundary there (objective interval-width)."
        )
    return attention(site[inside], n_sites)


def _forced(pool: Candidates, include: Sequence[str], limit: Budget) -> tuple[Candidates, list[int]]:
    """Places of the candidates forced in, and the pool without those that no budget covers."""
    _check_names(pool, include, "include")
    wanted = pool.frame["model"].isin(include).to_numpy(dtype=bool)
    price = pool.frame["cost"].to_numpy(float)
    if price[wanted].sum() > limit.cost or wanted.sum() > limit.count:
        raise QueryError(
            f"include: the {int(wanted.sum())} models forced in cost {price[wanted].sum():.6g} {pool.unit}, more than "
            f"the budget ({limit.cost:.6g}, at most {limit.count:,} models)."
        )
    over = price > limit.cost
    if over.all():
        raise QueryError(
            f"budget: {limit.cost:.6g} {pool.unit} buys no candidate; the cheapest costs {price.min():.6g}."
        )
    pool = pool.leave_out(over, "costs more than the whole budget")
    return pool, np.flatnonzero(pool.frame["model"].isin(include)).tolist()


def _check_names(pool: Candidates, names: Sequence[str], argument: str) -> None:
    there = set(pool.frame["model"])
    unknown = [name for name in names if name not in there]
    if unknown:
        hint = suggestion(unknown[0], list(there)[:5000])
        raise QueryError(f"{argument}: not among the candidates that can be planned with: {listed(unknown)}.{hint}")


def _table(
    pool: Candidates, beliefs: Beliefs, asked: Targets, choice: Chosen, batches: int, prob: float
) -> pd.DataFrame:
    rows = pool.frame.iloc[choice.order].reset_index(drop=True)
    spent = rows["cost"].cumsum()
    width = _interval(prob) * np.array([np.sqrt(variance).mean() for variance in choice.variance])
    # A batch ends where the middle of its last evaluation has passed its share of the cost.
    middle = (spent - 0.5 * rows["cost"]) / spent.iloc[-1]
    return pd.DataFrame(
        {
            "order": np.arange(1, len(rows) + 1),
            "batch": np.minimum((middle * batches).astype(int) + 1, batches),
            "model": rows["model"],
            "base_model": rows["base_model"],
            "flops": rows["flops"],
            "cost": rows["cost"],
            "cumulative_cost": spent,
            "information": choice.nats,
            "interval_width": width,
            "reason": reasons(rows["base_model"], beliefs, asked, choice),
        }
    )


def _interval(prob: float) -> float:
    """Width of a normal interval in standard deviations."""
    return float(2.0 * stats.norm.ppf(0.5 + 0.5 * prob))
