"""The seed's questions about stages, contamination and factors, on a real leaderboard, as claims with probabilities.

Writes claims-releases.csv, notes-releases.md, stages.csv and contamination.csv into reports/seed-questions/, from which
`make questions` assembles its page.

    python -m studies.claims.questions_releases oll.csv --stages stages.nc --out reports/seed-questions

The fit of both stages is that of `bayes-frontier stages oll.csv --save stages.nc`, made first where it is missing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

import bayes_frontier as bf
from bayes_frontier.analysis.contamination import BOTH_SIDES, EXPLANATIONS, NOISY, TREND
from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.text import count

AFTER = "2024-07-01"
COMPUTES = (1e22, 1e23, 1e24)
AT = 1e24
DELTA = 0.02
_STAGES = "Pretrained against post-trained"
_SHIFTED = "Contamination and re-scoring"
_FACTORS = "Capability factors"
_ASKED = {
    TREND: "with a trend in time beside it",
    BOTH_SIDES: "on base models with models on both sides of the date",
    NOISY: "with the other tasks as noisy measures of one quality",
}


def claim(section: str, words: str, asked: str, probability: float, numbers: str, command: str) -> dict[str, object]:
    """Make one row of the page's tables."""
    return {
        "section": section,
        "claim": words,
        "asked": asked,
        "probability": "" if np.isnan(probability) else round(float(probability), 4),
        "numbers": numbers,
        "command": command,
    }


def stage_claims(found: xr.Dataset) -> list[dict[str, object]]:
    """State what post-training adds."""
    command = "bayes-frontier stages oll.csv --save stages.nc"
    one = found.sel(flops=AT)
    draws = one["lift_draws"]
    spread = draws.max("task") - draws.min("task")
    rows = [
        claim(
            _STAGES,
            "lift differs by task",
            f"the largest lift of a task exceeds the smallest by more than {DELTA:g} at 1e24 FLOPs",
            float((spread > DELTA).mean()),
            f"difference {float(spread.median()):.3f} ({_range(spread)})",
            command,
        )
    ]
    lifts = one["lift"].to_series().sort_values()
    for task in lifts.index[::-1]:
        each = one.sel(task=task)
        rows.append(
            claim(
                _STAGES,
                f"post-training lifts {task}",
                f"lift of {task} at 1e24 FLOPs exceeds {DELTA:g}",
                float(each["above"]),
                f"lift {_signed(each, 'lift')}; unlocked with probability {float(each['unlocked']):.2f}",
                command,
            )
        )
    top, low = str(lifts.index[-1]), str(lifts.index[0])
    rows.append(
        claim(
            _STAGES,
            "some tasks gain, knowledge gains little",
            f"lift of {top} exceeds that of {low} at 1e24 FLOPs",
            float(one["larger"].sel(task=top, other=low)),
            f"{lifts.iloc[-1]:+.3f} against {lifts.iloc[0]:+.3f}",
            command,
        )
    )
    for task in map(str, found["task"].to_numpy()):
        parts = found.sel(task=task)
        shares = [_decreases(parts.sel(stage=stage)) for stage in map(str, found["stage"].to_numpy())]
        rows.append(
            claim(
                _STAGES,
                f"pre-training is the more predictable stage: {task}",
                "boundaries of pretrained models decrease less often from a base model to the next in compute",
                float(parts["steadier"]),
                f"decreases: pretrained {shares[0]}, post-trained {shares[1]}",
                command,
            )
        )
    return rows


def shift_claims(found: xr.Dataset) -> list[dict[str, object]]:
    """State which tasks are shifted."""
    rows = []
    for task in map(str, found["task"].to_numpy()):
        one = found.sel(task=task)
        trend = one.sel(analysis=TREND)
        command = f"bayes-frontier contamination oll.csv --task {task} --after {AFTER}"
        rows.append(
            claim(
                _SHIFTED,
                f"{task} is higher after {AFTER} than the other tasks lead to expect",
                f"taken at their word, they leave {task} more than {DELTA:g} too high",
                float(one["up"]),
                f"shift {_signed(one, 'median', 'lower', 'upper')}, P(> 0) {float(one['positive']):.3f}; with a trend "
                f"in time {float(trend['other_median']):+.3f}; verdict: {one['verdict'].item()}; unmeasured difference "
                f"that would explain it {float(one['tipping']):+.2f} (logit)",
                command,
            )
        )
        # what is higher is no shift at a date while something else explains it as well
        for name, words in EXPLANATIONS.items() if float(one["up"]) > 0.5 else ():
            other = one.sel(analysis=name)
            rows.append(
                claim(
                    _SHIFTED,
                    f"{task} is shifted at {AFTER}; not {words}",
                    f"the shift of {task} exceeds {DELTA:g} {_ASKED[name]}",
                    float(other["other_up"]),
                    f"shift {_signed(other, 'other_median', 'other_lower', 'other_upper')}, "
                    f"P(> 0) {float(other['other_positive']):.3f}",
                    f"{command} --json",
                )
            )
    return rows


