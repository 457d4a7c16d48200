"""`bayes-frontier fit`, without sampling."""

import pytest


def test_a_fit_is_read_made_and_saved(run, table, tmp_path):
    out = tmp_path / "fit.nc"
    done = run("fit", table, "--out", out, "--periods", "2024-09-30,2024-12-31")
    assert done.exit_code == 0, done.output
    assert "table.csv (wide): 158 scores of 79 models from 8 base models on 2 tasks" in done.stdout
    assert "left out, " in done.stdout
    assert "Converged: R-hat at most 1.002." in done.stdout
    assert f"Saved {out}" in done.stdout
    assert out.read_text() == "a fit"
    (settings,) = run.calls
    assert settings == {
        "model": "hierarchical",
        "tau": 0.98,
        "draws": 1000,
        "tune": 300,
        "chains": 4,
        "seed": 1,
        "cores": None,
        "progress": None,
        "allow_unconverged": False,
        "compute_uncertainty": 0,
        "target_accept": 0.8,
        "registry": None,
    }


def test_options_reach_the_fit(run, table, tmp_path):
    done = run(
        *("fit", table, "--out", tmp_path / "fit.nc", "--model", "pooled", "--tau", "0.9", "--seed", "5"),
        *("--draws", "50", "--tune", "40", "--chains", "2", "--cores", "1", "--quiet"),
        *("--tasks", "bbh", "--column", "flops=flops", "--duplicates", "first", "--format", "wide"),
    )
    assert done.exit_code == 0, done.output
    assert done.output == ""
    (settings,) = run.calls
    assert settings["model"] == "pooled"
    assert settings["tau"] == 0.9
    assert settings["progress"] is False
    assert [settings[name] for name in ("seed", "draws", "tune", "chains", "cores")] == [5, 50, 40, 2, 1]


def test_an_existing_fit_is_replaced(run, table, tmp_path):
    out = tmp_path / "fit.nc"
    out.write_text("old")
    assert run("fit", table, "--out", out).exit_code == 0
    assert out.read_text() == "a fit"


def test_no_convergence_is_status_3_and_saves_nothing(run, table, tmp_path):
    out = tmp_path / "fit.nc"
    done = run("fit", table, "--out", out, "--draws", "13")
    assert done.exit_code == 3
    assert done.stderr.startswith("Error: R-hat is 1.300 for bbh, low.")
    assert not out.exists()


def test_no_convergence_may_be_allowed(run, table, tmp_path):
    out = tmp_path / "fit.nc"
    done = run("fit", table, "--out", out, "--draws", "13", "--allow-unconverged", "--quiet")
    assert done.exit_code == 0
    assert "not converged" in done.stderr
    assert out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "{}/fit.csv"], "does not end in .nc"),
        (["--out", "{}/fit"], "does not end in .nc"),
        (["--out", "{}/nowhere/fit.nc"], "there is no folder"),
        (["--out", "{}/folder.nc"], "is a folder; name a file"),
        (["--out", "{}/fit.nc", "--tau", "98"], "--tau: 98 looks like a percentage: write 0.98"),
        (["--out", "{}/fit.nc", "--column", "flops"], "--column: cannot read 'flops'"),
        (["--out", "{}/fit.nc", "--column", "flips=a"], "flips"),
        (["--out", "{}/fit.nc", "--tasks", "bhb"], "Did you mean 'bbh'?"),
        (["--out", "{}/fit.nc", "--format", "wid"], "Did you mean 'wide'?"),
        (["--out", "{}/fit.nc", "--duplicates", "frist"], "Did you mean 'first'?"),
        (["--out", "{}/fit.nc", "--copies", "onec"], "Did you mean 'once'?"),
        (["--out", "{}/fit.nc", "--compute", "regstry"], "Did you mean 'registry'?"),
        (["--out", "{}/fit.nc", "--periods", "June"], "yyyy-mm-dd"),
        (["--out", "{}/fit.nc", "--periods", "2024-12-31,2024-09-30"], "increasing order"),
    ],
)
def test_mistakes_are_one_message_before_any_sampling(run, table, tmp_path, arguments, message):
    (tmp_path / "folder.nc").mkdir()
    done = run("fit", table, *(argument.format(tmp_path) for argument in arguments))
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.output
    assert run.calls == []


@pytest.mark.parametrize(
    "arguments", [["--draws", "0"], ["--chains", "x"], ["--seed", "-1"], ["--cores", "0"], ["--tune", "1.5"]]
)
def test_numbers_out_of_range_name_their_option(run, table, tmp_path, arguments):
    done = run("fit", table, "--out", tmp_path / "fit.nc", *arguments)
    assert done.exit_code == 2
    assert arguments[0] in done.stderr


def test_a_place_to_save_is_asked_for(run, table):
    done = run("fit", table)
    assert done.exit_code == 2
    assert "--out" in done.stderr


def test_a_folder_that_cannot_be_written(run, table, tmp_path, monkeypatch):
    def refuse(**place):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    done = run("fit", table, "--out", tmp_path / "fit.nc")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


def test_a_missing_table(run, tmp_path):
    done = run("fit", tmp_path / "no.csv", "--out", tmp_path / "fit.nc")
    assert done.exit_code == 2
    assert "no.csv" in done.stderr


def test_the_command_and_the_function_have_the_same_defaults():
    import inspect

    import typer

    import bayes_frontier as bf
    from bayes_frontier.cli.app import app

    options = {option.name: option.default for option in typer.main.get_command(app).commands["fit"].params}
    arguments = inspect.signature(bf.fit).parameters
    for name in ("tau", "draws", "tune", "chains", "seed", "model"):
        assert str(options[name]) == str(arguments[name].default), name


def test_boundaries_as_functions_of_size(run, table, tmp_path):
    import pandas as pd

    sized = tmp_path / "sized.csv"
    pd.read_csv(table).assign(params_b=lambda t: t["flops"] / 1e23).to_csv(sized, index=False)
    done = run("fit", sized, "--axis", "params", "--out", tmp_path / "fit.nc")
    assert done.exit_code == 0, done.output
    assert "axis: params; FLOPs stand for params_b at 1e+12 tokens" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--axis", "param"), "Did you mean 'params'"),
        (("--axis", "params"), "params cannot be the axis"),
        (("--axis", "params", "--compute-uncertainty", "3"), "leave one of them out"),
    ],
)
def test_an_axis_that_cannot_be_is_refused(run, table, tmp_path, arguments, words):
    done = run("fit", table, *arguments, "--out", tmp_path / "fit.nc")
    assert done.exit_code == 2
    assert words in done.stderr
