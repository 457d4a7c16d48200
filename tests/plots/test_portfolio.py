"""Pictures of portfolios and trade-offs."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from bayes_frontier.plots import plot_portfolio, plot_trade_off
from tests.checks.posteriors import diagnosed, true_frontier
from tests.plots.looking import assert_readable


@pytest.fixture(scope="module")
def frontier():
    return diagnosed(true_frontier())


def test_portfolio_has_a_curve_a_target_and_theirs_together(frontier):
    found = bf.portfolio(frontier, {"task_1": 0.5, "task_2": 0.45})
    panel = plot_portfolio(found)
    curves = [line.get_ydata() for line in panel.lines if len(line.get_ydata()) > 2]
    assert len(curves) == 3
    assert (curves[2] <= np.minimum(curves[0], curves[1]) + 1e-12).all()
    assert panel.get_xlim()[0] < found.least_flops < panel.get_xlim()[1]
    assert_readable(panel.figure)
    met = plot_portfolio(bf.portfolio(frontier, {"task_1": 0.0}))
    assert met.get_xlim() == pytest.approx((1e18, 1e28))


def test_trade_off_has_a_curve_a_compute(frontier):
    panel = plot_trade_off(bf.trade_off(frontier, "task_1", "task_2", [1e23, 1e24]))
    assert len(panel.lines) == 2
    assert panel.get_xlabel() == "target of task_1"
    assert_readable(panel.figure)
    one = bf.trade_off(frontier, "task_1", "task_2", 1e24)
    assert len(plot_trade_off(one, axes=Figure().subplots(), visuals={"legend": False}).lines) == 1
    with pytest.raises(QueryError, match="no compute"):
        plot_trade_off(bf.trade_off(frontier, "task_1", "task_2", [1e24]).isel(flops=slice(0)))
