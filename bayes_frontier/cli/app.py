"""The application: global options, and one command from each module beside this one."""

import os
from typing import Annotated

import typer

from bayes_frontier.cli import (
    attain,
    backtest,
    base_models,
    check,
    compute_for,
    contamination,
    data,
    data_combine,
    data_diff,
    data_fetch,
    data_identify,
    demo,
    drift,
    emergence,
    factors,
    fit,
    gate,
    plan,
    portfolio,
    report,
    saturation,
    score,
    stages,
    study,
    study_design,
    study_questions,
    update,
    watch,
)
from bayes_frontier.cli.failures import GuardedGroup, leave_quietly

app = typer.Typer(
    cls=GuardedGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from bayes_frontier import __version__

        typer.echo(f"bayes-frontier {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
    """Posterior capability boundaries: what score a compute budget makes attainable, and how sure we are.

    A boundary is the score that a share tau (98%) of post-trained models does not exceed, by the pre-training
    compute of their base model (FLOPs = 6 x parameters x tokens).

    First fit a leaderboard, then ask the fit:

        bayes-frontier fit leaderboard.csv --out fit.nc
        bayes-frontier attain fit.nc --flops 1e24

    Exit status: 0 done; 1 a check failed, or the demo missed the truth; 2 something to correct in the call or the data;
    3 the sampler did not converge, or `watch` found drift; 70 a defect of this program; 130 interrupted.
    """


for command in (
    fit,
    attain,
    compute_for,
    base_models,
    plan,
    update,
    score,
    backtest,
    check,
    gate,
    watch,
    contamination,
    stages,
    factors,
    drift,
    saturation,
    emergence,
    portfolio,
    report,
    demo,
):
    app.add_typer(command.app)
for command in (data_identify, data_diff, data_combine, data_fetch):
    data.app.add_typer(command.app)
app.add_typer(data.app, name="data")
study.app.add_typer(study_design.app)
study.app.add_typer(study_questions.app)
app.add_typer(study.app, name="study")


def main() -> None:
    """Run the command line with the process's arguments, and exit with its status."""
    flags = os.environ.get("PYTENSOR_FLAGS", "")
    if "cxx=" not in flags:
        # All that is compiled here Numba compiles: PyTensor need not build a loop of its own in C++ first.
        os.environ["PYTENSOR_FLAGS"] = f"{flags},cxx=".lstrip(",")
    try:
        app(prog_name="bayes-frontier")
    finally:
        leave_quietly()
