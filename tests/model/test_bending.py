"""The change of coordinates of levels, and their prior, as PyMC sees them."""

import numpy as np
import pytensor.tensor as pt
import pytest
from scipy import stats

from bayes_frontier.model.bending import Bent, level_density, level_draw
from bayes_frontier.model.levels import Levels


@pytest.mark.parametrize("a", [0.3, 1.0])
@pytest.mark.parametrize("b", [-0.25, 0.0, 0.29])
def test_the_bend_goes_back_and_forth_and_its_slope_is_its_slope(a, b):
    x = np.linspace(-4.0, 4.0, 9)
    bent, given = Bent(), tuple(pt.as_tensor(v) for v in (0.4, a, b))
    level = bent.backward(pt.as_tensor(x), *given)
    assert bent.forward(level, *given).eval() == pytest.approx(x, abs=1e-12)
    there = Levels(np.zeros(9), np.array([[0.4] * 9, [a] * 9, [b] * 9]))
    assert there.unbent(level.eval()) == pytest.approx(x, abs=1e-12)
    ahead, behind = (bent.backward(pt.as_tensor(x + step), *given).eval() for step in (1e-6, -1e-6))
    assert bent.log_jac_det(pt.as_tensor(x), *given).eval() == pytest.approx(np.log((ahead - behind) / 2e-6), abs=1e-8)


def test_levels_are_normal_whatever_their_coordinate():
    value = np.array([-0.3, 0.1, 2.0])
    found = level_density(pt.as_tensor(value), 0.2, pt.as_tensor(0.7), 9.0, 9.0, 9.0)
    assert found.eval() == pytest.approx(stats.norm(0.2, 0.7).logpdf(value))


def test_drawn_levels_have_the_mean_and_spread_of_the_prior():
    mean, spread = np.array([[0.0, 1.0]]), np.array([[0.5, 2.0]])
    draws = level_draw(mean, spread, None, None, None, rng=np.random.default_rng(3), size=(4000, 1, 2))
    # Four thousand draws: standard errors of 0.016 of a deviation.
    assert (draws.mean(axis=0) - mean) / spread == pytest.approx(np.zeros((1, 2)), abs=0.06)
    assert draws.std(axis=0) / spread == pytest.approx(np.ones((1, 2)), abs=0.05)
