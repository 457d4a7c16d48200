"""The packaged registry: well formed, and right where published tables can tell."""

import datetime as dt
import math
import re

import pandas as pd
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.registry.contents import name_key
from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.registry.registry import Registry, default_registry

# Published numbers we do not follow by more than a quarter, with the reason.
OTHERWISE = {
    "obsscaling": {
        "google/gemma-2b": "6T tokens of the 7B; the report says 3T",
        "google/gemma-2-2b": "2.0e9 parameters for 2.6e9",
        "tiiuae/falcon-rw-1b": "1.0e9 parameters for 1.3e9",
        "openlm-research/open_llama_7b_v2": "parameters of a 13B",
        "openlm-research/open_llama_13b": "tokens of a preview",
        "deepseek-ai/deepseek-moe-16b-base": "total parameters for active ones",
        "stabilityai/stablelm-base-alpha-3b": "1.5T tokens of the corpus, 0.8T were seen",
        "stabilityai/stablelm-base-alpha-7b": "1.5T tokens of the corpus, 0.8T were seen",
        "cerebras/btlm-3b-8k-base": "627T tokens for 627B",
    },
    "proteus": {
        "meta-llama/Llama-3.2-1B": "15T tokens; the card says up to 9T",
        "meta-llama/Llama-3.2-3B": "15T tokens; the card says up to 9T",
        "Qwen/Qwen3-30B-A3B-Base": "total parameters for active ones",
        "Qwen/Qwen2.5-0.5B": "embeddings counted twice",
        "Qwen/Qwen2-0.5B": "7T tokens; the report says 12T of the 0.5B",
        "Qwen/Qwen2-57B-A14B": "total parameters for active ones",
        "microsoft/Phi-3-medium": "3.3T tokens of the mini; the report says 4.8T",
    },
    "epoch": {
        "Llama-3.1-8B": "hardware-hours, utilisation assumed",
        "Qwen2-57B-A14B": "4.5T tokens without those of the 7B it was grown from",
        "Phi-3.5-MoE": "hardware-hours, utilisation assumed",
        "Gopher": "compute as reported, not 6 x parameters x tokens",
        "NVIDIA-Nemotron-Nano-9B-v2": "compute of the 12B it was pruned from",
        "OPT-13B": "hardware-hours, utilisation assumed",
        "OPT-66B": "compute of the whole project",
        "OPT-175B": "compute of the whole project",
    },
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return default_registry()


def test_registry_is_read_once():
    assert default_registry() is default_registry()


def test_registry_covers_the_families_leaderboards_show(registry):
    assert len(registry) >= 150
    families = {model.family for model in registry}
    expected = (
        "llama mistral qwen gemma phi yi falcon deepseek olmo pythia gpt-2 gpt-neo opt bloom mpt stablelm "
        "internlm baichuan granite smollm tinyllama openllama rwkv jamba cohere dbrx nemotron exaone glm "
        "solar danube starcoder llm360 zamba minicpm cerebras-gpt xglm"
    )
    assert set(expected.split()) <= families


def test_every_base_model_is_complete(registry):
    assert len(registry) >= 500
    for model in registry:
        assert 1e18 < model.flops < 1e27, model.name
        assert model.uncertainty > 0, model.name
        assert len(model.source) > 8, model.name
        assert model.released is not None, model.name
        assert dt.date(2019, 1, 1) < model.released < dt.date(2026, 6, 1), model.name
        assert model.name == name_key(model.name), model.name
    for model in registry.named_alike:
        assert 0 < model.active_params_b <= model.params_b < 2000, model.name
        assert 0.001 < model.tokens_t < 200, model.name
        assert model.flops < 1e26, model.name
        assert model.uncertainty <= 1, model.name


def test_assumed_numbers_say_so(registry):
    for model in registry:
        if "undisclosed" in model.source or "assumed" in model.source:
            assert model.uncertainty >= 0.5, model.name


def test_no_spelling_belongs_to_two_base_models(registry):
    owners: dict[str, set[str]] = {}
    for model in registry:
        for spelling in (model.name, *model.aliases):
            owners.setdefault(name_key(spelling), set()).add(model.name)
    assert {k: v for k, v in owners.items() if len(v) > 1} == {}


def test_every_spelling_leads_to_its_base_model(registry):
    for model in registry:
        for spelling in (model.name, model.name.upper(), *model.aliases):
            assert registry.canonical(spelling) == model.name, spelling
            assert registry.get(spelling) is model
        assert model.name in registry
        assert registry.lists(model.name)


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("meta-llama/Llama-3.1-8B", "llama-3.1-8b"),
        ("meta-llama/Meta-Llama-3-8B", "llama-3-8b"),
        ("Meta-Llama-3-8B", "llama-3-8b"),
        ("META-LLAMA/META-LLAMA-3-8B", "llama-3-8b"),
        ("someone/Qwen2.5-7B", "qwen2.5-7b"),
        ("mistralai/Mistral-7B-v0.3", "mistral-7b"),
        ("microsoft/phi-1_5", "phi-1.5-1b"),
        ("google/gemma-3-12b-pt", "gemma-3-12b"),
        ("Qwen/Qwen3-8B-Base", "qwen3-8b"),
        ("llama-1-1.1b", "tinyllama-1.1b"),
        ("gemma-1-9b", "gemma-2-9b"),
        ("qwen2-unsized", None),
        ("deepseek-8b", None),
        ("llama-1-1b", None),
        ("mixtral-7b", None),
        ("yi-1-60b", None),
        ("qwen3-3b", None),
        ("stablelm-6b", "stablelm-2-1.6b"),
        ("mixtral-22b", "mixtral-8x22b"),
        ("mixtral-unsized", None),
        ("meta-llama/Llama-3.1-8B-Instruct", None),
        ("", None),
        (None, None),
        (math.nan, None),
        (7, None),
        ("x" * 100_000, None),
    ],
)
def test_canonical_names(registry, name, canonical):
    assert registry.canonical(name) == canonical
    assert (name in registry) is (canonical is not None)


