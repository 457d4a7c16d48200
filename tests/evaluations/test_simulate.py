"""Simulated evaluations against their truth, option by option."""

import dataclasses
import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations import Truth, read, simulate


def small(seed=2, **options):
    return simulate(seed, **({"n_models": 60, "n_base_models": 8, "tasks": 2} | options))


def coverage(evaluations, truth, own=False, tau=None):
    """Share of scores at most at their boundary, by task."""
    models, below = evaluations.models, []
    for k, task in enumerate(truth.tasks):
        z = np.log10(models["flops"].to_numpy())
        curve = truth.population(z)[k, models["period"].to_numpy(), np.arange(len(z))]
        curve += truth.scale(z) * (truth.total_quantile(tau or truth.tau) - truth.total_quantile(truth.tau))
        if own:
            curve = np.empty(len(z))
            for name, rows in models.groupby("base_model"):
                at = (rows["flops"].iloc[0], task)
                every = truth.boundary(*at, period="all", base_model=name, tau=tau).to_numpy()
                curve[rows.index] = np.atleast_1d(every)[rows["period"].to_numpy()]
        below.append((models[task].to_numpy() <= curve).mean())
    return np.array(below)


def test_the_result_is_what_was_asked_for():
    e, truth = simulate(1)
    assert (e.n_models, e.models["base_model"].nunique(), len(e.tasks), e.n_periods) == (1200, 40, 6, 3)
    assert (e.source, e.source_format) == ("simulated", "simulated")
    assert e.tasks == truth.tasks == tuple(f"task_{k}" for k in range(1, 7))
    assert e.period_labels == truth.period_labels
    assert e.period_ends == truth.period_ends
    assert set(e.models["base_model"]) == set(truth.base_model_names)
    assert truth.effects.shape == (40, 6)
    assert any("seed 1" in note for note in e.notes)
    assert small(name="mine")[0].source == "mine"


def test_curves_are_within_scores_and_the_range_of_compute():
    for seed in range(20):
        _, truth = simulate(seed, n_models=50, n_base_models=50, tasks=10)
        assert (truth.floor >= 0.2).all()
        assert (truth.ceiling <= 0.86).all()
        assert (truth.ceiling - truth.floor >= 0.3).all()
        assert (truth.slope > 0.9).all()
        assert ((truth.midpoint > 21.5) & (truth.midpoint < 24.8)).all()


def test_a_seed_gives_one_result_and_another_seed_another():
    (a, s), (b, t), (c, u) = small(7), small(7), small(8)
    pd.testing.assert_frame_equal(a.models, b.models)
    assert s.to_json() == t.to_json()
    assert a.fingerprint == b.fingerprint != c.fingerprint
    assert s.floor.tolist() != u.floor.tolist()


def test_options_of_one_part_leave_the_others():
    plain, truth = small()
    for options in ({"noise": "student"}, {"n_items": 50}, {"tau": 0.9}, {"correlation": 0.5}):
        e, other = small(**options)
        assert e.models[["model", "flops", "released"]].equals(plain.models[["model", "flops", "released"]])
        assert other.midpoint.tolist() == truth.midpoint.tolist()
        assert other.effects.tolist() == truth.effects.tolist()
        assert e.models["task_1"].tolist() != plain.models["task_1"].tolist()


@pytest.mark.parametrize("noise", ["gaussian", "skewed", "student"])
@pytest.mark.parametrize("base_effects", ["gaussian", "student"])
def test_tau_of_many_scores_lie_below_the_population_boundary(noise, base_effects):
    """40,000 bases of two models: 4 standard errors, the pairs taken as wholly dependent."""
    e, truth = simulate(
        3,
        n_models=80_000,
        n_base_models=40_000,
        size_exponent=0,
        tasks=1,
        noise=noise,
        base_effects=base_effects,
        correlation=0.4,
        drift=0.02,
        spread_slope=0.3,
    )
    for tau in (0.98, 0.9):
        error = 4 * np.sqrt(tau * (1 - tau) / 40_000)
        assert coverage(e, truth, tau=tau) == pytest.approx(tau, abs=error)


@pytest.mark.parametrize(("noise", "base_effects"), [("gaussian", "student"), ("skewed", "gaussian")])
def test_tau_of_each_bases_scores_lie_below_its_own_boundary(noise, base_effects):
    """60,000 independent models on 5 bases; population boundaries would be off by far more than the error."""
    e, truth = simulate(
        5,
        n_models=60_000,
        n_base_models=5,
        size_exponent=0,
        tasks=2,
        noise=noise,
        base_effects=base_effects,
        correlation=0.6,
        drift=[[0, 0.05, 0.1], [0, 0, -0.05]],
    )
    for tau in (None, 0.8):
        error = 4 * np.sqrt((tau or 0.98) * (1 - (tau or 0.98)) / 60_000)
        assert coverage(e, truth, own=True, tau=tau) == pytest.approx(tau or 0.98, abs=error)
    for name, rows in e.models.groupby("base_model"):
        part = e.subset(e.models["base_model"].to_numpy() == name)
        error = 4 * np.sqrt(0.98 * 0.02 / len(rows))
        assert coverage(part, truth, own=True) == pytest.approx(0.98, abs=error)
    assert np.abs(coverage(e, truth) - 0.98).max() > 5 * 4 * np.sqrt(0.98 * 0.02 / 60_000)


