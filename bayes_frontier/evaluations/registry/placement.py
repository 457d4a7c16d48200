"""What a name, an architecture, a size and a date say about the base model of a row."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.registry.claims import size_agrees, vocabulary_of
from bayes_frontier.evaluations.registry.contents import (
    BaseModel,
    Generation,
    Release,
    SizeRule,
    experts,
    last_part,
    name_key,
    named_sizes,
    tokens,
)
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.text import count

LEAD = dt.timedelta(days=14)
"""Hub repositories are often created, and shared with partners, this long before a release."""

EARLY = " (dated before its release)"
"""Ending of the name under which models older than their stated base are kept."""

_NO_BASE = frozenset({"unknown", "removed"})


def resolve_bases(names: pd.Series, released: pd.Series | None, registry: Registry) -> pd.Series:
    """Return the base each model counts for: canonical, and possible at its date.

    A model dated more than `LEAD` before the release of its base cannot descend from it: another generation
    of that size is meant (``qwen2.5-14b`` of a model of May 2024 is Qwen1.5 14B), or the date is wrong. Its
    base becomes ``"<base> (dated before its release)"``, so that it does not inform the base.
    """
    bases = canonical_names(names, registry)
    if released is None or not (mask := early(bases, released, registry)).any():
        return bases
    return bases.mask(mask, bases + EARLY)


def canonical_names(names: pd.Series, registry: Registry) -> pd.Series:
    """Return base names made canonical through the registry."""
    codes, values = pd.factorize(names)
    # the code of a missing name, -1, finds the last entry
    table = np.array([*(_canonical(str(name).strip(), registry) for name in values), ""], dtype=object)
    return pd.Series(table[codes], index=names.index, dtype="str", name=names.name)


def _canonical(name: str, registry: Registry) -> str:
    if name.casefold() in _NO_BASE:
        return ""
    return (registry.canonical(name) or name) if name else ""


def early(bases: pd.Series, released: pd.Series, registry: Registry) -> npt.NDArray[np.bool_]:
    """Tell which models are dated more than `LEAD` before the release of their base."""
    if len(bases) != len(released):
        raise DataError(f"released: {len(released):,} dates for {len(bases):,} base names; give one date a model.")
    try:
        days = pd.to_datetime(released, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")
    except (ValueError, TypeError) as error:
        raise DataError(f"released: a date cannot be read ({error}). Write dates as yyyy-mm-dd.") from None
    codes, values = pd.factorize(bases)
    known = [registry.get(name) for name in values]
    first = np.array([base.released if base else None for base in known], dtype="datetime64[D]")
    return np.asarray(first[codes] - days > np.timedelta64(LEAD), dtype=bool)


def note_early(bases: pd.Series, mask: npt.NDArray[np.bool_]) -> str:
    """Describe the models set apart."""
    counts = bases[mask].value_counts()
    which = ", ".join(f"{base} ({n:,})" for base, n in counts.items())
    return (
        f"{count(int(mask.sum()), 'row')} dated more than {LEAD.days} days before the release of the stated "
        f"base model, so of another base or date: {which}; kept apart as '<base>{EARLY}'"
    )


# What one row says about its base model: names, architecture, size, date.

_SAME_SIZE, _SAME, _IDENTICAL = 0.015, 0.002, 0.0005
# Of a size in a name, what a larger vocabulary adds, and what packing and pruning leave.
_VOCABULARY, _PACKED, _UNPACKED, _DOUBLED = 1.12, 0.22, 1.5, 2.1
_QUANTISED = re.compile(r"gptq|awq|gguf|bnb|[48]-?bit|int[48]")
# Post-training by anybody, whose llama-7b may be of any generation; llama-7b-hf is the maker's own.
_TUNED = frozenset({"lora", "qlora", "peft", "adapter", "merged", "finetune", "finetuned", "finetuning", "tuned", "ft"})
_TUNED |= {"sft", "dpo", "orpo", "kto", "ppo", "rlhf", "grpo", "simpo"}
# Less than of a name that states generation and size: of the 46 rows of Proteus-2k where both disagree, names are
# right in all but a few (reports/identification).
_MAPPED = 0.96


@dataclass(frozen=True)
class Evidence:
    """One reason to place a row.

    * base: where
    * rule: why, as in `identify`
    * strength: which of several reasons counts: the strongest. No probability
    * kind: what agrees, by which confidence is measured: see `identify.MEASURED`
    * words: what decided
    * against: what in the row speaks against it, without being enough
    * release: the post-trained release that the row is, where it is a known one
    """

    base: BaseModel
    rule: str
    strength: float
    kind: str
    words: str = ""
    against: tuple[str, ...] = ()
    release: Release | None = None


@dataclass(frozen=True)
class Refusal:
    """A base model that a row was not placed on, and what spoke against it."""

    base: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One row as the rules see it.

    * model, base_field: hub names, empty when absent; a base field that says nothing counts as absent
    * architecture: class name without its ending, such as ``Qwen2``
    * params_b: parameters in 1e9; NaN when unknown
    * released: date of upload
    * pretrained: whether it is said to be no fine-tune
    * mapped: hub name of the base that the table's publisher assigned, empty when absent
    """

    model: str
    base_field: str
    architecture: str
    params_b: float
    released: dt.date | None
    pretrained: bool
    mapped: str = ""


