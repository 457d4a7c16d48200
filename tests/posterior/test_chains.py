"""R-hat and effective sample sizes of many quantities at once: the numbers of ArviZ, one by one."""

from typing import Any

import arviz_stats
import numpy as np
import pytest
import xarray as xr

from bayes_frontier.posterior.diagnostics import TAILS, chain_diagnostics, effective_size

# loaded on access, without types
_stats: Any = arviz_stats


def autocorrelated(chains: int, draws: int, n: int = 24, seed: int = 0) -> np.ndarray:
    """Draws from chains that remember little, much, or swing, shape (n, chains, draws)."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, chains, draws))
    memory = np.linspace(-0.9, 0.99, n)[:, None]
    for step in range(1, draws):
        values[:, :, step] += memory * values[:, :, step - 1]
    return values


@pytest.mark.parametrize(("chains", "draws"), [(2, 4), (2, 5), (2, 8), (3, 11), (4, 101), (2, 150), (4, 400)])
def test_numbers_are_those_of_arviz(chains, draws):
    values = autocorrelated(chains, draws)
    values[3], values[4] = np.round(values[3]), np.round(values[4] / 3.0)
    values[5, 0] = values[5, 0, 0]
    values[6] += np.arange(chains)[:, None]
    values[7] = 0.4
    table = xr.Dataset({"x": (("quantity", "chain", "draw"), values)})
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = [
            _stats.rhat(table, method="rank")["x"],
            _stats.ess(table, method="bulk")["x"],
            _stats.ess(table, method="tail", prob=TAILS)["x"],
        ]
    for found, one in zip(chain_diagnostics(values), expected, strict=True):
        np.testing.assert_allclose(found, one.to_numpy(), rtol=1e-9)


def test_blocks_do_not_meet():
    values = autocorrelated(2, 40, n=50)
    together = chain_diagnostics(values)
    alone = [chain_diagnostics(values[[i]]) for i in (0, 15, 16, 49)]
    for k, found in enumerate(together):
        np.testing.assert_allclose(found[[0, 15, 16, 49]], [one[k][0] for one in alone], rtol=1e-12)


def test_independent_draws_count_in_full():
    values = np.random.default_rng(1).normal(size=(200, 4, 500))
    # the standard deviation of the estimate is about 5% of 2,000; of the mean over 200 it is 0.4%
    assert effective_size(values).mean() == pytest.approx(2000, rel=0.03)


def test_what_is_not_finite_has_no_number_and_spoils_nothing():
    values = autocorrelated(2, 50)
    clean = chain_diagnostics(values)
    values[2, 0, 3], values[9, 1, 0] = np.nan, np.inf
    for found, before in zip(chain_diagnostics(values), clean, strict=True):
        assert np.flatnonzero(np.isnan(found)).tolist() == [2, 9]
        kept = ~np.isnan(found)
        np.testing.assert_array_equal(found[kept], before[kept])


@pytest.mark.parametrize("shape", [(3, 1, 100), (3, 4, 3)])
def test_too_little_has_no_number(shape):
    assert all(np.isnan(found).all() for found in chain_diagnostics(np.random.default_rng(0).normal(size=shape)))
