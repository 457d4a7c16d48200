"""``bayes-frontier data combine``: several tables made one, in the order in which they count."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.output import note
from bayes_frontier.cli.values import names_list
from bayes_frontier.errors import QueryError
from bayes_frontier.report.files import replace_file
from bayes_frontier.report.wording import printable

if TYPE_CHECKING:
    import pandas as pd

    from bayes_frontier.evaluations import Evaluations

LONG = ["model", "base_model", "flops", "released", "stage", "task", "score", "n_items", "cost"]

app = typer.Typer()


@app.command("combine")
def combine(
    tables: Annotated[list[Path], typer.Argument(metavar="TABLE...", help="Two or more; the first counts most.")],
    out: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Where to write the whole: .csv or .parquet, one row a model, or one a score "
            "where items or costs of scores are known.",
        ),
    ],
    repeated: Annotated[
        str,
        typer.Option(
            metavar="CHOICE",
            help="A model of several tables: fill the tasks that its first record lacks, take the first record as it "
            "is, or error.",
        ),
    ] = "fill",
    rescored: Annotated[
        str,
        typer.Option(
            metavar="CHOICE",
            help="A task that two tables score differently: error; first (that task from the first table only); "
            "separate (two tasks); or mix.",
        ),
    ] = "error",
    tasks: given.Tasks = None,
    duplicates: given.Duplicates = "keep",
    registry: given.RegistryFile = None,
    dropped: given.LeftOut = None,
) -> None:
    """Make one table of several, which every command reads.

    Example: the leaderboard, and results of one's own for other models or tasks.

        bayes-frontier data combine leaderboard.csv results/ --out all.csv

    What a model is, and each of its scores, says the first table that has it. A task that tables score differently is
    refused unless --rescored says what to do; `data diff` shows it.
    """
    import bayes_frontier as bf
    from bayes_frontier.wording import count

    if out.suffix not in (".csv", ".parquet"):
        raise QueryError(f"--out: {out} ends neither in .csv nor in .parquet; give one of these.")
    read = [
        bf.read(path, tasks=names_list(tasks), duplicates=duplicates, registry=registry)  # type: ignore[arg-type]  # checked there
        for path in tables
    ]
    whole = bf.combine(*read, repeated=repeated, rescored=rescored)  # type: ignore[arg-type]  # checked there
    table = as_table(whole)
    replace_file(out, _content(table, out.suffix), "--out")
    if dropped is not None:
        replace_file(dropped, whole.dropped.to_csv(index=False).encode(), "--dropped")
    for line in whole.summary().splitlines():
        typer.echo(printable(line))
    note(f"{count(whole.n_scores, 'score')} of {count(whole.n_models, 'model')} written to {out}")
    alike = int(table.duplicated().sum())
    if alike:
        note(f"{count(alike, 'row')} of it repeat another record of the same model: reading it leaves them out")


def as_table(whole: "Evaluations") -> "pd.DataFrame":
    """Return evaluations as a table that `bayes_frontier.read` reads.

    Parameters
    ----------
    whole : Evaluations
        The evaluations.

    Returns
    -------
    pandas.DataFrame
        One row a model; or one a score, where items or costs of scores are known. Columns nobody knows are left out.
    """
    wide = ["model", "base_model", "flops", "released", "stage", *whole.tasks]
    detailed = bool(whole.table[["n_items", "cost"]].notna().any(axis=None))
    return (whole.table[LONG] if detailed else whole.models[wide]).dropna(axis=1, how="all")


def _content(table: "pd.DataFrame", suffix: str) -> bytes:
    if suffix == ".csv":
        return bytes(table.to_csv(index=False, date_format="%Y-%m-%d").encode())
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()
