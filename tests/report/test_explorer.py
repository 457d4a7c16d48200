"""The explorer's data, encoded and put into a page."""

import base64
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_frontier.report import explorer
from bayes_frontier.report.explorer import AT_ONCE, NEVER, explorer_document, thousandths, two_digits
from bayes_frontier.report.page import asset, pack, policy_hash, unpack
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
    [
        ([1000, 1000, 600, 0, 0], [2, 600]),
        ([1000, 1000], [2]),
        ([0, 0], [0]),
        ([999, 5, 0], [0, 999, 5]),
    ],
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
