"""The command line: `bayes-frontier fit`, `attain`, `compute-for`, `report`, `demo` and `data show`."""

from bayes_frontier.cli.app import main

__all__ = ["main"]
