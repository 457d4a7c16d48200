"""Measure how much fitted base models move on their own, as their fine-tunes get better while the others' do not.

    python -m studies.own_moves v2.csv=2024-06-30,2024-09-30,2024-12-31 v1.csv=2023-09-30,2023-12-31 --out reports/moves

Each table is fitted with periods closed by its dates. Where a base model has enough models in two stretches of time in
turn, the tau-quantile of its scores about the fitted boundary, drift included, is compared between the two. What the
bootstrap says a quantile of so few scores scatters by is taken off. Per task that leaves the standard deviation of a
base model's own step in a quarter of a year, as a share of the spread of base models; and from the shares of all tasks
the half-normal distribution they may be draws of, the prior `base_model_innovation` of models/hierarchical.toml. Writes
README.md and moves.csv.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit

import bayes_frontier as bf
from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file

Floats = npt.NDArray[np.float64]
# Models a base model needs in each of two stretches; others say how much hangs on it.
LEAST = (20, 25, 40)
RESAMPLES = 400
SHARES: Floats = np.linspace(0.0, 2.0, 401)
# Scales of the half-normal distribution of shares, equally likely before.
SCALES: Floats = np.linspace(0.02, 1.5, 149)
# Logits are taken no farther out than those of these scores.
_LOW, _HIGH = 0.005, 0.995
# A quantile is never taken to be known better than this, in units of the spread of base models.
_LEAST_NOISE = 0.01


class Estimate(NamedTuple):
    """Scale of the half-normal distribution of shares: most likely, mean, and 95% interval."""

    mode: float
    mean: float
    low: float
    high: float


def steps(frontier: bf.Frontier, least: int, lag: int = 1) -> pd.DataFrame:
    """Find what base models moved on their own from one stretch to another."""
    models, tau, rng = frontier.evaluations.models, frontier.tau, np.random.default_rng(0)
    fitted = frontier.fitted().to_numpy()
    spread = frontier.posterior["posterior"].dataset["base_model_scale"].mean(("chain", "draw")).to_numpy()
    scores = models[list(frontier.tasks)].to_numpy(float)
    about = logit(np.clip(scores, _LOW, _HIGH)) - logit(np.clip(fitted, _LOW, _HIGH))
    stretch = frontier.stretches.of_model
    rows = []
    for base, own in models.groupby("base_model").indices.items():
        for t in range(lag, frontier.stretches.n):
            sides = [about[own[stretch[own] == s]] for s in (t - lag, t)]
            if min(len(side) for side in sides) < least:
                continue
            # resampled by record: a model's scores on all tasks go together
            drawn = [side[rng.integers(0, len(side), (RESAMPLES, len(side)))] for side in sides]
            step = np.nanquantile(sides[1], tau, axis=0) - np.nanquantile(sides[0], tau, axis=0)
            noise = (np.nanquantile(drawn[1], tau, axis=1) - np.nanquantile(drawn[0], tau, axis=1)).std(axis=0)
            gap = frontier.stretches.gaps[t - lag : t].sum()
            rows += [
                (task, base, len(sides[0]), len(sides[1]), gap, step[k], noise[k], spread[k])
                for k, task in enumerate(frontier.tasks)
            ]
    names = ["task", "base_model", "before", "after", "gap", "step", "noise", "spread"]
    found = pd.DataFrame(rows, columns=names)
    found[["step", "noise"]] = found[["step", "noise"]].div(found.pop("spread"), axis=0)
    # a task without scores in one of the stretches has no quantile there
    return found.dropna(ignore_index=True)


def log_likelihood(found: pd.DataFrame) -> Floats:
    """Give the log likelihood of one task's share.

    Shapes: returns (len(SHARES),).
    """
    step, noise, gap = (found[name].to_numpy()[:, None] for name in ("step", "noise", "gap"))
    variance = SHARES**2 * gap + noise**2 + _LEAST_NOISE**2
    weight = 1.0 / variance
    together = (weight * step).sum(axis=0) / weight.sum(axis=0)
    each = -0.5 * weight * (step - together) ** 2 - 0.5 * np.log(variance)
    return np.asarray(each.sum(axis=0) - 0.5 * np.log(weight.sum(axis=0)))


def estimate(likelihoods: Sequence[Floats]) -> Estimate:
    """Estimate the scale of the half-normal distribution that shares are drawn from."""
    prior = np.exp(-0.5 * (SHARES / SCALES[:, None]) ** 2)
    prior /= prior.sum(axis=1, keepdims=True)
    log_density = sum(np.log(prior @ np.exp(one - one.max())) for one in likelihoods)
    mass = np.exp(log_density - np.max(log_density))
    mass /= mass.sum()
    low, high = SCALES[np.searchsorted(np.cumsum(mass), [0.025, 0.975])]
    return Estimate(float(SCALES[mass.argmax()]), float(SCALES @ mass), float(low), float(high))


def page(command: str, fits: dict[str, bf.Frontier]) -> tuple[str, pd.DataFrame]:
    """Write the measurement up."""
    lines = [
        "# How much base models move on their own",
        "",
        "Written by",
        "",
        f"    {command}",
        "",
        "Standard deviation of a base model's own step in a quarter of a year, as a share of the spread of base models "
        "(most likely value), by task; pairs are base models with so many models or more in two stretches of time in "
        "turn. The scale is that of a half-normal distribution of the shares: most likely, mean, 95% interval.",
        "",
        "| table | models | pairs | share by task | scale |",
        "| --- | --- | --- | --- | --- |",
    ]
    parts, together = [], []
    for least in LEAST:
        everything: list[Floats] = []
        for name, frontier in fits.items():
            found = steps(frontier, least)
            if found.empty:
                continue
            parts.append(found.assign(table=name, least=least))
            own = {str(task): log_likelihood(rows) for task, rows in found.groupby("task", sort=False)}
            everything += own.values()
            shares = ", ".join(f"{task} {SHARES[one.argmax()]:.2f}" for task, one in own.items())
            pairs = len(found) // len(own)
            lines.append(f"| {name} | {least} | {pairs} | {shares} | {_said(estimate(list(own.values())))} |")
        if everything:
            together.append(f"| all | {least} | | | {_said(estimate(everything))} |")
    if not parts:
        raise SystemExit(f"no base model has {min(LEAST)} models in each of two stretches in turn: nothing to measure")
    lines += [
        *together,
        "",
        f"Over longer times (base models with {LEAST[0]} models or more in both stretches): if the steps are those of "
        "a random walk, the root mean square of the tasks' shares, each of a step over the square root of its "
        "quarters, stays the same.",
        "",
        "| table | stretches apart | pairs | quarters, mean | share |",
        "| --- | --- | --- | --- | --- |",
        *(line for name, frontier in fits.items() for line in _by_lag(name, frontier)),
        "",
        "A task's own share is known roughly at best when the next period is to be predicted, and tasks that stood "
        "still do not always go on to: predictions therefore mix over the distribution of shares. "
        "models/hierarchical.toml has the scale they use.",
    ]
    return "\n".join(lines) + "\n", pd.concat(parts, ignore_index=True)


def _by_lag(name: str, frontier: bf.Frontier) -> list[str]:
    lines = []
    for lag in range(1, frontier.stretches.n):
        found = steps(frontier, LEAST[0], lag)
        by_task = [rows for _, rows in found.groupby("task") if len(rows) > 1]
        if by_task:
            shares = np.array([SHARES[log_likelihood(rows).argmax()] for rows in by_task])
            pairs, gap = len(found) // len(by_task), found["gap"].mean()
            lines.append(f"| {name} | {lag} | {pairs} | {gap:.1f} | {np.sqrt((shares**2).mean()):.2f} |")
    return lines


def _said(found: Estimate) -> str:
    return f"{found.mode:.2f}, {found.mean:.2f} ({found.low:.2f} to {found.high:.2f})"


def main(arguments: Sequence[str]) -> int:
    """Fit, measure and write."""
    parser = argparse.ArgumentParser(description="Measure how much base models move on their own.")
    parser.add_argument("tables", nargs="+", metavar="TABLE=DATE,DATE", help="tables, with closing dates of periods")
    parser.add_argument("--out", type=Path, default=Path("reports/moves"))
    options = parser.parse_args(arguments)
    fits, typed = {}, []
    for given in options.tables:
        path, _, dates = given.rpartition("=")
        if not path:
            parser.error(f"{given!r} names no dates: write TABLE=DATE,DATE, such as oll.csv=2024-06-30,2024-09-30")
        # a model evaluated twice counts once: versions of the older leaderboard are appended to each other
        evaluations = bf.read(path, periods=dates.split(","), duplicates="first")
        print(f"{Path(path).name}: fitting {evaluations.n_models:,} models", file=sys.stderr)
        fits[Path(path).name] = bf.fit(evaluations, seed=1)
        typed.append(f"{Path(path).name}={dates}")
    text, table = page(" ".join(["python -m studies.own_moves", *typed]), fits)
    make_folder(options.out, "The report")
    replace_file(options.out / "README.md", text.encode(), "The page")
    replace_file(options.out / "moves.csv", csv_bytes(table, float_format="%.4g"), "The steps")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
