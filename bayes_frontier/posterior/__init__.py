"""From draws to answers: boundaries, attainable scores, compute needed, predictions, and their storage."""

from bayes_frontier.posterior.fitting import fit
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.posterior.store import load

__all__ = ["Frontier", "fit", "load"]
