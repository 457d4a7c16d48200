"""`fit`: from evaluations to a `Frontier`."""

import json
import os
import sys
import time
from functools import partial
from pathlib import Path

from bayes_frontier.errors import ConvergenceError, DataError, QueryError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.diff import require_one_scoring
from bayes_frontier.evaluations.registry.registry import Registry, given_registry
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.sample import TARGET_ACCEPT, Start, sample
from bayes_frontier.model.spec import ModelSpec, read_spec
from bayes_frontier.posterior.diagnostics import FEW_DIVERGENT, divergent_share, passes
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.imputation import FEWEST_DRAWS, TUNE, fit_imputed
from bayes_frontier.provenance import versions


def fit(
    evaluations: Evaluations,
    model: str | Path | ModelSpec = "hierarchical",
    *,
    tau: float = 0.98,
    draws: int = 1000,
    tune: int = 300,
    chains: int = 4,
    cores: int | None = None,
    seed: int = 1,
    progress: bool | None = None,
    allow_unconverged: bool = False,
    start: Start | None = None,
    compute_uncertainty: int = 0,
    target_accept: float = TARGET_ACCEPT,
    registry: Registry | str | Path | None = None,
) -> Frontier:
    """Sample the posterior of capability boundaries.

    Where the convergence gate is missed, chains twice as long and of smaller steps are tried once before giving up;
    where more than 0.1% of transitions diverge, chains of smaller steps that start where those ended, twice at most.

    Parameters
    ----------
    evaluations : Evaluations
        Scores, from `bayes_frontier.read` or `bayes_frontier.simulate`.
    model : str, Path or ModelSpec
        A model under models/ by name, or the path of a TOML file.
    tau : float
        Quantile level of the boundary.
    draws, tune : int
        Draws kept and tuning steps, per chain.
    chains : int
        Number of chains, at least 2.
    cores : int, optional
        Chains at a time (default: as many as the machine has cores).
    seed : int
        Same seed, data, model and versions: same result.
    progress : bool, optional
        Show progress on standard error (default: only on a terminal).
    allow_unconverged : bool
        Return a posterior that fails the convergence gate instead of raising.
    start : Start, optional
        Where a fit of about the same scores with the same model ended, ``Start.of(frontier.posterior)``: the way to
        the posterior is shorter, the posterior is the same.
    compute_uncertainty : int
        Tables fitted, each with the base models' FLOPs drawn from their uncertainty, to be pooled; 0: FLOPs are taken
        as stated. 10 will do. See `bayes_frontier.posterior.imputation`.
    target_accept : float
        Acceptance rate that the sampler's step size is adapted to: nearer 1, smaller steps and fewer divergences.
    registry : Registry or path, optional
        Whose uncertainties these are (default: that of the registry the evaluations were read with).

    Returns
    -------
    Frontier
        The posterior and its answers.

    Raises
    ------
    QueryError
        If an argument is out of its range.
    DataError
        If the scores cannot identify a boundary, or mix two scorings of a task.
    SpecError
        If the model cannot be read.
    ConvergenceError
        If R-hat exceeds 1.01 or the bulk effective sample size is below 400 for any boundary, or 2% of draws diverge.
    """
    _check_evaluations(evaluations)
    _check(tau=tau, draws=draws, tune=tune, chains=chains, cores=cores, seed=seed, target_accept=target_accept)
    require_one_scoring(evaluations)
    spec = read_spec(model)
    if compute_uncertainty:

        def fit_one(longer: int, table: Evaluations, before: Frontier | None, number: int) -> Frontier:
            return fit(
                table,
                spec,
                tau=tau,
                draws=longer * max(-(-draws // compute_uncertainty), FEWEST_DRAWS),
                tune=longer * (tune if before is None else min(tune, TUNE)),
                chains=chains,
                cores=cores,
                seed=seed + number,
                progress=progress,
                allow_unconverged=True,
                start=start if before is None else Start.of(before.posterior),
                target_accept=target_accept,
            )

        for longer in (1, 2):
            entries = given_registry(evaluations.registry if registry is None else registry)
            pooled = fit_imputed(evaluations, partial(fit_one, longer), compute_uncertainty, entries, seed)
            if allow_unconverged or pooled.converged:
                return pooled
        raise ConvergenceError(pooled.convergence_text())
    structure = spec.structure
    drift = structure.periods == "random-walk"
    data = FrontierData.from_evaluations(evaluations, tau, base_models=structure.base_models, drift=drift)
    started = time.perf_counter()
    longer, accepted = 1, target_accept
    for number in range(_TRIES):
        settings = {"draws": longer * draws, "tune": longer * tune, "target_accept": accepted}
        draw = partial(
            sample,
            spec,
            evaluations,
            data,
            tau=tau,
            settings=settings,
            chains=chains,
            cores=cores or min(chains, os.cpu_count() or 1),
            # a chain that starts in a corner from one seed would start there again
            seed=[seed, number + 1] if number else seed,
            progress=sys.stderr.isatty() if progress is None else progress,
        )
        try:
            sampled = draw(start=start)
        except (RuntimeError, ArithmeticError) as error:
            # what is raised where no chain can start: by nutpie, or where its data are no numbers
            if start is None and (words := _no_start(evaluations, error)):
                raise DataError(words) from error
            if start is None:
                raise
            # scores that contradict the fit before
            start = None
            sampled = draw()
        provenance = {
            "data": {
                "source": evaluations.source,
                "format": evaluations.source_format,
                "sha256": evaluations.fingerprint,
            },
            "model": {
                "name": spec.name,
                "sha256": spec.fingerprint,
                "specification": json.loads(spec.model_dump_json()),
            },
            "sampling": {
                "tau": tau,
                **settings,
                "chains": chains,
                "seed": seed,
                "start": "cold" if start is None else "warm",
            },
            "versions": versions(),
            "seconds": round(time.perf_counter() - started, 1),
        }
        frontier = Frontier.from_sampled(evaluations, spec, tau, sampled, provenance)
        few = divergent_share(sampled.sample_stats) <= FEW_DIVERGENT
        if allow_unconverged or (frontier.converged and (few or number == _TRIES - 1)):
            return frontier
        mixed = bool(passes(frontier.diagnostics).all())
        if longer > 1 and not mixed:
            break
        if mixed:
            # smaller steps are all that is needed: 0.98 accepted in place of 0.8
            accepted, start = 1.0 - 0.1 * (1.0 - accepted), Start.of(frontier.posterior)
        else:
            # 0.95; where a warm start did not help, the longer try does without
            longer, accepted, start = 2, 1.0 - 0.25 * (1.0 - accepted), None
    raise ConvergenceError(frontier.convergence_text())


# Times that a fit is sampled at most.
_TRIES = 3
# Different scores of a task of which so few can leave chains nowhere to start.
_FEW_VALUES = 20


def _no_start(evaluations: Evaluations, error: Exception) -> str:
    """Say why no chain starts; empty where it is not the scores, but a defect."""
    values = evaluations.table.groupby("task")["score"].nunique().sort_values()
    if "initialization" not in str(error) and not isinstance(error, ArithmeticError) and values.iloc[0] > _FEW_VALUES:
        return ""
    reason = f"{type(error).__name__}: {error}".splitlines()[0][:150]
    return (
        f"The sampler finds no place to start ({reason}). Scores that are next to equal do that: task "
        f"{str(values.index[0])!r} has {values.iloc[0]:,} different ones. Leave such tasks out (--tasks)."
    )


def _check_evaluations(evaluations: object) -> None:
    if not isinstance(evaluations, Evaluations):
        shown = repr(str(evaluations)[:80]) if isinstance(evaluations, str | Path) else "table"
        raise QueryError(
            f"evaluations: found {type(evaluations).__name__}, expected Evaluations. Read the table first: "
            f"bf.fit(bf.read({shown}))."
        )


def _check(
    *, tau: float, draws: int, tune: int, chains: int, cores: int | None, seed: int, target_accept: float
) -> None:
    if not 0.5 <= tau <= 0.999:
        raise QueryError(f"tau must be between 0.5 and 0.999, found {tau!r}: the boundary is a high quantile (0.98).")
    if not 0.5 <= target_accept <= 0.999:
        raise QueryError(f"target_accept must be between 0.5 and 0.999, found {target_accept!r}; 0.8 is usual.")
    limits = {
        "draws": (draws, 50),
        "tune": (tune, 50),
        "chains": (chains, 2),
        "cores": (1 if cores is None else cores, 1),
        "seed": (seed, 0),
    }
    for name, (value, least) in limits.items():
        if value < least:
            raise QueryError(f"{name} must be at least {least}, found {value}.")
