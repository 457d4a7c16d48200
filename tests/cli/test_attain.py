"""`bayes-frontier attain`."""

import io
import json

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from tests.draws import make_frontier, small_table


def nearby(frontier, flops, task):
    table = frontier.evaluations.table
    near = table[(table["task"] == task) & (abs(np.log10(table["flops"] / flops)) <= 0.5)]
    return [str(near["base_model"].nunique()), str(len(near))]


def test_a_table_of_every_task_with_what_it_shows(run, frontier):
    done = run("attain", "fit.nc", "--flops", "1e24")
    assert done.exit_code == 0, done.output
    first, second, _, heading, *rows, _, last = done.stdout.splitlines()
    assert first == (
        "Boundary that 98% of models on a new base model do not exceed (tau = 0.98); period from 2025-01-01."
    )
    assert second == "boundary: posterior median; lower, upper: 90% credible interval."
    assert heading.split("  ")[0] == "task"
    assert "boundary (median)" in heading
    assert "P(" not in heading
    assert [row.split()[0] for row in rows] == ["bbh", "math_lvl_5"]
    found = frontier.attainable(1e24, task="bbh")
    expected = [f"{found[name].item():.3f}" for name in ("median", "lower", "upper")]
    # base models within half a decade, and their models: too few of them
    assert rows[0].split()[1:7] == ["1e24", *expected, *nearby(frontier, 1e24, "bbh")]
    assert last.startswith("Fewer than 5 base models within half a decade")
    assert done.stderr == ""


def test_json_has_the_numbers_and_what_they_are_about(run, frontier):
    done = run("attain", "fit.nc", "--flops", "1e22:1e24:3", "--json", "--score", "0.4", "--prob", "0.5")
    found = json.loads(done.stdout)
    assert found["tau"] == 0.98
    assert found["prob"] == 0.5
    assert found["score"] == 0.4
    assert (found["boundary"], found["base_model"]) == ("population", None)
    assert found["period"] == "from 2025-01-01"
    assert found["converged"] is True
    assert found["fingerprint"] == frontier.evaluations.fingerprint
    assert [(row["task"], row["flops"]) for row in found["rows"]] == [
        (task, flops) for task in ("bbh", "math_lvl_5") for flops in (1e22, 1e23, 1e24)
    ]
    truth = frontier.attainable([1e23], prob=0.5, task="math_lvl_5", target=0.4)
    row = found["rows"][4]
    for name in ("mean", "median", "lower", "upper", "probability"):
        assert row[name] == pytest.approx(truth[name].item())


def test_csv_reads_back_as_the_same_numbers(run):
    arguments = ["attain", "fit.nc", "--flops", "1e23,1e24", "--task", "bbh"]
    rows = json.loads(run(*arguments, "--json").stdout)["rows"]
    frame = pd.read_csv(io.StringIO(run(*arguments, "--csv").stdout))
    numbers = ["tau", "median", "mean", "lower", "upper"]
    near = ["base_models_nearby", "models_nearby", "extrapolated"]
    assert list(frame.columns) == ["task", "period", "flops", *numbers, *near]
    assert frame.to_dict("records") == rows


def test_the_probability_of_a_score(run):
    done = run("attain", "fit.nc", "--flops", "1e24", "--score", "0.99", "--task", "bbh,math_lvl_5")
    assert "P(boundary >= 0.99)" in done.stdout
    assert "<0.001" in done.stdout.splitlines()[-3]


@pytest.mark.parametrize("period", ["0", "to 2024-09-30", "2024-03-01", "-3"])
def test_a_period_by_number_label_or_date(run, period):
    done = run("attain", "fit.nc", "--flops", "1e24", "--period", period, "--json")
    assert json.loads(done.stdout)["period"] == "to 2024-09-30"


def test_every_period_has_a_column(run, frontier):
    done = run("attain", "fit.nc", "--flops", "1e24", "--period", "all")
    assert "every period" in done.stdout
    assert done.stdout.count("2024-10-01 to 2024-12-31") == 2
    found = json.loads(run("attain", "fit.nc", "--flops", "1e24", "--period", "all", "--json").stdout)
    assert found["period"] == list(frontier.period_labels)
    assert len(found["rows"]) == 6
    # models of later periods do not support an earlier period's answer
    models = [row["models_nearby"] for row in found["rows"] if row["task"] == "bbh"]
    assert models == sorted(models)
    assert models[0] < models[-1]


def test_a_base_models_own_boundary_is_said_to_be_one(run):
    done = run("attain", "fit.nc", "--flops", "1e24", "--base-model", "base-3")
    assert "98% of models on base-3 do not exceed" in done.stdout
    found = json.loads(run("attain", "fit.nc", "--flops", "1e24", "--base-model", "base-3", "--json").stdout)
    assert (found["boundary"], found["base_model"]) == ("base model", "base-3")


