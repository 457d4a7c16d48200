"""Pictures of plans."""

import pandas as pd
import pytest

from bayes_frontier.design.planning import Plan
from bayes_frontier.errors import QueryError
from bayes_frontier.plots.plan import plot_plan
from tests.plots.looking import assert_readable


@pytest.fixture
def made() -> Plan:
    table = pd.DataFrame(
        {"batch": [1, 1, 2], "cumulative_cost": [1.0, 3.0, 7.0], "interval_width": [0.09, 0.085, 0.08], "model": "x"}
    )
    widths = pd.DataFrame(
        [(t, 10.0**z, 0.1, 0.08) for t in ("a", "b", "c", "d") for z in (22, 23, 24)],
        columns=["task", "flops", "now", "planned"],
    )
    return Plan(table, pd.DataFrame(), widths, 0.9, 8.0, 20.0, "billion parameters", "interval-width")


def test_a_plan_is_drawn_with_its_curve_batches_and_tasks(made):
    spending, *panels = plot_plan(made)
    x, y = spending.lines[0].get_data()
    assert list(x) == [0.0, 1.0, 3.0, 7.0]
    assert list(y) == pytest.approx([0.1, 0.09, 0.085, 0.08])
    assert spending.lines[1].get_xdata()[0] == 3.0
    assert "billion parameters" in spending.get_xlabel()
    assert [panel.get_title(loc="left") for panel in panels] == ["a", "b", "c", "d"]
    assert all(len(panel.lines) == 2 for panel in panels)
    assert_readable(spending.figure)


def test_elements_can_be_left_out(made):
    spending, first, *_ = plot_plan(made, visuals={"now": False, "batches": False})
    assert len(spending.lines) == 1
    assert len(first.lines) == 1
    with pytest.raises(QueryError, match="Did you mean 'planned'"):
        plot_plan(made, visuals={"plannd": False})
