import numpy as np
import pandas as pd
import pytest

from bayes_frontier import parallel
from studies import sbc
from studies.calibration import alternatives, fitting, summary
from studies.calibration.scenarios import chosen
from tests.studies.fakes import Fake

ARGUMENTS = ["calibration", "--scenario", "few-bases", "--replications", "2", "--most", "2", "--cores", "1"]


@pytest.fixture
def exact(monkeypatch):
    """Fits that know the truth, and hardly any refits."""
    monkeypatch.setattr(alternatives, "_REFITS", 3)
    monkeypatch.setattr(fitting, "Sampler", lambda spec, **lengths: Fake(chosen(["few-bases"])[0]))


def test_a_study_writes_its_folder_and_says_what_holds(run, exact, tmp_path):
    done = run(*ARGUMENTS, "--out", str(tmp_path / "study"))
    assert "2 of 2 replications" in done.stderr
    assert "Wrote" in done.stderr
    bars = done.stdout.splitlines()
    assert len(bars) >= 6
    assert all(line.startswith(("holds ", "MISSED")) for line in bars)
    # two replications leave a Monte Carlo error above the bar
    assert done.exit_code == 1
    page = (tmp_path / "study" / "README.md").read_text()
    asked = "--out study --replications 2 --most 2 --scenario few-bases"
    assert f"    python -m studies calibration {asked}\n" in page
    assert str(tmp_path) not in page


def test_a_study_goes_on_where_it_stopped(run, exact, tmp_path):
    run(*ARGUMENTS, "--out", str(tmp_path))
    files = list((tmp_path / "replications").rglob("*.jsonl"))
    before = files[0].read_text()
    run(*ARGUMENTS, "--out", str(tmp_path), "--quiet")
    assert len(files) == 1
    assert files[0].read_text() == before


def test_a_scenario_known_too_little_gets_more(run, exact, tmp_path, monkeypatch):
    asked = []

    def wanting(lines, most):
        asked.append((len(lines), most))
        return {"few-bases": 3} if len(lines) < 3 else {}

    monkeypatch.setattr(summary, "wanting", wanting)
    done = run(*ARGUMENTS, "--out", str(tmp_path))
    assert asked == [(2, 2), (3, 2)]
    assert "2 of 2 replications" in done.stderr
    assert "3 of 3 replications" in done.stderr


def test_an_unknown_scenario_is_refused(run, tmp_path):
    done = run("calibration", "--scenario", "few-base", "--out", str(tmp_path))
    assert done.exit_code == 2
    assert "Did you mean 'few-bases'?" in done.stderr


def test_help_names_the_studies(run):
    done = run("--help")
    for name in ("calibration", "halves", "sbc"):
        assert name in done.stdout


@pytest.fixture
def ranked(monkeypatch):
    """Ranks without sampling; holds what was asked for."""
    asked: list[tuple[int, int]] = []

    def ranks(spec, simulations, seed, progress):
        asked.append((simulations, seed))
        return pd.DataFrame({"level": np.random.default_rng(seed).random(simulations)})

    monkeypatch.setattr(sbc, "ranks", ranks)
    return asked


def test_ranks_come_in_blocks_that_are_kept(run, ranked, tmp_path):
    arguments = ("sbc", "--simulations", "120", "--cores", "1", "--out", tmp_path)
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert "120 of 120 simulations" in done.stderr
    assert [n for n, _ in ranked] == [50, 50, 20]
    assert len({seed for _, seed in ranked}) == 3
    first = (tmp_path / "ranks.csv").read_text()
    assert len(first.splitlines()) == 121
    run(*arguments)
    assert len(ranked) == 3
    assert (tmp_path / "ranks.csv").read_text() == first


def test_halves_are_fitted_one_by_one_and_kept(run, table, tmp_path):
    arguments = ("halves", table, "--splits", "2", "--tau", "0.9", "--draws", "7", "--out", tmp_path)
    done = run(*arguments)
    assert "2 of 2 splits" in done.stderr
    assert [(call["seed"], call["draws"], call["allow_unconverged"]) for call in run.calls] == [
        (0, 7, True),
        (1, 7, True),
    ]
    run(*arguments)
    assert len(run.calls) == 2
    assert (tmp_path / "splits.csv").is_file()


@pytest.mark.parametrize("study", ["calibration", "sbc", "questions"])
def test_a_dead_address_is_named(run, monkeypatch, tmp_path, study):
    monkeypatch.setattr(parallel, "_ANSWER", 0.3)
    done = run(study, "--scheduler", "tcp://127.0.0.1:9", "--out", tmp_path)
    assert done.exit_code == 2
    assert "Error: --scheduler tcp://127.0.0.1:9: no Dask scheduler answers there" in done.stderr
