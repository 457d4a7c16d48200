"""Compressed tables: read like the table itself, within bounds, and refused where they are damaged or no table."""

import bz2
import gzip
import io
import json
import lzma
import resource
import zipfile

import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.read import survey
from bayes_frontier.evaluations.tables import parse
from bayes_frontier.evaluations.tables.parse import is_table_name, plain_name, tables_in_archive, unpacked
from tests.evaluations import samples

PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def text(wide):
    return wide.to_csv(index=False).encode()


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_packed_tables_read_like_the_table(wide, text, tmp_path, ending, kind):
    path = tmp_path / f"t.{kind}{ending}"
    if kind == "parquet":
        wide.to_parquet(tmp_path / "t.parquet")
    path.write_bytes(PACKERS[ending](text if kind == "csv" else (tmp_path / "t.parquet").read_bytes()))
    found = read(path)
    assert found.fingerprint == read(wide).fingerprint
    assert found.source == f"t.{kind}"


def test_what_is_packed_twice_or_is_no_table_is_named(tmp_path, text):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(gzip.compress(text)))
    with pytest.raises(DataError, match="compressed twice"):
        read(tmp_path / "t.csv.gz")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(json.dumps(samples.lm_eval_run()).encode()))
    with pytest.raises(DataError, match="looks like JSON"):
        read(tmp_path / "t.csv.gz")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(DataError, match="is empty"):
        read(tmp_path / "t.csv.gz")


@pytest.mark.parametrize("ending", PACKERS)
def test_damaged_ones_are_refused(tmp_path, text, ending):
    path = tmp_path / ("t.csv" + ending)
    whole = PACKERS[ending](text)
    for damaged in (whole[: len(whole) // 2], whole[:6], whole[:20] + b"\x00\xff" * 9 + whole[38:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError) as caught:
            read(path)
        assert "copy it again" in str(caught.value)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("ending", [*PACKERS, ".zip"])
def test_a_bomb_is_refused_within_bounded_memory(tmp_path, monkeypatch, ending):
    path = tmp_path / ("t.csv" + ending)
    much = bytes(60_000_000)
    path.write_bytes(zipped(**{"t.csv": much}) if ending == ".zip" else PACKERS[ending](much))
    assert path.stat().st_size < 100_000
    del much
    monkeypatch.setattr(parse, "LARGEST_UNPACKED", 2**22)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="larger than 4 MiB unpacked"):
        read(path)
    # kilobytes: what may be unpacked, a few times over, and none of the 60 MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_a_zip_archive_of_one_table(wide, text, tmp_path):
    path = tmp_path / "t.zip"
    path.write_bytes(zipped(**{"README.md": b"x", "in/oll.csv": text, "__MACOSX/in/._oll.csv": b"x"}))
    assert read(path).fingerprint == read(wide).fingerprint
    assert read(path).source == "oll.csv"
    assert [p.name for p in tmp_path.iterdir()] == ["t.zip"]


@pytest.mark.parametrize(
    "files", [{"a.csv": b"x", "b.csv": b"x"}, {"a.txt": b"x"}, {"a.csv": b"x", "header.json": b"{}"}]
)
def test_archives_of_several_tables_or_of_something_else(tmp_path, files):
    (tmp_path / "t.zip").write_bytes(zipped(**files))
    assert len(tables_in_archive(tmp_path / "t.zip", "t.zip")) == (2 if "b.csv" in files else 0)
    with pytest.raises(DataError):
        read(tmp_path / "t.zip")


def test_an_inspect_log_is_no_table(tmp_path):
    (tmp_path / "log.eval").write_bytes(samples.zipped(samples.inspect_log()))
    assert survey(tmp_path / "log.eval").source_format == "inspect_ai"


def test_a_packed_table_in_a_folder(wide, text, tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text))
    (tmp_path / "notes.txt.gz").write_bytes(gzip.compress(b"x"))
    assert read(tmp_path).fingerprint == read(wide).fingerprint


def test_both_halves_of_proteus_packed(tmp_path):
    scores, models = samples.proteus_tables()
    for name, table in (("p", scores), ("p_models", models)):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    plain = survey(tmp_path / "p.csv")
    for name in ("p", "p_models"):
        file = tmp_path / f"{name}.csv"
        file.with_name(f"{name}.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    packed = survey(tmp_path / "p.csv.gz")
    assert packed.evaluations.fingerprint == plain.evaluations.fingerprint
    assert packed.n_placed == plain.n_placed > 0


def test_names():
    assert plain_name("oll.csv.gz") == "oll.csv"
    assert plain_name("oll.Parquet.XZ") == "oll.Parquet"
    assert plain_name("oll.gz") == "oll.gz"
    assert [is_table_name(name) for name in ("a.CSV", "a.tsv.bz2", "a.gz", "a.json.gz", "csv")] == [True] * 2 + [
        False
    ] * 3
    assert unpacked(b"model,a", "t") == b"model,a"
