"""The population boundary: a high quantile over models whose base model is one of many, known and unknown.

Which models, is a choice that has a name (`POPULATIONS`): it decides how much each base model that was seen counts.
"""

import copy
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.model.calibration import RESIDUAL_LEVELS
from bayes_frontier.model.curve import inverse_logit, log_odds
from bayes_frontier.model.likelihood import FloatArray, IntArray
from bayes_frontier.text import check_choice

PopulationName = Literal["bases", "models", "recent", "new-family"]
POPULATIONS: tuple[PopulationName, ...] = get_args(PopulationName)
# A base model is recent if it appeared so many days before the last model fitted, or later.
RECENT_DAYS = 365.25
# Base models that the normal prior of effects counts for beside those that were seen, and the slices it is cut into.
PRIOR_BASE_MODELS, _PRIOR_SLICES = 5.0, 101
# Effects of a draw are summed up in slices, narrow at the top, which a high quantile over models hangs on.
_EDGES: FloatArray = np.unique(
    np.concatenate([np.linspace(0.0, 0.7, 15), np.linspace(0.7, 0.95, 15), np.linspace(0.95, 1.0, 12)]).round(6)
)
SLICES: FloatArray = 0.5 * (_EDGES[1:] + _EDGES[:-1])
# Boundaries at which the population's is worked out for every draw, uniform on the logit scale.
_GRID_LOGIT: FloatArray = np.linspace(-7.0, 7.0, 29)
# Scores are told apart from 0 and 1 by so much, where logits are taken.
_LEAST = 1e-9
# Of the random shares of base models: no part of the posterior, and the same whenever a fit is read.
_SEED = 20261130


@dataclass(frozen=True)
class Population:
    """How much base models count in a population."""

    votes: FloatArray  # (n_base_models,): expected share, in base models
    family: IntArray | None = None  # (n_base_models,): families that count the same; none: base models by themselves

    @classmethod
    def named(cls, name: str, models: pd.DataFrame, registry: Registry) -> "Population":
        """Find what base models count in a population of `POPULATIONS`; of the records of a fit.

        * bases: each base model the same. Labels that are no base models are set aside: sizes that no base model of
          their generation has, as merges do, and sizes or dates not known.
        * models: as many votes as models of the last period, as if so many base models were seen as Kish's number says.
        * recent: as bases, those that appeared in the last year.
        * new-family: as bases, each family the same; for a model on a base model of a developer not seen.
        """
        check_choice(name, POPULATIONS, "population")
        names = sorted(models["base_model"].unique())
        votes = np.array([float(not _is_mixture(base, registry)) for base in names])
        if not votes.any():
            votes[:] = 1.0
        if name == "models":
            last = models.loc[models["period"] == models["period"].max(), "base_model"].value_counts()
            counts = last.reindex(names, fill_value=0).to_numpy(float)
            votes = counts * counts.sum() / (counts**2).sum()
        elif name == "recent":
            entries = [registry.get(base) for base in names]
            seen = models.groupby("base_model")["released"].min().reindex(names)
            released = pd.Series([entry.released if entry else None for entry in entries], index=names)
            appeared = pd.to_datetime(released.astype(object)).fillna(seen)
            recent = (models["released"].max() - appeared).dt.days.to_numpy() <= RECENT_DAYS
            if not (votes * recent).any():
                raise QueryError(
                    "population 'recent': no base model of this fit is known to have appeared in the year before its "
                    "last model. Ask for another population."
                )
            votes = votes * recent
        elif name == "new-family":
            family = pd.factorize(np.array([families(base) for base in names]))[0].astype(np.int64)
            if len(np.unique(family[votes > 0.0])) < 2:
                raise QueryError(
                    f"population 'new-family': all base models of this fit are of one family ({families(names[0])!r}). "
                    "Ask for another population."
                )
            return cls(votes, family)
        return cls(votes)

    def shares(self, rng: np.random.Generator, n_draws: int, *, drawn: bool) -> FloatArray:
        """Draw what each base model has of the population, prior slices after them; not normalised.

        Shapes: returns (n_draws, n_base_models + _PRIOR_SLICES).
        """
        prior = np.full(_PRIOR_SLICES, PRIOR_BASE_MODELS / _PRIOR_SLICES)
        if drawn:
            prior, votes = (rng.standard_gamma(x, (n_draws, len(x))) for x in (prior, self.votes))
        else:
            prior, votes = (np.broadcast_to(x, (n_draws, len(x))) for x in (prior, self.votes))
        if self.family is None:
            return np.concatenate([votes, prior], axis=1)
        of_family = np.zeros((n_draws, self.family.max() + 1))
        np.add.at(of_family.T, self.family, votes.T)
        there = np.bincount(self.family, self.votes) > 0.0
        shares = rng.standard_gamma(1.0, of_family.shape) if drawn else np.ones_like(of_family)
        by_vote = np.divide(shares, of_family, out=np.zeros_like(shares), where=there & (of_family > 0.0))
        return np.concatenate([votes * by_vote[:, self.family], prior], axis=1)


def families(base_model: str) -> str:
    """Name the family of a base model: the word that its name begins with, as qwen of qwen2.5-7b."""
    found = re.match(r"[^\W\d_]+", base_model.rpartition("/")[2])
    return found.group().lower() if found else base_model


def _is_mixture(base_model: str, registry: Registry) -> bool:
    """Whether a label names a generation that the registry knows, and none of its base models."""
    if registry.get(base_model) is not None:
        return False
    return any(base_model.startswith(f"{generation}-") for generation in registry.generations)


