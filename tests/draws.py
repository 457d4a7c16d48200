"""Posteriors made by hand: random draws of the right shapes around a small table, nothing sampled."""

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

import bayes_frontier as bf
from bayes_frontier.model.calibration import RESIDUAL_LEVELS

TAU = 0.98
FLOPS = {"llama-3.1-8b": 7.2e23, "mistral-7b": 3e23, "qwen2.5-14b": 1.6e24}
BASES = tuple(FLOPS)
TASKS = ("maths", "reading")
NODES = (22.0, 23.0, 24.0, 25.0)
HUB_LLAMA = "meta-llama/Llama-3.1-8B"


def normal_residuals(spread: float, tau: float = TAU) -> np.ndarray:
    """Quantiles of normal residuals whose tau-quantile is zero, cut at four standard deviations."""
    return spread * (np.clip(stats.norm.ppf(RESIDUAL_LEVELS), -4, 4) - stats.norm.ppf(tau))


def small_table(n: int = 36) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    base = [BASES[i % 3] for i in range(n)]
    return pd.DataFrame(
        {
            "model": [f"org/m{i}" for i in range(n)],
            "base_model": base,
            "flops": [FLOPS[name] for name in base],
            "released": ["2024-10-15" if i % 2 else "2025-02-01" for i in range(n)],
            **{task: rng.uniform(0.2, 0.7, n) for task in TASKS},
        }
    )


def small_evaluations() -> bf.Evaluations:
    return bf.read(small_table(), periods=["2024-12-31"])


def posterior_tree(
    seed: int = 0, chains: int = 2, draws: int = 30, residual_spread: float = 0.05, **variables
) -> xr.DataTree:
    """Draws as sampling leaves them; a variable given as None is left out, a number fills it.

    Velocity, drift within periods and steepness at NODES are there only where given.
    """
    rng = np.random.default_rng(seed)
    n, k, t, b = (chains, draws), len(TASKS), 2, len(BASES)
    cell = (*n, k, t)
    dims = {"base_model_effect": ("base_model", "task"), "base_model_scale": ("task",), "drift_scale": ("task",)}
    values = {
        "floor": rng.uniform(0.05, 0.3, cell),
        "ceiling": rng.uniform(0.5, 0.95, cell),
        "slope": rng.uniform(0.5, 3.0, cell),
        "midpoint": rng.uniform(22.5, 24.5, cell),
        "drift_scale": rng.uniform(0.02, 0.1, (*n, k)),
        "base_model_scale": rng.uniform(0.1, 0.4, (*n, k)),
        "base_model_effect": rng.normal(0, 0.3, (*n, b, k)),
    }
    optional = {
        "drift_velocity": ((*n, k), ("task",)),
        "drift": ((*n, k, t), ("task", "stretch")),
        "steepness": ((*n, k, len(NODES)), ("task", "node")),
    }
    for name in set(optional) & set(variables):
        values[name], dims[name] = np.empty(optional[name][0]), optional[name][1]
    for name, value in variables.items():
        if value is None:
            del values[name]
        else:
            values[name] = np.broadcast_to(np.asarray(value, dtype=float), values[name].shape).copy()
    posterior = xr.Dataset(
        {name: (("chain", "draw", *dims.get(name, ("task", "period"))), value) for name, value in values.items()},
        coords={"task": list(TASKS), **({"node": list(NODES)} if "steepness" in variables else {})},
    )
    residuals = np.stack([normal_residuals(residual_spread * (1 + i)) for i in range(k)])
    constant = xr.Dataset(
        {"residual_quantiles": (("task", "level"), residuals)}, coords={"task": list(TASKS), "level": RESIDUAL_LEVELS}
    )
    stats_ = xr.Dataset({"diverging": (("chain", "draw"), np.zeros(n, dtype=bool))})
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": stats_, "constant_data": constant})


def spec_of(model: str = "hierarchical", curve: str = "sigmoid") -> bf.ModelSpec:
    """Return the specification of a model, of boundaries that bend or not."""
    spec = bf.read_spec(model)
    return spec.model_copy(update={"structure": spec.structure.model_copy(update={"curve": curve})})


def make_frontier(model: str = "hierarchical", **options) -> bf.Frontier:
    """Wrap `posterior_tree(**options)` around the small table; boundaries bend where a steepness is given."""
    return bf.Frontier(
        evaluations=small_evaluations(),
        spec=spec_of(model, "bent" if "steepness" in options else "sigmoid"),
        tau=TAU,
        posterior=posterior_tree(**options),
        provenance={"sampling": {"seed": 1, "tau": TAU}, "data": {"source": "by hand"}},
    )


def without_bases(**options) -> bf.Frontier:
    """Frontier of a model without base-model effects."""
    return make_frontier("pooled", base_model_effect=None, base_model_scale=None, **options)
