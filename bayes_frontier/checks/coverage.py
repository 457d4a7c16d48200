"""Coverage of fitted scores by their boundaries: of all, by task, period, compute and size of base model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.checks.records import Records, binomial_band, cluster_error, effective_clusters
from bayes_frontier.checks.thresholds import COMPUTE_BINS, MIN_EXPECTED, NOISE, SIZE_EDGES
from bayes_frontier.model.likelihood import FloatArray, IntArray

EVERY_TASK = "every task"


def by_task(records: Records) -> pd.DataFrame:
    """Coverage of all scores and of those of each task."""
    return compare(records, pd.Series("all", index=records.table.index), ["all"])


def by_period(records: Records, labels: Sequence[str]) -> pd.DataFrame:
    """Coverage by period, over every task and in each."""
    return compare(records, records.table["period"].map(dict(enumerate(labels))), labels)


def by_compute(records: Records) -> pd.DataFrame:
    """Coverage by compute, in up to ten bins of about as many scores."""
    z = records.table["z"]
    edges = np.unique(np.quantile(z, np.arange(1, COMPUTE_BINS) / COMPUTE_BINS))
    edges = edges[edges < z.max()]
    return _binned(records, z, edges, lambda low, high: f"{10**low:.2g} to {10**high:.2g}".replace("e+", "e"))


def by_size(records: Records) -> pd.DataFrame:
    """Coverage by the number of models that a base model has."""
    size = records.table["size"]

    def words(low: float, high: float) -> str:
        return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"

    return _binned(records, size, np.asarray(SIZE_EDGES, dtype=float), words)


def compare(records: Records, group: pd.Series, names: Sequence[str]) -> pd.DataFrame:
    """Coverage of groups of scores against the level of the boundary, with bands of what chance does.

    Parameters
    ----------
    records : Records
        Scores and boundaries.
    group : pandas.Series
        Group of each score.
    names : sequence of str
        Groups, in order.

    Returns
    -------
    pandas.DataFrame
        One row a (task or "every task", group): n (scores), exceedances, expected, base_models, effective (Kish's
        number of base models), coverage and error (its difference from tau) of the posterior mean boundary,
        drawn_error (the same averaged over draws), counted (the smaller of the two errors, zero where they disagree
        in sign: the mean boundary of a base model with few scores lies above all of them, as it should, and no single
        draw's does), binomial_low, binomial_high and cluster_error (bands of the coverage's error, and its standard
        error over base models; the bands hold for all rows together with probability 0.95) and outside_warn,
        outside_fail (whether the counted error is beyond both kinds of noise at these two levels).
    """
    table, tail = records.table, 1.0 - records.tau
    rows = []
    for task, name, part in _parts(table, group, names):
        n = len(part)
        error, drawn = tail - part["above"].mean(), tail - part["drawn"].mean()
        se, clusters = cluster_error(part["above"], part["base_model"])
        rows.append(
            {
                "task": task,
                "group": name,
                "n": n,
                "exceedances": int(part["above"].sum()),
                "expected": tail * n,
                "base_models": clusters,
                "effective": effective_clusters(part["base_model"]),
                "coverage": records.tau + error,
                "error": error,
                "drawn_error": drawn,
                "counted": 0.0 if error * drawn <= 0 else min(error, drawn, key=abs),
                "cluster_error": se,
            }
        )
    found = pd.DataFrame(rows)
    for name, chance in (("warn", NOISE.warn), ("fail", NOISE.fail)):
        found[f"outside_{name}"] = _outside(found, tail, chance / len(found))
    low, high = _bands(found, tail, NOISE.warn / len(found))
    found["binomial_low"], found["binomial_high"] = tail - high / found["n"], tail - low / found["n"]
    return found


def _parts(table: pd.DataFrame, group: pd.Series, names: Sequence[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for task in (EVERY_TASK, *table["task"].unique()):
        of_task = table if task == EVERY_TASK else table[table["task"] == task]
        for name in names:
            part = of_task[group.loc[of_task.index] == name]
            if len(part):
                yield task, name, part


def _bands(found: pd.DataFrame, tail: float, chance: float) -> FloatArray:
    """Lowest and highest count of exceedances within the noise, shape (2, n_groups)."""
    return np.array([binomial_band(n, tail, chance) for n in found["n"]]).T


def _outside(found: pd.DataFrame, tail: float, chance: float) -> FloatArray:
    low, high = _bands(found, tail, chance)
    counted = found["counted"].to_numpy()
    far = np.abs(counted) > stats.norm.isf(chance / 2.0) * found["cluster_error"].to_numpy()
    count = found["n"].to_numpy() * (tail - counted)
    return np.asarray(far & ((count < low) | (count > high)))


def _binned(
    records: Records, value: pd.Series, edges: FloatArray, words: Callable[[float, float], str]
) -> pd.DataFrame:
    n_tasks = records.table["task"].nunique()
    needed = n_tasks * MIN_EXPECTED / (1.0 - records.tau)
    code = _merged(np.searchsorted(edges, value.to_numpy(), side="left"), needed)
    spans = [value[code == key] for key in range(code.max() + 1)]
    names = np.array([words(span.min(), span.max()) for span in spans], dtype=object)
    return compare(records, pd.Series(names[code], index=value.index), list(names))


def _merged(code: IntArray, needed: float) -> IntArray:
    """Join each class that has too few cases to the next one, and the last to the one before it; number them anew."""
    counts = np.bincount(code)
    target = np.zeros(len(counts), dtype=np.int64)
    current, have = 0, 0
    for i, count in enumerate(counts.tolist()):
        target[i] = current
        have += count
        if have >= needed:
            current, have = current + 1, 0
    # what is left over at the end has too few
    return np.asarray(np.minimum(target, max(current - 1, 0))[code])
