"""Epoch AI's tables, invented and real."""

import datetime as dt
import re
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.fields import _published
from bayes_frontier.evaluations.lines import Request
from bayes_frontier.evaluations.read import parse, survey
from bayes_frontier.evaluations.registry.registry import default_registry
from bayes_frontier.evaluations.sources.epoch_tables import task_of
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
    runs = runs.assign(**{"Model version": ["mistral-large-2401", "b", "c", "d"], "Release date": "2024-02-26"})
    e = read(runs)
    first = e.models.iloc[0]
    assert (first["base_model"], first["flops"]) == ("mistral-large-2401", 1.224e24)


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


def benchmark(column="mean_score", scores=(0.2, 0.35), **further):
    """A table of runs of two models that no registry lists."""
    cells = {"Model version": ["nova-1", "nova-2"], column: list(scores), "Release date": ["2024-03-01", "2024-09-01"]}
    return pd.DataFrame(cells | {"Training compute (FLOP)": [1e24, 5e24], "id": ["a", "b"]} | further)


@pytest.mark.parametrize(
    ("file", "task"),
    [
        ("olympiad_2024.csv", "olympiad_2024"),
        ("olympiad_2024_2025.csv", "olympiad_2024_2025"),
        ("bench_olympiad_2024_2026-01-31.csv", "olympiad_2024"),
        ("aime_2025-06.parquet", "aime"),
    ],
)
def test_a_year_is_the_benchmarks_a_day_or_month_the_snapshots(file, task):
    assert task_of(file) == task


def test_two_snapshots_of_a_benchmark_are_kept_apart(tmp_path):
    for month in ("01", "02"):
        benchmark().to_csv(tmp_path / f"maths_2026-{month}.csv", index=False)
    e = read(tmp_path)
    assert e.tasks == ("maths_2026-01", "maths_2026-02")
    assert any("kept apart by their whole names: 'maths'" in note for note in e.notes)


@pytest.mark.parametrize(
    ("column", "scores", "expected"),
    [
        ("Accuracy", (0.2, 0.5), [0.2, 0.5]),
        ("Percent correct", (41.0, 52.5), [0.41, 0.525]),
        ("% Resolved", (4.0, 9.5), [0.04, 0.095]),
        ("Score (AVG@5)", (0.2, 0.5), [0.2, 0.5]),
    ],
)
def test_scores_are_found_whatever_they_are_called(tmp_path, column, scores, expected):
    benchmark(column, scores, Agent="x", **{f"{column} SE": 0.01}).to_csv(tmp_path / "agents_external.csv", index=False)
    e = read(tmp_path / "agents_external.csv")
    assert e.models["agents_external"].tolist() == pytest.approx(expected)
    assert e.measures["agents_external"].metric == f"column {column!r}"


def test_a_column_of_scores_can_be_named(tmp_path):
    table = benchmark("Verdict", ("good", "bad"), Mean=[0.2, 0.3])
    path = tmp_path / "agents.csv"
    table.to_csv(path, index=False)
    with pytest.raises(DataError, match=r"which column holds its scores is not known.*--column score=NAME"):
        read(path)
    assert read(path, columns={"score": "Mean"}).models["agents"].tolist() == [0.2, 0.3]
    with pytest.raises(DataError, match="no column 'Maen'"):
        read(path, columns={"score": "Maen"})


def test_tables_that_cannot_be_read_do_not_keep_a_folder_from_being_read(tmp_path):
    benchmark().to_csv(tmp_path / "alpha.csv", index=False)
    benchmark("Arena Score", (1200.0, 1300.0)).to_csv(tmp_path / "arena.csv", index=False)
    pd.DataFrame({"a": [1], "b": [2]}).to_csv(tmp_path / "other.csv", index=False)
    e = read(tmp_path)
    assert e.tasks == ("alpha",)
    note = next(note for note in e.notes if note.startswith("2 tables not read"))
    assert "other.csv (not a table of benchmark runs)" in note
    assert "arena.csv ('Arena Score' has values up to 1300, on a scale that is not known" in note
    declared = read(tmp_path, metrics={"arena": {"floor": 1000, "ceiling": 2000}})
    assert declared.models["arena"].dropna().tolist() == pytest.approx([0.2, 0.3])
    with pytest.raises(DataError, match="on a scale that is not known"):
        read(tmp_path / "arena.csv")
    benchmark("Elo", (1200.0, 1300.0)).to_csv(tmp_path / "alpha.csv", index=False)
    with pytest.raises(DataError, match="no table of it can be read"):
        read(tmp_path)


