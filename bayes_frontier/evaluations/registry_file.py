"""The registry's file format: parsing, checks and messages."""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.base_models import BaseModel, Generation, SizeRule, name_key, named_sizes

_TEXT, _NUMBER, _DATE = "text", "a positive number", "a date"
_TEXTS, _NUMBERS, _TABLE = "a list of texts", "a list of numbers", "a table"
_SHARED = {"tokens_t": _NUMBER, "released": _DATE, "source": _TEXT, "uncertainty": _NUMBER, "note": _TEXT}
_MODEL = _SHARED | {
    "params_b": _NUMBER,
    "active_params_b": _NUMBER,
    "sizes": _NUMBERS,
    "aliases": _TEXTS,
    "patterns": _TEXTS,
}
_GENERATION = _SHARED | {
    "family": _TEXT,
    "patterns": _TEXTS,
    "architectures": _TEXTS,
    "related": _TEXTS,
    "models": _TABLE,
}
_RULE = {
    "architecture": _TEXT,
    "params_b": _NUMBERS,
    "base": _TEXT,
    "confidence": _NUMBER,
    "after": _DATE,
    "before": _DATE,
    "note": _TEXT,
}


def _number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and value > 0


def _fits(value: object, kind: str) -> bool:
    if kind == _DATE:
        return isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    if kind in (_TEXTS, _NUMBERS):
        item = _number if kind == _NUMBERS else (lambda v: isinstance(v, str) and bool(v.strip()))
        return isinstance(value, list) and all(map(item, value))
    if kind == _NUMBER:
        return _number(value)
    return isinstance(value, dict) if kind == _TABLE else isinstance(value, str) and bool(value.strip())


@dataclass(frozen=True)
class _Entry:
    """One table of the file, and where it stands, for messages."""

    place: str
    values: Mapping[str, Any]
    kinds: Mapping[str, str]
    required: tuple[str, ...] = ()

    def check(self) -> None:
        for key, value in self.values.items():
            if key not in self.kinds:
                raise DataError(f"{self.place}: unknown key {key!r}. {_suggest(key, self.kinds)}")
            if not _fits(value, self.kinds[key]):
                raise DataError(f"{self.place}: {key} is {value!r}; write {self.kinds[key]}.")
        for key in self.required:
            if key not in self.values:
                raise DataError(f"{self.place}: {key} is missing; write {self.kinds[key]}.")

    def compiled(self) -> tuple[re.Pattern[str], ...]:
        try:
            return tuple(re.compile(p) for p in self.values.get("patterns", ()))
        except re.error as error:
            raise DataError(
                f"{self.place}: patterns holds {error.pattern!r}, not a regular expression: {error}."
            ) from None


def _suggest(key: str, known: Iterable[str]) -> str:
    known = sorted(known)
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(known)}." if len(known) < 20 else "Add it, or correct the name."


Parsed = tuple[dict[str, Generation], tuple[SizeRule, ...], dict[str, str]]


