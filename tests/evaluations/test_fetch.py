"""Downloads from a hub on this machine: kept, checked, resumed, and refused when they are not what they should be."""

import dataclasses
import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import fetch as fetching
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.fetch import TABLES, fetch, published
from tests.hub import COMMIT, Hub, serving

V2 = published("oll-v2")
V2_FILE = f"{V2.repository}/{V2.file}"
LARGE = bytes(range(256)) * 400
SMALL = b"model,base_model,flops,bbh\na,b,1e22,0.5\n"


@pytest.fixture
def hub(monkeypatch):
    """A hub with the three tables; the client is pointed to it and does not wait between attempts."""
    made = Hub()
    made.files = {
        V2_FILE: LARGE,
        "open-llm-leaderboard-old/contents/data/train-00000-of-00001-96886cb34a7bc800.parquet": LARGE[::-1],
        "hlzhang109/proteus-2k/README.md": b"# card",
        "hlzhang109/proteus-2k/proteus.csv": SMALL,
    }
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    for name in ("HF_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(made) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield made


def test_a_table_is_downloaded_at_its_commit_and_checked(hub, tmp_path):
    found = fetch("oll-v2", cache=tmp_path)
    assert Path(found.path).read_bytes() == LARGE
    assert Path(found.path).is_relative_to(tmp_path)
    assert found.sha256 == hashlib.sha256(LARGE).hexdigest()
    assert (found.checked, found.downloaded, found.revision) == ("the hub's SHA-256", True, COMMIT)
    assert all(V2.revision in request or COMMIT in request for request in hub.requests)


def test_once_there_no_network_is_used(hub, tmp_path, monkeypatch):
    first = fetch("oll-v1", cache=tmp_path)
    before = len(hub.requests)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    again = fetch("oll-v1", cache=tmp_path)
    assert len(hub.requests) == before
    assert not again.downloaded
    assert (again.path, again.sha256) == (first.path, first.sha256)


def test_the_only_table_of_a_repository_is_found_and_its_commit_kept(hub, tmp_path):
    found = fetch("proteus-2k", cache=tmp_path)
    assert (found.file, found.revision, found.checked) == ("proteus.csv", COMMIT, "the hub's git hash")
    assert Path(found.path).read_bytes() == SMALL
    hub.files["hlzhang109/proteus-2k/proteus.csv"] = SMALL + b"c,d,1e23,0.6\n"
    assert Path(fetch("proteus-2k", cache=tmp_path).path).read_bytes() == SMALL


def test_two_tables_where_one_was_expected(hub, tmp_path):
    hub.files["hlzhang109/proteus-2k/other.parquet"] = LARGE
    with pytest.raises(DataError, match=r"holds 2 tables \('proteus.csv', 'other.parquet'\)"):
        fetch("proteus-2k", cache=tmp_path)


def test_a_broken_connection_is_taken_up_where_it_broke(hub, tmp_path):
    hub.breaks = 3
    assert Path(fetch("oll-v2", cache=tmp_path).path).read_bytes() == LARGE
    resumed = [request for request in hub.requests if "bytes=" in request]
    starts = [int(request.partition("bytes=")[2].rstrip("-")) for request in resumed]
    assert len(starts) == 3
    assert 0 < starts[0] < starts[1] < starts[2] < len(LARGE)


def test_a_connection_that_keeps_breaking_ends_in_a_message_and_the_next_call_goes_on(hub, tmp_path):
    # each attempt gives half of what is left, until there is nothing left to halve
    hub.breaks = 10_000
    with pytest.raises(DataError, match="could not be downloaded.*call again"):
        fetch("oll-v2", cache=tmp_path)
    assert not (tmp_path / "fetched.json").exists()
    hub.breaks, before = 0, len(hub.requests)
    assert Path(fetch("oll-v2", cache=tmp_path).path).read_bytes() == LARGE
    assert any("bytes=" in request for request in hub.requests[before:])


def test_a_truncated_file_is_refused(hub, tmp_path):
    hub.cut = 1000
    with pytest.raises(DataError, match=f"should be of size {len(LARGE)} but has size {len(LARGE) - 1000}"):
        fetch("oll-v2", cache=tmp_path)
    assert not list(tmp_path.rglob("*.parquet"))
    hub.cut = 0
    assert Path(fetch("oll-v2", cache=tmp_path).path).read_bytes() == LARGE


def test_what_an_earlier_call_left_of_another_content_is_not_gone_on_with(hub, tmp_path):
    hub.cut = 1000
    with pytest.raises(DataError):
        fetch("oll-v2", cache=tmp_path)
    hub.cut, hub.files[V2_FILE] = 0, LARGE[::-1]
    assert Path(fetch("oll-v2", cache=tmp_path).path).read_bytes() == LARGE[::-1]


@pytest.mark.parametrize(
    ("etag", "what"), [("0" * 64, "the hub's SHA-256"), ("f" * 40, "the hub's git hash")], ids=["large", "small"]
)
def test_another_file_than_the_hub_states_is_deleted(hub, tmp_path, etag, what):
    hub.etag = etag
    with pytest.raises(DataError, match=f"not the file expected: {what} is {etag}"):
        fetch("oll-v2", cache=tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size == len(LARGE)]
    hub.etag = None
    assert fetch("oll-v2", cache=tmp_path).downloaded


def test_another_file_than_the_caller_wants_is_refused(hub, tmp_path):
    right = hashlib.sha256(LARGE).hexdigest()
    with pytest.raises(DataError, match=f"the SHA-256 given is {'1' * 64}, that of the download {right}"):
        fetch("oll-v2", cache=tmp_path, sha256="1" * 64)
    found = fetch("oll-v2", cache=tmp_path, sha256=right.upper())
    assert found.checked == "the SHA-256 given and the hub's SHA-256"
    with pytest.raises(DataError, match="not 2222"):
        fetch("oll-v2", cache=tmp_path, sha256="2" * 64)


def test_without_a_checksum_of_the_hub_that_is_said(hub, tmp_path):
    hub.etag = "W/weak"
    assert "states no checksum" in fetch("oll-v2", cache=tmp_path).checked


def test_a_file_changed_since_is_noticed(hub, tmp_path):
    path = Path(fetch("oll-v2", cache=tmp_path).path)
    path.write_bytes(LARGE[:-1] + b"x")
    with pytest.raises(DataError, match="was changed since it was downloaded"):
        fetch("oll-v2", cache=tmp_path)
    assert Path(fetch("oll-v2", cache=tmp_path).path).read_bytes() == LARGE


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ((404, "EntryNotFound"), r"has no file 'data/train-.*\(404\)"),
        ((404, "RepoNotFound"), r"no such repository \(404\)"),
        ((404, "RevisionNotFound"), "no such revision"),
        ((403, "GatedRepo"), "asks for an account"),
        ((500, ""), "could not be downloaded"),
    ],
)
def test_what_the_hub_refuses_is_said(hub, tmp_path, error, words):
    hub.error = error
    with pytest.raises(DataError, match=words):
        fetch("oll-v2", cache=tmp_path)
    assert not (tmp_path / "fetched.json").exists()


