"""The `Evaluations` container: validated scores of models on tasks, their fingerprint, and their form in NetCDF."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayes_frontier.display import Display, Displayed
from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations import frames, uncertainty
from bayes_frontier.evaluations.frames import DROPPED, FIELDS, Matrix, check, long_frame, no_rows, wide_frame
from bayes_frontier.evaluations.measures import Measure, match_task
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.evaluations.uncertainty import LARGEST, stated
from bayes_frontier.text import count, listed, suggestion


@dataclass(frozen=True, eq=False, repr=False)
class Evaluations(Displayed):
    """Scores of post-trained models on tasks, with the compute of their base models.

    Made by `bayes_frontier.read`, `bayes_frontier.simulate` or `Evaluations.from_models`; treat the frames as
    read-only.

    Attributes
    ----------
    table : pandas.DataFrame
        Long: one row per (record, task) that has a score. Columns model, base_model, task, score (in [0, 1]),
        flops (pre-training FLOPs of the base model), released (``datetime64[ns]``; NaT only without periods),
        stage, period (0-based), n_items (benchmark items, NaN unknown), standard_error (of this score, as the source
        states it, NaN unknown), cost (of this score, NaN unknown), row (index of the record in `models`).
    models : pandas.DataFrame
        Wide: one row per record kept, in the file's order. Columns model, base_model, flops, flops_factor (they lie
        within it with probability 0.9, as the source states it, NaN unknown), released, stage, period, params_b (1e9),
        tokens_t (1e12), cost (sum over its scores), source_row (line or row of the source), then one column per task,
        NaN where not scored.
    tasks : tuple of str
        Task names, in the file's order.
    period_ends : tuple of date or None
        Closing date of each period, None for an open one.
    period_labels : tuple of str
        A name for each period, "all" where there is one without a closing date.
    dropped : pandas.DataFrame
        Every row left out, once: source_row, model, reason, detail.
    notes : tuple of str
        Observations that did not stop the reading.
    source : str
        File name, "DataFrame" or "simulated".
    source_format : str
        Format it was read as.
    registry : Registry or None
        Base models that the source was read with; None: those shipped with the package.
    measures : mapping of str to Measure
        By task, as far as the source says it: metric, filter, shots, scale. They are no part of the fingerprint.
    fingerprint : str
        SHA-256 of the scores and their fields, whatever the order of rows and columns; periods and registry do not
        enter.
    """

    table: pd.DataFrame
    models: pd.DataFrame
    tasks: tuple[str, ...]
    period_ends: tuple[dt.date | None, ...]
    period_labels: tuple[str, ...]
    dropped: pd.DataFrame
    notes: tuple[str, ...]
    source: str
    source_format: str
    registry: Registry | None = None
    measures: Mapping[str, Measure] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of the content; see `bayes_frontier.evaluations.container`."""
        return fingerprint(self.table)

    @property
    def n_models(self) -> int:
        """Number of records in `models`."""
        return len(self.models)

    @property
    def n_scores(self) -> int:
        """Number of rows in `table`."""
        return len(self.table)

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return len(self.period_ends)

    @classmethod
    def from_models(
        cls,
        models: pd.DataFrame,
        tasks: Sequence[str],
        *,
        periods: Sequence[str | dt.date] | str | None = None,
        n_items: Matrix | None = None,
        costs: Matrix | None = None,
        standard_errors: Matrix | None = None,
        dropped: pd.DataFrame | None = None,
        notes: Sequence[str] = (),
        source: str = "DataFrame",
        source_format: str = "models",
        measures: Mapping[str, Measure] | None = None,
    ) -> "Evaluations":
        """Build the container from a wide frame of models that needs no cleaning.

        Parameters
        ----------
        models : pandas.DataFrame
            One row per model: model, base_model, flops, one column per task; optional released, stage,
            params_b, tokens_t, cost, source_row.
        tasks : sequence of str
            The task columns.
        periods : sequence of str or date, optional
            Closing dates; none: one period.
        n_items, costs : numpy.ndarray, optional
            Items behind, and cost of, each score, shape (n_models, n_tasks). Without `costs`, a model's cost
            is shared equally by its scores.
        standard_errors : numpy.ndarray, optional
            Standard errors of the scores, shape (n_models, n_tasks), on their scale; 0 and NaN are missing.
        dropped : pandas.DataFrame, optional
            Rows left out: source_row, model, reason, detail.
        notes : sequence of str
            Observations to keep.
        source, source_format : str
            Where the models come from.
        measures : mapping of str to Measure, optional
            What the scores of a task are, by task.

        Returns
        -------
        Evaluations
            The container; frames are copies.

        Raises
        ------
        DataError
            If a field is missing, a score lies outside [0, 1], a standard error outside [0, 0.5], a model has no score,
            FLOPs are not positive, or a period is empty.
        """
        tasks = tuple(tasks)
        check(models, tasks)
        scores = models[list(tasks)].to_numpy(dtype=np.float64)
        scored = ~np.isnan(scores)
        if costs is None and "cost" in models:
            costs = np.where(
                scored, (models["cost"].to_numpy(dtype=np.float64) / np.maximum(scored.sum(axis=1), 1))[:, None], np.nan
            )
        if standard_errors is not None and ((standard_errors < 0) | (standard_errors > LARGEST)).any():
            raise DataError(f"standard_errors: outside 0 to {LARGEST:g}, as those of scores in [0, 1] cannot be.")
        errors = None if standard_errors is None else stated(standard_errors)
        wide = wide_frame(models, tasks, scores, costs)
        closing = frames.closing_dates(periods)
        undated = int(wide["released"].isna().sum())
        if closing and undated:
            raise DataError(f"periods: release dates are missing for {count(undated, 'model')}.")
        period, ends, labels = frames.assign(wide["released"], closing)
        wide["period"] = period
        return cls(
            table=long_frame(wide, tasks, scores, {"n_items": n_items, "standard_error": errors, "cost": costs}),
            models=wide,
            tasks=tasks,
            period_ends=ends,
            period_labels=labels,
            dropped=no_rows() if dropped is None else dropped.reset_index(drop=True),
            notes=tuple(notes),
            source=source,
            source_format=source_format,
            measures=dict(measures or {}),
        )

    def standard_errors(self, *, binomial: bool = True) -> pd.Series:
        """Give the standard error of each score.

        Parameters
        ----------
        binomial : bool
            Whether scores without a stated one, but with known items, get that of a share of so many items:
            sqrt(p (1 - p) / n) with p = (n score + 1) / (n + 2).

        Returns
        -------
        pandas.Series
            One for each row of `table`, named standard_error; NaN where it is unknown.
        """
        known = self.table["standard_error"]
        counted = uncertainty.binomial(self.table["score"], self.table["n_items"])
        return known.where(known.notna(), counted) if binomial else known.copy()

    def dropped_by_reason(self) -> pd.Series:
        """Count the rows left out by reason, most frequent first.

        Returns
        -------
        pandas.Series
            Number of rows, indexed by reason.
        """
        return self.dropped["reason"].value_counts().rename("rows")

    def subset(self, models: npt.ArrayLike | Callable[[pd.DataFrame], npt.ArrayLike]) -> "Evaluations":
        """Keep some records.

        Parameters
        ----------
        models : array of bool or callable
            A mask over `models`, shape (n_models,), or a function of `models` that returns one.

        Returns
        -------
        Evaluations
            The records kept. Those left out are added to `dropped`; tasks and periods without models
            disappear, which a note says.

        Raises
        ------
        QueryError
            If the mask has another length or type, or keeps nothing.
        """
        mask = np.asarray(models(self.models) if callable(models) else models)
        if mask.dtype != bool or mask.shape != (self.n_models,):
            raise QueryError(
                f"subset: expected {self.n_models:,} booleans, one a model, not {mask.dtype} of shape {mask.shape}."
            )
        return self._keep(mask, self.tasks, "left out by subset")

    def select(
        self, *, tasks: Sequence[str] | str | None = None, periods: Sequence[int | str] | int | str | None = None
    ) -> "Evaluations":
        """Keep some tasks, some periods, or both; periods are given by number or label and are numbered anew.

        Parameters
        ----------
        tasks : str or sequence of str, optional
            Tasks to keep; none: all.
        periods : int, str or sequence of these, optional
            Periods to keep, by number or label; none: all.

        Returns
        -------
        Evaluations
            What is left; the records left out are added to `dropped`.

        Raises
        ------
        QueryError
            If a task or a period is unknown, or nothing is left.
        """
        names = [tasks] if isinstance(tasks, str) else list(self.tasks if tasks is None else tasks)
        meant = [match_task(name, self.tasks) for name in names]
        for name, task in zip(names, meant, strict=True):
            if task is None:
                raise QueryError(
                    f"Unknown task {name!r}.{suggestion(name, self.tasks)} The tasks are {listed(self.tasks)}."
                )
        wanted = (
            [periods] if isinstance(periods, int | str) else list(range(self.n_periods) if periods is None else periods)
        )
        numbers = [self._period(p) for p in wanted]
        chosen = tuple(t for t in self.tasks if t in meant)
        return self._keep(self.models["period"].isin(numbers).to_numpy(dtype=bool), chosen, "left out by select")

    def _period(self, period: int | str) -> int:
        if isinstance(period, str) and period in self.period_labels:
            return self.period_labels.index(period)
        if not isinstance(period, str) and -self.n_periods <= period < self.n_periods:
            return int(period) % self.n_periods
        raise QueryError(
            f"Unknown period {period!r}: there are {self.n_periods}, numbered from 0: {listed(self.period_labels)}."
        )

    def _keep(self, mask: npt.NDArray[np.bool_], tasks: tuple[str, ...], reason: str) -> "Evaluations":
        has_score = self.models[list(tasks)].notna().to_numpy()
        keep = mask & has_score.any(axis=1)
        if not keep.any():
            raise QueryError("No model with a score is left: keep more models, tasks or periods.")
        kept_tasks = tuple(t for t, any_score in zip(tasks, has_score[keep].any(axis=0), strict=True) if any_score)
        used = np.unique(self.models["period"].to_numpy()[keep])
        notes = list(self.notes)
        for what, gone in (
            ("tasks", [t for t in tasks if t not in kept_tasks]),
            ("periods", [self.period_labels[p] for p in range(self.n_periods) if p not in used]),
        ):
            if gone:
                notes.append(f"{what} without models after selecting: {listed(gone)}")
        rows = self.table[
            keep[self.table["row"].to_numpy()] & self.table["task"].isin(kept_tasks).to_numpy(dtype=bool)
        ].reset_index(drop=True)
        number = np.cumsum(keep) - 1
        renumber = np.searchsorted(used, np.arange(self.n_periods))
        rows = rows.assign(row=number[rows["row"].to_numpy()], period=renumber[rows["period"].to_numpy()])
        models = self.models.loc[keep, [*FIELDS, *kept_tasks]].reset_index(drop=True)
        cost = rows.groupby("row")["cost"].sum(min_count=1).reindex(range(len(models))).to_numpy()
        models = models.assign(period=renumber[models["period"].to_numpy()], cost=cost)
        out = self.models.loc[~keep, ["source_row", "model"]].assign(reason=reason, detail="")
        out.loc[mask[~keep], "reason"] = "no score on the tasks selected"
        dropped = pd.concat([self.dropped, out], ignore_index=True) if len(out) else self.dropped
        return replace(
            self,
            table=rows,
            models=models,
            tasks=kept_tasks,
            period_ends=tuple(self.period_ends[p] for p in used),
            period_labels=tuple(self.period_labels[p] for p in used),
            dropped=dropped,
            notes=tuple(notes),
            measures={task: measure for task, measure in self.measures.items() if task in kept_tasks},
        )

    def summary(self) -> str:
        """Describe in a few lines what was kept, per period and task, what was left out, and the notes.

        Returns
        -------
        str
            Lines of text.
        """
        models = self.models
        lines = [
            f"{self.source} ({self.source_format}): {count(self.n_scores, 'score')} of "
            f"{count(self.n_models, 'model')} "
            f"from {count(models['base_model'].nunique(), 'base model')} "
            f"on {count(len(self.tasks), 'task')}",
            f"FLOPs {models['flops'].min():.2g} to {models['flops'].max():.2g}; fingerprint {self.fingerprint[:12]}",
        ]
        counts = np.bincount(models["period"], minlength=self.n_periods)
        lines += [
            f"period {label}: {count(int(n), 'model')}" for label, n in zip(self.period_labels, counts, strict=True)
        ]
        lines += [
            f"task {t}: {count(int(models[t].notna().sum()), 'score')}, {models[t].min():.3f} to {models[t].max():.3f}"
            for t in self.tasks
        ]
        lines += [f"left out, {reason}: {n:,}" for reason, n in self.dropped_by_reason().items()]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _display(self) -> Display:
        title, *sentences = self.summary().splitlines()
        return Display(f"Evaluations: {title}", sentences)

    def to_dataset(self) -> xr.Dataset:
        """Return everything as a dataset that NetCDF can hold; `from_dataset` is its inverse.

        Returns
        -------
        xarray.Dataset
            Dims record and task; see `bayes_frontier.evaluations.container`.
        """
        return to_dataset(self)

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> "Evaluations":
        """Rebuild evaluations from what `to_dataset` made.

        Parameters
        ----------
        dataset : xarray.Dataset
            What `to_dataset` returned, also after a way through NetCDF.

        Returns
        -------
        Evaluations
            The same evaluations.

        Raises
        ------
        DataError
            If the dataset is of another kind or its content does not match its fingerprint.
        """
        return from_dataset(dataset)


