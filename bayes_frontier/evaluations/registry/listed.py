"""Models listed with their compute in a CSV: those of the package, and a user's own.

A row is a base model, or with ``base_model`` another one built on it. Rows are found by their names as they stand:
unlike those of ``registry.toml`` they have no patterns, so that a longer name is never taken for one of them.
"""

import csv
import datetime as dt
import io
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.registry.contents import BaseModel, Contents, Release, name_key
from bayes_frontier.text import listed, suggestion

COLUMNS = (
    *("model", "base_model", "names", "developer", "released", "params_b", "active_params_b", "tokens_t", "flops"),
    *("flops_factor", "grade", "access", "teacher", "source"),
)
TEMPLATE = ("model", "base_model", "flops", "flops_factor", "params_b", "tokens_t", "released", "developer")
"""Columns of a file to fill in."""
_LOWEST, _HIGHEST = 1e15, 1e30
_BOUNDS = {
    "params_b": (1e-6, 1e5),
    "active_params_b": (1e-6, 1e5),
    "tokens_t": (1e-6, 1e4),
    "flops": (_LOWEST, _HIGHEST),
    "flops_factor": (1.0, 1e6),
}
_SAME = 1.02
_LARGEST, _LONGEST = 100_000, 300
_UNSTATED = 0.1
WITHIN = 1.6449
"""Standard deviations of its logarithm within which something log-normal lies with probability 0.9."""


def relative(factor: float) -> float:
    """Return the relative standard deviation of what lies within a factor of its estimate with probability 0.9."""
    return math.sqrt(math.expm1(min(math.log(factor) / WITHIN, 20.0) ** 2))


def within(uncertainty: float) -> float:
    """Return the factor of a relative standard deviation: the inverse of `relative`."""
    return math.exp(WITHIN * math.sqrt(math.log1p(uncertainty**2)))


def over(text: str, where: str, under: Contents) -> Contents:
    """Put the models of a CSV over a registry: a base model that it has gets the compute stated here."""
    # a row that says nothing of a model's training is one yet to be filled in
    rows = [row for row in _rows(text, where) if row["base_model"] or any(row[name] == row[name] for name in _BOUNDS)]
    known = {m.name: m for g in under.generations.values() for m in g.models} | dict(under.listed)
    spelled = {name_key(name): m.name for m in known.values() for name in (m.name, *m.aliases)}
    spelled |= {name_key(row["model"]): row["model"] for row in rows if not row["base_model"]}
    bases: dict[str, dict[str, Any]] = {}
    placed, releases = dict(under.placed), dict(under.releases)
    for row in rows:
        name = row["base_model"] or row["model"]
        base = spelled.get(name_key(name)) or name_key(name)
        _join(bases.setdefault(base, {"place": row["place"]}), row)
        if row["base_model"] and name_key(row["model"]) != name_key(base):
            placed[name_key(row["model"])] = base
            if row["released"] is not None:
                releases[name_key(row["model"])] = Release(row["model"], base, row["released"], (row["model"],))
    made = {base: _model(base, said, known.get(base)) for base, said in bases.items()}
    generations = {
        name: replace(g, models=tuple(made.pop(m.name, m) for m in g.models)) for name, g in under.generations.items()
    }
    return replace(under, generations=generations, listed={**under.listed, **made}, placed=placed, releases=releases)


