"""Text, numbers and dates of a column."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.sheet import make_sheet


def sheet(values, dtype=None):
    return make_sheet(pd.DataFrame({"x": pd.Series(values, dtype=dtype), "other": 1}), "row", "t")


def test_text_is_stripped_and_missing_is_empty():
    values = [" a ", None, "NA", "none", "Nano", 3, 2.5, float("nan"), pd.NaT]
    assert cells.text(sheet(values, object), "x").tolist() == ["a", "", "", "", "Nano", "3", "2.5", "", ""]
    assert cells.text(sheet(["b", None], "category"), "x").tolist() == ["b", ""]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("0.5", 0.5),
        ("+.5", 0.5),
        ("5.", 5.0),
        ("1E3", 1000.0),
        (" 7 ", 7.0),
        ("-0", 0.0),
        ("Infinity", np.inf),
        ("-inf", -np.inf),
    ],
)
def test_ways_to_write_a_number(written, value):
    assert cells.numbers(sheet([written, ""]), "x")[0] == value


@pytest.mark.parametrize("written", ["1,5", "1_0", "0x1f", "1e", "e3", ".", "1 2", "True", "1j", "٣", "½", "1.2.3"])
def test_ways_not_to_write_a_number(written):
    with pytest.raises(DataError, match="text where a number is expected in 1 of 2 rows: row 1"):
        cells.numbers(sheet([written, "0.5"]), "x")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_to_the_last_bit(value):
    assert cells.numbers(sheet([repr(value), "1"]), "x")[0] == value


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 0, None], "Int64"),
        ([1.0, 0.0, None], "Float32"),
        ([Decimal(1), Decimal(0), None], object),
        (["1", 0, ""], object),
        ([1.0, 0.0, np.nan], "float32"),
    ],
)
def test_numeric_types_give_floats_with_nan(values, dtype):
    found = cells.numbers(sheet(values, dtype), "x")
    np.testing.assert_array_equal(found, [1.0, 0.0, np.nan])
    assert found.dtype == np.float64


@pytest.mark.parametrize(("values", "dtype"), [([True, False], bool), ([1 + 2j, 0], complex), (["a", "b"], "category")])
def test_types_that_are_not_numbers_are_text(values, dtype):
    with pytest.raises(DataError, match="text where a number"):
        cells.numbers(sheet(values, dtype), "x")
    assert cells.share_of_numbers(sheet(values, dtype), "x") == 0.0


@pytest.mark.parametrize(
    ("values", "share"),
    [
        (["1", "2", "x", ""], 2 / 3),
        (["", ""], 0.0),
        ([1.0, np.nan], 1.0),
        ([np.nan, np.nan], 1.0),
        ([[1], [2]], 0.0),
        (pd.to_datetime(["2024-01-01", None]), 0.0),
    ],
)
def test_share_of_numbers(values, share):
    assert cells.share_of_numbers(sheet(values), "x") == pytest.approx(share)


TODAY = dt.date(2025, 1, 1)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-02-29", "2024-02-29"),
        ("2024-03-01 23:59", "2024-03-01"),
        ("2024-03-01T23:59:59.123456Z", "2024-03-01"),
        ("2024-03-01T23:59:59-02:00", "2024-03-02"),
        ("2024-03-01 00:30 +0100", "2024-02-29"),
    ],
)
def test_ways_to_write_a_date(written, day):
    found = cells.dates(sheet([written, ""]), "x", TODAY)
    assert found.dt.strftime("%Y-%m-%d").tolist()[0] == day
    assert found.isna().tolist() == [False, True]
    assert found.dtype == "datetime64[ns]"


@pytest.mark.parametrize(
    "written",
    [
        "2023-02-29",
        "2024-1-1",
        "24-01-01",
        "2024/01/01",
        "2024-01",
        "2024-01-01 25:00",
        "2024-W01",
        "today",
        "1704067200",
    ],
)
def test_ways_not_to_write_a_date(written):
    with pytest.raises(DataError, match="1 of 2 dates cannot be read: row 1"):
        cells.dates(sheet([written, "2024-01-01"]), "x", TODAY)


def test_time_zones_of_a_date_type():
    values = pd.Series(pd.to_datetime(["2024-03-01 23:00", None])).dt.tz_localize("America/New_York")
    found = cells.dates(sheet(values, values.dtype), "x", TODAY)
    assert found[0] == pd.Timestamp("2024-03-02")
    assert pd.isna(found[1])
