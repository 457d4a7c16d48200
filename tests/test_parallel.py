"""Calls handed to workers: to processes, to a real Dask scheduler with two of which one is killed, to made-up ones."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

from bayes_frontier import parallel
from bayes_frontier.errors import ClusterError, QueryError
from bayes_frontier.parallel import Team, Workers, hand_out
from bayes_frontier.provenance import environment

ROOT = Path(__file__).resolve().parents[1]
CALLS, DOOMED = 12, 3
HANGS = 60.0


def draw(seed: int, marks: Path | None = None) -> tuple[float, int]:
    """A random number; the first to take one of the calls hangs until it is killed."""
    if marks is not None and seed == DOOMED and not (mark := marks / "pid").exists():
        mark.with_suffix(".part").write_text(str(os.getpid()))
        mark.with_suffix(".part").rename(mark)
        time.sleep(HANGS)
    time.sleep(0.05)
    return float(np.random.default_rng(seed).normal()), os.getpid()


def refuse(seed: int) -> None:
    raise QueryError(f"no call {seed}")


def refuse_or_hang(seed: int) -> None:
    if seed == 1:
        refuse(seed)
    time.sleep(HANGS)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """Address of a scheduler with two workers, each a process of its own."""
    folder = tmp_path_factory.mktemp("cluster")
    place = ("--scheduler-file", str(folder / "scheduler.json"))
    options = ("--host", "127.0.0.1", "--no-dashboard", *place)
    commands = [("scheduler", "--port", "0"), *2 * [("worker", "--nthreads", "1", "--no-nanny")]]
    started = []
    try:
        for name, *own in commands:
            command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *own, *options]
            with open(folder / f"{len(started)}.log", "wb") as log:
                started.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))
        with connected_file(folder / "scheduler.json") as client:
            client.wait_for_workers(2, timeout=60)
            address = client.scheduler.address
        yield address
    finally:
        for process in started:
            process.kill()
            process.wait()


def connected_file(path: Path):
    from distributed import Client

    for _ in range(600):
        if path.is_file() and path.stat().st_size:
            break
        time.sleep(0.1)
    return Client(scheduler_file=str(path), timeout=30, set_as_default=False)


def test_nothing_is_lost_with_a_worker_and_results_are_those_of_one_process(scheduler, tmp_path):
    found, killed = {}, []

    def keep(number, made):
        assert number not in found
        found[number], pid = made
        mark = tmp_path / "pid"
        if not killed and mark.exists():
            killed.append(int(mark.read_text()))
            os.kill(killed[0], signal.SIGKILL)
        assert pid != os.getpid()

    Workers(scheduler=scheduler).run(draw, [(seed, tmp_path) for seed in range(CALLS)], keep)
    assert len(killed) == 1
    alone = {}
    Workers(1).run(draw, [(seed,) for seed in range(CALLS)], lambda number, made: alone.update({number: made[0]}))
    assert found == alone
    # what a call raises is raised here, from the worker that is left
    with pytest.raises(QueryError, match="no call 7"):
        Workers(scheduler=scheduler).run(refuse, [(7,)], lambda *_: None)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:99999", "tcp://", "", "no host"])
def test_an_address_without_a_scheduler_is_refused_in_time(address, monkeypatch):
    monkeypatch.setattr(parallel, "_ANSWER", 0.5)
    started = time.monotonic()
    with pytest.raises(ClusterError, match=r"--scheduler .*: no Dask scheduler answers there .* `dask scheduler`"):
        Workers(scheduler=address).run(draw, [(1,)], lambda *_: None)
    assert time.monotonic() - started < 10.0


def test_a_refused_client_is_gone_before_the_next_one_starts(monkeypatch):
    from distributed import Client

    # left over, it would close itself while another holds the lock that this takes
    monkeypatch.setattr(parallel, "_ANSWER", 0.5)
    collected = []
    monkeypatch.setattr(Client, "__del__", lambda self: collected.append(self.status))
    with pytest.raises(ClusterError):
        Workers(scheduler="tcp://127.0.0.1:9").run(draw, [(1,)], lambda *_: None)
    assert len(collected) == 1


def test_processes_of_this_machine_give_what_one_gives_though_one_is_killed():
    found = {}

    def keep(number, made):
        found[number] = made
        if len(found) == 2:
            os.kill(made[1], signal.SIGKILL)

    Workers(2).run(draw, [(seed,) for seed in range(CALLS)], keep)
    assert [found[seed][0] for seed in range(CALLS)] == [draw(seed)[0] for seed in range(CALLS)]
    # one of the two made the rest
    assert len({pid for _, pid in found.values()} - {os.getpid()}) == 2


def test_an_error_of_a_call_ends_the_processes_in_time():
    started = time.monotonic()
    with pytest.raises(QueryError, match="no call 1"):
        Workers(2).run(refuse_or_hang, [(1,), (2,)], lambda *_: None)
    assert time.monotonic() - started < HANGS
    assert multiprocessing.active_children() == []


def test_processes_that_cannot_start_or_are_all_lost_are_an_error(monkeypatch):
    with pytest.raises(ClusterError, match=r"No worker is left.*goes on"):
        Workers(2).run(os._exit, [(1,), (1,), (1,)], lambda *_: None)

    def refused(*_, **__):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(parallel.ProcessPoolExecutor, "submit", refused)
    with pytest.raises(ClusterError, match=r"No process could be started \(.*unavailable\); --cores 1"):
        Workers(2).run(draw, [(1,), (2,)], lambda *_: None)


class Made(Team):
    """Workers that make a call as soon as they have it; `losses` says which calls end their worker, and how often."""

    def __new__(cls, workers=("a", "b"), losses=None, how="gone"):
        there, log, futures, losses = list(workers), [], [], dict(losses or {})

        def submit(worker, call, number):
            future = Future()
            log.append((worker, number))
            futures.append(future)
            if losses.get(number, 0):
                losses[number] -= 1
                there.append(f"{worker}+")
                if how == "gone":
                    there.remove(worker)
                else:
                    future.set_exception(BrokenProcessPool())
                return future
            try:
                future.set_result(call(number))
            except BaseException as error:
                future.set_exception(error)
            return future

        made = super().__new__(cls, lambda: set(there), submit, 0.0)
        made.log, made.futures = log, futures
        return made


@pytest.fixture
def give(monkeypatch):
    monkeypatch.setattr(parallel, "_LOOK", 0.01)

    def run(team, n=6, groups=None):
        found = {}
        hand_out(team, square, [(number,) for number in range(n)], found.__setitem__, groups or [0] * n)
        return found

    return run


def square(number):
    return number**2


@pytest.mark.parametrize("how", ["gone", "broken"])
def test_a_lost_call_is_made_again_by_another_worker(give, how):
    team = Made(losses={2: 1, 3: 2}, how=how)
    assert give(team) == {number: number**2 for number in range(6)}
    calls = [number for _, number in team.log]
    assert (calls.count(2), calls.count(3), calls.count(4)) == (2, 3, 1)
    if how == "gone":
        assert sum(future.cancelled() for future in team.futures) == 3


def test_a_call_that_ends_its_workers_is_named(give):
    with pytest.raises(ClusterError, match=r"Call 2 of 6 lost its worker 3 times.*memory.*goes on"):
        give(Made(losses={1: 9}))


def test_without_workers_it_does_not_wait_for_ever(give):
    with pytest.raises(ClusterError, match="No worker is left, and none has come within 0 s"):
        give(Made(workers=()))


def test_a_worker_makes_one_call_at_a_time_and_stays_with_a_group(give):
    team = Made()
    give(team, n=8, groups=["x"] * 4 + ["y"] * 4)
    assert [number for worker, number in team.log if worker == "a"] == [0, 1, 2, 3]
    assert [number for worker, number in team.log if worker == "b"] == [4, 5, 6, 7]
    team = Made()
    give(team, n=7, groups=["x"] * 6 + ["y"])
    assert {worker for worker, number in team.log if number < 6} == {"a", "b"}


class Client:
    """A scheduler as it is asked what its workers are, and given calls."""

    status = "running"

    def __init__(self, others=None, gone=None):
        self.others, self.gone, self.asked, self.closed = others or {}, gone, 0, False

    def nthreads(self):
        self.asked += 1
        if self.asked == self.gone:
            self.status = "closed"
            raise OSError("connection lost")
        return {"a": 1, "b": 4}

    def run(self, call, packages, workers, on_error):
        assert on_error == "return"
        return {worker: self.others.get(worker, call(packages)) for worker in workers}

    def get_executor(self, workers, pure):
        assert not pure
        assert len(workers) == 1
        return self

    def submit(self, call, *arguments):
        future = Future()
        try:
            future.set_result(call(*arguments))
        except BaseException as error:
            future.set_exception(error)
        return future

    def close(self):
        self.closed = True


@pytest.fixture
def reach(monkeypatch):
    def run(client, call=square, n=6):
        monkeypatch.setattr(parallel, "_connected", lambda address: client)
        found = {}
        try:
            Workers(scheduler="tcp://there:8786").run(call, [(i,) for i in range(n)], found.__setitem__)
        finally:
            assert client.closed
        return found

    return run


def test_workers_of_other_code_are_refused(reach):
    other = {**environment(("bayes_frontier", "studies")), "numpy": "1.0"}
    with pytest.raises(ClusterError, match=r"Worker b runs other code, .*: numpy 1\.0 there, [\d.]+ here[.;]"):
        reach(Client(others={"b": other}))
    missing = ModuleNotFoundError("No module named 'bayes_frontier'")
    with pytest.raises(ClusterError, match=r"Worker a cannot run this package: No module named .* Install it there"):
        reach(Client(others={"a": missing}))
    assert len(reach(Client(others={"b": OSError("gone")}))) == 6


def test_a_scheduler_that_ends_is_an_error(reach):
    with pytest.raises(ClusterError, match=r"The Dask scheduler is gone \(connection lost\)\. What is finished"):
        reach(Client(gone=3))

    def cancelled(number):
        raise CancelledError

    with pytest.raises(ClusterError, match="is gone"):
        reach(Client(), call=cancelled)


def test_an_interruption_and_a_failing_call_come_through(reach):
    def interrupted(number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reach(Client(), call=interrupted)

    def failing(number):
        raise PermissionError("of the call")

    with pytest.raises(PermissionError, match="of the call"):
        reach(Client(), call=failing)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"--scheduler needs Dask: `pip install \"bayes-frontier\[cluster\]\"`"):
        Workers(scheduler="tcp://there:8786").run(draw, [(1,)], lambda *_: None)
    found = {}
    Workers(2).run(pow, [(2, 3), (3, 2)], found.__setitem__)
    assert found == {0: 8, 1: 9}


def test_one_process_starts_no_other(monkeypatch):
    monkeypatch.setattr(parallel, "_processes", None)
    found = {}
    Workers(1).run(pow, [(2, 3), (3, 2)], found.__setitem__)
    assert found == {0: 8, 1: 9}
    Workers(4).run(pow, [(2, 3)], found.__setitem__)
    Workers(4).run(pow, [], found.__setitem__)
    assert found == {0: 8, 1: 9}
