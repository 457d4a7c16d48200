"""Reading good tables, whatever their columns are called and however they are written."""

import datetime as dt
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.registry.registry import default_registry


def test_wide_csv_is_read_as_it_stands(wide, write):
    e = read(write(wide))
    assert (e.source, e.source_format) == ("table.csv", "wide")
    assert e.tasks == ("bbh", "gpqa")
    assert e.n_models == 4
    assert e.n_scores == 8
    assert e.models["source_row"].tolist() == [2, 3, 4, 5]
    assert e.models["bbh"].tolist() == wide["bbh"].tolist()
    assert e.models["flops"].tolist() == wide["flops"].tolist()
    assert e.models["stage"].tolist() == wide["stage"].tolist()
    assert e.models["released"].dt.strftime("%Y-%m-%d").tolist() == wide["released"].tolist()
    assert e.dropped.empty


def test_base_names_from_different_sources_are_made_one(wide):
    e = read(wide)
    assert e.models["base_model"].tolist() == ["llama-2-70b", "llama-2-70b", "mistral-7b", "own-base"]
    assert any("1 of 3 base models not in the registry" in note and "own-base" in note for note in e.notes)
    renamed = "1 base name replaced by the registry's: 'meta-llama/Llama-2-70b-hf as llama-2-70b'"
    assert renamed in e.notes


def test_flops_far_from_the_registry_are_kept_and_noted(wide):
    wide["flops"] = [8.2e23, 8.2e23 / 1.4, 3.5e23, 1.25e21]
    e = read(wide)
    assert e.models["flops"].tolist() == wide["flops"].tolist()
    assert [n for n in e.notes if "more than a factor of 1.5" in n] == [
        "FLOPs of 1 row differ from the registry's for the base model by more than a factor of 1.5 "
        "('mistral-7b'): those of the table are kept"
    ]


def test_wide_and_long_hold_the_same_scores(wide, long):
    a, b = read(wide), read(long)
    assert (a.source_format, b.source_format) == ("wide", "long")
    assert a.fingerprint == b.fingerprint
    assert b.models[["model", "bbh", "gpqa"]].equals(a.models[["model", "bbh", "gpqa"]])


def test_parquet_frame_and_arrow_hold_the_same_scores_as_csv(wide, write, tmp_path):
    wide.to_parquet(tmp_path / "t.parquet")
    dated = wide.assign(released=pd.to_datetime(wide["released"]))
    dated.to_parquet(tmp_path / "dated.parquet")
    expected = read(write(wide)).fingerprint
    others = [
        *(wide, dated, pa.Table.from_pandas(wide), tmp_path / "t.parquet", str(tmp_path / "dated.parquet")),
        wide.assign(released=dated["released"].dt.date),
        wide.convert_dtypes(),
        wide.astype({"base_model": "category"}),
    ]
    assert [read(other).fingerprint for other in others] == [expected] * len(others)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiters_and_byte_order_marks(wide, write, delimiter, encoding):
    text = wide.to_csv(index=False, sep=delimiter, lineterminator="\r\n")
    e = read(write(text.encode(encoding)))
    assert e.fingerprint == read(wide).fingerprint


def test_parquet_rows_are_counted_from_one_and_an_index_is_no_task(wide, tmp_path):
    wide.set_index(np.array([7, 3, 9, 1])).to_parquet(tmp_path / "t.parquet")
    e = read(tmp_path / "t.parquet")
    assert e.tasks == ("bbh", "gpqa")
    assert e.models["source_row"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "names",
    [
        {"model": "model_name", "base_model": "base", "released": "release_date"},
        {"model": "fullname", "base_model": "mapped_base_model", "flops": "compute", "released": "date"},
        {"model": "Name", "base_model": "Base Model", "flops": "Training FLOPs", "released": "Upload To Hub Date"},
    ],
)
def test_columns_are_recognised_by_other_names(wide, names):
    assert read(wide.rename(columns=names)).fingerprint == read(wide).fingerprint


