"""The report's pictures: drawn, made small, captioned."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from bayes_frontier.evaluations import Truth
from bayes_frontier.files import png
from bayes_frontier.plots.base_models import plot_base_models, plot_population
from bayes_frontier.plots.boundary import plot_boundary, plot_taus
from bayes_frontier.plots.checks import plot_check
from bayes_frontier.plots.diagnostics import picture_figure, plot_energy, plot_rank, plot_trace
from bayes_frontier.plots.drift import plot_drift, plot_drift_curves, plot_drift_ridge
from bayes_frontier.plots.intervals import plot_attainable, plot_compute_for
from bayes_frontier.posterior.diagnostics import chain_diagnostics
from bayes_frontier.posterior.drift import drift_between_periods
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.report.answers import Evidence, Facts
from bayes_frontier.text import flops_typeset, share_words

# A picture of many panels is drawn coarser, so that the page stays small: about 1,700 by 3,000 pixels at most.
_DPI, _MOST_PIXELS, _LEAST_DPI = 150, 6e6, 70
_FEW, _COLUMNS, _CURVE_POINTS = 6, 3, 30
_TARGET = 0.5
# Verdicts whose pictures are shown, beside that of coverage, which always is.
_SHOWN = ("fail", "warn")


@dataclass(frozen=True)
class Picture:
    """A picture of the report."""

    name: str  # file name without ending
    heading: str
    caption: str  # how to read it
    alt: str  # what it shows, for who cannot see it
    png: bytes
    width: int  # pixels at which it is shown at full size
    folded: bool = False  # whether it is shown only to who asks for it


def pictures(facts: Facts, evidence: Evidence, others: Sequence[Frontier], truth: Truth | None) -> Iterator[Picture]:
    """Draw everything the report shows."""
    frontier, share = facts.frontier, share_words(facts.prob)
    several = len(frontier.period_labels) > 1
    yield _made(
        "boundaries",
        "Boundaries over the scores",
        f"Each dot is a model. The thick line is the boundary of {'the last period' if several else 'the only period'} "
        f"with its {share} credible band{'; thin lines are the periods before it' if several else ''}"
        f"{'; dashes are the truth' if truth is not None else ''}.",
        "One panel a task: scores of models by pre-training compute, with the posterior boundary, its credible band, "
        "and the boundaries of earlier periods.",
        plot_boundary(frontier, truth=truth)[0].figure,
    )
    yield _made(
        "attainable",
        f"What {flops_typeset(facts.headline)} FLOPs make attainable",
        "The boundary of a new base model: median, and intervals of 50% (thick) and "
        f"{share} (thin). Tasks from the highest to the lowest.",
        "A row a task: the attainable score at one budget with its credible intervals; the numbers are in the table.",
        plot_attainable(frontier, facts.headline, prob=facts.prob).figure,
    )
    yield _made(
        "compute",
        f"Compute needed for a score of {_TARGET:g}",
        f"Median and {share} credible interval. An arrow means that the interval runs beyond what was searched.",
        f"A row a task: the pre-training compute at which a score of {_TARGET:g} becomes attainable.",
        plot_compute_for(frontier, _TARGET, prob=facts.prob).figure,
    )
    if others:
        yield _made(
            "taus",
            "Boundaries at several levels",
            f"The score that a share tau of models does not exceed, with {share} credible bands.",
            "One panel a task: boundaries at several quantile levels over the scores of the last period.",
            plot_taus([frontier, *others], tasks=frontier.tasks[:_FEW], prob=facts.prob)[0].figure,
        )
    yield from _drift(facts, evidence)
    yield from _base_models(facts, evidence)
    yield from _checks(evidence)
    yield from _chains(facts)


def _drift(facts: Facts, evidence: Evidence) -> Iterator[Picture]:
    if evidence.drift is None:
        return
    delta = evidence.drift.attrs["delta"]
    yield _made(
        "drift",
        "Change between the first and the last period",
        "Change of the boundary at the median compute of the models, median and "
        f"{share_words(evidence.drift.attrs['prob'])} credible interval. Grey: changes below {delta:g}, too small to "
        "matter.",
        "A row a task: how much its boundary changed, with a verdict.",
        plot_drift(evidence.drift).figure,
    )
    frontier, n = facts.frontier, len(facts.frontier.tasks)
    known = frontier.evaluations.models["flops"]
    flops = np.geomspace(known.min(), known.max(), _CURVE_POINTS)
    along = [drift_between_periods(frontier, flops, prob=facts.prob, task=task) for task in frontier.tasks[:_FEW]]
    yield _made(
        "drift-curves",
        "Change along compute",
        f"From the first period to the last: median and {share_words(facts.prob)} credible band; "
        "thin lines: from each period to the next." + (f" The first {_FEW} of {n} tasks." if n > _FEW else ""),
        "One panel a task: the change of its boundary against pre-training compute, with its credible band.",
        plot_drift_curves(xr.concat(along, "task"))[0].figure,
    )
    # a density needs draws that differ: those of a model without drift do not
    if bool((evidence.drift["change"].std(("chain", "draw")) > 0.0).all()):
        yield _by_arviz(
            "drift-ridge",
            "Change between the first and the last period: posterior densities",
            "All draws of the change whose intervals are shown above; grey: changes too small to matter.",
            "A row a task: the posterior density of the change of its boundary.",
            plot_drift_ridge(evidence.drift),
        )


def _base_models(facts: Facts, evidence: Evidence) -> Iterator[Picture]:
    if evidence.ranking is None:
        return
    frontier, n = facts.frontier, len(facts.frontier.tasks)
    yield _made(
        "population",
        "New base models and known ones",
        "The band is the boundary of a model on a base model not yet seen. A marker is the boundary of models on a "
        "known base model at its own compute; its thin line says what that lead would be worth at other computes."
        + (f" The first {_FEW} of {n} tasks." if n > _FEW else ""),
        "One panel a task: the population boundary with its band, and the boundaries of four known base models.",
        plot_population(frontier, tasks=frontier.tasks[:_FEW], prob=facts.prob)[0].figure,
    )
    yield _made(
        "base_models",
        "Base models for their compute",
        "How far the boundary of models on a base model lies above or below that on a typical base model of the same "
        "compute, averaged over tasks. The base models with the most models.",
        "A row a base model, from the strongest for its compute to the weakest; numbers in tables/base_models.csv.",
        plot_base_models(evidence.ranking).figure,
    )


def _checks(evidence: Evidence) -> Iterator[Picture]:
    for check in evidence.checks:
        if check.picture and len(check.numbers) and (check.verdict in _SHOWN or check.name == "coverage"):
            yield _made(
                f"check-{check.name}",
                f"Check of {check.name.replace('-', ', by ')}: {check.verdict}",
                check.sentence,
                f"The numbers behind the check of {check.name}, against the limits it is judged by.",
                plot_check(check)[0].figure,
            )


def _chains(facts: Facts) -> Iterator[Picture]:
    """Draw, by ArviZ, the chains of the tasks whose chains agree least."""
    frontier, budget = facts.frontier, facts.headline
    drawn = frontier.boundary(budget).transpose("task", "chain", "draw").to_numpy()
    r_hat = np.nan_to_num(chain_diagnostics(drawn)[0], nan=np.inf)
    tasks = [frontier.tasks[i] for i in np.argsort(-r_hat, kind="stable")[:_FEW]]
    which = f" The {_FEW} tasks whose chains agree least." if len(tasks) < len(frontier.tasks) else ""
    where = f"boundary at {flops_typeset(budget)} FLOPs"
    yield _by_arviz(
        "chains-rank",
        f"Ranks of the draws of each chain, {where}",
        f"Chains that explore the same posterior stay within the band (Säilynoja et al. 2022).{which}",
        "One panel a task: how the ranks of each chain's draws are spread, with the band expected of equal chains.",
        plot_rank(frontier, [budget], tasks=tasks, col_wrap=_COLUMNS),
    )
    yield _by_arviz(
        "chains-trace",
        f"Draws in order, {where}",
        f"A colour a chain: no trend, no chain apart from the others.{which}",
        "One panel a task: the draws of the boundary in the order in which they were drawn, by chain.",
        plot_trace(frontier, [budget], tasks=tasks, col_wrap=_COLUMNS),
    )
    if "energy" in frontier.posterior["sample_stats"].dataset:
        yield _by_arviz(
            "chains-energy",
            "Energy of the sampler",
            "Marginal energy and its transitions: alike where the tails were explored.",
            "Densities of the sampler's energy and of its change from draw to draw.",
            plot_energy(frontier),
        )


def _by_arviz(name: str, heading: str, caption: str, alt: str, collection: Any) -> Picture:  # noqa: ANN401
    import matplotlib.pyplot as plt

    figure = picture_figure(collection)
    try:
        return replace(_made(name, heading, caption, alt, figure), folded=True)
    finally:
        plt.close(figure)


def _made(name: str, heading: str, caption: str, alt: str, figure: Figure | Any) -> Picture:  # noqa: ANN401
    width, height = figure.get_size_inches()
    dpi = max(_LEAST_DPI, min(_DPI, (_MOST_PIXELS / (width * height)) ** 0.5))
    return Picture(name, heading, caption, alt, png(figure, dpi), round(96 * width))
