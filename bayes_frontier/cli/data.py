"""``bayes-frontier data show``: what is recognised in a table of evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.output import note, show_json
from bayes_frontier.cli.values import fields_map, names_list
from bayes_frontier.report.files import replace_file
from bayes_frontier.report.wording import printable

if TYPE_CHECKING:
    from bayes_frontier.evaluations import Evaluations

app = typer.Typer(no_args_is_help=True, help="Look at a table of evaluations before fitting it.")


@app.callback()
def group() -> None:
    """Look at a table of evaluations before fitting it."""


@app.command("show")
def show(
    table: given.Table,
    periods: given.Periods = None,
    tasks: given.Tasks = None,
    format: given.Format = None,
    column: given.Columns = None,
    duplicates: given.Duplicates = "keep",
    dropped: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="List every row left out, with its reason, in this CSV file."),
    ] = None,
    as_json: given.AsJson = False,
) -> None:
    """Show what is read from a table: models, periods, tasks, and the rows left out by reason.

    Example: which rows would a fit leave out, and why?

        bayes-frontier data show leaderboard.csv --dropped left_out.csv

    Nothing is fitted, and the table is not changed.
    """
    import bayes_frontier as bf

    evaluations = bf.read(
        table,
        periods=periods,
        tasks=names_list(tasks),
        format=format,
        columns=fields_map(column),
        duplicates=duplicates,  # type: ignore[arg-type]  # `read` checks it and names the choices
    )
    if dropped is not None:
        replace_file(dropped, evaluations.dropped.to_csv(index=False).encode(), "--dropped")
    if as_json:
        show_json(describe(evaluations))
    else:
        for line in evaluations.summary().splitlines():
            typer.echo(printable(line))
    if dropped is not None:
        note(f"{len(evaluations.dropped):,} rows left out are listed in {dropped}")


def describe(evaluations: Evaluations) -> dict[str, object]:
    """Describe evaluations as one JSON document.

    Parameters
    ----------
    evaluations : Evaluations
        What was read.

    Returns
    -------
    dict
        source, format, fingerprint, counts, FLOPs range, periods, tasks, rows left out by reason, notes.
    """
    models = evaluations.models
    return {
        "source": evaluations.source,
        "format": evaluations.source_format,
        "fingerprint": evaluations.fingerprint,
        "models": evaluations.n_models,
        "scores": evaluations.n_scores,
        "base_models": int(models["base_model"].nunique()),
        "flops": [float(models["flops"].min()), float(models["flops"].max())],
        "periods": [
            {"period": label, "models": int((models["period"] == number).sum())}
            for number, label in enumerate(evaluations.period_labels)
        ],
        "tasks": [
            {
                "task": task,
                "scores": int(models[task].notna().sum()),
                "min": float(models[task].min()),
                "median": float(models[task].median()),
                "max": float(models[task].max()),
            }
            for task in evaluations.tasks
        ],
        "left_out": {str(reason): int(n) for reason, n in evaluations.dropped_by_reason().items()},
        "notes": list(evaluations.notes),
    }
