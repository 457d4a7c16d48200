"""Compare the identification of base models with published tables; write the aggregates to a folder.

Usage: python -m studies.identification.identification_report DATA [OUT]

DATA is a folder of public results (see tables.py) with oll_v2_with_compute.csv; OUT (reports/identification by default)
holds the verdicts of checks by hand (labels.csv, fresh_1.csv to fresh_5.csv, hand_check.csv; names of models only) and
changes.csv, and receives README.md and disagreements.csv. None holds rows or scores of the data.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pandas as pd

from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.registry.placement import LEAD, canonical_names, early
from bayes_frontier.evaluations.registry.registry import Registry, default_registry
from studies.identification.calibration import placed as every_name
from studies.identification.identification_samples import (
    changes_section,
    fresh_section,
    measured_section,
    proteus_section,
    recall_section,
    samples_section,
)

TASKS = {
    "ifeval": "IFEval Raw",
    "bbh": "BBH Raw",
    "math_lvl_5": "MATH Lvl 5 Raw",
    "gpqa": "GPQA Raw",
    "musr": "MUSR Raw",
    "mmlu_pro": "MMLU-PRO Raw",
}
STATED = ("reviewed", "self", "release", "base", "base-name", "name", "chain")
CLASSES = {
    "no such base": (
        "the label joins a generation and a size no base model has (an architecture's name, or the size of a "
        "stacked, pruned or mixture-of-experts upload), or that several have (deepseek-8b, mixtral-7b)",
        "none for stacks and mixtures of experts, else the base the parameters fit",
    ),
    "Qwen generation stated": (
        "the row's own name or base field says Qwen1.5, Qwen2.5, a distillation of DeepSeek-R1 or QwQ; "
        "the class name Qwen2ForCausalLM covers Qwen1.5 to Qwen2.5",
        "what the row says",
    ),
    "Qwen generation by date": (
        "nothing stated; uploaded from December 2024 on, when of those that state it nearly all are Qwen2.5 "
        "(README.md); from Qwen2.5's appearance until then such rows are left without a base",
        "Qwen2.5",
    ),
    "Llama generation stated": (
        "the row's name or base field says Llama 3.1, 3.2 or 3.3 (also L3.1 and the like)",
        "what the row says; Llama 3 and 3.1 of a size have the same FLOPs",
    ),
    "70B of another Llama": (
        "70.55e9 parameters need Llama 3's vocabulary of 128,256; Llama 2 70B has 68.98e9",
        "Llama 3, 3.1 or 3.3 by name, else by date",
    ),
    "another maker": (
        "the architecture class is shared: parameters, name or base field are those of Falcon3, Lucie, K2, "
        "Granite, OpenLLaMA, Minitron, Bielik or SOLAR",
        "the maker whose model has that size or name",
    ),
    "other generation": (
        "name or base field says otherwise (Phi-3.5, Llama 1, Code Llama, RecurrentGemma, Ministral), "
        "or the parameters are those of another generation",
        "what the row says",
    ),
    "other size": ("name and parameters say another size or variant", "the size the parameters fit"),
    "unplaced here": (
        "nothing in name and base field, and parameters no base model has",
        "left without a base, with the reason",
    ),
}


def main(data: Path, out: Path) -> None:
    """Write both files."""
    registry = default_registry()
    export = pd.read_csv(data / "open_llm_leaderboard_v2.csv")
    placed = identify(_columns(export), registry)
    table = _compare(export, placed, pd.read_csv(data / "oll_v2_with_compute.csv"), registry)
    proteus = pd.read_csv(data / "proteus_2k_part_models.csv")
    classes = _base_classes(table)
    flops = _flops_classes(table, registry)
    found = every_name(data)
    out.mkdir(parents=True, exist_ok=True)
    pd.concat([classes, flops]).to_csv(out / "disagreements.csv", index=False)
    text = [
        *_head(registry, export, placed),
        *fresh_section(out, found),
        *measured_section(),
        *recall_section(out, found, registry),
        *changes_section(out),
        *_agreement(table),
        *_by_class(table),
        *_qwen(export, placed),
        *_older(table, registry),
        *_flops(flops),
        *proteus_section(proteus, registry),
        *samples_section(out / "hand_check.csv"),
    ]
    (out / "README.md").write_text("\n".join(text) + "\n", encoding="utf-8")


def _columns(export: pd.DataFrame) -> pd.DataFrame:
    """Rename the leaderboard's columns to those `identify` reads."""
    dates = export[["Upload To Hub Date", "Submission Date"]].apply(pd.to_datetime, errors="coerce")
    return pd.DataFrame(
        {
            "model": export["fullname"],
            "base_field": export["Base Model"],
            "architecture": export["Architecture"],
            "params_b": export["#Params (B)"],
            "type": export["Type"],
            "released": dates.min(axis=1),
        }
    )


