"""`bayes-frontier update`: what is passed on, and what is printed."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from bayes_frontier.design.updating import Promise, Update
from tests.fakes import FakeFrontier


def rows(n: int, n_above: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": [f"lab/m{i}" for i in range(n)],
            "base_model": "qwen2.5-7b",
            "known": True,
            "flops": 8e23,
            "task": "bbh",
            "score": 0.7,
            "boundary": [0.6 if i < n_above else 0.8 for i in range(n)],
            "above": 0.97,
            "chance": 0.001,
        }
    )


def an_update(frontier, planned=None, converged=True) -> Update:
    after = FakeFrontier(frontier.evaluations, converged=converged)
    after.provenance["seconds"] = 12.5
    models = frontier.evaluations.models.head(3).assign(added=["model", "model", "scores"])
    boundaries = pd.DataFrame(
        {
            "task": ["bbh", "math_lvl_5"],
            "flops": 1e24,
            "before": 0.6,
            "before_lower": 0.55,
            "before_upper": 0.65,
            "after": [0.62, 0.6],
            "lower": 0.58,
            "upper": 0.66,
            "change": [0.02, 0.0],
            "higher": [0.83, 0.5],
            "width_before": 0.1,
            "width": 0.08,
        }
    )
    tasks = pd.DataFrame(
        {
            "task": ["bbh", "math_lvl_5", "all"],
            "variance": 0.001,
            "promised": [0.3, 0.2, 0.25],
            "realised": [0.28, -0.05, 0.1],
            "error": 0.03,
            "width": 0.1,
            "width_promised": 0.09,
            "width_realised": 0.095,
        }
    )
    return Update(
        frontier=after,
        before=frontier,
        models=models,
        boundaries=boundaries,
        scores=rows(60, n_above=12),
        promise=Promise(tasks, 8.5, 3, (1e22, 1e24), 0.9),
        planned=planned,
        warm=True,
    )


@pytest.fixture
def calls(monkeypatch, frontier):
    """Calls of `update`, and what the next returns."""
    made = SimpleNamespace(given=[], result=an_update(frontier))

    def update(fit, results, **options):
        made.given.append((fit, results, options))
        return made.result

    monkeypatch.setattr("bayes_frontier.design.updating.update", update)
    return made


def test_everything_is_said_and_saved(run, calls, tmp_path):
    out = tmp_path / "fit2.nc"
    found = run(
        "update",
        "fit.nc",
        "results",
        "more.csv",
        "--out",
        out,
        "--flops",
        "1e24",
        "--rescored",
        "first",
        "--copies",
        "keep",
    )
    assert found.exit_code == 0, found.output
    assert out.read_text() == "a fit"
    _, results, options = calls.given[0]
    assert [str(path) for path in results] == ["results", "more.csv"]
    assert options["flops"] == [1e24]
    assert options["rescored"] == "first"
    assert [options["copies"], options["compute"]] == ["keep", "stated"]
    said = found.stdout
    assert "60 new scores: 2 new models, and new scores of 1 model that it had" in said
    assert "from where the fit before ended in 12.5 s" in said
    assert "12 of 60 new scores lie above what the fit before predicted as their boundary; 1.2 were expected" in said
    assert "... and 2 more" in said
    assert "+0.020" in said
    assert "-30%" in said
    assert "+5%" in said
    assert "\\n" not in said


def test_plans_are_told_apart_from_what_came(run, calls, frontier, tmp_path):
    names = [*frontier.evaluations.models["model"].head(2), "lab/late"]
    planned = pd.DataFrame({"model": names, "interval_width": [0.1, 0.09, 0.085], "arrived": [True, True, False]})
    calls.result = an_update(frontier, planned)
    found = run("update", "fit.nc", "results", "--out", tmp_path / "f.nc", "--plan", "plan.csv")
    assert "2 of 3 planned models came in, and 1 not planned; missing: lab/late." in found.stdout
    assert "promised a width of 0.0850" in found.stdout


def test_json_holds_everything(run, calls, tmp_path):
    found = run("update", "fit.nc", "results", "--out", tmp_path / "f.nc", "--json")
    document = json.loads(found.stdout)
    assert len(document["surprises"]) == 12
    assert document["surprises_expected"] == pytest.approx(1.2)
    assert [row["added"] for row in document["new_models"]] == ["model", "model", "scores"]
    assert document["information"]["tasks"][-1]["realised"] == 0.1
    assert document["plan"] is None
    assert document["boundaries"][0]["change"] == 0.02


def test_an_update_shows_what_the_command_says(run, calls, tmp_path):
    made = calls.result
    said = run("update", "fit.nc", "results", "--out", tmp_path / "f.nc").stdout
    for sentence in made.sentences:
        assert sentence in said
        assert sentence in repr(made)
    assert made.table is made.boundaries
    assert made._repr_html_().count("<tr") == 1 + len(made.boundaries)


def test_an_unconverged_fit_is_marked(run, calls, frontier, tmp_path):
    calls.result = an_update(frontier, converged=False)
    found = run("update", "fit.nc", "results", "--out", tmp_path / "f.nc", "--allow-unconverged", "--quiet")
    assert found.stdout == ""
    assert "not converged" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "fit2.csv"], "does not end in .nc"),
        (["--out", "no/such/folder/f.nc"], "no folder"),
        (["--out", "f.nc", "--flops", "24"], "log10"),
        (["--out", "f.nc", "--prob", "x"], "--prob"),
    ],
)
def test_bad_calls_fit_nothing(run, calls, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = run("update", "fit.nc", "results", *arguments)
    assert found.exit_code == 2
    assert said in found.stderr
    assert calls.given == []


def test_help_teaches(run):
    found = run("update", "--help")
    assert "bayes-frontier update fit.nc results/ --plan plan.csv --out fit2.nc" in found.stdout


def test_what_was_left_out_of_the_results_is_counted(run, calls, frontier):
    before = frontier.evaluations
    gone = pd.DataFrame(
        {"source_row": [1, 2, 3], "model": "x", "reason": ["no base model", "no base model", "no score"], "detail": ""}
    )
    calls.result = replace(calls.result, before=FakeFrontier(replace(before, dropped=gone.tail(1))))
    calls.result.frontier.evaluations = replace(before, dropped=gone)
    said = run("update", "fit.nc", "r.json", "--out", "new.nc").stdout
    assert "left out, no base model: 2 (`data identify RESULTS --unplaced FILE.csv` lists them)" in said
    assert "left out, no score" not in said
    found = json.loads(run("update", "fit.nc", "r.json", "--out", "new.nc", "--json").stdout)
    assert found["left_out"] == {"no base model": 2}
