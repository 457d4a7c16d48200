"""What a fit, or a prior alone, believes, as arrays to plan with: targets, sites and the noise of an evaluation."""

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
from bayes_frontier.model.curve import Sigmoid, shift_logit, sigmoid_from_shares
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray, IntArray, smooth_pinball_loss
from bayes_frontier.model.spec import HalfNormal, LogNormal, Normal, read_spec
from bayes_frontier.posterior.draws import Curves
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import period_indices

# Standard deviations of a boundary at which the noise is found, and points in its prior and in the residuals.
_DEVIATIONS: FloatArray = np.geomspace(0.002, 0.5, 10)
_PRIOR: FloatArray = np.linspace(-4.0, 4.0, 81)
_RESIDUALS = 41


def evaluation_noise(residuals: FloatArray, half_width: FloatArray, scale: FloatArray, level: FloatArray) -> Noise:
    """Variance of one score as a measurement of a boundary, under the likelihood that will be used.

    Shapes: residuals (n_tasks, n_levels), half_width, scale, level (n_tasks,).
    """
    found = np.empty((len(residuals), len(_DEVIATIONS)))
    middle = (np.arange(_RESIDUALS) + 0.5) / _RESIDUALS
    for k, quantiles in enumerate(residuals):
        h, s = half_width[k], scale[k]
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
            log_density = -smooth_pinball_loss(score[..., None] - q, level[k], h) / s
            density = prior * np.exp(log_density - log_density.max(axis=-1, keepdims=True))
            density /= density.sum(axis=-1, keepdims=True)
            left = density @ q**2 - (density @ q) ** 2
            mean = float(prior[truth] @ left @ weight / prior[truth].sum())
            found[k, i] = max(least, 1.0 / max(1.0 / mean - 1.0 / deviation**2, 1e-9))
    return Noise(_DEVIATIONS, found)


# What a fit believes, as arrays to plan with: targets, sites and the noise of an evaluation.

# Share of a period's models that are on base models without older ones: 0.16 on the Open LLM Leaderboard v2, 0.19 on
# v1, means of three periods each (0.03 to 0.39); see docs/design.md.
NEW_BASE_MODELS = 0.2

NEXT = "next"
"""Period to plan for: the one after the last fitted."""

# Base models not fitted that lie this close in log10 FLOPs share a curve value.
_RESOLUTION = 0.02
_MOST_DRAWS = 2000


