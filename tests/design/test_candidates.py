"""Candidates: read, priced, and every unusable one named."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.design.candidates import read_candidates
from bayes_frontier.errors import DataError, QueryError

TODAY = dt.date(2025, 6, 1)


def table(**columns) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "model": ["a/one", "a/two", "a/three"],
            "base_model": ["llama-3.1-8b", "mistral-7b", "own-base"],
            "flops": [7.2e23, 3e23, 1e22],
            "params_b": [8.0, 7.2, 1.0],
            "released": ["2025-01-01", "2025-02-01", ""],
        }
    )
    return frame.assign(**columns)


def test_a_clean_table_loses_nothing(tmp_path):
    path = tmp_path / "candidates.csv"
    table().to_csv(path, index=False)
    for source in (path, table()):
        read = read_candidates(source, today=TODAY)
        assert read.frame["model"].tolist() == ["a/one", "a/two", "a/three"]
        assert read.frame["cost"].tolist() == [8.0, 7.2, 1.0]
        assert len(read.left_out) == 0
        assert read.unit == "billion parameters"


def test_compute_and_parameters_come_from_the_registry_where_the_table_has_none():
    read = read_candidates(table()[["model", "base_model"]].iloc[:2], today=TODAY)
    assert read.frame["flops"].between(1e22, 1e25).all()
    assert read.frame["cost"].between(6.5, 8.5).all()


PROBLEMS = {
    "already evaluated": (table(), "a/two"),
    "listed twice": (table(model=["a/one", "a/two", "a/two"]), "a/two"),
    "released in the future": (table(released=["2025-01-01", "2031-01-01", ""]), "a/two"),
    "zero or negative": (table(cost=[1.0, -3.0, 2.0]), "a/two"),
    "infinite": (table(cost=[1.0, np.inf, 2.0]), "a/two"),
    "unknown": (table(cost=[1.0, np.nan, 2.0]), "a/two"),
    "without compute": (table(flops=[1e24, 1e24, np.nan], cost=1.0), "a/three"),
    "no base model": (table(base_model=["llama-3.1-8b", "", "own-base"], cost=1.0), "a/two"),
    "no model name": (table(model=["a/one", "", "a/three"], cost=1.0), "no name"),
}


@pytest.mark.parametrize("words", PROBLEMS)
def test_every_problem_is_an_error_that_names_the_row_and_the_way_out(words):
    frame, name = PROBLEMS[words]
    evaluated = frozenset({"a/two"}) if words == "already evaluated" else frozenset()
    cost = "column" if "cost" in frame else "parameters"
    with pytest.raises(DataError, match=f"1 candidate of 3 cannot.*{words}.*row [123] .{name}.*--skip"):
        read_candidates(frame, evaluated=evaluated, cost=cost, today=TODAY)


@pytest.mark.parametrize("words", PROBLEMS)
def test_skipped_candidates_are_listed_with_their_reason(words):
    frame, name = PROBLEMS[words]
    evaluated = frozenset({"a/two"}) if words == "already evaluated" else frozenset()
    cost = "column" if "cost" in frame else "parameters"
    read = read_candidates(frame, evaluated=evaluated, cost=cost, today=TODAY, skip=True)
    assert len(read.frame) == 2
    assert len(read.left_out) == 1
    assert words in read.left_out["reason"][0]
    assert read.left_out["model"][0] == ("" if name == "no name" else name)
    assert read.left_out["place"][0].startswith("row ")


def test_several_problems_are_all_named_and_rows_counted_once():
    frame = table(model=["a/one", "a/one", ""], flops=[1e24, np.nan, np.nan], base_model=["x", "y", "z"])
    with pytest.raises(DataError, match=r"2 candidates of 3.*without compute.*row 2 .*no model name: row 3"):
        read_candidates(frame, today=TODAY)
    assert len(read_candidates(frame, today=TODAY, skip=True).left_out) == 2


def test_nothing_left_is_an_error_even_when_skipping():
    frame = table(flops=np.nan, base_model=["x", "y", "z"])
    with pytest.raises(DataError, match="none of 3 candidates"):
        read_candidates(frame, skip=True, today=TODAY)


def test_an_empty_table_says_so(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("model,base_model,flops\n")
    with pytest.raises(DataError, match=r"no rows|empty"):
        read_candidates(path)
    with pytest.raises(DataError, match="no rows"):
        read_candidates(table().iloc[:0])


def test_cost_models(tmp_path):
    frame = table(cost=[3.0, 2.0, 1.0], n_items=[100, 100, 200], tokens_per_item=[1000, 2000, 500])
    assert read_candidates(frame, cost="column", today=TODAY).frame["cost"].tolist() == [3.0, 2.0, 1.0]
    tokens = read_candidates(frame, cost="tokens", today=TODAY).frame["cost"]
    assert tokens[0] == pytest.approx(2 * 8.0e9 * 100 * 1000 / 1e15)
    assert tokens[2] == pytest.approx(2 * 1.0e9 * 200 * 500 / 1e15)
    with pytest.raises(DataError, match="no column cost"):
        read_candidates(table(), cost="column", today=TODAY)
    with pytest.raises(DataError, match="tokens_per_item"):
        read_candidates(frame.drop(columns="tokens_per_item"), cost="tokens", today=TODAY)
    with pytest.raises(QueryError, match="Did you mean 'parameters'"):
        read_candidates(frame, cost="parameter")


def test_other_column_names_are_mapped():
    frame = table().rename(columns={"params_b": "size"})
    assert read_candidates(frame, columns={"params_b": "size"}, today=TODAY).frame["cost"][0] == 8.0
