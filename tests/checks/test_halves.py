"""Halves fitted apart: how they are split, and what is said where they differ by more than intervals say."""

import numpy as np
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.checks import halves as module
from bayes_frontier.checks.run import check
from tests.checks.posteriors import diagnosed, true_frontier

SD = 0.01


@pytest.fixture(scope="module")
def frontier() -> bf.Frontier:
    return diagnosed(true_frontier())


@pytest.fixture
def fitted(monkeypatch):
    """Fits of halves whose boundaries are off by `error` standard deviations, each task and base model by its own."""
    made, error, rng = [], [1.0], np.random.default_rng(6)

    class Half:
        def __init__(self, evaluations, **settings):
            self.evaluations, self.settings, self.tasks = evaluations, settings, evaluations.tasks
            made.append(self)

        def boundary(self, flops, base_model=None):
            at = np.atleast_1d(flops)
            off = error[0] * SD * rng.standard_normal((len(self.tasks), 1))
            values = 0.5 + off + SD * rng.standard_normal((2, 400, len(self.tasks), len(at)))
            drawn = xr.DataArray(values, dims=("chain", "draw", "task", "flops"), coords={"task": list(self.tasks)})
            return drawn if np.ndim(flops) else drawn.isel(flops=0)

    monkeypatch.setattr("bayes_frontier.posterior.fitting.fit", Half)
    return made, error


def test_halves_share_no_base_model_and_lose_none(frontier):
    evaluations = frontier.evaluations
    first, second = module.by_base_model(evaluations, 0)
    ours, theirs = (set(half.models["base_model"]) for half in (first, second))
    assert ours & theirs == set()
    assert abs(len(ours) - len(theirs)) <= 1
    assert first.n_models + second.n_models == evaluations.n_models
    assert set(module.by_base_model(evaluations, 0)[0].models["base_model"]) == ours
    assert set(module.by_base_model(evaluations, 1)[0].models["base_model"]) != ours


def test_halves_by_uploader_share_no_uploader(frontier):
    models = frontier.evaluations.models
    named = models.assign(model=[f"u{i % 40}/m{i}" for i in range(len(models))]).drop(columns=["period", "cost"])
    first, second = module.by_uploader(bf.Evaluations.from_models(named, frontier.tasks), 2)
    ours, theirs = (set(half.models["model"].str.split("/").str[0]) for half in (first, second))
    assert (len(ours), len(theirs), ours & theirs) == (20, 20, set())


def test_they_are_fitted_only_where_that_is_asked(frontier, fitted):
    (_, found) = check(frontier, only=["halves"])
    assert (found.verdict, fitted[0]) == ("unknown", [])
    assert "--halves 1" in found.sentence


def test_intervals_that_are_right_pass_and_narrow_ones_do_not(frontier, fitted):
    made, error = fitted
    (_, right) = check(frontier, only=["halves"], halves=4)
    # by base model and by uploader, two fits each, as the fit was made
    assert len(made) == 16
    assert all(one.settings["tau"] == frontier.tau and one.settings["allow_unconverged"] for one in made)
    assert right.verdict == "pass", right.sentence
    error[0] = 4.0
    (_, narrow) = check(frontier, only=["halves"], halves=4)
    assert narrow.verdict == "fail", narrow.sentence
    assert "too narrow" in narrow.sentence
    # 4 standard deviations of error in place of 1; 16 differences and more tell the factor to a fifth
    worst = np.sqrt(narrow.numbers["mean_square"].max())
    assert worst == pytest.approx(4.0, rel=0.4)


def test_alarms_are_as_rare_as_they_should_be():
    rng = np.random.default_rng(8)
    squares = rng.chisquare(12, 4000) / 12
    numbers = module.pd.DataFrame({"independent": 12, "mean_square": squares})
    grades = module.verdicts(numbers)
    # 4,000 trials: three standard errors are 0.010 and 0.005
    assert (grades != "pass").mean() == pytest.approx(0.05, abs=0.010)
    assert (grades == "fail").mean() == pytest.approx(0.01, abs=0.005)
