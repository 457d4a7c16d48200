"""The page on the contest of designs."""

import pandas as pd
import pytest

from studies.design.page import write_design
from tests.studies.design.test_verdicts import results


@pytest.fixture
def found() -> pd.DataFrame:
    columns = {"n": 10.0, "cost": 5.0, "width": 0.06, "coverage": 0.9, "variance": 1e-3, "published_distance": 0.02}
    return results().assign(**columns)


def test_the_page_has_the_bars_every_table_and_the_numbers_behind(found, tmp_path):
    page, held = write_design(found, tmp_path / "design", "python -m studies design x.csv", {"Seeds": 6})
    text = page.read_text(encoding="utf-8")
    assert "    python -m studies design x.csv" in text
    assert all(bar.name in text for bar in held)
    assert text.count("| ours |") == 5
    assert "| 5% | random | 20% |" in text
    assert "everything of the period known: 3.00" in text
    assert (page.parent / "contest.png").read_bytes()[:4] == b"\x89PNG"
    numbers = pd.read_csv(page.parent / "contest.csv")
    ours = numbers[(numbers["arm"] == "ours") & (numbers["budget"] == 0.05)]
    assert ours["distance"].mean() == pytest.approx(0.008, abs=3e-4)


def test_a_measure_that_nothing_has_is_left_out(found, tmp_path):
    page, _ = write_design(found.assign(pinball=float("nan")), tmp_path, "x", {})
    assert "Pinball loss of the predictive" not in page.read_text(encoding="utf-8")


def test_names_in_the_facts_cannot_break_the_page(found, tmp_path):
    page, _ = write_design(found, tmp_path, "x", {"Periods": "a\nb\x1b[31m"})
    text = page.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "| Periods | a" in text
