"""The studies of contamination: shifts that are true, and scores in the right places."""

import pytest

from studies.questions.tables import simulate_table, table


def test_tables_have_the_shift_they_state():
    none, moved = simulate_table(3, shift=0.0), simulate_table(3, shift=0.3)
    assert none[1] == 0.0
    # 0.3 on the logit scale of scores around 0.4 to 0.6
    assert 0.05 < moved[1] < 0.08
    late = (moved[0].models["released"] > "2024-07-01").to_numpy()
    gained = (moved[0].models["task"] - none[0].models["task"]).to_numpy()
    assert gained[late].mean() == pytest.approx(moved[1], abs=0.005)
    assert (gained[~late] == 0).all()


def test_a_table_is_scored(monkeypatch):
    monkeypatch.setattr("bayes_frontier.analysis.contamination.BURN", 40)
    monkeypatch.setattr("bayes_frontier.analysis.contamination.KEPT", 60)
    scores = table("contamination-shift", {"shift": 0.3}, 0)
    assert [len(places) for places in scores.places.values()] == [1, 1]
    assert set(scores.verdicts) == {"shift (not fragile)", "no shift"}
    again = table("contamination-shift", {"shift": 0.3}, 0)
    assert scores.places == again.places
