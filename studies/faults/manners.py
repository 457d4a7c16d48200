"""Hostile names in every file and on every stream; full disks, closed streams, odd targets; what processes leave."""

import csv
import io
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import bayes_frontier as bf
from studies.faults.bench import PERIODS, QUICK, SAMPLED, Bench, Run, called, candidates
from studies.faults.kills import COMMANDS, whole
from studies.faults.tables import SETTINGS, plain

NAMES = (
    "=HYPERLINK(0)",
    "+1",
    "-1",
    "@SUM(1)",
    "'=1",
    "''@x",
    " =1",
    "\t=1",
    "\uff1d1",
    "esc\x1b[31mred",
    "bell\x07",
    "c1\x9b31m",
    "del\x7f",
    "turned\u202eback",
    "<script>x</script>",
    "![x](http://x.invalid/x.png)",
    "a|b",
    "$\\frac$",
    "{{7*7}}",
    "a;=1",
    "a\t+1\n-1",
    "\ufeff=1",
    "\u200b@x",
    "#1a1a1a",
    "NA",
    "[bold]x[/bold]",
)
FORMULA = re.compile(r"[\s\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def hostile(table: pd.DataFrame) -> pd.DataFrame:
    """Give models, base models and a task of a table names that mean harm."""
    n = len(NAMES)
    names = [NAMES[i] if i < n else f"{NAMES[i % n]}{i}" for i in range(len(table))]
    bases = table["base_model"].map({f"base-{b}": name for b, name in enumerate(("=base", "esc\x1b[2J", "<b>x", "+b"))})
    return table.assign(model=names, base_model=bases).rename(columns={"maths": "=maths", "reading": "-read\x1bing"})


def exports(bench: Bench) -> Iterator[tuple[str, Run]]:
    """Run every command that writes a table, on a fit and tables with hostile names."""
    folder = bench.folder / "hostile"
    folder.mkdir(exist_ok=True)
    table = hostile(plain())
    table.to_csv(folder / "table.csv", index=False)
    newer = table.iloc[:20].copy()
    some = candidates(table)
    some["model"] = [name.removesuffix("-candidate") + "c" for name in some["model"]]
    newer.assign(model=some["model"], released="2024-12-20").to_csv(folder / "newer.csv", index=False)
    some.to_csv(folder / "candidates.csv", index=False)
    bf.fit(bf.read(folder / "table.csv", periods=["2024-06-30"]), **SETTINGS).save(folder / "fit.nc")
    fit, where, new = "hostile/fit.nc", "hostile/table.csv", "hostile/newer.csv"
    calls: dict[str, tuple[object, ...]] = {
        "fit": ("fit", where, *PERIODS, *SAMPLED, "--out", "out/fit.nc"),
        "report": ("report", fit, "--out", "out/report"),
        "plan": ("plan", fit, "--candidates", "hostile/candidates.csv", "--n", "12", "--skip", "--out", "out/plan.csv"),
        "update": ("update", fit, new, "--plan", "out/plan.csv", *QUICK, "--out", "out/new.nc"),
        "update --json": ("update", fit, new, "--plan", "out/plan.csv", *QUICK, "--json", "--out", "out/new.nc"),
        "data show": ("data", "show", where, "--dropped", "out/left.csv"),
        "data show --json": ("data", "show", where, "--json"),
        "data combine": ("data", "combine", where, new, "--out", "out/all.csv", "--dropped", "out/left2.csv"),
        "data diff": ("data", "diff", where, new, "--changes", "out/changes.csv", "--csv"),
        "data identify": ("data", "identify", where, "--unplaced", "out/unplaced.csv", "--csv"),
        "data identify --json": ("data", "identify", where, "--json"),
        "score": ("score", fit, new, "--out", "out/scored", "--csv"),
        "check": ("check", fit, "--out", "out/check"),
        "backtest": (
            "backtest",
            where,
            *PERIODS,
            *SAMPLED,
            "--baselines",
            "constant",
            "--csv",
            "--out",
            "out/backtest",
        ),
        "gate": ("gate", fit, new, "--csv"),
        "a wrong task": ("attain", fit, "--flops", "1e23", "--task", "\x1b[2J"),
        "a wrong file": ("attain", "hostile/\x1b[2J.nc", "--flops", "1e23"),
        **{
            f"{name} {form}".strip(): (name, fit, *more, *form.split())
            for name, more in (
                ("attain", ("--flops", "1e23")),
                ("compute-for", ("--score", "0.5")),
                ("drift", ()),
                ("base-models", ()),
                ("factors", ()),
                ("saturation", ()),
                ("emergence", ()),
            )
            for form in ("", "--csv", "--json")
        },
    }
    for name, arguments in calls.items():
        yield name, bench.run(*arguments)


def formulas(text: str) -> list[str]:
    """Cells of CSV that a spreadsheet would run: those that begin so and are no number, where others part cells too."""
    found = []
    for row in csv.reader(io.StringIO(text, newline="")):
        for value in (part for one in row for part in re.split("[;\t\n]", one)):
            try:
                float(value)
            except ValueError:
                found += [value] if FORMULA.match(value) else []
    return found


def controls(text: str) -> list[str]:
    """Control characters other than line feeds and tabs."""
    return CONTROL.findall(text)


def written(bench: Bench) -> Iterator[tuple[str, str]]:
    """Every file of text that commands wrote."""
    for path in sorted(bench.out.rglob("*")):
        if path.suffix in (".csv", ".md", ".html", ".svg", ".json", ".toml"):
            yield path.relative_to(bench.out).as_posix(), path.read_bytes().decode()


def names(bench: Bench) -> dict[str, list[str]]:
    """Run all commands on hostile names: what is wrong, by where."""
    wrong: dict[str, list[str]] = {}
    bench.clear()
    for name, run in exports(bench):
        found = [f"control character {one!r}" for one in controls(run.out + run.err)]
        found += [f"formula {one!r}" for one in formulas(run.out)] if "--csv" in name or name in _CSV else []
        # status 1 of `check`: a check failed
        defect = run.status in (70, 99) or run.status < 0 or (run.status == 1 and name != "check")
        defect |= run.status != 0 and name in ("fit", "report", "plan", "update", "data combine", "score", "backtest")
        found += [f"status {run.status}: {run.err[-200:]}"] if defect else []
        if name == "update" and run.status == 0:
            planned = pd.read_csv(bench.out / "plan.csv", converters={"model": str})
            arrived = re.search(r"(\d+) of (\d+) planned", run.out)
            found += [] if arrived and arrived[1] == arrived[2] == str(len(planned)) else [f"arrived: {arrived}"]
        wrong[name] = found
    for name, text in written(bench):
        found = [f"control character {one!r}" for one in controls(text)]
        found += [f"formula {one!r}" for one in formulas(text)] if name.endswith(".csv") else []
        found += ["a script"] if "<script>x" in text and not name.endswith(".csv") else []
        found += ["a picture from elsewhere"] if "![x](http" in text and name.endswith(".md") else []
        wrong[name] = found
    return wrong


_CSV = ("data diff", "data identify", "score", "backtest", "gate")


def _limited(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def disks(bench: Bench) -> Iterator[tuple[str, list[str]]]:
    """Run every command where no file can grow beyond some bytes, as on a full disk: typed, and nothing is left."""
    for name, arguments in COMMANDS.items():
        wrong = []
        for size in (4_000, 16_000, 64_000):
            bench.clear()
            run = called(lambda: _command(arguments), bench, prepare=lambda: _limited(size))  # noqa: B023 - called at once
            files = [path for path in bench.out.rglob("*") if path.is_file()]
            typed = run.status in (0, 2) or (run.status == -1 and not run.err)
            wrong += [] if typed else [f"{size} bytes: status {run.status} {run.err[-200:]}"]
            wrong += [f"{size} bytes: half of {path.name}" for path in files if not whole(path)]
            wrong += [f"{size} bytes: left {bench.left()}"] if bench.left() else []
        yield name, wrong


def _command(arguments: tuple[object, ...]) -> None:
    from studies.faults.bench import command

    command(*arguments)


def streams(bench: Bench) -> Iterator[tuple[str, list[str]]]:
    """Run commands with standard output closed, full, or a pipe that nobody reads: quiet."""
    asks = ("attain", "fit.nc", "--flops", "1e23")

    def closed() -> None:
        os.close(1)
        sys.stdout = None  # as Python does

    def full() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)

    def unread() -> None:
        there, here = os.pipe()
        os.close(there)
        os.dup2(here, 1)

    for name, prepare in (("closed", closed), ("full", full), ("a pipe that nobody reads", unread)):
        for words in (asks, (*asks, "--csv"), (*asks, "--json"), COMMANDS["fit"], COMMANDS["data combine"]):
            bench.clear()
            run = called(lambda: _command(words), bench, prepare=prepare)  # noqa: B023 - called at once
            bad = "Traceback" in run.err or "Unexpected" in run.err or run.status not in (0, 2, 141)
            yield f"standard output {name}: {words[0]} {words[-1]}", [f"{run.status} {run.err[-200:]}"] if bad else []


def targets(bench: Bench) -> Iterator[tuple[str, list[str]]]:
    """Give targets that cannot be: refused before work begins. And links, which are written through."""
    odd = {
        "name too long": "out/" + "x" * 300,
        "no folder": "out/absent/x",
        "a folder": "out/folder",
        "a device": "/dev/null",
        "below a file": "table.csv/x",
    }
    for what, place in odd.items():
        wrong = []
        for name, suffix in (("fit", ".nc"), ("plan", ".csv"), ("data combine", ".csv"), ("report", "")):
            bench.clear()
            (bench.out / f"folder{suffix}").mkdir()
            path = place if what in ("a device", "report") else place + suffix
            if name == "report" and what in ("no folder", "a folder"):
                continue
            words = [*COMMANDS[name]]
            words[words.index("--out") + 1] = path
            run = bench.run(*words)
            late = name == "fit" and "left out" in run.out
            wrong += [f"{name}: {run.status} {run.err[-150:]}"] if run.status != 2 or late else []
            wrong += [f"{name}: left {bench.left()}"] if bench.left() else []
        yield what, wrong
    bench.clear()
    wrong = []
    for name, target in (("fit", "fit.nc"), ("plan", "plan.csv"), ("data combine", "all.csv")):
        real, link = bench.out / f"real-{target}", bench.out / target
        real.write_bytes(b"old")
        link.symlink_to(real.name)
        run = bench.run(*COMMANDS[name])
        wrong += [] if run.status == 0 and link.is_symlink() and whole(real) and real.read_bytes() != b"old" else [name]
    yield "a link", wrong


def processes(bench: Bench, n: int) -> list[str]:
    """Fit in `n` processes that are started anew; return what they left in the temporary folder and beside results."""
    bench.clear()
    settings = {**os.environ, "TMPDIR": str(bench.temporary)}
    for _ in range(n):
        words = [sys.executable, "-m", "bayes_frontier.cli", *COMMANDS["fit"]]
        subprocess.run(words, cwd=bench.folder, env=settings, check=True, capture_output=True)
    return bench.left()


def growth(n: int) -> tuple[float, float]:
    """Fit `n` times in this process; return megabytes held after a tenth of them and after all."""
    evaluations, held = bf.read(plain(), periods=["2024-06-30"]), []
    for k in range(n):
        bf.fit(evaluations, **{**SETTINGS, "seed": k + 1}).attainable(1e23)
        held.append(_resident())
    return held[max(n // 10 - 1, 0)], held[-1]


def _resident() -> float:
    statm = Path("/proc/self/statm")
    if not statm.is_file():
        return float("nan")
    return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