def test_a_mirror_is_known_but_not_listed(registry):
    assert registry.get("someone/Qwen2.5-7B") is registry.get("qwen2.5-7b")
    assert not registry.lists("someone/Qwen2.5-7B")
    assert registry.lists("Qwen/Qwen2.5-7B")


def test_patterns_find_their_own_generation(registry):
    for generation in registry.generations.values():
        assert generation.patterns, generation.name
        names = [name_key(a).rpartition("/")[2] for m in generation.models for a in (m.name, *m.aliases)]
        assert any(p.search(name) for p in generation.patterns for name in names), generation.name


def test_size_rules_name_bases_of_about_that_size(registry):
    for rule in registry.size_rules:
        model = registry.get(rule.base)
        assert model is not None
        assert model.name == rule.base
        assert rule.low <= rule.high
        assert 0 < rule.confidence <= 1
        # Quantised weights are counted two for one or worse; whole numbers of a table are cut or rounded.
        assert 0.25 < rule.low / max(model.sizes) < 1.1, rule
        assert 0.25 < rule.high / max(model.sizes) < 1.3, rule
        if rule.after and rule.before:
            assert rule.after < rule.before


def test_flops_agree_with_compute_optimal_knowledge(registry):
    ratio = registry.get("llama-2-70b").flops / registry.get("llama-2-7b").flops
    assert ratio == pytest.approx(68.977 / 6.738)
    assert registry.get("mixtral-8x7b").flops < 6e21 * 46.7 * registry.get("mixtral-8x7b").tokens_t / 3


def off(registry, names, flops):
    """Names whose published FLOPs are more than a quarter from ours, and how many could be compared."""
    ratios = {
        name: model.flops / value
        for name, value in zip(names, flops, strict=True)
        if (model := registry.get(name)) is not None and value > 0
    }
    return {name for name, ratio in ratios.items() if not 0.8 < ratio < 1.25}, len(ratios)


def test_flops_against_published_base_models(registry, shared_data):
    table = pd.read_csv(shared_data / "registry_check" / "obsscaling_base_llm_benchmark_eval.csv")
    differing, compared = off(registry, table["Model"], table["FLOPs (1E21)"] * 1e21)
    assert compared >= 120
    assert differing == set(OTHERWISE["obsscaling"])
    assert table["Model"].map(registry.canonical).notna().all()


