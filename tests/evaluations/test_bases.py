"""Base names made one, and models older than their base set apart."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.registry.placement import EARLY, LEAD, canonical_names, early, note_early, resolve_bases
from bayes_frontier.evaluations.registry.registry import default_registry

REGISTRY = default_registry()
QWEN = REGISTRY.get("qwen2.5-14b").released
NAMES = [model.name for model in REGISTRY]


def resolve(names, dates=None):
    released = None if dates is None else pd.Series(dates)
    return resolve_bases(pd.Series(names), released, REGISTRY).tolist()


def test_names_are_made_canonical_and_unknown_ones_kept():
    names = ["Qwen/Qwen2.5-14B", " qwen2.5-14b ", "my-own", "", None, "Unknown", "Removed"]
    assert resolve(names) == ["qwen2.5-14b", "qwen2.5-14b", "my-own", "", "", "", ""]


@pytest.mark.parametrize(
    ("days", "apart"), [(-400, True), (-15, True), (-14, False), (-1, False), (0, False), (300, False)]
)
def test_a_model_may_be_two_weeks_older_than_its_base_but_no_more(days, apart):
    date = QWEN + dt.timedelta(days=days)
    expected = "qwen2.5-14b" + EARLY * apart
    assert resolve(["Qwen/Qwen2.5-14B"], [pd.Timestamp(date)]) == [expected]
    assert resolve(["Qwen/Qwen2.5-14B"], [str(date)]) == [expected]
    assert LEAD.days == 14


def test_unknown_dates_and_unknown_bases_are_left_alone():
    names = ["qwen2.5-14b", "my-own", "", "qwen2.5-14b"]
    assert resolve(names, [None, "2001-01-01", "2001-01-01", "2024-03-30"]) == [
        "qwen2.5-14b",
        "my-own",
        "",
        "qwen2.5-14b (dated before its release)",
    ]
    assert resolve(["qwen2.5-14b", "my-own"], [None, None]) == ["qwen2.5-14b", "my-own"]


def test_the_index_and_name_of_the_series_are_kept():
    names = pd.Series(["llama-3.1-8b", "x"], index=[7, 3], name="base")
    made = resolve_bases(names, pd.Series(["2020-01-01", "2020-01-01"], index=[0, 1]), REGISTRY)
    assert made.index.tolist() == [7, 3]
    assert made.name == "base"
    assert made.tolist() == ["llama-3.1-8b" + EARLY, "x"]


def test_dates_with_a_time_zone_and_empty_series():
    zoned = pd.Series(pd.to_datetime(["2024-01-01", None], utc=True))
    assert resolve(["qwen2.5-14b", "qwen2.5-14b"], zoned) == ["qwen2.5-14b" + EARLY, "qwen2.5-14b"]
    empty = pd.Series([], dtype="str")
    assert resolve_bases(empty, pd.Series([], dtype="datetime64[ns]"), REGISTRY).empty


def test_a_base_without_a_date_may_have_any_model(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text('[generation.own.models]\n"own-7b" = { params_b = 7.0, tokens_t = 2.0 }\n')
    registry = REGISTRY.extended(file)
    assert registry.get("own-7b").released is None
    made = resolve_bases(pd.Series(["OWN-7B"]), pd.Series(["1999-01-01"]), registry)
    assert made.tolist() == ["own-7b"]


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        (["2024-01-01", "2024-01-01"], "released: 2 dates for 1 base names"),
        (["someday"], "released: a date cannot be read"),
    ],
)
def test_dates_that_cannot_be_used(dates, words):
    with pytest.raises(DataError, match=words):
        resolve(["qwen2.5-14b"], dates)


names_and_dates = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(NAMES), st.text(max_size=20), st.none()),
        st.one_of(st.none(), st.dates(dt.date(2018, 1, 1), dt.date(2026, 1, 1))),
    ),
    max_size=12,
)


@given(names_and_dates)
def test_resolving_again_changes_nothing(pairs):
    names = pd.Series([n for n, _ in pairs], dtype=object)
    dates = pd.Series([d for _, d in pairs], dtype=object)
    once = resolve_bases(names, dates, REGISTRY)
    assert resolve_bases(once, dates, REGISTRY).tolist() == once.tolist()
    assert once.str.removesuffix(EARLY).tolist() == canonical_names(names, REGISTRY).str.removesuffix(EARLY).tolist()
    known = [REGISTRY.get(n) for n in names]
    apart = once.str.endswith(EARLY) & (once != names.fillna("").astype("str").str.strip())
    expected = [b is not None and d is not None and b.released - d > LEAD for b, d in zip(known, dates, strict=True)]
    assert apart.tolist() == expected


def test_the_note_counts_by_base():
    bases = pd.Series(["a", "b", "a", "c"])
    note = note_early(bases, np.array([True, True, True, False]))
    assert note.startswith("3 rows dated more than 14 days before")
    assert "a (2), b (1); kept apart" in note


@pytest.fixture
def table(wide):
    """A model older than its base, with scores and FLOPs."""
    wide.loc[1, ["base_model", "released"]] = ["Qwen/Qwen2.5-14B", "2024-05-30"]
    return wide


def test_a_plain_table_keeps_the_scores_and_counts_the_models(table):
    e = read(table, periods=["2024-06-30"])
    assert e.n_models == 4
    assert e.models["base_model"].tolist()[1] == "qwen2.5-14b (dated before its release)"
    assert e.models["bbh"].tolist() == table["bbh"].tolist()
    assert e.models["flops"].tolist() == table["flops"].tolist()
    (note,) = [n for n in e.notes if "dated more than" in n]
    assert note.startswith("1 row ")


def test_flops_from_the_registry_are_those_of_the_stated_base(table):
    e = read(table.drop(columns="flops").assign(params_b=[np.nan] * 3 + [1.0], tokens_t=[np.nan] * 3 + [0.2]))
    assert e.n_models == 4
    assert e.models["flops"][1] == REGISTRY.get("qwen2.5-14b").flops


def test_without_dates_only_names_are_resolved(table):
    e = read(table.drop(columns="released"))
    assert e.models["base_model"].tolist()[:2] == ["llama-2-70b", "qwen2.5-14b"]


def test_a_long_table_counts_rows(table):
    e = read(table.melt(["model", "base_model", "flops", "released", "stage"], var_name="task", value_name="score"))
    assert "qwen2.5-14b (dated before its release)" in e.models["base_model"].tolist()


@pytest.mark.real_data
def test_the_reference_table_has_no_false_alarm(shared_data):
    """28 rows, each looked at: Qwen1.5, Llama 1 and others under later labels, and wrong dates."""
    e = read(shared_data / "oll_v2_with_compute.csv")
    apart = e.models[e.models["base_model"].str.endswith(EARLY)]
    counts = apart["base_model"].str.removesuffix(EARLY).value_counts().to_dict()
    assert counts == {
        "qwen2.5-14b": 6,
        "llama-2-7b": 4,
        "qwen2.5-32b": 3,
        "qwen2-7b": 3,
        "qwen2-0.5b": 2,
        "llama-2-13b": 2,
        "gemma-2-9b": 2,
        "qwen2-72b": 2,
        "phi-4-mini-4b": 1,
        "llama-3-70b": 1,
        "llama-2-70b": 1,
        "qwen2.5-72b": 1,
    }
    assert e.n_models == 3559
    makers = apart["model"].str.contains(r"^(?:Qwen/Qwen2|meta-llama|mistralai|google/gemma|tiiuae|microsoft|01-ai)")
    assert not makers.any()


@pytest.mark.real_data
def test_the_export_has_no_row_older_than_its_base(shared_data):
    e = read(shared_data / "open_llm_leaderboard_v2.csv")
    assert not e.models["base_model"].str.endswith(EARLY).any()
    assert not early(e.models["base_model"], e.models["released"], REGISTRY).any()
