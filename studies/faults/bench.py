"""A folder with a small fit and tables, and commands run in processes that have the package and a compiled model."""

import contextlib
import os
import re
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pandas as pd

import bayes_frontier as bf
from bayes_frontier.cli import app as program
from studies.faults.tables import SETTINGS, plain

SAMPLED = (*["--tau", "0.9", "--draws", "50", "--tune", "50", "--chains", "2", "--cores", "1", "--allow-unconverged"],)
QUICK = ("--cores", "1", "--allow-unconverged")
PERIODS = ("--periods", "2024-06-30")
# What a run may leave while it is not over, and what none may leave when it is.
UNFINISHED = re.compile(r"^\.bayes-frontier-|\.part$")


@dataclass(frozen=True)
class Run:
    """How a command ended."""

    status: int  # of the process; minus the signal where one ended it
    out: str
    err: str
    seconds: float
    peak_mb: float  # most memory held


@dataclass(frozen=True)
class Bench:
    """Where everything is."""

    folder: Path

    @property
    def out(self) -> Path:
        """Where commands write."""
        return self.folder / "out"

    @property
    def temporary(self) -> Path:
        """What they take for the temporary folder."""
        return self.folder / "tmp"

    def clear(self) -> None:
        """Remove what commands wrote."""
        import shutil

        for place in (self.out, self.temporary):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()

    def left(self) -> list[str]:
        """List what is in the temporary folder, and unfinished beside results."""
        beside = [path for path in self.out.rglob("*") if UNFINISHED.search(path.name)]
        return sorted(path.name for path in [*self.temporary.iterdir(), *beside])

    def run(self, *arguments: object, stop: tuple[float, int] | None = None, **settings: object) -> Run:
        """Run a command in a process of its own; `stop`: after so many seconds by such a signal."""
        return called(lambda: command(*arguments), self, stop=stop, **settings)  # type: ignore[arg-type]


def command(*arguments: object) -> NoReturn:
    """Run the command line in this process, to its exit."""
    sys.argv = ["bayes-frontier", *map(str, arguments)]
    program.run(program.app, "bayes-frontier")
    raise AssertionError("the command line ends by an exit")


def called(
    call: Callable[[], object],
    bench: Bench,
    *,
    stop: tuple[float, int] | None = None,
    prepare: Callable[[], object] = lambda: None,
) -> Run:
    """Call in a fork of this process, with its own streams, and say how that ended."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        sys.stdout.flush()
        started = time.perf_counter()
        with warnings.catch_warnings():
            # threads of libraries, all at rest: Python warns, and JAX where it is loaded
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            child = os.fork()
        if not child:
            _child(call, bench, out.fileno(), err.fileno(), prepare)
        if stop is not None:
            time.sleep(stop[0])
            # it may be over
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, stop[1])
        _, status, usage = os.wait4(child, 0)
        seconds = time.perf_counter() - started
        for stream in (out, err):
            stream.seek(0)
        said, noted = (
            Path(f"/dev/fd/{stream.fileno()}").read_bytes().decode(errors="replace") for stream in (out, err)
        )
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Run(os.waitstatus_to_exitcode(status), said, noted, seconds, usage.ru_maxrss / unit)


def _child(call: Callable[[], object], bench: Bench, out: int, err: int, prepare: Callable[[], object]) -> NoReturn:
    status = 99
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        os.chdir(bench.folder)
        tempfile.tempdir = os.environ["TMPDIR"] = str(bench.temporary)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        prepare()
        call()
        status = 0
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException as error:
        sys.stderr.write(f"Traceback: {error!r}\n")
        status = 1
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


@contextlib.contextmanager
def made() -> Iterator[Bench]:
    """Make the folder: tables, a fit and a plan; what is compiled for them is there for every command."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        bench = Bench(Path(name))
        bench.clear()
        table = plain()
        table.to_csv(bench.folder / "table.csv", index=False)
        newer = plain().iloc[:20]
        newer.assign(model=newer["model"] + "-new", released="2024-12-20").to_csv(
            bench.folder / "newer.csv", index=False
        )
        candidates(table).to_csv(bench.folder / "candidates.csv", index=False)
        frontier = bf.fit(bf.read(bench.folder / "table.csv", periods=["2024-06-30"]), **SETTINGS)
        frontier.save(bench.folder / "fit.nc")
        yield bench


def candidates(table: pd.DataFrame) -> pd.DataFrame:
    """Return candidates for a plan: models on the base models of a table."""
    some = table.iloc[:20]
    return some[["base_model", "flops"]].assign(model=some["model"] + "-candidate", params_b=7.0, released="2024-12-20")
