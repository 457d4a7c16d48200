"""The runner of the fuzz tests: what is run again, and what is written down."""

import json
import subprocess
from types import SimpleNamespace

import pytest

from scripts import fuzz_readers


@pytest.fixture
def runs(monkeypatch):
    """Calls of pytest, answered without running it."""
    made = SimpleNamespace(calls=[], failing="", listed=["test_a[x]", "test_b"])

    def pytest_(arguments, examples, name=None):
        if name is None:
            listed = "".join(f"tests/evaluations/test_fuzz.py::{one}\n" for one in made.listed)
            return subprocess.CompletedProcess([], 0, f"{listed}\n2 tests collected in 0.1s\n")
        made.calls.append((name, examples))
        failed = name == made.failing
        said = "1 failed in 2.5s" if failed else "fuzzed: 5000 inputs, peak 321 MB\n1 passed in 12.5s"
        return subprocess.CompletedProcess([], int(failed), said)

    monkeypatch.setattr(fuzz_readers, "_pytest", pytest_)
    return made


def test_what_was_run_is_written_down_and_not_run_again(runs, tmp_path):
    assert fuzz_readers.main(["--out", str(tmp_path)]) == 0
    assert runs.calls == [("test_a[x]", 10_000), ("test_b", 10_000)]
    kept = json.loads((tmp_path / "fuzzing.json").read_text())
    assert kept["test_b"]["inputs"] == 5000
    page = (tmp_path / "fuzzing.md").read_text()
    assert "| test_a[x] | 5,000 | passed | 12 | 321 MB | as now |" in page
    assert "In all 10,000 inputs." in page
    assert fuzz_readers.main(["--out", str(tmp_path)]) == 0
    assert len(runs.calls) == 2


def test_other_readers_or_more_inputs_are_run_again(runs, tmp_path, monkeypatch):
    fuzz_readers.main(["--out", str(tmp_path), "--examples", "50", "--only", "test_b"])
    assert [name for name, _ in runs.calls] == ["test_b"]
    fuzz_readers.main(["--out", str(tmp_path), "--examples", "60", "--only", "test_b"])
    assert len(runs.calls) == 2
    monkeypatch.setattr(fuzz_readers, "readers_digest", lambda: "another")
    fuzz_readers.main(["--out", str(tmp_path), "--examples", "60", "--only", "test_a"])
    assert "| earlier |" in (tmp_path / "fuzzing.md").read_text()


def test_failures_are_seen(runs, tmp_path, capsys):
    runs.failing = "test_b"
    assert fuzz_readers.main(["--out", str(tmp_path)]) == 1
    assert "test_b: FAILED" in capsys.readouterr().out
    assert "FAILED" in (tmp_path / "fuzzing.md").read_text()
    runs.failing = ""
    assert fuzz_readers.main(["--out", str(tmp_path)]) == 0
    assert [name for name, _ in runs.calls] == ["test_a[x]", "test_b", "test_b"]


def test_time_is_kept(runs, tmp_path, capsys):
    assert fuzz_readers.main(["--out", str(tmp_path), "--minutes", "0"]) == 0
    assert "stopped before test_a[x]" in capsys.readouterr().out
    assert runs.calls == []


def test_the_digest_is_of_the_readers():
    assert len(fuzz_readers.readers_digest()) == 64
    assert fuzz_readers.readers_digest() == fuzz_readers.readers_digest()
