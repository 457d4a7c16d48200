"""Replications to tables with Monte Carlo errors, and the bars they are held to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from studies.calibration.alternatives import METHODS
from studies.calibration.scenarios import Scenario
from studies.calibration.scoring import MODEL, PROBS, SIZES

COVERAGES = tuple(f"covered{100 * p:.0f}" for p in PROBS)
"""Columns of coverage, one per probability of an interval."""

AVERAGE_90, LEAST_90, AVERAGE_50 = (0.87, 0.94), 0.82, (0.45, 0.57)
MOST_BIAS, MOST_WIDTH, WORTHY, MOST_ERROR = 0.006, 1.25, 0.85, 0.03
MOST_CORRELATION = 0.4
# A task may be this many standard errors below its scenario's bar before it counts as wrong.
_TASK_ERRORS = 3.0


def population_table(lines: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Coverage, width and bias of the population boundary by scenario and method."""
    rows = []
    for line in lines:
        for method, part in line["population"].items():
            covered = np.asarray(part["covered"], dtype=float).mean(axis=0)
            rows.append(
                {"scenario": line["scenario"], "method": method}
                | dict(zip(COVERAGES, covered, strict=True))
                | {"width": np.mean(part["width"]), "bias": np.mean(part["bias"])}
            )
    return _summarised(rows, ["scenario", "method"])


