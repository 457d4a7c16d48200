"""``bayes-frontier backtest``: each period predicted from those before it, and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.output import Answer, Column, form_of, note, show
from bayes_frontier.cli.typed import typed
from bayes_frontier.cli.values import fields_map, names_list, probability

# Options that do not change the result.
_IDLE = ("table", "quiet", "as_json", "as_csv", "cores", "scheduler")

app = typer.Typer()


@app.command("backtest")
def backtest(
    context: typer.Context,
    table: given.Table,
    periods: given.Periods = None,
    tasks: given.Tasks = None,
    format: given.Format = None,
    column: given.Columns = None,
    duplicates: given.Duplicates = "keep",
    relabel: given.Relabel = False,
    single_period: Annotated[
        bool,
        typer.Option(
            "--single-period", help="Fit ours to the last period before the one predicted, not to all before it."
        ),
    ] = False,
    axis: Annotated[
        str, typer.Option(metavar="NAME", help="What boundaries are functions of: flops, params or tokens.")
    ] = "flops",
    baselines: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="What to compare with, with commas between: constant, bins, ispline, linear, boosted, boosted-base, "
            "base-model, paper, exact (fitted to the last period; with -all behind the name to all before), oracle; or "
            "all.",
            show_default="a choice of them",
        ),
    ] = None,
    model: given.Model = "hierarchical",
    tau: given.Tau = "0.98",
    seed: given.Seed = 1,
    draws: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Draws kept, a chain.", show_default="as for fit")
    ] = None,
    tune: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Draws to adapt, a chain.", show_default="as for fit"),
    ] = None,
    chains: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Independent chains.", show_default="as for fit")
    ] = None,
    cores: given.Cores = None,
    scheduler: given.Scheduler = None,
    allow_unconverged: Annotated[
        bool, typer.Option("--allow-unconverged", help="Use also fits that did not converge, and say so.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for README.md, tables, pictures and finished predictions, from which an interrupted backtest "
            "goes on; made if it is not there.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Predict each period from those before it, and compare with baselines on the same scores.

    Example: three periods of the Open LLM Leaderboard v2 predicted, with the evidence in a folder.

        bayes-frontier backtest oll.csv --periods 2024-06-30,2024-09-30,2024-12-31 --out reports/backtest

    Takes a fit for every period but the first. Exit status 3: one of them did not converge.
    """
    form = form_of(as_json, as_csv)
    share, columns = probability(tau, "--tau"), fields_map(column)
    given_sizes: dict[str, Any] = {"draws": draws, "tune": tune, "chains": chains}
    import bayes_frontier as bf
    from bayes_frontier.report.backtest import cell_table, headline, summary_table, write_backtest

    evaluations = bf.read(
        table,
        periods=periods,
        tasks=names_list(tasks),
        format=format,
        columns=columns,
        duplicates=duplicates,  # type: ignore[arg-type]  # `read` checks it and names the choices
        relabel=relabel,
    )
    result = bf.backtest(
        evaluations,
        tau=share,
        single_period=single_period,
        axis=axis,
        baselines=names_list(baselines),
        folder=out,
        scheduler=scheduler,
        tell=None if quiet else note,
        model=model,
        seed=seed,
        cores=cores,
        progress=False if quiet else None,
        allow_unconverged=allow_unconverged,
        **{name: value for name, value in given_sizes.items() if value is not None},
    )
    rows = [{str(k): v for k, v in row.items()} for row in summary_table(result).to_dict("records")]
    about = dict(result.about)
    if form == "json":
        about |= {"headline": headline(result), "cells": cell_table(result).to_dict("records")}
    show(Answer(about, COLUMNS, rows, header=_header(result.about), footer=["", *headline(result)]), form)
    if out is not None:
        note(f"Wrote {write_backtest(result, out, typed(context, 'backtest'))}")


def _times(factor: float, digits: int, sign: str = "") -> Callable[[float], str]:
    return lambda value: format(factor * value, f"{sign}.{digits}f")


COLUMNS = (
    Column("group", "models"),
    Column("boundary", "boundary"),
    Column("pinball", "pinball x 1000", _times(1e3, 2)),
    Column("difference", "ours minus it", _times(1e3, 2, "+")),
    Column("lower", "lower", _times(1e3, 2, "+")),
    Column("upper", "upper", _times(1e3, 2, "+")),
    Column("won", "cells won", _times(1.0, 0)),
    Column("cells", "of"),
    Column("signed_error", "coverage error", _times(1.0, 4, "+")),
    Column("abs_error", "absolute", _times(1.0, 4)),
    Column("task_error", "by task", _times(1.0, 4)),
    Column("n", "scores", "{:,}".format),
)


def _header(about: Mapping[str, Any]) -> list[str]:
    splits = about["splits"]
    return [
        f"{about['source']}: {len(splits)} periods predicted, tau = {about['tau']:g}, axis {about['axis']}; ours is "
        f"fitted to {about['window']}.",
        "Means over cells (a task in a period); lower, upper: 90% interval of the difference, base models resampled.",
        *(f"Not converged: {one['split']}." for one in splits if not one["converged"]),
    ]
