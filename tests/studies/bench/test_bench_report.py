"""The benchmark of the report, on a fit that is given."""

import pytest

import studies.bench.bench_report as bench
from tests.draws import make_frontier

NUMBERS = {
    "seconds": 41.2,
    "processor_seconds": 21.5,
    "megabytes": 3.25,
    "peak_gb": 0.9,
    "scores": 20_000,
    "draws": 1000,
    "pictures": 14,
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [({}, True), ({"processor_seconds": 30.0}, False), ({"megabytes": 8.0}, False), ({"seconds": 300.0}, True)],
)
def test_a_page_has_to_be_fast_and_small(changed, expected):
    assert bench.holds(NUMBERS | changed) is expected
    text = bench.page({"6 tasks, 1 period": NUMBERS | changed})
    assert f"| {'yes' if expected else '**no**'} |" in text
    assert "| 6 tasks, 1 period | 20,000 | 1,000 | 14 |" in text


def test_tables_are_fitted_once_with_names_that_mean_harm(tmp_path, monkeypatch):
    asked = []

    def fit(evaluations, **options):
        asked.append(evaluations)
        return make_frontier()

    monkeypatch.setattr("bayes_frontier.fit", fit, raising=False)
    monkeypatch.setitem(bench.TABLES, "small", {"tasks": 2, "periods": 3, "n_models": 120})
    path = bench.fitted("small", tmp_path / "fits")
    assert bench.fitted("small", tmp_path / "fits") == path
    assert path.is_file()
    (evaluations,) = asked
    assert len(evaluations.period_labels) == 3
    assert {bench.HOSTILE, bench.LONG} <= set(evaluations.models["model"])
    assert {bench.HOSTILE, bench.LONG} <= set(evaluations.models["base_model"])
    assert len(bench.LONG) == 300


def test_tables_have_twenty_thousand_scores():
    for options in bench.TABLES.values():
        assert options["tasks"] * options["n_models"] == pytest.approx(20_000, rel=0.001)
