"""Values on the command line: what is read, and what each mistake is told."""

import datetime as dt
import inspect
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_frontier.cli import options
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.tables import sheet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e24", [1e24]),
        ("7.2E23", [7.2e23]),
        ("1e22, 1e24,", [1e22, 1e24]),
        ("1e22:1e26:5", [1e22, 1e23, 1e24, 1e25, 1e26]),
        ("1e24,1e20:1e22:3", [1e24, 1e20, 1e21, 1e22]),
        ("3e22:4e22:2", [3e22, 4e22]),
    ],
)
def test_flops_are_read(text, expected):
    assert options.flops_list(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("24", r"24 looks like log10 of FLOPs: write 1e24"),
        ("23.5", r"23\.5 looks like log10 of FLOPs: write 3\.16e23"),
        ("-1e24", r"-1e24 is not a positive number"),
        ("0", r"0 is not a positive number"),
        ("1000", r"outside 1e15 to 1e30.*6 x parameters x tokens"),
        ("1e40", r"outside 1e15 to 1e30"),
        ("many", r"cannot read 'many' as FLOPs; write 1e24"),
        ("nan", r"cannot read 'nan'"),
        ("inf", r"cannot read 'inf'"),
        ("", r"--flops: no value"),
        (" , ", r"--flops: no value"),
        ("1e22:1e24", r"cannot read the range '1e22:1e24'"),
        ("1e22:1e24:1", r"at least 2 values"),
        ("1e22:1e24:-3", r"cannot read the range"),
        ("1e24:1e22:3", r"runs downwards"),
        ("1e22:1e22:3", r"runs downwards"),
        ("22:26:5", r"22 looks like log10"),
        ("1e22:1e24:" + "9" * 5000, r"at most 200"),
        ("1e22:1e24:150,1e22:1e24:150", r"300 values; ask for at most 200"),
    ],
)
def test_flops_that_cannot_be(text, message):
    with pytest.raises(QueryError, match=message):
        options.flops_list(text)


def test_the_range_is_that_of_tables():
    assert options.FLOPS_RANGE == sheet.FLOPS_RANGE


@given(st.floats(1e15, 1e29), st.floats(1.01, 10.0), st.integers(2, 200))
def test_a_range_increases_from_end_to_end(low, factor, n):
    high = low * factor
    found = options.flops_list(f"{low!r}:{high!r}:{n}")
    assert len(found) == n
    assert (found[0], found[-1]) == (low, high)
    assert all(a < b for a, b in itertools.pairwise(found))


def test_scores_are_read():
    assert options.scores_list("0.5,0, 1") == [0.5, 0.0, 1.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("50", r"50 looks like a percentage: write 0\.5"),
        ("100", r"write 1\."),
        ("101", r"101 is not a score, which lies between 0 and 1"),
        ("-0.1", r"-0\.1 is not a score"),
        ("half", r"cannot read 'half' as a score"),
        ("50%", r"cannot read '50%' as a score; write a number between 0 and 1"),
        ("", r"--score: no value"),
    ],
)
def test_scores_that_cannot_be(text, message):
    with pytest.raises(QueryError, match=message):
        options.scores_list(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("90", r"--prob: 90 looks like a percentage: write 0\.9"),
        ("1", r"--prob: 1 leaves nothing out"),
        ("0", r"--prob: 0 leaves nothing out"),
        ("-1", r"-1 is not a probability"),
        ("x", r"cannot read 'x' as a probability"),
    ],
)
def test_probabilities_that_cannot_be(text, message):
    assert options.probability("0.89", "--prob") == 0.89
    with pytest.raises(QueryError, match=message):
        options.probability(text, "--prob")


def test_names_once_each_in_order():
    assert options.names_list(["b, a", "a", "c,"]) == ["b", "a", "c"]
    assert options.names_list([","]) is None
    assert options.names_list(None) is None


def test_fields_are_mapped():
    assert options.fields_map(["flops = a=b", "model=Name"]) == {"flops": "a=b", "model": "Name"}
    assert options.fields_map(None) == {}


@pytest.mark.parametrize("pairs", [["flops"], ["=x"], ["flops="], ["flops=a", "flops=b"]])
def test_fields_that_cannot_be_mapped(pairs):
    with pytest.raises(QueryError, match=r"--column: .*(FIELD=COLUMN|given twice)"):
        options.fields_map(pairs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("0", 0), ("-1", -1), (" 2 ", 2), ("2024-07-15", "2024-07-15"), ("all", "all"), ("2024", "2024")],
)
def test_periods_are_numbers_labels_or_dates(text, expected):
    assert options.period_of(text) == expected


def test_one_number_is_one():
    assert options.one_score("0.02", "--delta") == 0.02
    assert options.one_flops("1e24") == 1e24
    for read, text in ((options.one_score, "0.1,0.2"), (options.one_flops, "1e22:1e24:3")):
        with pytest.raises(QueryError, match="--delta: give one number"):
            read(text, "--delta")
    with pytest.raises(QueryError, match="percentage"):
        options.one_score("2", "--delta")


def test_a_day():
    assert options.day_of(" 2024-07-01", "--after") == dt.date(2024, 7, 1)
    for text in ("", "July", "2024-13-01", "2024"):
        with pytest.raises(QueryError, match="--after: cannot read"):
            options.day_of(text, "--after")


def test_a_group_of_options_is_unfolded_and_folded_again():
    @options.unfolded
    def command(table: str, reading: options.Source, relabel: bool = False) -> tuple:
        return table, reading, relabel

    assert list(inspect.signature(command).parameters) == ["table", "format", "column", "registry", "models", "relabel"]
    table, reading, relabel = command(
        table="t", format="wide", column=["flops=a"], registry=None, models=None, relabel=True
    )
    assert (table, relabel) == ("t", True)
    assert reading.arguments() == {"format": "wide", "columns": {"flops": "a"}, "registry": None}


def test_reading_refuses_a_column_before_it_opens_a_file():
    with pytest.raises(QueryError, match="--column"):
        options.Reading(column=["flops"]).read(Path("nowhere.csv"))


def test_parsers_take_defaults_as_the_numbers_they_are():
    read = options.parser(options.probability, "--tau")
    assert read(0.98) == read("0.98") == 0.98
    with pytest.raises(QueryError, match="--tau: 98 looks like a percentage"):
        read("98")
