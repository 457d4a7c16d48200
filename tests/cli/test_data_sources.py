"""`bayes-frontier data identify` and `data fetch`."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from bayes_frontier.evaluations.fetch import Fetched
from tests.hub import Hub, serving

MINE = '[generation."mine".models]\n"own-base" = { params_b = 1.0, tokens_t = 0.2 }\n'


@pytest.fixture
def stated(tmp_path) -> Path:
    path = tmp_path / "stated.csv"
    path.write_text(
        "model,base_model,flops,bbh\norg/a,llama-2-70b,8.2e23,0.5\norg/b,own-base,1.2e21,0.4\norg/c,,1e22,0.3\n",
        encoding="utf-8",
    )
    return path


def test_the_rules_and_the_least_sure_are_shown(run, stated):
    done = run("data", "identify", stated)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("3 models in stated.csv, 2 placed (66.7%)\nby rule: stated 1, own 1\n")
    assert "without a base model: 1; --unplaced FILE.csv lists them" in done.stdout


def test_json_and_csv_have_every_model(run, stated):
    found = json.loads(run("data", "identify", stated, "--json").stdout)
    assert (found["models"], found["placed"], found["rules"]) == (3, 2, {"stated": 1, "own": 1})
    assert [row["base_model"] for row in found["rows"]] == ["llama-2-70b", "own-base", None]
    assert [row["confidence"] for row in found["rows"]] == [1.0, None, None]
    assert found["rows"][2]["reason"] == "no base model stated"
    lines = run("data", "identify", stated, "--csv").stdout.splitlines()
    assert lines[0] == "model,base_model,rule,confidence,flops,released,reason,evidence,against"
    assert len(lines) == 4


def test_rows_relabelled_are_shown_and_counted(run, tmp_path):
    path = tmp_path / "wrong.csv"
    path.write_text(
        "model,base_model,params_b,released,flops,bbh\n"
        "org/Qwen2.5-7B-a,qwen2-7b,7.616,2024-12-01,3.2e23,0.5\norg/b,mistral-7b,7.242,2024-12-01,8e22,0.4\n",
        encoding="utf-8",
    )
    found = json.loads(run("data", "identify", path, "--relabel", "--json").stdout)
    assert found["rules"] == {"relabelled": 1, "stated": 1}
    assert found["rows"][0]["reason"] == "the source states qwen2-7b"
    shown = run("data", "show", path, "--relabel").stdout
    assert "1 row of 2 contradicts the base model stated for it" in shown
    assert "counts for it all the same" in run("data", "show", path).stdout


def test_what_is_unplaced_goes_to_a_file(run, stated, tmp_path):
    out = tmp_path / "unplaced.csv"
    done = run("data", "identify", stated, "--unplaced", out, "--json")
    json.loads(done.stdout)
    assert "1 model without a base model: listed in" in done.stderr
    assert pd.read_csv(out)["model"].tolist() == ["org/c"]


def test_ones_own_base_models_count(run, stated, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(MINE, encoding="utf-8")
    found = json.loads(run("data", "identify", stated, "--registry", mine, "--json").stdout)
    assert found["rules"] == {"stated": 2}
    mine.write_text(MINE.replace("tokens_t", "tokens"), encoding="utf-8")
    bad = run("data", "identify", stated, "--registry", mine)
    assert bad.exit_code == 2
    assert (
        "mine.toml, generation 'mine', model 'own-base': unknown key 'tokens'. Did you mean 'tokens_t'?" in bad.stderr
    )


def test_a_fit_takes_ones_own_base_models(run, table, tmp_path):
    frame = pd.read_csv(table)
    own = tmp_path / "table.csv"
    frame.assign(base_model="own-" + frame["base_model"].fillna("x").astype(str)).drop(columns="flops").to_csv(
        own, index=False
    )
    names = sorted({f"own-{name}" for name in frame["base_model"].fillna("x")})
    mine = tmp_path / "mine.toml"
    sizes = "".join(f'"{name}" = {{ params_b = {2.0**i}, tokens_t = 1.0 }}\n' for i, name in enumerate(names))
    mine.write_text('[generation."mine".models]\n' + sizes, encoding="utf-8")
    done = run("fit", own, "--registry", mine, "--out", tmp_path / "fit.nc")
    assert done.exit_code == 0, done.output
    assert "come from the base-model registry" in done.stdout


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A hub on this machine with one table, and a cache of its own."""
    hub = Hub()
    hub.files = {"hlzhang109/proteus-2k/proteus.csv": b"model,base_model,flops,bbh\na,b,1e22,0.5\n"}
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_: tmp_path / "cache")
    for name in ("HF_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(hub) as address:
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield hub


def test_a_table_is_fetched_and_its_path_printed(run, cached, tmp_path):
    done = run("data", "fetch", "proteus-2k")
    assert done.exit_code == 0, done.output
    path = Path(done.stdout.strip())
    assert path.read_bytes().startswith(b"model,base_model")
    assert "proteus-2k: downloaded; hlzhang109/proteus-2k at 0123456789ab, proteus.csv" in done.stderr
    again = run("data", "fetch", "proteus-2k", "--out", tmp_path / "here.csv", "--json")
    assert "already here" in again.stderr
    found = json.loads(again.stdout)
    assert set(found) == set(Fetched.__annotations__)
    assert found["path"] == str(tmp_path / "here.csv")
    assert (tmp_path / "here.csv").read_bytes() == path.read_bytes()


def test_a_table_that_is_not_there_is_one_message(run, cached):
    cached.files.clear()
    done = run("data", "fetch", "proteus-2k", "--quiet")
    assert done.exit_code == 2
    assert "holds 0 tables" in done.stderr
    assert done.stdout == ""
    assert "Did you mean 'oll-v2'" in run("data", "fetch", "oll-2").stderr


def test_the_registry_is_searched(run):
    done = run("data", "registry", "grok", "xai")
    assert done.exit_code == 0, done.output
    assert "grok-4" in done.stdout
    assert "x30" in done.stdout
    rows = json.loads(run("data", "registry", "distill", "deepseek-r1", "--json").stdout)["rows"]
    assert {row["teacher"] for row in rows} == {"deepseek-r1"}
    assert {"llama-3.1-8b", "qwen2.5-32b"} <= {row["base_model"] for row in rows}
    every = pd.read_csv(io.StringIO(run("data", "registry", "--csv").stdout))
    assert every["base_model"].isna().sum() >= 500
    assert every["source"][every["base_model"].isna()].notna().all()
    assert run("data", "registry", "no-such-model").stdout.startswith("0 of ")


def test_a_template_is_filled_in_and_given_as_models(run, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("model,released,quiz\nnova-1,2025-01-01,0.5\norion-x,2025-02-01,0.4\nQwen2.5-7B,,0.3\n")
    mine = tmp_path / "mine.csv"
    done = run("data", "identify", table, "--template", mine)
    assert f"give as --models: {mine}" in done.stderr
    rows = mine.read_text().splitlines()
    assert rows[0] == "model,base_model,flops,flops_factor,params_b,tokens_t,released,developer"
    assert rows[1:] == ["nova-1,,,,,,2025-01-01,", "orion-x,,,,,,2025-02-01,"]
    # what is not yet filled in changes nothing
    assert json.loads(run("data", "show", table, "--models", mine, "--json").stdout)["usable"]["models"] == 1
    filled = [rows[0], "nova-1,,2e24,3,,,2025-01-01,Nova", "orion-x,llama-3.1-8b,,,,,2025-02-01,"]
    mine.write_text("\n".join(filled) + "\n")
    shown = json.loads(run("data", "show", table, "--models", mine, "--json").stdout)
    assert shown["usable"]["models"] == 3
    assert shown["compute"]["flops"][1] == 2e24
    own = tmp_path / "own.toml"
    own.write_text(MINE)
    found = json.loads(run("data", "registry", "nova-1", "--models", mine, "--registry", own, "--json").stdout)
    assert [(row["model"], row["flops"], row["flops_factor"]) for row in found["rows"]] == [("nova-1", 2e24, 3.0)]
