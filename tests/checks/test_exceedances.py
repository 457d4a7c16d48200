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


def test_what_one_uploader_uploads_again_and_again_is_no_fault_of_the_boundary():
    base, high = np.arange(4000) % 20, np.random.default_rng(0).random(4000)
    siblings = (base == 7) & (np.arange(4000) < 1200)
    n = siblings[np.arange(4000) // 20 % 2 == 0].sum()
    # all sixty of them lie above the boundary on each task
    score = np.where(siblings, 0.99, high)
    cluster = np.where(siblings, 4000 + np.arange(4000) // 20 % 2, np.arange(4000))
    weight = np.where(siblings, 1 / (1 + (n - 1) * 0.8), 1.0)
    blind = exceedances.dispersion(uniform_records(score=score))
    weighed = exceedances.dispersion(uniform_records(score=score, cluster=cluster, weight=weight))
    assert exceedances.verdicts(blind).eq("fail").all()
    assert exceedances.verdicts(weighed).eq("pass").all()
    # what is left of them counts as one model or so
    assert (weighed["n"] < blind["n"] - n + 2).all()


def test_chance_gives_siblings_exceedances_together():
    base = np.arange(4000) % 20
    weight = np.full(4000, 1 / (1 + 9 * 0.5))
    task = np.arange(4000) // 20 % 2
    cluster = base + 20 * (np.arange(4000) // 400) + 200 * task
    made = uniform_records(cluster=cluster, weight=weight)
    of_task = made.table[made.table["task"] == "maths"]
    names = pd.Series(sorted(of_task["base_model"].unique()))
    counts = exceedances._by_chance(of_task, names, TAU, np.random.default_rng(0))
    n = weight[0] * len(of_task) / 20
    # 5,000 draws: means within 3%, variances, those of n independent scores, within 10%
    np.testing.assert_allclose(counts.mean(axis=0), n * (1 - TAU), rtol=0.05)
    np.testing.assert_allclose(counts.var(axis=0), n * TAU * (1 - TAU), rtol=0.12)


def test_dispersion_by_chance_is_no_fault_and_tasks_share_the_chance():
    numbers = pd.DataFrame({"dispersion": [3.0, 3.0, 1.2], "chance": [0.2, 0.001, 0.0001]})
    assert exceedances.verdicts(numbers).tolist() == ["pass", "fail", "pass"]
    many = pd.concat([numbers] * 10)
    assert exceedances.verdicts(many.reset_index(drop=True)).tolist()[1] == "warn"
