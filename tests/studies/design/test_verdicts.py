"""Arms compared, on results made by hand."""

import numpy as np
import pandas as pd
import pytest

from studies.design.arms import BUDGETS, RANDOM
from studies.design.verdicts import bars, by_arm, paired_gain, prediction_loss, promise


def results(ours: float = 0.008, realised: float = 1.0, loss: float = 1.02) -> pd.DataFrame:
    rng, rows = np.random.default_rng(0), []
    for period in (1, 2):
        for seed in range(6):
            noise = rng.normal(0, 2e-4)
            for budget in BUDGETS:
                for arm in ("ours", *RANDOM, "cheapest first"):
                    distance = {"ours": ours, "random": 0.010, "stratified": 0.012}.get(arm, 0.015)
                    mine = arm == "ours"
                    rows.append(
                        {
                            "arm": arm,
                            "seed": seed,
                            "period": period,
                            "budget": budget,
                            "distance": distance + noise + rng.normal(0, 1e-4),
                            "pinball": 0.003 * loss if period == 1 else np.nan,
                            "predicted": 1.0 if mine else np.nan,
                            "realised": realised if mine else np.nan,
                        }
                    )
        rows.append({"arm": "everything", "seed": 0, "period": period, "budget": 1.0, "distance": 0.0})
        rows[-1]["pinball"] = 0.003 if period == 1 else np.nan
    return pd.DataFrame(rows)


def test_tables_have_an_arm_a_row_best_first():
    table = by_arm(results(), "distance")
    assert table.index[0] == "ours"
    assert list(table.columns) == list(BUDGETS)
    assert table.loc["stratified", 0.05] == pytest.approx(0.012, abs=3e-4)
    assert "everything" not in table.index


def test_gains_are_paired_with_the_best_random_arm():
    gain = paired_gain(results(), 0.05)
    assert gain["rival"] == "random"
    assert gain["gain"] == pytest.approx(0.2, abs=0.02)
    # Seeds share their noise: the interval of the difference is far narrower than the spread over seeds.
    assert 0.0018 < gain["lower"] < 0.002 < gain["upper"] < 0.0022


@pytest.mark.parametrize(
    ("arguments", "missed"),
    [
        ({}, []),
        ({"ours": 0.0095}, [1]),
        ({"ours": 0.011}, [0, 1, 2]),
        ({"loss": 1.2}, [3]),
        ({"realised": 0.5}, [4]),
        ({"realised": 2.0}, [4]),
    ],
)
def test_every_bar_can_be_missed(arguments, missed):
    assert [i for i, bar in enumerate(bars(results(**arguments))) if not bar.passed] == missed


def test_losses_and_promises_are_relative():
    assert prediction_loss(results(loss=1.1)) == pytest.approx((0.1, 0.0), abs=1e-12)
    apart = results(loss=1.0)
    apart["pinball"] += 0.00003 * apart["seed"] * (apart["arm"] == "ours")
    # excesses of 0 to 5%: their standard error over six seeds is the standard deviation of 0 to 5 by the root of six
    assert prediction_loss(apart) == pytest.approx((0.025, 0.01 * np.std(range(6), ddof=1) / 6**0.5))
    assert promise(results(realised=0.8)) == pytest.approx(1.25)


def test_without_a_next_period_the_bar_says_so():
    bar = bars(results().assign(pinball=np.nan))[3]
    assert not bar.passed
    assert "no pool" in bar.found
