"""Leaving base models out by reweighting: against the exact answer, and where it cannot tell."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit, logit, logsumexp

import bayes_frontier as bf
from bayes_frontier.checks import influence as module
from bayes_frontier.checks.influence import PARETO_K, influence, refit_without
from bayes_frontier.checks.records import data_of
from bayes_frontier.checks.run import check
from bayes_frontier.model.likelihood import smooth_pinball_loss
from bayes_frontier.posterior.population import expected_shares
from tests.checks.posteriors import CHAINS, DRAWS, TAU, change, diagnosed, true_frontier

FEW = {"n_base_models": 8, "n_models": 160, "tasks": 1, "size_exponent": 1.0}


def brute_force(frontier: bf.Frontier, draw: int, base: int) -> float:
    """Log-likelihood of a base model's scores given one draw, its effect integrated out on a fine grid."""
    data, curves = data_of(frontier), frontier.curves
    constant = frontier.posterior["constant_data"].dataset
    omega = curves.scales[draw, 0]
    effect = np.linspace(-8 * omega, 8 * omega, 6001)
    # the grid's spacing goes with omega, as the prior density's 1 / omega does: they cancel
    total = -0.5 * (effect / omega) ** 2
    for cell in np.flatnonzero((data.cells["base"] == base).to_numpy()):
        row = data.cells.loc[cell]
        typical = curves.typical(row["z"], 0, int(row["period"]), [draw])[0]
        q = expit(logit(typical) + effect)
        scores = data.scores.of(cell)[0]
        given = (float(constant["likelihood_level"][0]), float(constant["half_width"][0]))
        total = total - smooth_pinball_loss(scores[:, None] - q, *given).sum(axis=0) / float(constant["scale"][0])
    return float(logsumexp(total))


@pytest.mark.parametrize("base", [0, 3, 7])
def test_the_integrated_likelihood_matches_a_fine_grid(base):
    # wide draws, so that likelihoods differ by several units between them
    frontier = true_frontier(width=0.3, **FEW)
    samples = np.array([0, 300, 800, 1199])
    found = module._log_likelihoods(frontier, data_of(frontier), np.arange(CHAINS * DRAWS), 0)[base, samples]
    exact = np.array([brute_force(frontier, draw, base) for draw in samples])
    assert np.ptp(exact) > 1.0
    # up to a constant, the spacing of the nodes; log weights differ by units, so a tenth does not matter
    np.testing.assert_allclose(found - found[0], exact - exact[0], atol=0.1)


def resampled(frontier: bf.Frontier, log_weight: np.ndarray) -> np.ndarray:
    weight = np.exp(log_weight - logsumexp(log_weight))
    return np.random.default_rng(1).choice(len(weight), size=len(weight), p=weight)


def test_reweighting_agrees_with_the_posterior_without_the_base_model():
    """Candidates weighted by all base models are a posterior; weighted by all but one, the posterior without it."""
    wide = true_frontier(width=0.06, **FEW)
    data = data_of(wide)
    likelihood = module._log_likelihoods(wide, data, np.arange(CHAINS * DRAWS), 0)
    chosen = resampled(wide, likelihood.sum(axis=0))
    frontier = true_frontier(lambda tree: taken(tree, chosen), width=0.06, **FEW)
    found = influence(frontier, data_of(frontier)).set_index("base_model")
    assert len(found) == 8
    flops = module.computes(wide)
    boundary = expected_shares(wide).boundary(flops, task="task_1").to_numpy().reshape(CHAINS * DRAWS, -1)
    full = np.exp(likelihood.sum(axis=0) - logsumexp(likelihood.sum(axis=0)))
    compared = 0
    for b, name in enumerate(data.base_models):
        rest = likelihood.sum(axis=0) - likelihood[b]
        weight = np.exp(rest - logsumexp(rest))
        at = int(np.argmin(np.abs(flops - found.loc[name, "flops"])))
        exact = (weight - full) @ boundary[:, at]
        sd = np.sqrt(full @ (boundary[:, at] - full @ boundary[:, at]) ** 2)
        if found.loc[name, "pareto_k"] < PARETO_K:
            # resampling 1,200 candidates of unequal weight leaves an error of a few hundredths of an SD
            assert found.loc[name, "change"] == pytest.approx(exact, abs=0.15 * sd)
            compared += abs(exact) > 0.3 * sd
    # with the sign wrong these would be off by 0.6 SD and more
    assert compared >= 3


def test_the_ends_of_the_range_are_looked_at():
    frontier = true_frontier(**FEW)
    flops = frontier.evaluations.models.groupby("base_model")["flops"].median()
    at = module.computes(frontier)
    np.testing.assert_allclose([at[0], at[-1]], [flops.min(), flops.max()])
    assert (np.diff(at) > 0).all()


def test_what_cannot_be_told_is_no_reassurance():
    numbers = pd.DataFrame({"base_model": ["a", "b", "c"], "task": "t", "n": 3, "flops": 1e23, "change": 0.001})
    numbers = numbers.assign(in_sd=[0.1, 0.2, 0.3], verdict=["pass", "pass", "unknown"])
    assert module.sentence(numbers).startswith(
        "None of the 2 base models that reweighting can judge carries a boundary"
    )
    assert "cannot tell for 'c'" in module.sentence(numbers)
    assert module.sentence(numbers[:2]).startswith("No single base model carries a boundary")


