"""The chart's data: its numbers against the questions they stand for, encoded and put into a page."""

import base64
import hashlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_frontier.posterior.drift import VERDICTS, drift_between_periods
from bayes_frontier.report import chart
from bayes_frontier.report.chart import (
    AT_ONCE,
    NEVER,
    TARGETS,
    base_model_computes,
    budgets_between,
    chart_document,
    chart_range,
    choose_budgets,
    scaled,
    task_series,
    two_digits,
)
from bayes_frontier.report.page import asset, pack, policy_hash
from tests.draws import make_frontier, without_bases
from tests.fakes import FakeFrontier
from tests.report.browsing import unpack


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
    assert chart._ramp(row) == kept


def test_scaled_numbers_keep_their_shape_and_whole_percents():
    assert scaled(np.array([[0.5449994, 0.545001]]), 1e6) == [[544999, 545001]]


def test_the_document_agrees_with_the_fit(frontier):
    document = chart_document([frontier, FakeFrontier(frontier.evaluations, tau=0.9)], 0.9)
    assert document["titles"] == ["BBH", "MATH Lvl 5"]
    assert [fit["tau"] for fit in document["fits"]] == [0.98, 0.9]
    fit = document["fits"][0]
    found = frontier.attainable(fit["budgets"], task="bbh", period=2)
    assert fit["series"][0][2]["m"] == scaled(found["median"].to_numpy(), 1e6)
    names = document["bases"]["name"]
    own = frontier.attainable(document["bases"]["flops"][3], task="math_lvl_5", period=1, base_model=names[3])
    expected = [own[part].item() for part in ("median", "lower", "upper")]
    assert fit["bases"][3]["m"][1][1] == scaled(np.array(expected), 1e6)
    assert document["truth"] is None


def test_changes_are_those_since_the_first_period(frontier):
    fit = chart_document([frontier], 0.9)["fits"][0]
    first, last = fit["series"][0][0], fit["series"][0][2]
    assert first["c"] is None
    i = len(fit["budgets"]) // 2
    drift = drift_between_periods(frontier, fit["budgets"][i], task="bbh").isel(step=-1)
    for part in ("median", "lower", "upper"):
        assert last["c"][part][i] == pytest.approx(1e6 * drift[part].item(), abs=1)
    assert VERDICTS[last["c"]["verdict"][i]] == drift["verdict"].item()


def test_models_are_those_of_the_table_by_compute(frontier):
    document = chart_document([frontier], 0.9)
    found, models = document["models"], frontier.evaluations.models
    assert sorted(found["name"]) == sorted(models["model"])
    assert found["flops"] == sorted(found["flops"])
    assert sorted(found["scores"][1]) == sorted(np.rint(1e4 * models["math_lvl_5"]).astype(int))
    counts = models["base_model"].value_counts()
    assert found["base"].count(0) == counts[document["bases"]["name"][0]]


def test_the_truth_of_a_simulation_is_carried(simulated):
    frontier = FakeFrontier(simulated[0])
    document = chart_document([frontier], 0.9, simulated[1])
    budgets = document["fits"][0]["budgets"]
    known = simulated[1].boundary(budgets, task="math_lvl_5", period=1)
    assert document["truth"][1][1] == scaled(known, 1e6)


@given(st.text())
def test_packed_text_has_no_character_of_html(text):
    packed = pack({"name": text.encode("utf-8", "replace").decode()})
    assert not set(packed) & set("<>&\"'")
    assert unpack(packed) == {"name": text.encode("utf-8", "replace").decode()}


def test_what_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack([float("nan")])


@pytest.mark.parametrize("name", ["d3.min.js", "page.js", "page.css"])
def test_no_asset_ends_its_element_or_asks_for_anything(name):
    text = str(asset(name)).lower()
    assert "</script" not in text
    assert "</style" not in text
    assert "<!--" not in text
    assert "@import" not in text
    assert not re.search(r"\burl\(", text)
    # D3 has a module that fetches; the page's policy lets it fetch nothing
    assert name == "d3.min.js" or "fetch(" not in text


def test_the_licence_of_the_chart_library_is_carried():
    assert "Permission to use, copy, modify, and/or distribute" in asset("d3.LICENSE.txt")
    assert "d3js.org v7.9.0" in asset("d3.min.js")[:100]


def test_scripts_are_named_by_their_sha_256():
    digest = base64.b64encode(hashlib.sha256(b"x = 1").digest()).decode()
    assert policy_hash("x = 1") == f"'sha256-{digest}'"


@pytest.fixture
def fit():
    return make_frontier(draws=200)


def test_budgets_can_be_typed():
    found = budgets_between(1e22, 1e24, 4)
    assert found == [1e22, 1.78e22, 3.16e22, 5.62e22, 1e23, 1.78e23, 3.16e23, 5.62e23, 1e24]
    # ends between steps are covered
    assert budgets_between(1.5e22, 5e22, 1) == [1e22, 1e23]


def test_the_axis_covers_the_models_and_beyond(fit):
    flops = fit.evaluations.models["flops"]
    low, high = chart_range(fit)
    assert low <= flops.min()
    assert flops.max() * 3 <= high <= flops.max() * 1000


def test_scores_and_probabilities_are_those_of_attainable(fit):
    budgets = choose_budgets(fit)
    for period, series in enumerate(task_series(fit, "maths", budgets, 0.8)):
        for target in (0, 30, 50, 100):
            found = fit.attainable(budgets, 0.8, "maths", period, target=float(TARGETS[target]))
            np.testing.assert_allclose(series.reached[:, target], found["probability"], atol=1e-12)
        for name in ("median", "lower", "upper"):
            np.testing.assert_allclose(getattr(series, name), found[name], atol=1e-12)


def test_compute_needed_is_that_of_compute_for(fit):
    series = list(task_series(fit, "reading", choose_budgets(fit), 0.9))[1]
    found = fit.compute_for(TARGETS, "reading", 1)
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
        # one of sixteen targets a row
        assert np.mean(off > 0.03) < 0.07
        assert off.max() < 0.2


def test_compute_needed_rises_with_the_target(fit):
    series = list(task_series(fit, "maths", choose_budgets(fit), 0.9))[1]
    rises = series.needed[:, 1:] >= series.needed[:, :-1] * 0.999
    assert rises[np.isfinite(series.needed[:, 1:])].all()
    lower, upper = series.needed[1], series.needed[2]
    assert (lower <= upper).all()


def test_every_base_model_can_be_asked_at_its_own_compute(fit):
    computes = base_model_computes(fit)
    assert list(computes) == list(fit.evaluations.models["base_model"].value_counts().index)
    assert set(computes.values()) <= set(choose_budgets(fit))
    assert len(chart_document([fit], 0.9)["fits"][0]["bases"]) == len(computes)


def test_a_model_without_base_models_offers_none():
    assert chart_document([without_bases()], 0.9)["fits"][0]["bases"] == []


def test_what_is_offered_shrinks_with_the_budget(fit, monkeypatch):
    full = choose_budgets(fit)
    monkeypatch.setattr(chart, "_MOST_VALUES", 1.5e5)
    less = choose_budgets(fit)
    assert 10 <= len(less) < len(full)
