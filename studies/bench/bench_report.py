"""Time `bayes-frontier report` on fits as wide as they come, with names that mean harm.

Usage: python -m studies.bench.bench_report [--fits build/report] [--out DIR]

Two tables of 20,000 simulated scores, 40 tasks in 12 periods and 6 tasks in one, are fitted with short chains; in both,
a base model and a model are called ``<img src=x onerror=alert(1)>``, others have names of 300 characters. Fits are kept
in a folder and not made again. The chains are too short to converge, so limits are lifted where the report looks: every
check runs and every picture is drawn, which is the longest way. Writes README.md and report.json to DIR (reports/report
by default). Exit status 1: a page took 30 s of one processor, or has 8 MB.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

SECONDS, MEGABYTES = 30.0, 8.0
HOSTILE, LONG = "<img src=x onerror=alert(1)>", ("very-long-name-" * 20)[:300]
TABLES: dict[str, dict[str, Any]] = {
    "40 tasks, 12 periods": {"tasks": 40, "periods": 12, "n_models": 500, "drift": 0.01},
    "6 tasks, 1 period": {"tasks": 6, "periods": 1, "n_models": 3334},
}


def fitted(name: str, folder: Path) -> Path:
    """Fit a simulated table, unless it is there."""
    import bayes_frontier as bf

    path = folder / f"{name.replace(', ', '_').replace(' ', '-')}.nc"
    if not path.exists():
        simulated, _ = bf.simulate(5, n_base_models=60, **TABLES[name])
        models = simulated.models.copy()
        largest = models["base_model"].value_counts().index
        models["base_model"] = models["base_model"].replace({largest[0]: HOSTILE, largest[1]: LONG})
        models.loc[models.index[:2], "model"] = [HOSTILE, LONG]
        ends = [end for end in simulated.period_ends if end]
        evaluations = bf.Evaluations.from_models(models, list(simulated.tasks), periods=ends or None, source=name)
        folder.mkdir(parents=True, exist_ok=True)
        bf.fit(evaluations, draws=250, tune=150, progress=False, allow_unconverged=True).save(path)
    return path


def measure(path: Path, out: Path) -> dict[str, Any]:
    """Write the report on a fit in this process."""
    start = time.perf_counter()
    import bayes_frontier as bf
    from bayes_frontier.posterior import diagnostics
    from bayes_frontier.report import write_report

    diagnostics.R_HAT_MAX, diagnostics.ESS_MIN = 2.0, 5.0
    frontier = bf.load(path)
    page = write_report(frontier, out)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # bytes on macOS, kilobytes elsewhere
    unit = 1 if sys.platform == "darwin" else 1024
    draws = frontier.posterior["posterior"].sizes
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time(),
        "megabytes": page.stat().st_size / 1e6,
        "peak_gb": peak * unit / 1e9,
        "scores": frontier.evaluations.n_scores,
        "draws": draws["chain"] * draws["draw"],
        "pictures": len(list((out / "pictures").glob("*.svg"))),
    }


def page(found: dict[str, dict[str, Any]]) -> str:
    """Write the numbers as Markdown."""
    lines = [
        "# The report on wide fits",
        "",
        "`make bench-report`: real fits, of short chains, of simulated tables of 20,000 scores from 60 base models,",
        "some of whose names hold HTML or have 300 characters. The chains are too short to converge; the limits of the",
        "convergence gate are lifted, so that every check runs and every picture is drawn.",
        "",
        f"A page has to be made in {SECONDS:.0f} s of one processor and to have less than {MEGABYTES:.0f} MB. What",
        "else runs on the machine adds to the seconds by the clock, not (by much) to those of the processor.",
        "",
        "| table | scores | draws | pictures | s, processor | s, clock | page, MB | memory, GB | holds |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---|",
    ]
    for name, row in found.items():
        verdict = "yes" if holds(row) else "**no**"
        lines.append(
            f"| {name} | {row['scores']:,} | {row['draws']:,} | {row['pictures']} | {row['processor_seconds']:.1f} | "
            f"{row['seconds']:.1f} | {row['megabytes']:.1f} | {row['peak_gb']:.1f} | {verdict} |"
        )
    lines += ["", f"Python {platform.python_version()}, {os.cpu_count()} processors."]
    return "\n".join(lines) + "\n"


def holds(row: dict[str, Any]) -> bool:
    """Whether a page was made fast and small enough."""
    return bool(row["processor_seconds"] < SECONDS and row["megabytes"] < MEGABYTES)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fits", type=Path, default=Path("build/report"), help="folder of the fits and their reports")
    parser.add_argument("--out", type=Path, default=Path("reports/report"))
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure is not None:
        print(json.dumps(measure(given.measure, given.measure.with_suffix(""))))
        return
    found: dict[str, dict[str, Any]] = {}
    for name in TABLES:
        # a process of its own, as on the command line
        command = [sys.executable, __file__, "--measure", str(fitted(name, given.fits))]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found[name] = json.loads(done.stdout.splitlines()[-1])
        print(name, found[name])
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "report.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (given.out / "README.md").write_text(page(found), encoding="utf-8")
    sys.exit(0 if all(map(holds, found.values())) else 1)


if __name__ == "__main__":
    main()
