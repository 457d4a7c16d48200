"""Claims about stages, contamination and factors: each with a probability, from fits that need no sampling."""

import numpy as np
import pandas as pd
import pytest

import bayes_frontier as bf
from studies.claims.questions_releases import factor_claims, run
from studies.fast.frontier import quick_fit


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    whole, _ = bf.simulate(3, n_models=420, n_base_models=30, tasks=["maths", "facts", "logic"], periods=1, tau=0.98)
    frame = whole.models[["model", "base_model", "flops", *whole.tasks]].copy()
    first = (frame.groupby("base_model").cumcount() < 4).to_numpy()
    frame["stage"] = np.where(first, "pretrained", "post-trained")
    frame["maths"] = (frame["maths"] - 0.2 * first).clip(lower=0.0)
    days = np.random.default_rng(1).integers(0, 360, len(frame))
    frame["released"] = (pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D")).strftime("%Y-%m-%d")
    path = tmp_path_factory.mktemp("board") / "oll.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_claims_tables_and_notes_are_written(board, tmp_path, monkeypatch):
    fits = []

    def fit(evaluations, *, seed, progress):
        fits.append(quick_fit(evaluations, tau=0.98, seed=seed))
        return fits[-1]

    # a fast fit converges by construction, which its file does not say
    monkeypatch.setitem(vars(bf), "load", lambda path: fits[-1])
    claims = run(board, tmp_path / "stages.nc", tmp_path / "out", tmp_path / "none.csv", fit)
    assert len(fits) == 1
    assert (tmp_path / "stages.nc").exists()
    assert claims.columns.tolist() == ["section", "claim", "asked", "probability", "numbers", "command"]
    lift = claims.set_index("claim")["probability"]
    assert lift["post-training lifts maths"] > 0.8
    assert lift["lift differs by task"] > 0.5
    assert sum("than the other tasks lead to expect" in one for one in claims["claim"]) == 3
    assert claims["probability"].astype(float).between(0, 1).all()
    crossed = pd.read_csv(tmp_path / "out" / "contamination.csv")
    assert len(crossed) == 6
    assert len(pd.read_csv(tmp_path / "out" / "stages.csv")) == 9
    notes = (tmp_path / "out" / "notes-releases.md").read_text()
    assert "A shift is no proof" in notes
    kept = pd.read_csv(tmp_path / "out" / "claims-releases.csv")
    assert kept["claim"].tolist() == claims["claim"].tolist()


def test_factors_are_judged_by_their_mean_change():
    table = pd.DataFrame(
        {"period": ["a", "b"] * 2, "rank": [0, 0, 1, 1], "change": [0, 0, 1e-4, -2e-5], "lower": -1e-4, "upper": 2e-4}
    )
    rows = factor_claims(table)
    assert len(rows) == 1
    # a mean of 4e-5 with a standard error of 3e-4 / 3.29 / sqrt(2): 0.62 of it above zero
    assert float(str(rows[0]["probability"])) == pytest.approx(0.268, abs=0.002)
    assert str(rows[0]["claim"]).startswith("1 factor across tasks predicts the next period better")
    assert "+0.100 (-0.100 to +0.200), -0.020" in str(rows[0]["numbers"])
