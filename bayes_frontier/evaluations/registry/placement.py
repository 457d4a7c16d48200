"""What a name, an architecture, a size and a date say about the base model of a row."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.registry.registry import (
    BaseModel,
    Generation,
    Registry,
    SizeRule,
    name_key,
    named_sizes,
)
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


# What one leaderboard row says about its base model: names, architecture, size, date.

_SAME_SIZE = 0.015
_SAME_LABEL = 0.12
_FARTHEST = math.log(6.0)
# Less than of a name that states generation and size: of the 46 rows of Proteus-2k where both disagree, names are
# right in all but a few (reports/identification).
_MAPPED = 0.96


@dataclass(frozen=True)
class Evidence:
    """One reason to place a row.

    Attributes
    ----------
    base : BaseModel
        Where.
    rule : str
        Why, as in `identify`.
    confidence : float
        Probability that it is right, judged on samples, between 0 and 1.
    """

    base: BaseModel
    rule: str
    confidence: float


@dataclass(frozen=True)
class Row:
    """One row as the rules see it.

    Attributes
    ----------
    model, base_field : str
        Hub names, empty when absent; a base field that says nothing counts as absent.
    architecture : str
        Class name without its ending, such as ``Qwen2``.
    params_b : float
        Parameters in 1e9; NaN when unknown.
    released : datetime.date or None
        Date of upload.
    pretrained : bool
        Whether it is said to be no fine-tune.
    mapped : str
        Hub name of the base that the table's publisher assigned, empty when absent.
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

    Parameters
    ----------
    registry : Registry
        Base models, patterns and size rules.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.known_cores = {a for g in registry.generations.values() for a in g.architectures}
        self.known_cores |= {rule.architecture for rule in registry.size_rules}
        self._matches: dict[str, tuple[tuple[Generation, int], ...]] = {}

    def evidence(self, row: Row) -> list[Evidence]:
        """Collect all that a row says about its base."""
        found: list[Evidence] = []
        if not row.model:
            return found
        reviewed = self.registry.get(self.registry.placed.get(name_key(row.model)))
        if reviewed is not None:
            return [Evidence(reviewed, "reviewed", 1.0)]
        own = self.registry.get(row.model)
        if own is not None and (self.registry.lists(row.model) or self._plausible(own, row)):
            found.append(Evidence(own, "self", 1.0))
        if row.base_field:
            base = self.registry.get(row.base_field)
            if base is not None:
                found.append(Evidence(base, "base", self.agreement(base, row, 0.99)))
            else:
                found += self._named(row.base_field, row, "base-name", 0.99)
        if row.mapped:
            base = self.registry.get(row.mapped)
            if base is not None:
                if _possible(base, row):
                    found.append(Evidence(base, "mapped", self.agreement(base, row, _MAPPED)))
            else:
                found += self._named(row.mapped, row, "mapped", _MAPPED)
        found += self._named(row.model, row, "name", 1.0)
        found += self._by_size(row)
        return found

    def agreement(self, base: BaseModel, row: Row, best: float) -> float:
        """Judge a stated base by the row's architecture and size."""
        if not self._speaks(self.registry.generations[base.generation], row.architecture):
            return min(best, 0.6)
        if not row.params_b > 0:
            return best - 0.02
        if _distance(row.params_b, base.sizes) <= _SAME_SIZE:
            return best
        ratio = row.params_b / base.params_b
        if row.architecture not in self.known_cores and 0.2 < ratio < 2.6:
            return best - 0.03
        return best - 0.07 if 0.22 < ratio < 4.0 else min(best, 0.55)

    def generations(self, text: str) -> tuple[tuple[Generation, int], ...]:
        """Find the generations a name mentions."""
        if text not in self._matches:
            name = name_key(text).rpartition("/")[2] or name_key(text)
            hits = []
            for generation in self.registry.generations.values():
                lengths = [m.end() - m.start() for p in generation.patterns if (m := p.search(name))]
                if lengths:
                    hits.append((generation, max(lengths)))
            self._matches[text] = tuple(hits)
        return self._matches[text]

    def _speaks(self, generation: Generation, core: str) -> bool:
        return core not in self.known_cores or not generation.architectures or core in generation.architectures

    def _plausible(self, base: BaseModel, row: Row) -> bool:
        return self.agreement(base, row, 1.0) > 0.6

    def _named(self, text: str, row: Row, rule: str, factor: float) -> list[Evidence]:
        hits = [(g, n) for g, n in self.generations(text) if self._speaks(g, row.architecture)]
        name = name_key(text).rpartition("/")[2]
        labels = named_sizes(name)
        found = []
        for generation, length in hits:
            placed = self._place(generation, name, labels, row)
            if placed is not None:
                base, confidence = placed
                found.append(Evidence(base, rule, factor * confidence + 1e-5 * min(length, 99)))
        return found

    def _place(
        self, generation: Generation, name: str, labels: Sequence[float], row: Row
    ) -> tuple[BaseModel, float] | None:
        """Choose the size of a named generation, among those published when the row was uploaded."""
        there = [m for m in generation.models if _possible(m, row)]
        if not there:
            return None
        models = _singled_out(there, name)
        known = row.params_b > 0
        exact = _of_size(models, row) or _of_size(there, row)
        label = (
            _nearest(models, lambda m: min(_distance(s, m.nominal + m.sizes) for s in labels), _SAME_LABEL)
            if labels
            else None
        )
        if exact is not None:
            near = 0.97 - _distance(row.params_b, exact.sizes + exact.nominal)
            if label is exact:
                return exact, near
            return (exact, near - 0.02) if not labels else (exact, near - (0.04 if label is None else 0.12))
        if known and label is None:
            for other in generation.related:
                relative = self.registry.generations[other]
                early_enough = [m for m in relative.models if _possible(m, row)]
                fitting = _of_size(early_enough, row) if self._speaks(relative, row.architecture) else None
                if fitting is not None:
                    return fitting, 0.82
        if label is not None:
            return label, 0.88
        packed = None if labels else _repacked(models, row, doubled=row.architecture not in self.known_cores)
        if packed is not None:
            return packed, 0.85
        plain = [m for m in models if not m.patterns] or models
        if not known:
            return (plain[0], 0.85) if len(plain) == 1 else None
        # Layers are added to a network more often than taken from one: growing costs less than shrinking.
        cost, _, base = min((_growth(row.params_b, m.params_b), i, m) for i, m in enumerate(plain))
        ratio = row.params_b / base.params_b
        if cost > _FARTHEST and not (len(plain) == 1 and 0.22 < ratio < 6.0):
            return None
        return base, 0.78 if ratio > 1.0 else 0.68

    def _by_size(self, row: Row) -> list[Evidence]:
        """Evidence from the size rules: the row's parameters, twice them, or else the size in its name."""
        if not row.params_b > 0:
            return []
        # A model said to be trained from scratch, yet of a known size, may be anything of that size.
        doubt = 0.7 if row.pretrained else 1.0
        candidates = (r for r in self.registry.size_rules if r.architecture == row.architecture)
        rules = [r for r in candidates if _in_time(r, self._base(r), row)]
        labels = named_sizes(name_key(row.model).rpartition("/")[2])
        for rule in rules:
            if rule.low <= row.params_b <= rule.high:
                return [Evidence(self._base(rule), "size", doubt * rule.confidence)]
        for label in labels:
            for rule in rules:
                base = self._base(rule)
                if _distance(label, base.nominal) <= 0.01 and 0.25 < row.params_b / base.params_b < 0.65:
                    return [Evidence(base, "size", doubt * 0.75 * rule.confidence)]
        packed = None if labels else _repacked([self._base(rule) for rule in rules], row)
        return [] if packed is None else [Evidence(packed, "size", doubt * 0.6)]

    def _base(self, rule: SizeRule) -> BaseModel:
        return cast(BaseModel, self.registry.get(rule.base))


