"""``gate``: exit statuses, the answer in three forms, a picture, bad input."""

import csv
import io
import json

import numpy as np
import pytest

import bayes_frontier
from tests.checks.posteriors import diagnosed, true_frontier


@pytest.fixture(scope="module")
def fitted() -> bayes_frontier.Frontier:
    return diagnosed(true_frontier())


@pytest.fixture
def gate(run, fitted, monkeypatch):
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: fitted)
    return lambda *arguments: run("gate", "fit.nc", *arguments)


@pytest.fixture
def results(fitted, tmp_path):
    """Write the middle models of the fit, with changes."""

    def write(n=1, **columns):
        models = fitted.evaluations.models
        order = np.argsort((models["task_1"] - models["task_1"].median()).abs().to_numpy())[:n]
        frame = models.iloc[order][["model", "base_model", "flops", "released", "task_1", "task_2"]].assign(**columns)
        path = tmp_path / "results.csv"
        frame.to_csv(path, index=False)
        return path

    return write


def test_an_expected_model_passes(gate, results):
    done = gate(results())
    assert done.exit_code == 0, done.output
    assert "The model is as expected." in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.startswith(("task_", "all tasks"))]
    assert [row.endswith("as expected") for row in rows] == [True] * 3
    assert "Part of the fit itself" in done.stdout


def test_a_bad_model_stops_the_release(gate, results):
    done = gate(results(model="lab/new", task_1=0.0, task_2=0.0))
    assert done.exit_code == 1
    assert "The model is below what is expected." in done.stdout
    assert "Part of the fit" not in done.stdout


def test_only_the_side_asked_for_stops(gate, results):
    good = results(task_1=1.0, task_2=1.0)
    assert gate(good).exit_code == 1
    assert gate(good, "--fail-on", "below").exit_code == 0
    assert gate(good, "--fail-on", "above").exit_code == 1


def test_json_holds_models_and_rows(gate, results):
    done = gate(results(3), "--json")
    document = json.loads(done.stdout)
    assert (document["alpha"], document["correction"], document["flagged"]) == (0.05, "holm", done.exit_code == 1)
    assert len(document["models"]) == 3
    assert len(document["rows"]) == 9
    row = document["rows"][0]
    assert row["expected_lower"] < row["expected_median"] < row["expected_upper"]
    assert 0 < row["percentile"] < 1


def test_csv_has_a_row_a_task(gate, results):
    rows = list(csv.DictReader(io.StringIO(gate(results(2), "--csv", "--task", "task_2").stdout)))
    assert [row["task"] for row in rows] == ["task_2"] * 2


def test_several_models_take_a_row_each(gate, results, tmp_path):
    done = gate(results(4), "--out", tmp_path / "new")
    assert done.exit_code == 0, done.output
    assert sum(line.startswith("base-") for line in done.stdout.splitlines()) == 4
    assert "4 as expected." in done.stdout
    assert (tmp_path / "new" / "gate.png").read_bytes().startswith(b"\x89PNG")


def test_compute_beyond_the_fit_and_other_tasks_are_said(gate, results):
    done = gate(results(base_model="lab/huge", flops=1e27, task_9=0.5))
    assert "Not in the fit, left out: 'task_9'." in done.stdout
    assert "Beyond the fitted compute" in done.stdout
    assert "among models on new base models of this compute" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--task", "task_7"), "Task 'task_7' is not in this fit."),
        (("--alpha", "5"), "looks like a percentage"),
        (("--fail-on", "worse"), "--fail-on: unknown choice 'worse'"),
        (("--correction", "bonferroni"), "correction: unknown"),
        (("--flops", "1e22,1e23"), "give one number"),
        (("--released", "soon"), "cannot read 'soon' as a date"),
        (("--json", "--csv"), "leave one out"),
    ],
)
def test_bad_calls_exit_with_2(gate, results, arguments, words):
    done = gate(results(), *arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_missing_file_and_a_fit_that_did_not_converge_exit_with_2(gate, results, run, monkeypatch, tmp_path):
    assert gate(tmp_path / "nothing.json").exit_code == 2
    bad = diagnosed(true_frontier(), r_hat=1.4)
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: bad)
    done = run("gate", "fit.nc", results())
    assert done.exit_code == 2
    assert "did not converge, so there is nothing to compare with" in done.stderr
