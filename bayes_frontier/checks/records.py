"""What a check is given: a fit, and every fitted score with its boundary; and how far shares stray by chance."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.curve import inverse_logit
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.posterior.frontier import Frontier


def binomial_band(n: float, tail: float, chance: float) -> tuple[float, float]:
    """Return the counts within which independent scores stay, both ends included."""
    low, high = stats.binom.ppf([chance / 2.0, 1.0 - chance / 2.0], round(n), tail)
    return float(low), float(high)


def cluster_error(exceeds: pd.Series, cluster: pd.Series, weights: pd.Series | float = 1.0) -> tuple[float, int]:
    """Estimate the standard error of a share of clustered cases: ratio estimator (Cochran 1977, section 11.8)."""
    weight = np.broadcast_to(np.asarray(weights, dtype=float), len(exceeds))
    share = float(np.average(exceeds, weights=weight))
    sums = (weight * (exceeds - share)).groupby(cluster.to_numpy()).sum().to_numpy()
    n = len(sums)
    if n < 2:
        return float("inf"), n
    return float(np.sqrt(n / (n - 1) * (sums**2).sum()) / weight.sum()), n


def effective_clusters(cluster: pd.Series, weights: pd.Series) -> float:
    """Kish's effective number of clusters, ``n**2 / sum_g n_g**2``."""
    sizes = weights.groupby(cluster.to_numpy()).sum().to_numpy(float)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


# Draws that stand for the posterior where every score is compared with each of them.
DRAWS = 200
_MOST_RESIDUALS = 20_000_000


def data_of(frontier: Frontier) -> FrontierData:
    """Group the scores of a fit as they were when it was fitted."""
    return FrontierData.from_evaluations(
        frontier.evaluations,
        frontier.tau,
        base_models=frontier.curves.has_base_models,
        drift=frontier.spec.structure.periods == "random-walk",
    )


def typical_logit(curves: Curves, data: FrontierData, cells: IntArray, samples: IntArray) -> FloatArray:
    """Logit of the boundary of a base model without effect, in some cells (n,). Shapes: returns (n_samples, n)."""
    names = ("z", "task", "period", "stretch")
    z, task, period, stretch = (data.cells[name].to_numpy()[cells] for name in names)
    return curves.logits(z, task, period, stretch=(stretch, data.stretches.last[period]), samples=samples)


@dataclass(frozen=True, eq=False)
class Records:
    """Scores of a fit beside their boundaries."""

    data: FrontierData  # the scores by cell, as they were fitted
    # one row per score, in the order of ``evaluations.table``: model (number of the record), base_model, task, period
    # (number), z (log10 FLOPs of the cell), size (models of the base model), score, boundary (posterior mean, the base
    # model's effect included), above (score above it: 0 or 1) and drawn (share of draws whose boundary the score is
    # above)
    table: pd.DataFrame
    tau: float
    draws: FloatArray  # (n_draws, n_cells): boundary of each cell for draws evenly spaced over the posterior

    @classmethod
    def from_frontier(cls, frontier: Frontier) -> Records:
        """Compare a fit with its own scores."""
        evaluations, curves = frontier.evaluations, frontier.curves
        data = data_of(frontier)
        samples = curves.evenly(DRAWS)
        cells = data.cells
        task = cells["task"].to_numpy()
        level = typical_logit(curves, data, np.arange(len(cells)), samples)
        if curves.effects is not None:
            level += curves.effects[samples][:, cells["base"].to_numpy(), task]
        draws = inverse_logit(level)
        scores, cell = evaluations.table, data.cell_of_score
        score, row = scores["score"].to_numpy(float), scores["row"].to_numpy()
        drawn = np.zeros(len(score))
        for one in draws:
            drawn += score > one[cell]
        boundary = frontier.fitted().to_numpy()[row, task[cell]]
        sizes = evaluations.models["base_model"].value_counts()
        correlation = Scale.from_posterior(frontier.posterior).correlation
        weight = np.ones(len(score)) if correlation is None else data.clusters.weights(correlation)
        table = pd.DataFrame(
            {
                "model": row,
                "base_model": scores["base_model"].to_numpy(),
                "task": scores["task"].to_numpy(),
                "period": scores["period"].to_numpy(),
                "z": cells["z"].to_numpy()[cell],
                "size": scores["base_model"].map(sizes).to_numpy(),
                "score": score,
                "cluster": data.clusters.uploader,
                "weight": weight,
                "boundary": boundary,
                "above": (score > boundary).astype(float),
                "drawn": drawn / len(draws),
            }
        )
        return cls(data=data, table=table, tau=frontier.tau, draws=draws)

    @cached_property
    def residuals(self) -> FloatArray:
        """Scores minus boundary for some of the draws, shape (n_scores, n_draws)."""
        step = max(5, len(self.draws) * len(self.table) // _MOST_RESIDUALS)
        boundaries = self.draws[::step].T[self.data.cell_of_score]
        return np.asarray(self.table["score"].to_numpy()[:, None] - boundaries)


@dataclass(frozen=True, eq=False)
class CheckInput:
    """What every check is given."""

    frontier: Frontier
    others: Sequence[Frontier] = ()  # fits of the same scores at other levels
    refit: int = 0  # how many base models may be left out by fitting again
    seed: int = 0  # seeds draws from the priors and simulated counts
    halves: int = 0  # how many times the scores may be split in two, and both halves fitted

    @cached_property
    def records(self) -> Records:
        """Scores of the fit beside their boundaries, computed when the first check asks for them."""
        return Records.from_frontier(self.frontier)


def fitted_again(frontier: Frontier, evaluations: Evaluations) -> Frontier:
    """Fit other scores as a fit was made, whether that converges or not."""
    fit = importlib.import_module("bayes_frontier.posterior.fitting").fit
    names = ("tau", "draws", "tune", "chains", "seed")
    settings = {name: value for name, value in frontier.provenance["sampling"].items() if name in names}
    made: Frontier = fit(evaluations, model=frontier.spec, allow_unconverged=True, **settings)
    return made
