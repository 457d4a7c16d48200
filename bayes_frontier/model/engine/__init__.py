"""The fast engine: the density of `bayes_frontier.model.model` by fused operations, and what samples it.

Three names are used from outside:

* `fast_model` builds the model as PyMC, with the deterministics of the definition;
* `Compiled` is that model compiled, for all tables of its shape: it takes data, samples, and turns draws into
  deterministics;
* `Levels` are the coordinates in which it samples base-model effects; its `transform` gives them to the definition.
"""

from bayes_frontier.model.engine.compiled import Compiled
from bayes_frontier.model.engine.coordinates import Levels
from bayes_frontier.model.engine.fast import fast_model

__all__ = ["Compiled", "Levels", "fast_model"]
