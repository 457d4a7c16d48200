"""Computes drawn from their uncertainty, and draws of several fits pooled."""

from functools import partial

import numpy as np
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier.errors import ConvergenceError, QueryError
from bayes_frontier.evaluations.registry.registry import default_registry
from bayes_frontier.posterior import fitting, imputation
from bayes_frontier.posterior.imputation import UNLISTED, fit_imputed, imputed, pooled, uncertainties
from tests.draws import BASES, FLOPS, make_frontier, posterior_tree, small_evaluations

SAMPLING = {"seed": 1, "tau": 0.98, "draws": 30, "tune": 40, "chains": 2}


def a_fit(evaluations: bf.Evaluations, before: bf.Frontier | None, number: int) -> bf.Frontier:
    made = make_frontier(seed=number)
    made.evaluations = evaluations
    made.provenance = {"sampling": SAMPLING, "data": {}, "seconds": 1.5}
    return made


def test_spreads_are_the_registry_s():
    found = uncertainties([*BASES, "unheard-of"], default_registry())
    relative = [default_registry().get(name).uncertainty for name in BASES] + [UNLISTED]
    # a relative standard deviation r is about that of the natural logarithm, 17% less where r is 1
    assert found == pytest.approx(np.array(relative) / np.log(10), rel=0.25)
    assert found[-1] == pytest.approx(np.sqrt(np.log(1.25)) / np.log(10))


def test_all_models_of_a_base_model_move_together():
    evaluations = small_evaluations()
    tables, shifts = imputed(evaluations, 8, default_registry(), seed=2)
    assert shifts.shape == (8, 3)
    names = sorted(BASES)
    for table, shift in zip(tables, shifts, strict=True):
        moved = np.log10(table.models["flops"] / evaluations.models["flops"])
        expected = table.models["base_model"].map(dict(zip(names, shift, strict=True)))
        assert moved.to_numpy() == pytest.approx(expected.to_numpy(float))
        assert (table.table["flops"].to_numpy() == table.models["flops"].to_numpy()[table.table["row"]]).all()
        assert table.table["score"].equals(evaluations.table["score"])
    assert shifts.mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    _, again = imputed(evaluations, 8, default_registry(), seed=2)
    assert (shifts == again).all()
    assert (evaluations.models["flops"].to_numpy() == [FLOPS[b] for b in evaluations.models["base_model"]]).all()


def test_drawn_computes_have_the_spread_asked_for():
    _, shifts = imputed(small_evaluations(), 100, default_registry(), seed=1)
    # 50 independent draws a base model: the relative standard error of a standard deviation is 0.1
    assert shifts.std(axis=0) == pytest.approx(uncertainties(sorted(BASES), default_registry()), rel=0.35)


@pytest.mark.parametrize("n", [1, 0, -3, 1000])
def test_numbers_of_tables_out_of_range(n):
    with pytest.raises(QueryError, match="compute_uncertainty"):
        imputed(small_evaluations(), n, default_registry(), seed=1)


def test_draws_are_pooled_in_turn():
    evaluations = small_evaluations()
    fits = [a_fit(evaluations, None, number) for number in range(3)]
    found = pooled(evaluations, fits, np.zeros((3, 3)), {"sampling": SAMPLING})
    draws = found.posterior["posterior"].dataset
    assert draws.sizes["chain"] == 2
    assert draws.sizes["draw"] == 90
    for number, fit in enumerate(fits):
        mine = draws.isel(draw=slice(number, None, 3))
        whole = fit.posterior["posterior"].dataset
        for name in whole:
            values = mine[name].transpose(*whole[name].dims).to_numpy()
            assert values == pytest.approx(whole[name].to_numpy(), abs=1e-9), name
    residuals = [fit.posterior["constant_data"].dataset["residual_quantiles"] for fit in fits]
    mean = found.posterior["constant_data"].dataset["residual_quantiles"]
    assert mean.to_numpy() == pytest.approx(np.mean(residuals, axis=0))
    assert found.evaluations is evaluations


def test_a_base_model_s_own_boundary_is_that_of_its_scores():
    """A base model taken at another compute keeps its level; only the curve around it is another."""
    evaluations = small_evaluations()
    tables, shifts = imputed(evaluations, 4, default_registry(), seed=3)
    fits = [a_fit(table, None, number) for number, table in enumerate(tables)]
    found = pooled(evaluations, fits, shifts, {"sampling": SAMPLING})
    for name in BASES:
        column = sorted(BASES).index(name)
        each = [
            fit.boundary(FLOPS[name] * 10.0 ** shift[column], base_model=name).to_numpy()
            for fit, shift in zip(fits, shifts, strict=True)
        ]
        mine = found.boundary(FLOPS[name], base_model=name).to_numpy()
        for number, expected in enumerate(each):
            assert mine[:, number::4] == pytest.approx(expected, abs=1e-9)


def test_models_without_base_model_effects_are_pooled_too():
    evaluations = small_evaluations()
    fits = [a_fit(evaluations, None, number) for number in range(2)]
    for number, fit in enumerate(fits):
        fit.posterior = posterior_tree(seed=number, base_model_effect=None, base_model_scale=None)
    found = pooled(evaluations, fits, np.ones((2, 3)), {"sampling": SAMPLING})
    assert "base_model_effect" not in found.posterior["posterior"]
    assert found.posterior["posterior"].sizes["draw"] == 60


def test_pooled_fits_say_what_they_are(tmp_path):
    evaluations = small_evaluations()
    seen = []

    def fit_one(table, before, number):
        seen.append(before)
        made = a_fit(table, before, number)
        made.posterior["ending"] = xr.DataTree(
            xr.Dataset({"floor": (("point", "task", "period"), [[[float(number)]]])})
        )
        return made

    found = fit_imputed(evaluations, fit_one, 4, default_registry(), seed=1)
    assert seen[0] is None
    assert all(before is not None for before in seen[1:])
    said = found.provenance["compute_uncertainty"]
    assert said["tables"] == 4
    assert said["unlisted_base_models"] == 0
    assert found.provenance["sampling"]["draws"] == 120
    assert found.provenance["data"]["sha256"] == evaluations.fingerprint
    assert found.provenance["seconds"] == 6.0
    found.save(tmp_path / "fit.nc")
    back = bf.load(tmp_path / "fit.nc")
    assert back.provenance == found.provenance
    assert back.posterior["ending"]["floor"].to_numpy().tolist() == [[[0.0]]]


def test_fit_divides_its_draws_and_tries_longer_chains_once(monkeypatch):
    evaluations, calls = small_evaluations(), []

    def imputations(evaluations, fit_one: partial, n, registry, seed):
        calls.append((fit_one.args, n, registry, seed))
        made = make_frontier()
        monkeypatch.setattr(type(made), "converged", property(lambda self: len(calls) > 1))
        return made

    monkeypatch.setattr(fitting, "fit_imputed", imputations)
    bf.fit(evaluations, compute_uncertainty=5, seed=7)
    assert [call[0] for call in calls] == [(1,), (2,)]
    assert calls[0][1:] == (5, default_registry(), 7)
    monkeypatch.setattr(fitting, "fit_imputed", lambda *a: make_frontier())
    monkeypatch.setattr(bf.Frontier, "converged", property(lambda self: False))
    with pytest.raises(ConvergenceError):
        bf.fit(evaluations, compute_uncertainty=5)
    assert imputation.FEWEST_DRAWS * 5 >= 750
