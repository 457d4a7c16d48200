"""`check`: convergence first, then everything else that can be asked of a fit by itself."""

from collections.abc import Callable, Sequence

from bayes_frontier.checks import (
    compute,
    convergence,
    coverage,
    crossing,
    exceedances,
    halves,
    influence,
    pinball,
    population,
    prior,
    scale,
    shape,
)
from bayes_frontier.checks.records import CheckInput
from bayes_frontier.checks.result import Check, Checks
from bayes_frontier.errors import QueryError
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import check_choice

# Every check after convergence, in the order in which they are run and shown: its name, and the function that makes it.
# A new one is a file with such a function and a line here; a picture in `bayes_frontier.plots.checks` is optional.
CHECKS: tuple[tuple[str, Callable[[CheckInput], Check]], ...] = (
    ("coverage", coverage.check),
    ("coverage-period", coverage.check_period),
    ("coverage-compute", coverage.check_compute),
    ("coverage-size", coverage.check_size),
    ("exceedances", exceedances.check),
    ("pinball", pinball.check),
    ("scale", scale.check),
    ("shape", shape.check),
    ("population", population.check),
    ("compute", compute.check),
    ("crossing", crossing.check),
    ("prior", prior.check),
    ("influence", influence.check),
    ("halves", halves.check),
)
NAMES = ("convergence", *(name for name, _ in CHECKS))
_NOT_CONVERGED = "Not run: the fit did not converge, so nothing else about it can be judged."


def check(
    frontier: Frontier,
    *,
    only: Sequence[str] | None = None,
    others: Sequence[Frontier] = (),
    refit: int = 0,
    halves: int = 0,
    seed: int = 0,
) -> Checks:
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
    halves : int
        How many times the scores may be split in two and both halves fitted, by base model and by uploader, to see
        whether their answers differ by as much as intervals say; each takes about as long as twice the fit.
    seed : int
        Seeds draws from the priors and simulated counts.

    Returns
    -------
    Checks
        A list of `Check`, one each of those asked for, in the order of `NAMES`.

    Raises
    ------
    QueryError
        If a name is unknown, `refit`, `halves` or `seed` is negative, or `others` are fits of other scores.
    """
    wanted = NAMES if only is None else tuple(only)
    for name in wanted:
        check_choice(name, NAMES, "only")
    for name, value in (("refit", refit), ("halves", halves), ("seed", seed)):
        if value < 0:
            raise QueryError(f"{name} must not be negative, found {value}.")
    if others:
        # wrong fits are an error in the call, before any work
        crossing.comparable([frontier, *others])
    given = CheckInput(frontier, others, refit, seed, halves)
    first = convergence.check(given)
    converged = bool(first.numbers["passes"].all())
    rest = [run(given) if converged else Check.not_run(name, _NOT_CONVERGED) for name, run in CHECKS if name in wanted]
    return Checks([first, *rest], f"Checks of a fit of {frontier.evaluations.source}, tau = {frontier.tau:g}")
