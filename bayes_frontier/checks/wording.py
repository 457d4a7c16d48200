"""Results of checks in words: one sentence or two each, with what to do where it is not a pass."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from bayes_frontier.checks import thresholds as limit
from bayes_frontier.checks.coverage import EVERY_TASK
from bayes_frontier.text import count, listed

NOT_CONVERGED = "Not run: the fit did not converge, so nothing else about it can be judged."
NO_OTHER_FIT = (
    "Not run: the order of boundaries at several levels needs a second fit of the same table at another tau; give it "
    "with --with."
)
_WHAT_TO_DO = {
    "coverage": "Do not use these boundaries; look for the task in the picture of boundaries, and at its data.",
    "coverage-period": "The drift between periods is not what the model says; look at these periods by themselves.",
    "coverage-compute": "The curve does not bend as the scores do; do not use it at these computes.",
    "coverage-size": "Base-model effects are not what the model says for base models of this size.",
    "exceedances": "The model does not follow these base models; if it has no base-model effects, fit one that has.",
    "pinball": "The boundary carries less than a constant does, or lies too high or too low as a whole.",
    "scale": 'Intervals have the wrong width; fit with scale = "calibrated", or fit again if the data have changed.',
    "crossing": "Do not read two levels side by side there.",
    "prior": "Widen or move the priors in the model file.",
}


def convergence(numbers: pd.DataFrame, divergent: float, text: str) -> str:
    """Say how the chains agree."""
    if not numbers["passes"].all():
        return text
    more = "" if divergent <= limit.DIVERGENT.warn else " More than a few: raise --tune, or look at the model's priors."
    return f"{text} {100 * divergent:.2g}% of transitions diverged.{more}"


def coverage(name: str, numbers: pd.DataFrame, tau: float) -> str:
    """Say how coverage compares to its level."""
    bad = _bad(numbers)
    if len(bad):
        worst = _largest(bad, bad["counted"].abs())
        side = "too low" if worst["counted"] < 0 else "too high"
        where = "over every task" if worst["task"] == EVERY_TASK else f"of {worst['task']}"
        group = "" if worst["group"] == "all" else f" in {_GROUPS[name]} {worst['group']}"
        return (
            f"{len(bad)} of {count(len(numbers), 'group')} off: worst {where}{group}, where {worst['exceedances']:,} "
            f"of {worst['n']:,} scores lie above the boundary and {worst['expected']:.0f} should ({side}; coverage "
            f"{worst['coverage']:.4f}, level {tau:g}). {_WHAT_TO_DO[name]}"
        )
    if name == "coverage":
        whole = numbers.iloc[0]
        ends = numbers["coverage"].iloc[1:]
        return (
            f"{100 * whole['coverage']:.2f}% of {whole['n']:,} scores lie at or below their boundary, by task "
            f"{100 * ends.min():.2f}% to {100 * ends.max():.2f}%; {100 * tau:g}% should. Averaged over draws: "
            f"{100 * (tau + whole['drawn_error']):.2f}%."
        )
    largest = numbers["counted"].abs().max()
    return (
        f"{count(len(numbers), 'group')} by {_BY[name]} and task: no coverage error is beyond both noise and "
        f"{limit.COVERAGE_PART.warn * (1 - tau):.2g}; the largest is {largest:.4f}."
    )


_BY = {"coverage-period": "period", "coverage-compute": "compute", "coverage-size": "size of base model"}
_GROUPS = {
    "coverage": "",
    "coverage-period": "period",
    "coverage-compute": "FLOPs",
    "coverage-size": "base models with this many models:",
}


def exceedances(numbers: pd.DataFrame) -> str:
    """Say whether exceedances pile up."""
    bad = _bad(numbers)
    worst = (bad if len(bad) else numbers).sort_values("dispersion").iloc[-1]
    where = (
        f"{worst['task']}: dispersion {worst['dispersion']:.1f} times binomial, most in {worst['top']} "
        f"({worst['top_exceedances']} scores above the boundary, {worst['top_expected']:.1f} expected)"
    )
    if len(bad):
        return (
            f"Scores above the boundary pile up in some base models on {_names(bad)}. {where}. "
            + (_WHAT_TO_DO["exceedances"])
        )
    return f"Scores above the boundary are spread over base models as chance would. Highest on {where}."


def pinball(numbers: pd.DataFrame) -> str:
    """Say how large the loss is."""
    whole = f"Mean exact pinball loss {1e3 * numbers['loss'].mean():.2f}e-3 in sample"
    bad = _bad(numbers)
    if len(bad):
        worst = _largest(bad, bad["loss"] / bad["constant"])
        return (
            f"{whole}. On {_names(bad)} the boundary is no good: on {worst['task']} its loss is "
            f"{1e3 * worst['loss']:.2f}e-3, a constant's {1e3 * worst['constant']:.2f}e-3, and moving it by "
            f"{worst['shift']:+.3f} would save {100 * worst['gain']:.0f}%. {_WHAT_TO_DO['pinball']}"
        )
    return (
        f"{whole}, {100 * (1 - numbers['loss'].sum() / numbers['constant'].sum()):.0f}% below a constant's; moving a "
        f"task's boundary would save at most {100 * numbers['gain'].max():.1f}%."
    )


def scale(numbers: pd.DataFrame) -> str:
    """Say whether intervals have the width the residuals ask for."""
    ends = f"{numbers['factor'].min():.2f} to {numbers['factor'].max():.2f}"
    bad = _bad(numbers)
    if len(bad):
        return (
            f"The likelihood's scale is {ends} times what the residuals ask for; off on {_names(bad)}. "
            f"{_WHAT_TO_DO['scale']}"
        )
    return f"The likelihood's scale is {ends} times what the residuals ask for."


def crossing(numbers: pd.DataFrame) -> str:
    """Say whether boundaries at several levels keep their order."""
    worst = _largest(numbers, numbers["depth"])
    levels = sorted({*numbers["tau_low"], *numbers["tau_high"]})
    bad = _bad(numbers)
    if len(bad):
        return (
            f"Boundaries cross on {_names(bad)}: the {worst['boundary']} boundary at tau = {worst['tau_low']:g} is "
            f"{worst['depth']:.3f} above the one at {worst['tau_high']:g} on {worst['task']}, {worst['flops']:.2g} "
            f"FLOPs, period {worst['period']}. {_WHAT_TO_DO['crossing']}"
        )
    gap = f"least gap {-worst['depth']:.3f}" if worst["depth"] < 0 else f"at most {worst['depth']:.4f} the wrong way"
    return f"Boundaries at tau = {', '.join(f'{level:g}' for level in levels)} keep their order ({gap})."


def prior(numbers: pd.DataFrame) -> str:
    """Say what the priors expect."""
    bad = _bad(numbers)
    if len(bad):
        worst = bad.sort_values(["outside", "tail", "width"], ascending=[False, True, True]).iloc[0]
        reason = f"tail probability {worst['tail']:.2g}"
        if worst["outside"] > 0.0:
            reason = f"{worst['outside']:.2g} of prior boundaries are no scores from 0 to 1"
        return (
            f"The priors do not fit {_names(bad)}: at {worst['flops']:.2g} FLOPs they expect a boundary of "
            f"{worst['lower']:.2f} to {worst['upper']:.2f} (90%) on {worst['task']}, where the scores' own quantile is "
            f"{worst['observed']:.2f} ({reason}). {_WHAT_TO_DO['prior']}"
        )
    return (
        f"Prior boundaries lie in [0, 1] and leave room ({numbers['width'].min():.2f} or more between 5% and 95%); the "
        f"scores' own quantiles have prior tail probabilities of {numbers['tail'].min():.2f} or more."
    )


def influence(numbers: pd.DataFrame) -> str:
    """Say how much hangs on single base models."""
    known = numbers[numbers["verdict"] != "unknown"]
    unsure = list(dict.fromkeys(numbers.loc[numbers["verdict"] == "unknown", "base_model"]))
    rest = (
        ""
        if not unsure
        else (
            f" Reweighting cannot tell for {listed(unsure, 4)} (Pareto k above {limit.PARETO_K}): --refit "
            f"{len(unsure)} fits without each."
        )
    )
    if known.empty:
        return f"No base model's influence can be told.{rest}"
    worst = _largest(known, known["in_sd"].abs())
    bad = _bad(known)
    if len(bad):
        worst = _largest(bad, bad["in_sd"].abs())
    change = (
        f"without {worst['base_model']} ({count(int(worst['n']), 'score')}) the boundary of {worst['task']} at "
        f"{worst['flops']:.2g} FLOPs moves by {worst['change']:+.3f}, {abs(worst['in_sd']):.1f} posterior standard "
        "deviations"
    )
    if len(bad):
        return f"Much hangs on {listed(dict.fromkeys(bad['base_model']), 4)}: {change}. Look at its scores.{rest}"
    return f"No single base model carries a boundary. The most: {change}.{rest}"


def _bad(numbers: pd.DataFrame) -> pd.DataFrame:
    """Rows with the worst of the verdicts fail and warn, if any has one."""
    for verdict in ("fail", "warn"):
        found = numbers[numbers["verdict"] == verdict]
        if len(found):
            return found
    return numbers.iloc[:0]


def _largest(rows: pd.DataFrame, by: pd.Series) -> Any:  # noqa: ANN401 - a row of mixed types
    return rows.iloc[int(by.to_numpy().argmax())]


def _names(rows: pd.DataFrame) -> str:
    names: Sequence[str] = list(dict.fromkeys(rows["task"]))
    return listed(names, 4)
