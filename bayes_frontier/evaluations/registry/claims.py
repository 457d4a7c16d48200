"""What a name claims about a base model: its line, generation and size, and where it contradicts one.

A *line* is the first word of a base model's name (``qwen`` of ``qwen2.5-7b``), a *generation* the number after it. All
of it is read off the names and aliases in the registry, so that an entry added there is known here; the lists of words
are its table [words].
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bayes_frontier.evaluations.registry.names import Token, is_date, several, tokens
from bayes_frontier.evaluations.registry.registry import BaseModel, Registry, Release

_ROUNDED = 0.03
Core = tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """What a name says of one line.

    Attributes
    ----------
    line : str
        First word, such as ``qwen``.
    version : str
        Number of the generation; empty where none is said.
    between : tuple of str
        Words from the line to the size, or to the end where no size is said.
    """

    line: str
    version: str
    between: tuple[str, ...]


class Vocabulary:
    """Words, generations and sizes of the names in a registry."""

    def __init__(self, registry: Registry) -> None:
        self.neutral = frozenset(registry.words.get("neutral", ()))
        self.variants = frozenset(registry.words.get("variants", ()))
        self.mixtures = frozenset(registry.words.get("mixtures", ()))
        self._versions: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._words: dict[str, set[str]] = {}
        self._line_words: dict[str, set[str]] = defaultdict(set)
        self._cores: dict[Core, dict[BaseModel | Release | str, set[Core]]] = defaultdict(lambda: defaultdict(set))
        names = {model: (model.name, *model.aliases) for model in registry}
        self.lines = {line for model in names if (line := _first_word(tokens(model.name)))}
        of = {model.name: line for model in names if (line := _first_word(tokens(model.name)))}
        self.line_of = of
        for model, spellings in names.items():
            words = {t.text for name in spellings for t in tokens(name) if t.kind == "word"}
            self._words[model.name] = words
            if model.name in of:
                self._line_words[of[model.name]] |= words - self.neutral - {of[model.name]}
        for model, spellings in names.items():
            for name in spellings:
                for claim in self.claims(name):
                    self._versions[model.generation][claim.line].add(claim.version)
        releases = ((release, release.names) for release in registry.releases)
        undisclosed = ((reason, (name,)) for name, reason in registry.undisclosed.items())
        for owner, spellings in (*names.items(), *releases, *undisclosed):
            for name in spellings:
                core, extra = self.core(name)
                self._cores[core][owner].add(extra)

    def core(self, name: str) -> tuple[Core, Core]:
        """Split a name into what it is and what it may be left off: its date, and the version after its size."""
        core: list[str] = []
        extra: list[str] = []
        sized = False
        found = tokens(name)
        for i, token in enumerate(found):
            text = _plain(token.text)
            if token.kind in ("size", "active", "experts", "effective"):
                sized = True
                core.append(text)
            elif is_date(token) or (token.kind == "number" and extra and _month_before(found, i)):
                extra.append(text[:3] if token.kind == "word" else text[-2:] if _month_before(found, i) else text)
            elif token.kind == "number" and i and found[i - 1].text == "v" and token.fused and (sized or text[0] == "0"):
                extra.append("v" + text)
            elif token.kind == "word" and (text in self.neutral or (text == "v" and _fused_next(found, i))):
                continue
            elif token.kind == "number" and i and found[i - 1].text in self.neutral and sized:
                continue
            else:
                core.append(text)
        return tuple(core), tuple(extra)

    def whole(self, name: str) -> BaseModel | Release | str | None:
        """Find what a name means as a whole, once what changes nothing is left off."""
        core, extra = self.core(name)
        owners = self._cores.get(core)
        if not owners or several(name):
            return None
        for owner, extras in owners.items():
            if extra in extras:
                return owner
        plain = [owner for owner, extras in owners.items() if () in extras]
        told_apart = len(owners) > 1 or not plain
        return None if told_apart else plain[0]

    def claims(self, name: str) -> tuple[Claim, ...]:
        """Read what a name says of each line it mentions."""
        found = tokens(name)
        return tuple(
            Claim(token.text, *self._after(found, i))
            for i, token in enumerate(found)
            if token.kind == "word" and token.text in self.lines
        )

    def _after(self, found: Sequence[Token], start: int) -> tuple[str, tuple[str, ...]]:
        line = found[start].text
        known = {version for lines in self._versions.values() for version in lines[line] if line in lines}
        version = ""
        between: list[str] = []
        looking = True
        i = start + 1
        while i < len(found):
            token = found[i]
            following = found[i + 1] if i + 1 < len(found) else None
            if token.kind in ("size", "active", "experts", "effective"):
                break
            if token.kind == "number" and not is_date(token):
                if looking:
                    version = _joined(token, following, known)
                    looking = False
                i += 1
                continue
            if token.kind == "word":
                if token.text in self.lines:
                    break
                if following is not None and following.fused and following.kind == "number" and looking:
                    # v3 is a version, and so are r1, h1 and m2; v0.1 is that of a file
                    prefix = "" if token.text == "v" else token.text
                    if len(token.text) <= 2 and not (prefix == "" and following.text.startswith("0")):
                        version = prefix + _plain(following.text)
                        looking = False
                        i += 2
                        continue
                    i += 2
                    looking = False
                    between.append(token.text)
                    continue
                between.append(token.text)
                looking = looking and token.text in self._line_words[line]
            i += 1
        return version, tuple(between)

    def states(self, name: str, base: BaseModel) -> bool:
        """Tell whether a name says the line and the generation of a base model as the registry's names do."""
        lines = self._versions[base.generation]
        return any(claim.line in lines and claim.version in lines[claim.line] for claim in self.claims(name))

    def sizes_agree(self, name: str, base: BaseModel) -> bool | None:
        """Compare the sizes a name states with a base model's; None where it states none."""
        stated = [token for token in tokens(name) if token.kind == "size" and token.sizes]
        if not stated:
            return None
        return all(any(size_agrees(size, base) for size in token.sizes) for token in stated)

    def against(self, name: str, base: BaseModel, *, sized: bool = False) -> tuple[str, ...]:
        """Find what in a name contradicts a base model.

        `sized` says that the table's own parameter count is the base model's: sizes and words that tell models of one
        generation apart then count no more.
        """
        out: list[str] = []
        found = tokens(name)
        lines = self._versions[base.generation]
        claims = self.claims(name)
        told = [c for c in claims if c.line in lines and c.version]
        if told and not any(c.version in lines[c.line] or _squeezed(c.version, lines[c.line]) for c in told):
            out += [f"{c.line} {c.version}" for c in told]
        own = self._words[base.name]
        near = {word for c in claims if c.line in lines for word in c.between}
        out += sorted((near & self.variants) - own)
        experts = [token.text for token in found if token.kind == "experts"]
        allowed = {t.text for n in (base.name, *base.aliases) for t in tokens(n) if t.kind == "experts"}
        out += [text for text in experts if text not in allowed and not sized]
        if several(name):
            out.append("two models")
        if sized:
            return tuple(dict.fromkeys(out))
        out += sorted((near & self._line_words[self.line_of.get(base.name, "")]) - own - self.variants)
        if self.sizes_agree(name, base) is False:
            out += [t.text for t in found if t.kind == "size" and t.sizes and not any(size_agrees(s, base) for s in t.sizes)]
        out += [t.text for t in found if t.kind == "active" and not _active_agrees(t, base)]
        out += [t.text for t in found if t.kind == "effective" and t.text not in " ".join((base.name, *base.aliases)).lower()]
        words = {token.text for token in found if token.kind == "word"}
        out += sorted((words & self.mixtures) - own)
        return tuple(dict.fromkeys(out))

    def foreign(self, name: str, base: BaseModel) -> tuple[str, ...]:
        """Find the lines other than the base model's that a name mentions."""
        lines = self._versions[base.generation]
        return tuple(dict.fromkeys(c.line for c in self.claims(name) if c.line not in lines))


