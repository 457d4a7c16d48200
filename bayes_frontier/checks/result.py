"""What a check returns, and what all checks share: limits, the worst of several verdicts, words for what is off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from bayes_frontier.display import Display, Displayed, Drawn
from bayes_frontier.text import listed

Verdict = Literal["pass", "warn", "fail", "unknown"]


@dataclass(frozen=True)
class Limits:
    """Two limits: beyond `warn` a check warns, beyond `fail` it fails."""

    warn: float
    fail: float


@dataclass(frozen=True, eq=False, repr=False)
class Check(Drawn):
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

    _picture = "plot_check"
    name: str
    verdict: Verdict
    numbers: pd.DataFrame
    sentence: str
    picture: str = ""

    @classmethod
    def from_rows(cls, name: str, numbers: pd.DataFrame, sentence: str, picture: str = "") -> Check:
        """Judge a check by the worst verdict of its rows.

        Parameters
        ----------
        name : str
            Name of the check.
        numbers : pandas.DataFrame
            Rows with a column ``verdict``.
        sentence : str
            The result in words.
        picture : str
            Name of its picture; empty: the name of the check.

        Returns
        -------
        Check
            With the worst of the verdicts.
        """
        return cls(name, worst(numbers["verdict"]), numbers, sentence, picture or name)

    @classmethod
    def not_run(cls, name: str, sentence: str) -> Check:
        """Say why a check was not run.

        Parameters
        ----------
        name : str
            Name of the check.
        sentence : str
            Why.

        Returns
        -------
        Check
            Unknown, without numbers.
        """
        return cls(name, "unknown", pd.DataFrame(), sentence)

    @property
    def table(self) -> pd.DataFrame:
        """What the verdict rests on, the same as `numbers`."""
        return self.numbers

    @property
    def sentences(self) -> list[str]:
        """The result in words."""
        return [self.sentence]

    def _display(self) -> Display:
        return Display(f"Check {self.name}: {self.verdict}", self.sentences, self.numbers)


class Checks(Displayed, list[Check]):
    """Checks of one fit, convergence first, under a title that says what was checked."""

    def __init__(self, checks: Iterable[Check] = (), title: str = "Checks") -> None:
        super().__init__(checks)
        self.title = title

    @property
    def table(self) -> pd.DataFrame:
        """One row per check: verdict, check, result."""
        rows = [(one.verdict, one.name, one.sentence) for one in self]
        return pd.DataFrame(rows, columns=["verdict", "check", "result"])

    @property
    def sentences(self) -> list[str]:
        """How many failed, warned and passed, and whether the fit may be used."""
        counts = Counter(str(one.verdict) for one in self)
        words = {"fail": "failed", "warn": "warned", "pass": "passed", "unknown": "not run or cannot tell"}
        numbers = ", ".join(f"{counts[verdict]} {text}" for verdict, text in words.items() if counts[verdict])
        use = "Do not use this fit as it is." if counts["fail"] else "No check speaks against using this fit."
        return [f"{numbers}. {use}"]

    def _display(self) -> Display:
        # as lines and not as a table, which would cut or pad long sentences
        lines = [f"{one.verdict:7}  {one.name}: {' '.join(one.sentence.split())}" for one in self]
        return Display(self.title, [*lines, *self.sentences])


def graded(value: float, limits: Limits) -> Verdict:
    """Grade a number that should be small."""
    if np.isnan(value):
        return "unknown"
    return "fail" if value > limits.fail else "warn" if value > limits.warn else "pass"


def failed(checks: Sequence[Check]) -> bool:
    """Whether a fit is not to be trusted."""
    return any(check.verdict == "fail" for check in checks)


def worst(verdicts: Iterable[str]) -> Verdict:
    """Return the worst of several verdicts: fail, warn, unknown, pass."""
    given = set(verdicts) or {"unknown"}
    order: tuple[Verdict, ...] = ("fail", "warn", "unknown", "pass")
    return next(verdict for verdict in order if verdict in given)


def rows_off(numbers: pd.DataFrame) -> pd.DataFrame:
    """Rows that fail, or where none does those that warn; empty where all is well."""
    for verdict in ("fail", "warn"):
        rows = numbers[numbers["verdict"] == verdict]
        if len(rows):
            return rows
    return numbers.iloc[:0]


def row_with_largest(rows: pd.DataFrame, by: pd.Series) -> Any:  # noqa: ANN401 - a row of mixed types
    """Return the row in which a number is largest."""
    return rows.iloc[int(by.to_numpy().argmax())]


def task_names(rows: pd.DataFrame) -> str:
    """List the tasks of some rows, each once."""
    return listed(dict.fromkeys(rows["task"]), 4)
