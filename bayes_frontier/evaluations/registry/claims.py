"""What a name claims about a base model: its line, generation and size, and where it contradicts one.

A *line* is the first word of a base model's name (``qwen`` of ``qwen2.5-7b``), a *generation* the number after it. All
of it is read off the names and aliases in the registry, so that an entry added there is known here; the lists of words
are its table [words].
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bayes_frontier.evaluations.registry.contents import (
    BaseModel,
    Release,
    Token,
    expert_count,
    experts,
    is_date,
    last_part,
    several,
    tokens,
)
from bayes_frontier.evaluations.registry.registry import Registry

_ROUNDED, _ROUGHLY, _SEEN = 0.03, 0.15, 0.15
_SIZES = ("size", "active", "experts", "effective")
_UNTRAINED = frozenset({"random", "scratch", "init"})
# Names whose claims are remembered: more than the largest tables have.
_NAMES_KEPT = 20_000
Core = tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """What a name says of one line.

    * line: first word, such as ``qwen``
    * version: number of the generation; empty where none is said
    * near: words after it, up to the first that is neither neutral nor of the registry's names of that line
    * marked: whether a v stands before the number: of a line without generations it may be the fine-tune's
    * loose: whether a word that the registry does not know stands before the number, which may be that word's
    * around: words before the line, and after it up to the size
    * first: whether nothing but neutral words stands before the line
    """

    line: str
    version: str
    near: tuple[str, ...]
    marked: bool = False
    loose: bool = False
    around: frozenset[str] = frozenset()
    first: bool = False


class Vocabulary:
    """Words, generations and sizes of the names in a registry."""

    def __init__(self, registry: Registry) -> None:
        self.neutral = frozenset(registry.words.get("neutral", ()))
        self.variants = frozenset(registry.words.get("variants", ()))
        self.others = frozenset(registry.words.get("others", ()))
        self.common = frozenset(registry.words.get("common", ()))
        self._versions: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._models = registry.named_alike
        self._claims: dict[str, tuple[Claim, ...]] = {}
        self._of_line: dict[str, set[str]] = defaultdict(set)
        self._words: dict[str, set[str]] = {}
        self._generations = {name: generation.models for name, generation in registry.generations.items()}
        self._related = {
            name: [o.name for o in registry.generations.values() if name in o.related or o.name in generation.related]
            for name, generation in registry.generations.items()
        }
        self._line_words: dict[str, set[str]] = defaultdict(set)
        self._cores: dict[Core, dict[BaseModel | Release | str, set[Core]]] = defaultdict(lambda: defaultdict(set))
        names = {model: (model.name, *model.aliases) for model in self._models}
        of = _lines({model.name: tokens(model.name) for model in names})
        self.lines = frozenset(of.values())
        self.line_of = of
        for model, spellings in names.items():
            words = {t.text for name in spellings for t in tokens(name) if t.kind == "word"}
            self._words[model.name] = words
            if model.name in of:
                self._line_words[of[model.name]] |= {w for w in words - self.neutral if len(w) > 1} - {of[model.name]}
        for model, spellings in names.items():
            for name in spellings:
                for claim in self.claims(name):
                    self._versions[model.name][claim.line].add(claim.version)
                    self._of_line[claim.line].add(claim.version)
        self._claims.clear()
        # versions behind the size, as of stablelm-base-alpha-7b-v2
        self._after = {
            model.name: {extra for name in spellings for extra in self.core(name)[1] if _own_version(extra)}
            for model, spellings in names.items()
        }
        owners: list[tuple[BaseModel | Release, tuple[str, ...]]] = [
            *names.items(),
            *((release, release.names) for release in registry.releases),
        ]
        for owner, spellings in owners:
            for name in spellings:
                core, extra = self.core(name)
                self._cores[core][owner].add(extra)
        for name, reason in registry.undisclosed.items():
            core, extra = self.core(name)
            taken = self._cores[core]
            if all(isinstance(owner, str) or extra not in extras for owner, extras in taken.items()):
                taken[reason].add(extra)
        self._unsized: dict[str, set[Core]] = {}
        for model, spellings in names.items():
            cores = {self.core(name)[0] for name in spellings if not any(t.sizes for t in tokens(name))}
            self._unsized[model.name] = {core for core in cores if core and len(self._cores[core]) == 1}

    def core(self, name: str) -> tuple[Core, Core]:
        """Split a name into what it is and what it may be left off: its date, and the version after its size."""
        core: list[str] = []
        extra: list[str] = []
        sized = False
        found = tokens(name)
        for i, token in enumerate(found):
            text = _plain(token.text)
            if token.kind in _SIZES:
                sized = True
                core.append(text)
            elif is_date(token) or (token.kind == "number" and extra and _month_before(found, i)):
                extra.append(text[:3] if token.kind == "word" else text[-2:] if _month_before(found, i) else text)
            elif (
                token.kind == "number" and i and found[i - 1].text == "v" and token.fused and (sized or text[0] == "0")
            ):
                extra.append("v" + text)
            elif self._changes_nothing(found, i, text):
                continue
            else:
                core.append(text)
        return tuple(core), tuple(extra)

    def _changes_nothing(self, found: Sequence[Token], i: int, text: str) -> bool:
        """Tell whether a word is of post-training, of a format or of its length, as 128k and 4bit are."""
        if found[i].kind == "word":
            wrapped = text in self.neutral or (text == "v" and _fused_next(found, i))
            return wrapped or (text == "k" and found[i].fused and found[i - 1].kind == "number")
        return found[i].kind == "number" and (text.endswith("m") or _of_a_format(found, i, self.neutral))

    def whole(self, name: str) -> BaseModel | Release | str | None:
        """Find what a name means as a whole, once what changes nothing is left off."""
        core, extra = self.core(name)
        owners = self._cores.get(core)
        # k2 alone is too short to be no other maker's
        if (
            not owners
            or several(name)
            or not any(len(word) > 2 or (word[0].isdigit() and len(word) > 1) for word in core)
        ):
            return None
        for owner, extras in owners.items():
            if extra in extras:
                return owner
        plain = [owner for owner, extras in owners.items() if () in extras]
        told_apart = len({_base_of(owner) for owner in owners}) > 1 or not plain
        return None if told_apart else min(plain, key=lambda owner: isinstance(owner, Release))

    def unsized(self, name: str, models: Sequence[BaseModel]) -> BaseModel | None:
        """Find the only one of some models that is called without its size, if the name says what it is called."""
        core = self.core(name)[0]
        called = {m.name: [len(k) for k in self._unsized[m.name] if core[: len(k)] == k] for m in models}
        if self._line_words[self.line_of.get(models[0].name, "")] & set(core) - self._words[models[0].name]:
            called = {name: [n for n in lengths if n == len(core)] for name, lengths in called.items()}
        longest = max((max(lengths, default=0) for lengths in called.values()), default=0)
        best = [m for m in models if longest and longest in called[m.name]]
        return best[0] if len(best) == 1 else None

    def experts_of(self, base: BaseModel) -> frozenset[str]:
        """Return the mixtures that a base model's names state, such as ``8x7b``."""
        return frozenset(mixture for name in (base.name, *base.aliases) for mixture in experts(name))

    def claims(self, name: str) -> tuple[Claim, ...]:
        """Read what a name says of each line it mentions."""
        key = last_part(name)
        claims = self._claims.get(key)
        if claims is None:
            found = tokens(key)
            claims = tuple(
                self._claim(found, i)
                for i, token in enumerate(found)
                if token.kind == "word" and token.text in self.lines
            )
            if len(self._claims) >= _NAMES_KEPT:
                self._claims.clear()
            self._claims[key] = claims
        return claims

    def _claim(self, found: Sequence[Token], start: int) -> Claim:
        line = found[start].text
        rest = range(start + 1, len(found))
        end = next((i for i in rest if found[i].kind in _SIZES or found[i].text in self.lines), len(found))
        part = found[start + 1 : end]
        before = {token.text for token in found[:start] if token.kind == "word"}
        version, marked, loose = self._version(part, line)
        if loose and (end == len(found) or found[end].kind not in _SIZES):
            version = ""
        return Claim(
            line,
            version,
            near=self._near(part, line),
            marked=marked,
            loose=loose,
            around=frozenset(before | {token.text for token in part if token.kind == "word"}),
            first=before <= self.neutral and all(token.kind == "word" for token in found[:start]),
        )

    def _version(self, part: Sequence[Token], line: str) -> tuple[str, bool, bool]:
        """Read the number of a generation, whether a v marks it, and whether an unknown word stands before it."""
        known = self._of_line[line]
        strange = False
        for i, token in enumerate(part):
            after = part[i + 1 : i + 3]
            if token.kind == "number":
                # less than 1 is a size without its unit: qwen_0.5; 1k of guanaco1k belongs to that word
                if not is_date(token) and not token.text.startswith("0.") and not (token.fused and i):
                    return _joined(token, after, known), False, strange
                continue
            numbered = bool(after) and after[0].fused and after[0].kind == "number"
            # v3 is a generation, and so are r1, h1 and m2; v0.1 is the version of a file
            if numbered and token.text == "v" and not after[0].text.startswith("0"):
                return _joined(after[0], part[i + 2 : i + 3], known), True, strange
            if numbered and token.text != "v" and len(token.text) <= 2 and not strange:
                return token.text + after[0].text, False, False
            strange = strange or token.text not in self._line_words[line]
        return "", False, False

    def _near(self, part: Sequence[Token], line: str) -> tuple[str, ...]:
        near: list[str] = []
        for i, token in enumerate(part):
            if token.kind == "word":
                near.append(token.text)
                if _fused_next(part, i) or token.text not in self._line_words[line] | self.neutral:
                    break
        return tuple(near)

    def states(self, name: str, base: BaseModel) -> bool:
        """Tell whether a name says the line and the generation of a base model as the registry's names do.

        Where later generations have the size, too, a name without a generation must begin with the line: llama-7b is
        of the first, my-llama-7b may be of any.
        """
        lines = self._versions[base.name]
        said = [claim for claim in self.claims(name) if claim.version in lines.get(claim.line, ())]
        return any(claim.version or claim.first or not self._followed(base, claim.line) for claim in said)

    def _followed(self, base: BaseModel, line: str) -> bool:
        same = [m for m in self._models if m.generation != base.generation and set(m.nominal) & set(base.nominal)]
        return any(version for m in same for version in self._versions[m.name].get(line, ()))

    def unsaid(self, name: str, base: BaseModel, others: Sequence[BaseModel]) -> bool:
        """Tell whether a name says the line, but no generation, where `others` have another one and other compute."""
        lines, claims = self._versions[base.name], [c for c in self.claims(name) if c.line in self._versions[base.name]]
        said = {token.text for token in tokens(name)} & self._words[base.name] - self.neutral - set(lines)
        if not claims or said or any(c.version for c in claims):
            return False
        called = [m for m in others if any(any(self._versions[m.name].get(c.line, ())) for c in claims)]
        return any(set(m.nominal) & set(base.nominal) and not _same_compute(m, base) for m in called)

    def twin(self, name: str, base: BaseModel, others: Sequence[BaseModel]) -> BaseModel | None:
        """Find a base model of the same size and compute whose generation may be meant, too: 3.1 where 3 is said."""
        said = {c.line: c.version for c in self.claims(name) if c.version in self._versions[base.name].get(c.line, ())}
        finer = [m for m in others if any(_finer(v, self._versions[m.name].get(line, ())) for line, v in said.items())]
        return next((m for m in finer if set(m.nominal) & set(base.nominal) and _same_compute(m, base)), None)

    def sizes_agree(self, name: str, base: BaseModel) -> bool | None:
        """Compare the sizes a name states with a base model's; None where it states none."""
        stated = [token for token in tokens(name) if token.kind == "size"]
        if not stated:
            return None
        return all(any(size_agrees(size, base) for size in token.sizes) for token in stated)

    def against(
        self, name: str, base: BaseModel, *, sized: bool = False, classed: bool = False, stated: bool = False
    ) -> tuple[str, ...]:
        """Find what in a name contradicts a base model.

        `sized` says that the table's own parameter count is the base model's: sizes and words that tell models of one
        generation apart then count no more; nor do words for other pre-trainings where its class is the base model's,
        too (`classed`), unless they speak of weights that were not trained. `stated` says that the table states the
        base model: a name may then be less exact than the table, 3 for 3.1 and 1.8B for 1.7B.
        """
        if base.name not in self._words:
            # listed with its compute: found by its whole name, which contradicts nothing
            return ()
        out: list[str] = []
        found = tokens(name)
        lines = self._versions[base.name]
        claims = self.claims(name)
        told = [c for c in claims if c.line in lines and c.version]
        if sized and classed:
            # v2 may be the fine-tune's own, r1 what it was taught by
            told = [c for c in told if c.version[0].isdigit() and not (c.marked and lines[c.line] == {""})]
            told = [c for c in told if not c.loose]
            # with the stated base model's class and size, a number no generation has is the fine-tune's
            told = [c for c in told if not stated or _same_version(c.version, self._of_line[c.line], less_exact=True)]
            lines = self._with_related(base.generation)
        if told and not any(_same_version(c.version, lines[c.line], less_exact=stated) for c in told):
            out += [f"{c.line} {c.version}" for c in told]
        own = self._words[base.name] | ({"moe"} if base.active_params_b < base.params_b else set())
        near = {word for c in claims if c.line in lines for word in c.near}
        out += sorted((near & (_UNTRAINED if sized and classed else self.variants)) - own)
        # a mixture of experts whose whole count is that of one network does not exist
        out += sorted(experts(name) - self.experts_of(base))
        counted = {expert_count(spelling) for spelling in (base.name, *base.aliases)} - {None}
        if counted and (count := expert_count(name)) is not None and count not in counted:
            out.append(f"{count}e")
        if several(name):
            out.append("two models")
        after = {extra for extra in self.core(name)[1] if _own_version(extra)}
        twins = [m for m in self._generations[base.generation] if m != base and set(m.nominal) & set(base.nominal)]
        out += sorted((after & {v for twin in twins for v in self._after[twin.name]}) - self._after[base.name])
        words = {token.text for token in found if token.kind == "word"}
        if not (sized and classed and self.sizes_agree(name, base) is not False):
            out += sorted((words & self.others) - own)
        out += [t.text for t in found if t.kind == "tokens" and not self._saw(t, base)]
        if sized:
            return tuple(dict.fromkeys(out))
        around = {word for c in claims if c.line in lines for word in c.around}
        out += sorted((around & self._line_words[self.line_of.get(base.name, "")]) - own)
        sizes = [t for t in found if t.kind == "size"]
        out += [t.text for t in sizes if not any(size_agrees(s, base, roughly=stated) for s in t.sizes)]
        out += [t.text for t in found if t.kind == "active" and not _active_agrees(t, base)]
        out += [
            t.text
            for t in found
            if t.kind == "effective" and t.text not in " ".join((base.name, *base.aliases)).lower()
        ]
        return tuple(dict.fromkeys(out))

    def _saw(self, token: Token, base: BaseModel) -> bool:
        """Tell whether tokens that a name states are those of a base model, not of a checkpoint before its end."""
        named = {t.text for name in (base.name, *base.aliases) for t in tokens(name)}
        return token.text in named or abs(math.log(max(token.sizes[0], 1e-6) / base.tokens_t)) < _SEEN

    def _with_related(self, generation: str) -> dict[str, set[str]]:
        """Versions under which models of a generation also go, as Llama 3.2 1B does under 3.1."""
        together: dict[str, set[str]] = defaultdict(set)
        for other in (generation, *self._related[generation]):
            for model in self._generations[other]:
                for line, versions in self._versions[model.name].items():
                    together[line] |= versions
        return together

    def rival(self, name: str, base: BaseModel) -> str:
        """Find a base model of another line whose generation and size a name says, where of this one it says neither.

        Qwen1.5-7B-Chat_mistral is Qwen1.5 7B in the form of Mistral.
        """
        own = self._versions[base.name]
        claims = self.claims(name)
        if any(c.line in own and (c.version or c.first) for c in claims):
            return ""
        sizes = [size for token in tokens(name) if token.kind == "size" for size in token.sizes]
        for claim in claims:
            if claim.line not in own and claim.version:
                for model in self._models:
                    told = claim.version in self._versions[model.name].get(claim.line, ())
                    if told and any(size in model.nominal for size in sizes):
                        return model.name
        return ""

    def foreign(self, name: str, base: BaseModel, *, before: bool = False) -> tuple[str, ...]:
        """Find the lines other than the base model's that a name mentions, all or those before its own."""
        lines, claims = self._versions[base.name], self.claims(name)
        end = next((i for i, c in enumerate(claims) if c.line in lines), len(claims)) if before else len(claims)
        return tuple(dict.fromkeys(c.line for c in claims[:end] if c.line not in {*lines, *self.common}))


