"""``bayes-frontier data show``: what is recognised in a source of evaluations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.output import note, show_json
from bayes_frontier.cli.values import fields_map, names_list
from bayes_frontier.report.files import replace_file
from bayes_frontier.report.wording import printable

if TYPE_CHECKING:
    from bayes_frontier.evaluations.survey import Survey

app = typer.Typer(no_args_is_help=True, help="Look at a table of evaluations before fitting it.")


@app.callback()
def group() -> None:
    """Look at a table of evaluations before fitting it."""


@app.command("show")
def show(
    table: given.Table,
    periods: given.Periods = None,
    tasks: given.Tasks = None,
    format: given.Format = None,
    column: given.Columns = None,
    duplicates: given.Duplicates = "keep",
    registry: given.RegistryFile = None,
    metrics: given.Metrics = None,
    allow_limited: given.AllowLimited = False,
    relabel: given.Relabel = False,
    dropped: given.LeftOut = None,
    as_json: given.AsJson = False,
) -> None:
    """Show what is recognised: format, tasks, models, dates, compute, and the rows left out by reason.

    Example: which rows would a fit leave out, and why?

        bayes-frontier data show leaderboard.csv --dropped left_out.csv

    Nothing is fitted, and nothing given is changed. A source that is recognised is shown also when nothing of it can
    be fitted.
    """
    from bayes_frontier.evaluations.survey import survey
    from bayes_frontier.wording import count

    found = survey(
        table,
        periods=periods,
        tasks=names_list(tasks),
        format=format,
        columns=fields_map(column),
        duplicates=duplicates,  # type: ignore[arg-type]  # it is checked there, with the choices
        registry=registry,
        metrics=metrics,
        limited=allow_limited,
        relabel=relabel,
    )
    if dropped is not None:
        replace_file(dropped, found.left_out.to_csv(index=False).encode(), "--dropped")
    if as_json:
        show_json(describe(found))
    else:
        for line in found.summary().splitlines():
            typer.echo(printable(line))
    if dropped is not None:
        note(f"{count(len(found.left_out), 'row')} left out: listed in {dropped}")


def describe(found: Survey) -> dict[str, object]:
    """Describe a survey as one JSON document.

    Parameters
    ----------
    found : Survey
        What was recognised.

    Returns
    -------
    dict
        source, format, fingerprint (null where nothing can be fitted), counts, dates, FLOPs, periods, tasks, rows left
        out by reason, notes.
    """
    e = found.evaluations
    return {
        "source": found.source,
        "format": found.source_format,
        "fingerprint": None if e is None else e.fingerprint,
        "rows": {"unit": found.unit, "all": found.n_rows, "usable": found.n_used},
        "models": found.n_models,
        "base_models": found.n_base_models,
        "dates": {"known": found.n_dated, "range": None if found.dated is None else [str(d) for d in found.dated]},
        "compute": {
            "base_model_known": found.n_placed,
            "flops_known": found.n_with_flops,
            "flops": None if found.flops is None else list(found.flops),
        },
        "usable": None
        if e is None
        else {
            "models": e.n_models,
            "base_models": int(e.models["base_model"].nunique()),
            "scores": e.n_scores,
            "tasks": list(e.tasks),
        },
        "periods": []
        if e is None
        else [
            {"period": label, "models": int((e.models["period"] == number).sum())}
            for number, label in enumerate(e.period_labels)
        ],
        "tasks": [
            {"task": task, "scores": int(n), "min": low, "median": middle, "max": high}
            for task, n, low, middle, high in found.tasks.itertuples(name=None)
        ],
        "left_out": {str(reason): int(n) for reason, n in found.left_out_by_reason().items()},
        "notes": list(found.notes),
    }
