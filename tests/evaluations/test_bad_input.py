"""Input that cannot be used: each case is a DataError that names the place and says what to do."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import Evaluations, read


def fails(source, *words, **options):
    """Read, expect a DataError, and require each of `words` in its message."""
    with pytest.raises(DataError) as caught:
        read(source, **options)
    message = str(caught.value)
    for word in words:
        assert word in message, message
    assert len(message) < 2000
    return message


HEADER = b"model,base_model,flops,bbh\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["is empty"]),
        (b" \n\n ", ["is empty"]),
        (HEADER, ["no rows"]),
        (b"model\na\nb\n", ["single column", "'model'"]),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), ["PNG image"]),
        (b"%PDF-1.7 ...", ["PDF"]),
        (b"PK\x03\x04" + bytes(30), ["spreadsheet", "CSV"]),
        (b"\x1f\x8b" + bytes(30), ["compressed with gzip", "copy it again"]),
        (b"\x89HDF\r\n" + bytes(30), ["bf.load"]),
        (pickle.dumps({"model": [1]}), ["never opened"]),
        (HEADER + b"a,b,\x00,1\n", ["NUL"]),
        (bytes(range(255, 0, -1)), ["not UTF-16 text"]),
        (bytes(range(254, 0, -1)), ["not UTF-8 text", "0xfe"]),
        (b"\xc7\x00\xf0\x01" * 9, ["binary file"]),
        (b'{"model": ["a"], "bbh": ["x"]}', ["JSON", "CSV or Parquet", "no records of scores"]),
        (b'[{"model": "a", "bbh": 0.1}]', ["no base model"]),
        (b"<!DOCTYPE html><html>,</html>", ["HTML", "download the raw"]),
        (HEADER + b"a,b,1e21,0.3\nb,b,1e21\n", ["within line 3, which has 3 of 4 fields ('b,b,1e21')", "cut short"]),
        (HEADER + b"a,b,1e21\nb,b,1e21,0.3\n", ["line 2 has 3 fields where the header has 4", "'a,b,1e21'"]),
        (HEADER + b"a,b,1e21,0.3,0.4\nb,b,1e21,1,2,3\n", ["line 2 has 5 fields", "in 1 more"]),
        (b"model,base_model,bbh,bbh\na,b,0.1,0.2\n", ["more than one column named 'bbh'"]),
        (HEADER + "é,b,1e21,0.3\n".encode("latin-1"), ["not UTF-8 text", "0xe9", "line 2"]),
        (b"PAR1" + b"\x00" * 40, ["Parquet", "cut short"]),
        (b'model,base_model,flops,bbh\n"a,b,1e21,0.3\n', ["table"]),
        (b"hello there, this is\nplain prose, not a table\n", ["no column for model"]),
    ],
)
def test_files_that_are_not_tables(write, content, words):
    path = write(content)
    assert fails(path, *words).startswith(str(path)) or "table.csv" in fails(path, *words)


def test_half_a_parquet_file(wide, tmp_path):
    path = tmp_path / "t.parquet"
    wide.to_parquet(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    fails(path, "t.parquet", "Parquet", "download it again")


def test_paths_that_are_no_files(tmp_path):
    fails(tmp_path / "missing.csv", "missing.csv does not exist")
    fails(tmp_path, "is a directory")
    fails("x" * 5000, "cannot be read")
    fails("a\x00b", "cannot be read")
    fails("https://example.org/table.csv", "download the file")
    fails(42, "int", "DataFrame")
    fails(None, "NoneType")


def test_frames_that_are_no_tables(wide):
    fails(pd.DataFrame(), "0 column(s)")
    fails(wide[["model"]], "1 column(s)")
    fails(wide.iloc[:0], "no rows")
    fails(wide.set_axis([*wide.columns[:-1], "bbh"], axis=1), "more than one column named 'bbh'")
    fails(wide.assign(model=pd.Series(["\ud800", "b", "c", "d"], dtype=object)), "'model'", "not text")


def test_missing_columns(wide):
    fails(wide.rename(columns={"model": "x1"}), "no column for model", "map it (columns)", "'x1'")
    unknown = wide.drop(columns=["base_model", "flops"])
    fails(unknown, "none of 4 rows can be used (no base model: 4)", "a base model")


def test_periods_without_a_date_column(wide):
    fails(wide.drop(columns="released"), "no column for released", "Periods need", periods=["2024-06-30"])


def test_no_task_column(wide):
    fails(wide[["model", "base_model", "flops", "released"]], "no task column", "a task and a score column")
    fails(wide, "no task column", tasks=[])
    fails(wide.assign(bbh="high", gpqa="45%"), "no task column", "not numeric: bbh ('high'), gpqa ('45%')")


def test_unknown_task_and_format_and_options(wide, long):
    fails(wide, "no task 'bhb'", "Did you mean 'bbh'?", tasks=["bhb"])
    assert read(long, tasks=["GPQA "]).tasks == ("gpqa",)
    fails(long, "no task 'gpqaa'", "Did you mean 'gpqa'?", tasks=["gpqaa"])
    fails(wide, "Unknown format 'lng'", "'long'", format="lng")
    fails(wide, "not a long table", "no column for task", format="long")
    fails(long, "is a long table", format="wide")
    fails(wide, "not an Open LLM Leaderboard v2 export", "'IFEval Raw'", format="open_llm_v2")
    fails(wide, "unknown choice 'frist'", "Did you mean 'first'?", duplicates="frist")
    fails(wide, "unknown field 'flop'", "Did you mean 'flops'?", columns={"flop": "flops"})
    fails(wide, "no column 'flosp'", "Did you mean 'flops'?", columns={"flops": "flosp"})
    fails(wide, "two fields", columns={"flops": "bbh", "score": "bbh"})


def test_long_table_whose_score_is_not_recognised(long):
    table = long.rename(columns={"score": "outcome"})
    fails(table, "no column for score", "Map it")
    assert read(table, columns={"score": "outcome"}).fingerprint == read(long).fingerprint


def test_tasks_named_like_fields(long):
    fails(long.replace({"task": {"bbh": "period"}}), "cannot be called 'period'", "rename")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-0.01, ["scores negative: line 3 (-0.01)"]),
        (1.02, ["scores above 1: line 3 (1.02)", "must lie in [0, 1]"]),
        (1.0000001, ["above 1: line 3"]),
        (47.0, ["up to 47", "percentages: divide by 100", "line 3 (47.0)"]),
        (1234, ["values up to 1234", "tasks"]),
        ("inf", ["not finite: line 3"]),
        ("-inf", ["not finite: line 3"]),
        ("n.a.", ["text where a number is expected in 1 of", "line 3 ('n.a.')", "leave them empty"]),
        ("0,47", ["line 3 ('0,47')", "decimal commas as points"]),
        ("47%", ["line 3 ('47%')", "percentages as fractions"]),
        ("0x1", ["line 3 ('0x1')"]),
        ("1_0", ["line 3 ('1_0')"]),
        ("True", ["line 3 ('True')"]),
        ("__import__('os').getcwd()", ["text where a number"]),
    ],
)
def test_scores_that_are_none(wide, long, write, value, words):
    cells = wide.astype({"bbh": object})
    cells.loc[1, "bbh"] = value
    fails(write(cells), "table.csv, column 'bbh'", *words)
    cells = long.astype({"score": object})
    cells.loc[1, "score"] = value
    fails(
        write(cells),
        "table.csv, column 'score'",
        *(w for w in words if w != "tasks"),
        *(["'bbh'"] if isinstance(value, float) else []),
    )


def test_a_column_in_percent(wide):
    wide["gpqa"] *= 100
    fails(wide, "column 'gpqa'", "3 of 4 scores above 1, up to 31", "percentages: divide by 100")


def test_only_the_first_places_are_listed(wide):
    many = pd.concat([wide] * 100, ignore_index=True).assign(bbh=-0.5)
    fails(many, "400 of 400 scores negative: row 1 (-0.5), row 2 (-0.5)", "and 395 more")


def test_text_columns_with_a_few_numbers_are_no_tasks_and_a_note_says_so(wide):
    e = read(wide.assign(version=["2", "v3", "v4", "v5"]))
    assert e.tasks == ("bbh", "gpqa")
    assert "columns not used although some cells are numbers: 'version'" in e.notes


@pytest.mark.parametrize(
    ("flops", "words"),
    [
        ([7e23, 7e23, 0, 1e21], ["1 of 4 FLOPs not positive and finite: row 3 (0.0)", "empty"]),
        ([7e23, -1, 7e23, 1e21], ["row 2 (-1.0)"]),
        ([7e23, np.inf, 7e23, 1e21], ["row 2 (inf)"]),
        ([720, 720, 35, 1.25], ["ZFLOPs", "multiply by 1e21"]),
        ([23.9, 23.9, 22.5, 21.1], ["log10", "pass 10**x"]),
        ([7e23, 720, 7e23, 1e21], ["1 of 4 FLOPs outside 1e+15 to 1e+30: row 2 (720.0)"]),
        ([7e23, 7e33, 7e23, 1e21], ["row 2 (7e+33)"]),
        (["7e23", "a lot", "1e21", "1e21"], ["column 'flops'", "text where a number", "row 2 ('a lot')"]),
    ],
)
def test_flops_that_are_none(wide, flops, words):
    fails(wide.assign(flops=flops), "column 'flops'", *words)


def test_sizes_in_single_units(wide):
    fails(wide.assign(params_b=[8e9, 8e9, 7e9, 5e8]), "column 'params_b'", "in billions: divide by 1e+09")
    fails(wide.assign(tokens_t=[1.5e13, 1.5e13, 8e11, 1e11]), "column 'tokens_t'", "in trillions")


@pytest.mark.parametrize("field", ["n_items", "cost"])
def test_items_and_cost_must_not_be_negative(wide, field):
    fails(wide.assign(**{field: [1, -2, 3, 4]}), f"{field} must be positive: row 2 (-2.0)")


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (
            ["2024-03-01", "June 2024", "2024-07-01", ""],
            ["1 of 4 dates cannot be read: row 2 ('June 2024')", "yyyy-mm-dd"],
        ),
        (["01/03/2024"] * 4, ["4 of 4 dates cannot be read"]),
        (["20240301"] * 4, ["cannot be read"]),
        ([45352.0] * 4, ["cannot be read", "45352.0"]),
        (["2024-02-30"] * 4, ["cannot be read"]),
        (["2024-03"] * 4, ["cannot be read"]),
        (
            ["2024-03-01", "2025-06-02", "2024-07-01", ""],
            ["1 of 4 dates in the future (after 2025-06-01): row 2 ('2025-06-02')"],
        ),
        (["9999-12-31"] * 4, ["in the future"]),
        (["1970-01-01"] * 4, ["before 1990", "leave the cells empty"]),
        (["0001-01-01"] * 4, ["before 1990"]),
        (pd.to_datetime(["2024-03-01", "2031-01-01", None, None]), ["in the future", "row 2"]),
    ],
)
def test_dates_that_are_none(wide, today, dates, words):
    fails(wide.assign(released=dates), "column 'released'", *words, today=today)


def test_today_itself_is_not_in_the_future(wide, today):
    e = read(wide.assign(released=str(today)), today=today)
    assert e.models["released"].dt.date.tolist() == [today] * 4


@pytest.mark.parametrize(
    ("periods", "words"),
    [
        (["2024-12-31", "2024-06-30"], ["increasing order"]),
        (["2024-06-30", "2024-06-30"], ["closes two periods"]),
        (["30.06.2024"], ["cannot read '30.06.2024'", "yyyy-mm-dd"]),
        (["2024-06-31"], ["cannot read '2024-06-31'"]),
        ([None], ["cannot read 'None'"]),
        (["2020-01-01"], ["no model falls in the period 'to 2020-01-01'", "from 2024-03-01 to 2025-01-15"]),
        (["2024-08-01", "2024-09-01"], ["'2024-08-02 to 2024-09-01'"]),
    ],
)
def test_periods_that_are_none(wide, periods, words):
    fails(wide, "periods: ", *words, periods=periods)


def test_models_that_repeat_can_be_an_error(wide):
    wide.loc[4] = wide.loc[0]
    wide.loc[4, "bbh"] = 0.66
    fails(wide, "1 model with more than one record", "'org/a'", "'keep', 'first' or 'best'", duplicates="error")


def test_nothing_left(wide):
    wide["base_model"] = ["", "unknown", None, "own-base"]
    wide["flops"] = np.nan
    fails(wide, "none of 4 rows can be used", "no base model: 3", "no FLOPs: 1")


def test_a_task_without_scores_goes_with_a_note(wide, long):
    e = read(wide.assign(musr=np.nan))
    assert e.tasks == ("bbh", "gpqa")
    assert any("tasks without any score" in note and "'musr'" in note for note in e.notes)
    only = wide.assign(bbh=[0.1, np.nan, np.nan, 0.2], base_model=["", "b", "b", ""])
    assert read(only).tasks == ("gpqa",)


def test_lines_without_a_task_name_are_dropped(long):
    long.loc[0, "task"] = None
    e = read(long)
    assert e.dropped["reason"].tolist() == ["no task name"]
    assert e.n_scores == 7


def test_too_many_tasks_are_a_mistake_in_the_task_column():
    n = 8000
    names = [f"m{i}" for i in range(n)]
    table = {"model": names, "base_model": "b", "flops": 1e21, "task": names, "score": 0.5}
    fails(pd.DataFrame(table), "8,000 models x 8,000 tasks", "task column")


CELL = st.one_of(
    st.text(max_size=6),
    st.floats(),
    st.integers(-(10**6), 10**25),
    st.sampled_from(["0.5", "0.25", "1e21", "2024-01-01", "llama-3.1-8b", "", "a", None, True]),
)
NAMES = st.sampled_from(
    [
        "model",
        "base_model",
        "flops",
        "released",
        "task",
        "score",
        "bbh",
        "gpqa",
        "params_b",
        "tokens_t",
        "n_items",
        "cost",
        "stage",
        "x,y",
        "",
    ]
)
SETTINGS = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def only_evaluations_or_an_error(source, **options):
    try:
        e = read(source, **options)
    except DataError:
        return
    assert isinstance(e, Evaluations)
    assert e.table["score"].between(0, 1).all()
    assert (e.table["flops"] > 0).all()
    assert e.n_models + len(e.dropped) > 0


@SETTINGS
@given(st.binary(max_size=300))
def test_random_bytes(write, content):
    only_evaluations_or_an_error(write(content))


@SETTINGS
@given(st.text(max_size=200), st.sampled_from([None, "wide", "long", "open_llm_v2"]))
def test_random_text_under_a_header(write, content, format):
    only_evaluations_or_an_error(write(HEADER + content.encode("utf-8", "replace")), format=format)


@SETTINGS
@given(st.data())
def test_random_tables(write, data):
    names = data.draw(st.lists(NAMES, min_size=2, max_size=8, unique=True))
    rows = data.draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), max_size=5))
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    periods = data.draw(st.sampled_from([None, "2024-01-01"]))
    only_evaluations_or_an_error(frame, periods=periods)
    written = frame.to_csv(index=False).encode("utf-8", "replace")
    only_evaluations_or_an_error(write(written), periods=periods)


@SETTINGS
@given(st.data())
def test_one_random_cell_in_a_good_table(wide, write, data):
    cells = wide.astype(object)
    cells.iloc[data.draw(st.integers(0, 3)), data.draw(st.integers(0, 6))] = data.draw(CELL)
    only_evaluations_or_an_error(cells, periods="2024-06-30")


@SETTINGS
@given(st.binary(min_size=1, max_size=8), st.integers(0, 5000))
def test_damaged_parquet(wide, tmp_path, junk, where):
    path = tmp_path / "t.parquet"
    wide.to_parquet(path)
    content = bytearray(path.read_bytes())
    content[where : where + len(junk)] = junk
    path.write_bytes(content)
    only_evaluations_or_an_error(path)


def test_names_that_are_none_are_not_quoted_whole(wide):
    with pytest.raises(DataError, match="a column name of 9,000 characters") as caught:
        read(wide.rename(columns={"bbh": "[" * 9000}))
    assert len(str(caught.value)) < 200
    long = wide.melt(["model", "base_model", "flops", "released"], var_name="task", value_name="score")
    with pytest.raises(DataError, match="a task name of 9,000 characters") as caught:
        read(long.assign(task="x" * 9000, score=7.0))
    assert len(str(caught.value)) < 250
