"""Exceedances that pile up in some base models, and verdicts at the limits."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.checks import exceedances
from tests.checks.posteriors import TAU, uniform_records


def test_dispersion_is_one_by_chance_and_large_where_one_base_model_stands_out():
    found = exceedances.dispersion(uniform_records())
    assert found["dispersion"].between(0.4, 1.9).all()
    assert (found["chance"] > 0.01).all()
    strong = np.where(np.arange(4000) % 20 == 7, 0.35, 0.0)
    piled = exceedances.dispersion(uniform_records(score=np.random.default_rng(0).random(4000) + strong))
    assert (piled["dispersion"] > 5).all()
    assert (piled["chance"] < 0.001).all()
    assert set(piled["top"]) == {"b07"}
    assert piled["top_expected"].tolist() == pytest.approx([10.0, 10.0])


def test_base_models_are_counted_on_every_task():
    found = exceedances.by_base_model(uniform_records())
    assert len(found) == 40
    assert found["n"].eq(100).all()
    assert found["exceedances"].sum() == (uniform_records().table["score"] > TAU).sum()


def test_dispersion_by_chance_is_no_fault_and_tasks_share_the_chance():
    numbers = pd.DataFrame({"dispersion": [3.0, 3.0, 1.2], "chance": [0.2, 0.001, 0.0001]})
    assert exceedances.verdicts(numbers).tolist() == ["pass", "fail", "pass"]
    many = pd.concat([numbers] * 10)
    assert exceedances.verdicts(many.reset_index(drop=True)).tolist()[1] == "warn"
