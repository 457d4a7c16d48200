"""Influence of single base models: each left out in turn, by reweighting draws instead of fitting again."""

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import logsumexp

from bayes_frontier.checks.records import CheckInput, fitted_again, typical_logit
from bayes_frontier.checks.result import Check, Limits, graded, row_with_largest, rows_off, worst
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.curve import inverse_logit
from bayes_frontier.model.data import FrontierData, reference_compute
from bayes_frontier.model.likelihood import FloatArray, IntArray, smooth_pinball_loss
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.population import expected_shares
from bayes_frontier.text import count, listed

# Change of a boundary when one base model is left out, in posterior standard deviations: with ten base models of equal
# weight each moves it by about a third. A change below MIN_SHIFT is too small to matter whatever its size in these.
IN_SD = Limits(1.0, 2.0)
MIN_SHIFT = 0.01
# Beyond this Pareto k importance weights are unreliable (Vehtari et al. 2024, JMLR 25:72).
PARETO_K = 0.7
# Draws reweighted, and nodes, least and most, at which a base model's own level is integrated out, over this many
# standard deviations to either side.
_DRAWS, _NODES, _MOST_NODES, _REACH = 1000, 81, 801, 6.0
# Where draws times tasks times base models would be more than the first number, fewer draws, the second at least.
_MOST_VALUES, _FEWEST_DRAWS = 1_000_000, 300
# Steps, of the grid on which losses are tabulated, between two nodes.
_FINER = 4
# Computes looked at: quantiles of those of base models, the ends of the range among them, where one row can do most.
_QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
_COLUMNS = ["task", "base_model", "n", "pareto_k", "flops", "change", "in_sd"]


def check(given: CheckInput) -> Check:
    """Check how far single base models carry a boundary; fit again without those that reweighting cannot judge."""
    numbers = influence(given.frontier, given.records.data)
    unsure = numbers.loc[numbers["pareto_k"] > PARETO_K].sort_values("pareto_k", ascending=False)
    again = list(dict.fromkeys(unsure["base_model"]))[: given.refit]
    if again:
        kept = numbers[~numbers["base_model"].isin(again)]
        numbers = pd.concat([kept, refit_without(given.frontier, again)], ignore_index=True)
    grades = verdicts(numbers)
    numbers = numbers.assign(verdict=grades)
    # a base model that reweighting cannot judge is a reason for care, not for distrust of everything else
    overall = worst("warn" if one == "unknown" else one for one in grades)
    return Check("influence", overall, numbers, sentence(numbers), "influence")


def computes(frontier: Frontier) -> FloatArray:
    """FLOPs at which boundaries are looked at, from the least to the most of any base model."""
    z = reference_compute(frontier.evaluations.models, frontier.base_model_names)
    return 10.0 ** np.unique(np.quantile(z, _QUANTILES))


