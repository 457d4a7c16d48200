"""HELM's run folders and tables of a release: main metric, splits, limits, names."""

import json
import math

import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.read import survey
from tests.evaluations import samples


def folder_of(tmp_path, **options):
    made = tmp_path / "runs" / "gsm"
    made.mkdir(parents=True)
    run = samples.helm_run(**options)
    for name in ("run_spec", "stats"):
        (made / f"{name}.json").write_text(json.dumps(run[name]))
    (made / "scenario_state.json").write_text("{ not read")
    (made / "per_instance_stats.json").write_text("[]")
    return made


def test_a_run_by_its_main_metric(tmp_path):
    made = folder_of(tmp_path)
    for path in (made, made.parent, made / "stats.json", made / "run_spec.json"):
        found = survey(path)
        row = found.tasks.loc["gsm"]
        assert (row["metric"], row["shots"], row["detail"]) == ("final_number_exact_match", "5", "split test")
        assert (row["median"], row["items_min"]) == (0.62, 90)
        assert "exact_match (1)" in row["others"]
        assert found.evaluations.models["model"].tolist() == ["meta/llama-3.1-8b-instruct"]


def test_the_limit_counts_the_instances_of_all_splits(tmp_path):
    made = folder_of(tmp_path, most=100)
    found = survey(made)
    assert found.left_out["reason"].tolist() == ["run with a limit"]
    assert found.left_out["detail"].tolist() == ["100 of at most 100 instances drawn"]
    assert read(made, limited=True).table["n_items"].tolist() == [90]
    # fewer than the limit were there: all of them were drawn
    assert survey(folder_of(tmp_path / "b", most=101)).n_used == 1
    # as many as HELM's own leaderboards draw
    assert survey(folder_of(tmp_path / "c", test=900, valid=100)).n_used == 1


def test_statistics_alone_do_not_name_a_model(tmp_path):
    path = tmp_path / "stats.json"
    path.write_text(json.dumps(samples.helm_run()["stats"]))
    with pytest.raises(DataError, match="without its run_spec.json, which names the model"):
        read(path)


def test_tables_of_a_release(tmp_path):
    path = tmp_path / "core_scenarios.json"
    path.write_text(json.dumps(samples.helm_tables()))
    found = survey(path)
    scored = found.tasks["scores"].to_dict()
    assert scored == {"MMLU": 2, "GSM8K": 1}
    assert found.tasks.loc["MMLU", "others"] == ("Observed inference time (s) (1)",)
    assert found.evaluations.models["base_model"].tolist() == ["llama-3.1-8b", "qwen2.5-7b"]
    assert found.left_out["reason"].tolist() == ["no score"]
    # one table in a file of its own
    path.write_text(json.dumps(samples.helm_tables()[0]))
    assert survey(path).n_used == 3


def test_a_list_of_runs(tmp_path):
    path = tmp_path / "runs.json"
    path.write_text(json.dumps([samples.helm_run(), samples.helm_run("qwen/qwen2.5-7b-instruct")]))
    assert read(path).n_models == 2


def test_damaged_runs_are_no_scores(tmp_path):
    made = folder_of(tmp_path)
    (made / "stats.json").write_text('[{"name": 3}, 4, {"name": {"name": "exact_match"}, "count": "x", "mean": NaN}]')
    found = survey(made)
    assert found.n_used == 0
    assert math.isnan(found.tasks["median"].max()) or found.tasks.empty
    (made / "run_spec.json").write_text("{")
    with pytest.raises(DataError, match="1 file that cannot be read"):
        survey(made)
