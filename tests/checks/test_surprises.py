"""New scores against what a fit expected of them."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.checks.score import expectations
from tests.draws import FLOPS, TASKS, make_frontier


def new_models(scores: dict[str, list[float]]) -> pd.DataFrame:
    n = len(next(iter(scores.values())))
    bases = ["llama-3.1-8b", "unheard-of"] * n
    return pd.DataFrame(
        {
            "model": [f"lab/m{i}" for i in range(n)],
            "base_model": bases[:n],
            "flops": [FLOPS.get(base, 1e24) for base in bases[:n]],
            "released": pd.to_datetime(["2025-02-10"] * n),
            **scores,
        }
    )


@pytest.fixture(scope="module")
def frontier():
    return make_frontier(draws=200)


def test_chances_fall_with_the_score_and_agree_with_the_boundary(frontier):
    level = frontier.predict(new_models({"maths": [0.0]})).sel(task="maths").item()
    scores = [level - 0.05, level + 0.05, level, 0.999, 0.001]
    models = new_models({"maths": scores}).assign(base_model="llama-3.1-8b", flops=FLOPS["llama-3.1-8b"])
    found = expectations(frontier, models)
    assert len(found) == 5
    assert (found["boundary"] == level).all()
    assert found["known"].all()
    by_score = found.sort_values("score")
    assert (by_score["chance"].diff().dropna() <= 0).all()
    assert (by_score["above"].diff().dropna() >= 0).all()
    # at its predictive boundary a score is exceeded with probability 1 - tau, by the boundary's definition
    assert found.loc[found["score"] == level, "chance"].item() == pytest.approx(0.02, abs=2e-4)
    assert found["chance"].is_monotonic_increasing


def test_only_scores_that_are_there_are_judged(frontier):
    found = expectations(frontier, new_models({"maths": [0.4, np.nan], "reading": [np.nan, 0.5], "other": [1.0, 1.0]}))
    assert set(zip(found["model"], found["task"], strict=True)) == {("lab/m0", TASKS[0]), ("lab/m1", TASKS[1])}
    assert found.set_index("model")["known"].to_dict() == {"lab/m0": True, "lab/m1": False}
    assert found[["above", "chance"]].notna().all(axis=None)


def test_many_models_are_judged_as_each_alone(frontier):
    rng = np.random.default_rng(0)
    many = new_models({"maths": rng.uniform(0.1, 0.9, 1200).tolist()})
    whole = expectations(frontier, many).set_index("model")
    for i in (0, 3, 777, 1199):
        alone = expectations(frontier, many.iloc[[i]].reset_index(drop=True)).iloc[0]
        # the drift to come is drawn once a call, for all distinct models alike
        assert alone["chance"] == pytest.approx(whole.loc[alone["model"], "chance"], abs=1e-9)
