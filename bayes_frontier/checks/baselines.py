"""Boundaries to compare with: simple quantiles, quantile regression from libraries, published and ideal sigmoids.

Each is fitted to one task at a time, at every record's own compute as the table has it, and is exceeded by a share
1 - tau of the scores it was fitted to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linprog

from bayes_frontier.checks.sigmoids import best_sigmoid, smoothed_sigmoid
from bayes_frontier.errors import QueryError
from bayes_frontier.model.pinball import FloatArray
from bayes_frontier.wording import listed, suggestion

Window = Literal["last", "past", "next"]
N_BINS, N_KNOTS = 10, 6
# Scores from which a base model is a category of its own, and the most categories scikit-learn's trees can have.
_OFTEN, _MOST_CATEGORIES = 20, 255
KAPPA, SHARP, RIDGE = 50.0, 1000.0, 1e-3
EVERY_PERIOD = "-all"


@dataclass(frozen=True)
class Rows:
    """Scores of one task.

    Attributes
    ----------
    z : ndarray, shape (n,)
        log10 compute of each record.
    base_model : ndarray of str, shape (n,)
        Base model of each record.
    score : ndarray, shape (n,)
        Scores in [0, 1].
    """

    z: FloatArray
    base_model: npt.NDArray[np.object_]
    score: FloatArray


@dataclass(frozen=True)
class Baseline:
    """A boundary to compare with.

    Attributes
    ----------
    name : str
        Its name in tables and options.
    words : str
        What it is, in a few words.
    levels : callable
        From fitted rows, rows to predict (their scores unused, but by the oracle's window) and tau to levels.
    window : {"last", "past", "next"}
        Fitted to the last period before the one predicted, to all before it, or to the one predicted itself.
    """

    name: str
    words: str
    levels: Callable[[Rows, Rows, float], FloatArray]
    window: Window = "last"


def constant(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """One quantile for all.

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels.
    """
    return np.full(len(asked.z), np.quantile(fitted.score, tau))


def bins(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Take the quantile of each of about 10 bins of compute with equal numbers of records.

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels; beyond the data those of the outer bins.
    """
    edges = np.unique(np.quantile(fitted.z, np.linspace(0.0, 1.0, N_BINS + 1)))[1:-1]
    of = np.searchsorted(edges, fitted.z, side="right")
    quantiles = pd.Series(fitted.score).groupby(of).quantile(tau).reindex(range(len(edges) + 1))
    # ties at an edge can leave a bin empty; it takes the bin below
    return np.asarray(quantiles.ffill().bfill().to_numpy()[np.searchsorted(edges, asked.z, side="right")])


def ispline(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Monotone quantile spline: cubic I-splines with weights of at least zero, by linear programming.

    I-splines are running sums of B-splines (Ramsay 1988, doi:10.1214/ss/1177012761). Solved through its dual, whose
    variables are one a score: maximise ``y'a`` with ``tau - 1 <= a <= tau``, ``sum(a) = 0`` and ``basis'a <= 0``.

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels, non-decreasing in compute and constant beyond the data.
    """
    from sklearn.preprocessing import SplineTransformer

    knots = np.unique(np.quantile(fitted.z, np.linspace(0.0, 1.0, N_KNOTS)))
    if len(knots) < 2:
        return constant(fitted, asked, tau)
    spline = SplineTransformer(degree=3, knots=knots[:, None], extrapolation="constant").fit(fitted.z[:, None])

    def basis(z: FloatArray) -> FloatArray:
        return np.asarray(spline.transform(z[:, None])[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:])

    columns = basis(fitted.z).T
    solved = linprog(
        -fitted.score,
        A_ub=columns,
        b_ub=np.zeros(len(columns)),
        A_eq=np.ones((1, len(fitted.z))),
        b_eq=[0.0],
        bounds=(tau - 1.0, tau),
        method="highs",
    )
    return _scores(-solved.eqlin.marginals[0] - basis(asked.z) @ solved.ineqlin.marginals)


def linear(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Linear quantile regression on log compute (scikit-learn's QuantileRegressor).

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels, cut to [0, 1].
    """
    from sklearn.linear_model import QuantileRegressor

    centre = fitted.z.mean()
    line = QuantileRegressor(quantile=tau, alpha=0.0, solver="highs").fit((fitted.z - centre)[:, None], fitted.score)
    return _scores(line.predict((asked.z - centre)[:, None]))


def boosted(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Gradient-boosted quantile trees on log compute (scikit-learn's GradientBoostingRegressor).

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels, cut to [0, 1].
    """
    from sklearn.ensemble import GradientBoostingRegressor

    trees = GradientBoostingRegressor(
        loss="quantile", alpha=tau, n_estimators=100, max_depth=2, min_samples_leaf=_leaf(tau), random_state=0
    )
    return _scores(trees.fit(fitted.z[:, None], fitted.score).predict(asked.z[:, None]))


def boosted_base(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Boosted quantile trees, constrained to increase in compute, with the base model as a category.

    scikit-learn's HistGradientBoostingRegressor, whose leaves keep the constraint only nearly. Base models with fewer
    than 20 scores count as missing, and so teach it what to say of those not fitted.

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels, cut to [0, 1].
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    counts = pd.Series(fitted.base_model).value_counts()
    often = counts.index[counts >= _OFTEN][:_MOST_CATEGORIES]
    codes = {name: float(i) for i, name in enumerate(often)}

    def features(rows: Rows) -> FloatArray:
        return np.column_stack([rows.z, [codes.get(name, np.nan) for name in rows.base_model]])

    trees = HistGradientBoostingRegressor(
        loss="quantile",
        quantile=tau,
        max_leaf_nodes=8,
        min_samples_leaf=_leaf(tau),
        early_stopping=False,
        monotonic_cst=[1, 0],
        categorical_features=[1],
        random_state=0,
    )
    return _scores(trees.fit(features(fitted), fitted.score).predict(features(asked)))


def base_models(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Take the quantile of each base model's scores, and of all scores for one not fitted.

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels.
    """
    own = pd.Series(fitted.score).groupby(fitted.base_model).quantile(tau)
    return np.asarray(own.reindex(asked.base_model).fillna(np.quantile(fitted.score, tau)).to_numpy())


def paper(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Fit the published sigmoid: smoothed pinball loss with kappa = 50, ridge 1e-3 (arXiv 2602.15327).

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels.
    """
    return smoothed_sigmoid(fitted.z, fitted.score, tau, kappa=KAPPA, ridge=RIDGE)(asked.z)


def exact(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Fit the published sigmoid with kappa = 1000: as good as the exact quantile.

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels.
    """
    return smoothed_sigmoid(fitted.z, fitted.score, tau, kappa=SHARP, ridge=RIDGE)(asked.z)


def oracle(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Fit the sigmoid of least exact pinball loss.

    Parameters
    ----------
    fitted, asked : Rows
        Scores to fit, records to predict; the same ones for an oracle.
    tau : float
        Quantile level.

    Returns
    -------
    ndarray, shape (n_asked,)
        Levels.
    """
    return best_sigmoid(fitted.z, fitted.score, tau)(asked.z)


_BASES = (
    Baseline("constant", "one quantile for all compute", constant),
    Baseline("bins", f"quantile in each of {N_BINS} compute bins", bins),
    Baseline("ispline", "monotone I-spline quantile", ispline),
    Baseline("linear", "linear quantile regression (scikit-learn)", linear),
    Baseline("boosted", "boosted quantile trees on compute (scikit-learn)", boosted),
    Baseline("boosted-base", "boosted quantile trees on compute and base model (scikit-learn)", boosted_base),
    Baseline("base-model", "quantile of the base model, pooled for a new one", base_models),
    Baseline("paper", "smoothed-pinball sigmoid, kappa 50 (arXiv 2602.15327)", paper),
    Baseline("exact", "the paper's sigmoid with kappa 1000, the exact quantile", exact),
)
BASELINES: dict[str, Baseline] = {
    **{one.name: one for one in _BASES},
    **{one.name + EVERY_PERIOD: replace(one, name=one.name + EVERY_PERIOD, window="past") for one in _BASES},
    "oracle": Baseline("oracle", "best sigmoid for the period predicted itself", oracle, "next"),
}
"""Every baseline by name; the plain name is fitted to the last period, ``-all`` to all periods before."""

# The stronger window of each on the Open LLM Leaderboard v2; of the published fit both.
DEFAULT = (
    *("constant", "bins", "ispline", "linear", "boosted", "boosted-base", "base-model-all"),
    *("paper", "paper-all", "exact", "exact-all", "oracle"),
)


def choose(names: Sequence[str] | str | None = None) -> tuple[Baseline, ...]:
    """Look up baselines.

    Parameters
    ----------
    names : str or sequence of str, optional
        Names; "all" for every one; none: the default ones.

    Returns
    -------
    tuple of Baseline
        Each once, in the order given.

    Raises
    ------
    QueryError
        If a name is unknown.
    """
    wanted = list(DEFAULT if names is None else [names] if isinstance(names, str) else names)
    if wanted == ["all"]:
        return tuple(BASELINES.values())
    for name in wanted:
        if name not in BASELINES:
            raise QueryError(
                f"baselines: there is no {name!r}.{suggestion(name, list(BASELINES))} There are "
                f"{listed(BASELINES, len(BASELINES))}."
            )
    return tuple(BASELINES[name] for name in dict.fromkeys(wanted))


def _leaf(tau: float) -> int:
    """Scores a leaf needs for one to lie above its quantile."""
    return round(1.0 / (1.0 - tau))


def _scores(levels: npt.ArrayLike) -> FloatArray:
    return np.asarray(np.clip(np.asarray(levels, dtype=float), 0.0, 1.0))