@dataclass(frozen=True)
class Beliefs:
    """Draws of boundaries in the period planned for.

    Attributes
    ----------
    tasks : tuple of str
        Names.
    curves : Curves
        Draws.
    period : int
        Period planned for, an index into the curves' periods.
    noise : Noise
        Variance of one evaluation as a measurement of a boundary.
    base_models : dict of str to (int, float)
        Fitted base models: their index among the curves' effects, and their log10 FLOPs.
    innovation : float
        Standard deviation of what a known base model has moved on its own by the period planned for, in units of the
        spread of base models; see ``base_model_innovation`` in ``models/hierarchical.toml``.
    recent : dict of str to int
        Fitted base models with scores of other periods: how many scores they have of the period planned for.
    """

    tasks: tuple[str, ...]
    curves: Curves
    period: int
    noise: Noise
    base_models: dict[str, tuple[int, float]]
    innovation: float = 0.0
    recent: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, frontier: Frontier, period: int | str | None = None, seed: int = 1) -> "Beliefs":
        """Take a fit's draws."""
        curves = _thinned(frontier.curves)
        if period == NEXT:
            curves, index = _advanced(curves, np.random.default_rng(seed)), -1
        else:
            index = int(period_indices(period, frontier.evaluations)[0])
        constant = frontier.posterior["constant_data"].dataset
        names = frontier.base_model_names if curves.has_base_models else ()
        models = frontier.evaluations.models
        planned = np.zeros(len(models), dtype=bool) if period == NEXT else (models["period"] == index).to_numpy()
        z = reference_compute(frontier.evaluations.models, names) if names else np.empty(0)
        return cls(
            tasks=tuple(frontier.tasks),
            curves=curves,
            period=index % curves.parts["floor"].shape[2],
            noise=evaluation_noise(
                curves.residuals,
                *(constant[name].to_numpy() for name in ("half_width", "scale", "likelihood_level")),
            ),
            base_models={name: (i, float(z[i])) for i, name in enumerate(names)},
            innovation=frontier.spec.priors.base_model_innovation if names else 0.0,
            recent=recent(models["base_model"], planned) if names else {},
        )

    def population(self, z: FloatArray, tasks: IntArray) -> FloatArray:
        """Draws of the population boundary.

        Shapes: z (n,), tasks (n_tasks,), returns (n_tasks, n_draws, n).
        """
        period = np.array([self.period])
        return np.stack([self.curves.at(z, int(k), period, None)[:, 0] for k in tasks])

    def sites(self, base_model: Sequence[str], z: FloatArray, tasks: IntArray) -> Sites:
        """Draws of the boundaries of models on given base models, which may have moved since they were scored.

        Shapes: z (n_sites,), tasks (n_tasks,).
        """
        curves, k = self.curves, np.asarray(tasks)[:, None]
        known = np.array([name in self.base_models for name in base_model], dtype=bool)
        base = np.array([self.base_models.get(name, (0, 0.0))[0] for name in base_model], dtype=np.int64)
        own = np.array([self.base_models.get(name, (0, 0.0))[1] for name in base_model])
        rounded, code = np.unique((z[~known] / _RESOLUTION).round(), return_inverse=True)
        fitted = curves.known(own[known][None, :], base[known][None, :], k, self.period)
        typical = curves.typical(rounded[None, :] * _RESOLUTION, k, self.period)
        index = np.empty(len(known), dtype=np.int64)
        index[known] = np.arange(known.sum())
        index[~known] = known.sum() + code
        spread = np.zeros((len(tasks), len(known)))
        if curves.scales is not None:
            omega = np.sqrt((curves.scales[:, tasks] ** 2).mean(axis=0))
            slope = (typical * (1.0 - typical)).mean(axis=0)
            spread[:, ~known] = (slope * omega[:, None])[:, code]
        columns = np.concatenate([fitted, typical], axis=2).transpose(1, 0, 2)
        return self._moved(Sites(columns=columns, index=index, spread=spread), base_model, tasks)

    def _moved(self, sites: Sites, base_model: Sequence[str], tasks: IntArray) -> Sites:
        """Give base models that have older scores effects of their own, smaller where newer scores are there too.

        The fit holds a base model to all its scores, old ones too, so in its eyes a few evaluations on a base model
        known well tell how the boundary of all has moved. To plan by that would stake the budget on base models that
        are cheap and known, and promise more than comes: some of them moved alone, and scores that contradict each
        other narrow nothing.
        """
        counted = np.array([self.recent.get(name, -1) for name in base_model], dtype=np.int64)
        if self.curves.scales is None or self.innovation == 0.0:
            return sites
        omega = np.sqrt((self.curves.scales[:, tasks] ** 2).mean(axis=0))
        level = sites.columns.mean(axis=1)[:, sites.index]
        own = (self.innovation * omega[:, None] * level * (1.0 - level)) ** 2
        left = own / (1.0 + counted.clip(0) * own / self.noise.of(tasks)(own))
        return replace(sites, spread=np.where(counted >= 0, np.sqrt(left), sites.spread))


def recent(base_model: pd.Series, planned: npt.NDArray[np.bool_]) -> dict[str, int]:
    """Count the records of the period planned for, of base models that have others too."""
    counts = pd.Series(planned, index=base_model.to_numpy(dtype=object)).groupby(level=0).agg(["sum", "size"])
    counts = counts[counts["sum"] < counts["size"]]
    return {str(name): int(n) for name, n in counts["sum"].items()}


