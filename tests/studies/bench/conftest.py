"""Small models, built but not sampled."""

from tests.model.conftest import build

__all__ = ["build"]
