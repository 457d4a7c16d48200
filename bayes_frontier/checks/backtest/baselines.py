"""Boundaries to compare with: simple quantiles, quantile regression from libraries, published and ideal sigmoids."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linprog, minimize
from scipy.special import expit

from bayes_frontier.model.likelihood import FloatArray, pinball_loss
from bayes_frontier.text import check_choice

# Starting values: slopes per decade, and midpoints as quantiles of log10 compute.
_SLOPES, _MIDPOINTS = (1.0, 2.7, 6.0), (0.05, 0.35, 0.65, 0.95)
# Sharpness of the loss, step by step towards the exact one; each step starts where the one before it ended.
_SHARPER = (50.0, 200.0, 1000.0, 5000.0)


@dataclass(frozen=True)
class Sigmoid:
    """A curve ``floor + (ceiling - floor) * sigmoid(slope * (z - midpoint))``."""

    floor: float  # floor, ceiling: scores, ``0 <= floor <= ceiling <= 1``
    ceiling: float
    slope: float  # per decade, positive
    midpoint: float  # log10 compute

    def __call__(self, z: FloatArray) -> FloatArray:
        """Evaluate the curve."""
        return np.asarray(self.floor + (self.ceiling - self.floor) * expit(self.slope * (z - self.midpoint)))


def smoothed_sigmoid(z: FloatArray, score: FloatArray, tau: float, *, kappa: float, ridge: float) -> Sigmoid:
    """Minimise ``mean(log(1 + exp(kappa u)) / kappa + (tau - 1) u) + ridge * slope**2`` with u = score - curve."""
    found = [_descend(start, z, score, tau, kappa, ridge) for start in _starts(z, score)]
    return _curve(min(found, key=lambda one: one[1])[0])


def best_sigmoid(z: FloatArray, score: FloatArray, tau: float) -> Sigmoid:
    """Sigmoid of least exact pinball loss, by ever sharper smooth losses from several starts. Shapes: z, score (n,)."""
    met: list[Sigmoid] = []
    for start in _starts(z, score):
        point = start
        for kappa in _SHARPER:
            point, _ = _descend(point, z, score, tau, kappa, 0.0)
            met.append(_curve(point))
    return min(met, key=lambda curve: float(pinball_loss(score - curve(z), tau).mean()))


def _starts(z: FloatArray, score: FloatArray) -> list[FloatArray]:
    low, high = np.quantile(score, [0.05, 0.995])
    high = max(high, 1e-3)
    return [
        np.array([high, low / high, np.log(slope), midpoint])
        for slope in _SLOPES
        for midpoint in np.quantile(z, _MIDPOINTS)
    ]


def _descend(
    start: Sequence[float] | FloatArray, z: FloatArray, score: FloatArray, tau: float, kappa: float, ridge: float
) -> tuple[FloatArray, float]:
    """Minimise from one start over (ceiling, floor / ceiling, log slope, midpoint)."""

    def loss(point: FloatArray) -> tuple[float, FloatArray]:
        ceiling, share, log_slope, midpoint = point
        slope = np.exp(log_slope)
        g = expit(slope * (z - midpoint))
        part = share + (1.0 - share) * g
        u = score - ceiling * part
        value = float((np.logaddexp(0.0, kappa * u) / kappa + (tau - 1.0) * u).mean() + ridge * slope**2)
        weight = -(expit(kappa * u) + tau - 1.0) / len(u)
        bend = ceiling * (1.0 - share) * g * (1.0 - g) * slope
        gradient = np.array(
            [
                weight @ part,
                weight @ (ceiling * (1.0 - g)),
                weight @ (bend * (z - midpoint)) + 2.0 * ridge * slope**2,
                -weight @ bend,
            ]
        )
        return value, gradient

    reach = (float(z.min()) - 3.0, float(z.max()) + 3.0)
    bounds = ((0.0, 1.0), (0.0, 1.0), (-4.0, 4.0), reach)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x), float(found.fun)


def _curve(point: FloatArray) -> Sigmoid:
    ceiling, share, log_slope, midpoint = (float(value) for value in point)
    return Sigmoid(share * ceiling, ceiling, float(np.exp(log_slope)), midpoint)


Window = Literal["last", "past", "next"]
N_BINS, N_KNOTS = 10, 6
# Scores from which a base model is a category of its own, and the most categories scikit-learn's trees can have.
_OFTEN, _MOST_CATEGORIES = 20, 255
KAPPA, SHARP, RIDGE = 50.0, 1000.0, 1e-3
EVERY_PERIOD = "-all"


@dataclass(frozen=True)
class Rows:
    """Scores of one task."""

    z: FloatArray  # (n,): log10 compute of each record
    base_model: npt.NDArray[np.object_]  # (n,): base model of each record
    score: FloatArray  # (n,): scores in [0, 1]


@dataclass(frozen=True)
class Baseline:
    """A boundary to compare with."""

    name: str
    words: str
    # from fitted rows, rows to predict (their scores unused, but by the oracle's window) and tau to levels
    levels: Callable[[Rows, Rows, float], FloatArray]
    # fitted to the last period before the one predicted, to all before it, or to the one predicted itself
    window: Window = "last"


def constant(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """One quantile for all. Shapes: returns (n_asked,)."""
    return np.full(len(asked.z), np.quantile(fitted.score, tau))


def bins(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Quantile of each of about 10 bins of compute with equal numbers of records. Shapes: returns (n_asked,)."""
    edges = np.unique(np.quantile(fitted.z, np.linspace(0.0, 1.0, N_BINS + 1)))[1:-1]
    of = np.searchsorted(edges, fitted.z, side="right")
    quantiles = pd.Series(fitted.score).groupby(of).quantile(tau).reindex(range(len(edges) + 1))
    # ties at an edge can leave a bin empty; it takes the bin below
    return np.asarray(quantiles.ffill().bfill().to_numpy()[np.searchsorted(edges, asked.z, side="right")])


