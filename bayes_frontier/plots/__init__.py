"""Pictures of posterior boundaries, one function each; loaded on first use."""

import importlib
from typing import Any

_HOMES = {
    "plot_attainable": "intervals",
    "plot_backtest": "backtest",
    "plot_backtest_tasks": "backtest",
    "plot_base_models": "base_models",
    "plot_boundary": "boundary",
    "plot_check": "checks",
    "plot_compute_for": "intervals",
    "plot_contamination": "releases",
    "plot_drift": "drift",
    "plot_drift_curves": "drift",
    "plot_drift_forest": "drift",
    "plot_drift_ridge": "drift",
    "plot_emergence": "saturation",
    "plot_energy": "diagnostics",
    "plot_factors": "base_models",
    "plot_gate": "releases",
    "plot_plan": "plan",
    "plot_population": "base_models",
    "plot_portfolio": "portfolio",
    "plot_prior_posterior": "diagnostics",
    "plot_progress": "saturation",
    "plot_rank": "diagnostics",
    "plot_saturation": "saturation",
    "plot_stages": "releases",
    "plot_taus": "boundary",
    "plot_trace": "diagnostics",
    "plot_watch": "releases",
    "plot_trade_off": "portfolio",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the public name is
    if name not in _HOMES:
        raise AttributeError(f"module 'bayes_frontier.plots' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bayes_frontier.plots.{_HOMES[name]}"), name)
