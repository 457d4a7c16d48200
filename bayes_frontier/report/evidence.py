"""What speaks for or against a fit: checks, drift, ranking, and their pictures as SVG in the colours of the page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from bayes_frontier.checks.result import Check
from bayes_frontier.errors import QueryError
from bayes_frontier.files import svg
from bayes_frontier.plots.base_models import plot_base_models, plot_population
from bayes_frontier.plots.checks import plot_check
from bayes_frontier.plots.diagnostics import picture_figure, plot_energy, plot_rank, plot_trace
from bayes_frontier.plots.drift import plot_drift, plot_drift_curves, plot_drift_ridge
from bayes_frontier.posterior.diagnostics import chain_diagnostics
from bayes_frontier.posterior.drift import drift_between_periods
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import flops_typeset, share_words

_FEW, _COLUMNS, _CURVE_POINTS = 6, 3, 30
# Verdicts whose pictures are shown, beside that of coverage, which always is.
_SHOWN = ("fail", "warn")


@dataclass(frozen=True)
class Evidence:
    """Results beside the boundaries themselves."""

    checks: list[Check]  # what was checked, convergence first
    # change between periods, at the median compute of the models; None where the fit cannot have one
    drift: xr.Dataset | None
    no_drift: str  # why there is none; empty where there is
    # base models above and below what their compute predicts; None where the model has no effects for them
    ranking: xr.Dataset | None


def gather(frontier: Frontier, others: Sequence[Frontier], prob: float) -> Evidence:
    """Run the checks, compare the periods and rank the base models of a fit."""
    from bayes_frontier.checks import run

    drift, no_drift = None, ""
    try:
        drift = drift_between_periods(frontier, prob=prob)
    except QueryError as error:
        no_drift = str(error)
    try:
        ranking = frontier.base_models(prob=prob)
    except QueryError:
        ranking = None
    return Evidence(run.check(frontier, others=others), drift, no_drift, ranking)


@dataclass(frozen=True)
class Picture:
    """A picture of the report."""

    name: str  # file name without ending
    heading: str
    caption: str  # how to read it
    alt: str  # what it shows, for who cannot see it
    svg: str
    folded: bool = False  # whether it is shown only to who asks for it

    @property
    def themed(self) -> str:
        """The picture for the page: no declaration, ids of its own, colours by the page's names for them."""
        drawn = self.svg[self.svg.index("<svg") :]
        drawn = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{self.name}-", drawn)
        drawn = re.sub(r"#[0-9a-f]{6}\b", lambda found: _THEME.get(found[0], found[0]), drawn)
        drawn = re.sub(r'font: [^;"]*?([\d.]+)px [^;"]*', r"font: \g<1>px var(--font)", drawn)
        return re.sub(r'<svg ([^>]*?)width="[\d.]+pt" height="[\d.]+pt"', r"<svg \1", drawn)


# Colours of `plots.style` that differ in the dark.
_THEME = {
    "#1a1a1a": "var(--ink)",
    "#000000": "var(--ink)",
    "#404040": "var(--soft)",
    "#e6e6e6": "var(--line)",
    "#ffffff": "var(--card)",
    "#0072b2": "var(--accent)",
}


def pictures(frontier: Frontier, evidence: Evidence, budget: float, prob: float) -> Iterator[Picture]:
    """Draw what is folded below the chart; the chains at one budget."""
    yield from _drift(frontier, evidence, prob)
    yield from _base_models(frontier, evidence, prob)
    yield from _checks(evidence)
    yield from _chains(frontier, budget)


def _drift(frontier: Frontier, evidence: Evidence, prob: float) -> Iterator[Picture]:
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
    n = len(frontier.tasks)
    known = frontier.evaluations.models["flops"]
    flops = np.geomspace(known.min(), known.max(), _CURVE_POINTS)
    along = [drift_between_periods(frontier, flops, prob=prob, task=task) for task in frontier.tasks[:_FEW]]
    yield _made(
        "drift-curves",
        "Change along compute",
        f"From the first period to the last: median and {share_words(prob)} credible band; "
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


def _base_models(frontier: Frontier, evidence: Evidence, prob: float) -> Iterator[Picture]:
    if evidence.ranking is None:
        return
    n = len(frontier.tasks)
    yield _made(
        "population",
        "New base models and known ones",
        "The band is the boundary of a model on a base model not yet seen. A marker is the boundary of models on a "
        "known base model at its own compute; its thin line says what that lead would be worth at other computes."
        + (f" The first {_FEW} of {n} tasks." if n > _FEW else ""),
        "One panel a task: the population boundary with its band, and the boundaries of four known base models.",
        plot_population(frontier, tasks=frontier.tasks[:_FEW], prob=prob, visuals={"points": False})[0].figure,
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


def _chains(frontier: Frontier, budget: float) -> Iterator[Picture]:
    """Draw, by ArviZ, the chains of the tasks whose chains agree least."""
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
    return Picture(name, heading, caption, alt, svg(figure))
