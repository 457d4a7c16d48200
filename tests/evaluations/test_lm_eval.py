"""Result files of the harness, invented and real."""

import json

import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.read import survey
from bayes_frontier.evaluations.sources import open_llm as board
from bayes_frontier.evaluations.sources.lm_eval import recognises
from tests.evaluations.samples import lm_eval_run

SIX = ("ifeval", "bbh", "math_lvl_5", "gpqa", "musr", "mmlu_pro")


@pytest.fixture
def put(tmp_path):
    def _put(document, name="results_2025-03-13T16-46-20.235537.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
        return path

    return _put


def test_the_six_scores_are_the_leaderboards(put):
    e = read(put(lm_eval_run()))
    assert e.source_format == "lm_eval"
    assert e.tasks == SIX
    row = e.models.iloc[0]
    assert row["ifeval"] == pytest.approx((0.40 + 0.52) / 2)
    assert row["bbh"] == pytest.approx(0.30 + 0.01 * 23 / 2)  # unweighted, not the group's 0.999
    assert row["musr"] == pytest.approx(0.40)
    assert row["gpqa"] == 0.2625
    assert row["math_lvl_5"] == 0.0975
    assert row["base_model"] == "llama-3.1-8b"
    items = e.table.set_index("task")["n_items"]
    assert items["gpqa"] == 1192
    assert items["math_lvl_5"] == 1324
    assert items["bbh"] == 23 * 250 + 187


def test_absent_groups_are_computed_over_items(put):
    e = read(put(lm_eval_run(groups=False)))
    assert e.models["gpqa"][0] == pytest.approx((0.25 * 198 + 0.27 * 546 + 0.29 * 448) / 1192)
    sizes = list(board.MATH.values())
    assert e.models["math_lvl_5"][0] == pytest.approx(
        sum(n * (0.02 + 0.03 * k) for k, n in enumerate(sizes)) / sum(sizes)
    )


@pytest.mark.parametrize(
    ("part", "task"), [("leaderboard_bbh_snarks", "bbh"), ("leaderboard_musr_team_allocation", "musr")]
)
def test_a_task_without_all_of_its_parts_has_no_score(put, part, task):
    run = lm_eval_run()
    del run["results"][part]
    e = read(put(run))
    assert task not in e.tasks
    assert e.dropped["reason"].tolist() == ["no score"]
    assert e.n_scores == 5


def test_runs_with_a_limit_are_refused_unless_asked_for(put):
    path = put(lm_eval_run(limit=10))
    with pytest.raises(DataError, match="run with --limit: 6"):
        read(path)
    found = survey(path)
    assert found.left_out["detail"].str.contains("of 541 items").sum() == 1
    assert read(path, limited=True).n_scores == 6


def test_a_limit_without_sample_counts_is_seen_in_the_configuration(put):
    run = lm_eval_run() | {"n-samples": {}}
    assert read(put(run)).n_scores == 6
    run["config"]["limit"] = 0.1
    with pytest.raises(DataError, match="run with --limit"):
        read(put(run))
    run = lm_eval_run()
    run["config"]["limit"] = 10**6  # more than there are: every item was seen
    assert read(put(run)).n_scores == 6


@pytest.mark.parametrize(
    ("arguments", "name", "model"),
    [
        ("pretrained=Qwen/Qwen2.5-7B,dtype=auto", None, "Qwen/Qwen2.5-7B"),
        ({"pretrained": "Qwen/Qwen2.5-7B"}, None, "Qwen/Qwen2.5-7B"),
        ("pretrained=Qwen/Qwen2.5-7B,peft=me/lora", "Qwen/Qwen2.5-7B", "me/lora"),
        (None, "Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B"),
        (None, None, "Qwen/Qwen2.5-7B"),
    ],
)
def test_where_the_models_name_stands(put, arguments, name, model):
    run = lm_eval_run() | {"model_name": name}
    run["config"]["model_args"] = arguments
    e = read(put(run, "Qwen__Qwen2.5-7B/results_x.json").parent.parent)
    assert e.models["model"].tolist() == [model]
    assert e.models["base_model"].tolist() == ["qwen2.5-7b"]


def test_dates_are_the_runs_but_those_of_base_models_the_registrys(put):
    e = read(put(lm_eval_run("me/Llama-3.1-8B-tuned")))
    assert str(e.models["released"][0].date()) == "2025-03-13"
    assert "6 rows dated by evaluation: the model may be older" in e.notes
    run = lm_eval_run("me/Llama-3.1-8B-tuned")
    del run["date"]
    assert str(read(put(run)).models["released"][0].date()) == "2025-03-13"
    assert str(read(put(lm_eval_run())).models["released"][0].date()) == "2024-07-23"


def other(**extra):
    results = {
        "gsm8k": {
            "exact_match,strict-match": 0.5,
            "exact_match,flexible-extract": 0.6,
            "exact_match_stderr,strict-match": 0.1,
        },
        "mmlu": {"acc,none": 0.625, "alias": "mmlu"},
        "mmlu_law": {"acc,none": 0.7},
        "mmlu_art": {"acc,none": 0.55},
        "wikitext": {"word_perplexity,none": 9.5},
        "hellaswag": {"acc,none": 0.5, "acc_norm,none": 0.75},
    }
    return {
        "results": results,
        "group_subtasks": {"mmlu": ["mmlu_law", "mmlu_art"]},
        "higher_is_better": {"wikitext": {"word_perplexity": False}},
        "config": {},
        "model_name": "meta-llama/Llama-3.1-8B",
    } | extra


def test_other_tasks_have_one_main_metric_and_groups_stand_for_their_parts(put):
    e = read(put(other()))
    assert e.models[list(e.tasks)].iloc[0].to_dict() == {"gsm8k": 0.5, "mmlu": 0.625, "hellaswag": 0.75}
    assert e.dropped["reason"].tolist() == ["metric without known bounds"]
    asked = ["gsm8k/exact_match/flexible-extract", "mmlu_law", "hellaswag/acc"]
    chosen = read(put(other()), tasks=asked)
    assert chosen.models[asked].iloc[0].tolist() == [0.6, 0.7, 0.5]


def test_older_versions_show_groups_by_indentation(put):
    rows = {"mmlu": "mmlu", "mmlu_arts": " - arts", "mmlu_law": "  - law", "mmlu_stem": " - stem", "piqa": "piqa"}
    results = {task: {"acc,none": 0.5 + 0.01 * k, "alias": alias} for k, (task, alias) in enumerate(rows.items())}
    e = read(put({"results": results, "config": {"model_args": "pretrained=meta-llama/Llama-3.1-8B"}}))
    assert e.models[list(e.tasks)].iloc[0].to_dict() == {"mmlu": 0.5, "piqa": 0.54}


def test_a_declared_perplexity_is_a_score(put):
    e = read(put(other()), metrics={"wikitext": {"direction": "lower", "floor": 1, "ceiling": 18}})
    assert e.models["wikitext"][0] == pytest.approx(0.5)
    with pytest.raises(DataError, match="'wikitext': 1 of 1 values outside 1 to 9"):
        read(put(other()), metrics={"wikitext": {"floor": 1, "ceiling": 9}})


def test_version_0_3_without_filters(put):
    old = {
        "results": {"hellaswag": {"acc": 0.5, "acc_norm": 0.75, "acc_norm_stderr": 0.1}},
        "versions": {"hellaswag": 0},
    }
    e = read(put(old | {"config": {"model_args": "pretrained=meta-llama/Llama-2-7b-hf"}}))
    assert e.models["hellaswag"].tolist() == [0.75]


def test_groups_within_themselves_end(put):
    loop = other(group_subtasks={"mmlu": ["mmlu_law", "mmlu"], "mmlu_law": ["mmlu"]})
    assert "mmlu" in read(put(loop)).tasks


def test_a_folder_counts_what_it_cannot_read(put, tmp_path):
    put(lm_eval_run(), "a/results_1.json")
    put(lm_eval_run("me/unknown"), "b/results_2.json")
    put({"doc_id": 0}, "b/samples.json")
    (tmp_path / "b" / "results_cut.json").write_text('{"results": {')
    (tmp_path / "b" / "log.txt").write_text("x")
    e = read(tmp_path)
    assert e.n_scores == 6
    assert e.dropped_by_reason().to_dict() == {"no base model": 6, "file cannot be read": 1}
    assert "b/results_cut.json" in e.dropped["detail"].iloc[-1]
    assert "1 JSON file of another kind not read: 'b/samples.json'" in e.notes
    assert "1 file of the folder neither JSON nor a log: not read" in e.notes


def test_what_is_not_a_result_file():
    assert not recognises({"results": []})
    assert not recognises({"results": {"a": 1}, "config": {}})
    assert not recognises({"results": {}, "eval": {}, "config": {}})
    assert not recognises([1])


@pytest.mark.real_data
def test_the_two_full_runs_equal_the_leaderboard(shared_data, real_survey):
    table = real_survey("open_llm_leaderboard_v2.csv").evaluations.models
    board_scores = table.drop_duplicates("model").set_index("model")
    for name, model, rescored in (("01-ai__Yi", "01-ai/Yi-1.5-34B", ["math_lvl_5"]), ("Amu__t1", "Amu/t1-3B", [])):
        (path,) = (shared_data / "lm_eval").glob(f"{name}*.json")
        scores = dict(zip(*_scores(path), strict=True))
        for task in SIX:
            same = scores[task] == pytest.approx(board_scores.loc[model, task], abs=1e-6)
            assert same == (task not in rescored), task


def _scores(path):
    # the registry does not place Amu/t1-3B by its name: scores are compared before that matters
    from bayes_frontier.evaluations.read import parse

    lines = parse(path)
    return [lines.tasks[k] for k in lines.task], lines.scores


@pytest.mark.real_data
def test_the_real_folder_adds_up(shared_data):
    found = survey(shared_data / "lm_eval")
    assert found.source_format == "lm_eval"
    assert found.n_models == 5
    assert found.left_out_by_reason()["run with --limit"] == 12
    assert found.n_used + len(found.left_out) == found.n_rows == 27
    assert any("before 2025-02-14" in note for note in found.notes)
    limited = survey(shared_data / "lm_eval", limited=True)
    assert "run with --limit" not in limited.left_out_by_reason()
    assert limited.n_used == 7 + 12
