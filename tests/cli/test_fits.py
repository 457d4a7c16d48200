"""Questions to a fit: options read, rows gathered, facts and headings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayes_frontier.cli.output import (
    about,
    ask,
    header,
    load,
    load_converged,
    plain,
    question,
    records,
    several_periods,
    warn_unconverged,
)
from bayes_frontier.errors import QueryError
from tests.fakes import FakeFrontier, small_evaluations


def test_a_period_is_read():
    asked = question(["bbh", "musr"], "1", "base-2", 0.5)
    assert (asked.tasks, asked.period, asked.base_model, asked.prob) == (["bbh", "musr"], 1, "base-2", 0.5)


def test_rows_are_by_task_then_point_in_plain_types(frontier):
    asked = question(["math_lvl_5", "bbh"], None, None, 0.9)
    rows = ask(frontier, asked, lambda task: frontier.attainable([1e22, 1e24], task=task))
    assert [(row["task"], row["flops"]) for row in rows] == [
        (task, flops) for task in ("math_lvl_5", "bbh") for flops in (1e22, 1e24)
    ]
    assert {type(value) for row in rows for value in row.values()} == {str, float}
    assert rows[3]["median"] == frontier.attainable(1e24, task="bbh")["median"].item()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.str_("a"), "a"),
        (np.bool_(True), True),
        (np.int64(3), 3),
        (None, None),
        (np.datetime64("2024-01-01"), "2024-01-01"),
    ],
)
def test_values_become_plain(value, expected):
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


def test_facts_of_one_and_of_several_periods(frontier):
    asked = question(None, None, None, 0.9)
    one = about(frontier, asked, [{"period": "b"}, {"period": "b"}])
    many = about(frontier, asked, [{"period": "a"}, {"period": "b"}, {"period": "a"}])
    assert one["period"] == "b"
    assert many["period"] == ["a", "b"]
    assert several_periods(one).title == ""
    assert several_periods(many).title == "period"
    assert "period b." in header(frontier, asked, one, "score")[0]
    assert "every period." in header(frontier, asked, many, "score")[0]


def test_one_period_called_all_is_not_every_period():
    frontier = FakeFrontier(small_evaluations(periods=1)[0])
    asked = question(None, None, None, 0.9)
    rows = ask(frontier, asked, lambda task: frontier.attainable([1e22], task=task))
    facts = about(frontier, asked, rows)
    assert facts["period"] == "all"
    assert header(frontier, asked, facts, "score")[0].endswith("(tau = 0.98).")


def test_scalar_answers_are_rows_too(frontier):
    asked = question(["bbh"], None, None, 0.9)
    dataset = xr.Dataset({"median": ("score", [1e23])}, coords={"score": [0.5], "period": "p"})
    assert ask(frontier, asked, lambda task: dataset) == [{"score": 0.5, "median": 1e23, "period": "p", "task": "bbh"}]


def test_loading_warns_only_of_what_did_not_converge(run, frontier, capsys):
    assert load(Path("fit.nc")) is frontier
    assert capsys.readouterr().err == ""
    frontier.converged = False
    load(Path("fit.nc"))
    assert capsys.readouterr().err.startswith("Warning: this fit did not converge")


def test_records_of_a_table_and_of_a_dataset():
    table = pd.DataFrame({"a": np.array([1, 2], dtype=np.int64), 3: ["x", "y"]})
    assert records(table) == [{"a": 1, "3": "x"}, {"a": 2, "3": "y"}]
    assert type(records(table)[0]["a"]) is int
    found = xr.Dataset(
        {"one": ("task", [0.1, 0.2]), "two": (("flops", "task"), [[1.0, 2.0]]), "all": 7.0},
        coords={"task": ["bbh", "gpqa"], "flops": [1e24]},
    )
    assert records(found, ("task",)) == [{"task": "bbh", "one": 0.1}, {"task": "gpqa", "one": 0.2}]
    assert records(found, ("task", "flops"))[1] == {"task": "gpqa", "flops": 1e24, "two": 2.0}
    assert set(records(found)[0]) == {"task", "flops", "one", "two", "all"}


def test_nothing_is_compared_with_what_did_not_converge(run, frontier):
    assert load_converged(Path("fit.nc")) is frontier
    frontier.converged = False
    with pytest.raises(QueryError, match=r"fit\.nc: this fit did not converge"):
        load_converged(Path("fit.nc"))


def test_the_warning_has_its_lines(frontier, capsys):
    frontier.converged = False
    frontier.convergence_text = lambda: "Not converged:\n  a: R-hat 1.02\x1b[31m"
    warn_unconverged(frontier, "look out.")
    assert capsys.readouterr().err.splitlines()[0] == "Warning: look out. Not converged:"
    warn_unconverged(frontier, "look out.")
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert "\x1b" not in said[1]
    frontier.converged = True
    warn_unconverged(frontier, "look out.")
    assert capsys.readouterr().err == ""