def influence(frontier: Frontier, data: FrontierData) -> pd.DataFrame:
    """Change of a task's population boundary when a base model's scores on it are left out, by reweighting draws."""
    # A draw's weight is the reciprocal of the likelihood of these scores, integrated over the base model's own effect:
    # the effect is a parameter of this base model alone, and without its scores it goes. With the effect as drawn, the
    # ratio would be hopeless: a base model's level is fixed by its own scores.
    curves = frontier.curves
    n_draws = int(np.clip(_MOST_VALUES // (len(data.tasks) * len(data.base_models)), _FEWEST_DRAWS, _DRAWS))
    samples = curves.evenly(n_draws)
    flops = computes(frontier)
    # which base models the population has is left as expected: what scores say of the boundary is what is judged
    boundary = expected_shares(frontier).boundary(flops).transpose("chain", "draw", "task", "flops").to_numpy()
    boundary = boundary.reshape(-1, *boundary.shape[2:])[samples]
    rows = []
    for k, task in enumerate(data.tasks):
        log_weight, pareto_k = _leave_out_weights(_log_likelihoods(frontier, data, samples, k))
        for base, name in enumerate(data.base_models):
            if data.counts[base, k] == 0:
                continue
            weight = np.exp(log_weight[base] - logsumexp(log_weight[base]))
            change = weight @ boundary[:, k] - boundary[:, k].mean(axis=0)
            in_sd = change / np.maximum(boundary[:, k].std(axis=0), 1e-12)
            at = int(np.abs(in_sd).argmax())
            rows.append((task, name, int(data.counts[base, k]), pareto_k[base], flops[at], change[at], in_sd[at]))
    return pd.DataFrame(rows, columns=_COLUMNS)


def refit_without(frontier: Frontier, base_models: Sequence[str]) -> pd.DataFrame:
    """Fit again without each of some base models, where reweighting cannot tell."""
    flops = computes(frontier)
    before = frontier.boundary(flops)
    over, rows = ("chain", "draw"), []
    for name in base_models:
        rest: Evaluations = frontier.evaluations.subset(frontier.evaluations.models["base_model"] != name)
        after = fitted_again(frontier, rest).boundary(flops)
        change = (after.mean(over) - before.mean(over)).transpose("task", "flops")
        in_sd = change / before.std(over).clip(min=1e-12)
        scored = frontier.evaluations.models.loc[frontier.evaluations.models["base_model"] == name]
        for task in frontier.tasks:
            if task not in rest.tasks:
                continue
            at = int(np.abs(in_sd.sel(task=task).to_numpy()).argmax())
            values = (float(part.sel(task=task)[at]) for part in (change, in_sd))
            rows.append((task, name, int(scored[task].notna().sum()), 0.0, flops[at], *values))
    return pd.DataFrame(rows, columns=_COLUMNS)


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """Grade the change that leaving one base model out makes."""
    size = numbers["in_sd"].abs().where(numbers["change"].abs() > MIN_SHIFT, 0.0)
    grades = size.map(lambda value: graded(value, IN_SD))
    # unreliable weights miss part of a change: one that is large all the same is not in doubt
    return grades.where((numbers["pareto_k"] <= PARETO_K) | (grades == "fail"), "unknown")


def sentence(numbers: pd.DataFrame) -> str:
    """Say how much hangs on single base models."""
    judged = numbers[numbers["verdict"] != "unknown"]
    unsure = list(dict.fromkeys(numbers.loc[numbers["verdict"] == "unknown", "base_model"]))
    rest = (
        f" Reweighting cannot tell for {listed(unsure, 4)} (Pareto k above {PARETO_K}): --refit {len(unsure)} fits "
        "without each."
        if unsure
        else ""
    )
    if judged.empty:
        return f"No base model's influence can be told.{rest}"
    off = rows_off(judged)
    rows = off if len(off) else judged
    row = row_with_largest(rows, rows["in_sd"].abs())
    change = (
        f"without {row['base_model']} ({count(int(row['n']), 'score')}) the boundary of {row['task']} at "
        f"{row['flops']:.2g} FLOPs moves by {row['change']:+.3f}, {abs(row['in_sd']):.1f} posterior standard deviations"
    )
    if len(off):
        return f"Much hangs on {listed(dict.fromkeys(off['base_model']), 4)}: {change}. Look at its scores.{rest}"
    if unsure:
        n = numbers["base_model"].nunique() - len(unsure)
        return f"None of the {n:,} base models that reweighting can judge carries a boundary; the most: {change}.{rest}"
    return f"No single base model carries a boundary. The most: {change}."


def _log_likelihoods(frontier: Frontier, data: FrontierData, samples: IntArray, task: int) -> FloatArray:
    """Log-likelihood of each base model's scores on a task given each draw, its own effect integrated out."""
    cells, curves, scale = data.cells, frontier.curves, Scale.from_posterior(frontier.posterior)
    grouped, layout = data.weighted(scale), np.stack(scale.of_cells(cells), axis=1)
    of_task = np.flatnonzero((cells["task"] == task).to_numpy())
    bases = cells["base"].to_numpy()[of_task]
    typical = typical_logit(curves, data, of_task, samples)
    total = np.zeros((len(data.base_models), len(samples)))
    for base in np.unique(bases):
        (places,) = np.nonzero(bases == base)
        losses = [partial(_cell_loss, grouped.of(cell), layout[cell]) for cell in of_task[places]]
        if curves.effects is None or curves.scales is None:
            lost = [loss(inverse_logit(typical[:, i])) for loss, i in zip(losses, places, strict=True)]
            total[base] = -np.sum(lost, axis=0)
        else:
            effect, omega = curves.effects[samples, base, task], curves.scales[samples, task]
            total[base] = _integrated(losses, typical[:, places], effect, omega)
    return total


def _integrated(
    losses: Sequence[Callable[[FloatArray], FloatArray]], typical: FloatArray, effect: FloatArray, omega: FloatArray
) -> FloatArray:
    """Log-likelihood of cells of one base model, shape (n_samples,), its effect ~ Normal(0, omega) integrated out."""
    # The level is what the scores fix, whatever the draw's curve: nodes around it serve all draws.
    level = typical[:, 0] + effect
    reach = _REACH * max(float(level.std()), 1e-3)
    # ... as close as the narrowest prior needs, where it is the curve that varies
    n_nodes = int(np.clip(np.ceil(6.0 * reach / omega.min()), _NODES, _MOST_NODES))
    nodes = level.mean() + np.linspace(-reach, reach, n_nodes)
    total = -0.5 * ((nodes - typical[:, :1]) / omega[:, None]) ** 2 - np.log(omega)[:, None]
    step = (nodes[1] - nodes[0]) / _FINER
    for i, loss in enumerate(losses):
        offset = typical[:, i] - typical[:, 0]
        first = nodes[0] + offset.min() - step
        n_fine = int(np.ceil((nodes[-1] + offset.max() - first) / step)) + 2
        table = loss(inverse_logit(first + step * np.arange(n_fine)))
        # A draw's nodes lie on the fine grid, moved by a part of its step: two slices of the table are all it takes.
        place = (nodes[0] + offset - first) / step
        start = place.astype(int)
        part = (place - start)[:, None]
        along = sliding_window_view(table, _FINER * (n_nodes - 1) + 1)[:, ::_FINER]
        total -= (1.0 - part) * along[start] + part * along[start + 1]
    most = total.max(axis=1)
    return np.asarray(most + np.log(np.exp(total - most[:, None]).sum(axis=1)))


def _cell_loss(scored: tuple[FloatArray, FloatArray], given: FloatArray, boundary: FloatArray) -> FloatArray:
    """Weighted smoothed pinball loss of a cell's scores over the scale, at each of some boundaries."""
    (scores, weights), (tau, half_width, scale) = scored, given
    residual = scores[:, None] - boundary[None, :]
    return np.asarray(weights @ smooth_pinball_loss(residual, tau, half_width) / scale)


def _leave_out_weights(log_likelihood: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pareto-smoothed log weights, reciprocals of the likelihood, and Pareto k of each row; shape (n_rows, n_draws)."""
    # Its functions carry no types. It turns log-likelihoods into log ratios itself.
    stats: Any = importlib.import_module("arviz_stats.base").array_stats
    centred = log_likelihood - log_likelihood.mean(axis=1, keepdims=True)
    moving = np.ptp(centred, axis=1) > 1e-9
    weights, pareto_k = np.zeros_like(centred), np.zeros(len(centred))
    if moving.any():
        weights[moving], pareto_k[moving] = stats.psislw(centred[moving])
    return weights, pareto_k
