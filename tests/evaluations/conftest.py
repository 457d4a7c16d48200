"""Small valid tables that the tests bend."""

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.evaluations import Evaluations, read
from bayes_frontier.evaluations.read import Survey, survey

TODAY = dt.date(2025, 6, 1)


@pytest.fixture(scope="session")
def real_survey(shared_data) -> Callable[[str], Survey]:
    """Survey of a real file or folder by its name, made once."""
    return functools.cache(lambda name: survey(shared_data / name))


@pytest.fixture
def wide() -> pd.DataFrame:
    """Four models of three bases (two known to the registry) on two tasks; asymmetric on purpose."""
    return pd.DataFrame(
        {
            "model": ["org/a", "org/b", "org/c", "org/d"],
            "base_model": ["meta-llama/Llama-2-70b-hf", "llama-2-70b", "mistral-7b", "own-base"],
            "flops": [8.2e23, 8.2e23, 3.5e22, 1.25e21],
            "released": ["2024-03-01", "2024-06-30", "2024-07-01", "2025-01-15"],
            "stage": ["post-trained", "post-trained", "pretrained", "post-trained"],
            "bbh": [0.51, 0.47, 0.33, 0.29],
            "gpqa": [0.31, 0.28, 0.27, 0.0],
        }
    )


@pytest.fixture
def long(wide: pd.DataFrame) -> pd.DataFrame:
    """The same scores, one row each."""
    fields = ["model", "base_model", "flops", "released", "stage"]
    return wide.melt(fields, var_name="task", value_name="score")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write text, bytes or a frame to a file and return its path."""

    def _write(content: str | bytes | pd.DataFrame, name: str = "table.csv") -> Path:
        path = tmp_path / name
        if isinstance(content, pd.DataFrame):
            content.to_csv(path, index=False)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return _write


@pytest.fixture
def today() -> dt.date:
    """A fixed day, after every date of the small tables."""
    return TODAY


@pytest.fixture
def evaluations(wide) -> Evaluations:
    """Four models in three periods, one score missing, one row left out."""
    wide.loc[1, "gpqa"] = np.nan
    wide.loc[4] = wide.loc[2]
    return read(wide.assign(n_items=[250, 250, 250, 198, 250], cost=2.0), periods=["2024-06-30", "2024-12-31"])


@pytest.fixture(scope="session")
def snapshots(shared_data) -> tuple[Evaluations, Evaluations]:
    """The leaderboard the day before and the day MATH was scored anew."""
    return tuple(read(shared_data / f"oll_v2_snapshot_2025-02-{day}.csv", copies="keep") for day in (13, 14))  # type: ignore[return-value]
