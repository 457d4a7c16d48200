"""Inspect AI logs, invented and real."""

import json

import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.read import survey
from bayes_frontier.evaluations.sources.inspect_ai import _model, recognises
from tests.evaluations.samples import inspect_log, packed_with_zstd, zipped

TASK = "inspect_evals/mmlu_0_shot"


@pytest.fixture
def put(tmp_path):
    def _put(log, name="log.eval"):
        path = tmp_path / name
        path.write_bytes(json.dumps(log).encode() if name.endswith(".json") else zipped(log))
        return path

    return _put


@pytest.mark.parametrize("name", ["log.eval", "log.json"])
def test_a_log_is_read_alike_in_both_forms(put, name):
    e = read(put(inspect_log(), name))
    assert e.source_format == "inspect_ai"
    assert e.models[TASK].tolist() == [0.75]
    assert e.models["model"].tolist() == ["meta-llama/Llama-3.1-8B-Instruct"]
    assert e.models["base_model"].tolist() == ["llama-3.1-8b"]
    assert e.table["n_items"].tolist() == [3]
    assert str(e.models["released"][0].date()) == "2025-03-14"  # UTC
    assert e.dropped["reason"].tolist() == ["metric without known bounds"]


def test_a_log_packed_with_zstd(tmp_path):
    path = tmp_path / "log.eval"
    data = packed_with_zstd({"header.json": json.dumps(inspect_log()).encode(), "samples/1.json": b"{}"})
    path.write_bytes(data)
    assert read(path).models[TASK].tolist() == [0.75]
    at = data.index(b"header.json") + len(b"header.json") + 20
    path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
    with pytest.raises(DataError, match="cannot be read"):
        read(path)


def test_a_declared_grade_is_a_score(put):
    e = read(put(inspect_log()), metrics={f"{TASK}/grade": {"floor": 1, "ceiling": 10}})
    assert e.models[f"{TASK}/grade"][0] == pytest.approx(5.5 / 9)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "cancelled", "results": None}, "log of a cancelled evaluation"),
        ({"status": "error", "error": {"message": "out of memory"}, "results": None}, "log of a failed evaluation"),
        ({"status": "started"}, "log of an evaluation that did not end"),
        ({"status": "cancelled"}, "log of a cancelled evaluation"),
        ({"invalidated": True}, "log invalidated"),
        ({"results": {}}, "no result in the file"),
    ],
)
def test_logs_that_did_not_succeed_are_refused_with_the_reason(put, change, reason):
    path = put(inspect_log() | change)
    with pytest.raises(DataError, match=f"{reason}: "):
        read(path, limited=True)
    found = survey(path)
    assert set(found.left_out["reason"]) == {reason}
    assert set(found.left_out["detail"]) == {change.get("error", {}).get("message", "")}


def test_a_log_that_never_ended_has_no_header(tmp_path):
    path = tmp_path / "log.eval"
    start = {key: value for key, value in inspect_log().items() if key in ("version", "eval", "plan")}
    path.write_bytes(zipped(None, start))
    with pytest.raises(DataError, match="did not end: 1"):
        read(path)


@pytest.mark.parametrize(
    "change", [{"dataset": {"samples": 100, "sample_ids": [1, 2, 3]}}, {"dataset": {}, "config": {"limit": 3}}]
)
def test_logs_of_a_part_of_the_samples_are_refused_unless_asked_for(put, change):
    log = inspect_log()
    log["eval"] |= change
    with pytest.raises(DataError, match="run with a limit: 2"):
        read(put(log))
    assert read(put(log), limited=True).n_scores == 1


def test_samples_without_a_result(put):
    log = inspect_log()
    log["results"]["completed_samples"] = 2
    with pytest.raises(DataError, match="samples without a result: 2"):
        read(put(log))


def test_the_first_version_of_the_format(put):
    log = inspect_log()
    log["version"] = 1
    log["results"] = {"scorer": {"name": "match"}, "metrics": {"accuracy": {"name": "accuracy", "value": 0.5}}}
    assert read(put(log)).models[TASK].tolist() == [0.5]


