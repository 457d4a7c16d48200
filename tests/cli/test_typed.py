"""Calls as pages show them: what was typed, without the places of this machine."""

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from bayes_frontier.cli.options import typed

app = typer.Typer()


@app.command()
def made(
    context: typer.Context,
    table: Path,
    others: Annotated[list[Path] | None, typer.Argument()] = None,
    out: Path = Path("here"),
    task: Annotated[list[str] | None, typer.Option()] = None,
    at: Annotated[list[Path] | None, typer.Option()] = None,
    n: int = 3,
    steps: bool = False,
    cores: int = 1,
    quiet: bool = False,
) -> None:
    """Say what was typed."""
    typer.echo(typed(context, "made", program="python -m studies"))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["../shared/data/oll.csv"], "oll.csv"),
        (["/data/oll v2.csv"], "'oll v2.csv'"),
        (["a/oll.csv", "b/two.csv"], "oll.csv two.csv"),
        (["oll.csv", "--out", "reports/made"], "oll.csv --out reports/made"),
        (["oll.csv", "--out", "/scratch/made"], "oll.csv --out made"),
        (["oll.csv", "--out", "../../me/made"], "oll.csv --out made"),
        (["oll.csv", "--out", "here", "--n", "3"], "oll.csv"),
        (["oll.csv", "--task", "a", "--task", "b"], "oll.csv --task a --task b"),
        (["oll.csv", "--at", "/data/y.nc", "--at", "z.nc"], "oll.csv --at y.nc --at z.nc"),
        (["oll.csv", "--steps", "--cores", "4", "--quiet"], "oll.csv --steps"),
    ],
)
def test_what_is_shown(given, shown):
    done = CliRunner().invoke(app, given)
    assert done.output == f"python -m studies made {shown}\n"


def test_no_committed_page_says_where_a_machine_keeps_its_data():
    root = Path(__file__).parents[2]
    pages = [*root.glob("reports/**/*.md"), *root.glob("reports/**/*.json"), *root.glob("docs/**/*.md")]
    assert len(pages) > 15
    for page in pages:
        assert "../shared" not in page.read_text(encoding="utf-8"), page
