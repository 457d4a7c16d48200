"""Predicted boundaries against the scores that came: losses, coverage, and differences with their uncertainty."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayes_frontier.display import Display, Drawn
from bayes_frontier.model.likelihood import FloatArray, IntArray, pinball_loss
from bayes_frontier.text import check_choice, count


@dataclass(frozen=True)
class CellSums:
    """Sums and numbers of values by cluster and cell."""

    total: FloatArray  # total, count (n_clusters, n_splits, n_tasks): sum and number of the values that are there
    count: FloatArray

    @classmethod
    def of(cls, values: FloatArray, split: IntArray, cluster: IntArray, n_splits: int, n_clusters: int) -> "CellSums":
        """Sum values by cluster and cell. Shapes: values (n_records, n_tasks), split, cluster (n_records,)."""
        there = ~np.isnan(values)
        total, count = np.zeros((2, n_clusters, n_splits, values.shape[1]))
        np.add.at(total, (cluster, split), np.where(there, values, 0.0))
        np.add.at(count, (cluster, split), there.astype(float))
        return cls(total, count)

    def counts(self) -> IntArray:
        """Count the values of each cell. Shapes: returns (n_splits, n_tasks)."""
        return np.asarray(self.count.sum(axis=0).astype(np.int64))

    def means(self) -> FloatArray:
        """Average each cell. Shapes: returns (n_splits, n_tasks)."""
        return _ratio(self.total.sum(axis=0), self.count.sum(axis=0))

    def bootstrap(self, prob: float, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
        """Resample clusters: mean, lower, upper over cells (3,) and of each cell (3, n_splits, n_tasks)."""
        present = np.flatnonzero(self.count.any(axis=(1, 2)))
        means = self.means()
        if not len(present):
            return np.full(3, np.nan), np.stack([means] * 3)
        n = len(present)
        weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=draws).astype(float)
        cells = _ratio(weights @ self.total[present].reshape(n, -1), weights @ self.count[present].reshape(n, -1))
        overall = _mean(cells)
        tail = [(1.0 - prob) / 2.0, (1.0 + prob) / 2.0]
        low, high = np.quantile(overall[~np.isnan(overall)], tail)
        by_cell = np.full((2, cells.shape[1]), np.nan)
        for cell in np.flatnonzero(~np.isnan(means).ravel()):
            drawn = cells[:, cell]
            by_cell[:, cell] = np.quantile(drawn[~np.isnan(drawn)], tail)
        overall = np.array([_mean(means.reshape(1, -1))[0], low, high])
        return overall, np.stack([means, *by_cell.reshape(2, *means.shape)])


def _ratio(total: FloatArray, count: FloatArray) -> FloatArray:
    empty: npt.NDArray[np.bool_] = count == 0
    return np.where(empty, np.nan, total / np.where(empty, 1.0, count))


def _mean(cells: FloatArray) -> FloatArray:
    """Mean over the cells that are there, shape (n_draws,)."""
    there = ~np.isnan(cells)
    return _ratio(np.where(there, cells, 0.0).sum(axis=1), there.sum(axis=1).astype(float))


OURS, ORACLE = "frontier", "oracle"
# The baseline that sentences compare ours with.
REFERENCE = "paper"
GROUPS = ("all", "known", "new")
_CELL = ("split", "task")


@dataclass(frozen=True, eq=False, repr=False)
class Backtest(Drawn):
    """Predictions of a rolling-origin backtest, and what they are worth.

    A cell is a task in a split; means over cells weigh every cell alike. Signed coverage errors are the share of
    scores at or below the boundary minus tau: negative where the boundary was too low. A group that there is not is
    refused by a QueryError.

    Attributes
    ----------
    predictions : xarray.Dataset
        level, dims (boundary, record, task), missing where a boundary has no prediction; score, dims (record, task);
        and by record its split, model, base_model, known (whether its base model was fitted), flops (the axis) and
        source_row. The boundary "frontier" is ours.
    about : mapping
        tau, axis, window, source, fingerprint, splits, seconds, settings.
    """

    _picture = "plot_backtest"
    predictions: xr.Dataset
    about: Mapping[str, object]

    @property
    def tau(self) -> float:
        """Quantile level."""
        return float(self.predictions.attrs["tau"])

    @property
    def boundaries(self) -> tuple[str, ...]:
        """Names of the boundaries, ours first."""
        return tuple(str(name) for name in self.predictions["boundary"].to_numpy())

    @property
    def splits(self) -> tuple[str, ...]:
        """Labels of the periods predicted."""
        return tuple(str(label) for label in self.predictions["split"].to_numpy())

    @property
    def tasks(self) -> tuple[str, ...]:
        """Task names."""
        return tuple(str(task) for task in self.predictions["task"].to_numpy())

    @cached_property
    def scores(self) -> xr.Dataset:
        """Exact pinball loss, coverage and number of scores; dims (boundary, split, task, group).

        Groups are all records, those on a base model that was fitted, and those on a new one. A cell without scores or
        predictions is missing.
        """
        by_group = []
        for group in GROUPS:
            loss, covered = ([self._cells(one, group) for one in all_] for all_ in (self._loss(), self._covered()))
            dims = ("boundary", *_CELL)
            by_group.append(
                xr.Dataset(
                    {
                        "pinball": (dims, np.stack([one.means() for one in loss])),
                        "coverage": (dims, np.stack([one.means() + self.tau for one in covered])),
                        "n": (dims, np.stack([one.counts() for one in loss])),
                    }
                )
            )
        coords = {"boundary": list(self.boundaries), "split": list(self.splits), "task": list(self.tasks)}
        return xr.concat(by_group, "group").assign_coords({**coords, "group": list(GROUPS)}).transpose(..., "group")

    def differences(self, group: str = "all", *, prob: float = 0.9, draws: int = 2000, seed: int = 1) -> xr.Dataset:
        """Compare ours with each baseline on the same scores: mean difference of pinball loss, ours minus theirs.

        Intervals are percentiles of a bootstrap that resamples base models, each with all its records in all splits
        and tasks. A few base models carry most records, so they are somewhat too narrow.

        Parameters
        ----------
        group : {"all", "known", "new"}
            Records compared.
        prob : float
            Probability of the interval.
        draws : int
            Bootstrap samples.
        seed : int
            Of the bootstrap.

        Returns
        -------
        xarray.Dataset
            difference, lower, upper by baseline (mean over cells), and cell_difference, cell_lower, cell_upper with
            dims (baseline, split, task).
        """
        check_choice(group, GROUPS, "group")
        loss = self._loss()
        values = [loss[0] - one for one in loss[1:]]
        return self._bootstrapped(values, ("baseline", self.boundaries[1:]), "difference", group, prob, draws, seed)

    def coverage_errors(self, group: str = "all", *, prob: float = 0.9, draws: int = 2000, seed: int = 1) -> xr.Dataset:
        """Signed coverage errors, with intervals by the bootstrap of `differences`.

        Parameters
        ----------
        group, prob, draws, seed : optional
            As in `differences`.

        Returns
        -------
        xarray.Dataset
            error, lower, upper by boundary (mean over cells), and cell_error, cell_lower, cell_upper with dims
            (boundary, split, task).
        """
        check_choice(group, GROUPS, "group")
        return self._bootstrapped(self._covered(), ("boundary", self.boundaries), "error", group, prob, draws, seed)

    def summary(self, group: str = "all", *, prob: float = 0.9, draws: int = 2000, seed: int = 1) -> pd.DataFrame:
        """One row per boundary, best first, of means over cells.

        Parameters
        ----------
        group, prob, draws, seed : optional
            As in `differences`.

        Returns
        -------
        pandas.DataFrame
            Indexed by boundary: pinball; difference, lower, upper (ours minus it) and won (cells in which ours is
            lower), missing for ours; cells compared; signed_error and abs_error of coverage, over cells; task_error,
            the absolute signed error of a task's scores pooled over splits, averaged over tasks; n (scores).
        """
        check_choice(group, GROUPS, "group")
        cells = self.scores.sel(group=group)
        error = cells["coverage"] - self.tau
        pooled = (error * cells["n"]).sum("split") / cells["n"].sum("split").where(lambda n: n > 0)
        ours = cells["pinball"].sel(boundary=OURS)
        compared = self.differences(group, prob=prob, draws=draws, seed=seed)
        table = pd.DataFrame(
            {
                "pinball": cells["pinball"].mean(_CELL),
                "won": (ours < cells["pinball"]).sum(_CELL).where(cells["boundary"] != OURS),
                "cells": (ours + cells["pinball"]).count(_CELL),
                "signed_error": error.mean(_CELL),
                "abs_error": abs(error).mean(_CELL),
                "task_error": abs(pooled).mean("task"),
                "n": cells["n"].sum(_CELL),
            },
            index=pd.Index(self.boundaries, name="boundary"),
        )
        for place, name in enumerate(("difference", "lower", "upper"), start=1):
            table.insert(place, name, compared[name].to_series())
        return table.sort_values("pinball", kind="stable")

    def best_of_all(self, group: str = "all") -> tuple[int, int]:
        """Count the cells in which ours is lower than every baseline but the oracle.

        Parameters
        ----------
        group : {"all", "known", "new"}
            Records.

        Returns
        -------
        tuple of int
            Cells won, and cells in all.
        """
        check_choice(group, GROUPS, "group")
        cells = self.scores["pinball"].sel(group=group)
        ours = cells.sel(boundary=OURS)
        rivals = cells.sel(boundary=[name for name in self.boundaries if name not in (OURS, ORACLE)])
        won = (ours >= 0.0) & ~(rivals <= ours).any("boundary")
        return int(won.sum()), int(ours.count())

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of records that have scores: of all, of known base models, of new ones."""
        return tuple(group for group in GROUPS if int(self.scores["n"].sel(group=group).sum()))

    @cached_property
    def table(self) -> pd.DataFrame:
        """Summaries of the groups of records that have scores, below each other."""
        table = pd.concat(
            [self.summary(group).reset_index().assign(group=group) for group in self.groups], ignore_index=True
        )
        return table[["group", *(name for name in table if name != "group")]]

    @cached_property
    def sentences(self) -> list[str]:
        """How ours did: loss, cells won, coverage, and new base models alone."""
        table = self.summary()
        ours = table.loc[OURS]
        lines = [
            f"Pinball loss of ours x 1000, mean of {ours['cells']:.0f} cells: {1e3 * ours['pinball']:.2f}"
            + _compared(table, REFERENCE)
            + _compared(table, ORACLE)
            + "."
        ]
        rivals = [name for name in self.boundaries if name not in (OURS, ORACLE)]
        if rivals:
            won, cells = self.best_of_all()
            each = ", ".join(f"{name} {float(table['won'][name]):.0f}" for name in rivals)
            lines.append(f"Cells in which ours is lower, of {cells}: {each}; than all of these at once {won}.")
        errors = self.coverage_errors()
        signed = f"{ours['signed_error']:+.4f} (90% interval {range_words(errors.sel(boundary=OURS), 1.0, 4)})"
        lines.append(f"Coverage error of ours over cells: mean {signed}, mean absolute {ours['abs_error']:.4f}.")
        new = self.summary("new")
        if (alone := new.loc[OURS])["n"] > 0:
            models = int((~self.predictions["known"]).sum())
            lines.append(
                f"New base models alone ({count(models, 'model')}): pinball x 1000 {1e3 * alone['pinball']:.2f}"
                + _compared(new, REFERENCE)
                + f"; coverage error of a task pooled over splits, mean absolute {alone['task_error']:.4f}, "
                f"mean signed over cells {alone['signed_error']:+.4f}."
            )
        else:
            lines.append("No model predicted is on a new base model.")
        return lines

    def _display(self) -> Display:
        title = f"Backtest: {count(len(self.splits), 'period')} predicted, tau = {self.tau:g}"
        columns = ["boundary", "pinball", "difference", "lower", "upper", "signed_error", "n"]
        return Display(title, self.sentences, self.table.loc[self.table["group"] == "all", columns])

    def _loss(self) -> FloatArray:
        """Return losses, shape (boundary, record, task)."""
        score, level = self.predictions["score"].to_numpy(), self.predictions["level"].to_numpy()
        return pinball_loss(score - level, self.tau)

    def _covered(self) -> FloatArray:
        """Return 1 where a score is covered, minus tau; shape (boundary, record, task)."""
        score, level = self.predictions["score"].to_numpy(), self.predictions["level"].to_numpy()
        return np.where(np.isnan(score - level), np.nan, (score <= level) - self.tau)

    def _cells(self, values: FloatArray, group: str) -> CellSums:
        known = self.predictions["known"].to_numpy()
        mask: npt.NDArray[np.bool_] = {"all": np.ones_like(known), "known": known, "new": ~known}[group]
        split = pd.Index(self.splits).get_indexer(pd.Index(self.predictions["record_split"].to_numpy()))
        cluster, _ = pd.factorize(self.predictions["base_model"].to_numpy(), sort=True)
        return CellSums.of(values[mask], split[mask], cluster[mask], len(self.splits), int(cluster.max()) + 1)

    def _bootstrapped(
        self,
        values: Iterable[FloatArray],
        labels: tuple[str, tuple[str, ...]],
        what: str,
        group: str,
        prob: float,
        draws: int,
        seed: int,
    ) -> xr.Dataset:
        """Means over cells and of each cell with intervals, for values by record and task under some labels."""
        dim, names = labels
        made = [self._cells(one, group).bootstrap(prob, draws, seed) for one in values]
        overall = np.array([one for one, _ in made], dtype=float).reshape(-1, 3)
        cells = np.array([one for _, one in made], dtype=float).reshape(-1, 3, len(self.splits), len(self.tasks))
        data: dict[str, object] = {}
        for i, word in enumerate((what, "lower", "upper")):
            data[word] = ((dim,), overall[:, i])
            data[f"cell_{word}"] = ((dim, *_CELL), cells[:, i])
        return xr.Dataset(data, coords={dim: list(names), "split": list(self.splits), "task": list(self.tasks)})


def _compared(table: pd.DataFrame, name: str) -> str:
    if name not in table.index:
        return ""
    row = table.loc[name]
    return (
        f"; {name} {1e3 * row['pinball']:.2f}, difference {1e3 * row['difference']:+.2f} ({range_words(row, 1e3, 2)})"
    )


def range_words(row: Any, factor: float, digits: int) -> str:  # noqa: ANN401 - a row of pandas or of xarray
    """Write the ends of an interval, times a factor: ``-0.12 to +0.30``."""
    return f"{factor * float(row['lower']):+.{digits}f} to {factor * float(row['upper']):+.{digits}f}"
