"""`bayes-frontier data diff` and `data combine`, and what a fit refuses."""

import csv
import io
import json

import pandas as pd
import pytest

import bayes_frontier as bf


@pytest.fixture
def anew(table, tmp_path):
    """The small table with one task scored 0.05 higher, a model less and one more."""
    frame = pd.read_csv(table)
    frame["math_lvl_5"] = (frame["math_lvl_5"] + 0.05).clip(upper=1)
    frame = pd.concat([frame.iloc[:-1], frame.iloc[[-1]].assign(model="org/new")])
    path = tmp_path / "later.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_task_scored_anew_is_warned_of(run, table, anew):
    done = run("data", "diff", table, anew)
    assert done.exit_code == 0, done.output
    assert "78 shared records, 1 added, 1 removed" in done.stdout
    assert "Warning: math_lvl_5 was re-scored: 78 of 78 shared scores differ" in done.stderr
    kinds = dict(line.split()[:2] for line in done.stdout.splitlines()[3:] if line)
    assert kinds["math_lvl_5"] == "re-scored"
    assert list(kinds.values()).count("same") == 1


def test_json_and_csv_hold_the_same(run, table, anew):
    found = json.loads(run("data", "diff", table, anew, "--json", "--tau", "0.9").stdout)
    assert (found["shared"], found["added"], found["removed"], found["tau"]) == (78, 1, 1, 0.9)
    assert found["rescored"] == ["math_lvl_5"]
    rows = {row["task"]: row for row in found["rows"]}
    assert rows["math_lvl_5"]["mean_shift"] == pytest.approx(0.05, abs=0.005)
    listed = list(csv.DictReader(io.StringIO(run("data", "diff", table, anew, "--csv", "--tau", "0.9").stdout)))
    assert {row["task"]: row["kind"] for row in listed} == {task: row["kind"] for task, row in rows.items()}


def test_every_change_is_listed(run, table, anew, tmp_path):
    out = tmp_path / "changes.csv"
    done = run("data", "diff", table, anew, "--changes", out)
    frame = pd.read_csv(out)
    assert frame["change"].value_counts().to_dict() == {"score": 78, "added": 1, "removed": 1}
    assert frame.loc[frame["change"] == "added", "model"].tolist() == ["org/new"]
    assert "80 changes listed" in done.stderr


def test_the_same_table_twice(run, table):
    done = run("data", "diff", table, table)
    assert "same content" in done.stdout
    assert done.stderr == ""


def test_tables_are_combined_into_one_that_is_read_back(run, table, anew, tmp_path):
    out = tmp_path / "all.csv"
    refused = run("data", "combine", table, anew, "--out", out)
    assert refused.exit_code == 2
    assert "do not score math_lvl_5 alike" in refused.stderr
    assert not out.exists()
    done = run("data", "combine", table, anew, "--out", out, "--rescored", "first", "--dropped", tmp_path / "d.csv")
    assert done.exit_code == 0, done.output
    assert "80 models" in done.stdout
    whole = bf.combine(bf.read(table), bf.read(anew), rescored="first")
    assert bf.read(out).fingerprint == whole.fingerprint
    assert len(pd.read_csv(tmp_path / "d.csv")) == len(whole.dropped)


def test_items_are_kept_in_parquet(run, table, tmp_path):
    frame = pd.read_csv(table)
    parts = []
    for task, items in zip(frame.columns[-2:], (6511, 1324), strict=True):
        path = tmp_path / f"{task}.csv"
        frame[["model", "base_model", "flops", "released", task]].assign(n_items=items).to_csv(path, index=False)
        parts.append(path)
    out = tmp_path / "all.parquet"
    assert run("data", "combine", *parts, "--out", out).exit_code == 0
    back = bf.read(out)
    assert back.source_format == "long"
    assert back.fingerprint == bf.combine(*map(bf.read, parts)).fingerprint
    assert sorted(back.table["n_items"].unique()) == [1324, 6511]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "x.txt"], "x.txt ends in none of .csv, .parquet"),
        (["--out", "x.csv", "--rescored", "most"], "rescored: unknown choice 'most'"),
        (["--out", "nowhere/x.csv"], "--out: there is no folder nowhere"),
    ],
)
def test_bad_choices_are_one_message(run, table, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    frame = pd.read_csv(table)
    frame.assign(model=frame["model"] + "x").to_csv(tmp_path / "other.csv", index=False)
    done = run("data", "combine", table, tmp_path / "other.csv", *arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_fit_refuses_two_scorings(table, anew):
    both = pd.concat([pd.read_csv(table), pd.read_csv(anew)], ignore_index=True)
    with pytest.raises(bf.DataError, match="DataFrame mixes scorings"):
        bf.fit(bf.read(both))
