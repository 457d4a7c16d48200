"""Answers as text, JSON and CSV; what is not finite, hostile names, terminals and pipes."""

import csv
import io
import json
import math

import pytest

from bayes_frontier.cli.output import Answer, Column, form_of, note, show
from bayes_frontier.errors import QueryError

COLUMNS = [
    Column("task", "task"),
    Column("flops", "FLOPs", "{:.0e}".format),
    Column("mean", ""),
    Column("median", "median", "{:.2f}".format),
]
ROWS = [
    {"task": "bbh", "flops": 1e24, "mean": 0.5, "median": math.nan},
    {"task": 'a, "b"', "flops": math.inf, "mean": 0.25, "median": 0.123},
]
ANSWER = Answer({"tau": 0.98, "range": [1.0, math.inf]}, COLUMNS, ROWS, ["above"], ["below"])


def test_json_is_one_document_without_what_json_lacks(capsys):
    show(ANSWER, "json")
    found = json.loads(capsys.readouterr().out)
    assert found["tau"] == 0.98
    assert found["range"] == [1.0, None]
    assert found["rows"][0] == {"task": "bbh", "flops": 1e24, "mean": 0.5, "median": None}
    assert found["rows"][1]["flops"] is None


def test_csv_reads_back(capsys):
    show(ANSWER, "csv")
    out = capsys.readouterr().out
    assert "\r" not in out
    header, first, second = csv.reader(io.StringIO(out))
    assert header == ["task", "flops", "mean", "median"]
    assert first == ["bbh", "1e+24", "0.5", ""]
    assert second[:2] == ['a, "b"', "inf"]


def test_text_is_aligned_and_plain_when_piped(capsys):
    show(ANSWER, "text")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "above"
    assert lines[-1] == "below"
    table = lines[2:-1]
    assert table[0].split() == ["task", "FLOPs", "median"]
    assert len({len(line) for line in (table[0], table[2])}) == 1, "numbers end in one column"
    assert table[1].split() == ["bbh", "1e+24"]
    assert table[2].endswith("0.12")
    assert all(line == line.rstrip() and line.isascii() for line in lines)


def test_markup_and_escape_sequences_in_names_are_only_shown(capsys):
    name = "[bold]x[/bold] \x1b[31mred :smile:"
    show(Answer({}, COLUMNS[:1], [{"task": name}], [name]), "text")
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count(r"[bold]x[/bold] \x1b[31mred :smile:") == 2


def test_a_long_name_is_not_broken_when_piped(capsys):
    show(Answer({}, COLUMNS[:1], [{"task": "x" * 500}]), "text")
    assert "x" * 500 in capsys.readouterr().out


def test_notes_go_to_standard_error(capsys):
    note("careful\x07")
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err == "careful\\x07\n"


def test_one_form_at_a_time():
    assert form_of(False, False) == "text"
    assert form_of(True, False) == "json"
    assert form_of(False, True) == "csv"
    with pytest.raises(QueryError, match="--json and --csv"):
        form_of(True, True)
