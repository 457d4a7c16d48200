"""A fit without sampling, and evidence made by hand."""

import pytest

from bayes_frontier.posterior.drift import drift_between_periods
from bayes_frontier.report.evidence import Evidence
from tests.fakes import FakeFrontier, fake_checks, small_evaluations


def make_evidence(frontier: FakeFrontier, **verdicts: str) -> Evidence:
    """Evidence on a fit, with checks of given verdicts."""
    drift = drift_between_periods(frontier) if len(frontier.period_labels) > 1 else None
    why = "" if drift is not None else "This fit has one period."
    return Evidence(fake_checks(**verdicts), drift, why, frontier.base_models())


@pytest.fixture(scope="session")
def simulated():
    return small_evaluations()


@pytest.fixture
def frontier(simulated) -> FakeFrontier:
    return FakeFrontier(simulated[0])


@pytest.fixture
def evidence(frontier) -> Evidence:
    return make_evidence(frontier)
