"""Every Eval Ever records, invented and real."""

import json
import math

import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.metrics import Metric
from bayes_frontier.evaluations.read import survey
from bayes_frontier.evaluations.sources.every_eval_ever import _metric, deviations, recognises
from tests.evaluations.samples import eee_record


@pytest.fixture
def put(tmp_path):
    def _put(document, name="record.json"):
        path = tmp_path / name
        path.write_text(json.dumps(document))
        return path

    return _put


def test_results_are_scaled_by_their_own_metric(put):
    e = read(put(eee_record()))
    assert e.source_format == "every_eval_ever"
    assert e.models.loc[0, ["bench/qa", "bench/speech"]].tolist() == pytest.approx([0.625, 0.875])
    assert e.models["base_model"].tolist() == ["llama-3.1-8b"]
    assert e.table["n_items"].tolist() == [400, 400]
    assert str(e.models["released"][0].date()) == "2025-03-13"
    assert e.dropped["reason"].tolist() == ["metric without known bounds"]
    assert e.dropped["detail"].tolist() == ["task 'bench/arena': declare it (metrics)"]


def test_a_declaration_overrules_the_record(put):
    e = read(put(eee_record()), metrics={"bench/arena": {"floor": 750, "ceiling": 1750}})
    assert e.models["bench/arena"][0] == pytest.approx(0.5)
    assert e.n_scores == 3


@pytest.mark.parametrize(
    ("config", "metric"),
    [
        ({"min_score": 0, "max_score": 1}, Metric()),
        ({"min_score": 0, "max_score": 1, "lower_is_better": True}, Metric("lower")),
        ({"min_score": -1, "max_score": 1}, Metric("higher", -1.0, 1.0)),
        ({"metric_unit": "percent"}, Metric("higher", 0.0, 100.0)),
        ({"metric_unit": "proportion"}, Metric()),
        ({"metric_kind": "Accuracy"}, Metric()),
        ({"score_type": "binary"}, Metric()),
        ({"score_type": "levels", "level_names": ["low", "mid", "high"]}, Metric("higher", 0.0, 2.0)),
        ({"min_score": "-Infinity", "max_score": "Infinity"}, None),
        ({"min_score": 0, "max_score": None, "metric_unit": "percent"}, None),
        ({"min_score": 1, "max_score": 0}, None),
        ({"min_score": -1e308, "max_score": 1e308}, None),
        ({"metric_kind": "elo"}, None),
        ({}, None),
    ],
)
def test_ranges_of_metrics(config, metric):
    assert _metric(config) == (metric, "" if metric else "metric without known bounds")


def test_scores_that_cannot_be(put):
    record = eee_record()
    record["evaluation_results"][0]["score_details"]["score"] = 1.5
    record["evaluation_results"][1]["score_details"]["score"] = "12"
    record["evaluation_results"].append(eee_record()["evaluation_results"][0] | {"evaluation_name": "ok"})
    e = read(put(record))
    assert e.tasks == ("bench/ok",)
    assert e.dropped["reason"].tolist() == [
        "value outside the metric's bounds",
        "no score",
        "metric without known bounds",
    ]


def test_an_unknown_level_is_no_score(put):
    record = eee_record()
    result = record["evaluation_results"][0]
    result["metric_config"] = {"lower_is_better": False, "score_type": "levels", "level_names": ["a", "b"]}
    result["metric_config"]["has_unknown_level"] = True
    result["score_details"]["score"] = -1
    found = survey(put(record))
    assert found.left_out_by_reason()["no score"] == 1


def test_repeated_names_are_told_apart_by_their_metric(put):
    record = eee_record()
    first = record["evaluation_results"][0]
    again = json.loads(json.dumps(first))
    again["metric_config"]["metric_id"] = "f1"
    again["score_details"]["score"] = 0.5
    record["evaluation_results"] = [first, again]
    e = read(put(record))
    assert e.models.loc[0, ["bench/qa", "bench/qa/f1"]].tolist() == [0.625, 0.5]


def test_the_leaderboards_records_have_its_tasks(put):
    record = eee_record()
    record["evaluation_id"] = "hfopenllm_v2/x/1"
    record["evaluation_results"][0]["evaluation_name"] = "MATH Level 5"
    assert read(put(record)).tasks[0] == "math_lvl_5"
    record["evaluation_id"] = "helm/x/1"
    assert read(put(record)).tasks[0] == "helm/MATH Level 5"