def _rows(text: str, where: str) -> Iterator[dict[str, Any]]:
    """Read the rows, each cell checked."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        unknown = [name for name in header if name not in COLUMNS]
        if "model" not in header or unknown or len(set(header)) < len(header):
            hint = suggestion(unknown[0], COLUMNS) if unknown else ""
            raise DataError(
                f"{where}: its columns are {listed(header, 20)}.{hint} Expected are model and any of "
                f"{', '.join(TEMPLATE[1:])}, each once; `bayes-frontier data identify --template` writes such a file."
            )
        for cells in reader:
            place = f"{where}, line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise DataError(f"{place}: {len(cells)} cells for {len(header)} columns: correct the row.")
            if reader.line_num > _LARGEST:
                raise DataError(f"{place}: too many lines for a list of models; give those that matter.")
            yield _row(dict(zip(header, (cell.strip() for cell in cells), strict=True)), place)
    except csv.Error as error:
        raise DataError(f"{where}, line {reader.line_num}: not CSV ({error}): correct the row.") from None


def _row(cells: dict[str, str], place: str) -> dict[str, Any]:
    row: dict[str, Any] = {name: cells.get(name, "") for name in COLUMNS} | {"place": place}
    for name in ("model", "base_model"):
        if len(row[name]) > _LONGEST or "\x00" in row[name]:
            raise DataError(f"{place}: {name} is no name of a model ({len(row[name])} characters): correct it.")
    if not row["model"]:
        raise DataError(f"{place}: model is empty: name the model, as the evaluations do.")
    for name, (low, high) in _BOUNDS.items():
        words = row[name]
        try:
            row[name] = float(words) if words else math.nan
        except ValueError:
            raise DataError(f"{place}: {name} is {words[:60]!r}, not a number: correct it or leave it empty.") from None
        if words and not low <= row[name] <= high:
            unit = {"params_b": " (1e9)", "active_params_b": " (1e9)", "tokens_t": " (1e12)"}.get(name, "")
            raise DataError(f"{place}: {name} is {words[:60]}, not between {low:g} and {high:g}{unit}: correct it.")
    try:
        row["released"] = dt.date.fromisoformat(row["released"]) if row["released"] else None
    except ValueError:
        raise DataError(f"{place}: released is {row['released'][:60]!r}: write dates as yyyy-mm-dd.") from None
    if row["active_params_b"] > row["params_b"]:
        raise DataError(f"{place}: more active parameters than there are: correct active_params_b or params_b.")
    return row


def _join(said: dict[str, Any], row: dict[str, Any]) -> None:
    """Add what a row says of a base model; what another row says otherwise is an error."""
    own = not row["base_model"] or name_key(row["base_model"]) == name_key(row["model"])
    # parameters, tokens and compute are those of the base model, the rest those of the model itself
    for name in (
        *_BOUNDS,
        *(("names", "developer", "released", "grade", "access", "teacher", "source") if own else ()),
    ):
        value = row[name]
        if not value or value != value:
            continue
        before, place = said.get(name, (value, row["place"]))
        close = isinstance(value, float) and max(value / before, before / value) < _SAME
        if not (close or value == before):
            raise DataError(
                f"{row['place']}: {name} is {value}, but {before} in {place} for the same base model: keep one of them."
            )
        said.setdefault(name, (value, row["place"]))


def _model(name: str, said: dict[str, Any], known: BaseModel | None) -> BaseModel:
    old = known or BaseModel(name, *(math.nan,) * 3, None, name.partition("-")[0], "user", _UNSTATED)
    sizes = ("params_b", "active_params_b", "tokens_t")
    named = ("released", "source", "developer", "grade", "access", "teacher")
    get = {field: said[field][0] if field in said else getattr(old, field) for field in (*sizes, *named)}
    if "active_params_b" not in said and ("params_b" in said or known is None):
        # dense, unless the compute says otherwise
        get["active_params_b"] = math.nan if "flops" in said else get["params_b"]
    product = 6e21 * get["active_params_b"] * get["tokens_t"]
    flops = said["flops"][0] if "flops" in said else product if known is None or set(sizes) & set(said) else old.flops
    if flops != flops:
        raise DataError(
            f"{said['place']}: the compute of {name!r} is not stated, and the registry does not know it: give flops, "
            "or params_b and tokens_t, or a base_model of the registry."
        )
    # 6 N D leaves out attention, and parameters may be rounded: more than that is a contradiction, unless a source is
    # named, which may count epochs, or parameters that are not all active
    dense = 6e21 * get["params_b"] * get["tokens_t"]
    if "flops" in said and not {"active_params_b", "source"} & set(said) and flops > 3 * dense:
        raise DataError(
            f"{said['flops'][1]}: flops is {flops:g}, but 6 x params_b x tokens_t is {dense:g}: more than three "
            "times off. Correct one of them, or leave it out."
        )
    aliases = said["names"][0].split("|") if "names" in said else ()
    return replace(
        old,
        **get,
        stated_flops=flops,
        uncertainty=relative(said["flops_factor"][0]) if "flops_factor" in said else old.uncertainty,
        aliases=(*old.aliases, *aliases),
        sizes=(get["params_b"], *old.sizes) if "params_b" in said else old.sizes,
    )
