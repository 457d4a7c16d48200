"""`check`: convergence first, then everything else that can be asked of a fit by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from bayes_frontier.checks import coverage, dispersion, pinball, scale, thresholds, verdicts, wording
from bayes_frontier.checks.convergence import convergence, divergent_share
from bayes_frontier.checks.crossing import comparable, crossing
from bayes_frontier.checks.influence import influence, refit_without
from bayes_frontier.checks.prior import prior_predictive
from bayes_frontier.checks.records import Records
from bayes_frontier.checks.result import Check, Verdict, worst
from bayes_frontier.errors import QueryError
from bayes_frontier.text import listed, suggestion

if TYPE_CHECKING:
    from bayes_frontier.posterior.frontier import Frontier

NAMES = (
    "convergence",
    "coverage",
    "coverage-period",
    "coverage-compute",
    "coverage-size",
    "exceedances",
    "pinball",
    "scale",
    "crossing",
    "prior",
    "influence",
)


def check(
    frontier: Frontier,
    *,
    only: Sequence[str] | None = None,
    others: Sequence[Frontier] = (),
    refit: int = 0,
    seed: int = 0,
) -> list[Check]:
    """Check a fit against its own scores, its priors and its chains.

    Convergence comes first: without it, the other checks are "unknown". All compare the fit with the scores it was
    fitted to; `backtest` is what looks at scores not seen.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    only : sequence of str, optional
        Checks to run, of `NAMES`; convergence is always among them (default: all).
    others : sequence of Frontier
        Fits of the same scores at other levels, for the check that boundaries do not cross.
    refit : int
        How many base models may be left out by fitting again, where reweighting is unreliable; each takes as long as
        the fit did.
    seed : int
        Seeds draws from the priors and simulated counts.

    Returns
    -------
    list of Check
        One each of those asked for, in the order of `NAMES`.

    Raises
    ------
    QueryError
        If a name is unknown, `refit` or `seed` is negative, or `others` are fits of other scores.
    """
    wanted = NAMES if only is None else tuple(only)
    for name in wanted:
        if name not in NAMES:
            raise QueryError(f"Unknown check {name!r}.{suggestion(name, NAMES)} The checks are {listed(NAMES, 20)}.")
    for name, value in (("refit", refit), ("seed", seed)):
        if value < 0:
            raise QueryError(f"{name} must not be negative, found {value}.")
    if others:
        # wrong fits are an error in the call, before any work
        comparable([frontier, *others])
    first = _convergence(frontier)
    rest = [name for name in NAMES[1:] if name in wanted]
    if not first.numbers["passes"].all():
        return [first, *(Check(name, "unknown", pd.DataFrame(), wording.NOT_CONVERGED) for name in rest)]
    records = Records.of(frontier)
    run: dict[str, Callable[[], Check]] = {
        "exceedances": lambda: _dispersion(records, seed),
        "pinball": lambda: _pinball(records),
        "scale": lambda: _scale(frontier, records),
        "crossing": lambda: _crossing(frontier, others),
        "prior": lambda: _prior(frontier, records, seed),
        "influence": lambda: _influence(frontier, records, refit),
    }
    return [first, *(run[name]() if name in run else _coverage(name, frontier, records) for name in rest)]


def _convergence(frontier: Frontier) -> Check:
    numbers, divergent = convergence(frontier), divergent_share(frontier)
    sentence = wording.convergence(numbers, divergent, frontier.convergence_text())
    return Check("convergence", verdicts.convergence(numbers, divergent), numbers, sentence, "convergence")


def _coverage(name: str, frontier: Frontier, records: Records) -> Check:
    if name == "coverage-period":
        numbers = coverage.by_period(records, frontier.period_labels)
    else:
        groups = {
            "coverage": coverage.by_task,
            "coverage-compute": coverage.by_compute,
            "coverage-size": coverage.by_size,
        }
        numbers = groups[name](records)
    limits = thresholds.COVERAGE_WHOLE if name == "coverage" else thresholds.COVERAGE_PART
    numbers = numbers.assign(verdict=verdicts.coverage(numbers, records.tau, limits))
    return _made(name, numbers, wording.coverage(name, numbers, records.tau), "coverage")


def _dispersion(records: Records, seed: int) -> Check:
    numbers = dispersion.dispersion(records, seed)
    numbers = numbers.assign(verdict=verdicts.dispersion(numbers))
    return _made("exceedances", numbers, wording.exceedances(numbers), "exceedances")


def _pinball(records: Records) -> Check:
    numbers = pinball.pinball(records)
    numbers = numbers.assign(verdict=verdicts.pinball(numbers))
    return _made("pinball", numbers, wording.pinball(numbers), "pinball")


def _scale(frontier: Frontier, records: Records) -> Check:
    numbers = scale.scale_used(frontier, records)
    numbers = numbers.assign(verdict=verdicts.scale(numbers))
    return _made("scale", numbers, wording.scale(numbers), "scale")


def _crossing(frontier: Frontier, others: Sequence[Frontier]) -> Check:
    if not others:
        return Check("crossing", "unknown", pd.DataFrame(), wording.NO_OTHER_FIT)
    unconverged = [one.tau for one in others if not one.converged]
    if unconverged:
        words = f"Not run: the fit at tau = {unconverged[0]:g} did not converge."
        return Check("crossing", "unknown", pd.DataFrame(), words)
    numbers = crossing([frontier, *others])
    numbers = numbers.assign(verdict=verdicts.crossing(numbers))
    return _made("crossing", numbers, wording.crossing(numbers), "crossing")


def _prior(frontier: Frontier, records: Records, seed: int) -> Check:
    numbers = prior_predictive(frontier.spec, records, seed)
    numbers = numbers.assign(verdict=verdicts.prior(numbers))
    return _made("prior", numbers, wording.prior(numbers), "prior")


def _influence(frontier: Frontier, records: Records, refit: int) -> Check:
    numbers = influence(frontier, records.data)
    unsure = numbers.loc[numbers["pareto_k"] > thresholds.PARETO_K].sort_values("pareto_k", ascending=False)
    again = list(dict.fromkeys(unsure["base_model"]))[:refit]
    if again:
        kept = numbers[~numbers["base_model"].isin(again)]
        numbers = pd.concat([kept, refit_without(frontier, again)], ignore_index=True)
    graded = verdicts.influence(numbers)
    numbers = numbers.assign(verdict=graded)
    # a base model that reweighting cannot judge is a reason for care, not for distrust of everything else
    overall: Verdict = worst("warn" if one == "unknown" else one for one in graded)
    return Check("influence", overall, numbers, wording.influence(numbers), "influence")


def _made(name: str, numbers: pd.DataFrame, sentence: str, picture: str) -> Check:
    return Check(name, worst(numbers["verdict"]), numbers, sentence, picture)
