"""``bayes-frontier fit``, ``report`` and ``demo``: from a table of evaluations to a saved posterior and its page."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.asking import load, warn_unconverged
from bayes_frontier.cli.options import fields_map, names_list, probability
from bayes_frontier.cli.output import note
from bayes_frontier.errors import QueryError
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.text import printable

app = typer.Typer()


@app.command("fit")
def fit(
    table: given.Table,
    out: Annotated[
        Path,
        typer.Option(metavar="FILE.nc", help="Where to save the fit; a file of that name is replaced when it is done."),
    ],
    periods: given.Periods = None,
    tasks: given.Tasks = None,
    format: given.Format = None,
    column: given.Columns = None,
    duplicates: given.Duplicates = "keep",
    metrics: given.Metrics = None,
    registry: given.RegistryFile = None,
    allow_limited: given.AllowLimited = False,
    relabel: given.Relabel = False,
    model: given.Model = "hierarchical",
    tau: given.Tau = "0.98",
    seed: given.Seed = 1,
    draws: given.Draws = 1000,
    tune: given.Tune = 300,
    chains: given.Chains = 4,
    cores: given.Cores = None,
    compute_uncertainty: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Carry the uncertainty of the base models' FLOPs into the fit: N tables with FLOPs drawn from the "
            "registry's uncertainty are fitted and pooled; 10 will do. 0: FLOPs as stated.",
        ),
    ] = 0,
    axis: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What boundaries are functions of: flops, params or tokens. With the latter two, FLOPs in questions "
            "and answers stand for them, at 1e12 tokens or 1e10 parameters.",
        ),
    ] = "flops",
    allow_unconverged: given.AllowUnconverged = False,
    quiet: given.Quiet = False,
) -> None:
    """Fit boundaries to a table of evaluations and save the posterior.

    Example: the Open LLM Leaderboard v2 in three periods.

        bayes-frontier fit oll.csv --periods 2024-06-30,2024-12-31 --out fit.nc

    Shows first what was read and left out. Nothing is saved when the sampler does not converge.
    """
    import bayes_frontier as bf
    from bayes_frontier.checks.backtest.axis import on_axis

    share = probability(tau, "--tau")
    columns = fields_map(column)
    check_target(out)
    if axis != "flops" and compute_uncertainty:
        raise QueryError("--axis, --compute-uncertainty: the uncertainty is that of FLOPs; leave one of them out.")
    evaluations = bf.read(
        table,
        periods=periods,
        tasks=names_list(tasks),
        format=format,
        columns=columns,
        duplicates=duplicates,  # type: ignore[arg-type]  # `read` checks it and names the choices
        metrics=metrics,
        registry=registry,
        limited=allow_limited,
        relabel=relabel,
    )
    evaluations = on_axis(evaluations, axis)
    if not quiet:
        typer.echo("\n".join(printable(line) for line in evaluations.summary().splitlines()) + "\n")
        sys.stdout.flush()
    frontier = bf.fit(
        evaluations,
        model=model,
        tau=share,
        draws=draws,
        tune=tune,
        chains=chains,
        seed=seed,
        cores=cores,
        progress=False if quiet else None,
        allow_unconverged=allow_unconverged,
        compute_uncertainty=compute_uncertainty,
        registry=registry,
    )
    frontier.save(out)
    warn_unconverged(frontier, "not converged, and saved all the same as asked.")
    if not quiet:
        if frontier.converged:
            typer.echo(printable(frontier.convergence_text()))
        typer.echo(f"Saved {out}. Next: bayes-frontier attain {out} --flops 1e24")


def check_target(out: Path) -> None:
    """Refuse a place where no fit can be saved, before anything is computed."""
    if out.suffix != ".nc":
        raise QueryError(f"--out: {out} does not end in .nc; a fit is a NetCDF file, such as {out.stem or 'fit'}.nc.")
    if out.is_dir():
        raise QueryError(f"--out: {out} is a folder; name a file in it, such as {out / 'fit.nc'}.")
    folder = out.parent
    if not folder.is_dir():
        raise QueryError(f"--out: there is no folder {folder}; create it first.")
    if not os.access(folder, os.W_OK):
        raise QueryError(f"--out: the folder {folder} cannot be written; choose another.")


# ``bayes-frontier demo``: simulate, fit, check against the known truth, report.

MISSED = 1


@app.command("demo")
def demo(
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder for evaluations.csv, fit.nc, recovery.csv, index.html, pictures and tables; "
            "made if it is not there.",
        ),
    ],
    seed: given.Seed = 1,
) -> None:
    """Fit a simulated leaderboard whose boundaries are known, and check that the fit finds them.

    Example: try the program without data of your own.

        bayes-frontier demo --out reports/demo

    Takes a minute or two. Exit status 1: fewer than 80% of the 90% intervals hold the truth.
    """
    make_folder(out, "--out")
    import bayes_frontier as bf

    note("Simulating a leaderboard with known boundaries ...")
    simulated, truth = bf.simulate(seed)
    table = out / "evaluations.csv"
    columns = ["model", "base_model", "flops", "released", *simulated.tasks]
    replace_file(table, simulated.models[columns].to_csv(index=False).encode(), "--out")
    # through the file, as a user's own table would come
    evaluations = bf.read(table, periods=[end for end in simulated.period_ends if end is not None])
    typer.echo(evaluations.summary() + "\n")
    sys.stdout.flush()
    note("Compiling and sampling, most of a minute ...")
    frontier = bf.fit(evaluations, seed=seed)
    frontier.save(out / "fit.nc")
    from bayes_frontier.checks.recovery import recovery
    from bayes_frontier.report import write_report

    found = recovery(frontier, truth)
    replace_file(out / "recovery.csv", found.points.to_csv(index=False).encode(), "--out")
    page = write_report(frontier, out, truth=truth)
    typer.echo(frontier.convergence_text())
    for task, share in found.by_task().items():
        typer.echo(f"  {task}: {100 * share:.0f}% of its intervals hold the truth")
    typer.echo(found.sentence())
    typer.echo(f"Wrote {page}")
    if not found.passed:
        note("The demo failed: its fit does not recover the truth it was simulated from.")
        raise typer.Exit(MISSED)


# ``bayes-frontier report``: a page on a fit.


@app.command("report")
def report(
    fit: given.FitFile,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder for index.html, pictures and tables; made if it is not there."),
    ],
    others: Annotated[
        list[Path] | None,
        typer.Option(
            "--with", metavar="FIT", help="A fit of the same table at another tau, for the explorer; may be repeated."
        ),
    ] = None,
) -> None:
    """Write a page on a fit: what is attainable, how sure, is it moving, can it be trusted; with an explorer.

    Example: a page to look at or to send.

        bayes-frontier report fit.nc --out report

    index.html needs no other file and no network; pictures/ and tables/ have its parts for other uses.
    """
    frontier = load(fit)
    also = [load(path) for path in others or []]
    from bayes_frontier.report import write_report

    typer.echo(f"Wrote {write_report(frontier, out, others=also)}")
