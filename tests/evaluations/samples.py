"""Small invented sources of every format, valid as they stand; the tests bend them."""

import io
import json
import struct
import zipfile
import zlib

import pandas as pd
import pyarrow as pa

from bayes_frontier.evaluations.sources import open_llm as board


def lm_eval_run(model: str = "meta-llama/Llama-3.1-8B", *, groups: bool = True, limit: int | None = None) -> dict:
    """Every leaderboard task once; each subtask another value."""
    results: dict[str, dict[str, object]] = {}
    samples: dict[str, dict[str, int]] = {}

    def add(task: str, metric: str, value: object, n: int) -> None:
        results.setdefault(task, {"alias": task})[f"{metric},none"] = value
        results[task][f"{metric}_stderr,none"] = "N/A"
        samples[task] = {"original": n, "effective": n if limit is None else limit}

    for k, task in enumerate(board.BBH):
        add(task, "acc_norm", 0.30 + 0.01 * k, 187 if "causal" in task else 250)
    for k, task in enumerate(board.MUSR):
        add(task, "acc_norm", 0.35 + 0.05 * k, 250 if k != 1 else 256)
    for k, (task, n) in enumerate(board.GPQA.items()):
        add(task, "acc_norm", 0.25 + 0.02 * k, n)
    for k, (task, n) in enumerate(board.MATH.items()):
        add(task, "exact_match", 0.02 + 0.03 * k, n)
    add(board.MMLU_PRO, "acc", 0.321, 12032)
    add(board.IFEVAL, "prompt_level_strict_acc", 0.40, 541)
    add(board.IFEVAL, "inst_level_strict_acc", 0.52, 541)
    subtasks: dict[str, list[str]] = {task: [] for task in results}
    if groups:
        results["leaderboard"] = {" ": " ", "alias": "leaderboard"}
        results["leaderboard_gpqa"] = {"acc_norm,none": 0.2625, "alias": " - leaderboard_gpqa"}
        results["leaderboard_math_hard"] = {"exact_match,none": 0.0975}
        results["leaderboard_bbh"] = {"acc_norm,none": 0.999}
        subtasks |= {"leaderboard_gpqa": list(board.GPQA), "leaderboard_math_hard": list(board.MATH)}
        subtasks |= {"leaderboard_bbh": list(board.BBH), "leaderboard": ["leaderboard_bbh", "leaderboard_gpqa"]}
    return {
        "results": results,
        "group_subtasks": subtasks,
        "n-samples": samples,
        "higher_is_better": {task: {"acc_norm": True} for task in results},
        "config": {"model": "hf", "model_args": f"pretrained={model},dtype=bfloat16", "limit": limit},
        "date": 1741884380.5,
        "model_name": model,
        "lm_eval_version": "0.4.8",
    }


def eee_record(model: str = "meta-llama/Llama-3.1-8B-Instruct") -> dict:
    """Three results: a share, a percentage of which less is better, an unbounded one."""

    def result(name: str, score: float, **config: object) -> dict:
        return {
            "evaluation_name": name,
            "source_data": {"dataset_name": name, "source_type": "url", "url": ["https://example.org"]},
            "metric_config": {"lower_is_better": False, "score_type": "continuous", **config},
            "score_details": {"score": score, "uncertainty": {"num_samples": 400}},
        }

    return {
        "schema_version": "0.3.0",
        "evaluation_id": f"bench/{model}/1741884380.5",
        "evaluation_timestamp": "2025-03-13T16:46:20Z",
        "retrieved_timestamp": "1771884380.5",
        "source_metadata": {
            "source_name": "bench",
            "source_type": "evaluation_run",
            "source_organization_name": "Example",
            "evaluator_relationship": "third_party",
        },
        "eval_library": {"name": "lm_eval", "version": "0.4.8"},
        "model_info": {
            "name": model.rpartition("/")[2],
            "id": model,
            "additional_details": {"deployment_type": "self_deployed", "model_availability": "open_weights"},
        },
        "evaluation_results": [
            result("qa", 0.625, min_score=0.0, max_score=1.0),
            result("speech", 12.5, min_score=0, max_score=100, lower_is_better=True),
            result("arena", 1250.0, min_score=0, max_score="Infinity"),
        ],
    }