def size_agrees(size: float, base: BaseModel) -> bool:
    """Tell whether a size that a name states is that of a base model, as its makers or arithmetic would round it."""
    if size in base.nominal:
        return True
    whole = size == round(size) and size == round(base.params_b) and size >= 1
    return (whole and not base.nominal) or any(abs(math.log(size / s)) <= _ROUNDED for s in base.sizes + base.nominal)


def _active_agrees(token: Token, base: BaseModel) -> bool:
    return any(abs(size - base.active_params_b) <= 0.12 * base.active_params_b + 0.05 for size in token.sizes)


def _first_word(found: Iterable[Token]) -> str:
    return next((token.text for token in found if token.kind == "word"), "")


def _plain(number: str) -> str:
    return number.removesuffix(".0") if number[:1].isdigit() else number


def _joined(token: Token, following: Token | None, known: set[str]) -> str:
    """Read 2_5 and 3-1 as 2.5 and 3.1 where there is such a generation."""
    text = _plain(token.text)
    if following is not None and following.kind == "number" and len(text) == len(following.text) == 1:
        joined = f"{text}.{following.text}"
        if joined in known:
            return joined
    return text


def _squeezed(version: str, known: set[str]) -> bool:
    return version.isdigit() and len(version) == 2 and f"{version[0]}.{version[1]}" in known


def _fused_next(found: Sequence[Token], i: int) -> bool:
    return i + 1 < len(found) and found[i + 1].fused and found[i + 1].kind == "number"


def _month_before(found: Sequence[Token], i: int) -> bool:
    return i > 0 and found[i - 1].kind == "word" and is_date(found[i - 1])
