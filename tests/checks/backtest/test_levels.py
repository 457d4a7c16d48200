"""Finished predictions on disk."""

import numpy as np
import pytest

from bayes_frontier.checks.backtest.run import Levels, LevelStore, make_key
from bayes_frontier.errors import StoreError

VALUES = np.array([[0.1, np.nan], [0.3, 0.4]])


def test_what_is_kept_is_found_under_its_key_only(tmp_path):
    store = LevelStore(tmp_path)
    store.save("1-constant", "key", Levels(VALUES, {"seconds": 1.5, "converged": True}))
    found = LevelStore(tmp_path).load("1-constant", "key")
    np.testing.assert_array_equal(found.values, VALUES)
    assert found.facts == {"seconds": 1.5, "converged": True}
    assert store.load("1-constant", "other") is None
    assert store.load("2-constant", "key") is None
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["1-constant.nc"]


def test_a_later_one_replaces_it(tmp_path):
    store = LevelStore(tmp_path)
    for value in (0.1, 0.2):
        store.save("1-a", "key", Levels(np.full((1, 1), value), {}))
    assert store.load("1-a", "key").values.item() == 0.2


@pytest.mark.parametrize("content", [b"", b"not a NetCDF file"])
def test_a_damaged_file_is_computed_again(tmp_path, content):
    store = LevelStore(tmp_path)
    store.save("1-a", "key", Levels(VALUES, {}))
    (tmp_path / "cache" / "1-a.nc").write_bytes(content)
    assert store.load("1-a", "key") is None


def test_a_file_cut_short_is_computed_again(tmp_path):
    store = LevelStore(tmp_path)
    store.save("1-a", "key", Levels(VALUES, {}))
    path = tmp_path / "cache" / "1-a.nc"
    path.write_bytes(path.read_bytes()[:1000])
    assert store.load("1-a", "key") is None


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = LevelStore(None)
    store.save("1-a", "key", Levels(VALUES, {}))
    assert store.load("1-a", "key") is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="no folder can be made there"):
        LevelStore(tmp_path / "file")


def test_what_cannot_be_written_is_said(tmp_path, monkeypatch):
    store = LevelStore(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bayes_frontier.files.os.replace", full)
    with pytest.raises(StoreError, match="No space left"):
        store.save("1-a", "key", Levels(VALUES, {}))
    assert list((tmp_path / "cache").iterdir()) == []


def test_keys_tell_parts_apart():
    assert make_key({"tau": 0.98, "a": 1}) == make_key({"a": 1, "tau": 0.98})
    assert make_key({"tau": 0.98}) != make_key({"tau": 0.9})