# Evaluations to and from an xarray dataset that NetCDF can hold: no None or boolean attributes.

VERSION = 1
ATTRIBUTE = "evaluations"
_TEXT = ("model", "base_model", "stage")
_FLOATS = ("flops", "params_b", "tokens_t")
_SPARE = ("flops_factor",)  # absent where none is known, and in what was saved before they were read


def to_dataset(evaluations: Evaluations) -> xr.Dataset:
    """Return `evaluations` as a dataset with dims record and task.

    The rows left out are one JSON string in the variable ``dropped``; notes, periods, source and fingerprint
    are one JSON attribute.
    """
    models, tasks, table = evaluations.models, list(evaluations.tasks), evaluations.table
    at = (table["row"].to_numpy(), pd.Index(tasks).get_indexer(pd.Index(table["task"])))

    def matrix(name: str) -> tuple[tuple[str, str], np.ndarray]:
        values = np.full((len(models), len(tasks)), np.nan)
        values[at] = table[name].to_numpy()
        return ("record", "task"), values

    days = models["released"].to_numpy(dtype="datetime64[D]")
    data: dict[str, object] = {name: ("record", models[name].to_numpy(dtype=object)) for name in _TEXT}
    spare = [name for name in _SPARE if models[name].notna().any()]
    data |= {name: ("record", models[name].to_numpy(dtype=np.float64)) for name in (*_FLOATS, *spare)}
    data |= {
        # days as numbers: a column without any date would not survive the time encoding of NetCDF
        "released_day": ("record", np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64))),
        "period": ("record", models["period"].to_numpy(dtype=np.int64)),
        "source_row": ("record", models["source_row"].to_numpy(dtype=np.int64)),
        "score": matrix("score"),
        "n_items": matrix("n_items"),
        "cost": matrix("cost"),
        **({"standard_error": matrix("standard_error")} if table["standard_error"].notna().any() else {}),
        "dropped": ((), json.dumps({name: evaluations.dropped[name].tolist() for name in DROPPED})),
    }
    about = {
        "version": VERSION,
        "period_ends": [None if end is None else end.isoformat() for end in evaluations.period_ends],
        "period_labels": list(evaluations.period_labels),
        "notes": list(evaluations.notes),
        "source": evaluations.source,
        "source_format": evaluations.source_format,
        "fingerprint": evaluations.fingerprint,
        "measures": {task: asdict(measure) for task, measure in evaluations.measures.items()},
    }
    if evaluations.registry is not None and evaluations.registry.files:
        about["registry"] = evaluations.registry.files
    coords = {"task": np.array(tasks, dtype=object), "record": np.arange(len(models))}
    return xr.Dataset(data, coords=coords, attrs={ATTRIBUTE: json.dumps(about)})


