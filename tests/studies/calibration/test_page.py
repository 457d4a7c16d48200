import pandas as pd
import pytest

from bayes_frontier.errors import QueryError
from studies.calibration.page import markdown, write_calibration
from studies.calibration.scenarios import chosen
from tests.studies.fakes import fake_lines

SCENARIOS = chosen(["independent", "correlated-0.4", "few-bases"])
COMMAND = "python -m studies calibration --out x"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study") / "calibration"
    page, held = write_calibration(fake_lines(SCENARIOS, 30), SCENARIOS, folder, COMMAND, {"Model": "hierarchical"})
    return folder, page.read_text(), held


def test_the_folder_has_a_page_tables_and_pictures(written):
    folder, _, _ = written
    names = {path.name for path in folder.iterdir()}
    tables = {"population.csv", "base_models.csv", "along_compute.csv"}
    assert names == {"README.md", *tables, "coverage.png", "along_compute.png"}
    table = pd.read_csv(folder / "population.csv")
    assert len(table) == 3 * 4
    assert (table["replications"] == 30).all()


def test_the_page_says_how_it_was_made_and_shows_every_scenario_and_bar(written):
    _, text, held = written
    assert f"    {COMMAND}\n" in text
    for scenario in SCENARIOS:
        assert f"| {scenario.name} | {scenario.about} | {scenario.n_base_models} | 30 |" in text
    for bar in held:
        assert f"| {bar.name} | {bar.found} | {'yes' if bar.passed else '**no**'} |" in text
    assert "cluster bootstrap" in text


def test_the_page_counts_chains_that_did_not_converge(written):
    # the first replication of each of the three scenarios
    assert "In 3 of\nthem R-hat" in written[1].replace("  them", "them")


def test_a_missed_bar_is_marked(tmp_path):
    _, held = write_calibration(fake_lines(SCENARIOS, 30, covered=0.6), SCENARIOS, tmp_path, COMMAND, {})
    missed = [bar.name for bar in held if not bar.passed]
    assert "coverage of 90% intervals, averaged over scenarios" in missed
    assert "| **no** |" in (tmp_path / "README.md").read_text()


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(QueryError, match="no folder can be made"):
        write_calibration(fake_lines(SCENARIOS, 2), SCENARIOS, tmp_path / "file", COMMAND, {})


def test_a_table_in_markdown():
    assert markdown(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
