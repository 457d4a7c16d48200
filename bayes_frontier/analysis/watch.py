"""`watch`: whether a boundary has moved since a fit, as far as a newer table says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import expit, logit

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.diff import diff, pair
from bayes_frontier.model.calibration import Scale, scale_of_scores
from bayes_frontier.model.clusters import siblings
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray, IntArray, smooth_pinball_loss
from bayes_frontier.posterior.ahead import Draws, ModelsAhead, drift_ahead, known_effect, new_effect
from bayes_frontier.posterior.drift import DELTA, chances_of_change, check_settings, choose_statement
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import shared_tasks
from bayes_frontier.text import check_choice

VERDICTS = ("advanced", "retreated", "unmoved", "unknown", "re-scored")
"""advanced, retreated: by more than delta, with probability prob; unmoved: by less; re-scored: the models that fit and
table share have other scores now."""
ESTABLISHED = ("advanced", "retreated")
AGAINST = ("fit", "forecast")


def verdicts(
    found: Mapping[str, FloatArray], rescored: npt.NDArray[np.bool_], prob: float | None
) -> npt.NDArray[np.object_]:
    """Turn probabilities into words. Shapes: found (n_tasks,), rescored (n_tasks,), returns (n_tasks,)."""
    names = {"advanced": "advance", "retreated": "retreat", "unmoved": "still"}
    said = {word: xr.DataArray(found[name], dims="task") for word, name in names.items()}
    words = choose_statement(said, prob, "unknown").to_numpy().astype(object)
    words[rescored] = "re-scored"
    return words


def established(verdict: Any) -> npt.NDArray[np.bool_]:  # noqa: ANN401 - array of words
    """Tell which verdicts are drift."""
    return np.isin(np.asarray(verdict, dtype=str), ESTABLISHED)


# Prior standard deviation of the shift on the logit scale: at a score of 0.5, 0.12.
PRIOR_SHIFT = 0.5
CHAINS, BURN, KEPT = 24, 80, 150
_SCORING_STEPS = 30
# The reference Gaussian is widened, so that its tails cover the posterior's.
_WIDER = 1.3
Function = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Levels:
    """Where the base models of the new scores stood."""

    mean: FloatArray  # (n_base_models,): logit of each boundary
    covariance: FloatArray  # (n_base_models, n_base_models): its uncertainty


def shift_draws(
    scores: FloatArray,
    base: IntArray,
    levels: Levels,
    likelihood: Scale,
    rng: np.random.Generator,
    prior: float = PRIOR_SHIFT,
) -> FloatArray:
    """Draw the common shift given new scores of a task; `likelihood` is that of each score.

    Shapes: returns (CHAINS, KEPT).
    """
    n = len(levels.mean)
    # unknowns: the shifted boundary of each base model, and the shift; their prior is joint Gaussian
    mean = np.append(levels.mean, 0.0)
    covariance = np.zeros((n + 1, n + 1))
    covariance[:n, :n] = levels.covariance + prior**2
    covariance[:n, n] = covariance[n, :n] = covariance[n, n] = prior**2
    covariance += 1e-8 * np.eye(n + 1)
    precision = np.linalg.inv(covariance)

    def loss(x: FloatArray) -> FloatArray:
        q = expit(x[:, :n])
        found = smooth_pinball_loss(scores - q[:, base], float(likelihood.level[0]), likelihood.half_width)
        return np.asarray((found / likelihood.scale).sum(axis=1))

    def target(x: FloatArray) -> FloatArray:
        away = x - mean
        return np.asarray(-loss(x) - 0.5 * np.einsum("ci,ij,cj->c", away, precision, away))

    centre, curvature = _scoring(mean, precision, scores, base, likelihood, target)
    reference = np.linalg.inv(curvature) * _WIDER**2
    root, weight = np.linalg.cholesky(reference), curvature / _WIDER**2

    def surplus(x: FloatArray) -> FloatArray:
        away = x - centre
        return np.asarray(target(x) + 0.5 * np.einsum("ci,ij,cj->c", away, weight, away))

    x = centre + rng.standard_normal((CHAINS, n + 1)) @ root.T
    value = surplus(x)
    kept = np.empty((CHAINS, KEPT))
    for step in range(BURN + KEPT):
        x, value = _slice(x, value, centre, root, surplus, rng)
        if step >= BURN:
            kept[:, step - BURN] = x[:, n]
    return kept


def _scoring(
    mean: FloatArray, precision: FloatArray, scores: FloatArray, base: IntArray, likelihood: Scale, target: Function
) -> tuple[FloatArray, FloatArray]:
    """Mode and expected curvature, by Fisher scoring with a line search."""
    n = len(mean) - 1
    curvature = precision
    information = np.bincount(base, likelihood.density / likelihood.scale, n)
    x, value = mean.copy(), float(target(mean[None, :])[0])
    for _ in range(_SCORING_STEPS):
        q = expit(x[:n])
        slope = q * (1.0 - q)
        residual = scores - q[base]
        pull = np.clip(0.5 * (residual / likelihood.half_width + 1.0), 0.0, 1.0) - (1.0 - likelihood.level)
        gradient = -precision @ (x - mean)
        gradient[:n] += np.bincount(base, pull / likelihood.scale, n) * slope
        curvature = precision.copy()
        curvature[np.arange(n), np.arange(n)] += information * slope**2
        move, part = np.linalg.solve(curvature, gradient), 1.0
        while part > 1e-3:
            new = x + part * move
            risen = float(target(new[None, :])[0])
            if risen >= value:
                break
            part *= 0.5
        else:
            break
        x, done, value = new, risen - value < 1e-3, risen
        if done:
            break
    return x, curvature


def _slice(
    x: FloatArray, value: FloatArray, centre: FloatArray, root: FloatArray, surplus: Function, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Move every chain once along its own ellipse."""
    other = rng.standard_normal(x.shape) @ root.T
    floor = value - rng.standard_exponential(len(x))
    angle = rng.uniform(0.0, 2.0 * np.pi, len(x))
    low, high = angle - 2.0 * np.pi, angle.copy()
    moved, height = x.copy(), value.copy()
    open_ = np.arange(len(x))
    while len(open_):
        a = angle[open_, None]
        tried = centre + (x[open_] - centre) * np.cos(a) + other[open_] * np.sin(a)
        found = surplus(tried)
        good = found > floor[open_]
        moved[open_[good]], height[open_[good]] = tried[good], found[good]
        open_ = open_[~good]
        below = angle[open_] < 0.0
        low[open_[below]] = angle[open_[below]]
        high[open_[~below]] = angle[open_[~below]]
        angle[open_] = rng.uniform(low[open_], high[open_])
    return moved, height