def from_dataset(dataset: xr.Dataset) -> Evaluations:
    """Rebuild evaluations from `to_dataset`'s dataset."""
    try:
        about = json.loads(dataset.attrs[ATTRIBUTE])
        if about["version"] != VERSION:
            raise DataError(
                f"Saved evaluations have layout version {about['version']}, this program reads {VERSION}: "
                "read the source file again."
            )
        evaluations = _rebuild(dataset, about)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"These are not saved evaluations, or only a part of them ({error}): read the source file again."
        ) from error
    if evaluations.fingerprint != about["fingerprint"]:
        raise DataError(
            "Saved evaluations do not match their fingerprint: the file was changed; read the source file again."
        )
    return evaluations


def _rebuild(dataset: xr.Dataset, about: dict[str, Any]) -> Evaluations:
    tasks = [str(t) for t in dataset["task"].to_numpy()]
    days = dataset["released_day"].to_numpy()
    known = ~np.isnan(days)
    released = np.full(len(days), np.datetime64("NaT", "ns"))
    released[known] = days[known].astype(np.int64).astype("datetime64[D]")
    names = (*_TEXT, *_FLOATS, *(name for name in _SPARE if name in dataset), "source_row")
    models = pd.DataFrame({name: dataset[name].to_numpy() for name in names})
    models["released"] = released
    models[tasks] = dataset["score"].transpose("record", "task").to_numpy()
    dropped = json.loads(str(dataset["dropped"].item()))
    types = dict.fromkeys(DROPPED, "str") | {"source_row": "int64"}
    made = Evaluations.from_models(
        models,
        tasks,
        n_items=dataset["n_items"].transpose("record", "task").to_numpy(),
        costs=dataset["cost"].transpose("record", "task").to_numpy(),
        # absent where none is known, and in what was saved before they were read
        standard_errors=dataset["standard_error"].transpose("record", "task").to_numpy()
        if "standard_error" in dataset
        else None,
        dropped=pd.DataFrame({name: dropped[name] for name in DROPPED}).astype(types),
        notes=about["notes"],
        source=about["source"],
        source_format=about["source_format"],
    )
    period = dataset["period"].to_numpy().astype(np.int64)
    ends = tuple(None if end is None else dt.date.fromisoformat(end) for end in about["period_ends"])
    return Evaluations(
        table=made.table.assign(period=period[made.table["row"].to_numpy()]),
        models=made.models.assign(period=period),
        tasks=made.tasks,
        period_ends=ends,
        period_labels=tuple(about["period_labels"]),
        dropped=made.dropped,
        notes=made.notes,
        source=made.source,
        source_format=made.source_format,
        # fits of earlier versions do not say; they are taken to know the packaged base models
        registry=Registry.from_files(about["registry"]) if "registry" in about else None,
        # absent in what was saved before measures were kept
        measures={
            task: Measure(**(measure | {"others": tuple(measure["others"])}))
            for task, measure in about.get("measures", {}).items()
        },
    )


