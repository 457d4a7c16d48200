"""Results whose file does not say everything."""

import datetime as dt
import json

import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.analysis.gate import read_results
from tests.draws import FLOPS, make_frontier


@pytest.fixture(scope="module")
def frontier() -> bf.Frontier:
    return make_frontier()


@pytest.fixture
def bare(tmp_path):
    """A table with names and scores alone."""
    path = tmp_path / "bare.csv"
    pd.DataFrame({"model": ["a/x", "a/y"], "maths": [0.3, 0.4], "reading": [0.5, 0.6]}).to_csv(path, index=False)
    return path


@pytest.fixture
def lm_eval(tmp_path):
    """A result file of a model whose base cannot be told from its name."""
    path = tmp_path / "results_2025-03-01T00-00-00.000000.json"
    result = {"maths": {"acc,none": 0.31, "acc_stderr,none": 0.01, "alias": "maths"}}
    content = {
        "results": result,
        "configs": {"maths": {"task": "maths"}},
        "n-samples": {"maths": {"original": 500, "effective": 500}},
        "config": {"model": "hf", "model_args": "pretrained=lab/secret", "limit": None},
        "model_name": "lab/secret",
        "date": 1740787200.0,
    }
    path.write_text(json.dumps(content))
    return path


def test_base_model_of_the_fit_brings_its_compute_to_a_bare_table(bare, frontier):
    found = read_results(bare, frontier, base_model="meta-llama/Llama-3.1-8B")
    assert found.models["base_model"].tolist() == ["llama-3.1-8b"] * 2
    assert found.tasks == ("maths", "reading")
    assert found.source == "bare.csv"
    assert (found.models["flops"] > 1e23).all()


def test_a_base_model_nobody_knows_needs_its_compute(bare, frontier):
    with pytest.raises(bf.DataError, match="--flops"):
        read_results(bare, frontier, base_model="lab/own-3b")
    found = read_results(bare, frontier, base_model="lab/own-3b", flops=4e22)
    assert found.models["flops"].tolist() == [4e22] * 2
    assert found.models["base_model"].tolist() == ["lab/own-3b"] * 2


def test_nothing_stated_and_nothing_said_is_an_error_with_the_remedy(lm_eval, frontier):
    with pytest.raises(bf.DataError, match="no base model.*--base-model"):
        read_results(lm_eval, frontier)


def test_results_of_a_harness_take_what_is_stated(lm_eval, frontier):
    found = read_results(lm_eval, frontier, base_model="mistral-7b", released=dt.date(2025, 2, 2))
    row = found.models.iloc[0]
    assert (row["model"], row["base_model"], row["maths"]) == ("lab/secret", "mistral-7b", 0.31)
    assert row["released"] == pd.Timestamp("2025-02-02")
    assert row["flops"] > 1e22


def test_stated_compute_is_checked(bare, frontier):
    with pytest.raises(bf.QueryError, match="looks like log10"):
        read_results(bare, frontier, base_model="mistral-7b", flops=23.0)


def test_a_full_table_is_read_as_ever(tmp_path, frontier):
    path = tmp_path / "full.csv"
    frame = pd.DataFrame(
        {"model": ["a/x"], "base_model": ["mistral-7b"], "flops": [FLOPS["mistral-7b"]], "maths": [0.3]}
    )
    frame.to_csv(path, index=False)
    found = read_results(path, frontier)
    assert found.models["flops"].tolist() == [FLOPS["mistral-7b"]]
    other = read_results(path, frontier, base_model="qwen2.5-14b")
    assert other.models["base_model"].tolist() == ["qwen2.5-14b"]
