"""``python -m studies``: simulations and splits that say whether the answers can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.app import GuardedGroup, run
from bayes_frontier.cli.options import names_list, typed
from bayes_frontier.cli.output import note

if TYPE_CHECKING:
    from studies.calibration.summary import Bar
    from studies.runner import Piece

MISSED = 1
PROGRAM = "python -m studies"
_TELL_SECONDS = 20.0

app = typer.Typer(
    cls=GuardedGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Studies of the method itself, on simulated and on real data.",
)


@app.callback()
def group(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
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

        python -m studies calibration --scenario correlated-0.2,drift --replications 20 --out study

    All scenarios take hours. Finished replications are kept and used again only by the same code and settings. Exit
    status 1: a bar of the study is missed.
    """
    from bayes_frontier.model.spec import read_spec
    from bayes_frontier.parallel import Workers
    from studies.calibration.fitting import Sampler
    from studies.calibration.page import write_calibration
    from studies.calibration.scenarios import chosen
    from studies.calibration.summary import wanting
    from studies.runner import code_fingerprint, run_study

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
    page, held = write_calibration(lines, scenarios, out, typed(context, "calibration", program=PROGRAM), about)
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
    tau: given.Tau = 0.98,
    draws: given.Draws = 500,
    tune: given.Tune = 300,
    chains: given.Chains = 2,
    cores: given.Cores = None,
    scheduler: given.Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Fit random halves of the base models, and hold the other half's scores against the boundary.

    Example: do base models not seen fall below the boundary as often as they should?

        python -m studies halves oll.csv --periods 2024-06-30,2024-09-30,2024-12-31 --out halves

    Takes a fit a split. Exit status 1: mean coverage is off.
    """
    import bayes_frontier as bf
    from bayes_frontier.files import make_folder
    from bayes_frontier.model.spec import read_spec
    from bayes_frontier.parallel import Workers
    from studies.pages import write_halves
    from studies.pieces import run_halves
    from studies.runner import RESULTS, code_fingerprint

    spec = read_spec(model)
    evaluations = bf.read(table, periods=periods, tasks=names_list(tasks))
    code = code_fingerprint((*RESULTS, "studies/halves.py"))
    key = f"{evaluations.fingerprint[:8]}-{code}-{spec.fingerprint[:8]}-{tau:g}-{chains}x{draws}-{tune}"
    settings = {
        "model": spec,
        "tau": tau,
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
    page, bar = write_halves(found, tau, out, typed(context, "halves", program=PROGRAM), about)
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

        python -m studies sbc --out reports/sbc

    Takes minutes; finished blocks are kept. Exit status 1: ranks are not uniform.
    """
    from bayes_frontier.files import make_folder
    from bayes_frontier.model.spec import read_spec
    from bayes_frontier.parallel import Workers
    from studies.pages import write_sbc
    from studies.pieces import run_ranks
    from studies.runner import RESULTS, code_fingerprint
    from studies.sbc import CHAINS, SAMPLER

    spec = read_spec(model)
    code = code_fingerprint((*RESULTS, "studies/sbc.py"))
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
    page, bar = write_sbc(found, out, typed(context, "sbc", program=PROGRAM), about)
    _verdict([bar], page)


def _verdict(held: Sequence[Bar], page: Path) -> None:
    for bar in held:
        typer.echo(f"{'holds ' if bar.passed else 'MISSED'}  {bar.name}: {bar.found}")
    note(f"Wrote {page}")
    if not all(bar.passed for bar in held):
        raise typer.Exit(MISSED)


# ``python -m studies design``: ways of spending a budget raced on a replayed leaderboard.


