"""The command line run in this process, on a fit that needed no sampling."""

from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import bayes_frontier
from bayes_frontier.checks.result import Checks
from bayes_frontier.cli.app import app
from bayes_frontier.errors import ConvergenceError
from bayes_frontier.evaluations import Evaluations, Truth
from tests.fakes import FakeFrontier, fake_checks, small_evaluations


@pytest.fixture(scope="session")
def simulated() -> tuple[Evaluations, Truth]:
    return small_evaluations()


@pytest.fixture
def frontier(simulated) -> FakeFrontier:
    return FakeFrontier(simulated[0])


@pytest.fixture
def program() -> tuple[typer.Typer, str]:
    """What `run` runs, and the name it goes by."""
    return app, "bayes-frontier"


@pytest.fixture
def run(monkeypatch, frontier, program) -> Callable:
    """Run a command; fits named fit.nc load as the fake one, and fitting makes a fake one."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    calls: list[dict] = []

    def fit(evaluations: Evaluations, **settings) -> FakeFrontier:
        calls.append(settings)
        made = FakeFrontier(evaluations, tau=settings.get("tau", 0.98), converged=settings.get("draws") != 13)
        if not made.converged and not settings["allow_unconverged"]:
            raise ConvergenceError("R-hat is 1.300 for bbh, low. Draw more, or allow it.")
        return made

    # names of a lazy module: to set them as attributes would first load what they stand for
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: frontier)
    monkeypatch.setitem(vars(bayes_frontier), "fit", fit)
    # checks of the report look at draws, which the fake fit does not have
    monkeypatch.setattr("bayes_frontier.checks.run.check", lambda frontier, **_: Checks(fake_checks()))

    def _run(*arguments: object):
        return CliRunner().invoke(program[0], [str(argument) for argument in arguments], prog_name=program[1])

    _run.calls = calls  # type: ignore[attr-defined]
    return _run


@pytest.fixture
def table(simulated, tmp_path) -> Path:
    """A small wide table, with one row that has no base model."""
    evaluations = simulated[0]
    frame = evaluations.models[["model", "base_model", "flops", "released", *evaluations.tasks]].copy()
    frame.loc[0, "base_model"] = ""
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    return path
