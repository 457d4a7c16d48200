"""Files written whole or not at all."""

import os

import pytest

from bayes_frontier.errors import QueryError
from bayes_frontier.report.files import make_folder, replace_file


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    replace_file(path, b"new", "--out")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_others_may_read_it_as_usual(tmp_path):
    (tmp_path / "usual").write_text("")
    replace_file(tmp_path / "x", b"", "--out")
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_on_the_way_leaves_the_old_file_alone(tmp_path, monkeypatch, error):
    path = tmp_path / "x.txt"
    path.write_text("old")

    def fail(*arguments):
        raise error

    monkeypatch.setattr(os, "replace", fail)
    expected = QueryError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        replace_file(path, b"new", "--out")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be(tmp_path):
    with pytest.raises(QueryError, match=r"--dropped: .* is a folder"):
        replace_file(tmp_path, b"", "--dropped")
    with pytest.raises(QueryError, match=r"--dropped: .*cannot be written \(No such file"):
        replace_file(tmp_path / "no" / "x", b"", "--dropped")
    (tmp_path / "file").write_text("")
    with pytest.raises(QueryError, match=r"--out: no folder can be made"):
        make_folder(tmp_path / "file", "--out")
    make_folder(tmp_path / "a" / "b", "--out")
    assert (tmp_path / "a" / "b").is_dir()
