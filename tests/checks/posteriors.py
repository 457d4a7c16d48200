"""Posteriors that are right by construction: narrow draws around the boundaries that scores were simulated from."""

import functools
from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats
from scipy.special import expit, logit

import bayes_frontier as bf
from bayes_frontier.checks.records import Records
from bayes_frontier.evaluations.truth import NOISES
from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale
from bayes_frontier.model.data import reference_compute

TAU = 0.9
CHAINS, DRAWS = 4, 300


@functools.cache
def simulated(seed: int = 5, **options) -> tuple[bf.Evaluations, bf.Truth]:
    """2,400 models of 24 base models on two tasks in two periods, without drift."""
    settings = {"n_models": 2400, "n_base_models": 24, "tasks": 2, "periods": 2, "tau": TAU, "size_exponent": 0.5}
    return bf.simulate(seed, **{**settings, **options})


def true_tree(evaluations: bf.Evaluations, truth: bf.Truth, width: float = 0.02) -> xr.DataTree:
    """Draws around the truth; `width` is their standard deviation on the logit scale."""
    rng = np.random.default_rng(0)
    names = sorted(set(evaluations.models["base_model"]))
    k, t, b = len(truth.tasks), len(truth.period_labels), len(names)
    tau, spread, own = truth.tau, truth.spread, np.sqrt(1 - truth.correlation)
    # a base model without effect has the boundary of its own noise alone, in place of the population's
    typical = spread * (own * NOISES[truth.noise].quantile(tau) - truth.total_quantile(tau))
    z = reference_compute(evaluations.models, names)
    rise = expit(truth.slope * (z[:, None] - truth.midpoint))
    curve = truth.floor + (truth.ceiling - truth.floor) * rise + typical
    known = np.stack(
        [truth.boundary(10.0**at, period=0, base_model=name).to_numpy() for at, name in zip(z, names, strict=True)]
    )
    effect = logit(known) - logit(curve)

    def around(centre: np.ndarray, sd: float, *shape: int) -> np.ndarray:
        return centre + sd * rng.standard_normal((CHAINS, DRAWS, *shape))

    def every_period(values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values[..., None], (CHAINS, DRAWS, k, t)).copy()

    draws = xr.Dataset(
        {
            "floor": (("chain", "draw", "task", "period"), every_period(around(truth.floor + typical, 0.1 * width, k))),
            "ceiling": (
                ("chain", "draw", "task", "period"),
                every_period(around(truth.ceiling + typical, 0.1 * width, k)),
            ),
            "slope": (("chain", "draw", "task", "period"), every_period(around(truth.slope, width, k))),
            "midpoint": (("chain", "draw", "task", "period"), every_period(around(truth.midpoint, 2 * width, k))),
            "drift_scale": (("chain", "draw", "task"), np.abs(around(np.full(k, 0.05), 0.01, k))),
            "base_model_scale": (
                ("chain", "draw", "task"),
                effect.std(axis=0) * np.exp(around(np.zeros(k), 2 * width, k)),
            ),
            "base_model_effect": (("chain", "draw", "base_model", "task"), around(effect, width, b, k)),
        },
        coords={"task": list(truth.tasks), "period": list(truth.period_labels), "base_model": names},
    )
    noise = spread * own * (np.clip(stats.norm.ppf(RESIDUAL_LEVELS), -5, 5) - stats.norm.ppf(tau))
    calibrated = Scale.calibrated([np.interp(rng.random(20_000), RESIDUAL_LEVELS, noise)] * k, tau, 1.5)
    constant = xr.Dataset(
        {
            "residual_quantiles": (("task", "level"), np.stack([noise] * k)),
            "density": ("task", calibrated.density),
            "scale": ("task", calibrated.scale),
            "half_width": ("task", calibrated.half_width),
            "likelihood_level": ("task", calibrated.level),
        },
        coords={"task": list(truth.tasks), "level": RESIDUAL_LEVELS},
    )
    diverging = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((CHAINS, DRAWS), dtype=bool))})
    return xr.DataTree.from_dict({"posterior": draws, "constant_data": constant, "sample_stats": diverging})


def true_frontier(
    edit: Callable[[xr.DataTree], xr.DataTree | None] | None = None,
    *,
    model: str | bf.ModelSpec = "hierarchical",
    seed: int = 5,
    width: float = 0.02,
    tau: float = TAU,
    **options,
) -> bf.Frontier:
    """Fit that knows the truth, with its draws edited."""
    evaluations, truth = simulated(seed, **options)
    tree = true_tree(evaluations, truth, width)
    if edit is not None:
        tree = edit(tree) or tree
    return bf.Frontier(
        evaluations=evaluations,
        spec=bf.read_spec(model),
        tau=tau,
        posterior=tree,
        provenance={"sampling": {"seed": 1, "tau": tau, "draws": DRAWS, "tune": 100, "chains": CHAINS}, "data": {}},
    )


def diagnosed(frontier: bf.Frontier, r_hat: float = 1.001) -> bf.Frontier:
    """State the diagnostics, which take longest to compute: those of draws that were edited in all chains alike."""
    vars(frontier)["diagnostics"] = pd.DataFrame(
        {"quantity": ["boundary"], "r_hat": [r_hat], "ess_bulk": [1900.0], "ess_tail": [1900.0]}
    )
    return frontier


def change(tree: xr.DataTree, **variables: Callable[[xr.DataArray], xr.DataArray]) -> xr.DataTree:
    """Replace variables of the posterior by functions of themselves."""
    draws = tree["posterior"].to_dataset()
    made = draws.assign({name: function(draws[name]) for name, function in variables.items()})
    return xr.DataTree.from_dict({**{name: tree[name].to_dataset() for name in tree.children}, "posterior": made})


def moved(by: float, **where: object) -> Callable[[xr.DataTree], xr.DataTree]:
    """Raise the whole boundary by `by` scores, in some task or period only."""

    def edit(tree: xr.DataTree) -> xr.DataTree:
        def raised(values: xr.DataArray) -> xr.DataArray:
            mask = xr.ones_like(values, dtype=bool)
            for dim, label in where.items():
                mask = mask & (values[dim] == label)
            return values + by * mask

        return change(tree, floor=raised, ceiling=raised)

    return edit


def uniform_records(n: int = 4000, tau: float = TAU, n_bases: int = 20, seed: int = 0, **columns) -> Records:
    """Uniform scores whose boundary is their tau-quantile; columns may be replaced."""
    rng = np.random.default_rng(seed)
    base = np.arange(n) % n_bases
    table = pd.DataFrame(
        {
            "model": np.arange(n) // 2,
            "base_model": [f"b{b:02d}" for b in base],
            "task": np.where(np.arange(n) // n_bases % 2, "maths", "reading"),
            "period": np.arange(n) // (2 * n_bases) % 2,
            "z": 20.0 + base / 4,
            "size": n // n_bases,
            "score": rng.random(n),
            "boundary": tau,
            "cluster": np.arange(n),
            "weight": 1.0,
        }
    ).assign(**columns)
    above = (table["score"] > table["boundary"]).astype(float)
    return Records(data=None, table=table.assign(above=above, drawn=above), tau=tau, draws=None)
