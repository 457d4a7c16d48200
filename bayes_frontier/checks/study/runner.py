"""Many replications: in parallel, kept one line each as they end, and resumed."""

import ast
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import bayes_frontier
from bayes_frontier.checks.study.scenarios import Scenario
from bayes_frontier.checks.study.scoring import Ask, replicate
from bayes_frontier.errors import QueryError

_POLL_SECONDS = 0.5
# What the results depend on, besides the scenario itself.
_SOURCES = ("model", "checks/study", "posterior/population.py", "posterior/curves.py", "evaluations/noise.py")


@dataclass(frozen=True)
class Job:
    """One scenario's replications, run by one process so that its model compiles once.

    Attributes
    ----------
    scenario : Scenario
        What to simulate.
    wanted : tuple of int
        Replications not there yet.
    path : pathlib.Path
        The file, a line of JSON a replication.
    ask : callable
        The fit; it must be possible to pickle.
    """

    scenario: Scenario
    wanted: tuple[int, ...]
    path: Path
    ask: Ask

    def run(self) -> int:
        """Run what is wanted.

        Returns
        -------
        int
            How many were run.
        """
        for replication in self.wanted:
            started = time.perf_counter()
            found = replicate(self.scenario, replication, self.ask)
            found["seconds"] = round(time.perf_counter() - started, 2)
            append_line(self.path, found)
        return len(self.wanted)


def run_study(
    scenarios: Sequence[Scenario],
    replications: int,
    folder: Path,
    ask: Ask,
    *,
    cores: int,
    progress: Callable[[int, int, float], None],
) -> list[dict[str, Any]]:
    """Run what is not there yet, and return all.

    Parameters
    ----------
    scenarios : sequence of Scenario
        What to simulate.
    replications : int
        Data sets a scenario.
    folder : pathlib.Path
        Where the replications are kept, one file a scenario.
    ask : callable
        The fit; a function that can be pickled when there are several processes.
    cores : int
        Processes; 1: this one.
    progress : callable
        Told replications done, wanted, and seconds since the start, now and then.

    Returns
    -------
    list of dict
        The replications asked for, as `bayes_frontier.checks.study.scoring.replicate` gives them.

    Raises
    ------
    QueryError
        If the folder cannot be written, or holds what is not replications.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise QueryError(f"{folder}: cannot be made ({error.strerror}); give another folder.") from None
    paths = {scenario.name: folder / f"{scenario.name}.jsonl" for scenario in scenarios}
    jobs, there = [], 0
    for scenario in scenarios:
        known = {line["replication"] for line in read_lines(paths[scenario.name])}
        wanted = tuple(r for r in range(replications) if r not in known)
        there += replications - len(wanted)
        if wanted:
            jobs.append(Job(scenario, wanted, paths[scenario.name], ask))
    total, started = replications * len(scenarios), time.perf_counter()

    def tell() -> None:
        done = sum(1 for path in paths.values() for line in read_lines(path) if line["replication"] < replications)
        progress(done, total, time.perf_counter() - started)

    progress(there, total, 0.0)
    for _ in _each_done(jobs, cores):
        tell()
    lines = [line for path in paths.values() for line in read_lines(path)]
    return [line for line in lines if line["replication"] < replications]


def _each_done(jobs: Sequence[Job], cores: int) -> Iterator[None]:
    """Run the jobs, yielding now and then."""
    if cores == 1 or len(jobs) < 2:
        for job in jobs:
            for replication in job.wanted:
                Job(job.scenario, (replication,), job.path, job.ask).run()
                yield
        return
    # fork would copy the threads' locks of the libraries that sample
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        pending: set[Future[int]] = {pool.submit(job.run) for job in jobs}
        try:
            while pending:
                done, pending = wait(pending, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                yield
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Append one line of JSON, in one write; half a line that an interruption left is cut off first.

    Parameters
    ----------
    path : pathlib.Path
        The file; made if it is not there.
    line : dict
        What to write.

    Raises
    ------
    QueryError
        If the file cannot be written.
    """
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
    """Read the whole lines of a file.

    Parameters
    ----------
    path : pathlib.Path
        The file; none there: no lines.

    Returns
    -------
    list of dict
        One a replication; what follows the last end of line is left out.

    Raises
    ------
    QueryError
        If a line is not a replication.
    """
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


def code_fingerprint(sources: Sequence[str] = _SOURCES) -> str:
    """Identify the code that the results depend on, comments, layout and docstrings aside.

    Parameters
    ----------
    sources : sequence of str
        Files and folders of the package.

    Returns
    -------
    str
        Twelve hexadecimal digits.
    """
    package = Path(bayes_frontier.__file__).parent
    digest = hashlib.sha256()
    for source in sources:
        for path in sorted([package / source] if source.endswith(".py") else (package / source).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                body = getattr(node, "body", None)
                if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
                    body[:1] = [] if isinstance(body[0].value, ast.Constant) else body[:1]
            digest.update(ast.dump(tree).encode())
    digest.update((package / "checks/study/clusters.csv").read_bytes())
    return digest.hexdigest()[:12]