def test_an_archive_of_several_tables_is_a_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "hub.zip", "w") as archive:
        for name in ("data/alpha.csv", "data/beta.csv"):
            archive.writestr(name, benchmark().to_csv(index=False))
    assert read(tmp_path / "hub.zip").tasks == ("alpha", "beta")


def hub(folder, metadata, **tables):
    """Write a folder as the hub is downloaded, with its table of metadata."""
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    if metadata:
        pd.DataFrame(metadata).to_csv(folder / "benchmark_metadata.csv", index=False)
    return folder


def meta(file, column, scale, **more):
    return {"benchmark": file.title(), "source_file": f"{file}.csv", "score_column": column, "scale": scale} | more


@pytest.mark.parametrize(
    ("scale", "more", "values", "expected"),
    [
        ("0.01", {"score_ceiling": 0.5}, (0.4, 0.9), [0.004, 0.009]),  # percentages below 1, which no rule could tell
        ("1.0", {"score_ceiling": 0.5}, (0.4, 0.9), [0.4, 0.9]),
        ("percent", {}, (40.0, 90.0), [0.4, 0.9]),
        ("0.0002", {"random_baseline": 0.02}, (1000.0, 2500.0), [0.2, 0.5]),
        ("fraction", {}, (0.4, 0.9), [0.4, 0.9]),
    ],
)
def test_epochs_own_metadata_says_column_and_scale(tmp_path, scale, more, values, expected):
    table = benchmark("mean_score", (0.1, 0.2), Marks=list(values))
    e = read(hub(tmp_path, [meta("quiz", "Marks", scale, **more)], quiz=table, other=benchmark()))
    assert e.models["quiz"].dropna().tolist() == pytest.approx(expected)
    assert e.measures["quiz"].metric == "column 'Marks'"
    assert not any("not read" in note for note in e.notes)


def test_a_scale_that_is_none_says_how_it_is_read(tmp_path):
    table = benchmark("Rating", (1200.0, 1300.0))
    folder = hub(tmp_path, [meta("duel", "Rating", "Elo", superseded_by="Duel 2")], duel=table, other=benchmark())
    e = read(folder)
    assert e.tasks == ("other",)
    assert e.dropped["reason"].tolist() == ["table not read"] * 2
    assert e.dropped["detail"].str.contains("its scale is 'Elo': declare its bounds").all()
    assert "superseded, as Epoch's metadata says: duel by Duel 2" in e.notes
    declared = read(folder, metrics={"duel": {"floor": 1000, "ceiling": 1500}})
    assert declared.models["duel"].dropna().tolist() == pytest.approx([0.4, 0.6])


def test_of_several_benchmarks_in_a_file_one_is_read_and_the_others_named(tmp_path):
    rows = [
        meta("quiz", "Old", "1.0", superseded_by="Quiz 2"),
        meta("quiz", "New", "0.01"),
        meta("quiz", "Hard", "1.0"),
    ]
    table = benchmark("Old", (0.1, 0.2), New=[30.0, 40.0], Hard=[0.1, 0.0])
    e = read(hub(tmp_path, rows, quiz=table, other=benchmark()))
    assert e.models["quiz"].dropna().tolist() == [0.3, 0.4]
    assert "further benchmarks in these files, not read: quiz with Old, Hard" in e.notes


def test_a_table_that_metadata_names_needs_no_dates_or_compute_of_its_own(tmp_path):
    versions = pd.DataFrame(
        {"model_version": ["nova-1_max", "nova-2"], "model_group": ["Nova 1", "Nova 2"], "date": ["2024-03-01", None]}
    ).assign(display_name="", organization="Nova Labs", accessibility="API access", training_compute_flop=[1e24, 5e24])
    versions.to_csv(tmp_path / "model_metadata.csv", index=False)
    bare = pd.DataFrame({"Model version": ["nova-1_max", "nova-2"], "Score": [0.2, 0.3]})
    index = pd.DataFrame({"Model": ["Nova 1"], "eci": [150.0], "date": ["2024-03-01"]})
    e = read(hub(tmp_path, [meta("quiz", "Score", "1.0", score_ceiling=0.9)], quiz=bare, eci_scores=index))
    assert e.models["flops"].tolist() == [1e24, 5e24]
    assert e.models["released"].dt.strftime("%Y-%m-%d").fillna("").tolist() == ["2024-03-01", ""]
    assert any("eci_scores.csv (the index itself" in note for note in e.notes)


