"""``bayes-frontier study``: simulations and splits that say whether the answers can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.output import note
from bayes_frontier.cli.typed import typed
from bayes_frontier.cli.values import names_list, probability

if TYPE_CHECKING:
    from bayes_frontier.checks.study.summary import Bar

MISSED = 1
_TELL_SECONDS = 20.0

app = typer.Typer(no_args_is_help=True, help="Studies of the method itself, on simulated and on real data.")


@app.callback()
def group() -> None:
    """Studies of the method itself, on simulated and on real data."""


@app.command("calibration")
def calibration(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder for README.md, tables, pictures, and in `replications` what is finished, from which an "
            "interrupted study goes on; made if it is not there.",
        ),
    ],
    replications: Annotated[int, typer.Option(min=2, metavar="N", help="Data sets a scenario.")] = 24,
    most: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Data sets of scenarios whose coverage is known less well than to a standard error of 0.03, at most.",
        ),
    ] = 96,
    scenario: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help="Scenarios, with commas between; may be repeated.", show_default="all"),
    ] = None,
    model: given.Model = "hierarchical",
    draws: given.Draws = 300,
    tune: given.Tune = 300,
    chains: given.Chains = 2,
    cores: given.Processes = None,
    scheduler: given.Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Simulate leaderboards with known boundaries again and again; count how often intervals hold them.

    Example: two scenarios, to see whether a change of a model matters.

        bayes-frontier study calibration --scenario correlated-0.2,drift --replications 20 --out study

    All scenarios take hours. Finished replications are kept and used again only by the same code and settings. Exit
    status 1: a bar of the study is missed.
    """
    from bayes_frontier.checks.study.fitting import Sampler
    from bayes_frontier.checks.study.runner import code_fingerprint, run_study
    from bayes_frontier.checks.study.scenarios import chosen
    from bayes_frontier.checks.study.summary import wanting
    from bayes_frontier.model.spec import read_spec
    from bayes_frontier.parallel import Workers
    from bayes_frontier.report.calibration import write_calibration

    scenarios, spec = chosen(names_list(scenario)), read_spec(model)
    code = f"{code_fingerprint()}-{spec.fingerprint[:8]}-{chains}x{draws}-{tune}"
    told = [-1e9]

    def tell(done: int, total: int, seconds: float) -> None:
        if not quiet and (seconds - told[0] >= _TELL_SECONDS or done == total):
            told[0] = seconds
            note(f"{done:,} of {total:,} replications, {seconds / 60:.1f} minutes")

    wanted = dict.fromkeys((one.name for one in scenarios), replications)
    missing = wanted
    while missing:
        wanted |= missing
        lines = run_study(
            scenarios,
            wanted,
            out / "replications" / code,
            Sampler(spec, draws=draws, tune=tune, chains=chains),
            workers=Workers(cores, scheduler),
            progress=tell,
        )
        missing = wanting(lines, most)
    about = {
        "Model": spec.name,
        "Chains": f"{chains}, of {tune} tuning steps and {draws} draws each",
        "Code and settings": code,
    }
    page, held = write_calibration(lines, scenarios, out, typed(context, "study", "calibration"), about)
    _verdict(held, page)