def inspect_log(model: str = "hf/meta-llama/Llama-3.1-8B-Instruct", status: str = "success") -> dict:
    """A log with two scorers."""

    def scorer(name: str, **metrics: float) -> dict:
        entries = {key: {"name": key, "value": value, "params": {}} for key, value in metrics.items()}
        return {"name": name, "scorer": name, "params": {}, "metrics": entries, "scored_samples": 3}

    return {
        "version": 2,
        "status": status,
        "eval": {
            "created": "2025-03-13T23:46:20-05:00",
            "task": "inspect_evals/mmlu_0_shot",
            "dataset": {"name": "cais/mmlu", "samples": 3, "sample_ids": [1, 2, 3]},
            "model": model,
            "config": {"limit": None, "epochs": 1},
        },
        "plan": {"name": "plan", "steps": []},
        "results": {
            "total_samples": 3,
            "completed_samples": 3,
            "scores": [scorer("choice", accuracy=0.75, stderr=0.1), scorer("grade", mean=6.5)],
        },
        "stats": {},
    }


def zipped(log: dict | None, start: dict | None = None, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The log as an .eval file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        archive.writestr("_journal/start.json", json.dumps(start or {}))
        archive.writestr("samples/1_epoch_1.json", "{}")
        if log is not None:
            archive.writestr("header.json", json.dumps(log))
    return out.getvalue()


def packed_with_zstd(members: dict[str, bytes]) -> bytes:
    """A zip archive whose members are compressed with zstd, as those of current logs are."""
    out = io.BytesIO()
    codec = pa.Codec("zstd")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), codec.compress(content, asbytes=True))
    data = bytearray(out.getvalue())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        central = archive.start_dir
        for entry in archive.infolist():
            content = members[entry.filename]
            for at, offsets in ((entry.header_offset, (8, 14, 22)), (central, (10, 16, 24))):
                method, crc, size = (at + offset for offset in offsets)
                struct.pack_into("<H", data, method, 93)
                struct.pack_into("<I", data, crc, zlib.crc32(content))
                struct.pack_into("<I", data, size, len(content))
            central += 46 + len(entry.filename.encode()) + len(entry.extra) + len(entry.comment)
    return bytes(data)


def lighteval_run(model: str = "Qwen/Qwen2.5-7B-Instruct", **general: object) -> dict:
    """Two tasks of lighteval, and the rows of means beside them."""
    return {
        "config_general": {"model_name": model, "max_samples": None} | general,
        "results": {
            "lighteval|sums|5|0": {"qem": 0.7, "qem_stderr": 0.01},
            "lighteval|arc:easy|0|0": {"acc": 0.8, "acc_norm": 0.75, "acc_norm_stderr": 0.01},
            "lighteval|arc:_average|0": {"acc": 0.8},
            "all": {"qem": 0.7, "acc": 0.8},
        },
        "config_tasks": {"lighteval|sums|5": {"original_num_docs": 100, "effective_num_docs": 100}},
    }


def v1_table() -> pd.DataFrame:
    """Five rows: a base model, two fine-tunes, one flagged, one of unknown size."""
    scores = {
        task: [60.5 + k, 50.25 + k, 40.0 + k, 70.0 + k, 30.0 + k]
        for k, task in enumerate(("arc", "hellaswag", "mmlu", "truthfulqa", "winogrande", "gsm8k"))
    }
    names = ["mistralai/Mistral-7B-v0.1", "me/odd-name", "me/Llama-2-13b-tuned", "me/contaminated", "me/what"]
    return pd.DataFrame(
        {
            "t": "?",
            "model": names,
            "average": 50.0,
            **scores,
            "type": ["🟢 pretrained", "💬 chat models", "🔶 fine-tuned", "", "🟩 continuously pretrained"],
            "architecture": ["MistralForCausalLM", "MistralForCausalLM", "LlamaForCausalLM", "LlamaForCausalLM", "?"],
            "params_b": [7, 7, 13, 7, 0],
            "flagged": ["TRUE", "TRUE", "TRUE", "FALSE", "TRUE"],
            "moe": "TRUE",
            "date": ["2023-12-01T10:00:00Z"] * 4 + [None],
            "fullname": names,
        }
    )


