import numpy as np
import pandas as pd

from studies.pages import write_halves, write_sbc


def halves(coverage: float) -> pd.DataFrame:
    rows = [{"split": s, "task": t, "n": 1000, "below": 0} for s in range(5) for t in ("bbh", "a|b")]
    return pd.DataFrame(rows).assign(coverage=np.tile([coverage - 0.01, coverage + 0.01], 5))


def test_halves_hold_when_their_mean_is_near_tau(tmp_path):
    page, bar = write_halves(halves(0.975), 0.98, tmp_path / "halves", "python -m studies halves", {"Model": "m"})
    assert bar.passed
    assert bar.found.startswith("0.9750 (s.e. 0.0000); 0.98 within 0.012")
    text = page.read_text()
    assert "| bbh | 0.9650 | 0.0000 | 0.9650 to 0.9650 | 1000 |" in text
    assert ": holds.**" in text
    assert len(pd.read_csv(tmp_path / "halves" / "splits.csv")) == 10


def test_halves_far_from_tau_are_missed(tmp_path):
    _, bar = write_halves(halves(0.96), 0.98, tmp_path, "command", {})
    assert not bar.passed
    assert ": missed.**" in (tmp_path / "README.md").read_text()


def test_uniform_ranks_hold_and_others_do_not(tmp_path):
    rng = np.random.default_rng(0)
    ranks = pd.DataFrame({"boundary": rng.random(200), "drift": rng.random(200)})
    page, bar = write_sbc(ranks, tmp_path / "right", "python -m studies sbc", {"Simulations": 200})
    assert bar.passed
    assert "* Simulations: 200." in page.read_text()
    assert len(pd.read_csv(tmp_path / "right" / "ranks.csv")) == 200
    _, bar = write_sbc(ranks.assign(drift=ranks["drift"] ** 3), tmp_path / "wrong", "command", {})
    assert not bar.passed
    assert "least p-value 0.0000 of 2 quantities" in bar.found
