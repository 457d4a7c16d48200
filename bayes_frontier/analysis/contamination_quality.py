"""Quality behind references that measure it badly: one factor, and what is left of each reference is noise.

A regression on references takes them at their word. Where they scatter around what they measure, its coefficients are
too small, and a rise of quality that they show in part only is taken for a shift of the task (errors in variables,
Fuller 1987, Measurement Error Models). Among models of one base model on one side of the date the references' common
factor tells how far each can be trusted, if what they have in common is what matters for the task; regressing on the
expected factor given the references (regression calibration, Carroll et al. 2006, section 4) then undoes that. How well
the factor is known is drawn by the Bayesian bootstrap over base models (Rubin 1981, Annals of Statistics 9, 130).
"""

from __future__ import annotations

import numpy as np

from bayes_frontier.model.pinball import FloatArray, IntArray

# Deviations beyond this many robust standard deviations are those of broken models.
_CLIP = 4.0
# Below this share of a reference's variation in common, on average, there is no factor to speak of.
_LEAST = 0.1
_STEPS = 60


def expected_quality(references: FloatArray, base: IntArray, side: IntArray, rng: np.random.Generator) -> FloatArray:
    """Draw the references' factor and return what they let expect of it.

    Parameters
    ----------
    references : ndarray, shape (n, n_references)
        Logit scores, of two references at least.
    base : ndarray of int, shape (n,)
        Base model of each, numbered from 0.
    side : ndarray of int, shape (n,)
        0 before the date, 1 after it.
    rng : numpy.random.Generator
        For the bootstrap.

    Returns
    -------
    ndarray, shape (n,)
        On any scale; empty where the references have nothing in common.
    """
    cell = 2 * base + side
    size = np.bincount(cell, minlength=cell.max() + 1).astype(float)
    sums = np.stack([np.bincount(cell, one, minlength=len(size)) for one in references.T], axis=1)
    mean = (sums / np.maximum(size, 1.0)[:, None])[cell]
    away = references - mean
    several = size[cell] > 1
    own = (away * np.sqrt(size / np.maximum(size - 1.0, 1.0))[cell, None])[several]
    spread = 1.4826 * np.median(np.abs(own), axis=0)
    if len(own) < 2 or not (spread > 0.0).all():
        return np.empty(0)
    own = np.clip(own, -_CLIP * spread, _CLIP * spread)
    weight = rng.exponential(size=int(base.max()) + 1)[base[several]]
    covariance = np.einsum("i,ij,ik->jk", weight, own, own) / weight.sum()
    loading = one_factor(covariance)
    noise = np.diag(covariance) - loading**2
    if (loading**2 / np.diag(covariance)).mean() < _LEAST:
        return np.empty(0)
    between = loading / noise / (loading**2 / noise).sum()
    return np.asarray(mean @ between + away @ np.linalg.solve(covariance, loading))


def one_factor(covariance: FloatArray) -> FloatArray:
    """Fit one common factor by iterated principal axes.

    Parameters
    ----------
    covariance : ndarray, shape (n, n)
        Positive definite; of two variables, which leave it undetermined, both get the same share in common.

    Returns
    -------
    ndarray, shape (n,)
        Loadings, none negative, each square below its variable's variance.
    """
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    off = np.abs(correlation - np.eye(len(scale)))
    common = off.max(axis=1)
    loading = np.zeros(len(scale))
    for _ in range(_STEPS):
        values, vectors = np.linalg.eigh(correlation - np.eye(len(scale)) + np.diag(common))
        first = vectors[:, -1] * np.sign(vectors[:, -1].sum() or 1.0)
        loading = np.clip(np.sqrt(max(float(values[-1]), 0.0)) * first, 0.0, 0.99)
        common = loading**2
    return np.asarray(loading * scale)
