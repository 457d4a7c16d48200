"""``bayes-frontier check``, ``backtest`` and ``study``: whether a fit is to be trusted, and was right last time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.options import names_list, typed
from bayes_frontier.cli.output import Answer, Column, form_of, note, records, show, show_json, titled
from bayes_frontier.display import csv_bytes
from bayes_frontier.errors import QueryError
from bayes_frontier.files import make_folder, replace_file, write_picture
from bayes_frontier.provenance import PACKAGE

if TYPE_CHECKING:
    from bayes_frontier.checks.result import Check

FAILED = 1

app = typer.Typer()


@app.command("check", rich_help_panel=given.EVIDENCE)
def check(
    fit: given.FitFile,
    only: Annotated[
        list[str] | None,
        given.option(
            "NAMES",
            "Checks to run, with commas between; convergence always is.",
            show_default="all",
            callback=names_list,
        ),
    ] = None,
    others: Annotated[
        list[Path] | None,
        given.option(
            "FIT", "A fit of the same table at another tau, to see whether boundaries cross; may be repeated.", "--with"
        ),
    ] = None,
    refit: Annotated[
        int,
        given.option(
            "N", "Fit again without each of up to N base models whose influence reweighting cannot tell.", min=0
        ),
    ] = 0,
    halves: Annotated[
        int, given.option("N", "Fit both halves of N random splits, to see whether intervals are wide enough.", min=0)
    ] = 0,
    seed: given.Seed = 0,
    out: Annotated[Path | None, given.picture_option("a picture and the numbers (CSV) of each check")] = None,
    as_json: given.AsJson = False,
) -> None:
    """Check a fit: convergence, coverage, exceedances, loss, scale, priors, influence.

    Example: stop a pipeline at a fit that is not to be trusted.

        bayes-frontier check fit.nc && bayes-frontier report fit.nc --out report

    Exit status: 0 no check failed (warnings, and checks not run, do not count); 1 a check failed; 2 the fit or the
    call is wrong.
    """
    import bayes_frontier as bf
    from bayes_frontier.checks.result import failed

    make_folder(out, "--out")
    frontier = bf.load(fit)
    more = [bf.load(path) for path in others or []]
    checks = bf.check(frontier, only=only, others=more, refit=refit, halves=halves, seed=seed)
    files = {} if out is None else {one.name: _write(one, out) for one in checks if not one.numbers.empty}
    about: dict[str, object] = {
        "tau": frontier.tau,
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "failed": failed(checks),
    }
    if as_json:
        show_json({**about, "checks": [{**_document(one), "files": files.get(one.name, [])} for one in checks]})
    else:
        columns = [*titled(str, verdict="verdict", name="check", sentence="result")]
        rows = [
            {"verdict": one.verdict, "name": one.name, "sentence": " ".join(one.sentence.split())} for one in checks
        ]
        header = [f"Checks of {fit}: {frontier.evaluations.source}, tau = {frontier.tau:g}."]
        show(Answer(about, columns, rows, header, ["", *checks.sentences]), "text")
    if files:
        note(f"Wrote {sum(map(len, files.values()))} files to {out}")
    if failed(checks):
        raise typer.Exit(FAILED)


def _document(one: Check) -> dict[str, object]:
    return {"name": one.name, "verdict": one.verdict, "sentence": one.sentence, "numbers": records(one.numbers)}


def _write(one: Check, out: Path) -> list[str]:
    picture, numbers = out / f"{one.name}.png", out / f"{one.name}.csv"
    write_picture(one.plot()[0].figure, picture, "--out")
    replace_file(numbers, csv_bytes(one.numbers), "--out")
    return [str(picture), str(numbers)]


@app.command("backtest", rich_help_panel=given.EVIDENCE)
@given.unfolded
def backtest(
    context: typer.Context,
    table: given.Table,
    reading: given.Reading,
    periods: given.Periods = None,
    tasks: given.Tasks = None,
    relabel: given.Relabel = False,
    single_period: Annotated[
        bool,
        typer.Option(
            "--single-period", help="Fit ours to the last period before the one predicted, not to all before it."
        ),
    ] = False,
    axis: Annotated[str, given.option("NAME", "What boundaries are functions of: flops, params or tokens.")] = "flops",
    baselines: Annotated[
        list[str] | None,
        given.option(
            "NAMES",
            "What to compare with, with commas between: constant, bins, ispline, linear, boosted, boosted-base, "
            "base-model, paper, exact (fitted to the last period; with -all behind the name to all before), oracle; or "
            "all.",
            show_default="a choice of them",
            callback=names_list,
        ),
    ] = None,
    model: given.Model = "hierarchical",
    tau: given.Tau = 0.98,
    seed: given.Seed = 1,
    draws: Annotated[
        int | None,
        given.option("N", "Draws kept per chain.", min=1, show_default="as for fit", rich_help_panel=given.SAMPLING),
    ] = None,
    tune: Annotated[
        int | None,
        given.option(
            "N",
            "Draws per chain that adapt the sampler.",
            min=1,
            show_default="as for fit",
            rich_help_panel=given.SAMPLING,
        ),
    ] = None,
    chains: Annotated[
        int | None,
        given.option("N", "Independent chains.", min=1, show_default="as for fit", rich_help_panel=given.SAMPLING),
    ] = None,
    cores: given.Cores = None,
    scheduler: given.Scheduler = None,
    allow_unconverged: Annotated[
        bool, typer.Option("--allow-unconverged", help="Use also fits that did not converge, and say so.")
    ] = False,
    out: Annotated[
        Path | None,
        given.option(
            "DIR",
            "Folder for README.md, tables, pictures and finished predictions, from which an interrupted backtest "
            "goes on; made if it is not there.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Predict each period from those before it, beside baselines on the same scores.

    Example: three periods of the Open LLM Leaderboard v2 predicted, with the evidence in a folder.

        bayes-frontier backtest oll.csv --periods 2024-06-30,2024-09-30,2024-12-31 --out reports/backtest

    Takes a fit for every period but the first. Exit status 3: one of them did not converge.
    """
    form = form_of(as_json, as_csv)
    sizes: dict[str, Any] = {"draws": draws, "tune": tune, "chains": chains}
    import bayes_frontier as bf
    from bayes_frontier.report.backtest import cell_table, write_backtest

    make_folder(out, "--out")
    evaluations = reading.read(table, periods=periods, tasks=tasks, relabel=relabel)
    result = bf.backtest(
        evaluations,
        tau=tau,
        single_period=single_period,
        axis=axis,
        baselines=baselines,
        folder=out,
        scheduler=scheduler,
        tell=None if quiet else note,
        model=model,
        seed=seed,
        cores=cores,
        progress=False if quiet else None,
        allow_unconverged=allow_unconverged,
        **{name: size for name, size in sizes.items() if size is not None},
    )
    about = dict(result.about)
    if form == "json":
        about |= {"headline": result.sentences, "cells": cell_table(result).to_dict("records")}
    splits: Any = about["splits"]
    header = [
        f"{about['source']}: {len(splits)} periods predicted, tau = {about['tau']:g}, axis {about['axis']}; ours is "
        f"fitted to {about['window']}.",
        "Means over cells (a task in a period); lower, upper: 90% interval of the difference, base models resampled.",
        *(f"Not converged: {one['split']}." for one in splits if not one["converged"]),
    ]
    show(Answer(about, COLUMNS, records(result.table), header, ["", *result.sentences]), form)
    if out is not None:
        note(f"Wrote {write_backtest(result, out, typed(context, 'backtest'))}")


