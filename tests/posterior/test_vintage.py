"""Vintage: a trend of base-model effects over releases is found, shrunk, and used for new base models only."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from bayes_frontier.evaluations.registry.registry import default_registry
from bayes_frontier.posterior.ahead import Vintage, base_model_years, years
from bayes_frontier.posterior.draws import Curves
from tests.draws import BASES, TAU, make_frontier, posterior_tree

OMEGA, TREND = 0.3, 0.5


def curves_with(slope: float, released: np.ndarray, *, within: float = 0.05, n: int = 400, seed: int = 0) -> Curves:
    """Draws of effects omega-distributed about a line over release dates, each known to within `within`."""
    rng = np.random.default_rng(seed)
    true = slope * (released - released.mean()) + OMEGA * rng.standard_normal(len(released))
    draws = true[None, :, None] + within * rng.standard_normal((n, len(released), 1))
    part = np.full((n, 1, 1), 0.5)
    return Curves(
        shape=(1, n),
        parts=dict.fromkeys(("floor", "ceiling", "slope", "midpoint"), part),
        effects=draws,
        scales=np.full((n, 1), OMEGA),
        drift=None,
        residuals=np.zeros((1, 3)),
        tau=TAU,
    )


@pytest.mark.parametrize("slope", [-TREND, 0.0, TREND])
def test_the_trend_is_found_within_its_error(slope):
    released = np.linspace(-1.0, 1.0, 80)
    found = [Vintage.from_curves(curves_with(slope, released, seed=seed), released, prior=5.0) for seed in range(40)]
    z = np.array([(one.slope[0] - slope) / one.error[0] for one in found])
    # 40 standard normal values: their mean is within 3 / sqrt(40), their variance within 3 sqrt(2 / 39) of 1
    assert abs(z.mean()) < 0.47
    assert abs(z.var(ddof=1) - 1.0) < 0.68
    assert found[0].error[0] == pytest.approx(np.hypot(OMEGA, 0.05) / np.sqrt((released**2).sum()), rel=0.02)


def test_the_prior_shrinks_the_trend_and_its_error():
    released = np.linspace(-1.0, 1.0, 20)
    curves = curves_with(TREND, released)
    free, shrunk = (Vintage.from_curves(curves, released, prior) for prior in (50.0, 0.1))
    share = 0.1**2 / (0.1**2 + free.error**2)
    np.testing.assert_allclose(shrunk.slope, share * free.slope, rtol=1e-3)
    np.testing.assert_allclose(shrunk.error, np.sqrt(share) * free.error, rtol=1e-3)


def test_base_models_of_which_little_is_known_weigh_little():
    released = np.linspace(-1.0, 1.0, 40)
    known = curves_with(TREND, released)
    # the same again, with half as many base models that are as the prior has them
    rng = np.random.default_rng(3)
    vague = OMEGA * rng.standard_normal((400, 20, 1))
    both = curves_with(TREND, released)
    object.__setattr__(both, "effects", np.concatenate([known.effects, vague], axis=1))
    found = Vintage.from_curves(known, released, prior=5.0)
    again = Vintage.from_curves(both, np.concatenate([released, np.linspace(-1.0, 1.0, 20)]), prior=5.0)
    # each of them weighs a fiftieth of what a known one does (its variance is kept below 98% of the prior's)
    assert abs(again.slope[0] - found.slope[0]) < found.error[0]
    assert again.error[0] > 0.95 * found.error[0]


def test_nothing_is_given_without_dates_effects_or_prior():
    released = np.linspace(-1.0, 1.0, 20)
    curves = curves_with(TREND, released)
    assert Vintage.from_curves(curves, np.full(20, np.nan), 0.3) is None
    assert Vintage.from_curves(curves, np.zeros(20), 0.3) is None
    assert Vintage.from_curves(curves, released, 0.0) is None
    without = Curves.from_tree(posterior_tree(base_model_effect=None, base_model_scale=None), TAU)
    assert Vintage.from_curves(without, released[: len(BASES)], 0.3) is None


def test_a_line_is_not_followed_beyond_a_year():
    released = np.linspace(-1.0, 1.0, 20)
    vintage = Vintage.from_curves(curves_with(TREND, released), released, prior=5.0)
    normal = np.zeros(1)
    near, edge, far, unknown = vintage.effect(0, np.array([1.5, 2.0, 7.0, np.nan]), normal)[0]
    assert near < edge == far
    assert unknown == 0.0
    assert edge == pytest.approx(vintage.slope[0] * (2.0 - vintage.centre[0]))


def test_dates_are_the_registrys_before_those_seen():
    names = pd.Series(["llama-3.1-8b", "somebodys-own"])
    seen = pd.Series(pd.to_datetime(["2025-01-01", "2024-07-01"]))
    found = base_model_years(names, seen, default_registry())
    listed = pd.Timestamp(default_registry().get("llama-3.1-8b").released)
    np.testing.assert_allclose(found, years(pd.Series([listed, seen[1]])))
    assert np.isnan(base_model_years(names[1:], pd.Series([pd.NaT]), default_registry())).all()


def test_predictions_of_new_base_models_follow_it_and_others_do_not():
    frontier = make_frontier(base_model_scale=0.3)
    # Mistral 7B of September 2023, Llama 3.1 of July 2024 and Qwen2.5 of September 2024: later ones are far better
    effects = frontier.posterior["posterior"]["base_model_effect"]
    effects[...] = np.array([0.3, -0.6, 0.4])[:, None]
    ask = pd.DataFrame(
        {
            "base_model": ["new-one", "new-one-later", BASES[0]],
            "flops": 1e24,
            "released": pd.to_datetime(["2023-09-15", "2025-06-15", "2025-06-15"]),
        }
    )
    plain = frontier.spec.priors.model_copy(update={"base_model_vintage": 0.0})
    with_trend = frontier.predict(ask)
    frontier.spec = frontier.spec.model_copy(update={"priors": plain})
    without = frontier.predict(ask)
    moved = (logit(with_trend) - logit(without)).transpose("model", "task").to_numpy()
    assert (moved[0] < -0.02).all()
    assert (moved[1] > 0.1).all()
    assert (moved[2] == 0.0).all()
