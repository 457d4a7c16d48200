"""What names say: keys and stated sizes."""

import pytest

from bayes_frontier.evaluations.registry.contents import BaseModel, name_key, named_sizes


def base(**changes):
    values = {
        "name": "m-7b",
        "params_b": 46.7,
        "active_params_b": 12.9,
        "tokens_t": 2.0,
        "released": None,
        "family": "m",
        "source": "card",
        "uncertainty": 0.1,
    }
    return BaseModel(**(values | changes))


def test_flops_count_what_a_token_passes_through():
    assert base().flops == pytest.approx(6 * 12.9e9 * 2e12)
    assert base(active_params_b=46.7).flops == pytest.approx(5.604e23)


@pytest.mark.parametrize(
    ("name", "key"), [("Org/My_Model 7B", "org/my-model-7b"), ("  a__b  ", "a-b"), ("", ""), ("ÜNÏ_☃", "ünï-☃")]
)
def test_key_is_lower_case_with_hyphens(name, key):
    assert name_key(name) == key


def test_key_is_cut_before_patterns_see_it():
    assert len(name_key("x" * 100_000)) == 300


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("qwen2.5-7b-instruct", (7.0,)),
        ("smollm2-135m", (0.135,)),
        ("llama-3.2-3b-and-1.5b", (3.0, 1.5)),
        ("mixtral-8x22b", ()),
        ("mixtao-7bx2-moe", ()),
        ("grown-from7b-it", (7.0,)),
        ("llama-3-8b-bnb-4bit", (8.0,)),
        ("gpt2", ()),
        ("a7b-inside-word", ()),
        ("v3.1b2", ()),
        ("999999b", ()),
    ],
)
def test_sizes_a_name_states(name, sizes):
    assert named_sizes(name) == pytest.approx(sizes)
