"""Pictures of posterior boundaries, one function each; loaded on first use."""

import importlib
from typing import Any

_HOMES = {
    "plot_attainable": "attainable",
    "plot_backtest": "backtest",
    "plot_backtest_tasks": "backtest",
    "plot_base_models": "ranking",
    "plot_boundary": "boundary",
    "plot_check": "checks",
    "plot_compute_for": "compute",
    "plot_contamination": "contamination",
    "plot_drift": "drift",
    "plot_drift_curves": "change",
    "plot_drift_forest": "change",
    "plot_drift_ridge": "change",
    "plot_emergence": "emergence",
    "plot_energy": "diagnostics",
    "plot_factors": "factors",
    "plot_gate": "gate",
    "plot_plan": "plan",
    "plot_population": "population",
    "plot_portfolio": "portfolio",
    "plot_prior_posterior": "prior",
    "plot_progress": "saturation",
    "plot_rank": "diagnostics",
    "plot_saturation": "saturation",
    "plot_stages": "stages",
    "plot_taus": "taus",
    "plot_trace": "diagnostics",
    "plot_watch": "watch",
    "plot_trade_off": "portfolio",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the public name is
    if name not in _HOMES:
        raise AttributeError(f"module 'bayes_frontier.plots' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bayes_frontier.plots.{_HOMES[name]}"), name)
