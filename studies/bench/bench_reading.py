"""Time the reading of a Parquet table of a million rows, and measure its memory.

Usage: python -m studies.bench.bench_reading [--rows 1000000] [--shape long|wide|both] [--out DIR]

The table is simulated: post-trained models of the registry's base models with release dates in four periods.
Long: one row a score, six tasks; wide: one row a model with six tasks, so six times the scores. Each shape is
read in a process of its own: read, validated (`bayes_frontier.read`) and grouped (the cells of a fit). Writes
README.md and reading.json to DIR (reports/reading by default). Exit status 1: the long table took more than 20 s
or 2 GB.
"""

import argparse
import datetime as dt
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SECONDS, GIGABYTES = 20.0, 2.0
TASKS = ("ifeval", "bbh", "math_lvl_5", "gpqa", "musr", "mmlu_pro")
PERIODS = ("2024-06-30", "2024-09-30", "2024-12-31")


def table(rows: int, shape: str, seed: int = 1) -> pd.DataFrame:
    """Make a table of as many rows."""
    from bayes_frontier.evaluations.registry.registry import default_registry

    rng = np.random.default_rng(seed)
    bases = [base for base in default_registry() if base.released is not None and base.released < dt.date(2024, 1, 1)]
    n = rows if shape == "wide" else -(-rows // len(TASKS))
    base = rng.integers(len(bases), size=n)
    share = (np.log10([b.flops for b in bases])[base] - 18.0) / 9.0
    models = pd.DataFrame(
        {
            "model": [f"org{i % 4999}/model-{i}" for i in range(n)],
            "base_model": np.array([b.name for b in bases], dtype=object)[base],
            "flops": np.array([b.flops for b in bases])[base],
            "released": np.datetime64("2024-01-05") + rng.integers(0, 420, size=n).astype("timedelta64[D]"),
            "stage": np.where(rng.random(n) < 0.1, "pretrained", "post-trained"),
            "n_items": 541,
        }
    )
    scores = np.clip(share[:, None] * rng.beta(4, 2, size=(n, len(TASKS))), 0.0, 1.0)
    if shape == "wide":
        return pd.concat([models, pd.DataFrame(scores, columns=list(TASKS))], axis=1)
    long = models.loc[np.repeat(np.arange(n), len(TASKS))].reset_index(drop=True)
    return long.assign(task=np.tile(np.array(TASKS, dtype=object), n), score=scores.ravel()).iloc[:rows]


def measure(path: Path) -> dict[str, Any]:
    """Read, validate and group one table in this process."""
    from bayes_frontier.evaluations import read
    from bayes_frontier.model.data import FrontierData

    imported, busy = time.perf_counter(), time.process_time()
    evaluations = read(path, periods=PERIODS, today=dt.date(2025, 6, 1))
    done = time.perf_counter()
    data = FrontierData.from_evaluations(evaluations, 0.98)
    grouped, busy = time.perf_counter(), time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    evaluations.fingerprint  # noqa: B018 - computed on first use
    end = time.perf_counter()
    # bytes on macOS, kilobytes elsewhere
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "read_seconds": done - imported,
        "group_seconds": grouped - done,
        "fingerprint_seconds": end - grouped,
        "cpu_seconds": busy,
        "peak_gb": peak * unit / 1e9,
        "scores": evaluations.n_scores,
        "models": evaluations.n_models,
        "dropped": len(evaluations.dropped),
        "cells": len(data.cells),
    }


def page(found: dict[str, dict[str, Any]], rows: int) -> str:
    """Write the numbers as Markdown."""
    lines = [
        f"# Reading a Parquet table of {rows:,} rows",
        "",
        "Written by `make bench-reading`. A long table has one row per score, a wide one six scores per row.",
        f"Asked of the long one: at most {SECONDS:g} s and {GIGABYTES:g} GB for read, validate and group.",
        "",
        "| table | scores | models | cells | read and validate | group | CPU of both | peak memory | fingerprint |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for shape, n in found.items():
        lines.append(
            f"| {shape} | {n['scores']:,} | {n['models']:,} | {n['cells']:,} | {n['read_seconds']:.1f} s | "
            f"{n['group_seconds']:.1f} s | {n['cpu_seconds']:.1f} s | {n['peak_gb']:.2f} GB | "
            f"{n['fingerprint_seconds']:.1f} s |"
        )
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "pyarrow"))
    return "\n".join([*lines, "", f"{os.cpu_count()} CPUs, Python {platform.python_version()}, {packages}.", ""])


def main() -> None:
    """Measure and write; or, with --one, measure one file and print JSON."""
    parser = argparse.ArgumentParser(description="Time the reading of a large table.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shape", choices=["long", "wide", "both"], default="both")
    parser.add_argument("--out", type=Path, default=Path("reports/reading"))
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for shape in ("long", "wide") if options.shape == "both" else (options.shape,):
            path = Path(folder) / f"{shape}.parquet"
            table(options.rows, shape).to_parquet(path, index=False)
            command = [sys.executable, __file__, "--one", str(path)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
            found[shape] = json.loads(done.stdout)
    text = page(found, options.rows)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "reading.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (options.out / "README.md").write_text(text, encoding="utf-8")
    print(text)
    worst = found.get("long")
    if worst and (worst["read_seconds"] + worst["group_seconds"] > SECONDS or worst["peak_gb"] > GIGABYTES):
        sys.exit(f"More than {SECONDS:g} s or {GIGABYTES:g} GB.")


if __name__ == "__main__":
    main()
