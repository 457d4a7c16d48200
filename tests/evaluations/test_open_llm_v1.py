"""The table of the retired leaderboard v1, invented and real."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.sources.open_llm import ARCHIVE, EXACT, widened
from tests.evaluations.samples import v1_table


def test_percentages_bases_dates_and_flags(write):
    e = read(write(v1_table()))
    assert e.source_format == "open_llm_v1"
    assert e.models["model"].tolist() == ["mistralai/Mistral-7B-v0.1", "me/odd-name", "me/Llama-2-13b-tuned"]
    assert e.models["base_model"].tolist() == ["mistral-7b", "mistral-7b", "llama-2-13b"]
    assert e.models["arc"].tolist() == pytest.approx([0.605, 0.5025, 0.40])
    assert e.models["stage"].tolist() == ["pretrained", "post-trained", "post-trained"]
    assert e.dropped_by_reason().to_dict() == {"flagged by the leaderboard": 1, "no base model": 1}
    assert e.dropped["model"].tolist() == ["me/contaminated", "me/what"]
    # a base model is as old as the registry says, not as its evaluation
    assert e.models["released"].dt.date.astype(str).tolist() == ["2023-09-27", "2023-12-01", "2023-12-01"]


def test_items_of_the_benchmarks(write):
    table = read(write(v1_table())).table
    assert table.groupby("task")["n_items"].first()["gsm8k"] == 1319
    assert table["n_items"].notna().all()


def test_the_archives_own_column_names_are_known(tmp_path):
    names = {here: there for there, here in ARCHIVE.items()}
    path = tmp_path / "train.parquet"
    v1_table().rename(columns=names).to_parquet(path, index=False)
    plain = tmp_path / "plain.parquet"
    v1_table().to_parquet(plain, index=False)
    e = read(path)
    assert e.source_format == "open_llm_v1"
    assert e.fingerprint == read(plain).fingerprint


def test_flags_the_right_way_round_are_believed(write):
    table = v1_table().assign(flagged=["FALSE", "TRUE", "FALSE", "FALSE", "FALSE"])
    e = read(write(table))
    assert e.dropped["model"].tolist()[0] == "me/odd-name"
    assert not any("inverted" in note for note in e.notes)


def test_whole_sizes():
    kinds = pd.Series(["MistralForCausalLM", "MistralForCausalLM", "LlamaForCausalLM", "MixtralForCausalLM"])
    assert widened(kinds, np.array([7.0, 0.0, 7.0, 46.0])).tolist() == pytest.approx(
        [EXACT["Mistral", 7], np.nan, 7.0, EXACT["Mixtral", 46]], nan_ok=True
    )


def test_what_is_refused(write):
    with pytest.raises(DataError, match="lacks the columns 'date'"):
        read(write(v1_table().drop(columns="date")))
    with pytest.raises(DataError, match="has its own"):
        read(write(v1_table()), columns={"model": "fullname"})
    with pytest.raises(DataError, match=r"task 'arc': 1 of 5 values outside 0 to 100.*line 2 \('?101"):
        read(write(v1_table().assign(arc=[101.0, 2, 3, 4, 5])))
    with pytest.raises(DataError, match="lacks the columns"):
        read(write(v1_table()[["model", "arc"]]), format="open_llm_v1")


def test_periods_need_a_date(write):
    table = v1_table().assign(params_b=7, architecture="MistralForCausalLM")
    table = table.replace("me/Llama-2-13b-tuned", "me/tuned")
    e = read(write(table), periods=["2023-10-31", "2023-12-31"])
    assert e.models["period"].tolist() == [0, 1, 1]
    assert e.dropped_by_reason()["no release date"] == 1


@pytest.mark.real_data
def test_the_real_table(real_survey):
    found = real_survey("open_llm_leaderboard_v1.csv")
    assert found.source_format == "open_llm_v1"
    assert found.n_rows == 7169
    assert found.n_used + found.left_out_by_reason().sum() == 7169
    assert found.left_out_by_reason()["flagged by the leaderboard"] == 109
    # the flagged ones are those the community had found contaminated
    out = found.left_out[found.left_out["reason"] == "flagged by the leaderboard"]
    assert out["model"].str.startswith("Contamination/").sum() == 2
    assert "624 rows without a parameter count" in found.notes
    assert found.n_placed / found.n_rows > 0.67
    assert found.tasks["max"].between(0.8, 1).all()
