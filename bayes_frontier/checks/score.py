"""`score`: models that a fit has not seen, scored against its predictions, base models it knows and new ones apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.diff import matrix, pair
from bayes_frontier.model.likelihood import FloatArray, IntArray, pinball_loss
from bayes_frontier.posterior.ahead import chances, compute_fitted_at, even_draws, place, predictive_levels
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import check_prob, shared_tasks
from bayes_frontier.text import check_choice


def expectations(frontier: Frontier, models: pd.DataFrame) -> pd.DataFrame:
    """Set scores of models beside their predictive boundaries."""
    names, base_models, placed = place(frontier, models)
    scores = models.reindex(columns=list(frontier.tasks)).to_numpy(dtype=np.float64)
    row, task = np.nonzero(~np.isnan(scores))
    draws = even_draws(frontier)
    level = predictive_levels(frontier.curves, placed, draws)
    above, chance = chances(frontier.curves, placed, draws, scores)
    bases = base_models.to_numpy(dtype=object)[row]
    table = pd.DataFrame(
        {
            "model": names.to_numpy(dtype=object)[row],
            "base_model": bases,
            "known": np.isin(bases.astype(str), frontier.base_model_names),
            "flops": compute_fitted_at(frontier, base_models, models["flops"]).to_numpy(dtype=np.float64)[row],
            "task": np.array(frontier.tasks, dtype=object)[task],
            "score": scores[row, task],
            "boundary": level[row, task],
            "above": above[row, task],
            "chance": chance[row, task],
        }
    )
    return table.sort_values(["chance", "score"], ascending=[True, False], kind="stable", ignore_index=True)


Bridge = Literal["mean", "upper", "none"]
GROUPS = ("all", "known", "new")
# Fewer shared scores than this give no bridge.
_FEWEST = 10
_DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Scored:
    """Predictions of a fit and the scores that came.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per task (and "all", the mean over tasks), group ("all", "known": base models that were fitted, "new")
        and scores ("raw", "bridged"): n, base_models, pinball, constant (pinball loss of the last fitted period's
        quantile) and error (share at or below the boundary minus tau), each with lower and upper.
    bridge : pandas.DataFrame
        One row per task: shared (scores of models that both tables have), shift (new minus old), lower, upper, kind:
        what was taken off, "mean" or "upper", or "none" where too few are shared.
    records : pandas.DataFrame
        model, base_model, known, flops, released of the models scored, then one column per task with the boundary.
    left_out : int
        Records that the fit has too: they are no news, and measure the bridge.
    about : mapping
        tau, prob, names and fingerprints of both tables.
    """

    table: pd.DataFrame
    bridge: pd.DataFrame
    records: pd.DataFrame
    left_out: int
    about: Mapping[str, object]


def score(
    frontier: Frontier, evaluations: Evaluations, *, bridge: str = "mean", prob: float = 0.9, seed: int = 1
) -> Scored:
    """Score models that a fit has not seen.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    evaluations : Evaluations
        Another table; its tasks that the fit has are scored.
    bridge : {"mean", "upper", "none"}
        How scores are brought to the fit's marking: less the mean shift of the models that both tables have; less that
        of the upper half of these by the mean of both scores, which is nearer to the boundary and noisier; or not.
    prob : float
        Probability of the intervals.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Scored
        Losses and coverage. Intervals are percentiles of a bootstrap that resamples base models, of the new models and
        of those that measure the bridge.

    Raises
    ------
    QueryError
        If the tables share no task, no model is new, or a choice is unknown.
    """
    check_prob(prob)
    check_choice(bridge, get_args(Bridge), "bridge")
    tasks = shared_tasks(frontier, evaluations, None)
    rng = np.random.default_rng(seed)
    fitted = frontier.evaluations
    in_fit, in_new = pair(fitted, evaluations)
    old, new = matrix(fitted, tasks)[in_fit], matrix(evaluations, tasks)[in_new]
    shift, bridging = new - old, ~np.isnan(new - old)
    if bridge == "upper" and len(shift):
        middle = 0.5 * (new + old)
        for k in np.flatnonzero(bridging.any(axis=0)):
            bridging[:, k] &= middle[:, k] >= np.median(middle[bridging[:, k], k])
    enough = (bridging.sum(axis=0) >= _FEWEST) & (bridge != "none")
    bases = fitted.models["base_model"].to_numpy(dtype=object)[in_fit]
    moved = _resampled_means(np.where(bridging, shift, np.nan), bases, rng)
    with np.errstate(invalid="ignore"):
        centre = np.where(bridging, shift, 0.0).sum(axis=0) / bridging.sum(axis=0)
    known_names = set(fitted.models["model"])
    fresh = ~evaluations.models["model"].isin(known_names).to_numpy(dtype=bool)
    models = evaluations.models[fresh].reset_index(drop=True)
    scores = models.reindex(columns=tasks).to_numpy(dtype=np.float64)
    if not len(models):
        raise QueryError(f"{evaluations.source}: the fit has all of its {evaluations.n_models:,} models; none is new.")
    _, base_models, placed = place(frontier, models, evaluations.registry)
    levels = predictive_levels(frontier.curves, placed, even_draws(frontier))
    level = levels[:, [frontier.tasks.index(task) for task in tasks]]
    base = base_models.to_numpy(dtype=object)
    of_fitted = np.isin(base.astype(str), frontier.base_model_names)
    last = fitted.models[fitted.models["period"] == fitted.n_periods - 1]
    constant = np.asarray(last.reindex(columns=tasks).quantile(frontier.tau).to_numpy(dtype=np.float64))
    zero = np.zeros(len(tasks))
    rows = []
    for name, off, draws in (
        ("raw", zero, np.zeros_like(moved)),
        ("bridged", np.where(enough, centre, 0.0), np.where(enough, moved, 0.0)),
    ):
        if name == "raw" or enough.any():
            for group, mask in zip(GROUPS, (np.ones_like(of_fitted), of_fitted, ~of_fitted), strict=True):
                made = _Cells(scores[mask], level[mask], constant, base[mask], frontier.tau, prob)
                rows += [{**row, "group": group, "scores": name} for row in made.rows(tasks, off, draws, rng)]
    tail = [0.5 - 0.5 * prob, 0.5 + 0.5 * prob]
    low, high = np.quantile(np.where(enough, moved, np.nan), tail, axis=0)
    return Scored(
        table=pd.DataFrame(rows),
        bridge=pd.DataFrame(
            {
                "task": tasks,
                "shared": bridging.sum(axis=0),
                "shift": centre,
                "lower": low,
                "upper": high,
                "kind": np.where(enough, bridge, "none"),
            }
        ),
        records=models[["model", "base_model", "flops", "released"]]
        .assign(known=of_fitted)
        .join(pd.DataFrame(level, columns=tasks)),
        left_out=int((~fresh).sum()),
        about={
            "tau": frontier.tau,
            "prob": prob,
            "fitted": fitted.source,
            "fitted_sha256": fitted.fingerprint,
            "scored": evaluations.source,
            "scored_sha256": evaluations.fingerprint,
        },
    )


def _resampled_means(values: FloatArray, base: npt.NDArray[np.object_], rng: np.random.Generator) -> FloatArray:
    """Means over resampled base models, shape (n_draws, n_tasks), of values (n_records, n_tasks), NaN where none."""
    if not len(values):
        return np.full((_DRAWS, values.shape[1]), np.nan)
    cluster, names = pd.factorize(base)
    weights = _weights(len(names), rng)
    total, count = np.zeros((2, len(names), values.shape[1]))
    there = ~np.isnan(values)
    np.add.at(total, cluster, np.where(there, values, 0.0))
    np.add.at(count, cluster, there.astype(float))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights @ total) / (weights @ count))


def _weights(n: int, rng: np.random.Generator) -> FloatArray:
    """How often each of n base models is drawn, shape (n_draws, n)."""
    return rng.multinomial(n, np.full(n, 1.0 / n), size=_DRAWS).astype(float)


@dataclass(frozen=True)
class _Cells:
    """Scores, shape (n_records, n_tasks), with boundaries, of one group of models."""

    scores: FloatArray
    level: FloatArray
    constant: FloatArray
    base: npt.NDArray[np.object_]
    tau: float
    prob: float

    def rows(
        self, tasks: list[str], off: FloatArray, draws: FloatArray, rng: np.random.Generator
    ) -> list[dict[str, object]]:
        """One row per task and one of their mean; `off` is the bridge, shape (n_tasks,), `draws` those of it."""
        there = ~np.isnan(self.scores)
        values = self._values(off, there)
        cluster: IntArray = np.asarray(pd.factorize(self.base)[0], dtype=np.int64)
        n_bases = int(cluster.max(initial=-1)) + 1
        weights = _weights(n_bases, rng)[:, cluster] if n_bases else np.zeros((_DRAWS, 0))
        resampled = np.full((_DRAWS, 3, len(tasks)), np.nan)
        for b in range(_DRAWS if n_bases else 0):
            resampled[b] = self._values(draws[b], there, weights[b])
        tail = [0.5 - 0.5 * self.prob, 0.5 + 0.5 * self.prob]
        rows = []
        for name, k in [*((task, [i]) for i, task in enumerate(tasks)), ("all", list(range(len(tasks))))]:
            row: dict[str, object] = {
                "task": name,
                "n": int(there[:, k].sum()),
                "base_models": len(set(self.base[there[:, k].any(axis=1)])),
            }
            for i, what in enumerate(("pinball", "constant", "error")):
                mine, drawn = values[i, k], resampled[:, i, k].mean(axis=1)
                drawn = drawn[~np.isnan(drawn)]
                low, high = np.quantile(drawn, tail) if len(drawn) else (np.nan, np.nan)
                row |= {what: float(mine.mean()), f"{what}_lower": float(low), f"{what}_upper": float(high)}
            rows.append(row)
        return rows

    def _values(self, off: FloatArray, there: npt.NDArray[np.bool_], weight: FloatArray | None = None) -> FloatArray:
        """Mean pinball loss, that of the constant, and signed coverage error, shape (3, n_tasks)."""
        bridged = self.scores - off
        values = np.stack(
            [
                pinball_loss(bridged - self.level, self.tau),
                pinball_loss(bridged - self.constant, self.tau),
                (bridged <= self.level) - self.tau,
            ]
        )
        by = there.astype(float) if weight is None else there * weight[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((np.where(there, values, 0.0) * by).sum(axis=1) / by.sum(axis=0))