@app.command("design")
def design(
    context: typer.Context,
    table: given.Table,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for README.md, contest.csv, a picture and finished races.")
    ],
    periods: given.Periods = None,
    tasks: given.Tasks = None,
    column: given.Columns = None,
    relabel: given.Relabel = False,
    seeds: Annotated[int, typer.Option(min=2, metavar="N", help="Races a period.")] = 20,
    fixed_seeds: Annotated[
        int, typer.Option(min=1, metavar="N", help="Races in which the arms that differ by ties only run too.")
    ] = 3,
    cores: given.Processes = None,
    scheduler: given.Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Replay a leaderboard: hide each period's scores, buy them under budgets, compare with knowing all.

    Example: does planning beat choosing at random on your own table?

        python -m studies design oll.csv --periods 2024-06-30,2024-09-30,2024-12-31 --out reports/design

    Takes tens of minutes. Finished races are kept and used again by the same code and data. Exit status 1: a bar is
    missed.
    """
    import bayes_frontier as bf
    from bayes_frontier.cli.options import fields_map
    from bayes_frontier.files import make_folder
    from bayes_frontier.parallel import Workers
    from studies.design.arms import REPLANS
    from studies.design.page import write_design
    from studies.design.retrospective import run_contest
    from studies.runner import code_fingerprint

    evaluations = bf.read(table, periods=periods, tasks=names_list(tasks), columns=fields_map(column), relabel=relabel)
    settings = f"{evaluations.fingerprint[:8]}-{code_fingerprint()}-{len(evaluations.period_labels)}"
    folder = out / "replications" / settings
    make_folder(folder, "--out")

    def tell(done: int, total: int) -> None:
        if not quiet:
            note(f"{done} of {total} races")

    workers = Workers(cores, scheduler)
    found = run_contest(evaluations, folder, seeds=seeds, fixed_seeds=fixed_seeds, workers=workers, progress=tell)
    about = {
        "Scores": f"{evaluations.n_scores:,} of {evaluations.n_models:,} models, {evaluations.fingerprint[:16]}",
        "Periods": "; ".join(evaluations.period_labels),
        "Seeds": f"{seeds}; {fixed_seeds} for arms that differ by ties only",
        "Plans": f"made anew at {', '.join(f'{share:.3g}' for share in REPLANS)} of the budget",
    }
    page, held = write_design(found, out, typed(context, "design", program=PROGRAM), about)
    _verdict(held, page)


# ``python -m studies questions``: do the analyses recover a known truth.


@app.command("questions")
def questions(
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder for README.md, tables, and in `replications` what is finished, from which an interrupted "
            "study goes on; made if it is not there.",
        ),
    ],
    replications: Annotated[int, typer.Option(min=2, metavar="N", help="Data sets a study.")] = 40,
    study: Annotated[
        list[str] | None,
        typer.Option(metavar="NAMES", help="Studies to run, with commas between; may be repeated.", show_default="all"),
    ] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FIT",
            help="Compare the fast posterior with this fit, on the fit's own scores; may be repeated. Kept in "
            "agreement.csv.",
            show_default="what is there stays",
        ),
    ] = None,
    cores: given.Processes = None,
    scheduler: given.Scheduler = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Ask simulated leaderboards with known boundaries the questions of the analyses, and count right answers.

    Example: do saturation, emergence and portfolios find the truth where nothing moves?

        python -m studies questions --study boundaries-still --replications 10 --out recovery

    Fits are by a fast posterior, some seconds each; --against says how near it is to the sampler's. The page has every
    study with finished replications of the present code. Exit status 1: a bar is missed.
    """
    from bayes_frontier.files import make_folder
    from bayes_frontier.parallel import Workers
    from studies.questions.page import write_agreement, write_recovery
    from studies.questions.run import chosen, run_studies, studies, study_path
    from studies.runner import read_lines

    wanted, folder = chosen(names_list(study)), out / "replications"
    make_folder(folder, "--out")

    def tell(done: int, total: int, ended: Piece | None) -> None:
        if not quiet:
            which = "" if ended is None else f": {ended.arguments[0].name} {ended.replication}"
            note(f"{done:,} of {total:,} replications{which}")

    run_studies(wanted, replications, folder, Workers(cores, scheduler), tell)
    if against:
        from bayes_frontier.cli.output import load
        from studies.questions.agreement import agreement

        compared = [agreement(load(path), seed=1).assign(fit=path.stem) for path in against]
        write_agreement(compared, out)
    lines = {one.name: read_lines(study_path(one, folder)) for one in studies()}
    held = write_recovery(lines, studies(), out, f"{PROGRAM} questions --replications {replications}")
    note(f"Wrote {out / 'README.md'}: {'every bar is held' if held else 'a bar is missed'}.")
    if not held:
        raise typer.Exit(MISSED)


def main() -> None:
    """Run a study with the process's arguments, and exit with its status."""
    run(app, PROGRAM)
