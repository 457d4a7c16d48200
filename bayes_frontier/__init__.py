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
    from bayes_frontier.design.planning import Plan, plan
    from bayes_frontier.design.targets import Question
    from bayes_frontier.design.updating import Update, update
    from bayes_frontier.errors import ConvergenceError, DataError, FrontierError, QueryError, SpecError, StoreError
    from bayes_frontier.evaluations import Evaluations, Truth, combine, diff, read, simulate
    from bayes_frontier.model.build import build_model
    from bayes_frontier.model.calibration import Scale
    from bayes_frontier.model.grouped import frontier_likelihood, grouped_pinball
    from bayes_frontier.model.likelihood import GroupedScores
    from bayes_frontier.model.spec import ModelSpec, read_spec
    from bayes_frontier.posterior.fitting import fit
    from bayes_frontier.posterior.frontier import Frontier, load

# Loaded on first use: importing the package must not load PyMC.
_HOMES = {
    name: home
    for home, names in {
        "analysis.emergence": "Emergence emergence",
        "analysis.portfolio": "Portfolio portfolio trade_off",
        "analysis.saturation": "Saturation saturation",
        "analysis.contamination": "contamination",
        "analysis.factors": "factors",
        "analysis.gate": "gate",
        "analysis.stages": "by_stage stages",
        "analysis.watch": "watch",
        "checks.backtest.comparison": "Backtest",
        "checks.backtest.run": "backtest",
        "checks.result": "Check",
        "checks.run": "check",
        "checks.score": "Scored score",
        "design.planning": "Plan plan",
        "design.targets": "Question",
        "design.updating": "Update update",
        "evaluations": "Evaluations Truth combine diff read simulate",
        "model.build": "build_model",
        "model.calibration": "Scale",
        "model.grouped": "frontier_likelihood grouped_pinball",
        "model.likelihood": "GroupedScores",
        "model.spec": "ModelSpec read_spec",
        "posterior.frontier": "Frontier load",
        "posterior.fitting": "fit",
        "errors": "FrontierError ConvergenceError DataError QueryError SpecError StoreError",
    }.items()
    for name in names.split()
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
    "GroupedScores",
    "ModelSpec",
    "Plan",
    "Portfolio",
    "QueryError",
    "Question",
    "Saturation",
    "Scale",
    "Scored",
    "SpecError",
    "StoreError",
    "Truth",
    "Update",
    "__version__",
    "backtest",
    "build_model",
    "by_stage",
    "check",
    "combine",
    "contamination",
    "diff",
    "emergence",
    "factors",
    "fit",
    "frontier_likelihood",
    "gate",
    "grouped_pinball",
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
