"""What a registry file holds: base models, releases, rules and words; its format and its checks."""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.registry.names import name_key, tokens
from bayes_frontier.text import suggestion


@dataclass(frozen=True)
class BaseModel:
    """One base model and the compute of its pre-training.

    Attributes
    ----------
    name : str
        Canonical name, family and size: ``llama-3.1-8b``.
    params_b, active_params_b : float
        Parameters in 1e9, in total and used per token (equal when dense).
    tokens_t : float
        Pre-training tokens the weights have seen, in 1e12, those of a network they were pruned or grown from
        included.
    released : datetime.date or None
        First publication of the weights.
    family : str
        Maker's line, such as ``qwen``.
    source : str
        Whom the numbers follow.
    uncertainty : float
        Relative standard deviation of the FLOPs.
    aliases : tuple of str
        Hub identifiers and other spellings.
    generation : str
        Table of the registry it belongs to, such as ``qwen2.5``.
    sizes : tuple of float
        Every parameter count (1e9) under which it is listed, `params_b` first.
    nominal : tuple of float
        Sizes (1e9) its names state, such as 7 of ``gemma-7b`` with 8.5e9 parameters.
    patterns : tuple of re.Pattern
        What in a name singles it out within its generation.
    note : str
        Where sources differ, and why this one is followed.
    """

    name: str
    params_b: float
    active_params_b: float
    tokens_t: float
    released: dt.date | None
    family: str
    source: str
    uncertainty: float
    aliases: tuple[str, ...] = ()
    generation: str = ""
    sizes: tuple[float, ...] = ()
    nominal: tuple[float, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()
    note: str = ""

    @property
    def flops(self) -> float:
        """Pre-training FLOPs, 6 x active parameters x tokens."""
        return 6.0 * self.active_params_b * 1e9 * self.tokens_t * 1e12


@dataclass(frozen=True)
class Generation:
    """Base models of one spelling, architecture and data, such as Qwen2.5 in seven sizes.

    Attributes
    ----------
    name, family : str
        Its key in the registry and its maker's line.
    patterns : tuple of re.Pattern
        Searched in names as `name_key` writes them.
    architectures : tuple of str
        Class names of transformers without what follows ``For``, ``LMHead`` or ``Model``, the usual one first; empty
        means any.
    related : tuple of str
        Generations tried when no size of this one fits.
    models : tuple of BaseModel
        In the order of the file.
    """

    name: str
    family: str
    patterns: tuple[re.Pattern[str], ...]
    architectures: tuple[str, ...]
    related: tuple[str, ...]
    models: tuple[BaseModel, ...]


@dataclass(frozen=True)
class SizeRule:
    """Placement by architecture, parameters and upload date, of models whose name says nothing.

    Attributes
    ----------
    architecture : str
        As in `Generation.architectures`; "*" is any class that no generation has.
    low, high : float
        Parameters in 1e9, both ends included.
    base : str
        Canonical name.
    confidence : float
        Probability that the placement is right.
    after, before : datetime.date or None
        Uploaded on or after, and before.
    named : re.Pattern or None
        What the name must match.
    either : str
        Another base model of this size and compute, from which nothing tells it.
    """

    architecture: str
    low: float
    high: float
    base: str
    confidence: float
    after: dt.date | None = None
    before: dt.date | None = None
    named: re.Pattern[str] | None = None
    either: str = ""


@dataclass(frozen=True)
class Release:
    """A post-trained model that is known by a name of its own, and was published later than its base model.

    Attributes
    ----------
    name : str
        Hub identifier.
    base : str
        Canonical name of the base model.
    released : datetime.date
        First publication of this release.
    names : tuple of str
        `name` and other spellings.
    """

    name: str
    base: str
    released: dt.date
    names: tuple[str, ...]


# The registry's file format: parsing, checks and messages.

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
    "named": _TEXT,
    "either": _TEXT,
    "note": _TEXT,
}
_RELEASE = {"base": _TEXT, "released": _DATE, "aliases": _TEXTS, "note": _TEXT}
_WORDS = {"neutral": _TEXTS, "variants": _TEXTS, "others": _TEXTS}


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
    if close := suggestion(key, known):
        return close.strip()
    return f"Known: {', '.join(known)}." if len(known) < 20 else "Add it, or correct the name."


