"""What changed from one version of a table to another: models, scores, and whether a task was re-scored.

A leaderboard that changes how a benchmark is marked changes its scores at once, for models old and new. Fitted
together, both markings look like a boundary that moves.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.pairing import SAME, matrix, pair
from bayes_frontier.wording import count

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
