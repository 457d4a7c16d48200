"""Fingerprints: stable where nothing changed, different where anything did."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_frontier.evaluations import Evaluations, read

MODELS = pd.DataFrame({"model": ["a", "b"], "base_model": ["x", "y"], "flops": [1e21, 2e22], "t": [0.2, 0.4]})


def test_fingerprint_ignores_the_order_of_rows_and_columns(wide):
    rng = np.random.default_rng(5)
    expected = read(wide).fingerprint
    for _ in range(5):
        shuffled = wide.iloc[rng.permutation(len(wide)), rng.permutation(wide.shape[1])]
        assert read(shuffled).fingerprint == expected
    assert len(expected) == 64
    assert read(wide, periods=["2024-06-30"]).fingerprint == expected


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("bbh", 0.47 + 1e-15),
        ("bbh", np.nan),
        ("flops", 7.3e23),
        ("model", "org/z"),
        ("base_model", "mistral-7b"),
        ("released", "2024-06-29"),
        ("stage", "pretrained"),
        ("n_items", 11),
        ("cost", 0.0),
    ],
)
def test_fingerprint_changes_with_any_field(wide, column, value):
    table = wide.assign(n_items=10, cost=1.0)
    expected = read(table).fingerprint
    table.loc[1, column] = value
    assert read(table).fingerprint != expected


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 3), st.sampled_from(["bbh", "gpqa"]), st.floats(0, 1))
def test_fingerprint_tells_scores_apart(row, task, score):
    models = pd.DataFrame(
        {"model": list("abcd"), "base_model": "x", "flops": 1e21, "bbh": [0.1, 0.2, 0.3, 0.4], "gpqa": 0.5}
    )
    other = models.copy()
    other.loc[row, task] = score
    same = (
        Evaluations.from_models(models, ["bbh", "gpqa"]).fingerprint
        == Evaluations.from_models(other, ["bbh", "gpqa"]).fingerprint
    )
    assert same == (models.loc[row, task] == score)


def test_fingerprint_is_not_fooled_by_where_names_end():
    a = MODELS.assign(model=["ab", "c"], base_model=["x", "y"])
    b = MODELS.assign(model=["a", "bc"], base_model=["x", "y"])
    assert Evaluations.from_models(a, ["t"]).fingerprint != Evaluations.from_models(b, ["t"]).fingerprint
