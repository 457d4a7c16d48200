"""Whether the uncertainty of base models' compute, which a fit takes as stated, would move its answers."""

import numpy as np
import pandas as pd
from numpy.polynomial.chebyshev import chebvander

from bayes_frontier.checks.records import CheckInput
from bayes_frontier.checks.result import Check, Limits, row_with_largest, task_names
from bayes_frontier.evaluations.registry.registry import given_registry
from bayes_frontier.model.curve import log_odds
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior.ahead import effects_alone
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.imputation import uncertainties
from bayes_frontier.text import flops_words

# How far answers move, in posterior standard deviations: half of one is said, one is a warning.
SAID, IN_SD = 0.5, Limits(1.0, np.inf)
# Computes at which this is looked at, as quantiles of those of base models; degree of the curve through base models.
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
_DEGREE, _FEWEST = 3, 12
# Tables whose computes are drawn; as many again mirror them.
_TABLES = 100


def check(given: CheckInput) -> Check:
    """Check that answers would be about the same if base models' FLOPs were as uncertain as the registry says."""
    frontier = given.frontier
    if "compute_uncertainty" in frontier.provenance:
        return Check.not_run("compute", "This fit carries the uncertainty of compute in it (--compute-uncertainty).")
    if not frontier.curves.has_base_models or len(frontier.base_model_names) < _FEWEST:
        return Check.not_run("compute", f"With fewer than {_FEWEST} base models a curve through them says nothing.")
    registry = given_registry(frontier.evaluations.registry)
    if all(registry.get(name) is None for name in frontier.base_model_names):
        return Check.not_run("compute", "The registry knows none of the base models, so not how uncertain FLOPs are.")
    numbers = moved(frontier, given.seed)
    numbers = numbers.assign(verdict=np.where(numbers["in_sd"] > IN_SD.warn, "warn", "pass"))
    return Check.from_rows("compute", numbers, sentence(numbers))


def moved(frontier: Frontier, seed: int = 0) -> pd.DataFrame:
    """Say how far boundaries move where compute is drawn anew, by a smooth curve through the levels of base models.

    Levels are what the scores of each base model alone say, and count by how well they tell. No posterior is drawn
    anew: this is an estimate, right within a factor of about two where it was compared with `--compute-uncertainty`.
    """
    names, rng = frontier.base_model_names, np.random.default_rng(seed)
    z = reference_compute(frontier.evaluations.models, names)
    drawn = rng.standard_normal((_TABLES, len(z))) * uncertainties(names, given_registry(frontier.evaluations.registry))
    at = np.unique(np.quantile(z, _QUANTILES))
    alone, weight = effects_alone(frontier.curves)
    boundary = frontier.boundary(10.0**at)
    mean, sd = (getattr(boundary, of)(("chain", "draw")) for of in ("mean", "std"))
    rows = []
    for k, task in enumerate(frontier.tasks):
        level = log_odds(frontier.curves.typical(z, k, -1)).mean(axis=0) + alone[:, k]
        stated = _through(z, level, weight[:, k], at)
        change = np.array([_through(z + s, level, weight[:, k], at) - stated for s in (*drawn, *-drawn)])
        q, width = (part.sel(task=task).to_numpy() for part in (mean, sd))
        size = np.sqrt((change**2).mean(axis=0)) * q * (1.0 - q)
        rows += [(task, 10.0 ** at[i], float(size[i]), float(size[i] / max(width[i], 1e-12))) for i in range(len(at))]
    return pd.DataFrame(rows, columns=["task", "flops", "change", "in_sd"])


def _through(z: FloatArray, level: FloatArray, weight: FloatArray, at: FloatArray) -> FloatArray:
    """Fit levels over compute by a polynomial, weighted, and evaluate it. Shapes: z (n,), at (m,), returns (m,)."""
    middle, reach = at.mean(), max(np.ptp(at), 1e-9)
    design = chebvander((z - middle) / reach, _DEGREE)
    weighted = design * weight[:, None]
    found = np.linalg.lstsq(weighted.T @ design, weighted.T @ level, rcond=None)[0]
    return np.asarray(chebvander((at - middle) / reach, _DEGREE) @ found)


def sentence(numbers: pd.DataFrame) -> str:
    """Say where uncertain compute matters."""
    row = row_with_largest(numbers, numbers["in_sd"])
    most = (
        f"{row['task']} at {flops_words(row['flops'])} FLOPs by {row['change']:.3f} ({row['in_sd']:.1f} posterior SD)"
    )
    far = numbers[numbers["in_sd"] > SAID]
    if far.empty:
        return (
            f"FLOPs as uncertain as the registry says would move answers by at most half a posterior SD; most {most}."
        )
    return (
        f"FLOPs are uncertain: drawn as the registry says, they would move answers on {task_names(far)} by more than "
        f"half a posterior SD, most {most}. `fit --compute-uncertainty 10` carries that into the intervals."
    )
