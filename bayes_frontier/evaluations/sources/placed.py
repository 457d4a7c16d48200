"""Fields of lines whose base models are identified by name: what the formats without a base-model column share."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayes_frontier.evaluations.bases import early
from bayes_frontier.evaluations.fields import apart
from bayes_frontier.evaluations.identify import identify
from bayes_frontier.evaluations.lines import Lines
from bayes_frontier.evaluations.request import Request
from bayes_frontier.wording import count

EVIDENCE = ["model", "base_field", "architecture", "params_b", "released", "type", "mapped"]


@dataclass(frozen=True)
class Placed:
    """Lines with their base models.

    Attributes
    ----------
    fields : pandas.DataFrame
        As in `Lines`.
    table : pandas.DataFrame
        What `identify` found, one row per line.
    """

    fields: pd.DataFrame
    table: pd.DataFrame

    def leave_out(self, lines: Lines) -> None:
        """Give the lines without a base model their reason.

        Parameters
        ----------
        lines : Lines
            The same lines.
        """
        why = self.table["reason"].astype("str").where(self.table["reason"].notna(), "").to_numpy(dtype=object)
        lines.leave_out((self.fields["base_model"] == "").to_numpy(dtype=bool), "no base model", why)


def place(given: pd.DataFrame, request: Request, notes: list[str], *, dates: str = "release") -> Placed:
    """Identify the base model of each line and fill in its fields.

    A line whose base model the registry does not know, but whose FLOPs are stated, is its own base: that of a model
    trained from scratch. A model that is itself a base model was published when the registry says, if that is earlier
    than the date given, or none is.

    Parameters
    ----------
    given : pandas.DataFrame
        One row per line: model (name), and optionally base_field, architecture, params_b, type, mapped, as
        `identify` takes them, released (``datetime64[ns]``), flops (stated) and own (name as its own base).
    request : Request
        Options.
    notes : list of str
        Observations are appended here.
    dates : {"release", "evaluation", "modification"}
        What `released` is: the latter two are only the latest day the model can have been released.

    Returns
    -------
    Placed
        Fields and evidence of the lines.
    """
    n = len(given)
    table = given.reindex(columns=[*EVIDENCE, "flops", "own"]).reset_index(drop=True)
    for name in ("model", "base_field", "architecture", "type", "mapped", "own"):
        table[name] = table[name].astype(object).where(table[name].notna(), "")
    released = pd.to_datetime(table["released"]).astype("datetime64[ns]")
    table["released"] = released
    codes = table[EVIDENCE].groupby(EVIDENCE, dropna=False, sort=False).ngroup().to_numpy()
    _, first = np.unique(codes, return_index=True)
    found = identify(table[EVIDENCE].take(first).reset_index(drop=True), request.registry)
    found = found.take(codes).reset_index(drop=True)
    known = found["base_model"].notna().to_numpy(dtype=bool)
    released = _published(released, found, request, notes, dates)
    bases = found["base_model"].astype("str").where(known, "")
    stated = table["flops"].to_numpy(dtype=np.float64)
    names = table["own"].where(table["own"] != "", table["model"])
    # a name that the registry does not list may be that of another model than the one it was matched with
    unlisted = np.array([request.registry.canonical(name) is None for name in names], dtype=bool)
    wrong = early(bases, released, request.registry) & unlisted
    own = (~known | wrong) & ~np.isnan(stated) & (names != "").to_numpy(dtype=bool)
    bases = bases.mask(own, names)
    fields = pd.DataFrame(
        {
            "model": pd.Series(table["model"].to_numpy(dtype=object), dtype="str"),
            "base_model": apart(bases, released, request.registry, notes).to_numpy(),
            "stage": pd.Series(_stage(table["type"], found), dtype="str"),
            "flops": np.where(own, stated, found["flops"].to_numpy(dtype=np.float64, na_value=np.nan)),
            "params_b": found["params_b"].to_numpy(dtype=np.float64, na_value=np.nan),
            "tokens_t": found["tokens_t"].to_numpy(dtype=np.float64, na_value=np.nan),
            "released": released,
        },
        index=range(n),
    )
    if own.any():
        notes.append(
            f"{count(int(bases[own].nunique()), 'base model')} not in the registry, with the FLOPs the source states "
            f"({count(int(own.sum()), 'row')})"
        )
    if known.any():
        rules = found["rule"][known].value_counts()
        notes.append("base models identified by " + ", ".join(f"{rule} ({k:,})" for rule, k in rules.items()))
    return Placed(fields, found)


def _published(released: pd.Series, found: pd.DataFrame, request: Request, notes: list[str], dates: str) -> pd.Series:
    """Date base models by the registry where that is earlier, and say what the other dates are."""
    is_base = (found["rule"] == "self").fillna(False).to_numpy(dtype=bool)
    days = {name: b.released for name in found["base_model"][is_base].unique() if (b := request.registry.get(name))}
    listed = pd.to_datetime(found["base_model"].map(days).where(is_base), errors="coerce").astype("datetime64[ns]")
    earlier = listed.notna() & (released.isna() | (listed < released))
    if dates == "release":
        earlier &= released.isna()
    if earlier.any():
        notes.append(f"{count(int(earlier.sum()), 'row')} of base models dated by the registry")
    rest = int((released.notna() & ~earlier).sum())
    if rest and dates != "release":
        notes.append(f"{count(rest, 'row')} dated by {dates}: the model may be older")
    return released.mask(earlier, listed)


def _stage(kinds: pd.Series, found: pd.DataFrame) -> np.ndarray:
    kind = kinds.astype("str").str.casefold().str.replace(r"[^a-z]", "", regex=True)
    pretrained = kind.isin(["pretrained", "continuouslypretrained"]).to_numpy(dtype=bool)
    return np.where(pretrained, "pretrained", np.where((kind == "").to_numpy(dtype=bool), "", "post-trained"))