def proteus_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of three models and what is known of two of them."""
    run = lm_eval_run()["results"]
    columns = {
        f"{task}_{key.replace(',', '_')}": [value, value / 2, value / 4]
        for task, row in run.items()
        for key, value in row.items()
        if isinstance(value, float)
    }
    scores = pd.DataFrame({"model_id": ["Qwen/Qwen2.5-7B", "me/tuned", "me/alone"], **columns})
    models = pd.DataFrame(
        {
            "model_id": ["Qwen/Qwen2.5-7B", "me/tuned"],
            "mapped_base_model": ["Qwen/Qwen2.5-7B", "new/Base-3B"],
            "pretrain_compute_zflops": [820.0, 54.0],
            "last_modified": ["2025-01-12 02:03:04+00:00", "2025-06-05 16:22:55+00:00"],
            "num_params_B": [7.0, 3.0],
        }
    )
    return scores, models


def epoch_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Four runs and three models."""
    runs = pd.DataFrame(
        {
            "Model version": ["Llama-3.1-8B-Instruct", "closed-1_high", "closed-1_16K", "closed-2"],
            "mean_score": [0.26, 0.75, 0.5, 0.625],
            "Best score (across scorers)": [0.3, 0.9, 0.6, 0.7],
            "Release date": ["2024-07-23", "2025-02-01", "2025-02-01", "2025-03-01"],
            "Training compute (FLOP)": [1.224e24, 2e25, 2e25, None],
        }
    )
    models = pd.DataFrame(
        {
            "Model": ["Closed 2", "Llama 3.1-8B", "Old"],
            "Domain": "Language",
            "Publication date": ["2025-03-01", "2024-07-23", "2020-01-01"],
            "Parameters": [None, 8e9, 1e9],
            "Training compute (FLOP)": [3e25, 7e23, 5e9],
            "Base model": None,
        }
    )
    return runs, models


def helm_run(model: str = "meta/llama-3.1-8b-instruct", *, most: int = 1000, test: int = 90, valid: int = 10) -> dict:
    """Description and statistics of a run as they stand in a folder; its main metric is not the first one."""

    def stat(name: str, mean: float, split: str = "test", **more: object) -> dict:
        return {
            "name": {"name": name, "split": split, **more},
            "count": 1,
            "sum": mean,
            "sum_squared": 0.0,
            "mean": mean,
        }

    return {
        "run_spec": {
            "name": f"gsm:model={model.replace('/', '_')},stop=none",
            "adapter_spec": {"model": model, "method": "generation", "max_eval_instances": most},
            "groups": ["gsm"],
        },
        "stats": [
            *(stat("num_instances", test), stat("num_instances", valid, "valid"), stat("num_train_instances", 5.0)),
            *(stat("exact_match", 0.01), stat("final_number_exact_match", 0.62), stat("logprob", -3.0)),
            stat("final_number_exact_match", 0.1, "valid"),
            stat("final_number_exact_match", 0.5, perturbation={"name": "robustness"}),
            {"name": {"name": "training_co2_cost", "split": "test"}, "count": 0, "sum": 0, "sum_squared": 0},
        ],
    }


