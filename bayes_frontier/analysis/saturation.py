"""Saturation by size and by time: how much is left, what more compute buys, and what progress came from.

For a boundary q_t(z) at z = log10 FLOPs in period t, per posterior draw:

* ceiling: its limit for unlimited compute; headroom: ceiling - q_t(z);
* gain: q_t(z + 1) - q_t(z), what a tenfold of compute buys from z on;
* saturation point: the compute from which on every tenfold buys less than a given gain;
* progress from (t0, z0) to (t1, z1): q_t1(z1) - q_t0(z0), divided into scale and time by the mean over the two orders
  in which they can change (the Shapley value of two players, Shapley 1953, doi 10.1515/9781400881970-018),

      scale = 1/2 [q_t0(z1) - q_t0(z0)] + 1/2 [q_t1(z1) - q_t1(z0)]
      time  = 1/2 [q_t1(z0) - q_t0(z0)] + 1/2 [q_t1(z1) - q_t0(z1)]

  so that they add up to the progress. Time is all that changed at fixed compute: post-training, data, architectures.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.analysis.surface import OVER, Surface, crossing, flat, interval, intervals, one_period, statistics
from bayes_frontier.checks.backtest.axis import REFERENCE_TOKENS, axis_of
from bayes_frontier.display import Display, Drawn
from bayes_frontier.errors import QueryError
from bayes_frontier.model.curve import log_flops
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior import query
from bayes_frontier.posterior.drift import DELTA, PROB, choose_statement, sure
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.query import Numbers
from bayes_frontier.text import flops_words

# What a tenfold of compute has to buy, in scores, to count as growth; the same as the smallest change that matters.
GAIN = DELTA
VERDICTS = ("saturated", "growing", "not yet rising", "unknown")
SOURCES = ("scale", "time", "both", "no progress", "decline", "unknown")
# Points per decade of compute on which the saturation point is looked for, then interpolated.
_PER_DECADE = 40

type Setting = int | str | tuple[int | str, float] | None
"""A period, or a period and a compute in FLOPs."""


@dataclass(frozen=True, repr=False)
class Saturation(Drawn):
    """How much is left below each ceiling, what more compute buys, and what progress came from.

    Attributes
    ----------
    draws : xarray.Dataset
        Dims chain, draw, task and flops. ceiling, headroom, gain, scale, time and progress in scores; saturation in
        FLOPs, 0 where every tenfold in the range buys less, infinite where the last one still buys as much; beyond, the
        ceiling above the boundary at the largest compute fitted.
    summary : xarray.Dataset
        The same with the dim statistic (median, lower, upper) in place of chain and draw, and: share_scale, the share
        of scale in the progress (missing where progress is not established); everywhere and nowhere, probabilities of
        saturation being 0 or infinite; grows, P(gain >= smallest gain); still_to_come, P(gain is less here but not
        further up); scale_larger, P(scale > time); advance and retreat, P(progress > delta) and P(progress < -delta);
        verdict ("saturated", "growing", "not yet rising", "unknown") by task and flops; source ("scale", "time",
        "both", "no progress", "decline", "unknown") by task; outside, whether flops or its tenfold lies outside the
        compute fitted; ceiling_outside, whether the ceiling may lie more than the smallest gain above what the largest
        compute fitted attains.
    settings : tuple
        The two pairs of a period label and FLOPs between which progress is counted.
    period : str
        Label of the period of ceiling, headroom, gain and saturation.
    gain, delta, prob : float
        Smallest gain and change that matter, in scores, and the probability of intervals.
    flops_range : tuple of float
        Where the saturation point was looked for, FLOPs.
    """

    _picture = "plot_progress"
    draws: xr.Dataset
    summary: xr.Dataset
    settings: tuple[tuple[str, float], tuple[str, float]]
    period: str
    gain: float
    delta: float
    prob: float
    flops_range: tuple[float, float]

    def only(self, tasks: Sequence[str]) -> Saturation:
        """Keep some tasks.

        Parameters
        ----------
        tasks : sequence of str
            Fitted tasks.

        Returns
        -------
        Saturation
            The same answer for these.
        """
        return replace(self, draws=self.draws.sel(task=list(tasks)), summary=self.summary.sel(task=list(tasks)))

    @property
    def table(self) -> pd.DataFrame:
        """One row per task and compute: every number of the summary, those with an interval in three columns."""
        return flat(self.summary, ("task", "flops"))

    @property
    def notes(self) -> list[str]:
        """What the verdicts mean, and which numbers rest on the curve's form instead of data."""
        meaning = (
            f"growing: the next tenfold of compute buys {self.gain:g} or more; saturated: no tenfold from here on "
            f"does; not yet rising: a later one does. Each with probability {sure(self.prob):g}, otherwise unknown."
        )
        return [meaning, *_cautions(self)]

    @property
    def sentences(self) -> list[str]:
        """What the progress of each task came from, and the notes."""
        moved = self.settings[0] != self.settings[1]
        tasks = [str(task) for task in self.summary["task"].to_numpy()]
        return [*(progress_sentence(self, task) for task in tasks if moved), *self.notes]

    def plot(self, frontier: Frontier | None = None, **options: Any) -> Any:  # noqa: ANN401 - of two pictures
        """Draw the progress; with the fit, the boundaries up to their ceilings instead.

        Parameters
        ----------
        frontier : Frontier, optional
            The fit that was asked.
        **options
            Passed to `bayes_frontier.plots.plot_progress` or `bayes_frontier.plots.plot_saturation`.

        Returns
        -------
        matplotlib.axes.Axes or numpy.ndarray
            The panel; of boundaries, one per task.
        """
        plots = importlib.import_module("bayes_frontier.plots")
        if frontier is None:
            return plots.plot_progress(self, **options)
        return plots.plot_saturation(frontier, self, **options)

    def _display(self) -> Display:
        table = self.table
        shown = pd.DataFrame({"task": table["task"], "FLOPs": [flops_words(value) for value in table["flops"]]})
        shown["ceiling"], shown["headroom"] = intervals(table, "ceiling"), intervals(table, "headroom")
        shown["gain of a tenfold"] = intervals(table, "gain", "{:+.3f}")
        shown["verdict"] = table["verdict"]
        return Display(f"Saturation of boundaries in the period '{self.period}'", self.sentences, shown)