def _possible(base: BaseModel, row: Row) -> bool:
    """Tell whether the base was published when the row was uploaded, as far as both dates are known."""
    return row.released is None or base.released is None or base.released - row.released <= LEAD


def _in_time(rule: SizeRule, base: BaseModel, row: Row) -> bool:
    if not _possible(base, row):
        return False
    if rule.after is not None and (row.released is None or row.released < rule.after):
        return False
    return rule.before is None or (row.released is not None and row.released < rule.before)


def _singled_out(models: Sequence[BaseModel], name: str) -> Sequence[BaseModel]:
    """Keep the models a name singles out; where it does not, put those that need no singling out first."""
    special = [m for m in models if any(p.search(name) for p in m.patterns)]
    return special or sorted(models, key=lambda m: bool(m.patterns))


def _of_size(models: Sequence[BaseModel], row: Row) -> BaseModel | None:
    """Find the model with the row's parameter count, or with the rounded count a name would state."""
    if not row.params_b > 0:
        return None
    found = _nearest(models, lambda m: _distance(row.params_b, m.sizes), _SAME_SIZE)
    return found or _nearest(models, lambda m: _distance(row.params_b, m.nominal), 0.001)


def _repacked(models: Sequence[BaseModel], row: Row, doubled: bool = False) -> BaseModel | None:
    """Find the model of twice the row's count (packed weights are counted two for one), or of half of it."""
    if not row.params_b > 0:
        return None
    for factor in (2.0, 0.5) if doubled else (2.0,):
        size = factor * row.params_b
        found = _nearest(models, lambda m, size=size: _distance(size, m.sizes), 0.002)  # type: ignore[misc]
        if found is not None:
            return found
    return None


def _nearest(models: Sequence[BaseModel], distance: Callable[[BaseModel], float], limit: float) -> BaseModel | None:
    scored = [(distance(m), i) for i, m in enumerate(models)]
    value, i = min(scored, default=(math.inf, 0))
    return models[i] if value <= limit else None


def _distance(size: float, sizes: Sequence[float]) -> float:
    return min((abs(math.log(size / s)) for s in sizes), default=math.inf)


def _growth(size: float, base: float) -> float:
    step = math.log(size / base)
    return step if step >= 0 else -3.0 * step