def taken(tree: xr.DataTree, chosen: np.ndarray) -> xr.DataTree:
    draws = tree["posterior"].to_dataset()
    flat = draws.stack(sample=("chain", "draw")).isel(sample=chosen)  # noqa: PD013 - xarray
    values = {
        name: (
            draws[name].dims,
            flat[name].transpose("sample", ...).to_numpy().reshape(draws[name].transpose("chain", "draw", ...).shape),
        )
        for name in draws
    }
    return xr.DataTree.from_dict(
        {**{name: tree[name].to_dataset() for name in tree.children}, "posterior": draws.assign(values)}
    )


def test_a_base_model_that_carries_the_boundary_fails_and_is_named(monkeypatch):
    frontier = diagnosed(true_frontier(width=1e-4))
    found = influence(frontier, data_of(frontier))
    first = (found["task"] == "task_1") & (found["base_model"] == "base-01")
    moved = found.assign(change=np.where(first, -0.04, 0.002), in_sd=np.where(first, -2.5, 0.1), pareto_k=0.1)
    monkeypatch.setattr(module, "influence", lambda *_: moved)
    (_, made) = check(frontier, only=["influence"])
    assert made.verdict == "fail", made.sentence
    assert "without base-01" in made.sentence
    assert "2.5 posterior standard deviations" in made.sentence


def unsure(frontier: bf.Frontier) -> pd.DataFrame:
    numbers = influence(frontier, data_of(frontier))
    return numbers.assign(pareto_k=np.where(numbers["base_model"] == "base-02", 1.2, 0.1))


@pytest.fixture
def with_unsure(monkeypatch) -> bf.Frontier:
    """Fit for which reweighting cannot tell about one base model."""
    frontier = diagnosed(true_frontier())
    numbers = unsure(frontier)
    monkeypatch.setattr("bayes_frontier.checks.influence.influence", lambda *_: numbers)
    return frontier


def test_unreliable_weights_warn_and_say_what_to_do(with_unsure):
    (_, found) = check(with_unsure, only=["influence"])
    assert found.verdict == "warn"
    assert "cannot tell for 'base-02'" in found.sentence
    assert "--refit 1" in found.sentence
    assert set(found.numbers.loc[found.numbers["verdict"] == "unknown", "base_model"]) == {"base-02"}


def test_refitting_settles_what_reweighting_cannot(with_unsure, monkeypatch):
    calls = []

    def fit(evaluations, **settings):
        calls.append((evaluations, settings))
        return true_frontier(lambda tree: change(tree, floor=lambda v: v + 0.1, ceiling=lambda v: v + 0.1))

    monkeypatch.setattr("bayes_frontier.posterior.fitting.fit", fit)
    (_, found) = check(with_unsure, only=["influence"], refit=3)
    (evaluations, settings) = calls[0]
    assert len(calls) == 1
    assert "base-02" not in set(evaluations.models["base_model"])
    assert (settings["seed"], settings["tau"], settings["draws"]) == (1, TAU, DRAWS)
    assert found.verdict == "fail"
    assert "without base-02" in found.sentence
    assert found.numbers["change"].max() == pytest.approx(0.1, abs=0.03)


def test_without_effects_weights_come_from_the_scores_as_they_are():
    def bare(tree: xr.DataTree) -> xr.DataTree:
        draws = tree["posterior"].to_dataset().drop_vars(["base_model_effect", "base_model_scale"])
        return xr.DataTree.from_dict({**{n: tree[n].to_dataset() for n in tree.children}, "posterior": draws})

    frontier = true_frontier(bare, model="pooled")
    found = influence(frontier, data_of(frontier))
    assert len(found) == 48
    assert found["in_sd"].abs().max() > 0.0


def test_refit_reports_every_task_of_every_base_model_left_out(monkeypatch):
    frontier = true_frontier()
    monkeypatch.setattr("bayes_frontier.posterior.fitting.fit", lambda *_, **__: true_frontier())
    found = refit_without(frontier, ["base-01", "base-02"])
    assert list(found["base_model"]) == ["base-01", "base-01", "base-02", "base-02"]
    assert (found["change"] == 0.0).all()
    assert (found["pareto_k"] == 0.0).all()


def test_influence_too_small_to_matter_passes_and_unreliable_weights_are_unknown():
    numbers = pd.DataFrame(
        {
            "in_sd": [5.0, 1.5, -3.0, 1.5, -3.0],
            "change": [0.001, 0.05, -0.05, 0.05, -0.05],
            "pareto_k": [0.1, 0.1, 0.1, 0.9, 0.9],
        }
    )
    assert module.verdicts(numbers).tolist() == ["pass", "warn", "fail", "unknown", "fail"]


def test_no_influence_that_can_be_told_is_said_to_be_so():
    numbers = pd.DataFrame({"base_model": ["a"], "task": ["t"], "n": [3], "verdict": ["unknown"]})
    assert module.sentence(numbers).startswith("No base model's influence can be told. Reweighting cannot tell")
