"""``bayes-frontier study design``: ways of spending a budget raced on a replayed leaderboard."""

from pathlib import Path
from typing import Annotated

import typer

from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.output import note
from bayes_frontier.cli.study import _verdict
from bayes_frontier.cli.typed import typed
from bayes_frontier.cli.values import names_list

app = typer.Typer()


@app.command("design")
def design(
    context: typer.Context,
    table: given.Table,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder for README.md, contest.csv, a picture and finished races."),
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

        bayes-frontier study design oll.csv --periods 2024-06-30,2024-09-30,2024-12-31 --out reports/design

    Takes tens of minutes. Finished races are kept and used again by the same code and data. Exit status 1: a bar is
    missed.
    """
    import bayes_frontier as bf
    from bayes_frontier.checks.study.runner import code_fingerprint
    from bayes_frontier.cli.values import fields_map
    from bayes_frontier.design.arms import REPLANS
    from bayes_frontier.design.retrospective import run_contest
    from bayes_frontier.parallel import Workers
    from bayes_frontier.report.design_study import write_design
    from bayes_frontier.report.files import make_folder

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
    page, held = write_design(found, out, typed(context, "study", "design"), about)
    _verdict(held, page)
