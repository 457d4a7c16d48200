"""What a saved fit may hold: a file for each rule that breaks it, with the digest that belongs to it, is refused."""

import h5py
import numpy as np
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.errors import StoreError
from bayes_frontier.posterior import schema, store
from tests.draws import make_frontier

CELL = (2, 30, 2, 2)


def put(name, value, at=...):
    def change(file):
        file[name][at] = value

    return change


def attribute(place, name, value):
    def change(file):
        file[place].attrs[name] = value

    return change


def instead(name, **settings):
    def change(file):
        file.pop(name, None)
        file.create_dataset(name, **settings)

    return change


def link(name, target):
    def change(file):
        file.pop(name, None)
        file[name] = target

    return change


def exchange(file):
    floor, ceiling = file["posterior/floor"][...], file["posterior/ceiling"][...]
    file["posterior/floor"][...], file["posterior/ceiling"][...] = ceiling, floor


def virtual(file):
    layout = h5py.VirtualLayout(shape=CELL, dtype="f8")
    layout[:] = h5py.VirtualSource("elsewhere.nc", "floor", shape=CELL)
    del file["posterior/floor"]
    file["posterior"].create_virtual_dataset("floor", layout)


def deep(file):
    file["posterior"].create_group("deeper")


def circle(file):
    file["posterior/again"] = file["posterior"]


def many(file):
    for k in range(schema.MOST_MEMBERS + 1):
        file["posterior"].create_dataset(f"v{k}", data=0.0)


def one_text(file):
    # all texts are the first one, which is long
    models = file["evaluations/model"]
    models[0] = "x" * 100_000
    offset, name = models.id.get_offset(), file.filename
    n = len(models)
    file.close()
    with open(name, "r+b") as raw:
        raw.seek(offset)
        first = raw.read(16)
        raw.seek(offset)
        raw.write(first * n)


def resaved(fit, path, change):
    fit.save(path)
    path.write_bytes(path.read_bytes()[: -store._SEAL_BYTES])
    with h5py.File(path, "r+") as file:
        change(file)
    path.write_bytes(store.sealed(path.read_bytes()))


