"""The explorer's data: its numbers against the questions they stand for, encoded and put into a page."""

import base64
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_frontier.report import explorer
from bayes_frontier.report.explorer import (
    AT_ONCE,
    NEVER,
    TARGETS,
    budgets_between,
    choose_offer,
    explorer_document,
    explorer_range,
    task_series,
    thousandths,
    two_digits,
)
from bayes_frontier.report.page import asset, pack, policy_hash, unpack
from tests.draws import make_frontier, without_bases
from tests.fakes import FakeFrontier


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_thousandths_are_what_is_printed(values):
    assert [f"{one / 1000:.3f}" for one in thousandths(np.array(values))] == [f"{value:.3f}" for value in values]


def test_thousandths_keep_the_shape():
    assert thousandths(np.array([[0.1, 0.25], [1.0, 0.0]])) == [[100, 250], [1000, 0]]


@pytest.mark.parametrize(
    ("flops", "code"), [(1.44e24, 1424), (9.96e23, 1024), (1.16e18, 1218), (np.inf, NEVER), (1e18, AT_ONCE)]
)
def test_two_digits(flops, code):
    assert two_digits(np.array([flops])) == [code]


@pytest.mark.parametrize(
    ("row", "kept"),
    [([1000, 1000, 600, 0, 0], [2, 600]), ([1000, 1000], [2]), ([0, 0], [0]), ([999, 5, 0], [0, 999, 5])],
)
def test_falling_rows_are_cut_at_both_ends(row, kept):
    assert explorer._ramp(row) == kept


def test_the_document_agrees_with_the_fit(frontier):
    document = explorer_document([frontier, FakeFrontier(frontier.evaluations, tau=0.9)], 0.9)
    assert document["tasks"] == list(frontier.tasks)
    assert [fit["tau"] for fit in document["fits"]] == [0.98, 0.9]
    fit = document["fits"][0]
    base = fit["bases"][0]
    series = fit["series"][1][0][2]
    found = frontier.attainable(base["budgets"], task="bbh", period=2, base_model=base["name"])
    assert series["m"] == [round(1000 * value) for value in found["median"].to_numpy()]
    assert document["searched"] == [1e18, 1e28]


def test_points_are_those_of_the_table_and_know_their_base_model(frontier):
    document = explorer_document([frontier], 0.9)
    points = document["points"][1]
    models = frontier.evaluations.models
    assert points["total"] == len(points["y"]) == len(models)
    assert sorted(points["y"]) == sorted(thousandths(models["math_lvl_5"].to_numpy()))
    assert points["z"] == sorted(points["z"])
    names = [base["name"] for base in document["fits"][0]["bases"]]
    counts = models["base_model"].value_counts()
    assert points["base"].count(0) == counts[names[0]]


def test_too_many_points_are_sampled_and_counted(frontier, monkeypatch):
    monkeypatch.setattr(explorer, "_MOST_POINTS", 30)
    points = explorer_document([frontier], 0.9)["points"][0]
    assert (points["total"], len(points["y"])) == (80, 30)


@given(st.text())
def test_packed_text_has_no_character_of_html(text):
    packed = pack({"name": text.encode("utf-8", "replace").decode()})
    assert not set(packed) & set("<>&\"'")
    assert unpack(packed) == {"name": text.encode("utf-8", "replace").decode()}


def test_what_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack([float("nan")])


@pytest.mark.parametrize("name", ["uPlot.iife.min.js", "explorer.js", "uPlot.min.css", "page.css"])
def test_no_asset_ends_its_element_or_asks_for_anything(name):
    text = str(asset(name)).lower()
    assert "</script" not in text
    assert "</style" not in text
    assert "<!--" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert "fetch(" not in text


def test_the_licence_of_the_chart_library_is_carried():
    assert "MIT License" in asset("uPlot.LICENSE.txt")
    assert "v1.6.32" in asset("uPlot.iife.min.js")[:100]


def test_scripts_are_named_by_their_sha_256():
    digest = base64.b64encode(hashlib.sha256(b"x = 1").digest()).decode()
    assert policy_hash("x = 1") == f"'sha256-{digest}'"


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
