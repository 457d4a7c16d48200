"""What the study of gate and watch found, as a page."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from bayes_frontier.analysis.watch import established

ALPHA = 0.05
TABLES = ("gate", "power", "watch", "placebo", "factors")


def page(tables: dict[str, pd.DataFrame]) -> str:
    """Write the report."""
    gate, power, watch, placebo, factors = (tables[name] for name in TABLES)
    tasks = [name for name in gate.columns if name not in _GATE_COLUMNS]
    lines = [
        "# The gate and the watch, out of time",
        "",
        "Made by `make gate-study`. Each period of the leaderboard is compared with a fit of the periods before it.",
        "",
        "## Gate",
        "",
        f"Share of models flagged, nominal {ALPHA:.0%} (Holm over the tasks and their mean; standard error with base "
        "models as clusters in brackets):",
        "",
        "| period | base model | base models | models | flagged | below | above |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {row['period']} | {row['base_model']} | {row['base_models']} | {row['models']:,} | "
            f"{row['flagged']:.1%} ({row['error']:.1%}) | {row['below']:.1%} | {row['above']:.1%} |"
            for row in gate.to_dict("records")
        ),
        *(
            f"| **all** | {group} | | {part['models'].sum():,} | **{_weighted(part, 'flagged'):.1%}** | "
            f"{_weighted(part, 'below'):.1%} | {_weighted(part, 'above'):.1%} |"
            for group, part in gate.groupby("base_model", sort=True)
        ),
        "",
        f"Share of models with an unadjusted p-value of {ALPHA:g} or less, one task by itself (nominal {ALPHA:.0%}):",
        "",
        f"| period | base model | {' | '.join(tasks)} |",
        f"|---|---|{'---|' * len(tasks)}",
        *(
            f"| {row['period']} | {row['base_model']} | {' | '.join(f'{row[name]:.1%}' for name in tasks)} |"
            for row in gate.to_dict("records")
        ),
        "",
        "What is caught: share of models on known base models that are flagged once all their scores are moved, or "
        "once a base model with ten times the compute is stated for them (any flag):",
        "",
        f"| fault | {' | '.join(power['period'].unique())} |",
        f"|---|{'---|' * power['period'].nunique()}",
        *(
            f"| {fault} | {' | '.join(f'{value:.0%}' for value in part['flagged'])} |"
            for fault, part in power.groupby("fault", sort=False)
        ),
        "",
        "## Watch",
        "",
        "Change of each boundary since the fit as the watch sees it (median and 95% interval), beside the change "
        "between the same two periods in a fit of everything:",
        "",
        "| period | task | watch | fit of everything | forecast | verdict |",
        "|---|---|---|---|---|---|",
        *(
            f"| {row['period']} | {row['task']} | {row['median']:+.3f} ({row['lower']:+.3f} to {row['upper']:+.3f}) | "
            f"{row['refit']:+.3f} | {row['forecast']:+.3f} | {row['verdict']} |"
            for row in watch.to_dict("records")
        ),
        "",
        _agreement(watch),
        "",
        "Placebos: half of a period is held back from the fit and watched, several times (fits by the fast posterior; "
        "its agreement with the sampler is in [recovery](../seed-questions/recovery/README.md)). Nothing moved between "
        "the halves, so every established drift is a false alarm:",
        "",
        _placebos(placebo),
        "",
        "| period | divisions | largest change | verdicts |",
        "|---|---|---|---|",
        *(
            f"| {period} | {part['held_back'].nunique()} | "
            f"{part['median'].iloc[int(part['median'].abs().argmax())]:+.3f} | "
            f"{', '.join(f'{n} {word}' for word, n in part['verdict'].value_counts().items())} |"
            for period, part in placebo.groupby("period", sort=False)
        ),
        "",
        "## Factors",
        "",
        "Boundaries of known base models, predicted from the same fits with factors behind their effects on all tasks: "
        "mean pinball loss x 1e3, and its change against each task by itself (90% interval, base models resampled):",
        "",
        "| period | factors | loss | change |",
        "|---|---|---|---|",
        *(
            f"| {row['period']} | {row['rank']:.0f} | {1e3 * row['loss']:.3f} | {1e3 * row['change']:+.3f} "
            f"({1e3 * row['lower']:+.3f} to {1e3 * row['upper']:+.3f}) |"
            for row in factors.to_dict("records")
        ),
        "",
    ]
    return "\n".join(lines)


_GATE_COLUMNS = ("period", "base_model", "base_models", "models", "flagged", "error", "below", "above")


def _weighted(part: pd.DataFrame, name: str) -> float:
    return float(np.average(part[name], weights=part["models"]))


def _agreement(watch: pd.DataFrame) -> str:
    delta, moved = 0.02, established(watch["verdict"])
    right = moved & (np.sign(watch["median"]) == np.sign(watch["refit"])) & (watch["refit"].abs() > delta)
    unmoved = (watch["verdict"] == "unmoved").to_numpy()
    still = unmoved & (watch["refit"].abs() <= delta)
    inside = ((watch["lower"] <= watch["refit"]) & (watch["refit"] <= watch["upper"])).mean()
    return (
        f"Of {int(moved.sum())} established drifts {int(right.sum())} are drifts of more than {delta:g} in the fit of "
        f"everything too; of {int(unmoved.sum())} tasks called unmoved {int(still.sum())} are so there. The interval "
        f"holds the other fit's mean change in {inside:.0%} of the cases."
    )


def _placebos(placebo: pd.DataFrame) -> str:
    moved = established(placebo["verdict"])
    n, k = len(moved), int(moved.sum())
    any_of = placebo.assign(moved=moved).groupby(["period", "held_back"])["moved"].any()
    upper = float(stats.binomtest(k, n).proportion_ci(0.9, method="exact").high)
    return (
        f"{k} of {n} verdicts by task are false alarms ({k / n:.1%}, at most {upper:.1%} by a 90% Clopper-Pearson "
        f"interval), in {int(any_of.sum())} of {len(any_of)} tables."
    )
