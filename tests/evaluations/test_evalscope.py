"""Reports of EvalScope: main metric, bounds, limits that only the configuration tells, both schemas."""

import json

import pytest

from bayes_frontier.evaluations.read import survey
from tests.evaluations import samples


def written(tmp_path, report, config: str | None = None):
    path = tmp_path / "20250501_120000" / "reports" / "Qwen2.5-7B-Instruct" / "quiz.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(report))
    if config is not None:
        (tmp_path / "20250501_120000" / "configs").mkdir()
        (tmp_path / "20250501_120000" / "configs" / "task_config.yaml").write_text(config)
    return path


def test_the_main_metric_on_its_scale_and_the_day_of_the_run(tmp_path):
    path = written(tmp_path, samples.evalscope_report(), "limit: null\nmodel: x\n")
    found = survey(path)
    assert list(found.tasks.index) == ["quiz"]
    row = found.tasks.loc["quiz"]
    assert (row["metric"], row["median"], row["items_min"]) == ("judge", pytest.approx(0.7), 200)
    assert row["others"] == ("accuracy (1)",)
    assert str(found.dated[1]) == "2025-05-01"
    assert survey(path, tasks="quiz/accuracy").tasks["median"].tolist() == [0.4]
    assert survey(tmp_path).n_used == 1


def test_a_limit_stands_in_the_configuration_only(tmp_path):
    path = written(tmp_path, samples.evalscope_report(), "limit: 10\n")
    assert survey(path).left_out["reason"].tolist() == ["run with a limit"]
    assert survey(path, limited=True).n_used == 1


def test_what_was_not_completed(tmp_path):
    summary = {"requested": 200, "succeeded": 150, "errored": 50, "incomplete": True}
    path = written(tmp_path, samples.evalscope_report(execution_summary=summary))
    left = survey(path).left_out
    assert left["reason"].tolist() == ["samples without a result"]
    assert left["detail"].tolist() == ["150 of 200 samples completed"]


def test_the_first_schema(tmp_path):
    report = {
        "name": "m@quiz",
        "dataset_name": "quiz",
        "model_name": "Qwen/Qwen2.5-7B-Instruct",
        "score": 0.61,
        "metrics": [{"name": "AverageAccuracy", "num": 100, "score": 0.61, "categories": []}],
    }
    row = survey(written(tmp_path, report)).tasks.loc["quiz"]
    assert (row["metric"], row["median"], row["items_min"]) == ("accuracy", 0.61, 100)


def test_other_ways_to_aggregate_are_tasks_of_their_own(tmp_path):
    report = samples.evalscope_report(primary_metric_identity=None)
    report["metrics"][1]["identity"] = {"name": "accuracy", "aggregation": "pass_at_k", "dimensions": {"k": 4}}
    assert sorted(survey(written(tmp_path, report)).tasks.index) == ["quiz", "quiz/pass_at_k"]
