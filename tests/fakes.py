"""A fit without sampling: it answers as `Frontier` does, from random increasing curves around the truth."""

import datetime as dt
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import expit

from bayes_frontier.checks.result import Check
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Evaluations, Truth, simulate
from bayes_frontier.posterior.population import POPULATIONS
from bayes_frontier.posterior.query import first_reaching
from bayes_frontier.text import check_choice, suggestion

CHAINS, DRAWS = 2, 50


class FakeFrontier:
    """The parts of `Frontier` that the command line, the pictures and the report use."""

    def __init__(self, evaluations: Evaluations, *, tau: float = 0.98, converged: bool = True, **settings):
        self.evaluations = evaluations
        self.tau, self.converged = tau, converged
        self.tasks, self.period_labels = evaluations.tasks, evaluations.period_labels
        self.base_model_names = tuple(sorted(set(evaluations.models["base_model"])))
        self.settings = settings
        structure = SimpleNamespace(periods="random-walk", base_models=True, curve="bent")
        self.spec = SimpleNamespace(name="hierarchical", structure=structure)
        self.provenance = {
            "source": evaluations.source,
            "seed": settings.get("seed", 1),
            "created": "2025-06-01T12:00:00+00:00",
            "versions": {"python": "3.12", "pymc": "6.4"},
            "spec_text": 'name = "hierarchical"\n[priors]\n',
        }
        self.diagnostics = pd.DataFrame(
            {
                "quantity": [f"{task}, low" for task in self.tasks],
                "r_hat": 1.002 if converged else 1.3,
                "ess_bulk": 1800.0 if converged else 21.0,
                "ess_tail": 1500.0,
            }
        )

    @cached_property
    def posterior(self) -> xr.DataTree:
        """What the sampler said of its draws."""
        energy = np.random.default_rng(8).normal(size=(CHAINS, DRAWS))
        return xr.DataTree.from_dict({"sample_stats": xr.Dataset({"energy": (("chain", "draw"), energy)})})

    def convergence_text(self) -> str:
        return "Converged: R-hat at most 1.002." if self.converged else "R-hat is 1.300 for bbh, low."

    def thinned(self, draws: int) -> "FakeFrontier":
        """All draws: there are few."""
        return self

    @cached_property
    def sigmoids(self) -> dict[str, np.ndarray]:
        """Random sigmoids, shape (chain, draw, task, period) each."""
        rng = np.random.default_rng(7)
        shape = (CHAINS, DRAWS, len(self.tasks), len(self.period_labels))
        return {
            "floor": 0.2 + 0.02 * rng.random(shape),
            "rise": np.linspace(0.3, 0.5, len(self.tasks))[:, None] + 0.1 * rng.random(shape),
            "middle": 23.3 - 0.3 * np.arange(shape[-1]) + 0.3 * rng.random(shape),
        }

    @property
    def curves(self) -> SimpleNamespace:
        """What `attain` asks of the draws themselves."""
        return SimpleNamespace(has_base_models=True)

    def boundary(
        self, flops, task=None, period=None, base_model=None, population="bases", of="scores", tau=None
    ) -> xr.DataArray:
        """Boundaries of abilities are lower by 0.01, those at a lower level by the difference of levels."""
        check_choice(population, POPULATIONS, "population")
        z = np.log10(np.atleast_1d(np.asarray(flops, dtype=float)))
        if task is not None and task not in self.tasks:
            raise QueryError(f"Unknown task {task!r}.{suggestion(task, self.tasks)}")
        if base_model is not None and base_model not in self.base_model_names:
            hint = suggestion(base_model, self.base_model_names)
            raise QueryError(f"Unknown base model {base_model!r}.{hint}")
        tasks = slice(None) if task is None else [self.tasks.index(task)]
        periods = slice(None) if period == "all" else [self._period(period)]
        c = {name: values[:, :, tasks][..., periods, None] for name, values in self.sigmoids.items()}
        values = c["floor"] + c["rise"] * expit(1.5 * (z - c["middle"])) + (0.02 if base_model else 0.0)
        values = values - (0.01 if of == "ability" else 0.0) - (0.0 if tau is None else self.tau - tau)
        labels = list(self.period_labels)
        coords = {
            "task": list(self.tasks) if task is None else [task],
            "period": labels if period == "all" else [labels[self._period(period)]],
            "flops": 10**z,
        }
        drawn = xr.DataArray(values, dims=("chain", "draw", "task", "period", "flops"), coords=coords)
        drawn = drawn if task is None else drawn.isel(task=0)
        drawn = drawn if period == "all" else drawn.isel(period=0)
        return drawn if np.ndim(flops) else drawn.isel(flops=0)

    def _period(self, period) -> int:
        if period is None:
            return len(self.period_labels) - 1
        if isinstance(period, int):
            if not -len(self.period_labels) <= period < len(self.period_labels):
                raise QueryError(f"Unknown period {period}.")
            return period
        if period in self.period_labels:
            return self.period_labels.index(period)
        try:
            day = dt.date.fromisoformat(period)
        except ValueError:
            raise QueryError(f"Unknown period {period!r}.") from None
        return sum(end is not None and end < day for end in self.evaluations.period_ends)

    def attainable(self, flops, prob=0.9, task=None, period=None, base_model=None, target=None, **other) -> xr.Dataset:
        drawn = self.boundary(flops, task, period, base_model, **other)
        over, tail = ("chain", "draw"), (1 - prob) / 2
        levels = drawn.quantile([0.5, tail, 1 - tail], over, skipna=False)
        median, lower, upper = (levels.isel(quantile=i, drop=True) for i in range(3))
        found = {"mean": drawn.mean(over), "median": median, "lower": lower, "upper": upper}
        if target is not None:
            found["probability"] = (drawn >= target).mean(over)
        return xr.Dataset(found)

    def compute_for(
        self, score, task=None, period=None, base_model=None, prob=0.9, flops_range=(1e18, 1e28), **other
    ) -> xr.Dataset:
        grid = np.geomspace(*flops_range, 1001)
        drawn = self.boundary(grid, task, period, base_model, **other).transpose("flops", ...)
        scores = np.atleast_1d(score)
        found = [10 ** first_reaching(drawn.to_numpy(), np.log10(grid), value) for value in scores]
        template = drawn.isel(flops=0, drop=True).expand_dims(score=scores)
        needed = template.copy(data=np.stack(found))
        over, tail = ("chain", "draw"), (1 - prob) / 2

        def at(q: float) -> xr.DataArray:
            return needed.quantile(q, over, method="lower").drop_vars("quantile")

        found = {
            "median": at(0.5),
            "lower": at(tail),
            "upper": at(1 - tail),
            "not_attainable": np.isinf(needed).mean(over),
        }
        return xr.Dataset(found) if np.ndim(score) else xr.Dataset(found).isel(score=0)

    def base_models(self, period=None, prob=0.9) -> xr.Dataset:
        """Differences that fall with the base model's place in the alphabet."""
        counts = self.evaluations.models["base_model"].value_counts()
        flops = self.evaluations.models.groupby("base_model")["flops"].median()
        names = list(self.base_model_names)
        middle = np.linspace(0.1, -0.1, len(names))
        task = xr.DataArray(np.ones(len(self.tasks)), dims="task", coords={"task": list(self.tasks)})
        overall = xr.DataArray(middle, dims="base_model", coords={"base_model": names})
        found = {"mean": overall, "median": overall, "lower": overall - 0.02, "upper": overall + 0.02}
        found["above"] = (overall > 0).astype(float)
        every = {f"overall_{name}": value for name, value in found.items() if name != "median"}
        return xr.Dataset({name: value * task for name, value in found.items()} | every).assign_coords(
            n_models=("base_model", counts.loc[names].to_numpy()),
            flops=("base_model", flops.loc[names].to_numpy()),
            period=self.period_labels[self._period(period)],
        )

    def save(self, path) -> None:
        Path(path).write_text("a fit")


def small_evaluations(**options) -> tuple[Evaluations, Truth]:
    """Simulate 80 models of 8 bases on two tasks in three periods."""
    settings = {"n_models": 80, "n_base_models": 8, "tasks": ["bbh", "math_lvl_5"], "periods": 3} | options
    return simulate(3, **settings)


def fake_checks(**verdicts: str) -> list[Check]:
    """Three checks without numbers behind them; all pass unless another verdict is given."""
    sentences = {
        "convergence": "The chains agree.",
        "coverage": "98.1% of the scores lie at or below their boundary.",
        "influence": "No base model moves a boundary by much.",
    }
    return [Check(name, verdicts.get(name, "pass"), pd.DataFrame(), text) for name, text in sentences.items()]
