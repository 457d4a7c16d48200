"""The scripts behind `make env` and `make check`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_missing_and_an_outdated_distribution_are_both_named():
    from scripts.check_environment import differences

    text = "no-such-thing==1.0 \\\n    --hash=sha256:00\npytest==0.1\npytest>=1\nx==1 ; python_version < '3'\n"
    missing, outdated = differences(text)
    assert missing == "no-such-thing: ==1.0 wanted, not installed"
    assert outdated.startswith("pytest: ==0.1 wanted, ")


def find_python(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "find_python.sh")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_interpreter_that_is_named_is_taken():
    done = find_python(PATH=os.environ["PATH"], PYTHON=sys.executable)
    assert done.returncode == 0
    assert Path(done.stdout.strip()).samefile(sys.executable)


def test_a_named_interpreter_that_is_unfit_is_not_replaced_silently(tmp_path):
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = find_python(PATH=os.environ["PATH"], PYTHON=str(old))
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"PYTHON={old} is not a Python 3.12" in done.stderr


def test_without_any_interpreter_it_says_what_to_install(tmp_path):
    (tmp_path / "cat").symlink_to("/bin/cat")
    done = find_python(PATH=str(tmp_path), HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "No Python 3.12, 3.13 or 3.14" in done.stderr
    assert "pyenv install" in done.stderr


def test_a_pyenv_installation_that_is_not_on_the_path_is_found(tmp_path):
    installed = tmp_path / ".pyenv" / "versions" / "3.12.99" / "bin"
    installed.mkdir(parents=True)
    (installed / "python").symlink_to(sys.executable)
    done = find_python(PATH=str(tmp_path), HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).samefile(sys.executable)


def test_conda_is_asked_when_nothing_else_has_an_interpreter(tmp_path):
    base = tmp_path / "conda"
    (base / "bin").mkdir(parents=True)
    (base / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "conda-bin").mkdir()
    conda = tmp_path / "conda-bin" / "conda"
    conda.write_text(f"#!/bin/sh\necho '{base}'\n")
    conda.chmod(0o755)
    done = find_python(PATH=str(conda.parent), HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).samefile(sys.executable)


DOCUMENTED = '''"""Module."""

from typing import overload


def scale(score: float, by: float = 1.0) -> float:
    """Scale a score.

    Parameters
    ----------
    score : float
        In [0, 1].
    by : float
        Factor.

    Returns
    -------
    float
        The product.
    """

    def inner(x):
        return x

    return inner(score * by)


@overload
def other(x: int) -> int: ...


class Box:
    """A box."""

    @property
    def size(self) -> int:
        """Its size."""
        return 1

    def __len__(self) -> int:
        return 1


def help_(x):
    """Help."""
    return x


def _private(x):
    return x
'''


@pytest.fixture
def check(tmp_path):
    """Findings of one source text, without the place."""
    parse_config = pytest.importorskip("numpydoc.hooks.validate_docstrings").parse_config
    from scripts.check_docstrings import findings

    def run(text: str) -> list[str]:
        path = tmp_path / "given.py"
        path.write_text(text)
        return [line.split(": ", 1)[1] for line in findings(path, parse_config(ROOT), {"scale", "other", "Box"})]

    return run


def test_complete_docstrings_pass_and_what_is_not_public_needs_none(check):
    assert check(DOCUMENTED) == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("by : float", "times : float", "given.scale: PR02 Unknown parameters {'times'}"),
        ("    by : float\n        Factor.\n", "", "given.scale: PR01 Parameters {'by'} not documented"),
        (
            "    Returns\n    -------\n    float\n        The product.\n",
            "",
            "given.scale: RT01 No Returns section found",
        ),
        ("        Factor.\n", "", 'given.scale: PR07 Parameter "by" has no description'),
        ('        """Its size."""\n', "", "given.Box.size: GL08 The object does not have a docstring"),
        ('"""Module."""', "", "given: GL08 The object does not have a docstring"),
        ("class Box", "class Case", "Box: not defined at the top of this file"),
    ],
)
def test_each_defect_is_named(check, old, new, finding):
    assert old in DOCUMENTED
    assert finding in check(DOCUMENTED.replace(old, new, 1))


def test_what_is_public_is_found_by_lists_and_pages(tmp_path):
    pytest.importorskip("numpydoc")
    from scripts.check_docstrings import public

    (tmp_path / "page.md").write_text(
        "::: bayes_frontier.errors\n\n::: bayes_frontier.posterior.query.rank_base_models\n"
    )
    found = {path.relative_to(ROOT).as_posix(): names for path, names in public(tmp_path).items()}
    assert "ClusterError" in found["bayes_frontier/errors.py"]
    assert found["bayes_frontier/posterior/query.py"] == {"rank_base_models"}
    assert "fit" in found["bayes_frontier/posterior/fitting.py"]
    assert "plot_boundary" in found["bayes_frontier/plots/boundary.py"]
    (tmp_path / "page.md").write_text("::: bayes_frontier.posterior.query.no_such_name\n")
    with pytest.raises(AttributeError, match="no_such_name"):
        public(tmp_path)