def watch(
    frontier: Frontier,
    newer: Evaluations,
    *,
    tasks: list[str] | None = None,
    flops: float | None = None,
    delta: float = DELTA,
    prob: float = 0.95,
    against: str = "fit",
    seed: int = 1,
) -> xr.Dataset:
    """Compare a newer table with a fit.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    newer : Evaluations
        Scores of later models; records that the fit has too are used only to notice re-scoring.
    tasks : list of str, optional
        Tasks to look at; none: all that the fit and the table share.
    flops : float, optional
        Compute at which the change of the population boundary is stated; default: the median of the table's.
    delta : float
        Smallest change that matters, in scores.
    prob : float
        Probability that a verdict asks for, and of the equal-tailed intervals; above 0.5.
    against : {"fit", "forecast"}
        What a change is counted from: the boundary of the last fitted scores, or where the fit forecast it to be.
    seed : int
        Seed of the draws.

    Returns
    -------
    xarray.Dataset
        Dim task: n_models, n_base_models, n_known (of these, fitted), median, lower, upper of the change (scores),
        forecast, forecast_lower, forecast_upper (the change the fit expected), advance (P(change > delta)), retreat
        (P(change < -delta)), still, surprise (two-sided tail probability of the change under the forecast) and verdict,
        see `watch_verdicts.VERDICTS`.

    Raises
    ------
    QueryError
        If no task is shared, a task asked for is missing, or a setting is out of range.
    DataError
        If the table has no new record and no task in it was re-scored.
    """
    check_settings(delta, prob)
    check_choice(against, AGAINST, "against")
    names = shared_tasks(frontier, newer, tasks)
    difference = diff(frontier.evaluations, newer, tau=frontier.tau)
    fresh = np.ones(newer.n_models, dtype=bool)
    fresh[pair(frontier.evaluations, newer)[1]] = False
    if not fresh.any() and not difference.rescored:
        raise DataError(f"{newer.source}: all of its {newer.n_models:,} records are in the fit; nothing is new.")
    models = newer.models[fresh].reset_index(drop=True)
    middle = 10.0 ** float(np.median(log_flops(newer.models["flops"]))) if flops is None else flops
    rng = np.random.default_rng(seed)
    draws, likelihood = Draws.random(frontier, rng, frontier.curves.n_samples), Scale.from_posterior(frontier.posterior)
    found = {name: np.full(len(names), np.nan) for name in _NUMBERS}
    for i, name in enumerate(names):
        scored = models[models[name].notna()]
        found["n_models"][i], found["n_base_models"][i] = len(scored), scored["base_model"].nunique()
        if not len(scored):
            continue
        first = scored.groupby("base_model", sort=True)
        bases = first[["flops", "released"]].median().reset_index()
        place = ModelsAhead.from_models(
            frontier, bases["base_model"], bases["flops"], bases["released"], newer.registry
        )
        found["n_known"][i] = int(place.fitted.sum())
        code = first.ngroup().to_numpy().astype(np.int64)
        k = frontier.tasks.index(name)
        levels = _levels(frontier, place, k, draws, rng)
        scale = scale_of_scores(likelihood, k, place.base[code], siblings(scored))
        shift = shift_draws(scored[name].to_numpy(float), code, levels, scale, rng)
        ahead = np.array([np.average(place.quarters, weights=np.bincount(code))])
        expected = drift_ahead(frontier.curves, draws, k, ahead)[:, 0]
        before = frontier.boundary(middle, task=name).to_numpy().ravel()
        _state(found, i, rng.permutation(shift.ravel()), rng.permutation(expected), before, (delta, prob, against), rng)
    rescored = np.isin(names, difference.rescored)
    said = verdicts(found, rescored, prob if frontier.converged else None)
    return xr.Dataset(
        {key: ("task", values) for key, values in {**found, "verdict": said}.items()},
        coords={"task": names},
        attrs={
            "delta": delta,
            "prob": prob,
            "against": against,
            "flops": middle,
            "new": int(fresh.sum()),
            "shared": int((~fresh).sum()),
            "source": newer.source,
        },
    )