def test_deviations_are_listed_not_fatal(put):
    assert list(deviations(eee_record())) == []
    record = eee_record() | {"schema_version": "0.9.0", "extra": 1}
    del record["eval_library"]
    record["source_metadata"]["evaluator_relationship"] = "friend"
    record["model_info"]["additional_details"] = {"params_billions": 8.03}
    del record["evaluation_results"][0]["source_data"]
    record["evaluation_results"].append("text")
    found = list(deviations(record))
    for words in ("0.9.0", "no eval_library", "evaluator_relationship", "unknown keys: extra", "holds other things"):
        assert any(words in line for line in found), words
    assert "no evaluation_results.source_data" in found
    assert "a result that is no object" in found
    e = read(put(record))
    assert e.n_scores == 2
    assert any(note.startswith("deviations from schema 0.3.0") and "no eval_library (1)" in note for note in e.notes)


def test_a_record_without_results(put):
    with pytest.raises(DataError, match="no result in the file: 1"):
        read(put(eee_record() | {"evaluation_results": None}))


def test_what_is_no_record():
    assert not recognises({"schema_version": "0.3.0", "sample_id": "1"})
    assert not recognises({"evaluation_results": []})
    assert not recognises([eee_record()])


def test_a_json_schema_is_no_record(put):
    with pytest.raises(DataError, match="JSON, but not of a kind that is read"):
        read(put({"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"evaluation_results": {}}}))


@pytest.mark.real_data
def test_the_real_records(shared_data, real_survey):
    found = survey(shared_data / "every_eval_ever")
    assert found.n_rows == found.n_used + len(found.left_out) == 25
    assert found.n_models == 5
    assert found.left_out_by_reason().to_dict() == {"no base model": 10}
    assert any("no eval_library (4)" in note for note in found.notes)
    assert any("eval.schema.json" in note for note in found.notes)
    board = real_survey("open_llm_leaderboard_v2.csv").evaluations.models.set_index("model")
    models = found.evaluations.models.set_index("model")
    for task in ("ifeval", "bbh", "math_lvl_5", "gpqa", "musr", "mmlu_pro"):
        # records are rounded to four decimals
        model = "0-hero/Matter-0.2-7B-DPO"
        assert math.isclose(models.loc[model, task], board.loc[model, task], abs_tol=5.1e-5), task


@pytest.mark.parametrize(
    ("uncertainty", "error"),
    [
        ({"standard_error": {"value": 0.02}, "num_samples": 400}, 0.02),
        ({"standard_error": {"value": 0.0}, "num_samples": 400}, None),
        ({"confidence_interval": {"lower": 0.4, "upper": 0.5, "confidence_level": 0.9}}, 0.0304),
        ({"confidence_interval": {"lower": 0.4, "upper": 0.5}}, 0.0255),
        ({"standard_deviation": 0.5, "num_samples": 400}, 0.025),
        ({"confidence_interval": {"lower": 0.5, "upper": 0.4}, "standard_deviation": "N/A"}, None),
    ],
)
def test_standard_errors_by_what_a_record_states(uncertainty, error, tmp_path):
    record = eee_record()
    record["evaluation_results"] = record["evaluation_results"][:1]
    record["evaluation_results"][0]["score_details"] |= {"score": 0.45, "uncertainty": uncertainty}
    (tmp_path / "x.json").write_text(json.dumps(record))
    found = read(tmp_path / "x.json").table["standard_error"].tolist()
    assert found == pytest.approx([math.nan if error is None else error], nan_ok=True, abs=1e-4)


def test_a_limit_of_a_private_data_set_is_text(tmp_path):
    record = eee_record()
    result = record["evaluation_results"][0]
    result["source_data"] = {
        "dataset_name": "quiz",
        "source_type": "other",
        "additional_details": {"samples_number": "10"},
    }
    result["score_details"]["uncertainty"] = {"num_samples": 3}
    (tmp_path / "x.json").write_text(json.dumps(record))
    assert "run with a limit" in survey(tmp_path / "x.json").left_out["reason"].tolist()
