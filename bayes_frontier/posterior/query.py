"""What is asked of a fit: the parts of it that answers need, arguments checked, and summaries over draws."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.measures import match_task
from bayes_frontier.evaluations.registry.registry import given_registry
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.data import Stretches, reference_compute
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.model.spec import ModelSpec
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.text import listed, suggestion

Numbers = float | Sequence[float] | npt.NDArray[np.float64]

_PLAUSIBLE = (1e12, 1e32)


class Fit(Protocol):
    """What the modules below `Frontier` need of a fit; it keeps them from importing `Frontier`, which imports them."""

    @property
    def evaluations(self) -> Evaluations:
        """Scores fitted."""

    @property
    def spec(self) -> ModelSpec:
        """The model."""

    @property
    def tau(self) -> float:
        """Quantile level."""

    @property
    def posterior(self) -> xr.DataTree:
        """Draws and constants."""

    @property
    def datatree(self) -> xr.DataTree:
        """What is saved."""

    @property
    def provenance(self) -> dict[str, Any]:
        """Where it comes from."""

    @property
    def curves(self) -> Curves:
        """The draws as arrays."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Task names."""

    @property
    def period_labels(self) -> tuple[str, ...]:
        """Names of the periods."""

    @property
    def base_model_names(self) -> tuple[str, ...]:
        """Names of the base models, in the order of the effects."""

    @property
    def stretches(self) -> Stretches:
        """Stretches of time that the boundary drifts over."""

    @property
    def diagnostics(self) -> pd.DataFrame:
        """R-hat and effective sample sizes."""

    @property
    def converged(self) -> bool:
        """Whether they pass the gate."""

    def boundary(
        self, flops: Numbers, task: str | None = None, period: int | str | None = None, base_model: str | None = None
    ) -> xr.DataArray:
        """Draws of boundaries."""


def check_flops(flops: npt.ArrayLike) -> FloatArray:
    """Compute values, checked."""
    try:
        values = np.atleast_1d(np.asarray(flops, dtype=float))
    except (TypeError, ValueError):
        raise QueryError(f"flops must be numbers of FLOPs, such as 1e24, found {flops!r}.") from None
    bad = values[~((values >= _PLAUSIBLE[0]) & (values <= _PLAUSIBLE[1]))]
    if values.size == 0:
        raise QueryError("No compute was given: pass at least one number of FLOPs, such as 1e24.")
    if bad.size:
        first = bad[0]
        hint = ""
        if 12 <= first <= 32:
            hint = f" It looks like log10 FLOPs: pass 1e{first:g}."
        elif 0 < first < _PLAUSIBLE[0]:
            hint = " If it is in ZFLOPs, multiply by 1e21."
        raise QueryError(f"flops: {first:g} is not a plausible pre-training compute (1e12 to 1e32 FLOPs).{hint}")
    return values


def check_range(flops_range: npt.ArrayLike) -> tuple[float, float]:
    """Return the ends of a range of compute, as log10 FLOPs, checked. Shapes: flops_range (2,)."""
    ends = check_flops(flops_range)
    if ends.shape != (2,) or ends[0] >= ends[1]:
        numbers = ", ".join(f"{value:g}" for value in ends.ravel())
        raise QueryError(f"flops_range: two numbers of FLOPs are needed, the lower first, found {numbers}.")
    low, high = log_flops(ends)
    return float(low), float(high)


def check_prob(prob: float) -> None:
    """Refuse a probability outside (0, 1)."""
    if not 0.0 < prob < 1.0:
        hint = f" For {prob:g} % pass {prob / 100:g}." if 1.0 < prob < 100.0 else ""
        raise QueryError(f"prob must lie between 0 and 1, found {prob:g}.{hint}")


def check_score(score: float) -> None:
    """Refuse a score outside [0, 1]."""
    if not 0.0 <= score <= 1.0:
        hint = f" For {score:g} % pass {score / 100:g}." if 1.0 < score <= 100.0 else ""
        raise QueryError(f"score must lie between 0 and 1, found {score:g}.{hint}")


def shared_tasks(frontier: Fit, models: Evaluations, tasks: Sequence[str] | None) -> list[str]:
    """Tasks of a fit that a table has too: those asked for, or all."""
    for name in tasks or ():
        for where, there in (("this fit", frontier.evaluations.tasks), (models.source, models.tasks)):
            if name not in there:
                raise QueryError(f"Task {name!r} is not in {where}.{suggestion(name, there)} There: {listed(there)}.")
    fitted = frontier.evaluations.tasks
    shared = [name for name in fitted if name in (tasks or models.tasks)]
    if not shared:
        raise QueryError(
            f"{models.source} has no task of this fit: it has {listed(models.tasks)}, the fit {listed(fitted)}."
        )
    return shared


def task_indices(task: str | None, tasks: tuple[str, ...]) -> list[int]:
    """Return the index of one task, or of all."""
    if task is None:
        return list(range(len(tasks)))
    meant = match_task(task, tasks)
    if meant is None:
        raise QueryError(f"Task {task!r} is not in this fit.{suggestion(task, tasks)} Fitted: {', '.join(tasks)}.")
    return [tasks.index(meant)]


def period_indices(period: int | str | None, evaluations: Evaluations) -> IntArray:
    """Return the indices of the periods asked for."""
    labels, n = evaluations.period_labels, evaluations.n_periods
    if period is None:
        return np.array([n - 1])
    if isinstance(period, str):
        if period == "all":
            return np.arange(n)
        if period in labels:
            return np.array([labels.index(period)])
        try:
            day = dt.date.fromisoformat(period)
        except ValueError:
            raise QueryError(
                f"Period {period!r} is neither a fitted period nor a date.{suggestion(period, labels)} "
                f"Fitted: {listed(labels)}."
            ) from None
        index = sum(end is not None and end < day for end in evaluations.period_ends)
        if index >= n:
            raise QueryError(f"{period} lies after the last fitted period ({labels[-1]}).")
        return np.array([index])
    if not -n <= period < n:
        raise QueryError(f"There is no period {period}: this fit has {n}, numbered from 0 ({listed(labels)}).")
    return np.array([period % n])


