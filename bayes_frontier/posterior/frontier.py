"""`Frontier`: posterior capability boundaries and the questions they answer."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.display import Display, Drawn
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.registry.registry import given_registry
from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.data import Stretches, reference_compute
from bayes_frontier.model.spec import ModelSpec
from bayes_frontier.posterior import ahead, query, store
from bayes_frontier.posterior.ability import ability_curves
from bayes_frontier.posterior.diagnostics import MOST_DIVERGENT, diagnose, divergent_share, explain, passes
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.posterior.drift import drift_between_periods
from bayes_frontier.posterior.population import Population, PopulationName, expected_shares
from bayes_frontier.posterior.query import Numbers, rank_base_models
from bayes_frontier.text import check_choice, count, flops_words, listed, printable

if TYPE_CHECKING:
    import pymc as pm

    from bayes_frontier.model.sample import Sampled

# Resolution of the inverse, in points per range: 1,001 points over ten decades are 0.01 decades, interpolated.
_INVERSE_POINTS = 1001


class Frontier(Drawn):
    """Posterior of the tau-quantile boundaries of scores against pre-training compute.

    Made by `bayes_frontier.fit` or `bayes_frontier.load`. The **population boundary** (``base_model=None``) is that of
    a model on a base model not yet seen; the **base-model boundary** that of a model on a known one.

    Parameters
    ----------
    evaluations : Evaluations
        The scores fitted.
    spec : ModelSpec
        The model.
    tau : float
        Quantile level.
    posterior : xarray.DataTree
        Groups ``posterior`` (floor, ceiling, slope per decade, midpoint in log10 FLOPs; drift_scale, base_model_scale
        and base_model_effect on the logit scale), ``sample_stats``, ``constant_data`` and, where the fit kept them,
        ``ending`` (where the next fit can start) and ``diagnostics``.
    provenance : dict
        Data fingerprint, model specification, seed, versions.
    """

    _picture = "plot_boundary"

    def __init__(
        self, evaluations: Evaluations, spec: ModelSpec, tau: float, posterior: xr.DataTree, provenance: dict[str, Any]
    ) -> None:
        self.evaluations = evaluations
        self.spec = spec
        self.tau = tau
        self.posterior = posterior
        self.provenance = provenance

    @classmethod
    def from_sampled(
        cls, evaluations: Evaluations, spec: ModelSpec, tau: float, sampled: "Sampled", provenance: dict[str, Any]
    ) -> "Frontier":
        """Wrap what sampling left.

        Parameters
        ----------
        evaluations : Evaluations
            The scores fitted.
        spec : ModelSpec
            The model.
        tau : float
            Quantile level.
        sampled : Sampled
            Draws, scale and residual distribution.
        provenance : dict
            Kept with the result.

        Returns
        -------
        Frontier
            Ready to be asked.
        """
        tasks = list(evaluations.tasks)
        scale = sampled.scale
        constant = xr.Dataset(
            {
                "residual_quantiles": (("task", "level"), sampled.residual_quantiles),
                "density": ("task", scale.density),
                "scale": ("task", scale.scale),
                "half_width": ("task", scale.half_width),
                "likelihood_level": ("task", scale.level),
                **({} if scale.correlation is None else {"uploader_correlation": ("task", scale.correlation)}),
                **({} if scale.tails is None else {"tails": (("base_model", "task"), scale.tails)}),
            },
            coords={"task": tasks, "level": RESIDUAL_LEVELS},
        )
        draws = sampled.posterior.assign_coords(period=list(evaluations.period_labels))
        tree = xr.DataTree.from_dict(
            {"posterior": draws, "sample_stats": sampled.sample_stats, "constant_data": constant}
        )
        if sampled.ending is not None:
            tree["ending"] = xr.DataTree(sampled.ending)
        return cls(evaluations, spec, tau, tree, provenance)

    base_models = rank_base_models
    drift = drift_between_periods

    @property
    def tasks(self) -> tuple[str, ...]:
        """Task names."""
        return self.evaluations.tasks

    @property
    def period_labels(self) -> tuple[str, ...]:
        """Names of the fitted periods, in time."""
        return self.evaluations.period_labels

    @cached_property
    def base_model_names(self) -> tuple[str, ...]:
        """Names of the fitted base models, sorted."""
        return tuple(sorted(self.evaluations.models["base_model"].unique()))

    @cached_property
    def curves(self) -> Curves:
        """The draws as arrays, with the operations the answers share."""
        votes = Population.named("bases", self.evaluations.models, given_registry(self.evaluations.registry))
        return replace(Curves.from_tree(self.posterior, self.tau), population=votes)

    def _curves_of(self, population: str, of: str, tau: float) -> Curves:
        """Return the draws for another population, for abilities, or for another level; kept, as they carry tables."""
        asked = (population, of, tau)
        if asked not in self._asked:
            check_choice(of, ("scores", "ability"), "of")
            if not 0.5 <= tau <= self.tau:
                raise QueryError(
                    f"tau must be between 0.5 and that of the fit, {self.tau:g}, found {tau!r}. Fit again for a "
                    "higher one."
                )
            registry = given_registry(self.evaluations.registry)
            votes = Population.named(population, self.evaluations.models, registry)
            curves = replace(self.curves, population=votes, tau=tau)
            self._asked[asked] = curves if of == "scores" else ability_curves(self, curves)
        return self._asked[asked]

    @cached_property
    def _asked(self) -> dict[tuple[str, str, float], Curves]:
        return {}

    @cached_property
    def diagnostics(self) -> pd.DataFrame:
        """R-hat and effective sample sizes of boundary quantities, worst first.

        Every task and period at five computes across the data, and every base model at its median compute; as they
        were when the fit was saved, where it was.
        """
        stored = store.diagnostics(self.posterior)
        if stored is not None:
            return stored
        models = self.evaluations.models
        z = np.quantile(log_flops(models["flops"]), [0.0, 0.25, 0.5, 0.75, 1.0])
        parts = {"boundary": expected_shares(self).boundary(10.0 ** np.unique(z), period="all")}
        if self.curves.has_base_models:
            z = reference_compute(models, self.base_model_names)
            values = self.curves.known(z[:, None], np.arange(len(z))[:, None], np.arange(len(self.tasks)))
            parts["base_model_boundary"] = xr.DataArray(
                self.curves.by_chain(values),
                dims=("chain", "draw", "base_model", "task"),
                coords={"base_model": list(self.base_model_names), "task": list(self.tasks)},
            )
        return diagnose(xr.Dataset(parts))

    def thinned(self, draws: int) -> "Frontier":
        """Return a frontier of about so many of the draws, evenly spaced: for rough answers without a wait."""
        all_draws = self.posterior["posterior"].dataset
        step = max(all_draws.sizes["chain"] * all_draws.sizes["draw"] // draws, 1)
        groups = {name: self.posterior[name].to_dataset() for name in ("sample_stats", "constant_data")}
        tree = xr.DataTree.from_dict({"posterior": all_draws.isel(draw=slice(None, None, step)), **groups})
        return Frontier(self.evaluations, self.spec, self.tau, tree, self.provenance)

    @cached_property
    def datatree(self) -> xr.DataTree:
        """All that ArviZ looks for, as `save` writes it: besides the draws, prior, prediction and observed data.

        Variables have units and long names, stretches of time their dates; drift, which is zero in the first stretch by
        definition, begins with the second.
        """
        if "prior" in self.posterior.children or "high_logit" not in self.posterior["posterior"]:
            # as it was read; fits of before the variables of the model were kept stay as they are
            return self.posterior
        from bayes_frontier.posterior import groups

        return groups.completed(self)

    def model(self, engine: Literal["plain", "fast"] = "plain") -> "pm.Model":
        """Build the PyMC model that this is a posterior of, with its calibrated scale.

        Parameters
        ----------
        engine : {"plain", "fast"}
            ``"plain"``: the definition, by PyMC's own variables: draw a picture of it, change it by `pymc.do` or
            `pymc.observe`, sample it with any sampler. The posterior has all its variables, so that PyMC's predictive
            functions and `pymc.stats.compute_log_prior` take it as it is. ``"fast"``: the same density by fused
            operations.

        Returns
        -------
        pymc.Model
            As of `bayes_frontier.build_model`.
        """
        # answers of a saved fit need not wait for PyMC
        from bayes_frontier.model.build import build_model

        scale = Scale.from_posterior(self.posterior)
        return build_model(self.evaluations, self.spec, tau=self.tau, engine=engine, scale=scale)

    def working_log_density(self) -> xr.Dataset:
        """Compute the log density of each score under the working likelihood, for a hundred draws.

        Returns
        -------
        xarray.Dataset
            ``score``, dims (chain, draw, observation). The working likelihood is calibrated for the boundary, and is
            no model of single scores: leave-one-out scores by it say nothing of prediction.
        """
        from bayes_frontier.posterior import groups

        return groups.working_log_density(self)

    @property
    def converged(self) -> bool:
        """Whether every boundary has R-hat at most 1.01 and bulk ESS at least 400, and at most 2% of draws diverged."""
        stats = self.posterior["sample_stats"].dataset if "sample_stats" in self.posterior.children else xr.Dataset()
        few = divergent_share(stats) <= MOST_DIVERGENT
        return few and bool(passes(self.diagnostics).all())

    def convergence_text(self) -> str:
        """Convergence in words, with the worst quantities where it fails.

        Returns
        -------
        str
            One or several lines.
        """
        return explain(self.diagnostics, self.posterior["sample_stats"].dataset)

    def boundary(
        self,
        flops: Numbers,
        task: str | None = None,
        period: int | str | None = None,
        base_model: str | None = None,
        population: PopulationName = "bases",
        of: Literal["scores", "ability"] = "scores",
        tau: float | None = None,
    ) -> xr.DataArray:
        """Posterior draws of the boundary.

        Parameters
        ----------
        flops : float or array_like
            Pre-training compute in FLOPs.
        task : str, optional
            One task (default: all).
        period : int, str or None
            A fitted period by number, label or a date in it, "all" for all; default: the last.
        base_model : str, optional
            A fitted base model, in any spelling the registry knows, for its own boundary. Default: the population
            boundary, of a model on a base model not yet seen.
        population : {"bases", "models", "recent", "new-family"}
            Which one: of a base model drawn anew, all counting the same; of a model as those of the last period; of a
            base model of the last year; of a base model of another developer. See docs/calibration.md.
        of : {"scores", "ability"}
            Scores on the items of the benchmark, or what would be scored on very many items of their kind.
        tau : float, optional
            A lower level than the fit's: where models are within their base model is then told by the fit's residuals,
            so that boundaries of several levels never cross. Default: the fit's.

        Returns
        -------
        xarray.DataArray
            Scores in [0, 1], non-decreasing in flops for every draw; dims (chain, draw, task, period, flops) without
            those that are fixed.

        Raises
        ------
        QueryError
            If the task, period or base model was not fitted or the compute is not plausible.
        """
        z = log_flops(query.check_flops(flops))
        tasks = query.task_indices(task, self.tasks)
        periods = query.period_indices(period, self.evaluations)
        base = None if base_model is None else query.base_index(base_model, self)
        still = population == "bases" and of == "scores" and tau is None
        curves = self.curves if still else self._curves_of(population, of, self.tau if tau is None else tau)
        values = np.stack([curves.at(z, k, periods, base) for k in tasks], axis=1)
        drawn = xr.DataArray(
            self.curves.by_chain(values),
            dims=("chain", "draw", "task", "period", "flops"),
            coords={
                "task": [self.tasks[k] for k in tasks],
                "period": [self.period_labels[t] for t in periods],
                "flops": 10.0**z,
            },
            name="boundary",
            attrs={"units": "score"},
        )
        drawn = drawn if task is None else drawn.isel(task=0)
        drawn = drawn if period == "all" else drawn.isel(period=0)
        return drawn if np.ndim(flops) else drawn.isel(flops=0)

    def attainable(
        self,
        flops: Numbers,
        prob: float = 0.9,
        task: str | None = None,
        period: int | str | None = None,
        base_model: str | None = None,
        target: float | None = None,
        population: PopulationName = "bases",
        of: Literal["scores", "ability"] = "scores",
        tau: float | None = None,
    ) -> xr.Dataset:
        """Attainable score at a compute budget, with an equal-tailed credible interval.

        Parameters
        ----------
        flops : float or array_like
            Pre-training compute in FLOPs.
        prob : float
            Probability of the interval, in (0, 1).
        task, period, base_model : optional
            As in `boundary`.
        target : float, optional
            A score; adds the posterior probability that the boundary is at least this.
        population, of, tau : optional
            As in `boundary`.

        Returns
        -------
        xarray.Dataset
            mean, median, lower, upper and, with a target, probability.

        Raises
        ------
        QueryError
            As in `boundary`, or for a probability or target out of range.
        """
        query.check_prob(prob)
        drawn = self.boundary(flops, task, period, base_model, population, of, tau)
        summary = query.summarise(drawn, prob)
        if target is not None:
            query.check_score(target)
            summary["probability"] = (drawn >= target).mean(("chain", "draw"))
        return summary

    def compute_for(
        self,
        score: Numbers,
        task: str | None = None,
        period: int | str | None = None,
        base_model: str | None = None,
        prob: float = 0.9,
        flops_range: tuple[float, float] = (1e18, 1e28),
        population: PopulationName = "bases",
        of: Literal["scores", "ability"] = "scores",
        tau: float | None = None,
    ) -> xr.Dataset:
        """Compute at which a score becomes attainable.

        Parameters
        ----------
        score : float or array_like
            Target scores in [0, 1].
        task, period, base_model : optional
            As in `boundary`.
        prob : float
            Probability of the equal-tailed interval.
        flops_range : tuple of float
            Where to look. A draw that reaches the score below the range counts at its lower end; one that does not
            reach it within the range needs infinitely many FLOPs.
        population, of, tau : optional
            As in `boundary`.

        Returns
        -------
        xarray.Dataset
            median, lower and upper in FLOPs (infinite where that share of draws does not reach the score) and
            not_attainable, the probability that the score is not reached within the range.

        Raises
        ------
        QueryError
            As in `attainable`.
        """
        query.check_prob(prob)
        targets = np.atleast_1d(np.asarray(score, dtype=float))
        if not targets.size:
            raise QueryError("No score was given: pass at least one, such as 0.5.")
        for value in targets:
            query.check_score(value)
        z = np.linspace(*query.check_range(flops_range), _INVERSE_POINTS)
        drawn = self.boundary(10.0**z, task, period, base_model, population, of, tau).transpose("flops", ...)
        needed = np.stack([query.first_reaching(drawn.to_numpy(), z, value) for value in targets])
        template = drawn.isel(flops=0, drop=True).expand_dims(score=targets)
        summary = query.summarise(template.copy(data=10.0**needed), prob, method="lower")[["median", "lower", "upper"]]
        summary["not_attainable"] = template.copy(data=np.isinf(needed)).mean(("chain", "draw"))
        return summary if np.ndim(score) else summary.isel(score=0)

    def fitted(self) -> xr.DataArray:
        """Posterior mean boundary of every fitted record, base-model effect included.

        With base-model effects a record is taken at the compute of its base model, the median over its records.

        Returns
        -------
        xarray.DataArray
            Scores, dims (model, task), in the order of ``evaluations.models``.
        """
        models = self.evaluations.models
        models = models.assign(flops=ahead.compute_fitted_at(self, models["base_model"], models["flops"]))
        values = self.curves.of_records(models, self.base_model_names, self.stretches)
        return ahead.labelled(values, models["model"], self.tasks)

    def predict(self, models: pd.DataFrame) -> xr.DataArray:
        """Predictive boundary of models that come after those fitted.

        The level that a model's score exceeds with probability 1 - tau, given the uncertainty of the boundary, of the
        drift to come and, for a base model not fitted, of its effect: wider uncertainty means a higher level. A model
        without a date is taken to come half a quarter of a year after the last one fitted.

        Parameters
        ----------
        models : pandas.DataFrame
            Columns base_model and flops; optional released (dates, checked against the base model's release) and model.

        Returns
        -------
        xarray.DataArray
            Scores, dims (model, task), in the order of `models`.

        Raises
        ------
        QueryError
            If a column is missing or a compute is not plausible.
        DataError
            If a date cannot be read.
        """
        names, _, placed = ahead.place(self, models)
        levels = ahead.predictive_levels(self.curves, placed, ahead.even_draws(self))
        return ahead.labelled(levels, names, self.tasks)

    @cached_property
    def stretches(self) -> Stretches:
        """Stretches of time that the boundary drifts over."""
        return Stretches.of(self.evaluations, within_periods=self.spec.structure.periods == "random-walk")

    def save(self, path: str | Path) -> None:
        """Write the fit as one NetCDF file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            Where to; an existing file is replaced.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        store.save(self, path)

    def _display(self) -> Display:
        n_periods, models = len(self.period_labels), self.evaluations.models
        words = [
            f"{count(len(self.tasks), 'task')} ({listed(self.tasks)}), {count(len(models), 'model')} on "
            f"{count(len(self.base_model_names), 'base model')}, {count(n_periods, 'period')}"
            + (f" ({listed(self.period_labels)})" if n_periods > 1 else ""),
            f"FLOPs {flops_words(models['flops'].min())} to {flops_words(models['flops'].max())}; "
            f"{count(self.curves.n_samples, 'draw')}",
            self.convergence_text(),
        ]
        title = f"Frontier of {self.evaluations.source}: model {self.spec.name!r}, tau = {self.tau:g}"
        return Display(printable(title), [printable(line) for text in words for line in text.splitlines()])


def load(path: str | Path, *, sealed: bool = True) -> Frontier:
    """Read a fit written by `Frontier.save`.

    Parameters
    ----------
    path : str or Path
        NetCDF file.
    sealed : bool
        Refuse a file without the digest of what it holds, which fits of version 1 do not have; False takes one that
        you trust, to be saved anew.

    Returns
    -------
    Frontier
        With the draws in memory; the file is closed.

    Raises
    ------
    StoreError
        If there is no such file, it is not as it was written, or it is something else.
    """
    return store.read(path, Frontier, sealed=sealed)