def _compare(export: pd.DataFrame, placed: pd.DataFrame, reference: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Match the reference's rows to ours by name and all six scores, and class the disagreements."""
    ours = placed.add_prefix("our_").assign(
        size=export["#Params (B)"], model=export["fullname"], **{k: export[v] for k, v in TASKS.items()}
    )
    keys = ["model", *TASKS]
    table = reference.merge(ours.drop_duplicates(keys), on=keys, how="left", validate="many_to_one")
    table["canonical"] = [registry.canonical(name) for name in table["base_model"]]
    table["our_base_model"] = table["our_base_model"].astype(object).where(table["our_base_model"].notna(), None)
    table["agree"] = table["canonical"].notna() & (table["canonical"] == table["our_base_model"])
    table["cls"] = [_class(row, registry) for row in table.itertuples()]
    return table


def _class(row: object, registry: Registry) -> str:
    theirs, ours = registry.get(row.canonical), registry.get(row.our_base_model)  # type: ignore[attr-defined]
    if row.agree:  # type: ignore[attr-defined]
        return "agree"
    if ours is None:
        return "unplaced here"
    if theirs is None:
        return "no such base"
    if ours.family != theirs.family:
        return "another maker"
    if ours.generation == theirs.generation:
        return "other size"
    if ours.family == "qwen":
        stated = row.our_rule in STATED  # type: ignore[attr-defined]
        return "Qwen generation stated" if stated else "Qwen generation by date"
    if theirs.name == "llama-2-70b":
        return "70B of another Llama"
    return "Llama generation stated" if ours.generation.startswith("llama-3") else "other generation"


def _base_classes(table: pd.DataFrame) -> pd.DataFrame:
    """Count the disagreements in base model."""
    wrong = table[~table["agree"]].fillna({"our_base_model": "none"})
    counts = wrong.groupby(["cls", "base_model", "our_base_model"]).size().rename("rows").reset_index()
    counts = counts.sort_values(["cls", "rows", "base_model"], ascending=[True, False, True])
    return counts.rename(columns={"cls": "class", "base_model": "reference", "our_base_model": "ours"}).assign(
        quantity="base model",
        evidence=lambda d: d["class"].map({k: v[0] for k, v in CLASSES.items()}),
        choice=lambda d: d["class"].map({k: v[1] for k, v in CLASSES.items()}),
    )[["quantity", "class", "reference", "ours", "rows", "evidence", "choice"]]


def _flops_classes(table: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Count the rows of the same base whose tokens or FLOPs differ by more than 1%."""
    same = table[table["agree"]]
    rows = []
    for name, group in same.groupby("our_base_model"):
        base = registry.get(name)
        if base is None:
            continue
        tokens = sorted(group["tokens_t"].unique())
        if any(abs(math.log(base.tokens_t / t)) > 0.01 for t in tokens):
            rows.append(
                (
                    "tokens",
                    "tokens differ",
                    f"{name}: {', '.join(f'{t:g}' for t in tokens)}e12",
                    f"{base.tokens_t:g}e12",
                    len(group),
                    base.source,
                    base.note or "our source",
                )
            )
        other = (group["flops"] / (6e21 * base.active_params_b * group["tokens_t"]) - 1).abs() > 0.01
        if other.any():
            moe, sizes = base.active_params_b != base.params_b, group.loc[other, "params_b"]
            rows.append(
                (
                    "FLOPs",
                    "total, not active parameters" if moe else "the upload's parameters, not the base's",
                    f"{name}: {sizes.min():g} to {sizes.max():g}e9",
                    f"{base.active_params_b:g}e9",
                    int(other.sum()),
                    "6 N D counts what a token passes through"
                    if moe
                    else "packed, stacked, pruned or re-counted uploads have the pre-training of their base",
                    "the base's active parameters",
                )
            )
    columns = ["quantity", "class", "reference", "ours", "rows", "evidence", "choice"]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values(["quantity", "rows"], ascending=[True, False])


def _head(registry: Registry, export: pd.DataFrame, placed: pd.DataFrame) -> list[str]:
    known = placed["base_model"].notna()
    rules = placed[known].groupby("rule")["confidence"].agg(["size", "min", "median"]).sort_values("size")[::-1]
    reasons = placed.loc[~known, "reason"].str.replace(r"(?<=named after ).*?(?=, which)", "...", regex=True)
    kinds = {
        "no rule for its architecture and size": reasons.str.contains("no rule"),
        "names a generation that has no such model": reasons.str.contains("no such model"),
        "only weak evidence": reasons.str.contains("weak"),
        "its name contradicts the base model it looks like": reasons.str.startswith("not "),
        "known, but not its compute": reasons.str.startswith("known,"),
    }
    return [
        "# Base models of leaderboard rows, checked against published tables",
        "",
        "Written by `python -m studies.identification.identification_report DATA`; run it again after changes.",
        "`disagreements.csv` has every class by pair of bases; the other files are described below.",
        "",
        f"The registry holds {len(registry)} base models. Of the {len(export):,} rows of the Open LLM "
        f"Leaderboard v2 export {int(known.sum()):,} ({known.mean():.1%}) get a base model with tokens, from "
        f"{placed['base_model'].nunique()} bases.",
        "",
        "| rule | rows | lowest confidence | median |",
        "|---|---|---|---|",
        *(f"| {r} | {int(c['size']):,} | {c['min']:.2f} | {c['median']:.2f} |" for r, c in rules.iterrows()),
        "",
        f"Without a base: {int((~known).sum())} rows, each with its reason ("
        + "; ".join(f"{text}: {int(mask.sum())}" for text, mask in kinds.items())
        + ").",
        "",
        "Rows of 8.03e9 parameters that name neither Llama 3 nor 3.1, most of them merges of both, are",
        'placed by size as llama-3-8b (evidence "either"): same size and published tokens, so same FLOPs.',
        "",
    ]


def _agreement(table: pd.DataFrame) -> list[str]:
    label = table["canonical"].notna()
    by_date = table["cls"].eq("Qwen generation by date")
    stated = ~table["agree"] & table["our_rule"].isin(STATED)
    steps = [
        ("all rows, labels as strings", pd.Series(True, table.index), table["base_model"] == table["our_base_model"]),
        ("all rows, labels made canonical", pd.Series(True, table.index), table["agree"]),
        ("labels that name a base model in existence", label, table["agree"]),
        ("... and are not contradicted by the row's own name or base field", label & ~stated, table["agree"]),
        ("... nor are Qwen2 for an unnamed upload of Qwen2.5's time", label & ~stated & ~by_date, table["agree"]),
    ]
    lines = [
        "## Agreement with the reference table",
        "",
        f"`oll_v2_with_compute.csv`, {len(table):,} rows, matched by name and all six scores. Where a name "
        "does not help, its labels come from architecture class and size, and carry that class's errors:",
        "",
        "| rows compared | n | agree |",
        "|---|---|---|",
    ]
    for text, mask, agree in steps:
        lines.append(f"| {text} | {int(mask.sum()):,} | {agree[mask].mean():.1%} |")
    rest = label & ~stated & ~by_date & ~table["agree"]
    return [
        *lines,
        "",
        "Each line leaves out disagreements of the one above, for the evidence of their class below: the",
        "last says how much is left without such evidence, not that the table is right elsewhere. "
        f"{int(rest.sum())} rows are left.",
        "",
    ]


def _by_class(table: pd.DataFrame) -> list[str]:
    lines = ["| class | rows | evidence | our choice |", "|---|---|---|---|"]
    counts = table["cls"].value_counts()
    for name, (evidence, choice) in CLASSES.items():
        if name in counts:
            lines.append(f"| {name} | {counts[name]} | {evidence} | {choice} |")
    return [*lines, ""]


def _qwen(export: pd.DataFrame, placed: pd.DataFrame) -> list[str]:
    lines = [
        "### Qwen2 or Qwen2.5?",
        "",
        "Median raw scores of rows of the Qwen2 class, by how their generation is known. Unnamed 7B uploads",
        "of after 2024-12-01 score as stated Qwen2.5 models do and well above Qwen2; at 1.5B and 0.5B",
        "few rows state Qwen2 and scores are too close to tell: the date alone decides.",
        "",
        "| size | generation | rows | MATH | MMLU-PRO | BBH |",
        "|---|---|---|---|---|---|",
    ]
    for size in ("7b", "1.5b", "0.5b"):
        for generation in ("qwen2", "qwen2.5"):
            here = (placed["base_model"] == f"{generation}-{size}").fillna(False).astype(bool)
            for text, rules in (("stated", STATED), ("by date", ("size",))):
                mask = here & placed["rule"].isin(rules).fillna(False).astype(bool)
                if mask.sum() < 5:
                    continue
                medians = export.loc[mask, ["MATH Lvl 5 Raw", "MMLU-PRO Raw", "BBH Raw"]].median()
                lines.append(
                    f"| {size} | {generation}, {text} | {int(mask.sum())} | "
                    + " | ".join(f"{v:.3f}" for v in medians)
                    + " |"
                )
    return [*lines, ""]


def _older(table: pd.DataFrame, registry: Registry) -> list[str]:
    """List the labels of rows dated before the labelled base was released."""
    bases, released = canonical_names(table["base_model"], registry), pd.to_datetime(table["released"])
    mask = early(bases, released, registry)
    first = pd.to_datetime(bases[mask].map({model.name: model.released for model in registry}))
    months = (first - released[mask]).dt.days / 30.4
    found = pd.DataFrame({"base": bases[mask], "months": months, "ours": table.loc[mask, "our_base_model"]})
    lines = [
        "## Labels younger than the model\n",
        f"{int(mask.sum())} rows of the reference are dated over {LEAD.days} days before the release of",
        "their labelled base, and cannot descend from it: `read` keeps their scores under a name apart.",
        "",
        "| label | rows | months early | bases here |\n|---|---|---|---|",
    ]
    for base, group in sorted(found.groupby("base"), key=lambda pair: (-len(pair[1]), pair[0])):
        ours = group["ours"].fillna("none").value_counts()
        span = f"{group['months'].min():.1f} to {group['months'].max():.1f}"
        lines.append(f"| {base} | {len(group)} | {span} | {', '.join(f'{o} ({n})' for o, n in ours.items())} |")
    return [*lines, ""]


def _flops(flops: pd.DataFrame) -> list[str]:
    lines = [
        "## Tokens and FLOPs where the base model agrees",
        "",
        "| class | reference | ours | rows | whom we follow |",
        "|---|---|---|---|---|",
    ]
    shown = flops.loc[flops["quantity"] == "tokens", ["class", "reference", "ours", "rows", "evidence"]]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in shown.to_numpy()]
    rest = flops[flops["quantity"] == "FLOPs"].groupby("class")["rows"].agg(["sum", "size"])
    for name, total, bases in rest.itertuples():
        lines.append(f"| {name} | {bases} bases | | {total} | see disagreements.csv |")
    return [*lines, ""]


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else "reports/identification"))
