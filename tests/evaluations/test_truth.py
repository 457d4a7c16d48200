"""The closed form of simulated boundaries, its arguments and its files."""

import dataclasses
import datetime as dt
import json

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Truth, simulate
from bayes_frontier.evaluations.truth import NOISES

FLOPS = np.logspace(18, 28, 41)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return simulate(
        4, n_models=60, n_base_models=6, tasks=["math", "gpqa"], drift=[[0.0, 0.02, 0.1], [0.0, 0.0, -0.05]]
    )[1]


def logistic(x):
    return 1 / (1 + np.exp(-x))


def test_the_population_boundary_is_the_sigmoid(truth):
    for k, task in enumerate(truth.tasks):
        rise = logistic(truth.slope[k] * (np.log10(FLOPS) - truth.midpoint[k]))
        for t in range(3):
            expected = truth.floor[k] + (truth.ceiling[k] - truth.floor[k]) * rise + truth.shift[k, t]
            assert truth.boundary(FLOPS, task, t).to_numpy() == pytest.approx(expected, abs=1e-12)


def test_dims_are_those_of_a_fitted_boundary(truth):
    assert truth.boundary([1e22, 1e24]).dims == ("task", "flops")
    assert truth.boundary(1e22, period="all").dims == ("task", "period")
    assert truth.boundary(FLOPS, "gpqa", "all").dims == ("period", "flops")
    one = truth.boundary(1e22, "math", 0)
    assert one.dims == ()
    assert (one.name, one.coords["task"].item(), one.coords["flops"].item()) == ("boundary", "math", 1e22)
    every = truth.boundary(FLOPS, period="all")
    assert every.coords["period"].to_numpy().tolist() == list(truth.period_labels)
    assert every.sel(task="gpqa", period=truth.period_labels[1]).equals(truth.boundary(FLOPS, "gpqa", 1))


@pytest.mark.parametrize(
    ("period", "number"),
    [
        (None, 2),
        (-1, 2),
        (np.int64(1), 1),
        ("to 2024-09-30", 0),
        ("2024-09-30", 0),
        ("2024-10-01", 1),
        (dt.date(2024, 12, 31), 1),
        (dt.datetime(2025, 1, 1, 5), 2),
        ("2030-01-01", 2),
    ],
)
def test_periods_by_number_label_and_date(truth, period, number):
    assert truth.boundary(1e24, period=period).equals(truth.boundary(1e24, period=number))
    others = [t for t in range(3) if t != number]
    assert all(not truth.boundary(1e24, period=period).equals(truth.boundary(1e24, period=t)) for t in others)


@given(base=st.sampled_from([None, *range(6)]), tau=st.one_of(st.none(), st.floats(0.01, 0.999)))
def test_boundaries_are_scores_and_increase_with_compute(truth, base, tau):
    name = None if base is None else truth.base_model_names[base]
    values = truth.boundary(FLOPS, period="all", base_model=name, tau=tau).to_numpy()
    assert values.min() >= 0
    assert values.max() <= 1
    assert (np.diff(values, axis=-1) >= 0).all()


def test_a_base_lies_above_the_population_by_its_effect(truth):
    """Two bases differ by sqrt(c) times the difference of their effects, in standard deviations."""
    a, b = (truth.boundary(1e23, "math", base_model=name) for name in truth.base_model_names[:2])
    gap = np.sqrt(truth.correlation) * (truth.effects[0, 0] - truth.effects[1, 0])
    assert float(a - b) == pytest.approx(truth.spread * gap)


def test_a_population_of_bases_makes_the_population_boundary(truth):
    """Chance below the population boundary, averaged over 200,000 bases: tau, to four standard errors."""
    b = NOISES["gaussian"].quantile(np.random.default_rng(1).random(200_000))
    for tau in (0.98, 0.5):
        top = truth.total_quantile(tau)
        below = NOISES["gaussian"].cdf((top - np.sqrt(0.2) * b) / np.sqrt(0.8))
        assert below.mean() == pytest.approx(tau, abs=4 * below.std() / np.sqrt(len(b)))


def test_another_quantile_lies_where_the_noise_puts_it(truth):
    median = truth.boundary(1e23, "math", tau=0.5)
    assert float(truth.boundary(1e23, "math") - median) == pytest.approx(0.06 * 2.0537489, rel=1e-6)
    assert truth.boundary(1e23, "math", tau=0.98).equals(truth.boundary(1e23, "math"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"flops": 0}, "flops: 0 given; give one positive number"),
        ({"flops": [1e22, np.nan]}, "flops"),
        ({"flops": [[1e22]]}, "flops"),
        ({"flops": "many"}, "flops: 'many' given"),
        ({"task": "gqpa"}, "task: 'gqpa' is not one of the simulated: 'math', 'gpqa'. Did you mean 'gpqa'?"),
        ({"task": 3}, "task: 3 is not one"),
        ({"base_model": "base-9"}, r"base_model: 'base-9' is not one .* Did you mean 'base-"),
        ({"period": 3}, "period: 3 is not one of the 3 simulated"),
        ({"period": "summer"}, "period: 'summer' is not one"),
        ({"period": True}, "period: True is not one"),
        ({"tau": 1.0}, "tau: 1.0 given; give a probability"),
        ({"tau": "high"}, "tau: 'high' given; give a probability"),
    ],
)
def test_questions_that_cannot_be_answered(truth, arguments, words):
    with pytest.raises(QueryError, match=words):
        truth.boundary(**({"flops": 1e22} | arguments))


def test_a_date_after_the_last_closed_period_is_refused(truth):
    closed = dataclasses.replace(truth, period_ends=(*truth.period_ends[:2], dt.date(2025, 3, 31)))
    assert closed.boundary(1e22, period="2025-03-31").equals(truth.boundary(1e22))
    with pytest.raises(QueryError, match="period: '2025-04-01' is not one"):
        closed.boundary(1e22, period="2025-04-01")


def test_json_brings_everything_back(truth):
    back = Truth.from_json(truth.to_json())
    for field in dataclasses.fields(Truth):
        old, new = getattr(truth, field.name), getattr(back, field.name)
        assert type(old) is type(new), field.name
        assert np.array_equal(old, new), field.name
    assert back.effects.dtype == np.float64
    assert back.clipped_below.dtype == np.int64
    assert back.boundary(FLOPS, period="all").equals(truth.boundary(FLOPS, period="all"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"tasks": 3}',
        lambda t: t.to_json().replace('"tau"', '"quantile"'),
        lambda t: json.dumps(json.loads(t.to_json()) | {"more": 1}),
    ],
)
def test_json_of_something_else_is_refused(truth, text):
    with pytest.raises(QueryError, match="not the JSON of a simulated truth"):
        Truth.from_json(text(truth) if callable(text) else text)


def test_the_dataset_goes_through_netcdf(truth, tmp_path):
    dataset = truth.to_dataset()
    assert dict(dataset.sizes) == {"task": 2, "period": 3, "base_model": 6}
    dataset.to_netcdf(tmp_path / "truth.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "truth.nc", engine="h5netcdf") as stored:
        assert stored["shift"].sel(task="gpqa").to_numpy().tolist() == [0.0, 0.0, -0.05]
        assert stored["effect"].dims == ("base_model", "task")
        back = Truth.from_json(stored.attrs["truth"])
    assert back.boundary(FLOPS).equals(truth.boundary(FLOPS))
