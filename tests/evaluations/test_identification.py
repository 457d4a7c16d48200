"""Base model, rule and confidence of each model of a source, whatever its format."""

import json

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.evaluations.read import COLUMNS, identification


def test_of_a_plain_table_what_it_states_is_given(wide):
    found = identification(wide)
    assert list(found) == COLUMNS
    assert found["base_model"].tolist() == ["llama-2-70b", "llama-2-70b", "mistral-7b", "own-base"]
    assert found["rule"].tolist() == ["stated", "stated", "stated", "own"]
    assert found["confidence"].tolist()[:3] == [1.0, 1.0, 1.0]
    assert np.isnan(found["confidence"].iloc[3])
    assert found["flops"].tolist() == wide["flops"].tolist()


def test_a_long_table_gives_each_model_once(long):
    assert identification(long)["model"].tolist() == ["org/a", "org/b", "org/c", "org/d"]


def test_rows_without_a_base_have_the_reason(wide):
    found = identification(wide.assign(base_model=["", "unknown", "mistral-7b", "own-base"]))
    assert found["rule"].tolist() == ["", "", "stated", "own"]
    assert found["reason"].tolist() == ["no base model stated"] * 2 + ["", ""]


def test_models_older_than_their_base_are_told(wide):
    found = identification(wide.assign(released="2023-01-05"))
    assert found["base_model"].tolist()[:3] == ["llama-2-70b", "llama-2-70b", "mistral-7b"]
    assert set(found["reason"].iloc[:3]) == {"older than its base model: counted apart"}
    assert found["reason"].iloc[3] == ""


def test_a_registry_of_ones_own_is_used(wide, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[generation."mine".models]\n"own-base" = { params_b = 1.0, tokens_t = 0.2 }\n', encoding="utf-8")
    found = identification(wide.drop(columns="flops"), registry=path)
    assert found["rule"].iloc[3] == "stated"
    assert found["flops"].iloc[3] == pytest.approx(1.2e21)


def test_rows_that_contradict_what_is_stated_say_so_on_request(wide):
    contradicting = wide.assign(model=["x/Qwen2.5-7B-a", "org/b", "org/c", "org/d"], base_model=["qwen2-7b"] * 4)
    contradicting = contradicting.assign(params_b=7.616, released=["2024-10-01"] + ["2024-07-01"] * 3)
    assert identification(contradicting)["rule"].tolist() == ["stated"] * 4
    found = identification(contradicting, relabel=True)
    assert found["rule"].tolist() == ["relabelled", "stated", "stated", "stated"]
    assert found["base_model"].tolist() == ["qwen2.5-7b", "qwen2-7b", "qwen2-7b", "qwen2-7b"]
    assert found["reason"].tolist() == ["the source states qwen2-7b", "", "", ""]
    assert np.isnan(found["confidence"].iloc[0])


def test_of_a_leaderboard_the_rules_are_given(tmp_path):
    tasks = ["IFEval Raw", "BBH Raw", "MATH Lvl 5 Raw", "GPQA Raw", "MUSR Raw", "MMLU-PRO Raw"]
    frame = pd.DataFrame(
        {
            "fullname": ["mistralai/Mistral-7B-v0.1", "x/Qwen2.5-7B-chat", "x/thing"],
            "Base Model": ["mistralai/Mistral-7B-v0.1", "", ""],
            "Architecture": ["MistralForCausalLM", "Qwen2ForCausalLM", "OddForCausalLM"],
            "#Params (B)": [7.242, 7.616, 1.7],
            "Upload To Hub Date": ["2023-09-27", "2024-10-01", "2024-11-01"],
            "Submission Date": ["2024-06-12", "2024-10-02", "2024-11-02"],
            **{task: [0.3, 0.4, 0.5] for task in tasks},
        }
    )
    path = tmp_path / "export.csv"
    frame.to_csv(path, index=False)
    found = identification(path)
    assert found["base_model"].tolist() == ["mistral-7b", "qwen2.5-7b", ""]
    assert found["rule"].tolist() == ["self", "name", ""]
    assert found["confidence"].iloc[:2].between(0.9, 1, inclusive="neither").all()
    assert "no rule for Odd" in found["reason"].iloc[2]
    assert found["source_row"].tolist() == [2, 3, 4]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "placed"),
    [("open_llm_leaderboard_v2.csv", 0.89), ("proteus_2k_part.csv", 0.95)],
    ids=["oll-v2", "proteus"],
)
def test_real_tables_are_placed(shared_data, file, placed):
    found = identification(shared_data / file)
    known = found["base_model"] != ""
    assert known.mean() >= placed
    assert (found["reason"][~known] != "").all()
    assert (found["rule"][known] != "").all()
    # where a name contradicts what the source assigns, its assignment counts and the contradiction is told
    theirs = found["rule"] == "stated"
    assert theirs.sum() <= 30
    assert found["confidence"][known & ~theirs].between(0.5, 1).all()
    assert found["confidence"][theirs].isna().all()
    assert ((found["against"] != "") | (found["reason"] != ""))[theirs].sum() >= theirs.sum() - 1
    assert json.dumps(found["rule"].value_counts().to_dict())
