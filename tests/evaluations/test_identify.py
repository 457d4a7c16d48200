"""Bases of leaderboard rows: one rule at a time, then the real export."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_frontier.evaluations.registry.identify import MEASURED, MIN_CONFIDENCE, confidence, identify
from bayes_frontier.evaluations.registry.registry import Registry, default_registry

REPORT = Path(__file__).parents[2] / "reports" / "identification"
LLAMA, QWEN, MISTRAL, MIXTRAL = ("LlamaForCausalLM", "Qwen2ForCausalLM", "MistralForCausalLM", "MixtralForCausalLM")


def place(model, base_field="", architecture="", params_b=math.nan, released=None, **more) -> pd.Series:
    row = {
        "model": model,
        "base_field": base_field,
        "architecture": architecture,
        "params_b": params_b,
        "released": released,
    }
    return identify(pd.DataFrame([row | more]), default_registry()).iloc[0]


def placed(*values, **more) -> tuple[str | None, str | None]:
    found = place(*values, **more)
    if pd.isna(found["base_model"]):
        assert pd.notna(found["reason"])
        assert math.isnan(found["flops"])
        assert found["confidence"] == 0
        return None, None
    assert pd.isna(found["reason"])
    assert found["confidence"] >= MIN_CONFIDENCE
    return found["base_model"], found["rule"]


def test_a_base_model_is_its_own_base():
    found = place("mistralai/Mistral-7B-v0.1", "mistralai/Mistral-7B-v0.1", MISTRAL, 7.242)
    assert (found["base_model"], found["rule"]) == ("mistral-7b", "self")
    assert found["flops"] == pytest.approx(6 * 7.242e9 * 0.8e12)
    assert (found["tokens_t"], found["params_b"]) == (0.8, 7.242)


def test_a_wrong_architecture_does_not_shake_a_listed_name():
    assert placed("google/gemma-2-2b", "google/gemma-2-2b", "InternLM2ForCausalLM", 2.614)[0] == "gemma-2-2b"


def test_a_mirror_of_another_architecture_is_not_that_base():
    assert placed("someone/phi-2", "", LLAMA, 8.03) == (None, None)


@pytest.mark.parametrize(
    ("base_field", "base"),
    [
        ("meta-llama/Meta-Llama-3.1-8B", "llama-3.1-8b"),
        ("meta-llama/Meta-Llama-3.1-8B (Merge)", "llama-3.1-8b"),
        ("META-LLAMA/meta-llama-3.1-8b", "llama-3.1-8b"),
    ],
)
def test_the_base_field_is_followed(base_field, base):
    assert placed("someone/thing", base_field, LLAMA, 8.03) == (base, "base")


@pytest.mark.parametrize("base_field", ["Removed", "", "nan", "someone/thing (Merge)", "SOMEONE/Thing", None])
def test_a_base_field_that_says_nothing_is_not_followed(base_field):
    assert placed("someone/thing", base_field, MISTRAL, 7.242) == ("mistral-7b", "size")


@pytest.mark.parametrize(
    ("model", "mapped", "base"),
    [
        ("someone/gemma-2b-it", "google/gemma-2-2b", ("gemma-1-2b", "name")),
        ("someone/Qwen3-32B-chat", "Qwen/Qwen3-30B-A3B-Base", ("qwen3-32b", "name")),
        ("someone/night-owl", "google/gemma-2-2b", ("gemma-2-2b", "mapped")),
        ("someone/gemma-chat", "google/gemma-2-2b", ("gemma-2-2b", "mapped")),
        ("openchat/openchat-3.6-8b-20240522", "meta-llama/Meta-Llama-3-8B", ("llama-3-8b", "mapped")),
        ("someone/night-owl", "x/Qwen2.5-7B-Instruct", ("qwen2.5-7b", "mapped")),
        ("someone/night-owl", "x/nothing known", (None, None)),
    ],
)
def test_a_full_name_overrules_the_publishers_assignment(model, mapped, base):
    sizes = {"gemma-2b-it": 2.0, "Qwen3-32B-chat": 32.0, "night-owl": math.nan, "gemma-chat": 2.0}
    assert placed(model, params_b=sizes.get(model.partition("/")[2], 8.0), mapped=mapped) == base


def test_a_post_trained_base_is_read_for_its_generation_and_size():
    found = placed("someone/thing", "unsloth/llama-3.2-3b-instruct-bnb-4bit", LLAMA, 3.213)
    assert found == ("llama-3.2-3b", "base")
    found = placed("someone/thing", "someone/llama-3.2-3b-dusk", LLAMA, 3.213)
    assert found == ("llama-3.2-3b", "base-name")


def test_a_base_field_that_cannot_be_right_gives_way_to_the_name():
    assert placed("x/Athena-gemma-2-2b-it", "google/gemma-2-27b", "Gemma2ForCausalLM", 2.614) == ("gemma-2-2b", "name")


@pytest.mark.parametrize(
    ("model", "architecture", "params_b", "base"),
    [
        ("x/Llama-3.1-8B-Tune", LLAMA, 8.03, "llama-3.1-8b"),
        ("x/L3.1-8B-Dusk", LLAMA, 8.03, "llama-3.1-8b"),
        ("x/L-3.1-Writer-8B", LLAMA, 8.03, "llama-3.1-8b"),
        ("x/Llama3_1-70B", LLAMA, 70.554, "llama-3.1-70b"),
        ("x/Meta-Llama-3-8B-Instruct-DPO", LLAMA, 8.03, "llama-3-8b"),
        ("x/L3-8B-Stheno-v3.2", LLAMA, 8.03, "llama-3-8b"),
        ("x/LLaMA3-SFT", LLAMA, 8.03, "llama-3-8b"),
        ("x/L3.3-70b", LLAMA, 70.554, "llama-3.3-70b"),
        ("x/llama-2-7b-chat", LLAMA, 6.738, "llama-2-7b"),
        ("x/llama-65b-rlhf", LLAMA, 65.286, "llama-1-65b"),
        ("x/DeepSeek-R1-Distill-Qwen-7B-More", QWEN, 7.616, "qwen2.5-7b"),
        ("x/DeepSeek-R1-Distill-Llama-8B-More", LLAMA, 8.03, "llama-3.1-8b"),
        ("x/Qwen2-7B-Chat", QWEN, 7.616, "qwen2-7b"),
        ("x/Qwen2.5-7B-Chat", QWEN, 7.616, "qwen2.5-7b"),
        ("x/Qwen-2.5-14B-Mix", QWEN, 14.766, "qwen2.5-14b"),
        ("x/qwen1.5-7b-chat", QWEN, 7.721, "qwen1.5-7b"),
        ("x/qwen2.5llamaify-14b", LLAMA, 14.77, "qwen2.5-14b"),
        ("x/Falcon3-7B-Tune", LLAMA, 7.456, "falcon3-7b"),
        ("x/gemma-2b-tune", "GemmaForCausalLM", 2.506, "gemma-1-2b"),
        ("x/gemma-2-2b-tune", "Gemma2ForCausalLM", 2.614, "gemma-2-2b"),
        ("x/Gemma-Writer-9B", "Gemma2ForCausalLM", 10.159, "gemma-2-9b"),
        ("x/phi-3-medium-tune", "Phi3ForCausalLM", 13.96, "phi-3-14b"),
        ("x/Chocolatine-14B", "Phi3ForCausalLM", 13.96, "phi-3-14b"),
        ("x/Phi-4-mini-tune", "Phi3ForCausalLM", 3.836, "phi-4-mini-4b"),
        ("x/Phi-4-tune", LLAMA, 14.66, "phi-4-14b"),
        ("x/MN-12B-Frame", MISTRAL, 12.248, "mistral-nemo-12b"),
        ("x/Mistral-Small-24B-tune", MISTRAL, 23.572, "mistral-small-24b"),
        ("x/Mistral-NeMo-Minitron-8B-Chat", MISTRAL, 8.414, "mistral-nemo-minitron-8b"),
        ("x/zephyr-7b-gemma", "GemmaForCausalLM", 8.538, "gemma-1-7b"),
        ("x/zephyr-7b-beta-more", MISTRAL, 7.242, "mistral-7b"),
        ("x/SmolLM2-360M-Tune", LLAMA, 0.362, "smollm2-360m"),
        ("x/TinyLlama-1.1B-Chat", LLAMA, 1.1, "tinyllama-1.1b"),
        ("x/Yi-1.5-34B-Chat", LLAMA, 34.389, "yi-1.5-34b"),
        ("x/Yi-34B-Chat", LLAMA, 34.389, "yi-1-34b"),
        ("x/stablelm-2-1_6b-chat", "StableLmForCausalLM", 1.645, "stablelm-2-1.6b"),
    ],
)
def test_the_name_is_read(model, architecture, params_b, base):
    assert placed(model, "", architecture, params_b) == (base, "name")


@pytest.mark.parametrize(
    ("model", "architecture", "params_b"),
    [
        ("x/BigQwen2.5-52B", QWEN, 52.268),
        ("x/Qwen2.5-95B", QWEN, 94.648),
        ("x/calme-2.1-rys-78b", QWEN, 77.965),
        ("x/L3-DARKEST-16.5B", LLAMA, 16.537),
        ("x/Llama-3-11.5B-Instruct-v2", "", 11.5),
        ("x/OpenChat-10.7B-48Layers", MISTRAL, 10.732),
        ("x/L3.1-Moe-4x8B", MIXTRAL, 24.942),
        ("x/Yi-34Bx2-MoE-60B", MIXTRAL, 60.814),
        ("x/Beyonder-4x7B", MIXTRAL, 24.154),
        ("someone/thing", MIXTRAL, 12.879),
        ("x/grown-qwen2.5-from7b", QWEN, 13.2),
    ],
)
def test_stacks_and_mixtures_of_sizes_no_base_model_has_are_unknown(model, architecture, params_b):
    # their layers were trained once, but what they cost is neither the base model's compute nor a multiple of it
    assert placed(model, "", architecture, params_b, "2025-01-10") == (None, None)


@pytest.mark.parametrize(
    ("model", "architecture", "params_b", "base"),
    [
        ("x/pruned40-llama-3.2-3b", LLAMA, 2.367, "llama-3.2-3b"),
        ("x/Llama-3.2-8B-Instruct", LLAMA, 8.03, "llama-3.1-8b"),
        ("x/Dolphin-Llama3.1-1B", LLAMA, 1.236, "llama-3.2-1b"),
        ("x/Llama3-3B-Chat", LLAMA, 3.213, "llama-3.2-3b"),
    ],
)
def test_sizes_of_the_table_tell_generations_with_one_name_apart(model, architecture, params_b, base):
    assert placed(model, "", architecture, params_b)[0] == base


@pytest.mark.parametrize(
    ("model", "architecture", "params_b", "base"),
    [
        ("x/Qwen2.5-32B-4bit", QWEN, 9.6, "qwen2.5-32b"),
        ("x/Ultimo-32B", QWEN, 9.6, "qwen2.5-32b"),
        ("x/Stock-8B", LLAMA, 4.015, "llama-3-8b"),
        ("x/NemoR", MISTRAL, 6.124, "mistral-nemo-12b"),
        ("x/unnamed", MISTRAL, 6.124, "mistral-nemo-12b"),
        ("x/mistral-qlora", "?", 14.484, "mistral-7b"),
        ("x/Gemma-Merge-PEFT", "?", 20.318, "gemma-2-9b"),
    ],
)
def test_quantised_and_doubled_counts_keep_the_size_of_the_base(model, architecture, params_b, base):
    found = place(model, "", architecture, params_b, "2025-01-10")
    assert found["base_model"] == base
    assert found["flops"] == default_registry().get(base).flops


@pytest.mark.parametrize(
    ("architecture", "params_b", "released", "base"),
    [
        (QWEN, 7.616, "2024-08-01", "qwen2-7b"),
        (QWEN, 7.613, "2025-01-01", "qwen2.5-7b"),
        (QWEN, 1.777, "2025-01-01", "qwen2.5-1.5b"),
        (QWEN, 14.766, None, "qwen2.5-14b"),
        (LLAMA, 8.03, None, "llama-3-8b"),
        (LLAMA, 70.554, "2024-05-01", "llama-3-70b"),
        (LLAMA, 70.554, "2025-01-01", "llama-3.1-70b"),
        (LLAMA, 14.66, "2025-02-01", "phi-4-14b"),
        (LLAMA, 10.306, "2025-02-01", "falcon3-10b"),
        ("Gemma2ForSequenceClassification", 9.242, None, "gemma-2-9b"),
        ("Qwen2Model", 0.494, "2025-01-01", "qwen2.5-0.5b"),
    ],
)
def test_architecture_size_and_date_place_the_unnamed(architecture, params_b, released, base):
    assert placed("someone/thing", "", architecture, params_b, released) == (base, "size")


def test_without_a_date_what_only_the_date_tells_is_left_open():
    assert placed("someone/thing", "", QWEN, 7.616) == (None, None)


def test_a_base_published_after_the_upload_is_not_its_base():
    assert placed("someone/thing", "", LLAMA, 14.66, "2024-07-16") == (None, None)
    assert placed("someone/thing", "", LLAMA, 14.66, "2024-12-01")[0] == "phi-4-14b"


def test_no_size_rule_places_an_upload_on_a_base_of_later_than_a_fortnight():
    registry = default_registry()
    days = pd.date_range("2023-01-01", "2025-06-01", freq="10D")
    rows = [(r.architecture, (r.low + r.high) / 2, day) for r in registry.size_rules for day in days]
    table = pd.DataFrame(rows, columns=["architecture", "params_b", "released"]).assign(model="x/y")
    found = identify(table, registry)
    first = pd.to_datetime(found["base_model"].map({m.name: m.released for m in registry}))
    lead = (first - table["released"]).dt.days
    assert found["base_model"].notna().mean() > 0.3
    assert lead.max() <= 14


@pytest.mark.parametrize(
    ("model", "params_b", "released", "base"),
    [
        ("x/Llama-3-8B-Instruct-v2", 8.03, "2024-04-20", "llama-3-8b"),
        ("x/Llama-3-8B-Instruct-v2", 8.03, "2024-03-20", None),
        ("x/Llama-3.2-11B-chat", 10.67, "2024-10-20", "llama-3.2-11b"),
        ("x/c4ai-command-r-tuned", 35.0, "2024-04-06", "command-r-35b"),
        ("Qwen/Qwen2-beta-72B", 72.0, "2024-01-29", None),
    ],
)
def test_a_name_places_nothing_on_a_base_published_later(model, params_b, released, base):
    assert placed(model, "", "", params_b, released)[0] == base


def test_an_assignment_to_a_base_published_later_is_not_followed():
    assert placed("x/night-owl", mapped="google/gemma-2-2b", released="2024-05-27")[0] is None
    assert placed("x/night-owl", mapped="google/gemma-2-2b", released="2024-08-27")[0] == "gemma-2-2b"


def test_sizes_are_trusted_less_when_training_is_said_to_be_from_scratch():
    kind = {"architecture": LLAMA, "params_b": 1.236, "released": "2025-01-01"}
    tuned = place("someone/thing", type="chatmodels", **kind)
    scratch = place("someone/thing", type="pretrained", **kind)
    assert scratch["confidence"] < tuned["confidence"]
    assert scratch["evidence"].startswith("class and size, from scratch")


def test_confidence_is_the_measured_share_and_never_certainty():
    for model, base_field, kind in (
        ("x/Qwen2.5-7B-Dusk", "Qwen/Qwen2.5-7B", "stated, size"),
        ("x/Qwen2.5-7B-Dusk", "", "generation, size"),
        ("x/Dusk", "", "class and size, sure"),
        ("Qwen/Qwen2.5-7B", "", "listed"),
    ):
        found = place(model, base_field, QWEN, 7.616, "2025-01-01")
        right, checked = MEASURED[kind]
        assert found["evidence"].partition(":")[0] == kind
        assert found["confidence"] == round((right + 1) / (checked + 2), 3)
    assert all(confidence(kind) < 1 for kind in MEASURED)
    assert confidence("a kind never counted") == confidence("other")


def test_what_is_measured_is_what_the_study_counted():
    counted = pd.read_csv(REPORT / "calibration.csv").set_index("kind")
    assert {kind: (right, checked) for kind, right, checked in counted[["right", "checked"]].itertuples()} == MEASURED


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("", "", LLAMA, 8.03), "no model name"),
        ((None, "", LLAMA, 8.03), "no model name"),
        (("x/thing", "", LLAMA, 5.5), "no known name, and no rule for Llama, 5.5e9 parameters"),
        (("x/thing", "", "", math.nan), "unknown architecture, unknown size"),
        (("x/thing", "y/other", "T5ForConditionalGeneration", 0.9), "base 'y/other' is unknown"),
        (("x/Qwen2.5-thing", "", QWEN, math.nan), "named after qwen2.5, which has no such model"),
        (("x/Mistral-2.48B", "", MISTRAL, 2.48), "named after mistral"),
        (("x/TinyMistral-248M", "", MISTRAL, 0.248), "known, but not its compute"),
        (("x/Gemma-4-27b-it", "", "", math.nan), "not gemma-2-27b: gemma 4"),
    ],
)
def test_the_unplaced_have_a_reason(row, words):
    found = place(*row)
    assert pd.isna(found["base_model"])
    assert words in found["reason"]


def test_weak_evidence_places_nothing_and_says_so():
    found = place("someone/thing", "", LLAMA, 8.03, type="pretrained")
    assert pd.isna(found["base_model"])
    assert found["reason"] == "only weak evidence for llama-3-8b (class and size, from scratch)"


def chain(*links: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(links, columns=["model", "base_field"])


def test_bases_are_handed_down_a_chain():
    table = chain(
        ("a/one", "meta-llama/Llama-3.1-8B"), ("a/two", "a/one"), ("a/three", "A/Two (Merge)"), ("a/four", "a/three")
    )
    found = identify(table, default_registry())
    assert found["base_model"].tolist() == ["llama-3.1-8b"] * 4
    assert found["rule"].tolist() == ["base", "chain", "chain", "chain"]
    assert found["confidence"].is_monotonic_decreasing
    assert found["confidence"].iloc[3] > 0.9


def test_the_order_of_rows_does_not_matter():
    table = chain(("a/three", "a/two"), ("a/two", "a/one"), ("a/one", "google/gemma-2-9b"))
    forward = identify(table, default_registry())
    backward = identify(table[::-1], default_registry())
    pd.testing.assert_frame_equal(forward, backward[::-1])


def test_a_circle_of_bases_ends_without_a_base():
    found = identify(chain(("a/one", "a/two"), ("a/two", "a/one"), ("a/three", "a/two")), default_registry())
    assert found["base_model"].isna().all()
    assert found["reason"].str.contains("unknown").all()


def test_a_chain_does_not_outvote_the_own_size():
    table = pd.DataFrame(
        {
            "model": ["a/one", "a/Qwen2.5-3B-two"],
            "base_field": ["Qwen/Qwen2.5-72B", "a/one"],
            "architecture": [QWEN, QWEN],
            "params_b": [72.706, 3.086],
        }
    )
    assert identify(table, default_registry())["base_model"].tolist() == ["qwen2.5-72b", "qwen2.5-3b"]


def test_the_index_and_the_input_are_kept():
    table = chain(("mistralai/Mistral-7B-v0.1", ""), ("x/y", "")).set_index(pd.Index(["p", "q"]))
    before = table.copy(deep=True)
    found = identify(table, default_registry())
    assert found.index.tolist() == ["p", "q"]
    pd.testing.assert_frame_equal(table, before)


def test_an_empty_table_gives_an_empty_answer():
    found = identify(pd.DataFrame({"model": []}), default_registry())
    assert found.empty
    assert list(found) == [
        "base_model",
        "rule",
        "confidence",
        "flops",
        "tokens_t",
        "params_b",
        "reason",
        "evidence",
        "against",
        "strength",
        "published",
    ]


def test_own_bases_are_found(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        """
        [generation."own"]
        patterns = ['own-model']
        [generation."own".models]
        "own-7b" = { params_b = 7.0, tokens_t = 2.0 }
        """,
        encoding="utf-8",
    )
    table = pd.DataFrame({"model": ["x/Own_Model-Chat"], "params_b": [7.0]})
    found = identify(table, Registry.read(path)).iloc[0]
    assert (found["base_model"], found["flops"]) == ("own-7b", pytest.approx(8.4e22))
    assert identify(table, default_registry())["base_model"].isna().all()


ANYTHING = st.one_of(
    st.none(),
    st.text(max_size=60),
    st.floats(),
    st.integers(),
    st.sampled_from(["Qwen/Qwen2.5-7B", "x/llama-3-8b", "8x7b", "(Merge)", "/", "a/", "2bx2b", "x" * 5000]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[ANYTHING] * 6), min_size=1, max_size=4))
def test_anything_is_taken_without_raising(rows):
    names = ["model", "base_field", "architecture", "params_b", "released", "type"]
    found = identify(pd.DataFrame(rows, columns=names, dtype=object), default_registry())
    assert len(found) == len(rows)
    assert (found["base_model"].isna() != found["reason"].isna()).all()
    assert (found["base_model"].isna() == np.isnan(found["flops"])).all()
    assert found["confidence"].between(0, 1).all()


@pytest.mark.parametrize("size", [5e-324, 1e-300, 0.0, -1.0, 1e300, math.inf, math.nan, "huge", None])
def test_sizes_that_are_none_say_nothing(size):
    table = pd.DataFrame({"model": ["me/llama-3.1-8b-x"], "params_b": [size], "base_field": "meta-llama/Llama-3.1-8B"})
    want = identify(table.drop(columns="params_b"), default_registry())
    found = identify(table, default_registry())
    assert found["base_model"].item() == want["base_model"].item() == "llama-3.1-8b"
    assert found["confidence"].item() == want["confidence"].item()
