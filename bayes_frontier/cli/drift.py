"""``bayes-frontier drift``: whether boundaries move."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import ask, load, question
from bayes_frontier.cli.heading import about
from bayes_frontier.cli.output import Answer, Column, form_of, note, show
from bayes_frontier.cli.values import fields_map, flops_list, one_score
from bayes_frontier.report.files import make_folder, write_picture
from bayes_frontier.report.wording import flops_words, probability_words, share_words

if TYPE_CHECKING:
    import xarray as xr

    from bayes_frontier.evaluations.diff import Difference
    from bayes_frontier.posterior import Frontier

app = typer.Typer()


@app.command("drift")
def drift(
    fit: given.FitFile,
    flops: Annotated[
        str | None,
        typer.Option(
            metavar="FLOPS",
            help="Where to look: 1e24, several as 1e22,1e24, or 1e22:1e26:5.",
            show_default="median of the models",
        ),
    ] = None,
    delta: given.Delta = "0.02",
    task: given.AskedTasks = None,
    base_model: given.BaseModel = None,
    prob: given.VerdictProb = "0.9",
    steps: Annotated[bool, typer.Option("--steps", help="Also each step from a period to the next.")] = False,
    table: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="A newer version of the table that was fitted: tasks re-scored in it are named, since their scores "
            "change without any drift.",
        ),
    ] = None,
    format: given.Format = None,
    column: given.Columns = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for a picture a compute, drift.png; made if it is not there."),
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show whether boundaries moved from the first period to the last: change, probabilities, a verdict a task.

    Example: did the boundaries at 1e24 FLOPs move by more than 0.03?

        bayes-frontier drift fit.nc --flops 1e24 --delta 0.03

    A task is advancing, retreating or stable where the change is above delta, below -delta or between, with
    probability 0.9 (--prob); otherwise unknown. With --table a task that was re-scored in a newer table gets the
    verdict "re-scored": the same models have other scores there, and what changes is the benchmark.
    """
    form = form_of(as_json, as_csv)
    values = None if flops is None else flops_list(flops)
    smallest, asked = one_score(delta, "--delta"), question(task, None, base_model, prob)
    if out is not None:
        make_folder(out, "--out")
    frontier = load(fit)
    compared = None if table is None else _compare(frontier, table, format, column)
    found = frontier.drift(values, smallest, asked.prob, None, asked.base_model)
    for name in asked.tasks or ():
        # refuses an unknown task in the words that every command has for it
        frontier.boundary(1e22, task=name)
    shown = found.drop_vars("change") if steps else found.drop_vars("change").isel(step=[-1])
    rows = ask(frontier, asked, lambda name: shown.sel(task=name))
    for row in rows:
        row["period"] = row["until"]
        if compared is not None and row["task"] in compared.rescored:
            row["verdict"] = "re-scored"
    facts = about(frontier, asked, rows) | {"delta": smallest}
    if compared is not None:
        facts |= {"compared": compared.b, "shared": compared.shared, "rescored": list(compared.rescored)}
    show(Answer(facts, _columns(smallest, steps), rows, _header(frontier, facts), _said(frontier, compared)), form)
    if out is not None:
        _draw(found if asked.tasks is None else found.sel(task=asked.tasks), out)


def _compare(frontier: Frontier, table: Path, format: str | None, column: list[str] | None) -> Difference:
    import bayes_frontier as bf
    from bayes_frontier.evaluations.diff import diff

    newer = bf.read(table, format=format, columns=fields_map(column))
    return diff(frontier.evaluations, newer, tau=frontier.tau)


def _columns(delta: float, steps: bool) -> list[Column]:
    return [
        Column("task", "task"),
        Column("since", "from period" if steps else ""),
        Column("until", "to period" if steps else ""),
        Column("flops", "FLOPs", flops_words),
        Column("median", "change (median)", "{:+.3f}".format),
        Column("mean", ""),
        Column("lower", "lower", "{:+.3f}".format),
        Column("upper", "upper", "{:+.3f}".format),
        Column("advance", f"P(change > {delta:g})", probability_words),
        Column("retreat", f"P(change < {-delta:g})", probability_words),
        Column("still", ""),
        Column("verdict", "verdict"),
    ]


def _header(frontier: Frontier, facts: dict[str, object]) -> list[str]:
    labels = frontier.period_labels
    whose = f"models on {facts['base_model']}" if facts["base_model"] else "models on a new base model"
    return [
        f"Change of the boundary of {whose} (tau = {frontier.tau:g}) between the periods '{labels[0]}' and "
        f"'{labels[-1]}'.",
        "change: posterior median, in scores; lower, upper: ends of the credible interval, probability "
        f"{share_words(float(str(facts['prob'])))}.",
    ]


def _said(frontier: Frontier, compared: Difference | None) -> list[str]:
    """Say what a newer table holds, in sentences below the answer."""
    said = [] if frontier.converged else ["The fit did not converge: every verdict is unknown."]
    if compared is not None:
        said += compared.summary().splitlines() + compared.warnings()
        if not compared.rescored and compared.shared:
            said.append(f"No task was re-scored in {compared.b}.")
    return ["", *said] if said else []


def _draw(found: xr.Dataset, out: Path) -> None:
    from bayes_frontier.plots import plot_drift

    parts = [found] if "flops" not in found.dims else [found.isel(flops=i) for i in range(found.sizes["flops"])]
    for part in parts:
        name = "drift.png" if len(parts) == 1 else f"drift-{flops_words(float(part['flops']))}.png"
        write_picture(plot_drift(part).figure, out / name, "--out")
        note(f"Wrote {out / name}")
