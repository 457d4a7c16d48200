"""Sheets: where rows stand, what messages quote, and how text is split into cells."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables.parse import parse_delimited
from bayes_frontier.evaluations.tables.sheet import first_line, make_sheet, quote
from bayes_frontier.text import count, listed, suggestion


def parse(text):
    return parse_delimited(text.encode(), "folder/t.csv", "t.csv")


def test_places_quote_the_first_five():
    sheet = make_sheet(pd.DataFrame({"a": range(9), "b": "x"}), "row", "t")
    mask = np.arange(9) > 1
    assert sheet.places(mask) == "row 3, row 4, row 5, row 6, row 7 and 2 more"
    assert sheet.places(np.arange(9) == 8, sheet.frame["a"]) == "row 9 (8)"


def test_rows_keep_their_places_when_others_go():
    sheet = make_sheet(pd.DataFrame({"a": [5, 6, 7], "b": "x"}), "row", "t").take(np.array([False, True, True]))
    assert sheet.rows.tolist() == [2, 3]
    assert sheet.frame.index.tolist() == [0, 1]
    assert sheet.places(np.array([False, True])) == "row 3"


def test_columns_without_a_name_are_left_out():
    sheet = make_sheet(pd.DataFrame([[1, 2, 3, 4]], columns=["", " a ", "b", " "]), "row", "t")
    assert list(sheet.frame.columns) == ["a", "b"]
    with pytest.raises(DataError, match=r"has 1 column\(s\)"):
        make_sheet(pd.DataFrame([[1, 2]], columns=["", "a"]), "row", "t")


def test_column_names_of_any_type():
    sheet = make_sheet(pd.DataFrame([[1, 2]], columns=[3, ("x", "y")]), "row", "t")
    assert list(sheet.frame.columns) == ["3", "('x', 'y')"]


def test_the_delimiter_is_the_one_that_splits_alike():
    assert list(parse("a;b\nx,y;1\n").frame.columns) == ["a", "b"]
    assert list(parse("a,b\nx;y,1\n").frame.columns) == ["a", "b"]
    assert list(parse("a|b|c\n1,2|3|4\n").frame.columns) == ["a", "b", "c"]


def test_quoted_cells_may_hold_anything():
    sheet = parse('name,"say ""x"", y"\n"a,b\nc","d ""e"""\n')
    assert list(sheet.frame.columns) == ["name", 'say "x", y']
    assert sheet.frame.iloc[0].tolist() == ["a,b\nc", 'd "e"']


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end):
    sheet = parse(end.join(["", "a,b", "1,2", "3,4", ""]))
    assert sheet.frame.to_numpy().tolist() == [["1", "2"], ["3", "4"]]
    assert sheet.rows.tolist() == [3, 4]


def test_a_header_over_two_lines_counts_as_two():
    assert parse('"a\nx",b\n1,2\n').rows.tolist() == [3]


def test_ragged_rows_are_named_by_line():
    with pytest.raises(
        DataError, match=r"folder/t\.csv is not a regular table: line 4 has 3 fields where the header has 2"
    ):
        parse("\na,b\n1,2\n1,2,3\n")


def test_cells_stay_as_written():
    cells = ["NA", "007", "1e5", " x ", "TRUE", ""]
    sheet = parse("a,b\n" + "".join(f"{c},.\n" for c in cells))
    assert sheet.frame["a"].tolist() == cells


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8", exclude_characters="\r\x00")), st.integers()),
        min_size=1,
        max_size=6,
    )
)
def test_what_pandas_writes_is_read_back(rows):
    frame = pd.DataFrame([(word, str(number), "end") for word, number in rows], columns=["a", "b", "c"], dtype=object)
    sheet = parse(frame.to_csv(index=False, quoting=1))
    assert sheet.frame.to_numpy().tolist() == frame.to_numpy().tolist()
    starts = 2 + np.concatenate([[0], np.cumsum([1 + word.count("\n") for word, _ in rows])[:-1]])
    assert sheet.rows.tolist() == starts.tolist()


def test_words():
    assert quote("x" * 100) == "'" + "x" * 56 + "..."
    assert quote(np.float64(0.5)) == "0.5"
    assert first_line(ValueError("one\ntwo")) == "one"
    assert first_line(ValueError()) == "ValueError"
    assert (count(1, "row"), count(1200, "row"), count(0, "row")) == ("1 row", "1,200 rows", "0 rows")
    assert listed("abc", 2) == "'a', 'b' and 1 more"
    assert suggestion("GPQQ", ["gpqa", "bbh"]) == " Did you mean 'gpqa'?"
    assert suggestion("zzz", ["gpqa", "bbh"]) == ""
