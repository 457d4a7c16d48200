"""Facts about the project as a whole: what its files may contain, how they agree, what it installs."""

import re
import resource
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "bayes_frontier"
LOCK = ROOT / "requirements" / "lock.txt"
SLOW_IMPORTS = ("pymc", "pytensor", "nutpie", "arviz", "numba", "matplotlib")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """Paths of the files that are or would be committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout: no list of its files")
    return [name for name in listing.stdout.split("\0") if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def tracked_text(tracked) -> dict[str, str]:
    texts = {}
    for name in tracked:
        try:
            texts[name] = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return texts


def offences(texts: dict[str, str], pattern: str) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if re.search(pattern, line)
    ]


# Joined here, so that this file does not name them either.
REGISTRIES = (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("debian", "org"), ("golang", "org"))
REGISTRY = "|".join(re.escape(".".join(parts)) for parts in REGISTRIES)
MACHINE_PATH = r"(?<![\w.~*/])/(?:root|work|home/[\w.-]+|Users/[\w.-]+|opt/[\w.-]+)/"


def test_no_file_names_a_package_registry(tracked_text):
    assert "pyproject.toml" in tracked_text
    assert offences(tracked_text, REGISTRY) == []


def test_no_file_names_a_path_of_one_machine(tracked_text):
    assert offences(tracked_text, MACHINE_PATH) == []


@pytest.mark.parametrize(
    "line", ["see /" + "home/ann/x", "'/" + "root/.cache'", "/" + "Users/ann/x", "https://" + "pypi" + ".org/p"]
)
def test_the_patterns_find_what_they_are_for(line):
    assert offences({"f": line}, f"{REGISTRY}|{MACHINE_PATH}") == [f"f:1: {line}"]


def test_tables_large_enough_to_be_real_evaluations_stay_outside(tracked):
    tables = [name for name in tracked if name.endswith((".csv", ".parquet", ".nc"))]
    assert [name for name in tables if (ROOT / name).stat().st_size > 200_000] == []


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


LOADED = f"print('loaded:', *[name for name in {SLOW_IMPORTS!r} if name in sys.modules])"
VERSION_CALL = """
from bayes_frontier.cli import main
sys.argv = ['bayes-frontier', '--version']
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""


@pytest.mark.parametrize("code", ["import bayes_frontier", VERSION_CALL], ids=["import", "--version"])
def test_starting_loads_nothing_heavy(code):
    done = run_python(f"import sys\n{code}\n{LOADED}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded:"


@pytest.mark.parametrize(
    ("flags", "found"), [("", "cxx="), ("floatX=float64", "floatX=float64,cxx="), ("cxx=cc", "cxx=cc")]
)
def test_the_command_line_compiles_without_cxx_unless_told_which(flags, found):
    code = (
        f"import os, sys\nos.environ['PYTENSOR_FLAGS'] = {flags!r}\n{VERSION_CALL}\nprint(os.environ['PYTENSOR_FLAGS'])"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == found


def test_version_is_shown_within_a_second():
    # CPU time: a busy machine makes the clock on the wall say nothing about the program.
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = run_python(f"import sys\n{VERSION_CALL}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert re.search(r"\d+\.\d+\.\d+", done.stdout), done.stdout + done.stderr
    assert min(seconds) < 1.0


def test_version_is_written_in_one_place(project):
    import bayes_frontier

    assert "version" in project["dynamic"]
    assert str(Version(bayes_frontier.__version__)) == bayes_frontier.__version__
    source = (PACKAGE / "provenance.py").read_text(encoding="utf-8")
    assert re.findall(r'^__version__ = "(.+)"$', source, flags=re.MULTILINE) == [bayes_frontier.__version__]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.+)$", citation, flags=re.MULTILINE) == [bayes_frontier.__version__]


def dependency_lines() -> list[tuple[str, str]]:
    """Each requirement of pyproject.toml with the line above it."""
    lines = [line.strip() for line in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()]
    return [
        (line.strip('",'), lines[number - 1])
        for number, line in enumerate(lines)
        if re.fullmatch(r'"[a-z0-9-]+(\[[a-z,]+\])?[><=~].*",', line)
    ]


def declared(project: dict) -> list[str]:
    return [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]


def test_every_dependency_says_what_it_is_for(project):
    above = dict(dependency_lines())
    assert set(above) == set(declared(project))
    assert [name for name, comment in above.items() if not re.match(r"# \w+", comment)] == []


@pytest.fixture(scope="module")
def pins() -> dict[str, list[Requirement]]:
    from scripts.check_environment import pins as read_pins

    found: dict[str, list[Requirement]] = {}
    for pin in read_pins(LOCK.read_text(encoding="utf-8")):
        found.setdefault(pin.name.lower(), []).append(pin)
    return found


def test_every_dependency_is_pinned_within_its_bounds(project, pins):
    for text in declared(project):
        bound = Requirement(text)
        assert bound.specifier, f"{text}: say the lowest version that works"
        assert bound.name in pins, f"{bound.name} is not pinned: run make lock"
        for pin in pins[bound.name]:
            (version,) = (part.version for part in pin.specifier)
            assert bound.specifier.contains(version), f"{pin} is outside {text}: run make lock"


def test_every_pin_is_exact_and_hashed(pins):
    assert len(pins) > 50
    assert all([part.operator for part in pin.specifier] == ["=="] for versions in pins.values() for pin in versions)
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8"))[1:]
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_a_wheel_carries_models_and_package_data(tmp_path, monkeypatch):
    build = pytest.importorskip("hatchling.build", reason="hatchling builds the wheel")
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build.build_wheel(str(tmp_path))) as wheel:
        names = set(wheel.namelist())
    models = {f"bayes_frontier/_models/{path.name}" for path in (ROOT / "models").glob("*.toml")}
    assert models
    assert models <= names
    files = {relative(path) for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert files - names == set()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"bayes_frontier"}


def test_places_of_heavy_tests_are_there():
    from tests.conftest import HEAVY, HEAVY_TESTS

    absent = []
    for name in (*HEAVY, *sorted(HEAVY_TESTS)):
        path, _, function = name.partition("::")
        place = ROOT / path
        if not place.exists() or (function and f"def {function}(" not in place.read_text(encoding="utf-8")):
            absent.append(name)
    assert absent == []
