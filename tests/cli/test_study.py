"""`bayes-frontier study`: hands over in a checkout, and says elsewhere where studies are."""

from bayes_frontier.cli import evidence


def test_a_study_is_handed_over_with_its_words_and_its_status(run, capfd):
    assert run("study", "--help").exit_code == 0
    said = capfd.readouterr().out
    assert "python -m studies" in said
    assert "calibration" in said
    assert run("study", "sbc", "--simulations", "many").exit_code == 2
    assert "--simulations" in capfd.readouterr().err


def test_elsewhere_it_says_what_studies_need(run, monkeypatch, tmp_path):
    monkeypatch.setattr(evidence, "PACKAGE", tmp_path / "bayes_frontier")
    done = run("study", "sbc", "--out", tmp_path / "x")
    assert done.exit_code == 2
    assert "run `python -m studies` in a checkout of the repository" in done.stderr
    assert not (tmp_path / "x").exists()
