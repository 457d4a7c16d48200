"""Stretches of time inside periods."""

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.model.data import QUARTER, SHORTEST_GAP, STRETCH_DAYS, STRETCH_MODELS, Stretches


def table(days, start="2024-01-01"):
    """One model a day given, counted from the start."""
    dates = pd.Timestamp(start) + pd.to_timedelta(np.asarray(days), unit="D")
    return pd.DataFrame(
        {
            "model": [f"m{i}" for i in range(len(days))],
            "base_model": [f"b{i % 3}" for i in range(len(days))],
            "flops": [10.0 ** (22 + i % 3) for i in range(len(days))],
            "released": dates.strftime("%Y-%m-%d"),
            "score": np.linspace(0.2, 0.7, len(days)),
        }
    )


def spread(n, first, last):
    return np.linspace(first, last, n).round().astype(int)


def test_a_long_period_is_divided_and_a_short_one_is_not():
    days = np.concatenate([spread(400, 0, 360), spread(100, 370, 430)])
    found = Stretches.of(bf.read(table(days), periods=["2024-12-31"]))
    released = days[np.argsort(days)]
    assert found.last.tolist() == [found.n - 2, found.n - 1]
    assert found.n > 3
    for stretch in range(found.n - 1):
        own = released[found.of_model == stretch]
        assert len(own) >= STRETCH_MODELS
        # Closed once long enough, and extended by one that would be too small alone.
        assert own.max() - own.min() < 2 * STRETCH_DAYS


def test_stretches_follow_each_other_in_time():
    days = np.random.default_rng(1).integers(0, 500, 700)
    found = Stretches.of(bf.read(table(days), periods=["2024-06-30", "2024-12-31"]))
    by_stretch = pd.Series(days).groupby(found.of_model)
    assert (by_stretch.max().to_numpy()[:-1] <= by_stretch.min().to_numpy()[1:]).all()
    middles = by_stretch.median().to_numpy()
    assert found.gaps == pytest.approx(np.diff(middles) / QUARTER)
    assert found.middle == pd.Timestamp("2024-01-01") + pd.Timedelta(days=middles[-1])


def test_few_models_make_one_stretch_however_long():
    found = Stretches.of(bf.read(table(spread(2 * STRETCH_MODELS - 1, 0, 700)), periods=["2025-12-31"]))
    assert found.n == 1
    assert found.gaps.shape == (0,)


def test_without_drift_a_period_is_one_stretch():
    evaluations = bf.read(table(spread(600, 0, 360)), periods=["2024-06-30"])
    assert Stretches.of(evaluations).n > 2
    found = Stretches.of(evaluations, within_periods=False)
    assert found.last.tolist() == [0, 1]
    assert found.of_model.tolist() == evaluations.models["period"].tolist()


def test_scores_that_were_not_put_into_periods_are_one_stretch():
    found = Stretches.of(bf.read(table(spread(600, 0, 360))))
    assert found.n == 1
    assert found.middle is None


def test_stretches_of_one_batch_stay_apart():
    days = np.concatenate([np.full(80, 90), np.full(80, 91)])
    found = Stretches.of(bf.read(table(days), periods=["2024-03-31"]))
    assert found.gaps.tolist() == [SHORTEST_GAP]
