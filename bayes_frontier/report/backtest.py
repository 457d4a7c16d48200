"""A backtest, or the predictions of another table, as a folder: a page in Markdown, tables as CSV, pictures."""

import html
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from bayes_frontier.checks.backtest.comparison import ORACLE, OURS, Backtest, range_words
from bayes_frontier.checks.score import Scored
from bayes_frontier.files import make_folder, replace_file, write_picture
from bayes_frontier.plots.backtest import plot_backtest, plot_backtest_tasks
from bayes_frontier.text import count, printable, share_words


def scoring_files(scored: Scored) -> dict[str, bytes]:
    """Write down what `bayes_frontier.score` found, without rows of the data."""
    return {
        PAGE: _score_page(scored).encode(),
        "scores.csv": scored.table.round(6).to_csv(index=False).encode(),
        "bridge.csv": scored.bridge.round(6).to_csv(index=False).encode(),
    }


def score_sentences(scored: Scored) -> list[str]:
    """Say in sentences what was scored, and what the tables' markings differ by."""
    about, records = scored.about, scored.records
    used = scored.bridge[scored.bridge["kind"] != "none"]
    lines = [
        f"{len(records):,} models of {about['scored']} on {records['base_model'].nunique():,} base models, "
        f"{int(records['known'].sum()):,} of them on base models that the fit of {about['fitted']} has; "
        f"{scored.left_out:,} records left out because the fit has the model too."
    ]
    clear = used[(used["lower"] > 0.0) | (used["upper"] < 0.0)]
    if len(clear):
        words = ", ".join(f"{row.task} {row.shift:+.3f}" for row in clear.itertuples())
        lines.append(
            f"The two tables do not mark alike: the models that both have score {words} there, on average. Raw numbers "
            "judge the fit and the marking together; bridged ones have this shift taken off every new score."
        )
    elif len(used):
        lines.append("The models that both tables have score alike in both, as far as their number tells.")
    if len(used) < len(scored.bridge):
        few = ", ".join(scored.bridge.loc[scored.bridge["kind"] == "none", "task"])
        lines.append(f"Not bridged, since not asked for or fewer than 10 scores are shared: {few}.")
    return [printable(line) for line in lines]


def _score_page(scored: Scored) -> str:
    parts = [(group, scored.table[scored.table["group"] == group]) for group in ("all", "known", "new")]
    return (
        _templates()
        .get_template("score.md.j2")
        .render(
            scored=scored,
            about=scored.about,
            sentences=score_sentences(scored),
            # the mean over tasks last
            groups=[
                (group, part.sort_values("task", key=lambda names: names == "all", kind="stable"))
                for group, part in parts
                if part["n"].sum()
            ],
        )
    )


PAGE, SUMMARY, CELLS = "README.md", "summary.csv", "cells.csv"


def cell_table(result: Backtest) -> pd.DataFrame:
    """Loss and coverage of every boundary in every cell."""
    table = result.scores.to_dataframe().reset_index()
    table["coverage_error"] = table["coverage"] - result.tau
    kept = table[table["n"] > 0].reset_index(drop=True)
    return kept[["boundary", "split", "task", "group", "n", "pinball", "coverage_error"]]


def write_backtest(result: Backtest, out_dir: str | Path, command: str) -> Path:
    """Write a backtest's page, tables and pictures."""
    folder = Path(out_dir)
    make_folder(folder, "backtest")
    pictures: dict[str, Figure] = {
        f"{group}.png": plot_backtest(result, group=group)[0].figure for group in result.groups
    }
    pictures["tasks.png"] = plot_backtest_tasks(result)[0].figure
    for name, figure in pictures.items():
        write_picture(figure, folder / name, "backtest")
    for name, table in ((SUMMARY, result.table), (CELLS, cell_table(result))):
        replace_file(folder / name, table.to_csv(index=False, float_format="%.6g").encode(), "backtest")
    replace_file(folder / PAGE, page(result, command).encode(), "backtest")
    return folder / PAGE


def page(result: Backtest, command: str) -> str:
    """Write the page."""
    about: Mapping[str, Any] = result.about
    taken = [value for split in about["splits"] for value in split["seconds"].values() if value]
    return (
        _templates()
        .get_template("backtest.md.j2")
        .render(
            result=result,
            about=about,
            command=command,
            settings=", ".join(f"{name} {value}" for name, value in about["settings"].items())
            or "those of the program",
            seconds=sum(taken),
            cells=_cells(result),
            range_words=range_words,
            ours=OURS,
            oracle=ORACLE,
        )
    )


def _cells(result: Backtest) -> Iterator[dict[str, Any]]:
    """Losses of every cell that has scores, and the best baseline there."""
    scores = result.scores.sel(group="all")
    rivals = [name for name in result.boundaries if name not in (OURS, ORACLE)]
    for task, split in product(result.tasks, result.splits):
        one = scores.sel(task=task, split=split)
        loss, n = one["pinball"].to_series(), one["n"].sel(boundary=OURS).item()
        if n:
            best = str(loss[rivals].idxmin()) if rivals else ""
            error = one["coverage"].sel(boundary=OURS).item() - result.tau
            yield {"task": task, "split": split, "n": n, "loss": loss, "best": best, "error": error}


def _safe(text: str) -> str:
    return html.escape(printable(text), quote=False).replace("|", "\\|").replace("`", "'")


@cache
def _templates() -> Environment:
    # Markdown: names from data are made safe one by one
    environment = Environment(
        loader=PackageLoader("bayes_frontier.report", "templates"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"safe_text": _safe, "form": format, "counted": count, "percent": share_words}
    environment.filters["printable"] = lambda value: printable(str(value))
    return environment