def saturation(
    frontier: Frontier,
    flops: Numbers | None = None,
    *,
    gain: float = GAIN,
    delta: float = DELTA,
    prob: float = PROB,
    task: str | None = None,
    period: int | str | None = None,
    base_model: str | None = None,
    since: Setting = None,
    until: Setting = None,
    flops_range: tuple[float, float] | None = None,
) -> Saturation:
    """Ceiling, headroom, what a tenfold buys, where it stops buying, and progress by scale and by time.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    flops : float or array_like, optional
        Compute at which headroom and gain are asked for (default: the median of the models').
    gain : float
        Smallest gain of a tenfold that matters, in scores.
    delta : float
        Smallest progress that matters, in scores.
    prob : float
        Probability of the equal-tailed intervals; a verdict asks for an interval on one side, see
        `bayes_frontier.posterior.drift.sure`.
    task : str, optional
        As in `Frontier.boundary`.
    period : int, str or None
        Period of the ceiling and of what follows from it (default: the last).
    base_model : str, optional
        As in `Frontier.boundary`.
    since, until : int, str, tuple or None
        Settings between which progress is counted: a period, or a period and FLOPs. Default: the first and the last
        period. A setting without FLOPs stands at the median of its period's models'.
    flops_range : tuple of float, optional
        Where the saturation point is looked for (default: the range of the models').

    Returns
    -------
    Saturation
        Draws, their summary, verdicts.

    Raises
    ------
    QueryError
        If something was not fitted or an argument is out of range.
    """
    query.check_prob(prob)
    for name, value in (("gain", gain), ("delta", delta)):
        if not 0.0 < value < 1.0:
            hint = f" For {value:g} points pass {value / 100:g}." if 1.0 <= value <= 100.0 else ""
            raise QueryError(f"{name} must lie between 0 and 1, found {value:g}.{hint}")
    surface, models = Surface.of(frontier, task, base_model), frontier.evaluations.models
    if flops is None:
        flops = typical_compute(models["flops"].to_numpy(float))
    z, asked = log_flops(query.check_flops(flops)), np.ndim(flops) > 0
    now = one_period(frontier, period)
    ends = surface.compute_range()
    low, high = (float(ends.min()), float(ends.max())) if flops_range is None else query.check_range(flops_range)
    before = _setting(frontier, since, 0, "since")
    after = _setting(frontier, until, len(frontier.period_labels) - 1, "until")

    values = surface.at(np.concatenate([z, z + 1.0, [np.inf]]), now)
    n, ceiling = len(z), values[..., -1]
    grid = np.linspace(low, high, 1 + max(1, round(_PER_DECADE * (high - low))))
    bought = surface.at(grid + 1.0, now) - surface.at(grid, now)
    top = np.stack([surface.at(ends[[k], 1], now)[:, k, 0] for k in range(len(surface.tasks))], axis=1)
    scale, time = decomposed(surface, before, after)
    at = {"flops": 10.0**z}
    draws = xr.Dataset(
        {
            "ceiling": surface.labelled(ceiling),
            "headroom": surface.labelled(ceiling[..., None] - values[..., :n], "flops", **at),
            "gain": surface.labelled(values[..., n : 2 * n] - values[..., :n], "flops", **at),
            "saturation": surface.labelled(10.0 ** crossing(bought, grid, gain)),
            "beyond": surface.labelled(ceiling - top),
            "scale": surface.labelled(scale),
            "time": surface.labelled(time),
            "progress": surface.labelled(scale + time),
        }
    )
    draws = draws if asked else draws.isel(flops=0)
    labels = frontier.period_labels
    return Saturation(
        draws=draws,
        summary=_summary(draws, gain, delta, prob, ends, frontier.converged),
        settings=((labels[before[0]], 10.0 ** before[1]), (labels[after[0]], 10.0 ** after[1])),
        period=labels[now],
        gain=gain,
        delta=delta,
        prob=prob,
        flops_range=(10.0**low, 10.0**high),
    )


