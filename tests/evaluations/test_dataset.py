"""Evaluations to a dataset, through NetCDF, and back."""

import io
import json

import pandas as pd
import pytest
import xarray as xr

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import Evaluations, read


def assert_same(a: Evaluations, b: Evaluations) -> None:
    pd.testing.assert_frame_equal(a.table, b.table)
    pd.testing.assert_frame_equal(a.models, b.models)
    pd.testing.assert_frame_equal(a.dropped, b.dropped)
    for name in ("tasks", "period_ends", "period_labels", "notes", "source", "source_format", "fingerprint"):
        assert getattr(a, name) == getattr(b, name)


def test_dataset_round_trip(evaluations):
    dataset = evaluations.to_dataset()
    assert dict(dataset.sizes) == {"record": 4, "task": 2}
    assert all(isinstance(value, str) for value in dataset.attrs.values())
    assert_same(Evaluations.from_dataset(dataset), evaluations)


@pytest.mark.parametrize("dated", [True, False])
def test_netcdf_round_trip(evaluations, wide, dated):
    pytest.importorskip("h5py")
    e = evaluations if dated else read(wide.drop(columns="released"))
    buffer = io.BytesIO()
    e.to_dataset().to_netcdf(buffer, engine="h5netcdf")
    with xr.open_dataset(io.BytesIO(buffer.getvalue()), engine="h5netcdf") as stored:
        assert_same(Evaluations.from_dataset(stored), e)


def test_a_changed_or_foreign_dataset_is_refused(evaluations):
    dataset = evaluations.to_dataset()
    changed = dataset.copy(deep=True)
    changed["score"][0, 0] = 0.52
    with pytest.raises(DataError, match="do not match their fingerprint"):
        Evaluations.from_dataset(changed)
    with pytest.raises(DataError, match="not saved evaluations"):
        Evaluations.from_dataset(xr.Dataset())
    with pytest.raises(DataError, match="not saved evaluations, or only a part"):
        Evaluations.from_dataset(dataset.drop_vars("flops"))
    dataset.attrs["evaluations"] = dataset.attrs["evaluations"].replace('"version": 1', '"version": 99')
    with pytest.raises(DataError, match="version 99"):
        Evaluations.from_dataset(dataset)


def test_a_subset_and_odd_words_survive(wide):
    wide["model"] = ["né", "NaN b", "日本/模型", 'a,b\n"c"']
    wide.loc[4] = wide.loc[0]
    e = read(wide, periods="2024-06-30").subset([True, True, True, False])
    assert_same(Evaluations.from_dataset(e.to_dataset()), e)


def test_the_attribute_is_plain_json(evaluations):
    about = json.loads(evaluations.to_dataset().attrs["evaluations"])
    assert about["period_ends"] == ["2024-06-30", "2024-12-31", None]
    assert about["fingerprint"] == evaluations.fingerprint
    assert about["notes"] == list(evaluations.notes)