def test_flops_against_proteus(registry, shared_data):
    table = pd.read_csv(shared_data / "proteus_2k_part_models.csv").dropna(subset="mapped_base_model")
    bases = table.drop_duplicates("mapped_base_model")
    differing, compared = off(registry, bases["mapped_base_model"], bases["pretrain_compute_zflops"] * 1e21)
    assert compared == len(bases)
    assert differing == set(OTHERWISE["proteus"])
    assert table["mapped_base_model"].map(registry.canonical).notna().mean() >= 0.95


def test_flops_against_epoch(registry, shared_data):
    table = pd.read_csv(shared_data / "epoch" / "large_scale_ai_models_2026-01.csv")
    names = table["Model"].str.replace(r"\(.*\)", "", regex=True).str.strip().str.replace(" ", "-")
    differing, compared = off(registry, names, table["Training compute (FLOP)"])
    assert compared >= 70
    assert differing == set(OTHERWISE["epoch"])


def test_every_base_of_the_small_token_table_is_known(registry, shared_data):
    table = pd.read_csv(shared_data / "registry_check" / "sloth_tokens.csv")
    assert [name for name in table["Model"] if registry.canonical(name) is None] == []


OWN = """
[generation."own"]
family = "own"
patterns = ['own-model']
architectures = ["Own"]
source = "us"
[generation."own".models]
"own-7b" = { params_b = 7.0, tokens_t = 2.0, released = 2025-01-01, aliases = ["lab/Own-7B"] }

[generation."llama-3.1".models]
"llama-3.1-8b" = { params_b = 8.03, tokens_t = 15.6, source = "us" }

[[size]]
architecture = "Own"
params_b = [6.9, 7.1]
base = "own-7b"
confidence = 0.9
"""


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_own_file_adds_and_overrides(registry, tmp_path):
    own = Registry.read(write(tmp_path, OWN))
    assert len(own) == len(registry) + 1
    assert own.canonical("lab/own-7b") == "own-7b"
    assert own.get("own-7b").flops == pytest.approx(8.4e22)
    assert own.get("llama-3.1-8b").tokens_t == 15.6
    assert own.get("llama-3.1-70b") == registry.get("llama-3.1-70b")
    kept, given = own.generations["llama-3.1"], registry.generations["llama-3.1"]
    assert (kept.patterns, kept.architectures, kept.related) == (given.patterns, given.architectures, given.related)
    assert own.size_rules[0].base == "own-7b"
    assert own.size_rules[1:] == registry.size_rules
    assert registry.get("llama-3.1-8b").tokens_t == 15.0
    assert "own-7b" not in registry


def test_files_stack(registry, tmp_path):
    first = registry.extended(write(tmp_path, OWN))
    second = first.extended(write(tmp_path, '[generation."own".models]\n"own-70b" = { params_b = 70, tokens_t = 2 }\n'))
    assert {m.name for m in second.generations["own"].models} == {"own-7b", "own-70b"}
    assert second.get("own-70b").family == "own"
    assert second.get("own-70b").source == "user"


