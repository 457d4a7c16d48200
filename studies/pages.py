"""Two small studies as folders: random halves of the base models, and the sampler's own calibration."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from bayes_frontier.display import csv_bytes
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.text import printable
from studies.calibration.page import PAGE, markdown
from studies.calibration.summary import Bar
from studies.halves import LIMIT as HALVES_LIMIT
from studies.halves import halves_error
from studies.sbc import LIMIT as SBC_LIMIT
from studies.sbc import is_uniform, uniformity


def halves_bar(table: pd.DataFrame, tau: float) -> Bar:
    """Hold coverage of the other half against tau."""
    error, spread = halves_error(table, tau)
    text = f"{tau + error:.4f} (s.e. {spread:.4f}); {tau:g} within {HALVES_LIMIT}"
    return Bar("coverage of new base models, mean over tasks and splits", text, abs(error) <= HALVES_LIMIT)


def write_halves(
    table: pd.DataFrame, tau: float, folder: Path, command: str, about: Mapping[str, object]
) -> tuple[Path, Bar]:
    """Write the page on random halves."""
    make_folder(folder, "study")
    bar = halves_bar(table, tau)
    rows = [
        [
            printable(str(task)),
            f"{part['coverage'].mean():.4f}",
            f"{part['coverage'].std(ddof=1):.4f}",
            f"{part['coverage'].min():.4f} to {part['coverage'].max():.4f}",
            f"{part['n'].mean():.0f}",
        ]
        for task, part in table.groupby("task", sort=False)
    ]
    text = "\n".join(
        [
            "# Half of the base models predicts the other half\n",
            f"Written by\n\n    {printable(command)}\n",
            "\n".join(f"* {name}: {printable(str(value))}." for name, value in about.items()) + "\n",
            f"Base models are split at random, {table['split'].nunique()} times; one half is fitted, and the scores of "
            "the other are held against the posterior mean population boundary of their task, period and compute.\n",
            f"**{bar.name}: {bar.found}: {'holds' if bar.passed else 'missed'}.**\n",
            markdown(["task", "coverage, mean of splits", "SD over splits", "range", "scores a split"], rows),
            "A few base models carry most scores, so one split is far off tau whichever half they fall in: what can be "
            "judged is the mean over splits.\n",
        ]
    )
    replace_file(folder / "splits.csv", csv_bytes(table, float_format="%.5f"), "study")
    replace_file(folder / PAGE, text.encode(), "study")
    return folder / PAGE, bar


def write_sbc(ranks: pd.DataFrame, folder: Path, command: str, about: Mapping[str, object]) -> tuple[Path, Bar]:
    """Write the page on the sampler's calibration."""
    make_folder(folder, "study")
    table = uniformity(ranks)
    least = table["p_value"].min()
    name = "ranks of true parameters among posterior draws are uniform"
    text = f"least p-value {least:.4f} of {len(table)} quantities; at least {SBC_LIMIT}, times their number"
    bar = Bar(name, text, is_uniform(table["p_value"].to_list()))
    rows = [
        [str(quantity), *(f"{row[column]:.3f}" for column in ("mean", "spread", "deviation", "p_value"))]
        for quantity, row in table.to_dict("index").items()
    ]
    page = "\n".join(
        [
            "# Is the sampler right?\n",
            f"Written by\n\n    {printable(command)}\n",
            "\n".join(f"* {name}: {value}." for name, value in about.items()) + "\n",
            "Parameters are drawn from the prior, scores from the model's own likelihood, and the posterior sampled. "
            "Then the share of posterior draws below the true value is uniform on (0, 1), exactly (arXiv 1804.06788). "
            "This tests code and sampler, not whether scores look like the likelihood.\n",
            f"**{bar.name}: {bar.found}: {'holds' if bar.passed else 'missed'}.**\n",
            "Spread is the standard deviation over that of a uniform (above 1: posterior too narrow); deviation the "
            "largest difference from the uniform's distribution function, p its Kolmogorov-Smirnov test.\n",
            markdown(["quantity", "mean", "spread", "deviation", "p"], rows),
        ]
    )
    replace_file(folder / "ranks.csv", csv_bytes(ranks, float_format="%.4f"), "study")
    replace_file(folder / PAGE, page.encode(), "study")
    return folder / PAGE, bar
