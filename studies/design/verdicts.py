"""What the contest shows: arms compared, paired over seeds, and held against what was promised."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from studies.calibration.summary import Bar
from studies.design.arms import BUDGETS, RANDOM

OURS = "ours"
# Bars: gain over the best random arm, its interval, loss of prediction at the smallest budget, promised variance.
GAIN, LOSS, PROMISE = 0.15, 0.05, 0.25
_SMALL = BUDGETS[:3]


def by_arm(results: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Mean of a measure over seeds and periods, one row an arm and one column a budget."""
    raced = results[results["budget"].isin(BUDGETS)].dropna(subset=[measure])
    means = raced.groupby(["arm", "budget", "period"], as_index=False)[measure].mean()
    table: pd.DataFrame = means.pivot_table(index="arm", columns="budget", values=measure, aggfunc="mean")
    return table.iloc[table[BUDGETS[0]].argsort().to_numpy()]


def paired_gain(results: pd.DataFrame, budget: float, prob: float = 0.95) -> dict[str, float | str]:
    """Compare our distance with that of the best random arm, seed by seed."""
    chosen = results[(results["budget"] == budget) & results["arm"].isin([OURS, *RANDOM])]
    by_seed = chosen.pivot_table(index="seed", columns="arm", values="distance", aggfunc="mean")
    rival = str(by_seed[list(RANDOM)].mean().idxmin())
    difference = (by_seed[rival] - by_seed[OURS]).dropna().to_numpy()
    half = stats.t.ppf(0.5 + 0.5 * prob, len(difference) - 1) * difference.std(ddof=1) / np.sqrt(len(difference))
    ours, theirs = float(by_seed[OURS].mean()), float(by_seed[rival].mean())
    return {
        "rival": rival,
        "ours": ours,
        "theirs": theirs,
        "gain": 1.0 - ours / theirs,
        "lower": float(difference.mean() - half),
        "upper": float(difference.mean() + half),
    }


def promise(results: pd.DataFrame) -> float:
    """Predicted over realised reduction of variance, summed over batches, periods and seeds."""
    ours = results[results["arm"] == OURS]
    return float(ours["predicted"].sum() / ours["realised"].sum())


def prediction_loss(results: pd.DataFrame, budget: float = BUDGETS[0]) -> tuple[float, float]:
    """Pinball loss on the next period at a budget, relative to that of knowing everything."""
    scored = results.dropna(subset=["pinball"])
    ours = scored[(scored["arm"] == OURS) & (scored["budget"] == budget)]
    full = scored[scored["arm"] == "everything"].groupby("period")["pinball"].mean()
    excess = ours.groupby("seed")["pinball"].mean() / full.loc[ours["period"].unique()].mean() - 1.0
    return float(excess.mean()), float(excess.std() / np.sqrt(len(excess)))


def bars(results: pd.DataFrame) -> Sequence[Bar]:
    """Hold the contest against what was promised."""
    distance = by_arm(results, "distance")
    # Plans for other objectives are ours too, not rivals.
    rivals = distance[[arm == OURS or not arm.startswith(f"{OURS},") for arm in distance.index]]
    lowest = {budget: str(rivals[budget].idxmin()) for budget in _SMALL}
    gains = {budget: paired_gain(results, budget) for budget in _SMALL}
    words = ", ".join(f"{g['gain']:.0%} at {b:.0%} (against {g['rival']})" for b, g in gains.items())
    clear = [b for b, g in gains.items() if float(g["lower"]) > 0.0]
    (loss, error), ratio = prediction_loss(results), promise(results)
    words_of_loss = f"{loss:+.2%}" + ("" if np.isnan(error) else f", standard error over seeds {error:.2%}")
    return [
        Bar(
            "mean distance to the full-data boundary below that of every other design at 5, 10 and 20 % of the budget",
            ", ".join(f"{b:.0%}: {arm}" for b, arm in lowest.items()),
            all(arm == OURS for arm in lowest.values()),
        ),
        Bar(
            f"distance at least {GAIN:.0%} below that of the best random arm",
            words,
            all(float(g["gain"]) >= GAIN for g in gains.values()),
        ),
        Bar(
            "95% interval of the paired difference excludes zero at two of these budgets",
            f"at {', '.join(f'{b:.0%}' for b in clear) or 'none'}",
            len(clear) >= 2,
        ),
        Bar(
            f"pinball on the next period at 5 % of the budget within {LOSS:.0%} of that of all data",
            "no pool has a next period" if np.isnan(loss) else words_of_loss,
            loss <= LOSS,
        ),
        Bar(
            f"predicted variance reduction within {PROMISE:.0%} of the realised one",
            f"predicted / realised = {ratio:.2f}",
            abs(ratio - 1.0) <= PROMISE,
        ),
    ]
