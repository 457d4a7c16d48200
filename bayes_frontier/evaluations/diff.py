"""Two tables compared: which records are of the same model, what changed, and whether a task was re-scored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.frames import Matrix
from bayes_frontier.text import count, listed

Indices = npt.NDArray[np.int64]
SAME = 1e-4
"""Scores this close are equal: exports round."""


def pair(a: Evaluations, b: Evaluations, tolerance: float = SAME) -> tuple[Indices, Indices]:
    """Match the records of two tables by model.

    Of a model with several records (precisions, say) those are matched that agree on most tasks, then those whose
    scores are closest.
    """
    from scipy.optimize import linear_sum_assignment

    names_a, names_b = a.models["model"].to_numpy(dtype=object), b.models["model"].to_numpy(dtype=object)
    tasks = [task for task in a.tasks if task in b.tasks]
    scores_a, scores_b = matrix(a, tasks), matrix(b, tasks)
    codes, _ = pd.factorize(np.concatenate([names_a, names_b]))
    rows_a, rows_b = _rows(codes[: len(names_a)]), _rows(codes[len(names_a) :])
    pairs: list[tuple[int, int]] = []
    for code, here in rows_a.items():
        there = rows_b.get(code)
        if there is None:
            continue
        if len(here) == len(there) == 1:
            pairs.append((here[0], there[0]))
            continue
        cost = _apart(scores_a[here][:, None], scores_b[there][None, :], tolerance)
        pairs += [(here[i], there[j]) for i, j in zip(*linear_sum_assignment(cost), strict=True)]
    pairs.sort()
    found = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def matrix(evaluations: Evaluations, tasks: Sequence[str]) -> Matrix:
    """Return the scores of records on tasks."""
    return evaluations.models.reindex(columns=list(tasks)).to_numpy(dtype=np.float64)


def _rows(codes: npt.NDArray[np.intp]) -> dict[int, list[int]]:
    rows: dict[int, list[int]] = {}
    for row, code in enumerate(codes.tolist()):
        rows.setdefault(code, []).append(row)
    return rows


def _apart(a: Matrix, b: Matrix, tolerance: float) -> Matrix:
    """Return how many tasks two records disagree on, plus their mean difference, over the last axis."""
    difference = np.abs(a - b)
    known = ~np.isnan(difference)
    size = np.where(known, difference, 0.0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
    # a task that only one of them has speaks against them half as much as one on which they disagree
    lone = np.isnan(a) != np.isnan(b)
    return np.asarray((known & (difference > tolerance)).sum(axis=-1) + 0.5 * lone.sum(axis=-1) + 0.4 * size)


# What changed from one version of a table to another: models, scores, and whether a task was re-scored.

KINDS = ("same", "corrected", "noisy", "re-scored")
"""What became of a task's shared scores: all equal; a few others; many others, without direction or hardly moved, as
from another run; many others, shifted."""

_MANY = 0.05
_FEWEST = 3
_CHANCE = 0.01
_MOVED = 0.01
_FIELDS = ("base_model", "flops", "released")


@dataclass(frozen=True, eq=False)
class Difference:
    """What changed from table `a` to table `b`.

    Attributes
    ----------
    a, b : str
        Names of the tables.
    fingerprints : tuple of str
        Their fingerprints.
    tau : float
        Level of the quantiles.
    shared : int
        Records that both have.
    added, removed : pandas.DataFrame
        Records that only `b`, and only `a`, has: model, base_model, flops, released, why (where the other table left
        the model out, the reason).
    tasks : xarray.Dataset
        Dim task: ``scores_a``, ``scores_b`` (all of each table), ``shared`` (scores that both have), ``changed`` (of
        these, other ones), ``mean_shift`` (b - a, over the shared), ``quantile_a``, ``quantile_b`` and
        ``quantile_shift`` (tau-quantile of the shared), ``kind`` (see `KINDS`; "only a" and "only b" for tasks that
        the other table lacks).
    scores : pandas.DataFrame
        Every changed score: model, task, a, b, shift.
    fields : pandas.DataFrame
        Every other change of a shared record: model, field (base_model, flops or released), a, b, as text.
    """

    a: str
    b: str
    fingerprints: tuple[str, str]
    tau: float
    shared: int
    added: pd.DataFrame
    removed: pd.DataFrame
    tasks: xr.Dataset
    scores: pd.DataFrame
    fields: pd.DataFrame

    @property
    def rescored(self) -> tuple[str, ...]:
        """Tasks whose shared scores were shifted."""
        return tuple(str(task) for task in self.tasks["task"].to_numpy()[self.tasks["kind"].to_numpy() == "re-scored"])

    def warnings(self) -> list[str]:
        """Say which tasks do not mean the same in both tables.

        Returns
        -------
        list of str
            A sentence for each task that was re-scored, or whose quantile moved by 0.01 where enough scores are shared
            to tell; empty when there is none.
        """
        said = []
        for task in map(str, self.tasks["task"].to_numpy()):
            row = self.tasks.sel(task=task)
            kind, shift = str(row["kind"].item()), float(row["quantile_shift"])
            told = int(row["shared"]) * (1 - self.tau) >= 1
            if kind != "re-scored" and not (told and abs(shift) >= _MOVED):
                continue
            what = "was re-scored" if kind == "re-scored" else "changed at its boundary"
            said.append(
                f"{task} {what}: {int(row['changed']):,} of {count(int(row['shared']), 'shared score')} differ, the "
                f"mean shift is {float(row['mean_shift']):+.3f}, and the {self.tau:g} quantile of the shared moves "
                f"from {float(row['quantile_a']):.3f} to {float(row['quantile_b']):.3f}. Fitted together, that looks "
                "like drift: use one of the tables, or say how to combine them."
            )
        return said

    def summary(self) -> str:
        """Describe the change in a few lines.

        Returns
        -------
        str
            Lines of text.
        """
        if self.fingerprints[0] == self.fingerprints[1]:
            return f"{self.a} and {self.b} have the same content (fingerprint {self.fingerprints[0][:12]})."
        lines = [
            f"{self.a} ({self.fingerprints[0][:12]}) to {self.b} ({self.fingerprints[1][:12]}): "
            f"{count(self.shared, 'shared record')}, {len(self.added):,} added, {len(self.removed):,} removed"
        ]
        for name, frame in (("added", self.added), ("removed", self.removed)):
            why = frame["why"][frame["why"] != ""].value_counts()
            lines += [f"{name}, left out of the other: {reason} ({n:,})" for reason, n in why.items()]
        if not self.shared:
            lines.append("No record is in both: whether they are scored alike cannot be told.")
        for field, n in self.fields["field"].value_counts().items():
            lines.append(f"{count(int(n), 'shared record')} with another {field}")
        return "\n".join(lines)


def diff(a: Evaluations, b: Evaluations, *, tau: float = 0.98, tolerance: float = SAME) -> Difference:
    """Compare two versions of a table.

    A task counts as re-scored when at least 5% of the scores that both tables have differ, three or more, their shifts
    are not centred on zero (t-test, p < 0.01), and the shared scores' mean or tau-quantile moves by 0.01.

    Parameters
    ----------
    a, b : Evaluations
        The earlier and the later table.
    tau : float
        Level of the quantiles compared.
    tolerance : float
        Scores this close are equal.

    Returns
    -------
    Difference
        Models added and removed, scores changed, by task.

    Raises
    ------
    QueryError
        If `tau` is not between 0 and 1, or `tolerance` is negative.
    """
    if not 0 < tau < 1 or not tolerance >= 0:
        raise QueryError(
            f"diff: tau is {tau!r} and tolerance {tolerance!r}; write a tau between 0 and 1, and a tolerance that is "
            "not negative."
        )
    in_a, in_b = pair(a, b, tolerance)
    tasks = (*a.tasks, *(task for task in b.tasks if task not in a.tasks))
    scores_a, scores_b = matrix(a, tasks), matrix(b, tasks)
    shift = scores_b[in_b] - scores_a[in_a]
    changed = np.abs(shift) > tolerance
    row, task = np.nonzero(changed)
    names = a.models["model"].to_numpy(dtype=object)
    return Difference(
        a=a.source,
        b=b.source,
        fingerprints=(a.fingerprint, b.fingerprint),
        tau=tau,
        shared=len(in_a),
        added=_lone(b, in_b, a),
        removed=_lone(a, in_a, b),
        tasks=_by_task(tasks, scores_a, scores_b, in_a, in_b, shift, changed, tau),
        scores=pd.DataFrame(
            {
                "model": pd.Series(names[in_a[row]], dtype="str"),
                "task": pd.Series(np.array(tasks, dtype=object)[task], dtype="str"),
                "a": scores_a[in_a[row], task],
                "b": scores_b[in_b[row], task],
                "shift": shift[row, task],
            }
        ),
        fields=_fields(a.models.iloc[in_a], b.models.iloc[in_b]),
    )


def _lone(here: Evaluations, matched: np.ndarray, there: Evaluations) -> pd.DataFrame:
    """Return the records of one table that the other does not have, and why as far as it says."""
    alone = np.setdiff1d(np.arange(here.n_models), matched)
    found = here.models.iloc[alone][["model", *_FIELDS]].reset_index(drop=True)
    first = there.dropped.drop_duplicates("model")
    reasons = dict(zip(first["model"], first["reason"], strict=True))
    why = [reasons.get(model, "") for model in found["model"]]
    return found.assign(why=pd.Series(why, index=found.index, dtype="str"))


def _by_task(
    tasks: tuple[str, ...],
    scores_a: np.ndarray,
    scores_b: np.ndarray,
    in_a: np.ndarray,
    in_b: np.ndarray,
    shift: np.ndarray,
    changed: np.ndarray,
    tau: float,
) -> xr.Dataset:
    both = ~np.isnan(shift)
    n = both.sum(axis=0)
    quantiles = np.full((2, len(tasks)), np.nan)
    means = np.full(len(tasks), np.nan)
    kinds = np.full(len(tasks), "", dtype=object)
    for k in range(len(tasks)):
        if np.isnan(scores_a[:, k]).all() or np.isnan(scores_b[:, k]).all():
            kinds[k] = "only b" if np.isnan(scores_a[:, k]).all() else "only a"
        if n[k]:
            quantiles[0, k] = np.quantile(scores_a[in_a[both[:, k]], k], tau)
            quantiles[1, k] = np.quantile(scores_b[in_b[both[:, k]], k], tau)
            means[k] = shift[both[:, k], k].mean()
        moved = max(abs(means[k]), abs(quantiles[1, k] - quantiles[0, k])) >= _MOVED
        kinds[k] = kinds[k] or _kind(shift[changed[:, k], k], int(n[k]), moved)
    return xr.Dataset(
        {
            "scores_a": ("task", (~np.isnan(scores_a)).sum(axis=0)),
            "scores_b": ("task", (~np.isnan(scores_b)).sum(axis=0)),
            "shared": ("task", n),
            "changed": ("task", changed.sum(axis=0)),
            "mean_shift": ("task", means),
            "quantile_a": ("task", quantiles[0]),
            "quantile_b": ("task", quantiles[1]),
            "quantile_shift": ("task", quantiles[1] - quantiles[0]),
            "kind": ("task", kinds),
        },
        coords={"task": np.array(tasks, dtype=object)},
        attrs={"tau": tau},
    )


def _kind(shifts: np.ndarray, shared: int, moved: bool) -> str:
    """Class a task by the shifts of its changed scores, shape (n_changed,), and whether mean or quantile moved."""
    if not len(shifts):
        return "same"
    if len(shifts) < max(_FEWEST, _MANY * shared):
        return "corrected"
    from scipy.stats import ttest_1samp

    # shifts that are all the same leave the test nothing to estimate their spread from
    directed = np.ptp(shifts) < 1e-12 or ttest_1samp(shifts, 0.0).pvalue < _CHANCE
    return "re-scored" if moved and directed else "noisy"


def _fields(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    changes = []
    for field in _FIELDS:
        before, after = a[field].reset_index(drop=True), b[field].reset_index(drop=True)
        other = (before != after) & ~(before.isna() & after.isna())
        if field == "flops":
            other &= (before / after - 1).abs() > 1e-6
        if other.any():
            changes.append(
                pd.DataFrame(
                    {
                        "model": a["model"].to_numpy(dtype=object)[other.to_numpy(dtype=bool)],
                        "field": field,
                        "a": _text(before[other]),
                        "b": _text(after[other]),
                    }
                )
            )
    columns = ["model", "field", "a", "b"]
    return pd.concat(changes, ignore_index=True) if changes else pd.DataFrame(columns=columns, dtype="str")


def _text(values: pd.Series) -> list[str]:
    if pd.api.types.is_datetime64_any_dtype(values):
        return ["" if pd.isna(value) else f"{value:%Y-%m-%d}" for value in values]
    return [f"{value:.4g}" if isinstance(value, float) else str(value) for value in values]


# Whether one table holds two scorings of a task.

_FEWEST_SHARED, _MANY_SHARED, _MANY_REPEATED = 3, 0.5, 0.1
# One equal score may be chance: with a few hundred questions many runs share one.
_FEWEST_EQUAL = 2


def mixed_scorings(evaluations: Evaluations, tolerance: float = SAME) -> dict[str, int]:
    """Find tasks on which one table holds two scorings: copies of a record that agree but for that task.

    That is what two versions of a leaderboard look like when one is appended to the other: many copies, and most of
    them differ on the same task. Records of one model that are other runs (precisions) disagree on most tasks, or now
    on this and now on that one, and do not count.
    """
    models = evaluations.models
    again = models["model"].duplicated(keep=False).to_numpy()
    if not again.any():
        return {}
    tasks = list(evaluations.tasks)
    scores = matrix(evaluations, tasks)[again]
    codes = pd.factorize(models["model"][again])[0]
    order = np.argsort(codes, kind="stable")
    scores, codes = scores[order], codes[order]
    next_to = np.flatnonzero(codes[1:] == codes[:-1])
    apart = np.abs(scores[next_to + 1] - scores[next_to])
    equal, other = apart <= tolerance, apart > tolerance
    alike, differ = equal.sum(axis=1), other.sum(axis=1)
    copies = (alike >= _FEWEST_EQUAL) & (differ >= 1) & (alike >= differ)
    fewest = max(_FEWEST_SHARED, _MANY_SHARED * copies.sum(), _MANY_REPEATED * len(next_to))
    if len(tasks) == _FEWEST_EQUAL:
        # one equal score may be chance: then half of all that is repeated must show it
        copies, fewest = (alike == 1) & (differ == 1), max(_FEWEST_SHARED, _MANY_SHARED * len(next_to))
    counts = other[copies].sum(axis=0)
    return {task: int(n) for task, n in zip(tasks, counts, strict=True) if n >= fewest}


def require_one_scoring(evaluations: Evaluations) -> None:
    """Refuse a table that holds two scorings of a task."""
    found = mixed_scorings(evaluations)
    if found:
        which = ", ".join(f"{task} ({count(n, 'model')})" for task, n in found.items())
        raise DataError(
            f"{evaluations.source} mixes scorings: records of one model agree on other tasks and differ on {which}, as "
            f"when versions of a leaderboard are appended to each other. Leave {listed(found)} out, keep one record a "
            "model (duplicates first), or combine the versions and say which scoring counts."
        )
