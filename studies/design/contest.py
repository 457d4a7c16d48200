"""A period replayed: its scores are hidden, bought under a budget, and compared with knowing all of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayes_frontier.checks.backtest.baselines import smoothed_sigmoid
from bayes_frontier.design.beliefs import Beliefs, attention, evaluation_noise, information, recent
from bayes_frontier.design.select import Problem, greedy
from bayes_frontier.design.targets import OBJECTIVE, Targets
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.registry.registry import given_registry
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray, IntArray, pinball_loss
from bayes_frontier.model.spec import read_spec
from bayes_frontier.posterior.ahead import Draws, ModelsAhead, Vintage, appeared, base_model_years, predictive_levels
from bayes_frontier.posterior.draws import Curves
from studies.design.reweighting import check_batches
from studies.fast.calibration import calibrated
from studies.fast.quick import Mask, TaskFit

TAU, PROB = 0.98, 0.9
KAPPA, RIDGE = 50.0, 1e-3
"""Sharpness and ridge of the fit of arXiv 2602.15327."""

_GRID, _DRAWS, _SEED = 25, 1000, 1
# First evaluations of a plan that are checked by reweighting, with how many draws and simulations.
_CHECKED, _CHECK_DRAWS, _SIMULATIONS = (5, 10, 20), 4000, 100


@dataclass(frozen=True)
class State:
    """What is believed once some of the pool is evaluated.

    Attributes
    ----------
    chosen : ndarray of int
        Places in the pool.
    fitted : list of TaskFit
        Posterior.
    curves : Curves
        Draws.
    boundary : ndarray, shape (n_tasks, n_draws, n_grid)
        Population boundary in the period.
    """

    chosen: IntArray
    fitted: list[TaskFit]
    curves: Curves
    boundary: FloatArray


class Contest:
    """One period's pool.

    Parameters
    ----------
    evaluations : Evaluations
        All periods.
    period : int
        The pool's; earlier ones are known, the one after it, if there is one, scores predictions.

    Attributes
    ----------
    z, cost : ndarray, shape (n_pool,)
        log10 FLOPs and parameters (1e9) of the pool.
    base : ndarray of int, shape (n_pool,)
        Base model of each.
    total : float
        Cost of the whole pool.
    """

    def __init__(self, evaluations: Evaluations, period: int) -> None:
        models = evaluations.models
        if not 0 < period < evaluations.n_periods:
            raise QueryError(f"period: a pool needs an earlier period; there is no pool {period}.")
        self.period, self._priors = period, read_spec("hierarchical").priors
        self._later = evaluations.models[models["period"] == period + 1]
        upto = evaluations.subset((models["period"] <= period).to_numpy(dtype=bool))
        self._past: Mask = (upto.models["period"] < period).to_numpy(dtype=bool)
        self._pool = np.flatnonzero(~self._past)
        pool = upto.models.iloc[self._pool]
        self.cost = pool["params_b"].to_numpy(float)
        if np.isnan(self.cost).any() or (self.cost <= 0).any():
            raise QueryError("evaluations: models are priced by parameters; every one needs params_b above 0.")
        self.z, self.total = log_flops(pool["flops"]), float(self.cost.sum())
        self._scores = pool[list(upto.tasks)].to_numpy(float)
        self.model, fitted = calibrated(upto, self._past, TAU)
        self.base = np.searchsorted(self.model.data.base_models, pool["base_model"].to_numpy(dtype=str))
        self.grid = np.linspace(self.z.min(), self.z.max(), _GRID)
        held = self.model.held
        self._noise = evaluation_noise(held.residuals, held.scale)
        self.prior = self._state(np.empty(0, dtype=np.int64), fitted)
        self.full = self.learn(np.arange(len(self.cost)), self.prior)
        self.full_mean = self.full.boundary.mean(axis=1)
        self.full_published = self.published_fit(np.arange(len(self.cost)))

    def evaluated(self, chosen: IntArray) -> Evaluations:
        """Take what is known once some of the pool is evaluated."""
        return self.model.evaluations.subset(self._known(chosen))

    def _known(self, chosen: IntArray) -> Mask:
        known = self._past.copy()
        known[self._pool[chosen]] = True
        return known

    def _state(self, chosen: IntArray, fitted: list[TaskFit]) -> State:
        curves = self.model.draws(fitted, self._known(chosen), _DRAWS, _SEED)
        tasks = range(len(self.model.data.tasks))
        boundary = np.stack([curves.at(self.grid, k, np.array([self.period]), None)[:, 0] for k in tasks])
        return State(chosen, fitted, curves, boundary)

    def learn(self, chosen: IntArray, start: State) -> State:
        """Evaluate some of the pool and fit."""
        return self._state(chosen, self.model.fit(self._known(chosen), start.fitted))

    def plan(
        self, state: State, budget: float, rng: np.random.Generator, *, objective: str = OBJECTIVE
    ) -> tuple[IntArray, float, float]:
        """Choose more, by what it is expected to bring."""
        data = self.model.data
        tasks = np.arange(len(data.tasks))
        beliefs = self._beliefs(state, state.curves)
        names, site = np.unique(self.base, return_inverse=True)
        on = [data.base_models[i] for i in names]
        sites = beliefs.sites(on, data.reference_z[names], tasks)
        asked = Targets(tasks, self.grid)
        rest = np.setdiff1d(np.arange(len(self.cost)), state.chosen)

        by_site = attention(site, len(names)) if objective == "base-models" else None
        problem = Problem(
            make=lambda: information(beliefs, sites, asked.z, tasks, asked.weights, by_site),
            by_information=objective == "information",
            site=site[rest],
            cost=self.cost[rest],
            budget=budget - float(self.cost[state.chosen].sum()),
            most=len(rest),
            ties=rng.random(len(rest)),
            by_price=False,
        )
        before = float((asked.weights * problem.make().target_variance).sum())
        found = greedy(problem)
        after = float((asked.weights * found.variance[-1]).sum()) if found.order else before
        return np.concatenate([state.chosen, rest[found.order]]).astype(np.int64), before, after

    def reweighted(self) -> list[dict[str, float]]:
        """Check what the first evaluations of a plan are predicted to bring, by simulating and reweighting."""
        curves = self.model.draws(self.prior.fitted, self._known(self.prior.chosen), _CHECK_DRAWS, _SEED)
        beliefs = self._beliefs(self.prior, curves)
        names = np.array(self.model.data.base_models, dtype=object)[self.base]
        known = np.isin(names, list(beliefs.base_models))
        scale = self.model.held.scale
        sizes = [size for size in _CHECKED if size <= known.sum()]
        return check_batches(
            beliefs, names[known].tolist(), self.cost[known], self.grid, scale, sizes=sizes, n=_SIMULATIONS, seed=_SEED
        )

    def _beliefs(self, state: State, curves: Curves) -> Beliefs:
        fitted = self._fitted_base_models(state)
        models = self.model.evaluations.models[self._known(state.chosen)]
        return Beliefs(
            tasks=self.model.data.tasks,
            curves=curves,
            period=self.period,
            noise=self._noise,
            base_models={str(name): (i, float(z)) for i, (name, z) in enumerate(fitted.items())},
            innovation=self._priors.base_model_innovation,
            recent=recent(models["base_model"], (models["period"] == self.period).to_numpy(dtype=bool)),
        )

    def _fitted_base_models(self, state: State) -> pd.Series:
        """log10 FLOPs of the base models with a known record, by name, in the order of the draws."""
        data = self.model.data
        seen = self.model.seen(self._known(state.chosen))
        return pd.Series(data.reference_z[seen], index=[data.base_models[i] for i in seen])

    def published_fit(self, chosen: IntArray) -> FloatArray:
        """Fit as arXiv 2602.15327 does, to the chosen of this period alone.

        Shapes: returns (n_tasks, n_grid).
        """
        found = []
        for scores in self._scores[chosen].T:
            there = ~np.isnan(scores)
            curve = smoothed_sigmoid(self.z[chosen][there], scores[there], TAU, kappa=KAPPA, ridge=RIDGE)
            found.append(curve(self.grid))
        return np.stack(found)

    def score(self, state: State, *, published: bool = True) -> dict[str, float]:
        """Compare with knowing everything."""
        lower, upper = np.quantile(state.boundary, [0.5 - PROB / 2.0, 0.5 + PROB / 2.0], axis=1)
        inside = (self.full_mean >= lower) & (self.full_mean <= upper)
        found = {
            "n": float(len(state.chosen)),
            "cost": float(self.cost[state.chosen].sum()),
            "distance": float(np.abs(state.boundary.mean(axis=1) - self.full_mean).mean()),
            "width": float((upper - lower).mean()),
            "coverage": float(inside.mean()),
            "variance": float(state.boundary.var(axis=1, ddof=1).mean()),
            "pinball": self.pinball(state),
        }
        if published and len(state.chosen):
            found["published_distance"] = float(np.abs(self.published_fit(state.chosen) - self.full_published).mean())
        return found

    def pinball(self, state: State) -> float:
        """Exact pinball loss on the next period of the boundary that `Frontier.predict` gives a quarter on."""
        later = self._later
        if not len(later):
            return float("nan")
        data = self.model.data
        own = self._fitted_base_models(state)
        flops = later["base_model"].map(10.0**own).fillna(later["flops"]).astype(float)
        names, models = pd.Series(list(own.index)), self.model.evaluations.models
        registry = given_registry(self.model.evaluations.registry)
        seen = models.groupby("base_model")["released"].min().reindex(names)
        ahead = ModelsAhead(
            base=pd.Index(names).get_indexer(pd.Index(later["base_model"])).astype(np.int64),
            z=log_flops(flops),
            quarters=np.ones(len(later)),
            appeared=appeared(later["base_model"], later["released"], models["released"].max(), registry),
        )
        vintage = Vintage.from_curves(
            state.curves, base_model_years(names, seen, registry), self._priors.base_model_vintage
        )
        draws = Draws.even(state.curves, _SEED, self._priors.base_model_innovation, vintage)
        levels = predictive_levels(state.curves, ahead, draws)
        losses = pinball_loss(later[list(data.tasks)].to_numpy(float) - levels, TAU)
        return float(np.nanmean(losses, axis=0).mean())
