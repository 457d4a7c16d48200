"""Which base model a row descends from, and rows that contradict the base model they state."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.evaluations.registry.placement import Evidence, Matcher, Refusal, Row
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.text import count, listed

MEASURED: dict[str, tuple[int, int]] = {
    "class and size, either": (117, 122),
    "class and size, from scratch": (41, 41),
    "class and size, likely": (97, 100),
    "class and size, packed": (37, 38),
    "class and size, sure": (417, 424),
    "generation, either": (18, 18),
    "generation, near size": (203, 205),
    "generation, one size": (40, 42),
    "generation, size": (525, 530),
    "generation, size said": (38, 38),
    "generation, whole size": (39, 39),
    "listed": (212, 212),
    "stated, near size": (49, 49),
    "stated, size": (149, 149),
    "whole name": (167, 167),
    "words, near size": (87, 87),
    "words, size": (299, 304),
    "words, size said": (28, 28),
    "other": (19, 19),
}
"""Rows that were right and rows that were checked by hand, by kind of evidence.

Counted by `python -m studies.identification.calibration` on reports/identification/labels.csv; kinds of few rows are
"other".
"""

MIN_CONFIDENCE = 0.9
"""Evidence of a kind that is right less often places nothing."""

MIN_STRENGTH = 0.5
_CHAIN = 0.98
_SIZES = (1e-6, 1e6)
_MERGE = re.compile(r"\s*\((?:merge|adapter|quantized|finetune)\)\s*$", re.IGNORECASE)
_NO_BASE = frozenset({"", "removed", "nan", "none", "null", "?", "unknown", "n/a", "-"})
_CORE = re.compile(r"(?:For|LMHead|Model|LM(?=$)).*$")


def confidence(kind: str) -> float:
    """Share of rows with this kind of evidence that are right, as measured; never 1 but for what a user says."""
    if kind == "reviewed":
        return 1.0
    right, checked = MEASURED.get(kind, MEASURED.get("other", (0, 0)))
    # the mean under a flat prior: what was never wrong in ten rows is not known to be right
    return round((right + 1) / (checked + 2), 3)


def identify(table: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Find the base model of every row."""
    rows = _rows(table, registry)
    matcher = Matcher(registry)
    pairs = [matcher.evidence(row) for row in rows]
    best = [max(found, key=lambda e: e.strength, default=None) for found, _ in pairs]
    _follow_chains(rows, best, matcher)
    kept = [e if e is not None and _sure(e) else None for e in best]
    reasons = [
        None if found else _reason(row, seen, refused, matcher)
        for row, seen, (_, refused), found in zip(rows, best, pairs, kept, strict=True)
    ]
    published = [
        e.release.released if e and e.release else e.base.released if e and e.rule == "self" else None for e in kept
    ]
    result = {
        "base_model": pd.array([e.base.name if e else pd.NA for e in kept], dtype="string"),
        "rule": pd.array([e.rule if e else pd.NA for e in kept], dtype="string"),
        "confidence": np.array([confidence(e.kind) if e else 0.0 for e in kept], dtype=float),
        "flops": np.array([e.base.flops if e else math.nan for e in kept], dtype=float),
        "tokens_t": np.array([e.base.tokens_t if e else math.nan for e in kept], dtype=float),
        "params_b": np.array([e.base.params_b if e else math.nan for e in kept], dtype=float),
        "reason": pd.array([r if r else pd.NA for r in reasons], dtype="string"),
        "evidence": pd.array([f"{e.kind}: {e.words}" if e else "" for e in kept], dtype="string"),
        "against": pd.array(
            [_against(e, refused) for e, (_, refused) in zip(kept, pairs, strict=True)], dtype="string"
        ),
        "strength": np.array([e.strength if e else 0.0 for e in kept], dtype=float),
        "published": pd.to_datetime(pd.Series(published, dtype=object), errors="coerce").to_numpy("datetime64[ns]"),
    }
    return pd.DataFrame(result, index=table.index)


