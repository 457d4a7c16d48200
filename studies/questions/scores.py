"""What one replication of a study found: where the truth lay, and which verdicts were wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass
class Scores:
    """Intervals and verdicts of one replication, by name.

    Attributes
    ----------
    places : dict
        By quantity, for each interval -1, 0 or 1: the truth lies below it, in it or above it.
    verdicts : dict
        By verdict: opportunities, how often something was said, how often that was wrong.
    """

    places: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    verdicts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))

    def interval(self, name: str, lower: npt.ArrayLike, upper: npt.ArrayLike, truth: npt.ArrayLike) -> None:
        """Note where the truth lies."""
        low, high, true = np.broadcast_arrays(
            np.asarray(lower, float), np.asarray(upper, float), np.asarray(truth, float)
        )
        # equal up to rounding is inside: an end can be the truth itself, as at the end of a range
        tiny = 1e-9 * np.maximum(np.abs(np.where(np.isfinite(true), true, 0.0)), 1e-3)
        place = np.where(true < low - tiny, -1, np.where(true > high + tiny, 1, 0))
        self.places[name] += [int(value) for value in place.ravel()]

    def verdict(self, name: str, said: npt.ArrayLike, right: npt.ArrayLike) -> None:
        """Note verdicts."""
        made, true = np.broadcast_arrays(np.asarray(said, bool), np.asarray(right, bool))
        counts = self.verdicts[name]
        counts[0] += int(made.size)
        counts[1] += int(made.sum())
        counts[2] += int((made & ~true).sum())

    def line(self, replication: int, seconds: float) -> dict[str, Any]:
        """Return what is kept of it."""
        return {
            "replication": replication,
            "seconds": round(seconds, 2),
            "places": dict(self.places),
            "verdicts": dict(self.verdicts),
        }


@dataclass(frozen=True)
class Study:
    """A kind of data with known truth, and the questions asked of it.

    Attributes
    ----------
    name : str
        Short name, also of the file of its replications.
    about : str
        What is simulated, in a few words.
    replicate : callable
        From the number of a replication, which seeds it, to its scores.
    sources : tuple of str
        Files and folders of the package that its results depend on.
    """

    name: str
    about: str
    replicate: Callable[[int], Scores]
    sources: tuple[str, ...]
