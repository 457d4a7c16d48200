"""Independent calls in parallel, over processes of this machine or over a Dask cluster."""

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, NamedTuple

from bayes_frontier.errors import ClusterError
from bayes_frontier.provenance import environment

# Seconds until a scheduler must have answered, until workers must be there, and between looks at who is.
_ANSWER, _PATIENCE, _LOOK = 10.0, 60.0, 1.0
# Workers that one call may lose before it is held to be the cause.
_LOSSES = 3
_RESUME = "What is finished is kept where the command has a folder; the same command goes on from it."


@dataclass(frozen=True)
class Workers:
    """Where independent calls run."""

    cores: int | None = None  # processes of this machine; 1: this one; none: as many as it has cores
    # address of a Dask scheduler, whose workers take the place of processes of this machine
    scheduler: str | None = None

    def run(
        self,
        call: Callable[..., Any],
        arguments: Sequence[tuple[Any, ...]],
        keep: Callable[[int, Any], None],
        groups: Sequence[Hashable] | None = None,
    ) -> None:
        """Call with each of the arguments, in any order.

        A worker makes one call at a time, since what libraries keep at hand is not made for threads, and stays with a
        group as long as it has calls, so that a compiled model is used again. A call whose worker is lost is made again
        by another one. An interruption gives back what runs.
        """
        if not arguments:
            return
        if self.scheduler is None and (self.cores == 1 or len(arguments) < 2):
            for number, given in enumerate(arguments):
                keep(number, call(*given))
            return
        n = min(self.cores or os.cpu_count() or 1, len(arguments))
        with _processes(n) if self.scheduler is None else _cluster(self.scheduler) as team:
            hand_out(team, call, arguments, keep, groups or [0] * len(arguments))


class Team(NamedTuple):
    """Workers that make one call at a time each."""

    present: Callable[[], set[str]]  # returns the names of the workers that are there
    submit: Callable[..., Future[Any]]  # called with a worker's name, a call and its arguments; returns a future
    patience: float  # seconds to wait for a worker when there is none


def hand_out(
    team: Team,
    call: Callable[..., Any],
    arguments: Sequence[tuple[Any, ...]],
    keep: Callable[[int, Any], None],
    groups: Sequence[Hashable],
) -> None:
    """Hand calls to workers, one at a time each, until all are made."""
    waiting: dict[Hashable, deque[int]] = {}
    for number, group in enumerate(groups):
        waiting.setdefault(group, deque()).append(number)
    running: dict[Future[Any], tuple[str, int]] = {}
    last: dict[str, Hashable] = {}
    broken: set[str] = set()
    losses: Counter[int] = Counter()
    seen = time.monotonic()
    while waiting or running:
        present = team.present() - broken
        seen = time.monotonic() if present else seen
        if not present and time.monotonic() - seen > team.patience:
            raise ClusterError(f"No worker is left, and none has come within {team.patience:.0f} s. {_RESUME}")
        for worker in sorted(present - {worker for worker, _ in running.values()}):
            last[worker] = group = _next_group(waiting, last.get(worker), set(last.values()))
            if group is None:
                continue
            number = waiting[group].popleft()
            if not waiting[group]:
                del waiting[group]
            running[team.submit(worker, call, *arguments[number])] = (worker, number)
        if not running:
            time.sleep(_LOOK)
        done = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED).done
        for future, (worker, number) in list(running.items()):
            if future in done:
                with contextlib.suppress(BrokenProcessPool):
                    keep(number, future.result())
                    del running[future]
                    continue
                broken.add(worker)
            elif worker in present:
                continue
            # lost, and made again by another worker
            del running[future]
            future.cancel()
            waiting.setdefault(groups[number], deque()).appendleft(number)
            losses[number] += 1
            if losses[number] == _LOSSES:
                raise ClusterError(
                    f"Call {number + 1} of {len(arguments)} lost its worker {_LOSSES} times: does a worker have enough "
                    f"memory? {_RESUME}"
                )