def parse(text: str, where: str, under: Mapping[str, Generation]) -> Parsed:
    """Parse and check a registry file.

    Parameters
    ----------
    text : str
        Content of the file, TOML.
    where : str
        What to call the file in messages.
    under : mapping of str to Generation
        Generations it adds to and overrides.

    Returns
    -------
    generations : dict of str to Generation
        Those of `under` with the file's over them.
    rules : tuple of SizeRule
        The file's own size rules.
    placed : dict of str to str
        Canonical base model of each model that the file places itself, by `name_key` of the model's name.

    Raises
    ------
    DataError
        Something in the file cannot be used; the message names the entry and the key.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: not TOML: {error}. Correct the file there.") from None
    top = {"generation": _TABLE, "size": "a list of tables", "placed": _TABLE}
    for key in content:
        if key not in top:
            raise DataError(f"{where}: unknown table {key!r}. {_suggest(key, top)}")
    tables, listed = content.get("generation", {}), content.get("size", [])
    if not isinstance(tables, dict):
        raise DataError(f'{where}: generation is {tables!r}; write tables such as [generation."llama-3"].')
    if not isinstance(listed, list):
        raise DataError(f"{where}: size is {listed!r}; write [[size]] above each rule.")
    generations = dict(under)
    for name, values in tables.items():
        generations[name] = _generation(name, values, where, under.get(name))
    for name, generation in generations.items():
        for other in generation.related:
            if other not in generations:
                raise DataError(
                    f"{where}, generation {name!r}: related names {other!r}, which is no generation. "
                    f"{_suggest(other, generations)}"
                )
    known = {model.name for generation in generations.values() for model in generation.models}
    rules = tuple(_rule(i, values, where, known) for i, values in enumerate(listed, start=1))
    return generations, rules, _placed(content.get("placed", {}), where, known)


def _generation(name: str, values: object, where: str, old: Generation | None) -> Generation:
    place = f"{where}, generation {name!r}"
    if not isinstance(values, dict):
        raise DataError(f'{place}: found {values!r}; write a table, [generation."{name}"].')
    entry = _Entry(place, values, _GENERATION)
    entry.check()
    family = values.get("family", old.family if old else name)
    shared = {k: v for k, v in values.items() if k in _SHARED}
    models = {m.name: m for m in old.models} if old else {}
    for model, settings in values.get("models", {}).items():
        if not isinstance(settings, dict):
            raise DataError(
                f"{place}, model {model!r}: found {settings!r}; write {{ params_b = 7.0, tokens_t = 2.0 }}."
            )
        filled = shared | settings
        each = _Entry(f"{place}, model {model!r}", filled, _MODEL, ("params_b", "tokens_t"))
        each.check()
        models[model] = _model(model, filled, family, name, each.compiled())
    if not models:
        raise DataError(f'{place}: no models; add a table [generation."{name}".models].')
    return Generation(
        name=name,
        family=family,
        patterns=entry.compiled() or (old.patterns if old else ()),
        architectures=tuple(values.get("architectures", old.architectures if old else ())),
        related=tuple(values.get("related", old.related if old else ())),
        models=tuple(models.values()),
    )


def _model(
    name: str, values: Mapping[str, Any], family: str, generation: str, patterns: tuple[re.Pattern[str], ...]
) -> BaseModel:
    aliases = tuple(values.get("aliases", ()))
    spelled = {size for text in (name, *aliases) for size in named_sizes(name_key(text).rpartition("/")[2])}
    return BaseModel(
        name=name,
        params_b=float(values["params_b"]),
        active_params_b=float(values.get("active_params_b", values["params_b"])),
        tokens_t=float(values["tokens_t"]),
        released=values.get("released"),
        family=family,
        source=values.get("source", "user"),
        uncertainty=float(values.get("uncertainty", 0.1)),
        aliases=aliases,
        generation=generation,
        sizes=(float(values["params_b"]), *map(float, values.get("sizes", ()))),
        nominal=tuple(sorted(spelled)),
        patterns=patterns,
        note=values.get("note", ""),
    )


def _placed(values: object, where: str, known: set[str]) -> dict[str, str]:
    if not isinstance(values, dict):
        raise DataError(f'{where}: placed is {values!r}; write a table [placed] of lines "org/model" = "base model".')
    for model, base in values.items():
        if not isinstance(base, str) or base not in known:
            raise DataError(
                f"{where}, placed, model {model!r}: {base!r} is not in the registry. {_suggest(str(base), known)}"
            )
    return {name_key(model): base for model, base in values.items()}


def _rule(number: int, values: object, where: str, known: set[str]) -> SizeRule:
    place = f"{where}, size rule {number}"
    if not isinstance(values, dict):
        raise DataError(f"{place}: found {values!r}; write a table under [[size]].")
    _Entry(place, values, _RULE, ("architecture", "params_b", "base", "confidence")).check()
    bounds, base, confidence = values["params_b"], values["base"], float(values["confidence"])
    if len(bounds) != 2 or bounds[0] > bounds[1]:
        raise DataError(f"{place}: params_b is {bounds!r}; write [lowest, highest] in 1e9.")
    if base not in known:
        raise DataError(f"{place}: base {base!r} is not in the registry. {_suggest(base, known)}")
    if confidence > 1:
        raise DataError(f"{place}: confidence is {confidence!r}; write a probability, at most 1.")
    return SizeRule(
        values["architecture"],
        float(bounds[0]),
        float(bounds[1]),
        base,
        confidence,
        values.get("after"),
        values.get("before"),
    )
