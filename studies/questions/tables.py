"""Contamination on simulated tables: whether a task is shifted after a date is known."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from bayes_frontier.analysis.contamination import NOISY, contamination
from bayes_frontier.evaluations import Evaluations
from studies.calibration.scenarios import Scenario
from studies.questions.scores import Scores, Study

TABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "contamination-none": ("no shift, everything rises in time; 30 base models", {"shift": 0.0}),
    "contamination-shift": ("the same, one task shifted by 0.3 on the logit scale", {"shift": 0.3}),
    "contamination-proxy": (
        "no shift, but references that measure quality badly: how far unmeasured quality misleads",
        {"shift": 0.0, "reference_noise": 0.4},
    ),
}


def studies() -> tuple[Study, ...]:
    """Return the studies of this module."""
    sources = (
        "studies/questions/scores.py",
        "studies/questions/tables.py",
        "bayes_frontier/analysis/contamination.py",
        "bayes_frontier/posterior/drift.py",
    )
    return tuple(
        Study(name, about, partial(table, name, options), sources) for name, (about, options) in TABLES.items()
    )


def table(name: str, options: Mapping[str, Any], replication: int) -> Scores:
    """Ask whether a task is shifted, where it is known."""
    seed = Scenario(name, "").seed(replication)
    evaluations, shift = simulate_table(seed, **options)
    found = contamination(evaluations, "2024-07-01", tasks="task", prob=0.9, seed=seed)
    scores = Scores()
    # what unmeasured quality does is shown, not averaged with what the model is for
    which = ", badly measured quality" if "reference_noise" in options else ""
    scores.interval(f"shift in scores{which}", found["lower"], found["upper"], shift)
    noisy = found.sel(analysis=NOISY)
    # given what references have in common, truth should be held also where each measures quality badly
    scores.interval("shift in scores, references as noisy measures", noisy["other_lower"], noisy["other_upper"], shift)
    said, delta = found["verdict"].to_numpy(), found.attrs["delta"]
    firm = np.isin(said, ("shifted up", "shifted down"))
    right = np.where(said == "shifted up", shift > delta, shift < -delta)
    scores.verdict(f"shift (not fragile){which}", firm, right)
    scores.verdict(f"no shift{which}", said == "no shift", np.abs(shift) <= delta)
    return scores


def simulate_table(
    seed: int, *, shift: float, reference_noise: float = 0.1, n: int = 800, n_bases: int = 30
) -> tuple[Evaluations, float]:
    """Simulate scores on a task and two references of models whose quality grows.

    Base models appear at different times, have many or few models (Zipf), their own level on the task, and a side
    effect of their own after the date; scores scatter with heavy tails.
    """
    rng = np.random.default_rng(seed)
    weight = 1.0 / np.arange(1, n_bases + 1)
    base = rng.permutation(n_bases)[rng.choice(n_bases, n, p=weight / weight.sum())]
    start = rng.uniform(0.0, 240.0, n_bases) * (rng.random(n_bases) < 0.6)
    day = np.floor(start[base] + rng.random(n) * (360.0 - start[base]))
    # 2024-07-01 is day 182 and counts as before
    late = day > 182
    quality = rng.normal(0.0, 0.4, n_bases)[base] + 0.6 * day / 360.0 + rng.normal(0.0, 0.25, n)
    own = rng.normal(0.0, 0.3, n_bases)[base] + rng.normal(0.0, 0.1, (n_bases, 2))[base, late.astype(int)]
    level = 0.9 * quality - 0.4 + own
    after = shift * late
    frame = pd.DataFrame(
        {
            "model": [f"m{i}" for i in range(n)],
            "base_model": [f"base-{b:02d}" for b in base],
            "flops": 1e22 * 10.0 ** (base / n_bases),
            "released": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "stage": "post-trained",
            "task": expit(level + after + 0.15 * rng.standard_t(4, n)),
            "first": expit(quality + reference_noise * rng.standard_normal(n)),
            "second": expit(0.8 * quality + 0.3 + reference_noise * rng.standard_normal(n)),
        }
    )
    moved = float((expit(level + after) - expit(level))[late].mean())
    return Evaluations.from_models(frame, ["task", "first", "second"]), moved
