"""The studies' command line run in this process, on fits that need no sampling."""

import pytest
import typer

from studies.cli import PROGRAM, app
from tests.cli.conftest import frontier, run, simulated, table

__all__ = ["frontier", "run", "simulated", "table"]


@pytest.fixture
def program() -> tuple[typer.Typer, str]:
    """What `run` runs, and the name it goes by."""
    return app, PROGRAM
