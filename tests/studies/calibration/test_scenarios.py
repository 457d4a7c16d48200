import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from studies.calibration.scenarios import SCENARIOS, chosen, grid

NAMES = [scenario.name for scenario in SCENARIOS]


@pytest.mark.parametrize(
    ("noise", "base_effects", "correlation", "spread_slope"),
    [
        ("gaussian", "gaussian", 0.0, 0.0),
        ("gaussian", "gaussian", 0.4, 0.3),
        ("skewed", "skewed", 0.4, 0.0),
        ("gaussian", "student", 0.3, -0.25),
    ],
)
def test_the_true_population_boundary_is_the_quantile_over_models_on_new_bases(
    noise, base_effects, correlation, spread_slope
):
    # every base has one model, so each score is that of a model on a new base: brute force over 20,000 of them
    n, tau = 20_000, 0.95
    options = {"noise": noise, "base_effects": base_effects, "correlation": correlation, "spread_slope": spread_slope}
    evaluations, truth = bf.simulate(7, n_models=n, n_base_models=n, tasks=1, periods=1, tau=tau, **options)
    models = evaluations.models
    below = models["task_1"].to_numpy() <= truth.population(np.log10(models["flops"].to_numpy()))[0, 0]
    thirds = np.array_split(below[np.argsort(models["flops"].to_numpy(), kind="stable")], 3)
    # 20,000 independent outcomes: standard error 0.0015 in all, 0.0027 in a third; four of them
    assert below.mean() == pytest.approx(tau, abs=0.0062)
    assert [part.mean() for part in thirds] == pytest.approx([tau] * 3, abs=0.0107)


def test_the_median_base_model_is_not_the_population():
    _, truth = bf.simulate(7, n_models=400, n_base_models=200, tasks=1, periods=1, correlation=0.4)
    own = [truth.boundary(1e23, base_model=name).item() for name in truth.base_model_names]
    assert truth.boundary(1e23).item() - np.median(own) > 0.02


def test_scenarios_cover_what_the_study_promises():
    options = [scenario.options for scenario in SCENARIOS]
    assert {0.0, 0.1, 0.4} <= {float(o.get("correlation", 0.2)) for o in options}
    assert {scenario.tau for scenario in SCENARIOS} == {0.9, 0.95, 0.98}
    assert {300, 5000} <= {scenario.n_models for scenario in SCENARIOS}
    assert {"skewed"} <= {o.get("noise") for o in options}
    assert {"student", "skewed"} <= {o.get("base_effects") for o in options}
    assert min(o.get("spread_slope", 0) for o in options) < 0 < max(o.get("spread_slope", 0) for o in options)
    assert {1, 6} == {o.get("tasks", 1) for o in options}
    assert any(o.get("drift") for o in options)
    assert any(o.get("share_single_period") for o in options)
    assert min(scenario.n_base_models for scenario in SCENARIOS) == 12
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
def test_a_scenario_simulates_what_it_says(scenario):
    evaluations, truth = scenario.simulate(0)
    models = evaluations.models
    assert models["base_model"].nunique() == scenario.n_base_models
    assert truth.tau == scenario.tau
    if scenario.n_models is not None:
        assert len(models) == scenario.n_models
    assert (
        evaluations.n_periods == {"latest": 1, "all": 4, "free": scenario.options.get("periods", 1)}[scenario.clusters]
    )
    # clipping is for scores outside [0, 1]; many would be a point mass that no real benchmark has
    assert (truth.clipped_above + truth.clipped_below).sum() < 0.03 * models.shape[0] * len(evaluations.tasks)


def test_replications_and_scenarios_have_random_numbers_of_their_own():
    first, second = chosen(["independent", "correlated-0.4"])
    assert first.simulate(0)[1].midpoint != pytest.approx(first.simulate(1)[1].midpoint)
    assert first.simulate(0)[1].midpoint != pytest.approx(second.simulate(0)[1].midpoint)
    assert first.simulate(3)[0].fingerprint == first.simulate(3)[0].fingerprint


def test_the_clusters_are_as_unequal_as_the_leaderboards(shared_data):
    real = bf.read(shared_data / "oll_v2_with_compute.csv", periods=["2024-06-30", "2024-09-30", "2024-12-31"]).models
    last = real[real["period"] == 3]
    for ours, theirs in ((grid("latest"), last), (grid("all"), real)):
        a, b = (np.sort(f["base_model"].value_counts().to_numpy()) for f in (ours, theirs))
        np.testing.assert_array_equal(a, b)
        quantiles = np.linspace(0.02, 0.98, 9)
        z = [np.quantile(np.log10(f["flops"]), quantiles) for f in (ours, theirs)]
        # the grid has each base model at its median, to 0.05; rows differ by how their size was counted
        np.testing.assert_allclose(*z, atol=0.15)


def test_other_numbers_of_models_keep_the_shares():
    for n in (300, 5000):
        counts = grid("latest", n)["base_model"].value_counts()
        assert counts.sum() == n
        full = grid("latest")["base_model"].value_counts()
        assert counts.iloc[0] / n == pytest.approx(full.iloc[0] / full.sum(), abs=1 / n)
    assert grid("latest", 300)["base_model"].nunique() < grid("latest")["base_model"].nunique()


def test_an_unknown_scenario_is_named_with_a_suggestion():
    with pytest.raises(QueryError, match=r"No scenario 'drfit'. Did you mean 'drift'\?"):
        chosen(["drfit"])
    assert [s.name for s in chosen(["drift", "independent"])] == ["independent", "drift"]
    assert chosen(None) == SCENARIOS
