"""Another axis than compute: parameters or training tokens of the base model.

A boundary is a function of the logarithm of its axis, and a common factor on the axis moves it sideways without
changing it. So the column of FLOPs carries ``6 x parameters x tokens`` with one of the two held at a reference value:
plausible FLOPs to every part that checks them, and an exact rescaling of the other axis.
"""

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.text import check_choice, count

Axis = Literal["flops", "params", "tokens"]
REFERENCE_PARAMS, REFERENCE_TOKENS = 1e10, 1e12
_COLUMNS = {"params": ("params_b", 1e9 * REFERENCE_TOKENS), "tokens": ("tokens_t", 1e12 * REFERENCE_PARAMS)}
UNKNOWN = "no {column}, the axis asked for"


def on_axis(evaluations: Evaluations, axis: str) -> Evaluations:
    """Put evaluations on an axis."""
    check_choice(axis, get_args(Axis), "axis")
    if axis == "flops":
        return evaluations
    column, factor = _COLUMNS[axis]
    values = evaluations.models[column].to_numpy(dtype=np.float64)
    known = np.isfinite(values) & (values > 0)
    if not known.any():
        raise DataError(
            f"{evaluations.source}: no record has a positive {column}, so {axis} cannot be the axis. Add the column "
            f"(map it with --column {column}=NAME), or use --axis flops."
        )
    kept = evaluations
    if not known.all():
        kept = evaluations.subset(known)
        reason = kept.dropped["reason"].mask(
            np.arange(len(kept.dropped)) >= len(evaluations.dropped), UNKNOWN.format(column=column)
        )
        kept = replace(kept, dropped=kept.dropped.assign(reason=reason))
    flops = 6.0 * factor * kept.models[column].to_numpy(dtype=np.float64)
    held = f"{REFERENCE_TOKENS:g} tokens" if axis == "params" else f"{REFERENCE_PARAMS:g} parameters"
    left = count(int((~known).sum()), "record")
    note = f"axis: {axis}; FLOPs stand for {column} at {held}" + (
        "" if known.all() else f"; {left} without it left out"
    )
    return replace(
        kept,
        models=kept.models.assign(flops=flops),
        table=kept.table.assign(flops=flops[kept.table["row"].to_numpy()]),
        notes=(*kept.notes, note),
    )


def axis_of(evaluations: Evaluations) -> str:
    """Tell which axis evaluations are on."""
    for axis in _COLUMNS:
        if any(note.startswith(f"axis: {axis};") for note in evaluations.notes):
            return axis
    return "flops"
