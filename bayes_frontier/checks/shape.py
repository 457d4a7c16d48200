"""Whether the effects of base models follow a curve over compute: where they do, boundaries have the wrong shape."""

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import CheckInput
from bayes_frontier.checks.result import Check, Limits, row_with_largest, rows_off, task_names
from bayes_frontier.model.curve import inverse_logit, log_odds
from bayes_frontier.model.data import reference_compute
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.posterior.ahead import effects_alone
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import flops_words

# The curve must be steeper than effects dealt out at random make it, all tasks together, ...
CHANCE = Limits(0.05, 0.01)
# ... and take the population boundary this far off somewhere, in posterior standard deviations.
IN_SD = Limits(0.5, 1.0)
# Cosines over the ranks of compute that make the curve, and base models it takes.
_CURVES, _FEWEST = 4, 12
_PERMUTATIONS = 4000


def check(given: CheckInput) -> Check:
    """Check that effects of base models do not hang together along compute."""
    if not given.frontier.curves.has_base_models:
        return Check.not_run("shape", "The model has no base-model effects, which this check looks at.")
    if len(given.frontier.base_model_names) < _FEWEST:
        return Check.not_run("shape", f"With fewer than {_FEWEST} base models a curve through them says nothing.")
    numbers = along_compute(given.frontier, given.seed)
    numbers = numbers.assign(verdict=verdicts(numbers))
    return Check.from_rows("shape", numbers, sentence(numbers))


def along_compute(frontier: Frontier, seed: int = 0) -> pd.DataFrame:
    """Fit a smooth curve through the effects of base models over their compute, task by task.

    Effects are taken as the scores of each base model alone have them, and count by how well these tell. A boundary
    that cannot bend as scores do leaves its misfit to the effects of the base models there.
    """
    alone, weight = effects_alone(frontier.curves)
    z = reference_compute(frontier.evaluations.models, frontier.base_model_names)
    rank = (pd.Series(z).rank().to_numpy() - 0.5) / len(z)
    basis = np.cos(np.pi * np.arange(1, _CURVES + 1) * rank[:, None])
    rng = np.random.default_rng(seed)
    order = rng.permuted(np.tile(np.arange(len(z)), (_PERMUTATIONS, 1)), axis=1)
    drawn = frontier.boundary(10.0**z)
    rows = []
    for k, task in enumerate(frontier.tasks):
        (curve,), (size,) = _smooth(basis, alone[None, :, k], weight[None, :, k])
        by_chance = _smooth(basis, alone[order, k], weight[order, k])[1]
        level = drawn.sel(task=task)
        mean, sd = level.mean(("chain", "draw")).to_numpy(), level.std(("chain", "draw")).to_numpy()
        change = inverse_logit(log_odds(mean) + curve) - mean
        at = int(np.abs(change / sd).argmax())
        rows.append(
            {
                "task": task,
                "base_models": len(z),
                "chance": (1 + int((by_chance >= size).sum())) / (1 + _PERMUTATIONS),
                "flops": 10.0 ** z[at],
                "change": float(change[at]),
                "in_sd": float(change[at] / sd[at]),
            }
        )
    return pd.DataFrame(rows)


def _smooth(basis: FloatArray, effect: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit effects by a basis and a constant, weighted: the curve without the constant, and what it explains.

    Shapes: basis (n, n_curves), effect and weight (n_times, n), returns (n_times, n) and (n_times,).
    """
    share = weight / weight.sum(axis=1, keepdims=True)
    mean = share @ basis
    products = share @ (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), -1)
    gram = products.reshape(-1, *2 * (basis.shape[1],)) - mean[:, :, None] * mean[:, None, :]
    centred = effect - (share * effect).sum(axis=1, keepdims=True)
    found = np.linalg.solve(gram, ((share * centred) @ basis)[:, :, None])[:, :, 0]
    curve = found @ basis.T - (found * mean).sum(axis=1, keepdims=True)
    return curve, (weight * curve**2).sum(axis=1)


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """Grade each task: the curve must matter and not be chance."""
    grades = pd.Series("pass", index=numbers.index)
    for verdict in ("warn", "fail"):
        # as many tests as tasks
        seldom = numbers["chance"] * len(numbers) <= getattr(CHANCE, verdict)
        grades[seldom & (numbers["in_sd"].abs() > getattr(IN_SD, verdict))] = verdict
    return grades


def sentence(numbers: pd.DataFrame) -> str:
    """Say whether boundaries have the shape that base models do."""
    off = rows_off(numbers)
    row = row_with_largest(off if len(off) else numbers, (off if len(off) else numbers)["in_sd"].abs())
    size = f"{row['change']:+.3f} ({row['in_sd']:+.1f} posterior SD)"
    where = f"{row['task']} at {flops_words(row['flops'])} FLOPs, by {size}"
    if off.empty:
        return f"Base models lie about their boundary without a pattern along compute; farthest on {where}."
    return (
        f"Base models lie above and below their boundary in a pattern along compute, on {task_names(off)}: farthest on "
        f"{where}. The boundary cannot follow these scores (it never falls): do not use it there."
    )