def test_a_hub_that_is_not_there(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DataError, match=r"oll-v2 \(open-llm-leaderboard/contents, revision .* could not be downloaded"):
        fetch("oll-v2", cache=tmp_path)


def test_a_damaged_record_is_as_none(hub, tmp_path):
    fetch("oll-v2", cache=tmp_path)
    (tmp_path / "fetched.json").write_text("{not json", encoding="utf-8")
    assert fetch("oll-v2", cache=tmp_path).downloaded
    assert list(json.loads((tmp_path / "fetched.json").read_text())) == [f"oll-v2@{V2.revision}"]


def test_another_revision_is_kept_beside(hub, tmp_path):
    fetch("oll-v2", cache=tmp_path)
    assert fetch("oll-v2", revision="main", cache=tmp_path).downloaded
    assert len(json.loads((tmp_path / "fetched.json").read_text())) == 2


@pytest.mark.parametrize(("name", "words"), [("oll-v3", "Did you mean 'oll-v2'"), ("", "There are 'oll-v2'")])
def test_unknown_tables(name, words):
    with pytest.raises(DataError, match=words):
        fetch(name)


def test_a_checksum_must_be_one(tmp_path):
    with pytest.raises(DataError, match="64 hexadecimal digits"):
        fetch("oll-v2", sha256="abc", cache=tmp_path)