def test_correlation_is_the_share_of_variance_between_bases():
    """2,000 bases of 10 models with flat curves taken out; one-way ANOVA estimate, about 0.02 exact."""
    e, truth = simulate(6, n_models=20_000, n_base_models=2000, size_exponent=0, tasks=1, correlation=0.35)
    z = np.log10(e.models["flops"].to_numpy())
    rest = (e.models["task_1"] - truth.population(z)[0, 0]) / truth.scale(z)
    groups = rest.groupby(e.models["base_model"])
    between, within = groups.mean().var() * 10, groups.var().mean()
    assert (between - within) / (between + 9 * within) == pytest.approx(0.35, abs=0.04)
    assert rest.var() == pytest.approx(1, abs=0.05)


def test_spread_changes_by_its_slope_per_decade():
    """Residual SD in the lowest and the highest decade, 10,000 models each: 0.7 % exact."""
    e, truth = simulate(
        6, n_models=40_000, n_base_models=40_000, tasks=1, spread=0.04, spread_slope=0.25, size_exponent=0
    )
    z = np.log10(e.models["flops"].to_numpy())
    rest = e.models["task_1"] - truth.population(z)[0, 0]
    low, high = (rest[(z > a) & (z < a + 0.2)].std() for a in (21.5, 24.3))
    assert high / low == pytest.approx(1.25**2.8, rel=0.05)
    assert truth.scale(np.array([truth.center])) == pytest.approx(0.04)
    assert rest[(z > 21.5) & (z < 21.7)].std() == pytest.approx(0.04 * 1.25 ** (21.6 - truth.center), rel=0.04)


def test_a_number_drifts_every_task_by_it_each_period():
    _, truth = small(drift=0.03)
    assert truth.shift == pytest.approx(np.array([[0, 0.03, 0.06]] * 2))
    change = truth.boundary([1e19, 1e27], period="all").diff("period")
    assert change.to_numpy() == pytest.approx(0.03)


def test_items_make_scores_multiples_and_keep_the_truth():
    plain, truth = small()
    e, same = small(n_items=20)
    assert (e.table["n_items"] == 20).all()
    assert plain.table["n_items"].isna().all()
    counts = e.table["score"].to_numpy() * 20
    assert counts == pytest.approx(np.round(counts), abs=1e-9)
    assert same.boundary(1e23).equals(truth.boundary(1e23))
    # a binomial with 20 items has an SD of at most 0.112: four standard errors of 120 differences
    assert abs((e.table["score"] - plain.table["score"]).mean()) < 4 * 0.112 / np.sqrt(120)


def test_clipped_scores_are_counted():
    e, truth = simulate(2, n_models=500, spread=0.3, tasks=2)
    for k, task in enumerate(e.tasks):
        assert (e.models[task] == 0).sum() == truth.clipped_below[k] > 50
        assert (e.models[task] == 1).sum() == truth.clipped_above[k]
    _, usual = simulate(2)
    assert usual.clipped_above.sum() == 0
    assert usual.clipped_below.sum() < 0.01 * 7200


def test_clipping_moves_no_boundary():
    e, truth = simulate(2, n_models=40_000, n_base_models=20_000, size_exponent=0, tasks=1, spread=0.3, noise="student")
    assert truth.clipped_above[0] > 100
    assert coverage(e, truth) == pytest.approx(0.98, abs=4 * np.sqrt(0.98 * 0.02 / 20_000))


def test_a_grid_lends_its_bases_compute_and_dates(wide):
    grid = pd.concat([wide] * 3, ignore_index=True)
    e, truth = simulate(1, grid=grid, tasks=["bbh"], periods=["2024-06-30"])
    assert e.models["flops"].tolist() == grid["flops"].tolist()
    assert e.models["released"].dt.strftime("%Y-%m-%d").tolist() == grid["released"].tolist()
    assert truth.base_model_names == tuple(sorted(set(grid["base_model"])))
    assert e.period_labels == ("to 2024-06-30", "from 2024-07-01")
    assert truth.center == pytest.approx((np.log10(1.25e21) + np.log10(8.2e23)) / 2)
    one, _ = simulate(1, grid=grid.drop(columns="released"), periods=1)
    assert one.period_labels == ("all",)


def test_a_grid_of_one_model():
    e, truth = simulate(1, grid=pd.DataFrame({"base_model": ["a"], "flops": [1e22]}), periods=1, tasks=1)
    assert e.n_scores == 1
    assert truth.center == 22


