"""`bayes-frontier backtest`, without sampling."""

import csv
import io
import json

import pytest

import bayes_frontier
from tests.backtests import Fits

DATES = "2024-09-30,2024-12-31"


@pytest.fixture
def fits(run, monkeypatch) -> Fits:
    made = Fits()
    monkeypatch.setattr("bayes_frontier.posterior.fitting.fit", made.fit)
    return made


def test_a_table_for_people(run, fits, table):
    done = run("backtest", table, "--periods", DATES, "--baselines", "constant,oracle", "--tau", "0.9")
    assert done.exit_code == 0, done.output
    assert "table.csv: 2 periods predicted, tau = 0.9, axis flops; ours is fitted to all periods before." in done.stdout
    header, *rows = [line.split() for line in done.stdout.splitlines() if line][2:]
    assert header[:3] == ["models", "boundary", "pinball"]
    assert {row[1] for row in rows if row[0] == "all"} == {"frontier", "constant", "oracle"}
    assert "Cells in which ours is lower, of 4: constant" in done.stdout
    assert "split 1 of 2: " in done.stderr
    assert "fitting" in done.stderr
    assert len(fits.calls) == 2


def test_json_is_one_document(run, fits, table):
    done = run("backtest", table, "--periods", DATES, "--baselines", "constant", "--tau", "0.9", "--json", "--quiet")
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["tau"] == 0.9
    assert document["axis"] == "flops"
    assert len(document["splits"]) == 2
    assert {row["boundary"] for row in document["rows"]} == {"frontier", "constant"}
    assert {cell["task"] for cell in document["cells"]} == {"bbh", "math_lvl_5"}
    assert document["headline"]
    ours = next(row for row in document["rows"] if row["boundary"] == "frontier")
    assert ours["difference"] is None


def test_csv_is_the_summary(run, fits, table):
    done = run("backtest", table, "--periods", DATES, "--baselines", "constant", "--tau", "0.9", "--csv", "-q")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {"all", "known"} <= {row["group"] for row in rows} <= {"all", "known", "new"}
    assert sum(row["group"] == "all" for row in rows) == 2
    assert all(0 < float(row["pinball"]) < 1 for row in rows if row["group"] == "all")


def test_the_evidence_is_written_with_its_command(run, fits, table, tmp_path):
    out = tmp_path / "evidence"
    done = run(
        *("backtest", table, "--periods", DATES, "--baselines", "constant", "--tau", "0.9", "--out", out),
        *("--single-period", "--seed", "7", "--tasks", "bbh", "--column", "flops=flops"),
    )
    assert done.exit_code == 0, done.output
    assert f"Wrote {out / 'README.md'}" in done.stderr
    text = (out / "README.md").read_text()
    command = (
        "bayes-frontier backtest table.csv --periods 2024-09-30,2024-12-31 --tasks bbh --column flops=flops "
        "--single-period --baselines constant --tau 0.9 --seed 7 --out evidence"
    )
    (line,) = (line.strip() for line in text.splitlines() if line.startswith("    bayes-frontier backtest"))
    # the order of options is that of `--help`
    assert sorted(line.split()) == sorted(command.split())
    assert str(tmp_path) not in text
    assert "Ours is fitted to the last period" in text


def test_an_interrupted_backtest_goes_on(run, fits, table, tmp_path):
    arguments = ["backtest", table, "--periods", DATES, "--baselines", "constant", "--tau", "0.9", "--out", tmp_path]
    fits.stop_at = 2
    done = run(*arguments)
    assert done.exit_code == 130
    assert not (tmp_path / "README.md").exists()
    fits.stop_at = None
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert len(fits.calls) == 3
    assert "frontier, split 1: finished before" in done.stderr
    assert (tmp_path / "README.md").exists()


def test_options_reach_the_fit(run, fits, table):
    done = run(
        *("backtest", table, "--periods", DATES, "--baselines", "constant", "--model", "pooled", "--draws", "60"),
        *("--tune", "70", "--chains", "3", "--cores", "1", "--seed", "5", "--tau", "0.9", "--allow-unconverged", "-q"),
    )
    assert done.exit_code == 0, done.output
    expected = {"model": "pooled", "draws": 60, "tune": 70, "chains": 3, "cores": 1, "seed": 5, "progress": False}
    assert expected.items() <= fits.calls[0].items()
    assert fits.calls[0]["allow_unconverged"] is True


def test_sizes_not_given_are_those_of_fit(run, fits, table):
    done = run("backtest", table, "--periods", DATES, "--baselines", "constant", "--tau", "0.9", "-q")
    assert done.exit_code == 0, done.output
    assert not {"draws", "tune", "chains"} & fits.calls[0].keys()


def test_no_convergence_is_status_3(run, fits, table):
    done = run("backtest", table, "--periods", DATES, "--baselines", "constant", "--draws", "13")
    assert done.exit_code == 3
    assert "Error: Split 1 (" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is only one. Close periods with dates"),
        (["--periods", DATES, "--baselines", "papre"], "Did you mean 'paper'?"),
        (["--periods", DATES, "--axis", "token"], "Did you mean 'tokens'?"),
        (["--periods", DATES, "--axis", "tokens"], "no record has a positive tokens_t"),
        (["--periods", DATES, "--tau", "98"], "looks like a percentage"),
        (["--periods", DATES, "--tau", "0.3"], "tau must be between 0.5"),
        (["--periods", DATES, "--json", "--csv"], "--json and --csv"),
        (["--periods", "2024-09-31"], "yyyy-mm-dd"),
        (["--periods", DATES, "--model", "none"], "none"),
        (["--periods", DATES, "--out", "{}/table.csv"], "no folder can be made"),
    ],
)
def test_mistakes_are_one_message_before_any_fit(run, fits, table, tmp_path, arguments, message):
    done = run("backtest", table, *(argument.format(tmp_path) for argument in arguments))
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert "Traceback" not in done.output
    assert fits.calls == []


def test_the_command_and_the_function_have_the_same_defaults():
    import inspect

    import typer

    from bayes_frontier.cli.app import app

    options = {option.name: option.default for option in typer.main.get_command(app).commands["backtest"].params}
    for function, names in (
        (bayes_frontier.backtest, ("tau", "axis", "single_period")),
        (bayes_frontier.fit, ("tau", "seed", "model", "allow_unconverged")),
    ):
        arguments = inspect.signature(function).parameters
        for name in names:
            assert str(options[name]) == str(arguments[name].default), name