@lru_cache(maxsize=4)
def vocabulary_of(registry: Registry) -> Vocabulary:
    """Read the vocabulary of a registry, once for all tables that are read with it."""
    return Vocabulary(registry)


def size_agrees(size: float, base: BaseModel, *, roughly: bool = False) -> bool:
    """Tell whether a size that a name states is that of a base model, as its makers or arithmetic would round it."""
    if size in base.nominal:
        return True
    if roughly and abs(math.log(size / base.params_b)) < _ROUGHLY:
        return True
    if size >= 1 and size == round(size):
        # 11 of 10.7 and 8 of 7.8, but not 15 of 14
        halved = [s for s in base.nominal if s != round(s)]
        return any(abs(math.log(size / s)) <= _ROUNDED for s in (halved if base.nominal else base.sizes))
    digits = len(f"{size:g}".partition(".")[2])
    return any(abs(size - s) <= 0.501 * 10.0**-digits for s in base.sizes)


def _same_compute(a: BaseModel, b: BaseModel) -> bool:
    return math.isclose(a.flops, b.flops, rel_tol=1e-9)


def _finer(version: str, others: Iterable[str]) -> bool:
    return bool(version) and any(other.startswith(version + ".") for other in others)


def _own_version(extra: str) -> bool:
    """Tell whether what follows a size is a version that models have, not only fine-tunes as v0.1 and v1 are."""
    return extra[0] == "v" and extra not in ("v1", "v1.0") and extra[1] != "0"


