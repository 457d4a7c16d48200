"""Measure the error rates of the gate and the watch out of time, on the periods of a leaderboard.

Gate: fit the periods before each one, then gate every model of it as if it were a release. The models were released by
people who knew nothing of this, so a share alpha of them should be flagged, whether or not their base model was fitted.
Watch: the same fits and periods, beside the change that a fit of everything finds; and placebos, in which half of a
period is held back from a fit (by the fast posterior), so that no boundary has moved between the halves. Factors:
whether boundaries with factors across tasks predict the next period better.

    python -m studies.gate_study oll.csv --periods 2024-06-30,2024-09-30,2024-12-31 --out reports/gate
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.analysis.factors import compare
from bayes_frontier.analysis.gate import ALL_TASKS
from bayes_frontier.checks.backtest.run import make_key, rolling
from bayes_frontier.checks.records import cluster_error
from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.parallel import Workers
from bayes_frontier.provenance import code_digest
from studies.fast.frontier import quick_fit
from studies.gate_page import ALPHA, TABLES, page
from studies.questions.releases import with_scale

# A model that lost or gained so much on every task, and one whose base model is stated wrongly.
SHIFTS = (-0.10, -0.05, 0.05, 0.10)
# Placebos a period.
DIVISIONS = 6
Fit = Callable[..., bf.Frontier]
_HERE = Workers(1)


class Fits:
    """Fits, made once and kept.

    Parameters
    ----------
    folder : pathlib.Path
        Where they are kept; a fit made by another state of the model's code is made anew.
    fit : callable
        `bayes_frontier.fit`, or a stand-in.
    """

    def __init__(self, folder: Path, fit: Fit) -> None:
        self.folder, self.fit = folder, fit
        self.code = code_digest(("model", "posterior"))

    def of(self, name: str, evaluations: bf.Evaluations) -> bf.Frontier:
        """Fit, or load what was fitted."""
        key = make_key({"data": evaluations.fingerprint, "periods": evaluations.period_labels, "code": self.code})
        path = self.folder / f"{name}-{key[:12]}.nc"
        if not path.exists():
            print(f"fitting {name}: {evaluations.n_models:,} models", flush=True)
            self.fit(evaluations, seed=1, progress=False).save(path)
        return bf.load(path)


def gated(found: xr.Dataset, period: str) -> pd.DataFrame:
    """Count the flags of one period."""
    rows = []
    verdict, known = found["model_verdict"].to_numpy(), found["known"].to_numpy()
    base = pd.Series(found["base_model"].to_numpy())
    for group, mask in (("known", known), ("new", ~known)):
        if not mask.any():
            continue
        flagged = pd.Series((verdict[mask] != "as expected").astype(float))
        each = found.isel(model=mask)
        bare = (each["p_value"] <= ALPHA).where(~np.isnan(each["p_value"])).mean("model")
        rows.append(
            {
                "period": period,
                "base_model": group,
                "base_models": int(base[mask].nunique()),
                "models": int(mask.sum()),
                "flagged": float(flagged.mean()),
                "error": cluster_error(flagged, base[mask].reset_index(drop=True))[0],
                "below": float(np.isin(verdict[mask], ("below", "mixed")).mean()),
                "above": float(np.isin(verdict[mask], ("above", "mixed")).mean()),
                **{str(task): float(bare.sel(task=task)) for task in bare["task"].to_numpy()},
            }
        )
    return pd.DataFrame(rows)


def powers(frontier: bf.Frontier, asked: bf.Evaluations, period: str) -> pd.DataFrame:
    """Share of models flagged once something is wrong with them."""
    known = asked.models["base_model"].isin(frontier.base_model_names)
    models = asked.models[known].drop(columns=["period", "cost"]).reset_index(drop=True)
    rows = []
    for shift in SHIFTS:
        scores = (models[list(asked.tasks)] + shift).clip(0.0, 1.0)
        moved = bf.Evaluations.from_models(models.assign(**{name: scores[name] for name in asked.tasks}), asked.tasks)
        verdict = bf.gate(frontier, moved)["model_verdict"].to_numpy()
        side = ("below", "mixed") if shift < 0 else ("above", "mixed")
        rows.append({"fault": f"every score {shift:+.2f}", "flagged": float(np.isin(verdict, side).mean())})
    z = np.log10(models.groupby("base_model")["flops"].median())
    heavier = {name: z.index[int(np.argmin(np.abs(z - at - 1.0)))] for name, at in z.items() if at + 0.8 <= z.max()}
    wrong = models[models["base_model"].isin(list(heavier))]
    wrong = wrong.assign(base_model=wrong["base_model"].map(heavier))
    verdict = bf.gate(frontier, bf.Evaluations.from_models(wrong, asked.tasks))["model_verdict"].to_numpy()
    rows.append({"fault": "base model with ten times its compute", "flagged": float((verdict != "as expected").mean())})
    return pd.DataFrame(rows).assign(period=period)


def halves(evaluations: bf.Evaluations, seed: int) -> np.ndarray:
    """Divide the last period: records of base models seen before at random, others by base model.

    Shapes: returns (n_models,).
    """
    rng = np.random.default_rng(seed)
    models = evaluations.models
    last = (models["period"] == evaluations.n_periods - 1).to_numpy()
    new = last & ~models["base_model"].isin(models.loc[~last, "base_model"]).to_numpy()
    chosen = last & (rng.random(len(models)) < 0.5)
    names = np.unique(models.loc[new, "base_model"])
    first = set(names[rng.random(len(names)) < 0.5])
    return np.where(new, models["base_model"].isin(first), chosen)


def placebo(evaluations: bf.Evaluations, tau: float, number: int) -> pd.DataFrame:
    """Hold half of the last period back from a fit, and watch it."""
    held = halves(evaluations, seed=number)
    frontier = with_scale(quick_fit(evaluations.subset(~held), tau=tau, seed=number))
    seen = bf.watch(frontier, evaluations.subset(held)).to_dataframe().reset_index()
    return seen.assign(period=evaluations.period_labels[-1], held_back=number)


def placebos(evaluations: bf.Evaluations, tau: float, divisions: int, workers: Workers) -> list[pd.DataFrame]:
    """Watch halves of the last period, again and again."""
    found: dict[int, pd.DataFrame] = {}
    workers.run(placebo, [(evaluations, tau, number) for number in range(divisions)], found.__setitem__)
    return [found[number] for number in range(divisions)]


def measure(evaluations: bf.Evaluations, fits: Fits, divisions: int, workers: Workers) -> dict[str, pd.DataFrame]:
    """Run everything."""
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    everything = fits.of("all", evaluations)
    for split in rolling(evaluations):
        frontier = fits.of(f"before-{split.number}", split.past)
        tables["gate"].append(gated(bf.gate(frontier, split.next, alpha=ALPHA), split.label))
        tables["power"].append(powers(frontier, split.next, split.label))
        factors = compare(frontier, split.next)
        means = factors[["loss", "coverage"]].mean("task").merge(factors[["change", "lower", "upper"]])
        tables["factors"].append(means.to_dataframe().reset_index().assign(period=split.label))
        found = bf.watch(frontier, split.next)
        boundary = everything.boundary(found.attrs["flops"], period="all")
        change = boundary.isel(period=split.number) - boundary.isel(period=split.number - 1)
        refit = change.sel(task=found["task"].to_numpy()).mean(("chain", "draw")).to_numpy()
        tables["watch"].append(found.to_dataframe().reset_index().assign(period=split.label, refit=refit))
        tables["placebo"] += placebos(
            evaluations.select(periods=list(range(split.number + 1))), frontier.tau, divisions, workers
        )
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}


def run(table: Path, periods: str, out: Path, fit: Fit = bf.fit, workers: Workers = _HERE) -> dict[str, Any]:
    """Measure and write the report."""
    make_folder(out / "cache", "--out")
    tables = measure(bf.read(table, periods=periods), Fits(out / "cache", fit), DIVISIONS, workers)
    for name, frame in tables.items():
        replace_file(out / f"{name}.csv", csv_bytes(frame, float_format="%.5g"), "--out")
    replace_file(out / "README.md", page(tables).encode(), "--out")
    return tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("table", type=Path, help="a leaderboard, as `bayes-frontier fit` reads it")
    parser.add_argument("--periods", required=True, help="closing dates, with commas between")
    parser.add_argument("--out", type=Path, default=Path("reports/gate"), help="folder of the report")
    parser.add_argument("--cores", type=int, default=1, help="processes of this machine for placebos (default: 1)")
    parser.add_argument("--scheduler", help="run placebos on the workers of this Dask scheduler, tcp://HOST:8786 say")
    given = parser.parse_args(arguments)
    tables = run(given.table, given.periods, given.out, workers=Workers(given.cores, given.scheduler))
    print(tables["gate"].drop(columns=ALL_TASKS).to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