# A fingerprint of evaluations that depends on their content alone, not on the order of rows or columns.

TEXT = ("model", "base_model", "task", "stage")
NUMBERS = ("score", "flops", "n_items", "cost")


def fingerprint(table: pd.DataFrame) -> str:
    """Return the SHA-256 (hexadecimal) of a long table's content.

    Rows are sorted by all their fields first. Periods are not part of it: they are a way of looking at the
    same data.
    """
    digest = hashlib.sha256(b"bayes_frontier evaluations 1\n")
    keys: list[np.ndarray] = []
    for name in TEXT:
        codes, found = pd.factorize(table[name])
        values = np.array([str(value) for value in found], dtype=object)
        order = np.argsort(values)
        digest.update(json.dumps([name, values[order].tolist()]).encode())
        rank = np.empty(len(values), dtype="<i8")
        rank[order] = np.arange(len(values))
        keys.append(rank[codes])
    keys.append(table["released"].to_numpy(dtype="datetime64[ns]").astype("<i8"))
    # evaluations without any standard error have the fingerprint they had before these were read
    for name in (*NUMBERS, *(["standard_error"] if table["standard_error"].notna().any() else [])):
        values = table[name].to_numpy(dtype="<f8") + 0.0
        values[np.isnan(values)] = np.nan
        keys.append(values)
    order = np.lexsort(keys[::-1])
    for key in keys:
        digest.update(np.ascontiguousarray(key[order]).tobytes())
    return digest.hexdigest()
