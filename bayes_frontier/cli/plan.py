"""``bayes-frontier plan``: which models to evaluate next."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import load, records
from bayes_frontier.cli.output import Answer, Column, note, show
from bayes_frontier.cli.values import fields_map, flops_list, names_list, period_of, probability, scores_list
from bayes_frontier.errors import QueryError
from bayes_frontier.report.files import replace_file, write_picture
from bayes_frontier.report.wording import flops_words, printable, share_words

if TYPE_CHECKING:
    from bayes_frontier.design import Plan, Question

app = typer.Typer()
_SHOWN = 15


@app.command("plan")
def plan(
    candidates: Annotated[
        Path,
        typer.Option(
            metavar="TABLE",
            help="CSV or Parquet table of models that could be evaluated: model, base_model, flops and params_b, or "
            "what gives them.",
        ),
    ],
    fit: Annotated[
        Path | None,
        typer.Argument(metavar="[FIT]", help="A fit saved by `bayes-frontier fit`; none yet: plan from priors alone."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="COST", help="Cost not exceeded, or a share of that of all candidates: 5000 or 20%."),
    ] = None,
    n: Annotated[int | None, typer.Option("--n", min=1, metavar="N", help="Models not exceeded.")] = None,
    focus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASKS",
            help="Tasks whose boundaries are to be known; commas between.",
            show_default="all",
        ),
    ] = None,
    flops: Annotated[
        str | None,
        typer.Option(
            metavar="LOW:HIGH", help="Compute at which they are, such as 1e23:1e25.", show_default="the candidates'"
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="base-models: narrow the boundaries of the base models, each as much as models to come are expected "
            "on it; interval-width: the population boundaries; information: nats about base models; question: settle "
            "--question.",
            show_default="base-models",
        ),
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(
            metavar="TASK@FLOPS>SCORE",
            help="Is the boundary above a score? Such as bbh@1e24>0.7; implies --objective question.",
        ),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            metavar="PERIOD",
            help="Period planned for: a fitted one by number, label or date, or next.",
            show_default="the last one fitted",
        ),
    ] = None,
    cost: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="parameters (1e9); column: the table's column cost; tokens: 2 x parameters x n_items x "
            "tokens_per_item.",
        ),
    ] = "parameters",
    column: given.Columns = None,
    include: Annotated[
        list[str] | None, typer.Option(metavar="MODELS", help="Candidates forced in; with commas, or repeated.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="MODELS", help="Candidates forced out; with commas, or repeated.")
    ] = None,
    batches: Annotated[
        int, typer.Option(min=1, metavar="N", help="Cut the order into parts of equal cost, to refit between them.")
    ] = 1,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave candidates that cannot be planned with out, and list them.")
    ] = False,
    prob: given.Prob = "0.9",
    model: Annotated[str, typer.Option(metavar="NAME", help="Without a fit: the model whose priors are used.")] = (
        "hierarchical"
    ),
    task: Annotated[
        list[str] | None, typer.Option(metavar="NAMES", help="Without a fit: the tasks that will be evaluated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Write the whole plan to this CSV file.")] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw cost against expected interval width.")
    ] = None,
    commands: Annotated[
        bool,
        typer.Option("--commands", help="Print only the lm-evaluation-harness command of each model."),
    ] = False,
    seed: given.Seed = 1,
) -> None:
    """Choose the models whose evaluation is expected to say most about the boundaries, per cost.

    Example: what a fifth of the cost of all candidates should be spent on.

        bayes-frontier plan fit.nc --candidates candidates.csv --budget 20% --out plan.csv

    Refit after each batch with what came in, and plan the rest again. interval width is that of the population
    boundary, mean over tasks and compute, expected before any new score is seen.
    """
    from bayes_frontier.design import plan as make
    from bayes_frontier.design.targets import OBJECTIVE

    asked = None if question is None else _question(question)
    ends = None
    if flops is not None:
        low, _, high = flops.partition(":")
        values = flops_list(f"{low},{high}") if high else []
        if len(values) != 2:
            raise QueryError("--flops: write the two ends of a range, such as 1e23:1e25.")
        ends = (values[0], values[1])
    for file, suffix, option in ((out, ".csv", "--out"), (picture, ".png", "--picture")):
        if file is not None and file.suffix != suffix:
            raise QueryError(f"{option}: {file} does not end in {suffix}.")
    frontier = None if fit is None else load(fit)
    found = make(
        frontier,
        candidates,
        budget=budget,
        n=n,
        focus=names_list(focus),
        flops=ends,
        objective=objective or (OBJECTIVE if asked is None else "question"),
        question=asked,
        period=period_of(period),
        cost=cost,
        columns=fields_map(column),
        include=names_list(include) or (),
        exclude=names_list(exclude) or (),
        batches=batches,
        skip=skip,
        prob=probability(prob, "--prob"),
        seed=seed,
        model=model,
        tasks=names_list(task),
    )
    if out is not None:
        replace_file(out, found.sheet().to_csv(index=False).encode(), "--out")
    if picture is not None:
        _draw(found, picture)
    for reason, names in found.left_out.groupby("reason", sort=False)["model"]:
        words = ", ".join(printable(str(name)) for name in names.iloc[:3])
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        note(f"Left out, {reason}: {words}{more}")
    if commands:
        from bayes_frontier.design.wording import commands as lines

        tasks = frontier.tasks if frontier is not None else tuple(names_list(task) or ())
        for line in lines(found.table["model"], tasks):
            typer.echo(line)
    else:
        _summarise(found)
    if out is not None:
        note(f"The whole plan is in {out}.")


def _question(text: str) -> Question:
    from bayes_frontier.design import Question

    task, at, rest = text.partition("@")
    flops, above, score = rest.partition(">")
    if not (task.strip() and at and above):
        raise QueryError(f"--question: cannot read {text[:60]!r}; write TASK@FLOPS>SCORE, such as 'bbh@1e24>0.7'.")
    values, levels = flops_list(flops, "--question"), scores_list(score, "--question")
    if len(values) != 1 or len(levels) != 1:
        raise QueryError("--question: give one compute and one score.")
    return Question(task.strip(), values[0], levels[0])


def _draw(found: Plan, picture: Path) -> None:
    from bayes_frontier.plots.plan import plot_plan

    write_picture(plot_plan(found)[0].figure, picture, "--picture")


def _summarise(found: Plan) -> None:
    table = found.table
    last, now = table.iloc[-1], float(found.widths["now"].mean())
    limit = "" if math.isinf(found.budget) else f" of a budget of {found.budget:,.6g}"
    header = [
        f"{len(table):,} evaluations for {last['cumulative_cost']:,.6g} {found.unit}{limit}; all candidates cost "
        f"{found.total:,.6g}.",
        f"Expected mean width of {share_words(found.prob)} intervals: {now:.4f} now, {last['interval_width']:.4f} "
        f"afterwards; {last['information']:.1f} nats.",
    ]
    columns = [
        Column("order", "order"),
        *([Column("batch", "batch")] if table["batch"].nunique() > 1 else []),
        Column("model", "model"),
        Column("flops", "FLOPs", flops_words),
        Column("cost", "cost", "{:,.4g}".format),
        Column("cumulative_cost", "sum", "{:,.6g}".format),
        Column("information", "nats", "{:.2f}".format),
        Column("interval_width", "width", "{:.4f}".format),
        *([Column("settled", "P(settled)", "{:.2f}".format)] if "settled" in table else []),
        Column("reason", "reason"),
    ]
    rows = records(table.head(_SHOWN))
    left = len(table) - len(rows)
    footer = [f"... and {left:,} more; --out FILE.csv writes all."] if left else []
    show(Answer({}, columns, rows, header, footer), "text")
