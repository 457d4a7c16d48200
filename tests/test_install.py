"""The package as pip installs it, in an environment of its own, away from the checkout."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest

import bayes_frontier as bf

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Programs of an environment with this package and the libraries of the one that runs the tests."""
    pytest.importorskip("hatchling", reason="hatchling builds the package")
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    # a path listed there is not searched for .pth files, so that the checkout, installed in place, is not seen
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    done = subprocess.run([*pip, ROOT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (packages / "bayes_frontier" / "_models" / "hierarchical.toml").is_file()
    return folder / "bin"


def call(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(list(map(str, words)), cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_what_runs_is_what_was_installed(installed, tmp_path):
    code = "import importlib.util as u, bayes_frontier as bf; print(bf.__file__, u.find_spec('studies'))"
    done = call(installed / "python", "-c", code, cwd=tmp_path)
    assert done.stdout.startswith(str(installed.parent)), done.stdout + done.stderr
    assert done.stdout.split()[1] == "None"
    done = call(installed / "bayes-frontier", "study", "sbc", cwd=tmp_path)
    assert done.returncode == 2
    assert "in a checkout of the repository" in done.stderr


@pytest.mark.mcmc
def test_the_demo_finds_the_truth(installed, tmp_path):
    done = call(installed / "bayes-frontier", "demo", "--out", "demo", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the truth is recovered" in done.stdout
    assert (tmp_path / "demo" / "index.html").stat().st_size > 100_000
    assert bf.load(tmp_path / "demo" / "fit.nc").converged
    done = call(installed / "bayes-frontier", "attain", "demo/fit.nc", "--flops", "1e24", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "task_1" in done.stdout


def distributions(name: str, extras: set[str], found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Gather what a distribution needs, by name, with the extras asked of each."""
    from packaging.requirements import Requirement

    if extras <= found.get(name, set()) and name in found:
        return found
    found.setdefault(name, set()).update(extras)
    for line in distribution(name).requires or ():
        needed = Requirement(line)
        if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            distributions(re.sub(r"[-_.]+", "-", needed.name).lower(), set(needed.extras), found)
    return found


@pytest.fixture(scope="module")
def only_arviz(tmp_path_factory) -> Path:
    """Python of an environment that has arviz[h5netcdf,matplotlib], linked from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("arviz")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    where = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip())
    for name in distributions("arviz", {"h5netcdf", "matplotlib"}, {}):
        one = distribution(name)
        for top in {Path(str(file)).parts[0] for file in one.files or ()} - {"..", "bin", "__pycache__"}:
            link = packages / top
            if not link.exists():
                link.symlink_to(Path(str(one.locate_file(top))))
    return python


def looked_at(python: Path, fit: Path) -> None:
    """Run the script, warnings as errors."""
    for absent in ("bayes_frontier", "pymc", "nutpie"):
        done = call(python, "-c", f"import {absent}", cwd=fit.parent)
        assert "ModuleNotFoundError" in done.stderr, f"{absent} is there"
    done = call(python, "-W", "error", ROOT / "tests" / "arviz_workflow.py", fit, cwd=fit.parent)
    assert done.returncode == 0, done.stderr


@pytest.mark.mcmc
def test_arviz_alone_looks_at_the_demos_fit(only_arviz, tmp_path):
    bf.fit(bf.simulate(1)[0], seed=1, progress=False).save(tmp_path / "fit.nc")
    looked_at(only_arviz, tmp_path / "fit.nc")


@pytest.mark.mcmc
@pytest.mark.real_data
def test_arviz_alone_looks_at_the_leaderboards_fit(only_arviz, tmp_path):
    table = Path(os.environ.get("BAYES_FRONTIER_DATA", ROOT.parent / "shared" / "data")) / "oll_v2_with_compute.csv"
    if not table.is_file():
        pytest.skip(f"{table.name} is absent: set BAYES_FRONTIER_DATA to the folder of the public tables")
    evaluations = bf.read(table, periods=["2024-06-30", "2024-09-30", "2024-12-31"])
    bf.fit(evaluations, seed=1, progress=False).save(tmp_path / "fit.nc")
    looked_at(only_arviz, tmp_path / "fit.nc")
