"""Draws as arrays: every boundary in [0, 1] and non-decreasing in compute."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

import bayes_frontier as bf
from bayes_frontier.model.spec import Misfit
from bayes_frontier.posterior.draws import Curves
from tests.draws import BASES, TASKS, TAU, make_frontier, posterior_tree

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
)
def test_every_draw_is_a_non_decreasing_score(slope, midpoint, floor, rise, effect, scale, residual_spread):
    extreme = {"slope": slope, "midpoint": midpoint, "floor": floor, "ceiling": floor + rise}
    tree = posterior_tree(
        draws=4, residual_spread=residual_spread, base_model_effect=effect, base_model_scale=scale, **extreme
    )
    # a misfit ten times the default, so that it would show
    curves = Curves.from_tree(tree, TAU, Misfit(height=0.2, steepness=0.4), pivot=23.0)
    for base in (None, 1):
        values = curves.at(Z, 0, np.array([0, 1]), base)
        assert np.isfinite(values).all()
        assert values.min() >= 0.0
        assert values.max() <= 1.0
        assert (np.diff(values, axis=-1) >= 0.0).all()


def same_draws(**values):
    """Curves whose 4,000 draws are one and the same."""
    curve = {"floor": 0.2, "ceiling": 0.8, "slope": 1.0, "midpoint": 23.0, "base_model_scale": 0.2}
    return posterior_tree(chains=4, draws=1000, **{**curve, **values})


def test_misfit_in_height_is_a_spread_of_the_logit():
    curves = Curves.from_tree(same_draws(), TAU, Misfit(height=0.05, steepness=0.0), pivot=23.0)
    exact = Curves.from_tree(same_draws(), TAU).at(Z, 0, np.array([1]), None)[:, 0]
    moved = logit(curves.at(Z, 0, np.array([1]), None)[:, 0]) - logit(exact)
    # all of a draw's curve moves as one; 4,000 draws fix a standard deviation to 1.1%, three of which are 3.4%
    assert np.ptp(moved, axis=1).max() < 1e-9
    assert moved[:, 0].std() == pytest.approx(0.05, rel=0.034)
    assert moved[:, 0].mean() == pytest.approx(0.0, abs=1e-12)


def test_misfit_in_steepness_turns_the_curve_about_the_pivot():
    misfit, pivot = Misfit(height=0.0, steepness=0.05), 22.0
    without = {"base_model_scale": None, "base_model_effect": None}
    curves = Curves.from_tree(same_draws(**without), TAU, misfit, pivot)
    z = np.array([21.0, pivot, 24.0])
    drawn = curves.at(z, 0, np.array([1]), None)[:, 0]
    position = logit((drawn - 0.2) / 0.6)
    assert np.ptp(drawn[:, 1]) < 1e-12
    steeper = np.log((position - position[0, 1])[:, [0, 2]] / (z[[0, 2]] - pivot))
    np.testing.assert_allclose(steeper[:, 0], steeper[:, 1], atol=1e-9)
    assert steeper[:, 0].std() == pytest.approx(0.05, rel=0.034)


def test_tasks_are_off_by_numbers_of_their_own():
    curves = Curves.from_tree(same_draws(), TAU, Misfit(height=0.05, steepness=0.0))
    first, second = (curves.at(Z[:1], k, np.array([1]), None)[:, 0, 0] for k in (0, 1))
    # of 4,000 draws an uncorrelated pair shows a correlation below 3 / sqrt(4000)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.048


def test_base_models_boundaries_have_no_misfit():
    frontier = make_frontier(misfit=Misfit(height=0.5, steepness=0.2))
    exact = make_frontier()
    flops = [1e22, 1e24]
    np.testing.assert_array_equal(
        frontier.boundary(flops, base_model=BASES[0]), exact.boundary(flops, base_model=BASES[0])
    )
    assert float(np.abs(frontier.boundary(flops) - exact.boundary(flops)).mean()) > 0.02


def test_a_fit_read_again_has_the_same_misfit(tmp_path):
    frontier = make_frontier(misfit=Misfit(height=0.1, steepness=0.1))
    frontier.save(tmp_path / "fit.nc")
    again = bf.load(tmp_path / "fit.nc")
    assert again.spec.misfit == frontier.spec.misfit
    np.testing.assert_array_equal(again.boundary([1e22, 1e24]), frontier.boundary([1e22, 1e24]))
