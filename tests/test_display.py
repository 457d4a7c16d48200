"""The one writer of tables: nothing that a spreadsheet runs, a terminal obeys or a page shows as markup."""

import csv
import io
import re
import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import bayes_frontier.plots
from bayes_frontier.display import Display, Drawn, cell, csv_bytes, csv_rows, from_cell, markdown_table, markdown_text

FORMULAS = {
    **{text: f"'{text}" for text in ("=1+1", "+1", "-1", "@x", "\uff1d1", "=1;2")},
    "\t=1": "\t'=1",
    " =1": " '=1",
    "'=1": "''=1",
    "''@x": "'''@x",
    "\ufeff=1": "\ufeff'=1",
    # where another character separates cells
    "a;=1": "a;'=1",
    "a\t-1": "a\t'-1",
    "a\n+1": "a\n'+1",
    "a' ; '=1;+2": "a' ; ''=1;'+2",
}
HARMLESS = ["lab/model", "a=b", "", "'quoted'", "1e24", "NA", "name, with a comma", "two\nlines", "a -1", "a;b", "a'=b"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_get_an_apostrophe_which_comes_off_again(text):
    assert cell(text) == FORMULAS[text]
    assert from_cell(str(cell(text))) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text):
    assert cell(text) == text
    assert from_cell(text) == text


@pytest.mark.parametrize("alphabet", ["=;'\t a", "-\n'\ufeff b"])
def test_every_text_comes_off_again_and_long_ones_take_no_time(alphabet):
    for text in map("".join, product(alphabet, repeat=4)):
        assert from_cell(str(cell(text))) == text
    for letter in alphabet:
        # as many steps as letters, and not their square
        assert len(str(cell(letter * 50_000))) <= 100_000


def test_a_picture_shows_itself_in_a_notebook(monkeypatch):
    shown = []
    notebook = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()), version_info=(9, 0))
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    page = SimpleNamespace(Image=bytes, display=shown.append)
    monkeypatch.setitem(sys.modules, "IPython.display", page)
    figure = Figure(figsize=(1, 1))
    monkeypatch.setitem(vars(bayes_frontier.plots), "plot_one", lambda _, axes=None: axes or figure.subplots())

    class Result(Drawn):
        _picture = "plot_one"

    drawn = Result().plot()
    assert [content[:8] for content in shown] == [b"\x89PNG\r\n\x1a\n"]
    # axes of one's own are part of a picture that is not finished
    Result().plot(axes=drawn)
    monkeypatch.setattr(notebook, "get_ipython", lambda: None)
    Result().plot()
    assert len(shown) == 1


def test_numbers_stay_numbers():
    table = pd.DataFrame({"=name": ["-x", None], "value": [-1.5, np.nan], "day": pd.to_datetime(["2024-01-01"] * 2)})
    content = csv_bytes(table, date_format="%Y-%m-%d").decode()
    assert content == "'=name,value,day\n'-x,-1.5,2024-01-01\n,,2024-01-01\n"
    assert table.columns.tolist() == ["=name", "value", "day"]
    assert csv_rows(["a"], [{"a": -1.5}, {"a": "-1.5 m"}, {"a": None}]).splitlines() == ["a", "-1.5", "'-1.5 m", '""']


def test_control_characters_stand_as_their_codes():
    table = pd.DataFrame({"name": ["esc\x1b[2J", "c1\x9b", "turned\u202e", "tab\tand\nline"]})
    rows = list(csv.reader(io.StringIO(csv_bytes(table).decode(), newline="")))
    assert [row[0] for row in rows[1:]] == ["esc\\x1b[2J", "c1\\x9b", "turned\\u202e", "tab\tand\nline"]
    shown = Display("a\x07", ["b\x1b"], table)
    for text in (shown.text(), shown.html()):
        assert not set(text) & set(map(chr, [*range(9), *range(11, 32), *range(127, 160)]))


def test_markdown_shows_names_as_they_are():
    assert markdown_text("![x](http://y)") == "!\\[x\\](http://y)"
    assert markdown_text("<b>a|b`*") == "&lt;b&gt;a\\|b'\\*"
    table = markdown_table(["task", "n"], [["a|b", 3]], "lr")
    assert table == "| task | n |\n| --- | ---: |\n| a\\|b | 3 |\n"


def test_tables_have_one_writer_and_standard_output_one_way():
    ways = {
        r"\.to_csv\(": {"display.py"},
        r"typer\.echo\(": {"cli/output.py", "cli/app.py"},
        r"(?<![\w.])print\(": set(),
    }
    package = Path(bayes_frontier.__file__).parent
    for path in package.rglob("*.py"):
        for way, allowed in ways.items():
            used = re.search(way, path.read_text(encoding="utf-8")) is not None
            assert not used or path.relative_to(package).as_posix() in allowed, f"{path} has {way}"
