"""`bayes-frontier attain`."""

import io
import json

import pandas as pd
import pytest


def test_a_table_of_every_task_with_what_it_shows(run, frontier):
    done = run("attain", "fit.nc", "--flops", "1e24")
    assert done.exit_code == 0, done.output
    first, second, _, heading, *rows = done.stdout.splitlines()
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
    assert rows[0].split()[1:] == ["1e24", *expected]
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
    assert list(frame.columns) == ["task", "period", "flops", "median", "mean", "lower", "upper"]
    assert frame.to_dict("records") == rows


def test_the_probability_of_a_score(run):
    done = run("attain", "fit.nc", "--flops", "1e24", "--score", "0.99", "--task", "bbh,math_lvl_5")
    assert "P(boundary >= 0.99)" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("<0.001")


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
        (["--flops", "1e24", "--period", "7"], "Unknown period 7"),
        (["--flops", "1e24", "--period", "summer"], "Unknown period 'summer'"),
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
