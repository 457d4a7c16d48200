"""Which base model a leaderboard row descends from.

Every row collects evidence, each a base model with a rule and a confidence, and the most confident wins:

``reviewed``   a registry file of the user's says so
``self``       the model is a base model under a listed name
``base``       its base field is a listed name
``mapped``     the table's publisher assigned a listed name to it
``base-name``  its base field names a generation of which a size fits
``name``       its own name does
``chain``      its base field is another row of the table, and that row's base is known
``size``       architecture, parameters and upload date alone

The parameters of the *row* choose among a generation's sizes where they fit one; else the size in the name
does, and the upload was quantised, stacked or pruned. What stays below `MIN_CONFIDENCE` is left without a
base, and with the reason.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayes_frontier.evaluations.placement import Evidence, Matcher, Row
from bayes_frontier.evaluations.registry import Registry

MIN_CONFIDENCE = 0.5
"""Evidence less sure than this places nothing."""

_CHAIN = 0.98
_SIZES = (1e-6, 1e6)
_MERGE = re.compile(r"\s*\((?:merge|adapter|quantized|finetune)\)\s*$", re.IGNORECASE)
_NO_BASE = frozenset({"", "removed", "nan", "none", "null", "?", "unknown", "n/a", "-"})
_CORE = re.compile(r"(?:For|LMHead|Model|LM(?=$)).*$")


def identify(table: pd.DataFrame, registry: Registry) -> pd.DataFrame:
    """Find the base model of every row.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns ``model`` (hub name) and, each optional and with holes, ``base_field``, ``architecture``
        (class name), ``params_b`` (1e9; 0 and below mean unknown), ``released`` (upload date; without it what
        only the date could tell apart is left open), ``type`` (``pretrained`` lowers the trust in sizes) and
        ``mapped`` (base that the table's publisher assigned, which the model's own full name overrules).
    registry : Registry
        Base models, patterns and size rules.

    Returns
    -------
    pandas.DataFrame
        Indexed as `table`: ``base_model`` (canonical name or NA), ``rule``, ``confidence`` (0 to 1),
        ``flops``, ``tokens_t`` (1e12) and ``params_b`` (1e9) of the base, and ``reason`` (NA, or why there is
        no base). Names are read up to their 300th character.
    """
    rows = _rows(table, registry)
    matcher = Matcher(registry)
    best = [max(matcher.evidence(row), key=lambda e: e.confidence, default=None) for row in rows]
    _follow_chains(rows, best, matcher)
    kept = [e if e is not None and e.confidence >= MIN_CONFIDENCE else None for e in best]
    reasons = [
        None if found else _reason(row, seen, matcher) for row, seen, found in zip(rows, best, kept, strict=True)
    ]
    result = {
        "base_model": pd.array([e.base.name if e else pd.NA for e in kept], dtype="string"),
        "rule": pd.array([e.rule if e else pd.NA for e in kept], dtype="string"),
        "confidence": np.array([round(e.confidence, 3) if e else 0.0 for e in kept], dtype=float),
        "flops": np.array([e.base.flops if e else math.nan for e in kept], dtype=float),
        "tokens_t": np.array([e.base.tokens_t if e else math.nan for e in kept], dtype=float),
        "params_b": np.array([e.base.params_b if e else math.nan for e in kept], dtype=float),
        "reason": pd.array([r if r else pd.NA for r in reasons], dtype="string"),
    }
    return pd.DataFrame(result, index=table.index)


def _follow_chains(rows: Sequence[Row], best: list[Evidence | None], matcher: Matcher) -> None:
    """Hand bases down from row to row until nothing changes; confidence falls with every step, so it ends."""
    where: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        where.setdefault(row.model.lower(), []).append(i)
    linked = [(i, where[row.base_field.lower()]) for i, row in enumerate(rows) if row.base_field.lower() in where]
    for _ in range(32):
        changed = False
        for i, parents in linked:
            offers = [e for j in parents if j != i and (e := best[j]) is not None]
            if not offers:
                continue
            parent = max(offers, key=lambda e: e.confidence)
            confidence = min(_CHAIN * parent.confidence, matcher.agreement(parent.base, rows[i], _CHAIN))
            current = best[i]
            if current is None or confidence > current.confidence + 1e-9:
                best[i] = Evidence(parent.base, "chain", confidence)
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


def _reason(row: Row, seen: Evidence | None, matcher: Matcher) -> str:
    if not row.model:
        return "no model name"
    if seen is not None:
        return f"only weak evidence for {seen.base.name} ({seen.rule}, {seen.confidence:.2f})"
    named = [g.name for g, _ in matcher.generations(row.model)]
    size = f"{row.params_b:g}e9 parameters" if row.params_b > 0 else "unknown size"
    kind = row.architecture or "unknown architecture"
    if named:
        return f"named after {', '.join(named)}, which has no such model ({kind}, {size})"
    if row.base_field:
        return f"base {row.base_field!r} is unknown, and no rule for {kind}, {size}"
    return f"no known name, and no rule for {kind}, {size}"