def _sure(evidence: Evidence) -> bool:
    return evidence.strength >= MIN_STRENGTH and confidence(evidence.kind) >= MIN_CONFIDENCE


def _against(evidence: Evidence | None, refused: Sequence[Refusal]) -> str:
    """Write down the contradictions, but for those of the base model that was taken in the end."""
    base = evidence.base.name if evidence else ""
    said = [f"{r.base}: {', '.join(r.words)}" for r in refused if r.base != base]
    return "; ".join(dict.fromkeys(said))


def _follow_chains(rows: Sequence[Row], best: list[Evidence | None], matcher: Matcher) -> None:
    """Hand bases down from row to row until nothing changes; strength falls with every step, so it ends."""
    where: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        where.setdefault(row.model.lower(), []).append(i)
    linked = [(i, where[row.base_field.lower()]) for i, row in enumerate(rows) if row.base_field.lower() in where]
    for _ in range(32):
        changed = False
        for i, parents in linked:
            offers = [e for j in parents if j != i and (e := best[j]) is not None and _sure(e)]
            if not offers:
                continue
            parent = max(offers, key=lambda e: e.strength)
            agreed, size = matcher.agreement(parent.base, rows[i], _CHAIN)
            strength = min(_CHAIN * min(parent.strength, 1.0), agreed)
            current = best[i]
            if current is not None and strength <= current.strength + 1e-9:
                continue
            if matcher.vocabulary.against(rows[i].model, parent.base, sized=size == "size", stated=True):
                continue
            if isinstance(matcher.vocabulary.whole(rows[i].model), str):
                continue
            best[i] = replace(parent, rule="chain", strength=strength, kind=f"chain, {size}", release=None)
            changed = True
        if not changed:
            return


def _rows(table: pd.DataFrame, registry: Registry) -> list[Row]:
    def texts(name: str) -> list[str]:
        if name not in table:
            return [""] * len(table)
        return [v.strip() if isinstance(v, str) else "" for v in table[name].astype(object)]

    params = np.full(len(table), math.nan)
    if "params_b" in table:
        params = pd.to_numeric(table["params_b"], errors="coerce").to_numpy(dtype=float, na_value=math.nan)
        # anything else is no size of a model, and its ratio to one may not even be a number
        params = np.where((params > _SIZES[0]) & (params < _SIZES[1]), params, math.nan)
    released: list[dt.date | None] = [None] * len(table)
    if "released" in table:
        dates = pd.to_datetime(table["released"], errors="coerce", utc=True, format="mixed")
        released = [None if unknown else day for day, unknown in zip(dates.dt.date, dates.isna(), strict=True)]
    rows = []
    columns = (texts("model"), texts("base_field"), texts("architecture"), params, released, texts("type"))
    for model, base, architecture, size, date, kind, mapped in zip(*columns, texts("mapped"), strict=True):
        base = _MERGE.sub("", base[:300])
        if base.lower() in _NO_BASE or base.lower() == model.lower():
            base = ""
        rows.append(
            Row(
                model[:300],
                base,
                _CORE.sub("", architecture[:100]),
                float(size),
                date,
                kind.lower() == "pretrained",
                mapped[:300],
            )
        )
    return rows


def _reason(row: Row, seen: Evidence | None, refused: Sequence[Refusal], matcher: Matcher) -> str:
    if not row.model:
        return "no model name"
    whole = matcher.vocabulary.whole(row.model)
    if isinstance(whole, str):
        return f"known, but not its compute: {whole}"
    if refused:
        first = refused[0]
        return f"not {first.base}: {', '.join(first.words)}"
    if seen is not None:
        return f"only weak evidence for {seen.base.name} ({seen.kind})"
    named = [g.name for g, _ in matcher.generations(row.model)]
    size = f"{row.params_b:g}e9 parameters" if row.params_b > 0 else "unknown size"
    kind = row.architecture or "unknown architecture"
    if named:
        return f"named after {', '.join(named)}, which has no such model ({kind}, {size})"
    if row.base_field:
        return f"base {row.base_field!r} is unknown, and no rule for {kind}, {size}"
    return f"no known name, and no rule for {kind}, {size}"


