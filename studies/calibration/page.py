"""The calibration study as a folder: a page in Markdown, its tables as CSV, its pictures."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file, write_picture
from bayes_frontier.text import printable
from studies.calibration.picture import NAMES, plot_along_compute, plot_coverage
from studies.calibration.scenarios import Scenario
from studies.calibration.scoring import MODEL, N_POINTS
from studies.calibration.summary import COVERAGES, Bar, bars, own_table, point_table, population_table

PAGE = "README.md"
_HEADINGS = (*(f"{column.removeprefix('covered')}%" for column in COVERAGES), "width of 90%", "bias")


def write_calibration(
    lines: Sequence[dict[str, Any]],
    scenarios: Sequence[Scenario],
    folder: Path,
    command: str,
    about: Mapping[str, object],
) -> tuple[Path, list[Bar]]:
    """Write the page, its tables and its pictures."""
    make_folder(folder, "study")
    population, own, points = population_table(lines), own_table(lines), point_table(lines)
    held = bars(lines, scenarios)
    for name, table in (("population.csv", population), ("base_models.csv", own), ("along_compute.csv", points)):
        replace_file(folder / name, csv_bytes(table, float_format="%.5f"), "study")
    pictures = {"coverage.png": plot_coverage(population), "along_compute.png": plot_along_compute(points)}
    for name, panels in pictures.items():
        write_picture(panels[0].figure, folder / name, "study")
    text = page(population, own, held, lines, scenarios, command, about)
    replace_file(folder / PAGE, text.encode(), "study")
    return folder / PAGE, held


def page(
    population: pd.DataFrame,
    own: pd.DataFrame,
    held: Sequence[Bar],
    lines: Sequence[dict[str, Any]],
    scenarios: Sequence[Scenario],
    command: str,
    about: Mapping[str, object],
) -> str:
    """Write the page."""
    average = population.groupby("method", sort=False)[[*COVERAGES, "width", "bias"]].mean().reset_index()
    bar_rows = [(bar.name, bar.found, "yes" if bar.passed else "**no**") for bar in held]
    parts = [
        "# Do the intervals hold the truth?\n",
        f"Written by\n\n    {printable(command)}\n",
        "\n".join(f"* {name}: {value}." for name, value in about.items()) + "\n",
        "## What must hold\n",
        markdown(["", "found; wanted", "holds"], bar_rows),
        "## Population boundary, mean of all scenarios\n",
        markdown(*_methods(average)),
        "![Coverage and width by scenario](coverage.png)\n",
        "![Along compute](along_compute.png)\n",
        "## Population boundary, by scenario\n",
        "Coverage in percent, Monte Carlo standard error of the 90% column in brackets; width and bias in score.\n",
        markdown(*_scenarios(population, scenarios)),
        "## Base-model boundaries, by number of models behind them\n",
        markdown(*_sizes(own)),
        "## How to read this\n",
        _reading(lines, scenarios),
    ]
    return "\n".join(parts)


def _methods(average: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    return ["", *_HEADINGS], [[NAMES[row["method"]], *_numbers(row)] for row in average.to_dict("records")]


def _scenarios(population: pd.DataFrame, scenarios: Sequence[Scenario]) -> tuple[list[str], list[list[str]]]:
    others = [method for method in NAMES if method != MODEL and method in set(population["method"])]
    rows = []
    for scenario in scenarios:
        part = population[population["scenario"] == scenario.name].set_index("method").to_dict("index")
        row = part[MODEL]
        covered = [f"{100 * row[column]:.0f}" for column in COVERAGES]
        covered[2] += f" ({100 * row['covered90_se']:.1f})"
        beside = [f"{100 * part[method]['covered90']:.0f}, {part[method]['width']:.3f}" for method in others]
        about = [scenario.name, scenario.about, str(scenario.n_base_models), str(row["replications"])]
        rows.append([*about, *covered, f"{row['width']:.3f}", f"{row['bias']:+.4f}", *beside])
    return ["scenario", "", "bases", "n", *_HEADINGS, *(f"{NAMES[method]}: 90%, width" for method in others)], rows


def _sizes(own: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    rows = []
    for label, part in own.groupby("models", sort=False):
        least = part.sort_values("covered90").to_dict("records")[0]
        mean = part[[*COVERAGES, "width", "bias"]].mean().to_dict()
        rows.append([str(label), *_numbers(mean), f"{100 * least['covered90']:.0f} ({least['scenario']})"])
    return ["models", *_HEADINGS, "least 90%"], rows


def _numbers(row: Mapping[Any, Any]) -> list[str]:
    return [*(f"{100 * row[c]:.1f}" for c in COVERAGES), f"{row['width']:.4f}", f"{row['bias']:+.4f}"]


def _reading(lines: Sequence[dict[str, Any]], scenarios: Sequence[Scenario]) -> str:
    seconds = sum(line.get("seconds", 0.0) for line in lines)
    rough = sum(line["notes"].get("rhat", 1.0) > 1.05 for line in lines)
    return f"""\
* Truth: the tau-quantile of the score of a model on a new base model, in the last period, known in closed form
  (`bayes_frontier/evaluations/truth.py`); none of the scenarios is asymmetric Laplace. Scored at {N_POINTS} computes
  evenly spaced in log FLOPs over all models of the last period, its sparse ends included.
* Base models, their computes and their numbers of models are those of the Open LLM Leaderboard v2 unless the table says
  otherwise; the default correlation within base models is 0.2, the default tau 0.98.
* Points of one curve are near copies of each other, so Monte Carlo errors take the replication as the unit.
* The alternatives fit the last period alone, without base-model effects
  (`studies/calibration/alternatives.py`).
* {len(lines):,} replications of {len(scenarios)} scenarios took {seconds / 3600:.1f} hours of one core. In {rough} of
  them R-hat of a boundary was above 1.05 with the study's short chains; they are counted all the same.
"""


def markdown(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a table."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
