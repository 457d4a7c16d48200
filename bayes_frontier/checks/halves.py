"""Whether two halves of the scores, each fitted again, differ by as much as their intervals say."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.checks.records import CheckInput, fitted_again
from bayes_frontier.checks.result import Check, Limits
from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.clusters import siblings
from bayes_frontier.model.curve import log_flops
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import count

# Models that a base model has to have in each half for its own boundary to be compared.
FEWEST = 20
# Computes, as quantiles of those of the models, at which population boundaries are compared.
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Differences in units of their standard deviation that one in ten is beyond, where intervals are right.
SIZE = 1.645
# How seldom chance would make the mean square so large. Differences of one task hang together over compute, and those
# of a base model over tasks: each task of a split counts as two that are independent, each base model as one.
CHANCE = Limits(0.95, 0.99)
_INDEPENDENT = {"population": 2, "base models": 1}
_FEWEST_BASES = 8
_NOT_ASKED = "Not run: whether intervals are as wide as halves of the scores differ takes fits; --halves 1 makes them."


def by_base_model(evaluations: Evaluations, seed: int) -> tuple[Evaluations, Evaluations]:
    """Split base models into two halves at random, each with all its models."""
    names = np.sort(evaluations.models["base_model"].unique())
    if len(names) < 4:
        raise DataError(f"{evaluations.source}: {len(names)} base models; halves need at least 4.")
    chosen = np.random.default_rng(seed).permutation(names)[: len(names) // 2]
    first = evaluations.models["base_model"].isin(chosen).to_numpy()
    return evaluations.subset(first), evaluations.subset(~first)


def by_uploader(evaluations: Evaluations, seed: int) -> tuple[Evaluations, Evaluations]:
    """Split uploaders into two halves at random, each with all their models of all base models."""
    # of one base model: what stands before the slash, and models without it one by one
    uploader = siblings(evaluations.models.assign(base_model="any"))
    first = np.random.default_rng(seed).permutation(uploader.max() + 1) < (uploader.max() + 1) // 2
    return evaluations.subset(first[uploader]), evaluations.subset(~first[uploader])


def population_differences(halves: Sequence[Frontier], flops: Sequence[float]) -> list[dict[str, Any]]:
    """Compare the population boundaries of two fits at some computes."""
    drawn = [frontier.boundary(list(flops)) for frontier in halves]
    return [
        {"task": task, "where": f"{value:.2g}", **_difference([one.sel(task=task).isel(flops=i) for one in drawn])}
        for task in halves[0].tasks
        if task in halves[1].tasks
        for i, value in enumerate(flops)
    ]


def base_model_differences(halves: Sequence[Frontier]) -> list[dict[str, Any]]:
    """Compare the boundaries of base models that have many models in both."""
    counts = [frontier.evaluations.models["base_model"].value_counts() for frontier in halves]
    models = halves[0].evaluations.models
    rows = []
    for name in sorted(set(counts[0].index) & set(counts[1].index)):
        if min(counts[0][name], counts[1][name]) < FEWEST:
            continue
        flops = float(models.loc[models["base_model"] == name, "flops"].median())
        drawn = [frontier.boundary(flops, base_model=name) for frontier in halves]
        rows += [
            {"task": task, "where": name, **_difference([one.sel(task=task) for one in drawn])}
            for task in halves[0].tasks
            if task in halves[1].tasks
        ]
    return rows


def _difference(drawn: Sequence[Any]) -> dict[str, float]:
    first, second = (np.asarray(one, dtype=float) for one in drawn)
    widths = [float(np.diff(np.quantile(one, [0.05, 0.95]))[0]) for one in (first, second)]
    z = (first.mean() - second.mean()) / np.sqrt(first.var() + second.var())
    return {"difference": float(first.mean() - second.mean()), "z": float(z), "width": float(np.mean(widths))}


def check(given: CheckInput) -> Check:
    """Check that halves by base model and by uploader, each fitted again, differ as their intervals say."""
    if not given.halves:
        words = (
            "Not run: whether intervals are as wide as halves of the scores differ takes fits; --halves 1 makes them."
        )
        return Check.not_run("halves", words)
    if not given.frontier.curves.has_base_models or len(given.frontier.base_model_names) < _FEWEST_BASES:
        return Check.not_run("halves", f"With fewer than {_FEWEST_BASES} base models there are no halves to compare.")
    numbers = differences(given.frontier, given.halves, given.seed)
    numbers = numbers.assign(verdict=verdicts(numbers))
    return Check.from_rows("halves", numbers, sentence(numbers))


def differences(frontier: Frontier, splits: int, seed: int = 0) -> pd.DataFrame:
    """Fit both halves of so many splits, and compare them: population boundaries, and those of large base models.

    Its columns: of, differences, mean_square (of the difference over its standard deviation), beyond (share beyond
    SIZE), independent (differences that this many are worth).
    """
    evaluations = frontier.evaluations
    flops = [float(f) for f in 10.0 ** np.quantile(log_flops(evaluations.models["flops"]), QUANTILES)]
    found: dict[str, list[dict[str, Any]]] = {"population": [], "base models": []}
    for split in range(seed, seed + splits):
        halves = [fitted_again(frontier, half) for half in by_base_model(evaluations, split)]
        found["population"] += population_differences(halves, flops)
        uploaders = by_uploader(evaluations, split)
        counts = [half.models["base_model"].value_counts() for half in uploaders]
        # fits are long: none where there would be nothing to compare
        if (pd.concat(counts, axis=1, join="inner").min(axis=1) >= FEWEST).any():
            found["base models"] += base_model_differences([fitted_again(frontier, half) for half in uploaders])
    rows = []
    for name, part in found.items():
        if part:
            table = pd.DataFrame(part)
            units = table["task"] if name == "population" else table["where"]
            independent = _INDEPENDENT[name] * units.nunique() * splits
            beyond = float((table["z"].abs() > SIZE).mean())
            rows.append((name, len(table), float((table["z"] ** 2).mean()), beyond, independent))
    return pd.DataFrame(rows, columns=["of", "differences", "mean_square", "beyond", "independent"])


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """Grade each kind of boundary: the mean square is larger than chance makes it."""
    grades = pd.Series("pass", index=numbers.index)
    for verdict in ("warn", "fail"):
        limit = stats.chi2.ppf(getattr(CHANCE, verdict), numbers["independent"]) / numbers["independent"]
        grades[numbers["mean_square"] > limit] = verdict
    return grades


def sentence(numbers: pd.DataFrame) -> str:
    """Say by how much halves differ, of what their intervals say."""
    parts = [
        f"{row['of']}: {np.sqrt(row['mean_square']):.2f} times as far apart as their intervals say, "
        f"{100 * row['beyond']:.0f}% of {count(int(row['differences']), 'difference')} beyond what a tenth should be"
        for _, row in numbers.iterrows()
    ]
    off = numbers[numbers["verdict"] != "pass"]
    said = f"Halves fitted apart, {'; '.join(parts)}."
    if off.empty:
        return said
    return f"{said} Intervals of {' and '.join(off['of'])} are too narrow: take them as that many times as wide."
