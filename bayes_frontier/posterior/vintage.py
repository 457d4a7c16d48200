"""Vintage: how much better base models are that appeared later, at the same compute.

Base models improve (data, architecture), so the effect of one not seen yet is not drawn from those of all base models
alike: it is to be expected where their trend over release dates leads. The trend is a line a task, estimated after the
fit from the posterior of the base-model effects (a random-effects regression: DerSimonian and Laird 1986, with omega
known), and used in predictions for base models that were not fitted. The population boundary stays that of a base model
like the fitted ones.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayes_frontier.evaluations.registry import Registry, default_registry
from bayes_frontier.model.pinball import FloatArray
from bayes_frontier.model.stretches import QUARTER
from bayes_frontier.posterior.curves import Curves

if TYPE_CHECKING:
    from bayes_frontier.posterior.frontier import Frontier

_EPOCH, _DAYS = pd.Timestamp("2024-01-01"), 365.25
# A line is not followed further than this beyond the newest base model fitted, in years.
_FARTHEST = 1.0
# A base model whose effect is known no better than from the prior says nothing; its variance is kept below omega's.
_MOST_OF_PRIOR = 0.98


def years(dates: pd.Series) -> FloatArray:
    """Convert dates.

    Parameters
    ----------
    dates : pandas.Series
        Dates; NaT where unknown.

    Returns
    -------
    ndarray
        Years since 2024-01-01; NaN where unknown.
    """
    return np.asarray((pd.to_datetime(dates) - _EPOCH).dt.total_seconds() / 86400.0 / _DAYS, dtype=float)


def base_model_years(names: pd.Series, seen: pd.Series, registry: Registry) -> FloatArray:
    """When base models appeared: their release where the registry has it, else when they were first seen.

    Parameters
    ----------
    names : pandas.Series
        Base models.
    seen : pandas.Series
        Dates of the first of their models, same length; NaT where unknown.
    registry : Registry
        Base models and their releases.

    Returns
    -------
    ndarray
        Years since 2024-01-01; NaN where neither is known.
    """
    known = {name: registry.get(name) for name in names.unique()}
    listed = {name: model.released for name, model in known.items() if model is not None}
    released = pd.to_datetime(names.map(listed).astype(object))
    return years(released.fillna(pd.Series(seen.to_numpy(), index=names.index)))


@dataclass(frozen=True)
class Vintage:
    """Lines through base-model effects over release dates, one a task.

    Attributes
    ----------
    slope, error : ndarray, shape (n_tasks,)
        Mean and standard deviation of the trend, on the logit scale a year.
    centre : ndarray, shape (n_tasks,)
        Mean release of the base models, in years since 2024-01-01, weighted by what their scores tell.
    latest : float
        Latest year that the lines are followed to.
    """

    slope: FloatArray
    error: FloatArray
    centre: FloatArray
    latest: float

    @classmethod
    def of(cls, curves: Curves, released: FloatArray, prior: float) -> "Vintage | None":
        """Estimate the lines.

        Parameters
        ----------
        curves : Curves
            Draws.
        released : ndarray, shape (n_base_models,)
            When the fitted base models appeared; see `base_model_years`.
        prior : float
            Standard deviation of the normal prior of a line's slope, on the logit scale a year.

        Returns
        -------
        Vintage or None
            None where the model has no base-model effects, or release dates that do not differ.
        """
        dated = np.isfinite(released)
        if curves.effects is None or curves.scales is None or prior == 0.0:
            return None
        if not dated.any() or np.ptp(released[dated]) == 0.0:
            return None
        t, effects = released[dated, None], curves.effects[:, dated]
        between = (curves.scales**2).mean(axis=0)
        within = np.minimum(effects.var(axis=0), _MOST_OF_PRIOR * between)
        # What the scores of a base model alone say: its posterior without the prior N(0, between).
        alone = effects.mean(axis=0) / (1.0 - within / between)
        weight = 1.0 / (between + within * between / (between - within))
        centre = (weight * t).sum(axis=0) / weight.sum(axis=0)
        level = (weight * alone).sum(axis=0) / weight.sum(axis=0)
        precision = (weight * (t - centre) ** 2).sum(axis=0)
        slope = (weight * (t - centre) * (alone - level)).sum(axis=0) / precision
        variance = 1.0 / (precision + 1.0 / prior**2)
        return cls(variance * precision * slope, np.sqrt(variance), centre, float(t.max()) + _FARTHEST)

    def effect(self, task: int, released: FloatArray, normal: FloatArray) -> FloatArray:
        """Draw what their vintage gives to new base models.

        Parameters
        ----------
        task : int
            Which task.
        released : ndarray, shape (n,)
            When they appeared; NaN: not known, and nothing is given.
        normal : ndarray, shape (n_draws,)
            Standard normal values.

        Returns
        -------
        ndarray, shape (n_draws, n)
            On the logit scale.
        """
        age = np.nan_to_num(np.minimum(released, self.latest) - self.centre[task])
        return np.asarray((self.slope[task] + self.error[task] * normal)[:, None] * age)


def vintage_of(frontier: "Frontier") -> Vintage | None:
    """Estimate the trend of the fitted base models' effects over their releases.

    Parameters
    ----------
    frontier : Frontier
        The fit.

    Returns
    -------
    Vintage or None
        None where the model has no base-model effects; see `Vintage.of`.
    """
    if not frontier.curves.has_base_models:
        return None
    names = pd.Series(frontier.base_model_names)
    seen = frontier.evaluations.models.groupby("base_model")["released"].min().reindex(names)
    released = base_model_years(names, seen, default_registry())
    return Vintage.of(frontier.curves, released, frontier.spec.priors.base_model_vintage)


def appeared(bases: pd.Series, released: pd.Series | None, closed: pd.Timestamp) -> FloatArray:
    """Say when base models appeared: by the registry, by the date of the model, or just after the last day fitted.

    Parameters
    ----------
    bases : pandas.Series
        Base models.
    released : pandas.Series, optional
        Dates of their models, same length.
    closed : pandas.Timestamp
        Last day fitted.

    Returns
    -------
    ndarray
        Years since 2024-01-01.
    """
    usual = closed + pd.Timedelta(days=QUARTER / 2.0)
    unknown = pd.Series(pd.NaT, index=bases.index, dtype="datetime64[ns]")
    dates = unknown if released is None else pd.to_datetime(released, utc=True).dt.tz_localize(None)
    return base_model_years(bases, dates.fillna(usual), default_registry())
