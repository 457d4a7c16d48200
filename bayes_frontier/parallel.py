"""Independent calls in parallel, over processes of this machine or over a Dask cluster."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import logging
import os
import platform
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bayes_frontier
from bayes_frontier.errors import ClusterError


@dataclass(frozen=True)
class Workers:
    """Where independent calls run.

    Attributes
    ----------
    cores : int, optional
        Processes of this machine; 1: this one; none: as many as it has cores.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers take the place of processes of this machine.
    """

    cores: int | None = None
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
        group as long as it has calls, so that a compiled model is used again. A call whose worker is lost is made
        again by another one. An interruption gives back what runs.
        """
        if not arguments:
            return
        if self.scheduler is None and (self.cores == 1 or len(arguments) < 2):
            for number, given in enumerate(arguments):
                keep(number, call(*given))
            return
        processes = min(self.cores or os.cpu_count() or 1, len(arguments))
        with connected(self.scheduler, processes) as client:
            hand_out(client, call, arguments, keep, groups or [0] * len(arguments), check=self.scheduler is not None)


# Dask workers: reached, compared with this process, and handed one call at a time.

# Seconds until a scheduler must have answered, until workers must be there, and between looks at who is.
_ANSWER, _PATIENCE, _LOOK = 10.0, 60.0, 1.0
# Workers that one call may lose before it is held to be the cause.
_LOSSES = 3
_LIBRARIES = ("distributed", "numba", "numpy", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray")
_RESUME = "What is finished is kept where the command has a folder; the same command goes on from it."


@contextlib.contextmanager
def connected(scheduler: str | None, processes: int) -> Iterator[Any]:
    """Connect to a scheduler, or start processes of this machine."""
    import distributed

    connect: Any = distributed.Client
    with contextlib.ExitStack() as stack:
        address = scheduler if scheduler is not None else stack.enter_context(_started(processes))
        refused = ""
        try:
            with warnings.catch_warnings():
                # versions are compared here too, but a difference is an error
                warnings.filterwarnings("ignore", message="(?s).*Mismatched versions")
                client = connect(address, timeout=_ANSWER, set_as_default=False)
        except (OSError, ValueError, TypeError, OverflowError, ImportError) as error:
            refused = _first_line(error)
        if refused:
            # the client that found nobody closes itself when it is collected; left until the next one starts, which
            # holds the lock that closing asks for, both would wait for ever
            gc.collect()
            raise ClusterError(
                f"--scheduler {scheduler}: no Dask scheduler answers there ({refused}). Start one with "
                "`dask scheduler` and give the address that it prints, tcp://HOST:8786 say."
            )
        stack.enter_context(client)
        with client.as_current():
            yield client


def _started(processes: int) -> Any:  # noqa: ANN401 - distributed is untyped
    """Start a scheduler and workers on this machine that answer to this process only."""
    import dask
    import distributed

    start: Any = distributed.LocalCluster
    # its web pages are open to everybody on the machine, and say what runs
    with dask.config.set({f"distributed.{part}.http.routes": [] for part in ("scheduler", "worker")}):
        try:
            return start(
                n_workers=processes,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
                memory_limit=None,
                security=True,
                silence_logs=logging.CRITICAL,
            )
        except (OSError, RuntimeError) as error:
            raise ClusterError(
                f"No processes could be started ({_first_line(error)}); --cores 1 runs all in this one."
            ) from None


def hand_out(
    client: Any,  # noqa: ANN401 - distributed is untyped
    call: Callable[..., Any],
    arguments: Sequence[tuple[Any, ...]],
    keep: Callable[[int, Any], None],
    groups: Sequence[Hashable],
    *,
    check: bool,
) -> None:
    """Hand calls to workers, one at a time each, until all are made.

    Each call is pinned to a worker, so that it is known here which calls a lost worker had.
    """
    import distributed

    wait: Any = distributed.wait
    waiting: dict[Hashable, deque[int]] = {}
    for number, group in enumerate(groups):
        waiting.setdefault(group, deque()).append(number)
    running: dict[str, tuple[int, Any]] = {}
    last: dict[str, Hashable] = {}
    losses: Counter[int] = Counter()
    seen = time.monotonic()
    try:
        while waiting or running:
            present = set(client.nthreads())
            for worker in sorted(running.keys() - present):
                number, future = running.pop(worker)
                future.cancel()
                waiting.setdefault(groups[number], deque()).appendleft(number)
                losses[number] += 1
                if losses[number] == _LOSSES:
                    raise ClusterError(
                        f"Call {number + 1} of {len(arguments)} lost its worker {_LOSSES} times: does a worker have "
                        f"enough memory? {_RESUME}"
                    )
            if check:
                _compare(client, sorted(present - last.keys()))
            seen = time.monotonic() if present else seen
            if time.monotonic() - seen > _PATIENCE:
                raise ClusterError(f"The scheduler has had no worker for {_PATIENCE:.0f} s. {_RESUME}")
            for worker in sorted(present - running.keys()):
                group = _next_group(waiting, last.get(worker), last.values())
                last[worker] = group
                if group is None:
                    continue
                number = waiting[group].popleft()
                if not waiting[group]:
                    del waiting[group]
                running[worker] = (number, client.submit(call, *arguments[number], workers=[worker], pure=False))
            if not running:
                time.sleep(_LOOK)
                continue
            with contextlib.suppress(TimeoutError):
                wait([future for _, future in running.values()], timeout=_LOOK, return_when="FIRST_COMPLETED")
            for worker, (number, future) in list(running.items()):
                if future.status == "pending":
                    continue
                try:
                    result = future.result(timeout=_ANSWER)
                except TimeoutError:
                    if future.status == "error":
                        raise
                    # lost on the way: either the worker is, or the next look brings it
                    continue
                del running[worker]
                keep(number, result)
    except (OSError, CancelledError) as error:
        if client.status == "running" and not isinstance(error, CancelledError):
            raise
        raise ClusterError(f"The Dask scheduler is gone ({_first_line(error)}). {_RESUME}") from None
    finally:
        if running and client.status == "running":
            with contextlib.suppress(OSError, TimeoutError):
                client.cancel([future for _, future in running.values()])


def _next_group(
    waiting: dict[Hashable, deque[int]],
    last: Hashable | None,
    taken: Any,  # noqa: ANN401 - a view
) -> Hashable | None:
    """Return the group a worker goes on with: its own, else the longest that no other worker has, else the longest."""
    if last in waiting:
        return last
    free = [group for group in waiting if group not in set(taken)]
    return max(free or waiting, key=lambda group: len(waiting[group]), default=None)


@cache
def environment() -> dict[str, str]:
    """Say what results depend on beside the calls."""
    package = Path(bayes_frontier.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".toml", ".csv")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    python = ".".join(platform.python_version_tuple()[:2])
    own = f"{bayes_frontier.__version__}, files {digest.hexdigest()[:8]}"
    return {"Python": python, "bayes_frontier": own, **{name: version(name) for name in _LIBRARIES}}


def _compare(client: Any, workers: Sequence[str]) -> None:  # noqa: ANN401 - distributed is untyped
    """Refuse workers on which the same seed may give another result."""
    if not workers:
        return
    here = environment()
    for worker, there in client.run(environment, workers=list(workers), on_error="return").items():
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
