"""Draws as arrays: every boundary in [0, 1] and non-decreasing in compute."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from bayes_frontier.posterior.curves import Curves
from tests.draws import BASES, TASKS, TAU, posterior_tree

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
    curves = Curves.from_tree(tree, TAU)
    for base in (None, 1):
        values = curves.at(Z, 0, np.array([0, 1]), base)
        assert np.isfinite(values).all()
        assert values.min() >= 0.0
        assert values.max() <= 1.0
        assert (np.diff(values, axis=-1) >= 0.0).all()
