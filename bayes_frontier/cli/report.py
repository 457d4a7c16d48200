"""``bayes-frontier report``: a page on a fit."""

from pathlib import Path
from typing import Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import load

app = typer.Typer()


@app.command("report")
def report(
    fit: given.FitFile,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder for index.html and boundaries.png; made if it is not there."),
    ],
) -> None:
    """Write a page with a fit's boundaries, attainable scores, data counts and diagnostics.

    Example: a page to look at or to send.

        bayes-frontier report fit.nc --out report

    The page is one file that needs no other.
    """
    frontier = load(fit)
    from bayes_frontier.report import write_report

    typer.echo(f"Wrote {write_report(frontier, out)}")
