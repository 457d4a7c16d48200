"""A fit without sampling, and a page of it."""

import pytest

from tests.fakes import FakeFrontier, small_evaluations


@pytest.fixture(scope="session")
def simulated():
    return small_evaluations()


@pytest.fixture
def frontier(simulated) -> FakeFrontier:
    return FakeFrontier(simulated[0])
