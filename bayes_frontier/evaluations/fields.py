"""Fields of the lines of a table: canonical names, sizes, dates, base models, and FLOPs as far as rows state them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.checkpoints import HOW, UNKNOWN, at_checkpoints
from bayes_frontier.evaluations.lines import Compute, Lines, Request
from bayes_frontier.evaluations.registry import placement
from bayes_frontier.evaluations.registry.identify import contradicted, identify, note_contradicted
from bayes_frontier.evaluations.registry.placement import early
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.evaluations.remedy import column_of_models
from bayes_frontier.evaluations.tables import sheet as cells
from bayes_frontier.evaluations.tables.columns import ALIASES, flops_unit
from bayes_frontier.evaluations.tables.sheet import Sheet
from bayes_frontier.text import count, listed

FAR = 1.5
Floats = npt.NDArray[np.float64]


def read_fields(
    sheet: Sheet,
    columns: Mapping[str, str],
    registry: Registry,
    *,
    dated: bool,
    today: dt.date,
    notes: list[str],
    relabel: bool = False,
    compute: Compute = "stated",
) -> pd.DataFrame:
    """Read the fields of every line, and in the column "unusable" why it cannot be used, "" if it can."""
    for field in ("model", *(["released"] if dated else [])):
        if field not in columns:
            # a table without any such column may be of one model
            likely = (column_of_models(sheet) or f"={PurePosixPath(sheet.source).stem}") if field == "model" else ""
            why = " Periods need release dates." if field == "released" else ""
            raise DataError(_lacking(sheet, field, why), {"columns": {field: likely}} if likely else None)
    n = len(sheet.frame)
    sizes = {
        "params_b": _size(sheet, columns, "params_b", 1e9, 1e5, "parameters in billions"),
        "tokens_t": _size(sheet, columns, "tokens_t", 1e12, 1e4, "pre-training tokens in trillions"),
    }
    if "tokens_t" not in columns and "tokens_seen" in columns:
        seen = cells.numbers(sheet, columns["tokens_seen"]) / 1e12
        sizes["tokens_t"] = cells.check_size(sheet, columns["tokens_seen"], seen, 1e12, 1e4, "tokens")
    released = (
        cells.dates(sheet, columns["released"], today)
        if "released" in columns
        else pd.Series(np.full(n, np.datetime64("NaT", "ns")))
    )
    if "base_model" in columns:
        base = canonical(cells.text(sheet, columns["base_model"]), registry, notes)
    else:
        base = _by_name(sheet, columns, sizes["params_b"], sizes["tokens_t"], released, registry, notes)
    names = cells.text(sheet, columns["model"])
    changed = np.zeros(n, dtype=bool)
    if relabel:
        if "base_model" not in columns:
            raise DataError(f"relabel: {sheet.source} states no base models that could be wrong; leave it out.")
        rows = pd.DataFrame({"model": names, "base_model": base, "params_b": sizes["params_b"], "released": released})
        found = contradicted(rows, registry)
        changed = (found["base_model"] != "").to_numpy(dtype=bool)
        if changed.any():
            notes.append(note_contradicted(base, found["base_model"]))
        base = found["base_model"].where(changed, base)
        sizes["tokens_t"] = np.where(changed, found["tokens_t"], sizes["tokens_t"])
    flops, stated = _flops(sheet, columns, base, sizes, registry, notes, compute, other=changed)
    fields = pd.DataFrame(
        {
            "model": names,
            "base_model": apart(base, released, registry, notes),
            "stage": cells.text(sheet, columns["stage"]) if "stage" in columns else pd.Series([""] * n, dtype="str"),
            "flops": flops,
            **sizes,
            "released": released,
        }
    )
    return fields.assign(unusable=at_checkpoints(fields, _revisions(sheet, columns), stated, registry, notes))


def leave_out_unusable(lines: Lines, unusable: npt.NDArray[np.object_]) -> None:
    """Give checkpoints whose compute is unknown or nothing their reason."""
    for reason in dict.fromkeys(unusable[unusable != ""]):
        lines.leave_out(unusable == reason, reason, HOW if reason == UNKNOWN else "")


def _revisions(sheet: Sheet, columns: Mapping[str, str]) -> list[str]:
    """Return the revision of each line, "" where none is said; tokens seen are one."""
    if "revision" in columns and "tokens_seen" in columns and "flops" not in columns:
        steps = cells.text(sheet, columns["revision"]).str.replace(r"\.0$", "", regex=True)
        seen = cells.numbers(sheet, columns["tokens_seen"])
        named = (steps != "") & ~np.isnan(seen)
        both = [f"step{a}-tokens{b / 1e9:.6g}B" for a, b in zip(steps, seen, strict=True)]
        return list(np.where(named & steps.str.fullmatch(r"[0-9]{1,12}"), both, steps))
    if "revision" in columns:
        return cells.text(sheet, columns["revision"]).str.replace(r"\.0$", "", regex=True).tolist()
    if "tokens_seen" in columns:
        seen = cells.numbers(sheet, columns["tokens_seen"])
        return ["" if np.isnan(value) else f"tokens{value / 1e9:.6g}B" for value in seen]
    return [""] * len(sheet.frame)


def _lacking(sheet: Sheet, field: str, why: str) -> str:
    return (
        f"{sheet.source} has no column for {field} (recognised: {', '.join(ALIASES[field])}).{why} Rename the column "
        f"or map it (columns); the file's columns are {listed(sheet.frame.columns, 20)}."
    )


def _by_name(
    sheet: Sheet,
    columns: Mapping[str, str],
    params_b: Floats,
    tokens_t: Floats,
    released: pd.Series,
    registry: Registry,
    notes: list[str],
) -> pd.Series:
    """Identify base models by the models' names; of the others, those with FLOPs are their own base."""
    names = cells.text(sheet, columns["model"])
    found = identify(pd.DataFrame({"model": names, "params_b": params_b, "released": released}), registry)
    known = found["base_model"].notna().to_numpy(dtype=bool)
    stated = ~np.isnan(cells.numbers(sheet, columns["flops"])) if "flops" in columns else ~np.isnan(params_b * tokens_t)
    named = (names != "").to_numpy(dtype=bool)
    own = ~known & stated & named
    rest = int((named & ~known & ~own).sum())
    notes.append(
        f"no column for base_model: base models of {int(known.sum()):,} of {count(len(names), 'row')} identified by "
        "name"
        + (f", and {count(int(own.sum()), 'model')} with FLOPs taken as base models" if own.any() else "")
        + (
            f"; of the {rest:,} others say what they are built on, in such a column or in a registry file"
            if rest
            else ""
        )
    )
    base = np.where(known, found["base_model"].to_numpy(dtype=object), np.where(own, names.to_numpy(dtype=object), ""))
    return pd.Series(base, dtype="str")