def _next_group(
    waiting: dict[Hashable, deque[int]], last: Hashable | None, taken: set[Hashable | None]
) -> Hashable | None:
    """Choose what a worker goes on with: its last group, else the longest that no other has, else the longest."""
    if last in waiting:
        return last
    free = [group for group in waiting if group not in taken]
    return max(free or waiting, key=lambda group: len(waiting[group]), default=None)


@contextlib.contextmanager
def _processes(n: int) -> Iterator[Team]:
    """Start processes of this machine: a pool of one each, so that a lost one takes no other's call with it."""
    spawn = multiprocessing.get_context("spawn")
    pools = {f"process {number:03d}": ProcessPoolExecutor(1, spawn, _prepare) for number in range(n)}
    others = set(multiprocessing.active_children())

    def submit(worker: str, *called: Any) -> Future[Any]:  # noqa: ANN401 - a call and its arguments
        try:
            return pools[worker].submit(*called)
        except OSError as error:
            raise ClusterError(
                f"No process could be started ({_first_line(error)}); --cores 1 runs all in this one."
            ) from None

    try:
        yield Team(lambda: set(pools), submit, patience=0.0)
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        for pool in pools.values():
            pool.shutdown(cancel_futures=True)


def _prepare() -> None:
    """Leave interruptions to the process that hands calls out, and end when it has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextlib.contextmanager
def _cluster(scheduler: str) -> Iterator[Team]:
    """Reach the workers of a Dask scheduler, compared when they appear; calls are pinned to workers."""
    client = _connected(scheduler)
    compared: set[str] = set()
    packages = tuple(name for name in ("bayes_frontier", "studies") if name in sys.modules)

    def present() -> set[str]:
        workers = set(client.nthreads())
        _compare(client, sorted(workers - compared), packages)
        compared.update(workers)
        return workers

    def submit(worker: str, *called: Any) -> Future[Any]:  # noqa: ANN401 - a call and its arguments
        made: Future[Any] = client.get_executor(workers=[worker], pure=False).submit(*called)
        return made

    try:
        yield Team(present, submit, _PATIENCE)
    except (OSError, CancelledError) as error:
        if client.status == "running" and not isinstance(error, CancelledError):
            raise
        raise ClusterError(f"The Dask scheduler is gone ({_first_line(error)}). {_RESUME}") from None
    finally:
        client.close()


def _connected(scheduler: str) -> Any:  # noqa: ANN401 - distributed is untyped
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            '--scheduler needs Dask: `pip install "bayes-frontier[cluster]"` installs the extra, here and on workers.'
        ) from None
    connect: Any = Client
    try:
        with warnings.catch_warnings():
            # versions are compared here too, but a difference is an error
            warnings.filterwarnings("ignore", message="(?s).*Mismatched versions")
            return connect(scheduler, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError, TypeError, OverflowError, ImportError) as error:
        refused = _first_line(error)
    # the client that found nobody closes itself when it is collected; left until the next one starts, which holds the
    # lock that closing asks for, both would wait for ever
    gc.collect()
    raise ClusterError(
        f"--scheduler {scheduler}: no Dask scheduler answers there ({refused}). Start one with `dask scheduler` and "
        "give the address that it prints, tcp://HOST:8786 say."
    )


def _compare(client: Any, workers: Sequence[str], packages: tuple[str, ...]) -> None:  # noqa: ANN401 - untyped
    """Refuse workers on which the same seed may give another result."""
    if not workers:
        return
    here = environment(packages)
    for worker, there in client.run(environment, packages, workers=list(workers), on_error="return").items():
        if isinstance(there, OSError):
            # gone again
            continue
        if isinstance(there, BaseException):
            raise ClusterError(f"Worker {worker} cannot run this package: {_first_line(there)}. Install it there.")
        other = [f"{name} {there.get(name)} there, {here[name]} here" for name in here if there.get(name) != here[name]]
        if other:
            raise ClusterError(f"Worker {worker} runs other code, so its results could differ: {'; '.join(other)}.")


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
