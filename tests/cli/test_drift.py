"""``drift``: the answer in three forms, pictures, and a newer table that was re-scored."""

import csv
import io
import json

import pytest

import bayes_frontier
from bayes_frontier.text import probability_words
from tests.checks.posteriors import diagnosed, true_frontier


@pytest.fixture(scope="module")
def fitted() -> bayes_frontier.Frontier:
    return diagnosed(true_frontier(periods=3))


@pytest.fixture
def drift(run, fitted, monkeypatch):
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: fitted)
    return lambda *arguments: run("drift", "fit.nc", *arguments)


@pytest.fixture
def newer(fitted, tmp_path):
    """Write the fitted table with some scores changed."""

    def write(change):
        frame = fitted.evaluations.models.drop(columns=["period", "source_row", "stage", "cost"])
        change(frame)
        path = tmp_path / "newer.csv"
        frame.to_csv(path, index=False)
        return path

    return write


def test_text_has_a_row_a_task_with_change_and_verdict(drift, fitted):
    done = drift()
    assert done.exit_code == 0, done.output
    first, labels = done.stdout.splitlines()[:3], fitted.period_labels
    assert first[0] == "Hardly moved: task_1, task_2."
    assert f"between the periods '{labels[0]}' and '{labels[-1]}'" in first[2]
    rows = [line for line in done.stdout.splitlines() if line.startswith("task_")]
    # the same boundary in all periods
    assert [row.split()[-1] for row in rows] == ["stable", "stable"]
    assert probability_words(0.0) in rows[0]


def test_steps_flops_and_tasks_multiply_rows(drift, fitted):
    done = drift("--steps", "--flops", "1e22,1e24", "--task", "task_2", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == 6
    assert {row["task"] for row in rows} == {"task_2"}
    assert {float(row["flops"]) for row in rows} == {1e22, 1e24}
    assert {(row["since"], row["until"]) for row in rows} == {
        (fitted.period_labels[i], fitted.period_labels[j]) for i, j in ((0, 1), (1, 2), (0, 2))
    }


def test_json_is_one_document(drift):
    document = json.loads(drift("--json", "--delta", "0.05", "--prob", "0.8").stdout)
    assert (document["delta"], document["prob"], document["converged"]) == (0.05, 0.8, True)
    assert [row["verdict"] for row in document["rows"]] == ["stable", "stable"]
    assert "rescored" not in document


def test_a_rescored_task_is_named_and_gets_no_verdict_on_drift(drift, newer):
    def rescore(frame):
        frame["task_2"] = (frame["task_2"] + 0.1).clip(upper=1.0)

    done = drift("--table", newer(rescore))
    assert done.exit_code == 0, done.output
    rows = [line for line in done.stdout.splitlines() if line.startswith("task_")]
    assert rows[0].endswith("stable")
    assert rows[1].endswith("re-scored")
    assert "task_2 was re-scored: 2,400 of 2,400 shared scores differ" in done.stdout
    document = json.loads(drift("--table", newer(rescore), "--json").stdout)
    assert document["rescored"] == ["task_2"]
    assert document["shared"] == 2400


def test_a_newer_table_with_the_same_scores_is_said_to_be_so(drift, newer):
    done = drift("--table", newer(lambda frame: None))
    assert "No task was re-scored" in done.stdout
    assert [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("task_1 ")] == ["stable"]


def test_pictures_one_a_compute(drift, tmp_path):
    assert drift("--out", tmp_path / "a").exit_code == 0
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["drift.png"]
    done = drift("--flops", "1e22,1e24", "--task", "task_1", "--out", tmp_path / "b")
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["drift-1e22.png", "drift-1e24.png"]
    assert "drift-1e24.png" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--delta", "2"], "--delta: 2 looks like a percentage: write 0.02"),
        (["--delta", "0.1,0.2"], "--delta: give one number"),
        (["--prob", "0.4"], "prob must exceed 0.5"),
        (["--flops", "24"], "looks like log10"),
        (["--task", "task_9"], "Did you mean 'task_"),
        (["--json", "--csv"], "--json and --csv"),
        (["--table", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_a_wrong_call_has_status_2(drift, arguments, words):
    done = drift(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_an_unconverged_fit_has_no_verdicts(run, monkeypatch):
    frontier = diagnosed(true_frontier(periods=3), r_hat=1.4)
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: frontier)
    done = run("drift", "fit.nc")
    assert done.exit_code == 0
    assert "every verdict is unknown" in done.stdout
    assert "did not converge" in done.stderr
