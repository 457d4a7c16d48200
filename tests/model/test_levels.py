"""Coordinates of base-model levels: as far centred as the scores say, bent as the posterior is."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.special import expit, logit

from bayes_frontier.model.curve import boundary_at
from bayes_frontier.model.engine.coordinates import FIRST_VARIANCE, Levels, typical_levels
from bayes_frontier.model.likelihood import smooth_pinball_loss

CURVE = {"floor": 0.2, "ceiling": 0.8, "slope": 1.5, "midpoint": 23.0}


def draws_of(data, omega=0.5, n=3) -> xr.Dataset:
    """Draws of the curve, all the same, and of a drift that moves."""
    tasks, periods = len(data.tasks), data.n_periods
    walk = np.linspace(0.0, 0.3, data.stretches.n)
    return xr.Dataset(
        {
            **{name: (("sample", "task", "period"), np.full((n, tasks, periods), v)) for name, v in CURVE.items()},
            "drift": (("sample", "task", "stretch"), np.broadcast_to(walk, (n, tasks, len(walk)))),
            "base_model_scale": (("sample", "task"), np.full((n, tasks), omega)),
        }
    )


@pytest.fixture
def built(build):
    return build(n_models=300, n_base_models=12)


def test_before_a_fit_levels_are_centred_by_their_counts_and_straight(built):
    levels = Levels.before(built.data)
    n = built.data.counts
    assert levels.centring == pytest.approx(n / (n + FIRST_VARIANCE))
    level = np.random.default_rng(1).normal(size=n.shape)
    assert levels.unbent(level) == pytest.approx(level)


def test_levels_are_centred_on_their_scores_as_far_as_these_say_more_than_the_prior(built):
    data, scale, n = built.data, built.scale, built.data.counts
    wide, narrow = (Levels.after(data, scale, draws_of(data, omega)).centring for omega in (2.0, 0.02))
    assert (wide > 0.9).all()
    assert (narrow < n / (n + FIRST_VARIANCE)).all()
    q = expit(typical_levels(draws_of(data), data)[0])
    assert narrow == pytest.approx(n / (n + scale.scale / scale.density / (0.02 * q * (1 - q)) ** 2))


def test_typical_levels_are_those_of_the_curve_in_the_stretch_of_the_base_model(built):
    data = built.data
    curve = logit(boundary_at(data.reference_z, **CURVE))
    walk = np.linspace(0.0, 0.3, data.stretches.n)
    expected = curve + walk[data.reference_stretch] - walk[-1]
    assert typical_levels(draws_of(data), data)[1, :, 0] == pytest.approx(expected)


def test_in_its_coordinate_a_level_has_the_middle_and_the_reach_of_a_standard_normal(built):
    data, scale, omega = built.data, built.scale, 0.5
    levels = Levels.after(data, scale, draws_of(data, omega))
    walk, effects = np.linspace(0.0, 0.3, data.stretches.n), np.linspace(-2.5, 2.5, 2001)
    typical = typical_levels(draws_of(data), data)[0]
    middles, sides = [], []
    for base in range(len(data.base_models)):
        log_density = -0.5 * (effects / omega) ** 2
        for c in data.cells.index[(data.cells["base"] == base) & (data.cells["task"] == 0)]:
            y = data.scores.of(c)[0]
            moved = walk[data.cells["stretch"][c]] - walk[data.reference_stretch[base]]
            u = y[:, None] - expit(typical[base, 0] + effects + moved)
            log_density -= smooth_pinball_loss(u, scale.level[0], scale.half_width[0]).sum(axis=0) / scale.scale[0]
        mass = np.cumsum(np.exp(log_density - log_density.max()))
        at = effects[np.searchsorted(mass / mass[-1], [0.05, 0.5, 0.95])]
        w = levels.centring[base, 0]
        own = Levels(np.zeros(3), np.repeat(levels.bend[:, base, :1], 3, axis=1))
        low, middle, high = own.unbent(w * typical[base, 0] + at * omega ** (w - 1.0))
        middles.append(middle)
        sides += [-low, high]
    # The grid of effects is 0.0025 wide here and 0.0125 there: a tenth of the narrowest posteriors.
    assert middles == pytest.approx([0.0] * len(middles), abs=0.15)
    # Exact where the bend is less than the steepest; a wall steeper than that is still a wall, on one side.
    assert np.median(sides) == pytest.approx(stats.norm.ppf(0.95), abs=0.1)


def test_as_a_transform_coordinates_go_to_levels_and_back():
    rng = np.random.default_rng(3)
    shape = (4, 2)
    a = rng.uniform(0.3, 1.0, shape)
    levels = Levels(rng.uniform(size=shape), np.stack([rng.normal(size=shape), a, rng.uniform(-0.9, 0.9, shape) * a]))
    mean, sd, x = rng.normal(size=shape), rng.uniform(0.2, 2.0, 2), rng.normal(size=shape)
    transform = levels.transform()
    there = transform.backward(x, mean, sd)
    assert transform.forward(there, mean, sd).eval() == pytest.approx(x, abs=1e-12)
    step = 1e-6
    ahead, behind = (transform.backward(x + s * step, mean, sd).eval() for s in (1, -1))
    # Central differences of step 1e-6 are good to about 1e-16 / 1e-6 of levels of order one.
    slope = (ahead - behind) / (2 * step)
    assert transform.log_jac_det(x, mean, sd).eval() == pytest.approx(np.log(slope), abs=1e-8)
