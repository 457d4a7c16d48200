"""From draws to answers: boundaries, attainable scores, compute needed, predictions, and their storage."""

import importlib
from typing import TYPE_CHECKING, Any

from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.store import load

if TYPE_CHECKING:
    from bayes_frontier.posterior.fitting import fit

__all__ = ["Frontier", "fit", "load"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the function
    # what asks a saved fit does not wait for the sampler to be imported
    if name == "fit":
        return importlib.import_module("bayes_frontier.posterior.fitting").fit
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