def attention(site: IntArray, n_sites: int) -> FloatArray:
    """Weigh base models by what models to come will be built on.

    Shapes: site (n_candidates,), returns (n_sites,).

    Notes
    -----
    A model to come is on a known base model in proportion to the number of its models now, or on a new one, about
    which every known one says as much: `NEW_BASE_MODELS` is the probability of that.
    """
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
    """Set up the covariance of population boundaries and sites.

    Shapes: z (n_targets,), tasks (n_tasks,), weights (n_tasks, n_targets), site_weights (n_sites,).
    """
    given = (beliefs.population(z, tasks), sites, beliefs.noise.of(tasks), weights)
    return Information(*given) if site_weights is None else BaseModelInformation(*given, site_weights)


def _thinned(curves: Curves) -> Curves:
    n = curves.n_samples
    if n <= _MOST_DRAWS:
        return curves
    kept = np.linspace(0, n - 1, _MOST_DRAWS).round().astype(int)

    def take(values: FloatArray | None) -> FloatArray | None:
        return None if values is None else values[kept]

    return replace(
        curves,
        shape=(1, len(kept)),
        parts={name: values[kept] for name, values in curves.parts.items()},
        effects=take(curves.effects),
        scales=take(curves.scales),
        drift=take(curves.drift),
    )


def _advanced(curves: Curves, rng: np.random.Generator) -> Curves:
    """Append the period to come: a step of the random walk where the model has drift, else the last period again."""
    parts = {name: values[:, :, -1:] for name, values in curves.parts.items()}
    if curves.drift is not None:
        n, tasks = curves.drift.shape
        normal = stats.norm.ppf((np.arange(n) + 0.5) / n)
        step = curves.drift * np.stack([rng.permutation(normal) for _ in range(tasks)], axis=1)
        # The argument of the sigmoid at z is slope (z - midpoint); any two places fix the line, 0 and 1 among them.
        at_zero = -parts["slope"] * parts["midpoint"]
        moved = shift_logit(
            Sigmoid(parts["floor"], parts["ceiling"], at_zero, at_zero + parts["slope"]), step[:, :, None]
        )
        parts = {
            "floor": moved.floor,
            "ceiling": moved.ceiling,
            "slope": parts["slope"],
            "midpoint": -moved.at_low / parts["slope"],
        }
    return replace(
        curves,
        parts={name: np.concatenate([values, parts[name]], axis=2) for name, values in curves.parts.items()},
    )


# Beliefs before any evaluation: draws from a model's priors.

_DRAWS, _SHAPE = 2000, 20
# Scatter of scores below their boundary before any is seen: on the Open LLM Leaderboard v2 the density of scores at
# the boundary is about 2 per unit of score (median of six tasks), which a normal distribution has with this SD.
_SCATTER = 0.024


def prior_beliefs(model: str, tasks: Sequence[str] | None, z: FloatArray, seed: int, tau: float = 0.98) -> Beliefs:
    """Draw boundaries from priors.

    Shapes: z (n_candidates,).
    """
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
        return np.asarray(expit(draw(centre, (_DRAWS, 1)) + draw(spread, (_DRAWS, 1)) * rng.standard_normal(size)))

    def scale(typical: HalfNormal | LogNormal, spread: HalfNormal | LogNormal) -> FloatArray:
        deviation = draw(spread, (_DRAWS, 1)) * rng.standard_normal(size)
        return draw(typical, (_DRAWS, 1)) * np.exp(deviation)

    curve = sigmoid_from_shares(*(share(name) for name in ("high", "start_share", "floor_share", "ceiling_share")))
    slope = (curve.at_high - curve.at_low) / (high - low)
    parts = {"floor": curve.floor, "ceiling": curve.ceiling, "slope": slope, "midpoint": low - curve.at_low / slope}
    residuals = _SCATTER * (np.clip(stats.norm.ppf(RESIDUAL_LEVELS), -4.0, 4.0) - stats.norm.ppf(tau))
    sample = np.random.default_rng(0).normal(-_SCATTER * stats.norm.ppf(tau), _SCATTER, 20_000)
    likelihood = Scale.calibrated([sample], tau, spec.likelihood.smoothing)
    noise = evaluation_noise(residuals[None], likelihood.half_width, likelihood.scale, likelihood.level)
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
