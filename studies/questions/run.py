"""All studies of the analyses: run, kept one line a replication, resumed, counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.errors import QueryError
from bayes_frontier.parallel import Workers
from bayes_frontier.text import listed, suggestion
from studies.questions import boundaries, releases, tables
from studies.questions.scores import Study
from studies.runner import Piece, code_fingerprint, run_pieces

# Bars: share of 90% intervals that hold the truth; share of verdicts that are wrong.
COVERAGE, FALSE_ALARMS = (0.85, 0.95), 0.10


def studies() -> tuple[Study, ...]:
    """Return all studies, in the order of the tables."""
    return (*boundaries.studies(), *releases.studies(), *tables.studies())


def chosen(names: Sequence[str] | None) -> tuple[Study, ...]:
    """Return studies by name."""
    known = [study.name for study in studies()]
    for name in names or []:
        if name not in known:
            raise QueryError(f"No study {name!r}.{suggestion(name, known)} Known: {listed(known, len(known))}.")
    return tuple(study for study in studies() if not names or study.name in names)


def run_studies(
    wanted: Sequence[Study],
    replications: int,
    folder: Path,
    workers: Workers,
    progress: Callable[[int, int, Piece | None], None],
) -> None:
    """Run the replications that are not there yet."""
    paths = {study.name: study_path(study, folder) for study in wanted}
    pieces = [
        Piece(paths[study.name], replication, (study, replication))
        for study in wanted
        for replication in range(replications)
    ]
    run_pieces(_replicated, pieces, workers, progress)


def _replicated(study: Study, replication: int) -> dict[str, Any]:
    started = time.perf_counter()
    scores = study.replicate(replication)
    return scores.line(replication, time.perf_counter() - started)


def study_path(study: Study, folder: Path) -> Path:
    """Return the file of a study's replications."""
    return folder / f"{study.name}-{code_fingerprint(study.sources)}.jsonl"


def coverage(lines: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Count how often intervals held the truth."""
    rows = []
    for name in dict.fromkeys(name for line in lines for name in line["places"]):
        places = [np.array(line["places"][name]) for line in lines if line["places"].get(name)]
        every = np.concatenate(places)
        each = np.array([(place == 0).mean() for place in places])
        covered = float((every == 0).mean())
        rows.append(
            {
                "quantity": name,
                "replications": len(places),
                "intervals": len(every),
                "covered": covered,
                "error": float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else np.nan,
                "below": float((every < 0).mean()),
                "above": float((every > 0).mean()),
                "held": COVERAGE[0] <= covered <= COVERAGE[1],
            }
        )
    return pd.DataFrame(rows)


def alarms(lines: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Count wrong verdicts."""
    rows = []
    for name in dict.fromkeys(name for line in lines for name in line["verdicts"]):
        counts = np.sum([line["verdicts"][name] for line in lines if name in line["verdicts"]], axis=0)
        n, said, wrong = (int(count) for count in counts)
        of_said = wrong / said if said else 0.0
        rows.append(
            {
                "verdict": name,
                "opportunities": n,
                "said": said / n,
                "wrong": wrong / n,
                "wrong_upper": float(stats.binomtest(wrong, n).proportion_ci(0.9, method="exact").high),
                "wrong_of_said": of_said,
                "held": max(wrong / n, of_said) <= FALSE_ALARMS,
            }
        )
    return pd.DataFrame(rows)
