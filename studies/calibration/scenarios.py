"""What the calibration study simulates: truths that are not asymmetric Laplace, on a real leaderboard's clusters."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Evaluations, Truth, simulate
from bayes_frontier.text import listed, suggestion

# Numbers of models of each base model of the Open LLM Leaderboard v2 in four periods (closed 2024-06-30, 2024-09-30
# and 2024-12-31), with its log10 FLOPs to 0.05; without names. The last period alone, or all four.
_CLUSTERS = Path(__file__).with_name("clusters.csv")
_DATES = np.array(["2024-05-15", "2024-08-15", "2024-11-15", "2025-02-15"], dtype="datetime64[ns]")
_CLOSING = ("2024-06-30", "2024-09-30", "2024-12-31")
_FEWEST_FOR_BAR = 20


@dataclass(frozen=True)
class Scenario:
    """One kind of data whose boundaries are known.

    Attributes
    ----------
    name : str
        Short name.
    about : str
        What it stands for, a few words.
    clusters : {"latest", "all", "free"}
        Compute and sizes of base models: those of the leaderboard's last period, of its four periods, or as
        `bayes_frontier.simulate` draws them.
    n_models : int or None
        Models; none: as many as the leaderboard has. Other numbers keep the shares of base models.
    tau : float
        Quantile of the boundary.
    options : mapping
        Further arguments of `bayes_frontier.simulate`.
    """

    name: str
    about: str
    clusters: Literal["latest", "all", "free"] = "latest"
    n_models: int | None = None
    tau: float = 0.98
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def correlation(self) -> float:
        """Share of variance that models of one base have in common."""
        return float(self.options.get("correlation", 0.2))

    @property
    def n_base_models(self) -> int:
        """Number of base models."""
        if self.clusters == "free":
            return int(self.options["n_base_models"])
        return int(grid(self.clusters, self.n_models)["base_model"].nunique())

    @property
    def has_bar(self) -> bool:
        """Whether there are enough base models, 20, for a bar on the scenario's own coverage."""
        return self.n_base_models >= _FEWEST_FOR_BAR

    def seed(self, replication: int) -> int:
        """Return the seed of a data set and of its fits."""
        return (zlib.crc32(self.name.encode()) + replication) % 2**32

    def simulate(self, replication: int) -> tuple[Evaluations, Truth]:
        """Simulate one data set."""
        options: dict[str, Any] = {"tasks": 1, "periods": 1, "tau": self.tau, **self.options}
        seed = self.seed(replication)
        if self.clusters == "free":
            return simulate(seed, n_models=self.n_models or 1200, **options)
        if self.clusters == "all":
            options["periods"] = _CLOSING
        return simulate(seed, grid=grid(self.clusters, self.n_models), **options)


@cache
def grid(clusters: Literal["latest", "all"], n_models: int | None = None) -> pd.DataFrame:
    """Return the leaderboard's models by base model, without names or scores."""
    table = pd.read_csv(_CLUSTERS)
    counts = table.filter(like="period_").to_numpy(dtype=np.int64)
    counts = counts[:, -1:] if clusters == "latest" else counts
    if n_models is not None:
        counts = _shared_out(counts, n_models)
    base, period = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), counts.shape[1])
    return pd.DataFrame(
        {
            "base_model": [f"base-{g + 1:03d}" for g in base],
            "flops": 10.0 ** table["log10_flops"].to_numpy()[base],
            "released": _DATES[-counts.shape[1] :][period],
        }
    )


def _shared_out(counts: npt.NDArray[np.int64], n: int) -> npt.NDArray[np.int64]:
    shares = counts * (n / counts.sum())
    whole = np.floor(shares).astype(np.int64)
    order = np.argsort((whole - shares).ravel(), kind="stable")
    whole.ravel()[order[: n - int(whole.sum())]] += 1
    return whole


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("independent", "no correlation within base models", options={"correlation": 0.0}),
    Scenario("correlated-0.1", "correlation 0.1 within base models", options={"correlation": 0.1}),
    Scenario("correlated-0.2", "correlation 0.2", options={"correlation": 0.2}),
    Scenario("correlated-0.4", "correlation 0.4", options={"correlation": 0.4}),
    Scenario("skewed-0.1", "scores with a long tail down", options={"noise": "skewed", "correlation": 0.1}),
    Scenario(
        "skewed-0.4",
        "scores and base models with a long tail down",
        options={"noise": "skewed", "base_effects": "skewed", "correlation": 0.4},
    ),
    Scenario(
        "heavy-effects",
        "heavy-tailed base models (Student, 3 degrees of freedom)",
        options={"base_effects": "student", "correlation": 0.3},
    ),
    Scenario("widening", "spread grows 30% a decade of compute", options={"spread_slope": 0.3}),
    Scenario("narrowing", "spread falls 25% a decade of compute", options={"spread_slope": -0.25}),
    Scenario(
        "few-bases",
        "12 base models, Zipf sizes",
        clusters="free",
        n_models=600,
        options={"n_base_models": 12, "size_exponent": 1.0},
    ),
    Scenario(
        "unequal-bases",
        "40 base models, half of the models on two",
        clusters="free",
        n_models=1200,
        options={"n_base_models": 40, "size_exponent": 1.6},
    ),
    Scenario("small", "300 models, tau 0.9", n_models=300, tau=0.9),
    Scenario("small-high", "300 models, tau 0.98", n_models=300),
    Scenario("large", "5,000 models", n_models=5000),
    Scenario("tau-0.9", "tau 0.9", tau=0.9),
    Scenario("tau-0.95", "tau 0.95, skewed scores", tau=0.95, options={"noise": "skewed"}),
    Scenario("six-tasks", "six tasks", options={"tasks": 6}),
    Scenario("four-periods", "four periods without drift", clusters="all", options={"noise": "skewed"}),
    Scenario("drift", "four periods, 0.02 a period", clusters="all", options={"drift": 0.02}),
    Scenario(
        "six-tasks-drift",
        "six tasks, four periods, 0.02 a period, correlation 0.3",
        clusters="all",
        options={"tasks": 6, "drift": 0.02, "correlation": 0.3, "noise": "skewed"},
    ),
    Scenario(
        "passing-bases",
        "three periods, 0.02 a period, 70% of base models in one only",
        clusters="free",
        n_models=1500,
        options={"n_base_models": 60, "periods": 3, "drift": 0.02, "share_single_period": 0.7},
    ),
)
"""All scenarios, in the order of the tables."""


def chosen(names: list[str] | None) -> tuple[Scenario, ...]:
    """Return scenarios by name."""
    known = [scenario.name for scenario in SCENARIOS]
    for name in names or []:
        if name not in known:
            raise QueryError(f"No scenario {name!r}.{suggestion(name, known)} Known: {listed(known, len(known))}.")
    return tuple(scenario for scenario in SCENARIOS if not names or scenario.name in names)
