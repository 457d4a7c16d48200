"""A registry given to `read` travels with the evaluations, through a saved fit, to everything that asks the fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.registry.registry import default_registry
from bayes_frontier.posterior.ahead import place, vintage_of
from tests.draws import TASKS, TAU, posterior_tree, small_table, spec_of

HUB = "acme/Acme-7B-v1"
FILE = f"""
[generation.acme]
tokens_t = 2.0
released = 2023-05-01
[generation.acme.models]
"acme-7b" = {{ params_b = 7.0, aliases = ["{HUB}"] }}
"acme-70b" = {{ params_b = 70.0, released = 2024-11-01 }}
"""


@pytest.fixture
def registry(tmp_path) -> Path:
    path = tmp_path / "base-models.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def table() -> pd.DataFrame:
    return small_table().replace({"base_model": {"mistral-7b": HUB}})


@pytest.fixture
def evaluations(table, registry) -> bf.Evaluations:
    return bf.read(table, periods=["2024-12-31"], registry=registry)


@pytest.fixture
def fitted(evaluations, registry, tmp_path) -> bf.Frontier:
    """Saved, its registry's file gone, and loaded."""
    tree = posterior_tree()
    numbers = {"scale": 0.01, "half_width": 0.02, "likelihood_level": 0.97, "density": 2.0}
    tree["constant_data"] = tree["constant_data"].dataset.assign(
        {name: ("task", np.full(len(TASKS), value)) for name, value in numbers.items()}
    )
    bf.Frontier(evaluations, spec_of(), TAU, tree, {"sampling": {"seed": 1}}).save(tmp_path / "fit.nc")
    registry.unlink()
    return bf.load(tmp_path / "fit.nc")


def test_evaluations_keep_it_whatever_is_taken_of_them(evaluations, table):
    half = evaluations.subset(np.arange(evaluations.n_models) % 2 == 0)
    other = bf.read(table.assign(model="x/" + table["model"]), periods=["2024-12-31"])
    for one in (evaluations, half, evaluations.select(tasks=TASKS[0]), bf.combine(other, evaluations)):
        assert one.registry is not None
        assert one.registry.canonical(HUB) == "acme-7b"
    assert other.registry is None
    assert bf.combine(other, replace(other, registry=default_registry()), repeated="first").registry is None


def test_the_fingerprint_is_of_the_scores(evaluations, table):
    plain = bf.read(table.replace({"base_model": {HUB: "acme-7b"}}), periods=["2024-12-31"])
    assert plain.registry is None
    assert evaluations.fingerprint == plain.fingerprint
    assert bf.Evaluations.from_dataset(plain.to_dataset()).registry is None


def test_of_two_registries_the_first_tables_counts(evaluations, table, tmp_path):
    path = tmp_path / "other.toml"
    path.write_text(FILE.replace("2.0", "9.0") + '"acme-1b" = { params_b = 1.0 }\n')
    other = bf.read(table.assign(model="x/" + table["model"]), periods=["2024-12-31"], registry=path)
    both = bf.combine(evaluations, other).registry
    assert both.get("acme-7b").tokens_t == 2.0
    assert "acme-1b" in both


def test_a_loaded_fit_knows_its_base_models_by_every_spelling(fitted):
    assert fitted.base_model_names[0] == "acme-7b"
    np.testing.assert_array_equal(fitted.boundary(1e24, base_model=HUB), fitted.boundary(1e24, base_model="acme-7b"))
    fitted.evaluations = replace(fitted.evaluations, registry=None)
    with pytest.raises(QueryError, match="is not in this fit"):
        fitted.boundary(1e24, base_model=HUB)


def test_predictions_place_models_and_date_base_models_by_it(fitted):
    models = pd.DataFrame({"base_model": [HUB, "acme-7b", "acme-70b"], "flops": 8.4e22, "released": "2025-03-01"})
    _, bases, ahead = place(fitted, models)
    assert bases.tolist() == ["acme-7b", "acme-7b", "acme-70b"]
    assert ahead.base.tolist() == [0, 0, -1]
    # 305 days after 2024-01-01
    assert ahead.appeared[2] == pytest.approx(305 / 365.25)
    found = fitted.predict(models)
    np.testing.assert_array_equal(found[0], found[1])
    with_it = vintage_of(fitted)
    fitted.evaluations = replace(fitted.evaluations, registry=None)
    assert not np.allclose(with_it.centre, vintage_of(fitted).centre)


def test_plans_price_candidates_by_it(fitted):
    candidates = pd.DataFrame({"model": ["lab/a", "lab/b"], "base_model": [HUB, "acme-70b"]})
    found = bf.plan(fitted, candidates, n=2).table.set_index("model")
    assert found["cost"].to_dict() == {"lab/a": 7.0, "lab/b": 70.0}
    assert found["flops"].to_dict() == pytest.approx({"lab/a": 6 * 7e9 * 2e12, "lab/b": 6 * 70e9 * 2e12})


def test_plans_take_one(registry, frontier):
    candidates = pd.DataFrame({"model": ["lab/a", "lab/b"], "base_model": [HUB, "acme-70b"]})
    assert bf.plan(None, candidates, n=1, tasks=["maths"], registry=registry).total == 77.0
    with pytest.raises(bf.DataError, match="without compute"):
        bf.plan(None, candidates, n=1, tasks=["maths"])


def test_the_gate_reads_results_by_it(fitted):
    from bayes_frontier.analysis.gate import read_results

    results = read_results(pd.DataFrame({"model": ["lab/a"], "base_model": [HUB], "maths": [0.5]}), fitted)
    assert results.models["base_model"].tolist() == ["acme-7b"]
    assert results.registry is fitted.evaluations.registry