def test_what_was_simulated_can_be_written_and_read(tmp_path):
    e, truth = small(n_items=40)
    e.models.to_csv(tmp_path / "leaderboard.csv", index=False)
    back = read(tmp_path / "leaderboard.csv", periods=[end for end in truth.period_ends if end])
    assert back.tasks == e.tasks
    assert back.period_labels == e.period_labels
    assert back.dropped.empty
    pd.testing.assert_frame_equal(back.models[list(e.tasks)], e.models[list(e.tasks)])
    assert (back.models["base_model"] == e.models["base_model"]).all()
    rebuilt = type(e).from_dataset(e.to_dataset())
    assert rebuilt.fingerprint == e.fingerprint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": -1}, "seed: -1 given; give a whole number from 0"),
        ({"seed": 1.5}, "seed: 1.5 given"),
        ({"seed": True}, "seed: True given"),
        ({"n_models": 0}, "n_models: 0 given; give a whole number from 1 to"),
        ({"n_models": "many"}, "n_models: 'many' given"),
        ({"n_base_models": 61}, "n_base_models: 61 given; give a whole number from 1 to 60"),
        ({"tau": 1.0}, "tau: 1.0 given; give a number from 0.001 to 0.999"),
        ({"spread": 0.0}, "spread: 0.0 given"),
        ({"spread": np.nan}, "spread: nan given"),
        ({"spread_slope": -1.0}, "spread_slope: -1.0 given"),
        ({"correlation": 1.0}, "correlation: 1.0 given"),
        ({"size_exponent": -1.0}, "size_exponent: -1.0 given"),
        ({"share_single_period": 1.2}, "share_single_period: 1.2 given"),
        ({"n_items": 0}, "n_items: 0 given"),
        ({"noise": "gausian"}, "noise: 'gausian' is not one of .* Did you mean 'gaussian'?"),
        ({"base_effects": None}, "base_effects: None is not one of"),
        ({"tasks": 0}, "tasks: 0 given"),
        ({"tasks": "bbh"}, "tasks: 'bbh' given; give a number of tasks, or names"),
        ({"tasks": ["a", "a"]}, "tasks: .* each once"),
        ({"tasks": ["flops"]}, "tasks: .*none of 'model'"),
        ({"tasks": ["a", " "]}, "tasks"),
        ({"drift": [0.1, 0.2]}, r"drift: \[0.1, 0.2\] given; .* shape \(2, 3\)"),
        ({"drift": "up"}, "drift: 'up' given"),
        ({"drift": np.inf}, "drift"),
        ({"drift": 0.4}, r"drift: the boundary of 'task_1' would run from .* keep it in \[0, 1\]"),
        ({"drift": -0.2}, "drift: the boundary of 'task_1' would run from -0"),
        ({"flops_range": (1, 0)}, "flops_range"),
        ({"periods": 100}, "periods: 100 given"),
    ],
)
def test_arguments_that_cannot_be_used(options, words):
    with pytest.raises(QueryError, match=words):
        small(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"periods": ["2024-06-30", "2024-01-01"]}, "periods: 2024-01-01 comes after"),
        ({"grid": [1, 2]}, "grid: a list given"),
        ({"grid": pd.DataFrame({"base_model": ["a"]})}, "grid: 1 row without a column"),
    ],
)
def test_data_that_cannot_be_used(options, words):
    with pytest.raises(DataError, match=words):
        small(**options)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**40),
    options=st.fixed_dictionaries(
        {},
        optional={
            "n_models": st.integers(1, 200),
            "n_base_models": st.integers(1, 30),
            "tasks": st.integers(1, 4),
            "periods": st.one_of(st.integers(1, 6), st.just(["2024-03-31", "2024-06-30"])),
            "tau": st.floats(0.001, 0.999),
            "noise": st.sampled_from(["gaussian", "skewed", "student"]),
            "base_effects": st.sampled_from(["gaussian", "skewed", "student"]),
            "spread": st.floats(1e-6, 0.5),
            "spread_slope": st.floats(-0.9, 10),
            "correlation": st.floats(0, 0.9999),
            "size_exponent": st.floats(0, 10),
            "drift": st.floats(-0.2, 0.2),
            "share_single_period": st.floats(0, 1),
            "n_items": st.one_of(st.none(), st.integers(1, 10_000)),
        },
    ),
)
def test_any_options_give_evaluations_or_say_why_not(seed, options):
    try:
        e, truth = simulate(seed, **({"n_models": 100, "n_base_models": 10, "tasks": 2} | options))
    except QueryError as error:
        event("refused")
        argument = str(error).partition(":")[0]
        if argument not in inspect.signature(simulate).parameters:
            raise
        return
    assert e.table["score"].between(0, 1).all()
    assert e.n_scores == e.n_models * len(truth.tasks)
    assert e.n_periods == truth.shift.shape[1]
    values = truth.boundary(np.logspace(18, 28, 11), period="all").to_numpy()
    assert (np.diff(values, axis=-1) >= 0).all()
    assert ((values >= 0) & (values <= 1)).all()
    assert dataclasses.asdict(Truth.from_json(truth.to_json()))["tau"] == truth.tau
