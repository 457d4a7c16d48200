"""Proteus-2k's two tables, invented and real."""

import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.sources.open_llm import GPQA, ITEMS, MATH
from tests.evaluations.samples import proteus_tables


@pytest.fixture
def both(tmp_path):
    scores, models = proteus_tables()
    scores.to_csv(tmp_path / "p.csv", index=False)
    models.to_csv(tmp_path / "p_models.csv", index=False)
    return tmp_path


def test_either_file_finds_the_other(both):
    e = read(both / "p.csv")
    assert e.source_format == "proteus_2k"
    assert e.models["model"].tolist() == ["Qwen/Qwen2.5-7B", "me/tuned"]
    assert e.models["base_model"].tolist() == ["qwen2.5-7b", "new/Base-3B"]
    assert e.models["flops"].tolist()[1] == pytest.approx(5.4e22)
    assert e.dropped["model"].tolist() == ["me/alone"]
    for source in (both / "p_models.csv", both):
        assert read(source).fingerprint == e.fingerprint
    assert e.models["bbh"].tolist() == pytest.approx([0.415, 0.2075])
    assert e.models["gpqa"].tolist() == pytest.approx([0.2625, 0.13125])


def test_items_are_those_of_the_benchmarks_unless_declared(both):
    table = read(both / "p.csv").table
    assert table.groupby("task")["n_items"].first().to_dict() == ITEMS
    assert (table.groupby("task")["n_items"].nunique() == 1).all()
    assert (ITEMS["gpqa"], ITEMS["math_lvl_5"]) == (sum(GPQA.values()), sum(MATH.values()))
    other = read(both / "p.csv", metrics={"gpqa": {"n_items": 198}}).table
    assert other.groupby("task")["n_items"].first().to_dict() == ITEMS | {"gpqa": 198}


def test_the_day_of_the_last_change_is_no_release_date(both):
    e = read(both / "p.csv")
    assert str(e.models["released"][0].date()) == "2024-09-19"  # the registry's
    assert str(e.models["released"][1].date()) == "2025-06-05"
    assert "1 row dated by modification: the model may be older" in e.notes


def test_without_the_models_names_have_to_do(tmp_path):
    scores, models = proteus_tables()
    scores.to_csv(tmp_path / "p.csv", index=False)
    e = read(tmp_path / "p.csv")
    assert e.models["base_model"].tolist() == ["qwen2.5-7b"]
    assert any("by name alone" in note for note in e.notes)
    assert read(scores).fingerprint == e.fingerprint
    with pytest.raises(DataError, match="expected one table of Proteus-2k's scores"):
        read(models)


def test_models_listed_again_or_not_at_all_are_noted(both):
    models = proteus_tables()[1]
    models.loc[2] = models.loc[1]
    models.to_csv(both / "p_models.csv", index=False)
    notes = read(both / "p.csv").notes
    assert any("1 model listed again ('me/tuned')" in note for note in notes)
    assert any(note.startswith("1 model not in p_models.csv") for note in notes)


def test_what_is_refused(both):
    with pytest.raises(DataError, match="has its own"):
        read(both / "p.csv", columns={"model": "model_id"})
    scores, _ = proteus_tables()
    scores["leaderboard_mmlu_pro_acc_none"] = 50.0
    with pytest.raises(DataError, match="percentages"):
        read(scores)


@pytest.mark.real_data
def test_the_real_tables(real_survey):
    found = real_survey("proteus_2k_part.csv")
    assert found.source_format == "proteus_2k"
    assert found.n_rows == found.n_used + len(found.left_out) == 1206
    assert found.n_placed / found.n_rows >= 0.95
    assert found.tasks["scores"].tolist() == [1206] * 6
    other = real_survey("proteus_2k_part_models.csv")
    assert other.evaluations.fingerprint == found.evaluations.fingerprint
