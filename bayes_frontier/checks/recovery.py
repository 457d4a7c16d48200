"""Whether a fit of simulated evaluations recovers the boundaries they came from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.display import Display, Displayed
from bayes_frontier.evaluations import Truth
from bayes_frontier.posterior.frontier import Frontier

BAR = 0.80
_GRID = 25


@dataclass(frozen=True, repr=False)
class Recovery(Displayed):
    """How often credible intervals hold the truth."""

    points: pd.DataFrame  # one row per (task, FLOPs): task, flops, truth, median, lower, upper, covered
    prob: float

    @property
    def share(self) -> float:
        """Share of the points whose interval holds the truth."""
        return float(self.points["covered"].mean())

    @property
    def passed(self) -> bool:
        """Whether the share reaches the bar, 0.80."""
        return self.share >= BAR

    @property
    def error(self) -> float:
        """Mean absolute difference of median and truth, in scores."""
        return float((self.points["median"] - self.points["truth"]).abs().mean())

    @property
    def table(self) -> pd.DataFrame:
        """The points."""
        return self.points

    @property
    def sentences(self) -> list[str]:
        """The result in one sentence."""
        return [self.sentence()]

    def _display(self) -> Display:
        return Display("Recovery of the true boundaries", self.sentences, self.points)

    def by_task(self) -> pd.Series:
        """Return the share of covered points of each task."""
        return self.points.groupby("task", sort=False)["covered"].mean()

    def sentence(self) -> str:
        """Say the result in one sentence."""
        verdict = "the truth is recovered" if self.passed else "the truth is NOT recovered"
        return (
            f"{100 * self.share:.1f}% of {len(self.points):,} points (task and FLOPs) have the true boundary "
            f"within the {100 * self.prob:.4g}% interval; at least {100 * BAR:.0f}% are asked for: "
            f"{verdict}. Mean absolute error of the median: {self.error:.4f}."
        )


def recovery(frontier: Frontier, truth: Truth, *, prob: float = 0.9, flops: npt.ArrayLike | None = None) -> Recovery:
    """Compare the population boundary of the last period with the truth, over a grid of compute."""
    fitted = frontier.evaluations.models["flops"]
    grid = np.geomspace(fitted.min(), fitted.max(), _GRID) if flops is None else np.asarray(flops, dtype=float)
    parts = []
    for task in frontier.tasks:
        answer = frontier.attainable(grid, prob=prob, task=task)
        part = pd.DataFrame({name: answer[name].to_numpy() for name in ("median", "lower", "upper")})
        part["truth"] = truth.boundary(grid, task=task).to_numpy()
        parts.append(part.assign(task=task, flops=grid))
    points = pd.concat(parts, ignore_index=True)
    points["covered"] = (points["lower"] <= points["truth"]) & (points["truth"] <= points["upper"])
    return Recovery(points[["task", "flops", "truth", "median", "lower", "upper", "covered"]], prob)
