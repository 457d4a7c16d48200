"""Priors of a specification as variables: the right density, the right names."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from bayes_frontier.model.engine.fast import CENTRED, SHARES, prior_variables, share_logits, task_scales
from bayes_frontier.model.spec import LEAST_SCALE, LEAST_SPREAD, HalfNormal, LogNormal, Normal, Priors

CENTRE = Normal(dist="normal", mu=0.7, sigma=0.3)
SPREAD = HalfNormal(dist="half-normal", sigma=0.5)
TYPICAL = LogNormal(dist="log-normal", mu=-1.4, sigma=0.7)
PRIORS = Priors(
    floor_share=CENTRE, floor_share_spread=SPREAD, high=CENTRE, high_spread=SPREAD, drift=TYPICAL, drift_spread=SPREAD
)
COORDS = {"task": range(3), "share": SHARES, "effect": ("drift", "base_model"), "pair": range(2)}


@pytest.mark.parametrize(
    ("prior", "reference"),
    [
        (CENTRE, stats.norm(0.7, 0.3)),
        (SPREAD, stats.halfnorm(scale=0.5)),
        (TYPICAL, stats.lognorm(0.7, scale=np.exp(-1.4))),
    ],
)
def test_the_density_is_the_one_specified(prior, reference):
    with pm.Model(coords=COORDS):
        variable = prior_variables("x", [prior, prior], "pair")
    at = np.array([[0.05, 0.3], [1.2, 0.05]])
    assert [pm.logp(variable, x).eval() for x in at] == [pytest.approx(reference.logpdf(x)) for x in at]


def test_priors_of_different_kinds_are_a_vector_too():
    with pm.Model(coords=COORDS) as model:
        both = prior_variables("x", [SPREAD, TYPICAL], "pair")
    assert [v.name for v in model.free_RVs] == ["x_0", "x_1"]
    draws = pm.draw(both, draws=4000, mode="FAST_COMPILE", random_seed=4)
    assert draws.shape == (4000, 2)
    # Medians, each known to 1.25 standard deviations over the root of 4,000 draws, or 2 %.
    assert np.median(draws, axis=0) == pytest.approx([0.6745 * 0.5, np.exp(-1.4)], rel=0.08)


def shares(pooled, centred=CENTRED):
    with pm.Model(coords=COORDS) as model:
        logits = share_logits(PRIORS, ("task",), pooled=pooled, centred=centred)
    return model, logits


@pytest.mark.parametrize(
    ("pooled", "names"), [(False, {"share_logit"}), (True, {"share_mean", "share_spread", "share_logit"})]
)
def test_shares_are_pooled_as_asked(pooled, names):
    model, logits = shares(pooled)
    assert {v.name for v in model.free_RVs} == names
    assert pm.draw(logits, mode="FAST_COMPILE").shape == (4, 3)


def test_shares_that_are_not_pooled_have_the_prior_of_the_mean():
    draws = pm.draw(shares(pooled=False)[1], draws=4000, mode="FAST_COMPILE", random_seed=1)[:, SHARES.index("high")]
    assert (draws.mean(), draws.std()) == pytest.approx((0.7, 0.3), abs=0.02)


@pytest.mark.parametrize("centred", [(1.0,) * 4, (0.0,) * 4, CENTRED])
def test_all_geometries_have_the_same_distribution(centred):
    both = pm.draw(shares(pooled=True, centred=centred)[1], draws=4000, mode="FAST_COMPILE", random_seed=1)
    # A spread is the least one plus a half-normal; the mean of its square is what tasks have of their own.
    own = LEAST_SPREAD**2 + 2.0 * LEAST_SPREAD * 0.5 * np.sqrt(2.0 / np.pi) + 0.5**2
    for name in ("high", "floor_share"):
        draws = both[:, SHARES.index(name)]
        assert draws.mean() == pytest.approx(0.7, abs=0.03)
        # What tasks have in common has the variance 0.3**2.
        assert draws.var(axis=0).mean() == pytest.approx(0.09 + own, rel=0.08)
        assert np.corrcoef(draws.T)[0, 1] == pytest.approx(0.09 / (0.09 + own), abs=0.06)


def test_task_scales_vary_around_the_typical_one():
    with pm.Model(coords=COORDS) as model:
        drift, bases = task_scales(PRIORS, ("drift", "base_model"), 3)
    assert {v.name for v in model.free_RVs} == {"scale_typical", "scale_spread", "scale_raw"}
    assert {v.name for v in model.deterministics} == {"drift_scale", "base_model_scale"}
    drawn = np.array(pm.draw([drift, bases], draws=4000, mode="FAST_COMPILE", random_seed=2))
    assert drawn.min() > LEAST_SCALE
    both = np.log(drawn - LEAST_SCALE)
    for draws, own, spread in zip(both, ("drift", "base_model"), (0.5, 0.5), strict=True):
        assert draws.mean() == pytest.approx(getattr(PRIORS, own).mu, abs=0.04)
        assert draws.var(axis=0).mean() == pytest.approx(0.7**2 + spread**2, rel=0.1)


def test_a_single_task_has_the_typical_scale():
    with pm.Model(coords={"task": ["only"], "effect": ["drift"]}) as model:
        (scale,) = task_scales(PRIORS, ("drift",), 1)
    assert [v.name for v in model.free_RVs] == ["scale_typical"]
    value, typical = pm.draw([scale, model["scale_typical"]], mode="FAST_COMPILE", random_seed=3)
    assert value == pytest.approx(LEAST_SCALE + typical)


def test_a_structure_without_effects_has_no_scales():
    with pm.Model() as model:
        assert task_scales(PRIORS, (), 3) == []
    assert not model.free_RVs
