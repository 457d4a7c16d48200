"""Hold the qualitative claims of arXiv 2602.15327 against posteriors on the Open LLM Leaderboard v2, claim by claim.

Fits the leaderboard twice, by compute and by parameters (kept in a folder and used again), asks both what each claim
says, and writes ``claims-boundaries.csv`` and the page ``README.md``, which gathers every ``claims-*.csv`` beside it:
section, claim (the paper's, in other words), asked (the posterior statement whose probability is given), probability,
numbers, command.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.analysis.saturation import flops_of_size
from bayes_frontier.analysis.surface import OVER, interval, statistics
from bayes_frontier.checks.backtest.axis import on_axis
from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file, write_picture
from bayes_frontier.text import flops_words, probability_words

PERIODS = ("2024-06-30", "2024-09-30", "2024-12-31")
FLOPS, DELTA, GAIN = 1e24, 0.02, 0.02
CONFIRMED, CONTRADICTED = 0.9, 0.1
LARGE = 7e10
KNOWLEDGE, OTHER, MATH = ("mmlu_pro", "gpqa"), ("bbh", "musr", "ifeval"), "math_lvl_5"
# Attainable at 1e24 FLOPs, from the abstract of the paper's second version.
STATED = {"ifeval": 0.83, "math_lvl_5": 0.54}
AT = flops_words(FLOPS)
# What no probability says, for below the tables.
_READING = (
    "Time stands for everything but compute (or size) that changed between the periods: post-training, data, "
    "architectures and who submitted. Ceilings lie above most models; where a boundary saturates is the sigmoid's form "
    "as much as data."
)
COLUMNS = ("section", "claim", "asked", "probability", "numbers", "command")
STABLE, SATURATION, SIZE, LEVELS = (
    "Are boundaries stable?",
    "Does saturation depend on the task?",
    "The same by size of model",
    "Attainable scores",
)


def stability(frontier: bf.Frontier) -> list[dict[str, object]]:
    """Ask which boundaries moved from the first period to the last."""
    found = frontier.drift(FLOPS, delta=DELTA)
    command = f"bayes-frontier drift fit.nc --flops {AT} --steps"
    whole, made = found.isel(step=-1), []
    for tasks, kind in ((KNOWLEDGE, "knowledge tasks are stable"), (OTHER, "most other tasks are stable")):
        for task in tasks:
            one = whole.sel(task=task)
            asked = f"the boundary of {task} at {AT} FLOPs moved by at most {DELTA:g}"
            made.append(_claim(STABLE, f"{kind}: {task}", asked, float(one["still"]), _change(one), command))
    one = whole.sel(task=MATH)
    asked = f"the boundary of {MATH} at {AT} FLOPs rose by more than {DELTA:g}"
    made.append(_claim(STABLE, "mathematics is advancing", asked, float(one["advance"]), _change(one), command))
    steps = found["change"].sel(task=MATH).isel(step=slice(0, -1))
    chance = float((steps > 0.0).all("step").mean(OVER))
    words = "; ".join(f"{s.item()}: {interval(statistics(steps.sel(step=s), 0.9), '{:+.3f}')}" for s in steps["step"])
    asked = f"the boundary of {MATH} rose in each of the {steps.sizes['step']} steps"
    made.append(_claim(STABLE, "mathematics advances consistently", asked, chance, words, command))
    rest = [task for task in frontier.tasks if task != MATH]
    change = found["change"].isel(step=-1)
    chance = float((change.sel(task=MATH, drop=True) > change.sel(task=rest)).all("task").mean(OVER))
    made.append(
        _claim(STABLE, "mathematics is the exception", f"{MATH} rose more than any other task", chance, "", command)
    )
    return made


def saturated(frontier: bf.Frontier, section: str, options: str, flops: float | None) -> list[dict[str, object]]:
    """Ask what more compute, or size, buys by task, and what progress came from."""
    high = flops_of_size(frontier, [LARGE])[0] if flops is None else flops
    found = bf.saturation(frontier, high, gain=GAIN, delta=DELTA, since=(0, high / 10.0), until=(-1, high))
    draws, numbers = found.draws, found.summary
    command, made, unit = f"bayes-frontier saturation {options}", [], "compute" if flops else "size"
    gain = draws["gain"]
    chance = float((gain.max("task") - gain.min("task") > GAIN).mean(OVER))
    words = "gain of a tenfold: " + "; ".join(
        f"{task} {interval(numbers['gain'].sel(task=task), '{:+.3f}')}" for task in numbers["task"].to_numpy()
    )
    asked = f"a tenfold buys over {GAIN:g} more on one task than on another"
    made.append(_claim(section, "saturation differs between tasks", asked, chance, words, command))
    early, late = draws["saturation"].sel(task="ifeval", drop=True), draws["saturation"].sel(task=MATH, drop=True)
    made.append(
        _claim(
            section,
            "saturation differs between tasks: instruction following before mathematics",
            f"every tenfold buys less than {GAIN:g} on ifeval from a smaller model on than on {MATH}",
            float((early < late).mean(OVER)),
            "",
            command,
        )
    )
    for task in numbers["task"].to_numpy():
        chance = float((draws["saturation"].sel(task=task) <= found.flops_range[1]).mean(OVER))
        words = (
            f"headroom at the largest model {interval(numbers['beyond'].sel(task=task))}; "
            f"ceiling {interval(numbers['ceiling'].sel(task=task))}"
        )
        asked = f"from some model of the leaderboard on a tenfold buys less than {GAIN:g} on {task}"
        made.append(_claim(section, f"boundaries are saturating: {task}", asked, chance, words, command))
    for task in (*KNOWLEDGE, MATH):
        one, time = numbers.sel(task=task), draws["time"].sel(task=task)
        words = f"scale {interval(one['scale'], '{:+.3f}')}, time {interval(one['time'], '{:+.3f}')}"
        claim, asked, true = f"time alone added little: {task}", f"at most {DELTA:g}", time <= DELTA
        if task == MATH:
            claim, asked, true = f"time alone brought progress: {task}", f"more than {DELTA:g}", time > DELTA
        asked = f"at the same {unit}, the time from the first period to the last added {asked} to {task}"
        made.append(_claim(section, claim, asked, float(true.mean(OVER)), words, command))
        chance = float((draws["scale"].sel(task=task) > time).mean(OVER))
        asked = f"a tenfold of {unit} added more to {task} than the time from the first period to the last"
        made.append(_claim(section, f"scale against time: {task}", asked, chance, words, command))
    return made


def levels(frontier: bf.Frontier) -> list[dict[str, object]]:
    """Compare attainable scores with those the paper states."""
    made = []
    for task, stated in STATED.items():
        drawn = frontier.boundary(FLOPS, task=task)
        chance = float((abs(drawn - stated) <= DELTA).mean(OVER))
        asked = f"the boundary of {task} at {AT} FLOPs is within {DELTA:g} of {stated:g}"
        command = f"bayes-frontier attain fit.nc --flops {AT} --task {task}"
        words = interval(statistics(drawn, 0.9))
        made.append(_claim(LEVELS, f"{stated:g} is attainable on {task} at 1e24 FLOPs", asked, chance, words, command))
    return made


def verdict(probability: float) -> str:
    """Say what a probability means for a claim."""
    if np.isnan(probability):
        return "not asked"
    return "confirmed" if probability >= CONFIRMED else "contradicted" if probability <= CONTRADICTED else "open"


def page(folder: Path) -> str:
    """Gather every table of claims."""
    files = sorted(folder.glob("claims-*.csv"))
    tables = {path.stem.removeprefix("claims-"): pd.read_csv(path, keep_default_na=False) for path in files}
    lines = [
        "# The claims of arXiv 2602.15327, with uncertainty",
        "",
        "Each claim is put as a statement about boundaries whose posterior probability can be computed on the Open "
        f"LLM Leaderboard v2 (periods closed at {', '.join(PERIODS)}): *confirmed* from {CONFIRMED:g} on, "
        f"*contradicted* up to {CONTRADICTED:g}, otherwise *open*. Numbers are medians with 90% credible intervals, "
        "tau = 0.98, population boundary (models on a base model not yet seen). MATH as scored from 2025-02-14 on.",
        "",
        "Intervals of the fit cover about 92% where they say 90% ([calibration](../calibration/README.md)); how often "
        "these analyses find a known truth is in [recovery](recovery/README.md). Probabilities near a limit deserve "
        "that doubt.",
        "",
    ]
    for name, table in tables.items():
        for section, claims in table.groupby("section", sort=False):
            lines += [
                f"## {section}",
                "",
                "| claim | asked | probability | verdict | numbers |",
                "|---|---|---|---|---|",
            ]
            for row in claims.to_dict("records"):
                chance = float(row["probability"]) if str(row["probability"]).strip() else float("nan")
                words = "" if np.isnan(chance) else probability_words(chance)
                cells = (row["claim"], row["asked"], words, f"**{verdict(chance)}**", row["numbers"])
                lines.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
            commands = "; ".join(f"`{command}`" for command in dict.fromkeys(claims["command"]) if command)
            lines += ["", f"Ask it yourself: {commands}", ""]
        notes = folder / f"notes-{name}.md"
        if notes.is_file():
            lines += [notes.read_text(encoding="utf-8").strip(), ""]
    pictures = [path.name for path in sorted(folder.glob("*.png"))]
    lines += [f"![{name.removesuffix('.png')}]({name})\n" for name in pictures]
    lines += ["Made by `make questions`.", ""]
    return "\n".join(lines)


def fits(table: Path, folder: Path) -> tuple[bf.Frontier, bf.Frontier]:
    """Fit by compute and by parameters, or take what is in the folder."""
    make_folder(folder, "--fits")
    made = []
    for name, axis in (("fit.nc", "flops"), ("size.nc", "params")):
        if not (folder / name).is_file():
            evaluations = on_axis(bf.read(table, periods=list(PERIODS)), axis)
            bf.fit(evaluations, seed=1, allow_unconverged=True).save(folder / name)
        made.append(bf.load(folder / name))
    return made[0], made[1]


def _claim(section: str, claim: str, asked: str, probability: float, numbers: str, command: str) -> dict[str, object]:
    return dict(zip(COLUMNS, (section, claim, asked, round(probability, 4), numbers, command), strict=True))


def _between(by_size: bf.Frontier) -> str:
    low, high = flops_of_size(by_size, [LARGE / 10, LARGE])
    return f"--since 0@{flops_words(low)} --until=-1@{flops_words(high)}"


def _change(one: xr.Dataset) -> str:
    return f"{float(one['median']):+.3f} ({float(one['lower']):+.3f} to {float(one['upper']):+.3f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the claims and the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("table", type=Path, nargs="?", help="the leaderboard, oll_v2_with_compute.csv or an export")
    parser.add_argument("--fits", type=Path, default=Path("build/questions"), help="folder of the fits, kept")
    parser.add_argument("--out", type=Path, default=Path("reports/seed-questions"), help="folder of the report")
    parser.add_argument("--page-only", action="store_true", help="only gather the claims that are there")
    given = parser.parse_args(arguments)
    make_folder(given.out, "--out")
    if not given.page_only:
        if given.table is None:
            parser.error("give the table, or --page-only")
        frontier, by_size = fits(given.table, given.fits)
        claims = [
            *stability(frontier),
            *saturated(
                frontier, SATURATION, f"fit.nc --flops {AT} --since 0@{flops_words(FLOPS / 10)} --until=-1@{AT}", FLOPS
            ),
            *saturated(by_size, SIZE, f"size.nc --params {flops_words(LARGE)} {_between(by_size)}", None),
            *levels(frontier),
        ]
        table = pd.DataFrame(claims, columns=list(COLUMNS))
        replace_file(given.out / "claims-boundaries.csv", csv_bytes(table), "--out")
        said = {"by compute": frontier, "by size": by_size}
        notes = [f"Fit {name}: {' '.join(one.convergence_text().split())}" for name, one in said.items()]
        replace_file(given.out / "notes-boundaries.md", "\n\n".join([*notes, _READING, ""]).encode(), "--out")
        from bayes_frontier.plots import plot_emergence, plot_progress, plot_saturation

        since, until = (0, FLOPS / 10.0), (-1, FLOPS)
        found = bf.saturation(frontier, FLOPS, gain=GAIN, delta=DELTA, since=since, until=until)
        write_picture(plot_saturation(frontier, found)[0].figure, given.out / "saturation.png", "--out")
        write_picture(plot_progress(found).figure, given.out / "progress.png", "--out")
        write_picture(plot_emergence(bf.emergence(frontier)).figure, given.out / "emergence.png", "--out")
    replace_file(given.out / "README.md", page(given.out).encode(), "--out")
    print(f"Wrote {given.out / 'README.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