def own_table(lines: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Coverage, width and bias of base-model boundaries by scenario and number of models behind them."""
    rows = []
    for line in lines:
        part = line["own"][MODEL]
        groups = zip([*size_labels(), "all"], [*part["groups"], part["all"]], strict=True)
        for label, group in groups:
            if group["covered"] is not None:
                rows.append(
                    {"scenario": line["scenario"], "models": label}
                    | dict(zip(COVERAGES, group["covered"], strict=True))
                    | {"width": group["width"], "bias": group["bias"]}
                )
    return _summarised(rows, ["scenario", "models"])


def size_labels() -> list[str]:
    """Name the groups of base models."""
    return [*(f"{low} to {high - 1}" for low, high in pairwise(SIZES)), f"{SIZES[-1]} and more"]


def point_table(lines: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Coverage of 90% intervals, and bias, along the range of compute."""
    rows = []
    at = PROBS.index(0.9)
    for line in lines:
        for method, part in line["population"].items():
            n = len(part["bias"])
            for i, (covered, width, bias) in enumerate(zip(part["covered"], part["width"], part["bias"], strict=True)):
                rows.append((line["scenario"], method, i / (n - 1), covered[at], width, bias))
    frame = pd.DataFrame(rows, columns=["scenario", "method", "position", "covered90", "width", "bias"])
    return frame.groupby(["scenario", "method", "position"], sort=False).mean().reset_index()


def _summarised(rows: Sequence[dict[str, Any]], keys: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    grouped = frame.groupby(keys, sort=False)
    found = grouped.mean()
    found.insert(0, "replications", grouped.size())
    errors = grouped.std(ddof=1).div(np.sqrt(found["replications"]), axis=0)
    return found.join(errors.add_suffix("_se")).reset_index()


@dataclass(frozen=True)
class Bar:
    """One thing that must hold.

    Attributes
    ----------
    name : str
        What it is.
    found : str
        What was found.
    passed : bool
        Whether it holds.
    """

    name: str
    found: str
    passed: bool


def bars(lines: Sequence[dict[str, Any]], scenarios: Sequence[Scenario]) -> list[Bar]:
    """Hold the model's intervals against what must hold."""
    table = population_table(lines).set_index("method")
    ours = table.loc[[MODEL]].set_index("scenario")
    averaged = [s.name for s in scenarios if s.name in ours.index and s.correlation <= MOST_CORRELATION]
    large = [s.name for s in scenarios if s.name in ours.index and s.has_bar]
    mean = ours.loc[averaged].mean()
    found = [
        _within("coverage of 90% intervals, averaged over scenarios", mean["covered90"], AVERAGE_90),
        _within("coverage of 50% intervals, averaged over scenarios", mean["covered50"], AVERAGE_50),
    ]
    if large:
        worst = ours.loc[large, "covered90"]
        text = f"{worst.min():.1%} ({worst.idxmin()}); at least {LEAST_90:.0%}"
        found.append(Bar("least coverage of 90% intervals, 20 base models or more", text, worst.min() >= LEAST_90))
    bias = ours.loc[averaged, "bias"].abs().mean()
    text = f"{bias:.4f}; less than {MOST_BIAS}"
    found.append(Bar("absolute bias of the posterior mean, averaged over scenarios", text, bias < MOST_BIAS))
    widths = _widths(table, averaged)
    if widths is not None:
        name, ratio = widths
        text = f"{ratio:.2f} times that of {name}; at most {MOST_WIDTH}"
        found.append(Bar(f"mean width beside the best alternative covering {WORTHY:.0%}", text, ratio <= MOST_WIDTH))
    error = ours["covered90_se"]
    text = f"{error.max():.3f} ({error.idxmax()}); at most {MOST_ERROR}"
    found.append(Bar("Monte Carlo standard error of 90% coverage", text, bool(error.max() <= MOST_ERROR)))
    return [*found, _tasks_bar(lines), _own_bar(lines)]


def wanting(lines: Sequence[dict[str, Any]], most: int) -> dict[str, int]:
    """Scenarios whose coverage is not known well enough yet."""
    table = population_table(lines)
    ours = table[table["method"] == MODEL].set_index("scenario")
    found = {}
    for name, n, error in zip(ours.index, ours["replications"], ours["covered90_se"], strict=True):
        needed = min(int(np.ceil(n * (error / MOST_ERROR) ** 2)), 2 * n, most)
        if error > MOST_ERROR and needed > n:
            found[str(name)] = int(needed)
    return found


def _within(name: str, value: float, limits: tuple[float, float]) -> Bar:
    low, high = limits
    return Bar(name, f"{value:.1%}; {low:.0%} to {high:.0%}", bool(low <= value <= high))


def _widths(table: pd.DataFrame, scenarios: Sequence[str]) -> tuple[str, float] | None:
    """Find the narrowest alternative that covers enough, on average, and our width as a multiple of its."""
    means = table[table["scenario"].isin(scenarios)].groupby(level="method")[["covered90", "width"]].mean()
    found: dict[str, dict[str, float]] = means.to_dict("index")  # type: ignore[assignment]  # keys are methods' names
    widths = {m: found[m]["width"] for m in METHODS if m in found and found[m]["covered90"] >= WORTHY}
    if not widths:
        return None
    best = min(widths, key=widths.__getitem__)
    return best, found[MODEL]["width"] / widths[best]


def _tasks_bar(lines: Sequence[dict[str, Any]]) -> Bar:
    """Every task of a scenario by itself: a swap of two tasks leaves other averages nearly alone."""
    rows = [
        (f"{line['scenario']}, task {k + 1}", covered)
        for line in lines
        for k, covered in enumerate(line["population"][MODEL]["task_covered90"])
    ]
    grouped = pd.DataFrame(rows, columns=["task", "covered"]).groupby("task")["covered"]
    slack = _TASK_ERRORS * np.maximum(grouped.std(ddof=1).fillna(0.0), 0.1) / np.sqrt(grouped.size())
    mean = grouped.mean()
    above = mean + slack - LEAST_90
    worst = str(above.idxmin())
    text = f"{mean.to_dict()[worst]:.1%} ({worst}); at least {LEAST_90:.0%} within {_TASK_ERRORS:g} standard errors"
    return Bar("coverage of 90% intervals of every task", text, bool(above.min() >= 0))


def _own_bar(lines: Sequence[dict[str, Any]]) -> Bar:
    table = own_table(lines)
    covered = table.loc[table["models"] == "all", "covered90"].mean()
    text = f"{covered:.1%}; {AVERAGE_90[0] - 0.05:.0%} to {AVERAGE_90[1] + 0.05:.0%}"
    name = "coverage of 90% intervals for base-model boundaries"
    return Bar(name, text, bool(AVERAGE_90[0] - 0.05 <= covered <= AVERAGE_90[1] + 0.05))
