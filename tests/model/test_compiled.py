"""What is kept of draws, worked out for many at once, against the model's own variables."""

import numba
import numpy as np
import pytest

from bayes_frontier.model.engine import compiled as module
from bayes_frontier.model.engine.compiled import KEPT, Compiled
from bayes_frontier.model.engine.coordinates import Levels
from bayes_frontier.model.engine.fast import model_inputs


@pytest.fixture(autouse=True)
def density_as_written(monkeypatch):
    """Leave the density uncompiled, which takes most of the time: these tests ask for what is made of draws only."""
    monkeypatch.setattr(numba, "cfunc", lambda signature, **options: lambda function: function)


@pytest.mark.parametrize("spec", ["hierarchical", "pooled", "independent"])
def test_draws_stand_for_what_the_model_says_of_them(build, spec, monkeypatch):
    built = build(spec)
    # so little at a time that draws are taken in pieces, the last of another size
    monkeypatch.setattr(module, "AT_ONCE", 250)
    compiled = Compiled.from_model(built.model)
    n = sum(int(np.prod(v.shape)) for v in compiled.variables)
    assert compiled.middle.shape == (n,)
    draws = compiled.middle + 0.3 * np.random.default_rng(5).standard_normal((2, 5, n))
    shape = built.data.counts.shape
    levels = Levels(np.full(shape, 0.4), np.stack([np.full(shape, value) for value in (0.1, 0.8, 0.3)]))
    kept = compiled.given(built.spec, built.data, built.scale, levels).kept(draws)
    assert set(kept) == {name for name in KEPT if name in built.model.named_vars}
    assert kept.sizes["chain"] == 2
    assert kept.sizes["draw"] == 5

    built.model.set_data("centring", levels.centring)
    built.model.set_data("bend", levels.bend)
    values = built.model.replace_rvs_by_values([built.model[name] for name in kept])
    function = built.model.compile_fn(
        values, inputs=built.model.value_vars, point_fn=True, mode="FAST_COMPILE", on_unused_input="ignore"
    )
    for c, d in ((0, 0), (1, 4)):
        point = {v.name: draws[c, d, v.part].reshape(v.shape) for v in compiled.variables}
        for name, wanted in zip(kept, function(point), strict=True):
            assert kept[name].isel(chain=c, draw=d).to_numpy() == pytest.approx(wanted, rel=1e-10), name


def test_other_data_change_what_draws_stand_for_and_not_the_first_model(build):
    built = build()
    compiled = Compiled.from_model(built.model)
    draws = np.tile(compiled.middle, (1, 1, 1))
    inputs = model_inputs(built.spec, built.data, built.scale, Levels.before(built.data))
    before = compiled.kept(draws)
    # the width of the compute range, and its first node: curves further right
    other = compiled.given_inputs(inputs | {"compute": inputs["compute"] + np.array([0.0, 1.0])})
    assert other.kept(draws)["midpoint"].to_numpy() == pytest.approx(before["midpoint"].to_numpy() + 1.0)
    assert compiled.kept(draws).identical(before)
