"""Likelihood of one task with the base-model effects integrated out, one dimension at a time.

Given a task's curve, drift and the spread omega of base-model effects, base models are independent: the marginal
likelihood is a product over base models of ``integral Normal(u; 0, omega) exp(-loss(u) / s) du``. The integrand is
steep below its mode, shallow above it, so each side is integrated by its own Gauss-Legendre rule, dense near the mode.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from bayes_frontier.model.grouped import cell_loss
from bayes_frontier.model.likelihood import FloatArray, IntArray

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
# Nodes on (0, 1), squared to crowd at the mode, with the weights that go with the substitution.
PLACE: FloatArray = (0.5 * (_NODES + 1.0)) ** 2
WEIGHT: FloatArray = 0.5 * (_NODES + 1.0) * _WEIGHTS
POINTS = 2 * len(PLACE)
# The integrand is followed down to this many nats below its mode.
_DEPTH = 11.0


def _height(
    u: float,
    logit: FloatArray,
    omega: float,
    pieces: FloatArray,
    buckets: IntArray,
    places: FloatArray,
    cell: IntArray,
    slopes: FloatArray,
) -> tuple[float, float]:
    """Log integrand at effect `u` and its derivative; fills `slopes` with the derivative of each cell in the logit."""
    height, slope = -0.5 * (u / omega) ** 2, -u / (omega * omega)
    for i in range(len(cell)):
        low, per_unit, first, count = places[cell[i]]
        q = 1.0 / (1.0 + np.exp(-(logit[i] + u)))
        loss, d = cell_loss(q, low, per_unit, int(first), int(count), pieces, buckets)
        height -= loss
        slopes[i] = -d * q * (1.0 - q)
        slope += slopes[i]
    return height, slope


_height_at: Callable[..., Any] = numba.njit(_height)


def _find_mode(
    u: float,
    step: float,
    logit: FloatArray,
    omega: float,
    pieces: FloatArray,
    buckets: IntArray,
    places: FloatArray,
    cell: IntArray,
    slopes: FloatArray,
) -> float:
    """Mode of the integrand: bracketed from `u` by doubling steps, then false position (Illinois)."""
    _, d = _height_at(u, logit, omega, pieces, buckets, places, cell, slopes)
    direction = 1.0 if d > 0.0 else -1.0
    a, da, b, db = u, d, u, d
    for _ in range(60):
        b = a + direction * step
        _, db = _height_at(b, logit, omega, pieces, buckets, places, cell, slopes)
        if db * direction <= 0.0:
            break
        a, da, step = b, db, 2.0 * step
    for _ in range(12):
        if abs(b - a) < 0.02 * step or da == db:
            break
        c = (a * db - b * da) / (db - da)
        _, dc = _height_at(c, logit, omega, pieces, buckets, places, cell, slopes)
        if dc * db <= 0.0:
            a, da = b, db
        else:
            da *= 0.5
        b, db = c, dc
    return b


_mode_of: Callable[..., Any] = numba.njit(_find_mode)


def _marginal(
    level_logit: FloatArray,
    drift: FloatArray,
    omega: float,
    pieces: FloatArray,
    buckets: IntArray,
    places: FloatArray,
    cells: IntArray,
    first: IntArray,
    period: IntArray,
    cache: FloatArray,
) -> tuple[Any, ...]:
    """Log marginal likelihood of a task, its derivatives, and the conditional distribution of each effect.

    `pieces`, `buckets` and `places` (its cells) are those of a `LossPieces`; a cell without scores has one bucket.
    Periods are what drift steps between, here stretches of time.
    `level_logit` (n_base_models,) and `drift` (n_periods,) add up to the logit of a cell's boundary without effect;
    `cells`, `first` and `period` list the cells of each base model; `cache` (n_base_models, 3) holds mode, width below
    and width above of the last call, zeros at first. Returns the log likelihood; its derivatives in `level_logit`,
    `drift` and log omega; the conditional mean of each effect and its derivative in the drifts (their sum is the
    derivative in `level_logit`); and nodes and weights of the conditional distributions.
    """
    n_bases, n_periods = level_logit.shape[0], drift.shape[0]
    d_level, d_drift, d_omega, value = np.zeros(n_bases), np.zeros(n_periods), 0.0, 0.0
    mean, reaction = np.zeros(n_bases), np.zeros((n_bases, n_periods))
    node, weight = np.zeros((n_bases, POINTS)), np.zeros((n_bases, POINTS))
    half = POINTS // 2
    slopes = np.zeros(n_periods)
    for b in range(n_bases):
        low, high = first[b], first[b + 1]
        cell = cells[low:high]
        m = high - low
        logit = np.empty(m)
        seen = False
        for i in range(m):
            logit[i] = level_logit[b] + drift[period[low + i]]
            seen = seen or places[cell[i], 3] > 1.0
        if not seen:
            for j in range(POINTS):
                node[b, j] = omega * (8.0 * (j + 0.5) / POINTS - 4.0)
                weight[b, j] = np.exp(-0.5 * (node[b, j] / omega) ** 2)
            weight[b] /= weight[b].sum()
            continue
        if cache[b, 1] == 0.0:
            cache[b, 0], cache[b, 1], cache[b, 2] = 0.0, omega, omega
        mode = _mode_of(
            cache[b, 0], 0.05 * min(cache[b, 1], cache[b, 2]), logit, omega, pieces, buckets, places, cell, slopes
        )
        top, _ = _height_at(mode, logit, omega, pieces, buckets, places, cell, slopes)
        cache[b, 0] = mode
        for side in range(2):
            sign, w = 2.0 * side - 1.0, cache[b, 1 + side]
            drop = top - _height_at(mode + sign * w, logit, omega, pieces, buckets, places, cell, slopes)[0]
            while drop > 2.0 * _DEPTH:
                w /= 1.4
                drop = top - _height_at(mode + sign * w, logit, omega, pieces, buckets, places, cell, slopes)[0]
            while drop < _DEPTH:
                w *= 1.4
                drop = top - _height_at(mode + sign * w, logit, omega, pieces, buckets, places, cell, slopes)[0]
            cache[b, 1 + side] = w
        mass, first_moment, second_moment = 0.0, 0.0, 0.0
        pull, pull_moment = np.zeros(m), np.zeros(m)
        for j in range(POINTS):
            side = 1 if j >= half else 0
            i = j - half if side else half - 1 - j
            u = mode + (2.0 * side - 1.0) * cache[b, 1 + side] * PLACE[i]
            height, _ = _height_at(u, logit, omega, pieces, buckets, places, cell, slopes)
            p = np.exp(height - top) * WEIGHT[i] * cache[b, 1 + side]
            node[b, j], weight[b, j] = u, p
            mass += p
            first_moment += p * u
            second_moment += p * u * u
            for k in range(m):
                pull[k] += p * slopes[k]
                pull_moment[k] += p * u * slopes[k]
        weight[b] /= mass
        mean[b] = first_moment / mass
        value += top + np.log(mass) - np.log(omega) - 0.5 * np.log(2.0 * np.pi)
        d_omega += second_moment / mass / (omega * omega) - 1.0
        for k in range(m):
            slope = pull[k] / mass
            d_level[b] += slope
            d_drift[period[low + k]] += slope
            reaction[b, period[low + k]] += pull_moment[k] / mass - mean[b] * slope
    return value, d_level, d_drift, d_omega, mean, reaction, node, weight


marginal: Callable[..., Any] = numba.njit(_marginal)
