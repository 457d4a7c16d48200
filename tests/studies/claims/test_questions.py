"""The page of claims: verdicts, gathering, and claims on a fit whose truth is known."""

import pandas as pd
import pytest

from studies.claims import questions
from tests.checks.posteriors import diagnosed, moved, simulated, true_frontier

NAMES = ("mmlu_pro", "gpqa", "bbh", "musr", "ifeval", "math_lvl_5")


@pytest.fixture(scope="module")
def frontier():
    # the last period's boundaries are 0.05 up on every task
    options = {"tasks": NAMES, "n_models": 1200}
    label = simulated(5, **options)[1].period_labels[1]
    return diagnosed(true_frontier(moved(0.05, period=label), **options))


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.95, "confirmed"), (0.9, "confirmed"), (0.5, "open"), (0.1, "contradicted"), (float("nan"), "not asked")],
)
def test_verdicts(probability, said):
    assert questions.verdict(probability) == said


def test_claims_about_a_known_truth_come_out_as_they_are(frontier):
    claims = {row["claim"]: row for row in questions.stability(frontier)}
    assert claims["mathematics is advancing"]["probability"] > 0.95
    assert claims["knowledge tasks are stable: gpqa"]["probability"] < 0.05
    # every task moves alike
    assert 0.01 < claims["mathematics is the exception"]["probability"] < 0.9
    asked = questions.saturated(frontier, "s", "fit.nc", 1e24)
    time = {row["claim"]: row["probability"] for row in asked if "time alone" in str(row["claim"])}
    assert time["time alone brought progress: math_lvl_5"] > 0.95
    assert time["time alone added little: mmlu_pro"] < 0.05
    assert {tuple(row) for row in [*asked, *questions.levels(frontier)]} == {questions.COLUMNS}


def test_the_page_gathers_every_table(tmp_path, capsys):
    rows = [("One", "it is so", "P of it", 0.97, "0.5 (0.4 to 0.6)", "bayes-frontier attain fit.nc")]
    pd.DataFrame(rows, columns=list(questions.COLUMNS)).to_csv(tmp_path / "claims-a.csv", index=False)
    rows = [("Two", "a | b", "?", "", "", ""), ("Two", "c", "Q", 0.02, "", "x")]
    pd.DataFrame(rows, columns=list(questions.COLUMNS)).to_csv(tmp_path / "claims-b.csv", index=False)
    (tmp_path / "notes-b.md").write_text("Mind the gap.\n")
    assert questions.main(["--page-only", "--out", str(tmp_path)]) == 0
    page = (tmp_path / "README.md").read_text()
    assert "| it is so | P of it | 0.970 | **confirmed** | 0.5 (0.4 to 0.6) |" in page
    assert "| a \\| b | ? |  | **not asked** |  |" in page
    assert "**contradicted**" in page
    assert page.index("## One") < page.index("## Two") < page.index("Mind the gap.")


def test_a_table_is_needed(tmp_path, capsys):
    with pytest.raises(SystemExit):
        questions.main(["--out", str(tmp_path)])
    assert "give the table" in capsys.readouterr().err
