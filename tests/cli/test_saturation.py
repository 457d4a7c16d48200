"""``saturation``, ``emergence`` and ``portfolio``: three forms of an answer, pictures, wrong calls."""

import csv
import io
import json

import pytest

import bayes_frontier
from bayes_frontier.cli.output import spelled
from tests.checks.posteriors import diagnosed, moved, simulated, true_frontier

TARGETS = "price = 1e-20\n[targets.task_1]\nscore = 0.5\ncost = 10\n[targets.task_2]\nscore = 0.4\nweight = 2\n"


@pytest.fixture(scope="module")
def fitted() -> bayes_frontier.Frontier:
    return diagnosed(true_frontier(moved(0.1, period=simulated()[1].period_labels[1])))


@pytest.fixture
def ask(run, fitted, monkeypatch, tmp_path):
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: fitted)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "targets.toml").write_text(TARGETS)

    def _ask(command, *arguments):
        files = ("fit.nc", "targets.toml") if command == "portfolio" else ("fit.nc",)
        return run(command, *files, *arguments)

    return _ask


def test_saturation_text_has_both_tables_and_cautions(ask):
    done = ask("saturation", "--flops", "1e23,1e24")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert "headroom" in done.stdout
    rows = [line for line in lines if line.startswith("task_1")]
    assert len(rows) == 3
    assert rows[-1].endswith(("time", "scale", "both"))
    assert "otherwise unknown" in done.stdout
    assert "Progress from" in done.stdout


def test_saturation_csv_and_json_have_ends_of_intervals(ask):
    (row,) = csv.DictReader(io.StringIO(ask("saturation", "--task", "task_2", "--csv").stdout))
    assert float(row["ceiling_lower"]) < float(row["ceiling_median"]) < float(row["ceiling_upper"])
    assert float(row["scale_median"]) + float(row["time_median"]) == pytest.approx(
        float(row["progress_median"]), abs=5e-3
    )
    document = json.loads(ask("saturation", "--since", "0@1e22", "--until=-1@1e24", "--json").stdout)
    assert document["since"] == {"period": simulated()[1].period_labels[0], "flops": 1e22}
    assert [row["source"] for row in document["rows"]] == ["scale", "scale"]
    # infinite numbers are null in JSON
    beyond = json.loads(ask("saturation", "--gain", "0.001", "--json").stdout)["rows"]
    assert all(row["saturation_median"] is None and row["nowhere"] == 1.0 for row in beyond)


