"""The runner of the fuzz tests: what is run again, and what is written down."""

import json
import subprocess
from types import SimpleNamespace

import pytest

from studies.bench import fuzz_readers


@pytest.fixture
def runs(monkeypatch):
    """Calls of pytest, answered without running it."""
    made = SimpleNamespace(calls=[], seeds=[], failing="", from_seed=0, listed=["test_a[x]", "test_b"])

    def pytest_(arguments, examples, name=None):
        if name is None:
            listed = "".join(f"tests/evaluations/test_fuzz.py::{one}\n" for one in made.listed)
            return subprocess.CompletedProcess([], 0, f"{listed}\n2 tests collected in 0.1s\n")
        made.calls.append((name, examples))
        made.seeds.append(int(arguments[-1].removeprefix("--hypothesis-seed=")))
        failed = name == made.failing and made.seeds[-1] >= made.from_seed
        said = "1 failed in 2.5s" if failed else "fuzzed: 500 inputs, peak 321 MB\n1 passed in 1.25s"
        return subprocess.CompletedProcess([], int(failed), said)

    monkeypatch.setattr(fuzz_readers, "_pytest", pytest_)
    return made


def test_what_was_run_is_written_down_and_not_run_again(runs, tmp_path):
    assert fuzz_readers.main(["--out", str(tmp_path)]) == 0
    assert runs.calls == [("test_a[x]", 1000)] * 10 + [("test_b", 1000)] * 10
    assert runs.seeds == [*range(0, 10_000, 1000)] * 2
    kept = json.loads((tmp_path / "fuzzing.json").read_text())
    assert kept["test_b"]["inputs"] == 5000
    page = (tmp_path / "fuzzing.md").read_text()
    assert "| test_a[x] | 5,000 | passed | 12 | 321 MB | as now |" in page
    assert "In all 10,000 inputs." in page
    assert fuzz_readers.main(["--out", str(tmp_path)]) == 0
    assert len(runs.calls) == 20


def test_other_readers_or_more_inputs_are_run_again(runs, tmp_path, monkeypatch):
    fuzz_readers.main(["--out", str(tmp_path), "--examples", "50", "--only", "test_b"])
    assert runs.calls == [("test_b", 50)]
    fuzz_readers.main(["--out", str(tmp_path), "--examples", "1100", "--only", "test_b"])
    assert runs.calls[1:] == [("test_b", 1000), ("test_b", 50)]
    monkeypatch.setattr(fuzz_readers, "readers_digest", lambda: "another")
    fuzz_readers.main(["--out", str(tmp_path), "--examples", "60", "--only", "test_a"])
    assert "| earlier |" in (tmp_path / "fuzzing.md").read_text()
    fuzz_readers.main(["--out", str(tmp_path), "--examples", "60", "--only", "test_b"])
    assert runs.calls[-1] == ("test_b", 60)
    assert json.loads((tmp_path / "fuzzing.json").read_text())["test_b"]["inputs"] == 500


def test_time_is_kept_and_the_rest_is_run_later(runs, tmp_path, monkeypatch, capsys):
    clock = iter(range(0, 10_000, 60))
    monkeypatch.setattr(fuzz_readers.time, "monotonic", lambda: next(clock))
    assert fuzz_readers.main(["--out", str(tmp_path), "--minutes", "3"]) == 0
    assert runs.seeds == [0, 1000, 2000]
    assert "stopped at 3,000 of test_a[x]" in capsys.readouterr().out
    monkeypatch.undo()


def test_failures_are_seen(runs, tmp_path, capsys):
    runs.failing, runs.from_seed = "test_b", 3000
    assert fuzz_readers.main(["--out", str(tmp_path)]) == 1
    assert "test_b: FAILED" in capsys.readouterr().out
    assert "FAILED" in (tmp_path / "fuzzing.md").read_text()
    assert len(runs.calls) == 14
    runs.failing = ""
    assert fuzz_readers.main(["--out", str(tmp_path)]) == 0
    assert runs.seeds[14:] == [*range(0, 10_000, 1000)]


def test_a_run_that_counted_nothing_is_no_pass(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(
        fuzz_readers, "_pytest", lambda _, __, name=None: subprocess.CompletedProcess([], 0, "1 skipped in 0.1s")
    )
    monkeypatch.setattr(fuzz_readers, "names", lambda: ["test_a[x]"])
    assert fuzz_readers.main(["--out", str(tmp_path)]) == 1


def test_what_reading_imports_is_in_the_digest():
    found = {path.name for path in fuzz_readers._imported(fuzz_readers.ROOT / "bayes_frontier/evaluations/read.py")}
    assert {"read.py", "sheet.py", "source.py", "inspect_ai.py", "errors.py", "placement.py"} <= found
    assert not {"fetch.py", "simulate.py", "app.py"} & found
