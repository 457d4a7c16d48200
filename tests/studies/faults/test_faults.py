"""The fault harness: its checks see what they are for, and its page says what was missed."""

import pytest

from bayes_frontier.errors import FrontierError
from studies.faults import __main__ as faults
from studies.faults import damage, kills, manners, tables
from studies.faults.bench import Bench, called


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.clear()
    return made


def test_enough_of_everything():
    assert len(damage.CRAFTED) >= 60
    assert len(tables.tables()) >= 40
    assert faults.FULL["kills"] == 50


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.csv", b"a\n1\n", True),
        ("x.csv", b"a\n1", False),
        ("x.html", b"<html></html>\n", True),
        ("x.html", b"<html>", False),
        ("x.png", b"\x89PNG", False),
        ("out/x.nc", b"\x89HDF", False),
        ("x.md", b"", False),
    ],
)
def test_half_a_file_is_seen(tmp_path, name, content, expected):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    assert kills.whole(path) is expected


def test_formulas_and_control_characters_are_seen():
    assert manners.formulas("a,=b\n-1.5,'=1\n-x,2\n") == ["=b", "-x"]
    assert manners.controls("a\tb\n\x1b[0m\x9b") == ["\x1b", "\x9b"]


def test_processes_end_as_they_are_said_to(bench):
    def write():
        print("said")
        (bench.temporary / "left").write_text("x")
        raise SystemExit(7)

    run = called(write, bench)
    assert (run.status, run.out, bench.left()) == (7, "said\n", ["left"])
    assert called(lambda: 1 / 0, bench).status == 1


def test_an_untyped_error_is_told_from_a_typed_one(monkeypatch, tmp_path):
    def load(error):
        def raising(path):
            raise error

        return raising

    monkeypatch.setattr("studies.faults.damage.bf.load", load(FrontierError("no")), raising=False)
    assert damage.attempt(tmp_path / "x.nc", None) == damage.TYPED
    monkeypatch.setattr("studies.faults.damage.bf.load", load(KeyError("no")), raising=False)
    assert damage.attempt(tmp_path / "x.nc", None) == damage.UNTYPED


def test_the_page_names_what_does_not_hold():
    damaged = {"counts": {"refused": 2}, "seconds": 0.1, "peak_mb": 300}
    found = {
        "kills": {"fit": {"killed": 2, "half written": 1}},
        "interrupts": {"fit": {"interrupted": 2}},
        "damage": {"truncated": damaged, "flipped": {**damaged, "counts": {"other answers": 1}}},
        "crafted": {"x": {"outcome": "refused", "seconds": 9.0, "peak_mb": 300}},
        "tables": {"all 0": {"outcome": "error", "words": "w"}, "odd": {"outcome": "UNEXPECTED", "words": "KeyError"}},
        "names": {"plan": []},
        "disks": {"fit": ["half of fit.nc"]},
        "streams": {"closed": []},
        "targets": {"link": []},
        "left": {"processes": 2, "files": []},
        "growth": {"fits": 2, "mb": [100, 120], "share": 0.2},
    }
    missed = faults.missed(found)
    assert [line.partition(":")[0] for line in missed] == [
        "fit", "flipped", "crafted, x", "table, odd", "disks, fit", "memory grows",
    ]  # fmt: skip
    text = faults.page(found, 60.0)
    assert "**6 do not hold:**" in text
    assert "| odd | UNEXPECTED | KeyError |" in text
