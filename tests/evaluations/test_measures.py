"""Which measure a score is: names that match, numbers that are none, and tasks told apart by what was measured."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.combine import combine
from bayes_frontier.evaluations.measures import Measure, lower_is_better, match_task, not_a_score, shots_of
from bayes_frontier.evaluations.read import survey
from tests.evaluations.samples import eee_record, inspect_log, lighteval_run

BASES = ("meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.2-3B", "Qwen/Qwen2.5-7B")


@pytest.fixture
def put(tmp_path):
    """Write documents to a folder, named in their order."""

    def _put(*documents):
        for k, document in enumerate(documents):
            (tmp_path / f"{k}.json").write_text(json.dumps(document))
        return tmp_path

    return _put


def run(model: str, results: dict, **further: object) -> dict:
    """One result file of the harness."""
    return {"results": results, "config": {"model_args": f"pretrained={model}"}, "model_name": model} | further


# ---------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("math_lvl_5", "math_lvl_5"),
        ("MATH Lvl 5", "math_lvl_5"),
        ("MATH Lvl 5 Raw", "math_lvl_5"),
        ("MATH", "math_lvl_5"),
        ("math", "math_lvl_5"),
        ("leaderboard_math_hard", "math_lvl_5"),
        ("MMLU-PRO", "mmlu_pro"),
        ("mmlu", None),  # another benchmark
        ("", None),
        ("gpq", None),
    ],
)
def test_names_that_read_alike_are_one_task(name, task):
    assert match_task(name, ("ifeval", "bbh", "math_lvl_5", "gpqa", "musr", "mmlu_pro")) == task


def test_a_name_that_two_tasks_have_is_not_guessed():
    assert match_task("A b", ("a_b", "a-b")) is None
    assert match_task("a-b", ("a_b", "a-b")) == "a-b"
    assert match_task("math", ("math", "math_lvl_5")) == "math"


# -------------------------------------------------------------------------------------------- numbers that are none


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(
            (name, "standard error or interval")
            for name in ("gsm8k_stderr", "Accuracy SE", "std", "Score 95% CI", "ci_low")
        ),
        *((name, "standard error or interval") for name in ("Standard error", "acc_std", "Pass@1 Standard Error")),
        *((name, "count") for name in ("n_samples", "sample_len", "num_questions", "nq_spatial", "votes", "N")),
        *((name, "number of shots") for name in ("Shots", "n_shot", "num_fewshot", "few_shot")),
        *((name, "cost") for name in ("cost_usd", "Avg. Cost ($)", "price")),
        *((name, "amount of tokens") for name in ("output_tokens", "tokens")),
        *((name, "time") for name in ("latency", "eval_time", "Time horizon")),
        *((name, "size") for name in ("n_params", "model_size", "context_length")),
        *((name, "flag") for name in ("is_merged", "contaminated", "flagged")),
        *(
            (name, "")
            for name in ("gsm8k", "mmlu_5_shot", "arc_se", "120k token score", "pass@1", "step_game", "maths")
        ),
    ],
)
def test_numbers_are_told_by_their_names(name, kind):
    assert not_a_score(name) == kind


def test_a_language_code_is_an_uncertainty_beside_its_score_only():
    assert not_a_score("arc_se", {"arc", "mmlu"}) == "standard error or interval"
    assert not_a_score("arc_se", {"arc_de"}) == ""


def test_directions_by_name():
    lower = ("wer", "Calibration Error", "brier_score", "refusal_rate", "perplexity", "eval_loss", "hallucination_rate")
    assert all(map(lower_is_better, lower))
    assert not any(
        map(lower_is_better, ("acc", "error_correction", "win_rate", "toxigen", "truthfulness", "lossless_qa"))
    )


def test_shots_are_read_as_they_are_written():
    assert [shots_of(v) for v in (5, 5.0, "5", "5-shot", "25 shots", "0", "few", None, True, -1, "5.5")] == [
        *("5", "5", "5", "5", "25", "0", "", "", "", "", "")
    ]


def test_a_wide_table_keeps_the_scores_only(wide):
    table = wide.assign(
        bbh_stderr=0.01, wer=[0.1, 0.2, 0.3, 0.2], n_shot=[0, 0, 5, 5], seen=[0, 1, 1, 0], n_params=7e9, cost_total=3.5
    )
    e = read(table)
    assert e.tasks == ("bbh", "gpqa")
    note = next(note for note in e.notes if note.startswith("not read as scores"))
    for words in ("'wer' (lower is better", "'seen' (only 0 and 1", "'n_params' (size)"):
        assert words in note
    assert any("'n_shot' differs between rows (0 (2), 5 (2))" in note for note in e.notes)
    declared = read(table, metrics={"wer": {"direction": "lower"}, "bbh_stderr": {}})
    assert declared.tasks == ("bbh", "gpqa", "bbh_stderr", "wer")
    assert declared.models["wer"].tolist() == pytest.approx([0.9, 0.8, 0.7, 0.8])
    assert read(table, tasks=["seen", "bbh"]).tasks == ("bbh", "seen")
    with pytest.raises(DataError, match="'wer': lower is better by its name, and not declared"):
        read(table, tasks=["wer"])


def test_a_table_without_any_score_says_what_its_numbers_are(wide):
    with pytest.raises(DataError, match=r"no task column.*'n_tokens' \(amount of tokens\)"):
        read(wide[["model", "base_model", "flops"]].assign(n_tokens=5.0))


def test_zeros_alone_are_scores(wide):
    assert read(wide.assign(hard=0, solved=1)).tasks == ("bbh", "gpqa", "hard", "solved")


def test_small_whole_numbers_are_not_called_percentages(wide):
    with pytest.raises(DataError) as caught:
        read(wide.assign(judge=[7.1, 6.4, 8.2, 3.0]))
    assert "percent" not in str(caught.value)
    assert "tasks wanted (tasks)" in str(caught.value)
    assert "floor and ceiling (metrics)" in str(caught.value)


def test_percentages_and_fractions_in_one_column_are_an_error(wide):
    with pytest.raises(DataError, match="the column mixes both"):
        read(wide.assign(bbh=[51.0, 0.47, 33.0, 0.29]))


# ------------------------------------------------------------------------------------------------- long tables


def test_a_long_table_tells_metrics_shots_and_splits_apart(long):
    acc = long.assign(metric="acc", fewshot=5, split="test")
    e = read(acc)
    assert e.tasks == ("bbh", "gpqa")
    assert e.measures["bbh"] == Measure("acc", shots="5", detail="split test", scale="share, 0 to 1")
    zero = acc.assign(fewshot=0, score=acc["score"] / 2)
    other = acc.assign(metric="acc_norm", score=acc["score"] / 4)
    for order in ([acc, zero, other], [other, zero, acc]):
        whole = read(pd.concat(order, ignore_index=True))
        assert set(whole.tasks) == {
            f"{task}/{rest}" for task in ("bbh", "gpqa") for rest in ("acc/5-shot", "acc/0-shot", "acc_norm/5-shot")
        }
        assert whole.models["bbh/acc/0-shot"].dropna().tolist() == pytest.approx((e.models["bbh"] / 2).tolist())


def test_lines_that_are_no_scores_are_left_out_by_that_reason(long):
    more = pd.concat(
        [
            long.assign(metric="acc"),
            long.assign(metric="acc_stderr", score=0.01),
            long.assign(metric="wer"),
            long.assign(metric="sample_len", score=1319.0),
        ],
        ignore_index=True,
    )
    e = read(more)
    assert e.tasks == ("bbh", "gpqa")
    assert e.dropped_by_reason().to_dict() == {"not a score": 24}
    assert set(e.dropped["detail"]) == {
        "standard error or interval",
        "count",
        "lower is better by its name: declare it (metrics)",
    }
    e = read(more, metrics={"bbh/wer": {"direction": "lower"}})
    assert e.tasks == ("bbh/acc", "gpqa", "bbh/wer")
    assert e.models["bbh/wer"].max() == pytest.approx(1 - long["score"][long["task"] == "bbh"].min())


# ------------------------------------------------------------------------------------------------- result files


def test_one_metric_of_a_task_whatever_the_order(put, tmp_path):
    files = [
        run(BASES[0], {"sciqa": {"acc_norm,none": 0.41, "acc,none": 0.62}}),
        run(BASES[1], {"sciqa": {"acc,none": 0.60}}),
        run(BASES[2], {"sciqa": {"acc,none": 0.55, "acc_norm,none": 0.39}}),
    ]
    for order in itertools.permutations(files):
        e = read(put(*order))
        assert e.tasks == ("sciqa",)
        assert sorted(e.models["sciqa"]) == [0.55, 0.60, 0.62]
        assert e.measures["sciqa"] == Measure("acc", "none", scale="share, 0 to 1", others=("acc_norm (2)",))
    assert "task sciqa: 3 scores, 0.550 to 0.620; acc, filter none" in survey(tmp_path).summary()
    asked = read(tmp_path, tasks=["sciqa/acc_norm"])
    assert sorted(asked.models["sciqa/acc_norm"]) == [0.39, 0.41]


def test_a_run_without_the_common_metric_is_a_task_of_its_own(put):
    e = read(
        put(
            run(BASES[0], {"qa": {"exact_match,strict-match": 0.5, "exact_match,flexible-extract": 0.6}}),
            run(BASES[1], {"qa": {"exact_match,strict-match": 0.4}}),
            run(BASES[2], {"qa": {"exact_match,flexible-extract": 0.9}}),
        )
    )
    assert e.tasks == ("qa", "qa/exact_match/flexible-extract")
    assert e.models["qa"].dropna().tolist() == [0.5, 0.4]
    assert e.models["qa/exact_match/flexible-extract"].dropna().tolist() == [0.9]


def test_a_share_comes_before_what_needs_a_declaration(put):
    both = {"text": {"word_perplexity,none": 12.0, "acc,none": 0.5}}
    e = read(put(run(BASES[0], both), run(BASES[1], {"text": {"word_perplexity,none": 11.0}})))
    assert e.models["text"].tolist() == [0.5]
    assert e.dropped["reason"].tolist() == ["metric without known bounds"]


def test_shots_are_part_of_a_task(put, tmp_path):
    five, zero = ({"n-shot": {"qa": n}} for n in (5, 0))
    e = read(put(run(BASES[0], {"qa": {"acc,none": 0.5}}, **five), run(BASES[1], {"qa": {"acc,none": 0.4}}, **zero)))
    assert e.tasks == ("qa/5-shot", "qa/0-shot")
    e = read(put(run(BASES[0], {"qa": {"acc,none": 0.5}}, **five), run(BASES[1], {"qa": {"acc,none": 0.4}})))
    assert e.tasks == ("qa",)
    assert e.measures["qa"].words() == "acc, filter none, 5-shot, shots of 1 of 2 not stated"


def test_counts_and_labels_are_no_metrics(put):
    row = {
        "name": "qa",
        "alias": "qa",
        "sample_len": 10,
        "sample_count": {"error_rate,none": 10},
        "error_rate,none": 0.8,
    }
    path = put(run(BASES[0], {"qa": row}, higher_is_better={"qa": {"error_rate": False}}))
    assert survey(path).left_out_by_reason().to_dict() == {"metric without known bounds": 1}
    declared = read(path, metrics={"qa": {"direction": "lower"}})
    assert declared.models["qa"].tolist() == pytest.approx([0.2])


def test_a_declaration_renames_a_task_so_that_sources_agree(put):
    path = put(run(BASES[0], {"qa": {"acc,none": 0.5, "acc_norm,none": 0.4}}))
    e = read(path, tasks=["questions"], metrics={"qa/acc": {"name": "questions"}})
    assert e.tasks == ("questions",)
    assert e.models["questions"].tolist() == [0.5]
    assert e.measures["questions"].metric == "acc"


def test_two_columns_become_one_task_unless_a_row_has_both(wide):
    table = wide.assign(bbh_old=[0.5, np.nan, np.nan, np.nan], bbh=[np.nan, *wide["bbh"][1:]])
    e = read(table, metrics={"bbh_old": {"name": "bbh"}})
    assert e.tasks == ("bbh", "gpqa")
    assert e.models["bbh"].tolist() == [0.5, *wide["bbh"][1:]]
    assert "tasks renamed as declared: 'bbh_old' as 'bbh'" in e.notes
    with pytest.raises(DataError, match=r"cannot both be 'bbh': row 1"):
        read(table.assign(bbh=0.4), metrics={"bbh_old": {"name": "bbh"}})
    with pytest.raises(DataError, match="cannot be called 'flops'"):
        read(table, metrics={"bbh_old": {"name": "flops"}})


# ---------------------------------------------------------------------------------------------- Every Eval Ever


def two_metrics(first: dict, second: dict) -> dict:
    record = eee_record()
    result = record["evaluation_results"][0]
    record["evaluation_results"] = []
    for k, config in enumerate((first, second)):
        made = json.loads(json.dumps(result))
        made["metric_config"] |= config
        made["score_details"]["score"] = 0.25 + 0.5 * k
        record["evaluation_results"].append(made)
    return record


def test_parameters_of_a_metric_tell_tasks_apart(put):
    record = two_metrics(
        {"metric_id": "pass_at_k", "metric_parameters": {"k": 1.0}},
        {"metric_id": "pass_at_k", "metric_parameters": {"k": 16}},
    )
    e = read(put(record))
    assert e.tasks == ("bench/qa/pass_at_k[k=1]", "bench/qa/pass_at_k[k=16]")
    # another record with one of them joins its task, not the other's
    record["evaluation_results"].reverse()
    other = two_metrics({"metric_id": "pass_at_k", "metric_parameters": {"k": 16}}, {"metric_id": "f1"})
    other["model_info"]["id"] = "lab/Llama-3.1-8B-other"
    e = read(put(record, other))
    assert e.models["bench/qa/pass_at_k[k=16]"].tolist() == [0.75, 0.25]


def test_metrics_of_one_name_are_told_apart_by_their_label_or_place(put):
    e = read(put(two_metrics({"metric_id": "m", "metric_name": "m easy"}, {"metric_id": "m", "metric_name": "m hard"})))
    assert e.tasks == ("bench/qa/m easy", "bench/qa/m hard")
    record = two_metrics({"metric_id": "m"}, {"metric_id": "m"})
    for k, result in enumerate(record["evaluation_results"]):
        result["evaluation_result_id"] = f"r{k}"
    assert read(put(record)).tasks == ("bench/qa/r0", "bench/qa/r1")


def test_an_evaluation_called_after_its_benchmark_is_named_once(put):
    record = eee_record()
    record["evaluation_results"][0]["evaluation_name"] = "bench/strict"
    assert read(put(record)).tasks[0] == "bench/strict"


def test_a_record_of_a_limited_run_is_refused(put):
    record = eee_record()
    record["evaluation_results"] = record["evaluation_results"][:1]
    record["evaluation_results"][0]["source_data"]["samples_number"] = 4000
    found = survey(put(record))
    assert found.left_out[["reason", "detail"]].iloc[0].tolist() == ["run with a limit", "400 of 4,000 samples"]
    assert read(put(record), limited=True).n_scores == 1
    record["evaluation_results"][0]["source_data"]["samples_number"] = 400
    record["evaluation_results"][0]["score_details"]["uncertainty"]["num_samples"] = 3
    del record["evaluation_results"][0]["source_data"]["samples_number"]
    assert any("1 result on fewer than 30 items ('bench/qa')" in note for note in read(put(record)).notes)


def test_a_record_of_an_adapter_is_the_adapters(put):
    record = eee_record("meta-llama/Llama-3.1-8B")
    record["model_info"]["additional_details"] = {"model_args": "pretrained=meta-llama/Llama-3.1-8B,peft=lab/adapter"}
    e = read(put(record))
    assert e.models[["model", "base_model"]].iloc[0].tolist() == ["lab/adapter", "llama-3.1-8b"]
    assert str(e.models["released"][0].date()) == "2025-03-13"  # the evaluation's, not the base model's


# --------------------------------------------------------------------------------------------------- Inspect AI


def scored(*entries: dict, **config: object) -> dict:
    log = inspect_log()
    log["results"]["scores"] = list(entries)
    log["eval"]["config"] = config
    return log


def entry(name: str, value: float, **further: object) -> dict:
    return {"name": name, "scorer": name, "metrics": {"accuracy": {"name": "accuracy", "value": value}}} | further


TASK = "inspect_evals/mmlu_0_shot"


def test_reducers_of_epochs_are_tasks_whatever_their_order(put):
    mean, best = entry("match", 0.25, reducer="mean"), entry("match", 0.75, reducer="pass_at_4")
    for logs in ([scored(mean, best), scored(best, mean)], [scored(best, mean), scored(mean, best)]):
        logs[1]["eval"]["model"] = "hf/Qwen/Qwen2.5-7B-Instruct"
        e = read(put(*logs))
        assert set(e.tasks) == {TASK, f"{TASK}/match/pass_at_4"}
        assert e.models[TASK].tolist() == [0.25, 0.25]
    # alone, and said in the configuration only, it is the same task
    alone = scored(entry("match", 0.75), epochs=4, epochs_reducer=["pass_at_4"])
    (put(alone) / "1.json").unlink()
    assert read(put(alone)).tasks == (f"{TASK}/match/pass_at_4",)


def test_scorers_are_tasks_whatever_their_order(put):
    a, b = entry("a", 0.25, scorer="ab"), entry("b", 0.75, scorer="ab")
    empty = {"name": "ab", "scorer": "ab", "metrics": {}}
    for log in (scored(a, b), scored(b, a), scored(empty, a, b)):
        e = read(put(log))
        assert set(e.tasks) == {f"{TASK}/a", f"{TASK}/b"}
        assert e.models[f"{TASK}/a"].tolist() == [0.25]


def test_the_scorer_that_most_logs_have_is_the_tasks(put):
    other = scored(entry("new", 0.9), entry("match", 0.75))
    other["eval"]["model"] = "hf/Qwen/Qwen2.5-7B-Instruct"
    e = read(put(scored(entry("match", 0.25)), other))
    assert e.models[TASK].tolist() == [0.25, 0.75]
    assert e.models[f"{TASK}/new"].dropna().tolist() == [0.9]


def grouped(value: float) -> dict:
    return {"value": value, "group": "grouped", "params": {"metric": {"name": "accuracy"}, "group_key": "subject"}}


def test_the_score_of_all_groups_is_the_tasks(put):
    metrics = {"math": grouped(1.0), "history": grouped(0.2), "all": grouped(0.6), "stderr": {"value": 0.1}}
    path = put(scored({"name": "g", "scorer": "g", "metrics": metrics}))
    assert read(path).models[TASK].tolist() == [0.6]
    assert read(path, tasks=[f"{TASK}/history"]).models[f"{TASK}/history"].tolist() == [0.2]
    assert "history (1), math (1)" in survey(path).summary()
    del metrics["all"]
    path = put(scored({"name": "g", "scorer": "g", "metrics": metrics}))
    assert read(path).tasks == (f"{TASK}/g/math", f"{TASK}/g/history")


def test_errors_scored_as_wrong_are_scores(put):
    log = scored(entry("match", 0.4, scored_samples=3), score_on_error=True)
    log["results"]["completed_samples"] = 2
    assert read(put(log)).models[TASK].tolist() == [0.4]
    log["results"]["scores"][0]["scored_samples"] = 2
    assert survey(put(log)).left_out["reason"].tolist() == ["samples without a result"]


# ---------------------------------------------------------------------------------------------------- lighteval


def test_results_of_lighteval(tmp_path):
    path = tmp_path / "results_2025-06-01T10-00-00.000001.json"
    path.write_text(json.dumps(lighteval_run()))
    e = read(path)
    assert e.source_format == "lighteval"
    assert e.tasks == ("sums", "arc:easy")
    assert e.models.loc[0, ["sums", "arc:easy"]].tolist() == [0.7, 0.75]
    assert e.models["model"].tolist() == ["Qwen/Qwen2.5-7B-Instruct"]
    assert str(e.models["released"][0].date()) == "2025-06-01"
    assert e.table["n_items"].tolist()[0] == 100
    assert (e.measures["sums"].shots, e.measures["arc:easy"].others) == ("5", ("acc (1)",))


def test_a_limited_run_of_lighteval_is_refused(put):
    path = put(lighteval_run(max_samples=4))
    assert survey(path).left_out_by_reason().to_dict() == {"run with a limit": 2}
    assert read(path, limited=True).n_scores == 2


def test_suites_and_shots_of_lighteval_are_told_apart(put):
    other = lighteval_run("meta-llama/Llama-3.1-8B-Instruct")
    other["results"] = {"harness|sums|5": {"acc": 0.6}, "arc:easy|25": {"acc_norm": 0.7}}
    e = read(put(lighteval_run(), other))
    assert set(e.tasks) == {"sums/lighteval", "sums/harness", "arc:easy/0-shot", "arc:easy/25-shot"}


# ------------------------------------------------------------------------------------------------------- keeping


def test_measures_are_kept_with_the_evaluations(long):
    e = read(long.assign(metric="acc", n_shot=5))
    again = type(e).from_dataset(e.to_dataset())
    assert again.measures == e.measures
    assert again.fingerprint == e.fingerprint == read(long).fingerprint
    assert set(e.select(tasks="bbh").measures) == {"bbh"}


def test_tables_that_measured_a_task_otherwise_are_not_combined_silently(long):
    acc, norm = (read(long.assign(metric=metric)) for metric in ("acc", "acc_norm"))
    with pytest.raises(DataError, match="other measures: metric 'acc' and 'acc_norm'"):
        combine(acc, norm)
    apart = combine(acc, norm, rescored="separate", repeated="first")
    assert apart.measures["bbh"].metric == "acc"
    # what one of them does not state is no difference
    assert combine(acc, read(long)).n_models == 4


def test_evaluations_show_themselves(wide):
    wide.loc[0, "model"] = "<script>alert(1)</script>"
    e = read(pd.concat([wide, wide]))
    assert repr(e).startswith("Evaluations: DataFrame (wide): 8 scores of 4 models")
    assert "left out, exact duplicate: 4" in repr(e)
    assert "<script>" not in e._repr_html_()
