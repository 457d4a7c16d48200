"""Compiled arithmetic of the boundary against the plain formulas, in value and gradient."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.special import expit, logit

from bayes_frontier.model.curve import boundary_at, shift_logit, sigmoid_from_shares
from bayes_frontier.model.geometry import PeriodCurves, ReferenceLogits, code_version

N_TASKS, N_STRETCHES, N_BASES = 3, 4, 6
LAST = np.array([1, 2, 3])
COMPUTE = np.array([22.0, 24.5])


def arguments(columns):
    rng = np.random.default_rng(21)
    logits = rng.normal(0, 0.8, (4, N_TASKS, columns))
    steps = rng.normal(0, 0.3, (N_TASKS, N_STRETCHES - 1))
    reference = np.stack([rng.uniform(-0.5, 1.5, N_BASES), rng.integers(0, columns, N_BASES)], axis=1)
    if columns == 1:
        reference[:, 1] = rng.integers(0, N_STRETCHES, N_BASES)
    return logits, steps, reference


def drift_of(steps):
    return np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, axis=1)], axis=1)


def plain(logits, steps, reference):
    """Logits at the references from the sigmoid itself."""
    stretch = reference[:, 1].astype(int)
    column = stretch if logits.shape[2] > 1 else np.zeros_like(stretch)
    floor, ceiling, at_low, at_high = (part[:, column] for part in sigmoid_from_shares(*expit(logits)))
    q = boundary_at(reference[:, 0], floor, ceiling, at_high - at_low, -at_low / (at_high - at_low))
    return (logit(q) + drift_of(steps)[:, stretch]).T


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("mode", ["NUMBA", "FAST_COMPILE"])
def test_reference_logits_and_their_gradient(mode, columns):
    values = arguments(columns)
    inputs = [pt.tensor(dtype="float64", shape=(None,) * v.ndim) for v in values]
    weights = np.random.default_rng(22).normal(size=(N_BASES, N_TASKS))
    found = ReferenceLogits()(*inputs)
    gradients = pytensor.grad((found * weights).sum(), inputs[:2])
    function = pytensor.function(inputs, [found, *gradients], mode=mode)
    value, *slopes = function(*values)
    assert value == pytest.approx(plain(*values), rel=1e-10)
    for i, slope in enumerate(slopes):
        step = 1e-6 * np.random.default_rng(i).standard_normal(values[i].shape)
        ahead, behind = (
            (plain(*(v + sign * step if i == j else v for j, v in enumerate(values))) * weights).sum()
            for sign in (1, -1)
        )
        # Central differences of step 1e-6 are good to about 1e-16 / 1e-6 of a sum of order ten.
        assert (slope * step).sum() == pytest.approx((ahead - behind) / 2, rel=1e-5, abs=1e-12)


def test_the_reference_itself_cannot_be_differentiated():
    inputs = [pt.tensor(dtype="float64", shape=(None,) * v.ndim) for v in arguments(1)]
    with pytest.raises(pytensor.gradient.DisconnectedInputError):
        pytensor.grad(ReferenceLogits()(*inputs).sum(), inputs[2])


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("mode", ["NUMBA", "FAST_COMPILE"])
def test_period_curves_are_those_of_the_last_stretch(mode, columns):
    logits, steps, _ = arguments(columns)
    symbols = [pt.dtensor3(), pt.dmatrix(), pt.lvector(), pt.dvector()]
    function = pytensor.function(symbols, PeriodCurves()(*symbols), mode=mode)
    floor, ceiling, slope, midpoint, drift = function(logits, steps, LAST, COMPUTE)
    assert drift == pytest.approx(drift_of(steps))
    moved = shift_logit(sigmoid_from_shares(*expit(logits)), drift[:, LAST])
    assert floor == pytest.approx(moved.floor)
    assert ceiling == pytest.approx(moved.ceiling)
    assert slope == pytest.approx((moved.at_high - moved.at_low) / 2.5)
    assert slope * (COMPUTE[1] - midpoint) == pytest.approx(moved.at_high)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_drift_beyond_all_bounds_gives_a_boundary_all_the_same(sign):
    logits, steps, _ = arguments(1)
    symbols = [pt.dtensor3(), pt.dmatrix(), pt.lvector(), pt.dvector()]
    function = pytensor.function(symbols, PeriodCurves()(*symbols), mode="FAST_COMPILE")
    floor, ceiling, slope, midpoint, _ = function(logits, np.full_like(steps, 1000.0 * sign), LAST, COMPUTE)
    reached = boundary_at(COMPUTE[0], floor, ceiling, slope, midpoint)[:, 1:]
    np.testing.assert_allclose(reached, float(sign > 0), atol=1e-6)


def test_code_has_another_version_when_its_text_changes(tmp_path):
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.write_text("x = 1\n")
    second.write_text("x = 2\n")
    assert code_version(str(first)) == code_version(str(first))
    assert len({code_version(str(first)), code_version(str(second)), code_version(str(first), str(second))}) == 3
