"""Sizes: parameters on a fit whose axis is compute, and on one whose axis is parameters."""

import pytest

from bayes_frontier.analysis.saturation import flops_of_size
from bayes_frontier.checks.backtest.axis import REFERENCE_TOKENS, axis_of, on_axis
from bayes_frontier.errors import QueryError
from tests.draws import make_frontier, small_evaluations, small_table


@pytest.fixture
def by_size():
    import bayes_frontier as bf

    table = small_table().assign(params_b=lambda t: t["flops"] / 1e23)
    frontier = make_frontier()
    frontier.evaluations = on_axis(bf.read(table, periods=["2024-12-31"]), "params")
    return frontier


def test_compute_is_six_times_parameters_times_tokens():
    assert flops_of_size(make_frontier(), [8e9, 70e9], 15e12) == pytest.approx([7.2e23, 6.3e24])


def test_on_a_fit_by_size_tokens_are_held(by_size):
    assert axis_of(by_size.evaluations) == "params"
    assert axis_of(small_evaluations()) == "flops"
    assert flops_of_size(by_size, [8e9]) == pytest.approx([6 * 8e9 * REFERENCE_TOKENS])
    with pytest.raises(QueryError, match="leave them out"):
        flops_of_size(by_size, [8e9], 1e12)


@pytest.mark.parametrize(
    ("params", "tokens", "words"),
    [
        ([8.0], 1e12, "For 8 billion pass 8e9"),
        ([-1.0], 1e12, "not a plausible number of parameters"),
        ([8e9], None, "so the tokens are needed"),
        ([8e9], 15.0, "not a plausible number of tokens"),
    ],
)
def test_what_is_not_plausible_is_refused(params, tokens, words):
    with pytest.raises(QueryError, match=words):
        flops_of_size(make_frontier(), params, tokens)