MODEL = '[generation."own".models]\n"own-7b" = '
RULE = "[[size]]\narchitecture = 'A'\n"
BAD = {
    "[generation": ["not TOML"],
    "[generations.x]\nfamily = 'x'": ["'generations'", "Did you mean 'generation'?"],
    "generation = 3": ["generation is 3", "write tables"],
    "size = 3": ["size is 3", "[[size]]"],
    "size = [1]": ["size rule 1", "found 1"],
    "[generation]\nown = 3": ["generation 'own'", "found 3"],
    '[generation."own"]\nfamily = "own"': ["generation 'own'", "no models"],
    '[generation."own"]\nfamilly = "own"': ["unknown key 'familly'", "Did you mean 'family'?"],
    '[generation."own"]\nrelated = ["qwen2.6"]\n' + MODEL + "{ params_b = 7, tokens_t = 2 }": [
        "'qwen2.6'",
        "Did you mean 'qwen2.5'?",
    ],
    MODEL + "7": ["model 'own-7b'", "found 7", "params_b = 7.0"],
    MODEL + "{ params_b = 7.0 }": ["model 'own-7b'", "tokens_t is missing"],
    MODEL + "{ params_b = 7.0, token_t = 2.0 }": ["unknown key 'token_t'", "Did you mean 'tokens_t'?"],
    MODEL + "{ params_b = 0, tokens_t = 2.0 }": ["params_b is 0", "a positive number"],
    MODEL + "{ params_b = inf, tokens_t = 2.0 }": ["params_b is inf", "a positive number"],
    MODEL + "{ params_b = true, tokens_t = 2.0 }": ["params_b is True", "a positive number"],
    MODEL + '{ params_b = "7B", tokens_t = 2.0 }': ["params_b is '7B'", "a positive number"],
    MODEL + '{ params_b = 7, tokens_t = 2, released = "2024" }': ["released is '2024'", "a date"],
    MODEL + '{ params_b = 7, tokens_t = 2, aliases = "x" }': ["aliases is 'x'", "a list of texts"],
    MODEL + "{ params_b = 7, tokens_t = 2, sizes = [-1] }": ["sizes is [-1]", "a list of numbers"],
    MODEL + "{ params_b = 7, tokens_t = 2, patterns = ['('] }": ["patterns", "not a regular expression"],
    RULE + "params_b = [1, 2]\nbase = 'llama-3-8b'": ["size rule 1", "confidence is missing"],
    RULE + "params_b = [2, 1]\nbase = 'llama-3-8b'\nconfidence = 1": ["[lowest, highest]"],
    RULE + "params_b = [1, 2]\nbase = 'llama-3-8'\nconfidence = 1": ["'llama-3-8'", "Did you mean 'llama-3-8b'?"],
    RULE + "params_b = [1, 2]\nbase = '??'\nconfidence = 1": ["'??'", "Add it"],
    RULE + "params_b = [1, 2]\nbase = 'llama-3-8b'\nconfidence = 70": ["confidence is 70", "at most 1"],
    RULE + "params_b = [1, 2]\nbase = 'llama-3-8b'\nconfidence = 1\nnamed = '('": ["not a regular expression"],
    RULE + "params_b = [1, 2]\nbase = 'llama-3-8b'\nconfidence = 1\neither = 3": ["either is 3", "text"],
    "releases = 3": ["releases is 3", "[releases]"],
    '[releases]\n"a/b" = 3': ["release 'a/b'", "found 3", "released = 2025-01-20"],
    '[releases]\n"a/b" = { base = "llama-3-8b" }': ["release 'a/b'", "released is missing"],
    '[releases]\n"a/b" = { base = "llama-3-8", released = 2025-01-20 }': ["'llama-3-8'", "Did you mean 'llama-3-8b'?"],
    '[releases]\n"a/b" = { base = "llama-3-8b", released = "2025" }': ["released is '2025'", "a date"],
    "undisclosed = 3": ["undisclosed is 3", "what is not known"],
    '[undisclosed]\n"a" = ""': ["undisclosed, 'a'", "say in words"],
    "words = 3": ["words is 3", "neutral, variants, others"],
    "[words]\nneutrals = ['x']": ["unknown key 'neutrals'", "Did you mean 'neutral'?"],
    "[words]\nneutral = 'x'": ["neutral is 'x'", "a list of texts"],
}


@pytest.mark.parametrize(("text", "words"), BAD.items())
def test_a_bad_file_is_named_with_what_to_do(tmp_path, text, words):
    with pytest.raises(DataError) as caught:
        Registry.read(write(tmp_path, text))
    message = str(caught.value)
    assert "mine.toml" in message
    for word in words:
        assert word in message
    assert re.search(r"[.?]$", message)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.toml: the registry cannot be read"):
        Registry.read(tmp_path / "nowhere.toml")


