"""Versions of a table: what was added, removed and scored anew."""

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations import Evaluations, diff, read
from bayes_frontier.evaluations.diff import mixed_scorings, pair, require_one_scoring

TASKS = ["bbh", "gpqa", "math"]


def models(n: int = 60, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "model": [f"org/m{i}" for i in range(n)],
            "base_model": [f"base-{i % 5}" for i in range(n)],
            "flops": np.logspace(21, 24, 5)[np.arange(n) % 5],
            "released": pd.Timestamp("2024-05-01"),
            **{task: rng.uniform(0.2, 0.8, n) for task in TASKS},
        }
    )


def table(frame: pd.DataFrame, source: str = "a") -> Evaluations:
    tasks = [task for task in frame.columns if task not in ("model", "base_model", "flops", "released")]
    return Evaluations.from_models(frame, tasks, source=source)


def row(found, task: str) -> dict:
    return {name: found.tasks[name].sel(task=task).item() for name in found.tasks}


def test_the_same_content_in_another_order_is_the_same():
    found = diff(table(models()), table(models().sample(frac=1, random_state=1)))
    assert "same content" in found.summary()
    assert (found.shared, len(found.added), len(found.removed), len(found.scores)) == (60, 0, 0, 0)
    assert set(found.tasks["kind"].to_numpy()) == {"same"}
    assert found.warnings() == []


def test_models_added_and_removed_are_named():
    before, after = models().iloc[:50], models().iloc[5:]
    found = diff(table(before), table(after, "b"))
    assert found.shared == 45
    assert found.added["model"].tolist() == [f"org/m{i}" for i in range(50, 60)]
    assert found.removed["model"].tolist() == [f"org/m{i}" for i in range(5)]
    assert "45 shared records, 10 added, 5 removed" in found.summary()


def test_a_model_left_out_of_the_other_table_says_why():
    frame = models().assign(base_model=lambda d: d["base_model"].where(d["model"] != "org/m7", ""))
    found = diff(table(models()), read(frame))
    assert found.removed["why"].tolist() == ["no base model"]
    assert "removed, left out of the other: no base model (1)" in found.summary()


def test_a_task_scored_anew_is_named_with_its_shift():
    after = models().assign(math=lambda d: d["math"] + 0.05)
    found = diff(table(models()), table(after, "b"), tau=0.9)
    assert found.rescored == ("math",)
    math = row(found, "math")
    assert (math["kind"], math["shared"], math["changed"]) == ("re-scored", 60, 60)
    assert math["mean_shift"] == pytest.approx(0.05)
    assert math["quantile_shift"] == pytest.approx(0.05)
    assert math["quantile_a"] == pytest.approx(np.quantile(models()["math"], 0.9))
    assert row(found, "bbh")["kind"] == "same"
    [said] = found.warnings()
    assert said.startswith("math was re-scored: 60 of 60 shared scores differ, the mean shift is +0.050")
    assert "drift" in said
    assert len(found.scores) == 60
    assert found.scores["shift"].to_numpy() == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda s, rng: s, "same"),
        (lambda s, rng: s.where(s.index != 3, s + 0.1), "corrected"),
        (lambda s, rng: s + rng.normal(0, 0.01, len(s)), "noisy"),
        (lambda s, rng: s + 0.002, "noisy"),
        (lambda s, rng: s + rng.normal(0.03, 0.01, len(s)), "re-scored"),
        (lambda s, rng: s + 5e-5, "same"),
    ],
    ids=["unchanged", "one", "another run", "hardly", "shifted", "rounded"],
)
def test_kinds_of_change(change, kind):
    # 60 shifts of SD 0.01 have a mean within 0.004 of theirs: between neither 0 and 0.01 nor 0.01 and 0.03 is it close
    after = models()
    after["gpqa"] = change(after["gpqa"], np.random.default_rng(8))
    found = diff(table(models()), table(after, "b"), tau=0.5)
    assert row(found, "gpqa")["kind"] == kind
    assert bool(found.warnings()) == (kind == "re-scored")


def test_tasks_of_one_table_only():
    found = diff(table(models().drop(columns="math")), table(models().drop(columns="bbh"), "b"))
    assert row(found, "math")["kind"] == "only b"
    assert row(found, "bbh")["kind"] == "only a"
    assert row(found, "math")["shared"] == 0
    assert np.isnan(row(found, "math")["mean_shift"])