def test_other_metrics_on_request(put):
    log = inspect_log()
    log["results"]["scores"][0]["metrics"]["f1"] = {"value": 0.625}
    asked = read(put(log), tasks=[TASK, f"{TASK}/f1"])
    assert asked.models[[TASK, f"{TASK}/f1"]].iloc[0].tolist() == [0.75, 0.625]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("hf/meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("openai/azure/gpt-4o-mini", "openai/azure/gpt-4o-mini"),
        ("openai-api/host/Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B"),
        ("mockllm", "mockllm"),
        ("", ""),
    ],
)
def test_names_of_models(name, model):
    assert _model(name) == model


def test_an_archive_that_is_no_log(tmp_path, put):
    import zipfile

    path = tmp_path / "sheet.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(DataError, match="a zip archive or a spreadsheet, and no Inspect log"):
        read(path)
    assert not recognises({"eval": {"task": "x"}, "version": 2})
    assert not recognises({"eval": 1})


def test_a_folder_of_logs(put, tmp_path):
    put(inspect_log(), "a.eval")
    put(inspect_log("hf/Qwen/Qwen2.5-7B"), "b.json")
    put(inspect_log("hf/Qwen/Qwen2.5-14B", "cancelled"), "c.eval")
    (tmp_path / "d.eval").write_bytes(zipped(inspect_log())[:200])
    e = read(tmp_path)
    assert e.models["base_model"].tolist() == ["llama-3.1-8b", "qwen2.5-7b"]
    counts = e.dropped_by_reason().to_dict()
    assert counts["log of a cancelled evaluation"] == 2
    assert counts["file cannot be read"] == 1


@pytest.mark.real_data
def test_the_real_logs(shared_data):
    found = survey(shared_data / "inspect")
    assert found.source_format == "inspect_ai"
    assert found.n_rows == len(found.left_out) == 3
    assert found.evaluations is None
    assert found.left_out_by_reason().to_dict() == {"run with a limit": 3}
    assert set(found.left_out["detail"]) == {"1 of 14,042 samples", "10 of 100 samples", "2 of 500 samples"}
    whole = survey(shared_data / "inspect", limited=True)
    assert whole.left_out_by_reason().to_dict() == {"no base model": 3}
    assert whole.tasks["max"].tolist() == [0.0, 0.8, 1.0]


def _written(folder, name, **changes):
    log = inspect_log()
    log["eval"] |= {"task_id": "abc", "created": changes.pop("created", "2025-05-01T10:00:00+00:00")}
    for key, value in changes.items():
        log[key] = value
    (folder / f"{name}.json").write_text(json.dumps(log))
    return log


def test_of_the_logs_of_a_run_the_last_that_succeeded_counts(tmp_path):
    first = _written(tmp_path, "a")
    again = json.loads(json.dumps(first["results"]))
    again["scores"][0]["metrics"]["accuracy"]["value"] = 0.9
    _written(tmp_path, "b", created="2025-05-03T10:00:00+00:00", results=again)
    _written(tmp_path, "c", created="2025-05-04T10:00:00+00:00", status="error", error={"message": "no credit"})
    (tmp_path / "logs.json").write_text(json.dumps({"a.json": {"status": "success"}}))
    found = survey(tmp_path)
    # each log has a second scorer, on a scale that is not known
    reasons = found.left_out["reason"].value_counts()
    assert reasons.to_dict() == {
        "logged again later": 2,
        "log of a failed evaluation": 2,
        "metric without known bounds": 1,
    }
    assert found.evaluations.table["score"].max() == 0.9


def test_the_main_metric_is_the_one_declared(tmp_path):
    log = _written(tmp_path, "a")
    entry = log["results"]["scores"][0]
    entry["metrics"] = {"accuracy": {"value": 0.6}, "f1": {"value": 0.3}, "stderr": {"value": 0.05}}
    log["results"]["scores"] = [entry]
    name = {"scorer": entry.get("scorer"), "score": entry["name"]}
    # undeclared, what is recorded is only the first metric
    for declared, recorded, value in ((None, "f1", 0.6), ("f1", "f1", 0.3), ("gone", "accuracy", 0.6)):
        log["results"]["headline"] = name | {"metric": recorded}
        log["eval"]["headline_metric"] = None if declared is None else {"metric": declared}
        (tmp_path / "a.json").write_text(json.dumps(log))
        table = read(tmp_path).table
        assert table["score"].tolist() == [value]
        # the standard error is that of the mean
        assert table["standard_error"].tolist() == (
            [0.05] if value == 0.6 else pytest.approx([float("nan")], nan_ok=True)
        )
