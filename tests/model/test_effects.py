"""Base-model effects and the prior of the levels they come from."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import stats
from scipy.special import expit, logit

from bayes_frontier.model.curve import boundary_at, sigmoid_from_shares
from bayes_frontier.model.engine import coordinates
from bayes_frontier.model.engine.coordinates import ROUND, LevelEffects, Levels

N_TASKS, N_STRETCHES, N_BASES = 3, 4, 6


def arguments(columns):
    """x, logits, steps, scale, place, reference, centring and bend."""
    rng = np.random.default_rng(21)
    logits = rng.normal(0, 0.8, (4, N_TASKS, columns))
    steps = rng.normal(0, 0.3, (N_TASKS, N_STRETCHES - 1))
    at = rng.integers(0, columns if columns > 1 else N_STRETCHES, N_BASES)
    shape = (N_BASES, N_TASKS)
    place, reference = rng.uniform(-0.5, 1.5, shape), at.astype(float)
    centring = rng.uniform(size=shape)
    centring[0] = 0.0, 1.0, 0.5
    a = rng.uniform(0.3, 1.0, shape)
    bend = np.stack([rng.normal(size=shape), a, rng.uniform(-0.9, 0.9, shape) * a])
    return rng.normal(size=shape), logits, steps, rng.uniform(0.1, 0.6, N_TASKS), place, reference, centring, bend


def plain(x, logits, steps, scale, place, reference, centring, bend):
    """Log densities, (base model, task), and effects, from the sigmoid and the normal distribution."""
    stretch = reference.astype(int)
    column = stretch if logits.shape[2] > 1 else np.zeros_like(stretch)
    floor, ceiling, at_low, at_high = (part[:, column] for part in sigmoid_from_shares(*expit(logits)))
    q = boundary_at(place.T, floor, ceiling, at_high - at_low, -at_low / (at_high - at_low))
    drift = np.concatenate([np.zeros((N_TASKS, 1)), np.cumsum(steps, axis=1)], axis=1)
    mean = centring * (logit(q) + drift[:, stretch]).T
    level = bend[0] + bend[1] * x + bend[2] * np.hypot(x, ROUND)
    slope = bend[1] + bend[2] * x / np.hypot(x, ROUND)
    density = stats.norm(mean, scale**centring).logpdf(level) + np.log(slope)
    return density, (level - mean) * scale ** (1.0 - centring)


@pytest.mark.parametrize("columns", [1, 4])
@pytest.mark.parametrize("mode", ["NUMBA", "FAST_COMPILE"])
def test_levels_are_normal_and_effects_what_they_have_over_the_curve(mode, columns):
    values = arguments(columns)
    inputs = [pt.tensor(dtype="float64", shape=(None,) * v.ndim) for v in values]
    rng = np.random.default_rng(22)
    by_task, by_effect = rng.normal(size=N_TASKS), rng.normal(size=(N_BASES, N_TASKS))
    density, effect, _ = LevelEffects()(*inputs)
    gradients = pytensor.grad((density * by_task).sum() + (effect * by_effect).sum(), inputs[:5])
    found, effects_found, *slopes = pytensor.function(inputs, [density, effect, *gradients], mode=mode)(*values)
    wanted, effects_wanted = plain(*values)
    assert found == pytest.approx(wanted.sum(axis=0), rel=1e-10)
    assert effects_found == pytest.approx(effects_wanted, rel=1e-9, abs=1e-12)

    def whole(*given):
        densities, effects_there = plain(*given)
        return (densities * by_task).sum() + (effects_there * by_effect).sum()

    for i, slope in enumerate(slopes):
        step = 1e-6 * np.random.default_rng(i).standard_normal(values[i].shape)
        ahead, behind = (whole(*(v + s * step if i == j else v for j, v in enumerate(values))) for s in (1, -1))
        # Central differences of step 1e-6 are good to about 1e-16 / 1e-6 of a sum of order ten.
        assert (slope * step).sum() == pytest.approx((ahead - behind) / 2, rel=1e-5, abs=1e-12)


def test_each_output_can_be_differentiated_alone():
    values = arguments(1)
    inputs = [pt.tensor(dtype="float64", shape=(None,) * v.ndim) for v in values]
    density, effect, _ = LevelEffects()(*inputs)
    both = pytensor.grad(density.sum() + effect.sum(), inputs[3])
    apart = pytensor.grad(density.sum(), inputs[3]) + pytensor.grad(effect.sum(), inputs[3])
    together, summed = pytensor.function(inputs, [both, apart], mode="FAST_COMPILE")(*values)
    assert summed == pytest.approx(together)
    with pytest.raises(pytensor.gradient.DisconnectedInputError):
        pytensor.grad(effect.sum(), inputs[5])


def test_coordinates_drawn_give_effects_of_the_prior():
    values = arguments(1)
    given, scale = values[1:], values[3]
    rng = np.random.default_rng(3)
    drawn = np.stack([LevelEffects.evaluate(coordinates.draw(*given, rng=rng), *given)[1] for _ in range(4000)]) / scale
    # Four thousand draws: standard errors of 0.016 of a deviation, 0.011 of its own; 18 of each.
    assert drawn.mean(axis=0) == pytest.approx(np.zeros((N_BASES, N_TASKS)), abs=0.06)
    assert drawn.std(axis=0) == pytest.approx(np.ones((N_BASES, N_TASKS)), abs=0.05)


def test_the_density_left_elsewhere_is_none_and_the_middle_is_zero():
    given = [pt.as_tensor(value) for value in arguments(1)[1:]]
    assert coordinates.density_elsewhere(*given).eval() == 0.0
    assert coordinates.middle(None, None, *given).eval() == pytest.approx(np.zeros((N_BASES, N_TASKS)))


@pytest.mark.parametrize("a", [0.3, 1.0])
@pytest.mark.parametrize("b", [-0.25, 0.0, 0.29])
def test_the_bend_goes_back_and_forth(a, b):
    x = np.linspace(-4.0, 4.0, 9)
    there = Levels(np.zeros(9), np.array([[0.4] * 9, [a] * 9, [b] * 9]))
    assert there.unbent(0.4 + a * x + b * np.hypot(x, ROUND)) == pytest.approx(x, abs=1e-12)
