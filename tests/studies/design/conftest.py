"""Fits made by hand, with all that a plan needs."""

from tests.design.conftest import candidates, frontier, tasks

__all__ = ["candidates", "frontier", "tasks"]
