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

# Tasks that have a panel.
FEW = 6
_COLUMNS, _CURVE_POINTS = 3, 30
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
    """A picture of the report; what it shows and how to read it is in the template, by its name."""

    name: str  # file name without ending
    svg: str
    check: Check | None = None  # the check that it is of
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
    few = frontier.tasks[:FEW]
    if evidence.drift is not None:
        yield _made("drift", plot_drift(evidence.drift).figure)
        known = frontier.evaluations.models["flops"]
        flops = np.geomspace(known.min(), known.max(), _CURVE_POINTS)
        along = [drift_between_periods(frontier, flops, prob=prob, task=task) for task in few]
        yield _made("drift-curves", plot_drift_curves(xr.concat(along, "task"))[0].figure)
        # a density needs draws that differ: those of a model without drift do not
        if bool((evidence.drift["change"].std(("chain", "draw")) > 0.0).all()):
            yield _by_arviz("drift-ridge", plot_drift_ridge(evidence.drift))
    if evidence.ranking is not None:
        # the scores are in the chart
        population = plot_population(frontier, tasks=few, prob=prob, visuals={"points": False})
        yield _made("population", population[0].figure)
        yield _made("base_models", plot_base_models(evidence.ranking).figure)
    for check in evidence.checks:
        if check.picture and len(check.numbers) and (check.verdict in _SHOWN or check.name == "coverage"):
            yield replace(_made(f"check-{check.name}", plot_check(check)[0].figure), check=check)
    yield from _chains(frontier, budget)


def _chains(frontier: Frontier, budget: float) -> Iterator[Picture]:
    """Draw, by ArviZ, the chains of the tasks whose chains agree least."""
    drawn = frontier.boundary(budget).transpose("task", "chain", "draw").to_numpy()
    r_hat = np.nan_to_num(chain_diagnostics(drawn)[0], nan=np.inf)
    tasks = [frontier.tasks[i] for i in np.argsort(-r_hat, kind="stable")[:FEW]]
    yield _by_arviz("chains-rank", plot_rank(frontier, [budget], tasks=tasks, col_wrap=_COLUMNS))
    yield _by_arviz("chains-trace", plot_trace(frontier, [budget], tasks=tasks, col_wrap=_COLUMNS))
    if "energy" in frontier.posterior["sample_stats"].dataset:
        yield _by_arviz("chains-energy", plot_energy(frontier))


def _by_arviz(name: str, collection: Any) -> Picture:  # noqa: ANN401
    import matplotlib.pyplot as plt

    figure = picture_figure(collection)
    try:
        return replace(_made(name, figure), folded=True)
    finally:
        plt.close(figure)


def _made(name: str, figure: Figure | Any) -> Picture:  # noqa: ANN401
    return Picture(name, svg(figure))
