"""The command line, `bayes-frontier`: one module per few commands that belong together, and what they share."""

from bayes_frontier.cli.app import main

__all__ = ["main"]
