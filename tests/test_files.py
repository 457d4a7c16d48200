"""Files written whole or not at all."""

import io
import os
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from bayes_frontier.errors import QueryError, StoreError
from bayes_frontier.files import check_target, make_folder, png, replace_file, replacing, run_folder, svg, write_picture


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


def test_a_library_may_write_the_file_and_fail_halfway(tmp_path):
    path = tmp_path / "fit.nc"
    path.write_text("old")

    def write_half():
        with replacing(path, "A fit", StoreError) as part:
            part.write_text("half")
            raise OSError("disk")

    with pytest.raises(StoreError, match=r"A fit: .*fit\.nc cannot be written \(disk\)"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


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


def test_pictures_are_small_and_look_the_same():
    figure = Figure(figsize=(4, 3))
    panel = figure.subplots()
    panel.imshow(np.random.default_rng(0).random((30, 30)), cmap="viridis")
    small = png(figure, 100)
    with Image.open(io.BytesIO(small)) as image:
        assert image.size == (400, 300)
        assert image.mode == "P"
        reduced = np.asarray(image.convert("RGB"), dtype=float)
    whole = io.BytesIO()
    figure.savefig(whole, dpi=100)
    exact = np.asarray(Image.open(whole).convert("RGB"), dtype=float)
    # 256 colours for a picture of about 900: one step of the scale is 4 of 255
    assert np.abs(reduced - exact).mean() < 4
    assert len(small) < len(whole.getvalue())


def test_a_figure_is_the_same_file_each_time(tmp_path):
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1])
    for name in ("one.png", "two.png"):
        write_picture(figure, tmp_path / name, "--out")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes() == png(figure)


def test_what_a_dead_run_left_is_removed_and_what_a_living_one_has_is_not(tmp_path):
    dead = tmp_path / ".bayes-frontier-dead"
    dead.mkdir()
    (dead / "x.txt").write_text("half")
    with run_folder(tmp_path) as alive:
        (alive / "y.txt").write_text("half")
        assert not dead.exists()
        replace_file(tmp_path / "x.txt", b"whole", "--out")
        assert (alive / "y.txt").read_text() == "half"
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "there").mkdir()
    real, link, dangling = tmp_path / "there" / "real.txt", tmp_path / "link.txt", tmp_path / "new.txt"
    real.write_text("old")
    link.symlink_to(real)
    dangling.symlink_to(tmp_path / "there" / "made.txt")
    for path in (link, dangling):
        check_target(path, "--out", ".txt")
        replace_file(path, b"new", "--out")
        assert path.is_symlink()
    assert real.read_text() == (tmp_path / "there" / "made.txt").read_text() == "new"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("x.txt", "--out: .*x.txt does not end in .csv; name a file such as x.csv"),
        ("no/x.csv", "--out: there is no folder .*no; create it first"),
        ("folder.csv", "--out: .* is a folder; name a file"),
        ("x" * 300 + ".csv", "--out: .* cannot be written"),
        ("pipe.csv", "--out: .* is no ordinary file"),
    ],
)
def test_a_target_is_refused_before_work_begins(tmp_path, place, words):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(QueryError, match=words):
        check_target(tmp_path / place, "--out", ".csv")
    check_target(tmp_path / "fine.csv", "--out", ".csv")
    check_target(None, "--out", ".csv")
    assert sorted(tmp_path.rglob("*")) == before


def test_no_picture_shows_a_control_character(tmp_path):
    figure = Figure(figsize=(2, 1))
    panel = figure.subplots()
    panel.set_title("a\x1b[31mb")
    panel.set_yticks([0, 1], labels=["x", "bell\x07"])
    # a character that no font has would be warned of, and a warning is an error here
    write_picture(figure, tmp_path / "x.png", "--out")
    assert panel.get_title() == "a\\x1b[31mb"
    panel.set_title("a\x1b[31mb")
    assert "a\\x1b[31mb" in svg(figure)


def test_numbers_in_a_drawn_picture_are_not_cut_short():
    figure = Figure()
    figure.subplots().set_title("moves by -0.0149 of 1.23456")
    drawn = svg(figure)
    assert "moves by -0.0149 of 1.23456" in drawn
    assert not re.search(r'="[^"]*\d\.\d{3}[^"]*"', drawn)  # where lines run is rounded all the same
