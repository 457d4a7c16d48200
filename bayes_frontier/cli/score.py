"""``bayes-frontier score``: another table against what a fit predicts for its models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import load, records
from bayes_frontier.cli.output import Answer, Column, form_of, note, show
from bayes_frontier.cli.values import fields_map, probability
from bayes_frontier.report.files import make_folder, replace_file
from bayes_frontier.report.wording import share_words

app = typer.Typer()


@app.command("score")
def score(
    fit: given.FitFile,
    table: given.Table,
    bridge: Annotated[
        str,
        typer.Option(
            metavar="CHOICE",
            help="How scores marked otherwise are brought to the fit's marking: mean (less the mean shift of the "
            "models that both tables have), upper (less that of the upper half of these), or none.",
        ),
    ] = "mean",
    prob: given.Prob = "0.9",
    format: given.Format = None,
    column: given.Columns = None,
    duplicates: given.Duplicates = "keep",
    metrics: given.Metrics = None,
    registry: given.RegistryFile = None,
    allow_limited: given.AllowLimited = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for README.md, scores.csv and bridge.csv; made if it is not there."),
    ] = None,
    seed: given.Seed = 1,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Score models that a fit has not seen: pinball loss and signed coverage, known and new base models apart.

    Example: models evaluated after the leaderboard retired, by a fit of the leaderboard.

        bayes-frontier score fit.nc proteus_2k.csv --out scored

    Models that the fit has too are left out; they measure whether the table marks its tasks otherwise than the fit's.
    Such a shift is taken off the new scores (--bridge), with its uncertainty, and raw scores are judged beside it.
    """
    import bayes_frontier as bf
    from bayes_frontier.report.scoring import said, scoring_files

    form, share = form_of(as_json, as_csv), probability(prob, "--prob")
    if out is not None:
        make_folder(out, "--out")
    frontier = load(fit)
    evaluations = bf.read(
        table,
        format=format,
        columns=fields_map(column),
        duplicates=duplicates,  # type: ignore[arg-type]  # `read` checks it and names the choices
        metrics=metrics,
        registry=registry,
        limited=allow_limited,
    )
    found = bf.score(frontier, evaluations, bridge=bridge, prob=share, seed=seed)
    if out is not None:
        for name, content in scoring_files(found).items():
            replace_file(out / name, content, "--out")
    rows = records(found.table)
    columns = [
        Column("scores", "scores"),
        Column("group", "base models"),
        Column("task", "task"),
        Column("n", "n", "{:,}".format),
        Column("base_models", "of", "{:,}".format),
        Column("pinball", "pinball x 1e3", _thousandths),
        Column("pinball_lower", ""),
        Column("pinball_upper", ""),
        Column("constant", "constant x 1e3", _thousandths),
        Column("constant_lower", ""),
        Column("constant_upper", ""),
        Column("error", "coverage error", "{:+.4f}".format),
        Column("error_lower", "lower", "{:+.4f}".format),
        Column("error_upper", "upper", "{:+.4f}".format),
    ]
    shifts = records(found.bridge)
    header = [
        *said(found),
        "",
        "n: scores, on so many base models; constant: pinball loss of the last fitted period's quantile; coverage "
        f"error: positive where the boundary is too high, at most {1.0 - frontier.tau:.3g}, with {share_words(share)} "
        "intervals.",
    ]
    shown = [row for row in rows if row["n"]]
    show(Answer({**found.about, "left_out": found.left_out, "bridge": shifts}, columns, shown, header), form)
    if out is not None:
        note(f"Wrote {out / 'README.md'}, scores.csv and bridge.csv")


def _thousandths(value: float) -> str:
    return f"{1e3 * value:.2f}"
