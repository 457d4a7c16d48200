"""The watch over the fuzz tests notices what it is there for: each fault is planted in a reader, and found."""

import json
import os
import subprocess
import sys

import pyarrow as pa
import pytest

from bayes_frontier.errors import DataError
from tests.evaluations import fuzzing

SOUND = {"model": ["a", "b"], "base_model": ["x", "y"], "flops": [1e21, 1e22], "bbh": [0.5, 0.25]}


def _planted(monkeypatch, fault):
    """Let reading do something first."""
    real = fuzzing.survey

    def survey(source, **options):
        fault()
        return real(source, **options)

    monkeypatch.setattr(fuzzing, "survey", survey)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    rows = [",".join(SOUND), *(",".join(map(str, row)) for row in zip(*SOUND.values(), strict=True))]
    path.write_text("\n".join(rows))
    return path


def test_a_sound_table_passes(table):
    assert fuzzing.only_a_survey_or_an_error(table).n_models == 2


@pytest.mark.parametrize(
    "fault",
    [
        lambda folder: (folder / "new.txt").write_text(""),
        lambda folder: os.close(os.open(folder / "new.txt", os.O_CREAT | os.O_RDWR)),
        lambda folder: (folder / "made").mkdir(),
        lambda folder: (folder / "t.csv").rename(folder / "u.csv"),
        lambda folder: (folder / "t.csv").unlink(),
        lambda folder: subprocess.run([sys.executable, "--version"], check=True, capture_output=True),
    ],
)
def test_files_and_programs_are_noticed(monkeypatch, table, fault):
    _planted(monkeypatch, lambda: fault(table.parent))
    with pytest.raises((AssertionError, DataError)) as caught:
        fuzzing.only_a_survey_or_an_error(table)
    assert fuzzing.WATCH.seen
    assert caught.type is AssertionError


def test_what_compiled_code_writes_is_forbidden(monkeypatch, table):
    target = table.parent / "by_arrow.bin"

    def write():
        with pa.OSFile(str(target), "wb") as out:
            out.write(b"x" * 10_000)

    _planted(monkeypatch, write)
    with pytest.raises(OSError, match=r"(?i)too large"):
        fuzzing.only_a_survey_or_an_error(table)
    assert target.stat().st_size == 0
    table.write_text("writing is allowed again")


def test_errors_of_other_types_are_noticed(monkeypatch, table):
    _planted(monkeypatch, lambda: {}["x"])
    with pytest.raises(KeyError):
        fuzzing.only_a_survey_or_an_error(table)


def test_errors_that_say_nothing_are_noticed(monkeypatch, table):
    def silent():
        raise DataError("?")

    _planted(monkeypatch, silent)
    with pytest.raises(AssertionError):
        fuzzing.only_a_survey_or_an_error(table)


def test_memory_is_noticed(tmp_path):
    """In a process of its own: the peak of a process never falls."""
    script = (
        "import json, sys\n"
        "from tests.evaluations import fuzzing\n"
        "fuzzing.MEMORY = 200_000_000\n"
        "kept, found = [], []\n"
        "for size in (0, 1000, 300_000_000):\n"
        "    fuzzing.survey = lambda *_: kept.append(b'x' * size) or (_ for _ in ()).throw(\n"
        "        fuzzing.DataError('nothing to read'))\n"
        "    try:\n"
        "        fuzzing.only_a_survey_or_an_error('x')\n"
        "        found.append('passed')\n"
        "    except AssertionError:\n"
        "        found.append('noticed')\n"
        "print(json.dumps(found))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["passed", "passed", "noticed"]
