"""Where the base model of each model of a source comes from: the rule that found it, and how sure it is."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from bayes_frontier.evaluations.bases import EARLY
from bayes_frontier.evaluations.lines import Lines
from bayes_frontier.evaluations.read import parse
from bayes_frontier.evaluations.registry import Registry, given_registry

COLUMNS = ["model", "base_model", "rule", "confidence", "flops", "released", "reason", "source_row"]


def identification(
    source: object,
    *,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    registry: Registry | str | Path | None = None,
    relabel: bool = False,
) -> pd.DataFrame:
    """Tell for each model of a source its base model, the rule that found it and how sure it is.

    Parameters
    ----------
    source : str, pathlib.Path or data frame
        As in `bayes_frontier.read`.
    format : str, optional
        Its format; found by its content if not given.
    columns : mapping of str to str, optional
        Column by field where names are not recognised.
    registry : Registry or path, optional
        Base models; a user's file is put over the packaged ones.
    relabel : bool
        Whether rows that contradict the base model stated for them count for another, as in `bayes_frontier.read`.

    Returns
    -------
    pandas.DataFrame
        One row per model, base model and date, in the source's order: model, base_model ("" where unplaced), rule
        (those of `bayes_frontier.evaluations.identify`; ``stated`` where the source has a column for it that the
        registry knows, ``own`` where it does not, ``relabelled`` where the row contradicts it), confidence (0 to 1; NaN
        for ``own`` and ``relabelled``), flops, released, reason (why it is unplaced, how its base was set apart, or
        what the source states instead), source_row.

    Raises
    ------
    DataError
        If the source cannot be read.
    """
    known = given_registry(registry)
    lines = parse(source, format=format, columns=columns, registry=known, relabel=relabel)
    table = _table(lines, known)
    if relabel:
        stated = _table(parse(source, format=format, columns=columns, registry=known), known)["base_model"]
        other = stated != table["base_model"]
        table["rule"] = table["rule"].mask(other, "relabelled")
        table["confidence"] = table["confidence"].mask(other)
        table["reason"] = table["reason"].mask(other, "the source states " + stated)
    return table[table["model"] != ""].drop_duplicates(["model", "base_model", "released"]).reset_index(drop=True)


def _table(lines: Lines, registry: Registry) -> pd.DataFrame:
    fields = lines.fields.reset_index(drop=True)
    base = fields["base_model"].astype("str")
    early = base.str.endswith(EARLY)
    plain = base.str.removesuffix(EARLY)
    reason = pd.Series(np.where(early, "older than its base model: counted apart", ""), dtype="str")
    if lines.placed is not None:
        found = lines.placed.reset_index(drop=True)
        placed = found["base_model"].notna().to_numpy(dtype=bool)
        rule = found["rule"].astype(object).where(found["rule"].notna(), np.where(plain != "", "own", ""))
        confidence = np.where(placed, found["confidence"].to_numpy(dtype=np.float64), np.nan)
        why = found["reason"].astype(object).where(found["reason"].notna() & (plain == ""), "")
        reason = reason.mask((why != "").to_numpy(dtype=bool), why.astype("str"))
    else:
        listed = plain.map({name: registry.canonical(name) is not None for name in plain.unique()}).to_numpy(dtype=bool)
        rule = pd.Series(np.where(plain == "", "", np.where(listed, "stated", "own")))
        confidence = np.where(listed, 1.0, np.nan)
        reason = reason.mask(plain == "", "no base model stated")
    return pd.DataFrame(
        {
            "model": fields["model"],
            "base_model": plain,
            "rule": rule.astype("str"),
            "confidence": confidence,
            "flops": fields["flops"].to_numpy(dtype=np.float64),
            "released": fields["released"],
            "reason": reason,
            "source_row": lines.sheet.rows,
        }
    )[COLUMNS]