@dataclass(frozen=True)
class Contents:
    """What a registry file holds, over that of the registry under it."""

    generations: Mapping[str, Generation] = field(default_factory=dict)
    size_rules: tuple[SizeRule, ...] = ()
    placed: Mapping[str, str] = field(default_factory=dict)
    releases: Mapping[str, Release] = field(default_factory=dict)
    undisclosed: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse(text: str, where: str, under: Contents) -> Contents:
    """Parse and check a registry file."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: not TOML: {error}. Correct the file there.") from None
    top = {
        "generation": _TABLE,
        "size": "a list of tables",
        "placed": _TABLE,
        "releases": _TABLE,
        "undisclosed": _TABLE,
        "words": _TABLE,
    }
    for key in content:
        if key not in top:
            raise DataError(f"{where}: unknown table {key!r}. {_suggest(key, top)}")
    tables, listed = content.get("generation", {}), content.get("size", [])
    if not isinstance(tables, dict):
        raise DataError(f'{where}: generation is {tables!r}; write tables such as [generation."llama-3"].')
    if not isinstance(listed, list):
        raise DataError(f"{where}: size is {listed!r}; write [[size]] above each rule.")
    generations = dict(under.generations)
    for name, values in tables.items():
        generations[name] = _generation(name, values, where, generations.get(name))
    for name, generation in generations.items():
        for other in generation.related:
            if other not in generations:
                raise DataError(
                    f"{where}, generation {name!r}: related names {other!r}, which is no generation. "
                    f"{_suggest(other, generations)}"
                )
    known = {model.name for generation in generations.values() for model in generation.models}
    return Contents(
        generations=generations,
        size_rules=tuple(_rule(i, v, where, known) for i, v in enumerate(listed, start=1)) + under.size_rules,
        placed={**under.placed, **_placed(content.get("placed", {}), where, known)},
        releases={**under.releases, **_releases(content.get("releases", {}), where, known)},
        undisclosed={**under.undisclosed, **_undisclosed(content.get("undisclosed", {}), where)},
        words=_words(content.get("words", {}), where, under.words),
    )


def _releases(values: object, where: str, known: set[str]) -> dict[str, Release]:
    if not isinstance(values, dict):
        raise DataError(f'{where}: releases is {values!r}; write a table [releases] of "org/model" = {{ base = ... }}.')
    made: dict[str, Release] = {}
    for name, settings in values.items():
        place = f"{where}, release {name!r}"
        if not isinstance(settings, dict):
            raise DataError(f'{place}: found {settings!r}; write {{ base = "llama-3.1-8b", released = 2025-01-20 }}.')
        _Entry(place, settings, _RELEASE, ("base", "released")).check()
        if settings["base"] not in known:
            raise DataError(
                f"{place}: base {settings['base']!r} is not in the registry. {_suggest(settings['base'], known)}"
            )
        names = (name, *settings.get("aliases", ()))
        made[name_key(name)] = Release(name, settings["base"], settings["released"], names)
    return made


def _undisclosed(values: object, where: str) -> dict[str, str]:
    if not isinstance(values, dict):
        raise DataError(f'{where}: undisclosed is {values!r}; write a table of lines "name" = "what is not known".')
    for name, reason in values.items():
        if not isinstance(reason, str) or not reason.strip():
            raise DataError(f"{where}, undisclosed, {name!r}: found {reason!r}; say in words what is not known.")
    return dict(values)


def _words(values: object, where: str, under: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    if not isinstance(values, dict):
        raise DataError(f"{where}: words is {values!r}; write a table [words] with the lists {', '.join(_WORDS)}.")
    _Entry(f"{where}, words", values, _WORDS).check()
    return {key: (*under.get(key, ()), *map(str.lower, values.get(key, ()))) for key in _WORDS}


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
    spelled = {
        token.sizes[0] for text in (name, *aliases) for token in tokens(text) if token.kind == "size" and token.sizes
    }
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
        _Entry(place, {"patterns": [values["named"]]}, {}).compiled()[0] if "named" in values else None,
        values.get("either", ""),
    )
