"""Evaluations as the arrays of a model: stretches of time, and cells of scores that share one boundary value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.clusters import Clusters
from bayes_frontier.model.curve import ComputeRange, log_flops
from bayes_frontier.model.likelihood import FloatArray, GroupedScores, IntArray, LossPieces

# A stretch is closed, going back from its period's end, once it is this long and has this many models: a quarter.
# Stretches of 45 days predicted worse and cost twice the cells (see reports/geometry).
STRETCH_DAYS, STRETCH_MODELS = 92.0, 60
# Unit of time of the walk, in days.
QUARTER = 365.25 / 4.0
# Two stretches are never closer than this, in quarters: dates of one batch of uploads say little about time.
SHORTEST_GAP = 0.1
# A quantile needs scores above it: with fewer than this many expected there, the data say nothing about it.
MIN_EXPECTED_ABOVE = 1.0
# Scores of a task that differ by less are equal: a thousandth of a percentage point.
MIN_SPREAD = 1e-5
# Decades of compute between the 2nd and 98th percentile below which a curve against compute is not identified.
MIN_DECADES = 0.05
# Places on the compute range at which boundaries have a steepness of their own, beside their sigmoid's.
NODES = 7
# What makes a cell, besides the task.
CELL = ("period", "stretch", "base", "z")


@dataclass(frozen=True)
class Stretches:
    """Stretches of time: parts of periods, about a quarter of a year long, between which boundaries drift."""

    of_model: IntArray  # (n_models,): stretch of each record of ``evaluations.models``
    last: IntArray  # (n_periods,): last stretch of each period
    gaps: FloatArray  # (n_stretches - 1,): time between median dates of stretches in turn, in quarters of a year
    middle: pd.Timestamp | None  # median date of the last stretch; None without dates
    labels: tuple[str, ...] = ()  # median date of each, such as 2024-11-03; numbers from 0 without dates

    @classmethod
    def of(cls, evaluations: Evaluations, *, within_periods: bool = True) -> "Stretches":
        """Divide the periods of evaluations."""
        released = evaluations.models["released"]
        period = evaluations.models["period"].to_numpy(np.int64)
        dated = bool(released.notna().all()) and any(end is not None for end in evaluations.period_ends)
        days = (released - released.min()).dt.total_seconds().to_numpy() / 86400.0 if dated else np.zeros(len(period))
        of_model = np.zeros(len(period), dtype=np.int64)
        last: list[int] = []
        for t in range(evaluations.n_periods):
            rows = np.flatnonzero(period == t)
            part = _divided(days[rows]) if within_periods else np.zeros(len(rows), dtype=np.int64)
            of_model[rows] = (last[-1] + 1 if last else 0) + part
            last.append(int(of_model[rows].max()))
        middles = pd.Series(days).groupby(of_model).median().to_numpy()
        gaps = np.diff(middles) / QUARTER if dated else np.ones(last[-1])
        return cls(
            of_model=of_model,
            last=np.array(last, dtype=np.int64),
            gaps=np.maximum(gaps, SHORTEST_GAP),
            labels=_labels(released.min(), middles) if dated else tuple(map(str, range(len(middles)))),
            middle=released[of_model == last[-1]].median() if dated else None,
        )

    @property
    def n(self) -> int:
        """Number of stretches."""
        return len(self.gaps) + 1


def _labels(first: pd.Timestamp, middles: npt.NDArray[np.float64]) -> tuple[str, ...]:
    """Write median dates; stretches of the same one are numbered."""
    days = pd.Series((first + pd.to_timedelta(middles, "D")).strftime("%Y-%m-%d"))
    again = days.groupby(days).cumcount()
    return tuple(f"{day} ({n + 1})" if n else day for day, n in zip(days, again, strict=True))


def _divided(days: npt.NDArray[np.float64]) -> IntArray:
    """Stretch of each record of one period, counted from its first."""
    back = np.zeros(len(days), dtype=np.int64)
    order = np.argsort(-days, kind="stable")
    number, count, opened = 0, 0, days[order[0]]
    for position, row in enumerate(order):
        enough = count >= STRETCH_MODELS and len(order) - position >= STRETCH_MODELS
        if enough and opened - days[row] >= STRETCH_DAYS:
            number, count, opened = number + 1, 0, days[row]
        back[row] = number
        count += 1
    return number - back


@dataclass(frozen=True)
class FrontierData:
    """Scores of evaluations as a model takes them: sorted into cells that share one boundary.

    Attributes
    ----------
    tasks, period_labels, base_models : tuple of str
        Names along the task, period and base_model dimensions.
    scores : GroupedScores
        All scores, by cell.
    cells : pandas.DataFrame
        One row per cell: task, period, stretch, base (indices) and z (log10 FLOPs). With base-model effects z is that
        of the base model: rows of one base model that differ in FLOPs differ in how they were counted, and taken at
        their word they would say, with great precision, that compute does not matter. Then one column per covariate.
    cell_of_score : ndarray, shape (n_scores,)
        Cell of each row of ``evaluations.table``.
    clusters : Clusters
        Base model, task and uploader of each row of ``evaluations.table``.
    stretches : Stretches
        Stretches of time that the boundary drifts over.
    reference_z, reference_stretch : ndarray, shape (n_base_models,)
        Median log10 FLOPs and median stretch of each base model's records: where its effect is centred.
    counts : ndarray, shape (n_base_models, n_tasks)
        Scores of each base model on each task.
    compute : ComputeRange
        16th and 84th percentile of log10 FLOPs, and the nodes between.
    """

    tasks: tuple[str, ...]
    period_labels: tuple[str, ...]
    base_models: tuple[str, ...]
    scores: GroupedScores
    cells: pd.DataFrame
    cell_of_score: IntArray
    clusters: Clusters
    stretches: Stretches
    reference_z: npt.NDArray[np.float64]
    reference_stretch: IntArray
    counts: npt.NDArray[np.float64]
    compute: ComputeRange

    @classmethod
    def from_evaluations(
        cls,
        evaluations: Evaluations,
        tau: float,
        *,
        base_models: bool = True,
        drift: bool = True,
        covariates: Mapping[str, npt.ArrayLike] | None = None,
    ) -> "FrontierData":
        """Group the scores.

        Parameters
        ----------
        evaluations : Evaluations
            The scores.
        tau : float
            Quantile level of the boundary; decides how many scores are enough.
        base_models : bool
            Whether the model has base-model effects.
        drift : bool
            Whether the model has drift; if so, long periods are divided into stretches.
        covariates : mapping of str to array of shape (n_models,), optional
            Numbers of other columns, one for each row of ``evaluations.models``. Scores that differ in one are in
            different cells, and `cells` has a column of each: for models of your own, see
            docs/recipes/add-a-covariate.md. Many different values make many cells: round, or group.

        Returns
        -------
        FrontierData
            All scores, by cell.

        Raises
        ------
        DataError
            If there are too few scores or base models, compute hardly differs, or a covariate has another length, is
            not finite, or has the name of another column of `cells`.
        """
        table, models = evaluations.table, evaluations.models
        compute = _compute_range(models)
        _check_counts(table, tau)
        names = tuple(sorted(models["base_model"].unique()))
        if base_models and len(names) < 2:
            raise DataError(
                f"All {len(models):,} models have the same base model, {names[0]!r}: base-model effects "
                "need at least two. Add models of other base models, or fit a model without these effects "
                "(--model independent)."
            )
        tasks = evaluations.tasks
        stretches = Stretches.of(evaluations, within_periods=drift)
        reference_z = reference_compute(models, names)
        base = pd.Categorical(models["base_model"], names).codes.astype(np.int64)
        columns = {
            "period": models["period"].to_numpy(np.int64),
            "stretch": stretches.of_model,
            "base": base,
            "z": reference_z[base] if base_models else log_flops(models["flops"]),
            **_checked_covariates(covariates or {}, len(models)),
        }
        # all scores of a record have these in common, so grouping is by the record, and by the score only counting
        records = pd.DataFrame(columns).groupby(list(columns), sort=True)
        row = table["row"].to_numpy(np.int64)
        task = pd.Index(tasks).get_indexer(pd.Index(table["task"])).astype(np.int64)
        place = task * records.ngroups + records.ngroup().to_numpy(np.int64)[row]
        used = np.bincount(place, minlength=len(tasks) * records.ngroups) > 0
        cell: IntArray = (np.cumsum(used) - 1)[place]
        del place
        filled = np.flatnonzero(used)
        cells = records.size().reset_index()[list(columns)].iloc[filled % records.ngroups].reset_index(drop=True)
        cells.insert(0, "task", filled // records.ngroups)
        by_base = pd.Series(stretches.of_model).groupby(base)
        counts = np.bincount(base[row] * len(tasks) + task, minlength=len(names) * len(tasks))
        # as large as the scores themselves, and not needed while these are sorted
        del row, task
        return cls(
            tasks=tasks,
            period_labels=evaluations.period_labels,
            base_models=names,
            scores=GroupedScores.from_scores(table["score"].to_numpy(float), cell, len(cells)),
            cells=cells,
            cell_of_score=cell,
            clusters=Clusters.from_evaluations(evaluations),
            stretches=stretches,
            reference_z=reference_z,
            reference_stretch=by_base.median().round().to_numpy(np.int64),
            counts=counts.reshape(len(names), len(tasks)).astype(float),
            compute=compute,
        )

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return len(self.period_labels)

    def losses(self, scale: Scale) -> LossPieces:
        """Lay out the smoothed pinball loss of every cell over its scale.

        Parameters
        ----------
        scale : Scale
            Of every task.

        Returns
        -------
        LossPieces
            What the engine's operations evaluate.
        """
        return LossPieces.from_scores(self.weighted(scale), *scale.of_cells(self.cells))

    def weighted(self, scale: Scale) -> GroupedScores:
        """Weigh the scores: models that one uploader made of a base model tell less than as many of different ones.

        Parameters
        ----------
        scale : Scale
            Has the correlation within uploaders for every task.

        Returns
        -------
        GroupedScores
            All scores, by cell.
        """
        if scale.correlation is None:
            return self.scores
        return self.scores.weighted(self.clusters.weights(scale.correlation))


def _checked_covariates(covariates: Mapping[str, npt.ArrayLike], n_models: int) -> dict[str, FloatArray]:
    """Check covariates and turn them into floats, each of shape (n_models,)."""
    checked = {}
    for name, given in covariates.items():
        values = np.asarray(given, dtype=float)
        if name in ("task", *CELL):
            raise DataError(f"Covariate {name!r}: cells have a column of this name; give it another.")
        if values.shape != (n_models,):
            raise DataError(
                f"Covariate {name!r}: expected {n_models:,} numbers, one for each row of evaluations.models, "
                f"found shape {values.shape}."
            )
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise DataError(
                f"Covariate {name!r} is {values[row]} for row {row} of evaluations.models (counted from 0): "
                "fill it in, or leave the model out (Evaluations.subset)."
            )
        checked[name] = values
    return checked


def reference_compute(models: pd.DataFrame, base_models: Sequence[str]) -> npt.NDArray[np.float64]:
    """Compute of base models: the median over their records. Shapes: returns (n_base_models,)."""
    z = pd.Series(log_flops(models["flops"]))
    return np.asarray(z.groupby(models["base_model"].to_numpy()).median().loc[list(base_models)].to_numpy())


def _compute_range(models: pd.DataFrame) -> ComputeRange:
    z = log_flops(models["flops"])
    low, high = np.quantile(z, [0.02, 0.98])
    if high - low < MIN_DECADES:
        raise DataError(
            f"The models span {high - low:.2f} decades of compute (10^{low:.2f} to 10^{high:.2f} FLOPs, "
            "2nd to 98th percentile): a boundary against compute is not identified. Add models of other "
            "sizes."
        )
    inner_low, inner_high = np.quantile(z, [0.16, 0.84])
    if inner_high - inner_low < MIN_DECADES:
        inner_low, inner_high = low, high
    # halfway between nodes evenly apart and nodes with as many base models between them
    by_base = np.quantile(models.assign(z=z).groupby("base_model")["z"].median(), np.linspace(0.0, 1.0, NODES))
    nodes = 0.5 * (by_base + np.linspace(z.min(), z.max(), NODES))
    return ComputeRange(float(inner_low), float(inner_high), tuple(nodes.tolist()))


def _check_counts(table: pd.DataFrame, tau: float) -> None:
    expected = table.groupby("task")["score"].size() * (1.0 - tau)
    short = expected[expected < MIN_EXPECTED_ABOVE - 1e-9]
    if len(short):
        task, n = short.index[0], round(short.iloc[0] / (1.0 - tau))
        needed = int(np.ceil(MIN_EXPECTED_ABOVE / (1.0 - tau) - 1e-9))
        raise DataError(
            f"Task {task!r} has {n} scores; the {tau:g} quantile needs at least {needed} (one expected above "
            "it). Leave the task out (--tasks), add models, or lower --tau."
        )
    scores = table.groupby("task")["score"]
    spread = scores.max() - scores.min()
    equal = spread.index[spread < MIN_SPREAD]
    if len(equal):
        where = "its ceiling" if scores.min()[equal[0]] == 1.0 else f"{scores.median()[equal[0]]:g}"
        raise DataError(
            f"Task {equal[0]!r}: all of its {scores.size()[equal[0]]:,} scores are at {where}, so nothing tells how "
            "its boundary runs, nor how sure it is. Leave the task out (--tasks), or add models that score otherwise."
        )