def drawn_effects(
    effects: FloatArray, scales: FloatArray, task: int, population: Population, *, drawn: bool = True
) -> FloatArray:
    """Distribution of the effects that a base model not seen may have, one for each draw of the posterior.

    A Dirichlet process given the base models seen: each has a random share of the population, and the normal prior of
    effects has the rest (Ferguson 1973, doi 10.1214/aos/1176342360; without the prior this is the Bayesian bootstrap of
    Rubin 1981, doi 10.1214/aos/1176345338). So the population of few base models is uncertain, and has the shape of
    those there are. Shares that are not drawn are what is expected, in every draw.

    Shapes: effects (n_samples, n_base_models), scales (n_samples,), returns (n_samples, n_slices): quantiles at SLICES.
    """
    rng = np.random.default_rng([_SEED, task])
    normal = stats.norm.ppf((np.arange(_PRIOR_SLICES) + 0.5) / _PRIOR_SLICES)
    values = np.concatenate([effects, scales[:, None] * normal / normal.std()], axis=1)
    shares = population.shares(rng, len(values), drawn=drawn)
    order = np.argsort(values, axis=1)
    values, shares = np.take_along_axis(values, order, 1), np.take_along_axis(shares, order, 1)
    reached = np.cumsum(shares, axis=1)
    reached = (reached - 0.5 * shares) / reached[:, -1:]
    return np.stack([np.interp(SLICES, at, value) for at, value in zip(reached, values, strict=True)])


def expected_shares[F: Any](frontier: F) -> F:
    """Take what is expected for the shares of base models, where drawing them would hide what draws differ by."""
    still = copy.copy(frontier)
    still.curves = frontier.curves.with_expected_shares
    return still


def residual_cdf(residual: npt.ArrayLike, quantiles: FloatArray) -> FloatArray:
    """Distribution function of residuals given by its quantiles. Shapes: quantiles (len(RESIDUAL_LEVELS),)."""
    # np.interp needs increasing nodes: ties (benchmarks with few items) are spread by less than any score's resolution.
    nodes = quantiles + 1e-12 * np.arange(len(quantiles))
    return np.asarray(np.interp(np.asarray(residual, dtype=float), nodes, RESIDUAL_LEVELS, left=0.0, right=1.0))


def _mixture_levels(
    grid: FloatArray, effects: FloatArray, shares: FloatArray, residual: FloatArray, cdf: FloatArray, tau: float
) -> FloatArray:
    """Level with exceedance 1 - tau among models whose boundaries are a logit plus each effect.

    By Newton's steps from the level of the boundary before; where one leaves the bracket, the bracket is halved.

    Shapes: grid (n_grid,), effects (n_samples, n_slices), shares (n_slices,), residual and cdf (n,), residuals evenly
    spaced; returns (n_samples, n_grid).
    """
    n, per_unit = len(residual) - 1, (len(residual) - 1) / (residual[-1] - residual[0])
    levels, boundary = np.empty((len(effects), len(grid))), np.empty(effects.shape[1])
    for s in range(len(effects)):
        level = 0.0
        for g in range(len(grid)):
            for j in range(len(shares)):
                boundary[j] = 1.0 / (1.0 + np.exp(-grid[g] - effects[s, j]))
            low, high, step = boundary[0] + residual[0], boundary[-1] + residual[-1], 1.0
            while high - low > 1e-6 and abs(step) > 1e-7:
                if not low < level < high:
                    level = 0.5 * (low + high)
                below, slope = 0.0, 0.0
                for j in range(len(shares)):
                    place = (level - boundary[j] - residual[0]) * per_unit
                    if place >= n:
                        below += shares[j]
                    elif place > 0.0:
                        i = int(place)
                        density = shares[j] * (cdf[i + 1] - cdf[i])
                        below += shares[j] * cdf[i] + (place - i) * density
                        slope += density
                if below < tau:
                    low = level
                else:
                    high = level
                step = (tau - below) / max(slope * per_unit, 1e-9)
                level += step
            levels[s, g] = min(max(level, low), high)
    return levels


@cache
def _solver() -> Callable[..., FloatArray]:
    """Compile it when it is first needed: Numba takes longer to load than most questions take to answer."""
    numba = importlib.import_module("numba")
    compiled: Callable[..., FloatArray] = numba.njit(cache=True)(_mixture_levels)
    return compiled


class PopulationBoundary:
    """Turns a typical base model's boundary into the population boundary, for one task.

    The solution depends on the boundary and on the effects of the draw only, so it is tabulated once for each draw and
    interpolated. The table is non-decreasing in the boundary, hence so is the result in compute.
    """

    def __init__(self, quantiles: FloatArray, effects: FloatArray, tau: float) -> None:
        """Tabulate it. Shapes: quantiles as in `residual_cdf`, effects as `drawn_effects` returns them."""
        residual = np.linspace(quantiles[0], quantiles[-1], 4096)
        levels = _solver()(_GRID_LOGIT, effects, np.diff(_EDGES), residual, residual_cdf(residual, quantiles), tau)
        self._table = log_odds(np.maximum.accumulate(np.clip(levels, _LEAST, 1.0 - _LEAST), axis=1))

    def __call__(self, q: FloatArray, samples: slice) -> FloatArray:
        """Return the population boundary. Shapes: q (n_draws, ...)."""
        table = self._table[samples]
        position = (log_odds(q) - _GRID_LOGIT[0]) / (_GRID_LOGIT[1] - _GRID_LOGIT[0])
        position = np.clip(position, 0.0, len(_GRID_LOGIT) - 1.0)
        i = np.minimum(position.astype(int), len(_GRID_LOGIT) - 2)
        part = position - i
        # one index into the flat table is quicker than one a row and one a column
        i += len(_GRID_LOGIT) * np.arange(len(q)).reshape((-1,) + (1,) * (q.ndim - 1))
        start = table.take(i)
        return np.asarray(inverse_logit(start + part * (table.take(i + 1) - start)))
