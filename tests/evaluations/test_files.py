"""What can be given: frames of several libraries, folders, tables without a column of base models."""

import json
import resource

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.tables import source as files
from bayes_frontier.evaluations.tables.source import load
from tests.evaluations import samples


class Arrow:
    """A frame that is no pandas frame, and hands its columns over as Arrow, as polars does."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._table = pa.Table.from_pandas(frame, preserve_index=False)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


class Converted:
    """A frame with nothing but a method to make a pandas one."""

    def __init__(self, made: object) -> None:
        self._made = made

    def to_pandas(self) -> object:
        if isinstance(self._made, Exception):
            raise self._made
        return self._made


def test_frames_of_other_libraries(wide):
    want = read(wide).fingerprint
    for source in (Arrow(wide), Converted(wide), pa.Table.from_pandas(wide), pa.Table.from_pandas(wide).to_reader()):
        assert read(source).fingerprint == want
    dates = wide.assign(released=pd.to_datetime(wide["released"]), model=wide["model"].astype("category"))
    assert read(Arrow(dates)).fingerprint == want


def test_a_polars_frame(wide):
    polars = pytest.importorskip("polars", reason="polars is no dependency")
    assert read(polars.from_pandas(wide)).fingerprint == read(wide).fingerprint


def test_frames_that_cannot_be_handed_over():
    with pytest.raises(DataError, match="Converted cannot be read as a table \\(no arrow\\)"):
        load(Converted(ImportError("no arrow")))
    with pytest.raises(DataError, match="from Converted: give the path"):
        load(Converted([1, 2]))


def test_a_folder_with_one_table(wide, tmp_path):
    (tmp_path / "sub").mkdir()
    wide.to_parquet(tmp_path / "sub" / "t.parquet")
    (tmp_path / "notes.txt").write_text("x")
    assert read(tmp_path).fingerprint == read(wide).fingerprint
    wide.to_csv(tmp_path / "again.csv", index=False)
    with pytest.raises(DataError, match="several tables \\('again.csv', 't.parquet'\\): give one"):
        read(tmp_path)


def test_folders_that_hold_nothing_or_too_much(tmp_path, monkeypatch, wide):
    with pytest.raises(DataError, match="is a directory without evaluations \\(0 files"):
        read(tmp_path)
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(DataError, match="1 JSON file of another kind \\('x.json'\\)"):
        read(tmp_path)
    (tmp_path / "x.json").write_text('{"a":')
    with pytest.raises(DataError, match="1 file that cannot be read \\(x.json: "):
        read(tmp_path)
    (tmp_path / "x.json").unlink()
    for name in "ab":
        wide.to_csv(tmp_path / f"{name}.csv", index=False)
    monkeypatch.setattr(files, "MOST_TABLES", 1)
    with pytest.raises(DataError, match="a directory with 2 tables"):
        read(tmp_path)


def test_a_folder_of_two_kinds_needs_a_format(tmp_path):
    import json

    (tmp_path / "a.json").write_text(json.dumps(samples.lm_eval_run()))
    (tmp_path / "b.json").write_text(json.dumps(samples.eee_record()))
    with pytest.raises(DataError, match="holds 1 lm-evaluation-harness results and 1 Every Eval Ever records"):
        read(tmp_path)
    e = read(tmp_path, format="lm_eval")
    assert e.n_scores == 6
    assert "1 JSON file of another kind not read: 'b.json'" in e.notes


def test_formats_that_do_not_fit(tmp_path, wide):
    path = tmp_path / "x.json"
    path.write_text("{}")
    with pytest.raises(DataError, match="holds JSON documents, not a table"):
        read(path, format="wide")
    with pytest.raises(DataError, match="holds no JSON document or log"):
        read(wide, format="lm_eval")
    with pytest.raises(DataError, match="holds no records of scores"):
        read(path, columns={"model": "m"})
    path.write_text(json.dumps(samples.eee_record()))
    with pytest.raises(DataError, match="columns: Every Eval Ever records have none"):
        read(path, columns={"model": "m"})


def test_a_parquet_file_that_claims_too_many_cells(tmp_path, wide, monkeypatch):
    wide.to_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(files, "MOST_UNPACKED_CELLS", 27)
    with pytest.raises(DataError, match="4 rows x 7 columns: too large"):
        read(tmp_path / "t.parquet")
    monkeypatch.setattr(files, "LARGEST_TABLE", 100)
    with pytest.raises(DataError, match="larger than"):
        read(tmp_path / "t.parquet")


def test_a_long_text_repeated_does_not_fill_the_memory(tmp_path, wide):
    many = pa.Table.from_pandas(pd.concat([wide] * 1000, ignore_index=True))
    note = pa.DictionaryArray.from_arrays(pa.array([0] * 4000, pa.int32()), pa.array(["x" * 2_000_000]))
    pa.parquet.write_table(many.append_column("note", note), tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").stat().st_size < 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="column 'note': 8,000,160,000 bytes of text"):
        read(tmp_path / "t.parquet")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kilobytes


def test_parquet_types_of_other_writers(tmp_path, wide):
    table = pa.Table.from_pandas(wide)
    text = [f.with_type(pa.large_string()) if f.name in ("model", "released") else f for f in table.schema]
    table = table.cast(pa.schema(text))
    table = table.append_column("a.b", pa.array([0.1, 0.2, 0.3, 0.4]))
    table = table.append_column("nested", pa.array([[1], [2], None, []]))
    pa.parquet.write_table(table, tmp_path / "t.parquet", use_dictionary=["base_model"])
    e = read(tmp_path / "t.parquet")
    assert e.tasks == ("bbh", "gpqa", "a.b")
    assert read(tmp_path / "t.parquet", tasks="bbh,gpqa").fingerprint == read(wide).fingerprint


def test_a_table_of_models_without_base_models(wide):
    names = ["meta-llama/Llama-2-70b-hf", "Qwen/Qwen2-7B", "mistralai/Mistral-7B-v0.1", "own"]
    table = wide.drop(columns="base_model").assign(model=names)
    e = read(table)
    assert e.models["base_model"].tolist() == ["llama-2-70b", "qwen2-7b", "mistral-7b", "own"]
    said = (
        "no column for base_model: base models of 3 of 4 rows identified by name, and 1 model with FLOPs taken as base"
    )
    assert any(note.startswith(said) for note in e.notes)
    without = read(table.drop(columns="flops"))
    assert without.dropped["reason"].tolist() == ["no base model"]
    # few of these names are known: these are read, and how to state the others is said
    few = read(table.drop(columns="flops").assign(model=["a", "b", "c", names[0]]))
    assert few.models["base_model"].tolist() == ["llama-2-70b"]
    assert few.dropped_by_reason().to_dict() == {"no base model": 3}
    assert any("of the 3 others say what they are built on" in note for note in few.notes)
    with pytest.raises(DataError, match="no model name: 4"):
        read(table.assign(model=np.nan))


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "rows"), [("obsscaling_base_llm_benchmark_eval.csv", 148), ("sloth_tokens.csv", 42)])
def test_the_registrys_check_tables_are_read(shared_data, name, rows):
    e = read(shared_data / "registry_check" / name)
    assert e.n_models + len(e.dropped) == rows
    assert e.n_models == rows


@pytest.mark.parametrize("name", [None, float("nan"), pd.NA, "", "  "])
def test_a_column_without_a_name_is_left_out(wide, name):
    renamed = wide.assign(spare=0.5)
    renamed.columns = pd.Index([*wide.columns, name], dtype=object)
    assert read(renamed).fingerprint == read(wide).fingerprint
