"""Rows that contradict their stated base model."""

import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.registry.identify import contradicted
from bayes_frontier.evaluations.registry.registry import default_registry

ROWS = pd.DataFrame(
    [
        # the name says the next generation
        ("lab/Rombos-Qwen2.5-7B-v2", "qwen2-7b", 7.616, "2024-11-01", "qwen2.5-7b"),
        # the name says what is stated
        ("lab/Qwen2-7B-tuned", "qwen2-7b", 7.616, "2024-11-01", ""),
        # no name: what is uploaded at this size after Qwen2.5 appeared is Qwen2.5
        ("lab/cybertron", "qwen2-7b", 7.616, "2024-12-20", "qwen2.5-7b"),
        ("lab/cybertron-early", "qwen2-7b", 7.616, "2024-07-20", ""),
        # size and date do not tell Llama 3 from 3.1
        ("lab/stormy", "llama-3.1-8b", 8.03, "2024-09-20", ""),
        # but tell it from Llama 2
        ("lab/large", "llama-2-70b", 70.554, "2024-12-20", "llama-3.1-70b"),
        ("lab/large-early", "llama-2-70b", 68.977, "2024-12-20", ""),
        ("lab/Falcon3-7B-tuned", "llama-2-7b", 7.456, "2024-12-20", "falcon3-7b"),
        # Qwen2.5 comes in Llama's class too, but usually in Qwen2's
        ("lab/QWEN-14B-x", "qwen2.5-14b", 14.77, "2025-01-23", ""),
        ("Qwen/Qwen1.5-14B-Chat", "qwen2.5-14b", 14.167, "2024-01-30", "qwen1.5-14b"),
        # there is no such Qwen2, and at this date the size says Qwen2.5, weakly because weights are packed
        ("lab/Fusion-14B", "qwen2-14b", 8.367, "2025-02-02", "qwen2.5-14b"),
        ("lab/Fusion-7B", "qwen2-7b", 4.8, "2025-02-02", ""),
        # packed weights: half of 12.248, and 12B by name
        ("lab/MESH-12B", "mistral-7b", 6.124, "2024-12-17", "mistral-nemo-12b"),
        # the registry places this one, which is no BLOOM
        ("Quazim0t0/bloom-14b-stock", "bloom-14b", 14.66, "2025-02-05", "phi-4-14b"),
        # a base model the registry does not know, and a name that says nothing
        ("lab/thing", "ours-3b", 3.0, "2024-12-20", ""),
        ("lab/Llama-3.1-8B-x", "", 8.03, "2024-12-20", ""),
    ],
    columns=["model", "base_model", "params_b", "released", "expected"],
)


def test_names_sizes_and_dates_overrule_labels():
    found = contradicted(ROWS.drop(columns="expected"), default_registry())
    assert found["base_model"].tolist() == ROWS["expected"].tolist()
    base = default_registry().get("qwen2.5-7b")
    assert found.loc[0, "tokens_t"] == pytest.approx(base.tokens_t)


def table(rows: pd.DataFrame = ROWS) -> pd.DataFrame:
    kept = rows[rows["base_model"] != ""].drop(columns="expected")
    stated = {"ours-3b": 1e22, "qwen2-14b": 2e23, "bloom-14b": 3e22}
    flops = [stated.get(name) or default_registry().get(name).flops for name in kept["base_model"]]
    return kept.assign(flops=flops, bbh=[0.3 + 0.01 * i for i in range(len(kept))])


def test_a_table_is_read_as_stated_or_relabelled():
    stated, relabelled = (bf.read(table(), relabel=wanted) for wanted in (False, True))
    assert stated.models["base_model"].tolist()[0] == "qwen2-7b"
    assert relabelled.models["base_model"].tolist() == [
        "qwen2.5-7b",
        "qwen2-7b",
        "qwen2.5-7b",
        "qwen2-7b",
        "llama-3.1-8b",
        "llama-3.1-70b",
        "llama-2-70b",
        "falcon3-7b",
        "qwen2.5-14b",
        "qwen1.5-14b",
        "qwen2.5-14b",
        "qwen2-7b",
        "mistral-nemo-12b",
        "phi-4-14b",
        "ours-3b",
    ]
    changed = (relabelled.models["base_model"] != stated.models["base_model"]).to_numpy()
    assert (relabelled.models["flops"] != stated.models["flops"]).to_numpy()[changed].all()
    assert (relabelled.models["flops"] == stated.models["flops"]).to_numpy()[~changed].all()
    assert relabelled.models["flops"].iloc[0] == pytest.approx(default_registry().get("qwen2.5-7b").flops)
    assert (relabelled.models["bbh"] == stated.models["bbh"]).all()
    # What the table states of these rows is another base model's, and is not said to be kept.
    assert "FLOPs of 8 rows come from the base-model registry" in relabelled.notes
    (note,) = [note for note in relabelled.notes if "contradict" in note]
    assert "8 rows of 15" in note
    assert "qwen2-7b is qwen2.5-7b (2)" in note
    assert not [note for note in stated.notes if "contradict" in note]


def test_a_table_without_contradictions_gets_no_note():
    rows = ROWS[(ROWS["expected"] == "") & (ROWS["base_model"] != "")]
    assert not [note for note in bf.read(table(rows), relabel=True).notes if "contradict" in note]


def test_where_no_base_model_is_stated_none_can_be_wrong(tmp_path):
    without = table().drop(columns="base_model").iloc[[0, 1, 7]]
    with pytest.raises(DataError, match="relabel: DataFrame states no base models"):
        bf.read(without, relabel=True)
    record = tmp_path / "results.json"
    record.write_text('{"results": {}, "configs": {}}')
    with pytest.raises(DataError, match="relabel: results.json is no plain table"):
        bf.read(record, relabel=True)
