"""Epoch AI's tables, invented and real."""

import numpy as np
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.read import survey
from bayes_frontier.evaluations.sources.epoch import task_of
from tests.evaluations.samples import epoch_tables


@pytest.fixture
def folder(tmp_path):
    runs, models = epoch_tables()
    runs.to_csv(tmp_path / "bench_gpqa_diamond_2026-01.csv", index=False)
    models.to_csv(tmp_path / "large_scale_ai_models.csv", index=False)
    return tmp_path


def test_runs_and_their_base_models(folder):
    e = read(folder / "bench_gpqa_diamond_2026-01.csv")
    assert e.source_format == "epoch"
    assert e.tasks == ("gpqa_diamond",)
    assert e.models["base_model"].tolist() == ["llama-3.1-8b", "closed-1", "closed-1"]
    assert e.models["gpqa_diamond"].tolist() == [0.26, 0.75, 0.5]  # the mean over scorers, not the best
    assert e.models["flops"].tolist()[1] == 2e25
    assert e.models["flops"].tolist()[0] == 1.224e24  # stated, 1.7 times the registry's
    assert any("differ from the registry's" in note and "llama-3.1-8b" in note for note in e.notes)
    asked = read(folder / "bench_gpqa_diamond_2026-01.csv", compute="registry")
    assert asked.models["flops"].tolist()[0] == pytest.approx(7.2e23, rel=0.01)
    assert e.dropped["model"].tolist() == ["closed-2"]


def test_a_table_of_models_beside_it_adds_compute(folder):
    e = read(folder)
    assert e.models.set_index("model").loc["closed-2", "flops"] == 3e25
    assert "compute of 1 row taken from large_scale_ai_models.csv" in e.notes


def test_several_benchmarks_are_several_tasks(folder):
    runs, _ = epoch_tables()
    runs.assign(mean_score=100 * runs["mean_score"]).to_csv(folder / "math_level_5.csv", index=False)
    e = read(folder)
    assert e.tasks == ("gpqa_diamond", "math_level_5")
    assert np.allclose(e.models["math_level_5"], e.models["gpqa_diamond"])
    assert e.n_models == 4
    assert read(folder, tasks="math_level_5").n_scores == 4


def test_a_table_of_models_alone_has_no_scores(folder):
    path = folder / "large_scale_ai_models.csv"
    with pytest.raises(DataError, match="no score: a table of models: 3"):
        read(path)
    found = survey(path)
    assert found.source_format == "epoch_models"
    assert (found.n_rows, found.n_dated, found.n_with_flops) == (3, 3, 2)
    assert found.evaluations is None


@pytest.mark.parametrize(
    ("file", "task"),
    [
        ("bench_gpqa_diamond_2026-01.csv", "gpqa_diamond"),
        ("math_level_5.csv", "math_level_5"),
        ("frontiermath_2025-11-30.parquet", "frontiermath"),
        ("DataFrame", "benchmark"),
        ("bench_.csv", "benchmark"),
    ],
)
def test_a_benchmark_is_named_by_its_file(file, task):
    assert task_of(file) == task


def test_what_is_refused(folder):
    runs, models = epoch_tables()
    with pytest.raises(DataError, match="have their own"):
        read(runs, columns={"model": "Model version"})
    with pytest.raises(DataError, match="not of Epoch AI's tables"):
        read(runs.drop(columns="Release date"), format="epoch")
    models.to_csv(folder / "again.csv", index=False)
    with pytest.raises(DataError, match="several tables of models"):
        read(folder)


def test_a_name_matched_with_a_later_model_keeps_the_compute_stated():
    runs, _ = epoch_tables()
    runs = runs.assign(**{"Model version": ["mistral-large-2402", "b", "c", "d"], "Release date": "2024-02-26"})
    e = read(runs)
    first = e.models.iloc[0]
    assert (first["base_model"], first["flops"]) == ("mistral-large-2402", 1.224e24)


@pytest.mark.real_data
def test_the_real_tables(shared_data, real_survey):
    found = real_survey("epoch/bench_gpqa_diamond_2026-01.csv")
    assert found.n_rows == found.n_used + len(found.left_out) == 145
    assert found.n_dated == 145
    assert found.n_used >= 52  # Epoch states compute for 52
    models = real_survey("epoch/large_scale_ai_models_2026-01.csv")
    assert models.n_rows == len(models.left_out) == 484
    assert models.n_with_flops >= 292  # Epoch states compute for 292
    assert survey(shared_data / "epoch").n_rows == 145
