"""The page of the studies that ask whether analyses recover a known truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.text import printable
from studies.questions.run import COVERAGE, FALSE_ALARMS, alarms, coverage

if TYPE_CHECKING:
    from studies.questions.scores import Study

AGREEMENT = "agreement.csv"


def write_recovery(
    lines: Mapping[str, Sequence[dict[str, Any]]], studies: Sequence[Study], out: Path, command: str
) -> bool:
    """Write README.md, coverage.csv and verdicts.csv."""
    make_folder(out, "--out")
    there = [study for study in studies if lines.get(study.name)]
    every = [line for study in there for line in lines[study.name]]
    covered, wrong = coverage(every), alarms(every)
    by_study = {study.name: (coverage(lines[study.name]), alarms(lines[study.name])) for study in there}
    tables = {"coverage.csv": 0, "verdicts.csv": 1}
    for name, i in tables.items():
        parts = [found[i].assign(study=study) for study, found in by_study.items()]
        table = pd.concat([(covered, wrong)[i].assign(study="all"), *parts], ignore_index=True)
        replace_file(out / name, csv_bytes(table, float_format="%.4f"), "--out")
    replace_file(
        out / "README.md", _page(there, lines, covered, wrong, by_study, command, _agreement(out)).encode(), "--out"
    )
    return bool(covered["held"].all() and wrong["held"].all())


def write_agreement(tables: Sequence[pd.DataFrame], out: Path) -> None:
    """Write agreement.csv."""
    table = pd.concat(list(tables), ignore_index=True)[["fit", "quantity", "shift", "width"]]
    replace_file(out / AGREEMENT, csv_bytes(table, float_format="%.3f"), "--out")


def _agreement(out: Path) -> list[str]:
    if not (out / AGREEMENT).is_file():
        return []
    table = pd.read_csv(out / AGREEMENT)
    fits = list(dict.fromkeys(table["fit"]))
    said = [
        "",
        "## Agreement of the fast posterior with the sampler",
        "",
        "On the scores of fits by NUTS: distance of posterior means in NUTS's standard deviations (mean over tasks and "
        "computes), and the fast standard deviation over that of NUTS (geometric mean).",
        "",
        "| quantity | " + " | ".join(f"{printable(str(fit))}: shift | width" for fit in fits) + " |",
        "|---|" + "---|---|" * len(fits),
    ]
    for name, rows in table.groupby("quantity", sort=False):
        cells = [rows[rows["fit"] == fit].iloc[0] for fit in fits]
        said.append(f"| {name} | " + " | ".join(f"{cell['shift']:.2f} | {cell['width']:.2f}" for cell in cells) + " |")
    return said


def _page(
    there: Sequence[Study],
    lines: Mapping[str, Sequence[dict[str, Any]]],
    covered: pd.DataFrame,
    wrong: pd.DataFrame,
    by_study: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]],
    command: str,
    agreed: Sequence[str],
) -> str:
    low, high = COVERAGE
    said = [
        "# Do the analyses recover a known truth?",
        "",
        "| study | replications | simulated |",
        "|---|---|---|",
        *(f"| {study.name} | {len(lines[study.name])} | {study.about} |" for study in there),
        "",
        "Models and base models are those of the Open LLM Leaderboard v2 (3,559 models on 151 base models in four "
        "periods), without their scores; a study that simulates otherwise says so. tau = 0.98.",
        "",
        "## Intervals",
        "",
        f"Share of 90% credible intervals that hold the truth, over all studies; bar: {low:.0%} to {high:.0%}. After "
        "it its standard error, with replications as independent units, and the shares in which the truth lay below "
        "and above.",
        "",
        "| quantity | replications | intervals | coverage | error | truth below | truth above | bar |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in covered.to_dict("records"):
        said.append(
            f"| {row['quantity']} | {row['replications']} | {row['intervals']} | {row['covered']:.1%} | "
            f"{row['error']:.1%} | {row['below']:.1%} | {row['above']:.1%} | {'held' if row['held'] else 'missed'} |"
        )
    said += ["", "By study:", "", "| quantity | " + " | ".join(study.name for study in there) + " |"]
    said.append("|---|" + "---|" * len(there))
    for name in covered["quantity"]:
        cells = [_cell(by_study[study.name][0], "quantity", name, "covered") for study in there]
        said.append(f"| {name} | " + " | ".join(cells) + " |")
    said += [
        "",
        "## Verdicts",
        "",
        f"A verdict is wrong where what it states is not true of the simulated boundaries; bar: at most "
        f"{FALSE_ALARMS:.0%} of the opportunities and of the statements made. In brackets the upper end of a 90% "
        "Clopper-Pearson interval.",
        "",
        "| verdict | opportunities | something is said | wrong | wrong of what is said | bar |",
        "|---|---|---|---|---|---|",
    ]
    for row in wrong.to_dict("records"):
        said.append(
            f"| {row['verdict']} | {row['opportunities']} | {row['said']:.0%} | {row['wrong']:.1%} "
            f"({row['wrong_upper']:.1%}) | {row['wrong_of_said']:.1%} | {'held' if row['held'] else 'missed'} |"
        )
    said += [
        *agreed,
        "",
        f"Every replication is in `replications/`. The command, which adds what is missing: `{command}`.",
        "",
    ]
    return "\n".join(said)


def _cell(table: pd.DataFrame, key: str, name: str, value: str) -> str:
    found = table.loc[table[key] == name, value]
    return f"{float(found.iloc[0]):.1%}" if len(found) else ""