_CHANGE = ("median", "lower", "upper", "forecast", "forecast_lower", "forecast_upper")
_NUMBERS = ("n_models", "n_base_models", "n_known", *_CHANGE, "advance", "retreat", "still", "surprise")


def _levels(frontier: Frontier, bases: ModelsAhead, task: int, draws: Draws, rng: np.random.Generator) -> Levels:
    """Where the base models' boundaries were, each with what it may have moved on its own since."""
    level = frontier.curves.logits(bases.z, task, samples=draws.samples)
    known = bases.fitted
    if known.any():
        level[:, known] += known_effect(frontier.curves, draws, task, bases.part(known), moved=False)
    # a stand-in of its own for each new base model: what they have in common is the curve
    stand_ins = new_effect(draws, task, bases.part(~known))
    for i, new in enumerate(np.flatnonzero(~known)):
        level[:, new] += stand_ins[np.arange(len(level)), rng.integers(0, stand_ins.shape[1], len(level)), i]
    covariance = np.atleast_2d(np.cov(level, rowvar=False))
    scales = frontier.curves.scales
    if scales is not None:
        share = frontier.spec.priors.base_model_innovation
        own = share**2 * float((scales[draws.samples, task] ** 2).mean()) * bases.quarters
        covariance = covariance + np.diag(np.where(known, own, 0.0))
    return Levels(level.mean(axis=0), covariance)


def _state(
    found: dict[str, FloatArray],
    i: int,
    shift: FloatArray,
    expected: FloatArray,
    before: FloatArray,
    settings: tuple[float, float, str],
    rng: np.random.Generator,
) -> None:
    delta, prob, against = settings
    tails = [0.5, 0.5 - prob / 2.0, 0.5 + prob / 2.0]
    forecast, level = expected[: len(before)], logit(np.clip(before, 1e-9, 1.0 - 1e-9))
    pick = rng.integers(0, len(before), len(shift))
    start = level[pick] + (forecast[pick] if against == "forecast" else 0.0)
    change = expit(level[pick] + shift) - expit(start)
    planned = expit(level + forecast) - expit(level)
    for names, drawn in ((_CHANGE[:3], change), (_CHANGE[3:], planned)):
        for name, value in zip(names, np.quantile(drawn, tails), strict=True):
            found[name][i] = value
    chances = chances_of_change(xr.DataArray(change, dims="draw"), delta)
    for name, chance in zip(("advance", "retreat", "still"), chances, strict=True):
        found[name][i] = float(chance)
    beyond = float((shift > forecast[rng.integers(0, len(forecast), len(shift))]).mean())
    found["surprise"][i] = 2.0 * min(beyond, 1.0 - beyond)
