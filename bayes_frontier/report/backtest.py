"""A backtest, or the predictions of another table, as a folder: a page in Markdown, tables as CSV, pictures."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from bayes_frontier.checks.backtest.comparison import ORACLE, OURS, Backtest, range_words
from bayes_frontier.checks.score import Scored
from bayes_frontier.display import csv_bytes, markdown_table, markdown_text
from bayes_frontier.files import make_folder, replace_file, write_picture
from bayes_frontier.plots.backtest import plot_backtest, plot_backtest_tasks
from bayes_frontier.text import count, printable, share_words

_SCORE_TITLES = {
    "all": "All models",
    "known": "Models on base models that were fitted",
    "new": "Models on base models not fitted",
}


def scoring_files(scored: Scored) -> dict[str, bytes]:
    """Write down what `bayes_frontier.score` found, without rows of the data."""
    return {
        "README.md": "\n".join(_score_page(scored)).encode(),
        "scores.csv": csv_bytes(scored.table.round(6)),
        "bridge.csv": csv_bytes(scored.bridge.round(6)),
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


def _score_page(scored: Scored) -> list[str]:
    about = scored.about
    prob = share_words(float(str(about["prob"])))
    lines = [
        f"# {markdown_text(str(about['scored']))}, predicted by a fit of {markdown_text(str(about['fitted']))}",
        "",
        "Written by `bayes-frontier score`. Nothing of the table scored was fitted.",
        "",
        *(f"{markdown_text(line)}\n" for line in score_sentences(scored)),
        f"Fingerprints: fitted {str(about['fitted_sha256'])[:12]}, scored {str(about['scored_sha256'])[:12]}; tau = "
        f"{about['tau']}. Intervals have probability {prob}; a bootstrap resamples base models, those that measure the "
        "bridge too.",
        "",
        "## Shift of the models that both tables have",
        "",
        markdown_table(
            ["task", "shared scores", "shift", "interval", "taken off"],
            (
                [row.task, row.shared, f"{row.shift:+.4f}", f"{row.lower:+.4f} to {row.upper:+.4f}", row.kind]
                for row in scored.bridge.itertuples()
            ),
            "lrrll",
        ),
    ]
    for group, title in _SCORE_TITLES.items():
        part = scored.table[scored.table["group"] == group]
        if not part["n"].sum():
            continue
        part = part.assign(pinball=1e3 * part["pinball"], constant=1e3 * part["constant"])
        lines += [
            f"## {title}",
            "",
            "Pinball loss x 1e3, beside that of a constant (the last fitted period's quantile), and the signed error "
            "of coverage: positive where the boundary was too high.",
            "",
            markdown_table(
                ["task", "scores", "n", "base models", "pinball", "constant", "coverage error", "interval"],
                (
                    (
                        *(row.task, row.scores, f"{row.n:,}", row.base_models, f"{row.pinball:.2f}"),
                        *(f"{row.constant:.2f}", f"{row.error:+.4f}"),
                        f"{row.error_lower:+.4f} to {row.error_upper:+.4f}",
                    )
                    for row in part.sort_values("task", key=lambda names: names == "all", kind="stable").itertuples()
                ),
                "llrrrrrl",
            ),
        ]
    return lines


PAGE, SUMMARY, CELLS = "README.md", "summary.csv", "cells.csv"
_TITLES = {"all": "All models", "known": "Models on a base model that was fitted", "new": "Models on a new base model"}
_FITTED_TO = {"last": "last period", "past": "all periods before", "next": "the period itself"}


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
        replace_file(folder / name, csv_bytes(table, float_format="%.6g"), "backtest")
    replace_file(folder / PAGE, page(result, command).encode(), "backtest")
    return folder / PAGE


def page(result: Backtest, command: str) -> str:
    """Write the page."""
    about: Mapping[str, Any] = result.about
    parts = [
        "# Backtest: each period predicted from those before it\n",
        f"Written by\n\n    {printable(command)}\n",
        "\n".join(_provenance(result)) + "\n",
        markdown_table(*_splits(about["splits"])),
        "## Result\n",
        "\n".join(f"* {markdown_text(line)}" for line in result.sentences) + "\n",
    ]
    for group in result.groups:
        parts += [
            f"## {_TITLES[group]}\n",
            markdown_table(*_boundaries(result, group)),
            f"![{_TITLES[group]}]({group}.png)\n",
        ]
    parts += [
        "## Task by task\n",
        markdown_table(*_cells(result)),
        "![Loss by split](tasks.png)\n",
        "## How to read this\n",
    ]
    parts.append(_reading(result))
    return "\n".join(parts)


def _provenance(result: Backtest) -> list[str]:
    about: Mapping[str, Any] = result.about
    seconds = [sum(v for v in split["seconds"].values() if v) for split in about["splits"]]
    settings = ", ".join(f"{name} {value}" for name, value in about["settings"].items()) or "those of the program"
    lines = [
        f"* Table {markdown_text(about['source'])}, fingerprint of the scores {about['fingerprint'][:16]}; "
        f"tau {about['tau']:g}; axis {about['axis']}.",
        f"* Ours is fitted to {about['window']}; settings: {markdown_text(settings)}; "
        f"bayes_frontier {about['version']}.",
        f"* Fits, predictions and baselines took {sum(seconds):.0f} s in all; finished ones are kept in `cache/`.",
    ]
    lines += [f"* Left out, {markdown_text(reason)}: {count(n, 'row')}." for reason, n in about["left_out"].items()]
    return [*lines, *(f"* {markdown_text(note)}." for note in about["notes"])]


def _splits(splits: Sequence[Mapping[str, Any]]) -> tuple[list[str], Iterable[list[str]]]:
    names = ["period predicted", "models fitted", "base models", "models predicted", "on a new base", "converged"]
    rows = (
        [
            one["split"],
            *(f"{one[key]:,}" for key in ("fitted", "fitted_base_models", "predicted", "new")),
            "yes" if one["converged"] else Markup("**no**"),
            f"{one['seconds'][OURS]:.0f} s",
            f"{sum(v for name, v in one['seconds'].items() if name != OURS):.0f} s",
        ]
        for one in splits
    )
    return [*names, "ours took", "baselines"], rows


def _boundaries(result: Backtest, group: str) -> tuple[list[str], Iterable[list[str]]]:
    table = result.summary(group)
    about: Mapping[str, Any] = result.about["baselines"]  # type: ignore[assignment]  # a mapping of words and windows
    names = ["boundary", "what it is", "fitted to", "pinball x 1000", "ours minus it", "90% interval", "cells won"]
    rows = (
        [
            Markup(f"**{name}**") if name == OURS else str(name),
            "posterior predictive boundary" if name == OURS else about[str(name)]["words"],
            str(result.about["window"]) if name == OURS else _FITTED_TO[about[str(name)]["window"]],
            f"{1e3 * row['pinball']:.2f}",
            "" if name == OURS else f"{1e3 * row['difference']:+.2f}",
            "" if name == OURS else range_words(row, 1e3, 2),
            "" if name == OURS else f"{row['won']:.0f} of {row['cells']:.0f}",
            f"{row['signed_error']:+.4f}",
            f"{row['abs_error']:.4f}",
            f"{row['task_error']:.4f}",
        ]
        for name, row in table.iterrows()
    )
    return [*names, "coverage error", "absolute", "by task"], rows


def _cells(result: Backtest) -> tuple[list[str], list[list[str]]]:
    scores = result.scores.sel(group="all")
    rivals = [name for name in result.boundaries if name not in (OURS, ORACLE)]
    rows = []
    for task in result.tasks:
        for split in result.splits:
            one = scores.sel(task=task, split=split)
            loss = one["pinball"].to_series()
            if not one["n"].sel(boundary=OURS).item():
                continue
            best = str(loss[rivals].idxmin()) if rivals else ""
            rows.append(
                [
                    task,
                    split,
                    f"{one['n'].sel(boundary=OURS).item():,}",
                    f"{1e3 * loss[OURS]:.2f}",
                    f"{1e3 * loss[best]:.2f} ({best})" if rivals else "",
                    f"{1e3 * loss[ORACLE]:.2f}" if ORACLE in loss else "",
                    f"{one['coverage'].sel(boundary=OURS).item() - result.tau:+.4f}",
                ]
            )
    return ["task", "period predicted", "scores", "ours", "best baseline", "oracle", "coverage error of ours"], rows


def _reading(result: Backtest) -> str:
    return f"""\
* Pinball loss is exact (not smoothed), in units of score; a cell is a task in a period; means weigh cells alike.
* Coverage error is the share of scores at or below the boundary minus {result.tau:g}: negative where the boundary was
  too low. "absolute" is the mean over cells of its size, "by task" the mean over tasks of its size, periods pooled.
* Intervals resample base models, each with all its models in all periods and tasks. A few base models carry most
  models, so they are somewhat too narrow.
* A base model is known if a model on it was among those ours was fitted to, after names were made canonical and models
  older than their stated base set apart. Ours takes a base model at one compute, the median of its rows; baselines take
  every row's own, as the table has it.
* The oracle is fitted to the scores it is scored on: no sigmoid of the axis alone can be lower, but one that knows base
  models can.
* `{SUMMARY}` and `{CELLS}` have all numbers.
"""
