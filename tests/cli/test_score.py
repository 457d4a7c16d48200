"""`bayes-frontier score`: tables printed and written."""

import json

import pandas as pd
import pytest

import bayes_frontier
from tests.draws import make_frontier, small_table


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """A table of the fit's models marked otherwise and forty new ones; fit.nc loads as a hand-made fit."""
    made = make_frontier()
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: made)
    monkeypatch.setattr(type(made), "converged", True)
    new = small_table(40).assign(model=[f"new/{i}" for i in range(40)])
    new.loc[:9, ["base_model", "flops"]] = ["gemma-2-9b", 4.4e23]
    table = pd.concat([small_table(), new], ignore_index=True)
    table["maths"] += 0.1
    path = tmp_path / "newer.csv"
    table.to_csv(path, index=False)
    return path


def test_both_markings_are_shown_and_written(run, newer, tmp_path):
    out = tmp_path / "scored"
    found = run("score", "fit.nc", newer, "--out", out)
    assert found.exit_code == 0, found.output
    assert "40 models of newer.csv on 4 base models, 30 of them on base models that the fit of DataFrame has" in (
        found.stdout
    )
    assert "do not mark alike: the models that both have score maths +0.100 there" in found.stdout
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "bridge.csv", "scores.csv"]
    page = (out / "README.md").read_text()
    assert "| maths | 36 | +0.1000 |" in page
    assert "## Models on base models not fitted" in page
    table = pd.read_csv(out / "scores.csv")
    assert set(table["scores"]) == {"raw", "bridged"}
    row = table.query("scores == 'raw' and group == 'new' and task == 'maths'").iloc[0]
    assert row["n"] == 10
    assert f"| maths | raw | 10 | 1 | {1e3 * row['pinball']:.2f} |" in page


def test_json_and_csv(run, newer):
    document = json.loads(run("score", "fit.nc", newer, "--json", "--bridge", "none").stdout)
    assert document["left_out"] == 36
    assert {row["scores"] for row in document["rows"]} == {"raw"}
    assert [row["task"] for row in document["bridge"]] == ["maths", "reading"]
    lines = run("score", "fit.nc", newer, "--csv").stdout.splitlines()
    assert lines[0].startswith("scores,group,task,n,base_models,pinball")
    assert len(lines) == 1 + 2 * 3 * 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--bridge", "median"], "bridge"), (["--prob", "2"], "--prob"), (["--json", "--csv"], "leave one out")],
)
def test_bad_calls(run, newer, arguments, said):
    found = run("score", "fit.nc", newer, *arguments)
    assert found.exit_code == 2
    assert said in found.stderr
