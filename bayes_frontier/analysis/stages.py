"""`stages`: what post-training adds to pre-training, by task and compute, and which of the two is more predictable."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior.drift import DELTA, PROB, chances_of_change, check_settings, choose_statement
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import check_flops, summarise
from bayes_frontier.text import count, listed

VERDICTS = ("lifts", "lowers", "no lift", "unknown")
"""Post-training lifts, lowers: by more than delta, with probability prob; no lift: by less; unknown: none is sure."""


def verdicts(found: xr.Dataset, prob: float | None) -> xr.DataArray:
    """Turn probabilities into words."""
    said = {"lifts": found["above"], "lowers": found["below"], "no lift": found["still"]}
    return choose_statement(said, prob, "unknown")


STAGES = ("pretrained", "post-trained")
# Base models this close in compute (a factor of 1.12) are not told apart by it, so neither is a decrease between them.
_NEIGHBOURS = 0.05
# Draws that stand for the posterior where every record is compared with each.
_DRAWS = 200


def by_stage(evaluations: Evaluations) -> Evaluations:
    """Make two tasks of each, one a stage.

    Parameters
    ----------
    evaluations : Evaluations
        Scores whose models are known to be pretrained or post-trained; models of unknown stage count as post-trained.

    Returns
    -------
    Evaluations
        The same models in one period; tasks "NAME (pretrained)" and "NAME (post-trained)".

    Raises
    ------
    DataError
        If there are models of one stage only.
    """
    models = evaluations.models
    first = (models["stage"] == STAGES[0]).to_numpy()
    if first.all() or not first.any():
        stage = STAGES[0] if first.all() else STAGES[1]
        raise DataError(
            f"{evaluations.source}: all of its {count(evaluations.n_models, 'model')} are {stage}; both stages are "
            "needed. A column named stage says which are pretrained (in an Open LLM Leaderboard export: Type)."
        )
    columns = {
        joint_name(task, stage): models[task].where(first == (stage == STAGES[0]))
        for stage in STAGES
        for task in evaluations.tasks
    }
    gone = [name for name, values in columns.items() if values.notna().sum() == 0]
    if gone:
        raise DataError(f"{evaluations.source}: no score of {listed(gone)}; leave the task out (--tasks).")
    frame = models.drop(columns=[*evaluations.tasks, "period", "cost"]).assign(**columns)
    return Evaluations.from_models(
        frame,
        list(columns),
        dropped=evaluations.dropped,
        notes=evaluations.notes,
        source=evaluations.source,
        source_format=evaluations.source_format,
    )


def joint_name(task: str, stage: str) -> str:
    """Name a task's stage."""
    return f"{task} ({stage})"


def stages(
    evaluations: Evaluations | Frontier,
    *,
    flops: float | Sequence[float] = (1e22, 1e23, 1e24),
    delta: float = DELTA,
    prob: float = PROB,
    fit: Callable[..., Frontier] | None = None,
    **settings: Any,  # noqa: ANN401 - the arguments of fit, which checks them
) -> xr.Dataset:
    """Compare the boundaries of pretrained and of post-trained models.

    Parameters
    ----------
    evaluations : Evaluations or Frontier
        Scores of both stages, which are fitted; or the fit of what `by_stage` made of them.
    flops : float or sequence of float
        Compute at which boundaries are compared.
    delta : float
        Smallest lift that matters, in scores.
    prob : float
        Probability that a verdict asks for, and of equal-tailed intervals; above 0.5.
    fit : callable, optional
        Called with the evaluations and `settings`; default: `bayes_frontier.fit`.
    **settings
        Passed to `fit`: tau, seed, draws and so on.

    Returns
    -------
    xarray.Dataset
        By task and flops: pretrained, post_trained and lift (the difference of population boundaries), each with
        ``_lower`` and ``_upper``, by its median; above, below, still (probabilities that the lift is more than delta,
        less than -delta, or between), unlocked (probability that post-trained models attain at this compute what
        pretrained ones do not at the highest compute of theirs) and verdict; larger (task, other, flops): probability
        that the lift of a task exceeds that of another. By task and stage: decreases (share of neighbours in compute
        among base models of which the one with more compute has the lower boundary) and spread (10 to 90% range of
        scores around the boundary of a typical base model), with ``_lower`` and ``_upper``, and pairs and models, their
        numbers; steadier (task): probability that pretrained models decrease less often. Draws: lift_draws.

    Raises
    ------
    QueryError
        If a setting is out of range, or the fit is not of both stages.
    DataError
        If there are models of one stage only.
    """
    check_settings(delta, prob)
    computes = check_flops(flops)
    if isinstance(evaluations, Evaluations):
        frontier = (_library_fit() if fit is None else fit)(by_stage(evaluations), **settings)
    else:
        frontier = evaluations
    tasks = _tasks(frontier)
    drawn = frontier.boundary(computes).drop_vars("period")
    parts = [
        drawn.sel(task=[joint_name(task, stage) for task in tasks]).assign_coords(task=list(tasks)) for stage in STAGES
    ]
    lift = (parts[1] - parts[0]).rename("lift")
    found = xr.Dataset()
    for name, part in (("pretrained", parts[0]), ("post_trained", parts[1]), ("lift", lift)):
        summary = summarise(part, prob)
        found = found.assign({name: summary["median"]} | {f"{name}_{e}": summary[e] for e in ("lower", "upper")})
    over, attained = ("chain", "draw"), []
    found["above"], found["below"], found["still"] = chances_of_change(lift, delta)
    models = frontier.evaluations.models
    for task in tasks:
        # what pretrained models attain at the highest compute they have
        name = joint_name(task, STAGES[0])
        top = frontier.boundary(float(models.loc[models[name].notna(), "flops"].max()), task=name)
        attained.append(top.drop_vars(["task", "flops", "period"]).expand_dims(task=[task]))
    found["unlocked"] = (parts[1] > xr.concat(attained, dim="task")).mean(over)
    found["verdict"] = verdicts(found, prob if frontier.converged else None)
    found["larger"] = (lift > lift.rename(task="other")).mean(over)
    found["lift_draws"] = lift
    return found.merge(_predictability(frontier, tasks, prob)).assign_attrs(delta=delta, prob=prob, tau=frontier.tau)


