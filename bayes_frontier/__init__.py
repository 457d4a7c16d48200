"""Posterior capability boundaries: what accuracy is attainable with a pre-training budget, and how sure we are."""

import importlib
from typing import TYPE_CHECKING, Any

from bayes_frontier.provenance import __version__

if TYPE_CHECKING:
    from bayes_frontier.analysis.contamination import contamination
    from bayes_frontier.analysis.emergence import Emergence, emergence
    from bayes_frontier.analysis.factors import factors
    from bayes_frontier.analysis.gate import gate
    from bayes_frontier.analysis.portfolio import Portfolio, portfolio, trade_off
    from bayes_frontier.analysis.saturation import Saturation, saturation
    from bayes_frontier.analysis.stages import by_stage, stages
    from bayes_frontier.analysis.watch import watch
    from bayes_frontier.checks.backtest.comparison import Backtest
    from bayes_frontier.checks.backtest.run import backtest
    from bayes_frontier.checks.result import Check
    from bayes_frontier.checks.run import check
    from bayes_frontier.checks.score import Scored, score
    from bayes_frontier.design import Plan, Question, Update, plan, update
    from bayes_frontier.errors import (
        ConvergenceError,
        DataError,
        FrontierError,
        QueryError,
        SpecError,
        StoreError,
    )
    from bayes_frontier.evaluations import Evaluations, Truth, combine, diff, read, simulate
    from bayes_frontier.model.spec import ModelSpec, read_spec
    from bayes_frontier.posterior import Frontier, fit, load

# Loaded on first use: importing the package must not load PyMC.
_HOMES = {
    "Emergence": "analysis.emergence",
    "emergence": "analysis.emergence",
    "Portfolio": "analysis.portfolio",
    "portfolio": "analysis.portfolio",
    "trade_off": "analysis.portfolio",
    "Saturation": "analysis.saturation",
    "saturation": "analysis.saturation",
    "contamination": "analysis.contamination",
    "factors": "analysis.factors",
    "gate": "analysis.gate",
    "by_stage": "analysis.stages",
    "stages": "analysis.stages",
    "watch": "analysis.watch",
    "Backtest": "checks.backtest.comparison",
    "backtest": "checks.backtest.run",
    "Check": "checks.result",
    "check": "checks.run",
    "Scored": "checks.score",
    "score": "checks.score",
    "Plan": "design",
    "Question": "design",
    "plan": "design",
    "Update": "design",
    "update": "design",
    "Evaluations": "evaluations",
    "Truth": "evaluations",
    "combine": "evaluations",
    "diff": "evaluations",
    "read": "evaluations",
    "simulate": "evaluations",
    "ModelSpec": "model.spec",
    "read_spec": "model.spec",
    "Frontier": "posterior",
    "fit": "posterior",
    "load": "posterior",
    "FrontierError": "errors",
    "ConvergenceError": "errors",
    "DataError": "errors",
    "QueryError": "errors",
    "SpecError": "errors",
    "StoreError": "errors",
}

__all__ = [
    "Backtest",
    "Check",
    "ConvergenceError",
    "DataError",
    "Emergence",
    "Evaluations",
    "Frontier",
    "FrontierError",
    "ModelSpec",
    "Plan",
    "Portfolio",
    "QueryError",
    "Question",
    "Saturation",
    "Scored",
    "SpecError",
    "StoreError",
    "Truth",
    "Update",
    "__version__",
    "backtest",
    "by_stage",
    "check",
    "combine",
    "contamination",
    "diff",
    "emergence",
    "factors",
    "fit",
    "gate",
    "load",
    "plan",
    "portfolio",
    "read",
    "read_spec",
    "saturation",
    "score",
    "simulate",
    "stages",
    "trade_off",
    "update",
    "watch",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the public name is
    if name not in _HOMES:
        raise AttributeError(f"module 'bayes_frontier' has no attribute {name!r}")
    return getattr(importlib.import_module(f"bayes_frontier.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
