"""Base models, their generations and what names say of them: the registry's vocabulary."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_SIZE = re.compile(r"(?:(?<![a-z0-9.])|(?<=from))(\d+(?:\.\d+)?)(b|m)(?![a-z0-9])")


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
        As in `Generation.architectures`.
    low, high : float
        Parameters in 1e9, both ends included.
    base : str
        Canonical name.
    confidence : float
        Probability that the placement is right.
    after, before : datetime.date or None
        Uploaded on or after, and before.
    """

    architecture: str
    low: float
    high: float
    base: str
    confidence: float
    after: dt.date | None = None
    before: dt.date | None = None


def name_key(name: str) -> str:
    """Write a model's name as the registry's patterns expect it.

    Parameters
    ----------
    name : str
        Hub identifier or bare name.

    Returns
    -------
    str
        At most 300 characters of it in lower case, ``_`` and white space turned into ``-``.
    """
    return re.sub(r"[\s_]+", "-", name[:300].strip().lower())


def named_sizes(name: str) -> tuple[float, ...]:
    """Parameter counts (1e9) a name states, such as 7 and 0.135 of ``a-7b`` and ``b-135m``.

    Parameters
    ----------
    name : str
        As written by `name_key`.

    Returns
    -------
    tuple of float
        In order of appearance; for ``8x7b`` and ``7bx8`` the size of one expert.
    """
    name = re.sub(r"(?<![a-z0-9.])\d+x(?=\d)", "", re.sub(r"(?<=\d)bx\d+(?!\d*b)", "b", name))
    found = (float(m[1]) * (1.0 if m[2] == "b" else 1e-3) for m in _SIZE.finditer(name))
    return tuple(size for size in found if 0.01 <= size <= 2000)
