"""The legend's entries."""

import pytest
from matplotlib.colors import to_hex

from bayes_frontier.plots.boundary import BOUNDARY_ELEMENTS, boundary_curves, legend_handles
from bayes_frontier.plots.style import period_colours, settle
from tests.fakes import FakeFrontier, small_evaluations


@pytest.fixture
def curves(frontier):
    return boundary_curves(frontier, None, None, None, 0.9, None, None)


def labels(curves, visuals=None):
    return [handle.get_label() for handle in legend_handles(curves, settle(visuals, BOUNDARY_ELEMENTS))]


def test_what_is_not_drawn_has_no_entry(curves, frontier):
    first, second, last = frontier.period_labels
    assert labels(curves) == ["boundary, median", "90% credible band", first, second, last]
    assert labels(curves, {"line": False, "band": False}) == [first, second, last]
    assert labels(curves, {"points": False}) == ["boundary, median", "90% credible band", first, second]
    assert labels(curves, {"points": False, "past": False}) == ["boundary, median", "90% credible band"]


def test_periods_have_the_colours_of_their_points_and_lines(curves):
    handles = legend_handles(curves, settle({"line": False, "band": False}, BOUNDARY_ELEMENTS))
    assert [to_hex(handle.get_color()) for handle in handles] == [c.lower() for c in period_colours(3)]
    assert [handle.get_linewidth() > 0 for handle in handles] == [True, True, False]
    assert {handle.get_marker() for handle in handles} == {"o"}


def test_points_alone_have_no_line(curves):
    handles = legend_handles(curves, settle({"line": False, "band": False, "past": False}, BOUNDARY_ELEMENTS))
    assert [handle.get_linewidth() for handle in handles] == [0.0] * 3


def test_a_single_period_is_called_models():
    frontier = FakeFrontier(small_evaluations(periods=1)[0])
    assert labels(boundary_curves(frontier, None, None, None, 0.5, None, None)) == [
        "boundary, median",
        "50% credible band",
        "models",
    ]


def test_restyled_elements_look_so_in_the_legend(curves):
    visuals = {"line": {"color": "red", "linewidth": 4.0}, "band": {"color": "green"}}
    line, band, *_ = legend_handles(curves, settle(visuals, BOUNDARY_ELEMENTS))
    assert (line.get_color(), line.get_linewidth()) == ("red", 4.0)
    assert to_hex(band.get_facecolor()) == to_hex("green")
