"""The parts of the identification report on Proteus-2k and on the samples checked by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.registry.registry import Registry


def proteus_section(proteus: pd.DataFrame, registry: Registry) -> list[str]:
    """Say how many rows of Proteus-2k are placed, and where its own assignment is not followed."""
    columns = {"model_id": "model", "mapped_base_model": "mapped", "num_params_B": "params_b"}
    placed = identify(proteus.rename(columns=columns)[list(columns.values())], registry)
    mapped = proteus["mapped_base_model"].notna()
    theirs = proteus["mapped_base_model"].map(registry.canonical)
    known = placed["base_model"].notna()
    other = (known & theirs.notna() & (placed["base_model"] != theirs)).fillna(False).astype(bool)
    pairs = pd.DataFrame({"theirs": theirs[other], "ours": placed.loc[other, "base_model"]}).value_counts()
    return [
        "## Proteus-2k",
        "",
        f"Of {len(proteus):,} rows {int(mapped.sum()):,} have a base assigned by the publisher; the registry knows "
        f"it for {(theirs.notna() & mapped).sum() / mapped.sum():.1%} of these. {known.mean():.1%} of all rows are "
        "placed.",
        "",
        "The assignment is not the makers' own statement, and confuses generations of like names (Gemma 2B and",
        "Gemma 2 2B, Qwen3 32B and 30B-A3B). A model's own name, where it states generation and size, overrules it:",
        f"{int(other.sum())} rows differ.",
        "",
        "| assigned | here | rows |",
        "|---|---|---|",
        *(f"| {row.theirs} | {row.ours} | {row.rows} |" for row in pairs.reset_index(name="rows").itertuples()),
        "",
    ]


def samples_section(path: Path) -> list[str]:
    """Summarise the samples checked by hand."""
    if not path.is_file():
        return ["## Samples checked by hand", "", "None in this folder."]
    checked = pd.read_csv(path)
    lines = [
        "## Samples checked by hand",
        "",
        "Placed rows drawn at random with fixed seeds (`hand_check.csv`): name, base field or assignment,",
        "architecture, size and date, and what is known of the model; no page was opened for it. Undecided are rows",
        "that these do not decide: unnamed merges of 8.03e9 parameters (Llama 3 or 3.1, same FLOPs), and names that",
        "say nothing.",
        "",
        "| table | sample | rows | right | wrong | undecided | precision of the decided |",
        "|---|---|---|---|---|---|---|",
    ]
    total = {"right": 0, "wrong": 0}
    for (table, sample), group in checked.groupby(["table", "sample"]):
        n = {verdict: int((group["verdict"] == verdict).sum()) for verdict in ("right", "wrong", "unsure")}
        total = {verdict: total[verdict] + n[verdict] for verdict in total}
        lines.append(
            f"| {table} | {sample} | {len(group)} | {n['right']} | {n['wrong']} | {n['unsure']} | "
            f"{n['right'] / (n['right'] + n['wrong']):.1%} |"
        )
    share = total["right"] / (total["right"] + total["wrong"])
    return [
        *lines,
        "",
        f"Together {share:.1%}. Rows found wrong keep the base they had when the sample was drawn, and are mended.",
        "The first sample of Proteus-2k was placed with the publisher's assignment counting as much as a base field;",
        "its two wrong rows are why it now counts less than a name. The second was drawn after that, from the rest.",
    ]
