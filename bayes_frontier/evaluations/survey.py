"""What was recognised in a source, whether or not anything of it can be fitted."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.lines import Duplicates, Lines, assemble
from bayes_frontier.evaluations.metrics import Metrics
from bayes_frontier.evaluations.periods import closing_dates
from bayes_frontier.evaluations.read import parse
from bayes_frontier.evaluations.registry import Registry
from bayes_frontier.wording import count


@dataclass(frozen=True)
class Survey:
    """What a source holds.

    Attributes
    ----------
    source, source_format : str
        Name of the source, and the format it was recognised as.
    unit : str
        What a row is: "line", "row" or, in documents, "result".
    n_rows, n_used : int
        Rows of the source, and those that can be used; the others are in `left_out`.
    n_models, n_base_models : int
        Different models and base models among all rows.
    tasks : pandas.DataFrame
        Of all rows by task: scores (how many), min, median, max (of those usable as scores; NaN where none is).
    dated : tuple of date, optional
        First and last release date.
    n_dated, n_placed, n_with_flops : int
        Rows with a release date, a base model, FLOPs.
    flops : tuple of float, optional
        Smallest and largest FLOPs.
    left_out : pandas.DataFrame
        Every row that cannot be used, with its reason; as `Evaluations.dropped`.
    notes : tuple of str
        Observations.
    evaluations : Evaluations, optional
        What can be used; None where nothing can.
    """

    source: str
    source_format: str
    unit: str
    n_rows: int
    n_used: int
    n_models: int
    n_base_models: int
    tasks: pd.DataFrame
    dated: tuple[dt.date, dt.date] | None
    n_dated: int
    n_placed: int
    n_with_flops: int
    flops: tuple[float, float] | None
    left_out: pd.DataFrame
    notes: tuple[str, ...]
    evaluations: Evaluations | None

    def left_out_by_reason(self) -> pd.Series:
        """Count the rows left out by reason, most frequent first.

        Returns
        -------
        pandas.Series
            Number of rows, indexed by reason; with `n_used` they add up to `n_rows`.
        """
        return self.left_out["reason"].value_counts().rename("rows")

    def summary(self) -> str:
        """Describe what was recognised in a few lines.

        Returns
        -------
        str
            Lines of text.
        """
        lines = [
            f"{self.source} ({self.source_format}): {count(self.n_rows, self.unit)}, {self.n_used:,} usable; "
            f"{count(self.n_models, 'model')} on {count(len(self.tasks), 'task')}"
        ]
        if self.evaluations is None:
            lines.append("nothing in it can be fitted")
        else:
            lines.append(f"fingerprint {self.evaluations.fingerprint}")
        span = f", {self.dated[0]} to {self.dated[1]}" if self.dated else ""
        lines.append(f"dates: {_of(self.n_dated, self.n_rows)} {self.unit}s{span}")
        span = f", {self.flops[0]:.2g} to {self.flops[1]:.2g}" if self.flops else ""
        lines.append(
            f"compute: base model of {_of(self.n_placed, self.n_rows)} {self.unit}s "
            f"({count(self.n_base_models, 'base model')}), FLOPs of {_of(self.n_with_flops, self.n_rows)}{span}"
        )
        for task, n, low, _, high in self.tasks.itertuples(name=None):
            span = f", {low:.3f} to {high:.3f}" if n else ""
            lines.append(f"task {task}: {count(int(n), 'score')}{span}")
        if self.evaluations is not None:
            e = self.evaluations
            sizes = np.bincount(e.models["period"], minlength=e.n_periods)
            lines += [
                f"period {label}: {count(int(n), 'model')}" for label, n in zip(e.period_labels, sizes, strict=True)
            ]
        lines += [f"left out, {reason}: {n:,}" for reason, n in self.left_out_by_reason().items()]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)


def _of(n: int, total: int) -> str:
    return f"{n:,} of {total:,}"


def survey(
    source: object,
    *,
    periods: Sequence[str | dt.date] | str | None = None,
    tasks: Sequence[str] | str | None = None,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    duplicates: Duplicates = "keep",
    registry: Registry | str | Path | None = None,
    metrics: Metrics | Mapping[str, object] | str | Path | None = None,
    limited: bool = False,
    relabel: bool = False,
    today: dt.date | None = None,
) -> Survey:
    """Say what is recognised in a source, also where nothing of it can be used.

    Parameters
    ----------
    source, periods, tasks, format, columns, duplicates, registry, metrics, limited, relabel, today : optional
        As in `bayes_frontier.read`.

    Returns
    -------
    Survey
        What there is, what is left out, and why.

    Raises
    ------
    DataError
        If the source cannot be read, or a closed period is empty.
    """
    lines = parse(
        source,
        dated=bool(closing_dates(periods)),
        tasks=tasks,
        format=format,
        columns=columns,
        registry=registry,
        metrics=metrics,
        limited=limited,
        relabel=relabel,
        today=today,
    )
    try:
        evaluations = assemble(lines, periods=periods or None, duplicates=duplicates)
    except DataError:
        if (lines.reason == "").any():
            raise
        evaluations = None
    return _describe(lines, evaluations)


def _describe(lines: Lines, evaluations: Evaluations | None) -> Survey:
    fields, out = lines.fields, lines.reason != ""
    known = fields["released"].notna().to_numpy(dtype=bool)
    flops = fields["flops"].to_numpy(dtype=np.float64)
    finite = flops[~np.isnan(flops)]
    placed = fields["base_model"][fields["base_model"] != ""]
    days = fields["released"][known]
    left = pd.DataFrame(
        {
            "source_row": lines.sheet.rows[out],
            "model": fields["model"][out].to_numpy(),
            "reason": pd.Series(lines.reason[out], dtype="str"),
            "detail": pd.Series(lines.detail[out], dtype="str"),
        }
    )
    return Survey(
        source=lines.sheet.source,
        source_format=lines.source_format,
        unit=lines.sheet.unit,
        n_rows=len(fields),
        n_used=int((~out).sum()),
        n_models=int(fields["model"][fields["model"] != ""].nunique()),
        n_base_models=int(placed.nunique()),
        tasks=_tasks(lines),
        dated=(days.min().date(), days.max().date()) if len(days) else None,
        n_dated=int(known.sum()),
        n_placed=len(placed),
        n_with_flops=len(finite),
        flops=(float(finite.min()), float(finite.max())) if len(finite) else None,
        left_out=left if evaluations is None else evaluations.dropped,
        notes=tuple(lines.notes),
        evaluations=evaluations,
    )


def _tasks(lines: Lines) -> pd.DataFrame:
    rows = []
    for k in range(len(lines.tasks)):
        values = lines.scores[:, k] if lines.task is None else lines.scores[lines.task == k]
        known = values[~np.isnan(values)]
        spread = (known.min(), np.median(known), known.max()) if len(known) else (np.nan,) * 3
        rows.append((len(known), *spread))
    return pd.DataFrame(rows, columns=["scores", "min", "median", "max"], index=list(lines.tasks))
