"""``contamination``: the answer in three forms, pictures, bad input."""

import csv
import io
import json

import pytest

import bayes_frontier as bf
from bayes_frontier.plots import plot_contamination
from tests.analysis.test_contamination import leaderboard


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    evaluations = leaderboard(n=240, shift=0.6)
    path = tmp_path_factory.mktemp("contamination") / "board.csv"
    columns = ["model", "base_model", "flops", "released", "stage", *evaluations.tasks]
    evaluations.models[columns].to_csv(path, index=False)
    return path


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """Enough to see which side of zero a large shift lies on."""
    monkeypatch.setattr("bayes_frontier.analysis.contamination.BURN", 60)
    monkeypatch.setattr("bayes_frontier.analysis.contamination.KEPT", 100)


@pytest.fixture
def ask(run, table):
    return lambda *arguments: run("contamination", table, *arguments)


def test_text_says_what_the_verdict_does_not(ask, tmp_path):
    done = ask("--after", "2024-07-01", "--task", "maths", "--out", tmp_path / "c")
    assert done.exit_code == 0, done.output
    row = next(line for line in done.stdout.splitlines() if line.startswith("maths "))
    assert "shifted up" in row
    assert "Contamination would look like this; so would" in done.stdout
    assert "other analyses" in done.stdout
    assert (tmp_path / "c" / "contamination-maths.png").read_bytes().startswith(b"\x89PNG")


def test_json_has_the_other_analyses_and_quick_has_none(ask):
    arguments = ("--after", "2024-07-01", "--task", "maths", "--reference", "reading")
    document = json.loads(ask(*arguments, "--json").stdout)
    assert document["references"] == "reading"
    assert {"median", "lower", "upper", "verdict", "analysis", "task"} <= set(document["analyses"][0])
    assert document["rows"][0]["tipping"] > 0
    assert "analyses" not in json.loads(ask(*arguments, "--json", "--quick").stdout)


def test_csv_has_a_row_a_task(ask):
    done = ask("--after", "2024-07-01", "--quick", "--csv")
    assert [row["task"] for row in csv.DictReader(io.StringIO(done.stdout))] == ["maths", "reading", "logic"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--after", "1999-01-01"), "0 models up to 1999-01-01"),
        (("--after", "yesterday"), "--after: cannot read"),
        (("--after", "2024-07-01", "--task", "maths", "--reference", "maths"), "cannot be its own reference"),
        (("--after", "2024-07-01", "--task", "chess"), "no task 'chess'"),
        (("--after", "2024-07-01", "--delta", "2"), "looks like a percentage"),
    ],
)
def test_bad_calls_exit_with_2(ask, arguments, words):
    done = ask(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_pictures_of_one_task_and_of_several():
    found = bf.contamination(leaderboard(n=120), "2024-07-01", tasks=["maths", "logic"])
    rows = [label.get_text() for label in plot_contamination(found, task="maths").get_yticklabels()]
    assert rows[0] == "date 2024-07-01, as asked"
    assert "base models on both sides" in rows
    assert [label.get_text() for label in plot_contamination(found).get_yticklabels()] == ["maths", "logic"]
    with pytest.raises(bf.QueryError, match="task: unknown choice 'chess'"):
        plot_contamination(found, task="chess")
