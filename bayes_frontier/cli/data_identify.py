"""``bayes-frontier data identify``: base model, rule and confidence of every model of a source."""

from pathlib import Path
from typing import Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.output import Answer, Column, form_of, note, show
from bayes_frontier.cli.values import fields_map
from bayes_frontier.report.files import replace_file
from bayes_frontier.report.wording import flops_words

LEAST = 20
COLUMNS = (
    Column("model", "model"),
    Column("base_model", "base model"),
    Column("rule", "rule"),
    Column("confidence", "confidence", lambda value: f"{value:.2f}"),
    Column("flops", "FLOPs", flops_words),
    Column("released", "released"),
    Column("reason", "reason"),
)

app = typer.Typer()


@app.command("identify")
def identify(
    table: given.Table,
    registry: given.RegistryFile = None,
    format: given.Format = None,
    column: given.Columns = None,
    relabel: given.Relabel = False,
    unplaced: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="List the models without a base model, with the reason, for review."),
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show the base model of each model, the rule that found it and its confidence.

    Example: which models of a leaderboard have no place on the compute axis?

        bayes-frontier data identify leaderboard.csv --unplaced unplaced.csv

    Look them up, and say what they are built on in a registry file of your own, under [placed]:

        "lab/model" = "llama-3.1-8b"

    As text the rules and the least sure models are shown; --csv and --json give every model. Rules: reviewed (the
    registry, or your file for it, says so), self (a base model itself), base (its base field names one), base-name
    (so does a name in that field), mapped (the table's publisher assigned it), name (its own name), chain (its base is
    another model of the table), size (architecture, parameters and date), stated (the table says), own (so it does, of
    one the registry does not know), relabelled (with --relabel: the row contradicts what the table says, which is then
    the reason given).
    """
    from bayes_frontier.evaluations.identification import identification
    from bayes_frontier.wording import count

    form = form_of(as_json, as_csv)
    found = identification(table, registry=registry, format=format, columns=fields_map(column), relabel=relabel)
    without = found[found["base_model"] == ""]
    if unplaced is not None:
        listed = without[["model", "released", "reason", "source_row"]]
        replace_file(unplaced, listed.to_csv(index=False).encode(), "--unplaced")
    rules = found["rule"][found["base_model"] != ""].value_counts()
    least = found[found["base_model"] != ""].sort_values("confidence", kind="stable", na_position="first")
    chosen = found if form != "text" else least.head(LEAST)
    chosen = chosen.assign(released=chosen["released"].dt.strftime("%Y-%m-%d"))
    rows = [
        {str(name): None if value == "" else value for name, value in row.items()}
        for row in chosen[[column.key for column in COLUMNS]].to_dict("records")
    ]
    placed = len(found) - len(without)
    share = f"{count(len(found), 'model')} in {table.name}, {placed:,} placed ({placed / max(len(found), 1):.1%})"
    answer = Answer(
        about={
            "source": table.name,
            "models": len(found),
            "placed": placed,
            "rules": {str(rule): int(n) for rule, n in rules.items()},
        },
        columns=COLUMNS[: -1 if form == "text" and not any(row["reason"] for row in rows) else None],
        rows=rows,
        header=[
            share,
            "by rule: " + (", ".join(f"{rule} {n:,}" for rule, n in rules.items()) or "none"),
            *([f"the {len(rows)} least sure:"] if len(rows) < placed else []),
        ],
        footer=[f"without a base model: {len(without):,}; --unplaced FILE.csv lists them"] if len(without) else [],
    )
    show(answer, form)
    if unplaced is not None:
        note(
            f"{count(len(without), 'model')} without a base model: listed in {unplaced}; place them under [placed] in "
            "a file for --registry"
        )
