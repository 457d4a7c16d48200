"""Exact pinball loss of the fitted boundary, against a constant and against the boundary shifted."""

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import CheckInput, Records, cluster_error
from bayes_frontier.checks.result import Check, Limits, graded, row_with_largest, rows_off, task_names, worst
from bayes_frontier.model.likelihood import pinball_loss

# Share of the pinball loss that a shift of a task's whole boundary would save.
SHIFT_GAIN = Limits(0.03, 0.10)


def check(given: CheckInput) -> Check:
    """Check that the boundary beats a constant, and that shifting it would not help."""
    numbers = losses(given.records)
    numbers = numbers.assign(verdict=verdicts(numbers))
    return Check.from_rows("pinball", numbers, sentence(numbers))


def losses(records: Records) -> pd.DataFrame:
    """Pinball loss by task."""
    rows = []
    for task, part in records.table.groupby("task", sort=False):
        score, boundary = part["score"].to_numpy(), part["boundary"].to_numpy()
        flat = part.groupby("period")["score"].transform("quantile", records.tau).to_numpy()
        fitted, constant = pinball_loss(score - boundary, records.tau), pinball_loss(score - flat, records.tau)
        shift = float(np.quantile(score - boundary, records.tau))
        loss, of_constant = float(fitted.mean()), float(constant.mean())
        rows.append(
            {
                "task": task,
                "n": len(part),
                "loss": loss,
                "constant": of_constant,
                "skill": 1.0 - loss / max(of_constant, 1e-12),
                "difference_error": cluster_error(pd.Series(fitted - constant), part["base_model"])[0],
                "shift": shift,
                "gain": 1.0 - float(pinball_loss(score - boundary - shift, records.tau).mean()) / max(loss, 1e-12),
            }
        )
    return pd.DataFrame(rows)


def verdicts(numbers: pd.DataFrame) -> pd.Series:
    """Grade each task's loss: below a constant's, and not improved by shifting the boundary."""
    excess = numbers["loss"] - numbers["constant"]
    # a constant that does better warns at once, and fails beyond two standard errors of the difference
    rows = zip(excess, 2.0 * numbers["difference_error"], numbers["gain"], strict=True)
    grades = [worst([graded(more, Limits(0.0, beyond)), graded(gain, SHIFT_GAIN)]) for more, beyond, gain in rows]
    return pd.Series(grades, index=numbers.index, dtype=object)


def sentence(numbers: pd.DataFrame) -> str:
    """Say how large the loss is."""
    whole = f"Mean exact pinball loss {1e3 * numbers['loss'].mean():.2f}e-3 in sample"
    off = rows_off(numbers)
    if off.empty:
        return (
            f"{whole}, {100 * (1 - numbers['loss'].sum() / numbers['constant'].sum()):.0f}% below a constant's; moving "
            f"a task's boundary would save at most {100 * numbers['gain'].max():.1f}%."
        )
    row = row_with_largest(off, off["loss"] / off["constant"])
    worse = row["loss"] > row["constant"]
    why = "It carries less than a constant does." if worse else "It lies too high or too low as a whole."
    return (
        f"{whole}. On {task_names(off)} the boundary is no good: on {row['task']} its loss is "
        f"{1e3 * row['loss']:.2f}e-3, a constant's {1e3 * row['constant']:.2f}e-3, and moving it by "
        f"{row['shift']:+.3f} would save {100 * row['gain']:.0f}%. {why}"
    )