def _active_agrees(token: Token, base: BaseModel) -> bool:
    return any(abs(size - base.active_params_b) <= 0.12 * base.active_params_b + 0.05 for size in token.sizes)


def _lines(names: Mapping[str, Sequence[Token]]) -> dict[str, str]:
    """Find each base model's line: its first word, or the second where that is another one's first (open-llama)."""
    words = {name: [token.text for token in found if token.kind == "word"] for name, found in names.items()}
    first = {name: found[0] for name, found in words.items() if found and len(found[0]) > 1}
    own = {name: {first[name]} for name in first}
    others = {line: {name for name in first if first[name] == line} for line in set(first.values())}

    def line(name: str) -> str:
        second = words[name][1] if len(words[name]) > 1 else ""
        return (
            second
            if second in others and second not in own[name] and len(others[second]) > len(others[first[name]])
            else first[name]
        )

    return {name: line(name) for name in first}


def _base_of(owner: BaseModel | Release | str) -> str:
    return owner.base if isinstance(owner, Release) else owner.name if isinstance(owner, BaseModel) else f"?{owner}"


def _same_version(version: str, known: set[str], *, less_exact: bool) -> bool:
    if version in known or _squeezed(version, known) or ".".join(version.split(".")[:2]) in known:
        return True
    return less_exact and any(other.startswith(version + ".") for other in known)


