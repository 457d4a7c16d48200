"""Feed every reader 10,000 damaged inputs, test by test, and write down what was run.

Usage: python scripts/fuzz_readers.py [--examples 10000] [--minutes M] [--only NAME] [--out DIR]

Runs the tests of tests/evaluations/test_fuzz.py one after the other, each in a process of its own, and writes
fuzzing.json and fuzzing.md to DIR (reports/reading by default) after each. A test that was passed with as many examples
and the same readers is not run again, so a run that was interrupted, or stopped after --minutes, goes on where it
stopped. Exit status 1: an input was found that a reader does not survive; the test's output says which.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TEST = "tests/evaluations/test_fuzz.py"


def readers_digest() -> str:
    """Give a digest of what is fuzzed and how.

    Returns
    -------
    str
        SHA-256 over the modules of evaluations and the fuzz tests.
    """
    files = sorted((ROOT / "bayes_frontier" / "evaluations").rglob("*.py"))
    files += [ROOT / TEST, ROOT / "tests" / "evaluations" / "fuzzing.py", ROOT / "tests" / "evaluations" / "samples.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def names() -> list[str]:
    """List the fuzz tests.

    Returns
    -------
    list of str
        Their names, parameters included.
    """
    listed = _pytest(["--collect-only", "-q"], 1).stdout
    return re.findall(r"^tests/evaluations/test_fuzz\.py::(\S+)$", listed, re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Run what has not been run yet.

    Parameters
    ----------
    arguments : list of str, optional
        Command line.

    Returns
    -------
    int
        Exit status.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--examples", type=int, default=10_000, help="inputs a reader")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no further test after so long")
    parser.add_argument("--only", default="", help="tests whose name contains this")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "reading")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    kept, digest, started = options.out / "fuzzing.json", readers_digest(), time.monotonic()
    done: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    for name in (name for name in names() if options.only in name):
        before = done.get(name, {})
        if before.get("digest") == digest and before.get("passed") and before.get("a_reader", 0) >= options.examples:
            continue
        if time.monotonic() - started > 60.0 * options.minutes:
            print(f"stopped before {name}; run again to go on")
            break
        done[name] = run(name, options.examples) | {"digest": digest}
        kept.write_text(json.dumps(done, indent=1, sort_keys=True) + "\n")
        (options.out / "fuzzing.md").write_text(page(done, digest))
    return int(not all(one["passed"] for one in done.values()))


def run(name: str, examples: int) -> dict[str, Any]:
    """Run one test.

    Parameters
    ----------
    name : str
        The test.
    examples : int
        Inputs a reader.

    Returns
    -------
    dict
        inputs, a_reader (asked for), passed, seconds and peak_mb.
    """
    found = _pytest(["-q", "-s", "--no-header", "-p", "no:cacheprovider"], examples, name)
    seconds = re.search(r"in ([0-9.]+)s", found.stdout)
    counted = re.search(r"fuzzed: ([0-9]+) inputs, peak ([0-9]+) MB", found.stdout)
    passed = found.returncode == 0
    print(f"{name}: {'passed' if passed else 'FAILED'}", flush=True)
    if not passed:
        print(found.stdout[-6000:], flush=True)
    return {
        "inputs": int(counted[1]) if counted else 0,
        "peak_mb": int(counted[2]) if counted else 0,
        "a_reader": examples,
        "passed": passed,
        "seconds": float(seconds[1]) if seconds else 0.0,
    }


def page(done: dict[str, Any], digest: str) -> str:
    """Write a page about what was run.

    Parameters
    ----------
    done : dict
        What `run` returned, by test.
    digest : str
        Of the readers as they are now.

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        "# Readers fed damaged inputs",
        "",
        "Written by `make fuzz`: 10,000 inputs a reader, divided among the tests of a reader that has several. An",
        "input is a sound source cut, overwritten, re-encoded, nested deeply, or with values that do not belong there.",
        "Passed: a result that adds up or a typed error, no file written, nothing run, memory bounded.",
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
