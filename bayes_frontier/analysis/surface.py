"""The boundary over compute and time, and its summaries, for saturation, emergence and portfolios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior import query
from bayes_frontier.posterior.frontier import Frontier

STATISTICS = ("median", "lower", "upper")
OVER = ("chain", "draw")


@dataclass(frozen=True)
class Surface:
    """Draws of boundaries of some tasks, of the population or of one base model."""

    frontier: Frontier
    tasks: tuple[str, ...]
    base: int | None  # index of a base model; None: the population boundary

    @classmethod
    def of(cls, frontier: Frontier, task: str | None, base_model: str | None) -> Surface:
        """Look up what is asked for."""
        tasks = tuple(frontier.tasks[k] for k in query.task_indices(task, frontier.tasks))
        return cls(frontier, tasks, None if base_model is None else query.base_index(base_model, frontier))

    def at(self, z: FloatArray, period: int) -> FloatArray:
        """Boundaries of all tasks at some computes. Shapes: z (n,), returns (n_samples, n_tasks, n)."""
        curves, names, periods = self.frontier.curves, self.frontier.tasks, np.array([period])
        return np.stack([curves.at(z, names.index(task), periods, self.base)[:, 0] for task in self.tasks], axis=1)

    def labelled(self, values: FloatArray, *dims: str, **coords: object) -> xr.DataArray:
        """Label draws. Shapes: values (n_samples, n_tasks, ...)."""
        return xr.DataArray(
            self.frontier.curves.by_chain(values),
            dims=(*OVER, "task", *dims),
            coords={"task": list(self.tasks), **coords},
        )

    def compute_range(self) -> FloatArray:
        """Return the compute of the models each task was fitted to. Shapes: returns (n_tasks, 2)."""
        flops = self.frontier.evaluations.table.groupby("task", observed=True)["flops"]
        ends = log_flops(flops.agg(["min", "max"]).loc[list(self.tasks)])
        return np.asarray(ends)


def statistics(drawn: xr.DataArray, prob: float, *, finite: bool = True) -> xr.DataArray:
    """Median and equal-tailed interval over draws."""
    summary = query.summarise(drawn, prob, "linear" if finite else "lower")[list(STATISTICS)]
    return summary.to_dataarray("statistic")


def flat(summary: xr.Dataset, dims: Sequence[str]) -> pd.DataFrame:
    """One row for each combination of `dims`; a number with an interval has three columns, such as gain_lower."""
    apart = summary
    for name in summary:
        if "statistic" in summary[name].dims:
            parts = {f"{name}_{part}": summary[name].sel(statistic=part, drop=True) for part in STATISTICS}
            apart = apart.drop_vars(str(name)).assign(parts)
    kept = apart[[name for name in apart if set(apart[name].dims) <= set(dims)]]
    present = [dim for dim in dims if dim in apart.dims]
    if not present:
        kept = kept.expand_dims(row=[0])
    return kept.to_dataframe(dim_order=present or ["row"]).reset_index()


def interval(numbers: xr.DataArray, form: str = "{:.3f}") -> str:
    """Write a median with its interval: ``0.834 (0.779 to 0.929)``."""
    median, lower, upper = (form.format(float(numbers.sel(statistic=part))) for part in STATISTICS)
    return f"{median} ({lower} to {upper})"


def intervals(table: pd.DataFrame, name: str, form: str = "{:.3f}") -> list[str]:
    """Write a column of medians with their intervals; empty where a number is missing."""
    rows = table[[f"{name}_{part}" for part in STATISTICS]].to_numpy(float)
    said = ["{} ({} to {})".format(*(form.format(value) for value in row)) for row in rows]
    return ["" if np.isnan(row).any() else words for row, words in zip(rows, said, strict=True)]


def one_period(frontier: Frontier, period: int | str | None, what: str = "period") -> int:
    """Look up one period."""
    if period == "all":
        raise QueryError(f"{what}: name one period; this answer is about one at a time.")
    return int(query.period_indices(period, frontier.evaluations)[0])


def crossing(values: FloatArray, z: FloatArray, level: float) -> FloatArray:
    """Last place where curves fall below a level for good. Shapes: values (..., n), z (n,), returns (...)."""
    above = values >= level
    last = values.shape[-1] - 1 - above[..., ::-1].argmax(axis=-1)
    nxt = np.minimum(last + 1, values.shape[-1] - 1)
    y0 = np.take_along_axis(values, last[..., None], axis=-1)[..., 0]
    y1 = np.take_along_axis(values, nxt[..., None], axis=-1)[..., 0]
    part = np.divide(y0 - level, y0 - y1, out=np.zeros_like(y0), where=y0 > y1)
    place = z[last] + part * (z[nxt] - z[last])
    place = np.where(above[..., -1], np.inf, place)
    return np.asarray(np.where(above.any(axis=-1), place, -np.inf))
