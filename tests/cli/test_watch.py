"""``watch``: exit statuses, the answer in three forms, a picture, bad input."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

import bayes_frontier
from bayes_frontier.plots import plot_watch
from tests.analysis.test_watch import later
from tests.checks.posteriors import diagnosed, true_frontier

FIELDS = ["model", "base_model", "flops", "released", "task_1", "task_2"]


@pytest.fixture(scope="module")
def fitted() -> bayes_frontier.Frontier:
    return diagnosed(true_frontier())


@pytest.fixture
def watch(run, fitted, monkeypatch):
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: fitted)
    return lambda *arguments: run("watch", "fit.nc", *arguments)


@pytest.fixture
def table(fitted, tmp_path):
    """Write a newer table: the fitted one, changed or not, and new records."""

    def write(rescored=0.0, **change):
        old = fitted.evaluations.models[FIELDS].copy()
        old["task_1"] = (old["task_1"] + rescored).clip(upper=1.0)
        path = tmp_path / "newer.csv"
        pd.concat([old, later(fitted, n=400, **change).models[FIELDS]]).to_csv(path, index=False)
        return path

    return write


def test_no_drift_exits_with_0(watch, table):
    done = watch(table())
    assert done.exit_code == 0, done.output
    assert "400 new records of newer.csv" in done.stdout
    assert "No drift is established." in done.stdout
    assert "cannot be told" not in done.stdout


def test_drift_exits_with_3_and_names_the_task(watch, table, tmp_path):
    done = watch(table(task_2=0.5), "--out", tmp_path / "w")
    assert done.exit_code == 3, done.output
    assert "advanced: 'task_2'." in done.stdout
    assert (tmp_path / "w" / "watch.png").read_bytes().startswith(b"\x89PNG")


def test_rescoring_exits_with_1_and_drift_beside_it_with_3(watch, table):
    done = watch(table(rescored=0.1), "--task", "task_1")
    assert done.exit_code == 1, done.output
    assert "re-scored: 'task_1'." in done.stdout
    assert watch(table(rescored=0.1, task_2=-0.6)).exit_code == 3


def test_json_and_csv(watch, table):
    done = watch(table(task_2=0.5), "--json", "--delta", "0.03", "--prob", "0.9")
    document = json.loads(done.stdout)
    assert (document["delta"], document["prob"], document["drift"], document["new"]) == (0.03, 0.9, True, 400)
    assert [row["verdict"] for row in document["rows"]] == ["unmoved", "advanced"]
    rows = list(csv.DictReader(io.StringIO(watch(table(), "--csv").stdout)))
    assert [float(row["n_models"]) for row in rows] == [400.0, 400.0]


def test_a_table_without_fitted_records_says_what_cannot_be_told(watch, fitted, tmp_path):
    path = tmp_path / "only.csv"
    later(fitted, n=200).models[FIELDS].assign(task_9=0.5).to_csv(path, index=False)
    done = watch(path)
    assert done.exit_code == 0, done.output
    assert "whether a task was re-scored cannot be told" in done.stdout
    assert "Not in the fit, left out: 'task_9'." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--delta", "2"), "looks like a percentage"),
        (("--against", "hope"), "against: unknown choice 'hope'"),
        (("--task", "task_4"), "Task 'task_4' is not in this fit"),
        (("--flops", "1e22,1e23"), "--flops: give one number"),
        (("--prob", "0.3"), "prob must exceed 0.5"),
    ],
)
def test_bad_calls_exit_with_2(watch, table, arguments, words):
    done = watch(table(), *arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_fit_that_did_not_converge_exits_with_2(run, table, monkeypatch):
    bad = diagnosed(true_frontier(), r_hat=1.4)
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: bad)
    assert run("watch", "fit.nc", table()).exit_code == 2


def test_the_picture_shows_changes_over_the_forecast(fitted):
    found = bayes_frontier.watch(fitted, later(fitted, n=200, task_2=0.5))
    panel = plot_watch(found)
    dots = panel.collections[-1].get_offsets()
    np.testing.assert_allclose(dots[:, 0], found["median"].to_numpy())
    bare = plot_watch(found, visuals={"forecast": False, "zone": False})
    assert len(bare.collections) == len(panel.collections) - 1
    assert "forecast" in plot_watch(bayes_frontier.watch(fitted, later(fitted, n=200), against="forecast")).get_title(
        loc="left"
    ) + str(panel.get_xlabel())
