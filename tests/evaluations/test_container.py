"""The container: construction, selection, summary."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.errors import DataError, QueryError
from bayes_frontier.evaluations import Evaluations


def test_table_and_models_agree(evaluations):
    table, models = evaluations.table, evaluations.models
    assert list(table.columns[:4]) == ["model", "base_model", "task", "score"]
    assert table["row"].tolist() == [0, 0, 1, 2, 2, 3, 3]
    for name in ("model", "base_model", "flops", "released", "stage", "period"):
        assert table[name].tolist() == models[name].take(table["row"]).tolist()
    wide = table.pivot_table(index="row", columns="task", values="score")[list(evaluations.tasks)]
    np.testing.assert_array_equal(wide, models[list(evaluations.tasks)])
    assert table["released"].dtype == "datetime64[ns]"
    assert table["score"].dtype == models["flops"].dtype == np.float64
    assert models.groupby(models.index)["cost"].sum().tolist() == [2.0] * 4


def test_select_tasks_keeps_what_belongs_to_them(evaluations):
    one = evaluations.select(tasks="gpqa")
    assert one.tasks == ("gpqa",)
    assert one.table["score"].tolist() == [0.31, 0.27, 0.0]
    assert "bbh" not in one.models
    assert one.models["cost"].tolist() == [1.0, 1.0, 1.0]
    left = one.dropped[one.dropped["reason"] == "no score on the tasks selected"]
    assert left["model"].tolist() == ["org/b"]


@pytest.mark.parametrize("period", [1, -2, "2024-07-01 to 2024-12-31"])
def test_select_a_period_by_number_or_label(evaluations, period):
    one = evaluations.select(periods=period)
    assert one.models["model"].tolist() == ["org/c"]
    assert one.period_labels == ("2024-07-01 to 2024-12-31",)
    assert one.period_ends == (dt.date(2024, 12, 31),)
    assert one.table["period"].tolist() == [0, 0]
    assert one.table["row"].tolist() == [0, 0]
    assert one.dropped_by_reason().to_dict() == {"left out by select": 3, "exact duplicate": 1}


def test_select_past_periods_keeps_their_numbers(evaluations):
    past = evaluations.select(periods=[0, 1])
    assert past.models["period"].tolist() == [0, 0, 1]
    assert past.period_labels == evaluations.period_labels[:2]


def test_subset_by_mask_and_by_function(evaluations):
    by_mask = evaluations.subset([True, False, True, True])
    by_function = evaluations.subset(lambda models: models["model"] != "org/b")
    assert by_mask.fingerprint == by_function.fingerprint != evaluations.fingerprint
    assert by_mask.table["row"].tolist() == [0, 0, 1, 1, 2, 2]
    assert by_mask.models["model"].tolist() == ["org/a", "org/c", "org/d"]
    assert by_mask.dropped["reason"].tolist() == ["exact duplicate", "left out by subset"]
    assert evaluations.n_models == 4


def test_subset_says_which_periods_and_tasks_are_gone(evaluations):
    one = evaluations.subset(evaluations.models["model"] == "org/b")
    assert one.tasks == ("bbh",)
    assert one.period_labels == ("to 2024-06-30",)
    assert any("tasks without models after selecting: 'gpqa'" in note for note in one.notes)
    assert any("periods without models" in note and "'from 2025-01-01'" in note for note in one.notes)


def test_everything_selected_is_everything(evaluations):
    assert evaluations.select().fingerprint == evaluations.fingerprint
    same = evaluations.subset(np.ones(4, dtype=bool))
    pd.testing.assert_frame_equal(same.table, evaluations.table)
    pd.testing.assert_frame_equal(same.models, evaluations.models)


def test_selections_that_cannot_be(evaluations):
    with pytest.raises(QueryError, match=r"Unknown task 'bhb'\. Did you mean 'bbh'"):
        evaluations.select(tasks=["bhb"])
    with pytest.raises(QueryError, match=r"Unknown period 3: there are 3.*'to 2024-06-30'"):
        evaluations.select(periods=3)
    with pytest.raises(QueryError, match="Unknown period '2024'"):
        evaluations.select(periods=["2024"])
    with pytest.raises(QueryError, match="No model with a score is left"):
        evaluations.subset(np.zeros(4, dtype=bool))
    with pytest.raises(QueryError, match="expected 4 booleans, one a model, not int64"):
        evaluations.subset([0, 1, 2, 3])
    with pytest.raises(QueryError, match=r"not bool of shape \(3,\)"):
        evaluations.subset([True] * 3)


def test_summary_says_what_is_there_and_what_is_not(evaluations):
    text = evaluations.summary()
    for words in (
        "DataFrame (wide): 7 scores of 4 models from 3 base models on 2 tasks",
        "period to 2024-06-30: 2 models",
        "period from 2025-01-01: 1 model",
        "task gpqa: 3 scores, 0.000 to 0.310",
        "left out, exact duplicate: 1",
        "note: 1 of 3 base models not in the registry",
        evaluations.fingerprint[:12],
    ):
        assert words in text


MODELS = pd.DataFrame(
    {
        "model": ["a", "b"],
        "base_model": ["x", "y"],
        "flops": [1e21, 2e22],
        "released": ["2024-01-01", None],
        "t": [0.2, 0.4],
    }
)


def test_from_models_fills_in_what_is_optional():
    e = Evaluations.from_models(MODELS.drop(columns="released"), ["t"], source="simulated")
    assert e.models["stage"].tolist() == ["unknown", "unknown"]
    assert e.models["source_row"].tolist() == [1, 2]
    assert e.models[["params_b", "tokens_t", "cost"]].isna().all(axis=None)
    assert e.source == "simulated"
    assert e.dropped.columns.tolist() == ["source_row", "model", "reason", "detail"]


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"t": [0.2, 1.4]}, {}, r"in \[0, 1\]"),
        ({"t": [0.2, -0.4]}, {}, r"in \[0, 1\]"),
        ({"t": [0.2, np.nan]}, {}, "needs a score"),
        ({"flops": [0.0, 1e21]}, {}, "positive and finite"),
        ({"flops": [np.nan, 1e21]}, {}, "positive and finite"),
        ({}, {"tasks": ["t", "u"]}, "no column 'u'"),
        ({}, {"tasks": []}, "task names"),
        ({"model": ["a\x00b", "c"]}, {}, r"model: .* with a NUL"),
        ({"t\x00": 0.5}, {"tasks": ["t\x00"]}, r"tasks: .* with a NUL"),
        ({}, {"tasks": ["flops"]}, "'flops' cannot be used"),
        ({}, {"periods": ["2024-06-30"]}, "missing for 1 model"),
    ],
)
def test_from_models_refuses_what_is_not_clean(change, options, words):
    with pytest.raises(DataError, match=words):
        Evaluations.from_models(MODELS.assign(**change), **({"tasks": ["t"]} | options))


def test_the_container_is_frozen(evaluations):
    with pytest.raises(AttributeError):
        evaluations.tasks = ("x",)
