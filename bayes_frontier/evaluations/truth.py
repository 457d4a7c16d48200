"""The truth behind simulated evaluations: boundaries in closed form, and the distributions of scores around them."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy.special import expit, ndtr, ndtri, stdtr, stdtrit

from bayes_frontier.errors import QueryError
from bayes_frontier.text import listed, suggestion

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

    * cdf: distribution function, of an array of any shape
    * quantile: its inverse, of probabilities of any shape
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


# The truth behind simulated evaluations: boundaries in closed form.

_CURVE = ("floor", "ceiling", "slope", "midpoint")


@dataclass(frozen=True, eq=False)
class Truth:
    r"""Known boundaries of simulated scores.

    A score of task k in period t on base g, at z = log10 FLOPs, is

    .. math:: y = q_{kt}(z) + s(z) (X - Q_\tau(X)), \quad X = \sqrt{c}\, b_{gk} + \sqrt{1 - c}\, e

    clipped to [0, 1], with b and e of mean 0 and variance 1. So the population boundary, the tau-quantile
    over base models and models, is exactly the sigmoid

    .. math:: q_{kt}(z) = floor_k + (ceiling_k - floor_k)\, expit(slope_k (z - midpoint_k)) + shift_{kt}

    and that of base g is :math:`q_{kt}(z) + s(z) (\sqrt{c}\, b_{gk} + \sqrt{1 - c}\, Q_\tau(e) - Q_\tau(X))`.
    Where scores are then counted on a finite number of items, boundaries are those before counting.

    Attributes
    ----------
    tasks, period_labels, base_model_names : tuple of str
        Names along the axes of everything below.
    period_ends : tuple of date or None
        Closing dates, None for an open period.
    tau : float
        Quantile of the boundary.
    floor, ceiling, slope, midpoint : numpy.ndarray
        Of each task's sigmoid, in scores, per decade and in log10 FLOPs; shape (n_tasks,).
    shift : numpy.ndarray
        Change of the whole curve, shape (n_tasks, n_periods).
    effects : numpy.ndarray
        b, shape (n_base_models, n_tasks).
    spread, spread_slope, center : float
        s(z) = spread * (1 + spread_slope) ** (z - center).
    correlation : float
        c, the share of variance that models of one base have in common.
    noise, base_effects : str
        Distributions of e and b, names in `bayes_frontier.evaluations.truth.NOISES`.
    clipped_below, clipped_above : numpy.ndarray
        Number of scores clipped to 0 and to 1, shape (n_tasks,). Clipping moves no boundary in [0, 1].
    """

    tasks: tuple[str, ...]
    period_labels: tuple[str, ...]
    base_model_names: tuple[str, ...]
    period_ends: tuple[dt.date | None, ...]
    tau: float
    floor: Floats
    ceiling: Floats
    slope: Floats
    midpoint: Floats
    shift: Floats
    effects: Floats
    spread: float
    spread_slope: float
    center: float
    correlation: float
    noise: str
    base_effects: str
    clipped_below: npt.NDArray[np.int64]
    clipped_above: npt.NDArray[np.int64]

    def boundary(
        self,
        flops: npt.ArrayLike,
        task: str | None = None,
        period: int | str | dt.date | None = None,
        base_model: str | None = None,
        tau: float | None = None,
    ) -> xr.DataArray:
        """Return the true boundary.

        Parameters
        ----------
        flops : float or array of float
            Pre-training FLOPs.
        task : str, optional
            One task; none: all.
        period : int, str or date, optional
            Number, label, or a date (or its ISO form) in the period; "all": every one; none: the last.
        base_model : str, optional
            One of `base_model_names`, for its own boundary; none: that of a model on a new base.
        tau : float, optional
            Another quantile than the simulated one.

        Returns
        -------
        xarray.DataArray
            Scores with dims task, period and flops, without those given as one value: the dims of a fitted
            boundary without chain and draw.

        Raises
        ------
        QueryError
            If an argument names what is not there or is out of range.
        """
        compute = _positive(flops)
        tau = self.tau if tau is None else tau
        _check_probability(tau)
        k = slice(None) if task is None else self._position("task", task, self.tasks)
        t = slice(None) if period == "all" else self._period(period)
        z = np.atleast_1d(np.log10(compute))
        curve = self.population(z) + self._offset(base_model, tau)[:, None, None] * self.scale(z)
        coords = {"task": list(self.tasks), "period": list(self.period_labels), "flops": np.atleast_1d(compute)}
        values = xr.DataArray(
            np.clip(curve, 0.0, 1.0), dims=("task", "period", "flops"), coords=coords, name="boundary"
        )
        return values.isel({"task": k, "period": t, "flops": 0 if compute.ndim == 0 else slice(None)})

    def population(self, z: Floats) -> Floats:
        """Return the population boundary at `tau`.

        Parameters
        ----------
        z : numpy.ndarray
            log10 FLOPs, shape (n,).

        Returns
        -------
        numpy.ndarray
            Scores, shape (n_tasks, n_periods, n).
        """
        rise = expit(self.slope[:, None] * (z - self.midpoint[:, None]))
        curve = self.floor[:, None] + (self.ceiling - self.floor)[:, None] * rise
        return np.asarray(curve[:, None, :] + self.shift[:, :, None])

    def scale(self, z: Floats) -> Floats:
        """Return the standard deviation of scores before clipping.

        Parameters
        ----------
        z : numpy.ndarray
            log10 FLOPs, of any shape.

        Returns
        -------
        numpy.ndarray
            Standard deviations, same shape.
        """
        return np.asarray(self.spread * (1 + self.spread_slope) ** (z - self.center))

    def total_quantile(self, tau: float) -> float:
        """Return the quantile of X.

        Parameters
        ----------
        tau : float
            Probability.

        Returns
        -------
        float
            In standard deviations of X.
        """
        return quantile_of_sum(tau, self.correlation, self.base_effects, self.noise)

    def _offset(self, base_model: str | None, tau: float) -> Floats:
        """Return the boundary's distance from the population's at `self.tau`, in SDs, shape (n_tasks,)."""
        if base_model is None:
            own = np.full(len(self.tasks), self.total_quantile(tau))
        else:
            g = self._position("base_model", base_model, self.base_model_names)
            noise = float(NOISES[self.noise].quantile(tau))
            own = np.sqrt(self.correlation) * self.effects[g] + np.sqrt(1 - self.correlation) * noise
        return np.asarray(own - self.total_quantile(self.tau))

    def _position(self, argument: str, name: str, known: tuple[str, ...]) -> int:
        if name in known:
            return known.index(name)
        hint = suggestion(str(name), known)
        raise QueryError(f"{argument}: {name!r} is not one of the simulated: {listed(known)}.{hint}")

    def _period(self, period: int | str | dt.date | None) -> int:
        n = len(self.period_labels)
        if period is None:
            return n - 1
        if isinstance(period, str) and period in self.period_labels:
            return self.period_labels.index(period)
        if isinstance(period, int | np.integer) and not isinstance(period, bool) and -n <= period < n:
            return int(period) % n
        day: dt.date | None = None
        if isinstance(period, dt.date):
            day = period.date() if isinstance(period, dt.datetime) else period
        elif isinstance(period, str):
            try:
                day = dt.date.fromisoformat(period)
            except ValueError:
                day = None
        if day is not None:
            for i, end in enumerate(self.period_ends):
                if end is None or day <= end:
                    return i
        raise QueryError(
            f"period: {period!r} is not one of the {n} simulated; give a number from 0, a date in one, "
            f"'all' or a label: {listed(self.period_labels)}."
        )

    def to_dataset(self) -> xr.Dataset:
        """Return curves and effects as a dataset that NetCDF can hold, with everything in one attribute.

        Returns
        -------
        xarray.Dataset
            floor, ceiling, slope, midpoint, clipped_below, clipped_above (task), shift (task, period), effect
            (base_model, task); the attribute ``truth`` is `to_json`'s text.
        """
        data: dict[str, object] = {
            name: ("task", getattr(self, name)) for name in (*_CURVE, "clipped_below", "clipped_above")
        }
        data["shift"] = (("task", "period"), self.shift)
        data["effect"] = (("base_model", "task"), self.effects)
        names = {"task": self.tasks, "period": self.period_labels, "base_model": self.base_model_names}
        coords = {dim: np.array(values, dtype=object) for dim, values in names.items()}
        return xr.Dataset(data, coords=coords, attrs={"truth": self.to_json()})

    def to_json(self) -> str:
        """Write everything as JSON; `from_json` reads it.

        Returns
        -------
        str
            One object, a field for each attribute.
        """

        def plain(value: object) -> object:
            if isinstance(value, np.ndarray):
                return value.tolist()
            return value.isoformat() if isinstance(value, dt.date) else str(value)

        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return json.dumps(fields, default=plain, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Truth":
        """Read what `to_json` wrote.

        Parameters
        ----------
        text : str
            The JSON.

        Returns
        -------
        Truth
            The same truth.

        Raises
        ------
        QueryError
            If the text is not such an object.
        """
        try:
            fields = json.loads(text)
            values: dict[str, object] = {}
            for field in dataclasses.fields(cls):
                value = fields.pop(field.name)
                if field.name in ("tasks", "period_labels", "base_model_names"):
                    value = tuple(map(str, value))
                elif field.name == "period_ends":
                    value = tuple(None if end is None else dt.date.fromisoformat(end) for end in value)
                elif isinstance(value, list):
                    kind = np.int64 if field.name.startswith("clipped") else np.float64
                    value = np.array(value, dtype=kind)
                values[field.name] = value
            if fields:
                raise ValueError(f"unknown fields {listed(fields)}")
            return cls(**values)  # type: ignore[arg-type]
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise QueryError(
                f"This is not the JSON of a simulated truth ({error!r}); give what to_json wrote."
            ) from None


def _positive(flops: npt.ArrayLike) -> Floats:
    try:
        compute = np.asarray(flops, dtype=np.float64)
    except (TypeError, ValueError):
        compute = np.array(np.nan)
    if compute.ndim > 1 or not (np.isfinite(compute) & (compute > 0)).all():
        raise QueryError(f"flops: {flops!r} given; give one positive number or a list of them.")
    return compute


def _check_probability(tau: object) -> None:
    if not isinstance(tau, int | float | np.floating) or not 0 < tau < 1:
        raise QueryError(f"tau: {tau!r} given; give a probability between 0 and 1, such as 0.98.")
