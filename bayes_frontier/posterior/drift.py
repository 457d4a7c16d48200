"""How boundaries change, between the periods of a fit and from fit to fit, and what a change is called."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.curve import log_flops
from bayes_frontier.posterior.query import Fit, Numbers, check_prob, summarise

# Smallest change of a boundary that matters, in scores: two points are about the standard error of one evaluation on a
# thousand items, so less is not seen in a single model.
DELTA = 0.02
# Probability of credible intervals, and by `sure` of verdicts.
PROB = 0.9


def sure(prob: float) -> float:
    """Return the posterior probability that a one-sided statement needs: an equal-tailed interval on that side."""
    # on the border, one of the two opposite statements is made in a share 1 - prob of the cases at most
    return 0.5 + prob / 2.0


def check_settings(delta: float, prob: float) -> None:
    """Refuse a smallest change, or a probability of verdicts, that is out of range."""
    check_prob(prob)
    if prob <= 0.5:
        raise QueryError(f"prob must exceed 0.5, found {prob:g}: a verdict less likely than not is none.")
    if not 0.0 <= delta < 1.0:
        hint = f" For {delta:g} points pass {delta / 100:g}." if 1.0 <= delta <= 100.0 else ""
        raise QueryError(f"delta must lie in [0, 1), found {delta:g}.{hint}")


def chances_of_change(change: xr.DataArray, delta: float) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Probabilities that a change exceeds delta, lies below -delta, or neither, over the dims chain and draw."""
    over = [dim for dim in ("chain", "draw") if dim in change.dims]
    return (change > delta).mean(over), (change < -delta).mean(over), (abs(change) <= delta).mean(over)


def choose_statement(probabilities: Mapping[str, xr.DataArray], needed: float | None, otherwise: str) -> xr.DataArray:
    """Make the statement whose probability is `needed` or more; none where it is missing, or None: not converged."""
    words = xr.full_like(next(iter(probabilities.values())), otherwise, dtype=object)
    if needed is not None:
        for statement, probability in probabilities.items():
            words = words.where(~(probability >= needed), statement)
    return words.astype(str)


VERDICTS = ("advancing", "retreating", "stable", "unknown")


def drift_between_periods(
    frontier: Fit,
    flops: Numbers | None = None,
    delta: float = 0.02,
    prob: float = 0.9,
    task: str | None = None,
    base_model: str | None = None,
) -> xr.Dataset:
    """Change of boundaries between periods at given compute.

    Parameters
    ----------
    frontier : Frontier
        The fit, of at least two periods.
    flops : float or array_like, optional
        Pre-training compute in FLOPs (default: the median of the models').
    delta : float
        Smallest change that matters, in scores.
    prob : float
        Probability that a verdict asks for, and of the equal-tailed interval.
    task : str, optional
        One task (default: all).
    base_model : str, optional
        As in `Frontier.boundary`. Default: the population boundary.

    Returns
    -------
    xarray.Dataset
        Dims chain, draw, task, step, flops, without those given as one value. The steps lead from each period to the
        next; where there are several, the last step leads from the first period to the last one. Variables: change
        (draws, in scores), mean, median, lower, upper, advance (P(change > delta)), retreat (P(change < -delta)), still
        (P(|change| <= delta)) and verdict: "advancing", "retreating" or "stable" where advance, retreat or still is at
        least `prob`, otherwise "unknown"; always "unknown" where the fit did not converge. Coordinates since and until
        (of step) name the periods compared, each by the boundary at its end.

    Raises
    ------
    QueryError
        If the fit has one period or a model without drift, or an argument is out of range.
    """
    check_settings(delta, prob)
    labels = frontier.period_labels
    if len(labels) < 2:
        raise QueryError(
            "This fit has one period, so there is no change to look at. Fit with --periods and their closing dates."
        )
    if frontier.spec.structure.periods == "constant":
        raise QueryError(
            f"The model {frontier.spec.name!r} has no drift: its boundaries are the same in all periods. Fit with one "
            "that has it, such as hierarchical."
        )
    if flops is None:
        flops = float(np.exp(np.median(np.log(frontier.evaluations.models["flops"].to_numpy(float)))))
    boundary = frontier.boundary(flops, task, "all", base_model)
    pairs = [(i, i + 1) for i in range(len(labels) - 1)]
    pairs += [(0, len(labels) - 1)] if len(pairs) > 1 else []
    since, until = (list(side) for side in zip(*pairs, strict=True))
    change = boundary.isel(period=until).drop_vars("period") - boundary.isel(period=since).drop_vars("period")
    change = change.rename(period="step").assign_coords(
        step=[f"{labels[i]} -> {labels[j]}" for i, j in pairs],
        since=("step", [labels[i] for i in since]),
        until=("step", [labels[j] for j in until]),
    )
    summary = summarise(change, prob).assign(change=change.assign_attrs(units="score"))
    summary["advance"], summary["retreat"], summary["still"] = chances_of_change(change, delta)
    summary["verdict"] = verdicts(summary, prob if frontier.converged else None)
    return summary.assign_attrs(delta=delta, prob=prob)


def verdicts(summary: xr.Dataset, prob: float | None) -> xr.DataArray:
    """Turn probabilities into verdicts."""
    said = {"advancing": summary["advance"], "retreating": summary["retreat"], "stable": summary["still"]}
    return choose_statement(said, prob, "unknown")


# Shares of models below the computes looked at unless others are asked for.
_PLACES = (0.1, 0.5, 0.9)


def usual_flops(evaluations: Evaluations) -> list[float]:
    """Give three computes across a table: its 10, 50 and 90% quantiles, to two digits."""
    z = np.quantile(log_flops(evaluations.models["flops"]), _PLACES)
    return list(dict.fromkeys(float(f"{10.0**value:.1e}") for value in z))


def same_period(before: Evaluations, after: Evaluations) -> int:
    """Find the period of a table that the last one of an earlier table became."""
    end = before.period_ends[-1]
    return after.period_ends.index(end) if end in after.period_ends else after.n_periods - 1


def movement(before: Fit, after: Fit, flops: Sequence[float] | None = None, *, prob: float = 0.9) -> pd.DataFrame:
    """Compare the population boundaries of two fits, in the last period of the first."""
    check_prob(prob)
    flops = usual_flops(after.evaluations) if flops is None else list(flops)
    period = same_period(before.evaluations, after.evaluations)
    parts = []
    for task in (name for name in before.tasks if name in after.tasks):
        old = summarise(before.boundary(flops, task), prob)
        drawn = after.boundary(flops, task, period)
        new = summarise(drawn, prob)
        parts.append(
            pd.DataFrame(
                {
                    "task": task,
                    "flops": flops,
                    "before": old["mean"].to_numpy(),
                    "before_lower": old["lower"].to_numpy(),
                    "before_upper": old["upper"].to_numpy(),
                    "after": new["mean"].to_numpy(),
                    "lower": new["lower"].to_numpy(),
                    "upper": new["upper"].to_numpy(),
                    "change": (new["mean"] - old["mean"]).to_numpy(),
                    "higher": (drawn > old["mean"]).mean(("chain", "draw")).to_numpy(),
                    "width_before": (old["upper"] - old["lower"]).to_numpy(),
                    "width": (new["upper"] - new["lower"]).to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