def helm_tables() -> list[dict]:
    """Tables of a released group: accuracy of two benchmarks, a mean, and times."""

    def column(group: str, metric: str, lower: bool, **more: str) -> dict:
        about = {"metric": metric, "run_group": group, **more}
        return {"value": f"{group} - {metric}", "lower_is_better": lower, "metadata": about}

    mean = {"value": "Mean win rate", "lower_is_better": False, "metadata": {}}
    scores = {
        "title": "Accuracy",
        "header": [
            *({"value": "Model"}, mean, column("MMLU", "EM", False), column("GSM8K", "EM", False)),
            column("MMLU", "EM", False, perturbation="Robustness"),
        ],
        "rows": [
            [{"value": "Llama 3.1 Instruct (8B)"}, {"value": 0.7}, {"value": 0.6}, {"value": 0.5}, {"value": 0.4}],
            [{"value": "Qwen2.5 Instruct (7B)"}, {"value": 0.2}, {"value": 0.55}, {}, {}],
        ],
        "name": "accuracy",
    }
    times = {
        "title": "Efficiency",
        "header": [{"value": "Model"}, column("MMLU", "Observed inference time (s)", True)],
        "rows": [[{"value": "Llama 3.1 Instruct (8B)"}, {"value": 0.3}]],
    }
    return [scores, times]


def evalscope_report(model: str = "Qwen/Qwen2.5-7B-Instruct", **more: object) -> dict:
    """A report of schema 2 whose main metric is the second of three."""

    def metric(name: str, score: float, kind: str = "quality", top: float = 1.0, how: str = "mean") -> dict:
        return {
            "identity": {"name": name, "aggregation": how, "dimensions": {}},
            "num": 200,
            "score": score,
            "macro_score": 0.0,
            "categories": [],
            "semantics": {"kind": kind, "direction": "higher_is_better", "value_range": {"min": 0.0, "max": top}},
        }

    return {
        "schema_version": 2,
        "name": f"{model}@quiz",
        "dataset_name": "quiz",
        "model_name": model,
        "metrics": [metric("accuracy", 0.4), metric("judge", 7.0, top=10.0), metric("length", 0.5, "diagnostic")],
        "primary_metric_identity": {"name": "judge", "aggregation": "mean", "dimensions": {}},
        "execution_summary": {"requested": 200, "succeeded": 200, "errored": 0, "incomplete": False},
        **more,
    }


POLYGLOT = """\
- dirname: 2025-05-01--one
  model: Qwen2.5-Coder-32B-Instruct
  test_cases: 225
  edit_format: diff
  pass_rate_1: 18.0
  pass_rate_2: 16.4
  num_malformed_responses: 3
  seconds_per_case: 42.1
  total_cost: 0.0000
  date: 2025-05-01

- dirname: 2025-05-02--two
  model: Llama-3.1-8B-Instruct
  test_cases: 225
  edit_format: whole
  pass_rate_1: 1.9
  pass_rate_2: 3.6
  num_malformed_responses: 230
  seconds_per_case: 17.3
  total_cost: 0.3236
  date: 2025-05-02
"""
"""A list in YAML with percentages beside counts, times and costs, as coding leaderboards keep theirs."""

BY_MODEL = {
    "Llama-3.1-8B-Instruct": {"link": "https://example.org/a", "pass@1": {"quiz": 61.5, "quiz+": 55.5}, "size": 8},
    "Qwen2.5-7B-Instruct": {"link": "https://example.org/b", "pass@1": {"quiz": 71.5, "quiz+": None}, "size": 7},
}
"""Records by model, with objects within them."""

MARKDOWN = """\
# Results

| Model | Maths | Reading |
|:------|------:|---------|
| [Llama-3.1-8B-Instruct](https://example.org) | **45.1%** | 0.5 |
| `Qwen2.5-7B-Instruct` | 61.0 % | N/A |

Some words after it.
"""

TRAINING_RUN = """\
_step,eval/c4-validation/CrossEntropyLoss,eval/downstream/quiz_acc,eval/downstream_soft_log/quiz_soft_log,\
throughput/total_tokens,throughput/total_training_Gflops,optim/learning_rate_group0,batch_size_in_tokens
1000,4.1,0.26,-1.3,4000000000,24000000000.0,0.0003,4000000
2000,3.2,0.35,-1.1,8000000000,48000000000.0,0.0002,4000000
"""
"""A run's log of evaluations: one row per step, no model."""