class Matcher:
    """Collector of evidence from one row at a time; remembers what it found in texts.

    * registry: base models, patterns and size rules
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.vocabulary = vocabulary_of(registry)
        self._bases = {rule.base: cast(BaseModel, registry.get(rule.base)) for rule in registry.size_rules}
        self.known_cores = {a for g in registry.generations.values() for a in g.architectures}
        self.known_cores |= {rule.architecture for rule in registry.size_rules} - {"*"}
        self._matches: dict[str, tuple[tuple[Generation, str], ...]] = {}

    def evidence(self, row: Row) -> tuple[list[Evidence], list[Refusal]]:
        """Collect all that a row says about its base model, and what it was not placed on for a contradiction."""
        found: list[Evidence] = []
        refused: list[Refusal] = []
        if not row.model:
            return found, refused
        reviewed = self.registry.get(self.registry.placed.get(name_key(row.model)))
        if reviewed is not None:
            return [Evidence(reviewed, "reviewed", 2.0, "reviewed", "its name in [placed]")], refused
        alone = self.registry.get(row.model)
        if alone is not None and not alone.generation:
            return [Evidence(alone, "self", 1.5, "listed", f"listed as {alone.name}")], refused
        if isinstance(self.vocabulary.whole(row.model), str):
            return found, refused
        found += self._listed(row)
        for text, rule, best in ((row.base_field, "base", 0.99), (row.mapped, "mapped", _MAPPED)):
            if text:
                found += self._stated(text, rule, best, row, refused)
        if not any(e.rule in ("self", "release") for e in found):
            found += self._named(row.model, row, "name", 1.0, refused)
            found += self._by_size(row, refused)
        return found, refused

    def _listed(self, row: Row) -> list[Evidence]:
        """Evidence of a name that the registry lists, as it stands or without what changes nothing."""
        known: BaseModel | Release | str | None = self.registry.release(row.model) or self.registry.get(row.model)
        exact = known is not None
        if known is None:
            known = self.vocabulary.whole(row.model)
        if known is None or isinstance(known, str):
            return []
        # what only resembles a release, as a fine-tune or a quantised copy of it does, is not it
        release = known if exact and isinstance(known, Release) else None
        base = cast(BaseModel, self.registry.get(known.base if isinstance(known, Release) else known.name))
        if not (self.registry.lists(row.model) or self._plausible(base, row)):
            return []
        tuned = not exact and any(token.text in _TUNED for token in tokens(row.model))
        if tuned and not self._makers(row.model, base) and self._unsaid(row.model, row, base):
            return []
        if release is not None and (row.released is None or release.released - row.released <= LEAD):
            return [Evidence(base, "release", 1.5, "listed", f"release {release.name}", release=release)]
        if exact and release is None:
            return [Evidence(base, "self", 1.5, "listed", f"listed as {base.name}")]
        if not _possible(base, row):
            return []
        return [Evidence(base, "name", 0.985, "whole name", f"{last_part(row.model)} is {base.name}")]

    def _stated(self, text: str, rule: str, best: float, row: Row, refused: list[Refusal]) -> list[Evidence]:
        """Evidence of a base model that the table states, or of another model's name in its place."""
        known = self.registry.get(text)
        if known is None and isinstance(whole := self.vocabulary.whole(text), BaseModel | Release):
            known = self.registry.get(whole.base if isinstance(whole, Release) else whole.name)
        if known is None:
            return self._named(text, row, "base-name" if rule == "base" else rule, best, refused)
        if rule == "mapped" and (not _possible(known, row) or self.vocabulary.whole(row.model) not in (None, known)):
            return []
        strength, size = self.agreement(known, row, best)
        classed = row.architecture in self.known_cores
        against = self.vocabulary.against(row.model, known, sized=size == "size", classed=classed, stated=True)
        if against:
            refused.append(Refusal(known.name, against))
            return []
        return [Evidence(known, rule, strength, f"stated, {size}", f"{text} is stated")]

    def agreement(self, base: BaseModel, row: Row, best: float) -> tuple[float, str]:
        """Judge a stated base by the row's architecture and size: how strong, and what agrees."""
        if not base.generation:
            return best - 0.02, "no size"
        if not self.speaks(self.registry.generations[base.generation], row.architecture):
            return min(best, 0.6), "other class"
        if not row.params_b > 0:
            return best - 0.02, "no size"
        if _distance(row.params_b, base.sizes) <= _SAME_SIZE:
            return best, "size"
        ratio = row.params_b / base.params_b
        if row.architecture not in self.known_cores and 0.2 < ratio < 2.6:
            return best - 0.03, "near size"
        return (best - 0.07, "near size") if _PACKED < ratio < 4.0 else (min(best, 0.55), "other size")

    def generations(self, text: str) -> tuple[tuple[Generation, str], ...]:
        """Find the generations a name mentions, and the words by which it does."""
        if text not in self._matches:
            name = _for_patterns(text)
            hits = []
            for generation in self.registry.generations.values():
                words = [m.group() for p in generation.patterns if (m := p.search(name))]
                if words:
                    hits.append((generation, max(words, key=len)))
            self._matches[text] = tuple(hits)
        return self._matches[text]

    def speaks(self, generation: Generation, core: str) -> bool:
        """Tell whether models of a generation come in this class, as far as the class is known."""
        return core not in self.known_cores or not generation.architectures or core in generation.architectures

    def _makers(self, name: str, base: BaseModel) -> bool:
        """Tell whether a name has no organisation, or one that the registry lists the base model under."""
        spelled = {alias.partition("/")[0].lower() for alias in base.aliases if "/" in alias}
        return "/" not in name or name.partition("/")[0].lower() in spelled

    def _others(self, row: Row, base: BaseModel) -> list[BaseModel]:
        """List the base models of other generations that the row's class, size and date allow."""
        return [
            m
            for generation in self.registry.generations.values()
            if generation.name != base.generation and self.speaks(generation, row.architecture)
            for m in generation.models
            if _possible(m, row) and not (_exact(row) and _distance(row.params_b, m.sizes) > _SAME_SIZE)
        ]

    def _unsaid(self, name: str, row: Row, base: BaseModel) -> bool:
        return self.vocabulary.unsaid(name, base, self._others(row, base))

    def _plausible(self, base: BaseModel, row: Row) -> bool:
        return self.agreement(base, row, 1.0)[0] > 0.6

    def _named(self, text: str, row: Row, rule: str, factor: float, refused: list[Refusal]) -> list[Evidence]:
        hits = [(g, words) for g, words in self.generations(text) if self.speaks(g, row.architecture)]
        labels, classed = named_sizes(text), row.architecture in self.known_cores
        found = []
        for generation, words in hits:
            placed = self._place(generation, text, labels, row)
            if placed is None:
                continue
            base, strength, size = placed
            sized = size in ("size", "related size")
            against = self.vocabulary.against(text, base, sized=sized, classed=classed)
            if rule != "name":
                against += self.vocabulary.against(row.model, base, sized=sized, classed=classed, stated=True)
            stated = self.vocabulary.states(text, base)
            if not stated and not sized and self.vocabulary.foreign(text, base):
                against += self.vocabulary.foreign(text, base)
            if rival := self.vocabulary.rival(text, base):
                against += (rival,)
            others = self._others(row, base)
            if size == "near size":
                against += self.vocabulary.foreign(text, base, before=True)
            against += _told_finer(text, base)
            if classed and _exact(row) and _distance(row.params_b, base.sizes + base.nominal) > _SAME:
                identical = [m.name for m in others if _distance(row.params_b, m.sizes) < _IDENTICAL]
                against += tuple(f"the size of {name}" for name in identical[:1])
            bare = set(re.findall(r"[a-z]{2,}", words)) == {self.vocabulary.line_of.get(base.name)}
            if rule == "name" and bare and not self._makers(text, base) and self._unsaid(text, row, base):
                against += ("no generation said",)
            if against:
                refused.append(Refusal(base.name, tuple(dict.fromkeys(against))))
                continue
            # A name alone must say line and generation as the registry does, or be that of a known fine-tune.
            compound = not stated and self.vocabulary.line_of.get(base.name, "?") in words
            if not row.params_b > 0 and compound and row.architecture not in self.known_cores:
                refused.append(Refusal(base.name, ("no generation said",)))
                continue
            if stated and (twin := self.vocabulary.twin(text, base, others)):
                size, words = "either", f"{words}, or {twin.name}"
            kind = f"{'generation' if stated else 'words'}, {size}"
            # what the name says outright counts before what is known of words in it
            said = (0.005 if stated else 0.0) + 1e-5 * min(len(words), 99)
            found.append(Evidence(base, rule, factor * strength + said, kind, words))
        return found

    def _place(
        self, generation: Generation, text: str, labels: Sequence[float], row: Row
    ) -> tuple[BaseModel, float, str] | None:
        """Choose the size of a named generation, among those published when the row was uploaded."""
        there = [m for m in generation.models if _possible(m, row)]
        if not there:
            return None
        models = _singled_out(there, _for_patterns(text))
        known = row.params_b > 0
        exact = _of_size(models, row) or _of_size(there, row)
        mixture = experts(text)
        labelled = [m for m in models if mixture & self.vocabulary.experts_of(m)]
        if not mixture:
            labelled = [m for m in models if any(size_agrees(size, m) for size in labels)]
        label = next((m for m in labelled if any(size in m.nominal for size in labels)), next(iter(labelled), None))
        said_otherwise = label is not exact and (label is not None or (exact is not None and not _agree(labels, exact)))
        if known and not _exact(row) and said_otherwise:
            # counted in whole numbers, 1.4 is 1: the name knows better
            exact = None
        if exact is not None:
            near = 0.97 - _distance(row.params_b, exact.sizes + exact.nominal)
            if label is exact:
                return exact, near, "size"
            return exact, near - (0.02 if not labels else 0.04 if label is None else 0.12), "size"
        if known and label is None and row.architecture in self.known_cores:
            for other in generation.related:
                relative = self.registry.generations[other]
                early_enough = [m for m in relative.models if _possible(m, row)]
                fitting = _of_size(early_enough, row) if self.speaks(relative, row.architecture) else None
                if fitting is not None:
                    return fitting, 0.82, "related size"
        if label is not None:
            unclear = row.architecture not in self.known_cores
            widest = _DOUBLED if unclear else _UNPACKED if _QUANTISED.search(text.lower()) else _VOCABULARY
            fits = not known or _PACKED < row.params_b / label.params_b < widest
            return (label, 0.88, "near size" if known else "size said") if fits else None
        if not known and not labels and not mixture:
            name = _for_patterns(text)
            called = _singled_out(there, name, only=True) or [m for m in there if not m.patterns]
            only = self.vocabulary.unsized(text, called) if called else None
            return None if only is None else (only, 0.85, "one size")
        whole = _of_whole_size(models, row) if not labels and not mixture else None
        if whole is not None:
            return whole, 0.85, "whole size"
        packed = None if labels or mixture else _repacked(models, row, doubled=row.architecture not in self.known_cores)
        return None if packed is None else (packed, 0.85, "packed size")

    def _by_size(self, row: Row, refused: list[Refusal]) -> list[Evidence]:
        """Evidence from the size rules: the row's parameters, twice them, or else the size in its name."""
        if not row.params_b > 0:
            return []
        # A model said to be trained from scratch, yet of a known size, may be anything of that size.
        doubt = 0.7 if row.pretrained else 1.0
        unknown = row.architecture != "" and row.architecture not in self.known_cores
        candidates = (
            r for r in self.registry.size_rules if r.architecture in (row.architecture, "*" if unknown else "")
        )
        rules = [r for r in candidates if _in_time(r, self._base(r), row) and _named(r, row)]
        labels, either = named_sizes(row.model), ""
        placed: tuple[BaseModel, float, str] | None = None
        for rule in rules:
            if rule.low <= row.params_b <= rule.high:
                kind = "sure" if rule.confidence >= _SURE_RULE else "likely"
                placed = self._base(rule), rule.confidence, "either" if rule.either else kind
                either = f", or {rule.either}" if rule.either else ""
                break
        if placed is None and self._has_size(row):
            return []
        if placed is None:
            rules = [r for r in rules if self._base(r).active_params_b == self._base(r).params_b]
            for label in labels:
                for rule in rules:
                    base = self._base(rule)
                    if _distance(label, base.nominal) <= 0.01 and 0.25 < row.params_b / base.params_b < 0.65:
                        placed = placed or (base, 0.75 * rule.confidence, "packed")
        if placed is None and not labels:
            packed = _repacked([self._base(rule) for rule in rules], row)
            placed = None if packed is None else (packed, 0.6, "packed")
        if placed is None:
            return []
        base, strength, kind = placed
        against = self.vocabulary.against(
            row.model, base, sized=kind != "packed", classed=row.architecture in self.known_cores
        )
        against += (*self.vocabulary.foreign(row.model, base), *_told_finer(row.model, base))
        if not _exact(row) and not _agree(labels, base):
            # a whole number fits more than one size: 13 may be 13.6
            against += tuple(f"{size:g}b" for size in labels)
        if against:
            refused.append(Refusal(base.name, against))
            return []
        if row.pretrained:
            kind = "from scratch"
        words = f"{row.architecture}, {row.params_b:g}e9 parameters{either}"
        return [Evidence(base, "size", doubt * strength, f"class and size, {kind}", words)]

    def _has_size(self, row: Row) -> bool:
        """Tell whether base models of the row's class have its size, so that it needs no other reading."""
        named = [g for g in self.registry.generations.values() if row.architecture in g.architectures]
        sizes = [size for g in named for m in g.models if _possible(m, row) for size in m.sizes]
        return _exact(row) and _distance(row.params_b, sizes) < _IDENTICAL

    def _base(self, rule: SizeRule) -> BaseModel:
        return self._bases[rule.base]