def test_other_fields_of_a_shared_model():
    after = models()
    after.loc[2, "base_model"] = "base-9"
    after.loc[3, "flops"] *= 1.5
    after.loc[4, "released"] = pd.Timestamp("2024-06-01")
    found = diff(table(models()), table(after, "b"))
    assert found.fields["field"].tolist() == ["base_model", "flops", "released"]
    assert found.fields.iloc[2].tolist() == ["org/m4", "released", "2024-05-01", "2024-06-01"]
    assert "1 shared record with another flops" in found.summary()


def test_nothing_shared_is_said():
    found = diff(table(models()), table(models().assign(model=lambda d: d["model"] + "x"), "b"))
    assert found.shared == 0
    assert "whether they are scored alike cannot be told" in found.summary()


@pytest.mark.parametrize("settings", [{"tau": 1.0}, {"tolerance": -1.0}, {"tau": float("nan")}])
def test_arguments_out_of_range(settings):
    with pytest.raises(QueryError, match="diff: tau is"):
        diff(table(models()), table(models()), **settings)


def test_records_of_one_model_are_matched_by_their_scores():
    twice = pd.concat([models(), models(seed=5).iloc[:10]], ignore_index=True)
    shuffled = twice.sample(frac=1, random_state=3).reset_index(drop=True)
    shuffled.loc[shuffled["model"] == "org/m3", "math"] += 0.1
    in_a, in_b = pair(table(twice), table(shuffled, "b"))
    assert len(in_a) == 70
    assert twice["bbh"].to_numpy()[in_a] == pytest.approx(shuffled["bbh"].to_numpy()[in_b])
    assert (np.diff(in_a) > 0).all()


def test_a_second_record_more_is_an_addition():
    twice = pd.concat([models(), models(seed=5).iloc[[2]]], ignore_index=True)
    found = diff(table(models()), table(twice, "b"))
    assert (found.shared, found.added["model"].tolist()) == (60, ["org/m2"])
    assert len(found.scores) == 0


def test_two_versions_appended_to_each_other_are_refused():
    after = models().assign(math=lambda d: d["math"] + 0.05)
    both = table(pd.concat([models(), after], ignore_index=True), "both.csv")
    assert mixed_scorings(both) == {"math": 60}
    with pytest.raises(DataError, match=r"both.csv mixes scorings.*differ on math \(60 models\).*duplicates first"):
        require_one_scoring(both)


def test_other_runs_of_a_model_are_no_other_scoring():
    other = models()
    other[TASKS] += np.random.default_rng(2).normal(0, 0.01, (60, 3))
    both = table(pd.concat([models(), other], ignore_index=True))
    assert mixed_scorings(both) == {}
    require_one_scoring(both)
    require_one_scoring(table(models()))


@pytest.mark.real_data
def test_the_day_the_leaderboard_scored_math_anew(snapshots):
    found = diff(*snapshots)
    assert found.rescored == ("math_lvl_5",)
    math = row(found, "math_lvl_5")
    assert found.shared > 3400
    assert math["changed"] > 0.9 * found.shared
    # 0.389 and 0.505 on all shared rows; an eighth of them has no base model, which moves them a little
    assert math["quantile_a"] == pytest.approx(0.389, abs=5e-3)
    assert math["quantile_b"] == pytest.approx(0.505, abs=5e-3)
    assert [w.partition(" ")[0] for w in found.warnings()] == ["math_lvl_5"]


@pytest.mark.real_data
def test_the_two_days_in_one_file_are_refused_and_each_alone_is_not(snapshots, shared_data, tmp_path):
    days = [pd.read_csv(shared_data / f"oll_v2_snapshot_2025-02-{day}.csv", dtype=str) for day in (13, 14)]
    path = tmp_path / "both.csv"
    pd.concat(days).to_csv(path, index=False)
    assert list(mixed_scorings(read(path))) == ["math_lvl_5"]
    for alone in snapshots:
        require_one_scoring(alone)


def test_a_few_runs_that_share_a_score_are_no_other_scoring():
    """With few tasks, and few questions behind them, repeated runs agree here and there by chance."""
    other = models()
    other[TASKS] += np.random.default_rng(2).normal(0, 0.01, (60, 3))
    other.loc[:4, "bbh"] = models().loc[:4, "bbh"]
    both = table(pd.concat([models(), other], ignore_index=True))
    for some in (TASKS, ["bbh", "math"], ["bbh"]):
        require_one_scoring(both.select(tasks=some))


def test_two_scorings_are_seen_also_with_two_tasks():
    after = models().assign(math=lambda d: d["math"] + 0.05)
    both = table(pd.concat([models(), after], ignore_index=True), "both.csv").select(tasks=["bbh", "math"])
    assert mixed_scorings(both) == {"math": 60}
