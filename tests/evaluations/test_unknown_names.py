"""What the registry does not know is unknown: other generations, variants, sizes and makers are no near entry."""

import datetime as dt
import math
import re

import pandas as pd
import pytest

from bayes_frontier.evaluations.read import identification, survey
from bayes_frontier.evaluations.registry.claims import Vocabulary
from bayes_frontier.evaluations.registry.contents import last_part
from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.registry.registry import default_registry

REGISTRY = default_registry()


def bases(*models: str, **columns) -> list[str]:
    table = pd.DataFrame({"model": models} | columns)
    return identify(table, REGISTRY)["base_model"].fillna("").tolist()


OTHER_GENERATIONS = [
    "google/gemma-4-31b-it",
    "Gemma 4 26B A4B",
    "gemma4-27b",
    "gemma-5",
    "OLMo-4-7B",
    "Mistral-Large-3-675B-Instruct-2512",
    "Mistral Large 4",
    "Qwen4-8B",
    "qwen3.6-27b",
    "Qwen2.6-7B",
    "Llama-5-8B",
    "Llama-3.7-8B",
    "Phi-5",
    "phi-6-14b",
    "DeepSeek-V4",
    "deepseek-r2",
    "GLM-5",
    "Kimi-K3",
    "kimi-k2.6",
    "falcon-4-7b",
    "SmolLM4-3B",
    "Yi-2-34B",
    "internlm4-7b",
]
VARIANTS = [
    "Mistral Medium 3",
    "mistral-medium-2505",
    "Mistral-Medium-3.1",
    "Mistral Saba",
    "medgemma-4b-it",
    "medgemma-27b-text-it",
    "paligemma-3b",
    "Qwen3-VL-8B-Instruct",
    "Qwen2.5-VL-7B-Instruct",
    "Qwen3-Omni-30B-A3B",
    "Qwen2.5-Max",
    "Qwen3-Coder-30B-A3B",
    "GLM-4-Plus",
    "Llama-4-Behemoth",
    "phi-4-multimodal-instruct",
    "TinyMistral-248M",
]
SIZES = [
    "Llama-3.1-13B",
    "llama-3b",
    "Qwen3-3.6B",
    "gpt-oss-3.6b",
    "gpt-oss-80b",
    "gemma-3-8b",
    "ministral-3b",
    "Llama-4-Maverick-17B-16E",
    "qwen3-30b-a5b",
    "Mixtral-3x7B",
    "mistral-4x7b-moe",
    "olmo-1b-7b",
    "Llama-3.1-8B x Qwen2.5-7B",
    "pythia-122m",
    "Qwen2.5-24B",
]
OTHERS = [
    "Kimi K2-65B",
    "kimi-k2-65b",
    "allenai/Molmo-7B-D",
    "VideoLLaMA2-7B",
    "DeepSeek R1 + claude-3-5-sonnet",
    "nova-7b",
    "QwQ-32B + Qwen 2.5 Coder",
    "o3 (high) + gpt-4.1",
]


@pytest.mark.parametrize("name", [*OTHER_GENERATIONS, *VARIANTS, *SIZES, *OTHERS])
def test_what_is_not_known_is_not_its_nearest_relative(name):
    found = identify(pd.DataFrame({"model": [name]}), REGISTRY).iloc[0]
    assert pd.isna(found["base_model"])
    assert math.isnan(found["flops"])
    assert found["confidence"] == 0
    assert found["reason"]


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("Qwen2.5-7B-Instruct", "qwen2.5-7b"),
        ("Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("gemma-3-27b-it", "gemma-3-27b"),
        ("Qwen3-30B-A3B", "qwen3-30b-a3b"),
        ("Llama-4-Maverick-17B-128E-Instruct", "llama-4-maverick"),
        ("gpt-oss-120b", "gpt-oss-120b"),
        ("Kimi-K2-Instruct", "kimi-k2-1t-a32b"),
        ("K2-65B", "k2-65b"),
        ("stablelm-jp-instruct-3b_1.5.2", "stablelm-3b"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        "{}",
        "{}/",
        "lab/{}",
        "sft/checkpoints/{}/",
        "./models/{}//",
        "models--lab--{}",
        "{}-GPTQ",
        "{}-AWQ",
        "{}-bnb-4bit",
        "{}-FP8",
        "{}_bf16",
        "{}-Q4_K_M",
        "{}-gguf",
        "{} (high)",
        "{}-2025-04-14",
        "{}@main",
        "{}-dpo",
    ],
)
def test_paths_formats_efforts_and_dates_change_nothing(form, name, base):
    assert bases(form.format(name)) == bases(name)
    assert bases(name) == [base]