def test_columns_can_be_mapped(wide):
    renamed = wide.rename(columns={"flops": "my flops", "base_model": "parent", "model": "who"})
    e = read(renamed, columns={"flops": "my flops", "base_model": "parent", "model": "who"})
    assert e.fingerprint == read(wide).fingerprint


def test_mapping_overrules_recognition(wide):
    e = read(wide.assign(other=wide["flops"] * 2), columns={"flops": "other"})
    assert e.models["flops"].tolist() == (wide["flops"] * 2).tolist()
    assert e.tasks == ("bbh", "gpqa")


def test_a_lone_score_is_a_task(wide):
    e = read(wide.drop(columns="gpqa").rename(columns={"bbh": "score"}))
    assert e.tasks == ("score",)
    assert e.source_format == "wide"
    mapped = read(wide, columns={"score": "gpqa"})
    assert mapped.tasks == ("score",)
    assert mapped.models["score"].tolist() == wide["gpqa"].tolist()


def test_tasks_are_chosen_by_name_in_the_order_of_the_file(wide, long):
    assert read(wide, tasks=["gpqa"]).tasks == ("gpqa",)
    assert read(wide, tasks="gpqa, bbh").tasks == ("bbh", "gpqa")
    chosen = read(long, tasks=["gpqa"])
    assert chosen.tasks == ("gpqa",)
    assert any("4 rows of tasks not asked for" in note for note in chosen.notes)


def test_naming_the_tasks_leaves_other_numeric_columns_alone(wide):
    e = read(wide.assign(hearts=[100, 3, 2, 900]), tasks=["bbh", "gpqa"])
    assert e.fingerprint == read(wide).fingerprint
    assert any("columns not used: 'hearts'" in note for note in e.notes)


def test_flops_too_large_for_a_number_are_refused_like_others(wide):
    # found by feeding damaged tables: the product overflowed, with a warning and no error
    table = wide.rename(columns={"flops": "pretrain_compute_zflops"}).assign(pretrain_compute_zflops=1.8e287)
    with pytest.raises(DataError, match="4 of 4 FLOPs not positive and finite"):
        read(table)


def test_flops_in_zflops_or_log10_only_where_the_name_says_so(wide):
    z = wide.assign(flops=wide["flops"] / 1e21).rename(columns={"flops": "pretrain_compute_zflops"})
    assert read(z).models["flops"].to_numpy() == pytest.approx(wide["flops"].to_numpy(), rel=1e-12)
    log = wide.assign(flops=np.log10(wide["flops"])).rename(columns={"flops": "log10_flops"})
    assert read(log).models["flops"].to_numpy() == pytest.approx(wide["flops"].to_numpy(), rel=1e-12)


def test_flops_from_parameters_and_tokens(wide):
    sized = wide.drop(columns="flops").assign(params_b=[8.0, 8.0, 7.0, 0.5], tokens_t=[15.0, 15.0, 0.8, 0.4])
    e = read(sized)
    assert e.models["flops"].tolist() == pytest.approx([7.2e23, 7.2e23, 3.36e22, 1.2e21])
    assert e.models["tokens_t"].tolist() == [15.0, 15.0, 0.8, 0.4]
    assert any("FLOPs of 4 rows are 6 x params_b x tokens_t" in note for note in e.notes)


def test_flops_from_the_registry_where_a_row_has_none(wide):
    wide.loc[[0, 3], "flops"] = np.nan
    e = read(wide)
    base = default_registry().get("llama-2-70b")
    assert base is not None
    assert e.models["flops"].tolist() == [base.flops, 8.2e23, 3.5e22]
    assert any("FLOPs of 1 row come from the base-model registry" in note for note in e.notes)
    assert e.dropped[["source_row", "model", "reason", "detail"]].to_numpy().tolist() == [
        [4, "org/d", "no FLOPs", "base model own-base"]
    ]


def test_codes_for_unknown_sizes_are_not_sizes(wide):
    e = read(wide.assign(params_b=[-1, 0, 7, 1], tokens_t=[1, 1, 1, -1]))
    assert e.models["params_b"].isna().tolist() == [True, True, False, False]
    assert e.models["tokens_t"].isna().tolist() == [False, False, False, True]


