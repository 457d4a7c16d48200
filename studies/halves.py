"""Random halves of the base models: fit one, predict the boundary of the other's models as on new base models."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from bayes_frontier.checks.halves import by_base_model
from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import Evaluations
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior.frontier import Frontier
from studies.runner import append_line, read_lines

LIMIT = 0.012
"""How far coverage averaged over tasks and splits may be from tau."""


def covered(frontier: Frontier, held: Evaluations) -> pd.DataFrame:
    """Count held-out scores at or below the posterior mean population boundary."""
    names = sorted(held.models["base_model"].unique())
    z = reference_compute(held.models, names)
    at = np.unique(z)
    drawn = frontier.boundary(10.0**at, period="all").mean(("chain", "draw"))
    level = drawn.transpose("task", "period", "flops").to_numpy()
    table = held.table
    task = pd.Index(frontier.tasks).get_indexer(pd.Index(table["task"]))
    column = np.searchsorted(at, z)[pd.Index(names).get_indexer(pd.Index(table["base_model"]))]
    period = pd.Index(frontier.period_labels).get_indexer(pd.Index(held.period_labels))[table["period"].to_numpy()]
    if (task < 0).any() or (period < 0).any():
        raise DataError(
            f"{held.source}: a task or period has base models in one half only; leave it out, or close fewer periods."
        )
    below = table["score"].to_numpy(float) <= level[task, period, column]
    counted = pd.DataFrame({"task": table["task"].to_numpy(), "below": below}).groupby("task", sort=False)["below"]
    return counted.agg(n="size", below="sum").reset_index()


def run_halves(
    evaluations: Evaluations,
    splits: int,
    fit: Callable[[Evaluations, int], Frontier],
    path: Path,
    progress: Callable[[int, int], None],
) -> pd.DataFrame:
    """Run what is not in the file yet, and return all splits."""
    done = {line["replication"] for line in read_lines(path)}
    for split in range(splits):
        progress(len(done), splits)
        if split in done:
            continue
        half, held = by_base_model(evaluations, split)
        counts = covered(fit(half, split), held)
        append_line(path, {"replication": split, "counts": counts.to_dict("records")})
        done.add(split)
    progress(len(done), splits)
    rows = [
        {"split": line["replication"], **row}
        for line in read_lines(path)
        if line["replication"] < splits
        for row in line["counts"]
    ]
    return pd.DataFrame(rows).assign(coverage=lambda frame: frame["below"] / frame["n"])


def halves_error(table: pd.DataFrame, tau: float) -> tuple[float, float]:
    """Summarise coverage over tasks and splits."""
    by_split: FloatArray = table.groupby("split")["coverage"].mean().to_numpy(float) - tau
    spread = float(by_split.std(ddof=1) / np.sqrt(len(by_split))) if len(by_split) > 1 else float("nan")
    return float(by_split.mean()), spread
