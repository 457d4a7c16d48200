import numpy as np
import pytest

from bayes_frontier.errors import QueryError
from studies.calibration.picture import NAMES, plot_along_compute, plot_coverage
from studies.calibration.scenarios import chosen
from studies.calibration.summary import point_table, population_table
from tests.studies.fakes import fake_lines

SCENARIOS = chosen(["independent", "drift"])


@pytest.fixture(scope="module")
def lines():
    return fake_lines(SCENARIOS, 12)


def test_every_method_and_scenario_is_drawn_where_its_coverage_is(lines):
    table = population_table(lines)
    fifty, ninety, width = plot_coverage(table)
    assert [label.get_text() for label in fifty.get_yticklabels()] == ["drift", "independent"]
    for panel, column in ((fifty, "covered50"), (ninety, "covered90"), (width, "width")):
        drawn = [line for line in panel.get_lines() if line.get_marker() not in ("None", None, "")]
        assert len(drawn) == len(NAMES)
        ours = table[table["method"] == "model"].set_index("scenario")[column]
        np.testing.assert_allclose(drawn[0].get_xdata(), ours.loc[["drift", "independent"]])
    legend = fifty.figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == [*NAMES.values(), "what they promise"]


def test_coverage_along_compute_has_the_mean_of_scenarios(lines):
    points = point_table(lines)
    panels = plot_along_compute(points)
    expected = points[points["method"] == "model"].groupby("position")["covered90"].mean()
    line = panels[0].get_lines()[0]
    np.testing.assert_allclose(line.get_xdata(), np.linspace(0, 1, 9))
    np.testing.assert_allclose(line.get_ydata(), expected)


def test_elements_can_be_left_out(lines):
    table = population_table(lines)
    panels = plot_coverage(table, visuals={"nominal": False, "legend": False, "points": False, "errors": False})
    assert all(not panel.get_lines() for panel in panels)
    with pytest.raises(QueryError, match="no element 'point'"):
        plot_coverage(table, visuals={"point": False})
