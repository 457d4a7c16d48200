"""``factors``: the answer in three forms, the comparison on later scores, a picture."""

import csv
import io
import json

import pytest

import bayes_frontier
from bayes_frontier.plots import plot_factors
from tests.analysis.test_factors import posterior


@pytest.fixture(scope="module")
def fitted():
    return posterior(0.8)


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    monkeypatch.setattr("bayes_frontier.analysis.factors._BOOTSTRAP", 20)


@pytest.fixture
def ask(run, fitted, monkeypatch):
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: fitted)
    return lambda *arguments: run("factors", "fit.nc", *arguments)


@pytest.fixture
def later(fitted, tmp_path):
    path = tmp_path / "later.csv"
    columns = ["model", "base_model", "flops", "released", *fitted.tasks]
    fitted.evaluations.models[columns].assign(model="new").to_csv(path, index=False)
    return path


def test_text_and_picture(ask, later, tmp_path):
    done = ask("--next", later, "--out", tmp_path / "f")
    assert done.exit_code == 0, done.output
    assert "1 factor behind the effects of 60 base models" in done.stdout
    assert "each task by itself:" in done.stdout
    assert ("No number of factors predicts better" in done.stdout) != ("Better than each task" in done.stdout)
    assert (tmp_path / "f" / "factors.png").read_bytes().startswith(b"\x89PNG")


def test_json_and_csv(ask, later):
    document = json.loads(ask("--rank", "2", "--next", later, "--json").stdout)
    assert document["rank"] == 2
    assert [row["rank"] for row in document["next"]["ranks"]] == [0, 1, 2, 3]
    assert {"loading_1", "loading_2", "shared", "gain"} <= set(document["rows"][0])
    rows = list(csv.DictReader(io.StringIO(ask("--csv").stdout)))
    assert [row["task"] for row in rows] == ["task_1", "task_2", "task_3", "task_4"]


def test_a_rank_out_of_range_exits_with_2(ask):
    assert ask("--rank", "7").exit_code == 2


def test_the_picture_has_a_row_a_task(fitted):
    panel = plot_factors(bayes_frontier.factors(fitted, 2))
    assert [label.get_text() for label in panel.get_yticklabels()] == list(fitted.tasks)
