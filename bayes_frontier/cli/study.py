"""``bayes-frontier study``: hands over to the studies of a checkout, ``python -m studies``."""

import os
import subprocess
import sys

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.errors import QueryError
from bayes_frontier.provenance import PACKAGE

app = typer.Typer()


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
    called = subprocess.run(
        [sys.executable, "-m", "studies", *context.args], check=False, env={**os.environ, "PYTHONPATH": path}
    )
    raise typer.Exit(called.returncode)
