"""A posterior, or priors alone, as arrays to plan with: boundaries, sites of evaluations, and their noise."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import expit

from bayes_frontier.design.select import BaseModelInformation, Information, Noise, Sites
from bayes_frontier.errors import QueryError
from bayes_frontier.model.calibration import RESIDUAL_LEVELS, Scale
from bayes_frontier.model.curve import sigmoid_from_shares
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray, IntArray, smooth_pinball_loss
from bayes_frontier.model.spec import LEAST_SCALE, LEAST_SPREAD, HalfNormal, LogNormal, Normal, read_spec
from bayes_frontier.posterior.ahead import next_period
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.posterior.query import Fit, period_indices

# Standard deviations of a boundary at which the noise is tabulated, and points in its prior and in the residuals.
_DEVIATIONS: FloatArray = np.geomspace(0.002, 0.5, 10)
_PRIOR: FloatArray = np.linspace(-4.0, 4.0, 81)
_RESIDUALS = 41


def evaluation_noise(residuals: FloatArray, likelihood: Scale) -> Noise:
    """Variance of one score as a measurement of a boundary. Shapes: residuals (n_tasks, n_levels)."""
    variance = np.empty((len(residuals), len(_DEVIATIONS)))
    middle = (np.arange(_RESIDUALS) + 0.5) / _RESIDUALS
    for k, quantiles in enumerate(residuals):
        h, s, level = likelihood.half_width[k], likelihood.scale[k], likelihood.level[k]
        below, above = np.interp([-h, h], quantiles, RESIDUAL_LEVELS)
        least = 2.0 * h * s / max(above - below, 1e-6)
        # Residuals at even levels, the last slice cut finely: there the likelihood is steep.
        levels = np.concatenate([middle[:-2], np.linspace(middle[-2], 1.0, 32)[1:]])
        weight = np.diff(np.concatenate([[0.0], 0.5 * (levels[:-1] + levels[1:]), [1.0]]))
        residual = np.interp(levels, RESIDUAL_LEVELS, quantiles)
        for i, deviation in enumerate(_DEVIATIONS):
            q = deviation * _PRIOR
            prior = np.exp(-0.5 * _PRIOR**2)
            prior /= prior.sum()
            truth = slice(10, -10, 6)
            score = q[truth][:, None] + residual
            log_density = -smooth_pinball_loss(score[..., None] - q, level, h) / s
            density = prior * np.exp(log_density - log_density.max(axis=-1, keepdims=True))
            density /= density.sum(axis=-1, keepdims=True)
            left = density @ q**2 - (density @ q) ** 2
            mean = float(prior[truth] @ left @ weight / prior[truth].sum())
            variance[k, i] = max(least, 1.0 / max(1.0 / mean - 1.0 / deviation**2, 1e-9))
    return Noise(_DEVIATIONS, variance)


# Share of a period's models that are on base models without older ones: 0.16 on the Open LLM Leaderboard v2, 0.19 on
# v1, means of three periods each (0.03 to 0.39); see docs/design.md.
NEW_BASE_MODELS = 0.2

NEXT = "next"
"""Period to plan for: the one after the last fitted, as far ahead as `Frontier.predict` puts models without a date."""

# Base models not fitted that lie this close in log10 FLOPs share a curve value.
_RESOLUTION = 0.02
_MOST_DRAWS = 2000


@dataclass(frozen=True)
class Beliefs:
    """Draws of boundaries in the period planned for."""

    tasks: tuple[str, ...]
    curves: Curves
    period: int  # period planned for, an index into the curves' periods
    noise: Noise  # variance of one evaluation as a measurement of a boundary
    # fitted base models: their index among the curves' effects, and their log10 FLOPs
    base_models: dict[str, tuple[int, float]]
    # standard deviation of what a fitted base model has moved on its own by the period planned for, in units of the
    # spread of base models: ``base_model_innovation`` of the model for a fitted period, times the square root of the
    # quarters to the next one
    innovation: float = 0.0
    # fitted base models with scores of other periods: how many scores they have of the period planned for
    recent: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_frontier(cls, frontier: Fit, period: int | str | None = None, seed: int = 1) -> "Beliefs":
        """Take a fit's draws, at most 2,000 of them, for a fitted period or the next one, as `next_period` has it."""
        # left out is the trend of later base models: it says where one not fitted stands, not how well that is known
        curves, ahead = frontier.curves, 1.0
        if curves.n_samples > _MOST_DRAWS:
            curves = curves.take(curves.evenly(_MOST_DRAWS))
        if period == NEXT:
            (curves, ahead), index = next_period(frontier, curves, seed), -1
        else:
            index = int(period_indices(period, frontier.evaluations)[0])
        names = frontier.base_model_names if curves.has_base_models else ()
        models = frontier.evaluations.models
        planned = np.zeros(len(models), dtype=bool) if period == NEXT else (models["period"] == index).to_numpy()
        z = reference_compute(frontier.evaluations.models, names) if names else np.empty(0)
        return cls(
            tasks=tuple(frontier.tasks),
            curves=curves,
            period=index % curves.parts["floor"].shape[2],
            noise=evaluation_noise(curves.residuals, Scale.from_posterior(frontier.posterior)),
            base_models={name: (i, float(z[i])) for i, name in enumerate(names)},
            innovation=frontier.spec.priors.base_model_innovation * float(np.sqrt(ahead)) if names else 0.0,
            recent=recent(models["base_model"], planned) if names else {},
        )

    def population(self, z: FloatArray, tasks: IntArray) -> FloatArray:
        """Draws of the population boundary. Shapes: z (n,), tasks (n_tasks,), returns (n_tasks, n_draws, n)."""
        period = np.array([self.period])
        return np.stack([self.curves.at(z, int(k), period, None)[:, 0] for k in tasks])

    def sites(self, base_model: Sequence[str], z: FloatArray, tasks: IntArray) -> Sites:
        """Draws of boundaries on given base models, which may have moved since. Shapes: z (n_sites,)."""
        curves, k = self.curves, np.asarray(tasks)[:, None]
        fitted = np.array([name in self.base_models for name in base_model], dtype=bool)
        base = np.array([self.base_models.get(name, (0, 0.0))[0] for name in base_model], dtype=np.int64)
        z_fitted = np.array([self.base_models.get(name, (0, 0.0))[1] for name in base_model])
        rounded, code = np.unique((z[~fitted] / _RESOLUTION).round(), return_inverse=True)
        boundary = curves.known(z_fitted[fitted][None, :], base[fitted][None, :], k, self.period)
        typical = curves.typical(rounded[None, :] * _RESOLUTION, k, self.period)
        index = np.empty(len(fitted), dtype=np.int64)
        index[fitted] = np.arange(fitted.sum())
        index[~fitted] = fitted.sum() + code
        spread = np.zeros((len(tasks), len(fitted)))
        if curves.scales is not None:
            omega = np.sqrt((curves.scales[:, tasks] ** 2).mean(axis=0))
            slope = (typical * (1.0 - typical)).mean(axis=0)
            spread[:, ~fitted] = (slope * omega[:, None])[:, code]
        columns = np.concatenate([boundary, typical], axis=2).transpose(1, 0, 2)
        return self._moved(Sites(columns=columns, index=index, spread=spread), base_model, tasks)

    def _moved(self, sites: Sites, base_model: Sequence[str], tasks: IntArray) -> Sites:
        """Give base models that have older scores effects of their own, smaller where newer scores are there too.

        The fit holds a base model to all its scores, old ones too, so in its eyes a few evaluations on a base model
        fitted well tell how the boundary of all has moved. To plan by that would stake the budget on base models that
        are cheap and known, and promise more than comes: some of them moved alone, and scores that contradict each
        other narrow nothing.
        """
        n_recent = np.array([self.recent.get(name, -1) for name in base_model], dtype=np.int64)
        if self.curves.scales is None or self.innovation == 0.0:
            return sites
        omega = np.sqrt((self.curves.scales[:, tasks] ** 2).mean(axis=0))
        level = sites.columns.mean(axis=1)[:, sites.index]
        moved = (self.innovation * omega[:, None] * level * (1.0 - level)) ** 2
        left = moved / (1.0 + n_recent.clip(0) * moved / self.noise.of(tasks)(moved))
        return replace(sites, spread=np.where(n_recent >= 0, np.sqrt(left), sites.spread))