def test_a_slash_at_the_end_is_no_part_of_a_name():
    path = "tuned/asami/stablelm-jp-chat-3b_2.0"
    first, second = bases(path, path + "/")
    assert first == second != "stablelm-12b"


def test_total_and_active_sizes_of_a_mixture_are_told_apart():
    names = ("Llama-4-Scout-17B-16E", "Llama-4-Maverick-17B-128E", "Qwen3-235B-A22B", "Qwen3-30B-A3B", "OLMoE-1B-7B")
    assert bases(*names) == ["llama-4-scout", "llama-4-maverick", "qwen3-235b-a22b", "qwen3-30b-a3b", "olmoe-7b-a1b"]


def test_the_words_that_decided_and_those_against_are_told():
    table = pd.DataFrame({"model": ["lab/Qwen2.5-7B-Dusk", "Gemma-4-9b-it"], "params_b": [7.616, math.nan]})
    found = identify(table, REGISTRY)
    assert found["evidence"].tolist() == ["generation, size: qwen2.5", ""]
    assert found["against"].tolist() == ["", "gemma-2-9b: gemma 4"]
    assert found["reason"].fillna("").tolist() == ["", "not gemma-2-9b: gemma 4"]


def test_releases_have_their_own_date_and_are_no_base_models():
    names = ["Qwen/QwQ-32B", "deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "Qwen/Qwen2.5-32B"]
    table = pd.DataFrame({"model": names, "released": ["2025-04-01"] * 4})
    found = identify(table, REGISTRY)
    assert found["base_model"].tolist() == ["qwen2.5-32b", "deepseek-v3-671b", "qwen2.5-7b", "qwen2.5-32b"]
    assert found["rule"].tolist() == ["release", "release", "release", "self"]
    days = pd.Series([dt.date(2025, 3, 5), dt.date(2025, 1, 20), dt.date(2025, 1, 20), dt.date(2024, 9, 19)])
    assert found["published"].dt.date.tolist() == days.tolist()
    # a fine-tune of another maker has no release date that the registry could know
    assert identify(pd.DataFrame({"model": ["lab/Qwen2.5-32B-Dusk"]}), REGISTRY)["published"].isna().all()


def test_every_release_names_a_base_model_that_came_first():
    for release in REGISTRY.releases:
        base = REGISTRY.get(release.base)
        assert base.name == release.base
        assert base.released <= release.released, release.name
        for name in release.names:
            assert REGISTRY.release(name) == release, name
            assert REGISTRY.canonical(name) == base.name
            assert identify(pd.DataFrame({"model": [name]}), REGISTRY)["rule"].item() == "release", name
    for model in REGISTRY:
        assert REGISTRY.release(model.name) is None


def test_names_whose_compute_nobody_knows_say_so():
    for name, reason in REGISTRY.undisclosed.items():
        found = identify(pd.DataFrame({"model": [name]}), REGISTRY).iloc[0]
        if REGISTRY.canonical(name) in REGISTRY.contents.listed:
            # not published, but estimated since
            assert REGISTRY.get(name).grade in ("confident", "likely", "speculative"), name
            continue
        assert pd.isna(found["base_model"]), name
        assert found["reason"] == f"known, but not its compute: {reason}"


def test_of_a_table_without_base_models_the_rule_is_that_of_the_name():
    table = pd.DataFrame({"model": ["lab/Mistral-Medium-3", "lab/Qwen2.5-7B-Dusk"], "chess": [0.6, 0.45]})
    found = identification(table.iloc[1:])
    assert found["rule"].tolist() == ["name"]
    assert found["confidence"].between(0.8, 1, inclusive="neither").all()
    assert found["evidence"].item().startswith("generation, size said")


def test_stated_base_models_that_names_contradict_are_reported():
    table = pd.DataFrame(
        {
            "model": ["lab/Qwen2.5-7B-Dusk", "lab/Qwen2.5-7B-Dawn", "lab/night"],
            "base_model": ["mistral-7b", "qwen2.5-7b", "llama-3-8b"],
            "params_b": [7.616, 7.616, 8.03],
            "chess": [0.3, 0.4, 0.5],
        }
    )
    found = identification(table)
    assert found["base_model"].tolist() == ["mistral-7b", "qwen2.5-7b", "llama-3-8b"]
    assert found["rule"].tolist() == ["stated"] * 3
    assert found["against"].tolist() == ["its own name, or size and date, says qwen2.5-7b", "", ""]
    assert found["confidence"].isna().tolist() == [True, False, False]
    (note,) = [note for note in survey(table).notes if "contradict" in note]
    assert "1 row of 3 contradicts" in note
    assert "mistral-7b is qwen2.5-7b (1)" in note
    assert not [note for note in survey(table.iloc[1:]).notes if "contradict" in note]


# A name of the registry, bent: it is unknown, or still what it was, or itself a name of the registry.

WORDS = [
    "medium",
    "saba",
    "next",
    "med",
    "vl",
    "omni",
    "zeta",
    "quasar",
    "vision",
    "coder",
    "math",
    "lite",
    "mini",
    "large",
    "nano",
    "embedding",
]
SIZE = re.compile(r"(?<![a-z0-9.])\d+(\.\d+)?[bm](?![a-z0-9])")
LINE = re.compile(r"[a-z]+(?:\d+(?:\.\d+)?(?![\d.]*[bmx]))?")
GENERATION = re.compile(r"([a-z]+)-?v?\d+(\.\d+)?(?![\d.]*[bmx])")


def bent(name: str, word: str) -> list[str]:
    """Put an unknown word, generation or size into a name."""
    size, line, generation = SIZE.search(name), LINE.match(name), GENERATION.match(name)
    made = [f"{name}-{word}", f"{word}-{name}", f"{name} ({word})", f"{name}-513b", f"{name}-9x13b"]
    if line:
        made += [f"{line[0]}-{word}{name[line.end() :]}", f"{line[0]}-77b{name[line.end() :]}"]
        word_of_it = generation[1] if generation else line[0]
        rest = name[generation.end() :] if generation else name[line.end() :]
        made += [f"{word_of_it}-9{rest}", f"{word_of_it}-7.5{rest}", f"{word_of_it}11{rest}"]
    if size:
        made += [f"{name[: size.start()]}{word}-{name[size.start() :]}"]
        made += [name[: size.start()] + other + name[size.end() :] for other in ("3.7b", "513b", "0.37b", "2x7b")]
    return made


def test_a_bent_name_is_never_another_base_model():
    named = [(m.name, name) for m in REGISTRY for name in (m.name, *m.aliases)]
    named += [(release.base, name) for release in REGISTRY.releases for name in release.names]
    rows = dict.fromkeys(
        (base, made) for i, (base, name) in enumerate(named) for made in bent(last_part(name), WORDS[i % len(WORDS)])
    )
    table = pd.DataFrame(list(rows), columns=["base", "model"])
    assert len(table) > 10_000
    found = identify(table[["model"]], REGISTRY)["base_model"]
    other = table[found.notna() & (found != table["base"])].assign(found=found)
    vocabulary = Vocabulary(REGISTRY)
    listed = other["model"].map(lambda name: vocabulary.whole(name) is not None)
    assert other[~listed].to_dict("records") == []
    # most are unknown, and some stay what they are: words of post-training, and sizes that agree
    assert found.isna().mean() > 0.6


# Base models of one class and size whose compute differs: what says neither, is neither.


def rivals(rule) -> set[str]:
    """List base models that a size rule's class, parameters and dates allow, of other compute than the rule's."""
    own = REGISTRY.get(rule.base)
    classes = [g for g in REGISTRY.generations.values() if rule.architecture in g.architectures]
    return {
        m.name
        for generation in classes
        for m in generation.models
        if any(rule.low <= size <= rule.high for size in m.sizes)
        and not math.isclose(m.flops, own.flops, rel_tol=1e-9)
        and not (rule.before and m.released and rule.before <= m.released)
    }


# What a rule's dates or words of the name tell apart.
TOLD_APART = {
    "llama-1-30b": "its words leave out Yi, Code Llama, DeepSeek and Qwen; no other base model of this size till then",
    "llama-1-65b": "its words leave out K2 and XVERSE",
    "tinyllama-1.1b": "the size is said",
    "qwen1.5-1.8b": "the size is said",
    "phi-4-14b": "Qwen2.5 14B is 14.77, and 14.7 only as rounded",
    "mistral-7b": "Phi-3 small comes in a class of its own",
    "qwen2.5-0.5b": "of those that say their generation, 315 of 317 from December 2024 on are Qwen2.5",
    "qwen2.5-1.5b": "as the 0.5B",
    "qwen2.5-7b": "as the 0.5B",
    "qwen2.5-72b": "as the 0.5B",
}


def test_size_rules_place_nothing_where_two_base_models_of_other_compute_have_the_size():
    open_to_doubt = {rule.base: rivals(rule) for rule in REGISTRY.size_rules if rivals(rule)}
    assert {base: others for base, others in open_to_doubt.items() if base not in TOLD_APART} == {}


@pytest.mark.parametrize(
    ("architecture", "params_b", "day"),
    [
        ("LlamaForCausalLM", 6.738, "2023-10-01"),
        ("LlamaForCausalLM", 13.016, "2023-12-01"),
        ("LlamaForCausalLM", 34.389, "2024-10-01"),
        ("LlamaForCausalLM", 0.362, "2025-01-01"),
        ("LlamaForCausalLM", 68.977, "2024-03-01"),
        ("Qwen2ForCausalLM", 7.616, "2024-10-15"),
        ("Qwen2ForCausalLM", 0.494, "2024-10-15"),
        ("Qwen2ForCausalLM", 1.544, "2024-10-15"),
        ("Phi3ForCausalLM", 3.821, "2024-11-01"),
        ("MixtralForCausalLM", 46.703, "2024-02-01"),
    ],
)
def test_a_size_that_two_base_models_have_tells_neither(architecture, params_b, day):
    assert bases("someone/dusk", architecture=architecture, params_b=params_b, released=day) == [""]


@pytest.mark.parametrize(
    ("name", "day", "base"),
    [
        ("someone/llama-7b-dusk", "2023-06-01", "llama-1-7b"),
        ("someone/llama-7b-dusk", "2023-10-01", ""),
        ("someone/llama_13b_qlora", "2023-10-01", ""),
        ("someone/llama-65b-dusk", "2023-10-01", "llama-1-65b"),
        ("someone/llama-2-7b-dusk", "2023-10-01", "llama-2-7b"),
        ("huggyllama/llama-7b", "2023-10-01", "llama-1-7b"),
        ("someone/yi-34b-dusk", "2024-02-01", "yi-1-34b"),
        ("someone/yi-34b-dusk", "2024-08-01", ""),
        ("someone/yi-1.5-34b-dusk", "2024-08-01", "yi-1.5-34b"),
    ],
)
def test_a_name_that_says_no_generation_tells_none_once_there_are_two(name, day, base):
    assert bases(name, architecture="LlamaForCausalLM", released=day) == [base]


def test_llama_3_may_be_3_1_once_that_is_out_and_costs_the_same():
    table = pd.DataFrame({"model": ["x/Llama-3-8B-dusk"] * 2, "released": ["2024-06-01", "2024-11-01"]})
    found = identify(table.assign(architecture="LlamaForCausalLM", params_b=8.03), REGISTRY)
    assert found["base_model"].tolist() == ["llama-3-8b"] * 2
    kinds = found["evidence"].str.partition(":")[0].tolist()
    assert kinds == ["generation, size", "generation, either"]
    assert found["evidence"].iloc[1].endswith("or llama-3.1-8b")


@pytest.mark.parametrize(
    ("name", "architecture", "params_b"),
    [
        ("x/Bielik-Dusk-SOLAR-10.7B", "LlamaForCausalLM", 10.0),
        ("x/SOLAR-like-10.7B", "LlamaForCausalLM", 10.0),
        ("x/mixtral-medley", "MistralForCausalLM", 7.242),
        ("x/lucie-dusk-7b", "MistralForCausalLM", 7.242),
        ("x/llama2-init-dusk-7b", "LlamaForCausalLM", 7.0),
        ("x/Phi-2-dusk-2.94B", "PhiForCausalLM", 2.78),
        ("x/dusk-llama-2-16b", "LlamaForCausalLM", 7.0),
        ("x/Ministral-8B-dusk", "MistralForCausalLM", 7.248),
        ("x/CodeQwen1.5-7B-dusk", "Qwen2ForCausalLM", 7.25),
        ("x/Dusk-Miqu-70B", "LlamaForCausalLM", 68.977),
    ],
)
def test_another_makers_word_or_another_size_contradicts(name, architecture, params_b):
    assert bases(name, architecture=architecture, params_b=params_b, released="2024-11-20") == [""]


def test_words_that_other_things_are_called_by_contradict_nothing():
    columns = {"architecture": "MistralForCausalLM", "params_b": 7.242, "released": "2024-03-01"}
    assert bases("x/dusk-gpt-7b", **columns) == ["mistral-7b"]


def test_a_number_no_generation_has_is_the_fine_tunes_where_the_base_model_is_stated():
    columns = {"architecture": "Qwen2ForCausalLM", "params_b": 14.77, "released": "2024-12-04"}
    assert bases("x/Qwen2.6-Dusk-14B", base_field="Qwen/Qwen2.5-14B", **columns) == ["qwen2.5-14b"]
    assert bases("x/Qwen2-Dusk-14B", base_field="Qwen/Qwen2.5-14B", architecture="Qwen2ForCausalLM") == ["qwen2.5-14b"]
    assert bases("x/Qwen3-Dusk-14B", base_field="Qwen/Qwen2.5-14B", **columns) == [""]
