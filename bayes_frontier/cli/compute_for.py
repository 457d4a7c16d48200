"""``bayes-frontier compute-for``: the compute needed for a score."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import ask, load, question
from bayes_frontier.cli.heading import about, header, several_periods
from bayes_frontier.cli.output import Answer, Column, Value, form_of, show
from bayes_frontier.cli.values import scores_list
from bayes_frontier.report.wording import flops_words, probability_words

FLOPS_SEARCHED = (1e18, 1e28)

app = typer.Typer()


@app.command("compute-for")
def compute_for(
    fit: given.FitFile,
    score: Annotated[
        str,
        typer.Option(metavar="SCORE", help="Score to attain, 0 to 1; several with commas between."),
    ],
    task: given.AskedTasks = None,
    period: given.Period = None,
    base_model: given.BaseModel = None,
    prob: given.Prob = "0.9",
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show the pre-training compute (FLOPs) at which the boundary reaches a score, from 1e18 to 1e28 FLOPs.

    Example: how much compute for half of math_lvl_5?

        bayes-frontier compute-for fit.nc --score 0.5 --task math_lvl_5

    Also shown: the credible interval, and the probability that the score is not attainable within 1e28 FLOPs.
    In JSON, null stands for more than 1e28; in CSV, inf.
    """
    form = form_of(as_json, as_csv)
    scores, asked = scores_list(score), question(task, period, base_model, prob)
    frontier = load(fit)
    rows = ask(
        frontier,
        asked,
        lambda name: frontier.compute_for(
            scores,
            task=name,
            period=asked.period,
            base_model=asked.base_model,
            prob=asked.prob,
            flops_range=FLOPS_SEARCHED,
        ),
    )
    facts = about(frontier, asked, rows)
    facts["flops_range"] = list(FLOPS_SEARCHED)
    columns = [
        Column("task", "task"),
        several_periods(facts),
        Column("score", "score", "{:g}".format),
        Column("median", "FLOPs (median)", _words),
        Column("lower", "lower", _words),
        Column("upper", "upper", _words),
        Column("not_attainable", "P(not attainable)", probability_words),
    ]
    show(Answer(facts, columns, rows, header(frontier, asked, facts, "FLOPs"), _sentences(rows)), form)


def _words(value: float) -> str:
    low, high = FLOPS_SEARCHED
    if math.isinf(value):
        return f"> {flops_words(high)}"
    return f"< {flops_words(low)}" if value <= low else flops_words(value)


def _sentences(rows: Sequence[Mapping[str, Value]]) -> list[str]:
    found = []
    for row in rows:
        missing = row["not_attainable"]
        if isinstance(missing, float) and missing >= 0.5:
            found.append(
                f"{row['task']}: {row['score']:g} is not attainable within "
                f"{flops_words(FLOPS_SEARCHED[1])} FLOPs with probability {probability_words(missing)}."
            )
    return ["", *found] if found else []
