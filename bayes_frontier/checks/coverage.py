"""Coverage of fitted scores by their boundaries: of all, by task, period, compute and size of base model."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.checks.records import CheckInput, Records, binomial_band, cluster_error, effective_clusters
from bayes_frontier.checks.result import Check, Limits, row_with_largest, rows_off
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.text import count

# Coverage error as a share of the expected exceedance 1 - tau: at tau = 0.98 a fit is off by 0.0025 or 0.005 over all
# scores or those of a task, by 0.005 or 0.01 in a part of them, where fewer scores speak.
WHOLE = Limits(0.125, 0.25)
PART = Limits(0.25, 0.5)
# ... and it must be outside the noise: probability of a group being outside by chance, shared by all groups looked at.
NOISE = Limits(0.05, 0.01)
# Groups are merged until this many exceedances are expected in each: below, a band says nothing about too few of them.
MIN_EXPECTED = 5.0
COMPUTE_BINS = 10
# Upper edges of classes of base models, by their number of models.
SIZE_EDGES = (2, 5, 20, 100)

EVERY_TASK = "every task"


def check(given: CheckInput) -> Check:
    """Check coverage over all scores, and over those of each task."""
    return _check("coverage", by_task(given.records), given.records.tau, WHOLE)


def check_period(given: CheckInput) -> Check:
    """Check coverage by period."""
    numbers = by_period(given.records, given.frontier.period_labels)
    return _check("coverage-period", numbers, given.records.tau, PART)


def check_compute(given: CheckInput) -> Check:
    """Check coverage by compute."""
    return _check("coverage-compute", by_compute(given.records), given.records.tau, PART)


def check_size(given: CheckInput) -> Check:
    """Check coverage by the size of base models."""
    return _check("coverage-size", by_size(given.records), given.records.tau, PART)


def _check(name: str, numbers: pd.DataFrame, tau: float, limits: Limits) -> Check:
    numbers = numbers.assign(verdict=verdicts(numbers, tau, limits))
    return Check.from_rows(name, numbers, sentence(name, numbers, tau), "coverage")


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
        One row per (task or "every task", group): scores, n (the same by their weight in the fit, which models of one
        uploader share), exceedances and expected (of n), base_models, effective (Kish's
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
        weight = part["weight"]
        n = weight.sum()
        above, drawn = (float(np.average(part[share], weights=weight)) for share in ("above", "drawn"))
        error, drawn = tail - above, tail - drawn
        se, clusters = cluster_error(part["above"], part["base_model"], weight)
        rows.append(
            {
                "task": task,
                "group": name,
                "n": n,
                "scores": len(part),
                "exceedances": n * above,
                "expected": tail * n,
                "base_models": clusters,
                "effective": effective_clusters(part["base_model"], weight),
                "coverage": records.tau + error,
                "error": error,
                "drawn_error": drawn,
                "counted": 0.0 if error * drawn <= 0 else min(error, drawn, key=abs),
                "cluster_error": se,
            }
        )
    numbers = pd.DataFrame(rows)
    for name, chance in (("warn", NOISE.warn), ("fail", NOISE.fail)):
        numbers[f"outside_{name}"] = _outside(numbers, tail, chance / len(numbers))
    low, high = _bands(numbers, tail, NOISE.warn / len(numbers))
    numbers["binomial_low"], numbers["binomial_high"] = tail - high / numbers["n"], tail - low / numbers["n"]
    return numbers


def verdicts(numbers: pd.DataFrame, tau: float, limits: Limits) -> pd.Series:
    """Grade the coverage of groups: an error must matter and be outside the noise."""
    share = numbers["counted"].abs() / (1.0 - tau)
    grades = pd.Series("pass", index=numbers.index)
    grades[(share > limits.warn) & numbers["outside_warn"]] = "warn"
    grades[(share > limits.fail) & numbers["outside_fail"]] = "fail"
    return grades


_WHAT_TO_DO = {
    "coverage": "Do not use these boundaries; look for the task in the picture of boundaries, and at its data.",
    "coverage-period": "The drift between periods is not what the model says; look at these periods by themselves.",
    "coverage-compute": "The curve does not bend as the scores do; do not use it at these computes.",
    "coverage-size": "Base-model effects are not what the model says for base models of this size.",
}
# What groups are made by, and how one of them is named.
_BY = {"coverage-period": "period", "coverage-compute": "compute", "coverage-size": "size of base model"}
_IN_GROUP = {
    "coverage-period": "period",
    "coverage-compute": "FLOPs",
    "coverage-size": "base models with this many models:",
}


def sentence(name: str, numbers: pd.DataFrame, tau: float) -> str:
    """Say how coverage compares to its level."""
    off = rows_off(numbers)
    if len(off):
        row = row_with_largest(off, off["counted"].abs())
        side = "too low" if row["counted"] < 0 else "too high"
        where = "over every task" if row["task"] == EVERY_TASK else f"of {row['task']}"
        group = "" if row["group"] == "all" else f" in {_IN_GROUP[name]} {row['group']}"
        return (
            f"{len(off)} of {count(len(numbers), 'group')} off: worst {where}{group}, where {row['exceedances']:,.0f} "
            f"of {row['n']:,.0f} scores lie above the boundary and {row['expected']:.0f} should ({side}; coverage "
            f"{row['coverage']:.4f}, level {tau:g}). {_WHAT_TO_DO[name]}"
        )
    if name == "coverage":
        whole, by_task = numbers.iloc[0], numbers["coverage"].iloc[1:]
        weighed = "" if round(whole["n"]) == whole["scores"] else f", weighed by uploaders as {whole['n']:,.0f},"
        return (
            f"{100 * whole['coverage']:.2f}% of {whole['scores']:,} scores{weighed} lie at or below their boundary, by "
            f"task {100 * by_task.min():.2f}% to {100 * by_task.max():.2f}%; {100 * tau:g}% should. Averaged over "
            f"draws: {100 * (tau + whole['drawn_error']):.2f}%."
        )
    largest = numbers["counted"].abs().max()
    return (
        f"{count(len(numbers), 'group')} by {_BY[name]} and task: no coverage error is beyond both noise and "
        f"{PART.warn * (1 - tau):.2g}; the largest is {largest:.4f}."
    )


def _parts(table: pd.DataFrame, group: pd.Series, names: Sequence[str]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    for task in (EVERY_TASK, *table["task"].unique()):
        of_task = table if task == EVERY_TASK else table[table["task"] == task]
        for name in names:
            part = of_task[group.loc[of_task.index] == name]
            if len(part):
                yield task, name, part


def _bands(numbers: pd.DataFrame, tail: float, chance: float) -> FloatArray:
    """Lowest and highest count of exceedances within the noise, shape (2, n_groups)."""
    return np.array([binomial_band(n, tail, chance) for n in numbers["n"]]).T


def _outside(numbers: pd.DataFrame, tail: float, chance: float) -> FloatArray:
    low, high = _bands(numbers, tail, chance)
    counted = numbers["counted"].to_numpy()
    far = np.abs(counted) > stats.norm.isf(chance / 2.0) * numbers["cluster_error"].to_numpy()
    above = numbers["n"].to_numpy() * (tail - counted)
    return np.asarray(far & ((above < low) | (above > high)))


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
    for i, n in enumerate(counts.tolist()):
        target[i] = current
        have += n
        if have >= needed:
            current, have = current + 1, 0
    # what is left over at the end has too few
    return np.asarray(np.minimum(target, max(current - 1, 0))[code])
