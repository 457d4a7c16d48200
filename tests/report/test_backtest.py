"""A backtest as a folder."""

import pandas as pd
import pytest

from bayes_frontier.checks.backtest.comparison import Backtest
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Evaluations
from bayes_frontier.report.backtest import cell_table, page, write_backtest
from tests.backtests import evaluations, small_backtest

COMMAND = "bayes-frontier backtest table.csv --periods 2024-06-30"


@pytest.fixture(scope="module")
def result() -> Backtest:
    return small_backtest(baselines=["constant", "paper", "oracle"], seed=4)


@pytest.fixture(scope="module")
def written(result, tmp_path_factory):
    target = tmp_path_factory.mktemp("evidence") / "reports" / "backtest"
    assert write_backtest(result, target, COMMAND) == target / "README.md"
    return target


def test_the_folder_has_the_page_its_tables_and_its_pictures(written):
    names = {path.name for path in written.iterdir()}
    pictures = {name for name in names if name.endswith(".png")}
    assert names - pictures == {"README.md", "summary.csv", "cells.csv"}
    text = (written / "README.md").read_text()
    for picture in pictures:
        assert f"]({picture})" in text
        assert (written / picture).read_bytes().startswith(b"\x89PNG")
    assert pictures == {"all.png", "known.png", "new.png", "tasks.png"}


def test_the_tables_have_the_numbers(result, written):
    summary = pd.read_csv(written / "summary.csv")
    expected = result.summary()
    found = summary[summary["group"] == "all"].set_index("boundary")
    assert found["pinball"].to_dict() == pytest.approx(expected["pinball"].to_dict(), rel=1e-4)
    cells = pd.read_csv(written / "cells.csv")
    assert cells.columns.tolist() == ["boundary", "split", "task", "group", "n", "pinball", "coverage_error"]
    assert (cells["n"] > 0).all()
    one = cells[(cells["boundary"] == "frontier") & (cells["group"] == "all")]
    assert one["pinball"].mean() == pytest.approx(expected["pinball"]["frontier"], rel=1e-4)


def test_the_page_says_what_was_done(result):
    text = page(result, COMMAND)
    assert f"    {COMMAND}\n" in text
    assert f"fingerprint of the scores {result.about['fingerprint'][:16]}; tau 0.9; axis flops" in text
    assert "settings: seed 4" in text
    assert "best sigmoid for the period predicted itself" in text
    for split in result.splits:
        assert f"| {split} |" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    widths = {line.count(" | ") for line in rows if line.startswith("| bbh |")}
    assert widths == {6}
    assert "nan" not in text


def test_the_headline_has_the_numbers_that_decide(result):
    lines = result.sentences
    table, new = result.summary(), result.summary("new")
    ours, theirs = 1e3 * table["pinball"]["frontier"], 1e3 * table["pinball"]["paper"]
    assert lines[0].startswith(
        f"Pinball loss of ours x 1000, mean of 4 cells: {ours:.2f}; paper {theirs:.2f}, difference"
    )
    assert f"constant {table['won']['constant']:.0f}, paper {table['won']['paper']:.0f}; than all of these" in lines[1]
    assert f"mean {table['signed_error']['frontier']:+.4f}" in lines[2]
    assert f"mean absolute {table['abs_error']['frontier']:.4f}" in lines[2]
    assert new["n"]["frontier"] > 0
    assert f"pinball x 1000 {1e3 * new['pinball']['frontier']:.2f}; paper" in lines[3]


def test_without_new_base_models_it_says_so(result):
    known = result.predictions.assign(known=("record", [True] * result.predictions.sizes["record"]))
    made = Backtest(known, result.about)
    assert made.sentences[-1] == "No model predicted is on a new base model."
    assert set(made.table["group"]) == {"all", "known"}
    assert "new.png" not in page(made, COMMAND)


def test_without_baselines_there_is_nothing_to_compare():
    made = small_backtest(baselines=["oracle"])
    lines = made.sentences
    assert "paper" not in lines[0]
    assert not any("Cells in which" in line for line in lines)
    assert "| best baseline |" in page(made, COMMAND)


def test_an_unconverged_fit_stands_out():
    made = small_backtest(baselines=["constant"], margin=0.4)
    assert page(made, COMMAND).count("**no**") == 2


def test_names_from_data_are_escaped():
    scores = evaluations()
    hostile = "a|b <img src=x>`"
    ends = [end for end in scores.period_ends if end is not None]
    models = scores.models.rename(columns={"bbh": hostile})
    made = small_backtest(evaluations=Evaluations.from_models(models, [hostile, "gpqa"], periods=ends))
    text = page(made, COMMAND)
    assert "<img" not in text
    assert "a\\|b &lt;img src=x&gt;'" in text


def test_tables_cover_every_group(result):
    assert result.table["group"].unique().tolist() == ["all", "known", "new"]
    assert set(cell_table(result)["boundary"]) == set(result.boundaries)


def test_a_place_that_is_a_file(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(QueryError, match="no folder can be made"):
        write_backtest(result, tmp_path / "file", COMMAND)
