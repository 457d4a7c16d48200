"""Sampler diagnostics of boundary quantities, and prior against posterior, drawn by ArviZ."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from bayes_frontier.model.curve import bend, boundary_at, log_flops
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.sample import CURVE, prior_curves
from bayes_frontier.plots import style
from bayes_frontier.plots.intervals import pick_names
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.text import task_title


def boundary_draws(
    frontier: Frontier, flops: Sequence[float] | None = None, tasks: Sequence[str] | str | None = None
) -> xr.DataTree:
    """Put boundary draws, of what is reported and has to have converged, into the form that ArviZ's plots take."""
    at = [float(np.median(frontier.evaluations.models["flops"]))] if flops is None else list(flops)
    drawn = frontier.boundary(at).rename("boundary").sel(task=list(pick_names(tasks, frontier.tasks, "tasks")))
    kept = [dim for dim in ("chain", "draw", "task", "flops") if drawn.sizes.get(dim, 1) > 1 or dim != "flops"]
    drawn = drawn.squeeze([dim for dim in drawn.dims if dim not in kept], drop=True).reset_coords(drop=True)
    # ArviZ tells chains apart by their coordinate
    names = [task_title(task) for task in drawn["task"].to_numpy()]
    drawn = drawn.assign_coords({"task": names, **{dim: np.arange(drawn.sizes[dim]) for dim in ("chain", "draw")}})
    groups = {"posterior": drawn.to_dataset()}
    if "sample_stats" in frontier.posterior.children:
        groups["sample_stats"] = frontier.posterior["sample_stats"].dataset
    return xr.DataTree.from_dict(groups)


def arviz_options(options: Mapping[str, Any], *, colours: bool = True, labeller: bool = True) -> dict[str, Any]:
    """Put a caller's options over the ones that give ArviZ's pictures the look of the others."""
    from arviz_base.labels import NoVarLabeller

    defaults: dict[str, Any] = {"backend": "matplotlib", "figure_kwargs": {"layout": "constrained"}}
    if colours:
        defaults["color"] = list(style.OKABE_ITO)
    if labeller:
        defaults["labeller"] = NoVarLabeller()
    return {**defaults, **options}


def picture_figure(collection: Any) -> Any:  # noqa: ANN401 - ArviZ is untyped
    """Return the Matplotlib figure of a plot collection."""
    return collection.viz["figure"].item()


def plot_rank(
    frontier: Frontier,
    flops: Sequence[float] | None = None,
    *,
    tasks: Sequence[str] | str | None = None,
    **options: Any,  # noqa: ANN401 - passed on
) -> Any:  # noqa: ANN401 - ArviZ is untyped
    """Draw how the ranks of each chain's boundary draws are spread, by task.

    Chains that agree stay within the band (Säilynoja et al. 2022, doi 10.1007/s11222-022-10090-6).

    Parameters
    ----------
    frontier : Frontier
        A fit.
    flops, tasks : optional
        As in `boundary_draws`.
    **options
        Passed to `arviz_plots.plot_rank`.

    Returns
    -------
    arviz_plots.PlotCollection
        The picture, on a pyplot figure of Matplotlib's.
    """
    import arviz_plots

    return arviz_plots.plot_rank(boundary_draws(frontier, flops, tasks), **arviz_options(options))


def plot_trace(
    frontier: Frontier,
    flops: Sequence[float] | None = None,
    *,
    tasks: Sequence[str] | str | None = None,
    **options: Any,  # noqa: ANN401 - passed on
) -> Any:  # noqa: ANN401 - ArviZ is untyped
    """Draw the boundary draws of each chain in order, by task.

    Parameters
    ----------
    frontier : Frontier
        A fit.
    flops, tasks : optional
        As in `boundary_draws`.
    **options
        Passed to `arviz_plots.plot_trace`.

    Returns
    -------
    arviz_plots.PlotCollection
        The picture, on a pyplot figure of Matplotlib's.
    """
    import arviz_plots

    return arviz_plots.plot_trace(boundary_draws(frontier, flops, tasks), **arviz_options(options))


def plot_energy(frontier: Frontier, **options: Any) -> Any:  # noqa: ANN401
    """Draw the sampler's energy and its transitions: what differs much was not explored well.

    Parameters
    ----------
    frontier : Frontier
        A fit with the energies of its draws.
    **options
        Passed to `arviz_plots.plot_energy`.

    Returns
    -------
    arviz_plots.PlotCollection
        The picture, on a pyplot figure of Matplotlib's.
    """
    import arviz_plots

    return arviz_plots.plot_energy(frontier.posterior, **arviz_options(options, labeller=False))


_DRAWS, _SEED = 1000, 1


def prior_and_posterior(
    frontier: Frontier, flops: float, tasks: Sequence[str] | str | None = None, seed: int = _SEED
) -> xr.DataTree:
    """Draws of the last period's boundary of a typical base model, before and after the scores."""
    names = list(pick_names(tasks, frontier.tasks, "tasks"))
    base_models = frontier.spec.structure.base_models
    data = FrontierData.from_evaluations(frontier.evaluations, frontier.tau, base_models=base_models)
    z = float(log_flops(flops))
    drawn = prior_curves(frontier.spec, data, _DRAWS, seed)
    bent = bend(z, drawn["steepness"], data.compute.nodes)
    before = boundary_at(bent, *(drawn[name][:, :, -1] for name in CURVE))
    after = frontier.curves.by_chain(frontier.curves.typical(z, np.arange(len(frontier.tasks)), -1))
    coords = {"task": list(frontier.tasks)}
    groups = {
        "prior": xr.Dataset({"boundary": (("chain", "draw", "task"), before[None])}, coords=coords),
        "posterior": xr.Dataset({"boundary": (("chain", "draw", "task"), after)}, coords=coords),
    }
    return xr.DataTree.from_dict({name: group.sel(task=names) for name, group in groups.items()})


def plot_prior_posterior(
    frontier: Frontier,
    flops: float,
    *,
    tasks: Sequence[str] | str | None = None,
    seed: int = _SEED,
    **options: Any,  # noqa: ANN401 - passed on
) -> Any:  # noqa: ANN401 - ArviZ is untyped
    """Draw the prior and the posterior of the boundary at a compute budget, one panel per task.

    The boundary is that of a typical base model in the last period, in scores.

    Parameters
    ----------
    frontier : Frontier
        A fit.
    flops : float
        Compute, FLOPs.
    tasks : str or sequence of str, optional
        Tasks; none: all.
    seed : int
        Seeds the draws from the prior.
    **options
        Passed to `arviz_plots.plot_prior_posterior`, such as ``kind`` or ``visuals``.

    Returns
    -------
    arviz_plots.PlotCollection
        The picture, on a pyplot figure of Matplotlib's.
    """
    from arviz_plots import plot_prior_posterior as draw

    tree = prior_and_posterior(frontier, flops, tasks, seed)
    return draw(tree, **arviz_options(options))
