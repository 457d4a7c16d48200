"""What the name of a model consists of: its last part, its words and numbers, and the sizes it states."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

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

    Attributes
    ----------
    kind : {"word", "number", "size", "active", "effective", "experts", "tokens"}
        "active" is the size a token passes through (``a3b``), "effective" one of another count (``e4b``), "tokens" a
        number of tokens seen (``1.5T``, ``92bt``).
    text : str
        In lower case.
    fused : bool
        Whether it follows the one before without a separator, as 3 does in ``llama3``.
    sizes : tuple of float
        Parameters (1e9) it states: several where it can be read in several ways (``1_8b`` is 8 or 1.8); tokens (1e12).
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
