"""Contamination: a planted shift is found, a general rise is not, and what is refused."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import bayes_frontier as bf
from bayes_frontier.analysis.contamination import (
    BOTH_SIDES,
    NOISY,
    TREND,
    _inverse,
    expected_quality,
    explained_away,
    meaning,
    one_factor,
    regress,
    settled,
)

CUT = "2024-07-01"


def leaderboard(seed: int = 1, shift: float = 0.0, n: int = 500, n_bases: int = 20, growth: float = 0.5, **own):
    """Models of base models whose quality grows in time; one task shifted after the date, on the logit scale."""
    rng = np.random.default_rng(seed)
    base = rng.integers(0, n_bases, n)
    day = np.sort(rng.integers(0, 360, n))
    late = day > 181
    quality = rng.normal(0.0, 0.5, n_bases)[base] + growth * day / 360.0 + rng.normal(0.0, 0.3, n)
    side = rng.normal(0.0, own.get("side", 0.05), (n_bases, 2))[base, late.astype(int)]
    noise = rng.standard_t(4, (3, n)) * 0.15
    frame = pd.DataFrame(
        {
            "model": [f"lab/m{i}" for i in range(n)],
            "base_model": [f"base-{b:02d}" for b in base],
            "flops": 1e22 * (1.0 + base),
            "released": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "stage": "post-trained",
            "maths": expit(0.8 * quality - 0.3 + side + shift * late + noise[0]),
            "reading": expit(quality + noise[1]),
            "logic": expit(0.9 * quality + 0.4 + noise[2]),
        }
    )
    return bf.Evaluations.from_models(frame, ["maths", "reading", "logic"])


@pytest.fixture(scope="module")
def shifted():
    return bf.contamination(leaderboard(shift=0.5), CUT, tasks="maths")


def test_a_planted_shift_is_found_with_its_size(shifted):
    one = shifted.sel(task="maths")
    # 0.5 on the logit scale is about 0.12 in scores around one half
    assert one["lower"].item() < 0.115 < one["upper"].item()
    assert one["verdict"].item().startswith("shifted up")
    assert one["up"].item() + one["down"].item() + one["still"].item() == pytest.approx(1.0)
    assert 0.2 < one["tipping"].item() < one["logit_shift"].item()
    assert one["robustness"].item() > 0.3
    assert (one["before"] + one["after"]).item() == 500


def test_other_dates_see_less_of_a_shift_at_one_date(shifted):
    one = shifted.sel(task="maths")
    others = one["other_median"].to_series()
    dates = others[others.index.str.startswith("date ")]
    assert (dates < one["median"].item() + 0.01).all()
    assert one["other_verdict"].sel(analysis=BOTH_SIDES).item() == "shifted up"
    assert one["other_lower"].sel(analysis=NOISY).item() < 0.115 < one["other_upper"].sel(analysis=NOISY).item()


def test_a_rise_of_everything_is_no_shift():
    found = bf.contamination(leaderboard(growth=1.5), CUT, tasks="maths", sensitivity=False)
    assert found["verdict"].item() in ("no shift", "cannot tell")
    assert found["lower"].item() < 0.0 < found["upper"].item()
    assert found["tipping"].item() == 0.0
    assert found["explained"].item() > 0.3


def test_a_shift_down_has_the_other_sign():
    found = bf.contamination(leaderboard(shift=-0.6), CUT, tasks="maths", references="reading", sensitivity=False)
    assert found["verdict"].item() == "shifted down"
    assert found["tipping"].item() < 0.0


def test_one_base_model_with_many_models_is_one_witness():
    """Sides of base models differ by much: the interval has to be far wider than independent models would say."""
    alike = bf.contamination(leaderboard(side=0.01), CUT, tasks="maths", sensitivity=False)
    apart = bf.contamination(leaderboard(side=0.5), CUT, tasks="maths", sensitivity=False)
    width = [(one["upper"] - one["lower"]).item() for one in (alike, apart)]
    assert width[1] > 2.0 * width[0]


def test_every_task_is_asked_against_the_others_and_seeds_repeat():
    evaluations = leaderboard(n=200)
    found = bf.contamination(evaluations, dt.date(2024, 7, 1), sensitivity=False)
    assert list(found["task"].to_numpy()) == ["maths", "reading", "logic"]
    again = bf.contamination(evaluations, CUT, sensitivity=False)
    np.testing.assert_array_equal(found["median"], again["median"])
    assert found["shift"].dims == ("task", "chain", "draw")


def test_pretrained_models_are_left_out():
    evaluations = leaderboard(n=300)
    frame = evaluations.models.drop(columns=["period", "cost"])
    frame.loc[:99, "stage"] = "pretrained"
    found = bf.contamination(
        bf.Evaluations.from_models(frame, evaluations.tasks), CUT, tasks="maths", sensitivity=False
    )
    assert int((found["before"] + found["after"]).item()) == 200


def test_known_items_decide_the_logit_of_a_zero():
    evaluations = leaderboard(n=100)
    frame = evaluations.models.drop(columns=["period", "cost"])
    frame.loc[5, "maths"] = 0.0
    few, many = (
        bf.contamination(
            bf.Evaluations.from_models(frame, evaluations.tasks, n_items=np.full((100, 3), items)),
            CUT,
            tasks="maths",
            sensitivity=False,
        )
        for items in (20.0, 1e6)
    )
    assert few["median"].item() != many["median"].item()
    assert np.isfinite(many["median"].item())


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"after": "2022-01-01"}, bf.DataError, "0 models up to 2022-01-01.*from 2024-01-"),
        ({"after": "2026-01-01"}, bf.DataError, "0 models after 2026-01-01"),
        ({"after": "July"}, bf.QueryError, "cannot read 'July' as a date"),
        ({"tasks": "math"}, bf.QueryError, "Did you mean 'maths'"),
        ({"references": "poetry"}, bf.QueryError, "references: no task 'poetry'"),
        ({"tasks": "maths", "references": "maths"}, bf.QueryError, "cannot be its own reference"),
        ({"delta": 2}, bf.QueryError, "For 2 points pass 0.02"),
        ({"prob": 0.5}, bf.QueryError, "prob must exceed 0.5"),
    ],
)
def test_bad_questions_are_refused(arguments, error, words):
    evaluations = leaderboard(n=60)
    with pytest.raises(error, match=words):
        bf.contamination(evaluations, **{"after": CUT, **arguments})


def test_one_stage_and_few_base_models_are_refused():
    evaluations = leaderboard(n=120)
    frame = evaluations.models.drop(columns=["period", "cost"])
    with pytest.raises(bf.DataError, match="no post-trained model has a date"):
        bf.contamination(bf.Evaluations.from_models(frame.assign(stage="pretrained"), evaluations.tasks), CUT)
    with pytest.raises(bf.DataError, match="no post-trained model has a date"):
        bf.contamination(bf.Evaluations.from_models(frame.drop(columns="released"), evaluations.tasks), CUT)
    with pytest.raises(bf.DataError, match="3 base models; at least 5"):
        bf.contamination(leaderboard(n=120, n_bases=3), CUT)


def test_the_regression_finds_its_truth():
    rng = np.random.default_rng(4)
    n, bases = 3000, 60
    base, side = rng.integers(0, bases, n), rng.integers(0, 2, n)
    x = np.column_stack([np.ones(n), rng.normal(size=n), side])
    effect = rng.normal(0, 0.4, bases)[:, None] + rng.normal(0, 0.2, (bases, 2))
    y = x @ [0.5, -1.0, 0.3] + effect[base, side] + 0.25 * rng.standard_t(4, n)
    fitted = regress(y, x, base, side, seed=1)
    mean, sd = fitted.coefficients.mean(axis=(0, 1)), fitted.coefficients.std(axis=(0, 1))
    # four standard deviations: the truth is one draw
    assert (np.abs(mean - [0.5, -1.0, 0.3]) < 4.0 * sd).all()
    # by theory: the side's standard error is 0.2 * sqrt(2 / 60), a little more for the noise
    assert 0.03 < sd[2] < 0.05
    assert fitted.sigma.mean() == pytest.approx(0.25, rel=0.08)
    assert fitted.tau.mean() == pytest.approx(0.4, rel=0.35)
    assert fitted.eta.mean() == pytest.approx(0.2, rel=0.35)
    assert np.corrcoef(fitted.effects.ravel(), effect.ravel())[0, 1] > 0.95


def test_the_inverse_by_base_model_is_one():
    total = np.array([[3.0, 0.0], [10.0, 200.0]])
    s2, t2, h2 = 0.3, 0.2, 0.05
    sigma = t2 * np.ones((2, 2)) + h2 * np.eye(2)
    found = _inverse(total, s2, t2, h2)
    for k in range(2):
        np.testing.assert_allclose(found[k], np.linalg.inv(s2 * np.linalg.inv(sigma) + np.diag(total[k])))


def test_words_do_not_claim_more_than_the_analyses():
    others = ["shifted up", "no shift", "cannot tell", "cannot tell"]
    named = dict(zip("abcd", others, strict=True))
    assert settled("shifted up", named, {}, 0.95) == "shifted up, fragile"
    assert settled("shifted up", {"a": "shifted up", "b": "no shift", "c": ""}, {}, 0.95) == "shifted up"
    assert settled("no shift", named, {}, 0.95) == "no shift"
    said = meaning("maths", "reading", "shifted up, fragile", others, 0.2, 0.1)
    assert "1 come to the same" in said
    assert "not enough to speak of a shift" in said
    assert "2.0 times what is explained" in said
    assert "contaminated" not in said
    assert "harder marking" in meaning("maths", "reading", "shifted down", [], -0.2, 0.0)
    assert "as before" in meaning("maths", "reading", "no shift", [], 0.0, 0.0)


def test_what_explains_a_shift_as_well_makes_it_fragile():
    seen = {"a": "shifted down", "b": "shifted down", TREND: "cannot tell", NOISY: "shifted down", BOTH_SIDES: ""}
    above = {"a": 0.0, "b": 0.0, TREND: 0.02, NOISY: 0.01, BOTH_SIDES: np.nan}
    assert settled("shifted down", seen, above, 0.95) == "shifted down"
    assert settled("shifted down", seen, {**above, TREND: 0.06}, 0.95) == "shifted down, fragile"
    instead = explained_away("shifted down, fragile", seen, {**above, TREND: 0.06, NOISY: 0.5}, 0.95)
    assert instead == ["a gradual change", "references that measure quality badly"]
    assert explained_away("cannot tell", seen, above, 0.95) == []
    said = meaning("maths", "all others", "shifted down, fragile", list(seen.values()), -0.2, 0.1, instead)
    assert "A gradual change or references that measure quality badly would explain it as well: that is not" in said


def test_a_factor_is_found_with_its_loadings():
    loading, noise = np.array([0.9, 0.6, 0.3, 0.8]), np.array([0.2, 0.5, 0.4, 0.3])
    covariance = np.outer(loading, loading) + np.diag(noise**2)
    np.testing.assert_allclose(one_factor(covariance), loading, atol=1e-3)
    two = one_factor(np.array([[1.0, 0.5], [0.5, 4.0]]))
    # the correlation is 0.25, and so is the share in common of either
    np.testing.assert_allclose(two**2, [0.25, 1.0], rtol=1e-3)


def test_regression_on_the_expected_quality_is_not_attenuated():
    rng = np.random.default_rng(3)
    n, bases = 6000, 60
    base, side = rng.integers(0, bases, n), rng.integers(0, 2, n)
    quality = rng.normal(0, 0.5, bases)[base] + 0.3 * side + rng.normal(0, 0.3, n)
    given = quality[:, None] * [1.0, 0.8, 1.2] + rng.normal(0, 0.4, (n, 3))
    cell = 2 * base + side
    slopes = []
    for x in (given.mean(axis=1), expected_quality(given, base, side, rng)):
        away, own = (v - (np.bincount(cell, v) / np.bincount(cell))[cell] for v in (x, quality))
        slopes.append((away @ own) / (away @ away))
    assert slopes[0] < 0.75
    # in units of the factor's standard deviation, 0.3; the loadings are known to about 3%
    assert slopes[1] == pytest.approx(0.3, rel=0.1)


def test_references_without_anything_in_common_tell_no_quality():
    rng = np.random.default_rng(5)
    base, side = rng.integers(0, 20, 800), rng.integers(0, 2, 800)
    assert expected_quality(rng.normal(size=(800, 2)), base, side, rng).size == 0
    assert expected_quality(np.ones((800, 2)), base, side, rng).size == 0


@pytest.mark.slow
def test_gibbs_and_nuts_agree():
    """The same model in PyMC: means within a quarter of a posterior standard deviation, spreads within 15%."""
    import pymc as pm

    rng = np.random.default_rng(9)
    n, bases = 400, 12
    base, side = rng.integers(0, bases, n), rng.integers(0, 2, n)
    x = np.column_stack([np.ones(n), rng.normal(size=n), side])
    effect = rng.normal(0, 0.4, bases)[:, None] + rng.normal(0, 0.2, (bases, 2))
    y = x @ [0.5, -1.0, 0.3] + effect[base, side] + 0.25 * rng.standard_t(4, n)
    fitted = regress(y, x, base, side, seed=1)
    with pm.Model():
        b = pm.Normal("b", 0.0, 10.0, shape=3)
        sigma, tau, eta = (pm.HalfCauchy(name, 1.0) for name in ("sigma", "tau", "eta"))
        u = pm.Normal("u", 0.0, 1.0, shape=bases) * tau
        v = pm.Normal("v", 0.0, 1.0, shape=(bases, 2)) * eta
        pm.StudentT("y", nu=4.0, mu=x @ b + u[base] + v[base, side], sigma=sigma, observed=y)
        draws = pm.sample(
            1000,
            tune=1000,
            chains=2,
            cores=1,
            random_seed=1,
            progressbar=False,
            target_accept=0.95,
            nuts_sampler="pymc",
        )
    nuts = draws["posterior"].dataset
    for k in range(3):
        other = nuts["b"].isel(b_dim_0=k).to_numpy()
        assert abs(other.mean() - fitted.coefficients[..., k].mean()) < 0.25 * other.std()
        assert fitted.coefficients[..., k].std() == pytest.approx(other.std(), rel=0.15)
    for name in ("sigma", "tau", "eta"):
        other = nuts[name].to_numpy()
        assert abs(other.mean() - getattr(fitted, name).mean()) < 0.25 * other.std()
