"""How much base models move on their own: the estimate finds what made the steps."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from studies import own_moves
from tests.draws import BASES, make_frontier


def drawn_steps(share, n=400, noise=0.2, seed=0):
    """Steps of one task's base models."""
    rng = np.random.default_rng(seed)
    gap = rng.choice([0.6, 1.0, 1.4], n)
    step = 0.3 + share * np.sqrt(gap) * rng.standard_normal(n) + noise * rng.standard_normal(n)
    return pd.DataFrame({"step": step, "noise": noise, "gap": gap})


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7])
def test_the_share_is_found_beside_noise_and_what_all_move_together(share):
    likely = own_moves.SHARES[own_moves.log_likelihood(drawn_steps(share)).argmax()]
    # 400 steps with noise of 0.2 know a variance to 0.2**2 * sqrt(2 / 400) = 0.003: a share of 0 to about 0.05
    assert likely == pytest.approx(share, abs=0.08)


def test_the_scale_of_shares_is_found():
    shares = np.abs(0.4 * np.random.default_rng(1).standard_normal(60))
    found = own_moves.estimate([own_moves.log_likelihood(drawn_steps(s, n=40, seed=i)) for i, s in enumerate(shares)])
    # the scale of a half-normal from 60 draws has a standard error of 0.4 / sqrt(120) = 0.04
    assert found.mode == pytest.approx(0.4, abs=0.12)
    assert found.low < 0.4 < found.high
    assert found.low < found.mean < found.high


def test_a_step_is_the_move_of_the_quantile_in_units_of_the_spread():
    frontier = make_frontier(base_model_scale=0.5)
    models, tasks = frontier.evaluations.models, list(frontier.tasks)
    stretch = frontier.stretches.of_model
    assert set(stretch) == {0, 1}
    # scores on the boundary, those of one base model a step of 0.25 higher in the second stretch
    moved = np.where((models["base_model"] == BASES[0]) & (stretch == 1), 0.25, 0.0)
    models[tasks] = expit(logit(frontier.fitted().to_numpy()) + moved[:, None])
    found = own_moves.steps(frontier, least=1)
    own = found[found["base_model"] == BASES[0]]
    assert set(found["task"]) == set(tasks)
    assert own["step"].to_numpy() == pytest.approx(0.5)
    assert found[found["base_model"] != BASES[0]]["step"].to_numpy() == pytest.approx(0.0, abs=1e-9)
    assert found["noise"].to_numpy() == pytest.approx(0.0, abs=1e-9)
    assert own_moves.steps(frontier, least=10_000).empty
    assert own_moves.steps(frontier, least=1, lag=2).empty
    assert found["gap"].to_numpy() == pytest.approx(frontier.stretches.gaps[0])


def test_a_table_without_dates_is_refused(capsys):
    with pytest.raises(SystemExit):
        own_moves.main(["oll.csv"])
    assert "write TABLE=DATE,DATE" in capsys.readouterr().err


def test_tables_too_small_to_measure_anything_are_said_to_be():
    with pytest.raises(SystemExit, match="no base model has 20 models"):
        own_moves.page("", {"small.csv": make_frontier()})


def test_the_page_has_a_line_a_table_and_one_of_all(monkeypatch, tmp_path, capsys):
    frontier = make_frontier()
    monkeypatch.setattr(own_moves, "LEAST", (2,))
    monkeypatch.setattr(own_moves.bf, "read", lambda *_, **__: frontier.evaluations)
    monkeypatch.setattr(own_moves.bf, "fit", lambda *_, **__: frontier)
    out = tmp_path / "moves"
    assert own_moves.main(["data/a=b.csv=2024-06-30", "--out", str(out)]) == 0
    page = (out / "README.md").read_text()
    assert "own_moves a=b.csv=2024-06-30" in page
    assert "| a=b.csv | 2 |" in page
    assert "| all | 2 | | | " in page
    table = pd.read_csv(out / "moves.csv")
    assert len(table) == len(own_moves.steps(frontier, 2))
    assert page in capsys.readouterr().out
