"""Coverage by groups: counts by hand, merged classes, and bands that hold."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.checks import coverage, dispersion, pinball
from bayes_frontier.checks.coverage import EVERY_TASK
from bayes_frontier.checks.records import Records, binomial_band, cluster_error, effective_clusters
from bayes_frontier.model.likelihood import pinball_loss

TAU = 0.9


def records(n: int = 4000, tau: float = TAU, n_bases: int = 20, seed: int = 0, **columns) -> Records:
    """Uniform scores whose boundary is their tau-quantile; columns may be replaced."""
    rng = np.random.default_rng(seed)
    base = np.arange(n) % n_bases
    table = pd.DataFrame(
        {
            "model": np.arange(n) // 2,
            "base_model": [f"b{b:02d}" for b in base],
            "task": np.where(np.arange(n) // n_bases % 2, "maths", "reading"),
            "period": np.arange(n) // (2 * n_bases) % 2,
            "z": 20.0 + base / 4,
            "size": n // n_bases,
            "score": rng.random(n),
            "boundary": tau,
        }
    ).assign(**columns)
    above = (table["score"] > table["boundary"]).astype(float)
    return Records(data=None, table=table.assign(above=above, drawn=above), tau=tau, draws=None)


def test_rows_count_exceedances_of_every_task_and_each():
    made = records()
    found = coverage.by_task(made).set_index("task")
    assert list(found.index) == [EVERY_TASK, "reading", "maths"]
    above = made.table["score"] > TAU
    assert found.loc[EVERY_TASK, "exceedances"] == above.sum()
    assert found.loc["maths", "exceedances"] == above[made.table["task"] == "maths"].sum()
    assert found.loc[EVERY_TASK, "coverage"] == pytest.approx(1 - above.mean())
    assert found.loc[EVERY_TASK, "error"] == pytest.approx(1 - above.mean() - TAU)
    assert found.loc["maths", "expected"] == pytest.approx(200.0)
    assert found.loc["maths", "base_models"] == 20


def test_errors_on_which_the_mean_boundary_and_draws_disagree_do_not_count():
    made = records()
    opposite = made.table.assign(drawn=0.13)
    found = coverage.by_task(Records(None, opposite.assign(above=0.0), TAU, None))
    assert (found["error"] > 0.09).all()
    assert (found["drawn_error"] < 0).all()
    assert (found["counted"] == 0.0).all()
    agreed = coverage.by_task(Records(None, opposite.assign(above=0.2), TAU, None))
    np.testing.assert_allclose(agreed["counted"], -0.03)


def test_periods_have_their_labels_and_a_lowered_one_is_outside():
    made = records()
    late = made.table["period"] == 1
    lowered = records(boundary=TAU - 0.06 * late)
    found = coverage.by_period(lowered, ["early", "late"]).set_index(["task", "group"])
    assert len(found) == 6
    assert found.loc[(EVERY_TASK, "late"), "outside_fail"]
    assert found.loc[(EVERY_TASK, "late"), "counted"] == pytest.approx(-0.06, abs=0.02)
    assert not found.loc[(EVERY_TASK, "early"), "outside_warn"]


def test_classes_are_merged_until_five_exceedances_are_expected_in_each_task():
    made = records()
    found = coverage.by_compute(made)
    assert found["expected"].min() >= 5.0
    whole = found[found["task"] == EVERY_TASK]
    assert whole["n"].sum() == len(made.table)
    assert len(whole) == 10
    few = coverage.by_compute(records(n=400))
    assert few["expected"].min() >= 5.0
    assert 2 <= few["group"].nunique() < 5
    assert few.loc[few["task"] == EVERY_TASK, "n"].sum() == 400


@pytest.mark.parametrize(
    ("code", "needed", "expected"),
    [
        ([0, 0, 1, 1, 2, 2], 2, [0, 0, 1, 1, 2, 2]),
        ([0, 1, 2, 3], 2, [0, 0, 1, 1]),
        ([0, 0, 1], 2, [0, 0, 0]),
        ([0, 1, 2], 5, [0, 0, 0]),
        ([0, 2, 2], 1, [0, 1, 1]),
    ],
)
def test_merging(code, needed, expected):
    assert coverage._merged(np.array(code), needed).tolist() == expected


def test_size_classes_are_named_by_the_sizes_in_them():
    sizes = np.where(np.arange(4000) % 20 < 10, 12, 300)
    found = coverage.by_size(records(size=sizes))
    assert list(found["group"].unique()) == ["12", "300"]


@pytest.mark.parametrize(("n", "tail"), [(50, 0.02), (400, 0.1), (3000, 0.02)])
def test_binomial_bands_are_left_by_at_most_the_chance_given(n, tail):
    low, high = binomial_band(n, tail, 0.05)
    counts = np.random.default_rng(0).binomial(n, tail, 200_000)
    # 200,000 draws: standard error 0.0005
    assert ((counts < low) | (counts > high)).mean() <= 0.05 + 0.002
    assert ((counts <= low) | (counts >= high)).mean() >= 0.02


def test_the_cluster_error_is_that_of_means_of_clusters():
    rng = np.random.default_rng(0)
    cluster = pd.Series(np.repeat(np.arange(400), 25))
    shared = rng.random(400) < 0.1
    exceeds = pd.Series(np.repeat(shared, 25).astype(float))
    error, n = cluster_error(exceeds, cluster)
    assert n == 400
    # every cluster is one draw of a probability of 0.1
    assert error == pytest.approx(np.sqrt(0.09 / 400), rel=0.1)
    independent, _ = cluster_error(pd.Series((rng.random(10_000) < 0.1).astype(float)), cluster)
    assert independent == pytest.approx(np.sqrt(0.09 / 10_000), rel=0.15)
    assert cluster_error(exceeds, pd.Series(0, index=exceeds.index)) == (np.inf, 1)


def test_effective_clusters_are_kishs():
    assert effective_clusters(pd.Series(["a"] * 5 + ["b"] * 5)) == pytest.approx(2.0)
    assert effective_clusters(pd.Series(["a"] * 98 + ["b", "c"])) == pytest.approx(100**2 / (98**2 + 2))


def test_dispersion_is_one_by_chance_and_large_where_one_base_model_stands_out():
    found = dispersion.dispersion(records())
    assert found["dispersion"].between(0.4, 1.9).all()
    assert (found["chance"] > 0.01).all()
    strong = np.where(np.arange(4000) % 20 == 7, 0.35, 0.0)
    piled = dispersion.dispersion(records(score=np.random.default_rng(0).random(4000) + strong))
    assert (piled["dispersion"] > 5).all()
    assert (piled["chance"] < 0.001).all()
    assert set(piled["top"]) == {"b07"}
    assert piled["top_expected"].tolist() == pytest.approx([10.0, 10.0])


def test_base_models_are_counted_on_every_task():
    found = dispersion.by_base_model(records())
    assert len(found) == 40
    assert found["n"].eq(100).all()
    assert found["exceedances"].sum() == (records().table["score"] > TAU).sum()


def test_pinball_is_exact_and_a_shift_of_the_boundary_is_found():
    made = records(boundary=TAU + 0.05)
    found = pinball.pinball(made).set_index("task")
    part = made.table[made.table["task"] == "maths"]
    assert found.loc["maths", "loss"] == pytest.approx(pinball_loss(part["score"] - part["boundary"], TAU).mean())
    # uniform scores: the boundary is 0.05 too high, with the noise of 2,000 scores
    assert found.loc["maths", "shift"] == pytest.approx(-0.05, abs=0.02)
    assert (found["gain"] > 0.01).all()
    assert (found["skill"] < 0).all()
    assert (pinball.pinball(records())["gain"] < 0.01).all()