@pytest.mark.parametrize(
    ("file", "column", "values"),
    [
        ("epoch_capabilities_index", "ECI Score", (90.2, 151.7)),
        ("webdev_arena_external", "Arena Score", (1100.0, 1500.0)),
    ],
)
def test_indices_are_explained_and_the_declaration_printed_works(tmp_path, file, column, values):
    benchmark(column, values).to_csv(tmp_path / f"{file}.csv", index=False)
    with pytest.raises(DataError, match="without bounds") as error:
        read(tmp_path / f"{file}.csv")
    bounds = {name: float(value) for name, value in re.findall(r"(floor|ceiling) = ([0-9.e+]+)", str(error.value))}
    low, top = read(tmp_path / f"{file}.csv", metrics={file: bounds}).models[file]
    assert 0 <= low < top <= 1


def test_standard_errors_follow_the_scale_of_their_column(tmp_path):
    benchmark(stderr=[0.02, 0]).to_csv(tmp_path / "gpqa_diamond.csv", index=False)
    odd = benchmark("Pass@1 score", **{"Pass@1 Standard Error": [3.6, 3.4]})
    odd.to_csv(tmp_path / "apex_agents_external.csv", index=False)
    wide = benchmark("Percent correct", (41.0, 52.5), stderr=[1.0, 2.0])
    wide.to_csv(tmp_path / "aider_polyglot_external.csv", index=False)
    found = read(tmp_path).table.groupby("task")["standard_error"].agg(list)
    np.testing.assert_array_equal(found["gpqa_diamond"], [0.02, np.nan])
    assert found["apex_agents_external"] == pytest.approx([0.036, 0.034])
    assert np.isnan(found["aider_polyglot_external"]).all()  # whose errors that column has is not known


def test_what_one_table_says_of_a_model_counts_in_all(tmp_path):
    bare = benchmark().assign(**{"Release date": None, "Training compute (FLOP)": None})
    index = benchmark("ECI Score", (90.0, 120.0), Confidence=["Likely", "Speculative"])
    index = index.assign(**{"Model version": ["nova-1_high", "nova-2_unknown"], "Model name": ["Nova 1", "Nova 2"]})
    e = read(hub(tmp_path, None, alpha=bare, epoch_capabilities_index=index))
    assert e.models["flops"].tolist() == [1e24, 5e24]
    assert e.models["released"].dt.strftime("%Y-%m-%d").tolist() == ["2024-03-01", "2024-09-01"]
    assert e.models["flops_factor"].tolist() == [10.0, 30.0]
    assert "compute of 2 rows taken from other tables of the model's version" in e.notes


def test_a_column_that_metadata_names_and_the_table_lacks_is_looked_for(tmp_path):
    bare = pd.DataFrame({"Model version": ["gpt-5", "grok-4"], "Accuracy": [0.2, 0.3]})
    e = read(hub(tmp_path, [meta("quiz", "Score", "1.0")], quiz=bare))
    assert e.models["quiz"].tolist() == [0.2, 0.3]


def test_versions_have_dates_and_groups_in_a_table_of_their_own(tmp_path):
    versions = pd.DataFrame(
        {
            "model_version": ["nova-1", "orion-x"],
            "model_group": ["Nova", "Llama 3.1 8B"],
            "date": ["2024-02-01", "2024-08-01"],
        }
    )
    versions.to_csv(tmp_path / "eci_model_versions.csv", index=False)
    table = benchmark().assign(**{"Release date": None, "Model version": ["nova-1", "orion-x_high"]})
    table["Training compute (FLOP)"] = [1e24, None]
    e = read(hub(tmp_path, None, alpha=table))
    assert e.models["released"].dt.strftime("%Y-%m-%d").tolist() == ["2024-02-01", "2024-08-01"]
    assert e.models["base_model"].tolist() == ["nova-1", "llama-3.1-8b"]
    assert e.models["model"].tolist() == ["nova-1", "orion-x_high"]  # the effort is kept


