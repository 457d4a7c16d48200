"""Count divergent transitions of fits as users make them: demo, tables of the calibration study, tables of one's own.

Each fit has the settings that `bayes_frontier.fit` has by default. Fits are kept one line each, so that an interrupted
study goes on where it stopped; lines of another state of the code are left alone.

    python -m studies.divergence_study --out reports/divergences
    python -m studies.divergence_study oll.csv --periods 2024-06-30,2024-09-30,2024-12-31 --out reports/divergences
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import bayes_frontier as bf
from bayes_frontier.display import csv_bytes, markdown_table
from bayes_frontier.errors import ConvergenceError
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.parallel import Workers
from bayes_frontier.posterior.diagnostics import FEW_DIVERGENT
from bayes_frontier.provenance import code_digest
from studies.calibration.scenarios import SCENARIOS
from studies.runner import Piece, read_lines, run_pieces

SIMULATED = 30
COLUMNS = ("table", "draws", "divergent", "deepest", "r_hat", "least_ess", "accepted", "seconds")
_HERE = Workers(1)
Fit = Callable[..., bf.Frontier]


def fitted(
    name: str, evaluations: Callable[[], bf.Evaluations], tau: float, seed: int, fit: Fit = bf.fit
) -> dict[str, Any]:
    """Fit one table and count."""
    table = evaluations()
    started = time.perf_counter()
    try:
        frontier = fit(table, tau=tau, seed=seed, progress=False)
    except ConvergenceError as error:
        # no draws are given out then; the reason is kept
        return {"table": name, "error": str(error).splitlines()[0], "seconds": round(time.perf_counter() - started, 1)}
    stats, worst = frontier.posterior["sample_stats"].dataset, frontier.diagnostics
    return {
        "table": name,
        "draws": int(stats["diverging"].size),
        "divergent": int(stats["diverging"].sum()),
        "deepest": int(stats["reached_max_treedepth"].sum()),
        "r_hat": round(float(worst["r_hat"].max()), 4),
        "least_ess": round(float(worst["ess_bulk"].min())),
        # more than 0.8: the fit was sampled again with smaller steps, twice as long if it had not mixed
        "accepted": round(float(frontier.provenance["sampling"]["target_accept"]), 3),
        "seconds": round(time.perf_counter() - started, 1),
    }


def simulated(number: int) -> tuple[str, Callable[[], bf.Evaluations], float, int]:
    """Give the arguments of a fit: number 0 is the demo's table; then each scenario of the calibration in turn."""
    if number == 0:
        return "demo", lambda: bf.simulate(1)[0], 0.98, 1
    replication, which = divmod(number - 1, len(SCENARIOS))
    scenario = SCENARIOS[which]
    seed = scenario.seed(replication)
    return f"{scenario.name}, {replication}", lambda: scenario.simulate(replication)[0], scenario.tau, seed


def fit_simulated(number: int) -> dict[str, Any]:
    """Fit a simulated table by its number."""
    return fitted(*simulated(number))


def shares(fits: pd.DataFrame) -> pd.Series:
    """Share of transitions that diverged; 1 for a fit that gave no draws."""
    return (fits["divergent"].astype(float) / fits["draws"].astype(float)).fillna(1.0)


def page(fits: pd.DataFrame) -> str:
    """Write the report."""
    of_study = fits[~fits["table"].isin(["demo", "own"])]
    share = shares(fits)
    words = (
        "Fits with the default settings (4 chains of 1,000 draws, 0.8 accepted), one of each table. Divergent: "
        "transitions that diverged. Deepest: those that reached the greatest tree depth. Accepted: what steps were "
        "adapted to; more than 0.8 where the fit was sampled again, because of divergences or, with twice the draws, "
        "because it missed the convergence gate."
    )
    verdict = (
        f"**{len(of_study)} simulated tables: median {of_study['divergent'].median():.0f} divergent transitions, at "
        f"most {100 * share[of_study.index].max():.3f}%** (bar: median 0, and at most {100 * FEW_DIVERGENT:g}% in "
        f"each). Over the bar: {', '.join(fits.loc[share > FEW_DIVERGENT, 'table']) or 'none'}."
    )
    shown = fits.reindex(columns=COLUMNS).astype(object).fillna("")
    rows = [[f"{v:,}" if isinstance(v, int) else v for v in row] for row in shown.to_numpy().tolist()]
    table = markdown_table([name.replace("_", " ") for name in COLUMNS], rows, align="lrrrrrlr")
    again = (
        "Tables are named by scenario and replication of the calibration study (`reports/calibration`). The command is "
        "`make divergences`; `own` is a table given to it, here the Open LLM Leaderboard v2 in four periods."
    )
    return "\n\n".join(["# Divergent transitions", words, verdict, table.rstrip(), again]) + "\n"


def run(out: Path, n: int = SIMULATED, own: tuple[Path, str] | None = None, workers: Workers = _HERE) -> pd.DataFrame:
    """Fit what is not there yet, and write the report."""
    make_folder(out / "replications", "--out")
    code = code_digest(("model", "posterior/fitting.py"), comments=False)
    path = out / "replications" / f"fits-{code[:12]}.jsonl"
    pieces = [Piece(path, number, (number,)) for number in range(n + 1)]
    run_pieces(fit_simulated, pieces, workers, lambda done, all_, _: print(f"{done} of {all_}", flush=True))
    if own is not None:
        table, periods = own
        piece = Piece(path, -1, ("own", lambda: bf.read(table, periods=periods), 0.98, 1))
        run_pieces(fitted, [piece], _HERE, lambda *_: None)
    lines = sorted(read_lines(path), key=lambda line: int(line["replication"]))
    fits = pd.DataFrame(lines).reindex(columns=["replication", *COLUMNS, "error"])
    fits = fits.astype(dict.fromkeys(("draws", "divergent", "deepest", "least_ess"), "Int64"))
    replace_file(out / "fits.csv", csv_bytes(fits.drop(columns="replication")), "--out")
    replace_file(out / "README.md", page(fits).encode(), "--out")
    return fits


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; status 1 where a fit is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("table", type=Path, nargs="?", help="a leaderboard, as `bayes-frontier fit` reads it")
    parser.add_argument("--periods", default="", help="its closing dates, with commas between")
    parser.add_argument("--simulated", type=int, default=SIMULATED, help=f"simulated tables (default: {SIMULATED})")
    parser.add_argument("--out", type=Path, default=Path("reports/divergences"), help="folder of the report")
    parser.add_argument("--cores", type=int, default=1, help="processes of this machine (default: 1)")
    parser.add_argument("--scheduler", help="run on the workers of this Dask scheduler, tcp://HOST:8786 say")
    given = parser.parse_args(arguments)
    own = None if given.table is None else (given.table, given.periods)
    fits = run(given.out, given.simulated, own, Workers(given.cores, given.scheduler))
    return int(bool((shares(fits) > FEW_DIVERGENT).any()))


if __name__ == "__main__":
    sys.exit(main())