# Rows of a table that contradict the base model it states for them.

# Size and date alone overrule a label if the rule is as sure as this: Llama 3 and 3.1 of one size cannot be told apart
# by them (0.7), Qwen2 and Qwen2.5 can by date (0.75 to 0.85).
SURE_SIZE = 0.75
# They also do where the registry knows no base model of the stated name, and where parameters are those of the base
# model found, or half of them (packed weights are counted two for one), and not of the stated one, by these factors:
# 70.55e9 parameters are Llama 3's, 68.98e9 Llama 2's. Tokens added to a vocabulary change less.
_SAME, _OTHER = 1.01, 1.02
_NAMED = ("reviewed", "self", "release", "name")


def contradicted(rows: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Find rows whose own name, or size and date, says another base model than the one stated.

    Notes
    -----
    A stated name stands for the usual architecture of the generation it mentions. Where the registry does not know the
    name, as with sizes a generation does not come in, whatever `identify` accepts counts; a base model of your own that
    is named after a known one belongs into a registry file.
    """
    matcher = Matcher(registry)
    own = {model.name: generation for generation in registry.generations.values() for model in generation.models}

    def architecture(stated: str) -> str:
        mentioned = [own[stated]] if stated in own else [generation for generation, _ in matcher.generations(stated)]
        return next((core for generation in mentioned for core in generation.architectures), "")

    cores = {str(stated): architecture(str(stated)) for stated in pd.unique(rows["base_model"])}
    asked = rows[["model", "params_b", "released"]].assign(architecture=rows["base_model"].map(cores))
    found = identify(asked, registry)
    # another maker's model, named as such, does not come in the class of the stated one
    left = found["base_model"].isna() & rows["base_model"].isin(own)
    bare = identify(asked[left].drop(columns="architecture"), registry)
    family = {model.name: model.family for model in registry}
    theirs = bare["rule"].isin(_NAMED) & (bare["base_model"].map(family) != rows["base_model"][left].map(family))
    found.loc[theirs.index[theirs]] = bare[theirs]
    rule = found["rule"].fillna("")
    known = {str(stated): registry.get(stated) for stated in pd.unique(rows["base_model"])}
    size = rows["base_model"].map({name: base.params_b for name, base in known.items() if base is not None})
    off, fits, packed = (
        np.abs(np.log(factor * rows["params_b"] / other))
        for factor, other in ((1, size.astype(float)), (1, found["params_b"]), (2, found["params_b"]))
    )
    fits_other = (off > np.log(_OTHER)) & (np.minimum(fits, packed) < np.log(_SAME))
    unheard_of = rows["base_model"].isin([name for name, base in known.items() if base is None])
    by_size = (rule == "size") & (unheard_of | (found["strength"] >= SURE_SIZE) | fits_other)
    sure: npt.NDArray[np.bool_] = (rule.isin(_NAMED) | by_size).to_numpy(dtype=bool)
    name = found["base_model"].fillna("").astype("str")
    other = sure & (rows["base_model"] != "").to_numpy(dtype=bool) & (name != rows["base_model"]).to_numpy(dtype=bool)
    return pd.DataFrame({"base_model": name.where(other, ""), "tokens_t": found["tokens_t"]})


def note_contradicted(stated: pd.Series, found: pd.Series, *, relabelled: bool = True) -> str:
    """Describe what was placed anew, or would be."""
    changed = (found != "").to_numpy(dtype=bool)
    pairs = (stated[changed] + " is " + found[changed]).value_counts()
    most = [f"{words} ({n:,})" for words, n in pairs.items()]
    one = changed.sum() == 1
    words = "contradicts the base model stated for it" if one else "contradict the base model stated for them"
    words += f" by {'its' if one else 'their'} own name, or size and date, and count{'s' if one else ''}"
    words += " for the one these say, with its FLOPs" if relabelled else " for it all the same (relabel)"
    rows = f"{count(int(changed.sum()), 'row')} of {len(found):,}"
    return f"{rows} {words}: {listed(most, 5)}"