def test_periods_close_on_their_dates(wide):
    e = read(wide, periods=["2024-06-30", dt.date(2024, 12, 31)])
    assert e.models["period"].tolist() == [0, 0, 1, 2]
    assert e.period_ends == (dt.date(2024, 6, 30), dt.date(2024, 12, 31), None)
    assert e.period_labels == ("to 2024-06-30", "2024-07-01 to 2024-12-31", "from 2025-01-01")
    assert e.table["period"].tolist() == [0, 0, 0, 0, 1, 1, 2, 2]


def test_without_periods_dates_are_not_needed(wide):
    e = read(wide.drop(columns="released"))
    assert e.models["released"].isna().all()
    assert (e.period_ends, e.period_labels) == ((None,), ("all",))


def test_rows_without_what_is_needed_are_dropped_and_counted(wide):
    more = pd.concat([wide] * 2, ignore_index=True)
    more.loc[4:, "model"] = ["org/e", "org/f", "org/g", ""]
    more.loc[4, "base_model"] = "unknown"
    more.loc[5, "released"] = None
    more.loc[6, ["bbh", "gpqa"]] = np.nan
    e = read(more, periods="2024-06-30")
    assert e.n_models == 4
    assert e.dropped["source_row"].tolist() == [5, 6, 7, 8]
    assert e.dropped["reason"].tolist() == ["no base model", "no release date", "no score", "no model name"]
    assert e.dropped_by_reason().sum() == 4
    undated = read(more)
    assert undated.models["model"].tolist()[-1] == "org/f"


def test_every_word_for_missing_is_missing(wide, write):
    text = wide.astype({"bbh": "object"})
    text["bbh"] = ["NA", "n/a", " null ", 0.29]
    e = read(write(text))
    assert e.models["bbh"].isna().tolist() == [True, True, True, False]
    assert e.n_scores == 5


def test_exact_duplicates_go_and_say_of_what(wide, write):
    twice = pd.concat([wide, wide.iloc[[1]]], ignore_index=True)
    e = read(write(twice))
    assert e.dropped.to_numpy().tolist() == [[6, "org/b", "exact duplicate", "of line 3"]]
    assert e.fingerprint == read(wide).fingerprint


@pytest.mark.parametrize(
    ("how", "kept"),
    [("keep", [0.51, 0.47, 0.33, 0.29, 0.66]), ("first", [0.51, 0.47, 0.33, 0.29]), ("best", [0.47, 0.33, 0.29, 0.66])],
)
def test_models_with_several_records(wide, how, kept):
    wide.loc[4] = wide.loc[0]
    wide.loc[4, "bbh"] = 0.66
    e = read(wide, duplicates=how)
    assert e.models["bbh"].tolist() == kept
    assert any("1 model with more than one record, 2 together ('org/a')" in note for note in e.notes)
    assert len(e.dropped) == 5 - len(kept)
    assert any("biases a boundary upward" in note for note in e.notes) == (how == "best")


def test_first_in_a_long_table_drops_every_line_of_the_other_record(long):
    other = long.assign(score=long["score"] + 0.01)
    e = read(pd.concat([long, other[other["model"] == "org/a"]], ignore_index=True), duplicates="first")
    assert e.fingerprint == read(long).fingerprint
    assert e.dropped["source_row"].tolist() == [9, 10]


def test_items_and_cost_reach_the_scores(wide, long):
    e = read(wide.assign(n_items=[100, 200, 300, 400], cost=[1.0, 2.0, 3.0, 4.0]))
    assert e.table["n_items"].tolist() == [100, 100, 200, 200, 300, 300, 400, 400]
    assert e.table["cost"].tolist() == [0.5, 0.5, 1.0, 1.0, 1.5, 1.5, 2.0, 2.0]
    assert e.models["cost"].tolist() == [1.0, 2.0, 3.0, 4.0]
    each = read(long.assign(n_items=np.arange(1, 9), cost=[1.0] * 8))
    assert each.models["cost"].tolist() == [2.0] * 4
    assert each.table.sort_values(["task", "row"])["n_items"].tolist() == list(range(1, 9))


