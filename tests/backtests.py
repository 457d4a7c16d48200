"""A fit that needs no sampling, and small backtests made with it."""

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.checks.backtest.comparison import Backtest
from bayes_frontier.checks.backtest.run import backtest
from bayes_frontier.errors import ConvergenceError
from bayes_frontier.evaluations import Evaluations, simulate

PERIODS = ("2024-06-30", "2024-12-31")


def evaluations(**options) -> Evaluations:
    """Simulate 240 models of 12 bases on two tasks in three periods; two bases are new in the last one."""
    made = simulate(5, **({"n_models": 240, "n_base_models": 12, "tasks": ["bbh", "gpqa"], "periods": 3} | options))[0]
    renamed = made.models["base_model"] + " of late"
    late = (made.models["period"] == 2) & made.models["base_model"].isin(sorted(set(made.models["base_model"]))[:2])
    models = made.models.assign(base_model=made.models["base_model"].mask(late, renamed))
    return Evaluations.from_models(models, made.tasks, periods=[end for end in made.period_ends if end is not None])


class QuantileFit:
    """Predicts, for every model, the quantile of each task's fitted scores plus a margin."""

    def __init__(self, fitted: Evaluations, tau: float, margin: float = 0.0):
        self.fitted, self.tau, self.margin, self.converged = fitted, tau, margin, margin < 0.3

    def predict(self, models: pd.DataFrame) -> xr.DataArray:
        tasks = list(self.fitted.tasks)
        levels = [np.quantile(self.fitted.models[t].dropna(), self.tau) + self.margin for t in tasks]
        values = np.tile(levels, (len(models), 1))
        return xr.DataArray(values, dims=("model", "task"), coords={"model": models["model"].tolist(), "task": tasks})


class Fits:
    """Stands for `bayes_frontier.fit` and remembers its calls."""

    def __init__(self, stop_at: int | None = None):
        self.calls: list[dict] = []
        self.stop_at = stop_at

    def fit(self, fitted, *, tau=0.98, margin=0.0, **settings) -> QuantileFit:
        self.calls.append({"periods": fitted.period_labels, "models": fitted.n_models, "tau": tau, **settings})
        if self.stop_at == len(self.calls):
            raise KeyboardInterrupt
        if settings.get("draws") == 13:
            raise ConvergenceError("R-hat is 1.300 for bbh.")
        return QuantileFit(fitted, tau, margin)


def small_backtest(**options) -> Backtest:
    settings = {"tau": 0.9, "baselines": ["constant", "bins"], "fit": Fits().fit} | options
    return backtest(settings.pop("evaluations", None) or evaluations(), **settings)


def by_hand(levels: dict[str, np.ndarray], score: np.ndarray, split: list[int], base: list[str], known: list[bool]):
    """Backtest with given levels and scores, shapes (n_records, n_tasks)."""
    labels = [f"period {i}" for i in range(max(split) + 1)]
    tasks = [f"task {k}" for k in range(score.shape[1])]
    by_record = {
        "known": ("record", np.array(known)),
        "record_split": ("record", np.array([labels[i] for i in split], dtype=object)),
        "base_model": ("record", np.array(base, dtype=object)),
    }
    data = xr.Dataset(
        {
            "level": (("boundary", "record", "task"), np.stack(list(levels.values()))),
            "score": (("record", "task"), score),
            **by_record,
        },
        coords={"boundary": list(levels), "task": tasks, "split": labels},
        attrs={"tau": 0.9},
    )
    return Backtest(data, {})
