"""Fits on disk: exact round trips, and refusals of everything else."""

import json
import os

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.errors import StoreError
from bayes_frontier.posterior import store
from tests.draws import without_bases


def change(path, how):
    """Change a saved fit and give it the digest that belongs to it, as who crafts one would."""
    path.write_bytes(path.read_bytes()[: -store._SEAL_BYTES])
    with h5py.File(path, "a") as file:
        how(file)
    path.write_bytes(store.sealed(path.read_bytes()))


def without(name):
    def remove(file):
        del file[name]

    return remove


def attribute(name, value):
    def put(file):
        file.attrs[name] = value

    return put


@pytest.fixture
def saved(frontier, tmp_path):
    path = tmp_path / "fit.nc"
    frontier.save(path)
    return path


def test_round_trip_is_exact(frontier, saved):
    back = bf.load(saved)
    for group in ("posterior", "sample_stats", "constant_data"):
        xr.testing.assert_identical(back.posterior[group].dataset, frontier.posterior[group].dataset)
    assert back.provenance == frontier.provenance
    assert back.spec == frontier.spec
    assert back.tau == frontier.tau
    assert back.evaluations.fingerprint == frontier.evaluations.fingerprint
    pd.testing.assert_frame_equal(back.evaluations.table, frontier.evaluations.table)
    xr.testing.assert_identical(back.boundary([1e23, 1e24]), frontier.boundary([1e23, 1e24]))
    assert [p.name for p in saved.parent.iterdir()] == ["fit.nc"]


def test_diagnostics_are_kept_and_not_computed_again(frontier, saved, monkeypatch):
    monkeypatch.setattr("bayes_frontier.posterior.frontier.diagnose", lambda quantities: pytest.fail("computed again"))
    back = bf.load(saved)
    pd.testing.assert_frame_equal(back.diagnostics, frontier.diagnostics)
    assert back.converged == frontier.converged
    assert back.convergence_text() == frontier.convergence_text()


def test_diagnostics_of_other_draws_are_not_used(saved):
    back = bf.load(saved)
    half = back.posterior["posterior"].dataset.isel(draw=slice(None, None, 2))
    groups = {name: back.posterior[name].dataset for name in back.posterior.children} | {"posterior": half}
    thinned = bf.Frontier(back.evaluations, back.spec, back.tau, xr.DataTree.from_dict(groups), back.provenance)
    assert not thinned.diagnostics["ess_bulk"].equals(back.diagnostics["ess_bulk"])


def test_a_fit_of_before_diagnostics_were_kept(frontier, saved):
    change(saved, without("diagnostics"))
    back = bf.load(saved)
    pd.testing.assert_frame_equal(back.diagnostics, frontier.diagnostics)


def test_a_fit_of_before_boundaries_bent_is_one_of_sigmoids(frontier, saved):
    def before(file):
        spec = json.loads(file.attrs["specification"])
        del spec["structure"]["curve"], spec["priors"]["steepness"], spec["priors"]["steepness_spread"]
        file.attrs["specification"] = json.dumps(spec | {"misfit": {"height": 0.02, "steepness": 0.04}})

    change(saved, before)
    back = bf.load(saved)
    assert back.spec.structure.curve == "sigmoid"
    assert back.curves.steepness is None
    xr.testing.assert_identical(back.boundary([1e23, 1e24]), frontier.boundary([1e23, 1e24]))


def test_a_model_without_base_models_survives(tmp_path):
    frontier = without_bases()
    frontier.save(str(tmp_path / "fit.nc"))
    back = bf.load(str(tmp_path / "fit.nc"))
    assert not back.curves.has_base_models
    xr.testing.assert_identical(back.boundary(1e24), frontier.boundary(1e24))


def test_the_file_is_closed_after_loading(saved):
    back = bf.load(saved)
    saved.unlink()
    assert np.isfinite(back.boundary(1e24)).all()


