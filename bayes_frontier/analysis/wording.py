"""Sentences that say what the analyses found, and what their verdicts mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from bayes_frontier.analysis.verdicts import sure

if TYPE_CHECKING:
    from bayes_frontier.analysis.emergence import Emergence
    from bayes_frontier.analysis.portfolio import Portfolio
    from bayes_frontier.analysis.saturation import Saturation


def interval(numbers: xr.DataArray, form: str = "{:.3f}") -> str:
    """Write a median with its interval: ``0.834 (0.779 to 0.929)``."""
    median, lower, upper = (form.format(float(numbers.sel(statistic=part))) for part in ("median", "lower", "upper"))
    return f"{median} ({lower} to {upper})"


def saturation_meaning(found: Saturation) -> list[str]:
    """Say what the verdicts of `saturation` mean."""
    return [
        f"growing: the next tenfold of compute buys {found.gain:g} or more; saturated: no tenfold from here on does; "
        f"not yet rising: a later one does. Each with probability {sure(found.prob):g}, otherwise unknown.",
    ]


def saturation_cautions(found: Saturation) -> list[str]:
    """Say which numbers rest on the curve's form instead of data."""
    said, numbers = [], found.summary
    far = numbers["task"].to_numpy()[numbers["ceiling_outside"].to_numpy()]
    if far.size:
        said.append(
            f"Ceilings are extrapolated: for {', '.join(map(str, far))} the ceiling may lie more than {found.gain:g} "
            "above what the largest compute fitted attains. Its height there is the sigmoid's form and its prior."
        )
    outside = numbers["outside"].any("task") if "flops" in numbers["outside"].dims else numbers["outside"].any()
    computes = np.atleast_1d(numbers["flops"].to_numpy())[np.atleast_1d(outside.to_numpy())]
    if computes.size:
        said.append(
            f"At {', '.join(f'{value:.3g}' for value in computes)} FLOPs (marked *) the compute, or its tenfold, lies "
            "outside that of the models fitted."
        )
    return said


def progress_sentence(found: Saturation, task: str) -> str:
    """Say what a task's progress came from."""
    one = found.summary.sel(task=task)
    source = str(one["source"].item())
    amount = f"{task}: {interval(one['progress'], '{:+.3f}')}"
    if source in ("scale", "time", "both"):
        share = one["share_scale"]
        low, high = (100 * float(share.sel(statistic=part)) for part in ("lower", "upper"))
        larger = {"scale": "mostly scale", "time": "mostly time", "both": "scale and time, which more is open"}[source]
        return f"{amount}: {larger} ({low:.0f} to {high:.0f}% scale)."
    words = {"no progress": f"no progress beyond {found.delta:g}", "decline": "a decline"}
    return f"{amount}: {words.get(source, 'whether it moved is open')}."


def emergence_sentences(found: Emergence) -> list[str]:
    """Say what is known of the order of tasks."""
    numbers, said = found.summary, []
    names = [str(task) for task in numbers["task"].to_numpy()]
    for i, name in enumerate(names):
        behind = [other for other in names[i + 1 :] if numbers["order"].sel(task=name, other=other) == "more"]
        if behind:
            said.append(f"{name} rises more abruptly than {', '.join(behind)} (each P >= {sure(found.prob):g}).")
    if not said:
        said.append("Which task rises more abruptly than which cannot be told from this fit.")
    hidden = [name for name in names if float(numbers["observed"].sel(task=name, statistic="lower")) < 0.8]
    if hidden:
        said.append(
            f"For {', '.join(hidden)} less than 80% of the rise may lie within the compute fitted: the width there is "
            "the sigmoid's form and its prior as much as data."
        )
    return said


def portfolio_sentences(found: Portfolio) -> list[str]:
    """Say what meeting the targets takes."""
    numbers, high = found.summary, f"{found.flops_range[1]:.3g}"
    if np.isfinite(found.least_flops):
        bound = "at most " if found.least_flops <= found.flops_range[0] * 1.001 else ""
        said = [f"All targets are met with probability {found.prob:g} from {bound}{found.least_flops:.3g} FLOPs on."]
    else:
        missing = float(numbers["unattainable"])
        said = [
            f"No compute up to {high} FLOPs meets all targets with probability {found.prob:g}: with probability "
            f"{missing:.3f} none at all does."
        ]
    last = numbers["last"]
    if last.sizes["task"] > 1:
        slowest = str(last["task"].to_numpy()[int(np.argmax(last.to_numpy()))])
        said.append(f"The last target to be met is {slowest} with probability {float(last.max()):.2f}.")
    if np.isfinite(found.cheapest_flops):
        said.append(f"Compute and missed targets together cost least at {found.cheapest_flops:.3g} FLOPs.")
    if bool(numbers["outside"].any()):
        said.append("Computes marked * lie outside those of the models fitted: there the curve's form speaks.")
    said.append("Boundaries are of tasks one by one: that one and the same model meets all targets is not implied.")
    return said
