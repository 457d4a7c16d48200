"""Simulation-based calibration of the sampler, under the model's own likelihood.

Parameters are drawn from the prior, scores from the working likelihood at them, and the posterior is sampled: the rank
of each parameter among its posterior draws is uniform, exactly, if model code and sampler are right (Talts et al.
2018, arXiv 1804.06788). It says nothing on scores that are not smoothed asymmetric Laplace; that is what the
calibration study is for. So errors of code and errors of statistics are told apart.

The smoothed loss is a function of score minus boundary, so exp(-loss / scale) is a density of scores up to a constant
that no parameter enters. Its draws may leave [0, 1]; the likelihood takes them all the same.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from bayes_frontier.evaluations import simulate
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.curve import bend, boundary_at
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.likelihood import FloatArray, GroupedScores, smooth_pinball_loss
from bayes_frontier.model.spec import ModelSpec

TAU = 0.9
CHAINS, THIN = 2, 10
SAMPLER: dict[str, Any] = {"draws": 500, "tune": 500, "chains": CHAINS, "cores": 1}
LIMIT = 0.01
"""Least p-value over all quantities, times their number, below which the sampler counts as wrong."""

_MODELS, _BASES, _TASKS, _PERIODS = 240, 12, 2, 2
_SCALE, _HALF_WIDTH = 0.004, 0.02
_CURVE = ("floor", "ceiling", "slope", "midpoint")
_GRID = np.linspace(-1.5, 1.0, 200_001)


def layout() -> FrontierData:
    """Return the tables' layout: 240 models on 12 unequal base models, two tasks, two periods."""
    evaluations, _ = simulate(
        1, n_models=_MODELS, n_base_models=_BASES, tasks=_TASKS, periods=_PERIODS, tau=TAU, size_exponent=1.0
    )
    return FrontierData.from_evaluations(evaluations, TAU)


def own_scale() -> Scale:
    """Return the fixed scale, level and smoothing that scores are drawn and fitted with."""
    same = np.ones(_TASKS)
    return Scale(density=same, scale=_SCALE * same, half_width=_HALF_WIDTH * same, level=TAU * same)


def residual_draws(uniform: FloatArray) -> FloatArray:
    """Draw scores minus boundary from the working likelihood."""
    density = np.exp(-smooth_pinball_loss(_GRID, TAU, _HALF_WIDTH) / _SCALE)
    mass = np.concatenate([[0.0], np.cumsum(0.5 * (density[1:] + density[:-1]))])
    return np.interp(uniform, mass / mass[-1], _GRID)


def quantities(draws: xr.Dataset, data: FrontierData) -> dict[str, FloatArray]:
    """Compute what is ranked: boundaries at three computes, drift, base-model effects, and scales."""
    found = {}
    middle = 0.5 * (data.compute.low + data.compute.high)
    for k in range(_TASKS):
        parts = {name: draws[name].transpose("sample", "task", "period").to_numpy()[:, k] for name in _CURVE}
        steepness = draws["steepness"].transpose("sample", "task", "node").to_numpy()[:, k, None]
        for name, z in (("low", data.compute.low), ("middle", middle), ("high", data.compute.high)):
            levels = boundary_at(bend(z, steepness, data.compute.nodes), *(parts[part] for part in _CURVE))
            found[f"boundary at {name} compute, task {k + 1}"] = levels[:, -1]
            found[f"drift at {name} compute, task {k + 1}"] = levels[:, -1] - levels[:, 0]
        found[f"scale of base models, task {k + 1}"] = draws["base_model_scale"].isel(task=k).to_numpy()
        if "steepness_scale" in draws:
            found[f"scale of steepness, task {k + 1}"] = draws["steepness_scale"].isel(task=k).to_numpy()
        effects = draws["base_model_effect"].isel(task=k)
        order = np.argsort(data.counts[:, k], kind="stable")
        for name, base in (("smallest", order[0]), ("largest", order[-1])):
            found[f"effect of the {name} base model, task {k + 1}"] = effects.isel(base_model=int(base)).to_numpy()
    return found


def ranks(spec: ModelSpec, simulations: int, seed: int, progress: Callable[[int, int], None]) -> pd.DataFrame:
    """Simulate, fit and rank."""
    import pymc as pm

    from bayes_frontier.model.engine import Compiled, Levels, fast_model
    from bayes_frontier.model.sample import FIRST_JITTER, cell_boundary

    data, scale = layout(), own_scale()
    model = fast_model(spec, data, scale)
    rng = np.random.default_rng(seed)
    with model, warnings.catch_warnings():
        # the likelihood is a potential, which prior draws leave out, as they should
        warnings.filterwarnings("ignore", message="The effect of Potentials")
        # ... and the levels' own draw is plain Python, once a simulation
        warnings.filterwarnings("ignore", message="Numba will use object mode")
        prior = pm.sample_prior_predictive(simulations, random_seed=int(rng.integers(2**31)))
    truth = _flat(prior["prior"].dataset)
    boundary = cell_boundary(truth, data)
    known = quantities(truth, data)
    compiled = Compiled.from_model(model)
    middle = compiled.middle
    rows = []
    for i in range(simulations):
        progress(i, simulations)
        scores = boundary[data.cell_of_score, i] + residual_draws(rng.random(len(data.cell_of_score)))
        table = replace(data, scores=GroupedScores.from_scores(scores, data.cell_of_score, len(data.cells)))
        draws, _ = compiled.given(spec, table, scale, Levels.before(table)).sample(
            middle + FIRST_JITTER * rng.standard_normal((CHAINS, len(middle))),
            int(rng.integers(2**31)),
            progress=False,
            **SAMPLER,
        )
        posterior = _flat(draws.isel(draw=slice(None, None, THIN)))
        rows.append(
            {
                name: (np.sum(values < known[name][i]) + rng.random()) / (len(values) + 1)
                for name, values in quantities(posterior, data).items()
            }
        )
    progress(simulations, simulations)
    return pd.DataFrame(rows)


def _flat(draws: xr.Dataset) -> xr.Dataset:
    return draws.stack(sample=("chain", "draw"))  # noqa: PD013 - xarray


def uniformity(table: pd.DataFrame) -> pd.DataFrame:
    """Test every quantity's ranks for uniformity."""
    rows = {}
    for name in table:
        values = table[name].to_numpy(dtype=float)
        test = stats.kstest(values, "uniform")
        rows[str(name)] = {
            "n": len(values),
            "mean": values.mean(),
            "spread": values.std() * np.sqrt(12.0),
            "deviation": float(test.statistic),
            "p_value": float(test.pvalue),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def is_uniform(p_values: Sequence[float]) -> bool:
    """Say whether ranks may be uniform, quantities tested together (Bonferroni)."""
    return float(np.min(p_values)) * len(p_values) >= LIMIT
