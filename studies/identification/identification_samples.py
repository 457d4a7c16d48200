"""The parts of the identification report on Proteus-2k, on the samples checked by hand, and on what they measure."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
from scipy.stats import binomtest

from bayes_frontier.evaluations.registry.identify import MEASURED, confidence, identify
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


BANDS = (0.8, 0.9, 0.97, 1.0)
# The draws in order, and what was frozen before each and mended after it.
DRAWS = {
    1: "after the first freeze",
    2: "after mends of what the first found",
    3: "after mends of what the second found",
    4: "after mends of what the third found",
}


def fresh_section(folder: Path, found: pd.DataFrame) -> list[str]:
    """Say how often names drawn after the rules were frozen were right, in all and by band of confidence."""
    lines = [
        "## Names drawn after the rules were frozen",
        "",
        "Four draws from all identified names of all tables, each after the rules and their confidence were frozen,",
        "without names seen before (`fresh_1.csv` to `fresh_4.csv`; `draw.py`). Verdicts were given without sight of",
        "the confidence, from name, stated base, class, size and date and what is known of the model. *Either*: one of",
        "several base models of one size and compute (Llama 3 or 3.1 8B in unnamed merges) that nothing tells apart;",
        "counted as right. *Unsure* is counted as wrong. Intervals are exact binomial ones of 95%.",
        "",
        "| draw | names | right | either | wrong | unsure | precision | interval |",
        "|---|---|---|---|---|---|---|---|",
    ]
    bands = []
    for k, when in DRAWS.items():
        drawn = pd.read_csv(folder / f"fresh_{k}.csv", keep_default_na=False)
        random = drawn[drawn["sample"] == "random"]
        n = [int((random["verdict"] == verdict).sum()) for verdict in ("right", "either", "wrong", "unsure")]
        counts = " | ".join(map(str, n))
        share = f"{(n[0] + n[1]) / len(random):.1%} | {_interval(n[0] + n[1], len(random))}"
        lines.append(f"| {k}, {when} | {len(random)} | {counts} | {share} |")
        band = pd.cut(drawn["confidence"].astype(float), [*BANDS[:-1], 1.001], right=False)
        good = drawn["verdict"].isin(["right", "either"])
        for name, here in good.groupby(band, observed=True):
            said, right = drawn.loc[here.index, "confidence"].astype(float).mean(), int(here.sum())
            share = f"{right / len(here):.1%} | {_interval(right, len(here))}"
            bands.append(
                f"| {k} | {name.left:g} to {min(name.right, 1):g} | {said:.3f} | {right} of {len(here)} | {share} |"
            )
    sure = found.loc[found["base_model"] != "", "confidence"].astype(float)
    used = [int(sure.between(low, high, inclusive="left").sum()) for low, high in pairwise((0, *BANDS[1:-1], 1.001))]
    return [
        *lines,
        "",
        "The second draw missed 99%: names such as Qwen1.5-7B-Chat_mistral, and Vicuna and Alpaca of unknown version,",
        "were mended, and the third drawn. What it found (a size in the name that a whole-number count overruled) was",
        "mended, and the fourth drawn.",
        "",
        "**The fourth draw misses 99%, and nothing was mended after it.** It was judged more strictly than the others:",
        "scores of siblings and of the base models were looked at where a name did not decide, and Qwen2 or Qwen2.5 of",
        "one size, whose tokens differ, are *unsure* unless the scores tell; the others called 15, 22 and 8 such names",
        "*either*, all but one of them drawn for their band. What it found:",
        "",
        "- *llama-7b* without a generation, after Llama 2 appeared, is taken for LLaMA; three of three are Llama 2 by",
        "  their scores (one like them was called right in the second draw, one in the third).",
        "- Llama-3-8B in names of 2025 means Llama 3.1 in two (R1 distillations); same size and compute.",
        "- Two lines of the registry: Marco-o1 is a Qwen2 7B, and CodeQwen1.5 no Qwen1.5 (its bare name is refused).",
        "- Another maker's or another model's word is not seen: Bielik-SOLAR-LIKE (a stack of Bielik), mixtral-soup.",
        "- Unnamed merges of Qwen2's class with scores at chance, and small ones by date alone. Three names of one",
        "  project that date and size make Qwen2.5 0.5B have exactly the scores of Qwen2 0.5B.",
        "- A name's size of 2.94B stands for phi-2, because v1 counts 2.",
        "",
        "By band of confidence, with further names drawn within bands of few:",
        "",
        "| draw | band | mean confidence | right or either | share | interval |",
        "|---|---|---|---|---|---|",
        *bands,
        "",
        f"Of {len(sure):,} identified names {used[2]:,} have a confidence of 0.97 or more, {used[1]:,} one of",
        f"0.9 to 0.97, and {used[0] or 'none'} less: the band of 0.8 to 0.9 is {'used' if used[0] else 'not used'}.",
        "In the fourth draw the lower band has the 87 names never seen before: all there are, fewer than 100 (with the",
        "third, which no confidence was counted on either, 189 of 197). Their share lies in the band; that of the",
        "upper band within its noise, but below the mean confidence of 0.993, which is too high.",
        "",
    ]


def _interval(right: int, n: int) -> str:
    low, high = binomtest(right, n).proportion_ci()
    return f"{low:.1%} to {high:.1%}"


def measured_section() -> list[str]:
    """List the kinds of evidence, how often each was right, and the confidence that follows."""
    lines = [
        "## Confidence by kind of evidence",
        "",
        "Counted on all labels but the third and fourth draw (`labels.csv`, `calibration.csv`); confidence is",
        "(right + 1) / (checked + 2). A base model that `[placed]` states has confidence 1.",
        "",
        "| kind of evidence | right | checked | confidence |",
        "|---|---|---|---|",
    ]
    rows = [f"| {kind} | {n[0]} | {n[1]} | {confidence(kind):.3f} |" for kind, n in MEASURED.items()]
    return [*lines, *rows, ""]


def recall_section(folder: Path, found: pd.DataFrame, registry: Registry) -> list[str]:
    """Compare what was identified of the development sample before the rules were made anew with now."""
    labels = pd.read_csv(folder / "labels.csv", keep_default_na=False)
    labels = labels[labels["sample"] == "development"].merge(found, on=["table", "model"], how="left")
    truths = labels["truth"].str.split("/")
    known = [any(registry.canonical(one) for one in truth) for truth in truths]
    lines = [
        "## Recall on the development sample",
        "",
        "Names of which the true base model is in the registry (stacks, mixtures of experts of one's own and sizes no",
        "base model has are unknown by right), and how many get it: by the rules before, and now.",
        "",
        "| table | names | before | now |",
        "|---|---|---|---|",
    ]
    labels = labels.assign(
        was=[b in t for b, t in zip(labels["before"], truths, strict=True)],
        is_now=[b in t for b, t in zip(labels["base_model"], truths, strict=True)],
    )[known]
    for table, group in labels.groupby("table", sort=False):
        lines.append(f"| {table} | {len(group)} | {int(group['was'].sum())} | {int(group['is_now'].sum())} |")
    lost = labels[labels["was"] & ~labels["is_now"]]
    names = ", ".join(f"{row.model} ({row.truth})" for row in lost.itertuples())
    why = "CodeQwen1.5 saw 3T tokens more than Qwen1.5, and Qwen2-VL more than Qwen2; two models in a row are none."
    return [*lines, "", f"Lost: {names}. {why}", ""]


def changes_section(folder: Path) -> list[str]:
    """Say how many names of the two leaderboards change their base model against the rules before."""
    changes = pd.read_csv(folder / "changes.csv", keep_default_na=False)
    lines = [
        "## What changed on the leaderboards",
        "",
        "Names whose base model differs between the rules before and now, counted once when they were made anew",
        "(`changes.csv`). No longer identified are mostly stacks, home-made mixtures and (v1) unnamed Llamas of",
        "13e9 parameters, LLaMA or Llama 2; the gain on v1 are names with a whole or missing parameter count.",
        "",
        "| table | no longer identified | newly identified | another base model |",
        "|---|---|---|---|",
    ]
    for table, group in changes.groupby("table"):
        lost, gained = group["now"] == "", group["before"] == ""
        n = [int(group.loc[mask, "rows"].sum()) for mask in (lost, gained, ~lost & ~gained)]
        lines.append(f"| {table} | {' | '.join(map(str, n))} |")
    other = changes[(changes["now"] != "") & (changes["before"] != "")]
    pairs = ", ".join(f"{row.before} is {row.now} ({row.rows})" for row in other.itertuples())
    return [*lines, "", f"Another base model: {pairs}.", ""]


def samples_section(path: Path) -> list[str]:
    """Summarise the samples checked by hand."""
    if not path.is_file():
        return ["## Samples checked by hand", "", "None in this folder."]
    checked = pd.read_csv(path)
    lines = [
        "## Earlier samples checked by hand",
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
        "Five found right are stacks or pruned, and unknown today.",
        "The first sample of Proteus-2k was placed with the publisher's assignment counting as much as a base field;",
        "its two wrong rows are why it now counts less than a name. The second was drawn after that, from the rest.",
    ]