def _plain(number: str) -> str:
    return number.removesuffix(".0") if number[:1].isdigit() else number


def _joined(token: Token, after: Sequence[Token], known: set[str]) -> str:
    """Read 2_5 and 3-1 as 2.5 and 3.1 where there is such a generation."""
    text = _plain(token.text)
    if after and after[0].kind == "number" and len(text) == len(after[0].text) == 1:
        joined = f"{text}.{after[0].text}"
        if joined in known:
            return joined
    return text


def _squeezed(version: str, known: set[str]) -> bool:
    return version.isdigit() and len(version) == 2 and f"{version[0]}.{version[1]}" in known


def _fused_next(found: Sequence[Token], i: int) -> bool:
    return i + 1 < len(found) and found[i + 1].fused and found[i + 1].kind == "number"


def _of_a_format(found: Sequence[Token], i: int, neutral: frozenset[str]) -> bool:
    """Tell whether a number belongs to a format: 4bit, fp8, 128k."""
    before = found[i - 1] if i else None
    after = found[i + 1] if i + 1 < len(found) else None
    if after is not None and after.fused and after.text in ("bit", "k"):
        return True
    fused = before is not None and found[i].fused and before.kind == "word"
    return fused and before.text in neutral and "." not in found[i].text  # type: ignore[union-attr]


def _month_before(found: Sequence[Token], i: int) -> bool:
    return i > 0 and found[i - 1].kind == "word" and is_date(found[i - 1])
