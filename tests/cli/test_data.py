"""`bayes-frontier data show`."""

import json

import pandas as pd
import pytest

from tests.evaluations.samples import inspect_log, lm_eval_run


def test_the_summary_says_what_was_read_and_left_out(run, table):
    done = run("data", "show", table, "--periods", "2024-09-30,2024-12-31")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("table.csv (wide): 80 lines, 79 usable; 80 models on 2 tasks\nfingerprint ")
    assert "dates: 80 of 80 lines, 2024-" in done.stdout
    assert "compute: base model of 79 of 80 lines (8 base models), FLOPs of " in done.stdout
    assert "period to 2024-09-30" in done.stdout
    assert "left out, " in done.stdout


def test_json_counts_add_up(run, table):
    done = run("data", "show", table, "--periods", "2024-09-30,2024-12-31", "--json")
    found = json.loads(done.stdout)
    assert found["rows"] == {"unit": "line", "all": 80, "usable": 79}
    assert found["usable"] == {"models": 79, "base_models": 8, "scores": 158, "tasks": ["bbh", "math_lvl_5"]}
    assert sum(period["models"] for period in found["periods"]) == 79
    assert sum(task["scores"] for task in found["tasks"]) == 160
    assert sum(found["left_out"].values()) + found["rows"]["usable"] == found["rows"]["all"]
    assert len(found["fingerprint"]) == 64
    assert found["compute"]["flops"][0] < found["compute"]["flops"][1]
    assert found["dates"]["known"] == 80
    assert all(0 <= task["min"] <= task["median"] <= task["max"] <= 1 for task in found["tasks"])


def test_rows_left_out_are_listed_in_a_file(run, table, tmp_path):
    out = tmp_path / "left_out.csv"
    done = run("data", "show", table, "--dropped", out, "--json")
    json.loads(done.stdout)
    assert "1 row left out: listed in" in done.stderr
    frame = pd.read_csv(out)
    assert list(frame.columns) == ["source_row", "model", "reason", "detail"]
    assert len(frame) == 1
    assert frame["source_row"].tolist() == [2]


def test_tasks_can_be_chosen(run, table):
    found = json.loads(run("data", "show", table, "--tasks", "math_lvl_5", "--json").stdout)
    assert [task["task"] for task in found["tasks"]] == ["math_lvl_5"]


def test_copies_and_compute_can_be_chosen(run, tmp_path):
    path = tmp_path / "copied.csv"
    row = "llama-3.1-8b,1e22,0.512,0.423,0.334"
    path.write_text(f"model,base_model,flops,bbh,gpqa,musr\na/one,{row}\nb/two,{row}\n")
    plain, once, listed = (
        json.loads(run("data", "show", path, "--json", *options).stdout)
        for options in ((), ("--copies", "once"), ("--compute", "registry"))
    )
    assert [plain["rows"]["usable"], once["rows"]["usable"]] == [2, 1]
    assert plain["compute"]["flops"] == [1e22, 1e22]
    # 6 x 8.03e9 parameters x 15e12 tokens
    assert listed["compute"]["flops"] == pytest.approx([7.227e23] * 2, rel=1e-3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        ("hello\n", "not a table"),
        ("model,base_model,flops,bbh\na,b,1e22,55\n", "percentages"),
        ("model,base_model,flops,bbh\na,b,24,0.5\n", "log10"),
    ],
)
def test_a_bad_table_is_one_message(run, tmp_path, content, message):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    done = run("data", "show", path)
    assert done.exit_code == 2
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_list_that_cannot_be_written(run, table, tmp_path):
    done = run("data", "show", table, "--dropped", tmp_path / "nowhere" / "x.csv")
    assert done.exit_code == 2
    assert "--dropped: " in done.stderr
    assert done.stdout == ""


def test_the_group_alone_shows_its_help(run):
    done = run("data")
    assert "show" in done.output


def test_metrics_on_another_scale_are_declared_in_a_file(run, table, tmp_path):
    frame = pd.read_csv(table)
    frame["wer"] = 100 * (1 - frame["bbh"])
    path = tmp_path / "percent.csv"
    frame.to_csv(path, index=False)
    undeclared = run("data", "show", path)
    assert undeclared.exit_code == 0
    assert "not read as scores: 'wer' (lower is better by its name)" in undeclared.stdout
    metrics = tmp_path / "metrics.toml"
    metrics.write_text('[tasks.wer]\ndirection = "lower"\nceiling = 100\n')
    found = json.loads(run("data", "show", path, "--metrics", metrics, "--json").stdout)
    spread = {task["task"]: (task["min"], task["median"], task["max"]) for task in found["tasks"]}
    assert spread["wer"] == pytest.approx(spread["bbh"])
    done = run("fit", path, "--metrics", metrics, "--out", tmp_path / "fit.nc")
    assert done.exit_code == 0, done.output
    metrics.write_text("[tasks.wer]\ndirection = 'sideways'\n")
    done = run("data", "show", path, "--metrics", metrics)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert "choose 'higher', 'lower'" in done.stderr


def test_what_cannot_be_fitted_is_shown_all_the_same(run, tmp_path):
    path = tmp_path / "log.json"
    path.write_text(json.dumps(inspect_log("openai/gpt-4o", "cancelled")))
    done = run("data", "show", path, "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert (found["format"], found["fingerprint"], found["usable"]) == ("inspect_ai", None, None)
    assert found["left_out"] == {"log of a cancelled evaluation": 2}
    assert run("fit", path, "--out", tmp_path / "fit.nc").exit_code == 2


def test_limited_runs_on_request(run, tmp_path):
    path = tmp_path / "results_1.json"
    path.write_text(json.dumps(lm_eval_run(limit=5)))
    assert json.loads(run("data", "show", path, "--json").stdout)["left_out"] == {"run with --limit": 6}
    assert json.loads(run("data", "show", path, "--allow-limited", "--json").stdout)["left_out"] == {}