def test_models_without_a_date_have_that_of_their_evaluation(tmp_path):
    table = benchmark(**{"Date added": ["2025-01-01", "2025-02-01"]})
    table.loc[1, "Release date"] = None
    e = read(table)
    assert e.models["released"].dt.strftime("%Y-%m-%d").tolist() == ["2024-03-01", "2025-02-01"]
    assert "1 row dated by evaluation or listing: the model may be older" in e.notes


# Benchmark tables of the hub: the column of their scores, how much is 1, and their standard errors, set down by hand.
BY_HAND = {
    "aider_polyglot_external": ("Percent correct", 100, "", 1),
    "apex_agents_external": ("Pass@1 score", 1, "Pass@1 Standard Error", 100),
    "arc_ai2_external": ("Challenge score", 1, "", 1),
    "balrog_external": ("Average progress", 1, "Average Standard error", 1),
    "cybench_external": ("Unguided % Solved", 1, "", 1),
    "frontiermath": ("mean_score", 1, "stderr", 1),
    "geobench_external": ("ACW Avg Score", 5000, "", 1),
    "gpqa_diamond": ("mean_score", 1, "stderr", 1),
    "hle_external": ("Accuracy", 1, "Accuracy Standard Error", 1),
    "lech_mazur_writing_external": ("Mean score", 10, "", 1),
    "live_bench_external": ("Global average", 100, "", 1),
    "metr_time_horizons_external": ("average_score", 1, "", 1),
    "mmlu_external": ("EM", 1, "", 1),
    "os_world_external": ("Score", 100, "", 1),
    "simplebench_external": ("Score (AVG@5)", 1, "", 1),
    "terminalbench_external": ("Accuracy mean", 1, "Accuracy SE", 1),
    "weirdml_external": ("Accuracy", 1, "", 1),
}


@pytest.fixture(scope="module")
def hub_lines(shared_data):
    return parse(shared_data / "epoch" / "benchmark_data_2026_05.zip")