def canonical(names: pd.Series, registry: Registry, notes: list[str]) -> pd.Series:
    """Return base names made canonical through the registry; a base it does not know keeps its own name."""
    made = placement.canonical_names(names, registry)
    pairs = pd.DataFrame({"given": names.to_numpy(), "made": made.to_numpy()}).drop_duplicates()
    pairs = pairs[pairs["made"] != ""]
    own = [name for name in pairs["made"] if registry.canonical(name) is None]
    if own:
        notes.append(
            f"{len(own):,} of {count(pairs['made'].nunique(), 'base model')} not in the registry, kept under "
            f"their own names ({listed(own, 5)})"
        )
    renamed = [f"{a} as {b}" for a, b in pairs.itertuples(index=False) if a != b]
    if renamed:
        notes.append(f"{count(len(renamed), 'base name')} replaced by the registry's: {listed(renamed, 5)}")
    return made


def apart(base: pd.Series, released: pd.Series, registry: Registry, notes: list[str]) -> pd.Series:
    """Return base names with those of models older than their base set apart, see `bases.resolve_bases`."""
    mask = placement.early(base, released, registry)
    if not mask.any():
        return base
    notes.append(placement.note_early(base, mask))
    return placement.resolve_bases(base, released, registry)


def _size(sheet: Sheet, columns: Mapping[str, str], field: str, unit: float, largest: float, words: str) -> Floats:
    if field not in columns:
        return np.full(len(sheet.frame), np.nan)
    column = columns[field]
    return cells.check_size(sheet, column, cells.numbers(sheet, column), unit, largest, words)


