"""Regression of one logit score on others, with base models as clusters and tails heavier than normal.

    y_i = x_i' b + u_base(i) + v_base(i),side(i) + e_i,   e ~ Student-t_4(0, sigma)

u ~ Normal(0, tau) is how a base model differs at all, v ~ Normal(0, eta) how its models on one side of the date differ
from it: without v, a thousand fine-tunes of one base model would count as a thousand witnesses of a change that may be
that base model's alone. Priors: b ~ Normal(0, 10), all scales half-Cauchy(1). Sampled by Gibbs, b with u and v
integrated out: the t distribution as a scale mixture of normals, the half-Cauchy as an inverse-gamma mixture (Wand et
al. 2011, Bayesian Analysis 6, 847). Four degrees of freedom because broken fine-tunes score far below all others of
their base model, and they should not decide what a good one is expected to score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_frontier.model.pinball import FloatArray, IntArray

FREEDOM = 4.0
_PRIOR_SD = 10.0
CHAINS, BURN, KEPT = 2, 150, 500


@dataclass(frozen=True)
class Fitted:
    """Draws of the regression.

    Attributes
    ----------
    coefficients : ndarray, shape (n_chains, n_draws, n_columns)
        b.
    sigma, tau, eta : ndarray, shape (n_chains, n_draws)
        Scales of residuals, of base models, and of their sides.
    effects : ndarray, shape (n_base_models, 2)
        Posterior means of u + v, by side.
    """

    coefficients: FloatArray
    sigma: FloatArray
    tau: FloatArray
    eta: FloatArray
    effects: FloatArray


def regress(
    y: FloatArray, x: FloatArray, base: IntArray, side: IntArray, seed: int, *, kept: int | None = None
) -> Fitted:
    """Draw from the posterior.

    Parameters
    ----------
    y : ndarray, shape (n,)
        Logit scores.
    x : ndarray, shape (n, n_columns)
        Covariates, the constant included.
    base : ndarray of int, shape (n,)
        Base model of each, numbered from 0.
    side : ndarray of int, shape (n,)
        0 before the date, 1 after it.
    seed : int
        Random numbers.
    kept : int, optional
        Draws a chain (default: `KEPT`).

    Returns
    -------
    Fitted
        The draws.
    """
    kept = KEPT if kept is None else kept
    rng = np.random.default_rng(seed)
    n_bases, columns = int(base.max()) + 1, x.shape[1]
    cell = 2 * base + side
    # records of a cell stand together, so that sums by cell are cheap; cells without records keep sums of zero
    order = np.argsort(cell, kind="stable")
    y, x, cell = y[order], x[order], cell[order]
    present, first = np.unique(cell, return_index=True)
    shape = (CHAINS, kept)
    coefficients, sigma, tau, eta = np.empty((*shape, columns)), *(np.empty(shape) for _ in range(3))
    effects = np.zeros(2 * n_bases)
    with_y = np.column_stack([x, y, np.ones(len(y))])
    for chain in range(CHAINS):
        s2, t2, h2 = float(np.var(y)) * np.exp(rng.normal(0.0, 0.5)), 0.05, 0.01
        mixed, weight = np.ones(3), np.ones(len(y))
        for step in range(BURN + kept):
            heavy = with_y * weight[:, None]
            sums = np.zeros((2 * n_bases, columns + 2))
            sums[present] = np.add.reduceat(heavy, first, axis=0)
            sums = sums.reshape(n_bases, 2, columns + 2)
            known, total = sums[..., :-1], sums[..., -1]
            inner = _inverse(total, s2, t2, h2)
            # X'WX and X'Wy in one, less what the effects take
            gram = x.T @ heavy[:, :-1] - np.einsum("bik,bij,bjl->kl", known[..., :-1], inner, known)
            precision = gram[:, :-1] / s2 + np.eye(columns) / _PRIOR_SD**2
            mean = np.linalg.solve(precision, gram[:, -1] / s2)
            b = mean + np.linalg.solve(np.linalg.cholesky(precision).T, rng.standard_normal(columns))
            r = np.einsum("bij,bj->bi", inner, known[..., -1] - known[..., :-1] @ b)
            r += np.einsum("bij,bj->bi", np.linalg.cholesky(inner * s2), rng.standard_normal((n_bases, 2)))
            # the part of both sides' effects that is the base model's
            share = 1.0 / (1.0 / t2 + 2.0 / h2)
            u = share * r.sum(axis=1) / h2 + np.sqrt(share) * rng.standard_normal(n_bases)
            residual = y - x @ b - r.ravel()[cell]
            weight = rng.gamma(0.5 * (FREEDOM + 1.0), 2.0 / (FREEDOM + residual**2 / s2))
            squares = (weight @ residual**2, u @ u, ((r - u[:, None]) ** 2).sum())
            counts = (len(y), n_bases, 2 * n_bases)
            s2, t2, h2 = (
                (1.0 / mix + 0.5 * float(square)) / rng.gamma(0.5 * (count + 1.0))
                for mix, square, count in zip(mixed, squares, counts, strict=True)
            )
            mixed = (1.0 + 1.0 / np.array([s2, t2, h2])) / rng.gamma(1.0, size=3)
            if step >= BURN:
                k = step - BURN
                coefficients[chain, k] = b
                sigma[chain, k], tau[chain, k], eta[chain, k] = np.sqrt([s2, t2, h2])
                effects += r.ravel() / (CHAINS * kept)
    return Fitted(coefficients, sigma, tau, eta, effects.reshape(n_bases, 2))


def _inverse(total: FloatArray, s2: float, t2: float, h2: float) -> FloatArray:
    """Inverse of ``s2 * Sigma**-1 + diag(total)`` by base model, Sigma = t2 + h2 I; shape (n_base_models, 2, 2)."""
    outside = s2 / h2 * t2 / (2.0 * t2 + h2)
    a, d = (s2 / h2 - outside + total[:, i] for i in (0, 1))
    determinant = a * d - outside**2
    found = np.empty((len(total), 2, 2))
    found[:, 0, 0], found[:, 1, 1] = d / determinant, a / determinant
    found[:, 0, 1] = found[:, 1, 0] = outside / determinant
    return found
