"""Which models a simulation has."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.simulate import draw, from_grid


def models(n=400, bases=20, exponent=1.0, span=(1e21, 1e25), share=0.0, periods=3, seed=1):
    return draw(np.random.default_rng(seed), n, bases, exponent, span, share, periods)


def period_of(frame, closing):
    return np.searchsorted(np.array(closing, dtype="datetime64[ns]"), frame["released"].to_numpy())


@given(n=st.integers(1, 300), share=st.floats(0, 1), exponent=st.floats(0, 3), seed=st.integers(0, 9), data=st.data())
@settings(max_examples=40, deadline=None)
def test_every_base_has_a_model_and_every_model_its_place(n, share, exponent, seed, data):
    bases = data.draw(st.integers(1, n))
    frame, closing = models(n, bases, exponent, share=share, periods=1, seed=seed)
    assert closing == ()
    assert len(frame) == n
    assert frame["base_model"].nunique() == bases
    assert frame["model"].is_unique
    assert frame["flops"].between(1e21, 1e25).all()
    assert len(frame[["base_model", "flops"]].drop_duplicates()) == bases
    assert frame["released"].is_monotonic_increasing


@pytest.mark.parametrize(("exponent", "largest"), [(0.0, 20), (1.0, 107), (2.0, 239)])
def test_sizes_follow_zipf(exponent, largest):
    """Of 400 models each of 20 bases gets one and the 380 others go by 1 / rank ** exponent."""
    sizes = models(exponent=exponent)[0]["base_model"].value_counts()
    weights = np.arange(1, 21) ** -exponent
    assert sizes.iloc[0] == largest == pytest.approx(1 + 380 * weights[0] / weights.sum(), abs=1)
    assert sizes.to_numpy() == pytest.approx(1 + 380 * weights / weights.sum(), abs=1)


def test_compute_is_spread_over_the_decades_and_not_by_size():
    frame, _ = models(n=3000, bases=200)
    bases = frame.groupby("base_model")["flops"].agg(["first", "size"])
    z = np.sort(np.log10(bases["first"]))
    assert np.abs(z - (21 + 4 * (np.arange(200) + 0.5) / 200)).max() < 0.021
    assert abs(np.corrcoef(np.log10(bases["first"]), np.log(bases["size"]))[0, 1]) < 0.3


@pytest.mark.parametrize(("periods", "first"), [(1, None), (2, "2024-12-31"), (3, "2024-09-30"), (9, "2023-03-31")])
def test_periods_are_quarters_up_to_the_first_of_2025(periods, first):
    frame, closing = models(periods=periods)
    assert len(closing) == periods - 1
    assert [str(day) for day in closing[:1]] == ([first] if first else [])
    assert frame["released"].max() <= pd.Timestamp("2025-03-31")
    counts = np.bincount(period_of(frame, closing), minlength=periods)
    assert counts.max() - counts.min() <= 1


def test_closing_dates_can_be_given():
    days = ["2024-01-31", dt.date(2024, 2, 29)]
    frame, closing = models(periods=days)
    assert closing == (dt.date(2024, 1, 31), dt.date(2024, 2, 29))
    assert np.bincount(period_of(frame, closing)).tolist() == [134, 133, 133]
    assert frame["released"].min() > pd.Timestamp("2023-11-01")
    assert frame["released"].max() < pd.Timestamp("2024-06-01")


@pytest.mark.parametrize(("share", "single"), [(0.0, 0), (0.25, 5), (1.0, 20)])
def test_some_bases_are_seen_in_one_period_only(share, single):
    frame, closing = models(exponent=0.0, share=share)
    seen = frame.assign(period=period_of(frame, closing)).groupby("base_model")["period"].nunique()
    assert (seen == 1).sum() == single
    assert np.unique(period_of(frame, closing)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"span": (1e25, 1e21)}, "flops_range: .* the lowest and the highest"),
        ({"span": (0, 1e21)}, "flops_range"),
        ({"span": 1e22}, "flops_range: 1e"),
        ({"span": ("a", "b")}, "flops_range"),
        ({"periods": 0}, "periods: 0 given; give a number from 1"),
        ({"periods": 1000}, "periods: 1000 given"),
        ({"n": 2, "bases": 1}, "periods: 3 periods cannot all have models when there are 2 models of 1 bases"),
        ({"bases": 2, "share": 1.0}, "100% of which are in one period only; ask for fewer"),
    ],
)
def test_layouts_that_cannot_be(arguments, words):
    with pytest.raises(QueryError, match=words):
        models(**arguments)


def test_closing_dates_that_cannot_be_read():
    with pytest.raises(DataError, match="periods: cannot read 'June'"):
        models(periods=["June"])


@pytest.fixture
def grid() -> pd.DataFrame:
    """Ten models of three bases, one base with two computes, on ten days."""
    return pd.DataFrame(
        {
            "base_model": ["a"] * 5 + ["b"] * 4 + ["c"],
            "flops": [1e22] * 4 + [2e22] + [3e23] * 4 + [1e24],
            "released": pd.date_range("2024-01-01", periods=10)[::-1],
            "bbh": 0.5,
        }
    )


def test_a_grid_is_taken_as_it_is(grid):
    frame, closing = from_grid(grid, 1)
    assert closing == ()
    assert frame["base_model"].tolist() == grid["base_model"].tolist()
    assert frame["flops"].tolist() == grid["flops"].tolist()
    assert frame["released"].tolist() == grid["released"].tolist()
    assert frame["model"].tolist()[:2] == ["model-1", "model-2"]
    named, _ = from_grid(grid.assign(model=list("abcdefghij")), 1)
    assert named["model"].tolist() == list("abcdefghij")


def test_periods_of_a_grid_have_about_equal_numbers(grid):
    frame, closing = from_grid(grid, 3)
    assert [str(day) for day in closing] == ["2024-01-03", "2024-01-06"]
    assert np.bincount(period_of(frame, closing)).tolist() == [3, 3, 4]
    _, given = from_grid(grid, "2024-01-02")
    assert given == (dt.date(2024, 1, 2),)


def test_dates_of_a_grid_may_be_text_with_times(grid):
    text = grid.assign(released=[f"2024-01-{day:02d}T10:00:00Z" for day in range(1, 11)])
    frame, closing = from_grid(text, 2)
    assert closing == (dt.date(2024, 1, 5),)
    assert frame["released"][0] == pd.Timestamp("2024-01-01 10:00")


def test_a_grid_without_dates_has_one_period(grid):
    frame, closing = from_grid(grid.drop(columns="released"), 1)
    assert closing == ()
    assert frame["released"].isna().all()


@pytest.mark.parametrize(
    ("change", "periods", "words"),
    [
        (lambda g: g.drop(columns="flops"), 1, "grid: 10 rows without a column 'flops'"),
        (lambda g: g.drop(columns="released"), 2, "without a column 'released'"),
        (lambda g: g[:0], 1, "grid: 0 rows; give base_model"),
        (lambda g: g.assign(base_model=None), 1, "rows without a base_model"),
        (lambda g: g.assign(base_model=" "), 1, "rows without a base_model"),
        (lambda g: g.assign(flops=-1.0), 1, "flops that are not positive numbers"),
        (lambda g: g.assign(flops="many"), 1, "flops that are not positive numbers"),
        (lambda g: g.assign(released="someday"), 3, "10 rows without a release date that can be read"),
        (lambda g: g.assign(released="2024-01-01"), 3, "too few different release dates for 3 periods"),
        (lambda g: g[:2], 3, "too few different release dates"),
        (lambda g: g.to_dict(), 1, "grid: a dict given; give a data frame"),
    ],
)
def test_grids_that_cannot_be_used(grid, change, periods, words):
    with pytest.raises(DataError, match=words):
        from_grid(change(grid), periods)