def _flops(
    sheet: Sheet,
    columns: Mapping[str, str],
    base: pd.Series,
    sizes: dict[str, Floats],
    registry: Registry,
    notes: list[str],
    compute: Compute,
    other: npt.NDArray[np.bool_],
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return FLOPs of each line, and whether they are the source's.

    As stated, else 6 x parameters x tokens, else (and for `other`, or if asked for) the registry's.
    """
    flops = np.full(len(base), np.nan)
    if "flops" in columns:
        flops = _in_flops(sheet, columns["flops"])
        cells.check_flops(sheet, columns["flops"], flops)
        flops = np.where(other, np.nan, flops)
        if compute == "stated":
            note_far(flops, base, registry, notes)
    product = 6 * sizes["params_b"] * 1e9 * sizes["tokens_t"] * 1e12
    from_sizes = np.isnan(flops) & ~np.isnan(product) & ~other
    if from_sizes.any():
        flops = np.where(from_sizes, product, flops)
        notes.append(
            f"FLOPs of {count(int(from_sizes.sum()), 'row')} are 6 x {columns['params_b']} x "
            + (
                f"{columns['tokens_t']}, taken as those of the base model"
                if "tokens_t" in columns
                else f"{columns['tokens_seen']}, as far as the training was"
            )
        )
    stated = ~np.isnan(flops)
    lacking = np.isnan(flops) & (base != "").to_numpy(dtype=bool)
    if compute == "stated" and not lacking.any():
        return flops, stated
    found = {name: known.flops for name in pd.unique(base) if (known := registry.get(name))}
    listed_flops = base.map(found).to_numpy(dtype=np.float64, na_value=np.nan)
    instead = stated & ~np.isnan(listed_flops) if compute == "registry" else np.zeros(len(base), dtype=bool)
    taken = (lacking | instead) & ~np.isnan(listed_flops)
    flops = np.where(taken, listed_flops, flops)
    if taken.any():
        said = f"FLOPs of {count(int(taken.sum()), 'row')} come from the base-model registry"
        notes.append(said + (", as asked, also where the table states others" if instead.any() else ""))
    return flops, stated & ~instead


def note_far(flops: Floats, base: pd.Series, registry: Registry, notes: list[str]) -> None:
    """Note rows whose FLOPs are far from the registry's: a wrong base, or those of the fine-tune."""
    known = {name: b.flops for name in pd.unique(base) if (b := registry.get(name)) is not None}
    ratio = flops / base.map(known).to_numpy(dtype=np.float64, na_value=np.nan)
    far = (ratio > FAR) | (ratio < 1 / FAR)
    if far.any():
        notes.append(
            f"FLOPs of {count(int(far.sum()), 'row')} differ from the registry's for the base model by more "
            f"than a factor of {FAR:g} ({listed(pd.unique(base[far]), 5)}): those of the table are kept"
        )


def _in_flops(sheet: Sheet, column: str) -> Floats:
    values = cells.numbers(sheet, column)
    unit = flops_unit(column)
    with np.errstate(over="ignore"):  # what is no number of FLOPs is said of the whole column
        return np.power(10.0, values) if unit == "log10" else values * {"zflops": 1e21, "gflops": 1e9}.get(unit, 1.0)


# Fields of lines whose base models are identified by name: what the formats without a base-model column share.

EVIDENCE = ["model", "base_field", "architecture", "params_b", "released", "type", "mapped"]


@dataclass(frozen=True)
class Placed:
    """Lines with their base models.

    * fields: as in `Lines`
    * table: what `identify` found, one row per line
    * unusable: why a line cannot be used, "" if it can, shape (n_lines,)
    """

    fields: pd.DataFrame
    table: pd.DataFrame
    unusable: npt.NDArray[np.object_]

    def leave_out(self, lines: Lines) -> None:
        """Give the lines without a base model, and checkpoints without known compute, their reason."""
        leave_out_unusable(lines, self.unusable)
        why = self.table["reason"].astype("str").where(self.table["reason"].notna(), "").to_numpy(dtype=object)
        lines.leave_out((self.fields["base_model"] == "").to_numpy(dtype=bool), "no base model", why)


def place(given: pd.DataFrame, request: Request, notes: list[str], *, dates: str = "release") -> Placed:
    """Identify the base model of each line and fill in its fields.

    A line whose base model the registry does not know, but whose FLOPs are stated, is its own base: that of a model
    trained from scratch. A model that is itself a base model was published when the registry says, if that is earlier
    than the date given, or none is.
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
    released = _published(released, table["model"], found, request, notes, dates)
    bases = found["base_model"].astype("str").where(known, "")
    stated = table["flops"].to_numpy(dtype=np.float64)
    names = table["own"].where(table["own"] != "", table["model"])
    # a name that the registry does not list may be that of another model than the one it was matched with
    unlisted = np.array([request.registry.canonical(name) is None for name in names], dtype=bool)
    wrong = early(bases, released, request.registry) & unlisted
    own = (~known | wrong) & ~np.isnan(stated) & (names != "").to_numpy(dtype=bool)
    bases = bases.mask(own, names)
    listed_flops = found["flops"].to_numpy(dtype=np.float64, na_value=np.nan)
    # FLOPs stated for a base model that the line is not on are not those of the one found
    fits = np.array([request.registry.canonical(name) for name in table["own"]], dtype=object)
    fits = (pd.isna(fits) | (fits == bases.to_numpy(dtype=object))) & ~np.isnan(stated)
    kept = own | (fits if request.compute == "stated" else False)
    note_far(np.where(kept & ~own, stated, np.nan), bases, request.registry, notes)
    fields = pd.DataFrame(
        {
            "model": pd.Series(table["model"].to_numpy(dtype=object), dtype="str"),
            "base_model": apart(bases, released, request.registry, notes).to_numpy(),
            "stage": pd.Series(_stage(table["type"], found), dtype="str"),
            "flops": np.where(kept, stated, listed_flops),
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
    revisions = given["revision"].tolist() if "revision" in given else [""] * n
    return Placed(fields, found, at_checkpoints(fields, revisions, kept, request.registry, notes))


def _published(
    released: pd.Series, models: pd.Series, found: pd.DataFrame, request: Request, notes: list[str], dates: str
) -> pd.Series:
    """Date base models, and post-trained releases, by the registry where that is earlier; say what the others are.

    A post-trained release never has its base model's date: where its own is not listed, the one given is its latest.
    """
    releases = {name: _release_day(name, request.registry) for name in models.unique()}
    post = models.map(releases)
    is_base = ((found["rule"] == "self").fillna(False) & post.isna()).to_numpy(dtype=bool)
    days = {name: b.released for name in found["base_model"][is_base].unique() if (b := request.registry.get(name))}
    # as objects: a column of nothing but missing dates takes no others
    dated = found["base_model"].map(days).astype(object).where(is_base, post.astype(object))
    listed = pd.to_datetime(dated, errors="coerce").astype("datetime64[ns]")
    earlier = listed.notna() & (released.isna() | (listed < released))
    if dates == "release":
        earlier &= released.isna()
    if earlier.any():
        kinds = ((earlier & post.isna(), "base models"), (earlier & post.notna(), "post-trained releases"))
        for mask, kind in kinds:
            if mask.any():
                notes.append(f"{count(int(mask.sum()), 'row')} of {kind} dated by the registry")
    rest = int((released.notna() & ~earlier).sum())
    if rest and dates != "release":
        notes.append(f"{count(rest, 'row')} dated by {dates}: the model may be older")
    return released.mask(earlier, listed)


def _release_day(name: str, registry: Registry) -> dt.date | None:
    """Return when a post-trained release came out, None where the registry does not list it as one."""
    release = registry.release(name)
    return None if release is None else release.released


def _stage(kinds: pd.Series, found: pd.DataFrame) -> np.ndarray:
    kind = kinds.astype("str").str.casefold().str.replace(r"[^a-z]", "", regex=True)
    pretrained = kind.isin(["pretrained", "continuouslypretrained"]).to_numpy(dtype=bool)
    return np.where(pretrained, "pretrained", np.where((kind == "").to_numpy(dtype=bool), "", "post-trained"))