@pytest.fixture(scope="module")
def hub_tables(shared_data):
    with zipfile.ZipFile(shared_data / "epoch" / "benchmark_data_2026_05.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".csv")]
        return {name.rpartition("/")[2].removesuffix(".csv"): pd.read_csv(archive.open(name)) for name in names}


@pytest.mark.real_data
def test_every_table_of_the_real_hub_is_recognised_and_every_row_accounted_for(hub_lines, hub_tables):
    assert len(hub_tables) == 52  # 50 of models, and two that describe the index
    told = " ".join(hub_lines.notes)
    assert "eci_scaling.csv (how the index is scaled" in told
    assert "epoch_capabilities_index.csv ('ECI Score' is an index" in told
    assert "webdev_arena_external.csv ('Arena Score' is Elo" in told
    of_models = {name: table for name, table in hub_tables.items() if "Model version" in table}
    assert len(hub_lines.fields) == sum(map(len, of_models.values()))
    benchmarks = {task.partition("/")[0] for task in hub_lines.tasks}
    assert benchmarks == set(of_models) - {"epoch_capabilities_index", "webdev_arena_external"}
    assert set(hub_lines.reason) <= {"", "no base model", "table not read", "no model name", "no score"}
    # a reason is true: without a name, without a score, without compute
    rows = hub_lines.fields.assign(reason=hub_lines.reason, scored=~np.isnan(hub_lines.scores))
    assert (rows["model"][rows["reason"] == "no model name"] == "").all()
    assert not rows["scored"][rows["reason"] == "no score"].any()
    assert rows["flops"][rows["reason"] == "no base model"].isna().all()


@pytest.mark.real_data
def test_of_the_real_scores_nearly_all_are_dated_and_all_with_compute_are_used(hub_lines, hub_tables):
    scored = ~np.isnan(hub_lines.scores)
    assert hub_lines.fields["released"][scored].notna().mean() >= 0.95
    stated = 0
    for name, table in hub_tables.items():
        if "Model version" in table and name not in ("epoch_capabilities_index", "webdev_arena_external"):
            known = [column for column in ("Model version", "Name") if column in table]
            column = hub_lines.measures[next(t for t in hub_lines.tasks if t.partition("/")[0] == name)].metric
            row = table["Training compute (FLOP)"].notna() & table[known].notna().any(axis=1)
            stated += int((row & table[column.split("'")[1]].notna()).sum())
    used = scored & (hub_lines.reason == "") & hub_lines.fields["flops"].notna().to_numpy()
    assert used.sum() >= stated > 1500
    listed = {name: default_registry().get(name) for name in hub_lines.fields["model"].unique() if name}
    left = hub_lines.fields[scored & (hub_lines.reason != "")]
    # one is dated a year before what it is built on
    assert [name for name in left["model"] if listed.get(name) is not None] == ["openhands-lm-32b-v0.1"]


@pytest.mark.real_data
@pytest.mark.parametrize("table", list(BY_HAND))
def test_real_scores_and_errors_are_those_of_the_csv(table, hub_lines, hub_tables):
    """Two rows a table, the best and another: 34 scores over 17 tables."""
    column, top, error, width = BY_HAND[table]
    source = hub_tables[table]
    source = source[source[column].notna() & source["Model version"].notna()].sort_values(column)
    made = hub_lines.sheet.frame.assign(made=hub_lines.scores, error=hub_lines.standard_errors)
    made = made[made["task"].str.partition("/")[0] == table]
    for _, row in source.iloc[[-1, len(source) // 3]].iterrows():
        found = made[(made["model"] == row["Model version"]) & np.isclose(made["made"], row[column] / top)]
        assert len(found) >= 1
        if error:
            expected = row[error] / width if row[error] > 0 else np.nan
            assert np.isclose(found["error"], expected, equal_nan=True).any()
        else:
            assert found["error"].isna().all()


def test_percentages_and_fractions_in_one_table_are_an_error(tmp_path):
    with pytest.raises(DataError, match="percentages and fractions in one column"):
        read(benchmark(scores=(41.0, 0.5)))
    assert read(benchmark(scores=(41.0, 0.5)), metrics={"benchmark": {"ceiling": 100}}).n_models == 2


def test_a_model_without_a_version_is_called_by_its_name():
    e = read(benchmark(Name=["Nova 1", "Nova Two"]).assign(**{"Model version": ["nova-1", None]}))
    assert e.models["model"].tolist() == ["nova-1", "Nova Two"]
    without = read(benchmark(Name=["Nova 1", None]).assign(**{"Model version": ["nova-1", None]}))
    assert without.dropped["reason"].tolist() == ["no model name"]


def test_shots_tell_tasks_apart_where_there_are_several():
    one = read(benchmark(Shots=["5", "few"]))
    assert one.tasks == ("benchmark",)
    assert one.measures["benchmark"].words() == "column 'mean_score', 5-shot, shots of 1 of 2 not stated"
    assert read(benchmark(Shots=["5", "0-shot"])).tasks == ("benchmark/5-shot", "benchmark/0-shot")


def test_runs_that_differ_in_another_column_are_no_duplicates():
    table = pd.concat([benchmark(), benchmark().assign(id=["c", "b"])], ignore_index=True)
    e = read(table)
    assert e.n_models == 3
    assert e.dropped["reason"].tolist() == ["exact duplicate"]


def test_a_post_trained_release_has_its_own_date(monkeypatch):
    """The registry may list a release with a date of its own; it never has its base model's."""
    registry = default_registry()
    known = {"nova-chat": dt.date(2024, 5, 1)}
    monkeypatch.setattr(
        type(registry),
        "release",
        lambda _, name: SimpleNamespace(released=known[name]) if name in known else None,
        raising=False,
    )
    found = pd.DataFrame({"rule": ["self", "self"], "base_model": ["qwen2.5-32b", "qwen2.5-32b"]})
    request = Request(registry, dt.date(2025, 6, 1), False, None, {})
    days = pd.Series(pd.to_datetime(["2025-04-01", "2025-04-01"]))
    models = pd.Series(["nova-chat", "qwen2.5-32b"])
    dated = _published(days, models, found, request, [], "evaluation")
    assert dated.dt.date.tolist() == [dt.date(2024, 5, 1), registry.get("qwen2.5-32b").released]
    later = _published(days[:1] - pd.Timedelta(days=400), models[:1], found[:1], request, [], "evaluation")
    assert later.dt.date.tolist() == [dt.date(2024, 2, 26)]  # evaluated before: the earlier date counts