RULES = {
    "0 <= floor": (put("posterior/floor", -0.1), "posterior/floor: holds values from -0.1"),
    "ceiling <= 1": (put("posterior/ceiling", 1.1), "posterior/ceiling: holds values from 1.1"),
    "floor <= ceiling": (exchange, "a floor lies above its ceiling"),
    "finite": (put("posterior/midpoint", np.inf, (0, 0)), "posterior/midpoint: holds a value that is not finite"),
    "no gaps": (put("posterior/slope", np.nan, (1, 2)), "posterior/slope: holds a value that is not finite"),
    "slopes rise": (put("posterior/slope", -1.0), "posterior/slope: holds values from -1"),
    "tau": (attribute("/", "tau", 7.0), "tau is 7.0, not between"),
    "quantiles rise": (put("constant_data/residual_quantiles", 1.0, (0, 3)), "residual_quantiles: falls"),
    "levels": (put("constant_data/level", 0.5), "constant_data/level: other names"),
    "tasks": (put("posterior/task", "another", 0), "posterior/task: other names than those of the evaluations"),
    "scores": (put("evaluations/score", 0.123, (0, 0)), "do not match their fingerprint"),
    "scale of effects": (lambda file: file.pop("posterior/base_model_scale"), "effects of base models without"),
    "draws": (
        instead("posterior/floor", data=np.zeros((2, 31, 2, 2))),
        "posterior/floor: its dimensions have no names",
    ),
    "no link": (link("posterior/drift", h5py.SoftLink("/posterior/floor")), "posterior/drift: points elsewhere"),
    "no other file": (
        link("posterior/floor", h5py.ExternalLink("other.nc", "/floor")),
        "posterior/floor: points elsewhere",
    ),
    "no virtual values": (virtual, "posterior/floor: its values are in another file"),
    "no values outside": (
        instead("posterior/floor", shape=CELL, dtype="f8", external=[("other.raw", 0, 1920)]),
        "posterior/floor: its values are in another file",
    ),
    "everything once": (circle, "posterior/again: is there under two names"),
    "one level": (deep, "posterior/deeper: a group within a group"),
    "known groups": (lambda file: file.create_group("foreign") and None, "foreign: no fit has a group of this name"),
    "known variables": (instead("posterior/foreign", data=np.zeros(3)), "posterior/foreign: no fit has a variable"),
    "few members": (many, "members; a fit has at most 400"),
    "types": (instead("posterior/floor", data=np.zeros(CELL, complex)), "posterior/floor: is complex128; a float"),
    "dimensions": (instead("posterior/floor", data=np.zeros(CELL[:3])), "posterior/floor: has 3 dimensions"),
    "named dimensions": (
        instead("posterior/floor", data=np.zeros(CELL)),
        "posterior/floor: its dimensions have no names",
    ),
    "size": (
        instead("posterior/base_model_effect", shape=(2, 30, 10**6, 100), dtype="f8", compression=9),
        "would unpack to 48,0",
    ),
    "pieces": (
        instead("posterior/slope", shape=(2, 30, 200, 400), dtype="f8", chunks=(1, 1, 1, 1)),
        "would unpack to 2,49",
    ),
    "no growing": (
        instead("posterior/slope", shape=CELL, dtype="f8", maxshape=(None, *CELL[1:]), chunks=CELL),
        "posterior/slope: its parts are larger than the whole",
    ),
    "filters": (
        instead("posterior/slope", data=np.ones(CELL), chunks=CELL, compression="lzf"),
        "posterior/slope: packed by another filter",
    ),
    "texts": (one_text, "evaluations/model: its texts have"),
    "as they are": (attribute("posterior/floor", "scale_factor", 0.5), "attribute scale_factor: would change"),
    "no times": (attribute("posterior/slope", "units", "days since 1970-01-01"), "attribute units: would change"),
    "attributes": (attribute("posterior", "long", ["x"] * 100), "attribute long: neither a text nor a number"),
    "depth of text": (attribute("/", "provenance", '{"a":' * 100_000), "damaged"),
    "provenance": (attribute("/", "provenance", "[]"), "provenance: input should be"),
    "settings of the next fit": (
        attribute("/", "provenance", '{"data": {}, "sampling": {"seed": 1, "draws": 1000000000}}'),
        "provenance.sampling.draws: input should be less",
    ),
    "tables of the next fit": (
        attribute(
            "/", "provenance", '{"data": {}, "sampling": {"seed": 1}, "compute_uncertainty": {"tables": 100000000}}'
        ),
        "provenance.compute_uncertainty.tables: input should be less",
    ),
    "data of its own": (
        attribute("/", "provenance", '{"data": {"sha256": "0"}, "sampling": {"seed": 1}}'),
        "provenance.data.sha256: is '0', of another fit",
    ),
    "tau of its own": (
        attribute("/", "provenance", '{"sampling": {"seed": 1, "tau": 0.6}}'),
        "provenance.sampling.tau: is 0.6, of another fit",
    ),
    "structure of its own": (
        attribute(
            "/",
            "provenance",
            '{"sampling": {"seed": 1}, "model": {"specification": {"structure": {"periods": "constant"}}}}',
        ),
        "structure.periods: is 'constant', of another fit",
    ),
    "format": (attribute("/", "format", "another"), "not a fit of bayes_frontier"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_file_that_breaks_a_rule_is_refused(frontier, tmp_path, rule):
    change, words = RULES[rule]
    path = tmp_path / "fit.nc"
    resaved(frontier, path, change)
    with pytest.raises(StoreError, match=words) as refused:
        bf.load(path)
    assert str(path) in str(refused.value)


def test_bent_boundaries_have_their_steepness_at_nodes_that_increase(tmp_path):
    bent = make_frontier(steepness=1.5)
    bent.save(tmp_path / "fit.nc")
    xr.testing.assert_identical(bf.load(tmp_path / "fit.nc").boundary(1e23), bent.boundary(1e23))
    resaved(bent, tmp_path / "without.nc", lambda file: file.pop("posterior/steepness"))
    with pytest.raises(StoreError, match="without the steepness of its boundaries"):
        bf.load(tmp_path / "without.nc")
    resaved(bent, tmp_path / "falling.nc", put("posterior/node", 30.0, 0))
    with pytest.raises(StoreError, match="posterior/node: does not increase"):
        bf.load(tmp_path / "falling.nc")
    resaved(bent, tmp_path / "negative.nc", put("posterior/steepness", -1.0, (0, 0)))
    with pytest.raises(StoreError, match="posterior/steepness: holds values from -1"):
        bf.load(tmp_path / "negative.nc")


def test_a_real_fit_keeps_every_rule(small_fit, tmp_path):
    small_fit.save(tmp_path / "fit.nc")
    back = bf.load(tmp_path / "fit.nc")
    xr.testing.assert_identical(back.boundary(1e24), small_fit.boundary(1e24))
    # each group that a fit has is declared, and nothing of it is left out
    for group in small_fit.posterior.children:
        assert set(small_fit.posterior[group].data_vars) <= set(back.posterior[group].data_vars)
