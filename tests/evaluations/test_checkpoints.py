"""Revisions, checkpoints and copies: what a model is, and which records count once."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.checkpoints import checkpoint, is_main, share_of_training
from bayes_frontier.evaluations.read import survey
from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.registry.registry import default_registry

PYTHIA = default_registry().get("pythia-1.4b").flops  # type: ignore[union-attr]


def run(model: str, value: float, revision: str = "", **arguments: str) -> dict:
    given = {"pretrained": model} | ({"revision": revision} if revision else {}) | arguments
    return {
        "results": {"piqa": {"acc,none": value}},
        "config": {"model_args": ",".join(f"{key}={v}" for key, v in given.items())},
        "date": 1741884380.0,
    }


@pytest.fixture
def put(tmp_path):
    def _put(*documents):
        for k, document in enumerate(documents):
            (tmp_path / f"{k}.json").write_text(json.dumps(document))
        return tmp_path

    return _put


@pytest.mark.parametrize(
    ("revision", "step", "tokens"),
    [
        ("step1000", 1000, math.nan),
        ("step1000-tokens4B", 1000, 4e9),
        ("stage1-step140000-tokens588B", 140000, 588e9),
        ("stage2-ingredient1-step1000-tokens5B", math.nan, math.nan),  # tokens of the second stage only
        ("global_step_2000", 2000, math.nan),
        ("iter_0100000", 100000, math.nan),
        ("143000", 143000, math.nan),
        ("tokens_1.5T", math.nan, 1.5e12),
    ],
)
def test_how_far_a_training_was_is_read_from_its_revision(revision, step, tokens):
    found = checkpoint(revision)
    assert [found.step, found.tokens] == pytest.approx([step, tokens], nan_ok=True)


@pytest.mark.parametrize("revision", ["gptq-4bit", "v0.2", "refs/pr/3", "3fe1dfa", "footsteps"])
def test_other_revisions_are_no_checkpoints(revision):
    assert checkpoint(revision) is None
    assert not is_main(revision)
    assert share_of_training(revision, "pythia-1.4b", default_registry()) == 1.0


def test_checkpoints_are_models_with_their_share_of_the_compute(put):
    path = put(
        run("EleutherAI/pythia-1.4b", 0.5, "step0"),
        run("EleutherAI/pythia-1.4b", 0.72, "step71500"),
        run("EleutherAI/pythia-1.4b", 0.72, "step143000"),
        run("EleutherAI/pythia-1.4b", 0.73),
    )
    e = read(path)
    assert e.models["model"].tolist() == [f"EleutherAI/pythia-1.4b{at}" for at in ("@step71500", "@step143000", "")]
    assert e.models["base_model"].tolist() == ["pythia-1.4b@step71500", "pythia-1.4b", "pythia-1.4b"]
    # the maker's tokens a step make 0.29988e12 of the registry's 0.3e12
    assert e.models["flops"].tolist() == pytest.approx([PYTHIA / 2, PYTHIA, PYTHIA], rel=1e-3)
    assert e.dropped[["model", "reason"]].to_numpy().tolist() == [
        ["EleutherAI/pythia-1.4b@step0", "checkpoint from before training"]
    ]
    assert any("3 of" not in note and "2 of them from within" in note for note in e.notes)


def test_the_name_under_which_checkpoints_were_evaluated_is_the_release():
    # the harness's results of 2023 call the released suite v1.1
    names = [f"EleutherAI/pythia-v1.1-{size}{ending}" for size in ("70m", "1.4b", "12b") for ending in ("", "-deduped")]
    found = identify(pd.DataFrame({"model": names}), default_registry())
    assert found["base_model"].tolist() == [f"pythia-{size}" for size in ("70m", "1.4b", "12b") for _ in range(2)]


def test_a_checkpoint_without_known_compute_is_left_out_unless_stated(put, tmp_path):
    path = put(run("Qwen/Qwen2.5-7B", 0.5, "step1000"), run("Qwen/Qwen2.5-7B", 0.6))
    e = read(path)
    assert e.models["model"].tolist() == ["Qwen/Qwen2.5-7B"]
    assert e.dropped["reason"].tolist() == ["checkpoint without known compute"]
    assert "registry file" in e.dropped["detail"][0]
    mine = tmp_path / "mine.toml"
    mine.write_text(
        '[generation.early]\nfamily = "qwen"\narchitectures = ["Qwen2"]\nsource = "log"\nuncertainty = 0.1\n'
        "tokens_t = 0.01\nreleased = 2024-09-19\n[generation.early.models]\n"
        '"qwen2.5-7b-early" = { params_b = 7.6, aliases = ["Qwen/Qwen2.5-7B@step1000"] }\n'
    )
    e = read(path, registry=mine)
    assert e.models.set_index("model")["flops"]["Qwen/Qwen2.5-7B@step1000"] == pytest.approx(6 * 7.6e9 * 0.01e12)


def test_a_step_of_fine_tuning_has_the_whole_compute_of_its_base(put):
    e = read(put(run("lab/Qwen2.5-7B-mine", 0.5, "checkpoint-500"), run("EleutherAI/pythia-1.4b", 0.7, "gptq-4bit")))
    assert e.models["model"].tolist() == ["lab/Qwen2.5-7B-mine@checkpoint-500", "EleutherAI/pythia-1.4b@gptq-4bit"]
    assert e.models["base_model"].tolist() == ["qwen2.5-7b", "pythia-1.4b"]


def test_a_table_with_a_column_of_checkpoints(wide):
    table = pd.DataFrame(
        {
            "model": "EleutherAI/pythia-1.4b",
            "step": [1000, 71500, 143000, 143000],
            "seed": [1, 1, 1, 2],
            "adding": [0.02, 0.3, 0.3, 0.3],
        }
    )
    e = read(table)
    assert e.n_models == 4
    assert e.models["model"].nunique() == 3
    assert e.models["flops"].tolist()[1:3] == pytest.approx([PYTHIA / 2, PYTHIA], rel=1e-3)
    seen = read(table.drop(columns="step").assign(tokens_seen=[3e9, 1.5e11, 3e11, 3e11]))
    assert seen.models["flops"].tolist()[:2] == pytest.approx([PYTHIA / 100, PYTHIA / 2])
    stated = read(table.assign(flops=[1e19, 1.2e21, 2.5e21, 2.5e21]))
    assert stated.models["flops"].tolist() == [1e19, 1.2e21, 2.5e21, 2.5e21]


def test_lines_that_differ_in_a_column_that_is_not_used_are_no_duplicates(long):
    twice = pd.concat([long.assign(prompt="a"), long.assign(prompt="b")], ignore_index=True)
    assert len(read(twice).dropped) == 0
    same = pd.concat([twice, twice], ignore_index=True).assign(row=range(4 * len(long)))
    assert read(same).dropped_by_reason().to_dict() == {"exact duplicate": 2 * len(long)}


# --------------------------------------------------------------------------------------------------------- copies


def runs(models: list[str], scores: list[list[float]]) -> list[dict]:
    return [
        {
            "results": {f"t{k}": {"acc,none": value} for k, value in enumerate(values)},
            "config": {"model_args": f"pretrained={model}"},
            "date": 1740000000.0 - 86400 * i,
        }
        for i, (model, values) in enumerate(zip(models, scores, strict=True))
    ]


NAMES = ["lab/Qwen2.5-7B-first", "lab/Qwen2.5-7B-copy", "lab/Llama-3.1-8B-mine", "lab/Qwen2.5-7B-near"]
SCORES = [[0.4123, 0.5321, 0.7012]] * 3 + [[0.4123, 0.5321, 0.7013]]


def test_copies_count_once_and_the_earliest_is_kept(put):
    e = read(put(*runs(NAMES, SCORES)))
    # another base model and one score that differs are no copies
    assert e.models["model"].tolist() == [NAMES[1], NAMES[2], NAMES[3]]
    assert set(e.dropped["reason"]) == {"copy of another record"}
    assert set(e.dropped["detail"]) == {f"of {NAMES[1]}"}
    assert any(note.startswith("1 record with the base model and all scores of another one") for note in e.notes)
    assert read(put(*runs(NAMES, SCORES)), copies="keep").n_models == 4


@pytest.mark.parametrize(
    "scores",
    [
        [[0.4123, 0.5321]] * 4,  # two tasks agree by chance
        [[0.41, 0.53, 0.70]] * 4,  # so do scores of two decimals
    ],
)
def test_what_may_be_chance_is_no_copy(put, scores):
    assert read(put(*runs(NAMES, scores))).n_models == 4


def test_checkpoints_of_equal_scores_are_no_copies(put):
    made = runs(["EleutherAI/pythia-1.4b"] * 2, [[0.4123, 0.5321, 0.7012]] * 2)
    for document, step in zip(made, (1000, 2000), strict=True):
        document["config"]["model_args"] += f",revision=step{step}"
    assert read(put(*made)).n_models == 2


def test_a_plain_table_is_taken_as_stated(wide):
    table = wide.assign(musr=[0.3123, 0.4123, 0.3513, 0.3])
    table.loc[4] = table.loc[0]
    table.loc[4, "model"] = "org/copy"
    e = read(table)
    assert e.n_models == 5
    assert any("1 record with the base model and all scores of another one: kept as the table" in n for n in e.notes)
    once = read(table, copies="once")
    assert "org/copy" not in once.models["model"].tolist()
    assert once.dropped[["reason", "detail"]].to_numpy().tolist() == [["copy of another record", "of org/a"]]


@pytest.mark.real_data
def test_the_table_for_comparisons_is_read_as_stated(shared_data):
    e = read(shared_data / "oll_v2_with_compute.csv")
    assert e.n_models == 3559
    assert e.fingerprint.startswith("bb4c1f2439f4")  # as before copies were told apart


# ---------------------------------------------------------------------------------------------- stated compute


def test_stated_compute_is_kept_or_replaced_as_asked(wide):
    table = wide.assign(
        base_model=["llama-2-70b", "llama-2-70b", "mistral-7b", "own"], flops=[2e24, 2e24, 3.5e22, 1e21]
    )
    e = read(table)
    assert e.models["flops"].tolist() == [2e24, 2e24, 3.5e22, 1e21]
    assert any("FLOPs of 2 rows differ from the registry's" in note for note in e.notes)
    asked = read(table, compute="registry")
    assert asked.models["flops"].tolist()[0] == pytest.approx(8.2e23, rel=0.02)
    assert asked.models["flops"].tolist()[3] == 1e21
    assert np.isfinite(asked.models["flops"]).all()


def test_models_with_compute_are_their_own_bases():
    table = pd.DataFrame(
        {"model": [f"c4-{k}" for k in range(3)], "flops": [1e19, 4e19, 9e19], "arc": [0.3, 0.35, 0.42]}
    )
    e = read(table)
    assert e.models["base_model"].tolist() == e.models["model"].tolist()
    for columns in ({"base_model": "model"}, {"base_model": "model", "model": "model"}):
        assert read(table, columns=columns).fingerprint == e.fingerprint
    sized = table.drop(columns="flops").assign(params_b=[0.1, 0.2, 0.4], tokens_t=[0.01, 0.02, 0.03])
    assert read(sized).models["flops"].tolist() == pytest.approx([6e18, 2.4e19, 7.2e19])


# ------------------------------------------------------------------------------------------------- many tasks


def test_many_tasks_give_no_warning(wide):
    tasks = {f"task {k}": np.round(np.linspace(0.2, 0.4, 4) + k / 1000, 6) for k in range(130)}
    e = read(pd.concat([wide, pd.DataFrame(tasks)], axis=1))  # a warning would be an error
    assert len(e.tasks) == 132
    assert survey(wide).n_used == 4
