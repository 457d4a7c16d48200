"""``bayes-frontier data diff``: what changed between two versions of a table."""

from pathlib import Path
from typing import Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.output import Answer, Column, form_of, note, show
from bayes_frontier.cli.values import names_list, probability
from bayes_frontier.report.files import replace_file

app = typer.Typer()


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _three(value: float) -> str:
    return f"{value:.3f}"


COLUMNS = (
    Column("task", "task"),
    Column("kind", "change"),
    Column("shared", "shared", "{:,}".format),
    Column("changed", "changed", "{:,}".format),
    Column("mean_shift", "mean shift", _signed),
    Column("quantile_a", "quantile, first", _three),
    Column("quantile_b", "second", _three),
    Column("quantile_shift", "shift", _signed),
    Column("scores_a", ""),
    Column("scores_b", ""),
)


@app.command("diff")
def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="The earlier table, in any form that is read.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The later one.")],
    tasks: given.Tasks = None,
    tau: Annotated[str, typer.Option(metavar="P", help="Level of the quantile compared, 0 to 1.")] = "0.98",
    registry: given.RegistryFile = None,
    changes: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="List models added and removed, and every change of a shared one."),
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Compare two versions of a table: models added and removed, scores changed, tasks re-scored.

    Example: two days of a leaderboard, between which a benchmark was marked anew.

        bayes-frontier data diff monday.csv tuesday.csv

    Quantiles are those of the scores that both tables have. A task counts as re-scored when at least 5% of these
    differ and the shifts have a direction; a warning names it, since two scorings in one fit look like drift.
    """
    import pandas as pd

    import bayes_frontier as bf
    from bayes_frontier.wording import count

    form, share = form_of(as_json, as_csv), probability(tau, "--tau")
    a, b = (bf.read(path, tasks=names_list(tasks), registry=registry) for path in (first, second))
    found = bf.diff(a, b, tau=share)
    if changes is not None:
        parts = [
            found.added.assign(change="added"),
            found.removed.assign(change="removed"),
            found.scores.assign(change="score"),
            found.fields.assign(change="field"),
        ]
        listed = pd.concat(parts, ignore_index=True)
        order = ["change", "model", "task", "field", "a", "b", "shift", "base_model", "flops", "released", "why"]
        replace_file(changes, listed[order].to_csv(index=False).encode(), "--changes")
    table = found.tasks.to_dataframe().reset_index()
    answer = Answer(
        about={
            "a": {"source": found.a, "fingerprint": found.fingerprints[0], "models": a.n_models},
            "b": {"source": found.b, "fingerprint": found.fingerprints[1], "models": b.n_models},
            "tau": share,
            "shared": found.shared,
            "added": len(found.added),
            "removed": len(found.removed),
            "other_fields_changed": found.fields["field"].value_counts().to_dict(),
            "rescored": list(found.rescored),
            "warnings": found.warnings(),
        },
        columns=COLUMNS,
        rows=[{str(name): value for name, value in row.items()} for row in table.to_dict("records")],
        header=found.summary().splitlines(),
    )
    show(answer, form)
    for warning in found.warnings():
        note(f"Warning: {warning}")
    if changes is not None:
        note(f"{count(len(listed), 'change')} listed in {changes}")