_SURE_RULE = 0.8


def _for_patterns(text: str) -> str:
    return name_key(last_part(text)) or name_key(text)


def _possible(base: BaseModel, row: Row) -> bool:
    """Tell whether the base was published when the row was uploaded, as far as both dates are known."""
    return row.released is None or base.released is None or base.released - row.released <= LEAD


def _named(rule: SizeRule, row: Row) -> bool:
    return rule.named is None or bool(rule.named.search(_for_patterns(row.model)))


def _in_time(rule: SizeRule, base: BaseModel, row: Row) -> bool:
    if not _possible(base, row):
        return False
    if rule.after is not None and (row.released is None or row.released < rule.after):
        return False
    return rule.before is None or (row.released is not None and row.released < rule.before)


def _singled_out(models: Sequence[BaseModel], name: str, *, only: bool = False) -> Sequence[BaseModel]:
    """Keep the models a name singles out; where it does not, put those that need no singling out first."""
    special = [m for m in models if any(p.search(name) for p in m.patterns)]
    if only:
        return special
    return special or sorted(models, key=lambda m: bool(m.patterns))


def _told_finer(name: str, base: BaseModel) -> tuple[str, ...]:
    """Find sizes that a name states to two digits after the point, and that are not the base model's."""
    fine = [t for t in tokens(name) if t.kind == "size" and re.fullmatch(r"[1-9]\d*\.\d{2,}b", t.text)]
    return tuple(t.text for t in fine if not _agree(t.sizes, base))


