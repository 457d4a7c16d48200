"""`bayes-frontier compute-for`."""

import io
import json

import numpy as np
import pandas as pd
import pytest


def test_compute_needed_with_its_interval(run, frontier):
    done = run("compute-for", "fit.nc", "--score", "0.4")
    assert done.exit_code == 0, done.output
    assert "FLOPs: posterior median; lower, upper: 90% credible interval." in done.stdout
    heading, first, second = done.stdout.splitlines()[-3:]
    assert heading.split("  ")[0] == "task"
    assert first.split()[:2] == ["bbh", "0.4"]
    found = frontier.compute_for(0.4, task="bbh")
    low, middle, high = (found[name].item() for name in ("lower", "median", "upper"))
    shown = [float(word) for word in first.split()[2:5]]
    assert shown == pytest.approx([middle, low, high], rel=0.005)
    assert low < middle < high
    assert second.split()[0] == "math_lvl_5"
    assert first.split()[-1] == "<0.001"


def test_what_cannot_be_attained_is_said(run):
    done = run("compute-for", "fit.nc", "--score", "0.9", "--task", "bbh")
    row, _, sentence = done.stdout.splitlines()[-3:]
    assert row.split("  ")[-1].strip() == ">0.999"
    assert row.count("> 1e28") == 3
    assert sentence == "bbh: 0.9 is not attainable within 1e28 FLOPs with probability >0.999."


def test_what_is_attained_at_once_is_below_the_range(run):
    done = run("compute-for", "fit.nc", "--score", "0.1", "--task", "bbh")
    assert done.stdout.count("< 1e18") == 3
    assert "not attainable within" not in done.stdout


def test_json_and_csv_of_several_scores(run):
    arguments = ["compute-for", "fit.nc", "--score", "0.4,0.9", "--task", "bbh"]
    found = json.loads(run(*arguments, "--json").stdout)
    assert found["flops_range"] == [1e18, 1e28]
    near, far = found["rows"]
    assert near["score"] == 0.4
    assert 1e22 < near["lower"] < near["median"] < near["upper"] < 1e26
    assert far["median"] is None
    assert far["not_attainable"] == 1.0
    frame = pd.read_csv(io.StringIO(run(*arguments, "--csv").stdout))
    assert frame["median"].tolist() == [near["median"], np.inf]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--score", "50"], "--score: 50 looks like a percentage: write 0.5"),
        (["--score", "-1"], "-1 is not a score"),
        (["--score", "high"], "cannot read 'high'"),
        (["--score", "0.5", "--prob", "0"], "--prob: 0 leaves nothing out"),
        (["--score", "0.5", "--task", "math"], "Unknown task 'math'"),
        (["--score", "0.5", "--csv", "--json"], "--json and --csv"),
    ],
)
def test_mistakes_are_one_message_and_status_2(run, arguments, message):
    done = run("compute-for", "fit.nc", *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert message in done.stderr