def test_pinned_commits_are_commits():
    assert all(table.revision is None or len(table.revision) == 40 for table in TABLES)
    assert [table.name for table in TABLES if table.revision] == ["oll-v2", "oll-v1"]


def archive(score):
    """Make an archive of two tables in the form of Epoch's, large enough to break off within."""
    table = f"Model version,mean_score,Release date,Training compute (FLOP),id\nnova-1,{score},2024-03-01,1e24,"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name in ("alpha", "beta"):
            file.writestr(f"benchmark_data/{name}.csv", table + "x" * 40_000 + "\n")
    return made.getvalue()


@pytest.fixture
def epoch(hub, monkeypatch):
    """Epoch's archive, served by the hub of this machine at an address of its own."""
    hub.files["/data/benchmark_data.zip"] = archive(0.2)
    address = fetching.os.environ["HF_ENDPOINT"]
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_hub_alone")
    tables = [
        dataclasses.replace(t, url=f"{address}/data/benchmark_data.zip") if t.name == "epoch" else t for t in TABLES
    ]
    monkeypatch.setattr(fetching, "TABLES", tables)
    return hub


def test_epochs_archive_is_checked_kept_and_read(epoch, tmp_path):
    found = fetch("epoch", cache=tmp_path)
    assert found.checked == "the archive's own checksums"
    assert found.sha256 == hashlib.sha256(archive(0.2)).hexdigest()
    assert read(found.path).models["alpha"].tolist() == [0.2]
    assert set(epoch.tokens) == {""}  # the hub's token goes to nobody else
    before = len(epoch.requests)
    assert not fetch("epoch", cache=tmp_path).downloaded
    assert len(epoch.requests) == before


def test_epochs_archive_of_today_replaces_the_one_kept(epoch, tmp_path):
    fetch("epoch", cache=tmp_path)
    epoch.files["/data/benchmark_data.zip"] = archive(0.3)
    assert read(fetch("epoch", cache=tmp_path).path).models["beta"].tolist() == [0.2]
    assert fetch("epoch", cache=tmp_path, revision="latest").downloaded
    assert read(fetch("epoch", cache=tmp_path).path).models["beta"].tolist() == [0.3]
    with pytest.raises(DataError, match="has no commits"):
        fetch("epoch", cache=tmp_path, revision="main")


def test_a_broken_download_of_epochs_archive_goes_on(epoch, tmp_path):
    epoch.breaks = 2
    assert Path(fetch("epoch", cache=tmp_path).path).read_bytes() == archive(0.2)
    assert any("bytes=" in request for request in epoch.requests)


@pytest.mark.parametrize("damage", [lambda b: b[:-100], lambda b: b[:200] + b"y" + b[201:], lambda b: b"<html>" + b])
def test_what_is_no_whole_archive_is_deleted(epoch, tmp_path, damage):
    epoch.files["/data/benchmark_data.zip"] = damage(archive(0.2))[:-1]
    with pytest.raises(DataError, match=r"benchmark_data.zip is not the archive expected"):
        fetch("epoch", cache=tmp_path)
    assert not list(tmp_path.rglob("*.zip*"))
    assert not (tmp_path / "fetched.json").exists()
