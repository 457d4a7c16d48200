"""Pictures of posterior boundaries, one function each; loaded on first use."""

import importlib
from typing import Any

_HOMES = {
    f"plot_{name}": home
    for home, names in {
        "backtest": "backtest backtest_tasks",
        "base_models": "base_models factors population",
        "boundary": "boundary taus",
        "checks": "check",
        "diagnostics": "energy prior_posterior rank trace",
        "drift": "drift drift_curves drift_forest drift_ridge",
        "intervals": "attainable compute_for",
        "plan": "plan",
        "portfolio": "portfolio trade_off",
        "releases": "contamination gate stages watch",
        "saturation": "emergence progress saturation",
    }.items()
    for name in names.split()
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the public name is
    if name not in _HOMES:
        raise AttributeError(f"module 'bayes_frontier.plots' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bayes_frontier.plots.{_HOMES[name]}"), name)
