"""Calls handed to Dask workers: a real scheduler with two of which one is killed, and made-up ones for the rest."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest

from bayes_frontier import parallel
from bayes_frontier.errors import ClusterError, QueryError
from bayes_frontier.parallel import Workers, connected, environment, hand_out

ROOT = Path(__file__).resolve().parents[1]
CALLS, DOOMED = 12, 3


def draw(seed: int, marks: Path | None = None) -> tuple[float, int]:
    """A random number; the first to take one of the calls hangs until it is killed."""
    if marks is not None and seed == DOOMED and not (mark := marks / "pid").exists():
        mark.with_suffix(".part").write_text(str(os.getpid()))
        mark.with_suffix(".part").rename(mark)
        time.sleep(60.0)
    time.sleep(0.05)
    return float(np.random.default_rng(seed).normal()), os.getpid()


def refuse(seed: int) -> None:
    raise QueryError(f"no call {seed}")


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


@pytest.mark.slow
def test_processes_of_this_machine_are_enough(tmp_path):
    found = {}

    def keep(number, made):
        found[number] = made
        if len(found) == 2:
            os.kill(made[1], signal.SIGKILL)

    Workers(2).run(draw, [(seed,) for seed in range(CALLS)], keep)
    assert [found[seed][0] for seed in range(CALLS)] == [draw(seed)[0] for seed in range(CALLS)]
    assert os.getpid() not in {pid for _, pid in found.values()}


class Future:
    def __init__(self, call, arguments, worker):
        self.worker, self.status, self.cancelled = worker, "pending", False
        self.call, self.arguments = call, arguments

    def cancel(self):
        self.cancelled = True

    def result(self, timeout):
        return self.call(*self.arguments)


class Client:
    """Workers that make a call whenever somebody waits; `loses` says which calls end their worker, and how often."""

    status = "running"

    def __init__(self, workers=("a", "b"), loses=None, others=None, gone=None):
        self.there, self.loses = list(workers), dict(loses or {})
        self.others, self.gone = others or {}, gone
        self.log, self.cancelled, self.futures = [], [], []

    def nthreads(self):
        if self.gone is not None and len(self.log) >= self.gone:
            self.status = "closed"
            raise OSError("connection lost")
        return dict.fromkeys(self.there, 1)

    def submit(self, call, *arguments, workers, pure):
        assert not pure
        (worker,) = workers
        self.futures.append(Future(call, arguments, worker))
        self.log.append((worker, arguments[0]))
        return self.futures[-1]

    def run(self, call, workers, on_error):
        assert on_error == "return"
        return {worker: self.others.get(worker, call()) for worker in workers}

    def cancel(self, futures):
        self.cancelled += futures

    def wait(self, futures, timeout, return_when):
        for future in futures:
            number = future.arguments[0]
            if self.loses.get(number, 0):
                self.loses[number] -= 1
                self.there.remove(future.worker)
                self.there.append(f"{future.worker}+")
            else:
                future.status = "finished"


@pytest.fixture
def give(monkeypatch):
    def run(client, n=6, call=lambda number: number**2, groups=None, check=False):
        import distributed

        monkeypatch.setattr(distributed, "wait", client.wait)
        found = {}
        keep = found.__setitem__
        hand_out(client, call, [(number,) for number in range(n)], keep, groups or [0] * n, check=check)
        return found

    return run


def test_a_lost_call_is_made_again_by_another_worker(give):
    client = Client(loses={2: 1, 3: 2})
    assert give(client) == {number: number**2 for number in range(6)}
    calls = [number for _, number in client.log]
    assert (calls.count(2), calls.count(3), calls.count(4)) == (2, 3, 1)
    assert sum(future.cancelled for future in client.futures) == 3


def test_a_call_that_ends_its_workers_is_named(give):
    with pytest.raises(ClusterError, match=r"Call 2 of 6 lost its worker 3 times.*memory.*goes on"):
        give(Client(loses={1: 9}))


def test_a_worker_makes_one_call_at_a_time_and_stays_with_a_group(give):
    client = Client()
    give(client, n=8, groups=["x"] * 4 + ["y"] * 4)
    assert [number for worker, number in client.log if worker == "a"] == [0, 1, 2, 3]
    assert [number for worker, number in client.log if worker == "b"] == [4, 5, 6, 7]
    client = Client()
    give(client, n=7, groups=["x"] * 6 + ["y"])
    assert {worker for worker, number in client.log if number < 6} == {"a", "b"}


def test_workers_of_other_code_are_refused(give):
    other = {**environment(), "numpy": "1.0"}
    with pytest.raises(ClusterError, match=r"Worker b runs other code, .*: numpy 1\.0 there, [\d.]+ here\."):
        give(Client(others={"b": other}), check=True)
    missing = ModuleNotFoundError("No module named 'bayes_frontier'")
    with pytest.raises(ClusterError, match=r"Worker a cannot run this package: No module named .* Install it there"):
        give(Client(others={"a": missing}), check=True)
    assert len(give(Client(others={"b": OSError("gone")}), check=True)) == 6


def test_a_scheduler_that_ends_or_has_no_workers_is_an_error(give, monkeypatch):
    with pytest.raises(ClusterError, match=r"The Dask scheduler is gone \(connection lost\)\. What is finished"):
        give(Client(gone=3))
    monkeypatch.setattr(parallel, "_PATIENCE", 0.0)
    monkeypatch.setattr(parallel, "_LOOK", 0.01)
    with pytest.raises(ClusterError, match="has had no worker for 0 s"):
        give(Client(workers=()))


def test_an_interruption_and_a_failing_call_give_back_what_runs(give):
    def interrupted(number):
        if number == 2:
            raise KeyboardInterrupt
        return number

    client = Client()
    with pytest.raises(KeyboardInterrupt):
        give(client, call=interrupted)
    assert client.cancelled == client.futures[-2:]

    def failing(number):
        raise PermissionError("of the call")

    with pytest.raises(PermissionError, match="of the call"):
        give(Client(), call=failing)

    def cancelled(number):
        raise CancelledError

    with pytest.raises(ClusterError, match="is gone"):
        give(Client(), call=cancelled)


def test_the_environment_names_what_results_depend_on():
    found = environment()
    assert {"Python", "bayes_frontier", "numpy", "nutpie", "pymc"} <= set(found)
    assert found["Python"] == ".".join(map(str, sys.version_info[:2]))


def test_one_process_needs_no_cluster(monkeypatch):
    monkeypatch.setattr(parallel, "connected", None)
    found = {}
    Workers(1).run(pow, [(2, 3), (3, 2)], found.__setitem__)
    assert found == {0: 8, 1: 9}
    Workers(4).run(pow, [(2, 3)], found.__setitem__)
    Workers(4).run(pow, [], found.__setitem__)
    assert found == {0: 8, 1: 9}


def test_processes_that_cannot_start_are_an_error(monkeypatch):
    import distributed

    def start(**settings):
        # nobody else on the machine may send it code
        assert settings["security"] is True
        raise RuntimeError("Cluster failed to start: no port")

    monkeypatch.setattr(distributed, "LocalCluster", start)
    with (
        pytest.raises(ClusterError, match=r"No processes could be started \(.*no port\); --cores 1"),
        connected(None, 2),
    ):
        pass
