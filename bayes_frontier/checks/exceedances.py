"""Whether scores above the boundary pile up in some base models."""

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import CheckInput, Records, cluster_error
from bayes_frontier.checks.result import Check, Limits, rows_off, task_names
from bayes_frontier.model.likelihood import FloatArray

# Dispersion of the counts over base models (1: binomial), where the probability of as much by chance, times the number
# of tasks, is below this.
DISPERSION = Limits(1.5, 2.5)
CHANCE = Limits(0.05, 0.01)
_REPETITIONS = 5000


def check(given: CheckInput) -> Check:
    """Check that no base model has many more scores above its boundary than chance would put there."""
    numbers = dispersion(given.records, given.seed)
    numbers = numbers.assign(verdict=verdicts(numbers))
    return Check.from_rows("exceedances", numbers, sentence(numbers))


def by_base_model(records: Records) -> pd.DataFrame:
    """Exceedances of every base model on every task."""
    weight = records.table["weight"]
    table = records.table.assign(n=weight, exceedances=weight * records.table["above"])
    counts = table.groupby(["task", "base_model"], sort=False)[["n", "exceedances"]].sum().reset_index()
    return counts.assign(expected=(1.0 - records.tau) * counts["n"])


def dispersion(records: Records, seed: int = 0) -> pd.DataFrame:
    """Dispersion of exceedance counts over base models, against binomial counts.

    ``sum_g (x_g - e_g)**2 / sum_g e_g tau`` is 1 on average when each score exceeds with probability 1 - tau, whatever
    its base model. Boundaries that leave base models out pile exceedances up in the strong ones; a fitted effect each
    evens them out, to below 1.
    """
    counts, tau = by_base_model(records), records.tau
    rng = np.random.default_rng(seed)
    rows = []
    for task, part in counts.groupby("task", sort=False):
        n, expected = part["n"].to_numpy(), part["expected"].to_numpy()
        spread = expected.sum() * tau
        value = ((part["exceedances"] - expected) ** 2).sum() / spread
        of_task = records.table[records.table["task"] == task]
        chance = _by_chance(of_task, part["base_model"], tau, rng)
        beyond = ((chance - expected) ** 2).sum(axis=1) / spread >= value
        top = part.iloc[int((part["exceedances"] - part["expected"]).to_numpy().argmax())]
        rows.append(
            {
                "task": task,
                "n": float(n.sum()),
                "base_models": len(part),
                "dispersion": float(value),
                "chance": (1 + int(beyond.sum())) / (1 + _REPETITIONS),
                "top": top["base_model"],
                "top_exceedances": float(top["exceedances"]),
                "top_expected": float(top["expected"]),
                "binomial_error": float(np.sqrt(tau * (1.0 - tau) / n.sum())),
                "cluster_error": cluster_error(of_task["above"], of_task["base_model"], of_task["weight"])[0],
            }
        )
    return pd.DataFrame(rows)


def _by_chance(of_task: pd.DataFrame, names: pd.Series, tau: float, rng: np.random.Generator) -> FloatArray:
    """Weighted counts of exceedances that chance gives to base models, shape (n_repetitions, n_base_models).

    Scores that one uploader's models have are correlated as the fit found: beta-binomial, of the same weight each.
    """
    tail = 1.0 - tau
    made = of_task.groupby("cluster").agg(
        base_model=("base_model", "first"), weight=("weight", "first"), n=("weight", "size")
    )
    base = pd.Index(names).get_indexer(pd.Index(made["base_model"]))
    n, weight = made["n"].to_numpy(), made["weight"].to_numpy()
    alone = weight == 1.0
    counts = rng.binomial(np.bincount(base[alone], n[alone], len(names)).astype(int), tail, (_REPETITIONS, len(names)))
    total = counts.astype(float)
    if not alone.all():
        n, weight, base = n[~alone], weight[~alone], base[~alone]
        correlation = (n / weight - n) / (n * (n - 1.0))  # weight is 1 / (1 + (n - 1) correlation)
        spread = (1.0 - correlation) / correlation
        rate = rng.beta(tail * spread, tau * spread, (_REPETITIONS, len(n)))
        above = weight * rng.binomial(n, rate)
        np.add.at(total.T, base, above.T)
    return total


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """Grade the dispersion of exceedances over base models: it must matter and not be chance."""
    grades = pd.Series("pass", index=numbers.index)
    for verdict in ("warn", "fail"):
        large = numbers["dispersion"] > getattr(DISPERSION, verdict)
        # as many tests as tasks
        grades[large & (numbers["chance"] * len(numbers) <= getattr(CHANCE, verdict))] = verdict
    return grades


def sentence(numbers: pd.DataFrame) -> str:
    """Say whether exceedances pile up."""
    off = rows_off(numbers)
    row = (off if len(off) else numbers).sort_values("dispersion").iloc[-1]
    where = (
        f"{row['task']}: dispersion {row['dispersion']:.1f} times binomial, most in {row['top']} "
        f"({row['top_exceedances']:.3g} scores above the boundary, {row['top_expected']:.1f} expected)"
    )
    if off.empty:
        return f"Scores above the boundary are spread over base models as chance would. Highest on {where}."
    return (
        f"Scores above the boundary pile up in some base models on {task_names(off)}. {where}. The model does not "
        "follow these base models; if it has no base-model effects, fit one that has."
    )