def ispline(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Monotone quantile spline: cubic I-splines with weights of at least zero. Shapes: returns (n_asked,)."""
    # I-splines are running sums of B-splines (Ramsay 1988, doi:10.1214/ss/1177012761); solved through the dual of the
    # linear program, whose variables are one a score: maximise y'a with tau - 1 <= a <= tau, sum(a) = 0 and basis'a <=
    # 0
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
    """Linear quantile regression on log compute (scikit-learn's QuantileRegressor). Shapes: returns (n_asked,)."""
    from sklearn.linear_model import QuantileRegressor

    centre = fitted.z.mean()
    line = QuantileRegressor(quantile=tau, alpha=0.0, solver="highs").fit((fitted.z - centre)[:, None], fitted.score)
    return _scores(line.predict((asked.z - centre)[:, None]))


def boosted(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Gradient-boosted quantile trees on log compute, by scikit-learn. Shapes: returns (n_asked,)."""
    from sklearn.ensemble import GradientBoostingRegressor

    # a leaf needs so many scores for one to lie above its quantile
    leaf = round(1.0 / (1.0 - tau))
    trees = GradientBoostingRegressor(
        loss="quantile", alpha=tau, n_estimators=100, max_depth=2, min_samples_leaf=leaf, random_state=0
    )
    return _scores(trees.fit(fitted.z[:, None], fitted.score).predict(asked.z[:, None]))


def boosted_base(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Boosted quantile trees, increasing in compute, with base models as categories. Shapes: returns (n_asked,)."""
    # rare base models count as missing, and so teach it what to say of those not fitted
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
        min_samples_leaf=round(1.0 / (1.0 - tau)),
        early_stopping=False,
        monotonic_cst=[1, 0],
        categorical_features=[1],
        random_state=0,
    )
    return _scores(trees.fit(features(fitted), fitted.score).predict(features(asked)))


def base_models(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Quantile of each base model's scores, and of all scores for one not fitted. Shapes: returns (n_asked,)."""
    own = pd.Series(fitted.score).groupby(fitted.base_model).quantile(tau)
    return np.asarray(own.reindex(asked.base_model).fillna(np.quantile(fitted.score, tau)).to_numpy())


def paper(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Fit the published sigmoid, kappa = 50, ridge 1e-3 (arXiv 2602.15327). Shapes: returns (n_asked,)."""
    return smoothed_sigmoid(fitted.z, fitted.score, tau, kappa=KAPPA, ridge=RIDGE)(asked.z)


def exact(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Fit the published sigmoid with kappa = 1000: as good as the exact quantile. Shapes: returns (n_asked,)."""
    return smoothed_sigmoid(fitted.z, fitted.score, tau, kappa=SHARP, ridge=RIDGE)(asked.z)


def oracle(fitted: Rows, asked: Rows, tau: float) -> FloatArray:
    """Fit the sigmoid of least exact pinball loss. Shapes: returns (n_asked,)."""
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
    """Look up baselines."""
    wanted = list(DEFAULT if names is None else [names] if isinstance(names, str) else names)
    if wanted == ["all"]:
        return tuple(BASELINES.values())
    for name in wanted:
        check_choice(name, BASELINES, "baselines")
    return tuple(BASELINES[name] for name in dict.fromkeys(wanted))


def _scores(levels: npt.ArrayLike) -> FloatArray:
    return np.asarray(np.clip(np.asarray(levels, dtype=float), 0.0, 1.0))