def _times(factor: float, digits: int, sign: str = "") -> Callable[[float], str]:
    return lambda value: format(factor * value, f"{sign}.{digits}f")


COLUMNS = (
    *titled(str, group="models", boundary="boundary"),
    Column("pinball", "pinball x 1000", _times(1e3, 2)),
    *titled(_times(1e3, 2, "+"), difference="ours minus it", lower="lower", upper="upper"),
    Column("won", "cells won", _times(1.0, 0)),
    Column("cells", "of"),
    Column("signed_error", "coverage error", _times(1.0, 4, "+")),
    *titled(_times(1.0, 4), abs_error="absolute", task_error="by task"),
    Column("n", "scores", "{:,}".format),
)


@app.command(
    "study",
    rich_help_panel=given.EVIDENCE,
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def study(context: typer.Context) -> None:
    """Run a study of the method itself, on simulated and on real data; needs a checkout of the repository."""
    checkout = PACKAGE.resolve().parent
    if not (checkout / "studies" / "__main__.py").is_file():
        raise QueryError(
            "Studies are not part of the installed package: run `python -m studies` in a checkout of the repository."
        )
    path = os.pathsep.join(filter(None, [str(checkout), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "studies", *context.args]
    # in a group of its own, so that it is interrupted once: by what arrives here
    called = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, process_group=0)
    while called.returncode is None:
        try:
            called.wait()
        except KeyboardInterrupt:
            called.send_signal(signal.SIGINT)
    raise typer.Exit(called.returncode)
