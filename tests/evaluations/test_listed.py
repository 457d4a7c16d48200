"""Models listed with their compute: the package's list field by field, and a user's own file."""

import csv
import datetime as dt
import io
import math
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import read
from bayes_frontier.evaluations.registry.contents import name_key
from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.registry.listed import COLUMNS, TEMPLATE, relative
from bayes_frontier.evaluations.registry.registry import Registry, default_registry
from bayes_frontier.posterior.imputation import uncertainties

PACKAGED = resources.files("bayes_frontier.evaluations.registry").joinpath("compute.csv").read_text("utf-8")
ROWS = list(csv.DictReader(io.StringIO(PACKAGED)))
REGISTRY = default_registry()
HEADER = ",".join(TEMPLATE)
FACTORS = {"confident": 3.0, "likely": 10.0, "speculative": 30.0}


def test_the_packaged_list_has_known_columns_and_all_its_rows_arrive():
    assert set(ROWS[0]) <= set(COLUMNS)
    assert len(ROWS) >= 140
    assert [row["model"] for row in ROWS] == sorted({row["model"] for row in ROWS})
    assert all(REGISTRY.get(row["model"]).name == row["model"] for row in ROWS)


def test_names_belong_to_one_model_and_to_none_that_was_known_before():
    spelled = [name for row in ROWS for name in (row["model"], *filter(None, row["names"].split("|")))]
    keys = [name_key(name) for name in spelled]
    assert len(set(keys)) == len(keys)
    core = {name_key(name) for model in REGISTRY.named_alike for name in (model.name, *model.aliases)}
    assert not core & set(keys)
    assert all(name == " ".join(name.split()) for name in spelled)