def test_the_models_of_a_result_can_be_read_again(wide, write):
    e = read(wide, periods="2024-06-30")
    again = read(write(e.models), periods="2024-06-30")
    assert again.fingerprint == e.fingerprint
    assert again.tasks == e.tasks


def test_one_task_one_base_one_model(wide):
    e = read(wide.iloc[[2]].drop(columns="gpqa"))
    assert (e.n_models, e.n_scores, e.tasks) == (1, 1, ("bbh",))


def test_a_registry_of_ones_own(wide):
    @dataclass
    class Empty:
        def canonical(self, name):
            return None

        def get(self, name):
            return None

    e = read(wide, registry=Empty())
    assert e.models["base_model"].tolist() == wide["base_model"].tolist()


def test_offsets_of_time_stamps_are_resolved_to_utc_days(wide):
    wide["released"] = ["2024-03-01T23:30:00-05:00", "2024-06-30 15:52:33+00:00", "2024-07-01T00:00:00Z", "2025-01-15"]
    e = read(wide)
    assert e.models["released"].dt.strftime("%m-%d").tolist() == ["03-02", "06-30", "07-01", "01-15"]


def test_lines_are_counted_past_blank_lines_and_line_breaks(wide, write):
    lines = wide.to_csv(index=False).splitlines()
    lines[1] = lines[1].replace("org/a", '"org/a\nsecond line"')
    text = "\n".join([*lines[:2], "", *lines[2:]])
    e = read(write("\n" + text + "\n\n"))
    assert e.models["source_row"].tolist() == [3, 6, 7, 8]
    assert e.dropped[["source_row", "reason"]].to_numpy().tolist() == [[5, "empty row"]]


@pytest.mark.real_data
def test_reference_table_keeps_every_row(shared_data):
    periods = ["2024-06-30", "2024-09-30", "2024-12-31"]
    e = read(shared_data / "oll_v2_with_compute.csv", periods=periods)
    raw = pd.read_csv(shared_data / "oll_v2_with_compute.csv")
    assert e.n_models == len(raw) == 3559
    assert e.tasks == ("ifeval", "bbh", "math_lvl_5", "gpqa", "musr", "mmlu_pro")
    assert e.models["model"].tolist() == raw["model"].tolist()
    assert e.models["flops"].to_numpy() == pytest.approx(raw["flops"].to_numpy(), rel=1e-15)
    np.testing.assert_allclose(e.models[list(e.tasks)], raw[list(e.tasks)], rtol=1e-15)
    expected = np.searchsorted(np.array(periods, dtype=str), raw["released"].to_numpy(dtype=str), side="left")
    assert e.models["period"].tolist() == expected.tolist()
    assert e.models["source_row"].tolist() == list(range(2, 3561))


@pytest.mark.real_data
def test_reference_table_in_zflops_or_log10_is_refused(shared_data):
    raw = pd.read_csv(shared_data / "oll_v2_with_compute.csv")
    with pytest.raises(DataError, match="multiply by 1e21"):
        read(raw.assign(flops=raw["flops"] / 1e21))
    with pytest.raises(DataError, match=r"pass 10\*\*x"):
        read(raw.assign(flops=np.log10(raw["flops"])))


def test_a_million_scores_are_read_without_a_loop_over_rows(tmp_path):
    rng = np.random.default_rng(3)
    n, tasks = 100_000, 10
    base = rng.integers(0, 200, n)
    pd.DataFrame(
        {
            "model": np.repeat([f"m{i}" for i in range(n)], tasks),
            "base_model": np.repeat([f"base {b}" for b in base], tasks),
            "flops": np.repeat(10 ** (20 + base / 50), tasks),
            "task": np.tile([f"t{k}" for k in range(tasks)], n),
            "score": rng.uniform(size=n * tasks),
        }
    ).to_parquet(tmp_path / "big.parquet")
    start = time.process_time()
    e = read(tmp_path / "big.parquet")
    assert (e.n_scores, e.n_models) == (n * tasks, n)
    assert time.process_time() - start < 20
