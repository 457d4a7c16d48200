"""``bayes-frontier update``: new evaluations into a fit, and what they changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import load, records, warn_unconverged
from bayes_frontier.cli.fit import check_target
from bayes_frontier.cli.output import Answer, Column, show, show_json
from bayes_frontier.cli.values import fields_map, flops_list, probability
from bayes_frontier.report.wording import flops_words, printable, probability_words, share_words

if TYPE_CHECKING:
    from bayes_frontier.design import Update

app = typer.Typer()
_SHOWN = 10


@app.command("update")
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
    out: Annotated[
        Path,
        typer.Option(metavar="FILE.nc", help="Where to save the new fit; may be the old one, replaced when done."),
    ],
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="The plan that was followed, as `plan --out` wrote it."),
    ] = None,
    flops: Annotated[
        str | None,
        typer.Option(
            metavar="FLOPS",
            help="Where boundaries are compared: 1e24, several as 1e22,1e24, or 1e22:1e26:5.",
            show_default="10, 50 and 90% of the models lie below",
        ),
    ] = None,
    prob: given.Prob = "0.9",
    periods: Annotated[
        str | None,
        typer.Option(
            metavar="DATES",
            help="Closing dates of the periods of the whole, yyyy-mm-dd with commas between.",
            show_default="the fit's; newer models fall into an open period",
        ),
    ] = None,
    repeated: Annotated[
        str,
        typer.Option(
            metavar="CHOICE",
            help="A model that the fit has too: fill the tasks it lacks there, first (leave the new record out), or "
            "error.",
        ),
    ] = "fill",
    rescored: Annotated[
        str,
        typer.Option(
            metavar="CHOICE",
            help="A task that the results score otherwise than the fit's table: error; first (leave its new scores "
            "out); or mix.",
        ),
    ] = "error",
    format: given.Format = None,
    column: given.Columns = None,
    duplicates: given.Duplicates = "keep",
    metrics: given.Metrics = None,
    registry: given.RegistryFile = None,
    allow_limited: given.AllowLimited = False,
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
    from bayes_frontier.design import update as make

    values = None if flops is None else flops_list(flops)
    share = probability(prob, "--prob")
    columns = fields_map(column)
    check_target(out)
    made = make(
        load(fit),
        list(results),
        plan=plan,
        periods=periods,
        repeated=repeated,
        rescored=rescored,
        format=format,
        columns=columns,
        duplicates=duplicates,  # type: ignore[arg-type]  # `read` checks it and names the choices
        registry=registry,
        metrics=metrics,
        limited=allow_limited,
        flops=values,
        prob=share,
        cores=cores,
        progress=False if quiet else None,
        allow_unconverged=allow_unconverged,
    )
    made.frontier.save(out)
    warn_unconverged(made.frontier, "not converged, and saved all the same as asked.")
    if as_json:
        show_json(_document(made, out))
    elif not quiet:
        _say(made, share)
        typer.echo(f"\nSaved {out}. Next: bayes-frontier check {out}")


def _document(made: Update, out: Path) -> dict[str, object]:
    new = made.models.assign(released=made.models["released"].dt.strftime("%Y-%m-%d"))
    kept = made.promise
    return {
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
    from bayes_frontier.wording import count

    models, scores = made.models, made.scores
    new = int((models["added"] == "model").sum())
    filled = len(models) - new
    also = f", and new scores of {count(filled, 'model')} that it had" if filled else ""
    unseen = sorted(set(models["base_model"]) - set(made.before.base_model_names))
    typer.echo(
        f"{count(len(scores), 'new score')}: {count(new, 'new model')}{also}; "
        f"{count(len(unseen), 'base model')} not fitted before."
    )
    for reason, n in _left_out(made).items():
        hint = " (`data identify RESULTS --unplaced FILE.csv` lists them)" if reason == "no base model" else ""
        typer.echo(printable(f"left out, {reason}: {n:,}{hint}"))
    for line in _notes(made):
        typer.echo(printable(f"note: {line}"))
    how = "from where the fit before ended" if made.warm else "from the start: the fit before keeps no starting points"
    typer.echo(f"Fitted {how} in {made.frontier.provenance['seconds']:g} s.\n")
    _say_boundaries(made, prob)
    _say_surprises(made)
    _say_promise(made)


def _say_boundaries(made: Update, prob: float) -> None:
    columns = [
        Column("task", "task"),
        Column("flops", "FLOPs", flops_words),
        Column("before", "before", "{:.3f}".format),
        Column("after", "after", "{:.3f}".format),
        Column("lower", "lower", "{:.3f}".format),
        Column("upper", "upper", "{:.3f}".format),
        Column("change", "change", "{:+.3f}".format),
        Column("higher", "P(higher)", probability_words),
        Column("width_before", "width before", "{:.3f}".format),
        Column("width", "width", "{:.3f}".format),
    ]
    header = [
        f"How boundaries of models on a new base model moved (tau = {made.frontier.tau:g}), "
        f"with {share_words(prob)} intervals.",
        "P(higher): now, that the boundary lies above the mean before; near 50% nothing moved.",
    ]
    show(Answer({}, columns, records(made.boundaries), header), "text")


def _say_surprises(made: Update) -> None:
    found, n = made.surprises, len(made.scores)
    expected = (1.0 - made.frontier.tau) * n
    columns = [
        Column("model", "model"),
        Column("base_model", "base model"),
        Column("task", "task"),
        Column("score", "score", "{:.3f}".format),
        Column("boundary", "boundary", "{:.3f}".format),
        Column("above", "P(above)", probability_words),
        Column("chance", "chance", "{:.2g}".format),
    ]
    typer.echo()
    header = [
        f"Surprises: {len(found):,} of {n:,} new scores lie above what the fit before predicted as their boundary; "
        f"{expected:.1f} were expected.",
        "P(above): that the boundary lies below the score; chance: of a score as high for a model like this one.",
    ]
    left = len(found) - _SHOWN
    footer = [f"... and {left:,} more; --json lists all."] if left > 0 else []
    if len(found):
        show(Answer({}, columns, records(found.head(_SHOWN)), header, footer), "text")
    else:
        typer.echo(header[0])


def _say_promise(made: Update) -> None:
    kept = made.promise
    columns = [
        Column("task", "task"),
        Column("promised", "variance, promised", "{:+.0%}".format),
        Column("realised", "realised", "{:+.0%}".format),
        Column("error", "+-", "{:.0%}".format),
        Column("width", "width before", "{:.4f}".format),
        Column("width_promised", "promised", "{:.4f}".format),
        Column("width_realised", "realised", "{:.4f}".format),
    ]
    low, high = (flops_words(value) for value in kept.flops)
    typer.echo()
    header = [
        f"Promised and realised: mean variance of boundaries over {low} to {high} FLOPs, and mean width of "
        f"{share_words(kept.prob)} intervals, by the {kept.n:,} evaluations that came in ({kept.nats:.1f} nats).",
        "+-: Monte Carlo standard error of the variance realised; differences below twice that say nothing.",
    ]
    rows = [
        {**row, "promised": -float(str(row["promised"])), "realised": -float(str(row["realised"]))}
        for row in records(kept.tasks)
    ]
    show(Answer({}, columns, rows, header), "text")
    if made.planned is not None:
        _say_plan(made)


def _say_plan(made: Update) -> None:
    assert made.planned is not None
    arrived = made.planned["arrived"]
    unplanned = len(set(made.models["model"]) - set(made.planned["model"]))
    words = f"{int(arrived.sum()):,} of {len(arrived):,} planned models came in, and {unplanned:,} not planned"
    missing = made.planned.loc[~arrived, "model"]
    some = f"; missing: {', '.join(missing.iloc[:3])}{' ...' if len(missing) > 3 else ''}" if len(missing) else ""
    typer.echo(printable(f"{words}{some}."))
    if "interval_width" in made.planned:
        typer.echo(f"The plan as a whole promised a width of {made.planned['interval_width'].iloc[-1]:.4f}.")
