"""Draws as arrays: every boundary in [0, 1] and non-decreasing in compute."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from bayes_frontier.model.curve import bend, log_odds
from bayes_frontier.posterior.draws import Curves
from tests.draws import BASES, NODES, TASKS, TAU, make_frontier, posterior_tree

Z = np.linspace(18.0, 28.0, 201)


def test_shapes_and_order_of_the_draws():
    tree = posterior_tree(chains=3, draws=7)
    curves = Curves.from_tree(tree, TAU)
    assert curves.shape == (3, 7)
    assert curves.n_samples == 21
    floor = tree["posterior"]["floor"].to_numpy()
    np.testing.assert_array_equal(curves.by_chain(curves.parts["floor"]), floor)
    assert curves.effects.shape == (21, len(BASES), len(TASKS))


def test_dimensions_are_found_by_name():
    tree = posterior_tree()
    turned = tree.copy()
    turned["posterior"] = tree["posterior"].dataset.transpose(
        "period", "task", "draw", "base_model", "chain", missing_dims="ignore"
    )
    a, b = Curves.from_tree(tree, TAU), Curves.from_tree(turned, TAU)
    for name in a.parts:
        np.testing.assert_array_equal(a.parts[name], b.parts[name])
    np.testing.assert_array_equal(a.effects, b.effects)


def test_typical_and_known_are_the_formula():
    curves = Curves.from_tree(posterior_tree(), TAU)
    p = {name: values[5, 1, 0] for name, values in curves.parts.items()}
    q = p["floor"] + (p["ceiling"] - p["floor"]) * expit(p["slope"] * (23.7 - p["midpoint"]))
    assert curves.typical(23.7, 1, 0)[5] == pytest.approx(q, abs=1e-14)
    shifted = expit(logit(q) + curves.effects[5, 2, 1])
    assert curves.known(23.7, np.asarray(2), 1, 0)[5] == pytest.approx(shifted, abs=1e-14)


def test_without_effects_all_boundaries_agree():
    curves = Curves.from_tree(posterior_tree(base_model_effect=None, base_model_scale=None), TAU)
    assert not curves.has_base_models
    np.testing.assert_allclose(curves.at(Z, 0, np.array([1]), None)[:, 0], curves.typical(Z, 0, 1), atol=1e-15)


def test_order_of_computes_does_not_matter():
    curves = Curves.from_tree(posterior_tree(), TAU)
    mixed = np.random.default_rng(0).permutation(Z)
    ordered, unordered = (curves.at(z, 1, np.array([0, 1]), None) for z in (Z, mixed))
    np.testing.assert_array_equal(unordered, ordered[..., np.searchsorted(Z, mixed)])


@settings(max_examples=25, deadline=None)
@given(
    slope=st.sampled_from([1e-8, 0.1, 2.0, 60.0, 1e4]),
    midpoint=st.floats(10.0, 36.0),
    floor=st.sampled_from([0.0, 1e-12, 0.25, 0.7]),
    rise=st.sampled_from([0.0, 1e-9, 0.3]),
    effect=st.floats(-40.0, 40.0),
    scale=st.sampled_from([1e-9, 0.2, 3.0, 20.0]),
    residual_spread=st.sampled_from([1e-6, 0.05, 0.5]),
    steepness=st.lists(st.sampled_from([1e-6, 0.2, 1.0, 30.0, 1e5]), min_size=len(NODES), max_size=len(NODES)),
)
def test_every_draw_is_a_non_decreasing_score(slope, midpoint, floor, rise, effect, scale, residual_spread, steepness):
    extreme = {"slope": slope, "midpoint": midpoint, "floor": floor, "ceiling": floor + rise}
    effects = {"base_model_effect": effect, "base_model_scale": scale}
    tree = posterior_tree(draws=4, residual_spread=residual_spread, steepness=steepness, **effects, **extreme)
    curves = Curves.from_tree(tree, TAU)
    for base in (None, 1):
        values = curves.at(Z, 0, np.array([0, 1]), base)
        assert np.isfinite(values).all()
        assert values.min() >= 0.0
        assert values.max() <= 1.0
        assert (np.diff(values, axis=-1) >= 0.0).all()


def test_bent_boundaries_are_the_sigmoid_of_bent_compute():
    steepness = np.random.default_rng(3).uniform(0.3, 3.0, (2, 30, 2, len(NODES)))
    curves = Curves.from_tree(posterior_tree(steepness=steepness), TAU)
    straight = Curves.from_tree(posterior_tree(), TAU)
    bent = bend(23.7, curves.steepness[5, 1], NODES)
    assert curves.typical(23.7, 1, 0)[5] == pytest.approx(straight.typical(bent, 1, 0)[5], abs=1e-14)
    # at the first node compute is itself, and with a steepness of one it is everywhere
    np.testing.assert_allclose(curves.typical(NODES[0], 1, 0), straight.typical(NODES[0], 1, 0), atol=1e-14)
    same = Curves.from_tree(posterior_tree(steepness=1.0), TAU)
    np.testing.assert_allclose(same.typical(Z, 0, 1), straight.typical(Z, 0, 1), atol=1e-12)


def test_draws_taken_keep_their_bends():
    steepness = np.random.default_rng(3).uniform(0.3, 3.0, (2, 30, 2, len(NODES)))
    curves = Curves.from_tree(posterior_tree(steepness=steepness), TAU)
    some = np.array([3, 40, 59])
    np.testing.assert_array_equal(curves.take(some).typical(Z, 1, 1), curves.typical(Z, 1, 1)[some])
    moved = curves.with_step(np.full((60, 2), 0.3))
    np.testing.assert_allclose(log_odds(moved.typical(Z, 1, -1)), log_odds(curves.typical(Z, 1, -1)) + 0.3, atol=1e-9)


def test_a_fit_read_again_has_the_same_bends(tmp_path):
    frontier = make_frontier(steepness=np.array([0.4, 2.0, 0.7, 1.5]))
    frontier.save(tmp_path / "fit.nc")
    again = bf.load(tmp_path / "fit.nc")
    np.testing.assert_array_equal(again.boundary([1e22, 1e24]), frontier.boundary([1e22, 1e24]))


@pytest.mark.parametrize("base_model", [None, BASES[0]])
def test_lower_levels_never_cross_and_the_fits_own_is_the_fit(base_model):
    frontier = make_frontier(steepness=np.array([0.4, 2.0, 0.7, 1.5]))
    flops = 10.0**Z
    levels = [frontier.boundary(flops, base_model=base_model, tau=tau) for tau in (0.5, 0.8, 0.9, 0.95, TAU)]
    np.testing.assert_array_equal(levels[-1], frontier.boundary(flops, base_model=base_model))
    for low, high in pairwise(levels):
        assert (high - low).min() >= 0.0
    assert float((levels[-1] - levels[0]).mean()) > 0.05


def test_the_lower_level_of_a_base_model_is_that_quantile_of_its_scores():
    frontier = make_frontier(base_model_effect=0.0, residual_spread=0.01)
    apart = frontier.boundary(1e24, "maths", base_model=BASES[0]) - frontier.boundary(
        1e24, "maths", base_model=BASES[0], tau=0.5
    )
    # normal residuals with a standard deviation of 0.01, on a table of levels
    assert float(apart.mean()) == pytest.approx(0.01 * stats.norm.ppf(TAU), abs=2e-4)


@pytest.mark.parametrize("tau", [0.3, 0.99])
def test_levels_that_a_fit_cannot_give_are_refused(tau):
    with pytest.raises(QueryError, match="tau must be between 0.5 and that of the fit, 0.98, found"):
        make_frontier().attainable(1e24, tau=tau)
