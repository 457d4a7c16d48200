"""The contest over periods and seeds: in parallel, kept as it goes, and resumed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.parallel import Workers
from studies.design.arms import race
from studies.design.contest import Contest
from studies.runner import Piece, read_lines, run_pieces

_REFERENCES = ("nothing", "everything")
CHECKED = "first evaluations, reweighted"
"""Arm of the rows in which predicted and simulated falls of variance are compared; n is the number of evaluations."""

# The contest a process has at hand: preparing one takes longer than a race.
_AT_HAND: dict[tuple[str, int], Contest] = {}


def run_contest(
    evaluations: Evaluations,
    folder: Path,
    *,
    seeds: int,
    fixed_seeds: int,
    workers: Workers,
    progress: Callable[[int, int], None],
) -> pd.DataFrame:
    """Run the races that are not there yet, and return all."""
    if evaluations.n_periods < 2:
        raise QueryError("periods: the contest needs at least two; give closing dates (--periods).")
    # A worker keeps to one period as long as it can: the model is calibrated once a period and process.
    pieces = [
        Piece(folder / f"period-{period}.jsonl", seed, (evaluations, period, seed, seed < fixed_seeds))
        for period in range(1, evaluations.n_periods)
        for seed in range(seeds)
    ]
    run_pieces(run_race, pieces, workers, lambda done, total, _: progress(done, total))
    rows = [
        row
        for path in sorted({piece.path for piece in pieces})
        for line in read_lines(path)
        if line["replication"] < seeds
        for row in line["rows"]
    ]
    return pd.DataFrame(rows).astype({"pinball": float})


def run_race(evaluations: Evaluations, period: int, seed: int, fixed: bool) -> dict[str, Any]:
    """Run one race."""
    key = (evaluations.fingerprint, period)
    if key not in _AT_HAND:
        _AT_HAND.clear()
        _AT_HAND[key] = Contest(evaluations, period)
    contest = _AT_HAND[key]
    rows: list[dict[str, Any]] = list(race(contest, seed, fixed=fixed))
    if seed == 0:
        about = {"seed": 0, "period": period}
        for arm, state in zip(_REFERENCES, (contest.prior, contest.full), strict=True):
            rows.append({"arm": arm, **about, "budget": float(arm == _REFERENCES[1]), **contest.score(state)})
        for one in contest.reweighted():
            falls = {"n": one["size"], "predicted": one["predicted"], "realised": one["simulated"], "used": one["used"]}
            rows.append({"arm": CHECKED, **about, "budget": 0.0, **falls})
    return {
        "rows": [{name: None if isinstance(v, float) and np.isnan(v) else v for name, v in row.items()} for row in rows]
    }
