"""The page that compares a fit with FLOPs as stated with one that carries their uncertainty."""

import pandas as pd
import pytest

from studies import compute_uncertainty
from tests.draws import make_frontier


@pytest.fixture
def fits(monkeypatch):
    plain, pooled = make_frontier(), make_frontier(seed=1, draws=40)
    pooled.provenance["compute_uncertainty"] = {
        "tables": 4,
        "unlisted_base_models": 1,
        "unlisted_relative_sd": 0.5,
        "median_decades": 0.2,
        "largest_decades": 0.36,
    }
    saved = {"plain.nc": plain, "pooled.nc": pooled}
    monkeypatch.setattr(compute_uncertainty, "load", lambda path: saved[path.name])
    return saved


def test_boundaries_are_compared(fits, tmp_path):
    out = tmp_path / "report"
    assert compute_uncertainty.main(["plain.nc", "pooled.nc", "--out", str(out)]) == 0
    table = pd.read_csv(out / "boundaries.csv")
    assert len(table) == 2 * len(compute_uncertainty.FLOPS)
    page = (out / "README.md").read_text()
    row = table.iloc[0]
    assert f"| {row['task']} | 1e+22 | {row['before']:.3f} | {row['after']:.3f} |" in page
    assert "Of 3 base models 1 are in no registry" in page


def test_fits_in_the_wrong_order_or_of_other_tables_are_refused(fits, tmp_path, capsys):
    assert compute_uncertainty.main(["pooled.nc", "plain.nc", "--out", str(tmp_path / "x")]) == 2
    assert "first the fit without" in capsys.readouterr().err
    fits["pooled.nc"].evaluations = fits["plain.nc"].evaluations.select(tasks=["maths"])
    assert compute_uncertainty.main(["plain.nc", "pooled.nc", "--out", str(tmp_path / "x")]) == 2
    assert "different tables" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