def recent(base_model: pd.Series, planned: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Count the records of the period planned for, of base models that have others too."""
    counts = pd.Series(planned, index=base_model.to_numpy(dtype=object)).groupby(level=0).agg(["sum", "size"])
    counts = counts[counts["sum"] < counts["size"]]
    return {str(name): int(n) for name, n in counts["sum"].items()}


def attention(site: IntArray, n_sites: int) -> FloatArray:
    """Weigh base models by what models to come will be built on. Shapes: site (n_candidates,), returns (n_sites,)."""
    # on a known base model in proportion to the number of its models now, or on a new one, about which every known one
    # says as much: NEW_BASE_MODELS is the probability of that
    counts = np.bincount(site, minlength=n_sites).astype(float)
    there = counts > 0
    return np.asarray(NEW_BASE_MODELS * there / there.sum() + (1.0 - NEW_BASE_MODELS) * counts / counts.sum())


def information(
    beliefs: Beliefs,
    sites: Sites,
    z: FloatArray,
    tasks: IntArray,
    weights: FloatArray,
    site_weights: FloatArray | None = None,
) -> Information:
    """Set up boundaries at z (n_targets,), weights (n_tasks, n_targets), and sites as `Information`."""
    given = (beliefs.population(z, tasks), sites, beliefs.noise.of(tasks), weights)
    return Information(*given) if site_weights is None else BaseModelInformation(*given, site_weights)


# Beliefs before any evaluation: draws from a model's priors.

_DRAWS, _SHAPE = 2000, 20
# Scatter of scores below their boundary before any is seen: on the Open LLM Leaderboard v2 the density of scores at
# the boundary is about 2 per unit of score (median of six tasks), which a normal distribution has with this SD.
_SCATTER = 0.024


def prior_beliefs(model: str, tasks: Sequence[str] | None, z: FloatArray, seed: int, tau: float = 0.98) -> Beliefs:
    """Draw boundaries from priors. Shapes: z (n_candidates,)."""
    names = tuple(dict.fromkeys(tasks or ()))
    if not names:
        raise QueryError("tasks: without a fit, name the tasks that will be evaluated.")
    low, high = np.quantile(z, [0.16, 0.84])
    if high - low < 0.05:
        low, high = float(z.min()), float(z.max())
    if high - low < 0.05:
        raise QueryError("candidates: all have the same compute; a boundary against compute cannot be planned for.")
    spec, rng = read_spec(model), np.random.default_rng(seed)
    priors, size = spec.priors, (_DRAWS, len(names))

    def draw(prior: Normal | HalfNormal | LogNormal, shape: tuple[int, ...]) -> FloatArray:
        if isinstance(prior, Normal):
            return rng.normal(prior.mu, prior.sigma, shape)
        if isinstance(prior, HalfNormal):
            return np.abs(rng.normal(0.0, prior.sigma, shape))
        return rng.lognormal(prior.mu, prior.sigma, shape)

    def share(name: str) -> FloatArray:
        centre, spread = getattr(priors, name), getattr(priors, f"{name}_spread")
        if spec.structure.tasks == "separate":
            return np.asarray(expit(draw(centre, size)))
        return np.asarray(
            expit(draw(centre, (_DRAWS, 1)) + (LEAST_SPREAD + draw(spread, (_DRAWS, 1))) * rng.standard_normal(size))
        )

    def scale(typical: HalfNormal | LogNormal, spread: HalfNormal | LogNormal) -> FloatArray:
        deviation = draw(spread, (_DRAWS, 1)) * rng.standard_normal(size)
        return LEAST_SCALE + draw(typical, (_DRAWS, 1)) * np.exp(deviation)

    # not bent: without scores, on average they are not
    curve = sigmoid_from_shares(*(share(name) for name in ("high", "start_share", "floor_share", "ceiling_share")))
    slope = (curve.at_high - curve.at_low) / (high - low)
    parts = {"floor": curve.floor, "ceiling": curve.ceiling, "slope": slope, "midpoint": low - curve.at_low / slope}
    residuals = _SCATTER * (np.clip(stats.norm.ppf(RESIDUAL_LEVELS), -4.0, 4.0) - stats.norm.ppf(tau))
    sample = np.random.default_rng(0).normal(-_SCATTER * stats.norm.ppf(tau), _SCATTER, 20_000)
    likelihood = Scale.calibrated([sample], tau, spec.likelihood.smoothing)
    noise = evaluation_noise(residuals[None], likelihood)
    scales = scale(priors.base_model, priors.base_model_spread) if spec.structure.base_models else None
    # Effects of base models that are never asked for: they carry the shape of the distribution of new ones.
    normal = rng.standard_normal((_DRAWS, _SHAPE, len(names)))
    curves = Curves(
        shape=(1, _DRAWS),
        parts={name: values[:, :, None] for name, values in parts.items()},
        effects=None if scales is None else scales[:, None, :] * normal,
        scales=scales,
        drift=None,
        residuals=np.tile(residuals, (len(names), 1)),
        tau=tau,
    )
    return Beliefs(names, curves, 0, noise.of(np.zeros(len(names), dtype=np.int64)), {})
