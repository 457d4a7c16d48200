"""What the registry holds, how its TOML file is read and checked, and the tokens that names are made of."""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bayes_frontier.errors import DataError
from bayes_frontier.text import suggestion

_LONGEST = 300
# A commit, the folder of a cache, or the file of quantised weights.
_NOT_A_NAME = re.compile(r"[0-9a-f]{40}|snapshots|model\.safetensors|pytorch_model\.bin", re.IGNORECASE)
# Q4_K_M, IQ3_XXS, Q8_0
_QUANTISED = re.compile(r"[-_.]i?q[2-8](?:_k)?(?:_(?:xxs|xs|s|m|l|xl|[01]))?$")
_DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]([01]\d)[-_.]([0-3]\d)(?!\d)")
_TWO = re.compile(r"\s(?:\+|and|&|/)\s")
_TOKEN = re.compile(
    r"(?P<experts>\d+x\d+(?:\.\d+)?[bm](?![a-z0-9])|\d+(?:\.\d+)?[bm]x\d+(?![\d.]*[a-z]))"
    r"|(?P<tokens>\d+(?:\.\d+)?(?:t|(?<=\d\d)bt|gtokens)(?![a-z0-9]))"
    r"|(?P<size>\d+(?:\.\d+)?[bm](?:\d(?!\d|[a-z]))?(?![a-z0-9]))"
    r"|(?P<number>\d+(?:\.\d+)*)"
    r"|(?P<word>[^\W\d_]+)"
)
_MONTHS = re.compile(r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*")


@dataclass(frozen=True)
class Token:
    """One word, number, size or count of experts of a name.

    * kind: "active" is the size a token passes through (``a3b``), "effective" one of another count (``e4b``),
      "tokens" a number of tokens seen (``1.5T``, ``92bt``)
    * text: in lower case
    * fused: whether it follows the one before without a separator, as 3 does in ``llama3``
    * sizes: parameters (1e9) it states: several where it can be read in several ways (``1_8b`` is 8 or 1.8); tokens
      (1e12)
    """

    kind: str
    text: str
    fused: bool
    sizes: tuple[float, ...] = ()


def name_key(name: str) -> str:
    """Write a model's name as the registry's patterns expect it: lower case, hyphens, no slash at the end."""
    return re.sub(r"[\s_]+", "-", name[:_LONGEST].strip().rstrip("/\\").strip().lower())


@lru_cache(maxsize=50_000)
def last_part(name: str) -> str:
    """Return the part of a path, address or identifier that is the model's name, in lower case."""
    text = name[:_LONGEST].strip().lower().partition("@")[0]
    parts = [part.strip() for part in re.split(r"(?<!\s)[/\\]|[/\\](?!\s)", text)]
    kept = [part for part in parts if part and not _NOT_A_NAME.fullmatch(part)]
    last = kept[-1] if kept else ""
    if "models--" in "/".join(kept):
        last = next(part for part in reversed(kept) if "models--" in part).rpartition("--")[2]
    last = re.sub(r"(?<=\w)\+(?!\s*\w)", "-plus", last)
    last = _DAY.sub(r"\1\2\3", _QUANTISED.sub("", last))
    return last.replace(":", "-").strip(" -_.")


def several(name: str) -> bool:
    """Tell whether a name joins those of two models."""
    return bool(_TWO.search(name[:_LONGEST]))


@lru_cache(maxsize=50_000)
def tokens(name: str) -> tuple[Token, ...]:
    """Split the last part of a name into words, numbers and sizes."""
    text = last_part(name)
    found: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        kind, words = match.lastgroup or "word", match.group()
        fused = bool(found) and match.start() == end
        end = match.end()
        if kind == "size":
            kind, before = _kind_of_size(found, fused)
            if kind != "size":
                found = found[:-1]
                words = before + words
            elif before == "v":
                kind = "number"
            sizes = _sizes(
                words.removeprefix(before) if kind in ("active", "effective") else words, text, match.start()
            )
            # what is too small or too large for a model is a context or a corpus: 1m, 350b tokens
            found.append(Token(kind if sizes and kind != "number" else "number", words, fused, sizes))
        else:
            if turned := re.fullmatch(r"(.*[bm])x(\d+)", words):
                words = f"{turned[2]}x{turned[1]}"
            seen = (_of_tokens(words),) if kind == "tokens" else ()
            found.append(Token(kind, words, fused, _of_experts(words) if kind == "experts" else seen))
    return tuple(found)


def _kind_of_size(found: list[Token], fused: bool) -> tuple[str, str]:
    before = found[-1].text if fused and found[-1].kind == "word" else ""
    return {"a": "active", "e": "effective"}.get(before, "size"), before


def _sizes(words: str, text: str, start: int) -> tuple[float, ...]:
    number, unit, digit = re.fullmatch(r"(\d+(?:\.\d+)?)([bm])(\d?)", words).groups()  # type: ignore[union-attr]
    scale = 1.0 if unit == "b" else 1e-3
    value = float(f"{number}.{digit}") if digit and "." not in number else float(number)
    readings = [value * scale]
    # An underscore may stand for the point: stablelm-2-1_6b.
    if not digit and (before := re.search(r"(?<![\d.])(\d)_$", text[:start])) and "." not in number:
        readings.append(float(f"{before[1]}.{number}") * scale)
    return tuple(size for size in readings if 0.01 <= size <= 5000)


def _of_experts(words: str) -> tuple[float, ...]:
    sizes = re.findall(r"(\d+(?:\.\d+)?)([bm])", words)
    return tuple(float(number) * (1.0 if unit == "b" else 1e-3) for number, unit in sizes)


def _of_tokens(words: str) -> float:
    number = float(words.rstrip("abcdefghijklmnopqrstuvwxyz"))
    return number if words.endswith("t") and not words.endswith("bt") else 1e-3 * number


def named_sizes(name: str) -> tuple[float, ...]:
    """Parameter counts (1e9) a name states, such as 7 and 0.135 of ``a-7b`` and ``b-135m``."""
    return tuple(size for token in tokens(name) if token.kind == "size" for size in token.sizes)


def experts(name: str) -> frozenset[str]:
    """Return the mixtures a name states, such as ``8x7b``."""
    return frozenset(token.text for token in tokens(name) if token.kind == "experts")


def expert_count(name: str) -> int | None:
    """Return the number of experts a name states, such as 128 of ``17b-128e``."""
    found = re.search(r"(?<![a-z0-9])\d+b[-_ ](\d+)e(?![a-z0-9])", last_part(name))
    return int(found[1]) if found else None


def is_date(token: Token) -> bool:
    """Tell whether a token is (part of) a date, as 2407, 20240620 and Mar are."""
    if token.kind == "word":
        return bool(_MONTHS.fullmatch(token.text))
    return token.kind == "number" and token.text.isdigit() and len(token.text) in (4, 6, 8)


# What a registry file holds: base models, releases, rules and words; its format and its checks.


@dataclass(frozen=True)
class BaseModel:
    """One base model and the compute of its pre-training.

    * name: canonical name, family and size: ``llama-3.1-8b``
    * params_b, active_params_b: parameters in 1e9, in total and used per token (equal when dense)
    * tokens_t: pre-training tokens the weights have seen, in 1e12, those of a network they were pruned or grown
      from included
    * released: first publication of the weights
    * family: maker's line, such as ``qwen``
    * source: whom the numbers follow
    * uncertainty: relative standard deviation of the FLOPs
    * aliases: hub identifiers and other spellings
    * generation: table of the registry it belongs to, such as ``qwen2.5``
    * sizes: every parameter count (1e9) under which it is listed, `params_b` first
    * nominal: sizes (1e9) its names state, such as 7 of ``gemma-7b`` with 8.5e9 parameters
    * patterns: what in a name singles it out within its generation
    * note: where sources differ, and why this one is followed
    * stated_flops: compute as stated, where it is not 6 x active parameters x tokens; NaN elsewhere. Of models listed
      with their compute alone, parameters and tokens are NaN where they are unknown
    * developer, grade, access: its maker, how sure the compute is (confident, likely, speculative), open or closed
    * teacher: what it was distilled from, "" where that is not documented
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
    stated_flops: float = math.nan
    developer: str = ""
    grade: str = ""
    access: str = ""
    teacher: str = ""

    @property
    def flops(self) -> float:
        """Pre-training FLOPs as stated, else 6 x active parameters x tokens."""
        if self.stated_flops == self.stated_flops:
            return self.stated_flops
        return 6.0 * self.active_params_b * 1e9 * self.tokens_t * 1e12


@dataclass(frozen=True)
class Generation:
    """Base models of one spelling, architecture and data, such as Qwen2.5 in seven sizes.

    * name, family: its key in the registry and its maker's line
    * patterns: searched in names as `name_key` writes them
    * architectures: class names of transformers without what follows ``For``, ``LMHead`` or ``Model``, the usual
      one first; empty means any
    * related: generations tried when no size of this one fits
    * models: in the order of the file
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

    * architecture: as in `Generation.architectures`; "*" is any class that no generation has
    * low, high: parameters in 1e9, both ends included
    * base: canonical name
    * confidence: probability that the placement is right
    * after, before: uploaded on or after, and before
    * named: what the name must match
    * either: another base model of this size and compute, from which nothing tells it
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

    * name: hub identifier
    * base: canonical name of the base model
    * released: first publication of this release
    * names: `name` and other spellings
    * teacher: whose answers it was trained on, "" where that is not documented
    """

    name: str
    base: str
    released: dt.date
    names: tuple[str, ...]
    teacher: str = ""


# The registry's file format: parsing, checks and messages.

_TEXT, _NUMBER, _DATE = "text", "a positive number", "a date"
_TEXTS, _NUMBERS, _TABLE = "a list of texts", "a list of numbers", "a table"
_SHARED = {
    "tokens_t": _NUMBER,
    "released": _DATE,
    "source": _TEXT,
    "uncertainty": _NUMBER,
    "note": _TEXT,
    "teacher": _TEXT,
}
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
_RELEASE = {"base": _TEXT, "released": _DATE, "aliases": _TEXTS, "note": _TEXT, "teacher": _TEXT}
_WORDS = {"neutral": _TEXTS, "variants": _TEXTS, "others": _TEXTS, "common": _TEXTS}


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
    """What a registry file holds, over that of the registry under it; `listed` are models found by name alone."""

    generations: Mapping[str, Generation] = field(default_factory=dict)
    size_rules: tuple[SizeRule, ...] = ()
    placed: Mapping[str, str] = field(default_factory=dict)
    releases: Mapping[str, Release] = field(default_factory=dict)
    undisclosed: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    listed: Mapping[str, BaseModel] = field(default_factory=dict)


def parse(text: str, where: str, under: Contents) -> Contents:
    """Parse and check a registry file."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
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
    known = {model.name for generation in generations.values() for model in generation.models} | set(under.listed)
    return Contents(
        generations=generations,
        size_rules=tuple(_rule(i, v, where, known) for i, v in enumerate(listed, start=1)) + under.size_rules,
        placed={**under.placed, **_placed(content.get("placed", {}), where, known)},
        releases={**under.releases, **_releases(content.get("releases", {}), where, known)},
        undisclosed={**under.undisclosed, **_undisclosed(content.get("undisclosed", {}), where)},
        words=_words(content.get("words", {}), where, under.words),
        listed=under.listed,
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
        teacher = settings.get("teacher", "")
        made[name_key(name)] = Release(name, settings["base"], settings["released"], names, teacher)
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
        teacher=values.get("teacher", ""),
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
