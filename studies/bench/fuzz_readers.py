"""Feed every reader 10,000 damaged inputs, test by test, and write down what was run.

Usage: python -m studies.bench.fuzz_readers [--examples 10000] [--minutes M] [--only NAME] [--out DIR]

Runs the tests of tests/evaluations/test_fuzz.py one after the other, in slices of 1,000 with seeds 0, 1000, ..., each
in a process of its own, and writes fuzzing.json and fuzzing.md to DIR (reports/reading by default) after each slice.
A slice that was passed by the same readers is not run again, so a run that was interrupted, or stopped after --minutes,
goes on where it stopped. Exit status 1: an input was found that a reader does not survive; the output says which.
"""

import argparse
import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TEST = "tests/evaluations/test_fuzz.py"
SLICE = 1000
"""Inputs a reader that a process of the tests is given; from 1,000 on they depend on the seed."""


def readers_digest() -> str:
    """Give a digest of what is fuzzed and how."""
    files = sorted(_imported(ROOT / "bayes_frontier" / "evaluations" / "read.py"))
    files += [ROOT / TEST, ROOT / "tests" / "evaluations" / "fuzzing.py", ROOT / "tests" / "evaluations" / "samples.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _imported(path: Path, seen: set[Path] | None = None) -> set[Path]:
    """Find the modules of this package that one imports, itself and theirs included."""
    seen = {path} if seen is None else seen
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("bayes_frontier"):
            continue
        place = ROOT.joinpath(*(node.module or "").split("."))
        for found in (place.with_suffix(".py"), *(place / f"{alias.name}.py" for alias in node.names)):
            if found.is_file() and found not in seen:
                seen.add(found)
                _imported(found, seen)
    return seen


def names() -> list[str]:
    """List the fuzz tests."""
    listed = _pytest(["--collect-only", "-q"], 1).stdout
    return re.findall(r"^tests/evaluations/test_fuzz\.py::(\S+)$", listed, re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Run what has not been run yet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--examples", type=int, default=10_000, help="inputs a reader")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no further slice after so long")
    parser.add_argument("--only", default="", help="tests whose name contains this")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "reading")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    kept, digest, started = options.out / "fuzzing.json", readers_digest(), time.monotonic()
    done: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    for name in (name for name in names() if options.only in name):
        found = done.get(name, {})
        if found.get("digest") != digest or not found.get("passed"):
            found = {"digest": digest, "passed": True, "a_reader": 0, "inputs": 0, "seconds": 0.0, "peak_mb": 0}
        while found["passed"] and found["a_reader"] < options.examples:
            if time.monotonic() - started > 60.0 * options.minutes:
                print(f"stopped at {found['a_reader']:,} of {name}; run again to go on")
                return int(not all(one["passed"] for one in done.values()))
            found = done[name] = run(name, min(SLICE, options.examples - found["a_reader"]), found)
            kept.write_text(json.dumps(done, indent=1, sort_keys=True) + "\n")
            (options.out / "fuzzing.md").write_text(page(done, digest))
        print(f"{name}: {'passed' if found['passed'] else 'FAILED'}", flush=True)
    return int(not all(one["passed"] for one in done.values()))


def run(name: str, examples: int, before: dict[str, Any]) -> dict[str, Any]:
    """Run a slice of one test, with a seed of its own: the number of inputs asked for before."""
    seed = f"--hypothesis-seed={before['a_reader']}"
    found = _pytest(["-q", "-s", "--no-header", "-p", "no:cacheprovider", seed], examples, name)
    seconds = re.search(r"in ([0-9.]+)s", found.stdout)
    counted = re.search(r"fuzzed: ([0-9]+) inputs, peak ([0-9]+) MB", found.stdout)
    passed = found.returncode == 0 and counted is not None
    if not passed:
        print(found.stdout[-6000:], flush=True)
    return {
        "digest": before["digest"],
        "inputs": before["inputs"] + (int(counted[1]) if counted else 0),
        "peak_mb": max(before["peak_mb"], int(counted[2]) if counted else 0),
        "a_reader": before["a_reader"] + examples,
        "passed": passed,
        "seconds": round(before["seconds"] + (float(seconds[1]) if seconds else 0.0), 2),
    }


def page(done: dict[str, Any], digest: str) -> str:
    """Write a page about what was run."""
    lines = [
        "# Readers fed damaged inputs",
        "",
        "Written by `make fuzz`: 10,000 inputs a reader, divided among the tests of a reader that has several. An",
        "input is a sound source cut, overwritten, re-encoded, nested deeply, or with values that do not belong there.",
        "Passed: a result that adds up or a typed error; no program run, no connection made; no file opened for",
        "writing, renamed or removed, which the interpreter reports, and no byte written to any, which the operating",
        "system forbids meanwhile; not 1 GB more memory than before the first input. That these are noticed is tested",
        "with planted faults (tests/evaluations/test_fuzzing.py).",
        "",
        "| test | inputs | result | seconds | peak memory | readers |",
        "|---|---:|---|---:|---:|---|",
        *(
            f"| {name} | {one['inputs']:,} | {'passed' if one['passed'] else 'FAILED'} | {one['seconds']:.0f} | "
            f"{one['peak_mb']:,} MB | {'as now' if one['digest'] == digest else 'earlier'} |"
            for name, one in sorted(done.items())
        ),
        "",
        f"In all {sum(one['inputs'] for one in done.values()):,} inputs. Digest of readers and tests: {digest[:12]}.",
        "",
    ]
    return "\n".join(lines)


def _pytest(arguments: list[str], examples: int, name: str | None = None) -> subprocess.CompletedProcess[str]:
    target = TEST if name is None else f"{TEST}::{name}"
    return subprocess.run(
        [sys.executable, "-m", "pytest", target, *arguments],
        cwd=ROOT,
        env={**os.environ, "BAYES_FRONTIER_FUZZ": str(examples)},
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    raise SystemExit(main())
