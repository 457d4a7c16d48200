"""The official export and its daily snapshots, on invented rows and on the real files."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.sources.open_llm import EXPORT, EXPORT_TASKS, SNAPSHOT, SNAPSHOT_TASKS

TASKS = tuple(EXPORT_TASKS)


@pytest.fixture
def export() -> pd.DataFrame:
    """Six invented rows: dated, undated, re-uploaded, flagged, not on the hub, of no known base."""
    scores = np.linspace(0.05, 0.64, 36).reshape(6, 6)
    return pd.DataFrame(
        {
            "eval_name": [f"e{i}" for i in range(6)],
            "Precision": "bfloat16",
            "Type": ["chatmodels", "🟢 pretrained", "continuouslypretrained", "🔶 fine-tuned", "multimodal", "❓other"],
            "Architecture": ["LlamaForCausalLM"] * 5 + ["NovelForCausalLM"],
            "fullname": ["me/tuned-one", "meta-llama/Llama-3.1-8B", "me/more", "me/flagged", "me/gone", "me/own"],
            "Average ⬆️": 30.5,
            "#Params (B)": [8.03, 8.03, 8.03, 8.03, 8.03, 0.123],
            "Available on the hub": [True, True, True, True, False, True],
            "Flagged": [False, False, False, True, False, False],
            **{raw: scores[:, k] for k, raw in enumerate(EXPORT_TASKS.values())},
            **{raw.removesuffix(" Raw"): 100 * scores[:, k] for k, raw in enumerate(EXPORT_TASKS.values())},
            "Upload To Hub Date": ["2024-08-01", "2024-07-14", "2024-10-05", "2024-09-01", None, "2024-09-09"],
            "Submission Date": ["2024-08-03", "2024-08-14", "2024-10-01", None, "2024-12-24", "2024-09-10"],
            "Base Model": ["meta-llama/Llama-3.1-8B"] * 5 + ["me/own"],
        }
    )


@pytest.fixture
def snapshot(export) -> pd.DataFrame:
    """The same rows as a daily snapshot names them."""
    names = {EXPORT[k]: SNAPSHOT[k] for k in EXPORT if k in SNAPSHOT}
    names |= {EXPORT_TASKS[k]: SNAPSHOT_TASKS[k] for k in TASKS}
    table = export.rename(columns=names)[list(names.values())]
    return table.assign(features_is_not_available_on_hub=~export["Available on the hub"])


def test_raw_scores_bases_and_stages(export, write):
    e = read(write(export))
    assert e.source_format == "open_llm_v2"
    assert e.tasks == TASKS
    assert e.models["model"].tolist() == ["me/tuned-one", "meta-llama/Llama-3.1-8B", "me/more", "me/gone"]
    assert e.models["base_model"].tolist() == ["llama-3.1-8b"] * 4
    assert e.models["stage"].tolist() == ["post-trained", "pretrained", "pretrained", "post-trained"]
    assert e.models["mmlu_pro"].to_numpy() == pytest.approx(export["MMLU-PRO Raw"].to_numpy()[[0, 1, 2, 4]])
    assert (e.models["flops"] > 1e23).all()
    assert e.models["tokens_t"].notna().all()


def test_items_of_the_benchmarks(export):
    table = read(export).table
    assert table.groupby("task")["n_items"].unique().map(list)["mmlu_pro"] == [12032]
    assert table["n_items"].notna().all()


def test_rows_left_out_say_why(export):
    e = read(export)
    assert e.dropped["model"].tolist() == ["me/flagged", "me/own"]
    assert e.dropped["reason"].tolist() == ["flagged by the leaderboard", "no base model"]
    assert e.dropped["detail"].tolist()[1] != ""


def test_dates_are_the_earlier_of_upload_and_submission(export):
    e = read(export, periods=["2024-09-30"])
    assert e.models["released"].dt.strftime("%m-%d").tolist() == ["08-01", "07-14", "10-01", "12-24"]
    assert e.models["period"].tolist() == [0, 0, 1, 1]
    assert "1 row without an upload date: dated by their submission" in e.notes
    assert "1 row uploaded after submission: dated by their submission" in e.notes
    assert "1 model no longer on the hub: the scores are kept" in e.notes


@pytest.mark.parametrize(
    ("uploaded", "submitted", "base"),
    [
        ("2024-09-01", "2024-12-01", "qwen2-7b"),
        ("2024-12-01", "2024-09-01", "qwen2-7b"),
        ("2024-12-01", "2024-12-05", "qwen2.5-7b"),
        (None, "2024-12-01", "qwen2.5-7b"),
    ],
)
def test_dates_tell_generations_of_one_size_apart(export, uploaded, submitted, base):
    columns = ["Base Model", "Architecture", "#Params (B)", "Upload To Hub Date", "Submission Date"]
    export.loc[0, columns] = ["Removed", "Qwen2ForCausalLM", 7.616, uploaded, submitted]
    assert read(export).models["base_model"][0] == base


def test_a_row_older_than_its_stated_base_is_set_apart(export):
    export["#Params (B)"] = 14.77
    export.loc[0, ["Base Model", "Upload To Hub Date"]] = ["Qwen/Qwen2.5-14B", "2024-05-30"]
    export["Architecture"] = "Qwen2ForCausalLM"
    e = read(export)
    assert e.models["base_model"][0] == "qwen2.5-14b (dated before its release)"
    assert np.isfinite(e.models["flops"][0])
    assert any("1 row dated more than 14 days before" in note for note in e.notes)


def test_a_row_without_any_date_is_dropped_only_where_periods_need_it(export):
    export.loc[0, ["Upload To Hub Date", "Submission Date"]] = None
    assert read(export).n_models == 4
    e = read(export, periods=["2024-09-30"])
    assert e.dropped.iloc[0][["model", "reason"]].tolist() == ["me/tuned-one", "no release date"]


def test_snapshots_are_the_same_export_with_other_names(export, snapshot, tmp_path):
    snapshot.to_parquet(tmp_path / "day.parquet")
    a, b = read(export), read(tmp_path / "day.parquet")
    assert b.source_format == "open_llm_v2"
    assert a.fingerprint == b.fingerprint
    assert a.notes == b.notes


def test_tasks_and_format_can_be_given(export):
    e = read(export, tasks=["gpqa", "bbh"], format="open_llm_v2")
    assert e.tasks == ("bbh", "gpqa")
    assert read(export, tasks=["MATH Lvl 5", "GPQA Raw"]).tasks == read(export, tasks="MATH,gpqa").tasks
    with pytest.raises(DataError, match=r"no task 'maths'.*Its tasks are 'ifeval'"):
        read(export, tasks=["maths"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"BBH Raw": 45.0}, "column 'BBH Raw': 6 of 6 scores above 1.*percentages: divide by 100"),
        ({"GPQA Raw": "high"}, "column 'GPQA Raw': text where a number"),
        ({"#Params (B)": "eight"}, "column '#Params"),
        ({"Upload To Hub Date": "last week"}, "column 'Upload To Hub Date': 6 of 6 dates cannot be read"),
        ({"Base Model": ""}, None),
    ],
)
def test_cells_that_cannot_be(export, change, words):
    if words is None:
        assert read(export.assign(**change)).n_models >= 1
    else:
        with pytest.raises(DataError, match=words):
            read(export.assign(**change))


@pytest.mark.parametrize("column", ["MUSR Raw", "Upload To Hub Date", "Architecture"])
def test_a_column_that_is_missing_is_named(export, column):
    with pytest.raises(DataError, match=f"lacks the columns '{column}'"):
        read(export.drop(columns=column))


def test_a_mapping_does_not_go_with_the_export(export):
    with pytest.raises(DataError, match="leave the mapping out"):
        read(export, columns={"cost": "#Params (B)"})


def test_columns_of_little_use_may_be_missing(export):
    e = read(export.drop(columns=["Type", "Precision", "Flagged", "Available on the hub"]))
    assert e.models["stage"].unique().tolist() == ["unknown"]
    assert "me/flagged" in e.models["model"].tolist()


@pytest.mark.real_data
def test_nearly_nine_rows_in_ten_of_the_real_export_are_placed(shared_data):
    e = read(
        shared_data / "open_llm_leaderboard_v2.csv", periods=["2024-06-30", "2024-09-30", "2024-12-31"], copies="keep"
    )
    assert e.n_models + len(e.dropped) == 4576
    # stacks of layers and mixtures made at home have no base model, and sizes that two generations have tell none
    assert e.n_models >= 0.89 * 4576
    assert e.models[["flops", "tokens_t", "params_b", "released"]].notna().all(axis=None)
    assert (e.models["base_model"] != "").all()
    assert (e.dropped["reason"] != "").all()
    assert e.dropped["source_row"].is_unique
    assert "138 rows without an upload date: dated by their submission" in e.notes
    assert "14 rows uploaded after submission: dated by their submission" in e.notes


@pytest.mark.real_data
@pytest.mark.parametrize("day", ["2025-02-13", "2025-02-14"])
def test_real_snapshots(shared_data, day):
    e = read(shared_data / f"oll_v2_snapshot_{day}.csv")
    assert e.source_format == "open_llm_v2"
    assert e.n_models >= 0.88 * (e.n_models + len(e.dropped))
    top = e.models["math_lvl_5"].quantile(0.98)
    assert top < 0.42 if day == "2025-02-13" else top > 0.48


@pytest.mark.real_data
def test_the_scores_of_the_real_export_are_those_of_the_reference_table(shared_data):
    export = read(shared_data / "open_llm_leaderboard_v2.csv").models
    table = read(shared_data / "oll_v2_with_compute.csv").models
    key = ["model", *TASKS]
    both = table.merge(export, on=key, suffixes=("", "_export"))
    assert len(both) >= 0.89 * len(table)
    assert (both["stage"] == both["stage_export"]).all()
    assert (both["released_export"] <= both["released"]).all()
    assert (both["released_export"] < both["released"]).sum() <= 14


def test_the_table_that_the_leaderboards_page_offered(export):
    """Raw scores of two decimals beside normalised ones, other names, no base model, and an inverted flag."""
    names = {"fullname": "Model", "Flagged": "flagged", "#Params (B)": "#params_(b)"}
    page = export.rename(columns=names | {c: c.lower().replace(" ", "_") for c in export.columns if c.endswith("Raw")})
    raw = [c for c in page.columns if c.endswith("_raw")]
    page[raw] = page[raw].round(2)
    page = page.drop(columns="Base Model").assign(flagged=True, **{"Average ⬆️": 24.5, "IFEval": 56.8, "MMLU-PRO": 31.6})
    page["Model"] = [f'<a href="https://example.org">{name}</a>' for name in page["Model"]]
    e = read(page)
    assert e.source_format == "open_llm_v2"
    assert e.tasks == ("ifeval", "bbh", "math_lvl_5", "gpqa", "musr", "mmlu_pro")
    assert not any("<" in name for name in e.models["model"])
    assert "scores are rounded to two decimals, as the leaderboard's page offered them" in e.notes
    assert any("'flagged' is inverted" in note for note in e.notes)
    assert "flagged by the leaderboard" not in set(e.dropped["reason"])