def typical_compute(flops: FloatArray) -> float:
    """Return the median on the logarithmic scale."""
    return float(np.exp(np.median(np.log(flops))))


def decomposed(surface: Surface, before: tuple[int, float], after: tuple[int, float]) -> tuple[FloatArray, FloatArray]:
    """Divide progress between two settings into scale and time. Shapes: returns (n_samples, n_tasks), both."""
    z = np.array([before[1], after[1]])
    # q[period][..., compute]
    early, late = surface.at(z, before[0]), surface.at(z, after[0])
    scale = 0.5 * (early[..., 1] - early[..., 0] + late[..., 1] - late[..., 0])
    time = 0.5 * (late[..., 0] - early[..., 0] + late[..., 1] - early[..., 1])
    return scale, time


def _setting(frontier: Frontier, given: Setting, usual: int, what: str) -> tuple[int, float]:
    """Index of the period and log10 FLOPs of a setting."""
    period, flops = given if isinstance(given, tuple) else (given, None)
    index = usual if period is None else one_period(frontier, period, what)
    if flops is not None:
        return index, float(log_flops(query.check_flops(flops))[0])
    models = frontier.evaluations.models
    computes = models.loc[models["period"] == index, "flops"].to_numpy(float)
    if not computes.size:
        raise QueryError(
            f"{what}: no model of the period {frontier.period_labels[index]!r} is in this fit, so it has no typical "
            "compute; give the FLOPs too."
        )
    return index, float(log_flops(typical_compute(computes)))


def _summary(
    draws: xr.Dataset, gain: float, delta: float, prob: float, ends: FloatArray, converged: bool
) -> xr.Dataset:
    summary = xr.Dataset({name: statistics(draws[name], prob, finite=name != "saturation") for name in draws})
    here, point = draws["flops"], draws["saturation"]
    numbers: dict[str, xr.DataArray] = {
        "everywhere": point == 0.0,
        "nowhere": point == np.inf,
        "saturated": point <= here,
        "grows": draws["gain"] >= gain,
        "still_to_come": (draws["gain"] < gain) & (point > here),
        "advance": draws["progress"] > delta,
        "retreat": draws["progress"] < -delta,
        "still": abs(draws["progress"]) <= delta,
        "scale_larger": draws["scale"] > draws["time"],
    }
    for name, true in numbers.items():
        summary[name] = true.mean(OVER)
    established = summary["advance"] >= sure(prob)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = draws["scale"] / draws["progress"]
    summary["share_scale"] = statistics(share.where(established, 0.0), prob).where(established)
    lowest, highest = (xr.DataArray(10.0 ** ends[:, i], dims="task", coords={"task": draws["task"]}) for i in (0, 1))
    summary["outside"] = (here < lowest * 0.999) | (10.0 * here > highest * 1.001)
    summary["ceiling_outside"] = summary["beyond"].sel(statistic="upper", drop=True) > gain
    needed = sure(prob) if converged else None
    return summary.assign(verdict=verdicts(summary, needed), source=sources(summary, needed))


