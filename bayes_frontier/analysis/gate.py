"""`gate`: where new models stand among the post-trained models that their compute and base model would have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats
from scipy.special import gammaln

from bayes_frontier.checks.records import Records
from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.lines import Lines, assemble
from bayes_frontier.evaluations.read import parse
from bayes_frontier.evaluations.registry.placement import canonical_names
from bayes_frontier.evaluations.registry.registry import Registry, given_registry
from bayes_frontier.evaluations.tables.source import load
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.posterior.ahead import Draws, ModelsAhead, boundaries
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import check_flops, check_prob, shared_tasks
from bayes_frontier.text import check_choice


def read_results(
    source: str | Path | pd.DataFrame,
    frontier: Frontier,
    *,
    base_model: str | None = None,
    flops: float | None = None,
    released: dt.date | None = None,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    limited: bool = False,
    registry: Registry | str | Path | None = None,
) -> Evaluations:
    """Read results of models to compare with a fit.

    Parameters
    ----------
    source : str, pathlib.Path or pandas.DataFrame
        Anything `bayes_frontier.read` reads.
    frontier : Frontier
        The fit, which knows the compute of its base models.
    base_model : str, optional
        Base model of every model in the source, in any spelling the registry or the fit knows; in place of what the
        source says.
    flops : float, optional
        Pre-training FLOPs of every model; needed where neither source, registry nor fit knows them.
    released : date, optional
        Release date of every model.
    format, columns, limited : optional
        As in `bayes_frontier.read`.
    registry : Registry or path, optional
        As in `bayes_frontier.read` (default: the registry that the fit's table was read with).

    Returns
    -------
    Evaluations
        The results.

    Raises
    ------
    DataError
        If nothing can be used; the message says what is missing and how to state it.
    QueryError
        If the compute is not plausible.
    """
    if flops is not None:
        check_flops(flops)
    entries = frontier.evaluations.registry if registry is None else given_registry(registry)
    known = given_registry(entries)
    stated = {"base_model": base_model, "flops": flops, "released": released}
    source, name = _with_columns(source, {key: value for key, value in stated.items() if value is not None}, columns)
    lines = parse(source, format=format, columns=columns, registry=known, limited=limited)
    _state(lines, frontier, base_model, flops, released, known)
    try:
        found = assemble(lines, periods=None, duplicates="keep")
    except DataError as error:
        raise DataError(
            f"{error} What the file does not say can be stated: the base model (--base-model) and, where it is new, "
            "its compute (--flops)."
        ) from None
    return replace(found, source=name or found.source, registry=entries)


def _with_columns(
    source: str | Path | pd.DataFrame, stated: Mapping[str, object], columns: Mapping[str, str] | None
) -> tuple[str | Path | pd.DataFrame, str]:
    """Give a table the columns that are stated and that it lacks; the name is that of a table changed."""
    if not stated or (isinstance(source, str | Path) and Path(source).is_dir()):
        return source, ""
    loaded = load(source)
    if len(loaded.sheets) != 1:
        return source, ""
    frame = loaded.sheets[0].frame
    lacking = {
        key: str(value) for key, value in stated.items() if key not in frame.columns and key not in (columns or {})
    }
    return (frame.assign(**lacking), loaded.name) if lacking else (source, "")


def _state(
    lines: Lines,
    frontier: Frontier,
    base_model: str | None,
    flops: float | None,
    released: dt.date | None,
    registry: Registry,
) -> None:
    """Put what is stated in place of what the lines say, and fill in compute that fit or registry know."""
    fields = lines.fields
    fitted = list(frontier.base_model_names)
    if base_model is not None:
        name = base_model if base_model in fitted else canonical_names(pd.Series([base_model]), registry).iloc[0]
        fields["base_model"] = pd.Series([name] * len(fields), index=fields.index, dtype="str")
        own = registry.get(name)
        fields["flops"] = own.flops if own is not None else np.nan
        placed = lines.reason == "no base model"
        lines.reason[placed], lines.detail[placed] = "", ""
    if flops is not None:
        fields["flops"] = float(flops)
    if released is not None:
        fields["released"] = pd.Timestamp(released)
    compute = pd.Series(10.0 ** reference_compute(frontier.evaluations.models, fitted), index=fitted)
    fields["flops"] = fields["flops"].fillna(fields["base_model"].map(compute)).astype(float)


VERDICTS = ("as expected", "below", "above", "unknown")
"""By task: within what is expected, worse, better; unknown: no score, or the fit did not converge."""
MODEL_VERDICTS = ("as expected", "below", "above", "mixed", "unknown")
"""By model; mixed: below on some tasks and above on others."""
CORRECTIONS = ("holm", "bh", "none")
ALL_TASKS = "all tasks"
Words = npt.NDArray[np.object_]


def check_settings(alpha: float, prob: float, correction: str) -> None:
    """Refuse settings out of range."""
    check_prob(prob)
    if not 0.0 < alpha <= 0.5:
        hint = f" For {alpha:g}% pass {alpha / 100:g}." if 1.0 <= alpha <= 50.0 else ""
        raise QueryError(f"alpha must lie in (0, 0.5], found {alpha:g}.{hint}")
    check_choice(correction, CORRECTIONS, "correction")


def adjust(p: FloatArray, correction: str) -> FloatArray:
    """Adjust p-values for their number. Shapes: p (n_models, n_tasks), returns (n_models, n_tasks)."""
    if correction == "none":
        return np.minimum(p, 1.0)
    adjusted = np.full(p.shape, np.nan)
    # a family is the tasks of one model, or all tasks of all models
    for family, row in zip(adjusted, p, strict=True) if correction == "holm" else [(adjusted.ravel(), p.ravel())]:
        there = np.flatnonzero(~np.isnan(row))
        order = there[np.argsort(row[there], kind="stable")]
        n = len(order)
        if correction == "holm":
            stepped = np.maximum.accumulate(row[order] * np.arange(n, 0, -1))
        else:
            stepped = np.minimum.accumulate((row[order] * n / np.arange(1, n + 1))[::-1])[::-1]
        family[order] = np.minimum(stepped, 1.0)
    return adjusted


def verdicts(percentile: FloatArray, adjusted: FloatArray, alpha: float | None) -> tuple[Words, Words]:
    """Turn adjusted p-values into `VERDICTS` (n_models, n_tasks) and `MODEL_VERDICTS` (n_models,)."""
    words: Words = np.full(percentile.shape, "as expected", dtype=object)
    if alpha is None:
        words[:] = "unknown"
        return words, np.full(len(words), "unknown", dtype=object)
    flagged = adjusted <= alpha
    words[flagged & (percentile < 0.5)] = "below"
    words[flagged & (percentile >= 0.5)] = "above"
    words[np.isnan(percentile)] = "unknown"
    below, above = ((words == name).any(axis=1) for name in ("below", "above"))
    whole = np.select([below & above, below, above], ["mixed", "below", "above"], "as expected").astype(object)
    whole[(words == "unknown").all(axis=1)] = "unknown"
    return words, whole


def flagged(verdict: Any, fail_on: str) -> npt.NDArray[np.bool_]:  # noqa: ANN401 - array of words
    """Tell which models stop a release."""
    counts = {"either": ("below", "above", "mixed"), "below": ("below", "mixed"), "above": ("above", "mixed")}
    check_choice(fail_on, counts, "--fail-on")
    return np.isin(np.asarray(verdict, dtype=str), counts[fail_on])


# How scores scatter around the boundary of their base model: what a percentile of a new score is read from.

_TENTHS = 10
# Values of m tried: from "each base model for itself" to "all alike".
_ALIKE: FloatArray = np.geomspace(2.0, 5000.0, 80)
_GRID = 400


@dataclass(frozen=True)
class Residuals:
    """Distribution of one task's residuals, in all base models and in each."""

    grid: FloatArray  # (n_grid,): residuals (scores minus boundary) at which distributions are kept, increasing
    # (n_base_models, n_grid): share of each base model's residuals at or below; 0 for one without scores
    own: FloatArray
    sizes: FloatArray  # (n_base_models,): scores of each base model
    alike: float  # how many scores the shared distribution is worth in that of a base model (m)

    @classmethod
    def of(cls, residuals: FloatArray, base: IntArray, n_bases: int) -> Residuals:
        """Summarise the residuals of one task. Shapes: residuals (n_scores,), base (n_scores,)."""
        levels = np.linspace(0.0, 1.0, _GRID)
        # the middle by even levels, both tails by every residual there is: flags are decided there
        tail = max(1, len(residuals) // 100)
        ordered = np.sort(residuals)
        grid = np.unique(np.concatenate([np.quantile(residuals, levels), ordered[:tail], ordered[-tail:]]))
        own = np.zeros((n_bases, len(grid)))
        sizes = np.bincount(base, minlength=n_bases).astype(float)
        for b in np.flatnonzero(sizes):
            mine = np.sort(residuals[base == b])
            below, at = (np.searchsorted(mine, grid, side=side) for side in ("left", "right"))
            own[b] = 0.5 * (below + at) / len(mine)
        tenth = np.searchsorted(np.quantile(residuals, np.arange(1, _TENTHS) / _TENTHS), residuals, side="right")
        counts = np.zeros((n_bases, _TENTHS))
        np.add.at(counts, (base, tenth), 1.0)
        return cls(grid, own, sizes, _alike(counts[sizes > 0]))

    def shared(self, rng: np.random.Generator, n_samples: int) -> FloatArray:
        """Draw the distribution that all base models share. Shapes: returns (n_samples, n_grid)."""
        weight = rng.standard_exponential((n_samples, len(self.sizes))) * self.sizes
        return np.asarray((weight / weight.sum(axis=1, keepdims=True)) @ self.own)

    def cdf(self, residual: FloatArray, shared: FloatArray, sample: IntArray, base: IntArray) -> FloatArray:
        """Distribution function by base model (n_models,). Shapes: residual (n_rows, n_models), sample (n_rows,)."""
        place = np.clip(np.searchsorted(self.grid, residual, side="right") - 1, 0, len(self.grid) - 2)
        width = self.grid[place + 1] - self.grid[place]
        part = np.clip((residual - self.grid[place]) / width, 0.0, 1.0)
        rows = sample[:, None]
        of_all = (1.0 - part) * shared[rows, place] + part * shared[rows, place + 1]
        size = self.weight(base)
        own = (1.0 - part) * self.own[base, place] + part * self.own[base, place + 1]
        # the smallest share that so many scores can tell from none
        least = float(0.5 / (self.sizes.sum() + 1.0))
        return np.asarray(np.clip((size * own + self.alike * of_all) / (size + self.alike), least, 1.0 - least))

    def weight(self, base: IntArray) -> FloatArray:
        """Scores of base models; 0 for one without."""
        return np.where(base >= 0, self.sizes[base], 0.0)


def _alike(counts: FloatArray) -> float:
    """Concentration m that is most likely for counts by base model and tenth, shape (n_base_models, 10)."""
    n = counts.sum(axis=1)
    mean = counts.sum(axis=0) / counts.sum()
    alpha = _ALIKE[:, None, None] * np.maximum(mean, 1e-6)
    value = (gammaln(alpha + counts) - gammaln(alpha)).sum(axis=(1, 2))
    value += (gammaln(_ALIKE)[:, None] - gammaln(_ALIKE[:, None] + n)).sum(axis=1)
    return float(_ALIKE[int(np.argmax(value))])


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
    names = shared_tasks(frontier, models, tasks)
    table = models.models
    rng = np.random.default_rng(seed)
    draws = Draws.random(frontier, rng)
    records = _fitted(frontier)
    shape = (len(table), len(names) + (len(names) > 1))
    found = {key: np.full(shape, np.nan) for key in _PARTS}
    scores = table[names].to_numpy(float)
    asked = ModelsAhead.from_models(frontier, table["base_model"], table["flops"], table["released"], models.registry)
    scatter = [_Scatter.of(records, frontier.tasks.index(name), rng, len(draws.samples)) for name in names]
    reference = _normal_scores(records, scatter)
    for known in (True, False):
        rows = np.flatnonzero(asked.fitted == known)
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            _place(frontier, asked.part(block), scores[block], draws, scatter, reference, (prob, rng), block, found)
    p = 2.0 * np.minimum(found["percentile"], 1.0 - found["percentile"])
    adjusted = adjust(p, correction)
    by_task, by_model = verdicts(found["percentile"], adjusted, alpha if frontier.converged else None)
    z, z_new = log_flops(frontier.evaluations.models["flops"]), log_flops(table["flops"])
    with_all = np.column_stack([scores, np.full(len(scores), np.nan)])[:, : shape[1]]
    cells = {"score": with_all, **found, "p_value": p, "adjusted": adjusted, "verdict": by_task}
    by_row = {
        "base_model": table["base_model"].to_numpy(dtype=object),
        "flops": table["flops"].to_numpy(float),
        "released": table["released"].to_numpy(),
        "known": asked.fitted,
        "outside": (z_new < z.min()) | (z_new > z.max()),
    }
    return xr.Dataset(
        {**{key: (("model", "task"), values) for key, values in cells.items()}, "model_verdict": ("model", by_model)},
        coords={
            "model": table["model"].to_numpy(dtype=object),
            "task": [*names, ALL_TASKS][: shape[1]],
            **{key: ("model", values) for key, values in by_row.items()},
        },
        attrs={"alpha": alpha, "prob": prob, "correction": correction, "seed": seed},
    )


_PARTS = ("percentile", "lower", "upper", "expected_lower", "expected_median", "expected_upper")


def _fitted(frontier: Frontier) -> pd.DataFrame:
    """Every fitted score: model (record), task, base (place), residual."""
    table = Records.from_frontier(frontier).table
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


def _normal_scores(records: pd.DataFrame, scatter: list[_Scatter]) -> FloatArray:
    """Place the fitted models on each task, as "all tasks" is read from them. Shapes: returns (n_models, n_tasks)."""
    wide = records.pivot_table(index="model", columns="task", values="residual")
    base = records.groupby("model")["base"].first().loc[wide.index].to_numpy(np.int64)
    normal = np.full((len(wide), len(scatter)), np.nan)
    for k, one in enumerate(scatter):
        residual = wide[one.task].to_numpy(float)
        shared, sample = one.shared.mean(axis=0)[None, :], np.zeros(1, dtype=np.int64)
        share = one.residuals.cdf(residual[None, :], shared, sample, base)[0]
        normal[:, k] = np.where(np.isnan(residual), np.nan, stats.norm.ppf(share))
    return normal


def _place(
    frontier: Frontier,
    asked: ModelsAhead,
    scores: FloatArray,
    draws: Draws,
    scatter: list[_Scatter],
    reference: FloatArray,
    settings: tuple[float, np.random.Generator],
    rows: IntArray,
    found: dict[str, FloatArray],
) -> None:
    """Fill the rows of `found` for models that all have a known base model, or all a new one."""
    prob, rng = settings
    tails = [0.5 - prob / 2.0, 0.5, 0.5 + prob / 2.0]
    known = bool(asked.fitted.all())
    n_samples, n = len(draws.samples), len(rows)
    stand_ins = 1 if known else draws.new.shape[1]
    sample = np.repeat(np.arange(n_samples), stand_ins)
    normal = np.full((len(scatter), n_samples * stand_ins, n), np.nan)
    for k, one in enumerate(scatter):
        boundary = boundaries(frontier.curves, draws, one.task, asked).reshape(-1, n)
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
        others = reference[:, scored]
        ordered = np.sort(others[~np.isnan(others).any(axis=1)].mean(axis=1))
        below = np.searchsorted(ordered, normal[scored, :, i].mean(axis=0))
        share = np.asarray((below + 0.5) / (len(ordered) + 1.0))
        drawn = share.reshape(n_samples, stand_ins).mean(axis=1)
        found["percentile"][row, -1] = drawn.mean()
        found["lower"][row, -1], found["upper"][row, -1] = np.quantile(drawn, tails[::2])
