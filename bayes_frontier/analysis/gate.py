"""`gate`: where new models stand among the post-trained models that their compute and base model would have.

The percentile of a score is the share of today's post-trained models, of the same base model and compute, that score
lower. For a base model that was not fitted it is the share among models on new base models of that compute. "Today" is
the day the model was released: the boundary has walked on until then as the fit expects. The percentile's own
uncertainty comes from the boundary's posterior, the drift since, and the scatter of scores around it.

A flag is about many tasks at once, so p-values are adjusted: by Holm within each model (a model that is as expected is
flagged with probability alpha at most), or by Benjamini and Hochberg over all models (a share alpha of flags is false).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats
from scipy.special import expit

from bayes_frontier.analysis.gate_forecast import Asked, Draws, known_effect, new_effect, typical_logit
from bayes_frontier.analysis.gate_residuals import Residuals
from bayes_frontier.analysis.gate_verdicts import ALL_TASKS, adjust, check_settings, verdicts
from bayes_frontier.checks.records import Records
from bayes_frontier.errors import QueryError
from bayes_frontier.wording import listed, suggestion

if TYPE_CHECKING:
    from bayes_frontier.evaluations.container import Evaluations
    from bayes_frontier.model.pinball import FloatArray, IntArray
    from bayes_frontier.posterior.frontier import Frontier

# Models treated at once, to bound memory.
_BLOCK = 400


def gate(
    frontier: Frontier,
    models: Evaluations,
    *,
    tasks: list[str] | None = None,
    alpha: float = 0.05,
    prob: float = 0.9,
    correction: str = "holm",
    seed: int = 1,
) -> xr.Dataset:
    """Compare new models with what their compute and base models predict.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    models : Evaluations
        Scores of the models.
    tasks : list of str, optional
        Tasks to look at; none: all that the fit and the models share.
    alpha : float
        Probability of a false flag; see `correction`.
    prob : float
        Probability of the intervals of the percentile (equal tails) and of the scores expected.
    correction : {"holm", "bh", "none"}
        How p-values are adjusted for their number: "holm" over the tasks of each model, "bh" over all tasks of all
        models, "none" not at all.
    seed : int
        Seed of the draws.

    Returns
    -------
    xarray.Dataset
        Dims model and task, the last task being "all tasks" where there are several: the mean normal score over them,
        placed among those of the fitted models. Variables: score, percentile (predictive mean, in [0, 1]), lower,
        upper (its credible interval), expected_lower, expected_median, expected_upper (scores of models like it),
        p_value (two-sided), adjusted, verdict (see `gate_verdicts.VERDICTS`); by model: base_model, flops, released,
        known (whether its base model was fitted), outside (its compute lies beyond the fitted), verdict of the model
        as model_verdict.

    Raises
    ------
    QueryError
        If no task is shared, a task asked for is missing, or a setting is out of range.
    """
    check_settings(alpha, prob, correction)
    names = _shared_tasks(frontier, models, tasks)
    table = models.models
    rng = np.random.default_rng(seed)
    draws = Draws.of(frontier, rng)
    records = _fitted(frontier)
    shape = (len(table), len(names) + (len(names) > 1))
    found = {key: np.full(shape, np.nan) for key in _PARTS}
    scores = table[names].to_numpy(float)
    asked = Asked.of(frontier, table)
    scatter = [_Scatter.of(records, frontier.tasks.index(name), rng, len(draws.samples)) for name in names]
    reference = _Reference(records, scatter, frontier.tasks, names)
    for known in (True, False):
        rows = np.flatnonzero(asked.known == known)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            _place(frontier, asked.part(block), scores[block], draws, scatter, reference, (prob, rng), block, found)
    p = 2.0 * np.minimum(found["percentile"], 1.0 - found["percentile"])
    adjusted = adjust(p, correction)
    said = verdicts(found["percentile"], adjusted, alpha if frontier.converged else None)
    z = np.log10(frontier.evaluations.models["flops"].to_numpy(float))
    outside = (np.log10(table["flops"]) < z.min()) | (np.log10(table["flops"]) > z.max())
    labels = [*names, ALL_TASKS][: shape[1]]
    variables = {key: (("model", "task"), values) for key, values in found.items()}
    with_all = np.column_stack([scores, np.full(len(scores), np.nan)])[:, : shape[1]]
    return xr.Dataset(
        {
            "score": (("model", "task"), with_all),
            **variables,
            "p_value": (("model", "task"), p),
            "adjusted": (("model", "task"), adjusted),
            "verdict": (("model", "task"), said.by_task),
            "model_verdict": ("model", said.by_model),
        },
        coords={
            "model": table["model"].to_numpy(dtype=object),
            "task": labels,
            "base_model": ("model", table["base_model"].to_numpy(dtype=object)),
            "flops": ("model", table["flops"].to_numpy(float)),
            "released": ("model", table["released"].to_numpy()),
            "known": ("model", asked.known),
            "outside": ("model", outside.to_numpy(dtype=bool)),
        },
        attrs={"alpha": alpha, "prob": prob, "correction": correction, "seed": seed},
    )


_PARTS = ("percentile", "lower", "upper", "expected_lower", "expected_median", "expected_upper")


def _shared_tasks(frontier: Frontier, models: Evaluations, tasks: list[str] | None) -> list[str]:
    for name in tasks or ():
        for where, there in (("this fit", frontier.tasks), (models.source, models.tasks)):
            if name not in there:
                raise QueryError(f"Task {name!r} is not in {where}.{suggestion(name, there)} There: {listed(there)}.")
    shared = [name for name in frontier.tasks if name in (tasks or models.tasks)]
    if not shared:
        raise QueryError(
            f"{models.source} has no task of this fit: it has {listed(models.tasks)}, the fit {listed(frontier.tasks)}."
        )
    return shared


def _fitted(frontier: Frontier) -> pd.DataFrame:
    """Every fitted score: model (record), task, base (place), residual."""
    table = Records.of(frontier).table
    names = pd.Index(frontier.base_model_names)
    return pd.DataFrame(
        {
            "model": table["model"],
            "task": pd.Index(frontier.tasks).get_indexer(pd.Index(table["task"])),
            "base": names.get_indexer(pd.Index(table["base_model"])),
            "residual": table["score"] - table["boundary"],
        }
    )


@dataclass(frozen=True)
class _Scatter:
    """One task's residuals, with draws of what base models share."""

    task: int
    residuals: Residuals
    shared: FloatArray

    @classmethod
    def of(cls, records: pd.DataFrame, task: int, rng: np.random.Generator, n_samples: int) -> _Scatter:
        mine = records[records["task"] == task]
        residuals = Residuals.of(
            mine["residual"].to_numpy(float), mine["base"].to_numpy(np.int64), int(records["base"].max()) + 1
        )
        return cls(task, residuals, residuals.shared(rng, n_samples))

    def scores(self, base: IntArray, levels: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Scores that models like these may have: a residual drawn onto each boundary, shape of `levels`."""
        mean = self.shared.mean(axis=0)
        made = np.empty_like(levels)
        for b in np.unique(base):
            size = float(self.residuals.weight(np.array([b]))[0])
            mixed = (size * self.residuals.own[b] + self.residuals.alike * mean) / (size + self.residuals.alike)
            mine = base == b
            made[:, mine] = np.interp(rng.random((len(levels), int(mine.sum()))), mixed, self.residuals.grid)
        return np.asarray(np.clip(levels + made, 0.0, 1.0))


class _Reference:
    """Mean normal scores of the fitted models over tasks: what "all tasks" is read from."""

    def __init__(
        self, records: pd.DataFrame, scatter: list[_Scatter], tasks: tuple[str, ...], names: list[str]
    ) -> None:
        base = records.groupby("model")["base"].first()
        wide = records.pivot_table(index="model", columns="task", values="residual").reindex(
            columns=[tasks.index(name) for name in names]
        )
        normal = np.full(wide.shape, np.nan)
        place = base.loc[wide.index].to_numpy(np.int64)
        for k, one in enumerate(scatter):
            share = one.residuals.cdf(
                wide.iloc[:, k].to_numpy(float)[None, :],
                one.shared.mean(axis=0)[None, :],
                np.zeros(1, dtype=np.int64),
                place,
            )[0]
            normal[:, k] = np.where(wide.iloc[:, k].isna(), np.nan, stats.norm.ppf(share))
        self._normal = normal

    def share_below(self, means: FloatArray, scored: IntArray) -> FloatArray:
        """Share of the fitted models with a lower mean over the tasks `scored`, shape of `means`."""
        rows = ~np.isnan(self._normal[:, scored]).any(axis=1)
        ordered = np.sort(self._normal[np.ix_(rows, scored)].mean(axis=1))
        n = len(ordered)
        return np.asarray((np.searchsorted(ordered, means) + 0.5) / (n + 1.0))


def _place(
    frontier: Frontier,
    asked: Asked,
    scores: FloatArray,
    draws: Draws,
    scatter: list[_Scatter],
    reference: _Reference,
    settings: tuple[float, np.random.Generator],
    rows: IntArray,
    found: dict[str, FloatArray],
) -> None:
    """Fill the rows of `found` for models that all have a known base model, or all a new one."""
    prob, rng = settings
    tails = [0.5 - prob / 2.0, 0.5, 0.5 + prob / 2.0]
    known = bool(asked.known.all())
    n_samples, n = len(draws.samples), len(rows)
    stand_ins = 1 if known or not frontier.curves.has_base_models else draws.stand_in.shape[1]
    sample = np.repeat(np.arange(n_samples), stand_ins)
    normal = np.full((len(scatter), n_samples * stand_ins, n), np.nan)
    for k, one in enumerate(scatter):
        level = typical_logit(frontier, asked, one.task, draws)
        if known:
            level = level + known_effect(frontier, asked, one.task, draws)
        else:
            level = (level[:, None, :] + new_effect(frontier, asked, one.task, draws)).reshape(-1, n)
        boundary = np.asarray(expit(level))
        share = one.residuals.cdf(scores[:, k] - boundary, one.shared, sample, asked.base)
        share = np.where(np.isnan(scores[:, k]), np.nan, share)
        normal[k] = stats.norm.ppf(share)
        drawn = share.reshape(n_samples, stand_ins, n).mean(axis=1)
        found["percentile"][rows, k] = drawn.mean(axis=0)
        if known:
            size = one.residuals.weight(asked.base) + one.residuals.alike
            drawn = rng.beta(size * np.clip(drawn, 1e-9, 1.0), size * np.clip(1.0 - drawn, 1e-9, 1.0))
        found["lower"][rows, k], found["upper"][rows, k] = np.quantile(drawn, tails[::2], axis=0)
        expected = np.quantile(one.scores(asked.base, boundary, rng), tails, axis=0)
        for name, values in zip(("lower", "median", "upper"), expected, strict=True):
            found[f"expected_{name}"][rows, k] = values
    if len(scatter) == 1:
        return
    for i, row in enumerate(rows):
        scored: IntArray = np.flatnonzero(~np.isnan(scores[i])).astype(np.int64)
        if len(scored) < 2:
            continue
        share = reference.share_below(normal[scored, :, i].mean(axis=0), scored)
        drawn = share.reshape(n_samples, stand_ins).mean(axis=1)
        found["percentile"][row, -1] = drawn.mean()
        found["lower"][row, -1], found["upper"][row, -1] = np.quantile(drawn, tails[::2])
