"""Checkpoints: a revision is part of what a model is, and one taken during training has its share of the compute."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayes_frontier.evaluations.registry.placement import EARLY
from bayes_frontier.evaluations.registry.registry import Registry
from bayes_frontier.text import count, listed

TOKENS_PER_STEP = {"pythia": 2_097_152}
"""Tokens that a step of training takes, by generation of the registry, where the maker states it (arXiv 2304.01373:
1,024 sequences of 2,048 tokens). Revisions of other makers often name the tokens themselves."""

DONE = 0.99
"""Share of the tokens from which on a checkpoint counts as the finished model."""

UNKNOWN = "checkpoint without known compute"
UNTRAINED = "checkpoint from before training"
HOW = "state its FLOPs, or a base model with this name and revision in a registry file"

_MAIN = frozenset({"", "main", "master", "none", "null", "nan", "default", "latest", "head"})
_STEP = re.compile(
    r"(?:^|[^a-z])(?:global_?|train_?)?(?:steps?|iter(?:ation)?s?|checkpoint|ckpt)[-_ =]*(\d{1,12})(?![a-z0-9])"
)
_TOKENS = re.compile(r"(?:tokens?[-_ =]*(\d+(?:\.\d+)?) ?([kmbt])|(\d+(?:\.\d+)?) ?([kmbt])[-_ ]*tokens?)(?![a-z])")
_LATER = re.compile(r"stage[-_ ]?[2-9]|ingredient|anneal|cooldown|decay|sft|dpo|rlvr|rlhf")
_TUNED = re.compile(r"chat|instruct|(?:^|[-_])(?:it|sft|dpo|rlhf|rlvr|ppo|grpo|orpo)(?:[-_]|$)")
_UNITS = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the training was: steps, and tokens seen (NaN unknown)."""

    step: float
    tokens: float


def is_main(revision: str) -> bool:
    """Say whether a revision is the published model itself."""
    return revision.strip().casefold() in _MAIN


def with_revision(model: str, revision: str) -> str:
    """Name a revision of a model: ``lab/model@step1000``."""
    return model if not model or is_main(revision) else f"{model}@{revision.strip()}"


def checkpoint(revision: str) -> Checkpoint | None:
    """Read how far the training was from a revision's name, None where it names no step of training."""
    words = revision.strip().casefold()[:200]
    if re.fullmatch(r"\d{1,12}(?:\.0)?", words):
        return Checkpoint(float(words), math.nan)
    step, tokens = _STEP.search(words), _TOKENS.search(words)
    if step is None and tokens is None:
        return None
    seen = math.nan
    # tokens of a later stage are counted from its own beginning
    if tokens is not None and not _LATER.search(words):
        seen = float(tokens[1] or tokens[3]) * _UNITS[tokens[2] or tokens[4]]
    return Checkpoint(float(step[1]) if step and not _LATER.search(words) else math.nan, seen)


def share_of_training(revision: str, base_model: str, registry: Registry) -> float:
    """Return the share of its training that a base model had seen, NaN unknown, 1 where it was finished."""
    found, base = checkpoint(revision), registry.get(base_model.removesuffix(EARLY))
    if found is None:
        return 1.0
    tokens = found.tokens
    if math.isnan(tokens) and base is not None:
        tokens = found.step * TOKENS_PER_STEP.get(base.generation, math.nan)
    if base is None or math.isnan(tokens):
        return 0.0 if found.step == 0 or found.tokens == 0 else math.nan
    return min(tokens / (base.tokens_t * 1e12), 1.0)


def _of_pretraining(model: str, base_model: str, registry: Registry) -> bool:
    """Say whether a model's checkpoints are those of its base model: it is one, or a version of the same maker."""
    base = registry.get(base_model.removesuffix(EARLY))
    if base is None or registry.canonical(model) == base.name:
        return True
    owner = model.partition("/")[0].casefold()
    makers = {alias.partition("/")[0].casefold() for alias in base.aliases if "/" in alias}
    return "/" in model and owner in makers and not _TUNED.search(model.partition("/")[2].casefold())


def at_checkpoints(
    fields: pd.DataFrame, revisions: Sequence[str], stated: npt.NDArray[np.bool_], registry: Registry, notes: list[str]
) -> npt.NDArray[np.object_]:
    """Make revisions models of their own, and checkpoints base models with their share of the compute, in `fields`.

    Shapes: revisions and stated (whether FLOPs are the source's) (n,); returns why a line cannot be used, "" if it can,
    (n,).
    """
    reason = np.full(len(fields), "", dtype=object)
    if not any(revisions):
        return reason
    at = np.array([not is_main(revision) for revision in revisions], dtype=bool)
    if not at.any():
        return reason
    known: dict[tuple[str, str, str], float] = {}
    partly = 0
    columns = {
        name: fields[name].to_numpy(dtype=object).copy() for name in ("model", "base_model", "flops", "tokens_t")
    }
    for i in np.flatnonzero(at).tolist():
        model, base, revision = columns["model"][i], columns["base_model"][i], revisions[i].strip()
        columns["model"][i] = with_revision(model, revision)
        placed = registry.get(columns["model"][i])
        if placed is not None:
            columns["base_model"][i] = placed.name
            columns["tokens_t"][i] = placed.tokens_t
            if not stated[i]:
                columns["flops"][i] = placed.flops
            continue
        key = (model, base, revision)
        if key not in known:
            inside = base == "" or _of_pretraining(model, base, registry)
            known[key] = share_of_training(revision, base, registry) if inside else 1.0
        share = known[key]
        if share >= DONE or base == "":
            continue
        partly += 1
        columns["base_model"][i] = f"{base}@{revision}"
        columns["tokens_t"][i] *= share
        if stated[i]:
            continue
        if share > 0:
            columns["flops"][i] *= share
        else:
            columns["flops"][i] = math.nan
            reason[i] = UNTRAINED if share == 0 else UNKNOWN
    fields["model"] = pd.Series(columns["model"], dtype="str", index=fields.index)
    fields["base_model"] = pd.Series(columns["base_model"], dtype="str", index=fields.index)
    fields["flops"] = columns["flops"].astype(np.float64)
    fields["tokens_t"] = columns["tokens_t"].astype(np.float64)
    names = pd.unique(columns["model"][at])
    said = f"{count(int(at.sum()), 'row')} of revisions other than main, models of their own ({listed(names, 3)})"
    if partly:
        said += f"; {partly:,} of them from within the training, with their share of its compute where it is known"
    notes.append(said)
    return reason
