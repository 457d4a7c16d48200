"""``bayes-frontier study questions``: do the analyses recover a known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.output import note
from bayes_frontier.cli.values import names_list

if TYPE_CHECKING:
    from bayes_frontier.checks.study.runner import Piece

MISSED = 1

app = typer.Typer()


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

        bayes-frontier study questions --study boundaries-still --replications 10 --out recovery

    Fits are by a fast posterior, some seconds each; --against says how near it is to the sampler's. The page has every
    study with finished replications of the present code. Exit status 1: a bar is missed.
    """
    from bayes_frontier.analysis.study.run import chosen, run_studies, studies, study_path
    from bayes_frontier.checks.study.runner import read_lines
    from bayes_frontier.parallel import Workers
    from bayes_frontier.report.files import make_folder
    from bayes_frontier.report.questions import write_agreement, write_recovery

    wanted, folder = chosen(names_list(study)), out / "replications"
    make_folder(folder, "--out")

    def tell(done: int, total: int, ended: Piece | None) -> None:
        if not quiet:
            which = "" if ended is None else f": {ended.arguments[0].name} {ended.replication}"
            note(f"{done:,} of {total:,} replications{which}")

    run_studies(wanted, replications, folder, Workers(cores, scheduler), tell)
    if against:
        from bayes_frontier.analysis.study.agreement import agreement
        from bayes_frontier.cli.asking import load

        compared = [agreement(load(path), seed=1).assign(fit=path.stem) for path in against]
        write_agreement(compared, out)
    lines = {one.name: read_lines(study_path(one, folder)) for one in studies()}
    held = write_recovery(lines, studies(), out, f"bayes-frontier study questions --replications {replications}")
    note(f"Wrote {out / 'README.md'}: {'every bar is held' if held else 'a bar is missed'}.")
    if not held:
        raise typer.Exit(MISSED)
