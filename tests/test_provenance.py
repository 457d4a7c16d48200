"""Digests of code and the words that an environment is compared by."""

import sys

import numpy
import pytest

from bayes_frontier.provenance import code_digest, environment, versions


def test_the_environment_names_what_results_depend_on():
    found = environment()
    assert {"python", "bayes_frontier", "numpy", "nutpie", "pymc"} <= set(found)
    assert found["python"] == ".".join(map(str, sys.version_info[:2]))
    assert found["bayes_frontier"].startswith("files ")
    # a builtin has no files, and a package that is not there says so
    assert environment(("builtins", "no_such_package"))["no_such_package"] == "absent"


def test_versions_are_those_installed():
    assert versions(["numpy"])["numpy"] == numpy.__version__
    assert {"bayes-frontier", "python"} <= set(versions())


@pytest.fixture
def code(tmp_path):
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "a.py").write_text("def f():\n    return 1\n")
    (tmp_path / "part" / "b.csv").write_text("x\n1\n")
    (tmp_path / "c.py").write_text("x = 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "text", "with_comments", "without"),
    [
        ("part/a.py", 'def f():\n    """Say."""\n    return 1  # why\n', True, False),
        ("part/a.py", "def f():\n    return 2\n", True, True),
        ("part/b.csv", "x\n2\n", True, True),
        ("part/new.toml", "", True, True),
        ("c.py", "x = 2\n", False, False),
        ("part/notes.md", "x", False, False),
    ],
)
def test_a_digest_changes_with_what_it_is_of(code, changed, text, with_comments, without):
    before = [code_digest(["part"], code, comments=comments) for comments in (True, False)]
    (code / changed).write_text(text)
    after = [code_digest(["part"], code, comments=comments) for comments in (True, False)]
    assert [a != b for a, b in zip(before, after, strict=True)] == [with_comments, without]


def test_files_may_be_named_anywhere(code):
    assert code_digest([code / "c.py"]) == code_digest([code / "c.py"])
    assert code_digest([code / "c.py"]) != code_digest([code / "part" / "a.py"])
