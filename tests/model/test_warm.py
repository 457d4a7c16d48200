"""Starting points kept with a fit: turned into the coordinates of another fit's sampler, and back."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from scipy.special import expit, logit

import bayes_frontier as bf
from bayes_frontier.model.curve import bend, boundary_at
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine.compiled import Variable
from bayes_frontier.model.engine.coordinates import ROUND, Levels, typical_levels
from bayes_frontier.model.sample import POINTS, Start, ending
from tests.draws import BASES, make_frontier, small_table

CHAINS, DRAWS = 2, 30
N_LOOSE = 3


def sampled(n_bases: int, n_steps: int = 1, fill: float = 7.0) -> SimpleNamespace:
    """A compiled model's variables, the base models' levels last, and the middle of their prior."""
    shapes = [(N_LOOSE,), (2, n_steps), (n_bases, 2)]
    names = ["loose", "drift_step", "base_model_position"]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = [slice(int(end) - int(np.prod(shape)), int(end)) for end, shape in zip(ends, shapes, strict=True)]
    variables = [Variable(*of) for of in zip(names, parts, shapes, strict=True)]
    return SimpleNamespace(variables=variables, middle=np.full(int(ends[-1]), fill))


@pytest.fixture
def frontier() -> bf.Frontier:
    walk = np.random.default_rng(2).normal(0, 0.1, (CHAINS, DRAWS, 2, 2))
    made = make_frontier(drift=walk)
    constant = made.posterior["constant_data"].dataset
    ones = ("task", np.ones(2))
    made.posterior["constant_data"] = constant.assign(
        density=ones, scale=("task", [0.1, 0.2]), half_width=ones, likelihood_level=ones
    )
    return made


@pytest.fixture
def kept(frontier) -> xr.Dataset:
    compiled = sampled(len(BASES))
    values = np.random.default_rng(4).normal(size=(CHAINS, DRAWS, len(compiled.middle)))
    statistics = xr.Dataset({"unconstrained_draw": (("chain", "draw", "unconstrained"), values)})
    posterior = frontier.posterior["posterior"].dataset.assign_coords(base_model=list(BASES))
    return ending(compiled, statistics, posterior)


def data_of(table=None) -> FrontierData:
    return FrontierData.from_evaluations(
        bf.read(small_table(60) if table is None else table, periods=["2024-12-31"]), 0.98
    )


def start_of(frontier, kept) -> Start:
    frontier.posterior["ending"] = xr.DataTree(kept)
    start = Start.of(frontier.posterior)
    assert start is not None
    return start


def test_points_are_draws_of_the_later_half_of_every_chain(frontier, kept):
    assert kept.sizes["point"] == POINTS
    draws = frontier.posterior["posterior"].dataset["midpoint"]
    for chain in range(CHAINS):
        later = draws.isel(chain=chain, draw=slice(DRAWS // 2, None)).to_numpy()
        mine = kept["midpoint"].isel(point=slice(chain, None, CHAINS)).to_numpy()
        assert all((later == one).all(axis=(1, 2)).any() for one in mine)
    assert "free_loose" in kept
    assert "free_base_model_position" not in kept


def test_points_survive_saving(frontier, kept, tmp_path):
    start_of(frontier, kept)
    frontier.save(tmp_path / "fit.nc")
    back = Start.of(bf.load(tmp_path / "fit.nc").posterior)
    assert back is not None
    xr.testing.assert_equal(back.ending, kept)
    assert back.scale.scale.tolist() == [0.1, 0.2]


def test_fits_of_earlier_versions_have_none(frontier, kept):
    assert Start.of(frontier.posterior) is None
    frontier.posterior["ending"] = xr.DataTree(kept.assign_attrs(form=1))
    assert Start.of(frontier.posterior) is None
    frontier.posterior["ending"] = xr.DataTree(kept)
    assert Start.of(frontier.posterior) is not None


def test_the_same_table_starts_at_the_same_boundaries(frontier, kept):
    data = data_of()
    start = start_of(frontier, kept)
    shape = (len(data.base_models), 2)
    a, b = np.full(shape, 0.7), np.full(shape, 0.3)
    levels = Levels(np.full(shape, 0.4), np.stack([np.full(shape, 0.2), a, b]))
    found = start.points(sampled(len(BASES)), data, levels)
    assert found.shape == (POINTS, N_LOOSE + 2 + 6)
    assert (found[:, :N_LOOSE] == kept["free_loose"].to_numpy()).all()
    # the model's own way from levels to effects gives those of the draws
    x = found[:, -6:].reshape(POINTS, 3, 2)
    level = 0.2 + 0.7 * x + 0.3 * np.hypot(x, ROUND)
    scale = kept["base_model_scale"].to_numpy()[:, None, :]
    effect = (level - 0.4 * typical_levels(start.draws, data)) * scale ** (1 - 0.4)
    expected = kept["base_model_effect"].sel(base_model=list(data.base_models))
    np.testing.assert_allclose(effect, expected.transpose("point", "base_model", "task"), atol=1e-12)


def straight(n_bases) -> Levels:
    """Levels themselves, wholly centred."""
    one = np.ones((n_bases, 2))
    return Levels(one, np.stack([0.0 * one, one, 0.0 * one]))


def test_typical_levels_are_those_of_the_curve(frontier, kept):
    data, start = data_of(), start_of(frontier, kept)
    parts = [kept[name].to_numpy()[:, None, :, -1] for name in ("floor", "ceiling", "slope", "midpoint")]
    curve = logit(boundary_at(data.reference_z[None, :, None], *parts))
    walk = kept["drift"].transpose("point", "stretch", "task").to_numpy()
    np.testing.assert_allclose(
        typical_levels(start.draws, data), curve + walk[:, data.reference_stretch] - walk[:, -1:]
    )
    assert (expit(typical_levels(start.draws, data)) < 1).all()


def test_typical_levels_are_bent_as_the_draws_are(frontier, kept):
    data = data_of()
    nodes = data.compute.nodes
    steepness = np.random.default_rng(6).uniform(0.5, 2.0, (POINTS, 2, len(nodes)))
    bent = kept.assign(steepness=(("point", "task", "node"), steepness)).assign_coords(node=list(nodes))
    z = bend(data.reference_z[None, :, None], steepness[:, None], nodes)
    parts = [kept[name].to_numpy()[:, None, :, -1] for name in ("floor", "ceiling", "slope", "midpoint")]
    walk = kept["drift"].transpose("point", "stretch", "task").to_numpy()
    np.testing.assert_allclose(
        typical_levels(start_of(frontier, bent).draws, data),
        logit(boundary_at(z, *parts)) + walk[:, data.reference_stretch] - walk[:, -1:],
    )


def test_new_base_models_and_stretches_start_in_the_middle(frontier, kept):
    table = small_table(60)
    table.loc[:11, ["base_model", "flops"]] = ["gemma-2-9b", 4.4e23]
    data, start = data_of(table), start_of(frontier, kept)
    assert "gemma-2-9b" in data.base_models
    new = data.base_models.index("gemma-2-9b")
    found = start.points(sampled(4, n_steps=3), data, straight(4))
    steps = found[:, N_LOOSE : N_LOOSE + 6].reshape(POINTS, 2, 3)
    assert (steps[:, :, :1] == kept["free_drift_step"].to_numpy()).all()
    assert (steps[:, :, 1:] == 7.0).all()
    level = found[:, -8:].reshape(POINTS, 4, 2)
    np.testing.assert_allclose(level[:, new], typical_levels(start.draws, data)[:, new])


def test_variables_of_another_model_start_in_the_middle(frontier, kept):
    data, start = data_of(), start_of(frontier, kept)
    compiled = sampled(3)
    compiled.variables[0] = dataclasses.replace(compiled.variables[0], name="renamed")
    found = start.points(compiled, data, straight(3))
    assert (found[:, :N_LOOSE] == 7.0).all()
    assert np.isfinite(found).all()


@pytest.mark.mcmc
def test_a_warm_fit_has_the_posterior_of_a_cold_one(small_fit, small_simulated):
    evaluations, _ = small_simulated
    start = Start.of(small_fit.posterior)
    settings = {"tau": 0.9, "draws": 150, "tune": 200, "chains": 2, "progress": False, "allow_unconverged": True}
    warm = bf.fit(evaluations, **settings, start=start)
    assert warm.provenance["sampling"]["start"] == "warm"
    again = bf.fit(evaluations, **settings, start=dataclasses.replace(start))
    xr.testing.assert_equal(warm.posterior["posterior"].dataset, again.posterior["posterior"].dataset)
    flops = np.quantile(evaluations.models["flops"], [0.1, 0.5, 0.9])
    cold, hot = (fit.boundary(flops) for fit in (small_fit, warm))
    apart = abs(hot.mean(("chain", "draw")) - cold.mean(("chain", "draw"))) / cold.std(("chain", "draw"))
    # Means of two chains of 150 correlated draws, some 60 independent ones each, differ by 0.18 standard deviations in
    # root mean square; six of them stay below 0.8.
    assert float(apart.max()) < 0.8
