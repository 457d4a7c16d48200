"""What a check returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Verdict = Literal["pass", "warn", "fail", "unknown"]


@dataclass(frozen=True, eq=False)
class Check:
    """Outcome of one check.

    Attributes
    ----------
    name : str
        Which check: one of `bayes_frontier.checks.run.NAMES`.
    verdict : {"pass", "warn", "fail", "unknown"}
        "unknown": it was not run, or cannot tell; the sentence says why.
    numbers : pandas.DataFrame
        What the verdict rests on; empty where the check was not run.
    sentence : str
        The result in words, with what to do where it is not a pass.
    picture : str
        Name of the function of `bayes_frontier.plots.checks` that draws it; empty: there is nothing to draw.
    """

    name: str
    verdict: Verdict
    numbers: pd.DataFrame
    sentence: str
    picture: str = ""


def failed(checks: Sequence[Check]) -> bool:
    """Whether a fit is not to be trusted."""
    return any(check.verdict == "fail" for check in checks)


def worst(verdicts: Iterable[str]) -> Verdict:
    """Return the worst of several verdicts: fail, warn, unknown, pass."""
    found = set(verdicts) or {"unknown"}
    order: tuple[Verdict, ...] = ("fail", "warn", "unknown", "pass")
    return next(verdict for verdict in order if verdict in found)
