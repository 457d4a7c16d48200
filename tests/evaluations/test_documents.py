"""JSON and archives within bounds: damage, bombs, tricks with names; folders listed."""

import io
import json
import os
import resource
import zipfile

import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables import parse
from bayes_frontier.evaluations.tables.parse import files_below, member, parse_json, read_bytes
from tests.evaluations import samples


def test_json_in_the_encodings_json_allows():
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert parse_json('{"é": [1, NaN]}'.encode(encoding), "f")["é"][0] == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a": [1, 2', "not complete JSON"),
        (b"", "not complete JSON"),
        (b'{"a": 1} {"b": 2}', "several JSON texts"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b'{"a": "\xe9"}', "not UTF-8 text (byte 0xe9)"),
        (b"1" * 10_000, "not complete JSON"),
    ],
)
def test_json_that_is_none(data, words):
    with pytest.raises(DataError) as caught:
        parse_json(data, "folder/f.json")
    assert str(caught.value).startswith("folder/f.json")
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


def test_files_too_large_or_not_ordinary(tmp_path, monkeypatch):
    (tmp_path / "f").write_bytes(b"12345")
    assert read_bytes(tmp_path / "f", 5, "f") == b"12345"
    with pytest.raises(DataError, match="larger than"):
        read_bytes(tmp_path / "f", 4, "f")
    with pytest.raises(DataError, match="does not exist"):
        read_bytes(tmp_path / "g", 4, "g")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="not an ordinary file"):
        read_bytes(tmp_path / "pipe", 4, "pipe")
    monkeypatch.setattr(parse, "LARGEST", 3)
    with pytest.raises(DataError, match="too large"):
        parse_json(b'{"a": 1}', "f")


def write(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_the_first_member_there_is_read_and_nothing_unpacked(tmp_path):
    path = write(tmp_path / "a.eval", {"../../evil": "x", "/etc/evil": "x", "b": "2", "a": "1"})
    before = sorted(tmp_path.parent.rglob("*"))
    assert member(path, ("missing", "a", "b"), "a.eval") == ("a", b"1")
    assert member(path, ("missing",), "a.eval") is None
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_a_bomb_is_refused_within_bounded_memory(tmp_path):
    path = tmp_path / "bomb.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("header.json", "w") as out:
        for _ in range(100):
            out.write(bytes(1_000_000))
    assert path.stat().st_size < 200_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="larger than 64 MiB unpacked"):
        member(path, ("header.json",), "bomb.eval")
    # kilobytes: the 64 MiB that may be read, once more while they are put together, and some room
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250_000


def test_a_size_that_lies_is_not_believed(tmp_path):
    data = bytearray(write(tmp_path / "a.eval", {"header.json": json.dumps({"a": "x" * 999})}).read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (7).to_bytes(4, "little")
    (tmp_path / "a.eval").write_bytes(data)
    with pytest.raises(DataError, match="cannot be read"):
        member(tmp_path / "a.eval", ("header.json",), "a.eval")


@pytest.mark.parametrize(("offset", "value"), [(8, b"\x01\x00"), (10, b"\x5d\x00"), (10, b"\x63\x00")])
def test_encrypted_or_packed_in_unknown_ways(tmp_path, offset, value):
    data = bytearray(write(tmp_path / "a.eval", {"header.json": "{}"}).read_bytes())
    at, local = data.rindex(b"PK\x01\x02"), data.index(b"PK\x03\x04")
    data[at + offset : at + offset + 2] = value
    data[local + offset - 2 : local + offset] = value
    (tmp_path / "a.eval").write_bytes(data)
    with pytest.raises(DataError, match="cannot be"):
        member(tmp_path / "a.eval", ("header.json",), "a.eval")


def test_cut_archives_and_too_many_members(tmp_path, monkeypatch):
    whole = samples.zipped(samples.inspect_log())
    for n in (30, len(whole) // 2, len(whole) - 10):
        (tmp_path / "cut.eval").write_bytes(whole[:n])
        with pytest.raises(DataError, match="cut short"):
            member(tmp_path / "cut.eval", ("header.json",), "cut.eval")
    monkeypatch.setattr(parse, "MOST_MEMBERS", 2)
    (tmp_path / "many.eval").write_bytes(whole)
    with pytest.raises(DataError, match="more than any log has"):
        member(tmp_path / "many.eval", ("header.json",), "many.eval")
    assert zipfile.is_zipfile(io.BytesIO(whole))


def test_folders_are_listed_in_order_without_hidden_files_and_linked_folders(tmp_path, monkeypatch):
    for name in ("b/2.json", "a/1.json", ".git/x.json", "a/.hidden.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "b" / "link.json").symlink_to(tmp_path / "a" / "1.json")
    (tmp_path / "b" / "gone.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    found = [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path, "t")]
    assert found == ["a/1.json", "b/2.json", "b/link.json"]
    monkeypatch.setattr(parse, "MOST_FILES", 2)
    with pytest.raises(DataError, match="more than 2 files"):
        list(files_below(tmp_path, "t"))
    with pytest.raises(DataError, match="cannot be listed"):
        list(files_below(tmp_path / "missing", "missing"))
