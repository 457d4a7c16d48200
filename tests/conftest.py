"""Fixtures shared by all tests."""

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from filelock import FileLock

import bayes_frontier as bf

# Tests with these fixtures sample a posterior, or open a browser.
MARKED = {"small_fit": "mcmc", "browser": "browser"}
# What `make quick` can do without: studies, which are a project of their own; what is compiled, seconds each; every
# example of every page; real clusters. Single tests are listed in heavy.txt.
HEAVY = (
    "tests/analysis/test_stages.py",
    "tests/cli/test_stages.py",
    "tests/docs/test_pages.py::test_examples_run",
    "tests/model/test_build.py",
    "tests/model/test_compiled.py",
    "tests/model/test_effects.py",
    "tests/model/test_grouped.py",
    "tests/studies/",
    "tests/test_parallel.py",
)
HEAVY_TESTS = frozenset((Path(__file__).parent / "heavy.txt").read_text(encoding="utf-8").split("\n\n")[1].split())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the fixtures they use and the places they stand in, before some are left out by their marks."""
    for item in items:
        for fixture, mark in MARKED.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
        function = item.nodeid.partition("[")[0]
        if item.nodeid.startswith(HEAVY) or HEAVY_TESTS & {function, function.partition("::")[0]}:
            item.add_marker("heavy")


@pytest.fixture(scope="session", autouse=True)
def commands_built_once() -> Iterator[None]:
    """Keep the commands that a runner builds: Typer takes longer over that than most of them over their work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def graphs_without_traces() -> None:
    """Spare PyTensor noting where each variable was made, which under pytest takes a tenth of building a model."""
    if "pytensor" in sys.modules:
        sys.modules["pytensor"].config.traceback__limit = 0


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real evaluation tables; the test skips where they are absent."""
    default = Path(__file__).parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("BAYES_FRONTIER_DATA", default))
    if not (folder / "oll_v2_with_compute.csv").is_file():
        pytest.skip(f"no real evaluation tables in {folder}; set BAYES_FRONTIER_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def small_simulated() -> tuple[bf.Evaluations, bf.Truth]:
    """Scores of 300 models on two tasks in two periods, and their true boundaries."""
    return bf.simulate(3, n_models=300, n_base_models=12, tasks=2, periods=2, tau=0.9)


@pytest.fixture(scope="session")
def small_fit(small_simulated, tmp_path_factory) -> bf.Frontier:
    """Fit too short to trust, for what needs a sampled posterior; made once for all processes that run tests."""
    evaluations, _ = small_simulated
    settings = {"tau": 0.9, "draws": 150, "tune": 200, "chains": 2, "progress": False, "allow_unconverged": True}
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return bf.fit(evaluations, **settings)
    # the folder that the processes' own folders are in
    path = tmp_path_factory.getbasetemp().parent / "small_fit.nc"
    with FileLock(path.with_suffix(".lock")):
        if not path.is_file():
            bf.fit(evaluations, **settings).save(path)
    return bf.load(path)