def factor_claims(table: pd.DataFrame) -> list[dict[str, object]]:
    """State whether factors predict better."""
    rows = []
    for _, part in table[table["rank"] > 0].groupby("rank"):
        rank = int(part["rank"].iloc[0])
        changes = ", ".join(
            f"{1e3 * row['change']:+.3f} ({1e3 * row['lower']:+.3f} to {1e3 * row['upper']:+.3f})"
            for row in part.to_dict("records")
        )
        error = np.sqrt((((part["upper"] - part["lower"]) / (2.0 * stats.norm.ppf(0.95))) ** 2).sum()) / len(part)
        rows.append(
            claim(
                _FACTORS,
                f"{count(rank, 'factor')} across tasks predict{'s' if rank == 1 else ''} the next period better "
                "than each task by itself",
                "mean change in pinball loss x 1e3 is negative; period by period",
                float(stats.norm.cdf(-part["change"].mean() / error)),
                changes,
                "make gate-study",
            )
        )
    return rows


def pairs(evaluations: bf.Evaluations) -> pd.DataFrame:
    """Ask of every task whether it is shifted, given each other one alone."""
    rows: list[dict[str, Any]] = []
    for task in evaluations.tasks:
        for reference in (name for name in evaluations.tasks if name != task):
            found = bf.contamination(evaluations, AFTER, tasks=task, references=reference, sensitivity=False)
            one = found.sel(task=task)
            numbers = {name: float(one[name]) for name in ("median", "lower", "upper", "positive")}
            rows.append({"task": task, "reference": reference, **numbers, "verdict": one["verdict"].item()})
    return pd.DataFrame(rows)


def notes(found: xr.Dataset, crossed: pd.DataFrame) -> str:
    """Write the prose below the tables."""
    up = crossed[crossed["lower"] > 0.0].groupby("task")["reference"].count()
    above = ", ".join(f"{task} ({n} of {len(found['task']) - 1} references)" for task, n in up.items()) or "no task"
    lines = [
        f"*Contamination.* Models released after {AFTER} against those before, base models as clusters on each side. A "
        "shift is no proof: training aimed at a task looks the same. Against each other task alone (contamination.csv) "
        f"the 95% interval of the shift lies above zero for {above}.",
        "",
        "*Stages.* Each stage of each task has a curve of its own in one fit; the lift is the difference of the "
        "boundaries of models on a new base model. Most base models have one or two pretrained records, so what their "
        "stage attains is known less well.",
        "",
        "*Factors.* One factor explains most of what base models add to the curves, and foretells a task without "
        "scores; where all tasks have scores it predicts the next period no better: a negative result (reports/gate).",
        "",
    ]
    return "\n".join(lines)


def _signed(one: xr.Dataset, middle: str, low: str = "lift_lower", high: str = "lift_upper") -> str:
    return f"{float(one[middle]):+.3f} ({float(one[low]):+.3f} to {float(one[high]):+.3f})"


def _decreases(one: xr.Dataset) -> str:
    ends = (float(one[f"decreases{end}"]) for end in ("", "_lower", "_upper"))
    return "{:.0%} ({:.0%} to {:.0%})".format(*ends)


def _range(draws: xr.DataArray, prob: float = 0.9) -> str:
    low, high = np.quantile(draws.to_numpy(), [0.5 - prob / 2.0, 0.5 + prob / 2.0])
    return f"{low:.3f} to {high:.3f}"


def run(table: Path, kept: Path, out: Path, study: Path, fit: Callable[..., bf.Frontier] = bf.fit) -> pd.DataFrame:
    """Ask everything and write the files."""
    make_folder(out, "--out")
    evaluations = bf.read(table)
    if not kept.exists():
        fit(bf.by_stage(evaluations), seed=1, progress=False).save(kept)
    found = bf.stages(bf.load(kept), flops=COMPUTES, delta=DELTA)
    shifted = bf.contamination(evaluations, AFTER, delta=DELTA)
    crossed = pairs(evaluations)
    rows = [*stage_claims(found), *shift_claims(shifted)]
    rows += factor_claims(pd.read_csv(study)) if study.exists() else []
    claims = pd.DataFrame(rows)
    names = [str(name) for name, values in found.data_vars.items() if set(values.dims) == {"task", "flops"}]
    for name, frame in (
        ("claims-releases.csv", claims),
        ("stages.csv", found[names].to_dataframe().reset_index()),
        ("contamination.csv", crossed),
    ):
        replace_file(out / name, csv_bytes(frame, float_format="%.4f"), "--out")
    replace_file(out / "notes-releases.md", notes(shifted, crossed).encode(), "--out")
    return claims


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("table", type=Path, help="a leaderboard with both stages and dates")
    parser.add_argument("--stages", type=Path, default=Path("stages.nc"), help="the fit of both stages")
    parser.add_argument("--study", type=Path, default=Path("reports/gate/factors.csv"), help="of `make gate-study`")
    parser.add_argument("--out", type=Path, default=Path("reports/seed-questions"), help="folder of the files")
    given = parser.parse_args(arguments)
    claims = run(given.table, given.stages, given.out, given.study)
    print(claims[["claim", "probability"]].to_string(index=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
