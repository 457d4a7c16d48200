"""``bayes-frontier emergence``: how abruptly boundaries rise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import load, question
from bayes_frontier.cli.heading import about
from bayes_frontier.cli.intervals import columns, rows_of, spelled
from bayes_frontier.cli.output import Answer, Column, form_of, note, show
from bayes_frontier.errors import QueryError
from bayes_frontier.report.files import make_folder, write_picture
from bayes_frontier.report.wording import probability_words, share_words

app = typer.Typer()


@app.command("emergence")
def emergence(
    fit: given.FitFile,
    decades: Annotated[
        str, typer.Option(metavar="DECADES", help="A rise over fewer decades of compute than this is called abrupt.")
    ] = "2",
    period: given.Period = None,
    base_model: given.BaseModel = None,
    prob: given.Prob = "0.9",
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for a picture, emergence.png; made if it is not there."),
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show over how many decades of compute each boundary rises, and which task rises more abruptly than which.

    Example: is any rise over within a tenfold of compute?

        bayes-frontier emergence fit.nc --decades 1

    width: decades of compute between 10% and 90% of the way from a boundary's floor to its ceiling. P(rank i): that the
    task is the i-th most abrupt. Verdicts need their credible interval on one side; otherwise: cannot tell. observed:
    the share of the rise within the compute of the fitted models; where it is small, the width is extrapolated. JSON
    also has each pair of tasks.
    """
    form = form_of(as_json, as_csv)
    asked = question(None, period, base_model, prob)
    try:
        border = float(decades)
    except ValueError:
        raise QueryError(f"--decades: cannot read {decades[:40]!r} as a number; 2 is a hundredfold.") from None
    if out is not None:
        make_folder(out, "--out")

    from bayes_frontier.analysis.emergence import emergence as answer
    from bayes_frontier.analysis.wording import emergence_sentences

    frontier = load(fit)
    found = answer(frontier, decades=border, prob=asked.prob, period=asked.period, base_model=asked.base_model)
    numbers = found.summary
    names = [str(task) for task in numbers["task"].to_numpy()]
    rows = spelled(
        rows_of(numbers, ("task",)),
        width="{:.1f}".format,
        observed="{:.0%}".format,
    )
    chances = numbers["rank_probability"].transpose("task", "rank").to_numpy()
    for row, chance in zip(rows, chances, strict=True):
        row |= {f"rank_{i}": float(value) for i, value in enumerate(chance, start=1)}
    facts = about(frontier, asked, [{"period": found.period}]) | {"decades": found.decades}
    pairs = [
        {"task": a, "other": b, "more": float(numbers["more"].sel(task=a, other=b)), "verdict": str(order.item())}
        for a in names
        for b in names
        if a != b and (order := numbers["order"].sel(task=a, other=b)) is not None
    ]
    text = form == "text"
    shown = [Column("task", "task"), *columns("width", "decades", form), *columns("observed", "observed", form)]
    shown += [] if text else [*columns("start", "", form), *columns("end", "", form)]
    shown += [Column("abrupt", f"P(< {found.decades:g})", probability_words)]
    shown += [Column(f"rank_{i}", f"P(rank {i})", probability_words) for i in range(1, len(names) + 1)]
    shown.append(Column("verdict", "verdict"))
    whose = f"models on {asked.base_model}" if asked.base_model else "models on a new base model"
    header = [
        f"Abruptness of the boundary of {whose} in the period '{found.period}', the most abrupt first.",
        "decades: of compute, from 10 to 90% of the rise; observed: share of the rise within the models' compute; "
        f"median ({share_words(found.prob)} credible interval).",
    ]
    show(Answer(facts | {"pairs": pairs}, shown, rows, header, ["", *emergence_sentences(found)]), form)
    if out is not None:
        from bayes_frontier.plots import plot_emergence

        write_picture(plot_emergence(found).figure, out / "emergence.png", "--out")
        note(f"Wrote {out / 'emergence.png'}")
