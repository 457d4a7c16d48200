"""Fit both halves of a table again and again, and see whether their answers differ by as much as they should.

    python -m studies.split_halves v2.csv --periods 2024-06-30,2024-09-30,2024-12-31 --out reports/split-halves/v2

Halves are split by base model: each has other base models, and both are asked for the population boundary at five
computes. And by uploader: each has other uploaders' models, and both are asked for the boundaries of the base models
that have 20 models or more in each. The difference of posterior means over the root of summed variances, z, is squared
1 on average, and beyond 1.645 in a tenth of cases, where intervals say what they should. Base models that are left out
of one half are also its test: a share 1 - tau of scores, base models counting as in the population, should lie above
its population boundary. And the largest families of base models are left out one at a time, and their scores compared
with the boundary of a new family. Finished splits are kept in DIR/replications and used again by the same code. Writes
README.md, differences.csv and exceedances.csv.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import bayes_frontier as bf
from bayes_frontier.checks.halves import (
    FEWEST,
    QUANTILES,
    SIZE,
    base_model_differences,
    by_base_model,
    by_uploader,
    population_differences,
)
from bayes_frontier.display import csv_bytes
from bayes_frontier.evaluations.registry.registry import given_registry
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.data import reference_compute
from bayes_frontier.posterior.population import Population, PopulationName, families
from studies.calibration.page import markdown
from studies.runner import RESULTS, append_line, code_fingerprint, read_lines

FAMILIES = 5
"""Families of base models that are left out, the largest ones by models."""
CHAINS = {"chains": 2, "draws": 300, "tune": 300}
RESULT_FILES = (
    *RESULTS,
    "bayes_frontier/posterior/population.py",
    "bayes_frontier/checks/halves.py",
    "studies/split_halves.py",
)


def exceedances(
    frontier: bf.Frontier, held: bf.Evaluations, population: PopulationName = "bases"
) -> list[dict[str, Any]]:
    """Count the scores above the population boundary, by base model and task, with what each base model counts."""
    names = sorted(held.models["base_model"].unique())
    z = reference_compute(held.models, names)
    drawn = frontier.boundary(10.0**z, period="all", population=population)
    level = drawn.mean(("chain", "draw")).transpose("task", "period", "flops")
    table = held.table
    task = pd.Index(frontier.tasks).get_indexer(pd.Index(table["task"]))
    base = pd.Index(names).get_indexer(pd.Index(table["base_model"]))
    period = pd.Index(frontier.period_labels).get_indexer(pd.Index(held.period_labels))[table["period"].to_numpy()]
    there = (task >= 0) & (period >= 0)
    above = table["score"].to_numpy(float) > level.to_numpy()[task, period, base]
    counted = pd.DataFrame({"task": table["task"], "base_model": table["base_model"], "above": above})[there]
    made = counted.groupby(["task", "base_model"], sort=False)["above"].agg(n="size", above="sum").reset_index()
    votes = Population.named("bases", held.models, given_registry(held.registry)).votes
    made["votes"] = made["base_model"].map(dict(zip(names, votes.tolist(), strict=True)))
    return list(made.to_dict("records"))


def leave_families_out(evaluations: bf.Evaluations, path: Path) -> None:
    """Fit without each of the largest families, and count its scores above the boundary of a new one."""
    done = {line["replication"] for line in read_lines(path)}
    family = evaluations.models["base_model"].map(families).to_numpy()
    for name in pd.Series(family).value_counts().index[:FAMILIES]:
        if name in done:
            continue
        rest, held = evaluations.subset(family != name), evaluations.subset(family == name)
        settings: dict[str, Any] = {"seed": 1, "progress": False, "allow_unconverged": True, **CHAINS}
        frontier = bf.fit(rest, **settings)
        append_line(path, {"replication": name, "exceedances": exceedances(frontier, held, "new-family")})
        print(f"without {name}", file=sys.stderr, flush=True)


def run(evaluations: bf.Evaluations, splits: int, path: Path) -> None:
    """Run the splits that the file does not have yet."""
    done = {line["replication"] for line in read_lines(path)}
    flops = [float(f) for f in 10.0 ** np.quantile(log_flops(evaluations.models["flops"]), QUANTILES)]
    for split in range(splits):
        if split in done:
            continue
        settings: dict[str, Any] = {"seed": split, "progress": False, "allow_unconverged": True, **CHAINS}
        by_base = by_base_model(evaluations, split)
        first, second = (bf.fit(half, **settings) for half in by_base)
        line: dict[str, Any] = {
            "population": population_differences((first, second), flops),
            "exceedances": exceedances(first, by_base[1]) + exceedances(second, by_base[0]),
        }
        line["base models"] = base_model_differences([bf.fit(h, **settings) for h in by_uploader(evaluations, split)])
        append_line(path, {"replication": split, **line})
        print(f"{split + 1} of {splits} splits", file=sys.stderr, flush=True)


def gathered(path: Path, part: str, splits: int) -> pd.DataFrame:
    """Gather one part of all finished splits."""
    lines = [line for line in read_lines(path) if line["replication"] < splits]
    return pd.DataFrame([{"split": line["replication"], **row} for line in lines for row in line[part]])


def summary(rows: pd.DataFrame) -> list[list[str]]:
    """Summarise z over all, and by task; standard errors over splits."""
    parts = [("all", rows), *rows.groupby("task", sort=False)]
    made = []
    for name, part in parts:
        by_split = (
            part.assign(squared=part["z"] ** 2, far=part["z"].abs() > SIZE).groupby("split")[["squared", "far"]].mean()
        )
        mean, error = by_split.mean(), by_split.std(ddof=1) / np.sqrt(max(len(by_split), 2))
        made.append(
            [
                str(name),
                f"{len(part):,}",
                f"{mean['squared']:.2f} ({error['squared']:.2f})",
                f"{100 * mean['far']:.0f}% ({100 * error['far']:.0f})",
                f"{part['width'].mean():.4f}",
            ]
        )
    return made


def covered(rows: pd.DataFrame, tau: float) -> list[list[str]]:
    """Share of scores above the population boundary, base models counting the same, by task."""
    share = rows[rows["votes"] > 0.0].assign(share=rows["above"] / rows["n"])
    made = []
    for name, part in [("all", share), *share.groupby("task", sort=False)]:
        by_base = part.groupby("base_model")["share"].mean()
        error = by_base.std(ddof=1) / np.sqrt(len(by_base))
        off = abs(by_base.mean() - (1.0 - tau)) > 1.96 * error
        weighted = part["above"].sum() / part["n"].sum()
        made.append(
            [
                str(name),
                f"{100 * by_base.mean():.1f}% ({100 * error:.1f})",
                "outside" if off else "inside",
                f"{100 * weighted:.1f}%",
            ]
        )
    return made


def by_family(path: Path) -> list[list[str]]:
    """Share of the scores of each family left out that lie above the boundary of a new one, by task; and their mean."""
    lines = [{**row, "family": line["replication"]} for line in read_lines(path) for row in line["exceedances"]]
    rows = pd.DataFrame(lines)
    share = rows[rows["votes"] > 0.0].assign(share=rows["above"] / rows["n"])
    table = share.pivot_table(index="family", columns="task", values="share", sort=False)
    table = pd.concat([table, table.mean().to_frame("mean of families").T])
    return [[str(name), *(f"{100 * value:.1f}%" for value in (*row, row.mean()))] for name, row in table.iterrows()]


def write(path: Path, families_path: Path, folder: Path, splits: int, command: str, about: str, tau: float) -> None:
    """Write the page and its tables."""
    population, own = (gathered(path, part, splits) for part in ("population", "base models"))
    above = gathered(path, "exceedances", splits)
    columns = ["task", "differences", "mean z^2 (s.e.)", f"beyond {SIZE} (s.e.)", "mean width of 90% intervals"]
    text = "\n".join(
        [
            "# Two halves of a table, both fitted\n",
            f"Written by\n\n    {command}\n",
            f"{about} {population['split'].nunique()} splits of each kind; chains: {CHAINS['chains']}, of "
            f"{CHAINS['tune']} tuning steps and {CHAINS['draws']} draws. z is the difference of posterior means over "
            "the root of summed variances: where intervals are right its square is 1 on average, and it is beyond "
            "1.645 in 10% of cases. Standard errors are over splits.\n",
            "## Population boundary, halves of the base models, five computes\n",
            markdown(columns, summary(population)),
            f"## Boundaries of base models with {FEWEST} models or more in each half, halves of the uploaders\n",
            markdown(columns, summary(own)),
            "## Base models of the other half above the population boundary\n",
            f"{100 * (1.0 - tau):.0f}% of scores should be, base models counting as in the population; standard "
            "errors and the 95% band have base models as clusters. Beside it, the share with each model counting the "
            "same.\n",
            markdown(["task", "above (s.e.)", "95% band", "each model the same"], covered(above, tau)),
            "## One family of base models left out\n",
            "Share of its scores above the boundary of a new family, its base models counting the same.\n",
            markdown(["family", *population["task"].unique(), "all"], by_family(families_path)),
        ]
    )
    differences = pd.concat([population.assign(of="population"), own.assign(of="base model")])
    replace_file(folder / "differences.csv", csv_bytes(differences, float_format="%.5f"), "study")
    by_base = above.groupby(["task", "base_model"], sort=False)[["n", "above"]].sum().reset_index()
    replace_file(folder / "exceedances.csv", csv_bytes(by_base), "study")
    replace_file(folder / "README.md", text.encode(), "study")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="split_halves", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("table", type=Path)
    parser.add_argument("--periods", default="", help="ends of periods, with commas between")
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    evaluations = bf.read(options.table, periods=options.periods.split(",") if options.periods else None)
    make_folder(options.out / "replications", "--out")
    code = code_fingerprint(RESULT_FILES)
    path = options.out / "replications" / f"{evaluations.fingerprint[:8]}-{code}.jsonl"
    families_path = path.with_name(f"families-{path.name}")
    leave_families_out(evaluations, families_path)
    run(evaluations, options.splits, path)
    command = (
        f"python -m studies.split_halves {options.table.name} --periods {options.periods} --out {options.out.name}"
    )
    about = f"{evaluations.n_scores:,} scores of {evaluations.n_models:,} models, {evaluations.fingerprint[:12]}."
    write(path, families_path, options.out, options.splits, command, about, 0.98)
    return 0


if __name__ == "__main__":
    sys.exit(main())
