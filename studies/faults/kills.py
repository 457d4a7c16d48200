"""Commands killed at random moments: nothing half written, the same command again works, and nothing is left then."""

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import pandas as pd
from PIL import Image

import bayes_frontier as bf
from studies.faults.bench import PERIODS, QUICK, SAMPLED, Bench, Run

OLD = b"as it was before"
COMMANDS: dict[str, tuple[str, ...]] = {
    "fit": ("fit", "table.csv", *PERIODS, *SAMPLED, "--quiet", "--out", "out/fit.nc"),
    "update": ("update", "fit.nc", "newer.csv", *QUICK, "--quiet", "--out", "out/new.nc"),
    "report": ("report", "fit.nc", "--out", "out/report"),
    "data combine": ("data", "combine", "table.csv", "newer.csv", "--out", "out/all.csv", "--dropped", "out/left.csv"),
    "plan": (
        *("plan", "fit.nc", "--candidates", "candidates.csv", "--budget", "50%", "--out", "out/plan.csv"),
        *("--picture", "out/plan.png"),
    ),
    "backtest": (
        *("backtest", "table.csv", *PERIODS, *SAMPLED, "--quiet"),
        *("--baselines", "constant", "--out", "out/backtest"),
    ),
}
SENTENCE = "Interrupted: a file that was not finished was not written."


def whole(path: Path) -> bool:
    """Say whether a file is complete, by its kind."""
    try:
        match path.suffix:
            case ".nc" if path.parent.name == "out":
                bf.load(path)
            case ".nc":
                with h5py.File(path) as file:
                    return bool(len(file))
            case ".csv":
                return path.read_bytes().endswith(b"\n") and len(pd.read_csv(path)) >= 0
            case ".png":
                with Image.open(path) as image:
                    image.load()
            case ".html":
                return path.read_text(encoding="utf-8").rstrip().endswith("</html>")
            case _:
                return path.stat().st_size > 0
    except (OSError, ValueError, bf.FrontierError):
        return False
    return True


def kill(bench: Bench, name: str, n: int, seed: int = 1) -> Counter[str]:
    """Kill a command `n` times before it is over, run it again after a third of them, and count what went wrong."""
    rng = random.Random(f"{name} {seed}")
    counts: Counter[str] = Counter()
    bench.clear()
    complete = sorted(bench.run(*COMMANDS[name]).seconds for _ in range(3))[1]
    written = [path for path in bench.out.rglob("*") if path.is_file() and "cache" not in path.parts]
    targets = [path.relative_to(bench.out) for path in written]
    for k in range(3 * n):
        if counts["killed"] == n:
            break
        bench.clear()
        if k % 2:
            # what was there stays as it was, or is replaced as a whole
            for target in targets:
                (bench.out / target).parent.mkdir(parents=True, exist_ok=True)
                (bench.out / target).write_bytes(OLD)
        if k % 5 == 4:
            # half way through a file: a random moment hardly falls there
            run = bench.run(*COMMANDS[name], prepare=partial(_killed_writing, rng.randint(1, len(targets))))
        else:
            run = bench.run(*COMMANDS[name], stop=(rng.uniform(0.0, complete), signal.SIGKILL))
        counts["killed"] += run.status == -signal.SIGKILL
        counts["unfinished when killed"] += bool(bench.left())
        files = [path for path in bench.out.rglob("*") if path.is_file()]
        finished = [path for path in files if not any(part.startswith(".bayes") for part in path.parts)]
        counts["half written"] += any(path.read_bytes() != OLD and not whole(path) for path in finished)
        if k % 3:
            continue
        again = bench.run(*COMMANDS[name])
        counts["run again"] += 1
        counts["failed again"] += again.status != 0 or not all(whole(bench.out / target) for target in targets)
        counts["left after it"] += bool(bench.left())
    return counts


def _killed_writing(number: int) -> None:
    """Have this process killed when half of a file is written, its `number`-th."""
    write, files = Path.write_bytes, [number]

    def write_half(path: Path, content: bytes) -> int:
        files[0] -= 1
        if files[0]:
            return write(path, content)
        write(path, content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nothing comes after it")

    Path.write_bytes = write_half  # type: ignore[method-assign, assignment]


def interrupt(bench: Bench, name: str, n: int, seed: int = 1) -> Counter[str]:
    """Interrupt a command `n` times by SIGINT and by SIGTERM: one sentence, status 130, nothing left."""
    rng = random.Random(f"{name} {seed} interrupted")
    counts: Counter[str] = Counter()
    bench.clear()
    complete = sorted(bench.run(*COMMANDS[name]).seconds for _ in range(3))[1]
    for number in (signal.SIGINT, signal.SIGTERM):
        for _ in range(n):
            bench.clear()
            moment = rng.uniform(0.15, 0.9) * complete
            run = bench.run(*COMMANDS[name], stop=(moment, number))
            before = run.status == 0 and run.seconds < moment + 0.05
            counts["interrupted"] += run.status == 130
            counts["over before"] += before
            counts["other status"] += run.status != 130 and not before
            counts["other words"] += run.status == 130 and not _one_sentence(run)
            counts["left"] += bool(bench.left())
    return counts


def _one_sentence(run: Run) -> bool:
    # notes of progress may stand before it
    return run.err.rstrip().endswith(SENTENCE) and run.err.count("Interrupted") == 1 and "Traceback" not in run.err


def measure(bench: Bench, kills: int, interrupts: int) -> Iterator[tuple[str, Counter[str], Counter[str]]]:
    """Try every command: its name, counts of kills and of interruptions."""
    for name in COMMANDS:
        yield name, kill(bench, name, kills), interrupt(bench, name, interrupts)
