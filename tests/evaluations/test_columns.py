"""Recognition of columns."""

import pandas as pd
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables.columns import ALIASES, flops_unit, normal, resolve
from bayes_frontier.evaluations.tables.sheet import make_sheet


def sheet(*names):
    return make_sheet(pd.DataFrame([[0] * len(names)], columns=list(names)), "row", "t")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("#Params (B)", "params_b"),
        ("Training compute (FLOP)", "training_compute_flop"),
        (" BBH ", "bbh"),
        ("Unnamed: 0", "unnamed_0"),
    ],
)
def test_names_are_compared_in_a_normal_form(name, expected):
    assert normal(name) == expected


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("flops", ""),
        ("pretrain_compute_zflops", "zflops"),
        ("FLOPs (1E21)", "zflops"),
        ("log10 FLOPs", "log10"),
        ("catalog_flops", ""),
    ],
)
def test_units_come_from_the_name_alone(name, unit):
    assert flops_unit(name) == unit


def test_every_alias_is_in_normal_form_and_belongs_to_one_field():
    names = [alias for aliases in ALIASES.values() for alias in aliases]
    assert len(set(names)) == len(names)
    assert all(normal(name) == name for name in names)
    assert all(field in aliases for field, aliases in ALIASES.items())


def test_the_first_alias_wins_and_the_second_is_no_task():
    columns = resolve(sheet("fullname", "model", "base", "zflops", "flops", "bbh"))
    assert columns.fields == {"model": "model", "base_model": "base", "flops": "flops"}
    assert columns.others == ("bbh",)
    assert not columns.is_long


def test_long_needs_a_task_and_a_score():
    long = resolve(sheet("model", "benchmark", "accuracy", "score"))
    assert long.is_long
    assert (long.fields["task"], long.fields["score"], long.others) == ("benchmark", "score", ("accuracy",))
    lone = resolve(sheet("model", "accuracy", "score"))
    assert "score" not in lone.fields
    assert lone.others == ("accuracy", "score")
    assert not resolve(sheet("model", "task", "outcome")).is_long


def test_what_tables_carry_along_is_no_task():
    columns = resolve(sheet("Unnamed: 0", "index", "model", "Likes", "source_row", "period", "gpqa"))
    assert columns.others == ("gpqa",)


def test_a_mapping_frees_the_recognised_column_from_its_field_but_not_into_a_task():
    columns = resolve(sheet("model", "flops", "mine"), {"flops": "mine"})
    assert columns.fields == {"model": "model", "flops": "mine"}
    assert columns.others == ()


def test_a_column_mapped_elsewhere_is_not_recognised_too():
    columns = resolve(sheet("name", "model", "bbh"), {"base_model": "model"})
    assert columns.fields == {"base_model": "model", "model": "name"}


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"tokens": "model"}, "unknown field 'tokens'. Did you mean 'tokens_t'"),
        ({"model": "modle"}, "no column 'modle'.*Did you mean 'model'"),
        ({"model": "bbh", "score": "bbh"}, "mapped to two fields"),
    ],
)
def test_mappings_that_cannot_be(mapping, words):
    with pytest.raises(DataError, match=words):
        resolve(sheet("model", "bbh"), mapping)