def test_saturation_by_size(ask):
    done = ask("saturation", "--params", "8e9,70e9", "--tokens", "15e12", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [float(row["params"]) for row in rows] == [8e9, 70e9] * 2
    assert float(rows[0]["flops"]) == pytest.approx(7.2e23)
    assert "parameters" in ask("saturation", "--params", "8e9", "--tokens", "15e12").stdout


def test_emergence_ranks_and_pairs(ask):
    done = ask("emergence")
    assert done.exit_code == 0, done.output
    assert "P(rank 2)" in done.stdout
    document = json.loads(ask("emergence", "--decades", "1.5", "--json").stdout)
    assert document["decades"] == 1.5
    assert [row["rank_1"] + row["rank_2"] for row in document["rows"]] == pytest.approx([1.0, 1.0])
    assert sum(pair["more"] for pair in document["pairs"]) == pytest.approx(1.0)
    rows = list(csv.DictReader(io.StringIO(ask("emergence", "--csv").stdout)))
    assert float(rows[0]["width_median"]) <= float(rows[1]["width_median"])


def test_the_fit_comes_first_and_the_order_of_earlier_versions_works(ask, run):
    first = run("portfolio", "fit.nc", "targets.toml", "--json")
    assert first.exit_code == 0, first.output
    assert run("portfolio", "targets.toml", "fit.nc", "--json").stdout == first.stdout


def test_portfolio_has_probabilities_costs_and_a_trade_off(ask):
    done = ask("portfolio", "--flops", "1e22,1e25")
    assert done.exit_code == 0, done.output
    assert "P(task_1 >= 0.5)" in done.stdout
    assert "with compute" in done.stdout
    assert "one and the same model" in done.stdout
    assert "all together" in done.stdout
    document = json.loads(ask("portfolio", "--trade-off", "task_1,task_2", "--json").stdout)
    assert document["least_flops"] == pytest.approx(document["rows"][0]["flops"])
    assert document["rows"][0]["all_met"] >= 0.9
    assert document["trade_off"]["tasks"] == ["task_1", "task_2"]
    assert [target["score"] for target in document["targets"]] == [0.5, 0.4]
    (row,) = csv.DictReader(io.StringIO(ask("portfolio", "--csv").stdout))
    assert float(row["met_task_1"]) >= float(row["all_met"])


def test_pictures(ask, tmp_path):
    assert ask("saturation", "--out", tmp_path / "p").exit_code == 0
    assert ask("emergence", "--out", tmp_path / "p").exit_code == 0
    assert ask("portfolio", "--trade-off", "task_1,task_2", "--out", tmp_path / "p").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == [
        "emergence.png",
        "portfolio.png",
        "progress.png",
        "saturation.png",
        "trade-off.png",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["saturation", "--flops", "24"], "looks like log10"),
        (["saturation", "--gain", "3"], "--gain: 3 looks like a percentage: write 0.03"),
        (["saturation", "--gain", "0.1,0.2"], "--gain: give one number"),
        (["saturation", "--gain", "0"], "gain must lie between 0 and 1"),
        (["saturation", "--task", "task_9"], "Did you mean 'task_"),
        (["saturation", "--since", "@1e23"], "names no period"),
        (["saturation", "--since", "0@1e23,1e24"], "--since: give one number"),
        (["saturation", "--until", "2031-01-01@x"], "--until: cannot read 'x'"),
        (["saturation", "--params", "8e9"], "so the tokens are needed"),
        (["saturation", "--params", "eight"], "--params: cannot read 'eight'"),
        (["saturation", "--params", "8e9", "--flops", "1e24"], "give one of them"),
        (["saturation", "--tokens", "1e12"], "together with --params"),
        (["saturation", "--json", "--csv"], "--json and --csv"),
        (["emergence", "--decades", "two"], "--decades: cannot read 'two'"),
        (["emergence", "--decades", "-1"], "decades must lie"),
        (["emergence", "--prob", "90"], "--prob: 90 looks like a percentage"),
        (["portfolio", "--prob", "0.3"], "prob must exceed 0.5"),
        (["portfolio", "--trade-off", "task_1"], "--trade-off: name two tasks"),
        (["portfolio", "--trade-off", "task_1,task_7"], "Did you mean 'task_"),
        (["portfolio", "--metrics", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_a_wrong_call_has_status_2(ask, arguments, words):
    done = ask(*arguments)
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no target"),
        ("[targets.task_1]\nscore = 1.2\n", "score must lie between 0 and 1"),
        ("[targets.task_3]\nscore = 0.2\n", "not in this fit"),
        ("[goals.task_1]\nscore = 0.2\n", "unknown key 'goals'"),
    ],
)
def test_bad_targets_are_named(run, fitted, monkeypatch, tmp_path, text, words):
    monkeypatch.setitem(vars(bayes_frontier), "load", lambda path: fitted)
    (tmp_path / "t.toml").write_text(text)
    done = run("portfolio", tmp_path / "t.toml", "fit.nc")
    assert done.exit_code == 2
    assert words in done.stderr
    assert "t.toml" in done.stderr


def test_intervals_in_words_leave_out_what_is_missing():
    row = {"x_median": 0.5, "x_lower": 0.25, "x_upper": float("nan")}
    assert spelled([row], x="{:.1f}".format)[0]["x_words"] == ""
    assert spelled([row | {"x_upper": 1.0}], x="{:.2f}".format)[0]["x_words"] == "0.50 (0.25 to 1.00)"


def test_one_setting_has_no_progress_to_divide(ask):
    done = ask("saturation", "--since", "0@1e23", "--until", "0@1e23")
    assert done.exit_code == 0, done.output
    assert "No progress to divide" in done.stderr
    assert "Progress from" not in done.stdout
