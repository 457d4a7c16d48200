"""Degenerate tables: an answer or a typed error each, before anything is sampled where it is an error."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

import bayes_frontier as bf
from bayes_frontier.errors import FrontierError

N = 60
SETTINGS: dict[str, Any] = {
    "tau": 0.9,
    "draws": 50,
    "tune": 50,
    "chains": 2,
    "cores": 1,
    "progress": False,
    "allow_unconverged": True,
}


def plain(n: int = N, bases: int = 4) -> pd.DataFrame:
    """Return a table as it should be: two tasks, a curve against compute, base models of different sizes."""
    rng = np.random.default_rng(5)
    flops = 10.0 ** np.linspace(21.0, 24.0, bases)
    base = np.arange(n) % bases
    rise = 1.0 / (1.0 + np.exp(22.5 - np.log10(flops)[base]))
    return pd.DataFrame(
        {
            "model": [f"lab/model-{i}" for i in range(n)],
            "base_model": [f"base-{b}" for b in base],
            "flops": flops[base],
            "released": pd.date_range("2024-01-01", periods=n, freq="6D").strftime("%Y-%m-%d"),
            "maths": np.clip(0.2 + 0.5 * rise - 0.1 * rng.exponential(size=n), 0.0, 1.0),
            "reading": np.clip(0.3 + 0.4 * rise - 0.1 * rng.exponential(size=n), 0.0, 1.0),
        }
    )


def _scores(values: Callable[[pd.DataFrame], object]) -> pd.DataFrame:
    table = plain()
    return table.assign(maths=values(table))  # type: ignore[arg-type]  # whatever a column may be


def _only(values: Callable[[pd.DataFrame], object]) -> pd.DataFrame:
    return _scores(values).drop(columns="reading")


def _with(**columns: object) -> pd.DataFrame:
    return plain().assign(**columns)  # type: ignore[arg-type]  # whatever a column may be


def _step(table: pd.DataFrame) -> pd.Series:
    return (table["flops"] > 1e23).astype(float)


def tables() -> dict[str, pd.DataFrame]:
    """Make the tables, by what is odd about each."""
    index = np.arange(N)
    rng = np.random.default_rng(9)
    return {
        "all scores equal": _scores(lambda t: 0.5),
        "all scores equal, one task": _only(lambda t: 0.5),
        "all 0": _scores(lambda t: 0.0),
        "all 0, one task": _only(lambda t: 0.0),
        "all 1": _scores(lambda t: 1.0),
        "all 1, one task": _only(lambda t: 1.0),
        "only 0 and 1": _scores(lambda t: index % 2 * 1.0),
        "only 0 and 1, one task": _only(lambda t: index % 2 * 1.0),
        "only 0 and 1, by compute": _only(_step),
        "one score above 0": _only(lambda t: np.where(index == 7, 0.4, 0.0)),
        "one score below 1": _only(lambda t: np.where(index == 7, 0.4, 1.0)),
        "two values": _only(lambda t: np.where(index % 3 == 0, 0.4, 0.6)),
        "at its ceiling": _scores(lambda t: np.where(t["flops"] > 1e23, 1.0, t["maths"])),
        "half of it at 1": _only(lambda t: np.where(index % 2 == 0, 1.0, t["maths"])),
        "the best ninth at 1": _only(lambda t: np.where(index % 9 == 0, 1.0, t["maths"])),
        "half of it at 0": _only(lambda t: np.where(index % 2 == 0, 0.0, t["maths"])),
        "falls with compute": _only(lambda t: 1.0 - t["maths"]),
        "no spread within a base model": _only(lambda t: 0.2 + 0.1 * t["base_model"].str[-1].astype(int)),
        "scores of one part in a million": _only(lambda t: 0.5 + 1e-6 * rng.random(N)),
        "scores of one part in 1e15": _only(lambda t: 0.5 + 1e-15 * (index % 5)),
        "tiny scores": _only(lambda t: 1e-12 * rng.random(N)),
        "subnormal scores": _only(lambda t: 5e-324 * (index % 7)),
        "one outlier at 1": _only(lambda t: np.where(index == 3, 1.0, 0.1 + 0.01 * rng.random(N))),
        "one base model": _with(base_model="base-0", flops=1e22),
        "one base model, several computes": _with(base_model="base-0"),
        "as many base models as models": plain(N, N),
        "one compute": _with(flops=1e22),
        "computes within a hundredth": _with(flops=1e22 * (1.0 + 1e-2 * rng.random(N))),
        "computes 60 decades apart": _with(flops=np.where(index % 2 == 0, 1e-10, 1e50)),
        "infinite compute": _with(flops=np.where(index == 0, np.inf, 1e22 * (1 + index))),
        "negative compute": _with(flops=-1e22),
        "one day": _with(released="2024-05-05"),
        "dates 800 years apart": _with(released=np.where(index % 2 == 0, "1700-01-01", "2250-01-01")),
        "no dates": _with(released=""),
        "two models": plain(2, 2),
        "nine models": plain(9, 3),
        "one model again and again": _with(model="lab/model"),
        "one score of a task": _scores(lambda t: np.where(index == 0, 0.5, np.nan)),
        "no score": _scores(lambda t: np.nan).assign(reading=np.nan),
        "scores in no base model of two": _scores(lambda t: np.where(t["base_model"] == "base-0", t["maths"], np.nan)),
        "text for scores": _scores(lambda t: "high").drop(columns="reading"),
        "infinite scores": _scores(lambda t: np.inf).drop(columns="reading"),
        "same score but for one base model": _only(lambda t: np.where(t["base_model"] == "base-3", t["maths"], 0.5)),
        "a task of few values, in eighths": _only(lambda t: (8 * t["maths"]).round() / 8),
    }


def outcome(table: pd.DataFrame) -> tuple[str, str]:
    """Read and fit a table; return "answer", "error" or "UNEXPECTED", and what was said."""
    try:
        frontier = bf.fit(bf.read(table), **SETTINGS)
        answers = frontier.attainable([1e22, 1e24])
        if not np.isfinite(answers["median"]).all():
            return "UNEXPECTED", "an answer that is no number"
    except FrontierError as error:
        return "error", f"{type(error).__name__}: {error}"
    except Exception as error:
        return "UNEXPECTED", f"{type(error).__name__}: {error}"
    return "answer", frontier.convergence_text().splitlines()[0]


def measure() -> Iterator[tuple[str, str, str]]:
    """Try every table: its name, outcome and words."""
    for name, table in tables().items():
        yield name, *outcome(table)
