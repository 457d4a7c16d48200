"""A fit's predictions of another table, as a page of Markdown and two CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_frontier.report.wording import printable, share_words

if TYPE_CHECKING:
    from bayes_frontier.checks.scoring import Scored

_GROUPS = {
    "all": "All models",
    "known": "Models on base models that were fitted",
    "new": "Models on base models not fitted",
}


def scoring_files(scored: Scored) -> dict[str, bytes]:
    """Write down what `bayes_frontier.score` found, without rows of the data.

    Parameters
    ----------
    scored : Scored
        Losses and coverage.

    Returns
    -------
    dict of str to bytes
        README.md, scores.csv and bridge.csv.
    """
    return {
        "README.md": "\n".join(_page(scored)).encode(),
        "scores.csv": scored.table.round(6).to_csv(index=False).encode(),
        "bridge.csv": scored.bridge.round(6).to_csv(index=False).encode(),
    }


def said(scored: Scored) -> list[str]:
    """Say in sentences what was scored, and what the tables' markings differ by.

    Parameters
    ----------
    scored : Scored
        Losses and coverage.

    Returns
    -------
    list of str
        Sentences.
    """
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


def _page(scored: Scored) -> list[str]:
    about = scored.about
    prob = share_words(float(str(about["prob"])))
    lines = [
        f"# {printable(str(about['scored']))}, predicted by a fit of {printable(str(about['fitted']))}",
        "",
        "Written by `bayes-frontier score`. Nothing of the table scored was fitted.",
        "",
        *(f"{line}\n" for line in said(scored)),
        f"Fingerprints: fitted {str(about['fitted_sha256'])[:12]}, scored {str(about['scored_sha256'])[:12]}; tau = "
        f"{about['tau']}. Intervals have probability {prob}; a bootstrap resamples base models, those that measure the "
        "bridge too.",
        "",
        "## Shift of the models that both tables have",
        "",
        "| task | shared scores | shift | interval | taken off |",
        "|---|---:|---:|---|---|",
        *(
            f"| {row.task} | {row.shared} | {row.shift:+.4f} | {row.lower:+.4f} to {row.upper:+.4f} | {row.kind} |"
            for row in scored.bridge.itertuples()
        ),
        "",
    ]
    for group, title in _GROUPS.items():
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
            "| task | scores | n | base models | pinball | constant | coverage error | interval |",
            "|---|---|---:|---:|---:|---:|---:|---|",
            *(
                f"| {row.task} | {row.scores} | {row.n:,} | {row.base_models} | {row.pinball:.2f} | "
                f"{row.constant:.2f} | {row.error:+.4f} | {row.error_lower:+.4f} to {row.error_upper:+.4f} |"
                for row in part.sort_values("task", key=lambda names: names == "all", kind="stable").itertuples()
            ),
            "",
        ]
    return lines