def test_a_fit_that_did_not_converge_warns_apart_from_the_answer(run, frontier):
    frontier.converged = False
    done = run("attain", "fit.nc", "--flops", "1e24", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["converged"] is False
    assert "did not converge" in done.stderr
    assert "R-hat is 1.300" in done.stderr


def test_whose_models_and_which_scores_are_stated(run):
    done = run("attain", "fit.nc", "--flops", "1e24", "--population", "new-family", "--ability")
    assert done.stdout.startswith(
        "Boundary that 98% of models on a base model of a new family do not exceed (tau = 0.98); "
        "period from 2025-01-01, of what they can do on very many such items."
    )
    arguments = ["attain", "fit.nc", "--flops", "1e24", "--json"]
    plain, ability = (json.loads(run(*arguments, *more).stdout) for more in ([], ["--ability"]))
    assert (plain["population"], plain["of"]) == ("bases", "scores")
    assert (ability["population"], ability["of"]) == ("bases", "ability")
    # of the fake's: abilities are lower by 0.01
    assert ability["rows"][0]["median"] == pytest.approx(plain["rows"][0]["median"] - 0.01)


def test_lower_levels_stand_beside_the_fits_own(run):
    arguments = ["attain", "fit.nc", "--flops", "1e24", "--task", "bbh", "--taus", "0.9,0.95"]
    rows = json.loads(run(*arguments, "--json").stdout)["rows"]
    # with those that are the fit's if the best 1% and 2% of scores were not real: 0.98 x 0.99 and 0.98 x 0.98
    assert [row["tau"] for row in rows] == pytest.approx([0.9, 0.95, 0.9604, 0.9702, 0.98])
    median = {round(row["tau"], 4): row["median"] for row in rows}
    text = run(*arguments).stdout
    assert (
        f"bbh at 1e24 FLOPs: {median[0.9702]:.3f} if the best 1% of scores were not real, {median[0.9604]:.3f} if the "
        "best 2% were not." in text
    )


def test_other_populations_are_named_where_they_differ(run, monkeypatch, tmp_path):
    # most models are on the base model that is far worse
    still = {"floor": 0.1, "ceiling": 0.9, "slope": 1.0, "midpoint": 24.0, "base_model_scale": 0.1}
    frontier = make_frontier(base_model_effect=np.array([-1.0, 1.0, 1.0])[:, None], **still)
    table = small_table().iloc[[1, 2, *range(0, 36, 3)]]
    frontier.evaluations = bf.read(table, periods=["2024-12-31"])
    frontier.save(tmp_path / "made.nc")
    monkeypatch.undo()
    done = run("attain", str(tmp_path / "made.nc"), "--flops", "1e24", "--task", "maths")
    assert done.exit_code == 0, done.output
    sd = float(frontier.boundary(1e24, task="maths").std())
    middle = float(frontier.boundary(1e24, task="maths").median())
    differs = []
    for name in ("models", "recent", "new-family"):
        other = float(frontier.boundary(1e24, task="maths", population=name).median())
        line = f"maths at 1e24 FLOPs: about {other:.2f} for the population '{name}' (--population)."
        differs.append(abs(other - middle) > sd)
        assert (line in done.stdout) == differs[-1]
    assert any(differs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--flops", "24"], "looks like log10 of FLOPs: write 1e24"),
        (["--flops", "x"], "cannot read 'x' as FLOPs"),
        (["--flops", "1e24", "--prob", "90"], "--prob: 90 looks like a percentage: write 0.9"),
        (["--flops", "1e24", "--score", "50"], "--score: 50 looks like a percentage: write 0.5"),
        (["--flops", "1e24", "--score", "0.4,0.5"], "--score: give one number"),
        (["--flops", "1e24", "--task", "bhb"], "Unknown task 'bhb'. Did you mean 'bbh'?"),
        (["--flops", "1e24", "--base-model", "bsae-3"], "Did you mean 'base-3'?"),
        (["--flops", "1e24", "--period", "7"], "There is no period 7"),
        (["--flops", "1e24", "--period", "summer"], "Period 'summer' is neither a fitted period nor a date"),
        (["--flops", "1e24", "--population", "base"], "population: unknown choice 'base'. Did you mean 'bases'?"),
        (["--flops", "1e24", "--taus", "90"], "--taus: 90 looks like a percentage: write 0.9"),
        (["--flops", "1e24", "--json", "--csv"], "--json and --csv"),
    ],
)
def test_mistakes_are_one_message_and_status_2(run, arguments, message):
    done = run("attain", "fit.nc", *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1


def test_compute_is_asked_for(run):
    done = run("attain", "fit.nc")
    assert done.exit_code == 2
    assert "--flops" in done.stderr
