"""Distributions of simulated scores: unit variance, known quantiles, sums of a shared and an own part."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr, stdtrit

Floats = npt.NDArray[np.float64]
_STUDENT = 3.0
_GUMBEL_MEAN = -float(np.euler_gamma)
_GUMBEL_SD = float(np.pi / np.sqrt(6))
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_TAILS = 10.0 ** -np.arange(1.0, 13.0)
_ENDS = np.concatenate([[0.0, 0.5, 1.0], _TAILS, 1 - _TAILS])
_TURNS = np.concatenate([[0.0], *(sign * 2.0 ** np.arange(-1, 8) for sign in (-1, 1))])


@dataclass(frozen=True)
class Noise:
    """A distribution with mean 0 and variance 1.

    Attributes
    ----------
    cdf : callable
        Distribution function, of an array of any shape.
    quantile : callable
        Its inverse, of probabilities of any shape.
    """

    cdf: Callable[[npt.ArrayLike], Floats]
    quantile: Callable[[npt.ArrayLike], Floats]


def _gumbel_cdf(x: npt.ArrayLike) -> Floats:
    with np.errstate(over="ignore"):
        return np.asarray(-np.expm1(-np.exp(_GUMBEL_MEAN + _GUMBEL_SD * np.asarray(x, dtype=np.float64))))


def _gumbel_quantile(p: npt.ArrayLike) -> Floats:
    return np.asarray((np.log(-np.log1p(-np.asarray(p, dtype=np.float64))) - _GUMBEL_MEAN) / _GUMBEL_SD)


NOISES = {
    "gaussian": Noise(lambda x: np.asarray(ndtr(x)), lambda p: np.asarray(ndtri(p))),
    # Gumbel of minima, skewness -1.14: post-training fails by more than it excels
    "skewed": Noise(_gumbel_cdf, _gumbel_quantile),
    "student": Noise(
        lambda x: np.asarray(stdtr(_STUDENT, np.sqrt(_STUDENT) * np.asarray(x))),
        lambda p: np.asarray(stdtrit(_STUDENT, p) / np.sqrt(_STUDENT)),
    ),
}
"""By name; ``student`` has three degrees of freedom."""


@cache
def quantile_of_sum(tau: float, share: float, common: str, own: str) -> float:
    r"""Return the tau-quantile of ``sqrt(share) b + sqrt(1 - share) e`` with independent b and e.

    It solves :math:`\int_0^1 F_e((x - \sqrt{c}\, Q_b(u)) / \sqrt{1 - c})\, du = \tau` by bracketing, with
    Gauss-Legendre quadrature between probabilities that crowd at 0, at 1 and where the integrand turns.

    Parameters
    ----------
    tau : float
        Probability, in (0, 1).
    share : float
        Variance of b's part c, in [0, 1).
    common, own : str
        Distributions of b and e, names in `NOISES`.

    Returns
    -------
    float
        Accurate to 1e-9 for probabilities from 0.001 to 0.999.
    """
    from scipy.optimize import brentq

    b, e = NOISES[common], NOISES[own]
    if share == 0:
        return float(e.quantile(tau))
    if common == own == "gaussian":
        return float(ndtri(tau))
    wide, narrow = np.sqrt(share), np.sqrt(1 - share)

    def excess(x: float) -> float:
        turns = b.cdf((x + narrow * _TURNS) / wide)
        edges = np.unique(np.clip(np.concatenate([_ENDS, turns]), 1e-15, 1 - 1e-15))
        half = np.diff(edges)[:, None] / 2
        u = edges[:-1, None] + half * (1 + _NODES)
        return float((half * _WEIGHTS * e.cdf((x - wide * b.quantile(u)) / narrow)).sum() - tau)

    # beyond both parts' quantiles at tau / 2, or at (1 + tau) / 2, lies the root
    ends = (float(wide * b.quantile(p) + narrow * e.quantile(p)) for p in (tau / 2, (1 + tau) / 2))
    return float(brentq(excess, *ends, xtol=1e-10))
