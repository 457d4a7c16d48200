"""Many replications: in parallel, kept one line each as they end, and resumed."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bayes_frontier.errors import QueryError
from bayes_frontier.parallel import Workers
from bayes_frontier.provenance import code_digest
from studies.calibration.scenarios import Scenario
from studies.calibration.scoring import Ask, replicate

ROOT = Path(__file__).parents[1]
RESULTS = (
    "bayes_frontier/model",
    "studies/calibration/alternatives.py",
    "studies/calibration/fitting.py",
    "studies/calibration/scenarios.py",
    "studies/calibration/scoring.py",
    "bayes_frontier/posterior/draws.py",
    "bayes_frontier/evaluations/simulate.py",
    "bayes_frontier/evaluations/truth.py",
)
"""What replications depend on, besides the scenario itself: not how they are run, counted or shown."""


@dataclass(frozen=True)
class Piece:
    """One call whose result is a line of a file.

    Attributes
    ----------
    path : pathlib.Path
        The file, a line of JSON a replication. Pieces of one file stay together, so that a model compiles once.
    replication : int
        Number of the line.
    arguments : tuple
        Of the call; they can be pickled when there are several processes.
    """

    path: Path
    replication: int
    arguments: tuple[Any, ...]


def run_pieces(
    call: Callable[..., Mapping[str, Any]],
    pieces: Sequence[Piece],
    workers: Workers,
    progress: Callable[[int, int, Piece | None], None],
) -> None:
    """Run the pieces that their files do not have yet; lines are written by this process, as they come."""
    there = {path: {line["replication"] for line in read_lines(path)} for path in {piece.path for piece in pieces}}
    missing = [piece for piece in pieces if piece.replication not in there[piece.path]]
    done = len(pieces) - len(missing)
    progress(done, len(pieces), None)

    def keep(number: int, line: Mapping[str, Any]) -> None:
        nonlocal done
        piece = missing[number]
        append_line(piece.path, {"replication": piece.replication, **line})
        done += 1
        progress(done, len(pieces), piece)

    workers.run(call, [piece.arguments for piece in missing], keep, [piece.path for piece in missing])


def run_study(
    scenarios: Sequence[Scenario],
    replications: Mapping[str, int],
    folder: Path,
    ask: Ask,
    *,
    workers: Workers,
    progress: Callable[[int, int, float], None],
) -> list[dict[str, Any]]:
    """Run what is not there yet, and return all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QueryError(f"{folder}: cannot be made ({error.strerror}); give another folder.") from None
    paths = {scenario.name: folder / f"{scenario.name}.jsonl" for scenario in scenarios}
    pieces = [
        Piece(paths[scenario.name], replication, (scenario, replication, ask))
        for scenario in scenarios
        for replication in range(replications[scenario.name])
    ]
    started = time.perf_counter()
    run_pieces(_replicated, pieces, workers, lambda done, n, _: progress(done, n, time.perf_counter() - started))
    lines = [line for path in paths.values() for line in sorted(read_lines(path), key=lambda one: one["replication"])]
    return [line for line in lines if line["replication"] < replications[line["scenario"]]]


def _replicated(scenario: Scenario, replication: int, ask: Ask) -> dict[str, Any]:
    started = time.perf_counter()
    found = replicate(scenario, replication, ask)
    return {**found, "seconds": round(time.perf_counter() - started, 2)}


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Append one line of JSON, in one write; half a line that an interruption left is cut off first."""
    content = json.dumps(line, separators=(",", ":"), allow_nan=False).encode() + b"\n"
    try:
        with open(path, "ab+") as file:
            file.seek(0)
            whole = file.read().rfind(b"\n") + 1
            file.truncate(whole)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise QueryError(f"{path}: cannot be written ({error.strerror}).") from None


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read the whole lines of a file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise QueryError(f"{path}: cannot be read ({error.strerror}).") from None
    lines = []
    for number, text in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            line = json.loads(text)
            if not isinstance(line["replication"], int):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            raise QueryError(f"{path}, line {number}: not a replication of the study; remove the file.") from None
        lines.append(line)
    return lines


def code_fingerprint(sources: Sequence[str] = RESULTS) -> str:
    """Identify the code that results depend on, comments, layout and docstrings aside."""
    return code_digest([*sources, "studies/calibration/clusters.csv"], ROOT, comments=False)[:12]