@pytest.mark.parametrize("row", ROWS[:: len(ROWS) // 12], ids=lambda row: row["model"])
def test_every_spelling_of_a_listed_model_is_it_and_a_longer_name_is_not(row):
    names = [row["model"], row["model"].upper(), *filter(None, row["names"].split("|"))]
    found = identify(pd.DataFrame({"model": names}), REGISTRY)
    assert found["base_model"].tolist() == [row["model"]] * len(names)
    assert found["flops"].tolist() == [float(row["flops"])] * len(names)
    longer = [f"{row['model']}-nova-tuned", f"someone/{row['model']}"]
    assert row["model"] not in identify(pd.DataFrame({"model": longer}), REGISTRY)["base_model"].fillna("").tolist()


def test_developers_are_named():
    assert all(row["developer"].strip() == row["developer"] != "" for row in ROWS)


def test_dates_are_days():
    days = [dt.date.fromisoformat(row["released"]) for row in ROWS]
    assert dt.date(2019, 1, 1) < min(days)
    assert max(days) < dt.date(2026, 6, 1)


def test_parameters_are_those_of_models_and_no_more_are_active_than_there_are():
    for row in ROWS:
        total, active = (float(row[name] or "nan") for name in ("params_b", "active_params_b"))
        assert not total <= 0.1, row["model"]
        assert not total > 5000, row["model"]
        assert math.isnan(active) or active <= total, row["model"]


def test_tokens_and_parameters_agree_with_the_compute_where_all_are_known():
    known = [row for row in ROWS if row["active_params_b"] and row["tokens_t"]]
    assert len(known) >= 60
    for row in known:
        product = 6e21 * float(row["active_params_b"]) * float(row["tokens_t"])
        # epochs, attention and estimates by hardware: Epoch's own figures differ from 6 N D by up to this
        assert 1 / 4 < float(row["flops"]) / product < 4, row["model"]


def test_compute_is_plausible():
    assert all(1e20 < float(row["flops"]) < 1e27 for row in ROWS)


def test_grades_have_the_factors_of_epochs_documentation():
    assert {row["grade"] for row in ROWS} == set(FACTORS)
    assert all(float(row["flops_factor"]) == FACTORS[row["grade"]] for row in ROWS)


def test_access_is_open_or_closed():
    kinds = [row["access"] for row in ROWS]
    assert set(kinds) <= {"open", "closed", ""}
    assert min(kinds.count("open"), kinds.count("closed")) >= 50


def test_sources_are_named():
    assert all(row["source"].startswith("Epoch AI, ") for row in ROWS)


def test_teachers_of_distilled_models_are_known():
    assert REGISTRY.get("llama-3.2-1b").teacher.startswith("llama-3.1-8b")
    assert REGISTRY.release("deepseek-ai/DeepSeek-R1-Distill-Llama-8B").teacher == "deepseek-r1"
    taught = [m for m in REGISTRY if m.teacher] + [r for r in REGISTRY.releases if r.teacher]
    assert len(taught) >= 20


def test_a_factor_is_that_within_which_nine_of_ten_draws_lie():
    rng = np.random.default_rng(3)
    spread = uncertainties(["grok-4"], REGISTRY)[0]
    inside = np.abs(rng.standard_normal(100_000) * spread) < np.log10(30.0)
    # of 100,000 draws, 0.9 is known to 0.001: four times that
    assert inside.mean() == pytest.approx(0.9, abs=0.004)
    assert relative(1.0) == 0.0


@pytest.fixture
def put(tmp_path):
    def _put(*rows, header=HEADER):
        path = tmp_path / "mine.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return _put


def test_a_users_models_have_base_models_compute_and_dates(put):
    path = put(
        "nova-1,,2e24,3,70,,2025-01-02,Nova Labs",
        "nova-1-chat,nova-1,,,,,2025-03-04,",
        "orion-chat,llama-3.1-8b,,,,,2024-09-01,",
        "",
        "small,,,,1,2,,",
    )
    table = pd.DataFrame({"model": ["nova-1-chat", "orion-chat", "small", "Nova-1"], "quiz": [0.5, 0.3, 0.2, 0.4]})
    e = read(table, registry=path)
    models = e.models.set_index("model")
    assert models["base_model"].to_dict() == {
        "nova-1-chat": "nova-1",
        "orion-chat": "llama-3.1-8b",
        "small": "small",
        "Nova-1": "nova-1",
    }
    assert models["flops"].tolist() == pytest.approx([2e24, REGISTRY.get("llama-3.1-8b").flops, 1.2e22, 2e24])
    registry = Registry.read(path)
    assert registry.get("nova-1").developer == "Nova Labs"
    assert registry.get("nova-1").released == dt.date(2025, 1, 2)
    assert registry.release("orion-chat").released == dt.date(2024, 9, 1)
    assert uncertainties(["nova-1"], registry)[0] == pytest.approx(np.log10(3) / 1.6449)
    again = Registry.from_files(registry.files).get("nova-1")  # as saved with a fit
    assert (again.flops, again.released, again.uncertainty) == (2e24, dt.date(2025, 1, 2), relative(3.0))


def test_a_users_compute_overrules_the_registrys_and_keeps_its_patterns(put):
    registry = Registry.read(put("llama-3.1-8b,,9e23,,,,,"))
    assert registry.get("meta-llama/Llama-3.1-8B").flops == 9e23
    found = identify(pd.DataFrame({"model": ["org/Llama-3.1-8B-nova"]}), registry)
    assert found["flops"].tolist() == [9e23]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a,base-x,1e23,,,,,", "b,base-x,2e23,,,,,"], r"line 3: flops is 2e\+23, but 1e\+23 in .*line 2 for the same"),
        (
            ["a,,1e23,,,,,", "A,,1e23,,,,2024-01-01,", "a,,1e23,,,,2024-02-01,"],
            r"line 4: released is 2024-02-01, but 2024-01-01",
        ),
        (["a,,1e26,,7,2,,"], r"line 2: flops is 1e\+26, but 6 x params_b x tokens_t is 8.4e\+22"),
        (["a,,,,7,,,"], r"line 2: the compute of 'a' is not stated"),
        (["a,who-knows,,,,,,"], r"line 2: the compute of 'who-knows' is not stated"),
        (["a,,23,,,,,"], r"line 2: flops is 23, not between"),
        (["a,,1e23,0.5,,,,"], r"line 2: flops_factor is 0.5, not between 1 and"),
        (["a,,much,,,,,"], r"line 2: flops is 'much', not a number"),
        (["a,,nan,,,,,"], r"line 2: flops is nan, not between"),
        (["a,,1e23,,,,May 2024,"], r"line 2: released is 'May 2024': write dates as yyyy-mm-dd"),
        ([",llama-3.1-8b,,,,,,"], r"line 2: model is empty"),
        (["a,b"], r"line 2: 2 cells for 8 columns"),
        (['a,"b'], r"line \d: not CSV"),
    ],
)
def test_a_file_that_contradicts_itself_names_the_row(put, rows, message):
    with pytest.raises(DataError, match=r"mine.csv, " + message):
        Registry.read(put(*rows))


def test_unknown_columns_say_which_there_are(put):
    with pytest.raises(DataError, match=r"its columns are 'model', 'flop'\. Did you mean 'flops'\?.*--template"):
        Registry.read(put("a,1e23", header="model,flop"))
