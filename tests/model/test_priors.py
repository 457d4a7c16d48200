"""Priors of a specification as variables: the right density, the right names."""

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from bayes_frontier.model.priors import hierarchical_share, prior_variable, task_scales
from bayes_frontier.model.spec import HalfNormal, LogNormal, Normal

CENTRE = Normal(dist="normal", mu=0.7, sigma=0.3)
SPREAD = HalfNormal(dist="half-normal", sigma=0.5)
TYPICAL = LogNormal(dist="log-normal", mu=-1.4, sigma=0.7)


@pytest.mark.parametrize(
    ("prior", "reference"),
    [
        (CENTRE, stats.norm(0.7, 0.3)),
        (SPREAD, stats.halfnorm(scale=0.5)),
        (TYPICAL, stats.lognorm(0.7, scale=np.exp(-1.4))),
    ],
)
def test_the_density_is_the_one_specified(prior, reference):
    with pm.Model():
        variable = prior_variable("x", prior)
    at = np.array([0.05, 0.3, 1.2])
    assert [pm.logp(variable, x).eval() for x in at] == pytest.approx(reference.logpdf(at))


def share(pooled, centred):
    with pm.Model(coords={"task": range(3)}) as model:
        logits = hierarchical_share("high", CENTRE, SPREAD, ("task",), pooled=pooled, centred=centred)
    return model, logits


@pytest.mark.parametrize(
    ("pooled", "centred", "names"),
    [
        (False, True, {"high"}),
        (False, False, {"high"}),
        (True, True, {"high_mean", "high_spread", "high"}),
        (True, False, {"high_mean", "high_spread", "high_raw"}),
    ],
)
def test_shares_are_pooled_and_centred_as_asked(pooled, centred, names):
    model, logits = share(pooled, centred)
    assert {v.name for v in model.free_RVs} == names
    assert logits.eval().shape == (3,)


def test_both_geometries_have_the_same_distribution():
    variances = {}
    for centred in (True, False):
        draws = pm.draw(share(True, centred)[1], draws=4000, mode="FAST_COMPILE", random_seed=1)
        assert draws.mean() == pytest.approx(0.7, abs=0.03)
        variances[centred] = draws.var(axis=0).mean(), np.corrcoef(draws.T)[0, 1]
    # Variance 0.3**2 + 0.5**2; what tasks have in common is the first term.
    for variance, correlation in variances.values():
        assert variance == pytest.approx(0.34, rel=0.08)
        assert correlation == pytest.approx(0.09 / 0.34, abs=0.06)


def test_task_scales_vary_around_the_typical_one():
    with pm.Model(coords={"task": range(3)}) as model:
        scales = task_scales("drift", TYPICAL, SPREAD, 3)
    assert {v.name for v in model.free_RVs} == {"drift_typical", "drift_spread", "drift_raw"}
    draws = np.log(pm.draw(scales, draws=4000, mode="FAST_COMPILE", random_seed=2))
    assert draws.mean() == pytest.approx(-1.4, abs=0.04)
    assert draws.var(axis=0).mean() == pytest.approx(0.7**2 + 0.5**2, rel=0.1)


def test_a_single_task_has_the_typical_scale():
    with pm.Model(coords={"task": ["only"]}) as model:
        scales = task_scales("drift", TYPICAL, SPREAD, 1)
    assert [v.name for v in model.free_RVs] == ["drift_typical"]
    value, typical = pm.draw([scales, model["drift_typical"]], mode="FAST_COMPILE", random_seed=3)
    assert value == pytest.approx(np.array([typical]))
