"""Measure how often the verdicts on drift are wrong, on simulated leaderboards whose drift is known.

Each replication simulates a leaderboard, fits it, and keeps what `Frontier.drift` says of each task. Replications are
kept one line each, so that an interrupted study goes on where it stopped, and more can be added later.

    python -m studies.drift_study --replications 40 --out reports/drift
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import bayes_frontier as bf
from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.parallel import Workers
from bayes_frontier.posterior.drift import VERDICTS, verdicts
from studies.runner import Piece, read_lines, run_pieces

TASKS, MODELS, SHIFT = 6, 600, 0.08
FALSE_ALARMS, DETECTION = 0.10, 0.80
# Short chains: a verdict needs probabilities to a few hundredths, not the ends of intervals.
CHAINS, TUNE, DRAWS = 2, 300, 300
DELTA, PROB = 0.02, 0.9
_HERE = Workers(1)


@dataclass(frozen=True)
class Scenario:
    """What is simulated.

    Attributes
    ----------
    name : str
        Short name.
    words : str
        For the report.
    periods : int
        Number of periods, of 600 models on average.
    shift : float
        Change of the first task's boundary in the last period, in scores; the other tasks have none.
    options : dict
        Further arguments of `bayes_frontier.simulate`.
    """

    name: str
    words: str
    periods: int
    shift: float
    options: dict[str, Any]

    def simulate(self, seed: int) -> bf.Evaluations:
        """Simulate one leaderboard."""
        drift = np.zeros((TASKS, self.periods))
        drift[0, -1] = self.shift
        n = MODELS * self.periods
        return bf.simulate(seed, n_models=n, tasks=TASKS, periods=self.periods, drift=drift, **self.options)[0]


# Half of the base models have models in one period only, as when new ones come and old ones are left.
_TURNOVER = {"n_base_models": 60, "share_single_period": 0.5}
SCENARIOS = (
    Scenario("still", "no drift, 2 periods", 2, 0.0, {}),
    Scenario("up", "one task up by 0.08, 2 periods", 2, SHIFT, {}),
    Scenario("down", "one task down by 0.08, 2 periods", 2, -SHIFT, {}),
    Scenario("still-turnover", "no drift, 3 periods, base models come and go", 3, 0.0, _TURNOVER),
    Scenario("up-turnover", "one task up by 0.08, 3 periods, base models come and go", 3, SHIFT, _TURNOVER),
)


def replicate(scenario: Scenario, replication: int, fit: Callable[..., Any]) -> dict[str, Any]:
    """Simulate, fit and ask."""
    started = time.perf_counter()
    seed = 10_000 * (1 + [one.name for one in SCENARIOS].index(scenario.name)) + replication
    frontier = fit(
        scenario.simulate(seed),
        seed=seed,
        chains=CHAINS,
        tune=TUNE,
        draws=DRAWS,
        progress=False,
        allow_unconverged=True,
    )
    found = frontier.drift(delta=DELTA, prob=PROB).isel(step=-1)
    # short chains seldom pass the gate of a fit that is kept; the verdicts are those of one that does
    said = verdicts(found, PROB)
    return {
        "replication": replication,
        "seconds": round(time.perf_counter() - started, 1),
        "converged": bool(frontier.converged),
        "verdict": said.to_numpy().tolist(),
        **{name: found[name].round(4).to_numpy().tolist() for name in ("median", "advance", "retreat")},
    }


def tally(lines: Sequence[dict[str, Any]], scenario: Scenario) -> dict[str, Any]:
    """Count right and wrong verdicts of a scenario."""
    verdict = np.array([line["verdict"] for line in lines], dtype=object).reshape(len(lines), TASKS)
    still = verdict[:, 1:] if scenario.shift else verdict
    moved = (still == "advancing") | (still == "retreating")
    any_moved = moved.any(axis=1)
    found: dict[str, Any] = {
        "scenario": scenario.name,
        "replications": len(lines),
        "alarms": float(moved.mean()),
        "alarms_upper": _clopper_pearson(int(moved.sum()), moved.size)[1],
        "alarms_any": float(any_moved.mean()),
        "alarms_any_upper": _clopper_pearson(int(any_moved.sum()), len(any_moved))[1],
        **{name: float((still == name).mean()) for name in VERDICTS[2:]},
        "detected": None,
        "detected_lower": None,
    }
    if scenario.shift:
        right = verdict[:, 0] == ("advancing" if scenario.shift > 0 else "retreating")
        found["detected"] = float(right.mean())
        found["detected_lower"] = _clopper_pearson(int(right.sum()), len(right))[0]
    return found


def _clopper_pearson(count: int, n: int, prob: float = 0.9) -> tuple[float, float]:
    result = stats.binomtest(count, n).proportion_ci(prob, method="exact")
    return float(result.low), float(result.high)


def page(table: pd.DataFrame, replications: int) -> str:
    """Write the report."""
    words = {one.name: one.words for one in SCENARIOS}
    lines = [
        "# Verdicts on drift, measured",
        "",
        f"Simulated leaderboards of {TASKS} tasks and {MODELS} models a period on average; 98% boundary; verdicts of "
        f"`Frontier.drift` with delta {DELTA:g} and prob {PROB:g}, on the change from the first period to the last at "
        f"the models' median compute. Fits are {CHAINS} chains of {TUNE} + {DRAWS}.",
        "",
        f"False alarm: a task without drift is said to advance or to retreat (bar: at most {FALSE_ALARMS:.0%}). "
        f"Detected: the task that moves gets its verdict (bar: at least {DETECTION:.0%}). In brackets the unfavourable "
        "end of a 90% Clopper-Pearson interval.",
        "",
        "| scenario | replications | false alarms, by task | in any task | detected | stable | unknown |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        known = row["detected"] is not None and not np.isnan(row["detected"])
        detected = f"{row['detected']:.0%} ({row['detected_lower']:.0%})" if known else ""
        alarms = f"{row['alarms']:.1%} ({row['alarms_upper']:.1%})"
        in_any = f"{row['alarms_any']:.0%} ({row['alarms_any_upper']:.0%})"
        shares = f"{row['stable']:.0%} | {row['unknown']:.0%}"
        name = words[str(row["scenario"])]
        lines.append(f"| {name} | {row['replications']} | {alarms} | {in_any} | {detected} | {shares} |")
    lines += [
        "",
        "Stable and unknown are shares of the tasks without drift. Every replication is in `replications/`; the "
        f"command is `make drift-study ARGS='--replications {replications}'`, which adds what is missing.",
        "",
    ]
    return "\n".join(lines)


def run(
    names: Sequence[str], replications: int, out: Path, fit: Callable[..., Any] = bf.fit, workers: Workers = _HERE
) -> pd.DataFrame:
    """Run what is missing, and write the report."""
    folder = out / "replications"
    make_folder(folder, "--out")
    pieces = [
        Piece(folder / f"{scenario.name}.jsonl", replication, (scenario, replication, fit))
        for scenario in SCENARIOS
        if scenario.name in names
        for replication in range(replications)
    ]
    run_pieces(replicate, pieces, workers, _tell)
    rows = []
    for scenario in SCENARIOS:
        lines = read_lines(folder / f"{scenario.name}.jsonl")
        rows += [tally(lines, scenario)] if lines else []
    table = pd.DataFrame(rows)
    replace_file(out / "verdicts.csv", csv_bytes(table, float_format="%.4f"), "--out")
    replace_file(out / "README.md", page(table, replications).encode(), "--out")
    return table


def _tell(done: int, total: int, ended: Piece | None) -> None:
    which = "" if ended is None else f": {ended.arguments[0].name} {ended.replication}"
    print(f"{done} of {total} replications{which}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--replications", type=int, default=40, help="replications a scenario (default: 40)")
    parser.add_argument("--scenario", action="append", choices=[one.name for one in SCENARIOS], help="default: all")
    parser.add_argument("--out", type=Path, default=Path("reports/drift"), help="folder of the report")
    parser.add_argument("--cores", type=int, default=1, help="processes of this machine (default: 1)")
    parser.add_argument("--scheduler", help="run on the workers of this Dask scheduler, tcp://HOST:8786 say")
    given = parser.parse_args(arguments)
    workers = Workers(given.cores, given.scheduler)
    table = run(given.scenario or [one.name for one in SCENARIOS], given.replications, given.out, workers=workers)
    print(table.to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
