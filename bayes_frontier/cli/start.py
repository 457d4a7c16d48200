"""``bayes-frontier fit``, ``report`` and ``demo``: from a table of evaluations to a saved posterior and its page."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.output import echo, load, note, warn_unconverged
from bayes_frontier.display import csv_bytes
from bayes_frontier.errors import QueryError
from bayes_frontier.files import check_target, make_folder, replace_file

app = typer.Typer()

MISSED = 1


@app.command("fit", rich_help_panel=given.START)
@given.unfolded
def fit(
    table: given.Table,
    out: Annotated[Path, given.option("FILE.nc", "Where to save the fit.")],
    *,
    periods: given.Periods = None,
    tasks: given.Tasks = None,
    reading: given.Reading,
    relabel: given.Relabel = False,
    model: given.Model = "hierarchical",
    tau: given.Tau = 0.98,
    compute_uncertainty: Annotated[int, given.option("N", "Pool N fits of drawn FLOPs; 10 will do.", min=0)] = 0,
    axis: Annotated[
        str, given.option("NAME", "flops; or params (FLOPs then mean 6e12 x params) or tokens (6e10 x tokens).")
    ] = "flops",
    seed: given.Seed = 1,
    draws: given.Draws = 1000,
    tune: given.Tune = 300,
    chains: given.Chains = 4,
    cores: given.Cores = None,
    target_accept: given.TargetAccept = 0.8,
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

    check_target(out, "--out", ".nc")
    if axis != "flops" and compute_uncertainty:
        raise QueryError("--axis, --compute-uncertainty: the uncertainty is that of FLOPs; leave one of them out.")
    evaluations = on_axis(reading.read(table, periods=periods, tasks=tasks, relabel=relabel), axis)
    if not quiet:
        echo(evaluations.summary() + "\n")
        sys.stdout.flush()
    frontier = bf.fit(
        evaluations,
        model=model,
        tau=tau,
        draws=draws,
        tune=tune,
        chains=chains,
        seed=seed,
        cores=cores,
        target_accept=target_accept,
        progress=False if quiet else None,
        allow_unconverged=allow_unconverged,
        compute_uncertainty=compute_uncertainty,
        registry=reading.registry,
    )
    frontier.save(out)
    warn_unconverged(frontier, "not converged, and saved all the same as asked.")
    if not quiet:
        if frontier.converged:
            echo(frontier.convergence_text())
        echo(f"Saved {out}. Next: bayes-frontier ask {out} --flops 1e24")


@app.command("demo", rich_help_panel=given.START)
def demo(
    out: Annotated[
        Path,
        given.option(
            "DIR",
            "Folder for evaluations.csv, fit.nc, recovery.csv, index.html, pictures and tables; "
            "made if it is not there.",
        ),
    ],
    seed: given.Seed = 1,
) -> None:
    """Fit a simulated leaderboard and check the fit against the known truth.

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
    replace_file(table, csv_bytes(simulated.models[columns]), "--out")
    # through the file, as a user's own table would come
    evaluations = bf.read(table, periods=[end for end in simulated.period_ends if end is not None])
    echo(evaluations.summary() + "\n")
    sys.stdout.flush()
    note("Compiling and sampling, most of a minute ...")
    frontier = bf.fit(evaluations, seed=seed)
    frontier.save(out / "fit.nc")
    from bayes_frontier.checks.recovery import recovery
    from bayes_frontier.report import write_report

    recovered = recovery(frontier, truth)
    replace_file(out / "recovery.csv", csv_bytes(recovered.points), "--out")
    page = write_report(frontier, out, truth=truth)
    echo(frontier.convergence_text())
    for task, share in recovered.by_task().items():
        echo(f"  {task}: {100 * share:.0f}% of its intervals hold the truth")
    echo(recovered.sentence())
    echo(f"Wrote {page}")
    if not recovered.passed:
        note("The demo failed: its fit does not recover the truth it was simulated from.")
        raise typer.Exit(MISSED)


@app.command("report", rich_help_panel=given.START)
def report(
    fit: given.FitFile,
    out: Annotated[Path, given.option("DIR", "Folder for index.html, pictures and tables; made if it is not there.")],
    others: Annotated[
        list[Path] | None,
        given.option("FIT", "A fit of the same table at another tau, for the chart; may be repeated.", "--with"),
    ] = None,
    url: Annotated[
        str,
        given.option("URL", "Where the folder will be published, for the picture that links show.", show_default=False),
    ] = "",
) -> None:
    """Write one page on a fit: the answer, an interactive chart, and the evidence.

    Example: a page to look at or to send.

        bayes-frontier report fit.nc --out report

    index.html needs no other file and no network; headline.png, pictures/ and tables/ have its parts for other uses.
    """
    make_folder(out, "--out")
    frontier = load(fit)
    also = [load(path) for path in others or []]
    from bayes_frontier.report import write_report

    echo(f"Wrote {write_report(frontier, out, others=also, url=url)}")