def _exact(row: Row) -> bool:
    return row.params_b > 0 and row.params_b != int(row.params_b)


def _agree(labels: Sequence[float], base: BaseModel) -> bool:
    return not labels or any(size_agrees(size, base) for size in labels)


def _of_size(models: Sequence[BaseModel], row: Row) -> BaseModel | None:
    """Find the model with the row's parameter count, or with the rounded count a name would state."""
    if not row.params_b > 0:
        return None
    found = _nearest(models, lambda m: _distance(row.params_b, m.sizes), _SAME_SIZE)
    return found or _nearest(models, lambda m: _distance(row.params_b, m.nominal), 0.001)


def _of_whole_size(models: Sequence[BaseModel], row: Row) -> BaseModel | None:
    """Find the only model whose parameters, cut or rounded to a whole number, are the row's."""
    if not (row.params_b >= 1 and row.params_b == int(row.params_b)):
        return None
    fitting = [m for m in models if int(row.params_b) in (int(m.params_b), round(m.params_b))]
    return fitting[0] if len(fitting) == 1 else None


def _repacked(models: Sequence[BaseModel], row: Row, doubled: bool = False) -> BaseModel | None:
    """Find the model of twice the row's count (packed weights are counted two for one), or of half of it."""
    if not row.params_b > 0:
        return None
    for factor in (2.0, 0.5) if doubled else (2.0,):
        size = factor * row.params_b
        found = _nearest(models, lambda m, size=size: _distance(size, m.sizes), _SAME)  # type: ignore[misc]
        if found is not None:
            return found
    return None


def _nearest(models: Sequence[BaseModel], distance: Callable[[BaseModel], float], limit: float) -> BaseModel | None:
    scored = [(distance(m), i) for i, m in enumerate(models)]
    value, i = min(scored, default=(math.inf, 0))
    return models[i] if value <= limit else None


def _distance(size: float, sizes: Sequence[float]) -> float:
    return min((abs(math.log(size / s)) for s in sizes), default=math.inf)
