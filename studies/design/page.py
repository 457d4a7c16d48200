"""The contest of designs as a folder: a page, its numbers and a picture."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file, write_picture
from bayes_frontier.text import printable
from studies.calibration.page import PAGE, markdown
from studies.calibration.summary import Bar
from studies.design.arms import BUDGETS
from studies.design.picture import plot_contest
from studies.design.retrospective import CHECKED
from studies.design.verdicts import bars, by_arm, paired_gain

_MEASURES = {
    "distance": "Our model: mean absolute distance of the posterior mean population boundary to that of all data, over "
    "tasks and log compute, in score units x 1000",
    "published_distance": "The fit of arXiv 2602.15327 on the chosen models of the period alone: the same distance to "
    "itself on all of them, x 1000",
    "pinball": "Pinball loss of the predictive boundary on the next period, x 1000 (pools that have a next one)",
    "width": "Mean width of 90% intervals of our boundary, x 1000",
    "coverage": "Share of the full-data boundary inside these intervals, in percent",
}
_INTRO = """The scores of a period are hidden; models are bought under a budget, a share of the parameters of all
models of the period, and the boundary is compared with that after buying all. What earlier periods say is known from
the start. The arm `ours` plans anew nine times on the way to half the budget, from the scores it has bought; the others
spend along an order. Means over the pools (periods after the first, equal weight) and seeds. The posterior is the fast
one of `studies/fast/quick.py`, which `make design-agreement` holds against NUTS.
"""


def write_design(
    results: pd.DataFrame, folder: Path, command: str, about: Mapping[str, object]
) -> tuple[Path, list[Bar]]:
    """Write the page on the contest."""
    make_folder(folder, "study")
    held = list(bars(results))
    write_picture(plot_contest(results), folder / "contest.png", "study")
    means = (
        results[results["arm"] != CHECKED]
        .drop(columns=["seed", "used"], errors="ignore")
        .groupby(["arm", "period", "budget"], as_index=False)
        .mean()
    )
    replace_file(folder / "contest.csv", csv_bytes(means.round(6)), "study")
    page = folder / PAGE
    replace_file(page, "\n".join(_sections(results, held, command, about)).encode(), "study")
    return page, held


def _sections(results: pd.DataFrame, held: list[Bar], command: str, about: Mapping[str, object]) -> list[str]:
    parts = [
        "# What to evaluate next: designs compared on a replayed leaderboard",
        "",
        f"    {printable(command)}",
        "",
        _INTRO,
    ]
    parts += [markdown(["", ""], [[printable(str(k)), printable(str(v))] for k, v in about.items()])]
    parts += ["## What must hold", ""]
    parts += [markdown(["", "found", ""], [[b.name, b.found, "holds" if b.passed else "MISSED"] for b in held])]
    parts += ["![Distance to the full-data boundary against budget](contest.png)", ""]
    for measure, words in _MEASURES.items():
        if results.loc[results["budget"].isin(BUDGETS), measure].notna().any():
            parts += [f"## {words}", "", _table(results, measure)]
    if (results["arm"] == CHECKED).any():
        parts += [
            "## Predicted falls of variance against simulated scores that reweight 4,000 draws",
            "",
            "In the eyes of the fit: base models do not move on their own here, as they do in plans and promises.",
            "",
            _checked(results),
        ]
    parts += ["## Paired differences, best random arm minus ours, x 1000", "", _paired(results)]
    return parts


def _table(results: pd.DataFrame, measure: str) -> str:
    factor = 100.0 if measure == "coverage" else 1000.0
    table = by_arm(results, measure) * factor
    rows = [
        [str(arm), *(f"{value:.2f}" for value in row)] for arm, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    text = markdown(["arm", *(f"{budget:.0%}" for budget in table.columns)], rows)
    if measure == "pinball":
        ends = results[results["arm"].isin(["nothing", "everything"])].dropna(subset=[measure])
        mean = ends.groupby("arm")[measure].mean() * factor
        text += "\n" + "; ".join(f"{arm} of the period known: {value:.2f}" for arm, value in mean.items()) + "\n"
    return text


def _paired(results: pd.DataFrame) -> str:
    rows = []
    for budget in BUDGETS:
        gain = paired_gain(results, budget)
        ends = f"{1000 * float(gain['lower']):.2f} to {1000 * float(gain['upper']):.2f}"
        rows.append([f"{budget:.0%}", str(gain["rival"]), f"{float(gain['gain']):.0%}", ends])
    return markdown(["budget", "best random arm", "ours lower by", "95% interval of the difference"], rows)


def _checked(results: pd.DataFrame) -> str:
    chosen = results[results["arm"] == CHECKED]
    columns = chosen[["period", "n", "predicted", "realised", "used"]].to_numpy(dtype=float)
    rows = [
        [f"{period:.0f}", f"{n:.0f}", f"{predicted:.1%}", "" if np.isnan(found) else f"{found:.1%}", f"{used:.0%}"]
        for period, n, predicted, found, used in columns
    ]
    text = markdown(["pool", "first evaluations", "predicted fall", "simulated fall", "simulations used"], rows)
    return text + "\nSimulations in which fewer than 25 draws carry the weight are left out: there draws run short.\n"