@app.command("halves")
def halves(
    context: typer.Context,
    table: given.Table,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder for README.md, splits.csv and finished splits; made if not there."),
    ],
    periods: given.Periods = None,
    tasks: given.Tasks = None,
    splits: Annotated[int, typer.Option(min=2, metavar="N", help="Random halvings.")] = 20,
    model: given.Model = "hierarchical",
    tau: given.Tau = "0.98",
    draws: given.Draws = 500,
    tune: given.Tune = 300,
    chains: given.Chains = 2,
    cores: given.Cores = None,
    scheduler: given.Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Fit random halves of the base models, and hold the other half's scores against the boundary.

    Example: do base models not seen fall below the boundary as often as they should?

        bayes-frontier study halves oll.csv --periods 2024-06-30,2024-09-30,2024-12-31 --out halves

    Takes a fit a split. Exit status 1: mean coverage is off.
    """
    share = probability(tau, "--tau")
    import bayes_frontier as bf
    from bayes_frontier.checks.study.runner import RESULTS, code_fingerprint
    from bayes_frontier.cli.study_pieces import run_halves
    from bayes_frontier.model.spec import read_spec
    from bayes_frontier.parallel import Workers
    from bayes_frontier.report.files import make_folder
    from bayes_frontier.report.studies import write_halves

    spec = read_spec(model)
    evaluations = bf.read(table, periods=periods, tasks=names_list(tasks))
    code = code_fingerprint((*RESULTS, "checks/study/halves.py"))
    key = f"{evaluations.fingerprint[:8]}-{code}-{spec.fingerprint[:8]}-{share:g}-{chains}x{draws}-{tune}"
    settings = {
        "model": spec,
        "tau": share,
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "cores": cores,
        "progress": False,
        "allow_unconverged": True,
    }

    def tell(done: int, total: int) -> None:
        if not quiet:
            note(f"{done} of {total} splits")

    make_folder(out / "replications", "--out")
    # chains run at once, so one split at a time does unless there is a cluster
    found = run_halves(
        evaluations, splits, settings, out / "replications" / f"{key}.jsonl", Workers(1, scheduler), tell
    )
    about = {
        "Scores": f"{evaluations.n_scores:,} of {evaluations.n_models:,} models, {evaluations.fingerprint[:16]}",
        "Model": spec.name,
        "Chains": f"{chains}, of {tune} tuning steps and {draws} draws each",
    }
    page, bar = write_halves(found, share, out, typed(context, "study", "halves"), about)
    _verdict([bar], page)


@app.command("sbc")
def sbc(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder for README.md, ranks.csv and finished blocks; made if it is not there."
        ),
    ],
    simulations: Annotated[int, typer.Option(min=20, metavar="N", help="Data sets from the prior.")] = 200,
    model: given.Model = "hierarchical",
    seed: given.Seed = 1,
    cores: given.Processes = None,
    scheduler: given.Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Check the sampler: simulate from the model itself and rank the truth among posterior draws.

    Example: after an edit of a model, or of the likelihood's code.

        bayes-frontier study sbc --out reports/sbc

    Takes minutes; finished blocks are kept. Exit status 1: ranks are not uniform.
    """
    from bayes_frontier.checks.study.runner import RESULTS, code_fingerprint
    from bayes_frontier.checks.study.sbc import CHAINS, SAMPLER
    from bayes_frontier.cli.study_pieces import run_ranks
    from bayes_frontier.model.spec import read_spec
    from bayes_frontier.parallel import Workers
    from bayes_frontier.report.files import make_folder
    from bayes_frontier.report.studies import write_sbc

    spec = read_spec(model)
    code = code_fingerprint((*RESULTS, "checks/study/sbc.py"))
    make_folder(out / "replications", "--out")
    path = out / "replications" / f"{code}-{spec.fingerprint[:8]}-seed{seed}.jsonl"

    def tell(done: int, total: int) -> None:
        if not quiet:
            note(f"{done} of {total} simulations")

    found = run_ranks(spec, simulations, seed, path, Workers(cores, scheduler), tell)
    about = {
        "Model": spec.name,
        "Simulations": simulations,
        "Chains": f"{CHAINS}, of {SAMPLER['tune']} tuning steps and {SAMPLER['draws']} draws each",
    }
    page, bar = write_sbc(found, out, typed(context, "study", "sbc"), about)
    _verdict([bar], page)


def _verdict(held: Sequence[Bar], page: Path) -> None:
    for bar in held:
        typer.echo(f"{'holds ' if bar.passed else 'MISSED'}  {bar.name}: {bar.found}")
    note(f"Wrote {page}")
    if not all(bar.passed for bar in held):
        raise typer.Exit(MISSED)
