"""`update` without sampling: what is combined, what is fitted, and what is said to have changed."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from bayes_frontier.design import updating
from bayes_frontier.design import updating as promising
from bayes_frontier.design.updating import Planned, promise
from bayes_frontier.display import csv_bytes
from bayes_frontier.errors import DataError, QueryError
from tests.draws import BASES, FLOPS, TASKS, small_table


@pytest.fixture
def frontier(frontier) -> bf.Frontier:
    """The hand-made fit, with what a fit says of its sampling."""
    frontier.provenance = {
        "sampling": {"seed": 1, "tau": 0.98, "draws": 200, "tune": 100, "chains": 2},
        "data": {"source": "by hand", "sha256": "0"},
    }
    return frontier


@pytest.fixture
def fitted(monkeypatch, frontier) -> list[tuple]:
    """Calls of the sampler; each returns the draws of the fit before, half as far from their mean."""
    calls: list[tuple] = []

    def fit(evaluations: bf.Evaluations, model: object, **settings: object) -> bf.Frontier:
        calls.append((evaluations, model, settings))
        tree = frontier.posterior.copy()
        draws = tree["posterior"].to_dataset()
        # periods and base models that are new get the draws of others
        names = sorted(set(evaluations.models["base_model"]))
        base = [BASES.index(name) if name in BASES else 0 for name in names]
        draws = draws.isel(period=np.minimum(np.arange(evaluations.n_periods), 1), base_model=base)
        tree["posterior"] = (draws + draws.mean(("chain", "draw"))) / 2
        return bf.Frontier(
            evaluations, frontier.spec, frontier.tau, tree, {"seconds": 1.0, "sampling": {"start": "cold"}}
        )

    monkeypatch.setattr(updating.fitting, "fit", fit)
    return calls


def new_table(n: int = 9, **columns: object) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "model": [f"lab/new-{i}" for i in range(n)],
            "base_model": [BASES[i % 3] for i in range(n)],
            "flops": [FLOPS[BASES[i % 3]] for i in range(n)],
            "released": "2025-03-01",
            "maths": np.linspace(0.3, 0.95, n),
            "reading": np.linspace(0.3, 0.6, n),
        }
    )
    return table.assign(**columns)


def test_the_new_fit_is_of_all_scores_with_the_settings_of_the_old(frontier, fitted):
    made = bf.update(frontier, new_table(), cores=1, tune=60)
    evaluations, spec, settings = fitted[0]
    assert evaluations.n_models == frontier.evaluations.n_models + 9
    assert evaluations.period_ends == frontier.evaluations.period_ends
    assert spec is frontier.spec
    assert settings["start"] is None
    assert not made.warm
    expected = {"draws": 200, "tune": 60, "chains": 2, "seed": 1, "cores": 1, "tau": 0.98}
    assert {name: settings[name] for name in expected} == expected
    assert made.frontier.provenance["updated"]["new_scores"] == 18
    assert made.before is frontier
    assert (made.models["added"] == "model").all()
    assert len(made.scores) == 18
    assert (made.surprises["score"] > made.surprises["boundary"]).all()
    assert "lab/new-8" in set(made.surprises["model"])
    assert (made.boundaries["width"] < made.boundaries["width_before"]).all()
    assert made.planned is None


def test_closing_dates_can_be_given_anew(frontier, fitted):
    bf.update(frontier, new_table(), periods=["2024-12-31", "2025-02-28"])
    assert fitted[0][0].period_ends == (dt.date(2024, 12, 31), dt.date(2025, 2, 28), None)


def test_models_the_fit_has_are_filled_or_left_out(frontier, fitted):
    old = small_table()
    lacking = old.assign(reading=old["reading"].where(old.index > 5))
    frontier.evaluations = bf.read(lacking, periods=["2024-12-31"])
    try:
        made = bf.update(frontier, old.iloc[:10])
        assert (made.models["added"] == "scores").all()
        assert len(made.models) == 6
        assert made.models["maths"].isna().all()
        with pytest.raises(QueryError, match=r"Nothing new.*10 records"):
            bf.update(frontier, old.iloc[:10], repeated="first")
    finally:
        frontier.evaluations = bf.read(old, periods=["2024-12-31"])


def test_several_results_and_other_tasks(frontier, fitted, tmp_path):
    new_table().drop(columns="reading").to_csv(tmp_path / "a.csv", index=False)
    second = bf.read(new_table(3, model=["x/a", "x/b", "x/c"], arc=0.5))
    made = bf.update(frontier, [tmp_path / "a.csv", second])
    assert len(made.models) == 12
    assert fitted[0][0].tasks == TASKS
    assert any("'arc'" in note for note in made.frontier.evaluations.notes)


def test_undated_rows_are_left_out_of_a_fit_with_periods(frontier, fitted):
    released = ["2025-03-01"] * 8 + [""]
    made = bf.update(frontier, new_table(released=released))
    assert len(made.models) == 8
    assert made.frontier.evaluations.dropped_by_reason().sum() == 1


def test_a_re_scored_task_is_refused_unless_told(frontier, fitted):
    moved = small_table().assign(maths=lambda t: (t["maths"] + 0.1).clip(0, 1))
    table = pd.concat([moved, new_table()], ignore_index=True)
    with pytest.raises(DataError, match="do not score maths alike") as refused:
        bf.update(frontier, table)
    assert "separate" not in str(refused.value)
    assert not fitted
    made = bf.update(frontier, table, rescored="first")
    assert made.models["maths"].isna().all()
    assert made.models["reading"].notna().all()
    with pytest.raises(QueryError, match=r"rescored: unknown choice 'separate'"):
        bf.update(frontier, table, rescored="separate")


@pytest.mark.parametrize(
    ("results", "options", "said"),
    [
        ([], {}, "No results"),
        (small_table(), {}, "Nothing new"),
        (new_table().rename(columns={"maths": "a", "reading": "b"}), {}, "no task of the fit"),
        (new_table(), {"prob": 90}, "prob"),
        (new_table(), {"flops": [24.0]}, "log10"),
        (new_table(), {"target_range": (1e24, 1e22)}, "flops_range"),
        (new_table(), {"repeated": "fil"}, "fill"),
        ("no-such-folder", {}, "no-such-folder"),
        (new_table(), {"plan": "no-such-plan.csv"}, "no-such-plan.csv"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_fitted(frontier, fitted, results, options, said):
    with pytest.raises((DataError, QueryError), match=said):
        bf.update(frontier, results, **options)
    assert not fitted


def test_a_plan_is_compared_with_what_came(frontier, fitted, candidates, tmp_path):
    planned = bf.plan(frontier, candidates, n=6)
    planned.sheet().to_csv(tmp_path / "plan.csv", index=False)
    came = candidates[candidates["model"].isin(planned.table["model"].iloc[:4])]
    results = came.drop(columns="params_b").assign(released="2025-03-01", maths=0.4, reading=0.4)
    made = bf.update(frontier, results, plan=tmp_path / "plan.csv")
    assert made.planned["arrived"].sum() == 4
    assert made.planned["model"].tolist() == planned.table["model"].tolist()
    assert made.promise.n == 4
    assert made.promise.flops == pytest.approx((planned.widths["flops"].min(), planned.widths["flops"].max()))
    same = bf.update(frontier, results, plan=planned).promise.tasks
    pd.testing.assert_frame_equal(same, made.promise.tasks)


def test_a_plan_carried_out_promises_what_the_plan_said(frontier, fitted, candidates):
    planned = bf.plan(frontier, candidates, n=6)
    found = promise(frontier, frontier, planned.table, Planned.from_plan(planned))
    every = found.tasks.set_index("task").loc["all"]
    assert every["width"] == pytest.approx(planned.widths["now"].mean())
    assert every["width_promised"] == pytest.approx(planned.table["interval_width"].iloc[-1])
    assert found.nats == pytest.approx(planned.table["information"].iloc[-1])
    # nothing was fitted anew, so nothing was realised
    assert every["realised"] == pytest.approx(0.0, abs=0.01)
    assert every["error"] < found.tasks.set_index("task").loc["maths", "error"]


def test_half_the_spread_is_three_quarters_of_the_variance(frontier, fitted):
    made = bf.update(frontier, new_table())
    # the boundary is not linear in what is halved
    assert made.promise.tasks["realised"].to_numpy() == pytest.approx(0.75, abs=0.12)
    assert (made.promise.tasks["promised"] > 0).all()
    assert (made.promise.tasks["promised"] < 1).all()


def test_plans_that_are_none(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"column model.*Found: 'a', 'b'"):
        Planned.from_plan(tmp_path / "other.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="cannot be read as a plan"):
        Planned.from_plan(tmp_path / "empty.csv")
    table = pd.DataFrame({"model": ["m"], "focus": ["maths"], "flops_low": [1e22], "flops_high": ["x"], "prob": [0.9]})
    with pytest.raises(DataError, match="targets cannot be read"):
        Planned.from_plan(table)
    bare = Planned.from_plan(pd.DataFrame({"model": ["m"]}))
    assert bare.tasks is None
    assert bare.table.columns.tolist() == ["model"]
    assert promising.Planned is Planned


def test_surprises_are_what_lies_above(frontier, fitted):
    made = bf.update(frontier, new_table())
    lower = replace(made, scores=made.scores.assign(boundary=1.0))
    assert len(lower.surprises) == 0


def test_names_survive_the_way_through_a_plans_file(tmp_path):
    names = ["=1+1", "-x", "'@y", "NA", "lab/model"]
    table = pd.DataFrame({"model": names, "focus": "=task;b", "flops_low": 1e22, "flops_high": 1e24, "prob": 0.9})
    (tmp_path / "plan.csv").write_bytes(csv_bytes(table))
    planned = Planned.from_plan(tmp_path / "plan.csv")
    assert planned.table["model"].tolist() == names
    assert planned.tasks == ("=task", "b")
