"""`watch`: whether a boundary has moved since a fit, as far as a newer table says.

The new records (those the fit has not seen) are compared with where the fit had the boundaries of their base models;
`watch_shift` says how. A change is established where it exceeds delta with probability prob, which is a statement about
the boundary since the fit's last scores. Beside it stands what the fit itself forecast, so that a move it expected can
be told from one it did not. A benchmark that was marked anew is no drift: tasks whose shared records were re-scored are
named instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import expit, logit

from bayes_frontier.analysis.gate_forecast import Asked, Draws, known_effect, new_effect, typical_logit
from bayes_frontier.analysis.verdicts import check_settings
from bayes_frontier.analysis.watch_shift import Levels, Likelihood, shift_draws
from bayes_frontier.analysis.watch_verdicts import check_against, verdicts
from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations.diff import diff
from bayes_frontier.evaluations.pairing import pair
from bayes_frontier.wording import listed, suggestion

if TYPE_CHECKING:
    from bayes_frontier.evaluations.container import Evaluations
    from bayes_frontier.model.pinball import FloatArray
    from bayes_frontier.posterior.frontier import Frontier


def watch(
    frontier: Frontier,
    newer: Evaluations,
    *,
    tasks: list[str] | None = None,
    flops: float | None = None,
    delta: float = 0.02,
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
    check_against(against)
    names = _tasks(frontier, newer, tasks)
    difference = diff(frontier.evaluations, newer, tau=frontier.tau)
    fresh = np.ones(newer.n_models, dtype=bool)
    fresh[pair(frontier.evaluations, newer)[1]] = False
    if not fresh.any() and not difference.rescored:
        raise DataError(f"{newer.source}: all of its {newer.n_models:,} records are in the fit; nothing is new.")
    models = newer.models[fresh].reset_index(drop=True)
    middle = 10.0 ** float(np.median(np.log10(newer.models["flops"].to_numpy(float)))) if flops is None else flops
    rng = np.random.default_rng(seed)
    draws = Draws.of(frontier, rng, frontier.curves.n_samples)
    found = {name: np.full(len(names), np.nan) for name in _NUMBERS}
    for i, name in enumerate(names):
        scored = models[models[name].notna()]
        found["n_models"][i], found["n_base_models"][i] = len(scored), scored["base_model"].nunique()
        if not len(scored):
            continue
        first = scored.groupby("base_model", sort=True)
        bases = first[["flops", "released"]].median().reset_index()
        place = Asked.of(frontier, bases)
        found["n_known"][i] = int(place.known.sum())
        code = first.ngroup().to_numpy().astype(np.int64)
        k = frontier.tasks.index(name)
        shift = shift_draws(
            scored[name].to_numpy(float), code, _levels(frontier, place, k, draws, rng), _likelihood(frontier, k), rng
        )
        ahead = float(np.average(place.ahead, weights=np.bincount(code)))
        expected = _forecast(frontier, k, draws, ahead)
        before = frontier.boundary(middle, task=name).to_numpy().ravel()
        _state(found, i, rng.permutation(shift.ravel()), rng.permutation(expected), before, (delta, prob, against), rng)
    rescored = np.isin(names, difference.rescored)
    probabilities = {key: ("task", found[key]) for key in _NUMBERS}
    said = verdicts(found, rescored, prob if frontier.converged else None)
    return xr.Dataset(
        {**probabilities, "verdict": ("task", said)},
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


def _tasks(frontier: Frontier, newer: Evaluations, tasks: list[str] | None) -> list[str]:
    for name in tasks or ():
        for where, there in (("this fit", frontier.tasks), (newer.source, newer.tasks)):
            if name not in there:
                raise QueryError(f"Task {name!r} is not in {where}.{suggestion(name, there)} There: {listed(there)}.")
    shared = [name for name in frontier.tasks if name in (tasks or newer.tasks)]
    if not shared:
        raise QueryError(
            f"{newer.source} has no task of this fit: it has {listed(newer.tasks)}, the fit {listed(frontier.tasks)}."
        )
    return shared


def _levels(frontier: Frontier, bases: Asked, task: int, draws: Draws, rng: np.random.Generator) -> Levels:
    """Where the base models' boundaries were, each with what it may have moved on its own since."""
    level = typical_logit(frontier, bases, task, draws, drift=False)
    known = bases.known
    still = replace(draws, own=np.zeros_like(draws.own))
    if known.any():
        level[:, known] += known_effect(frontier, bases.part(known), task, still)
    # a stand-in of its own for each new base model: what they have in common is the curve
    stand_ins = new_effect(frontier, bases.part(~known), task, draws)
    for i, new in enumerate(np.flatnonzero(~known)):
        level[:, new] += stand_ins[np.arange(len(level)), rng.integers(0, stand_ins.shape[1], len(level)), i]
    covariance = np.atleast_2d(np.cov(level, rowvar=False))
    scales = frontier.curves.scales
    if scales is not None:
        share = frontier.spec.priors.base_model_innovation
        own = share**2 * float((scales[draws.samples, task] ** 2).mean()) * bases.ahead
        covariance = covariance + np.diag(np.where(known, own, 0.0))
    return Levels(level.mean(axis=0), covariance)


def _likelihood(frontier: Frontier, task: int) -> Likelihood:
    constant = frontier.posterior["constant_data"].dataset.sel(task=frontier.tasks[task])
    return Likelihood(
        level=float(constant["likelihood_level"]),
        half_width=float(constant["half_width"]),
        scale=float(constant["scale"]),
        density=float(constant["density"]),
    )


def _forecast(frontier: Frontier, task: int, draws: Draws, ahead: float) -> FloatArray:
    """Draws of the shift that the fit expected, on the logit scale."""
    curves, samples = frontier.curves, draws.samples
    shift = np.zeros(len(samples))
    if curves.drift is not None:
        shift += curves.drift[samples, task] * draws.drift[:, task] * np.sqrt(ahead)
    if curves.velocity is not None:
        shift += curves.velocity[samples, task] * ahead
    return shift


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
    found["advance"][i] = float((change > delta).mean())
    found["retreat"][i] = float((change < -delta).mean())
    found["still"][i] = float((np.abs(change) <= delta).mean())
    beyond = float((shift > forecast[rng.integers(0, len(forecast), len(shift))]).mean())
    found["surprise"][i] = 2.0 * min(beyond, 1.0 - beyond)
