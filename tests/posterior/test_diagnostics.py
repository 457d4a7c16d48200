"""The gate: a good posterior passes; a bad one fails and is named."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayes_frontier.posterior.diagnostics import ESS_MIN, R_HAT_MAX, diagnose, explain, passes

DRAWS = ("chain", "draw")
SOUND = xr.Dataset({"diverging": (DRAWS, np.zeros((4, 500), bool))})


def boundaries(rng, chains=4, draws=500) -> xr.DataArray:
    values = 0.5 + 0.02 * rng.standard_normal((chains, draws, 2, 2))
    return xr.DataArray(
        values, dims=("chain", "draw", "task", "flops"), coords={"task": ["maths", "reading"], "flops": [1e22, 1e24]}
    )


@pytest.fixture
def drawn() -> xr.DataArray:
    return boundaries(np.random.default_rng(0))


def test_independent_draws_pass(drawn):
    table = diagnose(xr.Dataset({"boundary": drawn}))
    assert len(table) == 4
    assert list(table.columns) == ["quantity", "r_hat", "ess_bulk", "ess_tail"]
    assert passes(table).all()
    assert (table["ess_bulk"] > 1500).all()
    assert explain(table, SOUND).startswith("Converged: R-hat at most 1.0")
    assert explain(table, SOUND).endswith("0 of 2,000 transitions diverged (0%).")


def test_divergences_and_trees_cut_short_are_said_and_too_many_are_no_convergence(drawn):
    table = diagnose(xr.Dataset({"boundary": drawn}))
    stats = SOUND.copy(deep=True).assign(reached_max_treedepth=SOUND["diverging"].copy())
    stats["diverging"][0, :39] = True
    stats["reached_max_treedepth"][1, :7] = True
    assert explain(table, stats).startswith("Converged: ")
    assert explain(table, stats).endswith("39 of 2,000 transitions diverged (1.9%), 7 reached the greatest tree depth.")
    stats["diverging"][0, :41] = True
    assert explain(table, stats).startswith("Not converged: 41 of 2,000 transitions diverged")


def stuck(values):
    values[2] = values[2, 0]


def shifted(values):
    values[1] += 0.05


def constant(values):
    values[:] = 0.4


def trending(values):
    values += np.linspace(0, 0.1, values.shape[1])


def with_nan(values):
    values[0, 3] = np.nan


@pytest.mark.parametrize("spoil", [stuck, shifted, constant, trending, with_nan])
def test_a_bad_quantity_fails_alone_and_comes_first(drawn, spoil):
    spoil(drawn.to_numpy()[:, :, 1, 0])
    table = diagnose(xr.Dataset({"boundary": drawn}))
    assert table["quantity"][0].startswith("boundary[reading, 1e+22")
    np.testing.assert_array_equal(passes(table), [False, True, True, True])
    text = explain(table, SOUND)
    assert text.startswith("Not converged: 1 of 4 boundary quantities fail")
    assert table["quantity"][0] in text
    assert "--allow-unconverged" in text
    assert "maths" not in text


def test_too_few_draws_fail():
    table = diagnose(xr.Dataset({"boundary": boundaries(np.random.default_rng(1), chains=2, draws=100)}))
    assert (table["ess_bulk"] < ESS_MIN).all()
    assert not passes(table).any()


def test_the_limits_themselves_pass():
    table = pd.DataFrame({"r_hat": [R_HAT_MAX, 1.0101, 1.0, np.nan], "ess_bulk": [ESS_MIN, 900.0, 399.9, np.nan]})
    assert passes(table).tolist() == [True, False, False, False]


def test_only_the_worst_are_named(drawn):
    drawn.to_numpy()[0] += 0.2
    text = explain(diagnose(xr.Dataset({"boundary": drawn})), SOUND, limit=2)
    assert "4 of 4" in text
    assert text.count("boundary[") == 2


def test_a_quantity_without_other_dimensions(drawn):
    table = diagnose(xr.Dataset({"alone": drawn[:, :, 0, 0].drop_vars(("task", "flops"))}))
    assert table["quantity"].tolist() == ["alone"]
