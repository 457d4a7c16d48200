"""Classical designs."""

import numpy as np
import pytest

from studies.design.classical import PUBLISHED, Start, balanced_i_optimal, d_optimal

RNG = np.random.default_rng(0)
Z = RNG.uniform(21, 25, 60)
COST = RNG.uniform(1, 10, 60)
SENSIBLE = Start(0.2, 0.6, -6.0, 2.5)


def value(start: Start, z) -> float:
    x = z - 21.0
    return start.floor + start.rise / (1 + np.exp(-(start.offset + start.slope * x)))


@pytest.mark.parametrize("start", [PUBLISHED, SENSIBLE])
def test_the_gradient_is_that_of_finite_differences(start):
    found, e = start.gradient(Z), 1e-6
    for i, name in enumerate(("floor", "rise", "offset", "slope")):
        moved = [Start(**{**vars(start), name: getattr(start, name) + sign * e}) for sign in (1, -1)]
        assert found[:, i] == pytest.approx((value(moved[0], Z) - value(moved[1], Z)) / (2 * e), abs=1e-6)


@pytest.mark.parametrize("choose", [balanced_i_optimal, d_optimal])
@pytest.mark.parametrize("start", [PUBLISHED, SENSIBLE])
def test_designs_stay_within_the_budget_and_take_each_once(choose, start):
    chosen = choose(Z, COST, 60.0, start, np.random.default_rng(1))
    assert COST[chosen].sum() <= 60.0
    assert len(set(chosen)) == len(chosen) > 5
    # The first two are the ends of the range.
    assert chosen[:2] == [int(Z.argmin()), int(Z.argmax())]


def test_the_balanced_design_fills_every_bin():
    chosen = balanced_i_optimal(Z, np.ones(60), 30.0, SENSIBLE, np.random.default_rng(1))
    edges = np.quantile(Z, np.linspace(0, 1, 11))
    counts = np.bincount(np.clip(np.searchsorted(edges, Z[chosen], side="right") - 1, 0, 9), minlength=10)
    assert counts.min() >= 1


def test_d_optimal_beats_random_subsets_in_its_own_measure():
    def measure(chosen) -> float:
        features = SENSIBLE.gradient(Z[chosen])
        return np.linalg.slogdet(features.T @ features + 1e-9 * np.eye(4))[1]

    best = measure(d_optimal(Z, np.ones(60), 12.0, SENSIBLE, np.random.default_rng(0)))
    rng = np.random.default_rng(3)
    assert best > max(measure(rng.choice(60, 12, replace=False)) for _ in range(50))


def test_nothing_affordable_is_an_empty_design():
    assert d_optimal(Z, COST, 0.5, SENSIBLE, np.random.default_rng(0)) == []