def base_index(base_model: str, fit: Fit) -> int:
    """Index of a fitted base model, in any spelling known to the registry that the table was read with."""
    if not fit.curves.has_base_models:
        raise QueryError(
            f"The model {fit.spec.name!r} has no base-model effects: there is no boundary of {base_model!r} of "
            "its own. Fit with a model that has them, such as hierarchical."
        )
    names = fit.base_model_names
    name = base_model if base_model in names else given_registry(fit.evaluations.registry).canonical(base_model)
    if name not in names:
        raise QueryError(
            f"Base model {base_model!r} is not in this fit.{suggestion(base_model, names)} Leave it out for the "
            "population boundary, of a model on a base model not yet seen."
        )
    return names.index(name)


def summarise(drawn: xr.DataArray, prob: float, method: Any = "linear") -> xr.Dataset:  # noqa: ANN401
    """Mean, median and equal-tailed interval over draws."""
    mean = drawn.mean(("chain", "draw"))
    values = drawn.transpose(*mean.dims, "chain", "draw").to_numpy()
    # xarray's own quantile takes one quantity after the other; of sorted draws all are had at once
    ordered = np.sort(values.reshape(*mean.shape, -1), axis=-1)
    levels = [0.5 - prob / 2.0, 0.5, 0.5 + prob / 2.0]
    lower, median, upper = (mean.copy(data=q) for q in np.quantile(ordered, levels, axis=-1, method=method))
    return xr.Dataset({"mean": mean, "median": median, "lower": lower, "upper": upper})


def first_reaching(values: FloatArray, z: FloatArray, target: float) -> FloatArray:
    """Where non-decreasing curves first reach a target. Shapes: values (n, ...), z (n,), returns (...)."""
    reached = values >= target
    j = reached.argmax(axis=0)
    i = np.maximum(j - 1, 0)
    y0 = np.take_along_axis(values, i[None], axis=0)[0]
    y1 = np.take_along_axis(values, j[None], axis=0)[0]
    part = np.divide(target - y0, y1 - y0, out=np.ones_like(y0), where=y1 > y0)
    place = np.where(j == 0, z[0], z[i] + part * (z[j] - z[i]))
    return np.where(reached.any(axis=0), place, np.inf)


# Base models evaluated at a time: 50 x 6 tasks x 4,000 draws are 10 MB.
_BLOCK = 50


def base_model_lead(frontier: Fit, period: int | str | None = None) -> xr.DataArray:
    """Draws of the boundary of each base model less that of one without an effect of its own, at the same compute."""
    # the population boundary lies higher: it is a quantile over base models as well
    curves, names = frontier.curves, frontier.base_model_names
    if not curves.has_base_models:
        raise QueryError(
            f"The model {frontier.spec.name!r} has no base-model effects, so there is nothing to rank. Fit with a "
            "model that has them, such as hierarchical."
        )
    numbers = period_indices(period, frontier.evaluations)
    if len(numbers) != 1:
        raise QueryError("period: base models are ranked in one period; name it, or leave it out for the last.")
    number = int(numbers[0])
    z = reference_compute(frontier.evaluations.models, names)
    task = np.arange(len(frontier.tasks))
    lead = np.empty((curves.n_samples, len(names), len(task)))
    for start in range(0, len(names), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(names)))
        boundary = curves.known(z[rows, None], rows[:, None], task, number)
        lead[:, rows] = boundary - curves.typical(z[rows, None], task, number)
    coords = {"base_model": list(names), "task": list(frontier.tasks)}
    return xr.DataArray(
        curves.by_chain(lead), dims=("chain", "draw", "base_model", "task"), coords=coords, attrs={"units": "score"}
    ).assign_coords(flops=("base_model", 10.0**z), period=frontier.period_labels[number])


def rank_base_models(frontier: Fit, period: int | str | None = None, prob: float = 0.9) -> xr.Dataset:
    """Rank base models by how far they sit above or below what their compute predicts.

    Parameters
    ----------
    frontier : Frontier
        A fit with base-model effects.
    period : int, str or None
        One period; default: the last.
    prob : float
        Probability of the intervals (equal tails).

    Returns
    -------
    xarray.Dataset
        mean, median, lower, upper (score differences, base_model x task) and above, the probability that the base
        model sits above; the same over all tasks as overall_mean, overall_lower, overall_upper, overall_above
        (base_model), by whose mean the base models are ordered. Coordinates flops, n_models (models fitted),
        period.

    Raises
    ------
    QueryError
        As in `base_model_lead`, or for a probability out of range.
    """
    check_prob(prob)
    lead = base_model_lead(frontier, period)
    over = ("chain", "draw")
    summary = summarise(lead, prob)
    summary["above"] = (lead > 0).mean(over)
    overall = lead.mean("task")
    whole = summarise(overall, prob).drop_vars("median")
    whole["above"] = (overall > 0).mean(over)
    summary = summary.merge(whole.rename({str(name): f"overall_{name}" for name in whole}))
    counts: pd.Series = frontier.evaluations.models["base_model"].value_counts()
    names = list(frontier.base_model_names)
    summary = summary.assign_coords(n_models=("base_model", counts.reindex(names).to_numpy()))
    order = np.argsort(-summary["overall_mean"].to_numpy(), kind="stable")
    return summary.isel(base_model=order)
