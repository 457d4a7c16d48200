"""Compare the fast posterior of `study design` with NUTS, on the pools of a leaderboard.

    python -m studies.design.design_agreement oll.csv --periods 2024-06-30,2024-09-30,2024-12-31 --relabel --out DIR

For each pool, with all of it known, and with what 5% of its cost buys by our plan and by one model per base model: the
population boundary of the period by NUTS and by the fast posterior, how far it is from that of everything by either,
and how both predict the next period. Writes README.md and agreement.csv.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import bayes_frontier as bf
from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file
from studies.calibration.page import PAGE, markdown
from studies.design.arms import by_base_model, filled
from studies.design.contest import TAU, Contest, State
from studies.fast import sigmoid_spec

SHARE, DRAWS, TUNE, CHAINS = 0.05, 500, 400, 2
EVERYTHING, OURS, RANDOM = "everything", "ours, 5%", "one per base model, 5%"


def states(contest: Contest, seeds: int) -> Iterator[tuple[str, int, State]]:
    """Give what is known in the cases compared."""
    yield EVERYTHING, 0, contest.full
    for seed in range(seeds):
        rng, state = np.random.default_rng([contest.period, seed]), contest.prior
        for share in (0.5 * SHARE, SHARE):
            state = contest.learn(contest.plan(state, share * contest.total, rng)[0], state)
        yield OURS, seed, state
        order = by_base_model(contest, np.random.default_rng([contest.period, seed]))
        yield RANDOM, seed, contest.learn(np.array(filled(contest.cost, order, SHARE * contest.total)), contest.prior)


def sampled(contest: Contest, state: State) -> State:
    """Fit the same knowledge by NUTS."""
    frontier = bf.fit(
        contest.evaluated(state.chosen),
        sigmoid_spec(),
        tau=TAU,
        draws=DRAWS,
        tune=TUNE,
        chains=CHAINS,
        seed=1,
        progress=False,
        allow_unconverged=True,
    )
    # base models count alike in the fast posterior
    curves = replace(frontier.curves, population=None)
    tasks = range(len(frontier.tasks))
    boundary = np.stack([curves.at(contest.grid, k, np.array([contest.period]), None)[:, 0] for k in tasks])
    return State(state.chosen, state.fitted, curves, boundary)


def compare(contest: Contest, seeds: int) -> Iterator[dict[str, object]]:
    """Compare both posteriors in every case.

    Parameters
    ----------
    contest : Contest
        The pool.
    seeds : int
        As in `states`.

    Yields
    ------
    dict
        One row a case: pool, known, seed, n; difference (mean absolute, of posterior means) and deviation (mean
        standard deviation by NUTS), in score units; ratio (of standard deviations, fast to NUTS); and for each
        posterior distance, to its own mean given everything, and pinball on the next period.
    """
    full: State | None = None
    for name, seed, fast in states(contest, seeds):
        slow = sampled(contest, fast)
        full = slow if full is None else full
        deviation = slow.boundary.std(axis=1)
        yield {
            "pool": contest.period,
            "known": name,
            "seed": seed,
            "n": len(fast.chosen),
            "difference": float(np.abs(fast.boundary.mean(axis=1) - slow.boundary.mean(axis=1)).mean()),
            "deviation": float(deviation.mean()),
            "ratio": float((fast.boundary.std(axis=1) / deviation).mean()),
            "distance_nuts": float(np.abs(slow.boundary.mean(axis=1) - full.boundary.mean(axis=1)).mean()),
            "distance_fast": float(np.abs(fast.boundary.mean(axis=1) - contest.full_mean).mean()),
            "pinball_nuts": contest.pinball(slow),
            "pinball_fast": contest.pinball(fast),
        }


def page(command: str, rows: pd.DataFrame) -> str:
    """Write the comparison up."""
    names = ["n", "difference", "deviation", "ratio", "distance_nuts", "distance_fast", "pinball_nuts", "pinball_fast"]
    table = []
    for (pool, known), own in rows.groupby(["pool", "known"], sort=False):
        n, difference, deviation, spread, *rest = own[names].mean().to_numpy(dtype=float)
        numbers = [f"{n:.0f}", f"{1000 * difference:.1f}", f"{1000 * deviation:.1f}", f"{spread:.2f}"]
        numbers += ["" if np.isnan(value) else f"{1000 * value:.2f}" for value in rest]
        table.append([str(pool), str(known), *numbers])

    def mean(known: str, name: str) -> float:
        return float(np.nanmean(rows.loc[rows["known"] == known, name].to_numpy(dtype=float)))

    ratio = [mean(OURS, f"distance_{by}") / mean(RANDOM, f"distance_{by}") for by in ("nuts", "fast")]
    excess = [mean(OURS, f"pinball_{by}") / mean(EVERYTHING, f"pinball_{by}") - 1.0 for by in ("nuts", "fast")]
    header = ["pool", "known", "n", "difference", "SD by NUTS", "SD ratio", "distance, NUTS", "distance, fast"]
    return "\n".join(
        [
            "# The fast posterior of the contest of designs against NUTS",
            "",
            f"    {command}",
            "",
            "Population boundaries over tasks and log compute, in score units x 1000; means over seeds. NUTS: "
            f"{CHAINS} chains of {DRAWS} draws after {TUNE} steps of tuning. *difference*: mean absolute, between the "
            "two posterior means. *distance*: mean absolute, from the boundary given everything by the same posterior.",
            "",
            markdown([*header, "pinball, NUTS", "pinball, fast"], table),
            f"Distance of our plan at 5% over that of one model per base model: {ratio[0]:.2f} by NUTS, "
            f"{ratio[1]:.2f} by the fast posterior. Pinball at 5% against everything: {excess[0]:+.1%} by NUTS, "
            f"{excess[1]:+.1%} by the fast posterior. So few seeds say how the posteriors agree, not which design is "
            "better: that is for the contest.",
            "",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--periods", required=True, help="closing dates, commas between")
    parser.add_argument("--relabel", action="store_true", help="as in study design")
    parser.add_argument("--seeds", type=int, default=2, help="times that 5%% are bought in either way")
    parser.add_argument("--out", type=Path, required=True, help="folder for README.md and agreement.csv")
    given = parser.parse_args(arguments)
    make_folder(given.out, "--out")
    evaluations = bf.read(given.table, periods=given.periods, relabel=given.relabel)
    rows: list[dict[str, object]] = []
    for period in range(1, evaluations.n_periods):
        for row in compare(Contest(evaluations, period), given.seeds):
            rows.append(row)
            print(f"pool {row['pool']}, {row['known']}, seed {row['seed']}: done", file=sys.stderr)
    frame = pd.DataFrame(rows)
    replace_file(given.out / "agreement.csv", csv_bytes(frame.round(6)), "--out")
    command = (
        f"python -m studies.design.design_agreement {given.table.name} --periods {given.periods}"
        f"{' --relabel' if given.relabel else ''} --seeds {given.seeds} --out {given.out.name}"
    )
    replace_file(given.out / PAGE, page(command, frame).encode(), "--out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
