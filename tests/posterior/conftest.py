"""A posterior made by hand, shared by the tests that only ask it."""

import pytest

from bayes_frontier import Frontier
from tests.draws import make_frontier


@pytest.fixture(scope="session")
def frontier() -> Frontier:
    return make_frontier()
