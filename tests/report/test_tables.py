"""The explorer's numbers against the questions they stand for."""

import numpy as np
import pytest

from bayes_frontier.report import explorer
from bayes_frontier.report.explorer import TARGETS, budgets_between, choose_offer, explorer_range, task_series
from tests.draws import make_frontier, without_bases


@pytest.fixture
def fit():
    return make_frontier(draws=200)


def test_budgets_can_be_typed():
    found = budgets_between(1e22, 1e24, 4)
    assert found == [1e22, 1.78e22, 3.16e22, 5.62e22, 1e23, 1.78e23, 3.16e23, 5.62e23, 1e24]


def test_the_slider_covers_the_models_and_beyond(fit):
    flops = fit.evaluations.models["flops"]
    low, high = explorer_range(fit)
    assert low <= flops.min()
    assert flops.max() * 3 <= high <= flops.max() * 1000


@pytest.mark.parametrize("base_model", [None, "mistral-7b"])
def test_scores_and_probabilities_are_those_of_attainable(fit, base_model):
    budgets = choose_offer(fit).budgets
    every = task_series(fit, "maths", budgets, [0, 1], 0.8, base_model)
    for period, series in enumerate(every):
        for target in (0, 30, 50, 100):
            found = fit.attainable(budgets, 0.8, "maths", period, base_model, target=float(TARGETS[target]))
            np.testing.assert_allclose(series.reached[:, target], found["probability"], atol=1e-12)
        for name in ("median", "lower", "upper"):
            np.testing.assert_allclose(getattr(series, name), found[name], atol=1e-12)


@pytest.mark.parametrize("base_model", [None, "mistral-7b"])
def test_compute_needed_is_that_of_compute_for(fit, base_model):
    budgets = choose_offer(fit).budgets
    (series,) = task_series(fit, "reading", budgets, [1], 0.9, base_model)
    found = fit.compute_for(TARGETS, "reading", 1, base_model)
    np.testing.assert_allclose(series.missing, found["not_attainable"], atol=1e-12)
    for row, name in zip(series.needed, ("median", "lower", "upper"), strict=True):
        expected = found[name].to_numpy()
        inside = np.isfinite(expected) & np.isfinite(row) & (expected > 1.1e18) & (expected < 9e27)
        # where the range ends, both sides agree but for a target within rounding of the end
        assert (np.isfinite(expected) != np.isfinite(row)).sum() <= 1
        assert inside.sum() > 10
        # two digits are shown: steps of 1 to 10%. These draws cross far more often than a posterior's do
        off = np.abs(np.log(row[inside] / expected[inside]))
        assert np.median(off) < 0.002
        assert np.mean(off > 0.03) < 0.05
        assert off.max() < 0.2


def test_compute_needed_rises_with_the_target(fit):
    (series,) = task_series(fit, "maths", choose_offer(fit).budgets, [1], 0.9)
    rises = series.needed[:, 1:] >= series.needed[:, :-1] * 0.999
    assert rises[np.isfinite(series.needed[:, 1:])].all()
    lower, upper = series.needed[1], series.needed[2]
    assert (lower <= upper).all()


def test_known_base_models_can_be_asked_at_their_own_compute(fit):
    offer = choose_offer(fit)
    assert [base.name for base in offer.base_models] == list(fit.evaluations.models["base_model"].value_counts().index)
    for base in offer.base_models:
        assert base.own in base.budgets
        assert base.budgets == sorted(set(base.budgets))


def test_a_model_without_base_models_offers_none():
    assert choose_offer(without_bases()).base_models == []


def test_what_is_offered_shrinks_with_the_budget(fit, monkeypatch):
    full = choose_offer(fit)
    assert full.periods == [0, 1]
    monkeypatch.setattr(explorer, "_MOST_VALUES", 1.5e5)
    less = choose_offer(fit)
    assert len(less.budgets) < len(full.budgets)
    assert len(less.base_models) < len(full.base_models)
    monkeypatch.setattr(explorer, "_MOST_VALUES", 1.0)
    least = choose_offer(fit)
    assert least.periods == [1]
    assert len(least.budgets) >= 10
