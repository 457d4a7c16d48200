"""Pictures of posterior boundaries."""

from bayes_frontier.plots.boundary import plot_boundary

__all__ = ["plot_boundary"]
