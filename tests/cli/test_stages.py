"""``stages``: from a table and from a kept fit, in three forms, with a picture."""

import csv
import io
import json

import numpy as np
import pytest

import bayes_frontier
from bayes_frontier.analysis.stages import by_stage
from bayes_frontier.evaluations import simulate
from bayes_frontier.plots import plot_stages
from studies.fast.frontier import quick_fit


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    whole, _ = simulate(3, n_models=250, n_base_models=20, tasks=["maths", "facts"], periods=1, tau=0.9)
    frame = whole.models[["model", "base_model", "flops", "released", "maths", "facts"]].copy()
    first = (frame.groupby("base_model").cumcount() < 3).to_numpy()
    frame["stage"] = np.where(first, "pretrained", "post-trained")
    frame["maths"] = (frame["maths"] - 0.2 * first).clip(lower=0.0)
    path = tmp_path_factory.mktemp("stages") / "both.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def kept(table):
    return quick_fit(by_stage(bayes_frontier.read(table)), tau=0.9, seed=1)


@pytest.fixture
def ask(run, kept, monkeypatch):
    calls = []

    def fit(evaluations, **settings):
        calls.append((evaluations, settings))
        return kept

    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: kept)
    monkeypatch.setitem(vars(bayes_frontier), "fit", fit)

    def _ask(*arguments):
        return run("stages", *arguments)

    _ask.calls = calls
    return _ask


def test_a_table_is_fitted_with_both_stages(ask, table):
    done = ask(table, "--tau", "0.9", "--flops", "1e22,1e23", "--seed", "5")
    assert done.exit_code == 0, done.output
    evaluations, settings = ask.calls[0]
    assert "maths (pretrained)" in evaluations.tasks
    assert (settings["tau"], settings["seed"]) == (0.9, 5)
    rows = [line for line in done.stdout.splitlines() if line.startswith("maths ")]
    assert [row.endswith("lifts") for row in rows[:2]] == [True, True]
    # two computes, then two stages
    assert len(rows) == 4


def test_a_kept_fit_is_asked_in_json_and_csv(ask):
    document = json.loads(ask("stages.nc", "--flops", "1e23", "--json").stdout)
    assert len(document["rows"]) == 2
    assert {"task", "stage", "decreases", "spread", "pairs"} <= set(document["stages"][0])
    rows = list(csv.DictReader(io.StringIO(ask("stages.nc", "--csv").stdout)))
    assert len(rows) == 6
    assert not ask.calls


def test_the_picture_has_a_panel_a_task(ask, kept, tmp_path):
    done = ask("stages.nc", "--out", tmp_path / "p")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "p" / "stages.png").read_bytes().startswith(b"\x89PNG")
    found = bayes_frontier.stages(kept, flops=[1e22, 1e23, 1e24])
    panels = plot_stages(found)
    assert [panel.get_title(loc="left") for panel in panels] == ["maths", "facts"]
    assert len(plot_stages(found, visuals={"band": False})[0].collections) == 0
    with pytest.raises(bayes_frontier.QueryError, match="one compute makes no curve"):
        plot_stages(bayes_frontier.stages(kept, flops=1e23))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("stages.nc", "--save", "new.nc"), "this is a fit already"),
        (("nowhere.csv",), "does not exist"),
        (("stages.nc", "--delta", "2"), "looks like a percentage"),
        (("stages.nc", "--flops", "22"), "looks like log10"),
    ],
)
def test_bad_calls_exit_with_2(ask, arguments, words):
    done = ask(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_one_stage_only_exits_with_2(ask, table, tmp_path):
    import pandas as pd

    path = tmp_path / "one.csv"
    pd.read_csv(table).assign(stage="post-trained").to_csv(path, index=False)
    done = ask(path)
    assert done.exit_code == 2
    assert "both stages are needed" in done.stderr
