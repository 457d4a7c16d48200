"""``bayes-frontier attain``: the score attainable at given compute."""

from typing import Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import ask, load, question
from bayes_frontier.cli.heading import about, header, several_periods
from bayes_frontier.cli.output import Answer, Column, form_of, show
from bayes_frontier.cli.values import flops_list, scores_list
from bayes_frontier.errors import QueryError
from bayes_frontier.report.wording import flops_words, probability_words

app = typer.Typer()


@app.command("attain")
def attain(
    fit: given.FitFile,
    flops: Annotated[
        str,
        typer.Option(
            metavar="FLOPS",
            help="Pre-training compute in FLOPs (6 x parameters x tokens): 1e24, several as 1e22,1e24, or "
            "1e22:1e26:5 for 5 values evenly spaced in log FLOPs.",
        ),
    ],
    task: given.AskedTasks = None,
    period: given.Period = None,
    base_model: given.BaseModel = None,
    prob: given.Prob = "0.9",
    score: Annotated[
        str | None,
        typer.Option(metavar="SCORE", help="Add the probability that the boundary is at least this score, 0 to 1."),
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show the score attainable with some pre-training compute: task, boundary, credible interval.

    Example: what can a model with 1e24 FLOPs reach on bbh, and how likely is at least 0.7?

        bayes-frontier attain fit.nc --flops 1e24 --task bbh --score 0.7

    The boundary is the posterior median; lower and upper are the ends of the credible interval.
    """
    form = form_of(as_json, as_csv)
    values, asked = flops_list(flops), question(task, period, base_model, prob)
    targets = scores_list(score) if score is not None else []
    if len(targets) > 1:
        raise QueryError("--score: give one score; ask again for another.")
    target = targets[0] if targets else None
    frontier = load(fit)
    rows = ask(
        frontier,
        asked,
        lambda name: frontier.attainable(
            values,
            prob=asked.prob,
            task=name,
            period=asked.period,
            base_model=asked.base_model,
            target=target,
        ),
    )
    facts = about(frontier, asked, rows)
    columns = [
        Column("task", "task"),
        several_periods(facts),
        Column("flops", "FLOPs", flops_words),
        Column("median", "boundary (median)", "{:.3f}".format),
        Column("mean", ""),
        Column("lower", "lower", "{:.3f}".format),
        Column("upper", "upper", "{:.3f}".format),
    ]
    if target is not None:
        facts["score"] = target
        columns.append(Column("probability", f"P(boundary >= {target:g})", probability_words))
    show(Answer(facts, columns, rows, header(frontier, asked, facts, "boundary")), form)