def verdicts(numbers: xr.Dataset, needed: float | None) -> xr.DataArray:
    """Say whether more compute still buys something, where a probability reaches `needed` (None: not converged)."""
    said = {"saturated": numbers["saturated"], "growing": numbers["grows"], "not yet rising": numbers["still_to_come"]}
    return choose_statement(said, needed, "unknown")


def sources(numbers: xr.Dataset, needed: float | None) -> xr.DataArray:
    """Say what progress is due to, where a probability reaches `needed` (None: not converged)."""
    larger = choose_statement({"scale": numbers["scale_larger"], "time": 1.0 - numbers["scale_larger"]}, needed, "both")
    said = {"progress": numbers["advance"], "decline": numbers["retreat"], "no progress": numbers["still"]}
    words = choose_statement(said, needed, "unknown")
    return words.where(words != "progress", larger)


def _cautions(result: Saturation) -> list[str]:
    """Say which numbers rest on the curve's form instead of data."""
    said, numbers = [], result.summary
    far = numbers["task"].to_numpy()[numbers["ceiling_outside"].to_numpy()]
    if far.size:
        said.append(
            f"Ceilings are extrapolated: for {', '.join(map(str, far))} the ceiling may lie more than {result.gain:g} "
            "above what the largest compute fitted attains. Its height there is the sigmoid's form and its prior."
        )
    outside = numbers["outside"].any("task") if "flops" in numbers["outside"].dims else numbers["outside"].any()
    computes = np.atleast_1d(numbers["flops"].to_numpy())[np.atleast_1d(outside.to_numpy())]
    if computes.size:
        said.append(
            f"At {', '.join(f'{value:.3g}' for value in computes)} FLOPs (marked *) the compute, or its tenfold, lies "
            "outside that of the models fitted."
        )
    return said


def progress_sentence(result: Saturation, task: str) -> str:
    """Say what a task's progress came from."""
    numbers = result.summary.sel(task=task)
    source = str(numbers["source"].item())
    amount = f"{task}: {interval(numbers['progress'], '{:+.3f}')}"
    if source in ("scale", "time", "both"):
        share = numbers["share_scale"]
        low, high = (100 * float(share.sel(statistic=part)) for part in ("lower", "upper"))
        larger = {"scale": "mostly scale", "time": "mostly time", "both": "scale and time, which more is open"}[source]
        return f"{amount}: {larger} ({low:.0f} to {high:.0f}% scale)."
    words = {"no progress": f"no progress beyond {result.delta:g}", "decline": "a decline"}
    return f"{amount}: {words.get(source, 'whether it moved is open')}."


# Numbers of parameters that can be meant.
_PLAUSIBLE_PARAMS = (1e6, 1e14)


def flops_of_size(frontier: Frontier, params: Sequence[float], tokens: float | None = None) -> list[float]:
    """Turn numbers of parameters into the compute at which a fit is asked."""
    for value in params:
        if not _PLAUSIBLE_PARAMS[0] <= value <= _PLAUSIBLE_PARAMS[1]:
            hint = f" For {value:g} billion pass {value:g}e9." if 0.0 < value < 1e5 else ""
            raise QueryError(f"params: {value:g} is not a plausible number of parameters (1e6 to 1e14).{hint}")
    if axis_of(frontier.evaluations) == "params":
        if tokens is not None:
            raise QueryError("tokens: this fit's axis is parameters, whatever they were trained on; leave them out.")
        tokens = REFERENCE_TOKENS
    elif tokens is None:
        raise QueryError(
            "params: this fit's axis is compute, so the tokens are needed too, such as 15e12; or fit with parameters "
            "as the axis (fit --axis params)."
        )
    if not 1e6 <= tokens <= 1e17:
        raise QueryError(f"tokens: {tokens:g} is not a plausible number of tokens; 15e12 are 15 trillion.")
    return [6.0 * value * tokens for value in params]
