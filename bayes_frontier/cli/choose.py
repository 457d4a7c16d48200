"""``bayes-frontier plan`` and ``update``: what to evaluate next, and what results changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.options import fields_map, flops_list, names_list, period_of, scores_list
from bayes_frontier.cli.output import Answer, Column, load, note, records, show, show_json, titled, warn_unconverged
from bayes_frontier.cli.start import check_target
from bayes_frontier.errors import QueryError
from bayes_frontier.files import replace_file, write_picture
from bayes_frontier.text import flops_words, printable, probability_words, share_words

if TYPE_CHECKING:
    from bayes_frontier.design.planning import Plan
    from bayes_frontier.design.targets import Question
    from bayes_frontier.design.updating import Update

app = typer.Typer()
_SHOWN, _SHOWN_SURPRISES = 15, 10
# Options of `plan` by what they are about.
PANELS = {
    "What may be chosen": ("include", "exclude", "batches", "skip"),
    "Without a fit": ("model", "task"),
    "What comes out": ("out", "picture", "commands"),
}


def _question(text: str) -> Question:
    from bayes_frontier.design.targets import Question

    task, at, rest = text.partition("@")
    flops, above, score = rest.partition(">")
    if not (task.strip() and at and above):
        raise QueryError(f"--question: cannot read {text[:60]!r}; write TASK@FLOPS>SCORE, such as 'bbh@1e24>0.7'.")
    values, levels = flops_list(flops, "--question"), scores_list(score, "--question")
    if len(values) != 1 or len(levels) != 1:
        raise QueryError("--question: give one compute and one score.")
    return Question(task.strip(), values[0], levels[0])


def _ends(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    values = flops_list(f"{low},{high}") if high else []
    if len(values) != 2:
        raise QueryError("--flops: write the two ends of a range, such as 1e23:1e25.")
    return values[0], values[1]


@app.command("plan", rich_help_panel=given.CHOOSE)
def plan(
    candidates: Annotated[
        Path,
        given.option(
            "TABLE", "Models that could be evaluated: model, base_model, flops, params_b, or what gives them."
        ),
    ],
    fit: Annotated[
        Path | None,
        typer.Argument(metavar="[FIT]", help="A fit saved by `bayes-frontier fit`; none yet: plan from priors alone."),
    ] = None,
    budget: Annotated[
        str | None, given.option("COST", "Cost not exceeded, or a share of that of all candidates: 5000 or 20%.")
    ] = None,
    n: Annotated[int | None, given.option("N", "Models not exceeded.", "--n", min=1)] = None,
    focus: Annotated[
        list[str] | None,
        given.option(
            "TASKS", "Tasks whose boundaries are to be known; commas between.", show_default="all", callback=names_list
        ),
    ] = None,
    flops: Annotated[
        Sequence[float] | None,
        given.option(
            "LOW:HIGH", "Compute at which they are, such as 1e23:1e25.", show_default="the candidates'", parser=_ends
        ),
    ] = None,
    objective: Annotated[
        str | None,
        given.option(
            "NAME",
            "base-models: narrow the boundaries of the base models, each as much as models to come are expected "
            "on it; interval-width: the population boundaries; information: nats about base models; question: settle "
            "--question.",
            show_default="base-models",
        ),
    ] = None,
    question: Annotated[
        str | None,
        given.option(
            "TASK@FLOPS>SCORE", "Is the boundary above a score? Such as bbh@1e24>0.7; implies --objective question."
        ),
    ] = None,
    period: Annotated[
        str | None,
        given.option(
            "PERIOD",
            "Period planned for: a fitted one by number, label or date; or next: where boundaries will be half a "
            "quarter after the last model fitted, drift included, as `predict` sees it.",
            show_default="the last one fitted",
        ),
    ] = None,
    cost: Annotated[
        str,
        given.option(
            "MODEL",
            "parameters (1e9); column: the table's column cost; tokens: 2 x parameters x n_items x tokens_per_item.",
        ),
    ] = "parameters",
    column: given.Columns = None,
    registry: given.RegistryFile = None,
    include: Annotated[
        list[str] | None, given.option("MODELS", "Candidates forced in; commas, or repeated.", callback=names_list)
    ] = None,
    exclude: Annotated[
        list[str] | None, given.option("MODELS", "Candidates forced out; commas, or repeated.", callback=names_list)
    ] = None,
    batches: Annotated[
        int, given.option("N", "Cut the order into parts of equal cost, to refit between them.", min=1)
    ] = 1,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave candidates that cannot be planned with out, and list them.")
    ] = False,
    prob: given.Prob = 0.9,
    model: Annotated[str, given.option("NAME", "Without a fit: the model whose priors are used.")] = "hierarchical",
    task: Annotated[
        list[str] | None, given.option("NAMES", "Without a fit: the tasks that will be evaluated.", callback=names_list)
    ] = None,
    out: Annotated[Path | None, given.option("FILE.csv", "Write the whole plan to this CSV file.")] = None,
    picture: Annotated[Path | None, given.option("FILE.png", "Draw cost against expected interval width.")] = None,
    commands: Annotated[
        bool, typer.Option("--commands", help="Print only the lm-evaluation-harness command of each model.")
    ] = False,
    seed: given.Seed = 1,
) -> None:
    """Choose the models whose evaluation narrows the boundaries most, per cost.

    Example: what a fifth of the cost of all candidates should be spent on.

        bayes-frontier plan fit.nc --candidates candidates.csv --budget 20% --out plan.csv

    Refit after each batch with what came in, and plan the rest again. interval width is that of the population
    boundary, mean over tasks and compute, expected before any new score is seen.
    """
    from bayes_frontier.design.planning import plan as make
    from bayes_frontier.design.targets import OBJECTIVE

    asked = None if question is None else _question(question)
    for file, suffix, option in ((out, ".csv", "--out"), (picture, ".png", "--picture")):
        if file is not None and file.suffix != suffix:
            raise QueryError(f"{option}: {file} does not end in {suffix}.")
    frontier = None if fit is None else load(fit)
    chosen = make(
        frontier,
        candidates,
        budget=budget,
        n=n,
        focus=focus,
        flops=None if flops is None else (flops[0], flops[1]),
        objective=objective or (OBJECTIVE if asked is None else "question"),
        question=asked,
        period=period_of(period),
        cost=cost,
        columns=fields_map(column),
        include=include or (),
        exclude=exclude or (),
        batches=batches,
        skip=skip,
        prob=prob,
        seed=seed,
        model=model,
        tasks=task,
        registry=registry,
    )
    if out is not None:
        replace_file(out, chosen.sheet().to_csv(index=False).encode(), "--out")
    if picture is not None:
        write_picture(chosen.plot()[0].figure, picture, "--picture")
    for reason, names in chosen.left_out.groupby("reason", sort=False)["model"]:
        words = ", ".join(printable(str(name)) for name in names.iloc[:3])
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        note(f"Left out, {reason}: {words}{more}")
    if commands:
        from bayes_frontier.design.planning import commands as lines

        tasks = frontier.tasks if frontier is not None else tuple(task or ())
        for line in lines(chosen.table["model"], tasks):
            typer.echo(line)
    else:
        _summarise(chosen)
    if out is not None:
        note(f"The whole plan is in {out}.")


def _summarise(chosen: Plan) -> None:
    table = chosen.table
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
    show(Answer({}, columns, rows, chosen.sentences, footer), "text")


@app.command("update", rich_help_panel=given.CHOOSE)
@given.unfolded
def update(
    fit: given.FitFile,
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS...",
            help="New evaluations: tables, or files and folders of results of lm-evaluation-harness, Every Eval Ever "
            "records or Inspect logs.",
        ),
    ],
    out: Annotated[Path, given.option("FILE.nc", "Where to save the new fit; may be the old one, replaced when done.")],
    reading: given.Reading,
    plan: Annotated[
        Path | None, given.option("FILE.csv", "The plan that was followed, as `plan --out` wrote it.")
    ] = None,
    flops: Annotated[
        Sequence[float] | None,
        given.flops_option("Where boundaries are compared:", "10, 50 and 90% of the models lie below"),
    ] = None,
    prob: given.Prob = 0.9,
    periods: Annotated[
        str | None,
        given.option(
            "DATES",
            "Closing dates of the periods of the whole, yyyy-mm-dd with commas between.",
            show_default="the fit's; newer models fall into an open period",
        ),
    ] = None,
    repeated: Annotated[
        str,
        given.option(
            "CHOICE",
            "A model that the fit has too: fill the tasks it lacks there, first (leave the new record out), or error.",
        ),
    ] = "fill",
    rescored: Annotated[
        str,
        given.option(
            "CHOICE",
            "A task that the results score otherwise than the fit's table: error; first (leave its new scores "
            "out); or mix.",
        ),
    ] = "error",
    cores: given.Cores = None,
    allow_unconverged: given.AllowUnconverged = False,
    as_json: given.AsJson = False,
    quiet: given.Quiet = False,
) -> None:
    """Add new evaluations to a fit, fit again from where it ended, and say what changed.

    Example: the evaluations of a plan came in as a folder of results of lm-evaluation-harness.

        bayes-frontier plan fit.nc --candidates candidates.csv --budget 20% --out plan.csv

        bayes-frontier update fit.nc results/ --plan plan.csv --out fit2.nc

    The new fit is of all scores, old and new, with the model, tau, periods, draws and seed of the old one; chains start
    at its draws. A task that the results score otherwise than before is refused unless --rescored says what to do. The
    old fit stays as it is, and an interrupted update leaves no file.
    """
    from bayes_frontier.design.updating import update as make

    read_as = reading.arguments()
    check_target(out)
    made = make(
        load(fit),
        list(results),
        plan=plan,
        periods=periods,
        repeated=repeated,
        rescored=rescored,
        **read_as,
        flops=flops,
        prob=prob,
        cores=cores,
        progress=False if quiet else None,
        allow_unconverged=allow_unconverged,
    )
    made.frontier.save(out)
    warn_unconverged(made.frontier, "not converged, and saved all the same as asked.")
    if as_json:
        new = made.models.assign(released=made.models["released"].dt.strftime("%Y-%m-%d"))
        kept = made.promise
        show_json(
            {
                "fit": str(out),
                "converged": made.frontier.converged,
                "warm": made.warm,
                "tau": made.frontier.tau,
                "notes": _notes(made),
                "left_out": _left_out(made),
                "new_models": records(new[["model", "base_model", "flops", "released", "added"]]),
                "boundaries": records(made.boundaries),
                "scores": len(made.scores),
                "surprises_expected": (1.0 - made.frontier.tau) * len(made.scores),
                "surprises": records(made.surprises),
                "information": {
                    "tasks": records(kept.tasks),
                    "nats": kept.nats,
                    "evaluations": kept.n,
                    "flops": list(kept.flops),
                    "prob": kept.prob,
                },
                "plan": None if made.planned is None else records(made.planned),
            }
        )
    elif not quiet:
        _say(made, prob)
        typer.echo(f"\nSaved {out}. Next: bayes-frontier check {out}")


def _notes(made: Update) -> list[str]:
    """Give the notes of the new table that the fit before did not have."""
    had = set(made.before.evaluations.notes)
    source = made.before.evaluations.source
    return [line for line in made.frontier.evaluations.notes if line.removeprefix(f"{source}: ") not in had]


def _left_out(made: Update) -> dict[str, int]:
    """Count the rows of the results that were left out, by reason."""
    now, had = (one.evaluations.dropped_by_reason() for one in (made.frontier, made.before))
    more = now.sub(had, fill_value=0).astype(int)
    return {str(reason): int(n) for reason, n in more.sort_values(ascending=False).items() if n > 0}


def _say(made: Update, prob: float) -> None:
    arrived, fitted, _, _ = made.sentences
    typer.echo(arrived)
    for reason, n in _left_out(made).items():
        hint = " (`data identify RESULTS --unplaced FILE.csv` lists them)" if reason == "no base model" else ""
        typer.echo(printable(f"left out, {reason}: {n:,}{hint}"))
    for line in _notes(made):
        typer.echo(printable(f"note: {line}"))
    typer.echo(f"{fitted}\n")
    _say_boundaries(made, prob)
    _say_surprises(made)
    _say_promise(made)


def _say_boundaries(made: Update, prob: float) -> None:
    columns = [
        Column("task", "task"),
        Column("flops", "FLOPs", flops_words),
        *titled("{:.3f}".format, before="before", after="after", lower="lower", upper="upper"),
        Column("change", "change", "{:+.3f}".format),
        Column("higher", "P(higher)", probability_words),
        *titled("{:.3f}".format, width_before="width before", width="width"),
    ]
    header = [
        f"How boundaries of models on a new base model moved (tau = {made.frontier.tau:g}), "
        f"with {share_words(prob)} intervals.",
        "P(higher): now, that the boundary lies above the mean before; near 50% nothing moved.",
    ]
    show(Answer({}, columns, records(made.boundaries), header), "text")


def _say_surprises(made: Update) -> None:
    surprises = made.surprises
    columns = [
        *titled(str, model="model", base_model="base model", task="task"),
        *titled("{:.3f}".format, score="score", boundary="boundary"),
        Column("above", "P(above)", probability_words),
        Column("chance", "chance", "{:.2g}".format),
    ]
    typer.echo()
    header = [
        made.sentences[2],
        "P(above): that the boundary lies below the score; chance: of a score as high for a model like this one.",
    ]
    left = len(surprises) - _SHOWN_SURPRISES
    footer = [f"... and {left:,} more; --json lists all."] if left > 0 else []
    if len(surprises):
        show(Answer({}, columns, records(surprises.head(_SHOWN_SURPRISES)), header, footer), "text")
    else:
        typer.echo(header[0])


def _say_promise(made: Update) -> None:
    kept = made.promise
    columns = [
        Column("task", "task"),
        *titled("{:+.0%}".format, promised="variance, promised", realised="realised"),
        Column("error", "+-", "{:.0%}".format),
        *titled("{:.4f}".format, width="width before", width_promised="promised", width_realised="realised"),
    ]
    typer.echo()
    header = [
        made.sentences[3],
        "+-: Monte Carlo standard error of the variance realised; differences below twice that say nothing.",
    ]
    rows = [
        {**row, "promised": -float(str(row["promised"])), "realised": -float(str(row["realised"]))}
        for row in records(kept.tasks)
    ]
    show(Answer({}, columns, rows, header), "text")
    if made.planned is None:
        return
    arrived = made.planned["arrived"]
    unplanned = len(set(made.models["model"]) - set(made.planned["model"]))
    words = f"{int(arrived.sum()):,} of {len(arrived):,} planned models came in, and {unplanned:,} not planned"
    missing = made.planned.loc[~arrived, "model"]
    some = f"; missing: {', '.join(missing.iloc[:3])}{' ...' if len(missing) > 3 else ''}" if len(missing) else ""
    typer.echo(printable(f"{words}{some}."))
    if "interval_width" in made.planned:
        typer.echo(f"The plan as a whole promised a width of {made.planned['interval_width'].iloc[-1]:.4f}.")