def _library_fit() -> Callable[..., Frontier]:
    import bayes_frontier

    return bayes_frontier.fit


def _tasks(frontier: Frontier) -> tuple[str, ...]:
    suffix = f" ({STAGES[0]})"
    tasks = tuple(name.removesuffix(suffix) for name in frontier.tasks if name.endswith(suffix))
    if not tasks or set(frontier.tasks) != {joint_name(task, stage) for task in tasks for stage in STAGES}:
        raise QueryError(
            f"This fit is not of both stages: its tasks are {listed(frontier.tasks)}. Give the table instead, or a fit "
            "that `stages --save` has written."
        )
    return tasks


def _predictability(frontier: Frontier, tasks: Sequence[str], prob: float) -> xr.Dataset:
    """How often boundaries fall between neighbours in compute, and how widely scores scatter."""
    curves, names = frontier.curves, frontier.base_model_names
    models = frontier.evaluations.models
    z = reference_compute(models, names)
    place = {name: b for b, name in enumerate(names)}
    chosen = curves.evenly(_DRAWS)
    shape = (len(tasks), len(STAGES))
    numbers = {key: np.full(shape, np.nan) for key in _BY_STAGE}
    steadier = np.full(len(tasks), np.nan)
    for i, task in enumerate(tasks):
        falls = []
        for j, stage in enumerate(STAGES):
            k = frontier.tasks.index(joint_name(task, stage))
            scored = models[models[frontier.tasks[k]].notna()]
            bases = np.array(sorted({place[name] for name in scored["base_model"]}, key=lambda b: (z[b], b)))
            level = curves.known(z[bases], bases, k)
            fall, numbers["pairs"][i, j] = _decreases(level, z[bases])
            falls.append(fall)
            at = z[[place[name] for name in scored["base_model"]]]
            away = scored[frontier.tasks[k]].to_numpy(float) - curves.typical(at, k, -1, chosen)
            wide = np.quantile(away, 0.9, axis=1) - np.quantile(away, 0.1, axis=1)
            numbers["models"][i, j] = len(scored)
            for key, draws in (("decreases", fall), ("spread", wide)):
                ends = np.quantile(draws, [0.5, 0.5 - prob / 2.0, 0.5 + prob / 2.0])
                numbers[key][i, j], numbers[f"{key}_lower"][i, j], numbers[f"{key}_upper"][i, j] = ends
        steadier[i] = float((falls[0] < falls[1]).mean() + 0.5 * (falls[0] == falls[1]).mean())
    coords = {"task": list(tasks), "stage": list(STAGES)}
    variables: dict[str, Any] = {key: (("task", "stage"), values) for key, values in numbers.items()}
    return xr.Dataset({**variables, "steadier": ("task", steadier)}, coords=coords)


_BY_STAGE = (
    *("decreases", "decreases_lower", "decreases_upper", "pairs"),
    *("spread", "spread_lower", "spread_upper", "models"),
)


def _decreases(level: FloatArray, z: FloatArray) -> tuple[FloatArray, int]:
    """Share of neighbours, the next base model with clearly more compute, that are lower; draws and number of pairs."""
    after = np.searchsorted(z, z + _NEIGHBOURS)
    first = np.flatnonzero(after < len(z))
    if not len(first):
        return np.full(len(level), np.nan), 0
    return (level[:, after[first]] < level[:, first]).mean(axis=1), len(first)
