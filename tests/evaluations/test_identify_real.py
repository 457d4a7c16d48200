"""Bases of the rows of real leaderboards, and of those checked by hand."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.registry.registry import default_registry

pytestmark = pytest.mark.real_data


def columns(export: pd.DataFrame) -> pd.DataFrame:
    dates = export[["Upload To Hub Date", "Submission Date"]].apply(pd.to_datetime, errors="coerce")
    named = export[["fullname", "Base Model", "Architecture", "#Params (B)", "Type"]].copy()
    named.columns = ["model", "base_field", "architecture", "params_b", "type"]
    return named.assign(released=dates.min(axis=1))


@pytest.fixture(scope="module")
def export(shared_data) -> pd.DataFrame:
    return pd.read_csv(shared_data / "open_llm_leaderboard_v2.csv")


@pytest.fixture(scope="module")
def real(export) -> pd.DataFrame:
    return identify(columns(export), default_registry())


def test_the_real_export_is_placed(real):
    assert len(real) == 4576
    # what is left are stacks and mixtures of sizes no base model has, and names the registry does not know
    assert np.isfinite(real["flops"]).mean() >= 0.89
    assert real.loc[real["base_model"].isna(), "reason"].notna().all()
    assert (real["confidence"] >= 0.8).mean() > 0.75


def test_the_real_export_is_placed_quickly(export):
    table, start = columns(export), time.process_time()
    identify(table, default_registry())
    assert time.process_time() - start < 5


def test_identification_is_deterministic(export, real):
    pd.testing.assert_frame_equal(identify(columns(export), default_registry()), real)


def test_agreement_with_the_reference_table(shared_data, export, real):
    """Hold the agreement of reports/identification, where what it leaves out is argued."""
    tasks = ["ifeval", "bbh", "math_lvl_5", "gpqa", "musr", "mmlu_pro"]
    raw = ["IFEval Raw", "BBH Raw", "MATH Lvl 5 Raw", "GPQA Raw", "MUSR Raw", "MMLU-PRO Raw"]
    ours = export[["fullname", *raw]].set_axis(["model", *tasks], axis=1).join(real[["base_model", "rule"]])
    reference = pd.read_csv(shared_data / "oll_v2_with_compute.csv")
    both = reference.merge(ours.drop_duplicates(["model", *tasks]), on=["model", *tasks], suffixes=("", "_ours"))
    assert len(both) == len(reference)
    registry = default_registry()
    label = both["base_model"].map(registry.canonical)
    agree = (label == both["base_model_ours"]).fillna(False).astype(bool)
    # rows left unknown do not agree: 0.796 before stacks, mixtures and sizes of two generations were left out
    assert agree.mean() > 0.75
    stated = both["rule"].ne("size").fillna(False).astype(bool)
    unnamed_qwen = label.str.startswith("qwen2-", na=False) & both["base_model_ours"].str.startswith("qwen2.5")
    known = label.notna() & both["base_model_ours"].notna()
    open_to_doubt = known & ~(stated & ~agree) & ~unnamed_qwen.fillna(False).astype(bool)
    assert open_to_doubt.sum() > 2700
    assert agree[open_to_doubt].mean() >= 0.98


@pytest.fixture(scope="module")
def proteus(shared_data) -> pd.DataFrame:
    table = pd.read_csv(shared_data / "proteus_2k_part_models.csv")
    names = {"model_id": "model", "mapped_base_model": "mapped", "num_params_B": "params_b"}
    table = table.rename(columns=names)[list(names.values())]
    return table.join(identify(table, default_registry())[["base_model", "rule", "confidence"]])


def test_proteus_is_placed(proteus):
    assert proteus["base_model"].notna().mean() >= 0.95
    expected = proteus["mapped"].map(default_registry().canonical)
    known = expected.notna() & proteus["base_model"].notna()
    # 46 of its assignments are overruled by the models' own names, see reports/identification
    assert (proteus["base_model"] == expected)[known].mean() > 0.95


def test_rows_checked_by_hand_are_placed_as_they_were_found_right(export, real, proteus):
    checked = pd.read_csv(Path(__file__).parents[2] / "reports" / "identification" / "hand_check.csv")
    assert len(checked) >= 400
    verdicts = checked["verdict"].value_counts()
    assert verdicts["right"] / (verdicts["right"] + verdicts["wrong"]) >= 0.98
    placed = {
        "oll-v2": set(zip(export["fullname"], real["base_model"], strict=True)),
        "proteus-2k": set(zip(proteus["model"], proteus["base_model"], strict=True)),
    }
    names = {table: {model for model, _ in pairs} for table, pairs in placed.items()}
    lost = []
    for table, model, base, verdict in checked[["table", "model", "base_model", "verdict"]].itertuples(index=False):
        assert model in names[table]
        if verdict == "wrong":
            assert (model, base) not in placed[table], f"{model}: {base} was found wrong"
        elif verdict == "right" and (model, base) not in placed[table]:
            assert (model, None) in {(m, None if pd.isna(b) else b) for m, b in placed[table] if m == model}, model
            lost.append(model)
    # grown or cut to sizes their base model does not have, of another pre-training (CodeQwen), or of a size that
    # two generations have: now unknown, as every such model is
    assert sorted(lost) == [
        "NTQAI/Nxcode-CQ-7B-orpo",
        "Vira21/Gemma-2b-merged",
        "anakin87/gemma-2b-orpo",
        "bunnycore/Phi-4-Trim-Exp1",
        "bunnycore/QandoraExp-7B-v2",
        "ehristoforu/Falcon3-8B-Franken-Basestruct",
        "ehristoforu/frqwen2.5-from7b-it",
        "nisten/tqwendo-36b",
        "qingy2024/Qwen2.5-4B",
    ]