def test_a_binary_file_is_named(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        Registry.read(path)


def _with(tmp_path, text):
    (tmp_path / "mine.toml").write_text(text)
    return Registry.read(tmp_path / "mine.toml")


def test_a_file_places_models_that_no_name_tells(tmp_path):
    mine = _with(tmp_path, '[placed]\n"jaspionjader/bh-20" = "llama-3-8b"\n"me/Qwen2.5-7B-x" = "qwen2.5-14b"\n')
    table = pd.DataFrame({"model": ["JaspionJader/bh_20", "me/qwen2.5-7b-x", "me/qwen2.5-7b-y", "jaspionjader/bh-21"]})
    found = identify(table, mine)
    assert found["base_model"].fillna("").tolist() == ["llama-3-8b", "qwen2.5-14b", "qwen2.5-7b", ""]
    assert found["rule"].fillna("").tolist() == ["reviewed", "reviewed", "name", ""]
    assert found["confidence"].tolist()[:2] == [1.0, 1.0]
    assert identify(table, default_registry())["base_model"].fillna("").tolist()[0] == ""
    (tmp_path / "more.toml").write_text('[placed]\n"jaspionjader/bh-21" = "llama-3-8b"\n')
    assert identify(table, mine.extended(tmp_path / "more.toml"))["base_model"].notna().all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[placed]\n"a/b" = "llama-3-8bb"\n', "'a/b': 'llama-3-8bb' is not in the registry. Did you mean"),
        ('[placed]\n"a/b" = 8\n', "placed, model 'a/b': 8 is not in the registry"),
        ("placed = 3\n", "placed is 3; write a table [placed]"),
        ("[place]\n", "unknown table 'place'. Did you mean 'placed'?"),
    ],
)
def test_placements_that_cannot_be_used(tmp_path, text, words):
    with pytest.raises(DataError) as caught:
        _with(tmp_path, text)
    assert words in str(caught.value)


def test_base_models_of_the_file_itself_can_be_named(tmp_path):
    ours = '[generation."ours"]\ntokens_t = 4.0\n[generation."ours".models]\n"ours-7b" = { params_b = 7.1 }\n'
    mine = _with(tmp_path, ours + '[placed]\n"a/b" = "ours-7b"\n')
    assert identify(pd.DataFrame({"model": ["a/b"]}), mine)["flops"].item() == pytest.approx(6 * 7.1e9 * 4e12)


OWN_RULES = """
[releases]
"lab/Ours-R1" = { base = "qwen2.5-7b", released = 2025-02-03, aliases = ["ours-reasoner"] }

[undisclosed]
"Ours Max" = "parameters undisclosed"

[words]
neutral = ["oursft"]
variants = ["sonar"]
others = ["ourware"]
"""


def test_a_file_of_ones_own_adds_releases_unknowns_and_words(tmp_path):
    mine = _with(tmp_path, OWN_RULES)
    table = pd.DataFrame(
        {"model": ["lab/ours_r1", "Ours-Reasoner", "ours-max", "Qwen2.5-sonar-7B", "Qwen2.5-7B-ourware", "lab/x"]}
    )
    found = identify(table, mine)
    assert found["base_model"].fillna("").tolist() == ["qwen2.5-7b"] * 2 + [""] * 4
    assert found["rule"].fillna("").tolist()[:2] == ["release"] * 2
    assert found["published"].dt.date.tolist()[0] == dt.date(2025, 2, 3)
    assert found["reason"].tolist()[2:5] == [
        "known, but not its compute: parameters undisclosed",
        "not qwen2.5-7b: sonar",
        "not qwen2.5-7b: ourware",
    ]
    before = identify(table, default_registry())["base_model"].fillna("").tolist()
    assert before == ["", "", "", "qwen2.5-7b", "qwen2.5-7b", ""]
    assert mine.release("ours-reasoner").base == "qwen2.5-7b"
    assert default_registry().release("ours-reasoner") is None


def test_size_rules_of_ones_own_may_ask_for_words_of_the_name(tmp_path):
    rule = RULE.replace("'A'", "'Llama'") + (
        "params_b = [5.4, 5.6]\nbase = 'llama-3-8b'\nconfidence = 0.9\nnamed = 'night'\neither = 'llama-3.1-8b'\n"
    )
    mine = _with(tmp_path, rule)
    table = pd.DataFrame({"model": ["x/night-owl", "x/day-owl"], "architecture": "LlamaForCausalLM", "params_b": 5.5})
    found = identify(table, mine)
    assert found["base_model"].fillna("").tolist() == ["llama-3-8b", ""]
    assert found["evidence"].tolist()[0].startswith("class and size, either")