def test_an_existing_file_is_replaced(frontier, tmp_path):
    path = tmp_path / "fit.nc"
    path.write_text("old")
    frontier.save(path)
    assert bf.load(path).tasks == frontier.tasks


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_cut_short(saved, share):
    saved.write_bytes(saved.read_bytes()[: int(saved.stat().st_size * share)])
    with pytest.raises(StoreError, match="fit.nc: a NetCDF file without the digest that ends a fit: it was cut short"):
        bf.load(saved)


@pytest.mark.parametrize("content", [b"", b"model,score\na,0.5\n", b"\x89HDF\r\n\x1a\n", os.urandom(4096)])
@pytest.mark.parametrize("sealed", [True, False])
def test_something_else(tmp_path, content, sealed):
    path = tmp_path / "fit.nc"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="fit.nc: (not a readable|a) NetCDF file"):
        bf.load(path, sealed=sealed)


@pytest.mark.parametrize("place", [0.0, 0.3, 0.7, 0.999, "seal"])
def test_one_bit_is_noticed(saved, place):
    content = bytearray(saved.read_bytes())
    # none but the eight bytes that say that it is HDF5 have words of their own
    at = len(content) - 30 if place == "seal" else 8 + int(place * (len(content) - 100))
    content[at] ^= 4
    saved.write_bytes(content)
    with pytest.raises(StoreError, match="fit.nc: is not as it was written: its digest is another"):
        bf.load(saved)


def test_a_fit_of_version_1_is_converted_where_it_is_trusted(frontier, saved):
    saved.write_bytes(saved.read_bytes()[: -store._SEAL_BYTES])
    with h5py.File(saved, "a") as file:
        file.attrs["version"] = 1
    with pytest.raises(StoreError, match=r"version 1, .*bf\.load\('.*fit\.nc', sealed=False\)\.save"):
        bf.load(saved)
    bf.load(saved, sealed=False).save(saved)
    xr.testing.assert_identical(bf.load(saved).boundary(1e24), frontier.boundary(1e24))


def test_other_programs_read_a_sealed_fit(saved):
    with xr.open_datatree(saved, engine="h5netcdf") as tree:
        assert {"posterior", "evaluations"} <= set(tree.children)


def test_another_netcdf_file(tmp_path):
    path = tmp_path / "other.nc"
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(path, engine="h5netcdf")
    with pytest.raises(StoreError, match="without the digest that ends a fit.* is no fit of bayes_frontier"):
        bf.load(path)


def test_another_version(saved):
    change(saved, attribute("version", 99))
    with pytest.raises(StoreError, match="written in version 99 of the format, this is 2"):
        bf.load(saved)


@pytest.mark.parametrize("group", ["posterior", "sample_stats", "constant_data", "evaluations"])
def test_a_missing_part(saved, group):
    change(saved, without(group))
    with pytest.raises(StoreError, match=f"parts of the fit are missing: '{group}'"):
        bf.load(saved)


def test_a_damaged_specification(saved):
    change(saved, attribute("specification", "{"))
    with pytest.raises(StoreError, match=r"fit\.nc: not a readable NetCDF file, or damaged \(JSONDecodeError"):
        bf.load(saved)


def test_missing_file_and_directory(tmp_path):
    with pytest.raises(StoreError, match="no such file. A fit is written by"):
        bf.load(tmp_path / "none.nc")
    with pytest.raises(StoreError, match="is a directory"):
        bf.load(tmp_path)


def test_a_failed_write_keeps_the_old_file(frontier, tmp_path, monkeypatch):
    path = tmp_path / "fit.nc"
    path.write_text("old")

    def full(part, content):
        with part.open("wb") as file:
            file.write(content[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(StoreError, match=r"fit\.nc cannot be written \(.*No space left"):
        frontier.save(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


@pytest.mark.parametrize("place", ["absent/fit.nc", "file/fit.nc", "folder"])
def test_a_place_that_cannot_be_written(frontier, tmp_path, place):
    (tmp_path / "file").write_text("a file")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StoreError, match="cannot be written|is a folder"):
        frontier.save(tmp_path / place)
    assert sorted(tmp_path.rglob("*")) == before
